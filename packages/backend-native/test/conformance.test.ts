import { backendConformance } from "@atrium/conformance"
import { vendor } from "./vendor.ts"

backendConformance({ name: "native", layer: vendor, vendor })

import { backendConformance } from "@atrium/conformance"
import { tools } from "./scripted.ts"
import { vendor } from "./vendor.ts"

backendConformance({ name: "native", layer: vendor, vendor, tools })

import { storageConformance } from "@atrium/conformance"
import { Storage } from "@atrium/core/storage/Storage"

storageConformance({ name: "memory", layer: () => Storage.layerMemory, reopen: false })

/** The rule book of storages, on SQLite. */
import { storageConformance } from "@atrium/conformance"
import * as Sqlite from "../src/Sqlite.ts"

storageConformance({
  name: "sqlite",
  layer: ({ file }) => Sqlite.layer({ file }),
  reopen: true
})

/** A process that is killed in the middle of a migration, which takes longer than it will live. */
import { writeSync } from "node:fs"
import { migrations } from "@atrium/storage-sql/StorageSql"
import * as Effect from "effect/Effect"
import { openedWith } from "./Opened.ts"

const [file = ""] = process.argv.slice(2)

const slow = {
  version: 2,
  name: "slow",
  statements: () => [
    "alter table users add column zone text",
    "update users set zone = 'Europe/Berlin', name = 'renamed'",
    "insert into migrations (version, name) values (2, 'too early')",
    `insert into tenants with recursive n (i) as
       (select 1 union all select i + 1 from n where i < 1000000000) select i, i, i from n`
  ]
}

writeSync(1, "begun\n")
Effect.runFork(openedWith(file, [...migrations, slow], () => Effect.void))

/** The world outside: a log that tools append to, a line a call. No kill takes back what is in it. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs"
import * as Schema from "effect/Schema"

const S = Schema.String

/** A call that took effect. `key`: `callId` as the tool was told it. */
export const Deed = Schema.Struct({
  act: Schema.Literals(["look", "book", "pay"]),
  what: S,
  key: S,
  turnId: S,
  tenant: S,
  user: S
})
export type Deed = typeof Deed.Type

const fileOf = (house: { readonly file: string }): string => `${house.file}.world`

/** The way into the log, for one process. */
export const open = (house: { readonly file: string }): ((deed: Deed) => void) => {
  const log = openSync(fileOf(house), "a")
  process.on("exit", () => closeSync(log))
  return (deed) => {
    writeSync(log, `${JSON.stringify(deed)}\n`)
    fsyncSync(log)
  }
}

const parse = Schema.decodeSync(Schema.fromJsonString(Deed))

/** Everything that was done, in order. A line that a kill cut off was not done. */
export const read = (house: { readonly file: string }): ReadonlyArray<Deed> =>
  existsSync(fileOf(house))
    ? readFileSync(fileOf(house), "utf8")
        .split("\n")
        .slice(0, -1)
        .map((line) => parse(line))
    : []

/** A life: a house is started on one file, killed at a random moment, and again, and settles at last. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Dice from "./Dice.ts"
import { type House, Line, type Orders } from "./Script.ts"
import { type Tally, Witness } from "./Witness.ts"

export interface Plan extends Omit<House, "file"> {
  readonly seed: number
  readonly kills: number
  /** Told of each kill. */
  readonly onKill?: (moment: string) => void
}

export interface Outcome {
  readonly kills: number
  readonly tally: Tally
  /** What was promised and not kept. Empty for a house that keeps the law. */
  readonly wrong: ReadonlyArray<string>
}

/** A house that is not done by then is killed for good, which is a failure. */
const longestMs = 120_000

const parseLine = Schema.decodeUnknownOption(Schema.fromJsonString(Line))

const start = (orders: Orders): ChildProcess => {
  const main = join(import.meta.dirname, "House.ts")
  const child = spawn(process.execPath, ["--conditions=@atrium/source", main], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  // A house that is killed while it boots does not listen any more.
  child.stdin?.on("error", () => {}).end(JSON.stringify(orders))
  return child
}

/** Hears a house out, up to its last whole line. */
const hear = async (
  child: ChildProcess,
  witness: Witness,
  heard: (line: Line) => void
): Promise<void> => {
  if (child.stdout === null) return
  const note = (text: string): void => {
    const line = Option.getOrUndefined(parseLine(text))
    if (line === undefined) witness.hear({ _tag: "Failed", what: "the house's output", why: text })
    else {
      witness.hear(line)
      heard(line)
    }
  }
  let pending: string | undefined
  for await (const text of createInterface({ input: child.stdout })) {
    if (pending !== undefined) note(pending)
    pending = text
  }
  // The kill may have cut the last one.
  if (pending !== undefined && Option.isSome(parseLine(pending))) note(pending)
}

const over = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit")
}

/** When a house is killed: some time after it was started or ready, or at a line that it prints. */
type Moment =
  | { readonly after: "start" | "ready"; readonly ms: number }
  | { readonly at: Line["_tag"]; readonly count: number }

/** A line that does not come is not waited for longer. */
const lineMs = 1500

const lines: ReadonlyArray<Line["_tag"]> = ["Sending", "Accepted", "Accepted", "Read", "Cancelling"]

const someMoment = (dice: Dice.Dice): Moment => {
  const kind = dice.roll()
  if (kind < 0.15) return { after: "start", ms: dice.below(700) }
  if (kind < 0.6) return { after: "ready", ms: dice.below(250) }
  const at = lines[dice.below(lines.length)] ?? "Accepted"
  return { at, count: 1 + dice.below(at === "Read" ? 200 : at === "Cancelling" ? 2 : 25) }
}

/** Waits for the moment; a house that ends by itself ends the wait. */
const awaited = async (
  child: ChildProcess,
  moment: Moment,
  listen: (listener: (line: Line) => void) => void
): Promise<string> => {
  const line = (tag: Line["_tag"], count: number) =>
    new Promise<void>((resolve) => {
      let seen = 0
      listen(({ _tag }) => _tag === tag && ++seen === count && resolve())
    })
  if ("at" in moment) {
    await Promise.race([line(moment.at, moment.count), sleep(lineMs), over(child)])
    return `at ${moment.at} number ${moment.count}`
  }
  if (moment.after === "ready") await Promise.race([line("Ready", 1), over(child)])
  await sleep(moment.ms)
  return `${moment.ms} ms after its ${moment.after}`
}

/** Lives one life. The house's file lies in a temporary folder that is removed. */
export const live = async (plan: Plan): Promise<Outcome> => {
  const { kills, onKill, seed, ...rest } = plan
  const dice = Dice.make(seed)
  const folder = mkdtempSync(join(tmpdir(), "atrium-kills-"))
  const house: House = { ...rest, file: join(folder, "house.db") }
  const witness = new Witness(house.steps)
  try {
    for (let round = 0; round <= kills; round++) {
      const last = round === kills
      const child = start({
        house,
        seed: seed * 1000 + round,
        load: !last,
        ...witness.orders()
      })
      let listener = (_: Line): void => {}
      const heard = hear(child, witness, (line) => listener(line))
      const limit = setTimeout(() => child.kill("SIGKILL"), longestMs)
      if (!last) {
        const moment = await awaited(child, someMoment(dice), (wanted) => {
          listener = wanted
        })
        child.kill("SIGKILL")
        witness.kills += 1
        onKill?.(moment)
      }
      await heard
      await over(child)
      clearTimeout(limit)
    }
    if (!witness.settled) {
      witness.hear({ _tag: "Failed", what: "the last house", why: "it did not settle" })
    }
    return { kills: witness.kills, tally: witness.tally(), wrong: witness.verdict() }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

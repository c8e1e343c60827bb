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

/** Hears a house out, up to its last whole line. `ready` is called when it has opened. */
const hear = async (child: ChildProcess, witness: Witness, ready: () => void): Promise<void> => {
  if (child.stdout === null) return
  let pending: string | undefined
  for await (const text of createInterface({ input: child.stdout })) {
    if (pending !== undefined) note(pending, witness, ready)
    pending = text
  }
  // The kill may have cut the last one.
  if (pending !== undefined && Option.isSome(parseLine(pending))) note(pending, witness, ready)
}

const note = (text: string, witness: Witness, ready: () => void): void => {
  const line = Option.getOrUndefined(parseLine(text))
  if (line === undefined) witness.hear({ _tag: "Failed", what: "the house's output", why: text })
  else if (line._tag === "Ready") ready()
  else witness.hear(line)
}

const over = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit")
}

/** Kills the house at a moment that the dice choose: while it boots, or at work. */
const kill = async (
  child: ChildProcess,
  dice: Dice.Dice,
  isReady: Promise<void>
): Promise<string> => {
  const boots = dice.chance(0.15)
  const ms = dice.below(boots ? 700 : 250)
  if (!boots) await Promise.race([isReady, over(child)])
  await sleep(ms)
  child.kill("SIGKILL")
  return `${ms} ms after it ${boots ? "was started" : "was ready"}`
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
      let ready = (): void => {}
      const isReady = new Promise<void>((resolve) => {
        ready = resolve
      })
      const heard = hear(child, witness, ready)
      const limit = setTimeout(() => child.kill("SIGKILL"), longestMs)
      if (!last) {
        const moment = await kill(child, dice, isReady)
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

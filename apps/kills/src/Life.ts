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
import { type Death, type House, Line, type Orders } from "./Script.ts"
import type { Tally } from "./Tally.ts"
import { verdictOf } from "./verdict/Verdict.ts"
import { Witness } from "./Witness.ts"
import * as World from "./World.ts"

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

/** When a house is killed: some time after it was started or ready, or by itself at a line. */
type Moment = { readonly after: "start" | "ready"; readonly ms: number } | Death

/** A line that does not come is not waited for longer. */
const lineMs = 2000

/** Lines at which a house may die, and how many of them it may say before. */
const deaths: { readonly [Tag in Line["_tag"]]?: number } = {
  Sending: 25,
  Accepted: 25,
  Read: 200,
  Cancelling: 2
}
const deathsOfNative: typeof deaths = { Accepted: 25, Read: 200, Acting: 12, Acted: 12 }
const deathsOf = ({ approvals, backend }: House): typeof deaths =>
  backend === "teller"
    ? deaths
    : approvals
      ? { ...deathsOfNative, Deciding: 4, Decided: 4 }
      : deathsOfNative

const someMoment = (dice: Dice.Dice, house: House): Moment => {
  const kind = dice.roll()
  if (kind < 0.1) return { after: "start", ms: dice.below(700) }
  if (kind < 0.4) return { after: "ready", ms: dice.below(400) }
  const lines = Object.entries(deathsOf(house))
  const [at, most] = lines[dice.below(lines.length)] ?? ["Accepted", 25]
  return { at, count: 1 + dice.below(most), ms: dice.chance(0.5) ? 0 : dice.below(30) }
}

const wordsOf = (moment: Moment): string =>
  "at" in moment
    ? `${moment.ms} ms after ${moment.at} number ${moment.count}`
    : `${moment.ms} ms after its ${moment.after}`

/** Waits for the moment; a house that ends by itself ends the wait. */
const awaited = async (
  child: ChildProcess,
  moment: Moment,
  ready: Promise<void>
): Promise<void> => {
  if ("at" in moment) await Promise.race([sleep(lineMs), over(child)])
  else {
    if (moment.after === "ready") await Promise.race([ready, over(child)])
    await sleep(moment.ms)
  }
}

/** Lives one life. The house's file lies in a temporary folder that is removed. */
export const live = async (plan: Plan): Promise<Outcome> => {
  const { kills, onKill, seed, ...rest } = plan
  const dice = Dice.make(seed)
  const folder = mkdtempSync(join(tmpdir(), "atrium-kills-"))
  const house: House = { ...rest, file: join(folder, "house.db") }
  const witness = new Witness(house)
  try {
    for (let round = 0; round <= kills; round++) {
      const moment = round === kills ? undefined : someMoment(dice, house)
      const child = start({
        house,
        seed: seed * 1000 + round,
        load: moment !== undefined,
        dies: moment !== undefined && "at" in moment ? moment : null,
        ...witness.orders()
      })
      let isReady = (): void => {}
      const ready = new Promise<void>((resolve) => {
        isReady = resolve
      })
      const heard = hear(child, witness, ({ _tag }) => _tag === "Ready" && isReady())
      const limit = setTimeout(() => child.kill("SIGKILL"), longestMs)
      if (moment !== undefined) {
        await awaited(child, moment, ready)
        child.kill("SIGKILL")
        witness.kills += 1
        onKill?.(wordsOf(moment))
      }
      await heard
      await over(child)
      clearTimeout(limit)
    }
    if (!witness.settled) {
      witness.hear({ _tag: "Failed", what: "the last house", why: "it did not settle" })
    }
    witness.deeds = World.read(house)
    return { kills: witness.kills, tally: witness.tally(), wrong: verdictOf(witness) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

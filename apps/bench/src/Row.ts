/** What a row of the bench is. */
import type { Figure } from "./Figure.ts"
import type { Turn } from "./Measure.ts"
import type { Asked } from "./report.ts"

/** What every row is given. */
export interface Setting {
  /** A folder of its own, empty, on a real disk. */
  readonly folder: string
  /** The base URL of the fake model, which runs in a process of its own. */
  readonly modelUrl: string
}

/** An opened row. */
export interface Opened {
  readonly turn: Turn
  readonly close: () => void | Promise<void>
}

/** A row of turns, measured in rounds beside its floor. */
export interface Row {
  readonly name: string
  /** The row it is compared with; a floor has none. */
  readonly floor?: string
  readonly asked?: Asked
  readonly users: number
  readonly inFlight: number
  /** How long the model takes before it says anything; as the command says unless set. */
  readonly latencyMs?: number
  readonly open: (setting: Setting) => Opened | Promise<Opened>
}

/** What a probe is given beside. */
export interface ProbeSetting extends Setting {
  /** Small counts: shows that the probe works, measures nothing. */
  readonly quick: boolean
  /** Tells people how far it is. */
  readonly progress: (text: string) => void
}

/** A row that is no turn in rounds: it measures by itself. */
export interface Probe {
  readonly name: string
  readonly measure: (setting: ProbeSetting) => Promise<ReadonlyArray<Figure>>
}

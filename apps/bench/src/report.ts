import { aligned, type Figure, judge, type Verdict } from "./Figure.ts"
import { medianSample, ratio, type Sample } from "./Measure.ts"

/** What is known of a row after a run. */
export interface Result extends Sample {
  readonly name: string
  readonly users: number
  readonly inFlight: number
  readonly floor: string | null
  /** Processor time as a multiple of the floor's. */
  readonly cpuRatio: number | null
  /** Median time of a turn as a multiple of the floor's. */
  readonly p50Ratio: number | null
  /** Turns in a second as a multiple of the floor's. */
  readonly rateRatio: number | null
  /** One sample a round, in order. */
  readonly rounds: ReadonlyArray<Sample>
}

/** What is asked of a row, as multiples of its floor. */
export interface Asked {
  readonly cpu?: number
  readonly p50?: number
  /** At least so many of the floor's turns in a second. */
  readonly rate?: number
}

/** The part of a row that a report needs. */
export interface Named {
  readonly name: string
  readonly floor?: string
  readonly asked?: Asked
  readonly users: number
  readonly inFlight: number
}

/** Joins rows with what was measured. */
export const resultsOf = (
  rows: ReadonlyArray<Named>,
  measured: ReadonlyMap<string, ReadonlyArray<Sample>>
): ReadonlyArray<Result> =>
  rows.map(({ name, floor, users, inFlight }) => {
    const rounds = measured.get(name) ?? []
    const beside = floor === undefined ? undefined : measured.get(floor)
    const against = (figure: (sample: Sample) => number) =>
      beside === undefined ? null : ratio(rounds, beside, figure)
    return {
      name,
      users,
      inFlight,
      floor: floor ?? null,
      ...medianSample(rounds),
      cpuRatio: against((sample) => sample.cpuMicros),
      p50Ratio: against((sample) => sample.p50Ms),
      rateRatio: against((sample) => sample.turnsPerSecond),
      rounds
    }
  })

/** What is asked of rows of turns, and whether it holds. */
export const verdictsOf = (
  rows: ReadonlyArray<Named>,
  results: ReadonlyArray<Result>
): ReadonlyArray<Verdict> =>
  rows.flatMap(({ asked = {}, floor = "", name }) => {
    const result = results.find((one) => one.name === name)
    if (result === undefined) return []
    const figure = (
      what: string,
      value: number | null,
      bound: Figure["bound"]
    ): ReadonlyArray<Verdict> =>
      value === null
        ? []
        : [judge(name, { what, value, unit: `x ${floor}`, ...(bound && { bound }) })]
    return [
      ...(asked.cpu === undefined
        ? []
        : figure("CPU of a turn", result.cpuRatio, { most: asked.cpu })),
      ...(asked.p50 === undefined
        ? []
        : figure("p50 of a turn", result.p50Ratio, { most: asked.p50 })),
      ...(asked.rate === undefined
        ? []
        : figure("turns in a second", result.rateRatio, { least: asked.rate }))
    ]
  })

const times = (value: number | null): string => (value === null ? "" : `${value.toFixed(2)}x`)

const COLUMNS: ReadonlyArray<readonly [title: string, cell: (result: Result) => string]> = [
  ["row", (result) => result.name],
  ["users", (result) => String(result.users)],
  ["in flight", (result) => String(result.inFlight)],
  ["cpu us/turn", (result) => result.cpuMicros.toFixed(0)],
  ["p50 ms", (result) => result.p50Ms.toFixed(3)],
  ["p95 ms", (result) => result.p95Ms.toFixed(3)],
  ["turns/s", (result) => result.turnsPerSecond.toFixed(0)],
  ["compared with", (result) => result.floor ?? ""],
  ["cpu", (result) => times(result.cpuRatio)],
  ["p50", (result) => times(result.p50Ratio)],
  ["rate", (result) => times(result.rateRatio)]
]

/** The results as a table for people. */
export const table = (results: ReadonlyArray<Result>): string =>
  aligned(
    [
      COLUMNS.map(([title]) => title),
      ...results.map((result) => COLUMNS.map(([, cell]) => cell(result)))
    ],
    [0]
  )

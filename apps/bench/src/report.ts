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
  /** One sample a round, in order. */
  readonly rounds: ReadonlyArray<Sample>
}

/** The part of a row that a report needs. */
export interface Named {
  readonly name: string
  readonly floor?: string
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
      rounds
    }
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
  ["p50", (result) => times(result.p50Ratio)]
]

/** The results as a table for people. */
export const table = (results: ReadonlyArray<Result>): string => {
  const lines = [
    COLUMNS.map(([title]) => title),
    ...results.map((result) => COLUMNS.map(([, cell]) => cell(result)))
  ]
  const widths = COLUMNS.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0))
  )
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return lines.map((line) => line.map(pad).join("  ").trimEnd()).join("\n")
}

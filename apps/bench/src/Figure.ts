/** Figures with bounds, and whether they hold. */

/** `least` or `most` of the figure's own unit; both for a figure that must be exact. */
export interface Bound {
  readonly least?: number
  readonly most?: number
}

/** Something that a row measured. */
export interface Figure {
  readonly what: string
  readonly value: number
  /** As in `ms`, `bytes`; `x` for a multiple of a floor's. */
  readonly unit: string
  /** Absent where nothing is asked of it. */
  readonly bound?: Bound
}

/** A figure of a row, judged. */
export interface Verdict extends Figure {
  readonly row: string
  /** `null` where nothing is asked of it. */
  readonly holds: boolean | null
}

/** What could not be measured, `NaN`, holds no bound. */
export const judge = (row: string, figure: Figure): Verdict => {
  const { bound, value } = figure
  if (bound === undefined) return { row, ...figure, holds: null }
  const { least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY } = bound
  return { row, ...figure, holds: value >= least && value <= most }
}

const digits = (value: number): string => {
  if (Number.isInteger(value)) return String(value)
  return value.toFixed(Math.abs(value) < 100 ? 2 : 0)
}

const saidOf = ({ least, most }: Bound): string =>
  least !== undefined && least === most
    ? `= ${least}`
    : [least === undefined ? [] : `>= ${least}`, most === undefined ? [] : `<= ${most}`]
        .flat()
        .join(", ")

const cells = ({ bound, holds, row, unit, value, what }: Verdict): ReadonlyArray<string> => [
  row,
  what,
  `${digits(value)} ${unit}`.trim(),
  bound === undefined ? "" : saidOf(bound),
  holds === null ? "" : holds ? "holds" : "MISSED"
]

/** Lines of cells as a table for people; columns of `left` begin alike, all others end alike. */
export const aligned = (
  lines: ReadonlyArray<ReadonlyArray<string>>,
  left: ReadonlyArray<number>
): string => {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0))
  )
  const pad = (cell: string, column: number) =>
    left.includes(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return lines.map((line) => line.map(pad).join("  ").trimEnd()).join("\n")
}

/** What was measured against what is asked, as a table for people. */
export const verdictTable = (verdicts: ReadonlyArray<Verdict>): string =>
  aligned([["row", "figure", "measured", "bound", ""], ...verdicts.map(cells)], [0, 1, 4])

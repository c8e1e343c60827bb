/** What one SQL database does its own way. Everything else of this package is the same for all. */

import type { Reason } from "@atrium/core/errors"
import type * as SqlError from "effect/sql/SqlError"

/** A failure, as the storage tells it: what code decides on, and what a person reads. */
export interface Explained {
  readonly reason: Reason
  readonly message: string
}

/** What a column of `records` holds. */
export type Kind = "text" | "whole"

/**
 * A dialect.
 * - `name`: for messages.
 * - `placeholder`: the parameter at `position`, from 1.
 * - `indexedBy`: what follows a table's name so that a statement uses the index `name`; empty where
 *   the planner knows better, because it has statistics.
 * - `clustered`: what closes a `create table` whose rows are small and lie in the order of their
 *   primary key. `heap`: the same for rows that may be long, in no order.
 * - `integer`: the type of whole numbers of 64 bits.
 * - `collate`: what follows a column of text so that it is compared byte by byte.
 * - `records`: rows out of one parameter, as a part of `from`: the JSON of a list of lists, which hold
 *   the columns in their order (`listed`). Any number of rows is one statement.
 * - `changes`: how many rows a statement wrote, in what the driver answers to it.
 * - `explain`: a failed statement as a reason of Atrium's.
 */
export interface Dialect {
  readonly name: string
  readonly placeholder: (position: number) => string
  readonly indexedBy: (name: string) => string
  readonly clustered: string
  readonly heap: string
  readonly integer: string
  readonly collate: string
  readonly records: (columns: Readonly<Record<string, Kind>>) => string
  readonly changes: (answer: unknown) => number
  readonly explain: (error: SqlError.SqlError) => Explained
}

/** How stores reach a connection, and how several of their calls become one transaction. */
import type { StorageError } from "@atrium/core/errors"
import type * as Effect from "effect/Effect"
import type * as SqlConnection from "effect/sql/SqlConnection"

/** A single statement on the connection that it is given. */
export type Use<A, E> = (connection: SqlConnection.Connection) => Effect.Effect<A, E>

/**
 * A transactor of one database.
 * - `transact`: `self` as one transaction: committed when it succeeds, forgotten when it fails, dies
 *   or is interrupted. Inside another one it is a part of it, committed with it and forgotten alone.
 *   Nobody is answered before the commit.
 * - `within`: as `transact`, but inside another one simply more of the same.
 * - `read`: a statement in the present transaction; outside of one it sees committed data only.
 * - `write`: a statement in the present transaction, or in one of its own.
 */
export interface Transactor {
  readonly transact: <A, E, R>(
    self: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | StorageError, R>
  readonly within: <A, E>(self: Effect.Effect<A, E>) => Effect.Effect<A, E | StorageError>
  readonly read: <A, E>(use: Use<A, E>) => Effect.Effect<A, E | StorageError>
  readonly write: <A, E>(use: Use<A, E>) => Effect.Effect<A, E | StorageError>
}

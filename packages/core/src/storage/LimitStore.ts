/**
 * The log of accepted turns that limits are counted on.
 *
 * Each accepted turn has a rising number. The turn that may come next is `number`; it is accepted
 * when the one `turns` before it is not in the window any more, which is one look-up whatever the
 * rate. That one then leaves the log, so a log never holds more than `turns` entries.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { StorageError } from "../errors.ts"
import type { Meter, Rate } from "../tenancy/Plan.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import { userOf } from "./Confine.ts"
import { type KeyValueDriver, type Transaction, within } from "./KeyValue.ts"
import { padded, table } from "./Table.ts"

/** Whose turns are counted: those of the scope's user, or of its whole tenant. */
export type MeterOf = "user" | "tenant"

export interface LimitStore {
  /**
   * Counts a turn at `now` (milliseconds since 1970) and answers 0, or counts nothing and answers
   * the milliseconds until one more is accepted. Exact under concurrency [TEN-2].
   */
  readonly take: (
    scope: TenantScope,
    of: MeterOf,
    rate: Rate,
    now: number
  ) => Effect.Effect<number, StorageError>
  /** What is left at `now`; counts nothing. */
  readonly left: (
    scope: TenantScope,
    of: MeterOf,
    rate: Rate,
    now: number
  ) => Effect.Effect<Meter, StorageError>
}

const log = table("limit", Schema.Int)

const pathOf = (scope: TenantScope, of: MeterOf): ReadonlyArray<string> => [
  "",
  scope.tenantId,
  of === "user" ? userOf(scope) : ""
]

/** The number of the next turn, and when the turn came that must have left the window for it. */
const look = Effect.fnUntraced(function* (
  tx: Transaction,
  path: ReadonlyArray<string>,
  rate: Rate
): Effect.fn.Return<{ number: number; blocking: Option.Option<number> }, StorageError> {
  const [last] = yield* log.scan(tx, path, { limit: 1, reverse: true })
  let number = last === undefined ? 1 : Number(last.rest) + 1
  // A scan does not see what is added after it, and nothing notices: only a read of a free number
  // lets one of two at once commit.
  while (Option.isSome(yield* log.get(tx, [...path, padded(number)]))) number += 1
  return { number, blocking: yield* log.get(tx, [...path, padded(number - rate.turns)]) }
})

/** How many of the newest `rate.turns` turns are still in the window. */
const used = (tx: Transaction, path: ReadonlyArray<string>, rate: Rate, now: number) =>
  Effect.map(
    log.scan(tx, path, { limit: rate.turns, reverse: true }),
    (entries) => entries.filter(({ record }) => record > now - rate.windowMs).length
  )

export const makeLimitStore = (driver: KeyValueDriver): LimitStore => ({
  take: (scope, of, rate, now) =>
    within(
      driver,
      Effect.fnUntraced(function* (tx) {
        const path = pathOf(scope, of)
        const { blocking, number } = yield* look(tx, path, rate)
        if (Option.isSome(blocking) && blocking.value > now - rate.windowMs) {
          return blocking.value + rate.windowMs - now
        }
        if (Option.isSome(blocking)) log.remove(tx, [...path, padded(number - rate.turns)])
        log.set(tx, [...path, padded(number)], now)
        return 0
      })
    ),
  left: (scope, of, rate, now) =>
    within(
      driver,
      Effect.fnUntraced(function* (tx) {
        const path = pathOf(scope, of)
        const { blocking } = yield* look(tx, path, rate)
        const left = rate.turns - (yield* used(tx, path, rate, now))
        return {
          ...rate,
          left,
          retryAfterMs:
            left > 0 || Option.isNone(blocking) ? 0 : blocking.value + rate.windowMs - now
        }
      })
    )
})

/** Removes entries that came before `before`, at most `limit` of them; tells how many it removed. */
export const purgeLimits = (
  driver: KeyValueDriver,
  before: number,
  limit: number
): Effect.Effect<number, StorageError> =>
  within(
    driver,
    Effect.fnUntraced(function* (tx) {
      let removed = 0
      let after: string | undefined
      while (removed < limit) {
        const batch = yield* log.scan(tx, [""], {
          limit: 1000,
          ...(after === undefined ? {} : { after })
        })
        for (const { record, rest } of batch) {
          if (record < before && removed < limit) {
            log.remove(tx, ["", rest])
            removed += 1
          }
        }
        if (batch.length < 1000) break
        after = batch[batch.length - 1]?.rest
      }
      return removed
    })
  )

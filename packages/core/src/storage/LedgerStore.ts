/** Every model call and the end of every turn, for bills and counts; outlives the conversation. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { StorageError } from "../errors.ts"
import type { By, Page } from "../Page.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import * as Usage from "../turns/Usage.ts"
import { owns } from "./Confine.ts"
import { type KeyValueDriver, within } from "./KeyValue.ts"
import { padded, page, table } from "./Table.ts"

const S = Schema.String
const N = Schema.Int

/**
 * A row, written with the facts it comes from and never changed.
 * - `sequence`: that of the fact it tells: the model call, or the turn's end where it made none.
 * - `call`: the model call, or null for a row that only counts.
 * - `turns`, `messages`: what the turn adds to the counts when it ends, else 0.
 */
export const LedgerRecord = Schema.Struct({
  turnId: S,
  sequence: N,
  conversationId: S,
  agentId: S,
  userId: Schema.NullOr(S),
  at: N,
  call: Schema.NullOr(Schema.Struct({ purpose: S, model: S, usage: Usage.Usage, finish: S })),
  turns: N,
  messages: N
})
export type LedgerRecord = typeof LedgerRecord.Type

/** Sums over rows. */
export interface LedgerTotal {
  readonly turns: number
  readonly messages: number
  readonly calls: number
  readonly usage: Usage.Usage
}

/** A scope with a user sees the rows of that user's turns only. */
export interface LedgerStore {
  /** Adds rows whose place (time, turn, sequence) is free. */
  readonly append: (
    scope: TenantScope,
    rows: ReadonlyArray<LedgerRecord>
  ) => Effect.Effect<void, StorageError>
  /** In the order of their times, turns and sequences. */
  readonly list: (scope: TenantScope, by: By) => Effect.Effect<Page<LedgerRecord>, StorageError>
  /** Sums the rows from `from` (included) to `to` (excluded), milliseconds since 1970. */
  readonly total: (
    scope: TenantScope,
    from: number,
    to: number
  ) => Effect.Effect<LedgerTotal, StorageError>
}

const rows = table("ledger", LedgerRecord)

/** How many rows are summed at a time. */
const batch = 500

const noTotal: LedgerTotal = { turns: 0, messages: 0, calls: 0, usage: Usage.none }

const plus = (total: LedgerTotal, { call, messages, turns }: LedgerRecord): LedgerTotal => ({
  turns: total.turns + turns,
  messages: total.messages + messages,
  calls: total.calls + (call === null ? 0 : 1),
  usage: call === null ? total.usage : Usage.add(total.usage, call.usage)
})

export const makeLedgerStore = (driver: KeyValueDriver): LedgerStore => ({
  append: (scope, records) =>
    within(
      driver,
      Effect.fnUntraced(function* (tx) {
        for (const row of records) {
          if (!owns(scope, row.userId)) continue
          const path = [scope.tenantId, padded(row.at), row.turnId, padded(row.sequence)]
          if ((yield* rows.get(tx, path))._tag === "None") rows.set(tx, path, row)
        }
      })
    ),
  list: (scope, by) =>
    within(driver, (tx) =>
      page(rows, tx, [scope.tenantId], by, ({ userId }) => owns(scope, userId))
    ),
  total: (scope, from, to) =>
    within(
      driver,
      Effect.fnUntraced(function* (tx): Effect.fn.Return<LedgerTotal, StorageError> {
        let total = noTotal
        // A path that begins with the time `from` comes after the time alone.
        let after = padded(Math.max(0, from))
        while (true) {
          const found = yield* rows.scan(tx, [scope.tenantId], { after, limit: batch })
          for (const { record, rest } of found) {
            if (record.at >= to) return total
            if (record.at >= from && owns(scope, record.userId)) total = plus(total, record)
            after = rest
          }
          if (found.length < batch) return total
        }
      })
    )
})

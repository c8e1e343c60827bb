/** Ledgers that count what they should not, or lose what they should keep. */
import type { LedgerRecord } from "@atrium/core/storage/LedgerStore"
import * as Effect from "effect/Effect"
import { exchange, type Mutant, mutant } from "./Mutant.ts"

export const ledger: ReadonlyArray<Mutant> = [
  mutant("a row's model is not kept", ["STO-8a"], (storage) => {
    const { ledger } = storage.stores
    return exchange(storage, {
      ledger: {
        append: (scope, rows) =>
          ledger.append(
            scope,
            rows.map((row) => ({
              ...row,
              call: row.call === null ? null : { ...row.call, model: "model" }
            }))
          )
      }
    })
  }),
  mutant("rows are sorted by turn before time", ["STO-8a"], (storage) => {
    const { ledger } = storage.stores
    return exchange(storage, {
      ledger: {
        list: (scope, by) =>
          Effect.map(ledger.list(scope, by), ({ items, next }) => ({
            items:
              by.newestFirst === true
                ? items
                : items.toSorted((a, b) => (a.turnId < b.turnId ? -1 : 1)),
            next
          }))
      }
    })
  }),
  mutant("a row that is appended again is counted again", ["STO-8b"], (storage) => {
    const { ledger } = storage.stores
    const again: Array<LedgerRecord> = []
    return exchange(storage, {
      ledger: {
        append: Effect.fnUntraced(function* (scope, rows) {
          const { items } = yield* ledger.list(scope, { limit: 1000 })
          for (const row of rows) {
            const taken = items.some(
              ({ at, sequence, turnId }) =>
                at === row.at && sequence === row.sequence && turnId === row.turnId
            )
            if (taken) again.push(row)
          }
          yield* ledger.append(scope, rows)
        }),
        total: (scope, from, to) =>
          Effect.map(ledger.total(scope, from, to), (total) => ({
            ...total,
            turns: total.turns + again.reduce((sum, { turns }) => sum + turns, 0)
          }))
      }
    })
  }),
  mutant("the last row for a place stands", ["STO-8b"], (storage) => {
    const { ledger } = storage.stores
    const last = new Map<string, LedgerRecord>()
    const keyOf = ({ at, sequence, turnId }: LedgerRecord) => `${at} ${turnId} ${sequence}`
    return exchange(storage, {
      ledger: {
        append: (scope, rows) => {
          for (const row of rows) last.set(scope.tenantId + keyOf(row), row)
          return ledger.append(scope, rows)
        },
        list: (scope, by) =>
          Effect.map(ledger.list(scope, by), ({ items, next }) => ({
            items: items.map((row) => {
              const kept = last.get(scope.tenantId + keyOf(row))
              return kept === undefined || kept.userId !== row.userId
                ? row
                : { ...row, agentId: kept.agentId }
            }),
            next
          }))
      }
    })
  }),
  mutant("a total includes its last moment", ["STO-8c"], (storage) => {
    const { ledger } = storage.stores
    return exchange(storage, {
      ledger: { total: (scope, from, to) => ledger.total(scope, from, to + 1) }
    })
  }),
  mutant("a total leaves out its first moment", ["STO-8c"], (storage) => {
    const { ledger } = storage.stores
    return exchange(storage, {
      ledger: { total: (scope, from, to) => ledger.total(scope, from + 1, to) }
    })
  }),
  mutant("an unknown price is a price of nothing", ["STO-8d", "STO-8c"], (storage) => {
    const { ledger } = storage.stores
    return exchange(storage, {
      ledger: {
        total: (scope, from, to) =>
          Effect.map(ledger.total(scope, from, to), ({ usage, ...total }) => ({
            ...total,
            usage: { ...usage, microUsd: usage.microUsd ?? 0 }
          }))
      }
    })
  })
]

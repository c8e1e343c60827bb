/** The log of accepted turns: a row each, numbered for a user, or for a tenant as a whole. */
import type { LimitStore, MeterOf } from "@atrium/core/storage/LimitStore"
import type { TenantScope } from "@atrium/core/tenancy/Principal"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { mine } from "../Confine.ts"
import { type Reader, readFirst } from "../Reader.ts"
import { LIMIT, type Sql } from "../Statement.ts"

/** Whose log: that of the scope's user, or the tenant's own. */
const logOf = (scope: TenantScope, of: MeterOf): [string, string] => [
  scope.tenantId,
  of === "user" ? (mine(scope) ?? "") : ""
]

/** `number`: of the newest accepted turn. `blocking`: when the one came that must leave the window. */
const look = readFirst("limit", (row: Reader) => ({
  number: row.int(),
  blocking: row.intOrNull()
}))

const count = readFirst("limit", (row: Reader) => row.int())

export const makeLimitStore = (sql: Sql): LimitStore => {
  const newest = sql.read(
    `select number, (select at from limits b
       where b.tenant = a.tenant and b.user_id = a.user_id and b.number = a.number + 1 - ?)
     from limits a where tenant = ? and user_id = ? order by number desc limit 1`
  )
  const add = sql.write("insert into limits (tenant, user_id, number, at) values (?, ?, ?, ?)")
  const move = sql.write(
    "update limits set number = ?, at = ? where tenant = ? and user_id = ? and number = ?"
  )
  const used = sql.read(
    `select count(*) from (select at from limits where tenant = ? and user_id = ?
       order by number desc ${LIMIT}) newest where at > ?`
  )
  return {
    take: (scope, of, { turns, windowMs }, now) => {
      const log = logOf(scope, of)
      return sql.within(
        Effect.flatMap(Effect.flatMap(newest([turns, ...log]), look), (found) => {
          if (Option.isNone(found)) return Effect.as(add([...log, 1, now]), 0)
          const { blocking, number } = found.value
          if (blocking === null) return Effect.as(add([...log, number + 1, now]), 0)
          const wait = blocking + windowMs - now
          if (wait > 0) return Effect.succeed(wait)
          // The entry that left the window becomes the new one, so a log does not grow.
          return Effect.as(move([number + 1, now, ...log, number + 1 - turns]), 0)
        })
      )
    },
    left: (scope, of, rate, now) => {
      const log = logOf(scope, of)
      return sql.within(
        Effect.zipWith(
          Effect.flatMap(newest([rate.turns, ...log]), look),
          Effect.flatMap(used([...log, rate.turns, now - rate.windowMs]), count),
          (found, counted) => {
            const left = rate.turns - Option.getOrElse(counted, () => 0)
            const blocking = Option.isSome(found) ? found.value.blocking : null
            return {
              ...rate,
              left,
              retryAfterMs: left > 0 || blocking === null ? 0 : blocking + rate.windowMs - now
            }
          }
        )
      )
    }
  }
}

/** Removes entries older than `before`, at most `limit` of them; tells how many. */
export const purgeLimits = (sql: Sql) => {
  const purge = sql.change(
    `delete from limits where (tenant, user_id, number) in
       (select tenant, user_id, number from limits where at < ? ${LIMIT})`
  )
  return (before: number, limit: number) => purge([before, Math.max(0, Math.floor(limit))])
}

/** The ledger: a row for every model call and the end of every turn, in the order of their times. */
import { joinKey, separator } from "@atrium/core/ids"
import { owns } from "@atrium/core/storage/Confine"
import type { LedgerRecord, LedgerStore, LedgerTotal } from "@atrium/core/storage/LedgerStore"
import type { TenantScope } from "@atrium/core/tenancy/Principal"
import * as Usage from "@atrium/core/turns/Usage"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { kept, mine, ofUser } from "../Confine.ts"
import { pages } from "../Pages.ts"
import { type Reader, readAll, readFirst } from "../Reader.ts"
import { type Sql, type Value, writeEach } from "../Statement.ts"
import { readUsage, USAGE, usageValues } from "../Usage.ts"
import { verbatim } from "../Verbatim.ts"

const columns = `at, turn_id, sequence, conversation_id, agent_id, user_id, turns, messages, purpose,
  model, finish, ${USAGE}`

/** A row that only counts has no purpose, and its sums are 0. */
const readCall = (row: Reader): LedgerRecord["call"] => {
  const purpose = row.verbatimOrNull()
  if (purpose === null) return null
  return { purpose, model: row.verbatim(), finish: row.verbatim(), usage: readUsage(row) }
}

const read = (row: Reader): LedgerRecord => ({
  at: row.int(),
  turnId: row.text(),
  sequence: row.int(),
  conversationId: row.text(),
  agentId: row.text(),
  userId: row.owner(),
  turns: row.int(),
  messages: row.int(),
  call: readCall(row)
})

const readTotal = readFirst(
  "ledger",
  (row: Reader): LedgerTotal => ({
    turns: row.int(),
    messages: row.int(),
    calls: row.int(),
    usage: readUsage(row)
  })
)

const noTotal: LedgerTotal = { turns: 0, messages: 0, calls: 0, usage: Usage.none }

const valuesOf = (scope: TenantScope, row: LedgerRecord): ReadonlyArray<Value> => {
  const { call } = row
  return [
    scope.tenantId,
    row.at,
    row.turnId,
    row.sequence,
    row.conversationId,
    row.agentId,
    kept(row.userId),
    row.turns,
    row.messages,
    call === null ? null : verbatim(call.purpose),
    call === null ? null : verbatim(call.model),
    call === null ? null : verbatim(call.finish),
    ...usageValues(call?.usage ?? Usage.none)
  ]
}

const cursorOf = ({ at, sequence, turnId }: LedgerRecord): string =>
  joinKey(`${at}`, turnId, `${sequence}`)

/** The place a cursor stands for; `undefined` for anything a page did not give. */
const placeOf = (cursor: string): ReadonlyArray<Value> | undefined => {
  const [at = "", turn, sequence = "", more] = cursor.split(separator)
  return turn === undefined || more !== undefined || !number.test(at) || !number.test(sequence)
    ? undefined
    : [Number(at), turn, Number(sequence)]
}

const number = /^\d{1,16}$/

export const makeLedgerStore = (sql: Sql): LedgerStore => {
  const insert = sql.write(
    `insert into ledger (tenant, ${columns})
     values (${Array(17).fill("?").join(", ")}) on conflict do nothing`
  )
  const ofOne = `from ledger ${sql.dialect.indexedBy("ledger_user")} where tenant = ? and user_id = ?`
  const listing = {
    key: ["at", "turn_id", "sequence"],
    read: readAll("ledger row", read),
    cursor: cursorOf,
    place: placeOf
  }
  const all = pages(sql, { ...listing, select: `select ${columns} from ledger where tenant = ?` })
  const own = pages(sql, { ...listing, select: `select ${columns} ${ofOne}` })
  const sum = (column: string) => `cast(sum(${column}) as ${sql.dialect.integer})`
  const whole = (column: string) => `coalesce(${sum(column)}, 0)`
  const sums = `select ${whole("turns")}, ${whole("messages")}, count(purpose), ${whole("input")},
       ${whole("cached")}, ${whole("output")}, ${whole("reasoning")}, ${sum("micro_usd")}`
  const total = sql.read(`${sums} from ledger where tenant = ? and at >= ? and at < ?`)
  const ownTotal = sql.read(`${sums} ${ofOne} and at >= ? and at < ?`)
  return {
    append: (scope, records) => {
      const own = records.filter(({ userId }) => owns(scope, userId))
      return writeEach(
        sql,
        insert,
        own.map((row) => valuesOf(scope, row))
      )
    },
    list: (scope, by) =>
      ofUser(scope) ? own([scope.tenantId, mine(scope)], by) : all([scope.tenantId], by),
    total: (scope, from, to) =>
      Effect.map(
        Effect.flatMap(
          ofUser(scope)
            ? ownTotal([scope.tenantId, mine(scope), from, to])
            : total([scope.tenantId, from, to]),
          readTotal
        ),
        Option.getOrElse(() => noTotal)
      )
  }
}

/** What was used: every model call, and sums over turns, messages and tokens. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { asTurnError, rejected, TurnError } from "../errors.ts"
import { AgentId, ConversationId, TurnId, UserId, whyRefused } from "../ids.ts"
import { sealScope } from "../internal/sealed.ts"
import { type By, checkBy, type Page } from "../Page.ts"
import type { LedgerRecord, LedgerTotal } from "../storage/LedgerStore.ts"
import { Storage } from "../storage/Storage.ts"
import { callerWith, userWith, wholeTenant } from "../tenancy/Permissions.ts"
import type { Principal, TenantScope } from "../tenancy/Principal.ts"
import type { Usage } from "./Usage.ts"

type As<A> = Effect.Effect<A, TurnError, Principal>

/** One model call. `at`: milliseconds since 1970; `sequence`: of its fact in the turn. */
export interface ModelCall {
  readonly turnId: TurnId
  readonly sequence: number
  readonly conversationId: ConversationId
  readonly agentId: AgentId
  readonly userId: Option.Option<UserId>
  readonly at: number
  readonly purpose: string
  readonly model: string
  readonly usage: Usage
  readonly finish: string
}

/** `from` (included) to `to` (excluded), milliseconds since 1970. `user`: as an operator only. */
export interface Period {
  readonly from: number
  readonly to: number
  readonly user?: string
}

/** Needs `turns` and a user, and tells of that user; with `operator` of the whole tenant. */
export class Ledger extends Context.Service<
  Ledger,
  {
    /** In the order in which they were made. A page may hold fewer calls than its limit. */
    readonly calls: (by: By) => As<Page<ModelCall>>
    /** Sums over the turns that ended and the calls that were made in the period. */
    readonly total: (of: Period) => As<LedgerTotal>
  }
>()("@atrium/core/turns/Ledger") {
  static readonly layer: Layer.Layer<Ledger, never, Storage> = Layer.effect(
    Ledger,
    Effect.gen(function* () {
      const { ledger } = (yield* Storage).stores

      /** Whose rows: the tenant's for an operator, one user's where that is named, else the caller's. */
      const scoped = Effect.fnUntraced(function* (
        user?: string
      ): Effect.fn.Return<TenantScope, TurnError, Principal> {
        const caller = yield* callerWith("turns")
        if (caller.scopes.has("operator")) {
          return user === undefined
            ? wholeTenant(caller)
            : sealScope(caller.tenantId, Option.some(UserId(user)), caller.scopes)
        }
        const own = yield* userWith("turns")
        if (user !== undefined && user !== own.user) {
          return yield* TurnError.because({ _tag: "Forbidden", scope: "operator" })
        }
        return own.caller
      })

      return Ledger.of({
        calls: Effect.fn("Ledger.calls")(function* (by) {
          const scope = yield* scoped()
          const refused = checkBy(by)
          if (refused !== undefined) return yield* TurnError.because(refused)
          const { items, next } = yield* ledger.list(scope, by)
          return { next, items: items.flatMap(callOf) }
        }, asTurnError),
        total: Effect.fn("Ledger.total")(function* ({ from, to, user }) {
          const scope = yield* scoped(user)
          const why = user === undefined ? undefined : whyRefused("userID", user)
          if (why !== undefined) {
            return yield* TurnError.because(rejected("user", why))
          }
          if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to)) {
            return yield* TurnError.because(
              rejected("from", "A period goes from and to whole milliseconds since 1970.")
            )
          }
          return yield* ledger.total(scope, from, to)
        }, asTurnError)
      })
    })
  )
}

const callOf = (row: LedgerRecord): ReadonlyArray<ModelCall> =>
  row.call === null
    ? []
    : [
        {
          ...row.call,
          turnId: TurnId(row.turnId),
          sequence: row.sequence,
          conversationId: ConversationId(row.conversationId),
          agentId: AgentId(row.agentId),
          userId: Option.map(Option.fromNullishOr(row.userId), UserId),
          at: row.at
        }
      ]

/**
 * The streams that are open: as many of a user as there may be, and all ended by a server that closes,
 * so that readers come back.
 */
import { Principal } from "@atrium/core/tenancy/Principal"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Problem } from "../api/Problem.ts"
import { problem } from "./Answers.ts"

/** Streams that a user may hold open unless said otherwise. */
const usual = 32
/** After what time a refused reader is told to ask again: nobody knows when a stream ends. */
const retryAfterMs = 1000

const tooMany = (open: number): Problem =>
  problem(
    429,
    { _tag: "TooManyStreams", open, retryAfterMs },
    `${open} event streams are open for this user, and there may be no more. Close one, or try again in ${retryAfterMs / 1000} s.`
  )

export class OpenStreams extends Context.Service<
  OpenStreams,
  {
    /** Comes when the server closes. */
    readonly closing: Effect.Effect<void>
    /** Ends every stream, and those that are opened from now on. */
    readonly end: Effect.Effect<void>
    /**
     * Takes a place of the caller's for as long as the request lasts, its answer's body included;
     * `TooManyStreams` when all are taken.
     */
    readonly hold: Effect.Effect<void, Problem, Principal | Scope.Scope>
  }
>()("@atrium/http/server/OpenStreams") {
  /** Closed, it ends the streams. `most`: streams of a user, 32 unless said otherwise. */
  static readonly layer = (most: number = usual): Layer.Layer<OpenStreams> =>
    Layer.effect(
      OpenStreams,
      Effect.gen(function* () {
        const closed = yield* Deferred.make<void>()
        const end = Effect.asVoid(Deferred.succeed(closed, undefined))
        yield* Effect.addFinalizer(() => end)
        /** How many are open, by user. */
        const open = new Map<string, number>()
        const take = (user: string): Effect.Effect<string, Problem> =>
          Effect.suspend(() => {
            const now = open.get(user) ?? 0
            if (now >= most) return Effect.fail(tooMany(now))
            open.set(user, now + 1)
            return Effect.succeed(user)
          })
        const giveBack = (user: string): Effect.Effect<void> =>
          Effect.sync(() => {
            const left = (open.get(user) ?? 0) - 1
            if (left > 0) open.set(user, left)
            else open.delete(user)
          })
        return OpenStreams.of({
          closing: Deferred.await(closed),
          end,
          hold: Effect.flatMap(Principal, ({ tenantId, userId }) => {
            const user = JSON.stringify([tenantId, Option.getOrNull(userId)])
            return Effect.acquireRelease(take(user), giveBack)
          })
        })
      })
    )
}

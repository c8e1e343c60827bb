/**
 * The pipeline: how one message travels.
 *
 * ```
 * send    check who calls and what they say
 *         one transaction: replay? | limit, position, turn, user message        BeginTurn   commit 1
 * queue   one turn at a time for each conversation, under a lease with a fence  TurnQueue
 * run     the backend works: emits deltas, commits facts, each step fenced      RunTurn     commit 2 ...
 *         the last step's commit carries TurnFinished; else core writes the end
 * decide  a turn that waits for a person leaves the queue; a decision brings it back    DecideTurn
 * follow  stored facts, then live facts and deltas, from any cursor             FollowTurn
 * ```
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Definitions } from "../agents/Definitions.ts"
import { asTurnError, type Reason, rejected, TurnError } from "../errors.ts"
import { isWellFormed, type TurnId, whyRefused } from "../ids.ts"
import { Storage } from "../storage/Storage.ts"
import * as Audit from "../tenancy/Audit.ts"
import { userWith } from "../tenancy/Permissions.ts"
import type { Caller, Principal } from "../tenancy/Principal.ts"
import { type Answer, answerOf } from "./Answer.ts"
import { beginTurn } from "./BeginTurn.ts"
import { cancelTurn } from "./CancelTurn.ts"
import * as Cursor from "./Cursor.ts"
import { decideTurn } from "./DecideTurn.ts"
import { followTurn, streamOf } from "./FollowTurn.ts"
import { maximumKey, maximumText, type Send, type Turn } from "./Turn.ts"
import { isFact, type TurnEvent } from "./TurnEvent.ts"
import type { TurnJob } from "./TurnJob.ts"
import { TurnQueue } from "./TurnQueue.ts"
import { turnOf } from "./TurnReading.ts"

type As<A> = Effect.Effect<A, TurnError, Principal>
type Events = Stream.Stream<TurnEvent, TurnError, Principal>

export class Turns extends Context.Service<
  Turns,
  {
    /**
     * Begins a turn and answers once it is stored; it then runs whether or not the caller stays.
     * Fails with `RateLimited`, `Busy`, `Waiting`, `NotFound`, `Rejected`, `Conflict`, `Gone`.
     */
    readonly send: (input: Send) => As<Turn>
    /**
     * The events of a turn after a cursor (`Cursor.after` of the last one read), to its end, or until
     * it waits for a person.
     */
    readonly follow: (id: TurnId, after?: string) => Events
    /** Sends and follows from the beginning. Leaving the stream does not cancel the turn. */
    readonly stream: (input: Send) => Events
    readonly find: (id: TurnId) => As<Turn>
    /** Sends and waits for the answer; `NoAnswer` when the turn ended without text. */
    readonly ask: (input: Send) => As<Answer>
    /** Ends a turn now and keeps its partial text; `Conflict` when it had ended already. */
    readonly cancel: (id: TurnId) => As<void>
    /**
     * Decides about a tool call that the turn waits with (`ApprovalRequested` says which); after the
     * last one the turn runs on. `Conflict` when it was decided before, `Gone` when that is too late.
     */
    readonly decide: (id: TurnId, callId: string, approved: boolean) => As<void>
  }
>()("@atrium/core/turns/Turns") {
  static readonly layer: Layer.Layer<Turns, never, Storage | Definitions | TurnQueue> =
    Layer.effect(
      Turns,
      Effect.gen(function* () {
        const storage = yield* Storage
        const definitions = yield* Definitions
        const queue = yield* TurnQueue
        const begin = beginTurn({ storage, definitions, queue })
        const follow = followTurn({ storage, queue })
        const cancel = cancelTurn({ storage, queue })
        const decide = decideTurn({ storage, queue })

        const own = Effect.fnUntraced(function* (caller: Caller, id: string) {
          const found = yield* storage.stores.turns.find(caller, id)
          if (Option.isSome(found)) return found.value
          yield* Audit.refusedAccess(caller, "turn")
          return yield* TurnError.because({ _tag: "NotFound", what: "turn" })
        })

        /** What was begun is in the queue before anybody else looks at the conversation. */
        const beginAndAdd = Effect.fnUntraced(function* (
          caller: Caller,
          user: string,
          input: Send
        ) {
          yield* queue.isOpen
          let began = yield* begin(caller, user, input)
          let next = input
          while (began._tag === "Stale" || began._tag === "Waits") {
            if (began._tag === "Waits") {
              // It is the waiting one that is interrupted, not whoever was queued behind it.
              next = { ...input, onBusy: "queue" }
              const { id } = began.turn
              const job = yield* cancel.held(caller, input.conversation, id).pipe(
                // Another process has ended it meanwhile: just as well.
                Effect.catchIf(
                  ({ reason }) => reason._tag === "Conflict",
                  () => Effect.succeed(undefined)
                )
              )
              if (job !== undefined) yield* queue.done(job)
            } else {
              yield* queue
                .takeUp(caller, input.conversation)
                .pipe(Effect.mapError(({ message, reason }) => TurnError.because(reason, message)))
            }
            yield* queue.isOpen
            began = yield* begin(caller, user, next)
          }
          if (began._tag === "Replayed") {
            const job = queue.find(caller, began.turn.id)
            return { began, job, interrupted: Option.none<TurnJob>() }
          }
          const { conversation, input: message, interrupts, ours, turn } = began
          const job = ours ? queue.add(caller, conversation, turn, message) : undefined
          const interrupted = Option.flatMapNullishOr(interrupts, ({ id }) =>
            queue.find(caller, id)
          )
          if (Option.isSome(interrupted)) queue.stop(interrupted.value)
          return { began, job, interrupted }
        })

        /** Begins, and starts what was begun. The job is there while this process has the turn. */
        const start = Effect.fnUntraced(function* (input: Send) {
          const { caller, user } = yield* userWith("turns")
          const refused = whyInvalid(input)
          if (refused !== undefined) return yield* TurnError.because(refused)
          if (whyRefused("conversation", input.conversation) !== undefined) {
            yield* Audit.refusedAccess(caller, "conversation")
            return yield* TurnError.because({ _tag: "NotFound", what: "conversation" })
          }
          yield* Audit.sent(caller, input.conversation, input.text.length)
          const { began, interrupted, job } = yield* queue
            .exclusively(
              caller,
              input.conversation
            )(beginAndAdd(caller, user, input))
            .pipe(
              Effect.tapError(({ _tag, reason }) => {
                // It may have been stored all the same, as when the connection is lost in a commit.
                if (_tag === "StorageError") queue.doubt(caller, input.conversation)
                return reason._tag === "NotFound"
                  ? Audit.refusedAccess(caller, reason.what)
                  : Effect.void
              })
            )
          if (Option.isSome(interrupted)) yield* queue.done(interrupted.value)
          return { caller, turn: began.turn, job }
        })

        const stream = (input: Send): Events =>
          streamOf(
            Effect.map(asTurnError(start(input)), ({ caller, job, turn }) =>
              follow(caller, turn.id, Cursor.start, job)
            )
          )

        const followFrom = Effect.fnUntraced(function* (id: string, after?: string) {
          const { caller } = yield* userWith("turns")
          const cursor = after === undefined ? Cursor.start : Cursor.parse(after)
          if (cursor === undefined) {
            return yield* TurnError.because(
              rejected(
                "after",
                "A cursor looks like 3 or 3.0.17: send back the one you were given."
              )
            )
          }
          yield* own(caller, id)
          return follow(caller, id, cursor)
        }, asTurnError)

        return Turns.of({
          send: (input) =>
            Effect.map(start(input), ({ job, turn }) =>
              turnOf(turn, job?.fiber !== undefined)
            ).pipe(asTurnError, span("Turns.send")),
          stream,
          follow: (id, after) => streamOf(followFrom(id, after)),
          find: Effect.fn("Turns.find")(function* (id) {
            const { caller } = yield* userWith("turns")
            const record = yield* own(caller, id)
            return turnOf(record, queue.find(caller, id)?.fiber !== undefined)
          }, asTurnError),
          ask: Effect.fnUntraced(
            function* (input) {
              const { caller, job, turn } = yield* start(input)
              if (job !== undefined) yield* queue.done(job)
              if (job?.live.ended === true) return yield* answerOf(job.live.facts)
              const events = yield* Stream.runCollect(
                streamOf(Effect.sync(() => follow(caller, turn.id, Cursor.start)))
              )
              return yield* answerOf(events.filter(isFact))
            },
            asTurnError,
            span("Turns.ask")
          ),
          cancel: Effect.fn("Turns.cancel")(function* (id) {
            const { caller } = yield* userWith("turns")
            const { conversationId } = yield* own(caller, id)
            yield* cancel.cancel(caller, conversationId, id)
          }, asTurnError),
          decide: Effect.fn("Turns.decide")(function* (id, callId, approved) {
            const { caller, user } = yield* userWith("turns")
            const { conversationId } = yield* own(caller, id)
            yield* decide(caller, conversationId, id, { callId, approved, by: user })
          }, asTurnError)
        })
      })
    )
}

/** A span without a stack: capturing one costs more than the rest of a send. */
const span = (name: string) => Effect.withSpan(name, {}, { captureStackTrace: false })

/** Why a send can never be accepted, or `undefined`. */
const whyInvalid = ({ id, text }: Send): Reason | undefined => {
  if (text.length === 0) return rejected("text", "The message is empty.")
  if (text.length > maximumText) {
    return rejected(
      "text",
      `The message is too long (${text.length} of ${maximumText} characters).`
    )
  }
  if (!isWellFormed(text)) {
    return rejected("text", "The message holds NUL or a lone surrogate, which no storage keeps.")
  }
  if (id !== undefined && (id.length === 0 || id.length > maximumKey || !isWellFormed(id))) {
    return rejected("id", `The id of a send has 1 to ${maximumKey} characters.`)
  }
  return undefined
}

/** The first commit of a turn: replay or, in one transaction, limit, position, turn and message. */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Definitions } from "../agents/Definitions.ts"
import { type Message, textOf } from "../conversations/Message.ts"
import { type Reason, rejected, type StorageError, TurnError } from "../errors.ts"
import { fresh } from "../ids.ts"
import type { ConversationRecord } from "../storage/ConversationStore.ts"
import type { Storage } from "../storage/Storage.ts"
import type { TurnRecord } from "../storage/TurnStore.ts"
import type { Plan } from "../tenancy/Plan.ts"
import type { Caller } from "../tenancy/Principal.ts"
import { leaseMs } from "./LeftTurns.ts"
import type { OnBusy, Send } from "./Turn.ts"
import type { TurnQueue } from "./TurnQueue.ts"
import { isWaiting } from "./TurnReading.ts"
import * as Usage from "./Usage.ts"

interface Parts {
  readonly storage: Storage["Service"]
  readonly definitions: Definitions["Service"]
  readonly queue: TurnQueue["Service"]
}

/**
 * - `Replayed`: the same id was sent before; this is its turn.
 * - `Begun`: a new turn. `ours`: this process has the lease and runs it. `interrupts`:
 *   the running turn that this one cancels; it is marked already.
 * - `Stale`: there are unended turns that nobody has; take them up, then begin again.
 * - `Waits`: the first turn waits for a person, and this send interrupts it; cancel it, then begin again.
 */
export type Began =
  | { readonly _tag: "Replayed"; readonly turn: TurnRecord }
  | { readonly _tag: "Stale" }
  | { readonly _tag: "Waits"; readonly turn: TurnRecord }
  | {
      readonly _tag: "Begun"
      readonly conversation: ConversationRecord
      readonly turn: TurnRecord
      readonly input: Message
      readonly ours: boolean
      readonly interrupts: Option.Option<TurnRecord>
    }

/**
 * Begins a turn. A repeated id is looked up before anything is counted and costs nothing [TRN-3];
 * limit and begin are one transaction, so the limit holds exactly [TEN-2] and a refused send leaves
 * no trace.
 */
export const beginTurn = ({ definitions, queue, storage }: Parts) => {
  const { conversations, limits, messages, turns } = storage.stores

  const replayed = Effect.fnUntraced(function* (
    caller: Caller,
    send: Send,
    key: string,
    now: number,
    plan: Plan
  ) {
    const turn = Option.getOrUndefined(yield* turns.findKeyed(caller, send.conversation, key))
    if (turn === undefined) return undefined
    const [input] = yield* messages.ofTurn(caller, send.conversation, turn.position)
    if (
      input === undefined ||
      textOf(input) !== send.text ||
      turn.retryOf !== (send.retryOf ?? null)
    ) {
      return yield* refuse(
        { _tag: "Conflict", what: "id", revision: null },
        "This id was sent before with other content. Use a new id."
      )
    }
    if (turn.endedAt !== null && turn.endedAt + plan.replayMs <= now) {
      return yield* refuse(
        { _tag: "Gone", what: "turn's replay" },
        "This id was used before, and its answer is no longer replayed. Use a new id."
      )
    }
    return turn
  })

  /** A retry names a turn of this conversation that has failed. */
  const retried = Effect.fnUntraced(function* (caller: Caller, conversation: string, id: string) {
    const turn = Option.getOrUndefined(yield* turns.find(caller, id))
    if (turn?.conversationId === conversation && turn.end?._tag === "Failed") return
    return yield* refuse(rejected("retryOf", "retryOf must be a failed turn of this conversation."))
  })

  /** What the policy says to a send that finds `conversation` busy, `first` being its first turn. */
  const admit = Effect.fnUntraced(function* (
    { unended: ahead }: ConversationRecord,
    first: TurnRecord,
    onBusy: OnBusy,
    plan: Plan
  ) {
    if (onBusy === "reject" || ahead > plan.waiting) return yield* refuse({ _tag: "Busy", ahead })
    return onBusy === "interrupt" ? Option.some(first) : Option.none<TurnRecord>()
  })

  const count = Effect.fnUntraced(function* (caller: Caller, plan: Plan, now: number) {
    const user = yield* limits.take(caller, "user", plan.user, now)
    if (user > 0) return yield* refuse({ _tag: "RateLimited", retryAfterMs: user })
    if (plan.tenant === undefined) return
    const tenant = yield* limits.take(caller, "tenant", plan.tenant, now)
    if (tenant > 0) return yield* refuse({ _tag: "RateLimited", retryAfterMs: tenant })
  })

  return Effect.fnUntraced(function* (
    caller: Caller,
    user: string,
    send: Send
  ): Effect.fn.Return<Began, TurnError | StorageError> {
    const now = yield* Clock.currentTimeMillis
    const id = yield* fresh("turn")
    return yield* storage
      .transact(
        Effect.gen(function* (): Effect.fn.Return<Began, TurnError | StorageError | Waits> {
          const found = yield* conversations.find(caller, send.conversation)
          if (Option.isNone(found)) return yield* refuse({ _tag: "NotFound", what: "conversation" })
          const before = found.value
          const plan = yield* definitions.plan(caller)
          const prior =
            send.id === undefined ? undefined : yield* replayed(caller, send, send.id, now, plan)
          if (prior !== undefined) return { _tag: "Replayed", turn: prior }
          const ours = queue.mayLease(before, now)
          const { template } = yield* definitions.find(before.template)
          const onBusy = send.onBusy ?? template.onBusy ?? "queue"
          const [first] = before.unended === 0 ? [] : yield* turns.unended(caller, before.id)
          const waits = first !== undefined && isWaiting(first, now)
          if (waits && onBusy !== "interrupt") {
            return yield* refuse(
              onBusy === "reject"
                ? { _tag: "Busy", ahead: before.unended }
                : { _tag: "Waiting", calls: first.waiting.map(({ callId }) => callId) }
            )
          }
          if (!waits && ours && before.unended > 0 && !queue.hasAll(caller, before)) {
            return { _tag: "Stale" }
          }
          if (send.retryOf !== undefined) yield* retried(caller, send.conversation, send.retryOf)
          const interrupts =
            first === undefined ? Option.none() : yield* admit(before, first, onBusy, plan)
          yield* count(caller, plan, now)
          // Only now, and nothing of this stays: a send that is refused cancels nothing.
          if (waits) return yield* new Waits({ turn: first })
          // Marked together with what interrupts it: no crash and no leaving caller comes in between.
          const cancelling = Option.match(interrupts, {
            onNone: () => before.cancelling,
            onSome: ({ position }) => position
          })
          const conversation = {
            ...begun(before, now, ours ? queue.owner : undefined),
            cancelling
          }
          const turn = newTurn(id, caller, user, send, conversation, now)
          const input: Message = {
            id: `${id}-0`,
            role: "user",
            parts: [{ _tag: "Text", text: send.text }],
            turnId: id,
            at: now,
            partial: false
          }
          yield* turns.insert(caller, turn)
          yield* messages.append(caller, [
            {
              conversationId: conversation.id,
              userId: user,
              position: turn.position,
              index: 0,
              message: input
            }
          ])
          yield* conversations.save(caller, conversation)
          return { _tag: "Begun", conversation, turn, input, ours, interrupts }
        })
      )
      .pipe(
        Effect.catchIf(
          (error): error is Waits => error instanceof Waits,
          ({ turn }) => Effect.succeed<Began>({ _tag: "Waits", turn })
        )
      )
  })
}

/** Rolls the begin back: the turn that it interrupts waits for a person, and is to be ended first. */
class Waits extends Data.TaggedError("Waits")<{ readonly turn: TurnRecord }> {}

/** The conversation with one turn more; a new lease, with a higher fence, where nobody else has one. */
const begun = (
  before: ConversationRecord,
  now: number,
  owner: string | undefined
): ConversationRecord => ({
  ...before,
  position: before.position + 1,
  unended: before.unended + 1,
  length: before.length + 1,
  lastTurnAt: now,
  ...(owner === undefined
    ? {}
    : {
        fence: before.unended === 0 ? before.fence + 1 : before.fence,
        owner,
        leaseUntil: now + leaseMs
      })
})

const newTurn = (
  id: string,
  caller: Caller,
  user: string,
  send: Send,
  conversation: ConversationRecord,
  now: number
): TurnRecord => ({
  id,
  conversationId: conversation.id,
  agentId: conversation.agentId,
  userId: user,
  position: conversation.position,
  key: send.id ?? null,
  retryOf: send.retryOf ?? null,
  scopes: [...caller.scopes],
  sequence: 1,
  stored: 1,
  attempt: 0,
  handedBack: 0,
  draft: null,
  waiting: [],
  usage: Usage.none,
  end: null,
  createdAt: now,
  endedAt: null
})

const refuse = (reason: Reason, message?: string) => Effect.fail(TurnError.because(reason, message))

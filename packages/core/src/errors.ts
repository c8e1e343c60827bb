/**
 * One pool of reasons, one error class per boundary. An error says what was wrong, where, and what
 * to do; its `reason` is what code decides on, its `message` is what a person reads.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const S = Schema.String
const N = Schema.Int

/** Unknown, or not the caller's: the two are never told apart [ISO-3]. `what`: the kind of thing. */
export const NotFound = Schema.TaggedStruct("NotFound", { what: S })
/** Someone was first, or the same key came with other content. `revision`: the present one. */
export const Conflict = Schema.TaggedStruct("Conflict", { what: S, revision: Schema.NullOr(N) })
/** The conversation is taken. `ahead`: turns that are before this one. */
export const Busy = Schema.TaggedStruct("Busy", { ahead: N })
/** The turn waits for a person's decision on `calls` (call ids). */
export const Waiting = Schema.TaggedStruct("Waiting", { calls: Schema.Array(S) })
/** No or a wrong credential. `by`: who refused it, us ("atrium") or a vendor. */
export const Unauthenticated = Schema.TaggedStruct("Unauthenticated", { by: S })
/** Too many turns in the window. */
export const RateLimited = Schema.TaggedStruct("RateLimited", { retryAfterMs: N })
/** A budget, ours or the vendor's, is used up. Waiting does not help. */
export const QuotaExceeded = Schema.TaggedStruct("QuotaExceeded", { budget: S })
/** The caller lacks `scope`. */
export const Forbidden = Schema.TaggedStruct("Forbidden", { scope: S })
/** An input that can never be accepted. */
export const Rejected = Schema.TaggedStruct("Rejected", { field: S, why: S })
/** The prompt does not fit the model. A new conversation helps, a retry does not. */
export const ContextTooLong = Schema.TaggedStruct("ContextTooLong", {})
/** The adapter does not have this capability, and never will until it is changed. */
export const Unsupported = Schema.TaggedStruct("Unsupported", { capability: S })
/** The other side cannot be reached. */
export const Unreachable = Schema.TaggedStruct("Unreachable", { host: S })
/** No answer within the time allowed. */
export const TimedOut = Schema.TaggedStruct("TimedOut", { afterMs: N })
/** This writer lost its lease; another one writes now. */
export const Fenced = Schema.TaggedStruct("Fenced", {})
/** It existed and was deleted, or its record has expired. */
export const Gone = Schema.TaggedStruct("Gone", { what: S })
/** The turn ended without text. `stop`: why it ended. */
export const NoAnswer = Schema.TaggedStruct("NoAnswer", { stop: S })
/** Something stored or received does not have the shape it must have. */
export const Malformed = Schema.TaggedStruct("Malformed", { what: S })
/** The turn was begun `times` times and the process died each time. */
export const Crashed = Schema.TaggedStruct("Crashed", { times: N })
/** Another process owns the storage. */
export const Locked = Schema.TaggedStruct("Locked", { owner: S })
/** The storage was written by a newer version. */
export const Newer = Schema.TaggedStruct("Newer", { found: N, known: N })

/** Every reason an Atrium error can have. */
export const Reason = Schema.Union([
  NotFound,
  Conflict,
  Busy,
  Waiting,
  Unauthenticated,
  RateLimited,
  QuotaExceeded,
  Forbidden,
  Rejected,
  ContextTooLong,
  Unsupported,
  Unreachable,
  TimedOut,
  Fenced,
  Gone,
  NoAnswer,
  Malformed,
  Crashed,
  Locked,
  Newer
])
export type Reason = typeof Reason.Type

/** Why an input can never be accepted. */
export const rejected = (field: string, why: string): Reason => ({ _tag: "Rejected", field, why })

/** What a person reads when nobody knew better: what was wrong and what to do. */
export const explain = (reason: Reason): string => {
  switch (reason._tag) {
    case "NotFound":
      return `No such ${reason.what}.`
    case "Conflict":
      return `The ${reason.what} was changed or used by another request. Read it again, then retry.`
    case "Busy":
      return `The conversation is busy (turns before this one: ${reason.ahead}). Send again when one has ended.`
    case "Waiting":
      return "The conversation waits for a decision on a tool call. Approve or deny it first."
    case "Unauthenticated":
      return reason.by === "atrium"
        ? "The credential is missing, wrong, expired or revoked."
        : `${reason.by} refused the credential. Check the key that was configured for it.`
    case "RateLimited":
      return `Rate limit exceeded. Try again in ${Math.ceil(reason.retryAfterMs / 1000)} s.`
    case "QuotaExceeded":
      return `The budget "${reason.budget}" is used up. Its owner must raise it.`
    case "Forbidden":
      return `This needs the scope "${reason.scope}".`
    case "Rejected":
      return reason.why
    case "ContextTooLong":
      return "The conversation no longer fits the model. Start a new conversation."
    case "Unsupported":
      return `The adapter does not support "${reason.capability}" (permanent).`
    case "Unreachable":
      return `${reason.host} cannot be reached.`
    case "TimedOut":
      return `No answer within ${reason.afterMs} ms.`
    case "Fenced":
      return "Another process has taken over this conversation."
    case "Gone":
      return `The ${reason.what} is gone.`
    case "NoAnswer":
      return `The turn ended without an answer (${reason.stop}).`
    case "Malformed":
      return `${reason.what} has an unexpected shape.`
    case "Crashed":
      return `The process died ${reason.times} times during this turn. Send the message again as a new turn.`
    case "Locked":
      return `Another process owns this storage: ${reason.owner}. Stop it, or use Postgres for several processes.`
    case "Newer":
      return `The storage was written by a newer version (${reason.found}; this one knows ${reason.known}). Upgrade Atrium.`
  }
}

/** Reasons after which the very same request may succeed later. */
const passing: ReadonlySet<Reason["_tag"]> = new Set([
  "Busy",
  "RateLimited",
  "Unreachable",
  "TimedOut",
  "Fenced"
])

/** True when trying the same again later can help. */
export const isRetryable = (reason: Reason): boolean => passing.has(reason._tag)

const fields = { reason: Reason, message: S }

/** From turns, conversations, agents and bindings. */
export class TurnError extends Schema.TaggedError<TurnError>()("TurnError", fields) {
  static because(reason: Reason, message: string = explain(reason)): TurnError {
    return new TurnError({ reason, message })
  }
}

/** From tenancy: who calls, what they may, users, keys and limits. */
export class TenancyError extends Schema.TaggedError<TenancyError>()("TenancyError", fields) {
  static because(reason: Reason, message: string = explain(reason)): TenancyError {
    return new TenancyError({ reason, message })
  }
}

/** From memory: blocks, passages, sources and recall. */
export class MemoryError extends Schema.TaggedError<MemoryError>()("MemoryError", fields) {
  static because(reason: Reason, message: string = explain(reason)): MemoryError {
    return new MemoryError({ reason, message })
  }
}

/** From an agent backend and its vendor. */
export class BackendError extends Schema.TaggedError<BackendError>()("BackendError", fields) {
  static because(reason: Reason, message: string = explain(reason)): BackendError {
    return new BackendError({ reason, message })
  }
}

/** From a storage. */
export class StorageError extends Schema.TaggedError<StorageError>()("StorageError", fields) {
  static because(reason: Reason, message: string = explain(reason)): StorageError {
    return new StorageError({ reason, message })
  }
}

/** Errors of the ports, told as the facade's: same reason, same message. */
export const asTurnError = <A, R>(
  self: Effect.Effect<A, StorageError | BackendError | TurnError, R>
): Effect.Effect<A, TurnError, R> =>
  Effect.mapError(self, (error) =>
    error instanceof TurnError ? error : TurnError.because(error.reason, error.message)
  )

/** As `asTurnError`, for the facades of tenancy. */
export const asTenancyError = <A, R>(
  self: Effect.Effect<A, StorageError | TurnError | TenancyError, R>
): Effect.Effect<A, TenancyError, R> =>
  Effect.mapError(self, (error) =>
    error instanceof TenancyError ? error : TenancyError.because(error.reason, error.message)
  )

/** As `asTurnError`, for the facades of memory. */
export const asMemoryError = <A, R>(
  self: Effect.Effect<A, StorageError | TurnError | TenancyError | MemoryError, R>
): Effect.Effect<A, MemoryError, R> =>
  Effect.mapError(self, (error) =>
    error instanceof MemoryError ? error : MemoryError.because(error.reason, error.message)
  )

/**
 * Structured log records about who did what. They hold ids and lengths, never texts, and are the same
 * for foreign and unknown ids, so that nobody learns from them what exists [ISO-3].
 */
import * as Effect from "effect/Effect"
import { userOf } from "../storage/Confine.ts"
import type { Caller } from "./Principal.ts"

const annotations = (caller: Caller) => ({
  "tenant.id": caller.tenantId,
  "user.id": userOf(caller)
})

/** A turn was sent. `characters`: length of its text in UTF-16 units. */
export const sent = (caller: Caller, conversation: string, characters: number) =>
  Effect.logInfo("turn sent").pipe(
    Effect.annotateLogs({
      ...annotations(caller),
      "gen_ai.conversation.id": conversation,
      "input.characters": characters
    })
  )

/** Something was asked for that is not there, or not the caller's. `what`: the kind of thing. */
export const refusedAccess = (caller: Caller, what: string) =>
  Effect.logWarning("access refused").pipe(
    Effect.annotateLogs({ ...annotations(caller), what, audit: true })
  )

/** Which messages of earlier turns a prompt still holds: the newest ones that fit [MEM-7]. */
import type { Running } from "@atrium/core/backend/AgentBackend"
import type { Message } from "@atrium/core/conversations/Message"
import type { StorageError } from "@atrium/core/errors"
import type { Storage } from "@atrium/core/storage/Storage"
import * as Effect from "effect/Effect"
import { tokensOfMessage } from "./Tokens.ts"

/** The window of a template that names none, in tokens. */
const defaultTokens = 8000

/** Messages read at first. Only a window of many short messages reads more. */
const firstRead = 32

/** Messages read at most: those of a window of tokens are many where they are empty. */
const maximumRead = 5000

/** A window: at most so many estimated tokens, and at most so many messages. */
export interface Window {
  readonly tokens: number
  readonly messages: number
}

/** A template that names a number of messages only is bounded by that number only. */
const windowOf = ({ window = {} }: Running["template"]): Window => ({
  tokens:
    window.tokens ?? (window.messages === undefined ? defaultTokens : Number.POSITIVE_INFINITY),
  messages: window.messages ?? Number.POSITIVE_INFINITY
})

/** What is kept or left out together: a message that calls tools, and the results. */
const unitsOf = (messages: ReadonlyArray<Message>): ReadonlyArray<ReadonlyArray<Message>> => {
  const units: Array<Array<Message>> = []
  for (const message of messages) {
    if (message.role === "tool") units[units.length - 1]?.push(message)
    else units.push([message])
  }
  return units
}

const hasCalls = ({ parts }: Message): boolean => parts.some(({ _tag }) => _tag === "ToolCall")

const isWhole = (unit: ReadonlyArray<Message>): boolean => {
  if (!unit.some(hasCalls)) return true
  const parts = unit.flatMap((message) => message.parts)
  const results = new Set(parts.flatMap((part) => (part._tag === "ToolResult" ? part.callId : [])))
  return parts.every((part) => part._tag !== "ToolCall" || results.has(part.callId))
}

/** What fits of some messages, what it takes, and whether older ones would not fit. */
interface Fitted {
  readonly kept: ReadonlyArray<Message>
  readonly tokens: number
  readonly isFull: boolean
}

/**
 * The newest of `messages` (oldest first) that fit, oldest first. Results of tools whose call is not
 * among them, and calls without results, are left out: no provider takes one without the other.
 */
export const fit = (messages: ReadonlyArray<Message>, window: Window): Fitted => {
  const kept: Array<ReadonlyArray<Message>> = []
  let tokens = 0
  let count = 0
  for (const unit of unitsOf(messages).toReversed()) {
    if (!isWhole(unit)) continue
    const more = unit.reduce((sum, message) => sum + tokensOfMessage(message), 0)
    if (tokens + more > window.tokens || count + unit.length > window.messages) {
      return { kept: kept.toReversed().flat(), tokens, isFull: true }
    }
    tokens += more
    count += unit.length
    kept.push(unit)
  }
  return { kept: kept.toReversed().flat(), tokens, isFull: false }
}

/**
 * The messages of earlier turns that a prompt of this turn holds, oldest first, without those of
 * failed turns. What it reads is bounded by the window, not by the length of the conversation.
 */
export const readWindow = Effect.fnUntraced(function* (
  { stores }: Storage["Service"],
  { position, scope, template, turn }: Running
): Effect.fn.Return<ReadonlyArray<Message>, StorageError> {
  const window = windowOf(template)
  let limit = Math.min(firstRead, window.messages)
  while (limit > 0) {
    const found = yield* stores.messages.recent(scope, turn.conversationId, position, limit)
    const { isFull, kept, tokens } = fit(found, window)
    if (isFull || found.length < limit || limit >= window.messages) return kept
    // As many as fill the window when they are as long as these, and a few more.
    const filling = Math.ceil((1.2 * window.tokens * limit) / Math.max(1, tokens))
    limit = Math.min(Math.max(limit * 2, filling), window.messages, maximumRead)
    if (found.length >= maximumRead) return kept
  }
  return []
})

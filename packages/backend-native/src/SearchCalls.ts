/** Calls that search: passages, and what was said before. They change nothing but an index. */
import type { Running } from "@atrium/core/backend/AgentBackend"
import { type Message, textOf } from "@atrium/core/conversations/Message"
import type { StorageError } from "@atrium/core/errors"
import { searched } from "@atrium/core/memory/Passage"
import * as Recall from "@atrium/core/memory/Recall"
import * as Search from "@atrium/core/memory/Search"
import type { Storage } from "@atrium/core/storage/Storage"
import type { ToolCalled, ToolOutcome } from "@atrium/core/tools/ToolSpec"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Numbered } from "./Citations.ts"
import { dayOf } from "./DataText.ts"
import { excerptOf } from "./Excerpt.ts"
import * as Outcomes from "./Outcomes.ts"
import { inputs } from "./OwnTools.ts"

/** Passages and messages that one search tells at most. */
const most = 5

const readQuery = Schema.decodeUnknownOption(inputs.passage_search)

/**
 * Searches what the agent keeps for all, what it keeps of this user, and the template's sources.
 * Passages that the turn found before keep their number; new ones get the next.
 */
export const searchPassages = Effect.fnUntraced(function* (
  storage: Storage["Service"],
  { agentId, scope, template }: Running,
  call: ToolCalled,
  numbered: Map<number, Numbered>
): Effect.fn.Return<ToolOutcome, StorageError> {
  const input = readQuery(call.input)
  if (Option.isNone(input)) return Outcomes.malformed(call)
  const archives = searched(agentId, Option.getOrNull(scope.userId), template.sources ?? [])
  const hits = yield* Search.passages(storage, scope, archives, input.value.query, most)
  const records = hits.map(({ item }) => item)
  const titles = yield* Search.titles(storage, scope, records)
  const passages = records.map(({ id, text }): Numbered => {
    const before = [...numbered.values()].find((passage) => passage.id === id)
    const number = before?.number ?? numbered.size + 1
    const passage = { number, id, title: titles.get(id) ?? "", text }
    numbered.set(number, passage)
    return passage
  })
  return Outcomes.done(call, { passages })
})

/** A message as a search tells it: who said it, on which day (UTC), and what, around `words`. */
const told = (message: Message, words: ReadonlyArray<string> = []): Schema.JsonObject => ({
  role: message.role,
  day: dayOf(message),
  text: excerptOf(textOf(message), words)
})

/** What the turn's user and the agent said before. A call without a user finds nothing. */
export const recalled = Effect.fnUntraced(function* (
  storage: Storage["Service"],
  { agentId, scope }: Running,
  query: string,
  limit: number = most
): Effect.fn.Return<ReadonlyArray<Recall.Recalled>, StorageError> {
  if (Option.isNone(scope.userId)) return []
  return yield* Recall.recall(storage, scope, agentId, query, limit)
})

/** Searches what was said before, each message with what was said right before and after it. */
export const searchConversations = Effect.fnUntraced(function* (
  storage: Storage["Service"],
  turn: Running,
  call: ToolCalled
): Effect.fn.Return<ToolOutcome, StorageError> {
  const input = readQuery(call.input)
  if (Option.isNone(input)) return Outcomes.malformed(call)
  const hits = yield* recalled(storage, turn, input.value.query)
  return Outcomes.done(call, {
    messages: hits.map(({ after, before, item, why }) => ({
      ...told(item, why),
      before: before.map((message) => told(message)),
      after: after.map((message) => told(message))
    }))
  })
})

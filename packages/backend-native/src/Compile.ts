/** The prompt of a turn, from what the stores keep. */
import type { Running } from "@atrium/core/backend/AgentBackend"
import { type Message, textOf } from "@atrium/core/conversations/Message"
import type { StorageError } from "@atrium/core/errors"
import type { BlockRecord } from "@atrium/core/storage/BlockStore"
import type { Storage } from "@atrium/core/storage/Storage"
import * as Prompt from "effect/ai/Prompt"
import * as Effect from "effect/Effect"
import { mayChange } from "./Blocks.ts"
import { dataText, type RecalledText } from "./DataText.ts"
import { excerptOf } from "./Excerpt.ts"
import { recalled } from "./SearchCalls.ts"
import { isOperators, systemText } from "./SystemText.ts"
import { promptOf, userText } from "./Transcript.ts"
import { readWindow } from "./Window.ts"

/** Stands in the place of what the window cut off, where it begins with an answer. */
const notShown = "(What was said before this is not shown.)"

/** A compiled turn. */
export interface Compiled {
  /** What every call of the turn begins with, the user's message last. */
  readonly opening: ReadonlyArray<Prompt.Message>
  readonly blocks: ReadonlyArray<BlockRecord>
  /** Messages of earlier turns that the opening shows. */
  readonly history: ReadonlyArray<Message>
}

/** What the template lets every turn search for: earlier messages that the window does not show. */
const recall = Effect.fnUntraced(function* (
  storage: Storage["Service"],
  turn: Running,
  history: ReadonlyArray<Message>
): Effect.fn.Return<ReadonlyArray<RecalledText>, StorageError> {
  if (turn.template.recall !== true) return []
  const shown = new Set(history.map(({ id }) => id))
  const hits = yield* recalled(storage, turn, textOf(turn.input))
  return hits.flatMap(({ item, why }) =>
    shown.has(item.id) ? [] : { message: item, text: excerptOf(textOf(item), why) }
  )
})

/**
 * Compiles a turn. It depends on the template, the user, that user's memory with this agent, and the
 * conversation, and on nothing that another user does [ISO-2]; the same state gives the same bytes.
 */
export const compile = Effect.fnUntraced(function* (
  storage: Storage["Service"],
  turn: Running
): Effect.fn.Return<Compiled, StorageError> {
  const { agentId, input, scope, template, user } = turn
  const blocks = yield* storage.stores.blocks.list(scope, agentId, turn.turn.conversationId)
  const history = yield* readWindow(storage, turn)
  const data = dataText({
    user,
    blocks: blocks.filter((block) => !isOperators(block)),
    recalled: yield* recall(storage, turn, history)
  })
  const system = systemText(template, blocks, {
    data: data !== "",
    changeable: blocks.some(mayChange)
  })
  const isCut = history[0] !== undefined && history[0].role !== "user"
  const opening = [
    Prompt.systemMessage({ content: system }),
    ...(data === "" ? [] : [userText(data)]),
    // Else the model's own words would stand there as its answer to the data.
    ...(isCut ? [userText(notShown)] : []),
    ...promptOf([...history, input])
  ]
  return { opening, blocks, history }
})

/** A turn, step by step: ask the model, run what it calls, commit, until it has answered. */
import type { Running } from "@atrium/core/backend/AgentBackend"
import { type Message, textOf } from "@atrium/core/conversations/Message"
import type { BackendError, StorageError, TurnError } from "@atrium/core/errors"
import type { BlockRecord } from "@atrium/core/storage/BlockStore"
import type { Storage } from "@atrium/core/storage/Storage"
import type { StopReason } from "@atrium/core/turns/Turn"
import type { Told } from "@atrium/core/turns/TurnFact"
import type { LanguageModel } from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { askModel } from "./AskModel.ts"
import { mayChange } from "./Blocks.ts"
import { CallIds } from "./CallIds.ts"
import { citationsOf, numberedIn } from "./Citations.ts"
import { type Compiled, compile } from "./Compile.ts"
import { type Draft, fromJson, messageOf } from "./Draft.ts"
import { revisionsOf, type Seen } from "./EditCalls.ts"
import { isForeign, offered } from "./OwnTools.ts"
import { retried } from "./Retry.ts"
import { runTools } from "./RunTools.ts"
import type { Limits } from "./Settings.ts"
import { calledOf, storeStep } from "./StoreStep.ts"
import { toolsOf } from "./Tools.ts"
import { promptOf } from "./Transcript.ts"
import { Writing } from "./Writing.ts"

/** Model calls in a turn of a template that names no ceiling. */
const defaultSteps = 10

interface Parts {
  readonly storage: Storage["Service"]
  readonly languageModel: LanguageModel
  readonly limits: Limits
}

/** The messages that this turn stored before. */
const saidBefore = ({ past }: Running): ReadonlyArray<Message> =>
  past.flatMap((fact) => (fact._tag === "MessageStored" ? fact.message : []))

const callIdsIn = (messages: ReadonlyArray<Message>): ReadonlyArray<string> =>
  messages.flatMap(({ parts }) =>
    parts.flatMap((part) => (part._tag === "ToolCall" ? part.callId : []))
  )

/**
 * True when the prompt holds the result of a tool or a passage, of this turn or of an earlier one
 * that the window still shows: somebody else's text may speak through the model then.
 */
const hasForeign = (messages: ReadonlyArray<Message>): boolean =>
  messages.some(({ parts }) =>
    parts.some((part) => part._tag === "ToolCall" && isForeign(part.name))
  )

/**
 * True when a block holds what was written after such a text was read: kept in memory, it speaks in
 * every later conversation.
 */
const holdsDerived = (blocks: ReadonlyArray<BlockRecord>): boolean =>
  blocks.some(({ trust }) => trust === "derived")

/** Runs turns. Whatever a run has begun is freed with it: a model's call ends when it is interrupted. */
export const makeLoop = ({ languageModel, limits, storage }: Parts) => {
  /** Asks the model for the next step, again where that may help. */
  const ask = Effect.fnUntraced(function* (
    turn: Running,
    { blocks, history, opening }: Compiled,
    said: ReadonlyArray<Message>,
    seen: Seen
  ): Effect.fn.Return<Draft, BackendError | TurnError> {
    const { attempt, emit, template, tools } = turn
    const messageId = `${turn.turn.id}-${attempt}.${said.length + 1}`
    const used = callIdsIn([...history, ...said])
    const begin = () =>
      new Writing(messageId, new CallIds(`${messageId.replaceAll(".", "_")}-`, used))
    const call = {
      model: template.model,
      prompt: [...opening, ...promptOf(said)],
      tools: toolsOf([...offered(blocks.some(mayChange)), ...tools]),
      emit,
      ...limits
    }
    let writing = begin()
    const once = Effect.suspend(() => {
      writing = begin()
      return askModel(languageModel, call, writing)
    })
    const forget = Effect.suspend(() => {
      if (!writing.begun) return Effect.void
      writing = begin()
      return emit({ _tag: "Retracted", messageId })
    })
    /** What the vendor says that it used is paid, whatever became of it. */
    const failed = Effect.suspend(() => {
      const { finish = "error", model = template.model, usage } = writing
      if (usage.input === 0 && usage.output === 0) return Effect.void
      const called: Told = { _tag: "ModelCalled", purpose: "failed", model, usage, finish }
      return Effect.andThen(forget, turn.commit([called]))
    })
    yield* retried({ once, failed, forget }, limits)
    const finish = writing.finish ?? "unknown"
    // What follows the point where a model was stopped is not what it meant to say.
    const isCut = finish === "length" || finish === "content-filter"
    const parts = writing.said()
    const calls = parts.flatMap((part) => (part._tag === "ToolCall" ? part.callId : []))
    return {
      version: 1,
      messageId,
      parts,
      model: writing.model ?? template.model,
      usage: writing.usage,
      finish,
      cut: isCut ? calls : writing.cut(),
      seen
    }
  })

  return Effect.fnUntraced(function* (
    turn: Running
  ): Effect.fn.Return<StopReason | "waiting", BackendError | TurnError | StorageError> {
    const compiled = yield* compile(storage, turn)
    const ceiling = Math.max(1, turn.template.maxSteps ?? defaultSteps)
    let said = saidBefore(turn)
    let blocks = compiled.blocks
    let foreign = false
    let seen = revisionsOf(blocks)
    let steps = turn.past.filter(
      (fact) => fact._tag === "ModelCalled" && fact.purpose === "chat"
    ).length
    let begun = yield* Effect.transposeOption(Option.map(turn.draft, fromJson))
    while (true) {
      const draft = Option.isSome(begun) ? begun.value : yield* ask(turn, compiled, said, seen)
      begun = Option.none()
      steps += 1
      if (!draft.parts.some((part) => part._tag === "ToolCall")) {
        const stop = draft.finish === "content-filter" ? "refused" : "answered"
        yield* answer(turn, draft, said, stop)
        return stop
      }
      foreign ||= hasForeign([...compiled.history, ...said]) || holdsDerived(blocks)
      const ran = yield* runTools(storage, turn, draft, { foreign, said })
      if (ran === "waiting") return "waiting"
      const stop: StopReason | undefined =
        draft.finish === "content-filter" ? "refused" : steps >= ceiling ? "max-steps" : undefined
      const resultsId = `${turn.turn.id}-${turn.attempt}.${said.length + 2}`
      const stored = yield* storeStep(storage, turn, {
        draft,
        ran,
        resultsId,
        blocks,
        foreign,
        stop
      })
      if (stop !== undefined) return stop
      said = [...said, ...stored.messages]
      blocks = stored.blocks
      seen = stored.seen
    }
  })
}

/** The last step: the answer with what it rests on. A model that said nothing stores no message. */
const answer = (
  turn: Running,
  draft: Draft,
  said: ReadonlyArray<Message>,
  stop: StopReason
): Effect.Effect<void, TurnError> => {
  const message = messageOf(draft)
  const parts = [...message.parts, ...citationsOf(textOf(message), numberedIn(said))]
  const stored: Told = { _tag: "MessageStored", message: { ...message, parts } }
  return turn.commit(parts.length === 0 ? [calledOf(draft)] : [calledOf(draft), stored], { stop })
}

/** Turns and messages out of order, rewritten, or told when they should not be. */
import { conversation } from "@atrium/conformance/storage/Samples"
import type { TurnRecord } from "@atrium/core/storage/TurnStore"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { exchange, type Mutant, mutant } from "./Mutant.ts"

export const turns: ReadonlyArray<Mutant> = [
  mutant("a key is found without its case", ["TRN-3a"], (storage) => {
    const { turns } = storage.stores
    return exchange(storage, {
      turns: {
        findKeyed: Effect.fnUntraced(function* (scope, conversation, key) {
          const found = yield* turns.findKeyed(scope, conversation, key)
          return Option.isSome(found)
            ? found
            : yield* turns.findKeyed(scope, conversation, key.toLowerCase())
        })
      }
    })
  }),
  mutant("a key is forgotten when its turn ends", ["TRN-3b"], (storage) => {
    const { turns } = storage.stores
    return exchange(storage, {
      turns: {
        findKeyed: (scope, conversation, key) =>
          Effect.map(
            turns.findKeyed(scope, conversation, key),
            Option.filter(({ end }) => end === null)
          )
      }
    })
  }),
  mutant("a draft outlives the step that it was begun for", ["TRN-1a"], (storage) => {
    const { turns } = storage.stores
    return exchange(storage, {
      turns: {
        advance: Effect.fnUntraced(function* (scope, turn, facts) {
          const found = yield* turns.find(scope, turn.id)
          const draft = turn.draft ?? Option.getOrNull(found)?.draft ?? null
          return yield* turns.advance(scope, { ...turn, draft }, facts)
        })
      }
    })
  }),
  mutant("until when a call waits is not kept", ["TRN-3a", "TRN-1a"], (storage) => {
    const { turns } = storage.stores
    const forgotten = (turn: TurnRecord): TurnRecord => ({
      ...turn,
      waiting: turn.waiting.map(({ callId }) => ({ callId, expiresAt: 0 }))
    })
    return exchange(storage, {
      turns: {
        insert: (scope, turn) => turns.insert(scope, forgotten(turn)),
        advance: (scope, turn, facts) => turns.advance(scope, forgotten(turn), facts)
      }
    })
  }),
  mutant(
    "a turn that was handed back looks like one that crashed",
    ["TRN-3a", "TRN-1a"],
    (storage) => {
      const { turns } = storage.stores
      return exchange(storage, {
        turns: {
          insert: (scope, turn) => turns.insert(scope, { ...turn, handedBack: 0 }),
          advance: (scope, turn, facts) => turns.advance(scope, { ...turn, handedBack: 0 }, facts)
        }
      })
    }
  ),
  mutant("a second turn with a taken id takes its place", ["TRN-3c"], (storage) => {
    const { turns } = storage.stores
    return exchange(storage, {
      turns: {
        insert: (scope, turn) =>
          Effect.andThen(turns.insert(scope, turn), turns.advance(scope, turn, []))
      }
    })
  }),
  mutant("unended turns are sorted by id", ["TRN-4"], (storage) => {
    const { turns } = storage.stores
    return exchange(storage, {
      turns: {
        unended: (scope, conversation) =>
          Effect.map(turns.unended(scope, conversation), (found) =>
            found.toSorted((a, b) => (a.id < b.id ? -1 : 1))
          )
      }
    })
  }),
  mutant("a step keeps only what it has always kept", ["TRN-1a"], (storage) => {
    const { turns } = storage.stores
    return exchange(storage, {
      turns: {
        advance: (scope, turn, facts) => turns.advance(scope, { ...turn, attempt: 0 }, facts)
      }
    })
  }),
  mutant("every step is said to be written", ["TRN-1b", "TRN-7b"], (storage) => {
    const { turns } = storage.stores
    return exchange(storage, {
      turns: {
        advance: (scope, turn, facts) => Effect.as(turns.advance(scope, turn, facts), true)
      }
    })
  }),
  mutant(
    "facts begin after the sequence that was asked for",
    ["ISO-1 turns.facts", "ISO-2 turns.facts", "ISO-5c", "TRN-1b", "TRN-2"],
    (storage) => {
      const { turns } = storage.stores
      return exchange(storage, {
        turns: { facts: (scope, turn, sequence) => turns.facts(scope, turn, sequence + 1) }
      })
    }
  ),
  mutant("a step makes the turn that it does not find", ["TRN-7b"], (storage) => {
    const { conversations, turns } = storage.stores
    return exchange(storage, {
      turns: {
        advance: Effect.fnUntraced(function* (scope, turn, facts) {
          const conversation = yield* conversations.find(scope, turn.conversationId)
          if (Option.isSome(conversation)) yield* turns.insert(scope, turn)
          return yield* turns.advance(scope, turn, facts)
        })
      }
    })
  }),
  mutant("a message makes the conversation that it does not find", ["STO-7a"], (storage) => {
    const { conversations, messages } = storage.stores
    return exchange(storage, {
      messages: {
        append: Effect.fnUntraced(function* (scope, records) {
          for (const { conversationId: id, userId } of records.slice(0, 1)) {
            const { items } = yield* conversations.list(scope, {})
            if (items.length > 0) continue
            yield* conversations.resolve(scope, conversation(id, userId))
          }
          yield* messages.append(scope, records)
        })
      }
    })
  })
]

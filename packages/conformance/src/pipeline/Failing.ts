/** TRN-10, MEM-7, ADP-2: how turns fail, and what is kept of them. */

import { Conversations } from "@atrium/core/conversations/Conversations"
import { textOf } from "@atrium/core/conversations/Message"
import { BackendError, type Reason } from "@atrium/core/errors"
import { Storage } from "@atrium/core/storage/Storage"
import { Principal } from "@atrium/core/tenancy/Principal"
import { Turns } from "@atrium/core/turns/Turns"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { range } from "../storage/Interleaving.ts"
import type { PipelineRule } from "./PipelineRule.ts"
import * as Puppet from "./Puppet.ts"
import { ann, ask, read, resumesEverywhere, send, talk, told, transcript } from "./Steps.ts"
import { passing } from "./VirtualTime.ts"

const reasons: ReadonlyArray<Reason> = [
  { _tag: "Unauthenticated", by: "vendor" },
  { _tag: "RateLimited", retryAfterMs: 7000 },
  { _tag: "QuotaExceeded", budget: "vendor" },
  { _tag: "ContextTooLong" },
  { _tag: "Unreachable", host: "vendor" },
  { _tag: "TimedOut", afterMs: 120_000 },
  { _tag: "Malformed", what: "The reply" }
]

const failingAt = (text: string) => reasons[Number(text)]

/** Fails with the reason of that number after one paid call and half a text; answers all else. */
const sometimes: Puppet.Script = Effect.fnUntraced(function* (turn) {
  const reason = failingAt(Puppet.heard(turn))
  if (reason === undefined) return yield* Puppet.echo(turn)
  yield* turn.commit([Puppet.called(7)])
  yield* Puppet.write(turn, Puppet.messageId(turn), "half a text")
  return yield* BackendError.because(reason)
})

export const failing: ReadonlyArray<PipelineRule> = [
  ann(
    {
      id: "TRN-10a",
      sentence: "a failed turn stores the vendor's reason, and the usage of what it did use"
    },
    Effect.gen(function* () {
      const turns = yield* Turns
      const { id: conversation } = yield* talk()
      for (const [n, reason] of reasons.entries()) {
        const { id } = yield* send({ conversation, text: `${n}` })
        const events = yield* passing(told(id))
        yield* resumesEverywhere(id, events)
        const end = events[events.length - 1]
        assert.strictEqual(end?._tag, "TurnFailed")
        if (end?._tag === "TurnFailed") {
          assert.deepStrictEqual([end.reason, end.usage.output], [reason, 7])
        }
        assert.strictEqual((yield* turns.find(id)).state, "failed")
      }
    }),
    { backend: Puppet.make(sometimes).driver }
  ),
  ann(
    {
      id: "TRN-10b",
      sentence: "the messages of a failed turn stay in the transcript and out of later prompts"
    },
    Effect.gen(function* () {
      const { stores } = yield* Storage
      const caller = yield* Principal
      const { id: conversation } = yield* talk()
      const texts = ["hello", "0", "and you?", "3"]
      for (const text of texts) {
        const { id } = yield* send({ conversation, text })
        yield* passing(read(id))
      }
      const recent = yield* stores.messages.recent(caller, conversation, 100, 100)
      const all = ["hello", "re: hello", "0", "and you?", "re: and you?", "3"]
      assert.deepStrictEqual(recent.map(textOf), ["hello", "re: hello", "and you?", "re: and you?"])
      assert.deepStrictEqual((yield* transcript(conversation)).map(textOf), all)
    }),
    { backend: Puppet.make(sometimes).driver }
  ),
  ann(
    {
      id: "TRN-10c",
      rows: ["008", "080"],
      sentence: "ask answers the text behind tool calls, and fails typed where there is none"
    },
    Effect.gen(function* () {
      const { id: conversation } = yield* talk()
      const answer = yield* passing(ask({ conversation, text: "tool" }))
      assert.strictEqual(answer.text, "the text")
      const none = yield* passing(Effect.flip(ask({ conversation, text: "none" })))
      assert.deepStrictEqual(none.reason, { _tag: "NoAnswer", stop: "max-steps" })
      const failed = yield* passing(Effect.flip(ask({ conversation, text: "0" })))
      assert.deepStrictEqual(failed.reason, reasons[0])
    }),
    {
      backend: Puppet.make(
        Effect.fnUntraced(function* (turn) {
          if (Puppet.heard(turn) === "none") return "max-steps"
          if (Puppet.heard(turn) !== "tool") return yield* sometimes(turn)
          yield* turn.commit([
            Puppet.storedParts(Puppet.messageId(turn), [
              { _tag: "ToolCall", callId: "1", name: "look", input: {} }
            ])
          ])
          yield* turn.commit([Puppet.stored(Puppet.messageId(turn, 2), "the text")])
          return undefined
        })
      ).driver
    }
  ),
  ann(
    {
      id: "MEM-7a",
      rows: ["014"],
      sentence: "150 turns later every message is in the transcript, in order, page by page"
    },
    Effect.gen(function* () {
      const conversations = yield* Conversations
      const { id: conversation } = yield* talk()
      const other = yield* talk("other")
      for (const n of range(150)) yield* passing(ask({ conversation, text: `${n}` }))
      const all = range(150).flatMap((n) => [`${n}`, `re: ${n}`])
      for (const newestFirst of [false, true]) {
        const texts: Array<string> = []
        let after: string | undefined
        do {
          const page = yield* conversations.messages(conversation, {
            limit: 37,
            newestFirst,
            ...(after === undefined ? {} : { after })
          })
          texts.push(...page.items.map(textOf))
          after = Option.getOrUndefined(page.next)
        } while (after !== undefined)
        assert.deepStrictEqual(texts, newestFirst ? all.toReversed() : all)
      }
      assert.strictEqual((yield* conversations.find(conversation)).length, 300)
      assert.strictEqual((yield* conversations.find(other.id)).length, 0)
      assert.lengthOf(yield* transcript(other.id), 0)
    }),
    { backend: Puppet.make().driver }
  )
]

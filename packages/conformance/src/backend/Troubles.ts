/** ADP-2, ADP-3, TRN-6, TRN-7: what a backend makes of a vendor that fails, hangs or is slow. */
import { textOf } from "@atrium/core/conversations/Message"
import { Turns } from "@atrium/core/turns/Turns"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { as, inHouse } from "../pipeline/House.ts"
import { endOf } from "../pipeline/Reading.ts"
import { ask, cancel, read, send, talk, transcript } from "../pipeline/Steps.ts"
import { range } from "../storage/Interleaving.ts"
import { type BackendRule, type Steps, troubling } from "./BackendRule.ts"
import type { Vendor } from "./Vendor.ts"

const life = <A>(steps: Steps<A>) => inHouse(as("ann")(steps))

/** What is held is let go of, at most two seconds later: the vendor hears of it in its own time. */
const nothingHeld = (vendor: Vendor["Service"]) =>
  Effect.flatMap(vendor.held, (held) =>
    held === 0 ? Effect.void : Effect.fail(`${held} calls are held`)
  ).pipe(Effect.retry({ schedule: Schedule.spaced(20), times: 100 }))

/** Sends, and returns when the first piece of the answer came. */
const begun = (conversation: Parameters<typeof send>[0]["conversation"]) =>
  Effect.gen(function* () {
    const turns = yield* Turns
    const { id } = yield* send({ conversation, text: "a long story" })
    yield* Stream.runDrain(
      Stream.takeUntil(
        turns.follow(id),
        ({ _tag }) => _tag === "TextDelta" || _tag === "TurnFailed"
      )
    )
    return id
  })

export const troubles: ReadonlyArray<BackendRule> = [
  troubling(
    {
      id: "ADP-2a",
      sentence: "each fault of the vendor fails its turn with a typed reason, half-written nothing"
    },
    (vendor) =>
      life(
        Effect.gen(function* () {
          for (const { begin, name, reason } of vendor.faults) {
            const { id: conversation } = yield* talk(name)
            yield* ask({ conversation, text: "before" })
            const before = (yield* transcript(conversation)).length
            yield* begin
            const { id } = yield* send({ conversation, text: "trouble" })
            const { facts } = yield* read(id)
            assert.strictEqual(endOf(facts), reason, name)
            const left = (yield* transcript(conversation)).slice(before)
            assert.deepStrictEqual(left.map(textOf), ["trouble"], name)
            yield* nothingHeld(vendor)
            yield* ask({ conversation, text: "after" })
          }
        })
      )
  ),
  troubling(
    {
      id: "ADP-3a",
      rows: ["016"],
      sentence: "cancel ends a slow turn at once, keeps and marks its text, and frees the vendor"
    },
    (vendor) =>
      life(
        Effect.gen(function* () {
          yield* vendor.slow
          const { id: conversation } = yield* talk()
          const id = yield* begun(conversation)
          yield* Effect.timeout(cancel(id), 2000)
          assert.strictEqual(endOf((yield* read(id)).facts), "cancelled")
          const kept = (yield* transcript(conversation)).at(-1)
          assert.strictEqual(kept?.partial, true)
          const text = kept === undefined ? "" : textOf(kept)
          yield* nothingHeld(vendor)
          const whole = yield* ask({ conversation, text: "a long story" })
          assert.isAbove(text.length, 0)
          assert.isBelow(text.length, whole.text.length, "the vendor was let to finish")
        })
      )
  ),
  troubling(
    { id: "ADP-3b", sentence: "ten slow turns that are cut by a shutdown hold nothing" },
    (vendor) =>
      Effect.gen(function* () {
        yield* vendor.slow
        yield* life(
          Effect.forEach(range(10), (n) => Effect.flatMap(talk(`${n}`), ({ id }) => begun(id)), {
            concurrency: 10,
            discard: true
          })
        )
        yield* nothingHeld(vendor)
      })
  ),
  troubling(
    {
      id: "TRN-7a",
      sentence:
        "a turn that a shutdown cut is answered in the next life, once, with nothing doubled"
    },
    (vendor) =>
      Effect.gen(function* () {
        yield* vendor.slow
        const cut = yield* life(
          Effect.gen(function* () {
            const { id: conversation } = yield* talk()
            return { conversation, id: yield* begun(conversation) }
          })
        )
        yield* life(
          Effect.gen(function* () {
            assert.strictEqual(endOf((yield* read(cut.id)).facts), "answered")
            yield* ask({ conversation: cut.conversation, text: "and now?" })
            const messages = yield* transcript(cut.conversation)
            assert.strictEqual(new Set(messages.map(({ id }) => id)).size, messages.length)
            assert.lengthOf(
              messages.filter(({ role }) => role === "assistant"),
              2
            )
          })
        )
      })
  )
]

/** TRN-4, TRN-5: one turn at a time in a conversation, conversations side by side. */

import { Conversations } from "@atrium/core/conversations/Conversations"
import { textOf } from "@atrium/core/conversations/Message"
import { defaultPlan } from "@atrium/core/tenancy/Plan"
import type { OnBusy } from "@atrium/core/turns/Turn"
import { assert } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { atOnce, jitter, range, seeded } from "../storage/Interleaving.ts"
import { gated } from "./Gates.ts"
import { as, inHouse, type Opening } from "./House.ts"
import { type PipelineRule, timed } from "./PipelineRule.ts"
import * as Puppet from "./Puppet.ts"
import { endOf } from "./Reading.ts"
import { ask, read, refusal, send, talk, transcript, type Within } from "./Steps.ts"
import { passing, still } from "./VirtualTime.ts"

type Gated = ReturnType<typeof gated>

/** A rule with runs that wait, as ann. */
const waiting = (
  given: Omit<PipelineRule, "check">,
  steps: (puppet: Gated) => Effect.Effect<void, unknown, Within>,
  opening: Opening = {}
): PipelineRule =>
  timed({
    ...given,
    check: Effect.suspend(() => {
      const puppet = gated()
      return inHouse(as("ann")(steps(puppet)), { backend: puppet.driver, ...opening })
    })
  })

/** The texts of a transcript, marked where they are partial. */
const textsOf = (id: string) =>
  Effect.map(transcript(id), (messages) =>
    messages.map((message) => `${textOf(message)}${message.partial ? " (partial)" : ""}`)
  )

/** `n` conversations of one agent, a second of work each, all at once: how long that takes. */
const inParallel = (n: number, withinMs: number) =>
  Effect.gen(function* () {
    let running = 0
    let most = 0
    const { driver } = Puppet.make((turn) =>
      Effect.gen(function* () {
        running += 1
        most = Math.max(most, running)
        yield* Effect.sleep(1000)
        running -= 1
        return yield* Puppet.say(turn, "done")
      })
    )
    yield* Effect.gen(function* () {
      const talks = yield* Effect.forEach(range(n), (i) => talk(`${i}`))
      const before = yield* Clock.currentTimeMillis
      const answers = yield* passing(
        atOnce(talks.map(({ id }) => ask({ conversation: id, text: "work" })))
      )
      const took = (yield* Clock.currentTimeMillis) - before
      assert.isTrue(answers.every(({ text }) => text === "done"))
      assert.isBelow(took, withinMs)
      assert.strictEqual(most, n)
    }).pipe(as("ann"), (self) => inHouse(self, { backend: driver }))
  })

export const order: ReadonlyArray<PipelineRule> = [
  waiting(
    { id: "TRN-4a", sentence: "under queue, turns of a conversation run one by one as they came" },
    ({ heard, open }) =>
      Effect.gen(function* () {
        const { id: conversation } = yield* talk()
        const texts = range(6).map((n) => `text ${n}`)
        const sent = yield* Effect.forEach(texts, (text) => send({ conversation, text }))
        for (const [n, text] of texts.entries()) {
          yield* still
          assert.deepStrictEqual(heard(), texts.slice(0, n + 1))
          yield* open(text)
        }
        for (const { id } of sent) yield* passing(read(id))
        assert.deepStrictEqual(
          yield* textsOf(conversation),
          texts.flatMap((text) => [text, `re: ${text}`])
        )
      })
  ),
  waiting(
    {
      id: "TRN-4b",
      sentence:
        "by default 8 may wait behind the running turn; the next is Busy and leaves no trace"
    },
    ({ open }) =>
      Effect.gen(function* () {
        const { id: conversation } = yield* talk()
        for (const n of range(9)) yield* send({ conversation, text: `${n}` })
        const refused = yield* Effect.flip(send({ conversation, text: "9", id: "key" }))
        assert.deepStrictEqual(refused.reason, { _tag: "Busy", ahead: 9 })
        assert.deepStrictEqual(
          yield* textsOf(conversation),
          range(9).map((n) => `${n}`)
        )
        yield* open("0")
        yield* still
        const { id } = yield* send({ conversation, text: "9", id: "key" })
        for (const n of range(10)) yield* open(`${n}`)
        assert.strictEqual(endOf((yield* passing(read(id))).facts), "answered")
      }),
    { plan: { waiting: defaultPlan.waiting } }
  ),
  waiting(
    { id: "TRN-4c", sentence: "under reject, a second send is Busy at once and leaves no trace" },
    ({ heard, open }) =>
      Effect.gen(function* () {
        const { id: conversation } = yield* talk()
        const { id } = yield* send({ conversation, text: "first" })
        const again = { conversation, text: "second", onBusy: "reject" as OnBusy }
        assert.strictEqual(yield* refusal(send(again)), "Busy")
        yield* open("first")
        yield* passing(read(id))
        assert.deepStrictEqual(yield* textsOf(conversation), ["first", "re: first"])
        yield* open("second")
        assert.strictEqual((yield* passing(ask(again))).text, "re: second")
        assert.deepStrictEqual(heard(), ["first", "second"])
      })
  ),
  waiting(
    {
      id: "TRN-4d",
      sentence: "under interrupt, the running turn ends as cancelled, its text kept and marked"
    },
    ({ open }) =>
      Effect.gen(function* () {
        const { id: conversation } = yield* talk()
        const first = yield* send({ conversation, text: "first" })
        yield* still
        yield* open("second")
        const answer = yield* passing(ask({ conversation, text: "second", onBusy: "interrupt" }))
        assert.strictEqual(answer.text, "re: second")
        assert.strictEqual(endOf((yield* read(first.id)).facts), "cancelled")
        assert.deepStrictEqual(yield* textsOf(conversation), [
          "first",
          "re: f (partial)",
          "second",
          "re: second"
        ])
      })
  ),
  waiting(
    {
      id: "TRN-4e",
      sentence: "a storm of sends that interrupt, queue and reject leaves each turn with one end"
    },
    ({ open }) =>
      seeded(
        Effect.gen(function* () {
          const { id: conversation } = yield* Effect.flatMap(Conversations, (conversations) =>
            conversations.start("helper")
          )
          for (const n of range(30)) yield* open(`storm ${3 * n}`)
          const modes: ReadonlyArray<OnBusy> = ["interrupt", "queue", "reject"]
          const sent = yield* passing(
            atOnce(
              range(30).map((n) =>
                Effect.andThen(
                  jitter,
                  Effect.option(
                    send({ conversation, text: `storm ${n}`, onBusy: modes[n % 3] ?? "queue" })
                  )
                )
              )
            ),
            5
          )
          for (const n of range(30)) yield* open(`storm ${n}`)
          const last = yield* passing(ask({ conversation, text: "storm 0" }), 5)
          assert.strictEqual(last.text, "re: storm 0")
          for (const turn of sent) {
            if (turn._tag === "None") continue
            assert.include(["answered", "cancelled"], endOf((yield* read(turn.value.id)).facts))
          }
        }),
        5
      )
  ),
  waiting(
    {
      id: "TRN-4f",
      sentence: "20 turns at once in one conversation are 20 pairs, in the order of their begins"
    },
    ({ heard, open }) =>
      Effect.gen(function* () {
        const { id: conversation } = yield* talk()
        const texts = range(20).map((n) => `text ${n}`)
        for (const text of texts) yield* open(text)
        const answers = yield* passing(
          atOnce(texts.map((text) => Effect.andThen(jitter, ask({ conversation, text })))),
          5
        )
        assert.deepStrictEqual(
          answers.map(({ text }) => text),
          texts.map((text) => `re: ${text}`)
        )
        assert.deepStrictEqual(
          yield* textsOf(conversation),
          heard().flatMap((text) => [text, `re: ${text}`])
        )
        assert.sameMembers([...heard()], [...texts])
      }),
    { plan: { waiting: 32 } }
  ),
  timed({
    id: "TRN-5a",
    rows: ["015"],
    sentence: "3 conversations of one agent with a second of work each take less than 1.5 seconds",
    check: inParallel(3, 1500)
  }),
  timed({
    id: "TRN-5b",
    rows: ["015"],
    sentence: "100 conversations of one agent with a second of work each take less than 2 seconds",
    check: inParallel(100, 2000)
  })
]

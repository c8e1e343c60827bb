/** TRN-1, TRN-2: what readers of a turn are told, from whatever cursor they come back. */
import { BackendError } from "@atrium/core/errors"
import type { ConversationId } from "@atrium/core/ids"
import { isFact, type TurnEvent } from "@atrium/core/turns/TurnEvent"
import { Turns } from "@atrium/core/turns/Turns"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { range } from "../storage/Interleaving.ts"
import type { PipelineRule } from "./PipelineRule.ts"
import * as Puppet from "./Puppet.ts"
import { endOf, Reading } from "./Reading.ts"
import {
  ann,
  ask,
  read,
  refusal,
  resumesEverywhere,
  talk,
  transcript,
  type Within
} from "./Steps.ts"
import { passing } from "./VirtualTime.ts"

/** One turn with a scripted backend, read as it runs; then `check`. */
const scripted = (
  given: Omit<PipelineRule, "check">,
  script: Puppet.Script,
  check: (
    events: ReadonlyArray<TurnEvent>,
    turnId: string,
    conversationId: ConversationId
  ) => Effect.Effect<void, unknown, Within> = () => Effect.void
): PipelineRule =>
  ann(
    given,
    Effect.gen(function* () {
      const turns = yield* Turns
      const { id } = yield* talk()
      const events = yield* passing(
        Stream.runCollect(turns.stream({ conversation: id, text: "begin" }))
      )
      const [first] = events
      const turnId = first?._tag === "TurnStarted" ? first.turnId : "none"
      yield* resumesEverywhere(turnId, events)
      yield* check(events, turnId, id)
    }),
    { backend: Puppet.make(script).driver }
  )

/** What a reader is left with, read live and read from the store. */
const sameStored = Effect.fnUntraced(function* (
  events: ReadonlyArray<TurnEvent>,
  turnId: string,
  conversationId: ConversationId
) {
  const live = Reading.of(events)
  const later = yield* read(turnId)
  assert.deepStrictEqual(later.facts, live.facts, "the stored facts are those that were told")
  assert.deepStrictEqual(yield* transcript(conversationId), live.messages, "the transcript")
})

/** What backends were answered that committed after the end, by turn. */
const afterTheEnd = new Map<string, string>()

const text = "A text that is long enough for many pieces."

export const events: ReadonlyArray<PipelineRule> = [
  ann(
    {
      id: "TRN-1a",
      sentence: "a turn tells TurnStarted, its steps, and one end, numbered without a gap from 1"
    },
    Effect.gen(function* () {
      const turns = yield* Turns
      const { id } = yield* talk()
      for (const n of range(3)) {
        const told = yield* passing(
          Stream.runCollect(turns.stream({ conversation: id, text: `${n}` }))
        )
        assert.isTrue(Reading.of(told).ended)
        assert.strictEqual(endOf(told.filter(isFact)), "answered")
      }
    })
  ),
  scripted(
    {
      id: "TRN-1b",
      sentence: "what a backend commits or writes after the end is refused and told to nobody"
    },
    (turn) =>
      Effect.gen(function* () {
        yield* Puppet.say(turn, text)
        yield* turn.emit(Puppet.piece("late", 0, "late"))
        const answer = yield* refusal(turn.commit([Puppet.stored("late", "late")]))
        afterTheEnd.set(turn.turn.id, answer)
        return undefined
      }),
    (events, turnId, conversationId) =>
      Effect.gen(function* () {
        yield* sameStored(events, turnId, conversationId)
        assert.notInclude(JSON.stringify(events), "late")
        assert.strictEqual(afterTheEnd.get(turnId), "Conflict")
      })
  ),
  scripted(
    {
      id: "TRN-1c",
      sentence: "commits of several fibers of one run come one after another, none lost"
    },
    (turn) =>
      Effect.gen(function* () {
        yield* Effect.forEach(
          range(20),
          (n) =>
            turn.commit([Puppet.called(1), Puppet.stored(`m${n}`, `text ${n}`)], {
              writes: Effect.yieldNow
            }),
          { concurrency: "unbounded" }
        )
        return undefined
      }),
    (events, turnId, conversationId) =>
      Effect.gen(function* () {
        yield* sameStored(events, turnId, conversationId)
        const reading = Reading.of(events)
        assert.lengthOf(reading.messages, 21)
        const end = reading.facts[reading.facts.length - 1]
        assert.strictEqual(end?._tag === "TurnFinished" ? end.usage.output : -1, 20)
      })
  ),
  scripted(
    {
      id: "TRN-1d",
      sentence: "a run that returns, fails, dies or stops itself without a last commit has an end"
    },
    (turn) => {
      const how: Record<string, ReturnType<Puppet.Script>> = {
        returns: Effect.succeed("max-steps"),
        fails: Effect.fail(BackendError.because({ _tag: "Unreachable", host: "vendor" })),
        dies: Effect.die("a defect"),
        stops: Effect.interrupt
      }
      return how[Puppet.heard(turn)] ?? Puppet.echo(turn)
    },
    (_, __, conversation) =>
      Effect.gen(function* () {
        const turns = yield* Turns
        const ends: Array<string> = []
        for (const text of ["returns", "fails", "dies", "stops"]) {
          const told = yield* passing(Stream.runCollect(turns.stream({ conversation, text })))
          ends.push(endOf(Reading.of(told).facts))
        }
        assert.deepStrictEqual(ends, ["max-steps", "Unreachable", "Crashed", "Crashed"])
        assert.strictEqual((yield* passing(ask({ conversation, text: "hi" }))).text, "re: hi")
      })
  ),
  scripted(
    {
      id: "TRN-1e",
      sentence: "a backend that fails after its last commit changes nothing of the turn's end"
    },
    (turn) => Effect.andThen(Puppet.say(turn, text), Effect.die("after the end")),
    (events, turnId, conversationId) =>
      Effect.gen(function* () {
        yield* sameStored(events, turnId, conversationId)
        assert.strictEqual(endOf(Reading.of(events).facts), "answered")
      })
  ),
  scripted(
    {
      id: "TRN-2a",
      rows: ["116"],
      sentence:
        "the deltas of each message, joined, are the stored message; and so after any cursor"
    },
    (turn) =>
      Effect.gen(function* () {
        for (const n of range(3)) {
          const id = Puppet.messageId(turn, n)
          yield* turn.emit({ ...Puppet.piece(id, 0, "think"), _tag: "ReasoningDelta" as const })
          yield* Puppet.write(turn, id, text, 5, 1)
          yield* turn.commit([
            Puppet.called(n),
            Puppet.storedParts(id, [
              { _tag: "Reasoning", text: "think" },
              { _tag: "Text", text }
            ])
          ])
        }
        return undefined
      }),
    sameStored
  ),
  scripted(
    {
      id: "TRN-2b",
      sentence: "text that is begun anew is retracted, and a reader who stood in it is told so"
    },
    (turn) =>
      Effect.gen(function* () {
        const id = Puppet.messageId(turn)
        for (const lost of ["A text that", "A text", "A text that is lo"]) {
          yield* Puppet.write(turn, id, lost)
          yield* turn.emit({ _tag: "Retracted", messageId: id })
        }
        return yield* Puppet.say(turn, text)
      }),
    (events, turnId, conversationId) =>
      Effect.gen(function* () {
        yield* sameStored(events, turnId, conversationId)
        assert.strictEqual(Reading.of(events).retracted, 3)
      })
  ),
  scripted(
    {
      id: "TRN-2c",
      sentence: "several messages may be written before one commit stores them all"
    },
    (turn) =>
      Effect.gen(function* () {
        for (const n of range(3)) yield* Puppet.write(turn, `m${n}`, `${n} ${text}`)
        yield* turn.commit(range(3).map((n) => Puppet.stored(`m${n}`, `${n} ${text}`)))
        return undefined
      }),
    sameStored
  ),
  scripted(
    {
      id: "TRN-2d",
      sentence: "text of a message that is never stored is retracted, and is no other message's"
    },
    (turn) =>
      Effect.gen(function* () {
        yield* Puppet.write(turn, "never", text)
        yield* turn.commit([Puppet.stored("other", "Something else, which is longer than that.")])
        yield* Puppet.write(turn, "nor this", text)
        return undefined
      }),
    sameStored
  )
]

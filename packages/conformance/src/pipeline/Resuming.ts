/** TRN-2: coming back while a message is written. */

import type { Running } from "@atrium/core/backend/AgentBackend"
import type { TurnError } from "@atrium/core/errors"
import * as Cursor from "@atrium/core/turns/Cursor"
import type { TurnEvent } from "@atrium/core/turns/TurnEvent"
import { Turns } from "@atrium/core/turns/Turns"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Stream from "effect/Stream"
import { as, inHouse } from "./House.ts"
import { type PipelineRule, timed } from "./PipelineRule.ts"
import * as Puppet from "./Puppet.ts"
import { Reading } from "./Reading.ts"
import { talk, told } from "./Steps.ts"
import { passing, still } from "./VirtualTime.ts"

const text = "A text of five pieces, no more"
const pieces = (turn: Running, id: string, part = 0) =>
  Array.from({ length: 5 }, (_, i) =>
    turn.emit(Puppet.piece(id, i * 6, text.slice(i * 6, i * 6 + 6), part))
  )

/** Two messages, the second of which is begun thrice, with another fact in its midst. */
const actions = (turn: Running): ReadonlyArray<Effect.Effect<void, TurnError>> => [
  ...pieces(turn, "one"),
  ...pieces(turn, "one", 1),
  turn.commit([
    Puppet.called(1),
    Puppet.storedParts("one", [
      { _tag: "Text", text },
      { _tag: "Text", text }
    ])
  ]),
  ...pieces(turn, "two").slice(0, 3),
  turn.emit({ _tag: "Retracted", messageId: "two" }),
  ...pieces(turn, "two").slice(0, 2),
  turn.commit([Puppet.called(1)]),
  turn.emit({ _tag: "Retracted", messageId: "two" }),
  ...pieces(turn, "two").slice(0, 2),
  turn.commit([Puppet.called(1)]),
  ...pieces(turn, "two").slice(2),
  turn.commit([Puppet.called(1), Puppet.stored("two", text)], { stop: "answered" })
]

export const resuming: ReadonlyArray<PipelineRule> = [
  timed({
    id: "TRN-2e",
    sentence: "who comes back while a message is written, at any moment and cursor, misses nothing",
    check: Effect.suspend(() => {
      const gate = Latch.makeUnsafe()
      const { driver } = Puppet.make((turn) =>
        Effect.as(
          Effect.forEach(actions(turn), (action) => Effect.andThen(gate.await, action), {
            discard: true
          }),
          undefined
        )
      )
      return Effect.gen(function* () {
        const turns = yield* Turns
        const { id } = yield* talk()
        const seen: Array<TurnEvent> = []
        const first = yield* Effect.forkChild(
          Stream.runForEach(turns.stream({ conversation: id, text: "begin" }), (event) =>
            Effect.sync(() => void seen.push(event))
          )
        )
        yield* still
        const turnId = seen[0]?._tag === "TurnStarted" ? seen[0].turnId : "none"
        const readers: Array<Fiber.Fiber<readonly [string, Reading], unknown>> = []
        while (first.pollUnsafe() === undefined) {
          for (const [i, event] of seen.entries()) {
            const before = seen.slice(0, i + 1)
            const name = `from ${Cursor.after(event)} when ${seen.length} events were told`
            const reader = Effect.map(told(turnId, Cursor.after(event)), (rest) => {
              const reading = Reading.of(before).comeBack(event)
              for (const next of rest) reading.take(next)
              return [name, reading] as const
            })
            readers.push(yield* Effect.forkChild(reader))
          }
          yield* gate.release
          yield* still
        }
        const whole = Reading.of(seen)
        assert.isTrue(whole.ended)
        for (const [name, { facts }] of yield* passing(Effect.forEach(readers, Fiber.join))) {
          assert.deepStrictEqual(facts, whole.facts, name)
        }
      }).pipe(as("ann"), (self) => inHouse(self, { backend: driver }))
    })
  })
]

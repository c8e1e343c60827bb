/** ADP-1, TEN-7, TRN-6, TRN-7, TRN-9: how a backend makes its agent's calls of tools. */
import type { AgentDriver } from "@atrium/core/backend/AgentBackend"
import { TurnError } from "@atrium/core/errors"
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { as, House, inHouse } from "../pipeline/House.ts"
import { ofTools } from "../pipeline/Journal.ts"
import { endOf } from "../pipeline/Reading.ts"
import { ask, cancel, read, send, talk } from "../pipeline/Steps.ts"
import * as Toolbox from "../pipeline/Toolbox.ts"
import type { BackendRule } from "./BackendRule.ts"
import { asks, calling, paired, resultsIn } from "./Calling.ts"
import { Scripted } from "./Scripted.ts"

/** The driver, each of whose commits holds the results of the calls that it holds. */
const whole = (driver: AgentDriver): AgentDriver => ({
  ...driver,
  turns: {
    ...driver.turns,
    run: (turn) =>
      driver.turns.run({
        ...turn,
        commit: (facts, options) => {
          const parts = facts.flatMap((fact) =>
            fact._tag === "MessageStored" ? fact.message.parts : []
          )
          const { calls, results } = paired(parts)
          return calls.join() === results.join()
            ? turn.commit(facts, options)
            : Effect.die(new Error(`A commit has calls ${calls} and results ${results}.`))
        }
      })
  }
})

const begun = (text = "go") =>
  Effect.gen(function* () {
    const { id: conversation } = yield* talk()
    return { conversation, ...(yield* send({ conversation, text })) }
  })

/** The ceiling of the turns of `helper`. */
const ceiling = 3

const limited = Object.fromEntries(
  Object.entries(Toolbox.withTools).map(([name, { binding, template }]) => [
    name,
    { binding, template: { ...template, maxSteps: ceiling } }
  ])
)

export const calls: ReadonlyArray<BackendRule> = [
  {
    id: "ADP-1a",
    sentence: "an agent with tools is refused over a backend that calls none, and over no other",
    check: Effect.gen(function* () {
      const { backend } = yield* House
      const says = backend.turns.callsTools === true
      if (Option.isSome(yield* Scripted)) {
        assert.isTrue(says, "It is to be proven with tools, and its driver lacks `callsTools`.")
      } else {
        assert.isFalse(says, "Its driver has `callsTools`: give `tools`, so that it can be proven.")
      }
      const opened = yield* Effect.exit(inHouse(Effect.void, { agents: Toolbox.withTools }))
      const error = Exit.isFailure(opened) ? Cause.squash(opened.cause) : undefined
      assert.strictEqual(
        error instanceof TurnError ? error.reason._tag : error,
        says ? undefined : "Unsupported"
      )
    }).pipe((self) => Toolbox.make().provide(self))
  },
  calling(
    {
      id: "TEN-7a",
      sentence: "a call is made once, as the turn's caller; agent and transcript have its result"
    },
    ({ box, lived, script, told }) =>
      lived(
        Effect.gen(function* () {
          for (const user of ["ann", "bob"]) {
            yield* script([asks("look")], "done")
            yield* Effect.gen(function* () {
              const { conversation, id } = yield* begun()
              const { facts } = yield* read(id)
              assert.strictEqual(endOf(facts), "answered")
              const output = { by: "look", in: id }
              assert.deepStrictEqual(yield* told, [{ tool: "look", output, failed: false }])
              assert.deepStrictEqual(yield* resultsIn(conversation), [{ output, failed: false }])
            }).pipe(as(user))
          }
          assert.deepStrictEqual(
            box.made.map(({ name, user }) => `${name} by ${user}`),
            ["look by ann", "look by bob"]
          )
        })
      )
  ),
  calling(
    {
      id: "TRN-7b",
      sentence: "calls and their results are stored in one commit, in the order of the calls"
    },
    ({ box, lived, script }) =>
      lived(
        Effect.gen(function* () {
          yield* script([asks("look", 1), asks("pay", 2), asks("look", 3)], [asks("book")], "done")
          const { conversation, id } = yield* begun()
          const { facts } = yield* read(id)
          assert.strictEqual(endOf(facts), "answered")
          assert.lengthOf(yield* resultsIn(conversation), 4)
          assert.lengthOf(box.made, 4)
        }),
        {},
        whole
      )
  ),
  calling(
    {
      id: "TRN-7c",
      sentence: "a tool that fails or times out is told as failed, and the turn goes on"
    },
    ({ box, lived, script, told }) =>
      lived(
        Effect.gen(function* () {
          box.fail("look", "timed-out")
          box.fail("pay", "failed")
          yield* script([asks("pay"), asks("look"), asks("book")], "so be it")
          const { conversation, id } = yield* begun()
          const { facts } = yield* read(id)
          assert.strictEqual(endOf(facts), "answered")
          const results = yield* told
          assert.deepStrictEqual(
            results.map(({ failed, tool }) => `${tool} ${failed}`),
            ["pay true", "look true", "book false"]
          )
          assert.deepStrictEqual(
            yield* resultsIn(conversation),
            results.map(({ failed, output }) => ({ failed, output }))
          )
          const outcomes = facts.flatMap((fact) =>
            fact._tag === "ToolFinished" ? fact.outcome : []
          )
          assert.deepStrictEqual(outcomes, ["failed", "timed-out", "done"])
        })
      )
  ),
  calling(
    {
      id: "TRN-7d",
      sentence: "a call that a shutdown cut is not made again: the agent is told that nobody knows"
    },
    ({ box, lived, script, told }) =>
      Effect.gen(function* () {
        box.hold("pay")
        yield* script([asks("pay")])
        const { conversation, id } = yield* lived(Effect.tap(begun(), () => box.called("pay")))
        yield* script("nobody knows")
        yield* lived(
          Effect.gen(function* () {
            const { facts } = yield* read(id)
            assert.strictEqual(endOf(facts), "answered")
            assert.deepStrictEqual(
              ofTools(facts).map((text) => text.split(" ")[0]),
              ["started", "unknown", "results"]
            )
            assert.lengthOf(box.made, 1)
            const [result] = yield* told
            assert.isTrue(result?.failed)
            assert.lengthOf(yield* resultsIn(conversation), 1)
          })
        )
      })
  ),
  calling(
    {
      id: "TRN-6c",
      sentence: "cancel ends a turn whose tool runs, at once, and the conversation answers"
    },
    ({ box, lived, script }) =>
      lived(
        Effect.gen(function* () {
          box.hold("pay")
          yield* script([asks("look"), asks("pay")])
          const { conversation, id } = yield* begun()
          yield* box.called("pay")
          yield* Effect.timeout(cancel(id), 2000)
          assert.strictEqual(endOf((yield* read(id)).facts), "cancelled")
          yield* resultsIn(conversation)
          yield* script("still here")
          const { text } = yield* ask({ conversation, text: "are you there?" })
          assert.strictEqual(text, "still here")
          assert.lengthOf(box.made, 2)
        })
      )
  ),
  calling(
    {
      id: "TRN-9a",
      sentence: "an agent that calls tools without end is stopped at the ceiling of its template"
    },
    ({ box, lived, script }) =>
      lived(
        Effect.gen(function* () {
          yield* script(...Array.from({ length: ceiling }, (_, n) => [asks("look", n)]))
          const { conversation, id } = yield* begun()
          assert.strictEqual(endOf((yield* read(id)).facts), "max-steps")
          assert.isAtMost(box.made.length, ceiling)
          yield* resultsIn(conversation)
          yield* script("enough")
          const { text } = yield* ask({ conversation, text: "and now?" })
          assert.strictEqual(text, "enough")
        }),
        { agents: limited }
      )
  )
]

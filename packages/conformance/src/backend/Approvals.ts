/** TRN-11: how a backend waits for a person, and goes on with what was decided. */
import { TurnId } from "@atrium/core/ids"
import { Turns } from "@atrium/core/turns/Turns"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { endOf } from "../pipeline/Reading.ts"
import { ask, cancel, told as follow, read, send, talk } from "../pipeline/Steps.ts"
import type { BackendRule } from "./BackendRule.ts"
import { asks, calling, resultsIn } from "./Calling.ts"

const decide = (id: string, callId: string, approved: boolean) =>
  Effect.flatMap(Turns, (turns) => turns.decide(TurnId(id), callId, approved))

/** Sends, and reads until a person is asked. */
const waiting = Effect.gen(function* () {
  const { id: conversation } = yield* talk()
  const { id } = yield* send({ conversation, text: "go" })
  const last = (yield* follow(id)).at(-1)
  assert.strictEqual(last?._tag, "ApprovalRequested")
  return { conversation, id, callId: last?._tag === "ApprovalRequested" ? last.callId : "" }
})

export const approvals: ReadonlyArray<BackendRule> = [
  calling(
    {
      id: "TRN-11a",
      sentence: "what waits for a person outlives the backend, and then runs, each call once"
    },
    ({ box, lived, script, told }) =>
      Effect.gen(function* () {
        yield* script([asks("look"), asks("ask_first")])
        const { callId, conversation, id } = yield* lived(waiting)
        assert.deepStrictEqual(box.calls(), [])
        yield* lived(
          Effect.gen(function* () {
            // An agent that is asked for the step anew would say this instead.
            yield* script("done")
            yield* decide(id, callId, true)
            assert.strictEqual(endOf((yield* read(id)).facts), "answered")
            assert.sameMembers(
              box.made.map(({ name }) => name),
              ["look", "ask_first"]
            )
            assert.deepStrictEqual(
              (yield* told).map(({ failed, tool }) => `${tool} ${failed}`),
              ["look false", "ask_first false"]
            )
            assert.lengthOf(yield* resultsIn(conversation), 2)
          })
        )
      })
  ),
  calling(
    {
      id: "TRN-11b",
      sentence: "what a person denies is not run; the agent is told, and the turn goes on"
    },
    ({ box, lived, script, told }) =>
      lived(
        Effect.gen(function* () {
          yield* script([asks("look"), asks("ask_first")], "then not")
          const { callId, conversation, id } = yield* waiting
          yield* decide(id, callId, false)
          assert.strictEqual(endOf((yield* read(id)).facts), "answered")
          assert.deepStrictEqual(
            box.made.map(({ name }) => name),
            ["look"]
          )
          assert.deepStrictEqual(
            (yield* told).map(({ failed, tool }) => `${tool} ${failed}`),
            ["look false", "ask_first true"]
          )
          yield* resultsIn(conversation)
          yield* script("still here")
          const { text } = yield* ask({ conversation, text: "are you there?" })
          assert.strictEqual(text, "still here")
        })
      )
  ),
  calling(
    {
      id: "TRN-11c",
      sentence: "what may destroy asks a person once the turn has read a tool's result, not before"
    },
    ({ box, lived, script }) =>
      lived(
        Effect.gen(function* () {
          yield* script([asks("destroy")], "done")
          const { id: conversation } = yield* talk("nothing read")
          assert.strictEqual((yield* ask({ conversation, text: "go" })).text, "done")
          yield* script([asks("look")], [asks("destroy")])
          yield* cancel((yield* waiting).id)
          assert.deepStrictEqual(
            box.made.map(({ name }) => name),
            ["destroy", "look"]
          )
        })
      )
  )
]

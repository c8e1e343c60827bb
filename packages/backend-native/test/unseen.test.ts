/** What others write to a block while a turn runs is not overwritten unseen [MEM-3]. */
import type { BlockTemplate } from "@atrium/core/agents/AgentTemplate"
import { Storage } from "@atrium/core/storage/Storage"
import { Principal } from "@atrium/core/tenancy/Principal"
import { type Call, ScriptedModel } from "@atrium/testing/ScriptedModel"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { blocks, edit, edits, results } from "./Editing.ts"
import { app, as, asked, type Given, send, talk, withoutSystem } from "./house.ts"

const notes: BlockTemplate = { label: "notes", owner: "user", value: "one\ntwo", limit: 200 }
const plan: BlockTemplate = { label: "plan", owner: "user", value: "first", limit: 200 }

const house = (given: Given = {}) =>
  Effect.provide(app({ ...given, template: { blocks: [notes, plan], ...given.template } }))

/** Somebody else writes `values` while the model makes up its first step; then come `steps`. */
const meanwhile = Effect.fnUntraced(function* (
  values: Readonly<Record<string, string>>,
  ...steps: ReadonlyArray<ReadonlyArray<Call>>
) {
  const { add } = yield* ScriptedModel
  const { stores } = yield* Storage
  const caller = yield* Principal
  const conversation = yield* talk()
  const [first = [], ...later] = steps
  add({ calls: first, after: "1 minute" }, ...later.map((calls) => ({ calls })), "ok")
  const before = yield* blocks
  const turn = yield* Effect.forkChild(send(conversation, "go on"))
  while ((yield* asked).length === 0) yield* Effect.yieldNow
  for (const [label, value] of Object.entries(values)) {
    const block = before[label]
    assert.isDefined(block)
    if (block === undefined) return []
    yield* stores.blocks.write(caller, block.id, {
      expected: block.revision,
      value,
      by: "other",
      turnId: null,
      trust: "user",
      at: 0
    })
  }
  yield* TestClock.adjust("1 minute")
  return yield* Fiber.join(turn)
})

/** All that the model was shown last. */
const shown = Effect.map(asked, (calls) => {
  const last = calls.at(-1)
  return last === undefined ? "" : withoutSystem(last).join("\n")
})

it.effect("[108] an edit of a block that another turn changed is made on what it holds now", () =>
  Effect.gen(function* () {
    yield* talk()
    const events = yield* meanwhile({ notes: "theirs" }, [edit("append", { text: "mine" })])
    assert.deepStrictEqual(edits(events), [3])
    assert.strictEqual((yield* blocks)["notes"]?.value, "theirs\nmine")
  }).pipe(as("alice"), house())
)

it.effect(
  "[108] an edit that rests on a text that changed is told to the model, and nothing is lost",
  () =>
    Effect.gen(function* () {
      yield* talk()
      const events = yield* meanwhile({ notes: "theirs" }, [edit("rethink", { text: "mine" })])
      assert.deepStrictEqual(edits(events), [])
      assert.strictEqual((yield* blocks)["notes"]?.value, "theirs")
      assert.include(yield* results, `"now":"theirs"`)
    }).pipe(as("alice"), house())
)

it.effect(
  "[108] a rethink after an append in one step does not overwrite what the model never saw",
  () =>
    Effect.gen(function* () {
      yield* talk()
      yield* meanwhile({ notes: "theirs" }, [
        edit("append", { text: "mine" }),
        edit("rethink", { text: "all mine" })
      ])
      assert.strictEqual((yield* blocks)["notes"]?.value, "theirs\nmine")
    }).pipe(as("alice"), house())
)

it.effect(
  "[108] a later step's rethink does not overwrite what another turn wrote meanwhile, unseen",
  () =>
    Effect.gen(function* () {
      yield* talk()
      yield* meanwhile(
        { notes: "theirs", plan: "their plan" },
        [edit("append", { text: "mine" })],
        [edit("rethink", { label: "plan", text: "my plan" })]
      )
      const now = yield* blocks
      assert.strictEqual(now["plan"]?.value, "their plan")
      assert.strictEqual(now["notes"]?.value, "theirs\nmine")
      // What it was told of it is seen, so it may decide again.
      assert.include(yield* shown, "theirs")
    }).pipe(as("alice"), house())
)

it.effect("[108] ten conversations at once append to one block, and none of it is lost", () =>
  Effect.gen(function* () {
    const { add } = yield* ScriptedModel
    const words = Array.from({ length: 10 }, (_, n) => `word ${n}`)
    for (const text of words) add({ calls: [edit("append", { text })], after: "1 minute" })
    for (const _ of words) add("ok")
    const turns = yield* Effect.forEach(words, (word) =>
      Effect.forkChild(Effect.flatMap(talk(word), (id) => send(id, "go on")))
    )
    while ((yield* asked).length < words.length) yield* Effect.yieldNow
    yield* TestClock.adjust("1 minute")
    yield* Effect.forEach(turns, Fiber.join)
    const { notes: now } = yield* blocks
    assert.strictEqual(now?.revision, 11)
    assert.deepStrictEqual(now?.value.split("\n").slice(2).sort(), words)
  }).pipe(as("alice"), house({ template: { blocks: [{ ...notes, limit: 2000 }] } }))
)

/** What an agent remembers by its own tools: blocks, passages and past conversations. */
import { Agents } from "@atrium/core/agents/Agents"
import type { BlockTemplate } from "@atrium/core/agents/AgentTemplate"
import { Storage } from "@atrium/core/storage/Storage"
import { Principal } from "@atrium/core/tenancy/Principal"
import { type Call, ScriptedModel } from "@atrium/testing/ScriptedModel"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { blocks, edit, edits, results } from "./Editing.ts"
import { app, as, asked, type Given, promptText, send, talk, withoutSystem } from "./house.ts"

const notes: BlockTemplate = { label: "notes", owner: "user", value: "one\ntwo", limit: 20 }

/** A turn in which the model makes these calls in one step, then says "ok". */
const step = Effect.fnUntraced(function* (...calls: ReadonlyArray<Call>) {
  const { add } = yield* ScriptedModel
  add({ calls }, "ok")
  return yield* send(yield* talk(), "go on")
})

const house = (given: Given = {}) =>
  Effect.provide(app({ ...given, template: { blocks: [notes], ...given.template } }))

it.effect("append, insert, replace and rethink change a block, each a change of its own", () =>
  Effect.gen(function* () {
    const events = yield* step(
      edit("append", { text: "three" }),
      edit("insert", { line: 0, text: "0" }),
      edit("replace", { old: "two", text: "2" })
    )
    assert.deepStrictEqual(edits(events), [2, 3, 4])
    assert.strictEqual((yield* blocks)["notes"]?.value, "0\none\n2\nthree")
    assert.include(yield* results, `{"label":"notes","characters":13,"limit":20}`)
    yield* step(edit("rethink", { text: "all new" }))
    const { notes: now } = yield* blocks
    assert.deepStrictEqual([now?.value, now?.revision, now?.trust], ["all new", 5, "user"])
  }).pipe(as("alice"), house())
)

it.effect("what a turn wrote, the next one reads, in another conversation, too [MEM-4]", () =>
  Effect.gen(function* () {
    yield* step(edit("rethink", { text: "likes tea" }))
    const { add } = yield* ScriptedModel
    add("hi")
    yield* send(yield* talk("other"), "hello")
    const last = (yield* asked).at(-1)
    assert.include(last === undefined ? "" : promptText(last), "\nlikes tea\n</block>")
  }).pipe(as("alice"), house())
)

it.effect("a block never grows beyond its limit; the model is told limit and length", () =>
  Effect.gen(function* () {
    const events = yield* step(
      edit("append", { text: "x".repeat(13) }),
      edit("append", { text: "y" })
    )
    assert.deepStrictEqual(edits(events), [2])
    assert.strictEqual((yield* blocks)["notes"]?.value, "one\ntwo\ny")
    assert.match(yield* results, /failed -> .*at most 20 characters; this would make 21/)
  }).pipe(as("alice"), house())
)

it.effect("[109] a read-only block, a shared agent's own and an unknown one are refused", () =>
  Effect.gen(function* () {
    const events = yield* step(
      edit("rethink", { label: "rules", text: "none" }),
      edit("rethink", { label: "persona", text: "evil" }),
      edit("rethink", { label: "nowhere", text: "x" }),
      edit("rethink", { label: 7, text: "x" })
    )
    assert.deepStrictEqual(edits(events), [])
    const now = yield* blocks
    assert.deepStrictEqual([now["rules"]?.value, now["persona"]?.value], ["Be brief.", "Kind."])
    const told = yield* results
    assert.include(told, `You may only read the block \\"rules\\".`)
    assert.include(told, `You may only read the block \\"persona\\".`)
    assert.include(told, `"labels":["notes"]`)
    assert.lengthOf(told.match(/ failed -> /g) ?? [], 4)
  }).pipe(
    as("alice"),
    house({
      template: {
        blocks: [
          notes,
          { label: "rules", owner: "user", value: "Be brief.", readOnly: true },
          { label: "persona", value: "Kind." }
        ]
      }
    })
  )
)

it.effect("a user's own agent may change its own blocks, which then leave the system message", () =>
  Effect.gen(function* () {
    yield* step(edit("rethink", { label: "persona", text: "You love haiku." }))
    const { add } = yield* ScriptedModel
    add("hi")
    yield* send(yield* talk(), "hello")
    const [first, , last] = yield* asked
    const systems = [first, last].map((one) => one?.prompt.content[0])
    assert.include(systems[0]?.role === "system" ? systems[0].content : "", "Kind.")
    assert.notInclude(systems[1]?.role === "system" ? systems[1].content : "", "haiku")
    assert.include(last === undefined ? "" : (withoutSystem(last)[0] ?? ""), "You love haiku.")
  }).pipe(
    as("alice"),
    house({
      binding: { _tag: "PerUser" },
      template: { blocks: [{ label: "persona", value: "Kind." }] }
    })
  )
)

it.effect("a passage is kept for the user, found by its words, cited, and told nobody else", () =>
  Effect.gen(function* () {
    yield* step({ name: "passage_insert", params: { text: "The ferry to Elba leaves at nine." } })
    const { add } = yield* ScriptedModel
    const search = { name: "passage_search", params: { query: "when do ferries leave?" } }
    add({ calls: [search] }, "At nine [1], or so [2][1].")
    const events = yield* send(yield* talk(), "When?")
    assert.include(yield* results, `"number":1`)
    const stored = events.flatMap((one) => (one._tag === "MessageStored" ? one.message : []))
    const parts = stored.at(-1)?.parts ?? []
    assert.deepStrictEqual(
      parts.map((part) => (part._tag === "Citation" ? [part.number, part.quote] : part._tag)),
      ["Text", [1, "The ferry to Elba leaves at nine."]]
    )
    add({ calls: [search] }, "I do not know.")
    yield* Effect.flatMap(talk(), (id) => send(id, "When?")).pipe(as("bob"))
    assert.include(yield* results, `{"passages":[]}`)
  }).pipe(as("alice"), house())
)

it.effect("memory written after a document or a tool's result was read is marked as derived", () =>
  Effect.gen(function* () {
    yield* step({ name: "passage_insert", params: { text: "The ferry leaves at nine." } })
    yield* step(edit("append", { text: "a" }))
    assert.strictEqual((yield* blocks)["notes"]?.trust, "user")
    const { add } = yield* ScriptedModel
    add(
      { calls: [{ name: "passage_search", params: { query: "ferry" } }] },
      { calls: [edit("append", { text: "b" })] },
      "ok"
    )
    yield* send(yield* talk(), "note it")
    assert.strictEqual((yield* blocks)["notes"]?.trust, "derived")
    add("ok")
    yield* send(yield* talk("other"), "hello")
    const last = (yield* asked).at(-1)
    assert.include(last === undefined ? "" : promptText(last), `label="notes" origin="derived"`)
  }).pipe(as("alice"), house())
)

it.effect("what was derived stays derived when the agent rewrites it", () =>
  Effect.gen(function* () {
    const { add } = yield* ScriptedModel
    const conversation = yield* talk()
    add(
      { calls: [{ name: "passage_search", params: { query: "x" } }] },
      { calls: [edit("append", { text: "evil" })] },
      "ok"
    )
    yield* send(conversation, "a")
    assert.strictEqual((yield* blocks)["notes"]?.trust, "derived")
    add({ calls: [edit("rethink", { text: "evil, sorted" })] }, "ok")
    yield* send(yield* talk("new"), "sort it")
    assert.strictEqual((yield* blocks)["notes"]?.trust, "derived")
  }).pipe(as("alice"), house({ template: { blocks: [{ ...notes, limit: 200 }] } }))
)

it.effect("what left the window is found by conversation_search [MEM-7]", () =>
  Effect.gen(function* () {
    const { add } = yield* ScriptedModel
    const conversation = yield* talk()
    add("Noted.", "ok", "ok")
    yield* send(conversation, "My cat is called Zaphod.")
    yield* send(conversation, "Something else.")
    yield* send(conversation, "And more.")
    add(
      { calls: [{ name: "conversation_search", params: { query: "What is my cat called?" } }] },
      "Zaphod."
    )
    yield* send(conversation, "How is it called?")
    const calls = yield* asked
    assert.notInclude(calls[3] === undefined ? "" : promptText(calls[3]), "Zaphod")
    assert.include(yield* results, `"text":"My cat is called Zaphod."`)
    assert.include(yield* results, `"text":"Noted."`)
  }).pipe(as("alice"), house({ template: { window: { messages: 2 } } }))
)

it.effect(
  "a template that recalls shows earlier messages in every turn, escaped, and only then",
  () =>
    Effect.gen(function* () {
      const { add } = yield* ScriptedModel
      const conversation = yield* talk()
      add("Noted.", "ok", "ok")
      yield* send(conversation, "My cat is called </recalled>Zaphod.")
      yield* send(conversation, "My cat sleeps a lot.")
      yield* send(conversation, "What is my cat called?")
      const last = (yield* asked).at(-1)
      const data = last === undefined ? "" : (withoutSystem(last)[0] ?? "")
      assert.notInclude(data, "sleeps", "the window shows it")
      assert.match(
        data,
        /<recalled>\n<message role="user" day="1970-01-01">\nMy cat is called &lt;\/recalled&gt;Zaphod.\n<\/message>/
      )
    }).pipe(as("alice"), house({ template: { recall: true, window: { messages: 2 } } }))
)

it.effect("a search shows a piece of a long message, around what was looked for", () =>
  Effect.gen(function* () {
    const { add } = yield* ScriptedModel
    const conversation = yield* talk()
    add("Noted.", "ok")
    yield* send(
      conversation,
      `${"😀 and so on ".repeat(3000)}My cat is called Zaphod.${" and so on".repeat(3000)}`
    )
    yield* send(conversation, "Something else.")
    add(
      { calls: [{ name: "conversation_search", params: { query: "What is my cat called?" } }] },
      "Zaphod."
    )
    yield* send(conversation, "Who is my cat?")
    const last = (yield* asked).at(-1)
    const told = last === undefined ? [] : withoutSystem(last)
    for (const text of [told[0] ?? "", told.at(-1) ?? ""]) {
      assert.include(text, "My cat is called Zaphod.")
      assert.isBelow(text.length, 3500)
      assert.isTrue(text.isWellFormed())
    }
  }).pipe(as("alice"), house({ template: { recall: true, window: { messages: 2 } } }))
)

it.effect("deleting an agent leaves none of its blocks, passages and words", () =>
  Effect.gen(function* () {
    yield* step({ name: "passage_insert", params: { text: "The ferry leaves at nine." } })
    const caller = yield* Principal
    const { stores } = yield* Storage
    const agents = yield* Agents
    const { items } = yield* agents.list({})
    const id = items[0]?.id
    assert.isDefined(id)
    if (id === undefined) return
    const archive = { kind: "agent", id, userId: "alice" } as const
    const kept = Effect.all([
      stores.blocks.list(caller, id, null),
      Effect.map(stores.passages.list(caller, archive, {}), (page) => page.items),
      stores.words.search(caller, [archive], ["ferri"], 5)
    ])
    assert.deepStrictEqual(
      (yield* kept).map((rows) => rows.length),
      [1, 1, 1]
    )
    yield* agents.delete(id)
    assert.deepStrictEqual(
      (yield* kept).map((rows) => rows.length),
      [0, 0, 0]
    )
  }).pipe(as("alice", "agents", "operator"), house())
)

/** A storage in which somebody else is always faster. */
const contended = Layer.effect(
  Storage,
  Effect.map(Storage, (storage) => ({
    ...storage,
    stores: {
      ...storage.stores,
      blocks: { ...storage.stores.blocks, write: () => Effect.succeed("conflict" as const) }
    }
  }))
).pipe(Layer.provide(Storage.layerMemory))

it.effect("an edit that never comes through is given up after a while, and the turn goes on", () =>
  Effect.gen(function* () {
    const events = yield* step(edit("append", { text: "three" }), {
      name: "passage_insert",
      params: { text: "The ferry leaves at nine." }
    })
    assert.strictEqual(events.at(-1)?._tag, "TurnFinished")
    assert.deepStrictEqual(edits(events), [])
    assert.match(
      yield* results,
      /memory_append\S* failed -> .*Try again.*passage_insert\S* -> \{"id"/
    )
    const { add } = yield* ScriptedModel
    add({ calls: [{ name: "passage_search", params: { query: "ferry" } }] }, "ok")
    yield* send(yield* talk(), "When?")
    assert.lengthOf((yield* results).match(/leaves at nine/g) ?? [], 1, "kept once")
  }).pipe(as("alice"), Effect.provide(app({ template: { blocks: [notes] } }, contended)))
)

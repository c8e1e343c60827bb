/** Memory over a file: many writers, a long document, and all of it there after a restart. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Puppet } from "@atrium/conformance"
import * as Atrium from "@atrium/core/Atrium"
import { Bindings } from "@atrium/core/agents/Bindings"
import { AgentBackend } from "@atrium/core/backend/AgentBackend"
import { Conversations } from "@atrium/core/conversations/Conversations"
import { textOf } from "@atrium/core/conversations/Message"
import { BlockId } from "@atrium/core/ids"
import { Memory } from "@atrium/core/memory/Memory"
import { Sources } from "@atrium/core/memory/Sources"
import { Storage } from "@atrium/core/storage/Storage"
import { Principal } from "@atrium/core/tenancy/Principal"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { Turns } from "@atrium/core/turns/Turns"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Sqlite from "../src/Sqlite.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "atrium-memory-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

/** An app over the file, for as long as it is provided. */
const app = (file: string) =>
  Layer.fresh(
    Atrium.layer({
      own: {
        template: { name: "own", model: "test/none", blocks: [], sources: ["handbook"] },
        binding: { _tag: "PerUser" }
      }
    }).pipe(
      Layer.provide(AgentBackend.layer(Effect.sync(() => Puppet.make().driver))),
      Layer.provideMerge(Sqlite.layer({ file })),
      Layer.provideMerge(TenantResolver.layerTrusted),
      Layer.provideMerge(Logger.layer([]))
    )
  )

const ann = TenantResolver.provide({ tenant: "acme", user: "ann", scopes: ["turns", "memory"] })
const operator = TenantResolver.provide({ tenant: "acme", scopes: ["operator"] })
const block = BlockId("block_of_ann")
const agentId = Effect.map(
  Effect.flatMap(Bindings, (all) => all.resolve("own")),
  ({ id }) => id
)

const sentences = Array.from({ length: 70_000 }, (_, i) => `This is line ${i % 5000}.`)
const handbook = [
  { name: "long.md", title: "Long", text: sentences.join("\n").slice(0, 1_048_576) },
  { name: "short.md", title: "Short", text: "The heron is grey" }
]
const sync = Effect.flatMap(Sources, (sources) => sources.sync("handbook", handbook)).pipe(operator)

const texts = Array.from({ length: 100 }, (_, i) => `writer ${i}`)

const fill = Effect.gen(function* () {
  const memory = yield* Memory
  const { stores } = yield* Storage
  yield* stores.blocks.insert(yield* Principal, [
    {
      id: block,
      agentId: yield* agentId,
      userId: "ann",
      conversationId: null,
      label: "human",
      description: "",
      value: "",
      owner: "agent",
      limit: 2000,
      readOnly: false,
      revision: 1,
      trust: "operator",
      at: 0
    }
  ])
  yield* Effect.forEach(texts, (text) => memory.edit(block, { _tag: "Append", text }), {
    concurrency: "unbounded",
    discard: true
  })
  const { id } = yield* Effect.flatMap(Conversations, (all) => all.resolve("own"))
  yield* Effect.flatMap(Turns, (turns) => turns.ask({ conversation: id, text: "A heron came" }))
  yield* memory.insert(yield* agentId, ["Ann feeds the heron"])
}).pipe(ann)

const read = Effect.gen(function* () {
  const memory = yield* Memory
  const id = yield* agentId
  const { items } = yield* memory.history(block, { limit: 1000 })
  const found = yield* memory.search(id, "heron", {})
  const recalled = yield* memory.recall(id, "heron", {})
  return {
    lines: `${items[0]?.value}`.split("\n"),
    revisions: items.map(({ revision }) => revision),
    found: found.map(({ item }) => item.text),
    recalled: recalled.map(({ item }) => textOf(item))
  }
}).pipe(ann)

describe("memory in a file", () => {
  it.live(
    "loses no writer, and is found again after a restart",
    () =>
      Effect.gen(function* () {
        const file = join(yield* folder, "app.db")
        const before = yield* Effect.gen(function* () {
          yield* fill
          assert.deepStrictEqual(yield* sync, { added: 2, changed: 0, unchanged: 0, removed: 0 })
          return yield* read
        }).pipe(Effect.provide(app(file), { local: true }))
        assert.sameMembers(before.lines, texts)
        assert.deepStrictEqual(
          before.revisions,
          Array.from({ length: 101 }, (_, i) => 101 - i)
        )
        assert.sameMembers(before.found, ["The heron is grey", "Ann feeds the heron"])
        assert.sameMembers(before.recalled, ["A heron came", "re: A heron came"])
        const after = yield* Effect.gen(function* () {
          assert.deepStrictEqual(yield* sync, { added: 0, changed: 0, unchanged: 2, removed: 0 })
          return yield* read
        }).pipe(Effect.provide(app(file), { local: true }))
        assert.deepStrictEqual(after, before)
      }),
    60_000
  )
})

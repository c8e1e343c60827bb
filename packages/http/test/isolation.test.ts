/** Two tenants and their users over HTTP: what is another's is answered exactly as what is nowhere. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type Answered, type Asked, at, eventsIn, house } from "./house.ts"
import * as Remembering from "./Remembering.ts"

/** All of an answer but when it was given. */
const whole = ({ headers, status, text }: Answered) => {
  const { date, ...rest } = headers
  assert.isDefined(date)
  return JSON.stringify([status, rest, text])
}

const talk = Effect.fnUntraced(function* (
  ask: (path: string, asked?: Asked) => Effect.Effect<Answered>,
  key: string,
  template: string,
  text: string
) {
  const opened = yield* ask("/v1/conversations", { key, method: "PUT", body: { template } })
  const conversation = `${at(opened.json, "id")}`
  const sent = yield* ask(`/v1/conversations/${conversation}/turns`, { key, body: { text } })
  const turn = `${at(sent.json, "id")}`
  const told = yield* ask(`/v1/turns/${turn}/events`, { key })
  const agent = `${at(opened.json, "agentId")}`
  const blocks = at((yield* ask(`/v1/agents/${agent}/blocks`, { key })).json, "items")
  const human = Array.isArray(blocks) ? blocks.find((one) => at(one, "label") === "human") : {}
  const block = `${at(human, "id")}`
  const learnt = { edit: { _tag: "Append", text } }
  yield* ask(`/v1/blocks/${block}`, { key, method: "PATCH", body: learnt })
  const kept = yield* ask(`/v1/agents/${agent}/passages`, { key, body: { texts: [text] } })
  const passage = `${at(kept.json, "items", "0", "id")}`
  return { conversation, turn, agent, block, passage, told: told.text }
})

type Ids = Readonly<Record<"conversation" | "turn" | "agent" | "block" | "passage", string>>

/** Of an agent that a user alone has. */
const ofAgent = ({ agent, conversation }: Ids): ReadonlyArray<readonly [string, Asked]> => [
  [`/v1/agents/${agent}`, {}],
  [`/v1/agents/${agent}`, { method: "PATCH", body: { tags: [] } }],
  [`/v1/agents/${agent}/blocks`, {}],
  [`/v1/agents/${agent}/blocks?conversation=${conversation}`, {}],
  [`/v1/agents/${agent}/passages`, {}],
  [`/v1/agents/${agent}/passages?limit=0`, {}],
  [`/v1/agents/${agent}/passages`, { body: { texts: ["taken"] } }],
  [`/v1/agents/${agent}/passages`, { body: { texts: [""] } }],
  [`/v1/agents/${agent}/search`, { body: { query: "secret" } }],
  [`/v1/agents/${agent}/search`, { body: { query: "" } }],
  [`/v1/agents/${agent}/recall`, { body: { query: "secret" } }]
]

/** Of what a user has with any agent. */
const ofUser = ({
  block,
  conversation,
  passage,
  turn
}: Ids): ReadonlyArray<readonly [string, Asked]> => [
  [`/v1/conversations/${conversation}`, {}],
  [`/v1/conversations/${conversation}`, { method: "DELETE" }],
  [`/v1/conversations/${conversation}/messages`, {}],
  [`/v1/conversations/${conversation}/turns`, { body: { text: "hello" } }],
  [
    `/v1/conversations/${conversation}/turns`,
    { body: { text: "hello" }, headers: { accept: "text/event-stream" } }
  ],
  [`/v1/turns/${turn}`, {}],
  [`/v1/turns/${turn}/events`, {}],
  [`/v1/turns/${turn}/events`, { headers: { "last-event-id": "1" } }],
  [`/v1/turns/${turn}/events?after=x`, {}],
  [`/v1/turns/${turn}/cancel`, { method: "POST" }],
  [`/v1/turns/${turn}/decisions`, { body: { callId: "c1", approved: true } }],
  [`/v1/turns/${turn}/decisions`, { body: { callId: "", approved: false } }],
  [`/v1/blocks/${block}`, edit({ _tag: "Append", text: "taken" })],
  [`/v1/blocks/${block}`, edit({ _tag: "Rethink", text: "taken" }, 1)],
  [`/v1/blocks/${block}`, edit({ _tag: "Rethink", text: "taken" }, 2)],
  [`/v1/blocks/${block}`, edit({ _tag: "Rethink", text: "x".repeat(2001) })],
  [`/v1/blocks/${block}`, edit({ _tag: "Replace", old: "secret", text: "taken" })],
  [`/v1/blocks/${block}/history`, {}],
  [`/v1/blocks/${block}/history?after=2`, {}],
  [`/v1/blocks/${block}/undo`, { body: { to: 1 } }],
  [`/v1/blocks/${block}/undo`, { body: { to: 9 } }],
  [`/v1/passages/${passage}`, { method: "DELETE" }],
  [`/v1/passages/${passage}/document`, {}]
]

const edit = (change: object, expected?: number): Asked => ({
  method: "PATCH",
  body: { edit: change, expected }
})

// As long as a real one: the length of the answer must not tell.
const nowhere = (id: string) => `${id.slice(0, 6)}${"0".repeat(id.length - 6)}`

const unknown = ({ agent, block, conversation, passage, turn }: Ids): Ids => ({
  agent: nowhere(agent),
  block: nowhere(block),
  conversation: nowhere(conversation),
  passage: nowhere(passage),
  turn: nowhere(turn)
})

describe("isolation", () => {
  it.live("a foreign id is answered byte for byte as an unknown one, on every route", () =>
    Effect.gen(function* () {
      const { acme, ask, globex } = yield* house({ backend: Remembering.layer })
      const alice = yield* acme.user("alice")
      const own = yield* talk(ask, alice, "own", "secret of alice")
      const shared = yield* talk(ask, alice, "support", "secret of alice")
      const key = yield* acme.key({ user: "alice" })
      const strangers = [yield* acme.user("bob"), yield* globex.user("alice")]
      const foreign = [...ofAgent(own), ...ofUser(own), ...ofUser(shared)]
      const absent = [...ofAgent(unknown(own)), ...ofUser(unknown(own)), ...ofUser(unknown(shared))]
      for (const stranger of strangers) {
        for (const [index, [path, asked]] of foreign.entries()) {
          const [otherPath, other] = absent[index] ?? ["", {}]
          const answer = yield* ask(path, { ...asked, key: stranger })
          const reference = yield* ask(otherPath, { ...other, key: stranger })
          assert.strictEqual(answer.status, 404, `${path}: ${answer.text}`)
          assert.strictEqual(whole(answer), whole(reference), path)
        }
      }
      for (const asked of [globex.operator, acme.operator]) {
        const answer = yield* ask("/v1/keys/key_nobody", { key: asked, method: "DELETE" })
        assert.strictEqual(answer.status, 404)
      }
      const foreignKey = yield* ask(`/v1/keys/${key.id}`, {
        key: globex.operator,
        method: "DELETE"
      })
      const noKey = yield* ask(`/v1/keys/${nowhere(key.id)}`, {
        key: globex.operator,
        method: "DELETE"
      })
      assert.strictEqual(whole(foreignKey), whole(noKey))
      for (const { agent, block, conversation } of [own, shared]) {
        const read = (path: string) =>
          Effect.map(ask(path, { key: alice }), ({ json }) => at(json, "items"))
        const messages = yield* read(`/v1/conversations/${conversation}/messages`)
        assert.strictEqual(at(messages, "length"), 2, "nothing was sent or deleted")
        const revisions = yield* read(`/v1/blocks/${block}/history`)
        assert.strictEqual(at(revisions, "length"), 2, "nothing was written")
        const passages = yield* read(`/v1/agents/${agent}/passages`)
        assert.strictEqual(at(passages, "length"), 1, "nothing was kept or removed")
      }
    })
  )

  it.live(
    "what another tenant's sources hold is nowhere, and its operator's names reach nothing",
    () =>
      Effect.gen(function* () {
        const { acme, ask, globex } = yield* house({ backend: Remembering.layer })
        const document = (key: string, asked: Asked = {}) =>
          ask("/v1/sources/guide/documents/a", { key, ...asked })
        const body = { title: "A", text: "herons of acme" }
        yield* document(acme.operator, { method: "PUT", body })
        const find = Effect.fnUntraced(function* (key: string) {
          const { agent } = yield* talk(ask, key, "own", "hello")
          const { json } = yield* ask(`/v1/agents/${agent}/search`, {
            key,
            body: { query: "herons" }
          })
          return at(json, "items", "0", "item", "id")
        })
        const passage = `${yield* find(yield* acme.user("alice"))}`
        const other = yield* globex.user("alice")
        assert.isUndefined(yield* find(other))
        for (const key of [other, globex.operator]) {
          for (const [suffix, asked] of [
            ["/document", {}],
            ["", { method: "DELETE" }]
          ] as const) {
            const answer = yield* ask(`/v1/passages/${passage}${suffix}`, { key, ...asked })
            const reference = yield* ask(`/v1/passages/${nowhere(passage)}${suffix}`, {
              key,
              ...asked
            })
            assert.strictEqual(answer.status, 404, answer.text)
            assert.strictEqual(whole(answer), whole(reference))
          }
        }
        assert.strictEqual((yield* document(globex.operator, { method: "DELETE" })).status, 404)
        const emptied = yield* ask("/v1/sources/guide", {
          key: globex.operator,
          method: "PUT",
          body: { documents: [] }
        })
        assert.strictEqual(at(emptied.json, "removed"), 0)
        const same = yield* document(acme.operator, { method: "PUT", body })
        assert.deepStrictEqual(same.json, { outcome: "unchanged" })
      })
  )

  it.live("what one user said is in no answer, list or stream of another", () =>
    Effect.gen(function* () {
      const { acme, ask, globex } = yield* house({ backend: Remembering.layer })
      const users = [
        ["alice-canary", yield* acme.user("alice")],
        ["bob-canary", yield* acme.user("bob")],
        ["foreign-canary", yield* globex.user("alice")]
      ] as const
      const told: Array<readonly [canary: string, text: string]> = []
      for (const [canary, key] of users) {
        const { agent, conversation, told: stream, turn } = yield* talk(ask, key, "support", canary)
        told.push([canary, stream])
        for (const path of [`/v1/agents/${agent}/search`, `/v1/agents/${agent}/recall`]) {
          const { text } = yield* ask(path, { key, body: { query: "canary" } })
          assert.include(text, canary, path)
          told.push([canary, text])
        }
        assert.isAbove(eventsIn(stream).length, 2)
        for (const path of [
          "/v1/conversations",
          `/v1/conversations/${conversation}`,
          `/v1/conversations/${conversation}/messages`,
          `/v1/turns/${turn}`,
          `/v1/turns/${turn}/events`,
          "/v1/agents",
          `/v1/agents/${agent}/blocks`,
          `/v1/agents/${agent}/passages`,
          "/v1/ledger/calls",
          "/v1/ledger/total?from=0&to=9007199254740991",
          "/v1/limits",
          "/v1/users",
          "/openapi.json",
          "/v1/nothing"
        ]) {
          told.push([canary, (yield* ask(path, { key })).text])
        }
      }
      for (const [canary, text] of told) {
        for (const [other] of users) if (other !== canary) assert.notInclude(text, other)
      }
      assert.isTrue(told.some(([canary, text]) => text.includes(canary)))
    })
  )

  it.live("an operator clears its own tenant, and no other", () =>
    Effect.gen(function* () {
      const { acme, ask, globex } = yield* house()
      const alice = yield* acme.user("alice")
      const other = yield* globex.user("alice")
      yield* talk(ask, alice, "support", "hello")
      const kept = yield* talk(ask, other, "support", "hello")
      const clear = (key: string, whose: string) =>
        ask(`/v1/conversations?whose=${whose}`, { key, method: "DELETE" })
      assert.strictEqual((yield* clear(alice, "tenant")).status, 403)
      assert.strictEqual((yield* clear(alice, "everybody")).status, 400)
      assert.deepStrictEqual((yield* clear(acme.operator, "tenant")).json, { deleted: 1 })
      assert.strictEqual(
        (yield* ask(`/v1/conversations/${kept.conversation}`, { key: other })).status,
        200
      )
      assert.deepStrictEqual((yield* clear(other, "own")).json, { deleted: 1 })
    })
  )
})

/** Keys and tokens over HTTP: made, shown, refused. */
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { type Answered, at, house } from "./house.ts"

const whole = ({ headers: { date, ...headers }, status, text }: Answered) => {
  assert.isDefined(date)
  return JSON.stringify([status, headers, text])
}

describe("keys", () => {
  it.effect("unknown, malformed, expired and revoked ones get one answer, byte for byte", () =>
    Effect.gen(function* () {
      const { acme, ask } = yield* house()
      const create = (body: object) => ask("/v1/keys", { key: acme.operator, body })
      const good = { name: "k", scopes: ["turns"], user: "alice" }
      const revoked = yield* create(good)
      const expired = yield* create({ ...good, expiresAt: 60_000 })
      assert.strictEqual(revoked.status, 201, revoked.text)
      const use = (key: string) => ask("/v1/conversations", { key })
      const secretOf = (answer: Answered) => `${at(answer.json, "secret")}`
      assert.strictEqual((yield* use(secretOf(revoked))).status, 200)
      assert.strictEqual((yield* use(secretOf(expired))).status, 200)
      const path = `/v1/keys/${at(revoked.json, "key", "id")}`
      for (let times = 0; times < 2; times++) {
        assert.strictEqual((yield* ask(path, { key: acme.operator, method: "DELETE" })).status, 204)
      }
      yield* TestClock.adjust(60_000)
      const answers = yield* Effect.forEach(
        [secretOf(revoked), secretOf(expired), "atr_unknown", "x", `atr_${"A".repeat(43)}`],
        use
      )
      for (const answer of answers) assert.strictEqual(answer.status, 401)
      assert.strictEqual(new Set(answers.map(whole)).size, 1)
    })
  )

  it.live("a secret is told once, in the answer that made it", () =>
    Effect.gen(function* () {
      const { acme, ask } = yield* house()
      const key = acme.operator
      const made = yield* ask("/v1/keys", { key, body: { name: "server", scopes: ["turns"] } })
      const secret = `${at(made.json, "secret")}`
      assert.match(secret, /^atr_[\w-]{43}$/)
      const listed = yield* ask("/v1/keys?limit=1000", { key })
      assert.strictEqual(listed.status, 200)
      assert.include(listed.text, `"prefix":"${secret.slice(0, 12)}"`)
      assert.notInclude(listed.text, secret.slice(0, 13))
      assert.notInclude(listed.text, "hash")
    })
  )

  it.live("who acts as users becomes no operator, whatever it sends", () =>
    Effect.gen(function* () {
      const { acme, ask } = yield* house()
      const { secret: actor } = yield* acme.key({ scopes: ["act-as", "turns"] })
      const token = yield* ask("/v1/tokens", { key: actor, body: { userId: "alice" } })
      assert.strictEqual(token.status, 201, token.text)
      assert.deepStrictEqual(at(token.json, "key", "scopes"), ["turns"])
      const user = `${at(token.json, "secret")}`
      assert.strictEqual((yield* ask("/v1/conversations", { key: user })).status, 200)
      for (const key of [actor, user]) {
        const attempts = [
          yield* ask("/v1/keys", { key, body: { name: "k", scopes: ["turns"] } }),
          yield* ask("/v1/keys", { key, body: { name: "k", scopes: ["operator"] } }),
          yield* ask("/v1/keys", { key }),
          yield* ask("/v1/users", { key }),
          yield* ask("/v1/users/alice", {
            key,
            method: "PUT",
            body: { name: "x", properties: {} }
          }),
          yield* ask("/v1/conversations?whose=tenant", { key, method: "DELETE" })
        ]
        for (const answer of attempts) {
          assert.strictEqual(answer.status, 403, answer.text)
          assert.deepStrictEqual(at(answer.json, "reason"), {
            _tag: "Forbidden",
            scope: "operator"
          })
        }
      }
      const again = yield* ask("/v1/tokens", { key: user, body: { userId: "bob" } })
      assert.deepStrictEqual(at(again.json, "reason"), { _tag: "Forbidden", scope: "act-as" })
      const chat = yield* ask("/chat", { key: user, body: { user_id: "bob", message: "hi" } })
      assert.deepStrictEqual(at(chat.json, "reason"), { _tag: "Forbidden", scope: "act-as" })
    })
  )

  it.live("who is operator and may not act as users makes no key of one", () =>
    Effect.gen(function* () {
      const { acme, ask } = yield* house()
      const scopes = ["operator", "turns"]
      const { secret: key } = yield* acme.key({ scopes })
      const ofAlice = { name: "k", scopes: ["turns"], user: "alice" }
      const refused = yield* ask("/v1/keys", { key, body: ofAlice })
      assert.strictEqual(refused.status, 403, refused.text)
      assert.deepStrictEqual(at(refused.json, "reason"), { _tag: "Forbidden", scope: "act-as" })
      const own = yield* ask("/v1/keys", { key, body: { name: "k", scopes } })
      assert.strictEqual(own.status, 201, own.text)
      const { secret: alice } = yield* acme.key({ scopes, user: "alice" })
      const hers = yield* ask("/v1/keys", { key: alice, body: ofAlice })
      assert.strictEqual(hers.status, 201, hers.text)
      const bobs = yield* ask("/v1/keys", { key: alice, body: { ...ofAlice, user: "bob" } })
      assert.strictEqual(bobs.status, 403, bobs.text)
    })
  )

  it.effect("a token is good for as long as was asked, an hour at most", () =>
    Effect.gen(function* () {
      const { acme, ask } = yield* house()
      const token = (body: object) => ask("/v1/tokens", { key: acme.operator, body })
      const made = yield* token({ userId: "alice", lastsMs: 60_000 })
      assert.strictEqual(at(made.json, "key", "expiresAt"), 60_000)
      const use = ask("/v1/conversations", { key: `${at(made.json, "secret")}` })
      yield* TestClock.adjust(59_999)
      assert.strictEqual((yield* use).status, 200)
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* use).status, 401)
      for (const body of [
        { userId: "" },
        { userId: "a\u0000" },
        { userId: "alice", lastsMs: 3_600_001 },
        { userId: "alice", lastsMs: 0 },
        { userId: 1 },
        {}
      ]) {
        assert.strictEqual((yield* token(body)).status, 400, JSON.stringify(body))
      }
    })
  )

  it.live("a revoked key takes the tokens with it that were made with it", () =>
    Effect.gen(function* () {
      const { acme, ask } = yield* house()
      const server = yield* acme.key({ scopes: ["turns", "act-as"] })
      const other = yield* acme.key({ scopes: ["turns", "act-as"] })
      const token = (key: string) =>
        Effect.map(
          ask("/v1/tokens", { key, body: { userId: "alice" } }),
          ({ json }) => `${at(json, "secret")}`
        )
      const [gone, kept] = [yield* token(server.secret), yield* token(other.secret)]
      const use = (key: string) => ask("/v1/conversations", { key })
      assert.strictEqual((yield* use(gone)).status, 200)
      yield* ask(`/v1/keys/${server.id}`, { key: acme.operator, method: "DELETE" })
      const refused = yield* use(gone)
      assert.strictEqual(refused.status, 401)
      assert.strictEqual(whole(refused), whole(yield* use("atr_unknown")))
      assert.strictEqual((yield* use(kept)).status, 200)
      const listed = yield* ask("/v1/keys?limit=1000", { key: acme.operator })
      assert.include(listed.text, `"madeBy":"${server.id}"`)
    })
  )

  it.live("an app without keys makes no tokens: they would open nothing", () =>
    Effect.gen(function* () {
      const scopes = ["turns", "act-as", "operator"]
      const { ask } = yield* house({
        resolver: TenantResolver.layerSingle({ tenant: "acme", scopes })
      })
      const refused = yield* ask("/v1/tokens", { body: { userId: "alice" } })
      assert.strictEqual(refused.status, 422, refused.text)
    })
  )
})

/** Random operations of many users at once, checked against plain maps. */

import { Storage } from "@atrium/core/storage/Storage"
import type { Caller } from "@atrium/core/tenancy/Principal"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import { atOnce, jitter, range } from "./Interleaving.ts"
import * as Samples from "./Samples.ts"
import { scopeOf } from "./Scopes.ts"

/** What one user must see: only this user's fiber changes it, so it is exact at every moment. */
interface Lane {
  readonly tenant: string
  readonly user: string
  readonly scope: Caller
  readonly texts: Map<string, Array<string>>
  name: string | undefined
}

/** What the users of a tenant change together: only the sums are known. */
interface Shared {
  readonly scope: Caller
  increments: number
  counted: number
}

const tenants = ["tenant", "tenant/", "TENANT"]
const users = ["user", "User", "user%", "us_r", "u"]
/** So high that nothing is refused: every accepted turn counts one. */
const rate = { turns: 20_000, windowMs: 60_000 }
const board = "the tenant's"

/** The id of one of a user's conversations: the same in every tenant. */
const idOf = ({ user }: Lane, n: number) => `${user}/${n}`

const increment = Effect.fnUntraced(function* ({ scope }: Shared) {
  const { stores } = yield* Storage
  const found = Option.getOrThrow(yield* stores.conversations.find(scope, board))
  yield* jitter
  yield* stores.conversations.save(scope, { ...found, length: found.length + 1 })
})

/** Appends a message at the next position, in steps between which others run. */
const append = Effect.fnUntraced(function* ({ scope, user }: Lane, id: string, text: string) {
  const { stores } = yield* Storage
  const found = yield* stores.conversations.find(scope, id)
  if (Option.isNone(found)) return
  const position = found.value.position + 1
  yield* stores.conversations.save(scope, { ...found.value, position })
  yield* jitter
  yield* stores.messages.append(scope, [Samples.messageAt(id, user, position, 0, text)])
})

const textsOf = Effect.fnUntraced(function* ({ scope }: Lane, id: string) {
  const { stores } = yield* Storage
  const { items } = yield* stores.messages.list(scope, id, { limit: 1000 })
  return items.map(({ parts: [part] }) => (part?._tag === "Text" ? part.text : ""))
})

/** Some operation of a user on a conversation, and what it must answer. */
const step = Effect.fnUntraced(function* (lane: Lane, shared: Shared, others: ReadonlyArray<Lane>) {
  const { stores, transact } = yield* Storage
  const { scope, texts, user } = lane
  const id = idOf(lane, yield* Random.nextIntBetween(0, 2))
  const text = `${yield* Random.nextIntBetween(0, 1_000_000)} of ${user}`
  const kept = texts.get(id)
  switch (yield* Random.nextIntBetween(0, 11)) {
    case 0:
    case 1: {
      const { userId } = yield* stores.conversations.resolve(scope, Samples.conversation(id, user))
      assert.strictEqual(userId, user)
      if (kept === undefined) texts.set(id, [])
      return
    }
    case 2:
    case 3:
    case 4:
      yield* transact(append(lane, id, text))
      kept?.push(text)
      return
    case 5:
      yield* Effect.exit(transact(Effect.andThen(append(lane, id, text), Effect.fail("undone"))))
      return
    case 6:
      assert.deepStrictEqual(yield* textsOf(lane, id), kept ?? [])
      return
    case 7:
      if ((yield* Random.nextIntBetween(0, 4)) > 0) return
      assert.strictEqual(yield* stores.conversations.delete(scope, id), kept !== undefined)
      texts.delete(id)
      return
    case 8:
      yield* stores.users.save(scope, Samples.user(user, text))
      lane.name = text
      return
    case 9: {
      const found = yield* stores.users.find(scope, user)
      assert.strictEqual(
        Option.map(found, ({ name }) => name).pipe(Option.getOrUndefined),
        lane.name
      )
      const other = yield* Random.choice([...others, lane])
      if (other.user === user) return
      assert.deepStrictEqual(yield* textsOf(lane, idOf(other, 0)), [])
      assert.isTrue(Option.isNone(yield* stores.users.find(scope, other.user)))
      return
    }
    case 10:
      yield* transact(increment(shared))
      shared.increments += 1
      return
    default:
      assert.strictEqual(yield* stores.limits.take(scope, "tenant", rate, Samples.now), 0)
      shared.counted += 1
  }
})

/** Everything that is stored is what the maps say, and nothing else. */
const compare = Effect.fnUntraced(function* (
  lanes: ReadonlyArray<Lane>,
  shared: ReadonlyMap<string, Shared>
) {
  const { stores } = yield* Storage
  for (const lane of lanes) {
    const { items } = yield* stores.conversations.list(lane.scope, {})
    assert.sameMembers(
      items.map(({ id }) => id),
      [...lane.texts.keys()]
    )
    for (const [id, texts] of lane.texts) {
      assert.deepStrictEqual(yield* textsOf(lane, id), texts)
    }
  }
  for (const [tenant, { counted, increments, scope }] of shared) {
    const found = Option.getOrThrow(yield* stores.conversations.find(scope, board))
    assert.strictEqual(found.length, increments, `increments of ${tenant}`)
    const { left } = yield* stores.limits.left(scope, "tenant", rate, Samples.now)
    assert.strictEqual(rate.turns - left, counted, `turns counted for ${tenant}`)
    const named = yield* stores.users.list(scope, {})
    assert.sameDeepMembers(
      [...named.items],
      lanes.flatMap((lane) =>
        lane.tenant === tenant && lane.name !== undefined ? Samples.user(lane.user, lane.name) : []
      )
    )
  }
})

/** `operations` random operations by 15 users of 3 tenants at once. */
export const interleave = Effect.fnUntraced(function* (operations: number) {
  const { stores } = yield* Storage
  const shared = new Map<string, Shared>()
  const lanes: Array<Lane> = []
  // Tenants of its own, so that it can run again beside what an earlier run left.
  const run = yield* Random.nextIntBetween(0, 2 ** 31)
  for (const tenant of tenants.map((name) => `${name}${run}`)) {
    const scope = yield* scopeOf(tenant)
    yield* stores.conversations.resolve(scope, Samples.conversation(board, null))
    shared.set(tenant, { scope, increments: 0, counted: 0 })
    for (const user of users) {
      const own = yield* scopeOf(tenant, user)
      lanes.push({ tenant, user, scope: own, texts: new Map(), name: undefined })
    }
  }
  yield* atOnce(
    lanes.flatMap((lane) => {
      const common = shared.get(lane.tenant)
      return common === undefined
        ? []
        : Effect.forEach(
            range(Math.ceil(operations / lanes.length)),
            () => Effect.andThen(jitter, step(lane, common, lanes)),
            { discard: true }
          )
    })
  )
  yield* compare(lanes, shared)
})

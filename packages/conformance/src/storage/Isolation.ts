/** ISO-1, ISO-2, ISO-3: generated from the list of methods, a rule of each for every method. */

import { Storage } from "@atrium/core/storage/Storage"
import type { Caller } from "@atrium/core/tenancy/Principal"
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { scopeOf } from "./Scopes.ts"
import { rule, type StorageRule } from "./StorageRule.ts"
import { type Ids, idsOf, planted, type Specimen } from "./specimens/Specimen.ts"
import { byMethod, methodsOf, specimens } from "./specimens/Specimens.ts"
import { plant, readBack } from "./specimens/World.ts"

const A = idsOf("alpha")
const nobody = idsOf("nobody")

/** What a call answered, a failure included, as text in which `ids` cannot be told from others. */
const answerOf = (exit: Exit.Exit<unknown, unknown>, ids: Ids): string => {
  const text = Exit.isSuccess(exit)
    ? `answered ${JSON.stringify(exit.value)}`
    : `failed ${JSON.stringify(Cause.squash(exit.cause))}`
  return text.replaceAll(ids.user.slice("user-".length), "?")
}

/** Somebody else, and what owners their records may claim to have. */
interface Stranger {
  readonly scope: Caller
  readonly owners: ReadonlyArray<string | null>
}

/** The answers of `specimen` to a stranger who asks with `ids`, with every owner they may claim. */
const ask = Effect.fnUntraced(function* (specimen: Specimen, by: Stranger, ids: Ids) {
  const { stores } = yield* Storage
  const answers: Array<string> = []
  for (const owner of by.owners) {
    // "A's user" is nobody's user where the ids are nobody's.
    const claimed = owner === A.user ? ids.user : owner
    answers.push(answerOf(yield* Effect.exit(specimen.call(stores, by.scope, ids, claimed)), ids))
  }
  return answers
})

/** In another tenant: the whole of it, and a user of the same name. */
const otherTenant = Effect.gen(function* () {
  return [
    { scope: yield* scopeOf("tenant b"), owners: [A.user, "somebody"] },
    { scope: yield* scopeOf("tenant b", A.user), owners: [A.user, null] }
  ] satisfies ReadonlyArray<Stranger>
})

/** Another user of the same tenant, who says of records that they are A's, their own, or nobody's. */
const otherUser = Effect.map(
  scopeOf("tenant a", "user-b"),
  (scope): ReadonlyArray<Stranger> => [{ scope, owners: [A.user, "user-b", null] }]
)

/** Written by A, asked or attempted by strangers: nothing of A's is answered or changed. */
const absent = (specimen: Specimen, strangers: typeof otherTenant | typeof otherUser) =>
  Effect.gen(function* () {
    const storage = yield* Storage
    const own = yield* scopeOf("tenant a", A.user)
    const by = specimen.by === "user" ? own : yield* scopeOf("tenant a")
    yield* plant(storage, own, A)
    const before = yield* readBack(storage, own, A)

    const answers: Array<string> = []
    for (const stranger of yield* strangers) answers.push(...(yield* ask(specimen, stranger, A)))
    assert.strictEqual(yield* readBack(storage, own, A), before, "A's data changed")
    for (const answer of answers) {
      assert.notInclude(answer, planted, "the answer holds what A has written")
    }

    const unknown = yield* Effect.exit(
      specimen.call(storage.stores, yield* scopeOf("tenant c"), nobody, nobody.user)
    )
    const mine = yield* Effect.exit(specimen.call(storage.stores, by, A, A.user))
    const told = answerOf(mine, A)
    if (told === answerOf(unknown, nobody)) {
      const after = yield* readBack(storage, own, A)
      assert.notStrictEqual(after, before, "the method has no effect for A either")
    } else {
      assert.notInclude(answers, told, "a stranger gets the answer that A gets")
    }
  })

/** A foreign id and one that nobody ever had get the same answer. */
const noOracle = (specimen: Specimen) =>
  Effect.gen(function* () {
    const storage = yield* Storage
    yield* plant(storage, yield* scopeOf("tenant a", A.user), A)
    const users = specimen.hiddenFrom === "users" ? yield* otherUser : []
    for (const stranger of [...(yield* otherTenant), ...users]) {
      const foreign = yield* ask(specimen, stranger, A)
      const unknown = yield* ask(specimen, stranger, nobody)
      assert.deepStrictEqual(foreign, unknown)
    }
  })

const generated: ReadonlyArray<StorageRule> = byMethod.flatMap(([method, specimen]) => [
  rule({
    id: `ISO-1 ${method}`,
    rows: ["084"],
    sentence: "written under tenant A, asked under tenant B: absent, and A's data unchanged",
    check: () => absent(specimen, otherTenant)
  }),
  ...(specimen.hiddenFrom === "users"
    ? [
        rule({
          id: `ISO-2 ${method}`,
          rows: ["084"],
          sentence:
            "written by user A, asked by user B of the same tenant: absent, A's data unchanged",
          check: () => absent(specimen, otherUser)
        })
      ]
    : []),
  ...(specimen.namesIds
    ? [
        rule({
          id: `ISO-3 ${method}`,
          sentence: "a foreign id and an unknown id get the same answer",
          check: () => noOracle(specimen)
        })
      ]
    : [])
])

export const isolation: ReadonlyArray<StorageRule> = [
  rule({
    id: "ISO-1",
    sentence: "every method of every store has a specimen, from which its rules are made",
    check: () =>
      Effect.map(Storage, ({ stores }) =>
        assert.sameMembers([...methodsOf(stores)], [...methodsOf(specimens)])
      )
  }),
  ...generated
]

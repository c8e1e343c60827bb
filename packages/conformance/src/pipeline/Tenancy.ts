/** TEN-1, TEN-2: one agent whoever asks at once, and limits that hold exactly. */
import { Agents } from "@atrium/core/agents/Agents"
import { Bindings } from "@atrium/core/agents/Bindings"
import type { AgentDriver } from "@atrium/core/backend/AgentBackend"
import { Conversations } from "@atrium/core/conversations/Conversations"
import { Storage } from "@atrium/core/storage/Storage"
import { Limits } from "@atrium/core/tenancy/Limits"
import { defaultPlan } from "@atrium/core/tenancy/Plan"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { atOnce, jitter, range, seeded } from "../storage/Interleaving.ts"
import { as, inHouse, type Opening } from "./House.ts"
import { type PipelineRule, timed } from "./PipelineRule.ts"
import * as Puppet from "./Puppet.ts"
import { ask, refusal, send, talk, transcript, type Within } from "./Steps.ts"
import { passing, still } from "./VirtualTime.ts"

const rule = (
  given: Omit<PipelineRule, "check">,
  steps: (puppet: Puppet.Puppet) => Effect.Effect<void, unknown, Within>,
  opening: Opening = {}
): PipelineRule =>
  timed({
    ...given,
    check: Effect.suspend(() => {
      const puppet = Puppet.make()
      return inHouse(as("ann")(steps(puppet)), { backend: puppet.driver, ...opening })
    })
  })

const resolved = (template: string) =>
  Effect.flatMap(Bindings, (bindings) => Effect.andThen(jitter, bindings.resolve(template)))

/** A driver whose first `provision` and `open` hang, and whose second ones find what is there. */
const halting = (puppet: Puppet.Puppet): AgentDriver => {
  const { agents, ...driver } = puppet.driver
  const hang = <A>(begun: ReadonlyArray<unknown>, answered: A): Effect.Effect<A> =>
    begun.length === 1 ? Effect.never : Effect.succeed(answered)
  return {
    ...driver,
    agents: {
      ...agents,
      provision: (agent, template) =>
        Effect.flatMap(agents.provision(agent, template), (ref) => hang(puppet.provisioned, ref)),
      open: (agent, conversation, template) =>
        Effect.flatMap(agents.open(agent, conversation, template), (ref) =>
          hang(puppet.opened, ref)
        )
    }
  }
}

/** The default plan's rate, met by sends at once and one after another. */
const limit = { user: defaultPlan.user }

export const tenancy: ReadonlyArray<PipelineRule> = [
  rule(
    {
      id: "TEN-1a",
      rows: ["006", "011", "083"],
      sentence: "100 callers at once of one binding get one agent, provisioned once"
    },
    ({ provisioned }) =>
      seeded(
        Effect.gen(function* () {
          const before = provisioned.length
          const tenant = `tenant ${before}`
          const users = range(100).map((n) => `user ${n}`)
          const shared = yield* passing(
            atOnce(users.map((user) => as(user, tenant)(resolved("helper"))))
          )
          assert.lengthOf([...new Set(shared.map(({ id }) => id))], 1)
          const own = yield* passing(atOnce(users.map(() => as("ann", tenant)(resolved("own")))))
          assert.lengthOf([...new Set(own.map(({ id }) => id))], 1)
          assert.strictEqual(provisioned.length, before + 2)
          const { items } = yield* Effect.flatMap(Agents, (agents) => agents.list({})).pipe(
            as("the operator", tenant, ["agents", "operator"])
          )
          assert.lengthOf(items, 2)
        }),
        3
      )
  ),
  rule(
    {
      id: "TEN-1b",
      rows: ["013", "099"],
      sentence: "100 callers at once of one key get one conversation; each user has its own"
    },
    ({ opened }) =>
      Effect.gen(function* () {
        const same = yield* passing(atOnce(range(100).map(() => Effect.andThen(jitter, talk()))))
        assert.lengthOf([...new Set(same.map(({ id }) => id))], 1)
        const each = yield* passing(
          atOnce(range(100).map((n) => as(`user ${n}`)(Effect.andThen(jitter, talk()))))
        )
        assert.lengthOf([...new Set(each.map(({ id }) => id))], 100)
        assert.lengthOf([...new Set(opened)], 101)
        assert.lengthOf(opened, 101)
      })
  ),
  timed({
    id: "TEN-1c",
    rows: ["006"],
    sentence: "provisioning that was cut off is repeated for the same agent and conversation",
    check: Effect.gen(function* () {
      const puppet = Puppet.make()
      const backend = halting(puppet)
      const begin = (last: boolean) =>
        inHouse(
          Effect.gen(function* () {
            const fiber = yield* Effect.forkChild(talk())
            yield* still
            if (last) return (yield* passing(Fiber.join(fiber))).id
            yield* Fiber.interrupt(fiber)
            return "cut off"
          }).pipe(as("ann")),
          { backend }
        )
      yield* begin(false)
      yield* begin(false)
      const id = yield* begin(true)
      assert.lengthOf([...new Set(puppet.provisioned)], 1)
      assert.deepStrictEqual([...new Set(puppet.opened)], [id])
    })
  }),
  rule(
    {
      id: "TEN-2a",
      rows: ["023", "025"],
      sentence:
        "of 30 sends at once 10 are accepted, 20 refused with the time to wait, without a run"
    },
    ({ runs }) =>
      Effect.gen(function* () {
        const talks = yield* Effect.forEach(range(30), (n) => talk(`${n}`))
        const answers = yield* passing(
          atOnce(
            talks.map(({ id }) =>
              Effect.andThen(jitter, refusal(ask({ conversation: id, text: "hello" })))
            )
          ),
          1
        )
        const accepted = range(10).map(() => "no refusal")
        const refused = range(20).map(() => "RateLimited")
        assert.deepStrictEqual([...answers].sort(), [...refused, ...accepted].sort())
        assert.lengthOf(runs, 10)
        const lengths = yield* Effect.forEach(talks, ({ id }) => transcript(id))
        assert.lengthOf(lengths.flat(), 20)
        const conversations = yield* Conversations
        const { items } = yield* conversations.list({})
        assert.strictEqual(
          items.reduce((sum, { length }) => sum + length, 0),
          20
        )
      }),
    { plan: limit }
  ),
  rule(
    {
      id: "TEN-2b",
      rows: ["023"],
      sentence:
        "an 11th is refused for as long as it says, and accepted then; others are not touched"
    },
    () =>
      Effect.gen(function* () {
        const limits = yield* Limits
        const { id: conversation } = yield* talk()
        const say = (text: string) => passing(ask({ conversation, text }), 0)
        for (const n of range(10)) {
          yield* say(`${n}`)
          yield* TestClock.adjust(1000)
        }
        const eleventh = yield* Effect.flip(send({ conversation, text: "10" }))
        assert.deepStrictEqual(eleventh.reason, { _tag: "RateLimited", retryAfterMs: 50_000 })
        assert.include(eleventh.message, "Rate limit exceeded")
        const { user } = yield* limits.left
        assert.deepStrictEqual([user.left, user.retryAfterMs], [0, 50_000])
        yield* Effect.flatMap(talk(), ({ id }) =>
          passing(ask({ conversation: id, text: "hi" }), 0)
        ).pipe(as("bob"))
        yield* TestClock.adjust(49_999)
        assert.strictEqual(yield* refusal(send({ conversation, text: "10" })), "RateLimited")
        yield* TestClock.adjust(1)
        yield* say("10")
        assert.strictEqual(yield* refusal(send({ conversation, text: "11" })), "RateLimited")
        assert.lengthOf(yield* transcript(conversation), 22)
      }),
    { plan: limit }
  ),
  rule(
    {
      id: "TEN-2c",
      sentence: "a tenant's limit counts all its users together, and a refusal by it counts nobody"
    },
    () =>
      Effect.gen(function* () {
        const limits = yield* Limits
        const say = Effect.flatMap(talk(), ({ id }) => ask({ conversation: id, text: "hi" }))
        for (const n of range(5)) yield* passing(say, 0).pipe(as(`user ${n}`))
        const refused = yield* refusal(say)
        assert.strictEqual(refused, "RateLimited")
        const { tenant, user } = yield* limits.left
        assert.deepStrictEqual([tenant?.left, user.left], [0, 10])
        yield* passing(say, 0).pipe(as("ann", "another"))
      }),
    { plan: { ...limit, tenant: { turns: 5, windowMs: 60_000 } } }
  ),
  rule(
    {
      id: "TEN-2d",
      rows: ["024"],
      sentence: "after an idle hour nothing is left of what was counted for 300 users"
    },
    () =>
      Effect.gen(function* () {
        const { maintenance } = yield* Storage
        yield* passing(
          atOnce(
            range(300).map((n) =>
              as(`user ${n}`)(
                Effect.flatMap(talk(), ({ id }) => ask({ conversation: id, text: "hi" }))
              )
            )
          )
        )
        yield* passing(Effect.sleep("1 hour"), 60_000)
        assert.strictEqual(yield* maintenance.purgeLimits(Number.MAX_SAFE_INTEGER, 1000), 0)
      })
  )
]

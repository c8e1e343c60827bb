/** TEN-1: agents and conversations are made once, however often it is asked. */
import { Bindings } from "@atrium/core/agents/Bindings"
import { AgentId, ConversationId } from "@atrium/core/ids"
import { Principal } from "@atrium/core/tenancy/Principal"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { as, agents as defined, House, inHouse } from "../pipeline/House.ts"
import { ask, refusal, send, talk } from "../pipeline/Steps.ts"
import { atOnce, range } from "../storage/Interleaving.ts"
import { type BackendRule, troubling } from "./BackendRule.ts"

const template = defined["helper"]?.template ?? { name: "helper", model: "test/none", blocks: [] }

/** The driver itself, asked as core asks it. */
const driven = (
  id: string,
  sentence: string,
  check: (
    driver: House["Service"]["backend"],
    scope: Principal["Service"]
  ) => Effect.Effect<void, unknown>
): BackendRule => ({
  id,
  sentence,
  check: Effect.gen(function* () {
    const { backend } = yield* House
    yield* check(backend, yield* Principal)
  }).pipe(as("ann"))
})

/** Shared by the users of the tenant. */
const owner = Option.none()

export const agents: ReadonlyArray<BackendRule> = [
  driven(
    "TEN-1a",
    "provisioning and opening are answered the same when they are repeated, also at once",
    ({ agents }, scope) =>
      Effect.gen(function* () {
        const agentId = AgentId("agent_one")
        const refs = yield* atOnce(
          range(5).map(() => agents.provision({ scope, agentId, owner }, template))
        )
        const ref = refs[0] ?? ""
        assert.deepStrictEqual([...new Set(refs)], [ref])
        const conversation = ConversationId("conv_one")
        const opened = yield* atOnce(
          range(5).map(() => agents.open({ scope, agentId, owner, ref }, conversation, template))
        )
        assert.lengthOf([...new Set(opened)], 1)
        const other = yield* agents.open(
          { scope, agentId, owner, ref },
          ConversationId("conv_two"),
          template
        )
        assert.notInclude(opened, other)
      })
  ),
  driven(
    "TEN-1b",
    "agents of two ids are two, and one that is gone or never was may be deleted",
    ({ agents }, scope) =>
      Effect.gen(function* () {
        const made = yield* Effect.forEach(["agent_one", "agent_two"], (id) =>
          Effect.map(agents.provision({ scope, agentId: AgentId(id), owner }, template), (ref) => ({
            scope,
            agentId: AgentId(id),
            owner,
            ref
          }))
        )
        assert.notStrictEqual(made[0]?.ref, made[1]?.ref)
        for (const agent of made) {
          yield* agents.delete(agent)
          yield* agents.delete(agent)
        }
      })
  ),
  {
    id: "TEN-1c",
    rows: ["083"],
    sentence: "twenty callers at once get one agent that answers",
    check: Effect.gen(function* () {
      const bindings = yield* Bindings
      const made = yield* atOnce(range(20).map(() => bindings.resolve("own")))
      assert.lengthOf([...new Set(made.map(({ id }) => id))], 1)
      const { id: conversation } = yield* talk("default", "own")
      assert.notStrictEqual((yield* ask({ conversation, text: "hello" })).text, "")
      assert.strictEqual(yield* refusal(send({ conversation, text: "" })), "Rejected")
    }).pipe(as("ann"), (self) => inHouse(self))
  },
  troubling(
    { id: "TEN-1d", sentence: "the vendor has one agent for each that was made, and no more" },
    (vendor) =>
      Effect.gen(function* () {
        const bindings = yield* Bindings
        const before = yield* vendor.agents
        yield* atOnce(
          range(10).flatMap((n) =>
            range(3).map(() => bindings.resolve("own").pipe(as(`user ${n}`)))
          )
        )
        assert.strictEqual((yield* vendor.agents) - before, 10)
      }).pipe((self) => inHouse(self))
  )
]

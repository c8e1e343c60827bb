/** ISO-1, ISO-2, ISO-3 at the facades: generated from the list of their methods. */
import type { Atrium } from "@atrium/core"
import { Agents } from "@atrium/core/agents/Agents"
import { Bindings } from "@atrium/core/agents/Bindings"
import { Conversations } from "@atrium/core/conversations/Conversations"
import { AgentId, BlockId } from "@atrium/core/ids"
import { Memory } from "@atrium/core/memory/Memory"
import { Storage } from "@atrium/core/storage/Storage"
import { ApiKeys } from "@atrium/core/tenancy/ApiKeys"
import { Limits } from "@atrium/core/tenancy/Limits"
import { Principal } from "@atrium/core/tenancy/Principal"
import type { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { Users } from "@atrium/core/tenancy/Users"
import { Turns } from "@atrium/core/turns/Turns"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { asText, keepingLog, type Line } from "./CanaryWorld.ts"
import { type FacadeSpecimen, facadeMethods, facadeSpecimens, type Ids } from "./FacadeSpecimens.ts"
import { as, type House, inHouse } from "./House.ts"
import { type PipelineRule, timed } from "./PipelineRule.ts"
import * as Puppet from "./Puppet.ts"
import { ask, send, talk } from "./Steps.ts"
import { passing } from "./VirtualTime.ts"

const planted = "a word that only ann knows"

/** Everything that ann, of the tenant acme, has, as she and her operator read it. */
const readBack = ({ agent, block, conversation, key, turn, user }: Ids) =>
  Effect.gen(function* () {
    const own = Effect.gen(function* () {
      const turns = yield* Turns
      const conversations = yield* Conversations
      const limits = yield* Limits
      const found = yield* conversations.list({})
      const mine = found.items.find(({ id }) => id === conversation)
      if (mine === undefined) return "her conversation is gone"
      const sent = yield* conversations.messages(mine.id, {})
      const first = yield* Effect.map(Turns, () => sent.items[0]?.turnId === turn)
      const events = yield* Stream.runCollect(
        turns.stream({ conversation: mine.id, text: planted, id: "planted" })
      )
      const memory = yield* Memory
      const id = AgentId(agent)
      const remembered = [
        yield* memory.blocks(id),
        yield* memory.history(BlockId(block), {}),
        yield* memory.passages(id, {}),
        yield* memory.search(id, planted, {}),
        yield* memory.recall(id, planted, {})
      ]
      return asText([found, sent, first, events, yield* limits.left, remembered])
    })
    const operated = Effect.gen(function* () {
      const agents = yield* Agents
      const users = yield* Users
      const bindings = yield* Bindings
      const keys = yield* Effect.flatMap(ApiKeys, (all) => all.list({}))
      return asText([
        keys.items.find(({ id }) => id === key),
        yield* agents.find(AgentId(agent)),
        yield* users.find(user),
        yield* bindings.list({ agentId: AgentId(agent) }, {})
      ])
    })
    return [
      yield* own.pipe(as(user, "acme", ["turns", "memory"])),
      yield* operated.pipe(as("the operator", "acme", ["agents", "operator"]))
    ]
  })

/** How time passes: virtually, or by itself. */
interface Time {
  readonly until: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R | Storage>
  readonly tick: Effect.Effect<void>
}

const virtual: Time = { until: passing, tick: TestClock.adjust(1) }
const real: Time = { until: (self) => self, tick: Effect.sleep(2) }

/** A block of hers, as a backend makes it when her agent begins. */
const begin = Effect.fnUntraced(function* (agentId: string, userId: string) {
  const { stores } = yield* Storage
  const block = BlockId("block_of_ann")
  yield* stores.blocks.insert(yield* Principal, [
    {
      id: block,
      agentId,
      userId,
      conversationId: null,
      label: "human",
      description: "",
      value: planted,
      owner: "agent",
      limit: 2000,
      readOnly: false,
      revision: 1,
      trust: "operator",
      at: 0
    }
  ])
  return block
})

/** What ann plants: a turn that can be replayed, an agent of her own with a memory, a profile. */
const plant = Effect.fnUntraced(function* ({ until }: Time) {
  const user = "ann"
  const ids = yield* Effect.gen(function* () {
    const { agentId: agent, id: conversation } = yield* talk("default", "own")
    const { id: turn } = yield* send({ conversation, text: planted, id: "planted" })
    yield* until(ask({ conversation, text: planted, id: "planted" }))
    const memory = yield* Memory
    const [passage] = yield* memory.insert(agent, [planted])
    const block = yield* begin(agent, user)
    yield* memory.edit(block, { _tag: "Append", text: planted })
    return { user, agent, conversation, turn, block, passage: passage?.id ?? "" }
  }).pipe(as(user, "acme", ["turns", "memory"]))
  const operator = as("the operator", "acme", ["act-as", "operator", "turns"])
  const { key } = yield* Effect.flatMap(ApiKeys, (keys) =>
    keys.create({ name: planted, scopes: ["turns"], user })
  ).pipe(operator)
  yield* Effect.flatMap(Users, (users) =>
    users.save({ id: user, name: planted, properties: { secret: planted } })
  ).pipe(operator)
  return { ...ids, key: key.id }
})

const unknown: Ids = {
  user: "nobody",
  agent: "agent_000000000000000000000000",
  conversation: "conv_000000000000000000000000",
  turn: "turn_000000000000000000000000",
  key: "key_000000000000000000000000",
  block: "block_of_nobody",
  passage: "passage_000000000000000000000000"
}

interface Stranger {
  readonly user: string
  readonly tenant: string
  readonly scopes: ReadonlyArray<string>
}

const names = /(conv|agent|turn|key|passage)_[0-9a-z]{22,24}|ann|nobody|bob \d|beta \d/g

/** The answer to a stranger and what was logged, in which no id can be told from another. */
const answer = Effect.fnUntraced(function* (
  { tick, until }: Time,
  { call }: FacadeSpecimen,
  { scopes, tenant, user }: Stranger,
  ids: Ids
) {
  const lines: Array<Line> = []
  // Ids of one millisecond sort at random.
  yield* tick
  const exit = yield* Effect.exit(until(as(user, tenant, scopes)(call(ids)))).pipe(
    Effect.provide(keepingLog(lines), { local: true })
  )
  const told = Exit.isSuccess(exit) ? asText(exit.value) : asText(exit.cause)
  const logged = lines.map(({ text }) => text).join("\n")
  return [told, logged].map((text) => text.replaceAll(names, "?"))
})

/** Each method, called by strangers with ann's ids and with unknown ones. */
const asked = (time: Time, strangerOf: (which: "bob 1" | "bob 2") => Stranger) =>
  Effect.gen(function* () {
    const ids = yield* plant(time)
    const before = yield* readBack(ids)
    for (const specimen of facadeSpecimens) {
      const foreign = yield* answer(time, specimen, strangerOf("bob 1"), ids)
      const none = yield* answer(time, specimen, strangerOf("bob 2"), unknown)
      for (const text of foreign) {
        assert.notInclude(text, planted, `${specimen.method} told what ann wrote`)
      }
      assert.deepStrictEqual(
        foreign,
        none,
        `${specimen.method} answers a foreign id unlike an unknown one`
      )
      assert.deepStrictEqual(yield* readBack(ids), before, `${specimen.method} changed ann's data`)
    }
  })

const scopes = ["turns", "memory", "agents", "act-as"]

/** The rules, over the backend that `open` opens an app with. */
const rules = (
  time: Time,
  open: <A, E, R>(
    self: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, unknown, Exclude<R, Atrium.Facades> | Storage | TenantResolver | House>
): ReadonlyArray<PipelineRule> => [
  {
    id: "ISO-1a",
    sentence: "every method of every facade is tried on strangers",
    check: open(
      Effect.map(facadeMethods, (methods) =>
        assert.sameMembers(
          facadeSpecimens.map(({ method }) => method),
          [...methods]
        )
      )
    )
  },
  {
    id: "ISO-1b",
    rows: ["026"],
    sentence: "an operator of another tenant gets and changes nothing, and learns of no id",
    check: open(
      asked(time, (which) => ({
        user: "ann",
        tenant: which.replace("bob", "beta"),
        scopes: [...scopes, "operator"]
      }))
    )
  },
  {
    id: "ISO-2a",
    rows: ["026", "068"],
    sentence: "another user of the tenant gets and changes nothing, and learns of no id",
    check: open(asked(time, (user) => ({ user, tenant: "acme", scopes })))
  }
]

export const facades: ReadonlyArray<PipelineRule> = rules(virtual, (self) =>
  inHouse(self, { backend: Puppet.make().driver })
).map(timed)

/** The same over the backend to be proven, in real time. */
export const facadesOfBackend = rules(real, inHouse)

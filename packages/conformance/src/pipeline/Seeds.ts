/** What users of the multi-tenant patterns expect of facades, script by script. */
import { Agents } from "@atrium/core/agents/Agents"
import { Bindings } from "@atrium/core/agents/Bindings"
import { Conversations } from "@atrium/core/conversations/Conversations"
import { textOf } from "@atrium/core/conversations/Message"
import { TurnError } from "@atrium/core/errors"
import { AgentId, UserId } from "@atrium/core/ids"
import { Storage } from "@atrium/core/storage/Storage"
import { Users } from "@atrium/core/tenancy/Users"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { atOnce, range } from "../storage/Interleaving.ts"
import { asText, keepingLog, type Line } from "./CanaryWorld.ts"
import { agents, as, inHouse } from "./House.ts"
import { type PipelineRule, timed } from "./PipelineRule.ts"
import * as Puppet from "./Puppet.ts"
import { ask, refusal, send, talk, transcript, type Within } from "./Steps.ts"
import { passing } from "./VirtualTime.ts"

const operator = as("the operator", "acme", ["agents", "operator", "turns"])

/** A rule with the shared agent "helper" and a backend that can read its transcript. */
const rule = (
  id: string,
  rows: ReadonlyArray<string>,
  sentence: string,
  steps: (puppet: Puppet.Puppet) => Effect.Effect<void, unknown, Within>,
  script: (stores: Storage["Service"]["stores"]) => Puppet.Script = () => Puppet.echo
): PipelineRule =>
  timed({
    id,
    rows,
    sentence,
    check: Effect.gen(function* () {
      const { stores } = yield* Storage
      const puppet = Puppet.make(script(stores))
      yield* inHouse(as("ann")(steps(puppet)), { backend: puppet.driver })
    })
  })

/** Answers with the name it was told in the same conversation. */
const recall =
  (stores: Storage["Service"]["stores"]): Puppet.Script =>
  (turn) =>
    Effect.gen(function* () {
      const { conversationId } = turn.turn
      const past = yield* Effect.orDie(
        stores.messages.recent(turn.scope, conversationId, turn.position, 100)
      )
      const told = [...past, turn.input].map(textOf).filter((text) => /^My name is/.test(text))
      const name = told.at(-1)?.slice("My name is ".length)
      return yield* Puppet.say(turn, name === undefined ? "I do not know" : `You are ${name}`)
    })

const say = (text: string) =>
  Effect.flatMap(talk(), ({ id }) => passing(ask({ conversation: id, text })))

const told = (text: string) => Effect.map(say(text), (answer) => answer.text)

export const seeds: ReadonlyArray<PipelineRule> = [
  rule(
    "SRC-1",
    ["073"],
    "Alice, Bob, Alice: who tells a name is known by it, in the own conversation only",
    () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* told("My name is Alice").pipe(as("alice")), "You are Alice")
        assert.strictEqual(yield* told("My name is Bob").pipe(as("bob")), "You are Bob")
        assert.strictEqual(yield* told("What's my name?").pipe(as("alice")), "You are Alice")
        assert.strictEqual(yield* told("What's my name?").pipe(as("bob")), "You are Bob")
        assert.strictEqual(yield* told("What's my name?").pipe(as("carol")), "I do not know")
      }),
    recall
  ),
  rule(
    "SRC-2",
    ["084"],
    "A has 10 messages, B 5, an unknown C none, and none of A's holds a word of B",
    () =>
      Effect.gen(function* () {
        for (const n of range(5)) yield* say(`User A message ${n}`).pipe(as("a"))
        for (const n of range(2)) yield* say(`User B message ${n}`).pipe(as("b"))
        assert.strictEqual(yield* refusal(say("fail, User B")).pipe(as("b")), "ContextTooLong")
        const of = (user: string) =>
          Effect.gen(function* () {
            const conversations = yield* Conversations
            const { items } = yield* conversations.list({})
            return (yield* Effect.forEach(items, ({ id }) => transcript(id))).flat()
          }).pipe(as(user))
        const all = yield* Effect.forEach(["a", "b", "c"], of)
        assert.deepStrictEqual(
          all.map(({ length }) => length),
          [10, 5, 0]
        )
        assert.notInclude(asText(all[0]), "User B")
      }),
    () =>
      Effect.fnUntraced(function* (turn) {
        if (!Puppet.heard(turn).startsWith("fail")) return yield* Puppet.echo(turn)
        return yield* TurnError.because({ _tag: "ContextTooLong" })
      })
  ),
  rule(
    "SRC-3",
    ["076", "079"],
    "clearing A's conversations leaves B's; only an operator clears them all",
    () =>
      Effect.gen(function* () {
        const clear = (whose: "own" | "tenant") =>
          Effect.flatMap(Conversations, (conversations) => conversations.clear(whose))
        const size = Effect.flatMap(Conversations, (conversations) =>
          Effect.map(conversations.list({}), ({ items }) => items.length)
        )
        const sizes = Effect.all([size.pipe(as("a")), size.pipe(as("b"))])
        yield* say("one").pipe(as("a"))
        yield* say("one").pipe(as("b"))
        assert.strictEqual(yield* clear("own").pipe(as("a")), 1)
        assert.deepStrictEqual(yield* sizes, [0, 1])
        yield* say("two").pipe(as("a"))
        const forbidden = yield* Effect.flip(
          Effect.flatMap(Conversations, (conversations) => conversations.clear("tenant"))
        )
        assert.deepStrictEqual(forbidden.reason, { _tag: "Forbidden", scope: "operator" })
        yield* say("of another tenant").pipe(as("a", "another"))
        assert.strictEqual(yield* clear("tenant").pipe(operator), 2)
        assert.deepStrictEqual(yield* sizes, [0, 0])
        assert.strictEqual(yield* size.pipe(as("a", "another")), 1)
      })
  ),
  rule(
    "SRC-4",
    ["017", "019"],
    "a user's properties are kept, one set for each id, and seen by the agent in that user's runs",
    ({ runs }) =>
      Effect.gen(function* () {
        const users = yield* Users
        const save = (id: string, plan: string) =>
          users.save({ id, name: `name of ${id}`, properties: { plan, seats: 3, beta: true } })
        yield* Effect.all([save("a", "free"), save("a", "pro"), save("b", "free")]).pipe(operator)
        const a = yield* users.find("a").pipe(as("a"))
        assert.deepStrictEqual(a.properties, { plan: "pro", seats: 3, beta: true })
        const { items } = yield* users.list({}).pipe(operator)
        assert.deepStrictEqual(
          items.map(({ id }) => id),
          ["a", "b"]
        )
        assert.strictEqual(yield* refusal(users.find("b")), "NotFound")
        yield* atOnce([say("hi").pipe(as("a")), say("hi").pipe(as("b"))])
        const seen = runs.map(({ scope, user }) => [
          Option.getOrNull(scope.userId),
          Option.getOrUndefined(user)?.properties["plan"]
        ])
        assert.sameDeepMembers(seen, [
          ["a", "pro"],
          ["b", "free"]
        ])
      })
  ),
  rule(
    "SRC-5",
    ["018"],
    "users attached to an agent are listed from both sides, and detached",
    () =>
      Effect.gen(function* () {
        const bindings = yield* Bindings
        const { agentId } = yield* talk()
        const bound = (user: string) => ({ agentId: AgentId(agentId), userId: UserId(user) })
        const users = (of: Parameters<typeof bindings.list>[0]) =>
          Effect.map(bindings.list(of, {}), ({ items }) => items.map(({ userId }) => userId))
        yield* Effect.gen(function* () {
          yield* bindings.attach(bound("a"))
          yield* bindings.attach(bound("b"))
          yield* bindings.attach(bound("b"))
          assert.sameMembers([...(yield* users({ agentId: AgentId(agentId) }))], ["a", "b"])
          assert.deepStrictEqual(yield* users({ userId: UserId("b") }), [UserId("b")])
          yield* bindings.detach(bound("a"))
          assert.deepStrictEqual(yield* users({ agentId: AgentId(agentId) }), [UserId("b")])
          assert.deepStrictEqual(yield* users({ userId: UserId("a") }), [])
        }).pipe(operator)
        assert.strictEqual(yield* refusal(bindings.attach(bound("c"))), "Forbidden")
      })
  ),
  rule(
    "SRC-6",
    ["005", "007", "012"],
    "before its first use there is no agent; then it is found by its user's tag, its talk by title",
    () =>
      Effect.gen(function* () {
        const bindings = yield* Bindings
        const conversations = yield* Conversations
        assert.deepStrictEqual(yield* bindings.find("own"), Option.none())
        const started = yield* conversations.start("own", "Support chat for ann")
        const other = yield* talk("default", "own").pipe(as("bob"))
        assert.notStrictEqual(other.agentId, started.agentId)
        const found = yield* Effect.flatMap(Agents, (all) =>
          all.list({ tags: ["user:ann"], limit: 1 })
        ).pipe(operator)
        assert.deepStrictEqual(
          found.items.map(({ id, owner }) => `${id} ${Option.getOrNull(owner)}`),
          [`${started.agentId} ann`]
        )
        const [listed] = (yield* conversations.list({})).items
        assert.deepStrictEqual(
          [listed?.title, listed?.agentId, Option.getOrNull(listed?.userId ?? Option.none())],
          ["Support chat for ann", started.agentId, "ann"]
        )
        assert.strictEqual(Option.getOrUndefined(yield* bindings.find("own"))?.id, started.agentId)
      })
  ),
  rule(
    "SRC-7",
    ["098", "099"],
    "a session is a conversation by its key: a user's two are two, and two users share none",
    ({ runs }) =>
      Effect.gen(function* () {
        const session = (key: string, text: string) =>
          Effect.gen(function* () {
            const { id } = yield* talk(key)
            return (yield* passing(ask({ conversation: id, text }))).text
          })
        yield* session("session-123", "My name is Ann")
        assert.strictEqual(yield* session("session-123", "Who am I?"), "You are Ann")
        assert.strictEqual(yield* session("session-456", "Who am I?"), "I do not know")
        assert.strictEqual(
          yield* session("session-123", "Who am I?").pipe(as("bob")),
          "I do not know"
        )
        const scopes = new Set(
          runs.map(({ scope, turn }) => `${Option.getOrNull(scope.userId)} ${turn.conversationId}`)
        )
        assert.strictEqual(scopes.size, 3)
      }),
    recall
  ),
  rule(
    "SRC-8",
    ["090"],
    "each send leaves one structured record with user, length and time, and no word of the text",
    () =>
      Effect.gen(function* () {
        const lines: Array<Line> = []
        const { id } = yield* talk()
        yield* Effect.provide(send({ conversation: id, text: "a secret" }), keepingLog(lines), {
          local: true
        })
        const record = lines.filter(({ text }) => text.includes("turn sent"))
        assert.lengthOf(record, 1)
        assert.include(record[0]?.text ?? "", '"user.id":"ann"')
        assert.include(record[0]?.text ?? "", '"input.characters":8')
        assert.notInclude(asText(lines), "secret")
      })
  ),
  rule(
    "SRC-9",
    ["068"],
    "1,000 users of one shared agent: one agent, and each finds only its own words",
    ({ provisioned }) =>
      Effect.gen(function* () {
        const users = range(1000).map((n) => `user ${n}`)
        yield* passing(
          Effect.forEach(
            users,
            (user) =>
              Effect.flatMap(talk(), ({ id }) =>
                ask({ conversation: id, text: `word of ${user}.` })
              ).pipe(as(user)),
            { concurrency: 100, discard: true }
          )
        )
        assert.lengthOf(provisioned, 1)
        yield* Effect.forEach(users, (user) =>
          Effect.gen(function* () {
            const { id, length } = yield* talk()
            const texts = (yield* transcript(id)).map(textOf)
            assert.deepStrictEqual(texts, [`word of ${user}.`, `re: word of ${user}.`])
            assert.strictEqual(length, 2)
          }).pipe(as(user))
        )
      })
  ),
  timed({
    id: "SRC-10",
    rows: ["070"],
    sentence: "changed instructions reach every user on the next turn; agents and threads stay",
    check: Effect.gen(function* () {
      const puppet = Puppet.make((turn) => Puppet.say(turn, turn.template.instructions ?? "none"))
      const { helper } = agents
      if (helper === undefined) return
      const all = (instructions: string) =>
        inHouse(
          Effect.forEach(["a", "b"], (user) => told("hi").pipe(as(user))),
          {
            backend: puppet.driver,
            agents: { helper: { ...helper, template: { ...helper.template, instructions } } }
          }
        )
      assert.deepStrictEqual(yield* all("be short"), ["be short", "be short"])
      assert.deepStrictEqual(yield* all("be kind"), ["be kind", "be kind"])
      assert.lengthOf(puppet.provisioned, 1)
      assert.lengthOf(puppet.opened, 2)
    })
  }),
  rule(
    "SRC-11",
    ["106"],
    "an agent is made, found, changed, used and deleted, and everything of it is gone",
    ({ deleted }) =>
      Effect.gen(function* () {
        const all = yield* Agents
        yield* say("hi")
        const { agentId } = yield* talk()
        yield* Effect.gen(function* () {
          const found = yield* all.find(agentId)
          assert.strictEqual(found.template, "helper")
          yield* all.update(agentId, { tags: ["support"] })
          assert.lengthOf((yield* all.list({ tags: ["support"] })).items, 1)
          yield* all.delete(agentId)
          assert.strictEqual(yield* refusal(all.find(agentId)), "NotFound")
          assert.lengthOf((yield* all.list({})).items, 0)
        }).pipe(operator)
        assert.deepStrictEqual(deleted, [agentId])
        const conversations = yield* Conversations
        assert.lengthOf((yield* conversations.list({})).items, 0)
        const again = yield* talk()
        assert.notStrictEqual(again.agentId, agentId)
        assert.strictEqual(again.length, 0)
      })
  )
]

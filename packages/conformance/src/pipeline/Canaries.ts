/** ISO-4: 10,000 random operations of ten tenants, and not a word of one reaches another. */
import { Agents } from "@atrium/core/agents/Agents"
import { Bindings } from "@atrium/core/agents/Bindings"
import { Conversations } from "@atrium/core/conversations/Conversations"
import { AgentId, ConversationId, TurnId, UserId } from "@atrium/core/ids"
import type { By } from "@atrium/core/Page"
import { Limits } from "@atrium/core/tenancy/Limits"
import { Users } from "@atrium/core/tenancy/Users"
import * as Cursor from "@atrium/core/turns/Cursor"
import type { OnBusy } from "@atrium/core/turns/Turn"
import { Turns } from "@atrium/core/turns/Turns"
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { jitter, range, seeded } from "../storage/Interleaving.ts"
import {
  allowedTo,
  asText,
  clean,
  keepingLog,
  type Line,
  type Owner,
  owners,
  parrot
} from "./CanaryWorld.ts"
import { as, inHouse } from "./House.ts"
import { type PipelineRule, timed } from "./PipelineRule.ts"
import type { Within } from "./Steps.ts"
import { passing } from "./VirtualTime.ts"

type Op = Effect.Effect<unknown, unknown, Within>

const anyOf = <A>(items: ReadonlyArray<A>): Effect.Effect<A | undefined> =>
  items.length === 0
    ? Effect.succeed<A | undefined>(undefined)
    : Effect.map(Random.nextIntBetween(0, items.length - 1), (i) => items[i])

/** Ids that are nobody's: joined, cut, quoted and turned versions of somebody's. */
const hostile = (id: string, tenant: string): ReadonlyArray<string> => [
  `${tenant}\u0001conversation\u0001${id}`,
  `\u0001${id}`,
  `${id}\u0001`,
  `${tenant}/${id}`,
  id.toUpperCase(),
  id.slice(0, -1),
  `${id.slice(0, -1)}_`,
  `${id.slice(0, -1)}%`,
  `' or '1'='1`,
  "%",
  "",
  "\u202e",
  "..",
  "x".repeat(300)
]

/** Keeps what an owner got to know. */
const note = (owner: Owner, kind: "conversations" | "turns" | "agents" | "cursors", id: string) => {
  if (owner[kind].length < 40) owner[kind].push(id)
}

/** What users do with what is theirs. */
const own = (me: Owner): ReadonlyArray<Op> => [
  Effect.gen(function* () {
    const conversations = yield* Conversations
    const template = (yield* Random.nextBoolean) ? "helper" : "own"
    const made = yield* conversations.start(template, `${me.canary} title`)
    note(me, "conversations", made.id)
    note(me, "agents", made.agentId)
    return made
  }),
  Effect.gen(function* () {
    const conversations = yield* Conversations
    const found = yield* conversations.resolve("helper", "one key of all")
    note(me, "conversations", found.id)
    return found
  }),
  ...range(6).map((n) =>
    Effect.gen(function* () {
      const turns = yield* Turns
      const conversation = yield* anyOf(me.conversations)
      if (conversation === undefined) return undefined
      const modes: ReadonlyArray<OnBusy> = ["queue", "queue", "interrupt", "reject"]
      const turn = yield* turns.send({
        conversation: ConversationId(conversation),
        text: `${me.canary} says ${n}`,
        onBusy: (yield* anyOf(modes)) ?? "queue",
        ...(n === 0 ? { id: "one key of all" } : {})
      })
      note(me, "turns", turn.id)
      return turn
    })
  ),
  ...range(4).map(() =>
    Effect.gen(function* () {
      const turns = yield* Turns
      const id = yield* anyOf(me.turns)
      if (id === undefined) return undefined
      const after = yield* anyOf([undefined, ...me.cursors])
      const taken = yield* Random.nextIntBetween(1, 12)
      const events = yield* Stream.runCollect(
        Stream.take(turns.follow(TurnId(id), after), taken)
      ).pipe(Effect.timeoutOption(2000))
      const last = Option.getOrElse(events, () => []).at(-1)
      if (last !== undefined) note(me, "cursors", Cursor.after(last))
      return events
    })
  ),
  Effect.gen(function* () {
    const turns = yield* Turns
    const id = yield* anyOf(me.turns)
    return id === undefined ? undefined : yield* turns.cancel(TurnId(id))
  }),
  Effect.gen(function* () {
    const conversations = yield* Conversations
    if ((yield* Random.nextIntBetween(0, 3)) > 0) return undefined
    const id = me.conversations.shift()
    return id === undefined ? undefined : yield* conversations.delete(ConversationId(id))
  }),
  Effect.flatMap(Limits, ({ left }) => left)
]

/** What anybody may try with ids and cursors that came from `other`. */
const foreign = (me: Owner, other: Owner): ReadonlyArray<Op> => {
  const idOf = (kind: "conversations" | "turns" | "agents") =>
    Effect.gen(function* () {
      const id = (yield* anyOf(other[kind])) ?? `${kind} unknown`
      return (yield* anyOf([id, id, ...hostile(id, other.tenant)])) ?? id
    })
  const page = Effect.gen(function* () {
    const after = yield* anyOf([undefined, ...other.cursors])
    const limit = yield* Random.nextIntBetween(1, 50)
    const newestFirst = yield* Random.nextBoolean
    const by: By = { limit, newestFirst, ...(after === undefined ? {} : { after }) }
    return by
  })
  return [
    Effect.flatMap(Effect.all([Turns, idOf("turns")]), ([turns, id]) => turns.find(TurnId(id))),
    Effect.flatMap(Effect.all([Turns, idOf("turns")]), ([turns, id]) => turns.cancel(TurnId(id))),
    Effect.flatMap(Effect.all([Turns, idOf("turns")]), ([turns, id]) =>
      Effect.timeoutOption(Stream.runCollect(turns.follow(TurnId(id))), 2000)
    ),
    Effect.flatMap(
      Effect.all([Turns, idOf("conversations"), idOf("turns")]),
      ([turns, conversation, retryOf]) =>
        turns.send({
          conversation: ConversationId(conversation),
          text: `${me.canary} to a stranger`,
          retryOf: TurnId(retryOf)
        })
    ),
    Effect.flatMap(Effect.all([Conversations, idOf("conversations")]), ([all, id]) =>
      all.find(ConversationId(id))
    ),
    Effect.flatMap(Effect.all([Conversations, idOf("conversations"), page]), ([all, id, by]) =>
      all.messages(ConversationId(id), by)
    ),
    Effect.flatMap(Effect.all([Conversations, idOf("conversations")]), ([all, id]) =>
      all.delete(ConversationId(id))
    ),
    Effect.flatMap(Effect.all([Conversations, page]), ([all, by]) =>
      Effect.tap(all.list(by), ({ next }) =>
        Effect.sync(() => Option.map(next, (cursor) => note(me, "cursors", cursor)))
      )
    ),
    Effect.flatMap(Effect.all([Conversations, idOf("conversations")]), ([all, key]) =>
      all.resolve("helper", key)
    ),
    Effect.flatMap(Effect.all([Agents, idOf("agents")]), ([agents, id]) =>
      agents.find(AgentId(id))
    ),
    Effect.flatMap(Effect.all([Agents, idOf("agents")]), ([agents, id]) =>
      agents.update(AgentId(id), { tags: [`${me.shared} tag`] })
    ),
    Effect.flatMap(Effect.all([Agents, page]), ([agents, by]) => agents.list(by)),
    Effect.flatMap(Effect.all([Bindings, idOf("agents"), page]), ([bindings, id, by]) =>
      bindings.list({ agentId: AgentId(id) }, by)
    ),
    Effect.flatMap(Effect.all([Bindings, idOf("agents")]), ([bindings, id]) =>
      bindings.attach({ agentId: AgentId(id), userId: UserId(me.user) })
    ),
    Effect.flatMap(Effect.all([Users, page]), ([users, by]) => users.list(by)),
    Effect.flatMap(Users, (users) => users.find(other.user)),
    Effect.flatMap(Users, (users) =>
      users.save({ id: me.user, name: me.canary, properties: { note: me.canary } })
    )
  ]
}

const step = (all: ReadonlyArray<Owner>) =>
  Effect.gen(function* () {
    yield* jitter
    const me = yield* anyOf(all)
    const other = yield* anyOf(all)
    if (me === undefined || other === undefined) return
    const isOwn = (yield* Random.nextIntBetween(0, 9)) < 6
    const operator = !isOwn && (yield* Random.nextIntBetween(0, 2)) === 0
    const op = yield* anyOf(isOwn ? own(me) : foreign(me, other))
    if (op === undefined) return
    const scopes = ["turns", "agents", ...(operator ? ["operator"] : [])]
    const exit = yield* Effect.exit(as(me.user, me.tenant, scopes)(op))
    const told = Exit.isSuccess(exit)
      ? asText(exit.value)
      : `${Cause.pretty(exit.cause)} ${asText(exit)}`
    clean(`${me.tenant} ${me.user} was answered`, told, allowedTo(all, me, operator))
    assert.isFalse(Exit.hasDies(exit), told)
  })

const storm = (operations: number) =>
  Effect.gen(function* () {
    const all = owners()
    const lines: Array<Line> = []
    const { driver } = yield* parrot(all)
    const steps = Effect.forEach(range(operations), () => step(all), {
      concurrency: 64,
      discard: true
    })
    yield* inHouse(passing(steps, 100), { backend: driver }).pipe(
      Effect.provide(keepingLog(lines), { local: true })
    )
    assert.isAbove(lines.length, operations / 4)
    for (const { tenant, text } of lines) {
      // What a backend says when it dies may hold what it was told: of the tenant that is named.
      const mine = all.filter((owner) => owner.tenant === tenant && text.startsWith("Error"))
      clean(
        "a log line",
        text,
        mine.map(({ canary }) => canary)
      )
    }
  })

export const canaries: ReadonlyArray<PipelineRule> = [
  timed({
    id: "ISO-4",
    rows: ["010", "027", "068", "082"],
    sentence:
      "10,000 random operations of 20 users of 10 tenants: no canary in another's reply or any log",
    check: seeded(storm(10_000))
  })
]

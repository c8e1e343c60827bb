/** A call of every facade method, with ids that may be somebody else's. */
import { Agents } from "@atrium/core/agents/Agents"
import { Bindings } from "@atrium/core/agents/Bindings"
import { Conversations } from "@atrium/core/conversations/Conversations"
import { AgentId, BlockId, ConversationId, PassageId, TurnId, UserId } from "@atrium/core/ids"
import { Memory } from "@atrium/core/memory/Memory"
import { Sources } from "@atrium/core/memory/Sources"
import { ApiKeys } from "@atrium/core/tenancy/ApiKeys"
import { Limits } from "@atrium/core/tenancy/Limits"
import { Permissions } from "@atrium/core/tenancy/Permissions"
import { Users } from "@atrium/core/tenancy/Users"
import { Ledger } from "@atrium/core/turns/Ledger"
import { Turns } from "@atrium/core/turns/Turns"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Within } from "./Steps.ts"

/** Ids of one user's data. */
export interface Ids {
  readonly user: string
  readonly conversation: string
  readonly turn: string
  readonly agent: string
  /** A key that acts as the user. */
  readonly key: string
  readonly block: string
  readonly passage: string
}

export interface FacadeSpecimen {
  readonly method: string
  readonly call: (ids: Ids) => Effect.Effect<unknown, unknown, Within>
}

const of = (
  method: string,
  call: (ids: {
    readonly user: UserId
    readonly conversation: ConversationId
    readonly turn: TurnId
    readonly agent: AgentId
    readonly key: string
    readonly block: BlockId
    readonly passage: PassageId
  }) => Effect.Effect<unknown, unknown, Within>
): FacadeSpecimen => ({
  method,
  call: ({ agent, block, conversation, key, passage, turn, user }) =>
    call({
      user: UserId(user),
      conversation: ConversationId(conversation),
      turn: TurnId(turn),
      agent: AgentId(agent),
      key,
      block: BlockId(block),
      passage: PassageId(passage)
    })
})

const turns = (use: (facade: Turns["Service"]) => Effect.Effect<unknown, unknown, Within>) =>
  Effect.flatMap(Turns, use)
const conversations = (
  use: (facade: Conversations["Service"]) => Effect.Effect<unknown, unknown, Within>
) => Effect.flatMap(Conversations, use)

const memory = (use: (facade: Memory["Service"]) => Effect.Effect<unknown, unknown, Within>) =>
  Effect.flatMap(Memory, use)

export const facadeSpecimens: ReadonlyArray<FacadeSpecimen> = [
  of("Turns.send", ({ conversation, turn }) =>
    turns((all) => all.send({ conversation, text: "hello", id: "key", retryOf: turn }))
  ),
  of("Turns.stream", ({ conversation }) =>
    turns((all) => Stream.runCollect(all.stream({ conversation, text: "hello", id: "key" })))
  ),
  of("Turns.ask", ({ conversation }) =>
    turns((all) => all.ask({ conversation, text: "hello", id: "key" }))
  ),
  of("Turns.follow", ({ turn }) => turns((all) => Stream.runCollect(all.follow(turn, "1")))),
  of("Turns.find", ({ turn }) => turns((all) => all.find(turn))),
  of("Turns.cancel", ({ turn }) => turns((all) => all.cancel(turn))),
  of("Turns.decide", ({ turn }) => turns((all) => all.decide(turn, "call", true))),
  of("Ledger.calls", () => Effect.flatMap(Ledger, (all) => all.calls({}))),
  of("Ledger.total", ({ user }) =>
    Effect.flatMap(Ledger, (all) => all.total({ from: 0, to: Number.MAX_SAFE_INTEGER, user }))
  ),
  of("Conversations.resolve", ({ conversation }) =>
    conversations((all) => all.resolve("helper", conversation))
  ),
  of("Conversations.start", ({ conversation }) =>
    conversations((all) => all.start("own", conversation))
  ),
  of("Conversations.find", ({ conversation }) => conversations((all) => all.find(conversation))),
  of("Conversations.list", ({ conversation }) =>
    conversations((all) => all.list({ tags: [conversation] }))
  ),
  of("Conversations.messages", ({ conversation }) =>
    conversations((all) => all.messages(conversation, {}))
  ),
  of("Conversations.delete", ({ conversation }) =>
    conversations((all) => all.delete(conversation))
  ),
  of("Conversations.clear", () => conversations((all) => all.clear("own"))),
  of("Agents.find", ({ agent }) => Effect.flatMap(Agents, (all) => all.find(agent))),
  of("Agents.update", ({ agent }) =>
    Effect.flatMap(Agents, (all) => all.update(agent, { tags: ["taken"] }))
  ),
  of("Agents.list", () => Effect.flatMap(Agents, (all) => all.list({}))),
  of("Agents.delete", ({ agent }) => Effect.flatMap(Agents, (all) => all.delete(agent))),
  of("Bindings.resolve", () => Effect.flatMap(Bindings, (all) => all.resolve("own"))),
  of("Bindings.find", () => Effect.flatMap(Bindings, (all) => all.find("own"))),
  of("Bindings.attach", ({ agent, user }) =>
    Effect.flatMap(Bindings, (all) => all.attach({ agentId: agent, userId: user }))
  ),
  of("Bindings.detach", ({ agent, user }) =>
    Effect.flatMap(Bindings, (all) => all.detach({ agentId: agent, userId: user }))
  ),
  of("Bindings.list", ({ agent }) =>
    Effect.flatMap(Bindings, (all) => all.list({ agentId: agent }, {}))
  ),
  of("Memory.blocks", ({ agent, conversation }) =>
    memory((all) => all.blocks(agent, conversation))
  ),
  of("Memory.edit", ({ block }) =>
    memory((all) => all.edit(block, { _tag: "Rethink", text: "taken" }, 1))
  ),
  of("Memory.history", ({ block }) => memory((all) => all.history(block, {}))),
  of("Memory.undo", ({ block }) => memory((all) => all.undo(block, 1))),
  of("Memory.insert", ({ agent }) => memory((all) => all.insert(agent, ["taken"]))),
  of("Memory.passages", ({ agent }) => memory((all) => all.passages(agent, {}))),
  of("Memory.delete", ({ passage }) => memory((all) => all.delete(passage))),
  of("Memory.search", ({ agent }) => memory((all) => all.search(agent, "ann knows", {}))),
  of("Memory.recall", ({ agent }) => memory((all) => all.recall(agent, "ann knows", {}))),
  of("Sources.list", () => Effect.flatMap(Sources, (all) => all.list("guide", {}))),
  of("Sources.open", ({ passage }) => Effect.flatMap(Sources, (all) => all.open(passage))),
  of("Sources.save", ({ passage }) =>
    Effect.flatMap(Sources, (all) => all.save("guide", { name: passage, title: "", text: "x" }))
  ),
  of("Sources.delete", ({ passage }) =>
    Effect.flatMap(Sources, (all) => all.delete("guide", passage))
  ),
  of("Sources.sync", ({ passage }) =>
    Effect.flatMap(Sources, (all) => all.sync("guide", [{ name: passage, title: "", text: "x" }]))
  ),
  of("Users.find", ({ user }) => Effect.flatMap(Users, (all) => all.find(user))),
  of("Users.save", ({ user }) =>
    Effect.flatMap(Users, (all) => all.save({ id: user, name: "taken", properties: {} }))
  ),
  of("Users.list", () => Effect.flatMap(Users, (all) => all.list({}))),
  of("Permissions.check", ({ agent }) => Effect.flatMap(Permissions, (all) => all.check(agent))),
  of("Limits.left", () => Effect.flatMap(Limits, ({ left }) => left)),
  // Ids and secrets of keys that are made are random, so they are left out of the answers.
  of("ApiKeys.create", ({ user }) =>
    Effect.flatMap(ApiKeys, (all) => all.create({ name: "taken", scopes: ["turns"], user })).pipe(
      Effect.map(({ key }) => key.name)
    )
  ),
  of("ApiKeys.list", () =>
    Effect.flatMap(ApiKeys, (all) => all.list({})).pipe(
      Effect.map(({ items }) => items.map(({ name }) => name))
    )
  ),
  of("ApiKeys.revoke", ({ key }) => Effect.flatMap(ApiKeys, (all) => all.revoke(key))),
  of("ApiKeys.token", ({ user }) =>
    Effect.flatMap(ApiKeys, (all) => all.token(user)).pipe(Effect.map(({ key }) => key.name))
  )
]

/** The name of every method that the facades have. */
export const facadeMethods = Effect.map(
  Effect.all({
    Turns,
    Ledger,
    Conversations,
    Memory,
    Sources,
    Agents,
    Bindings,
    Users,
    Permissions,
    Limits,
    ApiKeys
  }),
  (facades) =>
    Object.entries(facades).flatMap(([name, facade]) =>
      Object.keys(facade).map((method) => `${name}.${method}`)
    )
)

/** A call of every facade method, with ids that may be somebody else's. */
import { Agents } from "@atrium/core/agents/Agents"
import { Bindings } from "@atrium/core/agents/Bindings"
import { Conversations } from "@atrium/core/conversations/Conversations"
import { AgentId, ConversationId, TurnId, UserId } from "@atrium/core/ids"
import { Limits } from "@atrium/core/tenancy/Limits"
import { Permissions } from "@atrium/core/tenancy/Permissions"
import { Users } from "@atrium/core/tenancy/Users"
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
  }) => Effect.Effect<unknown, unknown, Within>
): FacadeSpecimen => ({
  method,
  call: ({ agent, conversation, turn, user }) =>
    call({
      user: UserId(user),
      conversation: ConversationId(conversation),
      turn: TurnId(turn),
      agent: AgentId(agent)
    })
})

const turns = (use: (facade: Turns["Service"]) => Effect.Effect<unknown, unknown, Within>) =>
  Effect.flatMap(Turns, use)
const conversations = (
  use: (facade: Conversations["Service"]) => Effect.Effect<unknown, unknown, Within>
) => Effect.flatMap(Conversations, use)

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
  of("Users.find", ({ user }) => Effect.flatMap(Users, (all) => all.find(user))),
  of("Users.save", ({ user }) =>
    Effect.flatMap(Users, (all) => all.save({ id: user, name: "taken", properties: {} }))
  ),
  of("Users.list", () => Effect.flatMap(Users, (all) => all.list({}))),
  of("Permissions.check", ({ agent }) => Effect.flatMap(Permissions, (all) => all.check(agent))),
  of("Limits.left", () => Effect.flatMap(Limits, ({ left }) => left))
]

/** The name of every method that the facades have. */
export const facadeMethods = Effect.map(
  Effect.all({ Turns, Conversations, Agents, Bindings, Users, Permissions, Limits }),
  (facades) =>
    Object.entries(facades).flatMap(([name, facade]) =>
      Object.keys(facade).map((method) => `${name}.${method}`)
    )
)

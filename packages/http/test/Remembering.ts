/**
 * A backend whose agents begin with blocks, and which asks before it works: what routes of memory,
 * decisions and the ledger show.
 */
import { AgentBackend, type Running, type Unbound } from "@atrium/core/backend/AgentBackend"
import { answer, type Part, textOf } from "@atrium/core/conversations/Message"
import { BackendError, type StorageError } from "@atrium/core/errors"
import type { BlockRecord } from "@atrium/core/storage/BlockStore"
import { Storage } from "@atrium/core/storage/Storage"
import type { Registered } from "@atrium/core/tools/Tools"
import type { Told } from "@atrium/core/turns/TurnFact"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"

/** A tool that asks a person before every call, and the calls it was given. */
export const asking = () => {
  const made: Array<string> = []
  const tools: Registered = {
    list: [
      {
        name: "refund",
        description: "Refunds an order.",
        input: { type: "object" },
        retry: "never",
        approval: "always",
        timeoutMs: 1000
      }
    ],
    call: ({ callId }) =>
      Effect.sync(() => {
        made.push(callId)
        return { callId, output: "done", failed: false, outcome: "done" }
      })
  }
  return { made, tools }
}

const usage = { input: 10, cached: 4, output: 5, reasoning: 1, microUsd: 7 }

const asBackend = <A>(self: Effect.Effect<A, StorageError>) =>
  Effect.mapError(self, ({ message, reason }) => BackendError.because(reason, message))

/** `persona`: read-only, of the agent; `human`: the user's; `task`: of one conversation. */
const blockOf = (label: string, of: Partial<BlockRecord>): BlockRecord => ({
  id: `block_${label}_${of.agentId}_${of.userId ?? ""}_${of.conversationId ?? ""}`,
  agentId: "",
  userId: null,
  conversationId: null,
  label,
  description: `What is known: ${label}`,
  value: `${label}: unknown`,
  owner: "agent",
  limit: 2000,
  readOnly: label === "persona",
  revision: 1,
  trust: "operator",
  at: 0,
  ...of
})

const resultsOf = (id: string, parts: ReadonlyArray<Part>): Told => ({
  _tag: "MessageStored",
  message: { ...answer(id, ""), role: "tool", parts }
})

/** `act n`: asks for n calls of `refund`, then says `did n`. Anything else: `echo: ` and what was said. */
const run = Effect.fnUntraced(function* (turn: Running) {
  const said = textOf(turn.input)
  const results: Array<Part> = []
  const [, times] = /^act (\d+)$/.exec(said) ?? []
  if (times !== undefined) {
    const calls = Array.from({ length: Number(times) }, (_, n) => ({
      callId: `c${n + 1}`,
      name: "refund",
      input: { order: n + 1 }
    }))
    const outcomes = yield* turn.callTools(calls, { foreign: false, draft: null })
    if (outcomes === "waiting") return "waiting" as const
    for (const { callId, failed, output } of outcomes) {
      results.push({ _tag: "ToolResult", callId, failed, output })
    }
  }
  const text = times === undefined ? `echo: ${said}` : `did ${times}`
  yield* turn.commit(
    [
      { _tag: "ModelCalled", purpose: "chat", model: "demo/echo", usage, finish: "stop" },
      ...(results.length === 0 ? [] : [resultsOf(`${turn.turn.id}-${turn.attempt}.0`, results)]),
      { _tag: "MessageStored", message: answer(`${turn.turn.id}-${turn.attempt}.1`, text) }
    ],
    { stop: "answered" }
  )
  return "answered" as const
})

export const layer: Layer.Layer<AgentBackend, never, Storage> = AgentBackend.layer(
  Effect.gen(function* () {
    const { stores } = yield* Storage
    return {
      name: "remembering",
      agents: {
        provision: ({ agentId, owner, scope }: Unbound) =>
          stores.blocks
            .insert(scope, [blockOf("persona", { agentId, userId: Option.getOrNull(owner) })])
            .pipe(Effect.as(agentId), asBackend),
        open: ({ agentId, scope }, conversationId) => {
          const userId = Option.getOrNull(scope.userId)
          return stores.blocks
            .insert(scope, [
              blockOf("human", { agentId, userId, owner: "user" }),
              blockOf("task", { agentId, userId, conversationId, owner: "conversation" })
            ])
            .pipe(Effect.as(conversationId), asBackend)
        },
        delete: () => Effect.void
      },
      turns: { callsTools: true, run }
    }
  })
)

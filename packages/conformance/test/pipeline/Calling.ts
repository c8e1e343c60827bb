/** Apps and storages that break what is promised of tools and of approvals. */
import { Atrium } from "@atrium/core"
import type { TurnRecord } from "@atrium/core/storage/TurnStore"
import { type Registered, Tools } from "@atrium/core/tools/Tools"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { exchange } from "../mutants/Mutant.ts"
import { app, type Mutant, running, storage, turns } from "./Mutant.ts"

/** A storage that writes turns changed. */
const keeping = (
  name: string,
  fails: ReadonlyArray<string>,
  change: (turn: TurnRecord) => TurnRecord
): Mutant =>
  storage(name, fails, (given) =>
    exchange(given, {
      turns: {
        advance: (scope, turn, facts) => given.stores.turns.advance(scope, change(turn), facts)
      }
    })
  )

/** An app over changed tools. */
const tools = (
  name: string,
  fails: ReadonlyArray<string>,
  change: (registered: Registered) => Registered
): Mutant =>
  app(name, fails, (agents, options) =>
    Atrium.layer(agents, options).pipe(
      Layer.provide(Layer.effect(Tools, Effect.map(Tools, change)))
    )
  )

export const calling: ReadonlyArray<Mutant> = [
  keeping("what a step has begun is forgotten", ["TRN-7g"], (turn) => ({ ...turn, draft: null })),
  keeping("an orderly end counts as a death", ["TRN-7h"], (turn) => ({ ...turn, handedBack: 0 })),
  keeping(
    "nobody is waited for",
    ["TRN-11a", "TRN-11b", "TRN-11c", "TRN-11d", "TRN-11e", "TRN-11f", "TRN-11g", "TRN-11h"],
    (turn) => ({ ...turn, waiting: [] })
  ),
  keeping("a request for approval stands for ever", ["TRN-11c"], (turn) => ({
    ...turn,
    waiting: turn.waiting.map(({ callId, expiresAt }) => ({ callId, expiresAt: expiresAt * 2 }))
  })),
  storage("who waits keeps the lease", ["TRN-11h", "TRN-7h"], (given) =>
    exchange(given, {
      conversations: {
        save: (scope, conversation) =>
          conversation.unended > 0 && (conversation.owner === "" || conversation.leaseUntil === 0)
            ? Effect.void
            : given.stores.conversations.save(scope, conversation)
      }
    })
  ),
  storage("what a cancelled turn has done is not kept", ["TRN-7i", "TRN-7j"], (given) =>
    exchange(given, {
      messages: {
        append: (scope, records) =>
          given.stores.messages.append(
            scope,
            records.filter(({ message }) => !message.id.endsWith(".results"))
          )
      }
    })
  ),
  tools(
    "every tool is thought to be read-only",
    ["TRN-7f", "TRN-7g", "TRN-7i", "TRN-7j"],
    (given) => ({
      ...given,
      list: given.list.map((spec) => ({ ...spec, retry: "safe" }))
    })
  ),
  tools("no tool may run twice", ["TRN-7f", "TRN-7g", "TRN-7h", "TRN-7j"], (given) => ({
    ...given,
    list: given.list.map((spec) => ({ ...spec, retry: "never" }))
  })),
  tools(
    "tools never ask",
    ["TRN-11a", "TRN-11b", "TRN-11d", "TRN-11e", "TRN-11f", "TRN-11g", "TRN-11h"],
    (given) => ({
      ...given,
      list: given.list.map((spec) => ({ ...spec, approval: "never" }))
    })
  ),
  tools("what may destroy never asks", ["TRN-11g"], (given) => ({
    ...given,
    list: given.list.map((spec) => ({
      ...spec,
      approval: spec.approval === "after-foreign" ? "never" : spec.approval
    }))
  })),
  app("an agent's scopes do not narrow its tools", ["TEN-7"], (agents, options) =>
    Atrium.layer(
      Object.fromEntries(
        Object.entries(agents).map(([name, { binding, template }]) => {
          const { scopes: _, ...wide } = template
          return [name, { binding, template: wide }]
        })
      ),
      options
    )
  ),
  running("a tool is not interrupted", ["TRN-7g", "TRN-7h", "TRN-7i", "TRN-7j"], (turn, driver) =>
    driver.turns.run({
      ...turn,
      callTools: (calls, step) => Effect.uninterruptible(turn.callTools(calls, step))
    })
  ),
  turns("every decision approves", ["TRN-11b"], (given) => ({
    ...given,
    decide: (id, callId) => given.decide(id, callId, true)
  })),
  turns("a second decision is accepted", ["TRN-11d"], (given) => ({
    ...given,
    decide: (id, callId, approved) =>
      Effect.catch(given.decide(id, callId, approved), (error) =>
        error.reason._tag === "Conflict" ? Effect.void : Effect.fail(error)
      )
  })),
  turns("a decision is lost", ["TRN-11a", "TRN-11b", "TRN-11d", "TRN-11f", "TRN-11h"], (given) => ({
    ...given,
    decide: () => Effect.void
  })),
  turns("what waits cannot be cancelled", ["TRN-11e"], (given) => ({
    ...given,
    cancel: (id) =>
      Effect.flatMap(given.find(id), ({ state }) =>
        state === "waiting" ? Effect.void : given.cancel(id)
      )
  })),
  storage(
    "unended turns are read newest first",
    ["TRN-11f", "TRN-4e", "TRN-7a", "TRN-8c"],
    (given) =>
      exchange(given, {
        turns: {
          unended: (scope, conversationId) =>
            Effect.map(given.stores.turns.unended(scope, conversationId), (all) => all.toReversed())
        }
      })
  )
]

/** Tools of a rule: they note who called them, and wait where the rule says so. */

import type { AgentDefinition } from "@atrium/core/agents/Definitions"
import { Principal } from "@atrium/core/tenancy/Principal"
import type { ToolCalled, ToolOutcome, ToolSpec } from "@atrium/core/tools/ToolSpec"
import { type Registered, Tools } from "@atrium/core/tools/Tools"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Gates from "./Gates.ts"
import { agents } from "./House.ts"

/** A call that a tool was given. `scopes`, `user`: whom it ran as. */
export interface Made {
  readonly callId: string
  readonly name: string
  readonly user: string | undefined
  readonly scopes: ReadonlyArray<string>
}

const spec = (name: string, given: Partial<ToolSpec>): ToolSpec => ({
  name,
  description: `The tool ${name}.`,
  input: { type: "object" },
  retry: "never",
  approval: "never",
  timeoutMs: 1000,
  ...given
})

const list: ReadonlyArray<ToolSpec> = [
  spec("look", { retry: "safe" }),
  spec("book", { retry: "same-id" }),
  spec("pay", {}),
  spec("ask_first", { approval: "always" }),
  spec("destroy", { approval: "after-foreign" })
]

/** The gate that a call of this tool opens. */
const begun = (name: string): string => `begun ${name}`

/** Tools by what they are: read-only, repeatable by id, never repeatable, and two that ask. */
export const make = () => {
  const gates = Gates.make()
  const made: Array<Made> = []
  const held = new Set<string>()
  const ends = new Map<string, Pick<ToolOutcome, "failed" | "outcome" | "output">>()
  const registered: Registered = {
    list,
    call: Effect.fnUntraced(function* ({ callId, name }, turn) {
      const { scopes, userId } = yield* Principal
      const user = Option.getOrUndefined(userId)
      made.push({ callId, name, user, scopes: [...scopes].sort() })
      yield* gates.open(begun(name))
      for (const key of [callId, name]) if (held.has(key)) yield* gates.pass(key)
      const done = {
        output: { by: name, in: turn.turn.id },
        failed: false,
        outcome: "done"
      } as const
      return { callId, ...(ends.get(name) ?? done) }
    })
  }
  return {
    made,
    /** The names and ids of the calls made so far, in order. */
    calls: () => made.map(({ callId, name }) => `${name} ${callId}`),
    /** Lets the call of this id, or those of this tool, wait until it is opened. */
    hold: (key: string) => {
      held.add(key)
    },
    /** Waits until this tool was called. */
    called: (name: string) => gates.pass(begun(name)),
    /** Lets the calls of this tool fail so. */
    fail: (name: string, outcome: "failed" | "timed-out") => {
      ends.set(name, { output: { error: `${name} ${outcome}` }, failed: true, outcome })
    },
    open: gates.open,
    provide: <A, E, R>(self: Effect.Effect<A, E, R>) =>
      Effect.provideService(self, Tools, registered)
  }
}

/** The agents of a house, with every tool; "narrow" may do less than its callers. */
export const withTools: Readonly<Record<string, AgentDefinition>> = Object.fromEntries(
  Object.entries(agents).map(([name, { binding, template }]) => [
    name,
    { binding, template: { ...template, tools: list.map((tool) => tool.name), scopes: ["turns"] } }
  ])
)

export const call = (callId: string, name: string): ToolCalled => ({
  callId,
  name,
  input: { n: callId }
})

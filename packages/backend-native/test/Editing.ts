/** Calls that edit the block "notes", and what came of them. */
import { Bindings } from "@atrium/core/agents/Bindings"
import { Storage } from "@atrium/core/storage/Storage"
import { Principal } from "@atrium/core/tenancy/Principal"
import type { TurnEvent } from "@atrium/core/turns/TurnEvent"
import type { Call } from "@atrium/testing/ScriptedModel"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { asked, withoutSystem } from "./house.ts"

/** Of the block "notes", unless `params` name another one. */
export const edit = (name: string, params: Record<string, unknown>): Call => ({
  name: `memory_${name}`,
  params: { label: "notes", ...params }
})

/** The caller's blocks with the agent, by label. */
export const blocks = Effect.gen(function* () {
  const caller = yield* Principal
  const { stores } = yield* Storage
  const agent = yield* Effect.flatMap(Bindings, (bindings) => bindings.find("helper"))
  const id = Option.isSome(agent) ? agent.value.id : ""
  const found = yield* stores.blocks.list(caller, id, null)
  return Object.fromEntries(found.map((block) => [block.label, block]))
})

/** The revisions that a turn made. */
export const edits = (events: ReadonlyArray<TurnEvent>) =>
  events.flatMap((event) => (event._tag === "BlockEdited" ? event.revision : []))

/** The results that the model was told last. */
export const results = Effect.map(asked, (calls) => {
  const last = calls.at(-1)
  return last === undefined ? "" : (withoutSystem(last).at(-1) ?? "")
})

/** A conversation with an agent that remembers, as tests of the routes of memory begin. */
import * as Effect from "effect/Effect"
import { type Asked, at, house } from "./house.ts"
import * as Remembering from "./Remembering.ts"

/** A house whose user alice has a conversation with an agent of her own. */
export const remembering = Effect.gen(function* () {
  const built = yield* house({ backend: Remembering.layer })
  const key = yield* built.acme.user("alice")
  const open = (template: string, more: object = {}) =>
    built.ask("/v1/conversations", { key, body: { template, ...more } })
  const opened = yield* open("own")
  const conversation = `${at(opened.json, "id")}`
  const agent = `/v1/agents/${at(opened.json, "agentId")}`
  const as = (path: string, asked: Asked = {}) => built.ask(path, { key, ...asked })
  const block = Effect.fnUntraced(function* (label: string) {
    const { json } = yield* as(`${agent}/blocks`)
    const all = at(json, "items")
    const found = Array.isArray(all) ? all.find((one) => at(one, "label") === label) : undefined
    return { path: `/v1/blocks/${at(found, "id")}`, json: found }
  })
  return { ...built, key, as, agent, conversation, open, block }
})

/** The request that changes the block at `path`. */
export const edit = (path: string, body: object): readonly [string, Asked] => [
  path,
  { method: "PATCH", body }
]

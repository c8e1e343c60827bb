/** The shop's agent: one for everybody, a conversation and a memory for each. */
import type { AgentTemplate } from "@atrium/core/agents/AgentTemplate"
import type { AgentDefinition } from "@atrium/core/agents/Definitions"

/** The shop, as a tenant. */
export const tenant = { id: "puddlewick", name: "Puddlewick", plan: "default" } as const

/** Name of the template; pages and programs ask for it. */
export const name = "support"

/** The source that holds the pages of `knowledge`. */
export const source = "knowledge"

const instructions = `You are the support agent of Puddlewick, a shop for rain wear and outdoor things.
Answer in the language of the question, shortly and plainly, in Markdown.
Look up what you say about the shop with passage_search and cite it, as in [1]. Where you find nothing, say so.
For the state of an order use order_status. Never guess an order's number, a date or a price.
When somebody tells you their name or what they like, keep it in the block "human".`

const blocks: AgentTemplate["blocks"] = [
  {
    label: "persona",
    description: "Who the agent is",
    value:
      "I am the support agent of Puddlewick. I am friendly and to the point, and I say so when I do not know something.",
    readOnly: true
  },
  {
    label: "shop",
    description: "What is always true of the shop",
    value:
      "Puddlewick sells boots, coats, lanterns and stoves for wet days, at 3 Ropewalk and online. Order numbers look like PW-104233.",
    readOnly: true
  },
  {
    label: "human",
    description: "What is known of the person you talk to",
    value: "User ID: {user.id}\nName: {user.name}\nPreferences: (to be learned)",
    owner: "user"
  }
]

export const definition = (model: AgentTemplate["model"]): AgentDefinition => ({
  binding: { _tag: "Shared", showUser: true },
  template: {
    name,
    model,
    instructions,
    blocks,
    sources: [source],
    tools: ["order_status"],
    tags: ["support"]
  }
})

/** The whole house over a scripted model, as the tests here use it. */
import { Atrium } from "@atrium/core"
import type { AgentTemplate } from "@atrium/core/agents/AgentTemplate"
import type { BindingPolicy } from "@atrium/core/agents/Binding"
import { Conversations } from "@atrium/core/conversations/Conversations"
import type { ConversationId } from "@atrium/core/ids"
import { Storage } from "@atrium/core/storage/Storage"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { Turns } from "@atrium/core/turns/Turns"
import {
  type Asked,
  type Line,
  ScriptedModel,
  layer as scripted
} from "@atrium/testing/ScriptedModel"
import type * as Prompt from "effect/ai/Prompt"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import { Native } from "../src/index.ts"

export interface Given {
  readonly template?: Partial<AgentTemplate>
  readonly binding?: BindingPolicy
  readonly options?: Native.Options
  readonly script?: ReadonlyArray<Line>
  readonly log?: Layer.Layer<never>
}

const quiet = Logger.layer([])

const shared: BindingPolicy = { _tag: "Shared", showUser: true }

export const template: AgentTemplate = {
  name: "helper",
  model: "test/model",
  instructions: "You help.",
  blocks: []
}

/** What is given is read through, so that a test may change it. */
const merged = (given: Partial<AgentTemplate> = {}): AgentTemplate =>
  Object.setPrototypeOf(given, template)

/** An app with one agent, "helper". */
export const app = (
  { binding = shared, log = quiet, options = {}, script = [], template: given }: Given = {},
  storage: Layer.Layer<Storage> = Storage.layerMemory
) =>
  Atrium.layer(
    { helper: { template: merged(given), binding } },
    {
      plans: {
        default: { user: { turns: 100_000, windowMs: 1000 }, waiting: 8, replayMs: 86_400_000 }
      }
    }
  ).pipe(
    Layer.provide(Native.layerWith(options)),
    Layer.provideMerge(storage),
    Layer.provideMerge(scripted(...script)),
    Layer.provideMerge(TenantResolver.layerTrusted),
    Layer.provide(log)
  )

/** Runs as that user, and without a word in the log. */
export const as =
  (user: string, ...scopes: ReadonlyArray<string>) =>
  <A, E, R>(self: Effect.Effect<A, E, R>) =>
    self.pipe(
      TenantResolver.provide({ tenant: "acme", user, scopes: ["turns", ...scopes] }),
      Effect.provide(quiet)
    )

/** The caller's conversation of that key. */
export const talk = (key = "default") =>
  Effect.flatMap(Conversations, (conversations) => conversations.resolve("helper", key)).pipe(
    Effect.map(({ id }) => id)
  )

/** Sends, and reads the turn to its end. */
export const send = (conversation: ConversationId, text: string) =>
  Effect.flatMap(Turns, (turns) => Stream.runCollect(turns.stream({ conversation, text })))

export const asked = Effect.map(ScriptedModel, (model) => model.asked())

/** A message of a prompt in a few words. */
const told = (message: Prompt.Message): string => {
  if (message.role === "system") return `system: ${message.content}`
  const parts = message.content.map((part): string => {
    switch (part.type) {
      case "text":
        return part.text
      case "tool-call":
        return `${part.name}#${part.id}(${JSON.stringify(part.params)})`
      case "tool-result":
        return `${part.name}#${part.id}${part.isFailure ? " failed" : ""} -> ${JSON.stringify(part.result)}`
      default:
        return part.type
    }
  })
  return `${message.role}: ${parts.join(" | ")}`
}

/** A prompt as text, a message a line and more. */
export const promptText = ({ prompt }: Asked): string => prompt.content.map(told).join("\n---\n")

/** All of a prompt but the system message. */
export const withoutSystem = ({ prompt }: Asked): ReadonlyArray<string> =>
  prompt.content.filter(({ role }) => role !== "system").map(told)

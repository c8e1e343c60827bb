/** A shop whose orders are looked up and paid back: what turns with an app's tools are tried on. */
import { Atrium } from "@atrium/core"
import { Storage } from "@atrium/core/storage/Storage"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { CurrentTurn } from "@atrium/core/tools/CurrentTurn"
import * as Tools from "@atrium/core/tools/Tools"
import type { TurnEvent } from "@atrium/core/turns/TurnEvent"
import { type Line, layer as scripted } from "@atrium/testing/ScriptedModel"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { Native } from "../src/index.ts"
import { template } from "./house.ts"

const OrderStatus = Tool.make("order_status", {
  description: "Where an order is",
  parameters: Schema.Struct({ order: Schema.String }),
  success: Schema.String
}).annotate(Tool.Readonly, true)

const Refund = Tool.make("refund", {
  description: "Pays an order back",
  parameters: Schema.Struct({ order: Schema.String }),
  success: Schema.String,
  dependencies: [CurrentTurn]
}).annotate(Tool.Destructive, true)

const Shop = Toolkit.make(OrderStatus, Refund)

/** What was refunded, by call ids as the turn tells them. */
const tools = (refunded: Array<string>, hangs = { once: false }) =>
  Tools.layer(Shop).pipe(
    Layer.provide(
      Shop.toLayer({
        order_status: ({ order }) => Effect.succeed(`Order ${order} is on the ferry.`),
        refund: Effect.fnUntraced(function* ({ order }) {
          const { callId, turn } = yield* CurrentTurn
          refunded.push(callId.slice(turn.id.length + 1))
          if (hangs.once) {
            hangs.once = false
            return yield* Effect.never
          }
          return `Order ${order} is paid back.`
        })
      })
    )
  )

/**
 * An agent with both tools, over a scripted model.
 * - `refunded`: gets the calls that were carried out. `hangs`: the next refund never ends.
 */
export const shop = (
  script: ReadonlyArray<Line>,
  refunded: Array<string> = [],
  storage: Layer.Layer<Storage> = Storage.layerMemory,
  hangs = { once: false }
) =>
  Atrium.layer({
    helper: {
      template: {
        ...template,
        tools: ["order_status", "refund"],
        blocks: [{ label: "notes", owner: "user", value: "one" }]
      },
      binding: { _tag: "Shared", showUser: true }
    }
  }).pipe(
    Layer.provide(Native.layer),
    Layer.provide(tools(refunded, hangs)),
    Layer.provideMerge(storage),
    Layer.provideMerge(scripted(...script)),
    Layer.provideMerge(TenantResolver.layerTrusted),
    Layer.provide(Logger.layer([]))
  )

/** Who said which parts, in order. */
export const roles = (events: ReadonlyArray<TurnEvent>) =>
  events.flatMap((event) =>
    event._tag === "MessageStored"
      ? event.message.parts.map((part) => `${event.message.role} ${part._tag}`)
      : []
  )

/** Calls of the two, for order 7. */
export const status = { name: "order_status", params: { order: "7" } }
export const refund = { name: "refund", params: { order: "7" } }

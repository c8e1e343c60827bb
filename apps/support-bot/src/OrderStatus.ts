/** The tool `order_status`: reads the caller's own orders and no others. */
import { Principal } from "@atrium/core/tenancy/Principal"
import * as Tools from "@atrium/core/tools/Tools"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ordersOf } from "./OrderBook.ts"

const S = Schema.String

const OrderStatus = Tool.make("order_status", {
  description: "Where an order of the person you talk to is. Order numbers look like PW-104233.",
  parameters: Schema.Struct({ number: S }),
  success: Schema.Struct({ number: S, status: S, items: S, delivery: S }),
  failure: Schema.Struct({ error: S }),
  dependencies: [Principal]
}).annotate(Tool.Readonly, true)

const toolkit = Toolkit.make(OrderStatus)

const dayMs = 86_400_000

const handlers = toolkit.toLayer({
  order_status: Effect.fnUntraced(function* ({ number }) {
    // Who asks is the caller of the turn, never something that the model says.
    const { userId } = yield* Principal
    const wanted = number.trim().toUpperCase()
    const order = ordersOf(Option.getOrElse(userId, () => "")).find((one) => one.number === wanted)
    if (order === undefined) {
      return yield* Effect.fail({ error: "This person has no order with that number." })
    }
    const now = yield* Clock.currentTimeMillis
    const delivery = new Date(now + order.days * dayMs).toISOString().slice(0, 10)
    return { number: order.number, status: order.status, items: order.items, delivery }
  })
})

export const layer = Tools.layer(toolkit).pipe(Layer.provide(handlers))

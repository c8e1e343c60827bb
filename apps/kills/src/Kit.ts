/** The tools of a house, one of each kind of retry. Each takes its time before and after its deed. */
import { Principal } from "@atrium/core/tenancy/Principal"
import { CurrentTurn } from "@atrium/core/tools/CurrentTurn"
import * as Tools from "@atrium/core/tools/Tools"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import type { Act } from "./Errand.ts"
import { say } from "./Say.ts"
import type { House } from "./Script.ts"
import * as World from "./World.ts"

const shape = {
  parameters: Schema.Struct({ what: Schema.String }),
  success: Schema.String,
  dependencies: [Principal, CurrentTurn]
}

const pause = (most: number) =>
  Effect.flatMap(Random.nextIntBetween(0, most), (ms) => Effect.sleep(ms))

/** `pay` asks a person in a life of approvals, and is told as harmless by the mutant. */
export const layer = (house: House) => {
  const kit = Toolkit.make(
    Tool.make("look", { description: "Looks at a thing", ...shape }).annotate(Tool.Readonly, true),
    Tool.make("book", { description: "Books a thing", ...shape })
      .annotate(Tool.Idempotent, true)
      .annotate(Tool.Destructive, false),
    Tool.make("pay", {
      description: "Pays for a thing",
      ...shape,
      needsApproval: house.approvals
    })
      .annotate(Tool.Readonly, house.mutant === "intentless")
      .annotate(Tool.Destructive, false)
  )
  const note = World.open(house)
  const does = (act: Act) =>
    Effect.fnUntraced(function* ({ what }: { readonly what: string }) {
      const { tenantId, userId } = yield* Principal
      const { callId, turn } = yield* CurrentTurn
      say({ _tag: "Acting", act, what })
      yield* pause(10)
      const user = Option.getOrElse(userId, () => "nobody")
      note({ act, what, key: callId, turnId: turn.id, tenant: tenantId, user })
      say({ _tag: "Acted", act, what })
      yield* pause(30)
      return what
    })
  return Tools.layer(kit).pipe(
    Layer.provide(kit.toLayer({ look: does("look"), book: does("book"), pay: does("pay") }))
  )
}

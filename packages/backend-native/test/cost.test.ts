/** A turn costs the same however long the conversation is. */
import { Storage } from "@atrium/core/storage/Storage"
import { ScriptedModel } from "@atrium/testing/ScriptedModel"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { app, as, asked, promptText, send, talk } from "./house.ts"

it.effect(
  "the thousandth turn reads as many messages and sends as many bytes as the hundredth",
  () => {
    const read: Array<number> = []
    let rows = 0
    const counting = Layer.effect(
      Storage,
      Effect.map(Storage, (storage) => ({
        ...storage,
        stores: {
          ...storage.stores,
          messages: {
            ...storage.stores.messages,
            recent: (...args: Parameters<typeof storage.stores.messages.recent>) =>
              Effect.tap(storage.stores.messages.recent(...args), (found) =>
                Effect.sync(() => {
                  rows += found.length
                })
              )
          }
        }
      }))
    ).pipe(Layer.provide(Storage.layerMemory))
    return Effect.gen(function* () {
      const { add } = yield* ScriptedModel
      const conversation = yield* talk()
      for (let n = 1; n <= 1000; n++) {
        add(`answer ${`${n}`.padStart(4, "0")}`)
        rows = 0
        yield* send(conversation, `question ${`${n}`.padStart(4, "0")}`)
        read.push(rows)
      }
      const sizes = (yield* asked).map((one) => promptText(one).length)
      assert.strictEqual(sizes[999], sizes[299])
      assert.isAbove(sizes[299] ?? 0, sizes[9] ?? 0)
      assert.strictEqual(read[999], read[299])
      assert.isBelow(read[999] ?? 0, 120)
    }).pipe(as("alice"), Effect.provide(app({ template: { window: { tokens: 800 } } }, counting)))
  },
  120_000
)

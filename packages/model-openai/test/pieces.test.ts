/** However a network cuts an answer's bytes, and however its pieces are put together, it says the same. */
import { setImmediate } from "node:timers/promises"
import { assert, describe, it } from "@effect/vitest"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { chunk, head, wire } from "./wire.ts"

const toolkit = Toolkit.make(
  Tool.dynamic("note", {
    parameters: { type: "object", properties: { text: {} } },
    success: Schema.String
  })
)
const handlers = toolkit.toLayer({ note: () => Effect.succeed("") })

const texts = [
  "a",
  "né",
  "🙂",
  "\ud83d",
  "\ude00",
  "\ufeff",
  "\r\n\n",
  "data: [DONE]\n\n",
  "\u0000",
  "漢字",
  " "
]

/** One thing that a server says: text, or a piece of the arguments of the first or second call. */
type Said = { readonly to: "text" | 0 | 1; readonly piece: string }

const answerBy = (chance: () => number): ReadonlyArray<Said> => {
  const text = (): string => texts[Math.floor(chance() * texts.length)] ?? ""
  const args = [0, 1].map(() =>
    JSON.stringify({ text: Array.from({ length: 8 }, text).join("").toWellFormed() })
  )
  const said: Array<Said> = []
  const at = [0, 0]
  for (let left = 60; left > 0 || args.some((one, call) => (at[call] ?? 0) < one.length); left--) {
    const kind = chance()
    const call = kind < 0.3 ? 0 : 1
    if (kind < 0.6 && left > 0) said.push({ to: "text", piece: text() })
    else {
      const from = at[call] ?? 0
      const end = from + 1 + Math.floor(chance() * 9)
      const piece = (args[call] ?? "").slice(from, end)
      at[call] = end
      if (piece !== "") said.push({ to: call, piece })
    }
  }
  return said
}

/** Pieces of one thing that follow one another, as one. */
const together = (pieces: ReadonlyArray<readonly [to: string, piece: string]>) => {
  const told: Array<readonly [to: string, piece: string]> = []
  for (const [to, piece] of pieces) {
    const last = told.at(-1)
    if (last?.[0] === to) told[told.length - 1] = [to, last[1] + piece]
    else told.push([to, piece])
  }
  return told
}

const data = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ delta, finish_reason: finish }] })}\n\n`

describe("an answer in pieces", () => {
  for (let seed = 1; seed <= 20; seed++) {
    it.live(`says what it says whole, in its order: seed ${seed}`, () =>
      Effect.gen(function* () {
        let state = seed
        const chance = (): number => {
          state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
          return state / 2 ** 32
        }
        const said = answerBy(chance)
        const named = new Set<number>()
        const events = said.map(({ to, piece }) => {
          if (to === "text") return data({ content: piece })
          const first = !named.has(to)
          named.add(to)
          const called = { ...(first ? { name: "note" } : {}), arguments: piece }
          return data({
            tool_calls: [{ index: to, ...(first ? { id: `call-${to}` } : {}), function: called }]
          })
        })
        const bytes = Buffer.from(`${events.join("")}${data({}, "tool_calls")}data: [DONE]\n\n`)
        const { model } = yield* wire(({ socket }) => {
          socket.setNoDelay(true)
          void (async () => {
            socket.write(head)
            for (let at = 0; at < bytes.length; ) {
              // Mostly a few bytes, now and then many events.
              const end = at + 1 + Math.floor(chance() * (chance() < 0.8 ? 40 : 3000))
              const piece = bytes.subarray(at, end)
              socket.write(`${piece.length.toString(16)}\r\n`)
              socket.write(piece)
              socket.write("\r\n")
              at = end
              if (chance() < 0.5) await setImmediate()
            }
            socket.write(chunk(""))
          })()
        })
        const parts = yield* Effect.gen(function* () {
          return yield* Stream.runCollect(
            model.streamText({
              prompt: "hi",
              toolkit: yield* toolkit,
              disableToolCallResolution: true
            })
          )
        }).pipe(Effect.provide(handlers))
        const told = parts.flatMap((part): ReadonlyArray<readonly [string, string]> => {
          if (part.type === "text-delta") return [["text", part.delta]]
          return part.type === "tool-params-delta" ? [[part.id, part.delta]] : []
        })
        const meant = said.map(
          ({ to, piece }) => [to === "text" ? to : `call-${to}`, piece] as const
        )
        assert.deepStrictEqual(together(told), together(meant))
        assert.strictEqual(parts.filter(({ type }) => type === "tool-call").length, 2)
      })
    )
  }
})

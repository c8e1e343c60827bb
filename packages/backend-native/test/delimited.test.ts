import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { frame, inline, piece } from "../src/Delimited.ts"

const names: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"' }
const unescaped = (text: string): string =>
  text.replace(/&(?:#(\d+)|([a-z]+));/g, (_, code: string | undefined, name: string) =>
    code === undefined ? (names[name] ?? "?") : String.fromCharCode(Number(code))
  )

const nasty = [
  "<",
  ">",
  "&",
  '"',
  "'",
  "\n",
  "\t",
  "\r",
  "\0",
  "\u0085",
  "\u2028",
  "/",
  "a",
  "&lt;"
]

it.effect("any text comes back as it was, and none of it is a tag", () =>
  Effect.gen(function* () {
    const first = yield* Random.nextIntBetween(0, 1_000_000)
    console.log(`seeds from ${first}`)
    for (let n = 0; n < 500; n++) {
      const text = yield* Effect.gen(function* () {
        let made = ""
        for (let i = yield* Random.nextIntBetween(0, 12); i > 0; i--) {
          made += nasty[yield* Random.nextIntBetween(0, nasty.length - 1)] ?? ""
        }
        return made
      }).pipe(Random.withSeed(`${first + n}`))
      const whole = piece("block", { label: text, limit: 7, gone: undefined }, text)
      const match = /^<block label="([^"<>\n]*)" limit="7">\n([^<>]*)\n<\/block>$/.exec(whole)
      assert.isNotNull(match, `seed ${first + n}`)
      assert.deepStrictEqual(
        [unescaped(match?.[1] ?? ""), unescaped(match?.[2] ?? "")],
        [text, text],
        `seed ${first + n}`
      )
      const line = inline("property", { name: text }, text)
      assert.lengthOf(line.match(/[<>]/g) ?? [], 4)
    }
  })
)

it("frames what it is given", () => {
  assert.strictEqual(frame("memory", {}, []), "<memory>\n</memory>")
  assert.strictEqual(frame("user", { id: "a" }, ["<b>x</b>"]), '<user id="a">\n<b>x</b>\n</user>')
})

/** What texts are found by. */
import { assert, describe, it } from "@effect/vitest"
import { byteLength, isWellFormed } from "../../src/ids.ts"
import * as Words from "../../src/memory/Words.ts"

const of = (text: string) => [...Words.ofText(text).keys()]

describe("words", () => {
  it("are counted by their stems, in the order of their first places", () => {
    const words = Words.ofText("Ponies run; the pony was running. Organization? ORGANIZATIONS!")
    assert.deepStrictEqual(
      [...words],
      [
        ["poni", 2],
        ["run", 2],
        ["organ", 2]
      ]
    )
  })

  it("leave out English words that stand everywhere, and no others", () => {
    assert.deepStrictEqual(of("Who is it that you don't know? I'll tell you: der Hund, le chien"), [
      "know",
      "der",
      "hund",
      "le",
      "chien"
    ])
  })

  it("are found however they are written", () => {
    for (const text of [
      "Ｆｕｌｌ ｗｉｄｔｈ",
      "FULL width",
      "full\u00a0wi\u00addth",
      "full–width"
    ]) {
      assert.deepStrictEqual(of(text), ["full", "width"], text)
    }
    assert.deepStrictEqual(of("caf\u00e9"), of("cafe\u0301"))
    assert.deepStrictEqual(of("Alice\u2019s o'neil"), ["alic", "o", "neil"])
    assert.deepStrictEqual(of("mail jo.b@shop.com about order_status 3.14"), [
      "mail",
      "jo",
      "b",
      "shop",
      "com",
      "order",
      "statu",
      "3",
      "14"
    ])
  })

  it("are found in scripts without spaces", () => {
    assert.include(of("我们在北京大学学习"), "北京")
    assert.include(of("ภาษาไทยเป็นภาษา"), "ภาษา")
    assert.includeMembers(of("今日は東京に行きました"), ["東京"])
    assert.deepStrictEqual(of("iPhone手机"), ["iphon", "手机"])
    assert.deepStrictEqual(of("서울에서 Привет мир שלום"), ["서울에서", "привет", "мир", "שלום"])
  })

  it("of a query stay as the query writes them", () => {
    const query = Words.ofQuery("Where did the Ponies of ponies run?")
    assert.deepStrictEqual(
      [...query],
      [
        ["poni", "ponies"],
        ["run", "run"]
      ]
    )
    assert.deepStrictEqual(Words.matched(query, Words.ofText("a pony")), ["ponies"])
    assert.deepStrictEqual([...Words.ofQuery("who is it?")], [])
    assert.strictEqual(
      Words.ofQuery(Array.from({ length: 1000 }, (_, i) => `w${i}`).join(" ")).size,
      Words.maximumQuery
    )
  })

  const megabyte = 1_048_576
  const hostile: ReadonlyArray<readonly [what: string, text: string]> = [
    ["one word", "a".repeat(megabyte)],
    ["one word of a script without spaces", "あ".repeat(megabyte)],
    ["Burmese", "က".repeat(megabyte)],
    ["Thai", "ภาษาไทยเป็นภาษาที่มีระดับเสียง".repeat(megabyte / 30)],
    ["symbols", "!?#".repeat(megabyte / 3)],
    ["emoji", "👩‍👩‍👧🇩🇪".repeat(megabyte / 12)],
    ["stacked marks", `a${"\u0301\u0323".repeat(megabyte / 2)}`],
    ["quotes", "a'".repeat(megabyte / 2)],
    ["letters that become words", "\ufdfa".repeat(megabyte)],
    ["joiners", `a${"\u200d".repeat(megabyte)}`],
    ["lone surrogates", "\ud800a".repeat(megabyte / 2)],
    ["astral letters", "𐐨".repeat(megabyte / 2)],
    ["mixed scripts", "a我б가ก1".repeat(megabyte / 6)],
    ["nulls", "\u0000".repeat(megabyte)],
    ["different words", Array.from({ length: megabyte / 5 }, (_, i) => i.toString(36)).join(" ")]
  ]
  for (const [what, text] of hostile) {
    it(`of a megabyte of ${what} are few, short and found soon`, () => {
      const before = performance.now()
      const words = Words.ofText(text)
      // Some 60 ms at most on a quiet machine; quadratic time would be minutes.
      assert.isBelow(performance.now() - before, 2000)
      assert.isAtMost(words.size, Words.maximumWords)
      for (const word of words.keys()) {
        assert.isAbove(word.length, 0)
        assert.isTrue(byteLength(word) <= 255 && isWellFormed(word), word)
      }
      assert.deepStrictEqual([...Words.ofText(text)], [...words])
    })
  }

  it("that name members of objects are words like others", () => {
    assert.deepStrictEqual(of("constructor __proto__ toString"), ["constructor", "proto", "tostr"])
  })
})

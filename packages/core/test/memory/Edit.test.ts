/** Edits of a block's text, and how documents are cut: pure functions. */
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Chunk from "../../src/memory/Chunk.ts"
import { apply, type Edit, lengthOf } from "../../src/memory/Edit.ts"

const block = (value: string, limit = 2000) => ({ label: "human", value, limit })

const done = (value: string, edit: Edit, limit?: number): string =>
  Result.match(apply(block(value, limit), edit), {
    onFailure: (reason) => (reason._tag === "Rejected" ? `${reason.field}: ${reason.why}` : ""),
    onSuccess: (text) => text
  })

describe("edits", () => {
  it("append a line", () => {
    assert.strictEqual(done("", { _tag: "Append", text: "a" }), "a")
    assert.strictEqual(done("a", { _tag: "Append", text: "b" }), "a\nb")
  })

  it("rethink the whole text", () => {
    assert.strictEqual(done("a", { _tag: "Rethink", text: "b" }), "b")
    assert.strictEqual(done("a", { _tag: "Rethink", text: "" }), "")
  })

  it("replace what stands there exactly once, and tell how often it does else", () => {
    const replace = (value: string, old: string, text = "X") =>
      done(value, { _tag: "Replace", old, text })
    assert.strictEqual(replace("one two three", "two"), "one X three")
    assert.strictEqual(replace("one two three", " two", ""), "one three")
    // No pattern, neither in what is searched nor in what is put there.
    assert.strictEqual(replace("a.c abc", ".c", "$&$1"), "a$&$1 abc")
    assert.match(replace("one", "two"), /^old: .*does not stand in the block "human"/)
    assert.match(replace("two two", "two"), /^old: .*stands 2 times/)
    assert.match(replace("aaa", "aa"), /^old: .*stands 2 times/)
    assert.match(replace("a".repeat(2000), "a"), /^old: .*stands at least 100 times/)
    assert.match(replace("one", ""), /^old: Name the text/)
  })

  it("insert after a line, 0 before the first and -1 after the last", () => {
    const insert = (value: string, line: number) => done(value, { _tag: "Insert", line, text: "X" })
    assert.strictEqual(insert("a\nb", 0), "X\na\nb")
    assert.strictEqual(insert("a\nb", 1), "a\nX\nb")
    assert.strictEqual(insert("a\nb", 2), "a\nb\nX")
    assert.strictEqual(insert("a\nb", -1), "a\nb\nX")
    assert.strictEqual(insert("", 0), "X")
    assert.strictEqual(insert("", -1), "X")
    for (const line of [3, -2, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.match(insert("a\nb", line), /^line: .*has 2 lines: line must be 0 to 2, or -1/)
    }
    assert.match(insert("", 1), /^line: .*has 0 lines/)
  })

  it("[065] accept 2,000 characters and refuse 2,001, whatever their units, or as configured", () => {
    for (const character of ["x", "ß", "我", "😀"]) {
      const full = character.repeat(2000)
      assert.strictEqual(done("", { _tag: "Rethink", text: full }), full)
      assert.strictEqual(
        done("", { _tag: "Rethink", text: `${full}${character}` }),
        'text: The block "human" holds at most 2000 characters; this would make 2001. Shorten it first.'
      )
      assert.match(done(full, { _tag: "Append", text: character }), /would make 2002/)
    }
    assert.strictEqual(done("", { _tag: "Append", text: "12345" }, 5), "12345")
    assert.match(done("", { _tag: "Append", text: "123456" }, 5), /at most 5 .* make 6/)
    assert.match(done("12345", { _tag: "Insert", line: 0, text: "" }, 5), /at most 5 .* make 6/)
    assert.match(done("12345", { _tag: "Replace", old: "5", text: "67" }, 5), /at most 5 .* make 6/)
    assert.match(done("", { _tag: "Append", text: "x".repeat(5_000_000) }), /make 5000000/)
  })

  it("refuse what is no text", () => {
    for (const text of ["\u0000", "a\ud800", "\udc00"]) {
      assert.match(done("", { _tag: "Append", text }), /^text: .*NUL or lone surrogates/)
    }
    // Half a character is no place to replace at.
    assert.match(done("😀", { _tag: "Replace", old: "\ud83d", text: "" }), /lone surrogates/)
  })

  it("count characters, not units", () => {
    assert.strictEqual(lengthOf("a😀ß"), 3)
    assert.strictEqual(lengthOf("\ud800\ud800"), 2)
    assert.strictEqual(lengthOf(""), 0)
  })
})

describe("chunks", () => {
  const characters = (text: string) => [...text]

  it("[119] are 1,000 characters that share exactly 200 with the one before", () => {
    for (const unit of ["abcdefghij", "a😀b我cdef̈"]) {
      for (const length of [1, 200, 999, 1000, 1001, 1799, 1800, 1801, 2600, 12_345]) {
        const all = characters(unit.repeat(length)).slice(0, length)
        const text = all.join("")
        const chunks = Chunk.chunksOf(text, Chunk.defaultChunking)
        assert.strictEqual(chunks.length, Chunk.countOf(length, Chunk.defaultChunking))
        chunks.forEach((chunk, i) => {
          assert.strictEqual(text.slice(chunk.from, chunk.to), chunk.text)
          assert.deepStrictEqual(characters(chunk.text), all.slice(i * 800, i * 800 + 1000))
          const before = chunks[i - 1]
          if (before === undefined) return
          assert.strictEqual(characters(before.text).length, 1000)
          assert.deepStrictEqual(
            characters(before.text).slice(-200),
            characters(chunk.text).slice(0, 200)
          )
        })
        assert.strictEqual(chunks[chunks.length - 1]?.to, text.length)
      }
    }
    assert.deepStrictEqual(Chunk.chunksOf("", Chunk.defaultChunking), [])
  })

  it("without overlap are the text, once", () => {
    const chunks = Chunk.chunksOf("abcdefg", { size: 3, overlap: 0 })
    assert.deepStrictEqual(
      chunks.map(({ text }) => text),
      ["abc", "def", "g"]
    )
    assert.strictEqual(Chunk.countOf(7, { size: 3, overlap: 0 }), 3)
  })

  it("[119] are refused where the overlap is not smaller than the size", () => {
    const why = (size: number, overlap: number) => {
      const reason = Chunk.whyInvalid({ size, overlap })
      return reason?._tag === "Rejected" ? reason.why : undefined
    }
    assert.strictEqual(why(1000, 200), undefined)
    assert.strictEqual(why(1000, 999), undefined)
    assert.strictEqual(why(1, 0), undefined)
    for (const overlap of [1000, 1001, -1, 0.5, Number.NaN]) {
      assert.match(`${why(1000, overlap)}`, /must overlap by 0 to 999, not/)
    }
    for (const size of [0, -1, 1.5, Number.NaN, Chunk.maximumSize + 1]) {
      assert.match(`${why(size, 0)}`, /must be 1 to 4000 characters, not/)
    }
  })
})

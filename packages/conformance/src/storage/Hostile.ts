/** Ids that look like other ids, and texts that no id may be. */
import { maximumBytes } from "@atrium/core/ids"

/** Different ids, byte by byte, that careless storages take for one another or for patterns. */
export const lookAlikeIds: ReadonlyArray<string> = [
  "a",
  "A",
  "a ",
  " a",
  "aa",
  "a/b",
  "a/b/c",
  "a:b",
  "a|b",
  "a,b",
  "a.b",
  "a-b",
  "a\\b",
  "a//b",
  "..",
  "a/../a",
  "%",
  "_",
  "a%",
  "a_",
  "*",
  "?",
  "[a]",
  "'",
  "''",
  '"',
  "`",
  "a';--",
  "{a}",
  "$1",
  "0",
  "00",
  "1",
  "1.0",
  "1e0",
  "null",
  "NULL",
  "undefined",
  "true",
  "{}",
  "__proto__",
  "constructor",
  // Right-to-left and invisible marks.
  "\u200fa",
  "\u202ea",
  "a\u200b",
  "a\u00a0",
  "\ufeffa",
  // One letter, composed and with a combining mark; and letters that fold into others.
  "\u00e9",
  "e\u0301",
  "\u212b",
  "\u00c5",
  "\u00df",
  "ss",
  "\u0130",
  "i",
  "\u0131",
  "I",
  "\ufb01",
  "fi",
  // What a lone surrogate turns into, and the last code points.
  "\ufffd",
  "\uffff",
  "a\u{10ffff}",
  "a\u{10ffff}\u{10ffff}",
  "\u{10ffff}",
  "x".repeat(maximumBytes - 1),
  "x".repeat(maximumBytes),
  `${"x".repeat(maximumBytes - 1)}y`,
  "\u{1f600}".repeat(63)
]

/** Pairs of which a careless join makes one text. */
export const joints: ReadonlyArray<readonly [string, string]> = [
  "/",
  ":",
  "|",
  ",",
  ".",
  "-",
  "_",
  " ",
  "\\",
  "'",
  "\u{10ffff}",
  ""
].flatMap((mark) => [
  [`a${mark}b`, "c"] as const,
  ["a", `b${mark}c`] as const,
  ["a", `${mark}b${mark}c`] as const,
  [`a${mark}b${mark}`, "c"] as const
])

/** What a resolver must refuse as an id. */
export const refusedIds: ReadonlyArray<string> = [
  "",
  "x".repeat(maximumBytes + 1),
  `${"\u{1f600}".repeat(63)}xxxx`,
  "a\u0000",
  "\u0001",
  "a\u0002b",
  "a\tb",
  "a\n",
  "\u001f",
  "a\u007f",
  "\u0080",
  "\u009f",
  "\ud800",
  "a\udfff",
  "\udc00\ud800",
  "\ud83d x"
]

/** Texts of every shape that a storage must keep as it is. */
export const texts: ReadonlyArray<string> = [
  "e\u0301 \u00e9 \u212b \u{1f600} \u{10ffff} \u202e \ufeff ' '' \" \\ \\u0041 % _ ` $1 ?",
  "\t\r\n\n\u0001\u001f\u007f\u0085\u2028\u2029\ufffd\uffff",
  "",
  " ",
  "null",
  '{"a":[1]}',
  "\u{1f468}\u200d\u{1f469}\u200d\u{1f467} \u0e01\u0e33 \u6f22\u5b57",
  "<block>&amp;</block>",
  "\u{1f600}".repeat(50_000),
  "x".repeat(1_000_000)
]

/** The code that a page of the documentation shows, as files. */

/**
 * A `ts` or `tsx` block of a page: one whole file.
 * - `file`: what the block's first line, `// name.ts`, calls it; other blocks of the page import it
 *   by that name.
 * - `line`: line of the page on which the code begins, from 1.
 * - `output`: what it prints when it is run; `undefined` for a block that is not marked `ts run`.
 */
export interface Snippet {
  readonly page: string
  readonly file: string
  readonly line: number
  readonly code: string
  readonly output: string | undefined
}

interface Block {
  readonly language: string
  readonly words: ReadonlyArray<string>
  readonly line: number
  readonly text: string
}

/** Languages of blocks that show no code of ours. Others would be code that nobody compiles. */
const otherLanguages: ReadonlySet<string> = new Set(["text", "sh", "json"])

const opening = /^( *)```+ *(\S*) *(.*)$/

const blocksOf = (page: string, markdown: string): ReadonlyArray<Block> => {
  const blocks: Array<Block> = []
  const lines = markdown.split("\n")
  for (let i = 0; i < lines.length; i++) {
    const [, indent, language = "", words = ""] = opening.exec(lines[i] ?? "") ?? []
    if (indent === undefined) continue
    const line = i + 2
    const text: Array<string> = []
    for (i++; lines[i] !== "```"; i++) {
      if (i >= lines.length) throw new Error(`${page}:${line - 1}: the block is never closed.`)
      text.push(lines[i] ?? "")
    }
    if (indent !== "") throw new Error(`${page}:${line - 1}: begin a block at the line's start.`)
    blocks.push({
      language,
      words: words.split(" ").filter((word) => word !== ""),
      line,
      text: text.join("\n")
    })
  }
  return blocks
}

/** The snippets of a page, in order. Throws, naming page and line, where a block is not understood. */
export const snippetsOf = (page: string, markdown: string): ReadonlyArray<Snippet> => {
  const blocks = blocksOf(page, markdown)
  const snippets: Array<Snippet> = []
  for (const [i, { language, line, text, words }] of blocks.entries()) {
    const wrong = (why: string) => new Error(`${page}:${line - 1}: ${why}`)
    if (language !== "ts" && language !== "tsx") {
      if (otherLanguages.has(language)) continue
      throw wrong(
        `a block is ts, tsx, or one of ${[...otherLanguages].join(", ")}; not "${language}".`
      )
    }
    const runs = words.includes("run")
    if (words.some((word) => word !== "run")) throw wrong(`"${words.join(" ")}" is not understood.`)
    const file = /^\/\/ ([\w.-]+\.tsx?)$/m.exec(text.split("\n")[0] ?? "")?.[1]
    if (file?.endsWith(`.${language}`) !== true) {
      throw wrong(`the first line of a ${language} block names it: // name.${language}`)
    }
    if (snippets.some((other) => other.file === file)) throw wrong(`"${file}" is there already.`)
    const next = blocks[i + 1]
    if (runs && next?.language !== "text") throw wrong("a text block with its output must follow.")
    snippets.push({ page, file, line, code: text, output: runs ? next?.text : undefined })
  }
  return snippets
}

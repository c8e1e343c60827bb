/** The shop's knowledge: Markdown pages of a folder, kept in step with a source. */
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { MemoryError } from "@atrium/core/errors"
import { Sources } from "@atrium/core/memory/Sources"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { source } from "./SupportAgent.ts"

const chunk = { size: 1000, overlap: 200 }

/** The first heading of a page, else its name. */
const titleOf = (name: string, text: string): string =>
  /^#\s+(.{1,200})$/m.exec(text)?.[1]?.trim() ?? name

const unreadable = (folder: string) =>
  MemoryError.because({
    _tag: "Rejected",
    field: "knowledge",
    why: `The folder ${folder} cannot be read as Markdown pages in UTF-8. Put it back, or mend the page.`
  })

const decoder = new TextDecoder("utf-8", { fatal: true })

/** The pages of a folder, by name. */
export const pagesIn = (folder: string) =>
  Effect.tryPromise({
    try: async () => {
      const names = (await readdir(folder)).filter((name) => name.endsWith(".md")).sort()
      return await Promise.all(
        names.map(async (name) => {
          const text = decoder.decode(await readFile(join(folder, name)))
          return { name, title: titleOf(name, text), text }
        })
      )
    },
    catch: () => unreadable(folder)
  })

/** Makes the source hold the pages; those that did not change are left alone. Says what it does. */
export const sync = Effect.fnUntraced(function* (folder: string) {
  const sources = yield* Sources
  const pages = yield* pagesIn(folder)
  yield* Console.log(`Knowledge  reading ${pages.length} pages`)
  const { added, changed, removed, unchanged } = yield* sources.sync(source, pages, chunk)
  const news = Object.entries({ added, changed, removed }).flatMap(([what, count]) =>
    count === 0 ? [] : [`${count} ${what}`]
  )
  yield* Console.log(
    `Knowledge  ${news.length === 0 ? `nothing changed, ${unchanged} pages kept` : news.join(", ")}`
  )
})

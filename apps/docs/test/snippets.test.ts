/** What the documentation shows compiles as strictly as the house does, and prints what it says. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { pipelineRules, storageRules } from "@atrium/conformance"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import {
  allSnippets,
  bin,
  folder,
  inPages,
  pages,
  pathOf,
  root,
  run,
  write
} from "../src/Extracted.ts"
import { type Snippet, snippetsOf } from "../src/Snippet.ts"

const timeoutMs = 60_000
/** Not in the folder of the pages, which another run may be checking. */
const ignored = join(folder, "..", ".vitest")
const snippets = allSnippets()
write(folder, snippets)

/** What TypeScript has to say of a folder of snippets; nothing when they compile. */
const compiled = (into: string, of: ReadonlyArray<Snippet>) =>
  Effect.map(run(bin("tsc"), "-p", into, "--pretty", "false"), (said) =>
    said.status === 0 ? "" : inPages(said, into, of)
  )

describe.concurrent("every snippet", () => {
  it.live(
    "compiles",
    () => Effect.map(compiled(folder, snippets), (said) => assert.strictEqual(said, "")),
    timeoutMs
  )

  it.live(
    "keeps the rules for Effect",
    () =>
      Effect.map(
        run(
          bin("effect-tsgo"),
          ...["diagnostics", "--project", join(folder, "tsconfig.json"), "--strict"],
          ...["--format", "text"]
        ),
        (said) => assert.strictEqual(said.status, 0, inPages(said, folder, snippets))
      ),
    timeoutMs
  )

  it.live(
    "is formatted and linted",
    () =>
      Effect.map(
        run(
          bin("biome"),
          ...["check", "--vcs-enabled=false"],
          ...snippets.map((snippet) => pathOf(folder, snippet))
        ),
        (said) => assert.strictEqual(said.status, 0, inPages(said, folder, snippets))
      ),
    timeoutMs
  )
})

describe.concurrent("prints what the page says", () => {
  for (const snippet of snippets.filter(({ output }) => output !== undefined)) {
    it.live(
      `${snippet.page} ${snippet.file}`,
      () =>
        Effect.map(
          run(process.execPath, "--conditions=@atrium/source", pathOf(folder, snippet)),
          ({ status, stderr, stdout }) => {
            assert.strictEqual(stdout.trimEnd(), snippet.output)
            assert.strictEqual(stderr, "")
            assert.strictEqual(status, 0)
          }
        ),
      timeoutMs
    )
  }
})

describe("every page", () => {
  const ids = new Set([...storageRules, ...pipelineRules].map(({ id }) => id))

  for (const page of pages()) {
    const text = readFileSync(join(root, page), "utf8")

    it(`${page} names rules of the kit that exist`, () => {
      const named = Array.from(text.matchAll(/`([A-Z]{3}-\d+[a-z]?)`/g), ([, id = ""]) => id)
      assert.deepStrictEqual(
        named.filter((id) => !ids.has(id)),
        []
      )
    })

    it(`${page} links to files that exist`, () => {
      const linked = Array.from(text.matchAll(/\]\((?!https?:|#)([^)#]+)/g), ([, to = ""]) => to)
      assert.deepStrictEqual(
        linked.filter((to) => !existsSync(join(root, dirname(page), to))),
        []
      )
    })
  }
})

describe("the check itself", () => {
  const page = (...lines: ReadonlyArray<string>) => snippetsOf("docs/page.md", lines.join("\n"))

  it.live(
    "tells page and line of a snippet that does not compile",
    () =>
      Effect.gen(function* () {
        const into = yield* Effect.acquireRelease(
          Effect.sync(() => {
            mkdirSync(ignored, { recursive: true })
            return mkdtempSync(join(ignored, "wrong-"))
          }),
          (made) => Effect.sync(() => rmSync(made, { recursive: true, force: true }))
        )
        const wrong = page(
          "# A page",
          "```ts",
          "// right.ts",
          "export const n = 1",
          "```",
          "```ts",
          "// wrong.ts",
          'import { n } from "./right.ts"',
          "export const text: string = n",
          "```"
        )
        write(into, wrong)
        assert.strictEqual(
          (yield* compiled(into, wrong)).trim(),
          "docs/page.md(9,14): error TS2322: Type 'number' is not assignable to type 'string'."
        )
      }),
    timeoutMs
  )

  it("takes the text block that follows for the output", () => {
    const [snippet] = page(
      "```ts run",
      "// a.ts",
      "console.log(1)",
      "```",
      "",
      "```text",
      "1",
      "```"
    )
    assert.strictEqual(snippet?.output, "1")
  })

  it("refuses blocks that nobody would compile or run", () => {
    const refused = (why: RegExp, ...lines: ReadonlyArray<string>) =>
      assert.throws(() => page(...lines), why)
    refused(/page.md:1: .*never closed/, "```ts", "// a.ts")
    refused(/page.md:1: .*line's start/, "  ```ts", "// a.ts", "```")
    refused(/page.md:1: .*not "js"/, "```js", "1", "```")
    refused(/page.md:1: .*names it/, "```ts", "1", "```")
    refused(/page.md:1: .*not understood/, "```ts ignore", "// a.ts", "```")
    refused(/page.md:1: .*must follow/, "```ts run", "// a.ts", "```")
    refused(/page.md:4: .*already/, "```ts", "// a.ts", "```", "```ts", "// a.ts", "```")
  })
})

/** Snippets written to a folder, where they are compiled and run as a reader would. */
import { execFile } from "node:child_process"
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import * as Effect from "effect/Effect"
import { type Snippet, snippetsOf } from "./Snippet.ts"

export const root = join(import.meta.dirname, "..", "..", "..")

/** Beside this package's dependencies, so that snippets import what the package depends on. */
export const folder = join(import.meta.dirname, "..", "dist")

/** The pages whose snippets are compiled, by their paths from the root. */
export const pages = (): ReadonlyArray<string> => [
  "README.md",
  ...globSync("docs/*.md", { cwd: root })
]

/** The snippets of every page. */
export const allSnippets = (): ReadonlyArray<Snippet> =>
  pages().flatMap((page) => snippetsOf(page, readFileSync(join(root, page), "utf8")))

/** Where a snippet is written: a folder for each page. */
export const pathOf = (into: string, { file, page }: Snippet): string =>
  join(into, page.replace(/\.md$/, ""), file)

const configOf = (into: string): string =>
  JSON.stringify({
    extends: relative(into, join(root, "tsconfig.base.json")),
    include: ["**/*.ts", "**/*.tsx"],
    compilerOptions: {
      noEmit: true,
      incremental: false,
      jsx: "react-jsx",
      lib: ["ES2024", "DOM", "DOM.Iterable"],
      customConditions: ["@atrium/source"]
    }
  })

/** Other runs may read the folder at this moment, so files that are right already are left alone. */
const put = (path: string, text: string): void => {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** Makes the folder hold exactly these snippets, and a tsconfig as strict as the house's. */
export const write = (into: string, snippets: ReadonlyArray<Snippet>): void => {
  const wanted = new Map(snippets.map((snippet) => [pathOf(into, snippet), `${snippet.code}\n`]))
  for (const found of globSync("**/*.{ts,tsx}", { cwd: into })) {
    if (!wanted.has(join(into, found))) rmSync(join(into, found), { force: true })
  }
  put(join(into, "tsconfig.json"), configOf(into))
  for (const [path, code] of wanted) put(path, code)
}

/** What a program said. `status`: 0 when all went well. */
export interface Said {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

const environment = {
  ...process.env,
  NO_COLOR: "1",
  FORCE_COLOR: "0",
  NODE_OPTIONS: "",
  // A dozen programs load the same modules: most of what they cost.
  NODE_COMPILE_CACHE: join(folder, ".compiled")
}

/** Runs a program in the folder of this package. */
export const run = (program: string, ...parameters: ReadonlyArray<string>): Effect.Effect<Said> =>
  Effect.callback((resume, signal) => {
    execFile(
      program,
      parameters,
      { cwd: join(folder, ".."), env: environment, signal, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === "number" ? error.code : 1
        resume(Effect.succeed({ status, stdout, stderr }))
      }
    )
  })

/** A program that the repository brings. */
export const bin = (name: string): string => join(root, "node_modules", ".bin", name)

/** What a check of the folder said, with the places in the pages instead of those in the folder. */
export const inPages = (
  { stderr, stdout }: Said,
  into: string,
  snippets: ReadonlyArray<Snippet>
): string =>
  snippets.reduce((text, snippet) => {
    const path = pathOf(into, snippet)
    const short = relative(join(folder, ".."), path)
    return text
      .replaceAll(path, short)
      .split(short)
      .map((part, i) => (i === 0 ? part : inPage(snippet, part)))
      .join("")
  }, `${stdout}${stderr}`)

/** `rest` follows the path: its `(12,3)` or `:12:3` counts from the snippet's first line. */
const inPage = ({ line, page }: Snippet, rest: string): string =>
  page +
  rest.replace(/^([(:])(\d+)/, (_, mark: string, at: string) => `${mark}${line - 1 + Number(at)}`)

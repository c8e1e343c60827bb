/**
 * The architecture's arrows, checked: which package may import what, and in which named files the
 * unstable modules of Effect may be used. Biome says the same in the editor, for core and the
 * adapters; both are tried here on planted violations.
 */

import { spawnSync } from "node:child_process"
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, relative, sep } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"

const ROOT = join(import.meta.dirname, "..", "..", "..")

/** What the sources of a package may import, beside `effect/*` and their own files. */
interface Allowed {
  /** Packages of this repository, without the scope. */
  readonly atrium: ReadonlyArray<string>
  /** Packages from elsewhere. */
  readonly external: ReadonlyArray<string>
  /** Whether `node:*` may be imported; a list names the only files that may. */
  readonly node: boolean | ReadonlyArray<string>
}

/** The table of the architecture. A package that is not in it may not exist. */
const PACKAGES: Readonly<Record<string, Allowed>> = {
  // One stemmer without dependencies; nothing else ever.
  core: { atrium: [], external: ["stemmer"], node: false },
  "backend-native": { atrium: ["core"], external: [], node: false },
  "backend-letta": { atrium: ["core"], external: ["@letta-ai/letta-client"], node: false },
  "storage-sql": { atrium: ["core"], external: [], node: false },
  "storage-sqlite": { atrium: ["core", "storage-sql"], external: [], node: true },
  "storage-postgres": {
    atrium: ["core", "storage-sql"],
    external: ["@effect/sql-pg"],
    node: true
  },
  "model-openai": {
    atrium: ["core"],
    external: ["openai"],
    node: ["packages/model-openai/src/internal/send.ts"]
  },
  "model-demo": { atrium: [], external: [], node: false },
  http: {
    atrium: ["core"],
    external: ["@effect/platform-node"],
    node: ["packages/http/src/Node.ts", "packages/http/src/NodeListener.ts"]
  },
  react: { atrium: ["core", "http"], external: ["react"], node: false },
  conformance: { atrium: ["core"], external: ["vitest", "@effect/vitest"], node: true },
  testing: { atrium: ["core"], external: [], node: true }
}

/**
 * Where the modules that Effect marks unstable may be imported: exact files, or folders that end
 * in a slash. A change of theirs must not reach further than this list.
 */
const UNSTABLE: Readonly<Record<string, ReadonlyArray<string>>> = {
  "effect/ai": [
    "packages/backend-native/src/",
    "packages/core/src/backend/ReasonOf.ts",
    "packages/core/src/tools/",
    "packages/model-demo/src/DemoModel.ts",
    "packages/model-demo/src/internal/parts.ts",
    "packages/model-demo/src/internal/reading.ts",
    "packages/model-openai/src/",
    "packages/testing/src/ScriptedModel.ts"
  ],
  "effect/crypto": [
    "packages/core/src/memory/DocumentDigest.ts",
    "packages/core/src/tenancy/ApiKeys.ts",
    "packages/core/src/tenancy/KeyCredentials.ts",
    "packages/core/src/tenancy/Maintenance.ts",
    "packages/core/src/tenancy/Secret.ts"
  ],
  "effect/encoding": [
    "packages/core/src/tenancy/Secret.ts",
    "packages/http/src/",
    "packages/model-openai/src/internal/"
  ],
  "effect/sql": ["packages/storage-sql/src/", "packages/storage-sqlite/src/"],
  "effect/cluster": [],
  "effect/workflow": [],
  "effect/http": ["packages/http/src/"],
  "effect/http-api": ["packages/http/src/"]
}

/** Static imports and re-exports at the start of a line; examples in docstrings begin with `*`. */
const STATIC = /^[ \t]*(?:import|export)\s(?:[^"'`;]*?\sfrom\s)?\s*["']([^"']+)["']/gm
const BARE = /^[ \t]*import["']([^"']+)["']/gm
/** `import(...)`, as an expression or in a type; anything but a literal is reported as `?`. */
const DYNAMIC = /^(?![ \t]*(?:\*|\/\/)).*?\bimport\(\s*(?:["']([^"']+)["']|[^)])/gm

const importsOf = (code: string): ReadonlyArray<string> =>
  [STATIC, BARE, DYNAMIC].flatMap((pattern) =>
    Array.from(code.matchAll(pattern), (match) => match[1] ?? "?")
  )

const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/")

/** Why this import may not stand in this file; `undefined` if it may. */
const refusal = (
  root: string,
  file: string,
  folder: string,
  allowed: Allowed,
  specifier: string
): string | undefined => {
  const path = relative(root, file).split(sep).join("/")
  if (specifier.startsWith(".")) {
    const target = relative(join(root, "packages", folder, "src"), join(dirname(file), specifier))
    return target.startsWith("..") ? "leaves the package's src" : undefined
  }
  const node = Array.isArray(allowed.node) ? allowed.node.includes(path) : allowed.node
  if (specifier.startsWith("node:")) return node ? undefined : "is Node's"
  // Whoever bundles the other files for a browser must not meet Node's server.
  if (specifier.startsWith("@effect/platform-node/") && !node) return "is Node's"
  const name = packageOf(specifier)
  if (name === "effect") {
    if (!/^effect\/(?:[\w-]+\/)*[A-Z]\w*$/.test(specifier)) {
      return "is a barrel: import the module, as in effect/Effect"
    }
    const unstable = Object.entries(UNSTABLE).find(([module]) => specifier.startsWith(`${module}/`))
    if (unstable === undefined) return undefined
    const named = unstable[1].some(
      (place) => place === path || (place.endsWith("/") && path.startsWith(place))
    )
    return named ? undefined : "is unstable and this file is not named for it"
  }
  const known = name.startsWith("@atrium/")
    ? allowed.atrium.includes(name.slice("@atrium/".length))
    : allowed.external.includes(name)
  return known ? undefined : "is no dependency of this package"
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const namesIn = (manifest: unknown, ...fields: ReadonlyArray<string>): ReadonlyArray<string> =>
  isRecord(manifest)
    ? fields.flatMap((field) => {
        const value = manifest[field]
        return isRecord(value) ? Object.keys(value) : []
      })
    : []

/** What a package.json declares and may not. */
const undeclarable = (folder: string, allowed: Allowed, manifest: unknown): Array<string> => {
  const may = ["effect", ...allowed.external, ...allowed.atrium.map((name) => `@atrium/${name}`)]
  const shipped = namesIn(manifest, "dependencies", "peerDependencies", "optionalDependencies")
  // Turbo would see a circle: every other package depends on core.
  const dev = folder === "core" ? namesIn(manifest, "devDependencies") : []
  return [
    ...shipped.filter((name) => !may.includes(name)),
    ...dev.filter((name) => name.startsWith("@atrium/"))
  ].map((name) => `packages/${folder}/package.json depends on ${name}`)
}

const readJson = (file: string): unknown => JSON.parse(readFileSync(file, "utf8"))

const foldersIn = (folder: string): ReadonlyArray<string> =>
  existsSync(folder)
    ? readdirSync(folder).filter((name) => existsSync(join(folder, name, "package.json")))
    : []

const sourcesIn = (folder: string): ReadonlyArray<string> =>
  globSync("src/**/*.{ts,tsx,mts}", { cwd: folder }).map((file) => join(folder, file))

/** Every violation below `root`, a line each. */
const violations = (root: string): ReadonlyArray<string> =>
  foldersIn(join(root, "packages")).flatMap((folder) => {
    const allowed = PACKAGES[folder]
    if (allowed === undefined) return [`packages/${folder} is not in the table of packages`]
    const home = join(root, "packages", folder)
    return [
      ...undeclarable(folder, allowed, readJson(join(home, "package.json"))),
      ...sourcesIn(home).flatMap((file) =>
        importsOf(readFileSync(file, "utf8")).flatMap((specifier) => {
          const why = refusal(root, file, folder, allowed, specifier)
          return why === undefined ? [] : [`${relative(root, file)}: ${specifier} ${why}`]
        })
      )
    ]
  })

const scratch = mkdtempSync(join(tmpdir(), "atrium-boundaries-"))
afterAll(() => rmSync(scratch, { recursive: true }))

/** A repository in a temporary folder with these files. */
const planted = (files: Readonly<Record<string, string>>): string => {
  const root = mkdtempSync(join(scratch, "root-"))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return root
}

/** Plants one source file in a package and returns what the check says. */
const plant = (path: string, code: string): ReadonlyArray<string> => {
  const home = path.split("/").slice(0, 2).join("/")
  return violations(planted({ [`${home}/package.json`]: "{}", [path]: code }))
}

describe("boundaries", () => {
  it("hold in this repository", () => {
    assert.deepStrictEqual(violations(ROOT), [])
  })

  it("reads packages and sources at all", () => {
    assert.include(foldersIn(join(ROOT, "packages")), "core")
    assert.isNotEmpty(sourcesIn(join(ROOT, "packages", "testing")))
    assert.include(
      importsOf(readFileSync(join(ROOT, "packages/testing/src/FakeModel.ts"), "utf8")),
      "effect/Effect"
    )
  })

  const core = "packages/core/src/turns/Turns.ts"
  const refused: ReadonlyArray<readonly [what: string, path: string, code: string]> = [
    ["a vendor in core", core, 'import OpenAI from "openai"'],
    ["Node in core", core, 'import { readFile } from "node:fs/promises"'],
    ["another package in core", core, 'import { FakeModel } from "@atrium/testing"'],
    ["a type only", core, 'import type { FakeModel } from "@atrium/testing/FakeModel"'],
    ["a re-export", core, 'export * from "@atrium/testing"'],
    ["several lines", core, 'import {\n  one,\n  two\n} from "openai"'],
    ["a side effect", core, 'import "openai"'],
    ["a dynamic import", core, 'export const load = () => import("openai")'],
    ["an import type", core, 'export type Client = import("openai").OpenAI'],
    ["a computed import", core, "export const load = (name: string) => import(name)"],
    ["a barrel of Effect", core, 'import { Effect } from "effect"'],
    ["a nested barrel", core, 'import { SqlClient } from "effect/sql"'],
    ["an unstable module", core, 'import * as SqlClient from "effect/sql/SqlClient"'],
    ["a path out of the package", core, 'import { x } from "../../../testing/src/FakeModel.ts"'],
    [
      "one adapter in another",
      "packages/backend-native/src/Native.ts",
      'import { layer } from "@atrium/storage-sqlite"'
    ],
    [
      "testing in published code",
      "packages/storage-sqlite/src/Sqlite.ts",
      'import { FakeModel } from "@atrium/testing"'
    ],
    [
      "Node's server beside the one file for it",
      "packages/http/src/client/AtriumClient.ts",
      'import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"'
    ],
    ["a package that is not in the table", "packages/extra/src/Extra.ts", "export {}"]
  ]
  for (const [what, path, code] of refused) {
    it(`refuses ${what}`, () => assert.strictEqual(plant(path, code).length, 1))
  }

  const accepted: ReadonlyArray<readonly [what: string, path: string, code: string]> = [
    ["modules of Effect", core, 'import * as Effect from "effect/Effect"'],
    ["a file of its own", core, 'import { x } from "../ids.ts"'],
    ["an example in a docstring", core, '/**\n * import OpenAI from "openai"\n */\nexport {}'],
    [
      "storage-sql in an SQL storage",
      "packages/storage-sqlite/src/Sqlite.ts",
      'import { x } from "@atrium/storage-sql/Dialect"\nimport { y } from "node:sqlite"'
    ],
    [
      "Node in the one file named for it",
      "packages/http/src/Node.ts",
      'import { createServer } from "node:http"'
    ],
    [
      "unstable modules in a named place",
      "packages/storage-sql/src/Stores.ts",
      'import * as SqlClient from "effect/sql/SqlClient"'
    ]
  ]
  for (const [what, path, code] of accepted) {
    it(`accepts ${what}`, () => assert.deepStrictEqual(plant(path, code), []))
  }

  it("refuses a dependency that is declared and not in the table", () => {
    const manifest = (name: string) => ({
      "packages/core/package.json": JSON.stringify({ dependencies: { [name]: "1.0.0" } })
    })
    assert.deepStrictEqual(violations(planted(manifest("zod"))), [
      "packages/core/package.json depends on zod"
    ])
    assert.deepStrictEqual(violations(planted(manifest("effect"))), [])
  })
})

describe("biome", () => {
  const biome = join(ROOT, "node_modules", "@biomejs", "biome", "bin", "biome")

  /** The restricted imports that Biome reports under the repository's own configuration. */
  const restricted = (path: string, code: string): number => {
    const home = path.split("/").slice(0, 2).join("/")
    const root = planted({
      ".gitignore": "node_modules/\n",
      [`${home}/package.json`]: "{}",
      [path]: `${code}\n`
    })
    copyFileSync(join(ROOT, "biome.json"), join(root, "biome.json"))
    const only = ["--only=style/noRestrictedImports", "--reporter=json"]
    const { stdout, stderr } = spawnSync(process.execPath, [biome, "lint", ...only], {
      cwd: root,
      encoding: "utf8"
    })
    const start = stdout.indexOf("{")
    assert.isAtLeast(start, 0, `Biome printed no report: ${stdout}${stderr}`)
    const report: unknown = JSON.parse(stdout.slice(start))
    const summary = isRecord(report) ? report["summary"] : undefined
    assert.isTrue(isRecord(summary) && typeof summary["errors"] === "number", stdout)
    return isRecord(summary) ? Number(summary["errors"]) : Number.NaN
  }

  const core = [
    'export { a } from "openai"',
    'export { b } from "node:fs"',
    'export { c } from "@atrium/testing/FakeModel"',
    'export const d = () => import("zod")',
    'export type { E } from "@scope/name/deep"'
  ]

  it("refuses in core what is not effect", () => {
    assert.strictEqual(restricted("packages/core/src/turns/X.ts", core.join("\n")), core.length)
  })

  it("accepts in core modules of effect and files of its own", () => {
    const code = [
      'export * as Effect from "effect/Effect"',
      'export * as SqlClient from "effect/sql/SqlClient"',
      'export { x } from "./Y.ts"',
      'export { y } from "../ids.ts"'
    ]
    assert.strictEqual(restricted("packages/core/src/turns/X.ts", code.join("\n")), 0)
  })

  it("lets adapters import core, and the SQL storages also storage-sql", () => {
    const code = [
      'export { a } from "@atrium/core"',
      'export { b } from "@atrium/core/turns/Turns"',
      'export { c } from "@atrium/storage-sql"',
      'export { d } from "@atrium/storage-sql/Dialect"',
      'export { e } from "@atrium/testing"',
      'export { f } from "@atrium/conformance/Storage"'
    ].join("\n")
    assert.strictEqual(restricted("packages/storage-sqlite/src/X.ts", code), 2)
    assert.strictEqual(restricted("packages/testing/src/X.ts", code), 4)
  })
})

/** The routes that people read of and those that machines read of are the same ones. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { at, house } from "./house.ts"

const page = readFileSync(join(import.meta.dirname, "../../../docs/http.md"), "utf8")

/**
 * `METHOD path` of the first column of the table of routes. In a row a method without a path is of
 * the path after it, and at the end of the row of the one before.
 */
const documented = (): ReadonlyArray<string> => {
  const [, table = ""] = /\n\| route \| \|\n\| --- \| --- \|\n((?:\|.*\n)+)/.exec(page) ?? []
  return table
    .trimEnd()
    .split("\n")
    .flatMap((row) => {
      const cell = row.split(" | ")[0] ?? ""
      const found: Array<string> = []
      let methods: Array<string> = []
      let path = ""
      for (const [, method = "", route] of cell.matchAll(/`([A-Z]+)(?: (\/[^\s?`]*)[^`]*)?`/g)) {
        methods.push(method)
        if (route === undefined) continue
        path = route
        found.push(...methods.map((one) => `${one} ${path}`))
        methods = []
      }
      return [...found, ...methods.map((one) => `${one} ${path}`)]
    })
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

describe("OpenAPI", () => {
  it.live("has every route of docs/http.md, and no other", () =>
    Effect.gen(function* () {
      const { ask } = yield* house()
      const { json } = yield* ask("/openapi.json")
      const paths = at(json, "paths")
      assert.isTrue(isRecord(paths))
      if (!isRecord(paths)) return
      const operations = Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(isRecord(methods) ? methods : {}).map(
          ([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const
        )
      )
      const told = operations.map(([route]) => route).sort()
      assert.isAbove(told.length, 40)
      assert.deepStrictEqual([...documented()].sort(), told)
      for (const [route, operation] of operations) {
        const open = route.startsWith("GET /health/")
        assert.strictEqual(at(operation, "security", "length"), open ? 0 : 1, route)
        const problem = at(operation, "responses", "404", "content", "application/problem+json")
        assert.isDefined(problem, route)
        const success = ["200", "201", "202", "204"].filter(
          (status) => at(operation, "responses", status) !== undefined
        )
        assert.isNotEmpty(success, route)
      }
    })
  )
})

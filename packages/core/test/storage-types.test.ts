/** What must not compile: each line that is marked would compile if the types were weaker. */

import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Ids from "@atrium/core/ids"
import { AgentId, UserId } from "@atrium/core/ids"
import { Storage } from "@atrium/core/storage/Storage"
import type { Principal, TenantScope } from "@atrium/core/tenancy/Principal"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

const mark = /^ *\/\/ @ts-expect-error .*$/gm

const forAgent = (id: AgentId): string => id

const core = join(import.meta.dirname, "..")

/** What tsc says of this file, with `change` made to it. */
const compile = (change: (code: string) => string) => {
  mkdirSync(join(core, ".turbo"), { recursive: true })
  const folder = mkdtempSync(join(core, ".turbo", "types-"))
  try {
    const code = change(readFileSync(import.meta.filename, "utf8"))
    writeFileSync(join(folder, "tried.ts"), code)
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ extends: join(core, "tsconfig.json"), files: ["tried.ts"], include: [] })
    )
    const tsc = join(core, "..", "..", "node_modules", ".bin", "tsc")
    const { stdout } = spawnSync(tsc, ["-p", folder, "--incremental", "false"], {
      encoding: "utf8"
    })
    return stdout.match(/tried\.ts\(.*error/g) ?? []
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe("types", () => {
  it("are as this file says: it compiles, and without its marks it has an error for each", () => {
    const marks = readFileSync(import.meta.filename, "utf8").match(mark) ?? []
    assert.deepStrictEqual(
      compile((code) => code),
      []
    )
    assert.lengthOf(
      compile((code) => code.replaceAll(mark, "")),
      marks.length
    )
  }, 60_000)
  it("[071][094] a store cannot be called without a scope, and a scope cannot be made up", () => {
    const calls = Effect.gen(function* () {
      const { stores } = yield* Storage
      const caller = yield* Effect.flatMap(TenantResolver, ({ renew }) =>
        renew({ tenant: "t", user: "u", scopes: [] })
      )
      yield* stores.messages.list(caller, "conversation", {})
      // @ts-expect-error no scope
      yield* stores.messages.list("conversation", {})
      // @ts-expect-error a tenant's id is no scope
      yield* stores.messages.list("tenant", "conversation", {})
      // @ts-expect-error nor is what looks like one
      yield* stores.messages.list({ tenantId: Ids.TenantId("t"), userId: Option.none() }, "c", {})
      // @ts-expect-error nor are claims
      yield* stores.users.find({ tenant: "t", user: "u", scopes: [] }, "u")
    })
    expectTypeOf(calls).not.toBeAny()
    expectTypeOf<{
      tenantId: Ids.TenantId
      userId: Option.Option<UserId>
    }>().not.toExtend<TenantScope>()
  })
  it("[071] who acts as a user needs a Principal", () => {
    const acting = Effect.flatMap(TenantResolver, ({ actAs }) => actAs("user"))
    expectTypeOf<Effect.Services<typeof acting>>().toEqualTypeOf<Principal | TenantResolver>()
  })
  it("an id of one kind is not an id of another kind, and a text is none", () => {
    forAgent(AgentId("agent"))
    // @ts-expect-error a user is no agent
    forAgent(UserId("user"))
    // @ts-expect-error a text is no id
    forAgent("agent")
    expectTypeOf<UserId>().not.toExtend<AgentId>()
  })
})

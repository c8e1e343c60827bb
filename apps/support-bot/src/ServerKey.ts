/**
 * The key of a trusted server, for `POST /chat` and nothing else: made at the first start, kept beside
 * the database in a file that only its owner reads, so that no secret is printed. What the file holds
 * is the header of a request, as `curl -H @file` reads it.
 */
import { chmod, readFile, rename, rm, writeFile } from "node:fs/promises"
import { TenancyError } from "@atrium/core/errors"
import { allPages } from "@atrium/core/Page"
import { ApiKeys } from "@atrium/core/tenancy/ApiKeys"
import { everyScope, Maintenance } from "@atrium/core/tenancy/Maintenance"
import type { Caller } from "@atrium/core/tenancy/Principal"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { tenant } from "./SupportAgent.ts"

/** What the key may do: take turns, as any user. */
const scopes = ["turns", "act-as"]

/** Where the key of a database lies. */
export const keyFileOf = (database: string): string => `${database.replace(/\.db$/, "")}.key`

const rejected = (why: string) => TenancyError.because({ _tag: "Rejected", field: "key", why })

const isMissing = (error: unknown): boolean =>
  Predicate.hasProperty(error, "code") && error.code === "ENOENT"

/** What the file holds, without blanks around it; "" where there is none. */
const kept = (file: string) =>
  Effect.tryPromise({
    try: () =>
      readFile(file, "utf8").then(
        (text) => text.trim(),
        (error: unknown) => {
          if (isMissing(error)) return ""
          throw error
        }
      ),
    catch: () =>
      rejected(
        `The file ${file} cannot be read. Make it readable or remove it, or set ATRIUM_DB to another file.`
      )
  })

/** Writes the key as a new file in the place of the old one, whose mode and links are not its own. */
const write = (file: string, secret: Redacted.Redacted) =>
  Effect.tryPromise({
    try: async () => {
      const fresh = `${file}.new`
      await rm(fresh, { force: true })
      const header = `Authorization: Bearer ${Redacted.value(secret)}\n`
      await writeFile(fresh, header, { mode: 0o600, flag: "wx" })
      await rename(fresh, file)
    },
    catch: () =>
      rejected(
        `The file ${file} cannot be written. Make its folder writable, or set ATRIUM_DB to another one.`
      )
  })

/** A file that was copied or restored may be everybody's to read. */
const takeBack = (file: string) =>
  Effect.tryPromise(() => chmod(file, 0o600)).pipe(
    Effect.catch(() => Effect.logWarning(`Who may read ${file} cannot be set: see to it yourself.`))
  )

/** The header of a key, or a key alone. */
const keyForm = /^(?:Authorization: Bearer )?(atr_[\w-]+)$/

const asOperator = TenantResolver.provide({ tenant: tenant.id, scopes: everyScope })

/** Whether somebody is nobody in particular, and may do what the key may and no more. */
const isOurs = ({ scopes: has, userId }: Caller): boolean =>
  userId._tag === "None" && has.size === scopes.length && scopes.every((scope) => has.has(scope))

/** A key is known by what may be shown of it. */
const revoke = Effect.fnUntraced(function* (secret: string) {
  const keys = yield* ApiKeys
  for (const { id, prefix, revokedAt } of yield* allPages(keys.list)) {
    if (secret.startsWith(prefix) && revokedAt === null) yield* keys.revoke(id)
  }
})

/**
 * Makes the tenant, and its key where the file holds none that this database knows; one that may do
 * more is revoked and replaced. A file that holds something else than a key is left alone, and that is
 * `Rejected`.
 */
export const ensure = Effect.fnUntraced(function* (file: string) {
  const maintenance = yield* Maintenance
  const resolver = yield* TenantResolver
  yield* maintenance.save(tenant)
  const before = yield* kept(file)
  const key = keyForm.exec(before)?.[1]
  if (before !== "" && key === undefined) {
    return yield* rejected(
      `The file ${file} is where the key of this database lies, but it holds something else. Move it away, or set ATRIUM_DB to another file.`
    )
  }
  if (key !== undefined) {
    const known = Option.getOrUndefined(yield* Effect.option(resolver.resolve(Redacted.make(key))))
    if (known !== undefined && isOurs(known) && before !== key) return yield* takeBack(file)
    if (known !== undefined) yield* asOperator(revoke(key))
  }
  const { secret } = yield* asOperator(
    Effect.flatMap(ApiKeys, (keys) => keys.create({ name: "POST /chat", scopes }))
  )
  yield* write(file, secret)
})

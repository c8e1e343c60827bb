/**
 * The key of a trusted server, for `POST /chat`: made at the first start, kept beside the database in
 * a file that only its owner reads, so that no secret is printed.
 */
import { chmod, readFile, rename, rm, writeFile } from "node:fs/promises"
import { TenancyError } from "@atrium/core/errors"
import { Maintenance } from "@atrium/core/tenancy/Maintenance"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { tenant } from "./SupportAgent.ts"

/** Where the key of a database lies. */
export const keyFileOf = (database: string): string => `${database.replace(/\.db$/, "")}.key`

const rejected = (why: string) => TenancyError.because({ _tag: "Rejected", field: "key", why })

const isMissing = (error: unknown): boolean =>
  Predicate.hasProperty(error, "code") && error.code === "ENOENT"

/** What the file holds, without blanks; "" where there is none. */
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
      await writeFile(fresh, `${Redacted.value(secret)}\n`, { mode: 0o600, flag: "wx" })
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

/**
 * Makes the tenant, and its key where the file holds none that this database knows. A file that holds
 * something else than a key is left alone, and that is `Rejected`.
 */
export const ensure = Effect.fnUntraced(function* (file: string) {
  const maintenance = yield* Maintenance
  const resolver = yield* TenantResolver
  yield* maintenance.save(tenant)
  const before = yield* kept(file)
  const known = yield* Effect.option(resolver.resolve(Redacted.make(before)))
  if (known._tag === "Some") return yield* takeBack(file)
  if (before !== "" && !before.startsWith("atr_")) {
    return yield* rejected(
      `The file ${file} is where the key of this database lies, but it holds something else. Move it away, or set ATRIUM_DB to another file.`
    )
  }
  yield* write(file, yield* maintenance.operatorKey(tenant.id))
})

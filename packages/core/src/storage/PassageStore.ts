/** Passages: texts that are found by search. Their words are kept by the WordStore. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { StorageError } from "../errors.ts"
import type { By, Page } from "../Page.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import { Archive, archivePath, ownsArchive, seesArchive } from "./Archive.ts"
import { type KeyValueDriver, type Transaction, within } from "./KeyValue.ts"
import { everything, page, table } from "./Table.ts"

const S = Schema.String
const N = Schema.Int

/**
 * A passage as it is kept. Ids sort in the order in which passages were made.
 * - `document`: name of the document it was cut from, with `from` and `to`, its place there in UTF-16
 *   units; null for what was inserted by itself.
 */
export const PassageRecord = Schema.Struct({
  id: S,
  archive: Archive,
  text: S,
  document: Schema.NullOr(S),
  from: N,
  to: N,
  tags: Schema.Array(S),
  at: N
})
export type PassageRecord = typeof PassageRecord.Type

/** A scope with a user sees that user's passages and those that no user owns. */
export interface PassageStore {
  /** Writes each passage whose id is free and whose archive the scope owns. */
  readonly insert: (
    scope: TenantScope,
    passages: ReadonlyArray<PassageRecord>
  ) => Effect.Effect<void, StorageError>
  /** Those of the ids that are there and the scope's to see, in the order of `ids`. */
  readonly find: (
    scope: TenantScope,
    ids: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<PassageRecord>, StorageError>
  /** A page of an archive, in the order of ids; `by.tags` keeps those that carry all of them. */
  readonly list: (
    scope: TenantScope,
    archive: Archive,
    by: By
  ) => Effect.Effect<Page<PassageRecord>, StorageError>
  /** Removes those that the scope owns. */
  readonly delete: (
    scope: TenantScope,
    ids: ReadonlyArray<string>
  ) => Effect.Effect<void, StorageError>
  /** Removes everything in the archives of this kind and id that the scope owns, of all users. */
  readonly clear: (
    scope: TenantScope,
    of: Pick<Archive, "kind" | "id">
  ) => Effect.Effect<void, StorageError>
}

const passages = table("passage", PassageRecord)
const archived = table("passage-of", S)
/** By archive and tag, so that a rare tag does not cost the archive: the tags of each passage. */
const tagged = table("passage-tag", Schema.Struct({ id: S, tags: Schema.Array(S) }))

const remove = (
  tx: Transaction,
  scope: TenantScope,
  { archive, id, tags }: PassageRecord
): void => {
  passages.remove(tx, [scope.tenantId, id])
  archived.remove(tx, [...archivePath(scope, archive), id])
  for (const tag of tags) tagged.remove(tx, [...archivePath(scope, archive), tag, id])
}

export const makePassageStore = (driver: KeyValueDriver): PassageStore => ({
  insert: (scope, records) =>
    within(
      driver,
      Effect.fnUntraced(function* (tx) {
        for (const passage of records) {
          if (!ownsArchive(scope, passage.archive)) continue
          if (Option.isSome(yield* passages.get(tx, [scope.tenantId, passage.id]))) continue
          passages.set(tx, [scope.tenantId, passage.id], passage)
          const path = archivePath(scope, passage.archive)
          archived.set(tx, [...path, passage.id], passage.id)
          for (const tag of passage.tags) {
            tagged.set(tx, [...path, tag, passage.id], { id: passage.id, tags: passage.tags })
          }
        }
      })
    ),
  find: (scope, ids) =>
    within(driver, (tx) =>
      Effect.map(
        Effect.forEach(ids, (id) => passages.get(tx, [scope.tenantId, id])),
        (found) =>
          found.flatMap(Option.toArray).filter(({ archive }) => seesArchive(scope, archive))
      )
    ),
  list: (scope, archive, by) =>
    within(
      driver,
      Effect.fnUntraced(function* (tx): Effect.fn.Return<Page<PassageRecord>, StorageError> {
        if (!seesArchive(scope, archive)) return { items: [], next: Option.none() }
        const path = archivePath(scope, archive)
        const [first, ...others] = by.tags ?? []
        const { items, next } =
          first === undefined
            ? yield* page(archived, tx, path, by)
            : yield* page(tagged, tx, [...path, first], by, ({ tags }) =>
                [first, ...others].every((tag) => tags.includes(tag))
              )
        const ids = items.map((item) => (typeof item === "string" ? item : item.id))
        const found = yield* Effect.forEach(ids, (id) => passages.get(tx, [scope.tenantId, id]))
        return { items: found.flatMap(Option.toArray), next }
      })
    ),
  delete: (scope, ids) =>
    within(
      driver,
      Effect.fnUntraced(function* (tx) {
        for (const id of ids) {
          const found = yield* passages.get(tx, [scope.tenantId, id])
          if (Option.isSome(found) && ownsArchive(scope, found.value.archive)) {
            remove(tx, scope, found.value)
          }
        }
      })
    ),
  clear: (scope, { id, kind }) =>
    within(
      driver,
      Effect.fnUntraced(function* (tx) {
        const path = [scope.tenantId, kind, id, ...Option.toArray(scope.userId)]
        for (const { record } of yield* everything(archived, tx, path)) {
          const found = yield* passages.get(tx, [scope.tenantId, record])
          if (Option.isSome(found)) remove(tx, scope, found.value)
        }
      })
    )
})

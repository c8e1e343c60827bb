/** Documents of knowledge sources: the tenant's, written by an operator, read by its users. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { StorageError } from "../errors.ts"
import type { By, Page } from "../Page.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import { owns } from "./Confine.ts"
import { type KeyValueDriver, within } from "./KeyValue.ts"
import { page, table } from "./Table.ts"

const S = Schema.String

/**
 * A document as it is kept; `name` is unique in its source. `digest`: of its text and of how it was
 * cut, so that an unchanged one is skipped. `passages`: ids of what it was cut into.
 */
export const DocumentRecord = Schema.Struct({
  source: S,
  name: S,
  title: S,
  text: S,
  digest: S,
  passages: Schema.Array(S),
  at: Schema.Int
})
export type DocumentRecord = typeof DocumentRecord.Type

/** What a list shows of a document: everything but its text. */
export type DocumentHead = Omit<DocumentRecord, "text">

/** Every scope of the tenant reads them; only one that spans the tenant writes. */
export interface DocumentStore {
  /** Writes the document, whole. */
  readonly save: (scope: TenantScope, document: DocumentRecord) => Effect.Effect<void, StorageError>
  readonly find: (
    scope: TenantScope,
    source: string,
    name: string
  ) => Effect.Effect<Option.Option<DocumentRecord>, StorageError>
  /** In byte order of their names. */
  readonly list: (
    scope: TenantScope,
    source: string,
    by: By
  ) => Effect.Effect<Page<DocumentHead>, StorageError>
  readonly delete: (
    scope: TenantScope,
    source: string,
    name: string
  ) => Effect.Effect<void, StorageError>
}

const { text: _, ...headFields } = DocumentRecord.fields
const heads = table("document", Schema.Struct(headFields))
const texts = table("document-text", S)

export const makeDocumentStore = (driver: KeyValueDriver): DocumentStore => ({
  save: (scope, { text, ...head }) =>
    within(driver, (tx) =>
      Effect.sync(() => {
        if (!owns(scope, null)) return
        heads.set(tx, [scope.tenantId, head.source, head.name], head)
        texts.set(tx, [scope.tenantId, head.source, head.name], text)
      })
    ),
  find: (scope, source, name) =>
    within(
      driver,
      Effect.fnUntraced(function* (tx) {
        const head = yield* heads.get(tx, [scope.tenantId, source, name])
        const text = yield* texts.get(tx, [scope.tenantId, source, name])
        return Option.isSome(head) && Option.isSome(text)
          ? Option.some({ ...head.value, text: text.value })
          : Option.none()
      })
    ),
  list: (scope, source, by) =>
    within(driver, (tx) => page(heads, tx, [scope.tenantId, source], by)),
  delete: (scope, source, name) =>
    within(driver, (tx) =>
      Effect.sync(() => {
        if (!owns(scope, null)) return
        heads.remove(tx, [scope.tenantId, source, name])
        texts.remove(tx, [scope.tenantId, source, name])
      })
    )
})

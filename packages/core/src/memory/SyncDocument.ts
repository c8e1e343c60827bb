/** One document of a source: it, its passages and their words come, change and go together. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { StorageError } from "../errors.ts"
import { sourceArchive } from "../storage/Archive.ts"
import type { Storage } from "../storage/Storage.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import { type Chunking, chunksOf } from "./Chunk.ts"
import { digestOf } from "./DocumentDigest.ts"
import * as Passages from "./Passages.ts"

/** A text with a name that is unique in its source. */
export interface Document {
  readonly name: string
  readonly title: string
  readonly text: string
}

/**
 * Makes the document of that name be this one, in one transaction. A document with the same title,
 * text and chunking is left as it is, passages and ids included. `known`: the digest that the stored
 * one had a moment ago, so that an unchanged one is not read.
 */
export const saveDocument = Effect.fnUntraced(function* (
  storage: Storage["Service"],
  scope: TenantScope,
  source: string,
  { name, text, title }: Document,
  chunking: Chunking,
  known: string | undefined
): Effect.fn.Return<"added" | "changed" | "unchanged", StorageError> {
  const { documents } = storage.stores
  const digest = yield* digestOf(chunking.size, chunking.overlap, title, text)
  if (known === digest) return "unchanged"
  const archive = sourceArchive(source)
  const records = yield* Passages.make(
    archive,
    chunksOf(text, chunking).map((chunk) => ({ ...chunk, document: name }))
  )
  const at = yield* Clock.currentTimeMillis
  return yield* storage.transact(
    Effect.gen(function* () {
      const found = yield* documents.find(scope, source, name)
      if (Option.isSome(found)) {
        if (found.value.digest === digest) return "unchanged"
        yield* Passages.remove(storage, scope, archive, found.value.passages)
      }
      yield* Passages.insert(storage, scope, archive, records)
      const passages = records.map(({ id }) => id)
      yield* documents.save(scope, { source, name, title, text, digest, passages, at })
      return Option.isSome(found) ? "changed" : "added"
    })
  )
})

/** Removes the document with all that was cut from it; tells whether it was there. */
export const removeDocument = (
  storage: Storage["Service"],
  scope: TenantScope,
  source: string,
  name: string
): Effect.Effect<boolean, StorageError> =>
  storage.transact(
    Effect.gen(function* () {
      const found = yield* storage.stores.documents.find(scope, source, name)
      if (Option.isNone(found)) return false
      yield* Passages.remove(storage, scope, sourceArchive(source), found.value.passages)
      yield* storage.stores.documents.delete(scope, source, name)
      return true
    })
  )

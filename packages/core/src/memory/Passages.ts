/** Passages and their words come and go together: whatever is there is found [MEM-6]. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { StorageError } from "../errors.ts"
import { fresh } from "../ids.ts"
import type { Archive } from "../storage/Archive.ts"
import type { PassageRecord } from "../storage/PassageStore.ts"
import type { Storage } from "../storage/Storage.ts"
import type { WordItem } from "../storage/WordStore.ts"
import type { TenantScope } from "../tenancy/Principal.ts"
import * as Words from "./Words.ts"

/** Longest passage, in UTF-16 units: more than a person reads at once. */
export const maximumPassage = 8000
/** Passages inserted at once. */
export const maximumPassages = 100

/** A text for an archive; the rest is null or 0 unless it was cut from a document. */
export type NewPassage = Pick<PassageRecord, "text"> &
  Partial<Pick<PassageRecord, "document" | "from" | "to">>

/** Records of these texts, under fresh ids that sort in their order. */
export const make = Effect.fnUntraced(function* (
  archive: Archive,
  texts: ReadonlyArray<NewPassage>
) {
  const at = yield* Clock.currentTimeMillis
  const ids = yield* Effect.forEach(texts, () => fresh("passage"))
  ids.sort()
  return texts.map(
    ({ document = null, from = 0, text, to = 0 }, i): PassageRecord => ({
      id: ids[i] ?? "",
      archive,
      text,
      document,
      from,
      to,
      tags: [],
      at
    })
  )
})

/** Passages after which others may work: a long document holds nobody's answers up. */
const batch = 100

/** Does `self` with a batch at a time. Inside a transaction, so that nobody sees a part. */
const inBatches = Effect.fnUntraced(function* <A>(
  all: ReadonlyArray<A>,
  self: (some: ReadonlyArray<A>) => Effect.Effect<void, StorageError>
): Effect.fn.Return<void, StorageError> {
  for (let from = 0; from < all.length; from += batch) {
    if (from > 0) yield* Effect.yieldNow
    yield* self(all.slice(from, from + batch))
  }
})

/** Writes passages of one archive, which the scope must own. Joins the transaction it is in. */
export const insert = (
  storage: Storage["Service"],
  scope: TenantScope,
  archive: Archive,
  passages: ReadonlyArray<PassageRecord>
): Effect.Effect<void, StorageError> =>
  storage.transact(
    Effect.gen(function* () {
      const items: Array<WordItem> = []
      yield* inBatches(passages, (some) =>
        Effect.andThen(
          storage.stores.passages.insert(scope, some),
          Effect.sync(() => {
            for (const { id, text } of some) items.push({ item: id, words: Words.ofText(text) })
          })
        )
      )
      yield* storage.stores.words.add(scope, archive, items, 0)
    })
  )

/** Removes passages of one archive, which the scope must own. Joins the transaction it is in. */
export const remove = (
  storage: Storage["Service"],
  scope: TenantScope,
  archive: Archive,
  ids: ReadonlyArray<string>
): Effect.Effect<void, StorageError> =>
  storage.transact(
    Effect.andThen(
      inBatches(ids, (some) => storage.stores.passages.delete(scope, some)),
      storage.stores.words.remove(scope, archive, ids)
    )
  )

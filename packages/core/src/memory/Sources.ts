/** Knowledge that operators give to agents: documents, cut into passages that searches find. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { asMemoryError, MemoryError, type Reason, rejected } from "../errors.ts"
import { isWellFormed, joinKey, type PassageId, whyRefused } from "../ids.ts"
import * as KeyedLock from "../internal/KeyedLock.ts"
import { allPages, type By, checkBy, type Page } from "../Page.ts"
import { Storage } from "../storage/Storage.ts"
import * as Audit from "../tenancy/Audit.ts"
import { callerWith, wholeTenant } from "../tenancy/Permissions.ts"
import type { Principal } from "../tenancy/Principal.ts"
import { asker } from "./AgentView.ts"
import { type Chunking, countOf, defaultChunking, maximumChunks, whyInvalid } from "./Chunk.ts"
import { lengthOf } from "./Edit.ts"
import { type Document, removeDocument, saveDocument } from "./SyncDocument.ts"

type As<A> = Effect.Effect<A, MemoryError, Principal>

/** Most documents of a source. */
export const maximumDocuments = 10_000
/** Longest document, in UTF-16 units. */
export const maximumText = 1_048_576
/** Longest title, in UTF-16 units. */
export const maximumTitle = 256

/** How many documents a sync added, changed, left alone and removed. */
export interface Synced {
  readonly added: number
  readonly changed: number
  readonly unchanged: number
  readonly removed: number
}

/** A document and a passage's place in its text, in UTF-16 units. */
export interface Opened extends Document {
  readonly source: string
  readonly from: number
  readonly to: number
}

/** A document in a list. `passages`: how many it was cut into; `at`: when, in ms since 1970. */
export interface Listed {
  readonly name: string
  readonly title: string
  readonly passages: number
  readonly at: number
}

export class Sources extends Context.Service<
  Sources,
  {
    /**
     * Makes the source hold exactly these documents, cut by `chunk` (passages of 1,000 characters
     * that share 200). Needs `operator`. A source has at most 10,000 documents of 1,048,576 UTF-16
     * units, with names like ids and titles of at most 256. Everything is checked before anything is
     * written. Each document comes, changes or goes in a transaction of its own, so what a crash or a
     * failure left undone the next sync does. Unchanged ones keep their passages. Changes of one source
     * go one after the other within a process.
     */
    readonly sync: (
      source: string,
      documents: ReadonlyArray<Document>,
      chunk?: Chunking
    ) => As<Synced>
    /**
     * Adds or changes one document of a source, as `sync` does with each; the others stay. For what is
     * too much to be given at once. Needs `operator`.
     */
    readonly save: (
      source: string,
      document: Document,
      chunk?: Chunking
    ) => As<"added" | "changed" | "unchanged">
    /** Removes one document of a source, with what was cut from it. Needs `operator`. */
    readonly delete: (source: string, name: string) => As<void>
    /** Documents of a source, in byte order of their names. Needs `operator`. */
    readonly list: (source: string, by: By) => As<Page<Listed>>
    /** The document that a passage was cut from, and where it stands in it. Needs `memory`. */
    readonly open: (passage: PassageId) => As<Opened>
  }
>()("@atrium/core/memory/Sources") {
  static readonly layer: Layer.Layer<Sources, never, Storage> = Layer.effect(
    Sources,
    Effect.gen(function* () {
      const storage = yield* Storage
      const { documents: kept, passages } = storage.stores
      const oneAtATime = KeyedLock.make()
      const operator = Effect.map(callerWith("operator"), wholeTenant)

      const synced = Effect.fnUntraced(function* (
        scope: ReturnType<typeof wholeTenant>,
        source: string,
        documents: ReadonlyArray<Document>,
        chunk: Chunking
      ) {
        const heads = yield* allPages((by) => kept.list(scope, source, by))
        const digests = new Map(heads.map(({ digest, name }) => [name, digest]))
        const count = { added: 0, changed: 0, unchanged: 0, removed: 0 }
        for (const document of documents) {
          const known = digests.get(document.name)
          count[yield* saveDocument(storage, scope, source, document, chunk, known)] += 1
          digests.delete(document.name)
        }
        for (const name of digests.keys()) {
          if (yield* removeDocument(storage, scope, source, name)) count.removed += 1
        }
        return count
      })

      return Sources.of({
        sync: Effect.fn("Sources.sync")(function* (source, documents, chunk = defaultChunking) {
          const scope = yield* operator
          const refused =
            whyInvalid(chunk) ?? whyNoSource(source) ?? whyNoDocuments(documents, chunk)
          if (refused !== undefined) return yield* MemoryError.because(refused)
          const lock = oneAtATime(joinKey(scope.tenantId, source))
          return yield* lock(synced(scope, source, documents, chunk))
        }, asMemoryError),
        save: Effect.fn("Sources.save")(function* (source, document, chunk = defaultChunking) {
          const scope = yield* operator
          const refused =
            whyInvalid(chunk) ?? whyNoSource(source) ?? whyNoDocuments([document], chunk)
          if (refused !== undefined) return yield* MemoryError.because(refused)
          const lock = oneAtATime(joinKey(scope.tenantId, source))
          return yield* lock(saveDocument(storage, scope, source, document, chunk, undefined))
        }, asMemoryError),
        delete: Effect.fn("Sources.delete")(function* (source, name) {
          const scope = yield* operator
          const refused = whyNoSource(source)
          if (refused !== undefined) return yield* MemoryError.because(refused)
          const lock = oneAtATime(joinKey(scope.tenantId, source))
          const removed =
            whyRefused("document name", name) === undefined &&
            (yield* lock(removeDocument(storage, scope, source, name)))
          if (!removed) return yield* MemoryError.because({ _tag: "NotFound", what: "document" })
        }, asMemoryError),
        list: Effect.fn("Sources.list")(function* (source, by) {
          const scope = yield* operator
          const refused = checkBy(by) ?? whyNoSource(source)
          if (refused !== undefined) return yield* MemoryError.because(refused)
          const { items, next } = yield* kept.list(scope, source, by)
          return {
            next,
            items: items.map(({ at, name, passages, title }) => ({
              name,
              title,
              passages: passages.length,
              at
            }))
          }
        }, asMemoryError),
        open: Effect.fn("Sources.open")(function* (id) {
          const { caller, scope } = yield* asker
          const opened = yield* storage.transact(
            Effect.gen(function* () {
              const [passage] = yield* passages.find(scope, [id])
              const name = passage?.document ?? null
              if (passage === undefined || name === null) return undefined
              const { from, to } = passage
              const source = passage.archive.id
              const found = yield* kept.find(scope, source, name)
              if (Option.isNone(found)) return undefined
              const { text, title } = found.value
              return { source, name, title, text, from, to }
            })
          )
          if (opened !== undefined) return opened
          yield* Audit.refusedAccess(caller, "passage")
          return yield* MemoryError.because(
            { _tag: "NotFound", what: "passage" },
            "No such passage of a document."
          )
        }, asMemoryError)
      })
    })
  )
}

const whyNoSource = (source: string): Reason | undefined => {
  const why = whyRefused("source", source)
  return why === undefined ? undefined : rejected("source", why)
}

const whyNoDocuments = (
  documents: ReadonlyArray<Document>,
  chunk: Chunking
): Reason | undefined => {
  if (documents.length > maximumDocuments) {
    return rejected(
      "documents",
      `A source has at most ${maximumDocuments} documents, not ${documents.length}.`
    )
  }
  const names = new Set<string>()
  for (const { name, text, title } of documents) {
    const called = `The document "${name.slice(0, 64)}"`
    const why = whyRefused("document name", name)
    if (why !== undefined) return rejected("documents", why)
    if (names.has(name)) return rejected("documents", `${called} is given twice.`)
    names.add(name)
    if (title.length > maximumTitle || !isWellFormed(title)) {
      return rejected("documents", `${called} needs a title of at most ${maximumTitle} characters.`)
    }
    if (text.length > maximumText) {
      return rejected(
        "documents",
        `${called} has ${text.length} characters; at most ${maximumText} fit. Divide it.`
      )
    }
    if (!isWellFormed(text)) {
      return rejected("documents", `${called} holds NUL or a lone surrogate: it is no text.`)
    }
    const passages = countOf(lengthOf(text), chunk)
    if (passages > maximumChunks) {
      return rejected(
        "chunk",
        `${called} would be cut into ${passages} passages; at most ${maximumChunks} fit. Make them longer, or let them overlap less.`
      )
    }
  }
  return undefined
}

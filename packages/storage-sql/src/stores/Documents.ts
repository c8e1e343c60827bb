/** Documents of knowledge sources: the tenant's. A scope with a user reads them and writes none. */
import { owns } from "@atrium/core/storage/Confine"
import type {
  DocumentHead,
  DocumentRecord,
  DocumentStore
} from "@atrium/core/storage/DocumentStore"
import * as Effect from "effect/Effect"
import { pages } from "../Pages.ts"
import { type Reader, readAll, readFirst } from "../Reader.ts"
import type { Sql } from "../Statement.ts"
import { verbatim } from "../Verbatim.ts"

const heads = "source, name, title, digest, passages, at"

const readHead = (row: Reader): DocumentHead => ({
  source: row.verbatim(),
  name: row.verbatim(),
  title: row.verbatim(),
  digest: row.verbatim(),
  passages: row.texts(),
  at: row.int()
})

const read = (row: Reader): DocumentRecord => ({ ...readHead(row), text: row.verbatim() })

export const makeDocumentStore = (sql: Sql): DocumentStore => {
  const save = sql.write(
    `insert into documents (tenant, ${heads}, body) values (?, ?, ?, ?, ?, ?, ?, ?)
     on conflict (tenant, source, name) do update set title = excluded.title,
       digest = excluded.digest, passages = excluded.passages, at = excluded.at,
       body = excluded.body`
  )
  const find = sql.read(
    `select ${heads}, body from documents where tenant = ? and source = ? and name = ?`
  )
  const list = pages<DocumentHead>(sql, {
    select: `select ${heads} from documents where tenant = ? and source = ?`,
    key: ["name"],
    read: readAll("document", readHead),
    cursor: ({ name }) => name,
    place: (cursor) => [verbatim(cursor)]
  })
  const remove = sql.write("delete from documents where tenant = ? and source = ? and name = ?")
  return {
    save: (scope, document) =>
      owns(scope, null)
        ? Effect.asVoid(
            save([
              scope.tenantId,
              verbatim(document.source),
              verbatim(document.name),
              verbatim(document.title),
              verbatim(document.digest),
              JSON.stringify(document.passages),
              document.at,
              verbatim(document.text)
            ])
          )
        : Effect.void,
    find: (scope, source, name) =>
      Effect.flatMap(
        find([scope.tenantId, verbatim(source), verbatim(name)]),
        readFirst("document", read)
      ),
    list: (scope, source, by) => list([scope.tenantId, verbatim(source)], by),
    delete: (scope, source, name) =>
      owns(scope, null)
        ? Effect.asVoid(remove([scope.tenantId, verbatim(source), verbatim(name)]))
        : Effect.void
  }
}

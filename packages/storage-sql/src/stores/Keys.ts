/** API keys of a tenant, by the hash of their secret. */

import { owns } from "@atrium/core/storage/Confine"
import type { KeyRecord, KeyStore } from "@atrium/core/storage/KeyStore"
import * as Effect from "effect/Effect"
import { CONFINED, kept, mine } from "../Confine.ts"
import { byId, pages } from "../Pages.ts"
import { type Reader, readAll, readFirst } from "../Reader.ts"
import type { Sql } from "../Statement.ts"

const columns = "tenant, id, user_id, hash, prefix, name, scopes, expires_at, revoked_at, made_by"

const read = (row: Reader): KeyRecord => ({
  tenantId: row.text(),
  id: row.text(),
  user: row.owner(),
  hash: row.text(),
  prefix: row.text(),
  name: row.text(),
  scopes: row.texts(),
  expiresAt: row.intOrNull(),
  revokedAt: row.intOrNull(),
  madeBy: row.textOrNull()
})

/** The key with a hash, whatever its tenant: a credential is looked up before its tenant is known. */
export const findKeyByHash = (sql: Sql) => {
  const find = sql.read(`select ${columns} from keys where hash = ?`)
  return (hash: string) => Effect.flatMap(find([hash]), readFirst("key", read))
}

export const makeKeyStore = (sql: Sql): KeyStore => {
  const save = sql.write(
    `insert into keys (${columns}) select ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
     where not exists (select 1 from keys where hash = ? and (tenant, id) <> (?, ?))
     on conflict (tenant, id) do update set user_id = excluded.user_id, hash = excluded.hash,
       prefix = excluded.prefix, name = excluded.name, scopes = excluded.scopes,
       expires_at = excluded.expires_at, revoked_at = excluded.revoked_at,
       made_by = excluded.made_by
     where keys.user_id = coalesce(?, keys.user_id)`
  )
  const find = sql.read(`select ${columns} from keys where tenant = ? and id = ? and ${CONFINED}`)
  const list = pages<KeyRecord>(sql, {
    select: `select ${columns} from keys where tenant = ? and ${CONFINED}`,
    key: ["id"],
    read: readAll("key", read),
    cursor: (key) => key.id,
    place: byId
  })
  return {
    save: (scope, key) =>
      owns(scope, key.user)
        ? Effect.asVoid(
            save([
              scope.tenantId,
              key.id,
              kept(key.user),
              key.hash,
              key.prefix,
              key.name.toWellFormed(),
              JSON.stringify(key.scopes),
              key.expiresAt,
              key.revokedAt,
              key.madeBy?.toWellFormed() ?? null,
              key.hash,
              scope.tenantId,
              key.id,
              mine(scope)
            ])
          )
        : Effect.void,
    find: (scope, id) =>
      Effect.flatMap(find([scope.tenantId, id, mine(scope)]), readFirst("key", read)),
    list: (scope, by) => list([scope.tenantId, mine(scope)], by)
  }
}

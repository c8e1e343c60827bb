/** Version 1: the tables of every store. Never edited once released: a change is a new version. */
import type { Dialect } from "../Dialect.ts"
import type { Migration } from "../Migrations.ts"

/**
 * - Every key begins with the tenant. A `user_id` is empty where nobody owns the row; that of messages
 *   and turns is their conversation's.
 * - Booleans are 0 or 1, moments milliseconds since 1970, lists and unions JSON.
 * - `facts` of a turn: a line of JSON for each of its commits, appended in the row that the commit
 *   writes anyway. Each page that a turn touches is a page more to write; SQLite writes pages whole.
 * - Messages lie in the order in which they came: a long row would waste the page of a key's tree.
 * - `version` of messages and turns: how their JSON is to be read.
 */
const statements = ({
  clustered,
  collate,
  heap,
  integer: whole
}: Dialect): ReadonlyArray<string> => {
  const text = `text ${collate} not null`
  const maybe = `text ${collate}`
  const int = `${whole} not null`
  return [
    `create table tenants (id ${text} primary key, name ${text}, plan ${text}) ${clustered}`,

    `create table users (tenant ${text}, id ${text}, name ${text}, properties ${text},
       primary key (tenant, id)) ${clustered}`,

    `create table keys (tenant ${text}, id ${text}, user_id ${text}, hash ${text}, prefix ${text},
       name ${text}, scopes ${text}, expires_at ${whole}, revoked_at ${whole},
       primary key (tenant, id)) ${clustered}`,
    "create unique index keys_hash on keys (hash)",

    `create table limits (tenant ${text}, user_id ${text}, number ${int}, at ${int},
       primary key (tenant, user_id, number)) ${clustered}`,

    `create table agents (tenant ${text}, id ${text}, user_id ${text}, template ${text},
       tags ${text}, state ${text}, ref ${maybe}, created_at ${int}, last_turn_at ${whole},
       primary key (tenant, id)) ${clustered}`,
    "create index agents_user on agents (tenant, user_id, id)",

    `create table bindings (tenant ${text}, template ${text}, user_id ${text}, agent_id ${text},
       primary key (tenant, template, user_id)) ${clustered}`,
    `create table attachments (tenant ${text}, agent_id ${text}, user_id ${text},
       primary key (tenant, agent_id, user_id)) ${clustered}`,
    "create index attachments_user on attachments (tenant, user_id, agent_id)",

    `create table conversations (tenant ${text}, id ${text}, user_id ${text}, agent_id ${text},
       template ${text}, "key" ${text}, title ${text}, ref ${maybe}, agent_ref ${maybe},
       length ${int}, position ${int}, unended ${int}, fence ${int}, owner ${text},
       lease_until ${int}, cancelling ${int}, created_at ${int}, last_turn_at ${whole},
       primary key (tenant, id)) ${clustered}`,
    'create unique index conversations_key on conversations (tenant, user_id, agent_id, "key")',

    `create table messages (tenant ${text}, conversation_id ${text}, position ${int}, place ${int},
       user_id ${text}, id ${text}, role ${text}, body ${maybe}, parts ${maybe}, turn_id ${text},
       at ${int}, partial ${int}, version ${whole} not null default 1,
       primary key (tenant, conversation_id, position, place)) ${heap}`,
    `create table skips (tenant ${text}, conversation_id ${text}, position ${int}, user_id ${text},
       primary key (tenant, conversation_id, position)) ${clustered}`,

    `create table turns (tenant ${text}, id ${text}, conversation_id ${text}, agent_id ${text},
       user_id ${text}, position ${int}, "key" ${maybe}, retry_of ${maybe}, scopes ${text},
       sequence ${int}, stored ${int}, attempt ${int}, waiting ${text}, input ${int},
       cached ${int}, output ${int}, reasoning ${int}, micro_usd ${whole}, outcome ${maybe},
       created_at ${int}, ended_at ${whole}, facts ${text} default '',
       version ${whole} not null default 1,
       primary key (tenant, id)) ${clustered}`,
    "create unique index turns_place on turns (tenant, conversation_id, position)",
    `create unique index turns_key on turns (tenant, conversation_id, "key")
       where "key" is not null`
  ]
}

export const stores: Migration = { version: 1, name: "stores", statements }

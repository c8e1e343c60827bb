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
 * - The ledger lies in the order in which it is written: a turn adds to its end. `ledger_user` is a
 *   page more in every turn, for which nobody's look at their own rows reads their tenant's. It
 *   belongs to no conversation.
 * - `conversations_due`: only of conversations that wait for a person, so that no other turn writes it.
 * - `passage_tags`: the tags of passages again, so that a rare one is found without its archive.
 * - A posting says how often a word stands in an item of so many words; `words` lists an item's, for
 *   its removal; `archives` has their sums, so that a search counts nothing but what it reads.
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
       name ${text}, scopes ${text}, expires_at ${whole}, revoked_at ${whole}, made_by ${maybe},
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
    `create index conversations_due on conversations (lease_until, tenant, id)
       where unended > 0 and owner = ''`,

    `create table messages (tenant ${text}, conversation_id ${text}, position ${int}, place ${int},
       user_id ${text}, id ${text}, role ${text}, body ${maybe}, parts ${maybe}, turn_id ${text},
       at ${int}, partial ${int}, version ${whole} not null default 1,
       primary key (tenant, conversation_id, position, place)) ${heap}`,
    `create table skips (tenant ${text}, conversation_id ${text}, position ${int}, user_id ${text},
       primary key (tenant, conversation_id, position)) ${clustered}`,

    `create table turns (tenant ${text}, id ${text}, conversation_id ${text}, agent_id ${text},
       user_id ${text}, position ${int}, "key" ${maybe}, retry_of ${maybe}, scopes ${text},
       sequence ${int}, stored ${int}, attempt ${int}, handed_back ${int}, draft ${maybe},
       waiting ${text}, input ${int}, cached ${int}, output ${int}, reasoning ${int}, micro_usd ${whole}, outcome ${maybe},
       created_at ${int}, ended_at ${whole}, facts ${text} default '',
       version ${whole} not null default 1,
       primary key (tenant, id)) ${clustered}`,
    "create unique index turns_place on turns (tenant, conversation_id, position)",
    `create unique index turns_key on turns (tenant, conversation_id, "key")
       where "key" is not null`,

    `create table ledger (tenant ${text}, at ${int}, turn_id ${text}, sequence ${int},
       conversation_id ${text}, agent_id ${text}, user_id ${text}, purpose ${maybe}, model ${maybe},
       finish ${maybe}, input ${int}, cached ${int}, output ${int}, reasoning ${int},
       micro_usd ${whole}, turns ${int}, messages ${int},
       primary key (tenant, at, turn_id, sequence)) ${clustered}`,
    "create index ledger_user on ledger (tenant, user_id, at, turn_id, sequence)",

    `create table blocks (tenant ${text}, id ${text}, agent_id ${text}, user_id ${text},
       conversation_id ${text}, label ${text}, description ${text}, body ${text}, owner ${text},
       size ${int}, read_only ${int}, revision ${int}, trust ${text}, at ${int},
       primary key (tenant, id)) ${heap}`,
    `create unique index blocks_place on blocks
       (tenant, agent_id, user_id, conversation_id, label)`,
    `create index blocks_conversation on blocks (tenant, conversation_id, agent_id)
       where conversation_id <> ''`,
    `create table block_changes (tenant ${text}, block_id ${text}, revision ${int}, user_id ${text},
       replaced ${text}, author ${text}, turn_id ${maybe}, trust ${text}, at ${int},
       primary key (tenant, block_id, revision)) ${heap}`,

    `create table passages (tenant ${text}, id ${text}, kind ${text}, archive ${text},
       user_id ${text}, document ${maybe}, starts ${int}, ends ${int}, tags ${text}, at ${int},
       body ${text}, primary key (tenant, id)) ${heap}`,
    "create index passages_archive on passages (tenant, kind, archive, user_id, id)",
    `create table passage_tags (tenant ${text}, kind ${text}, archive ${text}, user_id ${text},
       tag ${text}, id ${text}, primary key (tenant, kind, archive, user_id, tag, id)) ${clustered}`,
    `create table documents (tenant ${text}, source ${text}, name ${text}, title ${text},
       digest ${text}, passages ${text}, at ${int}, body ${text},
       primary key (tenant, source, name)) ${heap}`,

    `create table archives (tenant ${text}, kind ${text}, archive ${text}, user_id ${text},
       items ${int}, length ${int}, mark ${int},
       primary key (tenant, kind, archive, user_id)) ${clustered}`,
    `create table words (tenant ${text}, kind ${text}, archive ${text}, user_id ${text},
       item ${text}, length ${int}, words ${text},
       primary key (tenant, kind, archive, user_id, item)) ${clustered}`,
    `create table postings (tenant ${text}, kind ${text}, archive ${text}, user_id ${text},
       word ${text}, item ${text}, times ${int}, length ${int},
       primary key (tenant, kind, archive, user_id, word, item)) ${clustered}`
  ]
}

export const stores: Migration = { version: 1, name: "stores", statements }

/** Memory as it travels: core's own shapes, checked against its types. */
import { Message } from "@atrium/core/conversations/Message"
import type { Block as CoreBlock } from "@atrium/core/memory/Block"
import { Edit } from "@atrium/core/memory/Edit"
import type { Revision as CoreRevision } from "@atrium/core/memory/History"
import type { Passage as CorePassage } from "@atrium/core/memory/Passage"
import type { Recalled as CoreRecalled } from "@atrium/core/memory/Recall"
import type { Hit } from "@atrium/core/memory/Search"
import type { Listed as CoreListed, Opened as CoreOpened } from "@atrium/core/memory/Sources"
import * as Schema from "effect/Schema"
import { ConversationId } from "./Shapes.ts"

const S = Schema.String
const N = Schema.Int

export const BlockId = S.pipe(Schema.brand("BlockId"))
export const PassageId = S.pipe(Schema.brand("PassageId"))

export const Block = Schema.Struct({
  id: BlockId,
  label: S,
  description: S,
  value: S,
  owner: Schema.Literals(["agent", "user", "conversation", "group", "tenant"]),
  conversationId: Schema.OptionFromNullOr(ConversationId),
  limit: N,
  readOnly: Schema.Boolean,
  revision: N,
  trust: Schema.Literals(["operator", "user", "derived"])
}).annotate({ identifier: "Block" }) satisfies Schema.Schema<CoreBlock>

export const Revision = Schema.Struct({
  revision: N,
  value: S,
  by: Schema.OptionFromNullOr(S),
  turnId: Schema.OptionFromNullOr(S),
  at: Schema.OptionFromNullOr(N)
}).annotate({ identifier: "Revision" }) satisfies Schema.Schema<CoreRevision>

/** Revisions count from 1. */
const revision = N.check(Schema.isGreaterThanOrEqualTo(1))

/** `expected`: the revision that was read; of two writers of the same one the second is refused. */
export const EditBody = Schema.Struct({
  edit: Edit,
  expected: Schema.optionalKey(revision)
}).annotate({ identifier: "EditBlock" })

export const UndoBody = Schema.Struct({ to: revision })

export const Passage = Schema.Struct({
  id: PassageId,
  text: S,
  source: Schema.OptionFromNullOr(S),
  at: N,
  tags: Schema.Array(S)
}).annotate({ identifier: "Passage" }) satisfies Schema.Schema<CorePassage>

const found = { score: Schema.Finite, why: Schema.Array(S) }

export const PassageHit = Schema.Struct({ item: Passage, ...found }).annotate({
  identifier: "PassageHit"
}) satisfies Schema.Schema<Hit<CorePassage>>

export const Recalled = Schema.Struct({
  item: Message,
  ...found,
  conversationId: ConversationId,
  before: Schema.Array(Message),
  after: Schema.Array(Message)
}).annotate({ identifier: "Recalled" }) satisfies Schema.Schema<CoreRecalled>

/** A query stands in the body: what people look for belongs in no log of addresses. */
export const QueryBody = Schema.Struct({ query: S, limit: Schema.optionalKey(N) })

/** Everything there is, without pages. */
export const allOf = <A extends Schema.Top>(item: A) => Schema.Struct({ items: Schema.Array(item) })

export const Listed = Schema.Struct({
  name: S,
  title: S,
  passages: N,
  at: N
}).annotate({ identifier: "Document" }) satisfies Schema.Schema<CoreListed>

export const Opened = Schema.Struct({
  source: S,
  name: S,
  title: S,
  text: S,
  from: N,
  to: N
}).annotate({ identifier: "OpenedDocument" }) satisfies Schema.Schema<CoreOpened>

/** How documents are cut, in characters. See `Chunking` of core. */
export const Chunking = Schema.Struct({ size: N, overlap: N })

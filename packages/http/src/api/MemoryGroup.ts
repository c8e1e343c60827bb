/** Routes of memory: blocks, passages, search and recall. */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Authorization } from "./Authorization.ts"
import {
  allOf,
  Block,
  BlockId,
  EditBody,
  Passage,
  PassageHit,
  PassageId,
  QueryBody,
  Recalled,
  Revision,
  UndoBody
} from "./MemoryShapes.ts"
import { ByQuery, pageOf } from "./Paging.ts"
import { AgentId, ConversationId } from "./Shapes.ts"

const agent = { id: AgentId }
const block = { id: BlockId }

export const MemoryGroup = HttpApiGroup.make("memory")
  .add(
    HttpApiEndpoint.get("blocks", "/v1/agents/:id/blocks", {
      params: agent,
      query: { conversation: Schema.optionalKey(ConversationId) },
      success: allOf(Block)
    })
      .annotate(OpenApi.Summary, "The blocks that prompts of the caller hold")
      .annotate(
        OpenApi.Description,
        "Of an agent, such as a conversation's `agentId`. With `conversation`, of the blocks that " +
          "belong to single conversations only those of that one."
      ),
    HttpApiEndpoint.patch("edit", "/v1/blocks/:id", {
      params: block,
      payload: EditBody,
      success: Block
    })
      .annotate(OpenApi.Summary, "Changes a block")
      .annotate(
        OpenApi.Description,
        "`expected` is the revision that was read: when the block has another one, nothing is " +
          "changed, and the problem's reason is a Conflict with the present revision."
      ),
    HttpApiEndpoint.get("history", "/v1/blocks/:id/history", {
      params: block,
      query: { after: ByQuery.after, limit: ByQuery.limit },
      success: pageOf(Revision)
    }).annotate(OpenApi.Summary, "The revisions of a block, newest first"),
    HttpApiEndpoint.post("undo", "/v1/blocks/:id/undo", {
      params: block,
      payload: UndoBody,
      success: Block
    }).annotate(OpenApi.Summary, "Gives a block the value it had at a revision"),
    HttpApiEndpoint.post("insert", "/v1/agents/:id/passages", {
      params: agent,
      payload: Schema.Struct({ texts: Schema.Array(Schema.String) }),
      success: allOf(Passage).pipe(HttpApiSchema.status(201))
    }).annotate(OpenApi.Summary, "Adds passages to what the agent knows of the caller"),
    HttpApiEndpoint.get("passages", "/v1/agents/:id/passages", {
      params: agent,
      query: ByQuery,
      success: pageOf(Passage)
    }).annotate(OpenApi.Summary, "The passages that the caller adds to, in the order of making"),
    HttpApiEndpoint.delete("delete", "/v1/passages/:id", { params: { id: PassageId } }).annotate(
      OpenApi.Summary,
      "Removes a passage that was no document's"
    ),
    HttpApiEndpoint.post("search", "/v1/agents/:id/search", {
      params: agent,
      payload: QueryBody,
      success: allOf(PassageHit)
    }).annotate(OpenApi.Summary, "Passages by their words, best first"),
    HttpApiEndpoint.post("recall", "/v1/agents/:id/recall", {
      params: agent,
      payload: QueryBody,
      success: allOf(Recalled)
    }).annotate(OpenApi.Summary, "Past messages with the agent by their words, best first")
  )
  .middleware(Authorization)

/** Routes of sources: documents for an operator, and what a citation opens for everybody. */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Authorization } from "./Authorization.ts"
import { Chunking, Listed, Opened, PassageId } from "./MemoryShapes.ts"
import { ByQuery, pageOf } from "./Paging.ts"

const S = Schema.String
const chunk = { chunk: Schema.optionalKey(Chunking) }
const source = { source: S }
const document = { source: S, name: S }

export const SourcesGroup = HttpApiGroup.make("sources")
  .add(
    HttpApiEndpoint.put("sync", "/v1/sources/:source", {
      params: source,
      payload: Schema.Struct({
        documents: Schema.Array(Schema.Struct({ name: S, title: S, text: S })),
        ...chunk
      }),
      success: Schema.Struct({
        added: Schema.Int,
        changed: Schema.Int,
        unchanged: Schema.Int,
        removed: Schema.Int
      })
    })
      .annotate(OpenApi.Summary, "Makes a source hold exactly these documents")
      .annotate(
        OpenApi.Description,
        "For a source that fits one body; give the documents of a larger one singly. Needs operator."
      ),
    HttpApiEndpoint.get("list", "/v1/sources/:source/documents", {
      params: source,
      query: { after: ByQuery.after, limit: ByQuery.limit },
      success: pageOf(Listed)
    }).annotate(OpenApi.Summary, "Documents of a source, by name. Needs operator"),
    HttpApiEndpoint.put("save", "/v1/sources/:source/documents/:name", {
      params: document,
      payload: Schema.Struct({ title: S, text: S, ...chunk }),
      success: Schema.Struct({ outcome: Schema.Literals(["added", "changed", "unchanged"]) })
    }).annotate(OpenApi.Summary, "Adds or changes one document of a source. Needs operator"),
    HttpApiEndpoint.delete("delete", "/v1/sources/:source/documents/:name", {
      params: document
    }).annotate(OpenApi.Summary, "Removes one document of a source. Needs operator"),
    HttpApiEndpoint.get("open", "/v1/passages/:id/document", {
      params: { id: PassageId },
      success: Opened
    }).annotate(OpenApi.Summary, "The document that a passage was cut from, and where it stands")
  )
  .middleware(Authorization)

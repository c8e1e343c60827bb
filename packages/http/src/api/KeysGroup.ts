/** Routes of API keys, for operators; and of tokens, for whoever may act as users. */
import { ApiKey } from "@atrium/core/tenancy/ApiKey"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Authorization } from "./Authorization.ts"
import { ByQuery, pageOf } from "./Paging.ts"

const S = Schema.String

/** A key, and its secret: told this once. */
export const MadeKey = Schema.Struct({
  key: ApiKey,
  secret: Schema.RedactedFromValue(S, { label: "API key" })
}).annotate({ identifier: "MadeKey" })

const made = MadeKey.pipe(HttpApiSchema.status(201))

export const KeysGroup = HttpApiGroup.make("keys")
  .add(
    HttpApiEndpoint.post("create", "/v1/keys", {
      payload: Schema.Struct({
        name: S,
        scopes: Schema.Array(S),
        user: Schema.optionalKey(S),
        expiresAt: Schema.optionalKey(Schema.Int)
      }),
      success: made
    }),
    HttpApiEndpoint.get("list", "/v1/keys", { query: ByQuery, success: pageOf(ApiKey) }),
    HttpApiEndpoint.delete("revoke", "/v1/keys/:id", { params: { id: S } }),
    HttpApiEndpoint.post("token", "/v1/tokens", {
      payload: Schema.Struct({ userId: S, lastsMs: Schema.optionalKey(Schema.Int) }),
      success: made
    }).annotate(OpenApi.Summary, "A key of one user that soon expires, for a browser")
  )
  .middleware(Authorization)

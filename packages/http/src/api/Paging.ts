/** Lists over HTTP: `?after=...&limit=...&newestFirst=true&tags=a&tags=b`, and a page as the answer. */
import * as Schema from "effect/Schema"

/** Which page, as query parameters. See `By` of core for what they mean. */
export const ByQuery = {
  after: Schema.optionalKey(Schema.String),
  limit: Schema.optionalKey(Schema.Int),
  newestFirst: Schema.optionalKey(Schema.Boolean)
}

/** As `ByQuery`, for items that have tags. */
export const TaggedByQuery = {
  ...ByQuery,
  tags: Schema.optionalKey(Schema.Array(Schema.String))
}

/** A page of items; `next` is the cursor for the page after it, `null` on the last one. */
export const pageOf = <A extends Schema.Top>(item: A) =>
  Schema.Struct({ items: Schema.Array(item), next: Schema.OptionFromNullOr(Schema.String) })

/** A key that a program sends to be recognised. The secret itself is never stored. */
import * as Schema from "effect/Schema"

/**
 * A key as it may be shown: `prefix` is its first characters, `user` the one it acts as, if any,
 * `expiresAt` and `revokedAt` milliseconds since 1970, `madeBy` of a token the id of the key that it was
 * made with, and ends with.
 */
export const ApiKey = Schema.Struct({
  id: Schema.String,
  prefix: Schema.String,
  name: Schema.String,
  scopes: Schema.Array(Schema.String),
  user: Schema.NullOr(Schema.String),
  expiresAt: Schema.NullOr(Schema.Int),
  revokedAt: Schema.NullOr(Schema.Int),
  madeBy: Schema.NullOr(Schema.String)
})
export type ApiKey = typeof ApiKey.Type

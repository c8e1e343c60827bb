/** An end user inside a tenant. */
import * as Schema from "effect/Schema"

/** Longest name and longest property value, in UTF-16 units. */
export const maximumText = 256
/** Most properties of one user. */
export const maximumProperties = 32

/** A typed property, such as `plan: "pro"`. */
export const Property = Schema.Union([Schema.String, Schema.Finite, Schema.Boolean])

/**
 * A user: id, name, and properties that a shared agent may see in its prompt as untrusted text.
 * Saved under the scope `operator` only.
 */
export const User = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  properties: Schema.Record(Schema.String, Property)
})
export type User = typeof User.Type

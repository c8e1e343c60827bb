/** The isolation and billing boundary. */
import * as Schema from "effect/Schema"

/** A tenant: its id, its name, and the name of its plan in the app's table of plans. */
export const Tenant = Schema.Struct({ id: Schema.String, name: Schema.String, plan: Schema.String })
export type Tenant = typeof Tenant.Type

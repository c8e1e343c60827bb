/** Which model a call is for. */
import * as Context from "effect/Context"

/**
 * The template's `model`, `provider/model`, while a backend asks a language model: one layer of a
 * provider serves several templates by reading it at each call. Empty outside of a call. A layer that
 * was made for one model need not read it.
 */
export const ModelHandle = Context.Reference<string>("@atrium/core/backend/ModelHandle", {
  defaultValue: () => ""
})

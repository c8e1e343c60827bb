import * as Schema from "effect/Schema"

const Int = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const maybe = Schema.optionalKey

const pace = {
  /** How long the answer waits before its first byte. */
  beforeMs: maybe(Int),
  /** How long a stream waits between two chunks. */
  betweenMs: maybe(Int)
}

/** What the server counts. Keys that are left out are left out of the answer. */
const Usage = Schema.Struct({
  input: Int,
  output: Int,
  cached: maybe(Int),
  reasoning: maybe(Int)
})

/** Answers as a model does. Without `text`, `refusal` and `calls` it says nothing. */
const Says = Schema.TaggedStruct("Says", {
  ...pace,
  text: maybe(Schema.String),
  refusal: maybe(Schema.String),
  /** Calls of tools. `arguments` is sent as it is, be it JSON or not; without `id`, one is made. */
  calls: maybe(
    Schema.Array(
      Schema.Struct({ id: maybe(Schema.String), name: Schema.String, arguments: Schema.String })
    )
  ),
  /** Default: `tool_calls` where there are calls, else `stop`. */
  finish: maybe(Schema.String),
  /** `null`: none is told. Default: figures that are plausible and stable. */
  usage: maybe(Schema.NullOr(Usage)),
  /** Into how many pieces the text, and each call's arguments, are cut. Default 8. */
  pieces: maybe(Int)
})

/** Refuses with a status. */
const Fails = Schema.TaggedStruct("Fails", {
  ...pace,
  status: Int,
  code: maybe(Schema.String),
  type: maybe(Schema.String),
  param: maybe(Schema.String),
  message: maybe(Schema.String),
  headers: maybe(Schema.Record(Schema.String, Schema.String)),
  /** Sent in place of an error in the protocol's shape. */
  body: maybe(Schema.String)
})

/** Begins as the plain answer and stops; an answer that is not streamed is cut in its middle. */
const Cuts = Schema.TaggedStruct("Cuts", {
  ...pace,
  /** After how many chunks. Default 3. */
  after: maybe(Int),
  /**
   * `destroy`: the connection breaks. `end`: the answer ends in good order, unfinished. `done`: it
   * says `[DONE]` without having finished.
   */
  how: Schema.Literals(["destroy", "end", "done"])
})

/** Answers 200 with what is no answer. */
const Garbage = Schema.TaggedStruct("Garbage", {
  ...pace,
  /**
   * `json`: text that is none, after two good chunks. `shape`: JSON of another shape. `html`: a page.
   * `type`: the plain answer, said to be text. `empty`: no choices. `nothing`: no bytes.
   */
  kind: Schema.Literals(["json", "shape", "html", "type", "empty", "nothing"])
})

/** Takes the request and never answers, or never goes on. */
const Hangs = Schema.TaggedStruct("Hangs", { ...pace, after: maybe(Int) })

/** Begins to stream and then says that it failed. */
const Breaks = Schema.TaggedStruct("Breaks", {
  ...pace,
  after: maybe(Int),
  code: maybe(Schema.String),
  type: maybe(Schema.String),
  message: maybe(Schema.String)
})

/** How the server deals with one completion. */
export const Script = Schema.Union([Says, Fails, Cuts, Garbage, Hangs, Breaks])
export type Script = typeof Script.Type
export type Says = typeof Says.Type

/** For which completions a script holds. */
export const Plan = Schema.Struct({
  script: Script,
  /** How many completions. Default 1. */
  times: maybe(Int),
  /** Only those that ask for this model. */
  model: maybe(Schema.String)
})
export type Plan = typeof Plan.Type

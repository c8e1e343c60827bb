/** What is read of a server's answers. Everything else in them is ignored. */
import * as Schema from "effect/Schema"

const maybe = <S extends Schema.Top>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))
const Tokens = Schema.Finite

const Usage = Schema.Struct({
  prompt_tokens: maybe(Tokens),
  completion_tokens: maybe(Tokens),
  prompt_tokens_details: maybe(Schema.Struct({ cached_tokens: maybe(Tokens) })),
  completion_tokens_details: maybe(Schema.Struct({ reasoning_tokens: maybe(Tokens) }))
})
export type Usage = typeof Usage.Type

const head = {
  id: maybe(Schema.String),
  model: maybe(Schema.String),
  created: maybe(Schema.Finite),
  usage: maybe(Usage)
}

const said = { content: maybe(Schema.String), refusal: maybe(Schema.String) }

/** A piece of a tool call. Some servers leave the index out, or give every call the index 0. */
const ToolCallDelta = Schema.Struct({
  index: maybe(Schema.Finite),
  id: maybe(Schema.String),
  function: maybe(Schema.Struct({ name: maybe(Schema.String), arguments: maybe(Schema.String) }))
})
export type ToolCallDelta = typeof ToolCallDelta.Type

/** One chunk of a streamed answer. */
export const Chunk = Schema.Struct({
  ...head,
  choices: Schema.Array(
    Schema.Struct({
      delta: maybe(Schema.Struct({ ...said, tool_calls: maybe(Schema.Array(ToolCallDelta)) })),
      finish_reason: maybe(Schema.String)
    })
  )
})
export type Chunk = typeof Chunk.Type

/** A whole answer. */
export const Completion = Schema.Struct({
  ...head,
  choices: Schema.NonEmptyArray(
    Schema.Struct({
      message: Schema.Struct({
        ...said,
        tool_calls: maybe(
          Schema.Array(
            Schema.Struct({
              id: maybe(Schema.String),
              function: Schema.Struct({ name: Schema.String, arguments: maybe(Schema.String) })
            })
          )
        )
      }),
      finish_reason: Schema.String
    })
  )
})
export type Completion = typeof Completion.Type

/** What passage_search gave, read tolerantly: it comes from outside of this model. */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

/** A passage. `number`: what a citation names. */
export interface Passage {
  readonly number: number
  readonly title: string
  readonly text: string
}

const mostPassages = 20

const decodeJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))

const decodePassage = Schema.decodeUnknownOption(
  Schema.Struct({
    number: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 })),
    title: Schema.optional(Schema.String),
    text: Schema.String
  })
)

/** The passages of a result, best first; `undefined` where it cannot be read. Broken ones are left out. */
export const passagesOf = (result: unknown): ReadonlyArray<Passage> | undefined => {
  const value = Predicate.isString(result) ? Option.getOrUndefined(decodeJson(result)) : result
  const list = Predicate.isObject(value) ? value["passages"] : value
  if (!Array.isArray(list)) return undefined
  return list.slice(0, mostPassages).flatMap((item: unknown) =>
    Option.match(decodePassage(item), {
      onNone: () => [],
      onSome: ({ number, text, title = "" }) => [{ number, title, text: text.slice(0, 8_000) }]
    })
  )
}

/** Around every route: what it fails with, and what it could not read, becomes a problem. */
import * as Effect from "effect/Effect"
import { HttpApiSchemaError } from "effect/http-api/HttpApiError"
import * as Layer from "effect/Layer"
import * as SchemaIssue from "effect/SchemaIssue"
import { Problem, Problems } from "../api/Problem.ts"
import { failed, problem, responseOf } from "./Answers.ts"

/** Most that is told of an input that was refused, in UTF-16 units: its keys are the caller's. */
const maximumTold = 200

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

const segment = (key: PropertyKey | { readonly key: PropertyKey }): string =>
  String(typeof key === "object" ? key.key : key)

/** What was wrong with the input, and where: `payload.text`, `query.limit`. */
const refused = ({ cause, kind }: HttpApiSchemaError): Problem => {
  const [issue] = issuesOf(cause.issue).issues
  const path = [kind.toLowerCase(), ...(issue?.path ?? []).map(segment)].join(".")
  const field = path.slice(0, maximumTold).toWellFormed()
  const why =
    issue?.message.slice(0, maximumTold).toWellFormed() ??
    "It does not have the shape it must have."
  return problem(400, { _tag: "Rejected", field, why }, `${field}: ${why}`)
}

export const layer: Layer.Layer<Problems> = Layer.succeed(Problems, (route) =>
  Effect.catch(route, (error) => {
    if (error instanceof Problem) return Effect.succeed(responseOf(error))
    if (!HttpApiSchemaError.is(error)) return Effect.fail(error)
    if (error.kind !== "Body" && error.kind !== "ResponseHeaders") {
      return Effect.succeed(responseOf(refused(error)))
    }
    return Effect.as(
      Effect.logError("An answer does not have the shape of its route.", error.cause),
      responseOf(failed)
    )
  })
)

/** What the environment says of the model: `OPENAI_API_KEY`, `OPENAI_BASE_URL`, `ATRIUM_MODEL`. */
import * as Config from "effect/Config"
import { SourceError } from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { faultOfKey, faultOfModel, faultOfUrl } from "./internal/endpoint.ts"

/** A model and who provides it. */
export interface Handle {
  readonly provider: string
  /** As the provider calls it; it may have slashes of its own. */
  readonly model: string
}

/** What the environment says; `undefined` for a variable that is not set, or empty. */
export interface Settings {
  readonly apiKey: Redacted.Redacted | undefined
  readonly baseUrl: string | undefined
  /** The model that is asked in place of the templates'. */
  readonly model: Handle | undefined
}

/** Reads `provider/model`, as in `openai/gpt-5-mini`; fails with what is wrong with it. */
export const parseHandle = (text: string): Result.Result<Handle, string> => {
  const slash = text.indexOf("/")
  const provider = text.slice(0, Math.max(slash, 0))
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(provider)) {
    return Result.fail("is not of the form provider/model")
  }
  const model = text.slice(slash + 1)
  const fault = faultOfModel(model)
  return fault === undefined
    ? Result.succeed({ provider, model })
    : Result.fail(`has a model's name that ${fault}`)
}

/** Why a model cannot be asked for: only OpenAI is known without a base URL. */
export const faultOfHandle = (
  { provider }: Handle,
  baseUrl: string | undefined
): string | undefined =>
  baseUrl === undefined && provider !== "openai"
    ? `names the provider "${provider}", while OPENAI_BASE_URL is not set and so OpenAI would be asked. Set OPENAI_BASE_URL to the server that has this model, or name a model as openai/gpt-5-mini`
    : undefined

/** The error of a variable: what it says must name it and the remedy. */
const wrong = (message: string): Effect.Effect<never, Config.ConfigError> =>
  Effect.fail(new Config.ConfigError(new SourceError({ message })))

/** A variable without the blanks around it; `undefined` where nothing is left. */
const variable = (name: string): Config.Config<string | undefined> =>
  Config.map(Config.option(Config.String(name)), (value) => {
    const text = Option.getOrElse(value, () => "").trim()
    return text === "" ? undefined : text
  })

const check = Effect.fnUntraced(function* (set: {
  readonly key: string | undefined
  readonly url: string | undefined
  readonly model: string | undefined
}): Effect.fn.Return<Settings, Config.ConfigError> {
  if (set.key === undefined && set.url === undefined) {
    return yield* wrong(
      "OPENAI_API_KEY is not set. Set it to your key, or set OPENAI_BASE_URL to a server that wants none."
    )
  }
  const wrongKey = set.key === undefined ? undefined : faultOfKey(set.key)
  if (wrongKey !== undefined) {
    return yield* wrong(`OPENAI_API_KEY ${wrongKey}. Copy it again from your provider.`)
  }
  const wrongUrl = set.url === undefined ? undefined : faultOfUrl(set.url)
  if (wrongUrl !== undefined) {
    return yield* wrong(
      `OPENAI_BASE_URL ${wrongUrl}. Set it to a URL like http://127.0.0.1:11434/v1.`
    )
  }
  let model: Handle | undefined
  if (set.model !== undefined) {
    const handle = parseHandle(set.model)
    if (Result.isFailure(handle)) {
      return yield* wrong(`ATRIUM_MODEL ${handle.failure}. Set it to one like openai/gpt-5-mini.`)
    }
    model = handle.success
    const fault = faultOfHandle(model, set.url)
    if (fault !== undefined) return yield* wrong(`ATRIUM_MODEL ${fault}.`)
  }
  return {
    apiKey: set.key === undefined ? undefined : Redacted.make(set.key),
    baseUrl: set.url,
    model
  }
})

/**
 * The settings, checked. A variable that is missing or malformed is an error that names it and the
 * remedy, and never repeats a key or an address. No key is needed where `OPENAI_BASE_URL` is set.
 */
export const settings: Config.Config<Settings> = Config.mapEffect(
  Config.unwrap({
    key: variable("OPENAI_API_KEY"),
    url: variable("OPENAI_BASE_URL"),
    model: variable("ATRIUM_MODEL")
  }),
  check
)

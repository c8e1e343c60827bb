/** What the environment says: `PORT`, `ATRIUM_DB`. A wrong value is an error that names its variable. */
import { resolve } from "node:path"
import * as Config from "effect/Config"
import { SourceError } from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** `port`: 0 takes a free one. `file`: the database, absolute. */
export interface Settings {
  readonly port: number
  readonly file: string
}

const defaultPort = 8080
const defaultFile = "data/support-bot.db"

/** A variable without the blanks around it; empty is as good as absent. */
export const variable = (name: string): Config.Config<string | undefined> =>
  Config.map(Config.option(Config.String(name)), (value) => {
    const text = Option.getOrElse(value, () => "").trim()
    return text === "" ? undefined : text
  })

const wrong = (message: string): Effect.Effect<never, Config.ConfigError> =>
  Effect.fail(new Config.ConfigError(new SourceError({ message })))

const check = Effect.fnUntraced(function* (set: {
  readonly port: string | undefined
  readonly file: string | undefined
}): Effect.fn.Return<Settings, Config.ConfigError> {
  const port = set.port === undefined ? defaultPort : Number(set.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535 || !/^\d+$/.test(set.port ?? "0")) {
    return yield* wrong("PORT is no port. Set it to a whole number from 0 to 65535, as 8080.")
  }
  if (set.file?.includes("\0") === true || set.file?.endsWith("/") === true) {
    return yield* wrong("ATRIUM_DB is no file. Set it to a path, as ./data/support-bot.db.")
  }
  return { port, file: set.file === ":memory:" ? set.file : resolve(set.file ?? defaultFile) }
})

export const settings: Config.Config<Settings> = Config.mapEffect(
  Config.unwrap({ port: variable("PORT"), file: variable("ATRIUM_DB") }),
  check
)

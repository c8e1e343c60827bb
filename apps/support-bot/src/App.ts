/** The app from its parts: core over SQLite, our own backend over a model, the API and the page over HTTP. */
import { mkdir } from "node:fs/promises"
import { dirname } from "node:path"
import { Native } from "@atrium/backend-native"
import { Atrium } from "@atrium/core"
import { StorageError } from "@atrium/core/errors"
import { everyScope } from "@atrium/core/tenancy/Maintenance"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Node from "@atrium/http/Node"
import * as Sqlite from "@atrium/storage-sqlite/Sqlite"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Knowledge from "./Knowledge.ts"
import { type Chosen, choose } from "./Model.ts"
import * as OrderStatus from "./OrderStatus.ts"
import * as Page from "./Page.ts"
import { ensure, keyFileOf } from "./ServerKey.ts"
import { type Settings, settings } from "./Settings.ts"
import * as SupportAgent from "./SupportAgent.ts"
import * as Tab from "./Tab.ts"

/** Folders of the app: the built page, and the pages of knowledge. */
export interface Folders {
  readonly page: string
  readonly knowledge: string
}

const storage = ({ file }: Settings) =>
  Layer.unwrap(
    Effect.tryPromise({
      try: () => mkdir(dirname(file), { recursive: true }),
      catch: () =>
        StorageError.because(
          { _tag: "Rejected", field: "ATRIUM_DB", why: "" },
          `The folder of ${file} cannot be made. Set ATRIUM_DB to a file in a folder that can be written.`
        )
    }).pipe(Effect.as(Sqlite.layer({ file })))
  )

const core = (set: Settings, model: Chosen) =>
  Atrium.layer({ [SupportAgent.name]: SupportAgent.definition(model.handle) }).pipe(
    Layer.provide(Native.layer.pipe(Layer.provide(model.layer))),
    Layer.provide(OrderStatus.layer),
    Layer.provideMerge(TenantResolver.layerApiKeys),
    Layer.provideMerge(Atrium.maintenance),
    Layer.provideMerge(storage(set))
  )

/** Everything that must be there before the first request. */
const boot = (keyFile: string, { knowledge }: Folders) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      yield* ensure(keyFile)
      yield* Knowledge.sync(knowledge).pipe(
        TenantResolver.provide({ tenant: SupportAgent.tenant.id, scopes: everyScope })
      )
    })
  )

/** A text as a shell reads it back. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

const announce = ({ file }: Settings, model: Chosen, keyFile: string) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { address } = yield* HttpServer.HttpServer
      const url = `http://127.0.0.1:${"port" in address ? address.port : 0}`
      const body = JSON.stringify({
        user_id: "alice",
        message: "When is my money back after a return?"
      })
      yield* Console.log(`Model      ${model.handle}: ${model.note}
Database   ${file}
Page       ${url}

Ask from a terminal:
curl -sS ${url}/chat -H ${quoted(`@${keyFile}`)} -H 'Content-Type: application/json' -d ${quoted(body)}`)
    })
  )

/** Serves until it is closed. */
export const layer = (folders: Folders) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const set = yield* settings
      const model = yield* choose
      const keyFile = keyFileOf(set.file)
      const page = Layer.merge(Page.layer(folders.page), Tab.layer(model.handle))
      return announce(set, model, keyFile).pipe(
        Layer.provide(Node.layer({ port: set.port, chat: SupportAgent.name, beside: page })),
        Layer.provide(boot(keyFile, folders)),
        Layer.provide(core(set, model))
      )
    })
  )

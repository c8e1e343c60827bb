/** Atrium's API: what the server answers, what the client asks, what /openapi.json says. */
import * as HttpApi from "effect/http-api/HttpApi"
import * as OpenApi from "effect/http-api/OpenApi"
import { AgentsGroup } from "./AgentsGroup.ts"
import { ChatGroup } from "./ChatGroup.ts"
import { ConversationsGroup } from "./ConversationsGroup.ts"
import { HealthGroup } from "./HealthGroup.ts"
import { KeysGroup } from "./KeysGroup.ts"
import { LedgerGroup } from "./LedgerGroup.ts"
import { LimitsGroup } from "./LimitsGroup.ts"
import { MemoryGroup } from "./MemoryGroup.ts"
import { Problems } from "./Problem.ts"
import { SourcesGroup } from "./SourcesGroup.ts"
import { TurnsGroup } from "./TurnsGroup.ts"
import { UsersGroup } from "./UsersGroup.ts"

/** Another group of routes is a file beside these, a line here and a line in server/Routes.ts. */
export const Api = HttpApi.make("atrium")
  .add(ConversationsGroup)
  .add(TurnsGroup)
  .add(AgentsGroup)
  .add(MemoryGroup)
  .add(SourcesGroup)
  .add(LimitsGroup)
  .add(LedgerGroup)
  .add(UsersGroup)
  .add(KeysGroup)
  .add(ChatGroup)
  .add(HealthGroup)
  .middleware(Problems)
  .annotate(OpenApi.Title, "Atrium")

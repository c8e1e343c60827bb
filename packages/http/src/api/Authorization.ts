/** Who calls: `Authorization: Bearer <credential>`. */
import type { Principal } from "@atrium/core/tenancy/Principal"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity"

/** Makes a Principal of the credential. No other code of this package does. */
export class Authorization extends HttpApiMiddleware.Service<
  Authorization,
  { provides: Principal }
>()("@atrium/http/api/Authorization", { security: { bearer: HttpApiSecurity.bearer } }) {}

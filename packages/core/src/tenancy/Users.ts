/** The users of a tenant, as its operator tells them. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { asTenancyError, rejected, TenancyError } from "../errors.ts"
import { isWellFormed, whyRefused } from "../ids.ts"
import { type By, checkBy, type Page } from "../Page.ts"
import { Storage } from "../storage/Storage.ts"
import { callerWith, wholeTenant } from "./Permissions.ts"
import { Principal, type TenantScope } from "./Principal.ts"
import { maximumProperties, maximumText, type User } from "./User.ts"

type As<A> = Effect.Effect<A, TenancyError, Principal>

export class Users extends Context.Service<
  Users,
  {
    /** Writes a user, whole: name and at most 32 properties of at most 256 characters. `operator`. */
    readonly save: (user: User) => As<User>
    /** A user; oneself without any scope, others under `operator`. */
    readonly find: (id: string) => As<User>
    /** In the order of their ids. Needs `operator`. */
    readonly list: (by: By) => As<Page<User>>
  }
>()("@atrium/core/tenancy/Users") {
  static readonly layer: Layer.Layer<Users, never, Storage> = Layer.effect(
    Users,
    Effect.gen(function* () {
      const storage = yield* Storage
      const { users } = storage.stores
      const operator = Effect.map(callerWith("operator"), wholeTenant)
      return Users.of({
        save: Effect.fn("Users.save")(function* (user) {
          const scope = yield* operator
          const why = whyInvalid(user)
          if (why !== undefined) {
            return yield* TenancyError.because(rejected("user", why))
          }
          yield* storage.transact(users.save(scope, user))
          return user
        }, asTenancyError),
        find: Effect.fn("Users.find")(function* (id) {
          const caller = yield* Principal
          const scope: TenantScope = caller.scopes.has("operator") ? wholeTenant(caller) : caller
          const found =
            Option.isNone(scope.userId) && !caller.scopes.has("operator")
              ? Option.none()
              : yield* users.find(scope, id)
          if (Option.isSome(found)) return found.value
          return yield* TenancyError.because({ _tag: "NotFound", what: "user" })
        }, asTenancyError),
        list: Effect.fn("Users.list")(function* (by) {
          const scope = yield* operator
          const refused = checkBy(by)
          if (refused !== undefined) return yield* TenancyError.because(refused)
          return yield* users.list(scope, by)
        }, asTenancyError)
      })
    })
  )
}

const isText = (value: string): boolean => value.length <= maximumText && isWellFormed(value)

const whyInvalid = ({ id, name, properties }: User): string | undefined => {
  const refused = whyRefused("userID", id)
  if (refused !== undefined) return refused
  if (!isText(name)) return `A name has at most ${maximumText} characters.`
  const entries = Object.entries(properties)
  if (entries.length > maximumProperties) {
    return `A user has at most ${maximumProperties} properties, not ${entries.length}.`
  }
  const bad = entries.find(
    ([key, value]) =>
      key === "" ||
      !isText(key) ||
      (typeof value === "string" && !isText(value)) ||
      (typeof value === "number" && !Number.isFinite(value))
  )
  return bad === undefined
    ? undefined
    : `The property "${bad[0].slice(0, 40)}" must be a text of at most ${maximumText} characters, a finite number or a boolean.`
}

/** Specimens of the stores about who calls: users, keys, limits. */
import * as Samples from "../Samples.ts"
import { anonymous, attack, naming, type Specimens } from "./Specimen.ts"
import { rate } from "./World.ts"

export const users: Specimens["users"] = {
  save: naming(({ users }, scope, ids, owner) =>
    users.save(scope, Samples.user(owner ?? ids.user, attack))
  ),
  find: naming(({ users }, scope, { user }) => users.find(scope, user)),
  list: anonymous(({ users }, scope) => users.list(scope, {}))
}

export const keys: Specimens["keys"] = {
  save: naming(({ keys }, scope, ids, owner) =>
    keys.save(scope, Samples.key(ids.key, owner, { name: attack, hash: ids.hash }))
  ),
  find: naming(({ keys }, scope, { key }) => keys.find(scope, key)),
  list: anonymous(({ keys }, scope) => keys.list(scope, {}))
}

export const limits: Specimens["limits"] = {
  take: anonymous(({ limits }, scope) => limits.take(scope, "user", rate, Samples.now)),
  left: anonymous(({ limits }, scope) => limits.left(scope, "user", rate, Samples.now))
}

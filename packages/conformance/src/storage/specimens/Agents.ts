/** Specimens of the stores about who serves: agents and bindings. */
import * as Samples from "../Samples.ts"
import { anonymous, attack, naming, type Specimens } from "./Specimen.ts"

export const agents: Specimens["agents"] = {
  save: naming(({ agents }, scope, ids, owner) =>
    agents.save(scope, Samples.agent(ids.agent, owner, { ref: attack }))
  ),
  find: naming(({ agents }, scope, { agent }) => agents.find(scope, agent)),
  list: anonymous(({ agents }, scope) => agents.list(scope, {})),
  delete: naming(({ agents }, scope, { agent }) => agents.delete(scope, agent))
}

export const bindings: Specimens["bindings"] = {
  pin: naming(({ bindings }, scope, { template }, owner) =>
    bindings.pin(scope, { template, owner }, attack)
  ),
  find: naming(({ bindings }, scope, { template, user }) =>
    bindings.find(scope, { template, owner: user })
  ),
  unpin: naming(({ bindings }, scope, { template }, owner) =>
    bindings.unpin(scope, { template, owner })
  ),
  attach: naming(({ bindings }, scope, { agent, user }, owner) =>
    bindings.attach(scope, { agentId: agent, userId: owner ?? user })
  ),
  detach: naming(({ bindings }, scope, { bound, user }, owner) =>
    bindings.detach(scope, { agentId: bound, userId: owner ?? user })
  ),
  list: naming(({ bindings }, scope, { bound }) => bindings.list(scope, { agentId: bound }, {}))
}

/** The ledger against the facts: every model call once, and the sums over turns and messages. */

import { isDeepStrictEqual } from "node:util"
import * as Usage from "@atrium/core/turns/Usage"
import type { Billed, ShownTurn } from "../Shown.ts"
import type { Witness } from "../Witness.ts"

const userProblems = (
  { calls, tenant, total, user }: Billed,
  turns: ReadonlyArray<ShownTurn>
): ReadonlyArray<string> => {
  const made = turns.flatMap(({ facts, id }) =>
    facts.flatMap((fact) =>
      fact._tag === "ModelCalled"
        ? { turnId: id, sequence: fact.sequence, model: fact.model, usage: fact.usage }
        : []
    )
  )
  const due: Billed["total"] = {
    turns: turns.length,
    messages: turns.reduce((sum, { stored }) => sum + stored, 0),
    calls: made.length,
    usage: made.reduce((sum, { usage }) => Usage.add(sum, usage), Usage.none)
  }
  const known = new Map(calls.map((call) => [`${call.turnId} ${call.sequence}`, call]))
  const missing = made.filter(
    (call) => !isDeepStrictEqual(known.get(`${call.turnId} ${call.sequence}`), call)
  )
  return [
    ...(isDeepStrictEqual(total, due)
      ? []
      : [`sums to ${JSON.stringify(total)} instead of ${JSON.stringify(due)}`]),
    ...(calls.length === made.length ? [] : [`has ${calls.length} of ${made.length} calls`]),
    ...missing.map(({ sequence, turnId }) => `lacks call ${sequence} of turn ${turnId}`)
  ].map((what) => `the ledger of ${tenant}/${user} ${what}`)
}

export const billProblems = ({ billed, shown }: Witness): ReadonlyArray<string> =>
  [...billed.values()].flatMap((one) =>
    userProblems(
      one,
      shown
        .filter(({ place }) => place.tenant === one.tenant && place.user === one.user)
        .flatMap(({ turns }) => turns)
    )
  )

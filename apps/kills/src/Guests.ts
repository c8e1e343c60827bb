/** Who lives in the house: a few tenants, users and conversations, so that many turns meet. */
import { Atrium } from "@atrium/core"
import type { Storage } from "@atrium/core/storage/Storage"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Layer from "effect/Layer"
import * as Clerk from "./Clerk.ts"
import type { Dice } from "./Dice.ts"
import { acts, label } from "./Errand.ts"
import * as Kit from "./Kit.ts"
import { type House, Sent } from "./Script.ts"
import type { Place } from "./Shown.ts"
import * as Stores from "./Stores.ts"
import * as Teller from "./Teller.ts"

/** Never reached, and counted all the same: what is left of it tells how many turns were counted. */
export const rate = { turns: 1_000_000, windowMs: 3_600_000 }

export const template = "teller"

const plans = { default: { user: rate, tenant: rate, waiting: 8, replayMs: 86_400_000 } }

const app = Atrium.layer(
  {
    [template]: {
      binding: { _tag: "PerUser" },
      template: { name: template, model: "kills/teller", blocks: [] }
    }
  },
  { plans }
)

/** Two conversations of a user share the block and the passages. */
const withTools = Atrium.layer(
  {
    [template]: {
      binding: { _tag: "PerUser" },
      template: {
        name: template,
        model: "kills/clerk",
        blocks: [{ label, owner: "user", value: "", limit: 1_000_000 }],
        tools: acts
      }
    }
  },
  { plans }
)

/**
 * The house, as an app would build it; the storage is shared, so that the end can look into it.
 * `run` tells its texts from those of the houses before.
 */
export const layer = (house: House, run: number) => {
  const { backend, mutant, steps } = house
  const atrium =
    backend === "teller"
      ? Layer.provide(app, Teller.layer({ steps, amnesiac: mutant === "amnesiac" }))
      : Layer.provide(withTools, Clerk.layer(house, run)).pipe(Layer.provide(Kit.layer(house)))
  return atrium.pipe(
    Layer.provideMerge(Stores.layer(house)),
    Layer.provideMerge(TenantResolver.layerTrusted)
  ) satisfies Layer.Layer<Storage, unknown>
}

/** In this conversation newcomers interrupt, so a turn in it may end as cancelled. */
const impatient = "impatient"

/** One of 12 conversations: 3 tenants with 2 users with 2 each. Tenants share the users' names. */
const somewhere = (dice: Dice): Place => ({
  tenant: `tenant-${dice.below(3)}`,
  user: `user-${dice.below(2)}`,
  key: dice.chance(0.8) ? "default" : impatient
})

/** A send nobody made before. `mark` makes its id and text unique. */
export const send = (dice: Dice, mark: string): Sent => sendTo(somewhere(dice), dice, mark)

/** Two sends of one user, in different conversations. */
export const pair = (dice: Dice, mark: string): ReadonlyArray<Sent> => {
  const first = send(dice, `${mark}a`)
  const key = first.place.key === impatient ? "default" : impatient
  return [first, sendTo({ ...first.place, key }, dice, `${mark}b`)]
}

const sendTo = (place: Place, dice: Dice, mark: string): Sent =>
  Sent.make({
    id: mark,
    place,
    text: `${place.tenant} ${place.user} ${mark}`,
    interrupts: place.key === impatient && dice.chance(0.5)
  })

/** True where turns may be cancelled by others. */
export const isImpatient = ({ key }: Place): boolean => key === impatient

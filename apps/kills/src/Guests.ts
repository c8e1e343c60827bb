/** Who lives in the house: a few tenants, users and conversations, so that many turns meet. */
import { Atrium } from "@atrium/core"
import type { Storage } from "@atrium/core/storage/Storage"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import * as Layer from "effect/Layer"
import type { Dice } from "./Dice.ts"
import { type House, type Place, Sent } from "./Script.ts"
import * as Stores from "./Stores.ts"
import * as Teller from "./Teller.ts"

/** Never reached, and counted all the same: what is left of it tells how many turns were counted. */
export const rate = { turns: 1_000_000, windowMs: 3_600_000 }

export const template = "teller"

/** The house, as an app would build it; the storage is shared, so that the end can look into it. */
export const layer = (house: House) =>
  Atrium.layer(
    {
      [template]: {
        binding: { _tag: "PerUser" },
        template: { name: template, model: "kills/teller", blocks: [] }
      }
    },
    { plans: { default: { user: rate, tenant: rate, waiting: 8, replayMs: 86_400_000 } } }
  ).pipe(
    Layer.provide(Teller.layer({ steps: house.steps, amnesiac: house.mutant === "amnesiac" })),
    Layer.provideMerge(Stores.layer(house)),
    Layer.provideMerge(TenantResolver.layerTrusted)
  ) satisfies Layer.Layer<Storage, unknown>

/** In this conversation newcomers interrupt, so a turn in it may end as cancelled. */
const impatient = "impatient"

/** One of 12 conversations: 3 tenants with 2 users with 2 each. Tenants share the users' names. */
const somewhere = (dice: Dice): Place => ({
  tenant: `tenant-${dice.below(3)}`,
  user: `user-${dice.below(2)}`,
  key: dice.chance(0.8) ? "default" : impatient
})

/** A send nobody made before. `mark` makes its id and text unique. */
export const send = (dice: Dice, mark: string): Sent => {
  const place = somewhere(dice)
  return Sent.make({
    id: mark,
    place,
    text: `${place.tenant} ${place.user} ${mark}`,
    interrupts: place.key === impatient && dice.chance(0.5)
  })
}

/** True where turns may be cancelled by others. */
export const isImpatient = ({ key }: Place): boolean => key === impatient

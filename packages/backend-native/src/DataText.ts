/** The data message: what is known of the user and what is remembered, delimited and escaped. */
import type { Message } from "@atrium/core/conversations/Message"
import type { BlockRecord } from "@atrium/core/storage/BlockStore"
import type { User } from "@atrium/core/tenancy/User"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { mayChange } from "./Blocks.ts"
import { frame, inline, piece } from "./Delimited.ts"

/** A block with where its text comes from. */
export const blockPiece = (block: BlockRecord): string =>
  piece(
    "block",
    {
      label: block.label,
      origin: block.trust,
      limit: block.limit,
      read_only: mayChange(block) ? undefined : true,
      description: block.description === "" ? undefined : block.description
    },
    block.value
  )

/** In the order of their names' UTF-16 units, however the application saved them. */
const propertiesOf = ({ properties }: User): ReadonlyArray<string> =>
  Object.entries(properties)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => inline("property", { name, type: typeof value }, String(value)))

/** Day of a message, in UTC: `2026-11-21`. */
export const dayOf = ({ at }: Message): string => DateTime.formatIsoDateUtc(DateTime.makeUnsafe(at))

/** An earlier message, and what is shown of it. */
export interface RecalledText {
  readonly message: Message
  readonly text: string
}

const recalledPiece = ({ message, text }: RecalledText): string =>
  piece("message", { role: message.role, day: dayOf(message) }, text)

/** What a data message holds. */
export interface Data {
  /** None where the binding does not show the user. */
  readonly user: Option.Option<User>
  readonly blocks: ReadonlyArray<BlockRecord>
  /** Earlier messages that were searched for, if the template wants that. */
  readonly recalled: ReadonlyArray<RecalledText>
}

/** The message's text; empty where there is nothing to tell. */
export const dataText = ({ blocks, recalled, user }: Data): string => {
  const sections: Array<string> = []
  if (Option.isSome(user)) {
    const { id, name } = user.value
    sections.push(frame("user", { id, name }, propertiesOf(user.value)))
  }
  if (blocks.length > 0) sections.push(frame("memory", {}, blocks.map(blockPiece)))
  if (recalled.length > 0) sections.push(frame("recalled", {}, recalled.map(recalledPiece)))
  return sections.join("\n")
}

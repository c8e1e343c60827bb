/** Tools of an application that this model knows how to ask: a small table, by name and description. */
import * as Predicate from "effect/Predicate"
import { plain } from "./plain.ts"
import type { Offered } from "./reading.ts"

const names = new Set([
  "order_status",
  "get_order_status",
  "orderstatus",
  "track_order",
  "lookup_order"
])

const about = /\b(?:order|parcel|shipment)/i

const subject = /\b(?:order|parcel|package|shipment|delivery)\b/i

const wantsState =
  /\bwhere(?:'s|’s| is| are)\b.*\bmy\b|\bmy\b.*\b(?:status|arrived?)\b|\b(?:status|track|state) (?:of )?my\b|\bwhen (?:will|does|is)\b.*\bmy\b/i

/** The order that a sentence asks about, with its number where it is named. */
export const orderIn = (sentence: string): { readonly number: string | undefined } | undefined => {
  const spelled = /\b[A-Za-z]{1,4}-\d{3,12}\b/.exec(sentence)?.[0].toUpperCase()
  if (spelled !== undefined) return { number: spelled }
  if (!subject.test(sentence)) return undefined
  const number = /(?:#|\bnumber |\bno\.? |\border )\s*(\d{4,12})\b/i.exec(sentence)?.[1]
  return number !== undefined || wantsState.test(sentence) ? { number } : undefined
}

/** Whether a call went to a tool of the table. */
export const isOrderTool = (name: string): boolean => names.has(name.toLowerCase())

/** The tool of the table that is offered, and the one property of its input that takes the number. */
export const orderTool = (
  tools: ReadonlyArray<Offered>
):
  | { readonly name: string; readonly input: (number: string) => Record<string, unknown> }
  | undefined => {
  for (const tool of tools) {
    if (!isOrderTool(tool.name) || !about.test(`${tool.name} ${tool.description}`)) continue
    const { properties, required } = tool.input
    const property = [...required, ...Object.keys(properties)].find((name) =>
      /order|number|reference|^id$/i.test(name)
    )
    // What this model cannot fill in, it does not guess.
    if (property === undefined || required.some((name) => name !== property)) continue
    const declared = properties[property]
    const type = Predicate.isObject(declared) ? (declared["type"] ?? "string") : "string"
    if (type !== "string" && type !== "integer" && type !== "number") continue
    return {
      name: tool.name,
      input: (number) => ({
        [property]: type === "string" ? number : Number(number.replace(/\D/g, ""))
      })
    }
  }
  return undefined
}

const scalar = (value: unknown): string | undefined =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? plain(String(value), 120)
    : undefined

const spaced = (name: string): string =>
  plain(name.replace(/([a-z])([A-Z])/g, "$1 $2").replace(/[_-]+/g, " "), 40).toLowerCase()

/** What a tool said of an order, in a line; `undefined` where it cannot be read. */
export const toldOf = (result: unknown): string | undefined => {
  const whole = scalar(result)
  if (whole !== undefined) return whole === "" ? undefined : whole
  if (!Predicate.isObject(result) || Array.isArray(result)) return undefined
  const told = Object.entries(result).flatMap(([name, value]) => {
    const text = scalar(value)
    return text === undefined || text === "" ? [] : [`${spaced(name)} ${text}`]
  })
  return told.length === 0 ? undefined : told.slice(0, 6).join(", ")
}

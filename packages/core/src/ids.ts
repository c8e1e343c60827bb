/**
 * The ids of Atrium: branded strings, checked in one place, joined in one place.
 *
 * An id is 1 to 255 bytes of UTF-8 without controls and lone surrogates, and is compared byte by
 * byte: `a` and `A` are two ids, and no character in it means anything (`%`, `_`, `/`).
 */
import * as Brand from "effect/Brand"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

type Id<Name extends string> = string & Brand.Brand<Name>

/** The isolation and billing boundary. Given by the operator. */
export type TenantId = Id<"TenantId">
/** An end user inside a tenant. Given by the app; unique inside its tenant only. */
export type UserId = Id<"UserId">
/** A persistent agent. Made by Atrium. */
export type AgentId = Id<"AgentId">
/** One message thread with an agent. Made by Atrium. */
export type ConversationId = Id<"ConversationId">
/** One input until its final answer. Made by Atrium; sorts by time. */
export type TurnId = Id<"TurnId">
/** A labelled text that is always in the context. Made by Atrium. */
export type BlockId = Id<"BlockId">
/** A text found by search. Made by Atrium. */
export type PassageId = Id<"PassageId">

/** The longest id, in bytes of UTF-8: Postgres' index rows and the source's own check bound it. */
export const maximumBytes = 255

/** Length of `text` in bytes of UTF-8; a lone surrogate counts as three. */
export const byteLength = (text: string): number => {
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) bytes += 1
    else if (unit < 0x800) bytes += 2
    else if (unit >= 0xd800 && unit <= 0xdbff && isLow(text.charCodeAt(i + 1))) {
      bytes += 4
      i++
    } else bytes += 3
  }
  return bytes
}

const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff

/** False for texts with NUL or a lone surrogate: Postgres holds neither as it was. */
export const isWellFormed = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit === 0) return false
    if (unit >= 0xd800 && unit <= 0xdfff) {
      if (unit > 0xdbff || !isLow(text.charCodeAt(i + 1))) return false
      i++
    }
  }
  return true
}

/** True when `text` holds a character that no id and no stored key may hold. */
const hasForbidden = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x20 || (unit >= 0x7f && unit <= 0x9f)) return true
    if (unit >= 0xd800 && unit <= 0xdfff) {
      if (unit > 0xdbff || !isLow(text.charCodeAt(i + 1))) return true
      i++
    }
  }
  return false
}

/** Why `id` is refused, or `undefined` when it is fine. `name` is how the message calls it. */
export const whyRefused = (name: string, id: string): string | undefined => {
  if (id.length === 0) return `${name} cannot be empty`
  if (byteLength(id) > maximumBytes) return `${name} too long (max ${maximumBytes} chars)`
  if (hasForbidden(id)) return `${name} holds a control character or a lone surrogate`
  return undefined
}

const address = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[?[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}\]?)(?::\d+)?$/i

/** True for ids shaped like an IP address: a user behind another router would be someone else. */
export const looksLikeAddress = (id: string): boolean => address.test(id)

/** Brands without checking: for rows that were checked when they were written. */
export const TenantId = Brand.nominal<TenantId>()
export const UserId = Brand.nominal<UserId>()
export const AgentId = Brand.nominal<AgentId>()
export const ConversationId = Brand.nominal<ConversationId>()
export const TurnId = Brand.nominal<TurnId>()
export const BlockId = Brand.nominal<BlockId>()
export const PassageId = Brand.nominal<PassageId>()

/** Below every character an id may hold, so joined keys sort part by part and never collide. */
export const separator = "\u0001"

/** The one place that joins parts to a key [ISO-5]. */
export const joinKey = (...parts: ReadonlyArray<string>): string => parts.join(separator)

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

const base32 = (value: number, digits: number): string => {
  let text = ""
  for (let left = value, i = 0; i < digits; i++) {
    text = alphabet.charAt(left % 32) + text
    left = Math.floor(left / 32)
  }
  return text
}

/**
 * A fresh id: prefix, 9 digits of time in milliseconds, 13 random digits (65 bits), so that ids
 * sort by the time they were made.
 */
export const fresh = (prefix: string): Effect.Effect<string> =>
  Effect.withFiber((fiber) => {
    const now = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
    const random = fiber.getRef(Random.Random)
    const left = Math.floor(random.nextDoubleUnsafe() * 2 ** 35)
    const right = Math.floor(random.nextDoubleUnsafe() * 2 ** 30)
    return Effect.succeed(`${prefix}_${base32(now, 9)}${base32(left, 7)}${base32(right, 6)}`)
  })

/** Ids, where they are checked: at the resolver. */

import {
  byteLength,
  fresh,
  isWellFormed,
  joinKey,
  looksLikeAddress,
  separator
} from "@atrium/core/ids"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import { TestClock } from "effect/testing"

const renew = (tenant: string, user?: string) =>
  Effect.flatMap(TenantResolver, (resolver) =>
    resolver.renew(user === undefined ? { tenant, scopes: [] } : { tenant, user, scopes: [] })
  )

/** Why these claims are refused. */
const refusal = (tenant: string, user?: string) =>
  Effect.map(Effect.flip(renew(tenant, user)), ({ reason }) => reason)

const rejected = (field: string, why: string) => ({ _tag: "Rejected" as const, field, why })

describe("an id", () => {
  it.effect("[088] has 1 to 255 bytes; the messages name it and its limit", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* refusal("t", ""), rejected("userID", "userID cannot be empty"))
      assert.deepStrictEqual(yield* refusal(""), rejected("tenantID", "tenantID cannot be empty"))
      for (const length of [1, 255]) {
        const caller = yield* renew("x".repeat(length), "y".repeat(length))
        assert.strictEqual(caller.tenantId, "x".repeat(length))
        assert.strictEqual(Option.getOrUndefined(caller.userId), "y".repeat(length))
      }
      const long = "userID too long (max 255 chars)"
      for (const user of ["x".repeat(256), "\u00e9".repeat(128), "\u{1f600}".repeat(64)]) {
        assert.deepStrictEqual(yield* refusal("t", user), rejected("userID", long))
      }
      yield* renew("\u{1f600}".repeat(63), `${"\u00e9".repeat(127)}x`)
    }).pipe(Effect.provide(TenantResolver.layerTrusted))
  )
  it.effect("holds no NUL, no other control and no lone surrogate", () =>
    Effect.gen(function* () {
      const codes = [...Array.from({ length: 0x20 }, (_, i) => i), 0x7f, 0x80, 0x85, 0x9f]
      const controls = codes.map((code) => `a${String.fromCharCode(code)}b`)
      const lone = ["\ud800", "\udfff", "a\udc00", "\ud83d", "\ud83dx", "\udc00\ud800"]
      for (const id of [...controls, ...lone]) {
        const why = "holds a control character or a lone surrogate"
        assert.deepStrictEqual(yield* refusal("t", id), rejected("userID", `userID ${why}`))
        assert.deepStrictEqual(yield* refusal(id), rejected("tenantID", `tenantID ${why}`))
      }
      for (const id of ["\u00a0", "~", " ", "\u202e", "\ufffd", "\u{10ffff}", "%", "../.."]) {
        yield* renew(id, id)
      }
    }).pipe(Effect.provide(TenantResolver.layerTrusted))
  )
  it.effect("[088] keeps the rules that an app adds, after its own", () => {
    const noSpaces = (id: string) =>
      id.includes(" ") ? Option.some("userID holds a space") : Option.none()
    const noCapitals = (id: string) =>
      id === id.toLowerCase() ? Option.none() : Option.some("userID holds a capital")
    return Effect.gen(function* () {
      assert.deepStrictEqual(yield* refusal("t", "a B"), rejected("userID", "userID holds a space"))
      assert.deepStrictEqual(
        yield* refusal("t", "aB"),
        rejected("userID", "userID holds a capital")
      )
      assert.deepStrictEqual(yield* refusal("t", ""), rejected("userID", "userID cannot be empty"))
      yield* renew("A tenant is not asked", "ab")
    }).pipe(
      Effect.provide(
        TenantResolver.layer({
          resolve: () => Effect.succeed({ tenant: "t", scopes: [] }),
          renew: Effect.succeed,
          idRules: [noSpaces, noCapitals]
        })
      )
    )
  })
  it.effect("[087] shaped like an IP address is warned about, and accepted", () => {
    const warnings: Array<string> = []
    const collect = Logger.make(({ logLevel, message }) => {
      warnings.push(`${logLevel} ${String(message)}`)
    })
    return Effect.gen(function* () {
      const addresses = ["192.168.0.1", "10.0.0.1:443", "::1", "[2001:db8::1]:80", "fe80::1"]
      for (const user of addresses) yield* renew("t", user)
      assert.lengthOf(warnings, addresses.length)
      for (const warning of warnings) assert.match(warning, /^Warn .*IP address/i)
      for (const user of ["1.2.3", "user-1", "v1.2.3.4", "12:30", "a.b.c.d"])
        yield* renew("t", user)
      assert.lengthOf(warnings, addresses.length)
      assert.isFalse(looksLikeAddress("1.2.3"))
    }).pipe(Effect.provide(Layer.merge(TenantResolver.layerTrusted, Logger.layer([collect]))))
  })
})

describe("the length of an id", () => {
  it("is that of its UTF-8", () => {
    for (const text of ["", "a", "\u007f", "\u0080", "\u07ff", "\u0800", "\uffff", "\u{10000}a"]) {
      assert.strictEqual(byteLength(text), Buffer.byteLength(text), JSON.stringify(text))
    }
    assert.strictEqual(byteLength("\ud800"), 3)
  })
})

describe("a text", () => {
  it("is well formed without NUL and lone surrogates", () => {
    for (const text of ["", "a", "\u0001\n", "\u{1f600}", "\ufffd"])
      assert.isTrue(isWellFormed(text))
    for (const text of ["\u0000", "a\u0000b", "\ud800", "\udc00", "\ud800a"]) {
      assert.isFalse(isWellFormed(text))
    }
  })
})

describe("joined keys", () => {
  it("differ where their parts do, and sort part by part", () => {
    assert.notStrictEqual(joinKey("a/b", "c"), joinKey("a", "b/c"))
    assert.isTrue(joinKey("a", "z") < joinKey("a!", "a"))
    assert.isTrue(separator < " ")
  })
})

describe("a fresh id", () => {
  it.effect("has its prefix, is new each time, and sorts by time", () =>
    Effect.gen(function* () {
      const first = yield* fresh("turn")
      const again = yield* fresh("turn")
      yield* TestClock.adjust("1 milli")
      const later = yield* fresh("turn")
      for (const id of [first, again, later]) assert.match(id, /^turn_[0-9a-hjkmnp-tv-z]{22}$/)
      assert.notStrictEqual(first, again)
      assert.isTrue(first < later && again < later)
    })
  )
})

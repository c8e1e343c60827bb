/**
 * The secret of an API key: `atr_` and 32 random bytes. What is stored of it is its SHA-256, which
 * tells nothing about it, so that a stolen store opens no door.
 */
import * as Digest from "effect/crypto/Digest"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Utf8 from "../internal/Utf8.ts"

/** Where randomness and hashes come from: the platform's Web Crypto. */
export const layerCrypto: Layer.Layer<Digest.Digest | SecureRandom.SecureRandom> = Layer.mergeAll(
  Digest.layerWebCrypto,
  SecureRandom.layerWebCrypto
)

/** Random bytes of a secret. */
const randomLength = 32
/** Characters of a secret that may be shown: `atr_` and eight more, 48 of its 256 bits. */
const shownLength = 12
/** Longest credential that is looked at, in UTF-16 units. */
const maximumLength = 512

/** A fresh secret and what is stored of it. */
export interface Secret {
  readonly secret: Redacted.Redacted
  readonly prefix: string
  readonly hash: string
}

/** SHA-256 of a text in UTF-8, in hex. */
export const sha256 = (text: string): Effect.Effect<string, never, Digest.Digest> =>
  Effect.flatMap(Digest.Digest, (digest) => digest.digestHex(Digest.sha256, Utf8.encode(text)))

/** What is stored of a credential; all that are too long to be one of ours have the same. */
export const hashOf = (
  credential: Redacted.Redacted
): Effect.Effect<string, never, Digest.Digest> =>
  Effect.suspend(() => {
    const text = Redacted.value(credential)
    return sha256(text.length > maximumLength ? "" : text)
  })

/** Makes a secret from a cryptographic source. */
export const make: Effect.Effect<Secret, never, Digest.Digest | SecureRandom.SecureRandom> =
  Effect.gen(function* () {
    const random = yield* SecureRandom.SecureRandom
    const text = `atr_${Base64Url.encode(yield* random.randomBytes(randomLength))}`
    const secret = Redacted.make(text, { label: "API key" })
    return { secret, prefix: text.slice(0, shownLength), hash: yield* hashOf(secret) }
  })

/** SHA-256 of texts: what has the same is the same. */
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as Utf8 from "../internal/Utf8.ts"

/** Of the parts, in hex; parts that are joined otherwise have another one. */
export const digestOf = (...parts: ReadonlyArray<string | number>): Effect.Effect<string> =>
  Effect.flatMap(Digest.Digest, (digest) =>
    digest.digestHex(Digest.sha256, Utf8.encode(JSON.stringify(parts)))
  ).pipe(Effect.provide(Digest.layerWebCrypto))

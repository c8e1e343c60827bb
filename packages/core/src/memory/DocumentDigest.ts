/** SHA-256 of texts: what has the same is the same. */
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"

/** Every platform has it; no library of types that core is compiled with says so. */
declare const TextEncoder: new () => { readonly encode: (text: string) => Uint8Array }
const encoder = new TextEncoder()

/** Of the parts, in hex; parts that are joined otherwise have another one. */
export const digestOf = (...parts: ReadonlyArray<string | number>): Effect.Effect<string> =>
  Effect.flatMap(Digest.Digest, (digest) =>
    digest.digestHex(Digest.sha256, encoder.encode(JSON.stringify(parts)))
  ).pipe(Effect.provide(Digest.layerWebCrypto))

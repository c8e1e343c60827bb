/** The streams that are open, so that a server that closes can end them: readers then come back. */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export class OpenStreams extends Context.Service<
  OpenStreams,
  {
    /** Comes when the server closes. */
    readonly closing: Effect.Effect<void>
    /** Ends every stream, and those that are opened from now on. */
    readonly end: Effect.Effect<void>
  }
>()("@atrium/http/server/OpenStreams") {
  /** Closed, it ends the streams. */
  static readonly layer: Layer.Layer<OpenStreams> = Layer.effect(
    OpenStreams,
    Effect.gen(function* () {
      const closed = yield* Deferred.make<void>()
      const end = Effect.asVoid(Deferred.succeed(closed, undefined))
      yield* Effect.addFinalizer(() => end)
      return OpenStreams.of({ closing: Deferred.await(closed), end })
    })
  )
}

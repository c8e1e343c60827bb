/** Runs that wait until the rule lets them go on, so that a rule decides what happens when. */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Puppet from "./Puppet.ts"

export interface Gates {
  /** Waits until `name` was opened. */
  readonly pass: (name: string) => Effect.Effect<void>
  readonly open: (name: string) => Effect.Effect<void>
}

export const make = (): Gates => {
  const latches = new Map<string, Latch.Latch>()
  const latchOf = (name: string): Latch.Latch => {
    const latch = latches.get(name) ?? Latch.makeUnsafe()
    latches.set(name, latch)
    return latch
  }
  return {
    pass: (name) => Effect.suspend(() => latchOf(name).await),
    open: (name) => Effect.suspend(() => Effect.asVoid(latchOf(name).open))
  }
}

/** A puppet that writes the first half of its answer, and the rest when the text sent is opened. */
export const gated = () => {
  const gates = make()
  const puppet = Puppet.make((turn) =>
    Effect.gen(function* () {
      const text = `re: ${Puppet.heard(turn)}`
      const half = Math.ceil(text.length / 2)
      const id = Puppet.messageId(turn)
      yield* turn.emit(Puppet.piece(id, 0, text.slice(0, half)))
      yield* gates.pass(Puppet.heard(turn))
      yield* turn.emit(Puppet.piece(id, half, text.slice(half)))
      yield* turn.commit([Puppet.called(1), Puppet.stored(id, text)], { stop: "answered" })
      return undefined
    })
  )
  return { ...puppet, ...gates, heard: () => puppet.runs.map(Puppet.heard) }
}

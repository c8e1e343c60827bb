/** A backend over a vendor in memory that can be troubled, as the kit's own subject. */
import { Puppet, Vendor } from "@atrium/conformance"
import { AgentBackend, type AgentDriver, type Running } from "@atrium/core/backend/AgentBackend"
import { BackendError, type Reason } from "@atrium/core/errors"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** The vendor's state, for mutants to spoil. */
export interface State {
  slow: boolean
  failing: Reason | undefined
  held: number
  readonly agents: Set<string>
}

const reasons: ReadonlyArray<Reason> = [
  { _tag: "Unreachable", host: "vendor" },
  { _tag: "RateLimited", retryAfterMs: 10 },
  { _tag: "Malformed", what: "The reply" }
]

const run = (state: State, turn: Running) =>
  Effect.gen(function* () {
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        state.held += 1
      }),
      () =>
        Effect.sync(() => {
          state.held -= 1
        })
    )
    const id = Puppet.messageId(turn)
    const text = `re: ${Puppet.heard(turn)}, and all that may be said of it`
    const reason = state.failing
    state.failing = undefined
    for (let offset = 0; offset < text.length; offset += 5) {
      yield* turn.emit(Puppet.piece(id, offset, text.slice(offset, offset + 5)))
      if (state.slow) yield* Effect.sleep(50)
      if (reason !== undefined && offset > 10) return yield* BackendError.because(reason)
    }
    yield* turn.commit([Puppet.called(1), Puppet.stored(id, text)], { stop: "answered" })
    return "answered" as const
  })

const driverOf = (state: State): AgentDriver => ({
  name: "fake",
  agents: {
    provision: ({ agentId }) =>
      Effect.as(
        Effect.andThen(
          Effect.yieldNow,
          Effect.sync(() => state.agents.add(agentId))
        ),
        `ref of ${agentId}`
      ),
    open: (_, conversation) => Effect.succeed(`thread of ${conversation}`),
    delete: ({ agentId }) => Effect.sync(() => void state.agents.delete(agentId))
  },
  turns: { run: (turn) => run(state, turn) }
})

/** The backend and its vendor; `change` spoils the driver. */
export const fake = (
  change: (driver: AgentDriver, state: State) => AgentDriver = (driver) => driver
): Layer.Layer<AgentBackend | Vendor> =>
  Layer.effectContext(
    Effect.sync(() => {
      const state: State = { slow: false, failing: undefined, held: 0, agents: new Set() }
      return Context.make(AgentBackend, change(driverOf(state), state)).pipe(
        Context.add(Vendor, {
          slow: Effect.sync(() => {
            state.slow = true
          }),
          held: Effect.sync(() => state.held),
          agents: Effect.sync(() => state.agents.size),
          faults: reasons.map((reason) => ({
            name: reason._tag,
            reason: reason._tag,
            begin: Effect.sync(() => {
              state.failing = reason
            })
          }))
        })
      )
    })
  )

/** A backend over a vendor in memory that can be troubled, as the kit's own subject. */
import { type BackendSubject, type Line, Puppet, type Result, Vendor } from "@atrium/conformance"
import { AgentBackend, type AgentDriver, type Running } from "@atrium/core/backend/AgentBackend"
import type { Message } from "@atrium/core/conversations/Message"
import { BackendError, type Reason } from "@atrium/core/errors"
import type { ToolCalled, ToolOutcome } from "@atrium/core/tools/ToolSpec"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** The vendor's state, for mutants to spoil. */
export interface State {
  slow: boolean
  failing: Reason | undefined
  held: number
  readonly agents: Set<string>
  readonly script: Array<Line>
  told: ReadonlyArray<Result>
}

/** What spoils a driver; called each time that the backend is opened. */
export type Change = (driver: AgentDriver, state: State) => AgentDriver

const reasons: ReadonlyArray<Reason> = [
  { _tag: "Unreachable", host: "vendor" },
  { _tag: "RateLimited", retryAfterMs: 10 },
  { _tag: "Malformed", what: "The reply" }
]

const Draft = Schema.Array(
  Schema.Struct({ callId: Schema.String, name: Schema.String, input: Schema.JsonObject })
)
const parseDraft = Schema.decodeUnknownSync(Draft)

const resultsOf = (messages: ReadonlyArray<Message>): ReadonlyArray<Result> => {
  const parts = messages.flatMap((message) => message.parts)
  const names = new Map(
    parts.flatMap((part) => (part._tag === "ToolCall" ? [[part.callId, part.name]] : []))
  )
  return parts.flatMap((part) =>
    part._tag === "ToolResult"
      ? { tool: names.get(part.callId) ?? "", output: part.output, failed: part.failed }
      : []
  )
}

const stepOf = (
  turn: Running,
  number: number,
  calls: ReadonlyArray<ToolCalled>,
  outcomes: ReadonlyArray<ToolOutcome>
) => {
  const call = Puppet.storedParts(
    Puppet.messageId(turn, number),
    calls.map((one) => ({ _tag: "ToolCall", ...one }))
  )
  const results = Puppet.storedParts(
    Puppet.messageId(turn, number + 1),
    outcomes.map(({ callId, failed, output }) => ({ _tag: "ToolResult", callId, failed, output }))
  )
  return [call, { ...results, message: { ...results.message, role: "tool" as const } }]
}

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
    const said = turn.past.flatMap((fact) => (fact._tag === "MessageStored" ? fact.message : []))
    let steps = turn.past.filter(({ _tag }) => _tag === "ModelCalled").length
    let draft = Option.getOrUndefined(Option.map(turn.draft, parseDraft))
    let line: Line | undefined
    while (true) {
      if (draft === undefined) {
        state.told = resultsOf(said)
        line = state.script.shift()
        if (line === undefined || typeof line === "string") break
        draft = line.map(({ input, tool }, n) => ({ callId: `c${steps}.${n}`, name: tool, input }))
      }
      const outcomes = yield* turn.callTools(draft, { foreign: steps > 0, draft })
      if (outcomes === "waiting") return "waiting"
      steps += 1
      const stored = stepOf(turn, said.length + 1, draft, outcomes)
      const isLast = steps === turn.template.maxSteps
      yield* turn.commit([Puppet.called(1), ...stored], isLast ? { stop: "max-steps" } : {})
      if (isLast) return "max-steps"
      said.push(...stored.map(({ message }) => message))
      draft = undefined
    }
    const id = Puppet.messageId(turn, said.length + 1)
    const text = line ?? `re: ${Puppet.heard(turn)}, and all that may be said of it`
    const reason = state.failing
    state.failing = undefined
    for (let offset = 0; offset < text.length; offset += 5) {
      yield* turn.emit(Puppet.piece(id, offset, text.slice(offset, offset + 5)))
      if (state.slow) yield* Effect.sleep(50)
      if (reason !== undefined && offset > 10) return yield* BackendError.because(reason)
    }
    yield* turn.commit([Puppet.called(1), Puppet.stored(id, text)], { stop: "answered" })
    return "answered"
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
  turns: { callsTools: true, run: (turn) => run(state, turn) }
})

const stateOf = Effect.sync(
  (): State => ({
    slow: false,
    failing: undefined,
    held: 0,
    agents: new Set(),
    script: [],
    told: []
  })
)

const whole: Change = (driver) => driver

/** The backend and its vendor; `change` spoils the driver. */
const fake = (change: Change): Layer.Layer<AgentBackend | Vendor> =>
  Layer.effectContext(
    Effect.map(stateOf, (state) =>
      Context.make(AgentBackend, change(driverOf(state), state)).pipe(
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
    )
  )

/** The same with an agent that follows a script. */
const scripted = (change: Change): NonNullable<BackendSubject["tools"]> =>
  Effect.map(stateOf, (state) => ({
    layer: AgentBackend.layer(Effect.sync(() => change(driverOf(state), state))),
    script: (...lines) => Effect.sync(() => void state.script.push(...lines)),
    told: Effect.sync(() => state.told)
  }))

/** All that the kit asks for. */
export const subject = (
  change: Change = whole
): BackendSubject & Required<Pick<BackendSubject, "vendor" | "tools">> => ({
  layer: fake(change),
  vendor: fake(change),
  tools: scripted(change)
})

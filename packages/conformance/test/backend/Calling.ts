/** Backends that break what is promised of tools and of approvals. */
import { Atrium } from "@atrium/core"
import { AgentBackend, type Running } from "@atrium/core/backend/AgentBackend"
import type { ToolOutcome } from "@atrium/core/tools/ToolSpec"
import type { Told } from "@atrium/core/turns/TurnFact"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import { type Change, subject } from "./Fake.ts"
import { driver, type Mutant, runs } from "./Mutant.ts"

/** A driver whose calls are changed. */
const calls = (
  name: string,
  fails: ReadonlyArray<string>,
  change: (turn: Running) => Running["callTools"]
): Mutant =>
  runs(name, fails, (turn, given) => given.turns.run({ ...turn, callTools: change(turn) }))

/** A driver that takes outcomes for other ones. */
const outcomes = (
  name: string,
  fails: ReadonlyArray<string>,
  change: (outcome: ToolOutcome) => ToolOutcome
): Mutant =>
  calls(name, fails, (turn) =>
    Effect.fnUntraced(function* (asked, step) {
      const ended = yield* turn.callTools(asked, step)
      return ended === "waiting" ? ended : ended.map(change)
    })
  )

const hasCall = (fact: Told): boolean =>
  fact._tag === "MessageStored" && fact.message.parts.some(({ _tag }) => _tag === "ToolCall")

const silent: Change = (given) => ({ ...given, turns: { run: given.turns.run } })

/** The rules about tools, but for `ADP-1a`. */
export const ofTools: ReadonlyArray<string> = [
  "TEN-7a",
  "TRN-11a",
  "TRN-11b",
  "TRN-11c",
  "TRN-6c",
  "TRN-7b",
  "TRN-7c",
  "TRN-7d",
  "TRN-9a"
]

const but = (...ids: ReadonlyArray<string>) => ofTools.filter((id) => !ids.includes(id))

export const calling: ReadonlyArray<Mutant> = [
  driver("calls tools and does not say so", ["ADP-1a", ...ofTools], silent),
  {
    name: "an app that opens over a backend without tools",
    fails: ["ADP-1a"],
    subject: {
      layer: subject(silent).layer,
      vendor: subject(silent).vendor,
      app: (agents, options) =>
        Atrium.layer(agents, options).pipe(
          Layer.provide(
            Layer.effect(
              AgentBackend,
              Effect.map(AgentBackend, (given) => ({
                ...given,
                turns: { ...given.turns, callsTools: true }
              }))
            )
          )
        )
    }
  },
  {
    name: "calls tools, and nobody is to prove it",
    fails: ["ADP-1a"],
    subject: { layer: subject().layer, vendor: subject().vendor }
  },
  calls(
    "each call is made twice",
    but("TRN-7c"),
    (turn) => (asked, step) =>
      Effect.map(
        turn.callTools(
          [...asked, ...asked.map((call) => ({ ...call, callId: `${call.callId} again` }))],
          step
        ),
        (ended) => (ended === "waiting" ? ended : ended.slice(0, asked.length))
      )
  ),
  driver(
    "tools are called for the turn that called one first",
    ["TEN-7a", "TRN-11b", "TRN-11c"],
    (given) => {
      let first: Running["callTools"] | undefined
      return {
        ...given,
        turns: {
          ...given.turns,
          run: (turn) => {
            first ??= turn.callTools
            return given.turns.run({ ...turn, callTools: first })
          }
        }
      }
    }
  ),
  calls(
    "a call cannot be interrupted",
    ["TRN-6c", "TRN-7d"],
    (turn) => (asked, step) => Effect.uninterruptible(turn.callTools(asked, step))
  ),
  calls(
    "nothing that was read is foreign",
    ["TRN-11c"],
    (turn) => (asked, step) => turn.callTools(asked, { ...step, foreign: false })
  ),
  calls(
    "everything that was read is foreign",
    ["TRN-11c"],
    (turn) => (asked, step) => turn.callTools(asked, { ...step, foreign: true })
  ),
  outcomes("the agent is told that all went well", ["TRN-11b", "TRN-7c", "TRN-7d"], (outcome) => ({
    ...outcome,
    failed: false
  })),
  outcomes("the agent is told no result", ["TEN-7a"], (outcome) => ({ ...outcome, output: null })),
  runs("a call that fails ends its turn", ["TRN-11b", "TRN-7c", "TRN-7d"], (turn, given) =>
    given.turns.run({
      ...turn,
      callTools: (asked, step) =>
        Effect.flatMap(turn.callTools(asked, step), (ended) =>
          ended !== "waiting" && ended.some(({ failed }) => failed)
            ? Effect.die(new Error("A tool failed."))
            : Effect.succeed(ended)
        )
    })
  ),
  runs("calls are stored before their results", ["TRN-7b"], (turn, given) =>
    given.turns.run({
      ...turn,
      commit: (facts, options) =>
        facts.some(hasCall)
          ? Effect.andThen(
              turn.commit(facts.filter(hasCall)),
              turn.commit(
                facts.filter((fact) => !hasCall(fact)),
                options
              )
            )
          : turn.commit(facts, options)
    })
  ),
  runs("results are stored without their calls", but("TRN-11c", "TRN-6c"), (turn, given) =>
    given.turns.run({
      ...turn,
      commit: (facts, options) =>
        turn.commit(
          facts.filter((fact) => !hasCall(fact)),
          options
        )
    })
  ),
  runs("a step that was begun is forgotten", ["TRN-11a", "TRN-11b", "TRN-7d"], (turn, given) =>
    given.turns.run({ ...turn, draft: Option.none() })
  ),
  driver("a step that was begun is kept in memory alone", ["TRN-11a", "TRN-7d"], (given) => {
    const drafts = new Map<string, Schema.Json>()
    return {
      ...given,
      turns: {
        ...given.turns,
        run: (turn) =>
          given.turns.run({
            ...turn,
            draft: Option.fromUndefinedOr(drafts.get(turn.turn.id)),
            callTools: (asked, step) =>
              Effect.suspend(() => {
                drafts.set(turn.turn.id, step.draft)
                return turn.callTools(asked, step)
              }),
            commit: (facts, options) =>
              Effect.suspend(() => {
                drafts.delete(turn.turn.id)
                return turn.commit(facts, options)
              })
          })
      }
    }
  }),
  runs("the ceiling of a template is ignored", ["TRN-9a"], (turn, given) => {
    const { maxSteps: _, ...template } = turn.template
    return given.turns.run({ ...turn, template })
  }),
  runs("a denial ends its turn as waiting", ["TRN-11b"], (turn, given) =>
    turn.past.some((fact) => fact._tag === "ApprovalResolved" && !fact.approved)
      ? Effect.succeed("waiting" as const)
      : given.turns.run(turn)
  )
]

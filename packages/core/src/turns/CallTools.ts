/**
 * The calls of one step: approvals first, then the intents of those with effects in one commit, then
 * the calls [TRN-7]. Nothing runs while a person still has to decide about any of them.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Schema from "effect/Schema"
import type { AgentDefinition } from "../agents/Definitions.ts"
import type { Running, ToolStep } from "../backend/AgentBackend.ts"
import { TurnError } from "../errors.ts"
import { AgentId, ConversationId, whyRefused } from "../ids.ts"
import { sealScope } from "../internal/sealed.ts"
import type { FactRecord } from "../storage/TurnStore.ts"
import { type Caller, Principal } from "../tenancy/Principal.ts"
import type { ToolCalled, ToolOutcome, ToolSpec } from "../tools/ToolSpec.ts"
import type { Registered } from "../tools/Tools.ts"
import type { Step } from "./CommitStep.ts"
import type { StepFact, TurnFact } from "./TurnFact.ts"
import type { TurnJob } from "./TurnJob.ts"
import { turnOf } from "./TurnReading.ts"

/** How long a request for approval stands, in milliseconds; after that it counts as denied. */
export const approvalMs = 86_400_000

/** Read-only calls of a step that run side by side. */
const sideBySide = 8

/** Most calls of one step. */
export const maximumCalls = 64

interface Parts {
  readonly tools: Registered
  readonly commit: (job: TurnJob, step: () => Step) => Effect.Effect<void, TurnError>
}

/** The tools that a template names, in its order. */
export const allowedTools = (
  { list }: Registered,
  names: ReadonlyArray<string> = []
): ReadonlyArray<ToolSpec> => names.flatMap((name) => list.find((spec) => spec.name === name) ?? [])

export const callTools =
  ({ commit, tools }: Parts) =>
  (
    job: TurnJob,
    { template }: AgentDefinition,
    user: Running["user"]
  ): ((
    calls: ReadonlyArray<ToolCalled>,
    step: ToolStep
  ) => Effect.Effect<ReadonlyArray<ToolOutcome> | "waiting", TurnError>) => {
    const allowed = allowedTools(tools, template.tools)
    const { conversation, live } = job
    const caller = narrowed(job.caller, template.scopes)
    const outcomeOf = ({ call, spec }: Known): Effect.Effect<ToolOutcome> => {
      const { callId } = call
      const decided = live.facts.find(
        (fact) => fact._tag === "ApprovalResolved" && fact.callId === callId
      )
      if (decided?._tag === "ApprovalResolved" && !decided.approved) {
        return Effect.succeed(denied(callId))
      }
      // Only an earlier run can have told an intent that is not this one's.
      if (spec.retry === "never" && job.inherited.has(callId)) {
        return Effect.succeed(unknown(callId))
      }
      return Effect.provideService(
        tools.call(call, {
          turn: turnOf(job.turn, true),
          agent: { id: AgentId(conversation.agentId), template: conversation.template },
          conversation: { id: ConversationId(conversation.id), key: conversation.key },
          user
        }),
        Principal,
        caller
      )
    }

    /** Noted as soon as it has ended: a cancel may come before the others have. */
    const run = (known: Known): Effect.Effect<ToolOutcome> =>
      Effect.tap(outcomeOf(known), (outcome) =>
        Effect.sync(() => job.outcomes.set(outcome.callId, outcome))
      )

    return Effect.fnUntraced(function* (calls, { draft, foreign }) {
      // A fiber that a driver left behind calls nothing for a turn that is over.
      if (live.ended || job.stopped !== undefined) return yield* Effect.interrupt
      const refused = whyInvalid(job, calls)
      if (refused !== undefined) {
        return yield* TurnError.because({ _tag: "Malformed", what: "A tool call" }, refused)
      }
      const known = calls.flatMap((call): ReadonlyArray<Known> => {
        const spec = allowed.find(({ name }) => name === call.name)
        return spec === undefined ? [] : [{ call, spec }]
      })
      const told = (tag: TurnFact["_tag"], callId: string): boolean =>
        live.facts.some((fact) => fact._tag === tag && "callId" in fact && fact.callId === callId)

      const asked = known.filter(
        ({ call, spec }) =>
          !told("ApprovalRequested", call.callId) &&
          // What may have run is no longer a person's to deny.
          !told("ToolStarted", call.callId) &&
          (spec.approval === "always" || (spec.approval === "after-foreign" && foreign))
      )
      if (asked.length > 0) {
        const expiresAt = (yield* Clock.currentTimeMillis) + approvalMs
        yield* commit(job, () => ({
          facts: asked.map(({ call: { callId, input, name } }) => ({
            _tag: "ApprovalRequested",
            callId,
            name,
            input,
            expiresAt
          })),
          draft,
          waiting: asked.map(({ call: { callId } }) => ({ callId, expiresAt }))
        }))
      }
      if (job.turn.waiting.length > 0) return "waiting"

      const intents = known.filter(
        ({ call, spec }) =>
          spec.retry !== "safe" &&
          !told("ToolStarted", call.callId) &&
          !isDenied(live.facts, call.callId)
      )
      if (intents.length > 0) {
        yield* commit(job, () => ({
          facts: intents.map(({ call: { callId, name } }) => ({
            _tag: "ToolStarted",
            callId,
            name
          })),
          draft
        }))
      }

      // However often a driver asks, none is made twice.
      const again = known.find(({ call }) => job.calls.has(call.callId))
      if (again !== undefined) {
        return yield* TurnError.because(
          { _tag: "Malformed", what: "A tool call" },
          madeBefore(again.call.callId)
        )
      }
      for (const { call } of known) job.calls.set(call.callId, call)
      const safe = known.filter(({ spec }) => spec.retry === "safe")
      const others = known.filter(({ spec }) => spec.retry !== "safe")
      const read = yield* Effect.forEach(safe, run, { concurrency: sideBySide })
      const written = yield* Effect.forEach(others, run)
      const byId = new Map([...read, ...written].map((outcome) => [outcome.callId, outcome]))
      return calls.map((call) => {
        const { callId, name } = call
        const outcome = byId.get(callId) ?? unknownTool(callId, name, allowed)
        job.calls.set(callId, call)
        job.outcomes.set(callId, outcome)
        return outcome
      })
    })
  }

interface Known {
  readonly call: ToolCalled
  readonly spec: ToolSpec
}

const isDenied = (facts: ReadonlyArray<TurnFact>, callId: string): boolean =>
  facts.some((fact) => fact._tag === "ApprovalResolved" && fact.callId === callId && !fact.approved)

/** What the caller and the agent may both do: a tool is never wider than either. */
const narrowed = (caller: Caller, scopes: ReadonlyArray<string> | undefined): Caller =>
  scopes === undefined
    ? caller
    : sealScope(
        caller.tenantId,
        caller.userId,
        new Set([...caller.scopes].filter((scope) => scopes.includes(scope)))
      )

const isJson = Schema.is(Schema.Json)

const madeBefore = (callId: string): string =>
  `The tool call "${callId}" has been made before in this turn.`

/**
 * Why core takes none of these calls: their ids name them in facts, so each is new and its own. One
 * that an earlier run told of is still the same, or what a person approved would be another call.
 */
const whyInvalid = (job: TurnJob, calls: ReadonlyArray<ToolCalled>): string | undefined => {
  if (calls.length > maximumCalls) {
    return `The model asked for ${calls.length} tool calls in one step; at most ${maximumCalls} are made.`
  }
  const ids = new Set(calls.map(({ callId }) => callId))
  if (ids.size < calls.length) return "Two tool calls of one step have the same id."
  for (const { callId, input, name } of calls) {
    const why = whyRefused("The id of a tool call", callId)
    if (why !== undefined) return why
    if (!isJson(input)) return `The input of the tool call "${callId}" is no JSON.`
    for (const fact of job.live.facts) {
      if (!("callId" in fact) || fact.callId !== callId) continue
      if (fact._tag === "ToolFinished") return madeBefore(callId)
      const differs =
        ("name" in fact && fact.name !== name) ||
        ("input" in fact && !Equal.equals(fact.input, input))
      if (differs) return `The tool call "${callId}" is not the one that was begun under this id.`
    }
  }
  return undefined
}

const denied = (callId: string): ToolOutcome => ({
  callId,
  output: { error: "A person denied this call. It was not made." },
  failed: true,
  outcome: "denied"
})

const unknown = (callId: string): ToolOutcome => ({
  callId,
  output: {
    error:
      "The outcome of this call is unknown: the process died while it may have run. It is not made again. Tell the user, and find out before you try anew."
  },
  failed: true,
  outcome: "unknown"
})

const unknownTool = (
  callId: string,
  name: string,
  allowed: ReadonlyArray<ToolSpec>
): ToolOutcome => ({
  callId,
  output: {
    error: `There is no tool "${name.slice(0, 64)}". There are: ${allowed.map((spec) => spec.name).join(", ") || "none"}.`
  },
  failed: true,
  outcome: "failed"
})

/**
 * The facts of a driver's commit with what core knows of its tools: the outcome of each call whose
 * result is stored, before the message that holds it.
 */
export const withOutcomes = (
  { calls, live, outcomes }: TurnJob,
  facts: ReadonlyArray<StepFact>
): ReadonlyArray<StepFact> =>
  facts.flatMap((fact): ReadonlyArray<StepFact> => {
    if (fact._tag !== "MessageStored") return [fact]
    const finished = fact.message.parts.flatMap((part): ReadonlyArray<StepFact> => {
      if (part._tag !== "ToolResult") return []
      const { callId } = part
      const known = outcomes.get(callId)
      const call = calls.get(callId)
      const told = live.facts.some((past) => past._tag === "ToolFinished" && past.callId === callId)
      if (known === undefined || call === undefined || told) return []
      const started = live.facts.some(
        (past) => past._tag === "ToolStarted" && past.callId === callId
      )
      const { outcome } = known
      const { name } = call
      return [
        ...(started || outcome === "denied"
          ? []
          : [{ _tag: "ToolStarted" as const, callId, name }]),
        { _tag: "ToolFinished", callId, outcome }
      ]
    })
    return [...finished, fact]
  })

type Finished = Extract<StepFact, { readonly _tag: "ToolFinished" }>

/**
 * Intents without an outcome: what a turn that ends now has to tell of its tools. What nobody knows
 * is `unknown`; `outcomes`: those that are known, though their results are not stored.
 */
export const leftOpen = (
  facts: ReadonlyArray<TurnFact | FactRecord>,
  outcomes: TurnJob["outcomes"]
): ReadonlyArray<Finished> => {
  const finished = new Set(
    facts.flatMap((fact) => (fact._tag === "ToolFinished" ? fact.callId : []))
  )
  return facts.flatMap((fact): ReadonlyArray<Finished> => {
    if (fact._tag !== "ToolStarted" || finished.has(fact.callId)) return []
    const { callId } = fact
    return [{ _tag: "ToolFinished", callId, outcome: outcomes.get(callId)?.outcome ?? "unknown" }]
  })
}

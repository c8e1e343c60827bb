/** The last steps that core writes: what a turn ends with that its backend did not end itself. */
import { assistantMessage, type Message, type Part, toolMessage } from "../conversations/Message.ts"
import type { BackendError, StorageError, TurnError } from "../errors.ts"
import type { ToolOutcome } from "../tools/ToolSpec.ts"
import { leftOpen } from "./CallTools.ts"
import { type Step, usageWith } from "./CommitStep.ts"
import type { StopReason } from "./Turn.ts"
import type { StepFact } from "./TurnFact.ts"
import type { TurnJob } from "./TurnJob.ts"

export const finished = (job: TurnJob, stop: StopReason, facts: Step["facts"]) =>
  ({ _tag: "TurnFinished", stop, usage: usageWith(job.turn, facts) }) as const

export const failed = (job: TurnJob, error: BackendError | TurnError | StorageError): Step => ({
  facts: [
    ...leftOpen(job.live.facts, job.outcomes),
    { _tag: "TurnFailed", reason: error.reason, message: error.message, usage: job.turn.usage }
  ]
})

const stored = (message: Message): StepFact => ({ _tag: "MessageStored", message })

const stopped = (callId: string): ToolOutcome => ({
  callId,
  output: {
    error:
      "The outcome of this call is unknown: the turn was cancelled while it ran. Find out before you try anew."
  },
  failed: true,
  outcome: "unknown"
})

/**
 * What was written so far is kept and marked, and with it the calls that this run began and whose
 * results are not stored: the next prompt must know of what was done [TRN-7].
 */
export const cancelled = (job: TurnJob): Step => {
  const { calls, live, outcomes, turn } = job
  const open = leftOpen(live.facts, outcomes)
  const made = open.flatMap(({ callId }) => calls.get(callId) ?? [])
  const called = made.map(
    ({ callId, input, name }): Part => ({ _tag: "ToolCall", callId, name, input })
  )
  const written = live.partials()
  const last = written.at(-1) ?? { id: `${turn.id}-${turn.attempt}.calls`, parts: [] }
  const said = [...written.slice(0, -1), { ...last, parts: [...last.parts, ...called] }]
    .filter(({ parts }) => parts.length > 0)
    .map(({ id, parts }) => ({ ...assistantMessage(id, parts), partial: true }))
  const results = made.map(({ callId }) => outcomes.get(callId) ?? stopped(callId))
  return {
    facts: [
      ...said.map(stored),
      ...open,
      ...(results.length === 0
        ? []
        : [stored(toolMessage(`${turn.id}-${turn.attempt}.results`, results))]),
      finished(job, "cancelled", [])
    ],
    despiteCancel: true
  }
}

/** A turn as a page shows it: what was asked, what came of it so far. */
import type { Message } from "@atrium/core/conversations/Message"

/**
 * - `queued`: behind another turn. `waiting`: for a person's decision on a tool call.
 * - `stopped`: ended before its answer was whole, on wish or by a limit; what was written is kept.
 */
export type TurnState =
  | "sending"
  | "queued"
  | "running"
  | "waiting"
  | "answered"
  | "stopped"
  | "failed"

/** A tool that the agent used. `input` and `output`: JSON as text, made to be read. */
export interface ToolUse {
  readonly callId: string
  readonly name: string
  readonly state: "running" | "waiting" | "done" | "failed" | "stopped"
  readonly input: string
  readonly output?: string
}

/** What the answer rests on: `[number]` in its text. */
export interface Citation {
  readonly number: number
  readonly passageId: string
  readonly title: string
  readonly quote: string
}

/**
 * - `id`: of the turn; while it is being sent, of the send.
 * - `answer`: Markdown of the agent: untrusted, so render it without raw HTML and remote images.
 * - `why`: what a failed or stopped turn says of its end, for people.
 * - `at`: when it was asked, in milliseconds since 1970; 0 while that is not known.
 */
export interface ShownTurn {
  readonly id: string
  readonly question: string
  readonly answer: string
  readonly tools: ReadonlyArray<ToolUse>
  readonly citations: ReadonlyArray<Citation>
  readonly state: TurnState
  readonly why?: string
  readonly at: number
}

/** Whether something may still come of it. */
export const isOpen = ({ state }: ShownTurn): boolean =>
  state === "sending" || state === "queued" || state === "running" || state === "waiting"

/** A turn of which nothing but the question is known. */
export const asked = (id: string, question: string, state: TurnState, at = 0): ShownTurn => ({
  id,
  question,
  answer: "",
  tools: [],
  citations: [],
  state,
  at
})

/** Texts of a turn's messages, in their order, as one. */
export const joined = (texts: Iterable<string>): string =>
  [...texts].filter((text) => text.trim() !== "").join("\n\n")

export const shownJson = (json: unknown): string =>
  typeof json === "string" ? json : JSON.stringify(json, null, 2)

export const textIn = ({ parts }: Message): string =>
  parts.reduce((text, part) => (part._tag === "Text" ? text + part.text : text), "")

/** The tools with one more result. */
export const withResult = (
  tools: ReadonlyArray<ToolUse>,
  callId: string,
  result: Pick<ToolUse, "state" | "output">
): ReadonlyArray<ToolUse> =>
  tools.map((tool) => (tool.callId === callId ? { ...tool, ...result } : tool))

/** The tools with one call more, or told anew. */
export const withCall = (
  tools: ReadonlyArray<ToolUse>,
  call: { readonly callId: string; readonly name: string; readonly input: string }
): ReadonlyArray<ToolUse> =>
  tools.some(({ callId }) => callId === call.callId)
    ? tools.map((tool) => (tool.callId === call.callId ? { ...tool, ...call } : tool))
    : [...tools, { ...call, state: "running" }]

/** What a stored message adds to the tools and citations of its turn. */
export const withParts = (turn: ShownTurn, { parts }: Message): ShownTurn => {
  let { citations, tools } = turn
  for (const part of parts) {
    if (part._tag === "ToolCall") {
      tools = withCall(tools, { ...part, input: shownJson(part.input) })
    }
    if (part._tag === "ToolResult") {
      tools = withResult(tools, part.callId, {
        state: part.failed ? "failed" : "done",
        output: shownJson(part.output)
      })
    }
    if (part._tag === "Citation" && !citations.some(({ number }) => number === part.number)) {
      citations = [...citations, part]
    }
  }
  return { ...turn, citations, tools }
}

/** The turn at its end: what still ran was stopped with it. */
export const ended = (turn: ShownTurn, state: TurnState, why?: string): ShownTurn => ({
  ...turn,
  state,
  ...(why === undefined ? {} : { why }),
  tools: turn.tools.map((tool) =>
    tool.state === "running" || tool.state === "waiting" ? { ...tool, state: "stopped" } : tool
  )
})

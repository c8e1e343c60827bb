/**
 * What is true of a turn: facts are rows, written in the transaction that makes them true, and
 * numbered by core without a gap from 1 [TRN-1]. `TurnStarted` comes first; exactly one
 * `TurnFinished` or `TurnFailed` comes last. `at`: milliseconds since 1970.
 */
import * as Schema from "effect/Schema"
import { Message } from "../conversations/Message.ts"
import { Reason } from "../errors.ts"
import { StopReason } from "./Turn.ts"
import { Usage } from "./Usage.ts"

const S = Schema.String
const N = Schema.Int
const numbered = { sequence: N, at: N }

export const TurnStarted = Schema.TaggedStruct("TurnStarted", {
  ...numbered,
  turnId: S,
  conversationId: S,
  agentId: S,
  input: Message
})
/** One model call and what it used. `purpose`: "chat" for a step, "failed" for a try that was paid. */
export const ModelCalled = Schema.TaggedStruct("ModelCalled", {
  ...numbered,
  purpose: S,
  model: S,
  usage: Usage,
  finish: S
})
export const MessageStored = Schema.TaggedStruct("MessageStored", { ...numbered, message: Message })
/** The intent to run a tool with effects, committed before it runs. */
export const ToolStarted = Schema.TaggedStruct("ToolStarted", { ...numbered, callId: S, name: S })
/** `unknown`: it may have run before a crash and is not run again. */
export const ToolFinished = Schema.TaggedStruct("ToolFinished", {
  ...numbered,
  callId: S,
  outcome: Schema.Literals(["done", "failed", "timed-out", "denied", "unknown"])
})
export const ApprovalRequested = Schema.TaggedStruct("ApprovalRequested", {
  ...numbered,
  callId: S,
  name: S,
  input: Schema.Json,
  expiresAt: N
})
export const ApprovalResolved = Schema.TaggedStruct("ApprovalResolved", {
  ...numbered,
  callId: S,
  approved: Schema.Boolean,
  by: S
})
export const BlockEdited = Schema.TaggedStruct("BlockEdited", {
  ...numbered,
  blockId: S,
  revision: N
})
export const TurnFinished = Schema.TaggedStruct("TurnFinished", {
  ...numbered,
  stop: StopReason,
  usage: Usage
})
export const TurnFailed = Schema.TaggedStruct("TurnFailed", {
  ...numbered,
  reason: Reason,
  message: S,
  usage: Usage
})

export const TurnFact = Schema.Union([
  TurnStarted,
  ModelCalled,
  MessageStored,
  ToolStarted,
  ToolFinished,
  ApprovalRequested,
  ApprovalResolved,
  BlockEdited,
  TurnFinished,
  TurnFailed
])
export type TurnFact = typeof TurnFact.Type

type Without<F> = F extends TurnFact ? Omit<F, "sequence" | "at"> : never

/** A fact before core has numbered it. */
export type NewFact = Without<TurnFact>

/** A fact of a running turn: `TurnStarted` is told by the turn's own row, written at begin. */
export type StepFact = Exclude<NewFact, { readonly _tag: "TurnStarted" }>

/** What a backend may tell: turns and approvals are core's to write. */
export type Told = Without<
  Exclude<TurnFact, { readonly _tag: `Turn${string}` | `Approval${string}` }>
>

/** True for the fact that ends its turn. */
export const isEnd = (fact: { readonly _tag: string }): boolean =>
  fact._tag === "TurnFinished" || fact._tag === "TurnFailed"

/**
 * A backend whose agents live in another process, behind HTTP: the shape of a vendor's adapter, over
 * `@atrium/testing/RemoteServer`. Facts are committed only after the server confirmed them; a turn
 * that is run again is looked up by its id and not asked anew, so a crash of either side leaves one
 * answer.
 */
import { AgentBackend, type AgentDriver, type Running } from "@atrium/core/backend/AgentBackend"
import { textOf } from "@atrium/core/conversations/Message"
import { BackendError, type TurnError } from "@atrium/core/errors"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type Lines, makeClient } from "./internal/remote/client.ts"
import type { Line } from "./internal/remote/protocol.ts"

/** Where the server is, and how long it may take. */
export interface Options {
  /** As in `http://127.0.0.1:4020`. */
  readonly url: string
  /** How long the server may be silent. Default 10 s. */
  readonly timeoutMs?: number
  /** How long a turn may take. Default 120 s. */
  readonly turnMs?: number
}

/** What the server says in one turn, kept to what is not stored yet. */
const answered = Effect.fnUntraced(function* (
  turn: Running,
  { next }: Lines
): Effect.fn.Return<"answered", BackendError | TurnError> {
  const stored = new Set(
    turn.past.flatMap((fact) => (fact._tag === "MessageStored" ? fact.message.id : []))
  )
  const wrong = (what: string) => BackendError.because({ _tag: "Malformed", what })
  let id = ""
  let text = ""
  /** The message that waits for its commit: the last one is committed with the end. */
  let whole: { readonly id: string; readonly text: string } | undefined
  const facts = ({ id: messageId, text: said }: NonNullable<typeof whole>) => [
    {
      _tag: "MessageStored" as const,
      message: {
        id: messageId,
        role: "assistant" as const,
        parts: [{ _tag: "Text" as const, text: said }],
        turnId: turn.turn.id,
        at: 0,
        partial: false
      }
    }
  ]
  while (true) {
    const line: Line = yield* next
    switch (line._tag) {
      case "Ping":
        break
      case "Delta":
        if (line.id !== id) {
          if (text !== "") return yield* wrong("The remote server's answer (a message without end)")
          id = line.id
        }
        if (line.offset !== text.length) {
          return yield* wrong("The remote server's answer (a piece is missing)")
        }
        text += line.text
        if (stored.has(id)) break
        if (whole !== undefined) yield* turn.commit(facts(whole))
        whole = undefined
        yield* turn.emit({
          _tag: "TextDelta",
          messageId: id,
          part: 0,
          offset: line.offset,
          text: line.text
        })
        break
      case "Message":
        if (line.id !== id || line.text !== text) {
          return yield* wrong("The remote server's answer (a message is not its pieces)")
        }
        text = ""
        if (!stored.has(id)) whole = { id, text: line.text }
        break
      case "Failed":
        return yield* BackendError.because(
          { _tag: "Gone", what: "turn at the remote server" },
          `The remote server stopped the turn: ${line.why}. Send the message again as a new turn.`
        )
      case "Done":
        if (text !== "") return yield* wrong("The remote server's answer (a message without end)")
        yield* turn.commit(
          [
            {
              _tag: "ModelCalled",
              purpose: "chat",
              model: "remote/model",
              usage: {
                input: line.input,
                cached: 0,
                output: line.output,
                reasoning: 0,
                microUsd: null
              },
              finish: "stop"
            },
            ...(whole === undefined ? [] : facts(whole))
          ],
          { stop: "answered" }
        )
        return "answered"
    }
  }
})

/** The driver over the server at `url`. */
export const make = ({ timeoutMs = 10_000, turnMs = 120_000, url }: Options): AgentDriver => {
  const client = makeClient({ url, timeoutMs })
  const make = (path: ReadonlyArray<string>) =>
    Effect.flatMap(client.call("PUT", path), client.made)

  /**
   * Asks. Core runs one turn of a conversation at a time, so a turn that is in the way at the server
   * has ended here, and the server did not hear it: it is stopped there first.
   */
  const ask = (turn: Running): Effect.Effect<Lines, BackendError, Scope.Scope> => {
    const path = ["conversations", turn.conversationRef, "turns"]
    const once = client.lines("POST", [...path, turn.turn.id], turnMs, {
      text: textOf(turn.input)
    })
    return once.pipe(
      Effect.catchIf(
        ({ reason }) => reason._tag === "Busy",
        () => Effect.andThen(client.call("DELETE", path), once)
      )
    )
  }

  /** Asks, or, in a run after a crash, first looks whether the server knows the turn. */
  const asked = (turn: Running): Effect.Effect<Lines, BackendError, Scope.Scope> =>
    turn.attempt === 0
      ? ask(turn)
      : client.lines("GET", ["turns", turn.turn.id], turnMs).pipe(
          Effect.catchIf(
            ({ reason }) => reason._tag === "NotFound",
            () => ask(turn)
          )
        )

  /** Tells the server to stop; where it does not hear it, the next `ask` does it again. */
  const stop = (turn: Running) => Effect.ignore(client.call("DELETE", ["turns", turn.turn.id]))

  return {
    name: "remote",
    agents: {
      provision: ({ agentId }) => make(["agents", agentId]),
      open: ({ ref }, conversation) => make(["agents", ref, "conversations", conversation]),
      delete: ({ ref }) => Effect.asVoid(client.call("DELETE", ["agents", ref]))
    },
    turns: {
      run: (turn) =>
        Effect.flatMap(asked(turn), (lines) => answered(turn, lines)).pipe(
          Effect.onExit((exit) => {
            if (Exit.isSuccess(exit)) return Effect.void
            // Where another process goes on with the turn, the server must, too.
            if (Cause.hasInterrupts(exit.cause)) {
              return Effect.flatMap(turn.abandoned, (over) => (over ? stop(turn) : Effect.void))
            }
            return stop(turn)
          })
        )
    }
  }
}

/** The backend over the server at `url`. */
export const layer = (options: Options): Layer.Layer<AgentBackend> =>
  AgentBackend.layer(Effect.sync(() => make(options)))

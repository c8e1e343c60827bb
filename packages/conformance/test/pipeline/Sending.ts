/** Sends, cancels and limits that are not what was said. */

import { TurnError } from "@atrium/core/errors"
import { none } from "@atrium/core/turns/Usage"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { type Mutant, plan, turns } from "./Mutant.ts"

const wide = { turns: 1_000_000, windowMs: 1 }

export const sending: ReadonlyArray<Mutant> = [
  turns(
    "ids of sends are ignored",
    ["ISO-1b", "ISO-2a", "TRN-3a", "TRN-3b", "TRN-3c", "TRN-3d", "TRN-3e", "TRN-3f"],
    (all) => ({
      ...all,
      send: ({ id: _, ...input }) => all.send(input),
      ask: ({ id: _, ...input }) => all.ask(input),
      stream: ({ id: _, ...input }) => all.stream(input)
    })
  ),
  turns("a repeated id with other content is answered from the first turn", ["TRN-3c"], (all) => ({
    ...all,
    send: (input) =>
      Effect.catchIf(
        all.send(input),
        ({ reason }) => reason._tag === "Conflict",
        () => all.send({ conversation: input.conversation, text: input.text })
      )
  })),
  plan("a replay is answered for ever", ["TRN-3d"], (given) => ({ ...given, replayMs: 1e15 })),
  plan("any number may wait", ["TRN-4b"], (given) => ({ ...given, waiting: 1000 })),
  plan(
    "users have no limit",
    ["ISO-1b", "ISO-2a", "TEN-2a", "TEN-2b", "TEN-2c", "TRN-3f"],
    (given) => ({ ...given, user: wide })
  ),
  plan("tenants have no limit", ["TEN-2c"], ({ tenant: _, ...given }) => given),
  turns("every send queues", ["TRN-11a", "TRN-11e", "TRN-4c", "TRN-4d", "TRN-8g"], (all) => ({
    ...all,
    send: (input) => all.send({ ...input, onBusy: "queue" }),
    ask: (input) => all.ask({ ...input, onBusy: "queue" })
  })),
  turns(
    "every send interrupts",
    [
      "TRN-11a",
      "TRN-11f",
      "TRN-4a",
      "TRN-4b",
      "TRN-4c",
      "TRN-4f",
      "TRN-6a",
      "TRN-6d",
      "TRN-6e",
      "TRN-6i",
      "TRN-7a",
      "TRN-7d",
      "TRN-8c",
      "TRN-8e",
      "TRN-8f",
      "TRN-8h"
    ],
    (all) => ({
      ...all,
      send: (input) => all.send({ ...input, onBusy: "interrupt" }),
      ask: (input) => all.ask({ ...input, onBusy: "interrupt" })
    })
  ),
  turns(
    "a client that leaves cancels",
    ["TRN-1b", "TRN-1c", "TRN-1e", "TRN-2a", "TRN-2b", "TRN-2c", "TRN-2d", "TRN-6a"],
    (all) => ({
      ...all,
      stream: (input) => {
        let id: string | undefined
        return all.stream(input).pipe(
          Stream.tap((event) =>
            Effect.sync(() => {
              if (event._tag === "TurnStarted") id = event.turnId
            })
          ),
          Stream.ensuring(
            Effect.suspend(() =>
              id === undefined
                ? Effect.void
                : Effect.ignore(
                    Effect.flatMap(all.send({ ...input, onBusy: "interrupt" }), (turn) =>
                      all.cancel(turn.id)
                    )
                  )
            )
          )
        )
      }
    })
  ),
  turns(
    "cancel does nothing",
    [
      "TRN-11e",
      "TRN-3e",
      "TRN-6c",
      "TRN-6d",
      "TRN-6e",
      "TRN-6g",
      "TRN-6h",
      "TRN-6i",
      "TRN-7i",
      "TRN-7j",
      "TRN-8b",
      "TRN-8c"
    ],
    (all) => ({ ...all, cancel: () => Effect.void })
  ),
  turns("cancel never says that it came too late", ["TRN-6c", "TRN-6e", "TRN-6h"], (all) => ({
    ...all,
    cancel: (id) => Effect.ignore(all.cancel(id))
  })),
  turns(
    "cancel always says that it came too late",
    [
      "TRN-11e",
      "TRN-3e",
      "TRN-6c",
      "TRN-6d",
      "TRN-6g",
      "TRN-6h",
      "TRN-6i",
      "TRN-7i",
      "TRN-7j",
      "TRN-8b",
      "TRN-8c"
    ],
    (all) => ({
      ...all,
      cancel: (id) =>
        Effect.andThen(
          all.cancel(id),
          Effect.fail(TurnError.because({ _tag: "Conflict", what: "turn", revision: null }))
        )
    })
  ),
  turns("one answer at a time, whatever the conversation", ["TRN-5a", "TRN-5b"], (all) => {
    const one = Semaphore.makeUnsafe(1)
    return { ...all, ask: (input) => one.withPermits(1)(all.ask(input)) }
  }),
  turns(
    "a sender that is interrupted cancels half",
    [
      "MEM-7a",
      "SRC-2",
      "SRC-4",
      "TEN-2a",
      "TEN-2b",
      "TEN-2c",
      "TRN-4c",
      "TRN-4d",
      "TRN-4f",
      "TRN-5a",
      "TRN-5b",
      "TRN-6a",
      "TRN-6e",
      "TRN-6g",
      "TRN-6h",
      "TRN-6i",
      "TRN-6j",
      "TRN-7a",
      "TRN-7b",
      "TRN-8c"
    ],
    (all) => ({
      ...all,
      ask: (input) =>
        Effect.flatMap(all.send(input), (turn) =>
          Effect.onInterrupt(all.ask({ ...input }), () => Effect.ignore(all.cancel(turn.id)))
        )
    })
  ),
  turns("no text is an empty text", ["TRN-10c"], (all) => ({
    ...all,
    ask: (input) =>
      Effect.catchIf(
        all.ask(input),
        ({ reason }) => reason._tag === "NoAnswer",
        () =>
          Effect.succeed({
            text: "",
            usage: none,
            message: { id: "", role: "assistant", parts: [], turnId: "", at: 0, partial: false }
          } as const)
      )
  })),
  turns("sends are logged with their text", ["SRC-8", "ISO-4"], (all) => ({
    ...all,
    send: (input) => Effect.andThen(Effect.logInfo(`turn sent: ${input.text}`), all.send(input))
  }))
]

/** The backend of the lives with tools and memory: the native one over `Model.ts`, and broken ones. */
import * as Native from "@atrium/backend-native/Native"
import { AgentBackend, type AgentDriver, type Running } from "@atrium/core/backend/AgentBackend"
import type { BackendError } from "@atrium/core/errors"
import { Storage } from "@atrium/core/storage/Storage"
import { LanguageModel } from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Model from "./Model.ts"
import type { House } from "./Script.ts"

/** Stores results, and forgets the message that called. */
const callless =
  (turn: Running): Running["commit"] =>
  (facts, options) =>
    turn.commit(
      facts.filter(
        (fact) =>
          fact._tag !== "MessageStored" ||
          !fact.message.parts.some(({ _tag }) => _tag === "ToolCall")
      ),
      options
    )

/** Writes what was remembered a little after the step that tells of it. */
const torn =
  (storage: Storage["Service"]) =>
  (turn: Running): Running["commit"] =>
  (facts, { stop, writes = Effect.void } = {}) =>
    turn
      .commit(facts, stop === undefined ? {} : { stop })
      .pipe(Effect.andThen(Effect.sleep(3)), Effect.andThen(Effect.orDie(storage.transact(writes))))

const committing = (
  driver: AgentDriver,
  commit: (turn: Running) => Running["commit"]
): AgentDriver => ({
  ...driver,
  turns: { ...driver.turns, run: (turn) => driver.turns.run({ ...turn, commit: commit(turn) }) }
})

/** @param run of the house, which tells its texts from those of others */
export const layer = (
  { mutant }: House,
  run: number
): Layer.Layer<AgentBackend, BackendError, Storage> =>
  AgentBackend.layer(
    Effect.gen(function* () {
      const storage = yield* Storage
      const driver = yield* Native.make({})
      if (mutant === "callless") return committing(driver, callless)
      return mutant === "torn-memory" ? committing(driver, torn(storage)) : driver
    })
  ).pipe(Layer.provide(Layer.effect(LanguageModel, Model.make(run))))

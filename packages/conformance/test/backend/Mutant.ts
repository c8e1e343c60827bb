/** Backends that are broken on purpose, each with the rules it must fail. */
import type { BackendSubject } from "@atrium/conformance"
import type { App } from "@atrium/conformance/pipeline/House"
import { Atrium } from "@atrium/core"
import type { AgentDriver, Running } from "@atrium/core/backend/AgentBackend"
import { Turns } from "@atrium/core/turns/Turns"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Broken } from "../Trial.ts"
import { type Change, type State, subject } from "./Fake.ts"

export interface Mutant extends Broken {
  readonly subject: BackendSubject
}

export const driver = (name: string, fails: ReadonlyArray<string>, change: Change): Mutant => ({
  name,
  fails,
  subject: subject(change)
})

/** A driver whose runs are changed. */
export const runs = (
  name: string,
  fails: ReadonlyArray<string>,
  change: (
    turn: Running,
    driver: AgentDriver,
    state: State
  ) => ReturnType<AgentDriver["turns"]["run"]>
): Mutant =>
  driver(name, fails, (given, state) => ({
    ...given,
    turns: { ...given.turns, run: (turn) => change(turn, given, state) }
  }))

export const app = (name: string, fails: ReadonlyArray<string>, layer: App): Mutant => ({
  name,
  fails,
  subject: { ...subject(), app: layer }
})

export const turns = (
  name: string,
  fails: ReadonlyArray<string>,
  change: (turns: Turns["Service"]) => Turns["Service"]
): Mutant =>
  app(name, fails, (agents, options) =>
    Layer.effect(Turns, Effect.map(Turns, change)).pipe(
      Layer.provideMerge(Atrium.layer(agents, options))
    )
  )

import { TurnError } from "@atrium/core/errors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Mutant, running } from "./Mutant.ts"

export const runs: ReadonlyArray<Mutant> = [
  running("commits after the end are accepted", ["TRN-1b"], (turn, driver) =>
    driver.turns.run({ ...turn, commit: (facts, more) => Effect.ignore(turn.commit(facts, more)) })
  ),
  running("of commits at once some are lost", ["TRN-1c"], (turn, driver) => {
    let busy = false
    return driver.turns.run({
      ...turn,
      commit: (facts, more) =>
        Effect.suspend(() => {
          if (busy) return Effect.void
          busy = true
          return Effect.ensuring(
            turn.commit(facts, more),
            Effect.sync(() => {
              busy = false
            })
          )
        })
    })
  }),
  running(
    "a run that dies or stops itself hangs",
    ["SRC-2", "TRN-10a", "TRN-10b", "TRN-10c", "TRN-1d", "TRN-1e", "TRN-3b", "TRN-7e"],
    (turn, driver) => Effect.catchCause(driver.turns.run(turn), () => Effect.never)
  ),
  running(
    "what fails after the end fails the turn, so it is run again",
    ["TRN-1b", "TRN-1e"],
    (turn, driver) =>
      driver.turns.run({
        ...turn,
        commit: (facts, more) => turn.commit(facts, more === undefined ? more : {})
      })
  ),
  running(
    "a backend is not interrupted",
    [
      "TRN-3e",
      "TRN-4d",
      "TRN-6c",
      "TRN-6g",
      "TRN-6i",
      "TRN-7a",
      "TRN-7b",
      "TRN-7c",
      "TRN-7g",
      "TRN-7h",
      "TRN-7i",
      "TRN-7j"
    ],
    (turn, driver) => Effect.uninterruptible(driver.turns.run(turn))
  ),
  {
    ...running("a run does not know what was committed before", ["TRN-7c"], (turn, driver) =>
      driver.turns.run({ ...turn, past: [] })
    ),
    // Where the process dies decides whether a run had committed anything.
    mayFail: ["TRN-7d"]
  },
  running("a run sees no user", ["SRC-4"], (turn, driver) =>
    driver.turns.run({ ...turn, user: Option.none() })
  ),
  running(
    "the vendor's reason is lost",
    ["SRC-2", "TRN-10a", "TRN-10c", "TRN-1d", "TRN-3b", "TRN-7e"],
    (turn, driver) =>
      Effect.catchCause(driver.turns.run(turn), () =>
        Effect.fail(TurnError.because({ _tag: "Crashed", times: 1 }))
      )
  )
]

/** Every backend that is broken on purpose. */
import { Puppet } from "@atrium/conformance"
import { Atrium } from "@atrium/core"
import { TurnError } from "@atrium/core/errors"
import { Limits } from "@atrium/core/tenancy/Limits"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { calling, ofTools } from "./Calling.ts"
import { app, driver, type Mutant, runs, turns } from "./Mutant.ts"

let made = 0
const anew = Effect.sync(() => `ref ${made++}`)

export const mutants: ReadonlyArray<Mutant> = [
  ...calling,
  driver("an agent is made anew each time", ["TEN-1a"], (given, { agents }) => ({
    ...given,
    agents: {
      ...given.agents,
      provision: () => Effect.tap(anew, (ref) => Effect.sync(() => agents.add(ref)))
    }
  })),
  driver("a conversation is opened anew each time", ["TEN-1a"], (given) => ({
    ...given,
    agents: { ...given.agents, open: () => anew }
  })),
  driver("all agents are one", ["TEN-1b", "TEN-1d"], (given) => ({
    ...given,
    agents: { ...given.agents, provision: () => Effect.succeed("the one") }
  })),
  driver("what is gone cannot be deleted", ["TEN-1b"], (given, { agents }) => ({
    ...given,
    agents: {
      ...given.agents,
      delete: (agent) =>
        agents.has(agent.agentId) ? given.agents.delete(agent) : Effect.die("no such agent")
    }
  })),
  driver("two agents are made for each", ["TEN-1d"], (given, { agents }) => ({
    ...given,
    agents: {
      ...given.agents,
      provision: (agent, template) =>
        Effect.tap(given.agents.provision(agent, template), () =>
          Effect.sync(() => agents.add(`${agent.agentId} again`))
        )
    }
  })),
  driver(
    "agents of users are not made",
    [
      "ADP-2a",
      "ADP-3a",
      "ADP-3b",
      "ISO-1b",
      "ISO-2a",
      "ISO-4a",
      "TEN-1a",
      "TEN-1c",
      "TRN-1a",
      "TRN-1b",
      "TRN-2a",
      "TRN-3a",
      "TRN-4a",
      "TRN-6a",
      "TRN-6b",
      "TRN-7a",
      ...ofTools
    ],
    (given) => ({
      ...given,
      agents: { ...given.agents, open: () => Effect.die("no such agent") }
    })
  ),
  runs(
    "a message is stored other than it was told",
    [
      "ADP-2a",
      "ADP-3a",
      "ISO-1b",
      "ISO-2a",
      "ISO-4a",
      "TEN-1c",
      "TRN-1a",
      "TRN-1b",
      "TRN-3a",
      "TRN-4a",
      "TRN-6a",
      "TRN-6b",
      "TRN-7a",
      ...ofTools
    ],
    (turn, given) =>
      given.turns.run({
        ...turn,
        emit: (delta) =>
          turn.emit(
            delta._tag === "TextDelta" ? { ...delta, text: delta.text.toUpperCase() } : delta
          )
      })
  ),
  runs(
    "a run ends without a word",
    [
      "ADP-2a",
      "ADP-3a",
      "ISO-1b",
      "ISO-2a",
      "ISO-4a",
      "TEN-1c",
      "TRN-1a",
      "TRN-1b",
      "TRN-3a",
      "TRN-4a",
      "TRN-6b",
      "TRN-7a",
      ...ofTools
    ],
    () => Effect.succeed("answered" as const)
  ),
  runs("ids of messages repeat", ["ADP-2a", "ADP-3a", "TRN-1b", "TRN-7a", ...ofTools], (turn) =>
    Effect.as(turn.commit([Puppet.stored("the id", "text")]), "answered" as const)
  ),
  runs(
    "a turn does not end",
    [
      "ADP-2a",
      "ADP-3a",
      "ADP-3b",
      "ISO-1b",
      "ISO-2a",
      "ISO-4a",
      "TEN-1c",
      "TRN-1a",
      "TRN-1b",
      "TRN-2a",
      "TRN-3a",
      "TRN-4a",
      "TRN-6a",
      "TRN-6b",
      "TRN-7a",
      ...ofTools
    ],
    () => Effect.never
  ),
  runs("a run cannot be interrupted", ["ADP-3a", "TRN-6c", "TRN-7d"], (turn, given) =>
    Effect.uninterruptible(given.turns.run(turn))
  ),
  runs("failures are defects", ["ADP-2a"], (turn, given) => Effect.orDie(given.turns.run(turn))),
  runs("half an answer is stored before it fails", ["ADP-2a"], (turn, given) =>
    Effect.tapError(given.turns.run(turn), () =>
      Effect.ignore(turn.commit([Puppet.stored("half", "half")]))
    )
  ),
  runs("a call is held for ever", ["ADP-2a", "ADP-3a", "ADP-3b"], (turn, given, state) =>
    Effect.suspend(() => {
      state.held += 1
      return given.turns.run(turn)
    })
  ),
  (() => {
    const heard: Array<string> = []
    return runs(
      "what anybody said is told to everybody",
      ["ADP-2a", "ADP-3a", "ISO-4a", ...ofTools],
      (turn) =>
        Effect.suspend(() => {
          heard.push(Puppet.heard(turn))
          const text = heard.slice(-5).join(" ")
          return Effect.as(
            turn.commit([Puppet.stored(Puppet.messageId(turn), text)]),
            "answered" as const
          )
        })
    )
  })(),
  runs("a turn that is run again answers twice", ["TRN-7a"], (turn, given) =>
    turn.attempt === 0
      ? given.turns.run(turn)
      : Effect.andThen(turn.commit([Puppet.stored("again", "again")]), given.turns.run(turn))
  ),
  turns("a client that leaves cancels", ["TRN-1a", "TRN-2a"], (all) => ({
    ...all,
    stream: (input) => Stream.take(all.stream({ ...input, onBusy: "interrupt" }), 4)
  })),
  turns("ids of sends are ignored", ["ISO-1b", "ISO-2a", "TRN-3a"], (all) => ({
    ...all,
    send: ({ id: _, ...input }) => all.send(input),
    ask: ({ id: _, ...input }) => all.ask(input)
  })),
  turns("sends are answered in reverse", ["TRN-4a"], (all) => ({
    ...all,
    ask: (input) =>
      Effect.andThen(Effect.sleep(Math.max(0, 10 - Number(input.text.at(-1) ?? 0))), all.ask(input))
  })),
  turns("leaving ends a turn", ["TRN-6a"], (all) => {
    const begun = new Map<string, string>()
    return {
      ...all,
      stream: (input) =>
        Stream.unwrap(
          Effect.map(all.send(input), ({ id }) => {
            begun.set(input.text, id)
            return Stream.ensuring(all.follow(id), Effect.ignore(all.cancel(id)))
          })
        )
    }
  }),
  turns("a cancel is always too late", ["ADP-3a", "TRN-11c", "TRN-6c"], (all) => ({
    ...all,
    cancel: () => Effect.fail(TurnError.because({ _tag: "Conflict", what: "turn", revision: null }))
  })),
  app("a facade has a method more", ["ISO-1a"], (agents, options) =>
    Layer.effect(
      Limits,
      Effect.map(Limits, (all) => ({ ...all, raise: Effect.void }))
    ).pipe(Layer.provideMerge(Atrium.layer(agents, options)))
  )
]

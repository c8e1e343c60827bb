/** What the heap holds for an agent and for a user who does nothing. */
import { join } from "node:path"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as Native from "@atrium/backend-native/Native"
import type { Agent } from "@atrium/core/agents/Agent"
import { agentOf } from "@atrium/core/agents/Agent"
import { Bindings } from "@atrium/core/agents/Bindings"
import { Conversations } from "@atrium/core/conversations/Conversations"
import { Storage } from "@atrium/core/storage/Storage"
import { Principal } from "@atrium/core/tenancy/Principal"
import * as Sqlite from "@atrium/storage-sqlite/Sqlite"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { openHouse, turnIn } from "../atrium.ts"
import { median } from "../Measure.ts"
import type { Probe } from "../Row.ts"

const collector = (): (() => void) => {
  setFlagsFromString("--expose-gc")
  return runInNewContext("gc")
}

const heapAfter = (collect: () => void): number => {
  // Finalizers of a first round free what a second one finds.
  for (let round = 0; round < 3; round++) collect()
  return process.memoryUsage().heapUsed
}

/** In the process: sockets hold more than users do, and let go of it when they like. */
const model = Layer.effect(
  LanguageModel.LanguageModel,
  LanguageModel.make({
    generateText: () => Effect.die(new Error("The bench asks for streams.")),
    streamText: () =>
      Stream.make(
        { type: "text-start", id: "text" },
        { type: "text-delta", id: "text", delta: "ok" },
        { type: "text-end", id: "text" },
        {
          type: "finish",
          reason: "stop",
          usage: {
            inputTokens: { total: 1, uncached: 1, cacheRead: undefined },
            outputTokens: { total: 1, text: 1, reasoning: undefined }
          }
        }
      )
  })
)

const GROUPS = 6

export const values: Probe = {
  name: "values",
  measure: async ({ folder, progress, quick }) => {
    const collect = collector()
    const count = quick ? 20 : 1500
    const house = await openHouse({
      storage: Sqlite.layer({ file: join(folder, "atrium.db"), durability: "process" }),
      backend: Native.layer.pipe(Layer.provide(model)),
      binding: { _tag: "PerUser" }
    })
    /** One turn of each of these users, of whom the bench keeps nothing. */
    const turnOf = (user: number) =>
      house.as(
        user,
        Effect.gen(function* () {
          const { id } = yield* (yield* Conversations).resolve("bench")
          yield* turnIn(id, "hello")
        })
      )
    try {
      const idle: Array<number> = []
      for (let group = 0; group < GROUPS; group++) {
        const before = heapAfter(collect)
        for (let at = 0; at < count; at++) {
          if (at % 500 === 0) progress(`${group * count + at} of ${GROUPS * count} users`)
          await turnOf(group * count + at)
        }
        idle.push((heapAfter(collect) - before) / count)
      }

      // With room for all of them, so that the list's own growth is not counted.
      const agents = Array.from({ length: count }, (): Agent | undefined => undefined)
      for (let user = 0; user < count; user++) {
        const agent = Effect.flatMap(Bindings, (bindings) => bindings.resolve("bench"))
        agents[user] = await house.as(user, agent)
      }
      const full = heapAfter(collect)
      const [agent] = agents
      if (agent === undefined) throw new Error("No agent was resolved.")
      agents.fill(undefined)
      const empty = heapAfter(collect)

      const record = await house.as(
        0,
        Effect.gen(function* () {
          const { stores } = yield* Storage
          const found = yield* stores.agents.find(yield* Principal, agent.id)
          return yield* Effect.fromOption(found)
        })
      )
      const times = Array.from({ length: 9 }, () => {
        const made = 100_000
        const { user, system } = process.cpuUsage()
        for (let at = 0; at < made; at++) agents[at % 100] = agentOf(record)
        const spent = process.cpuUsage({ user, system })
        return (spent.user + spent.system) / made
      })
      return [
        { what: "making an agent's value", value: median(times), unit: "us", bound: { most: 1 } },
        {
          what: "heap of an agent's value",
          value: (full - empty) / count,
          unit: "bytes",
          bound: { most: 300 }
        },
        // The first groups pay for what is compiled and cached once. What is left, some 50 bytes, is V8's
        // own code and weak lists: snapshots of the heap show nothing of ours that grows.
        {
          what: "heap of an idle user",
          value: median(idle.slice(3)),
          unit: "bytes",
          bound: { most: 0 }
        }
      ]
    } finally {
      await house.close()
    }
  }
}

/** A conversation of 5,000 turns: what another turn costs, and what it takes to read it all. */
import { join } from "node:path"
import { Conversations } from "@atrium/core/conversations/Conversations"
import { allPages } from "@atrium/core/Page"
import * as Sqlite from "@atrium/storage-sqlite/Sqlite"
import * as Effect from "effect/Effect"
import { native, openHouse } from "../atrium.ts"
import { median } from "../Measure.ts"
import type { Probe } from "../Row.ts"

const LONG = 0
const SHORT = 1

const cpuMicros = (): number => {
  const { system, user } = process.cpuUsage()
  return system + user
}

export const long: Probe = {
  name: "long",
  measure: async ({ folder, modelUrl, progress, quick }) => {
    const turns = quick ? 40 : 5000
    const early = quick ? 20 : 100
    const pairs = quick ? 4 : 200
    const house = await openHouse({
      storage: Sqlite.layer({ file: join(folder, "atrium.db"), durability: "process" }),
      backend: native(modelUrl)
    })
    try {
      for (let turn = 0; turn < turns; turn++) {
        if (turn % 250 === 0) progress(`${turn} of ${turns} turns`)
        await house.turn(LONG, turn)
      }
      for (let turn = 0; turn < early; turn++) await house.turn(SHORT, turn)
      const time: [Array<number>, Array<number>] = [[], []]
      const cpu: [Array<number>, Array<number>] = [[], []]
      // One beside the other, and every second time the other way round.
      for (let pair = 0; pair < pairs; pair++) {
        for (const user of pair % 2 === 0 ? ([LONG, SHORT] as const) : ([SHORT, LONG] as const)) {
          const before = cpuMicros()
          const started = performance.now()
          await house.turn(user, turns + pair)
          time[user].push(performance.now() - started)
          cpu[user].push(cpuMicros() - before)
        }
      }
      const times: Array<number> = []
      let read = 0
      for (let round = 0; round < (quick ? 1 : 7); round++) {
        const messages = await house.as(
          LONG,
          Effect.gen(function* () {
            const conversations = yield* Conversations
            const { id } = yield* conversations.resolve("bench")
            const started = performance.now()
            const all = yield* allPages((by) => conversations.messages(id, by))
            times.push(performance.now() - started)
            return all
          })
        )
        read = messages.length
      }
      return [
        {
          what: `turn ${turns} against turn ${early}, time`,
          value: median(time[LONG]) / median(time[SHORT]),
          unit: "x",
          bound: { most: 1.15 }
        },
        {
          what: `turn ${turns} against turn ${early}, CPU`,
          value: median(cpu[LONG]) / median(cpu[SHORT]),
          unit: "x",
          bound: { most: 1.15 }
        },
        {
          what: "10,000 messages read and decoded, by pages",
          value: (median(times) * 10_000) / read,
          unit: "ms",
          bound: { most: 150 }
        }
      ]
    } finally {
      await house.close()
    }
  }
}

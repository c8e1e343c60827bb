import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Cursor from "@atrium/core/turns/Cursor"
import { isFact, type TurnEvent } from "@atrium/core/turns/TurnEvent"
import * as RemoteProcess from "@atrium/testing/RemoteProcess"
import * as RemoteServer from "@atrium/testing/RemoteServer"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { opened, storage } from "./house.ts"

const journal = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "atrium-remote-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  ),
  (folder) => join(folder, "journal")
)

const text = "a text that takes a while"

/** Reads on until there are `count` pieces of text. */
const pieces = <E, R>(count: number, events: Stream.Stream<TurnEvent, E, R>) => {
  let seen = 0
  return Stream.takeUntil(events, ({ _tag }) => _tag === "TextDelta" && ++seen === count)
}

describe("Remote and kill -9", () => {
  it.live("the server killed in mid-stream is Unreachable; started again, it goes on", () =>
    Effect.gen(function* () {
      const server = yield* RemoteProcess.make({ deltaMs: 15, journal: yield* journal })
      const house = yield* opened(yield* storage, { url: server.url, timeoutMs: 2000 })
      yield* house.run(
        Effect.gen(function* () {
          const { id } = yield* house.conversations.resolve("support")
          const turn = yield* house.turns.send({ conversation: id, text })
          yield* Stream.runDrain(pieces(2, house.turns.follow(turn.id)))
          yield* server.kill
          const events = yield* Stream.runCollect(house.turns.follow(turn.id))
          const end = events.at(-1)
          assert.strictEqual(end?._tag === "TurnFailed" && end.reason._tag, "Unreachable")
          yield* server.restart
          // The failed turn is in the way at the server, which has taken it up again.
          const next = yield* house.turns.ask({ conversation: id, text: "and now?" })
          assert.strictEqual(next.text, "remote 1.1 (take 1): and now?")
          const { items } = yield* house.conversations.messages(id, {})
          assert.deepStrictEqual(
            items.map(({ role }) => role),
            ["user", "user", "assistant"]
          )
        })
      )
      yield* house.close
    }).pipe(Effect.scoped)
  )

  it.live("our side stopped in mid-turn: the server works on, and one answer is left", () =>
    Effect.gen(function* () {
      const server = yield* RemoteServer.make({ deltaMs: 15, steps: 2 })
      const store = yield* storage
      const options = { url: server.url, timeoutMs: 2000 }
      const before = yield* opened(store, options)
      const { read, turn } = yield* before.run(
        Effect.gen(function* () {
          const { id } = yield* before.conversations.resolve("support")
          const turn = yield* before.turns.send({ conversation: id, text })
          const read = yield* Stream.runCollect(pieces(2, before.turns.follow(turn.id)))
          return { read, turn }
        })
      )
      yield* before.close
      assert.strictEqual((yield* server.report).turns[0]?.state, "running")
      const after = yield* opened(store, options)
      yield* after.run(
        Effect.gen(function* () {
          const last = read.at(-1)
          const rest = yield* Stream.runCollect(
            after.turns.follow(turn.id, last === undefined ? undefined : Cursor.after(last))
          )
          assert.strictEqual(rest.at(0)?._tag, "Retracted")
          assert.strictEqual(rest.at(-1)?._tag, "TurnFinished")
          const { items } = yield* after.conversations.messages(turn.conversationId, {})
          assert.deepStrictEqual(
            items.map(({ role }) => role),
            ["user", "assistant", "assistant"]
          )
          assert.strictEqual(new Set(items.map(({ id }) => id)).size, 3)
          const held = yield* server.report
          assert.deepStrictEqual(
            held.turns.map(({ takes }) => takes),
            [1]
          )
        })
      )
      yield* after.close
    }).pipe(Effect.scoped)
  )

  it.live("both killed: the stored step is kept, the lost one is made anew under another id", () =>
    Effect.gen(function* () {
      const server = yield* RemoteProcess.make({ deltaMs: 15, steps: 3, journal: yield* journal })
      const store = yield* storage
      const options = { url: server.url, timeoutMs: 2000 }
      const before = yield* opened(store, options)
      const turn = yield* before.run(
        Effect.gen(function* () {
          const { id } = yield* before.conversations.resolve("support")
          const turn = yield* before.turns.send({ conversation: id, text })
          yield* before.turns.follow(turn.id).pipe(
            Stream.takeUntil(({ _tag }) => _tag === "MessageStored"),
            Stream.runDrain
          )
          return turn
        })
      )
      yield* before.close
      yield* server.kill
      yield* server.restart
      const after = yield* opened(store, options)
      yield* after.run(
        Effect.gen(function* () {
          const events = yield* Stream.runCollect(after.turns.follow(turn.id))
          const texts = events
            .filter(isFact)
            .flatMap((fact) =>
              fact._tag === "MessageStored" && fact.message.parts[0]?._tag === "Text"
                ? fact.message.parts[0].text
                : []
            )
          assert.deepStrictEqual(texts, [
            `remote 1.1 (take 1): ${text}`,
            `remote 1.2 (take 2): ${text}`,
            `remote 1.3 (take 2): ${text}`
          ])
          assert.deepStrictEqual((yield* server.report).turns[0]?.messages, texts)
        })
      )
      yield* after.close
    }).pipe(Effect.scoped)
  )
})

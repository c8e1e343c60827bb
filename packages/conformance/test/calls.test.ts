/** Tool calls under drivers that err, crashes and suspensions. */
import { Puppet } from "@atrium/conformance"
import { TenancyError } from "@atrium/core/errors"
import { Storage } from "@atrium/core/storage/Storage"
import { Principal } from "@atrium/core/tenancy/Principal"
import { TenantResolver } from "@atrium/core/tenancy/TenantResolver"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import { as, inHouse } from "../src/pipeline/House.ts"
import { begun, ofTools } from "../src/pipeline/Journal.ts"
import { death, life } from "../src/pipeline/Lives.ts"
import { endOf } from "../src/pipeline/Reading.ts"
import { read, send, told } from "../src/pipeline/Steps.ts"
import * as Toolbox from "../src/pipeline/Toolbox.ts"
import { passing, still } from "../src/pipeline/VirtualTime.ts"
import { decide, test } from "./pipeline/CallTest.ts"

for (const mode of [1, 2]) {
  test(
    `a call that is asked for twice in a run is made once, ${mode} at a time`,
    () => (turn) =>
      Effect.gen(function* () {
        const calls = [Toolbox.call("c1", "pay"), Toolbox.call("c2", "book")]
        yield* Effect.forEach(
          [1, 2],
          () => Effect.exit(turn.callTools(calls, { foreign: false, draft: null })),
          { concurrency: mode }
        )
        return yield* Puppet.say(turn, "done")
      }),
    (box, opening) =>
      life(
        Effect.gen(function* () {
          const { id } = yield* begun()
          yield* passing(read(id))
          assert.deepStrictEqual(box.calls(), ["pay c1", "book c2"])
        }),
        opening
      )
  )
}

test(
  "a call may be the part of the message that makes it",
  () => (turn) => {
    const call = { _tag: "ToolCall", ...Toolbox.call("c1", "ask_first") } as const
    return Puppet.callThenSay(turn, [call], "done")
  },
  (box, opening) =>
    life(
      Effect.gen(function* () {
        const { id } = yield* begun()
        const events = yield* passing(told(id))
        assert.strictEqual(events.at(-1)?._tag, "ApprovalRequested")
        yield* decide(id, "c1", true)
        assert.strictEqual(endOf((yield* passing(read(id))).facts), "answered")
        assert.deepStrictEqual(box.calls(), ["ask_first c1"])
      }),
      opening
    )
)

test(
  "a turn that fails because its user was suspended says what nobody knows of its tools",
  (box) => {
    box.hold("c1")
    return (turn) => Puppet.callThenSay(turn, [Toolbox.call("c1", "pay")], "done")
  },
  (_box, opening) =>
    Effect.gen(function* () {
      const { id } = yield* death(begun(), opening)
      const resolver = yield* TenantResolver
      const { stores } = yield* Storage
      const ann = yield* as("ann")(Principal)
      const hasEnded = Effect.map(stores.turns.find(ann, id), (found) =>
        Option.exists(found, ({ end }) => end !== null)
      )
      let suspended = true
      yield* inHouse(
        Effect.gen(function* () {
          // The lease of the process that died has to run out first.
          while (!(yield* hasEnded)) {
            yield* TestClock.adjust(1000)
            yield* still
          }
          suspended = false
          const { facts } = yield* as("ann")(passing(read(id)))
          assert.deepStrictEqual(ofTools(facts), ["started c1", "unknown c1"])
          assert.strictEqual(facts.at(-1)?._tag, "TurnFailed")
          assert.deepStrictEqual(
            facts.map(({ sequence }) => sequence),
            facts.map((_, i) => i + 1)
          )
        }),
        opening
      ).pipe(
        Effect.provideService(TenantResolver, {
          ...resolver,
          renew: (claims) =>
            suspended
              ? Effect.fail(TenancyError.because({ _tag: "Forbidden", scope: "turns" }))
              : resolver.renew(claims)
        })
      )
    })
)

test(
  "a turn that fails after its tools ran says how they ended",
  () => (turn) =>
    Effect.andThen(
      turn.callTools([Toolbox.call("c1", "pay")], { foreign: false, draft: null }),
      Effect.die("a bug")
    ),
  (_box, opening) =>
    life(
      Effect.gen(function* () {
        const { id } = yield* begun()
        const { facts } = yield* passing(read(id))
        assert.deepStrictEqual(ofTools(facts), ["started c1", "done c1"])
      }),
      opening
    )
)

test(
  "a call whose input is no JSON is refused before anything of it is stored",
  () => (turn) =>
    Puppet.callThenSay(
      turn,
      // What a driver in JavaScript may pass.
      [JSON.parse('{"callId": "c1", "name": "ask_first"}')],
      "done"
    ),
  (_box, opening) =>
    life(
      Effect.gen(function* () {
        const { conversation, id } = yield* begun()
        const { facts } = yield* passing(read(id))
        const end = facts[facts.length - 1]
        assert.strictEqual(end?._tag === "TurnFailed" ? end.reason._tag : end?._tag, "Malformed")
        yield* send({ conversation, text: "next" })
      }),
      opening
    )
)

test(
  "a fiber that a driver left behind calls nothing once the turn is over",
  () => (turn) =>
    Effect.gen(function* () {
      yield* Effect.forkDetach(
        Effect.andThen(
          Effect.sleep(1000),
          turn.callTools([Toolbox.call("c1", "look")], { foreign: false, draft: null })
        )
      )
      return yield* Puppet.echo(turn)
    }),
  (box, opening) =>
    life(
      Effect.gen(function* () {
        const { id } = yield* begun()
        yield* passing(read(id))
        yield* TestClock.adjust(2000)
        yield* still
        assert.deepStrictEqual(box.calls(), [])
      }),
      opening
    )
)

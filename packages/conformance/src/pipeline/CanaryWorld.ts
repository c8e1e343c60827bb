/** Ten tenants with look-alike names, two users each, and what each of them knows. */
import type { Message } from "@atrium/core/conversations/Message"
import { Storage } from "@atrium/core/storage/Storage"
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Random from "effect/Random"
import * as References from "effect/References"
import { jitter } from "../storage/Interleaving.ts"
import * as Puppet from "./Puppet.ts"

const tenants = ["a", "A", "a/b", "a%", "a_b", "ab", "a b", "\u00e4", "a'--", "\uff41"]
const users = ["u", "b/u"]

/** A user, the word that only this user may meet, and the ids that came by. */
export interface Owner {
  readonly tenant: string
  readonly user: string
  readonly canary: string
  /** The word of its tenant, which all of the tenant may meet. */
  readonly shared: string
  readonly conversations: Array<string>
  readonly turns: Array<string>
  readonly agents: Array<string>
  /** Cursors of turns and of pages. */
  readonly cursors: Array<string>
}

export const owners: () => ReadonlyArray<Owner> = () =>
  tenants.flatMap((tenant, t) =>
    users.map((user, u) => ({
      tenant,
      user,
      canary: `canary-${t}-${u}-`,
      shared: `canary-${t}-9-`,
      conversations: [],
      turns: [],
      agents: [],
      cursors: []
    }))
  )

const canaries = /canary-\d+-\d+-/g

/** Fails when `text` holds a canary that is not among `allowed`. */
export const clean = (what: string, text: string, allowed: ReadonlyArray<string>): void => {
  for (const found of text.match(canaries) ?? []) {
    assert.include(allowed, found, `${what}: ${text.slice(0, 400)}`)
  }
}

/** What may be met by an owner, and by the operator of its tenant. */
export const allowedTo = (all: ReadonlyArray<Owner>, owner: Owner, operator: boolean) =>
  all
    .filter((other) => other === owner || (operator && other.tenant === owner.tenant))
    .flatMap(({ canary, shared }) => [canary, shared])

/** A value in full, as text. */
export const asText = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (part instanceof Set ? [...part] : part)) ?? ""

/** A log line, and the tenant that it says it is about. */
export interface Line {
  readonly tenant: unknown
  readonly text: string
}

/** Keeps every log line, with its annotations and causes. */
export const keepingLog = (lines: Array<Line>) =>
  Logger.layer([
    Logger.make(({ cause, fiber, logLevel, message }) => {
      const annotations = fiber.getRef(References.CurrentLogAnnotations)
      const text = `${logLevel} ${asText(message)} ${asText(annotations)} ${Cause.pretty(cause)}`
      lines.push({ tenant: annotations["tenant.id"], text })
    })
  ])

/** Answers with all that it was given, and with what a prompt would hold; fails now and then. */
export const parrot = (all: ReadonlyArray<Owner>) =>
  Effect.map(Storage, ({ stores }) =>
    Puppet.make(
      Effect.fnUntraced(function* (turn) {
        const recent = yield* Effect.orDie(
          stores.messages.recent(turn.scope, turn.turn.conversationId, turn.position, 20)
        )
        const prompt = asText({ ...turn, recent })
        const own = all.find(({ canary }) => asText(turn.input).includes(canary))
        if (own !== undefined) clean("the prompt", prompt, [own.canary, own.shared])
        const said = recent.map(({ parts }: Message) => asText(parts)).join(" ")
        const text = `${asText(turn.input.parts)} ${asText(turn.user)} ${said}`.slice(0, 600)
        yield* Puppet.write(turn, Puppet.messageId(turn), text, 100)
        yield* jitter
        const dice = yield* Random.nextIntBetween(0, 19)
        if (dice === 0) return yield* Effect.die(`a defect at ${text}`)
        yield* turn.commit([Puppet.called(1), Puppet.stored(Puppet.messageId(turn), text)])
        return undefined
      })
    )
  )

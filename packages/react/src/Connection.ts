/** One user's way to a server, and what pages read over it. */
import { AtriumClient, type Client } from "@atrium/http/client"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { Conversation } from "./Conversation.ts"
import { Limits } from "./Limits.ts"
import { Memory } from "./Memory.ts"
import { Trouble } from "./Trouble.ts"
import { type Keeping, Unsent } from "./Unsent.ts"

/**
 * - `user`: whose connection it is. Another user is another connection, with nothing of this one's.
 * - `url`: where the server is; absent: the page's own.
 * - `credential`: a token of that user; as a function it is called at first, and again whenever the
 *   server refuses what it gave before.
 * - `keeping`: where texts that were not sent are kept; the tab's `sessionStorage` unless said
 *   otherwise.
 */
export interface ConnectionOptions {
  readonly user: string
  readonly url?: string
  readonly credential: string | (() => Promise<string>)
  readonly keeping?: Keeping
}

/** Which conversation: the caller's with agents of this template, under this key ("" unless said). */
export interface Which {
  readonly template: string
  readonly key?: string
}

/** A conversation that is open on the server. */
export interface Opened {
  readonly id: string
  readonly agentId: string
}

export class Connection {
  readonly user: string
  readonly limits: Limits
  readonly #url: string
  readonly #keeping: Keeping | undefined
  readonly #credential: ConnectionOptions["credential"]
  #secret: Promise<string> | undefined
  #known = ""
  readonly #runtime: ManagedRuntime.ManagedRuntime<AtriumClient, never>
  readonly #closed = new AbortController()
  readonly #conversations = new Map<string, Conversation>()
  readonly #memories = new Map<string, Memory>()
  readonly #opened = new Map<string, Promise<Opened>>()

  constructor({ credential, keeping, url, user }: ConnectionOptions) {
    this.user = user
    this.#url = url ?? ""
    this.#keeping = keeping
    this.#credential = credential
    this.#runtime = ManagedRuntime.make(
      AtriumClient.layer({
        ...(url === undefined ? {} : { url }),
        credential: Effect.sync(() => Redacted.make(this.#known)),
        // Conversation comes back by itself, because it tells its readers that it has to.
        backOff: { tries: 0 }
      })
    )
    this.limits = new Limits(this)
  }

  /** Ends once and for all: what is under way is left, and nothing is told any more. */
  readonly close = (): void => {
    this.#closed.abort()
    void this.#runtime.dispose()
  }

  /** Aborted when the connection is closed. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** The conversation, the same object every time it is asked for. */
  readonly conversation = (which: Which): Conversation =>
    this.#once(this.#conversations, which, () => new Conversation(this, which))

  /** The user's memory with the agent of that conversation. */
  readonly memory = (which: Which): Memory =>
    this.#once(this.#memories, which, () => new Memory(this, which))

  #once<A>(known: Map<string, A>, { key = "", template }: Which, make: () => A): A {
    const name = JSON.stringify([template, key])
    const found = known.get(name) ?? make()
    known.set(name, found)
    return found
  }

  /** The conversation on the server, opened on first use. */
  readonly open = (which: Which): Promise<Opened> =>
    this.#once(this.#opened, which, () => {
      const opening = this.run((client) => client.conversations.resolve({ payload: which }))
      // A failure is not kept: who asks again tries again.
      opening.catch(() => this.#opened.delete(JSON.stringify([which.template, which.key ?? ""])))
      return opening
    })

  /** What the user wrote in that conversation and the server does not have yet. */
  readonly unsent = ({ key = "", template }: Which): Unsent =>
    new Unsent(JSON.stringify([this.#url, this.user, template, key]), this.#keeping)

  /** Tells what reads memory or limits that a turn has begun, changed memory, or ended. */
  readonly moved = (): void => {
    void this.limits.refresh()
    for (const memory of this.#memories.values()) void memory.refresh()
  }

  /**
   * Asks the server as the user. Rejects with a `Trouble`. A refused credential is asked for anew
   * once.
   */
  readonly run = async <A, E>(
    ask: (client: Client) => Effect.Effect<A, E>,
    signal: AbortSignal = this.closed
  ): Promise<A> => {
    for (let renewed = false; ; renewed = true) {
      const secret = await this.#token()
      this.#known = secret
      const exit = await this.#runtime.runPromiseExit(Effect.flatMap(AtriumClient, ask), { signal })
      if (Exit.isSuccess(exit)) return exit.value
      const trouble = new Trouble(Cause.squash(exit.cause))
      if (trouble.status !== 401 || renewed || typeof this.#credential === "string") throw trouble
      // Unless somebody else has asked for another one meanwhile.
      if (this.#known === secret) this.#secret = undefined
    }
  }

  /** The credential, asked for by one caller at a time. A failure is not kept. */
  #token(): Promise<string> {
    const credential = this.#credential
    if (typeof credential === "string") return Promise.resolve(credential)
    this.#secret ??= credential().catch((error: unknown) => {
      this.#secret = undefined
      throw error instanceof Trouble ? error : new Trouble(error)
    })
    return this.#secret
  }
}

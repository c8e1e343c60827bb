/** A conversation as a page shows it, outside of React. */

import { ConversationId, TurnId } from "@atrium/core/ids"
import * as Cursor from "@atrium/core/turns/Cursor"
import type { ReadEvent } from "@atrium/http/client"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Connection, Which } from "./Connection.ts"
import { Observed } from "./Observed.ts"
import { asked, ended, isOpen, type ShownTurn } from "./ShownTurn.ts"
import { continued, preceded, turnsOf } from "./Transcript.ts"
import { Trouble } from "./Trouble.ts"
import type { Unsent } from "./Unsent.ts"
import { delayOf, onReturn, wake, whileSeen } from "./Wake.ts"
import { begun, type Writing, written } from "./Writing.ts"

/**
 * - `loading`: the past is being read. `broken`: it cannot be; `trouble` says why.
 * - `answering`: a turn is open. `reconnecting`: the connection was lost and is being opened anew.
 */
export type Status = "loading" | "ready" | "answering" | "reconnecting" | "broken"

/**
 * - `turns`: oldest first. `older`: whether there are more before them (`loadOlder`).
 * - `draft`: what is being written, and what was sent until the server has it. It outlives a reload.
 * - `trouble`: why the last thing asked for was refused; gone with the next.
 * - `limitedUntil`: when sending is allowed again, in milliseconds since 1970.
 * - `agentId`: the agent that answers, once that is known.
 */
export interface ConversationState {
  readonly status: Status
  readonly turns: ReadonlyArray<ShownTurn>
  readonly older: boolean
  readonly draft: string
  readonly trouble?: Trouble
  readonly limitedUntil?: number
  readonly agentId?: string
}

/** Messages of one page of the past. */
const pageSize = 100
/** How long a page may be away before its stream is taken for dead, in milliseconds. */
const awayMs = 15_000
/** How often a page that is looked at asks for turns that were begun elsewhere, in milliseconds. */
const lookMs = 5000
/** How often a turn that waits for a person is looked at again, in milliseconds. */
const waitingMs = 2000

/** A page of turns. `next`: where the page before it begins. */
interface Newest {
  readonly turns: ReadonlyArray<ShownTurn>
  readonly next: string | undefined
}

export class Conversation extends Observed<ConversationState> {
  readonly #connection: Connection
  readonly #which: Which
  readonly #unsent: Unsent
  #id: ConversationId | undefined
  #oldest: string | undefined
  #loading: Promise<void> | undefined
  /** Messages on the server, when it was last asked for turns that were begun elsewhere. */
  #length: number | undefined
  #looking = false
  /** Failed turns in whose place others stand. */
  readonly #retried = new Set<string>()
  #stopped = false
  #lift: ReturnType<typeof setTimeout> | undefined

  constructor(connection: Connection, which: Which) {
    const unsent = connection.unsent(which)
    super({ status: "loading", turns: [], older: false, draft: unsent.draft })
    this.#unsent = unsent
    this.#connection = connection
    this.#which = which
    connection.closed.addEventListener("abort", () => clearTimeout(this.#lift))
  }

  /** Reads the past, once, and takes up a turn that is still open. Called by `useConversation`. */
  readonly load = (): Promise<void> => {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined
      this.#update({ status: "broken", trouble: asTrouble(error) })
    })
    return this.#loading
  }

  /**
   * Shows the turns that were begun elsewhere, such as in another tab, and takes up one that runs.
   * Called by itself every few seconds while the page is looked at, and when somebody comes back to
   * it. Nothing is told when it fails.
   */
  readonly refresh = async (): Promise<void> => {
    const id = this.#id
    const { turns } = this.state()
    // A turn that is open is followed to its end, and those behind it come after that.
    if (id === undefined || this.#looking || turns.some(isOpen)) return
    this.#looking = true
    try {
      const { length } = await this.#connection.run((client) =>
        client.conversations.find({ params: { id } })
      )
      if (length === this.#length) return
      const newest = await this.#page(id)
      // What was changed here meanwhile is looked at the next time.
      if (this.state().turns !== turns) return
      this.#length = length
      this.#take(newest)
    } catch {
      // Nobody asked for it.
    } finally {
      this.#looking = false
    }
  }

  /** Changes the draft. */
  readonly write = (draft: string): void => {
    this.#unsent.write(draft)
    this.#update({ draft })
  }

  /**
   * Sends a message; without `text` the draft, which is kept until the server has it. `true` once it
   * has: the message is then answered whatever becomes of this page. `false` when it was refused
   * (`trouble` says why), when it is empty, or while a turn is open. A message that was refused keeps
   * its id: sent again, also from the page loaded anew, it is one turn.
   */
  readonly send = (text?: string): Promise<boolean> =>
    this.#send(text ?? this.state().draft.trim(), text === undefined ? this.state().draft : "")

  /** Sends the text of a failed turn again, as a new one. */
  readonly retry = async (id: string): Promise<boolean> => {
    const failed = this.state().turns.find((turn) => turn.id === id && turn.state === "failed")
    return failed === undefined ? false : await this.#send(failed.question, "", failed)
  }

  /** Ends the open turn; what was written is kept. */
  readonly stop = async (): Promise<void> => {
    const turn = this.state().turns.findLast(isOpen)
    if (turn === undefined) return
    this.#stopped = true
    // A stop that overtakes its own turn would find nothing to stop.
    if (turn.state !== "sending") await this.#cancel(turn.id)
  }

  /** Reads the page of messages before the oldest one shown. */
  readonly loadOlder = async (): Promise<void> => {
    const id = this.#id
    const after = this.#oldest
    if (id === undefined || after === undefined) return
    this.#oldest = undefined
    try {
      const { next, turns } = await this.#insist(() => this.#page(id, after))
      this.#oldest = next
      this.#update({ turns: preceded(this.state().turns, turns), older: next !== undefined })
    } catch (error) {
      this.#oldest = after
      this.#update({ trouble: asTrouble(error) })
    }
    // The server may have been out of reach meanwhile.
    if (this.state().status === "reconnecting") this.#update({ status: this.#settled })
  }

  /** Changes the state; nothing any more after the connection was closed. */
  #update(changed: Partial<ConversationState>): void {
    if (!this.#connection.closed.aborted) this.set({ ...this.state(), ...changed })
  }

  /** Changes the state, without the trouble and the limit of before. */
  #renew(changed: Partial<ConversationState>): void {
    const { limitedUntil: _, trouble: __, ...rest } = this.state()
    if (!this.#connection.closed.aborted) this.set({ ...rest, ...changed })
  }

  /** Asks until the server has answered; while it cannot be reached the state says so. */
  async #insist<A>(ask: () => Promise<A>): Promise<A> {
    for (let vain = 1; ; vain++) {
      try {
        return await ask()
      } catch (error) {
        const trouble = asTrouble(error)
        const hopeless = !trouble.passes || (trouble.status !== undefined && vain > 5)
        if (hopeless || this.#connection.closed.aborted) throw trouble
        this.#update({ status: "reconnecting" })
        await wake(delayOf(vain), this.#connection.closed)
      }
    }
  }

  async #page(id: ConversationId, after?: string): Promise<Newest> {
    const query = { limit: pageSize, newestFirst: true, ...(after === undefined ? {} : { after }) }
    const { items, next } = await this.#connection.run((client) =>
      client.conversations.messages({ params: { id }, query })
    )
    return { turns: turnsOf(items.toReversed()), next: Option.getOrUndefined(next) }
  }

  async #load(): Promise<void> {
    const opened = await this.#insist(() => this.#connection.open(this.#which))
    const id = ConversationId(opened.id)
    const newest = await this.#insist(() => this.#page(id))
    this.#id = id
    this.#oldest = newest.next
    const older = newest.next !== undefined
    this.#take(newest, { agentId: opened.agentId, older, status: "ready" })
    whileSeen(() => void (this.watched && this.refresh()), lookMs, this.#connection.closed)
  }

  /** Shows the newest turns among those that are shown, and takes up the last one if it is new. */
  #take(newest: Newest, loaded: Partial<ConversationState> = {}): void {
    const shown = this.state().turns
    const came = newest.turns.filter(({ id }) => !this.#retried.has(id))
    const turns = [...continued(shown, came, this.#oldest !== undefined)]
    const past = turns.at(-1)
    if (past === undefined || (past === shown.at(-1) && turns.length === shown.length)) {
      this.#update(loaded)
      return
    }
    if (!shown.some(({ id }) => id === turns[0]?.id)) this.#oldest = newest.next
    // How the last one ended, or that it has not, only its events tell.
    const isNew = past !== shown.at(-1)
    const last =
      isNew && past.state === "failed" ? asked(past.id, past.question, "running", past.at) : past
    turns.splice(-1, 1, last)
    const had = this.#unsent.lookFor(turns)
    const changed: Partial<ConversationState> = {
      ...loaded,
      turns,
      draft: this.#unsent.draft,
      older: this.#oldest !== undefined,
      status: isOpen(last) ? "answering" : "ready"
    }
    // What was said of a message that had arrived after all is no longer so.
    if (had) this.#renew(changed)
    else this.#update(changed)
    if (isNew) void this.#follow(last, isOpen(last))
  }

  /** `drafted`: what the draft has of the text. */
  async #send(text: string, drafted: string, retried?: ShownTurn): Promise<boolean> {
    const conversation = this.#id
    const { turns } = this.state()
    if (conversation === undefined || text === "" || turns.some(isOpen)) return false
    const id = this.#unsent.attempt(text, retried?.id, turns.at(-1)?.id)
    this.#stopped = false
    const before = turns.filter((turn) => turn.id !== retried?.id)
    const sending = asked(id, text, "sending")
    this.#renew({ status: "answering", turns: [...before, sending] })
    const payload = {
      text,
      id,
      ...(retried === undefined ? {} : { retryOf: TurnId(retried.id) })
    }
    try {
      const turn = await this.#insist(() =>
        this.#connection.run((client) =>
          client.turns.send({ params: { id: conversation }, payload })
        )
      )
      this.#unsent.acknowledged(drafted)
      if (retried !== undefined) this.#retried.add(retried.id)
      if (this.#stopped) void this.#cancel(turn.id)
      const begins = asked(turn.id, text, turn.state === "queued" ? "queued" : "running")
      this.#show(id, begins)
      this.#update({ status: "answering", draft: this.#unsent.draft })
      void this.#follow(begins, true)
      return true
    } catch (error) {
      this.#refuse(id, asTrouble(error), retried)
      return false
    }
  }

  /** The message did not get through: it is the sender's again, or still in the turn it was in. */
  #refuse(id: string, trouble: Trouble, retried?: ShownTurn): void {
    if (trouble.reason === "Conflict" || trouble.reason === "Gone") this.#unsent.forget()
    const turns = this.state().turns.flatMap((turn) => (turn.id === id ? (retried ?? []) : turn))
    this.#update({ status: "ready", turns, trouble })
    if (trouble.retryAfterMs === undefined) return
    this.#update({ limitedUntil: Date.now() + trouble.retryAfterMs })
    clearTimeout(this.#lift)
    this.#lift = setTimeout(() => this.#renew({}), trouble.retryAfterMs)
    void this.#connection.limits.refresh()
  }

  async #cancel(id: string): Promise<void> {
    try {
      await this.#connection.run((client) => client.turns.cancel({ params: { id: TurnId(id) } }))
    } catch (error) {
      const trouble = asTrouble(error)
      // It had ended already: just as well.
      if (trouble.reason !== "Conflict") this.#update({ trouble })
    }
  }

  #show(id: string, turn: ShownTurn): void {
    this.#update({ turns: this.state().turns.map((one) => (one.id === id ? turn : one)) })
  }

  /** What is written of a turn, with one more event of it. */
  #tell(before: Writing, event: ReadEvent): Writing {
    const after = written(before, event)
    const { turn } = after
    this.#show(turn.id, turn)
    this.#update({ status: this.#settled })
    const tag = event._tag
    if (tag === "TurnStarted" || tag === "BlockEdited" || !isOpen(turn)) this.#connection.moved()
    return after
  }

  /** The status while the server can be reached. */
  get #settled(): Status {
    return this.state().turns.some(isOpen) ? "answering" : "ready"
  }

  /**
   * Follows a turn to its end over as many connections as it takes. `shown`: whether a lost one is
   * told; of a past turn there is nothing to miss.
   */
  async #follow(turn: ShownTurn, shown: boolean): Promise<void> {
    const { closed } = this.#connection
    let writing = begun(turn)
    let cursor: string | undefined
    let vain = 0
    while (!closed.aborted) {
      const attempt = new AbortController()
      const end = (): void => attempt.abort()
      closed.addEventListener("abort", end, { signal: attempt.signal })
      onReturn(end, awayMs, attempt.signal)
      try {
        await this.#connection.run(
          (client) =>
            client.follow(TurnId(turn.id), cursor).pipe(
              Stream.runForEach((event) =>
                Effect.sync(() => {
                  vain = 0
                  if (event._tag !== "Unknown") cursor = Cursor.after(event)
                  writing = this.#tell(writing, event)
                })
              )
            ),
          attempt.signal
        )
        const { state } = writing.turn
        if (state !== "waiting") {
          if (isOpen(writing.turn)) this.#giveUp(turn, shown)
          return
        }
        // Events go on after a person's decision.
        await wake(waitingMs, closed)
      } catch (error) {
        const trouble = asTrouble(error)
        if (closed.aborted) return
        const fresh = attempt.signal.aborted
        if (!fresh && !trouble.passes) return this.#giveUp(turn, shown, trouble)
        vain = fresh ? 0 : vain + 1
        if (shown || vain > 1) this.#update({ status: "reconnecting" })
        if (!fresh) await wake(Math.max(delayOf(vain), trouble.retryAfterMs ?? 0), closed)
      } finally {
        attempt.abort()
      }
    }
  }

  /** Events of the turn are not to be had: what the transcript says of it stands. */
  #giveUp(turn: ShownTurn, shown: boolean, trouble?: Trouble): void {
    if (shown && isOpen(turn)) {
      this.#show(turn.id, ended(turn, "failed", "The answer did not arrive."))
    }
    this.#update({ status: this.#settled, ...(shown && trouble !== undefined ? { trouble } : {}) })
  }
}

const asTrouble = (error: unknown): Trouble =>
  error instanceof Trouble ? error : new Trouble(error)

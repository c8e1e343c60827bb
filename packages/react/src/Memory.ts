/** What an agent remembers of the user, outside of React. */
import { AgentId, BlockId, ConversationId, PassageId } from "@atrium/core/ids"
import type { Block } from "@atrium/core/memory/Block"
import * as Option from "effect/Option"
import type { Connection, Which } from "./Connection.ts"
import { Observed } from "./Observed.ts"
import { Trouble } from "./Trouble.ts"

/**
 * A block. `length` and `limit`: in characters (code points). `readOnly`: for the user too, as
 * every block that all users of the agent read.
 */
export interface ShownBlock {
  readonly id: string
  readonly label: string
  readonly description: string
  readonly value: string
  readonly length: number
  readonly limit: number
  readonly readOnly: boolean
  readonly revision: number
}

/**
 * A value that a block had. `by`: who made it, `undefined` for the one it began with; `inTurn`:
 * whether it was made in a turn; `at`: in milliseconds since 1970.
 */
export interface ShownRevision {
  readonly revision: number
  readonly value: string
  readonly by?: string
  readonly inTurn: boolean
  readonly at?: number
}

/** Revisions, newest first; `next`: where the page after them begins. */
export interface Past {
  readonly items: ReadonlyArray<ShownRevision>
  readonly next?: string
}

/** A document, and where the passage stands in its text, in UTF-16 units. */
export interface OpenedDocument {
  readonly title: string
  readonly text: string
  readonly from: number
  readonly to: number
}

/** `trouble`: why it could not be read; `blocks` are then those known before. */
export interface MemoryState {
  readonly status: "loading" | "ready" | "broken"
  readonly blocks: ReadonlyArray<ShownBlock>
  readonly trouble?: Trouble
}

const shown = (block: Block): ShownBlock => ({
  id: block.id,
  label: block.label,
  description: block.description,
  value: block.value,
  length: Array.from(block.value).length,
  limit: block.limit,
  // What belongs to a shared agent is read by all of its users.
  readOnly: block.readOnly || block.owner === "tenant" || block.owner === "group",
  revision: block.revision
})

export class Memory extends Observed<MemoryState> {
  readonly #connection: Connection
  readonly #which: Which
  #asked = 0

  constructor(connection: Connection, which: Which) {
    super({ status: "loading", blocks: [] })
    this.#connection = connection
    this.#which = which
  }

  /** Reads the blocks anew, if somebody looks. */
  readonly refresh = async (): Promise<void> => {
    if (!this.watched) return
    this.#asked += 1
    const asked = this.#asked
    try {
      const { agentId, id } = await this.#connection.open(this.#which)
      const { items } = await this.#connection.run((client) =>
        client.memory.blocks({
          params: { id: AgentId(agentId) },
          query: { conversation: ConversationId(id) }
        })
      )
      // An answer that was overtaken by a later question is old.
      if (asked === this.#asked) this.#show({ status: "ready", blocks: items.map(shown) })
    } catch (error) {
      const { blocks } = this.state()
      this.#show({ status: "broken", blocks, trouble: asTrouble(error) })
    }
  }

  /** Revisions of a block, newest first. Rejects with a `Trouble`. */
  readonly history = async (block: string, after?: string): Promise<Past> => {
    const { items, next } = await this.#connection.run((client) =>
      client.memory.history({
        params: { id: BlockId(block) },
        query: { limit: 20, ...(after === undefined ? {} : { after }) }
      })
    )
    const more = Option.getOrUndefined(next)
    return {
      items: items.map(({ at, by, revision, turnId, value }) => ({
        revision,
        value,
        inTurn: Option.isSome(turnId),
        ...Option.match(by, { onNone: () => ({}), onSome: (by) => ({ by }) }),
        ...Option.match(at, { onNone: () => ({}), onSome: (at) => ({ at }) })
      })),
      ...(more === undefined ? {} : { next: more })
    }
  }

  /** Gives a block the value it had at revision `to`: a change like any other. */
  readonly undo = async (block: string, to: number): Promise<void> => {
    await this.#connection.run((client) =>
      client.memory.undo({ params: { id: BlockId(block) }, payload: { to } })
    )
    await this.refresh()
  }

  /**
   * Gives a block, read at revision `expected`, this text. Rejects with a `Trouble` of reason
   * `Conflict` when somebody was first; nothing is overwritten then, and the state has their text.
   */
  readonly rethink = async (block: string, text: string, expected: number): Promise<void> => {
    try {
      await this.#connection.run((client) =>
        client.memory.edit({
          params: { id: BlockId(block) },
          payload: { edit: { _tag: "Rethink", text }, expected }
        })
      )
    } finally {
      await this.refresh()
    }
  }

  /** The document that a cited passage was cut from. Rejects with a `Trouble`. */
  readonly document = (passage: string): Promise<OpenedDocument> =>
    this.#connection.run((client) => client.sources.open({ params: { id: PassageId(passage) } }))

  #show(state: MemoryState): void {
    if (!this.#connection.closed.aborted) this.set(state)
  }
}

const asTrouble = (error: unknown): Trouble =>
  error instanceof Trouble ? error : new Trouble(error)

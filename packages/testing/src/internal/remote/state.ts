/**
 * The remote server's own state: agents, conversations, turns and their messages. It goes on with a
 * turn whether or not its client is there, answers the same turn again from what it stored, and, with
 * a journal, goes on when it is killed and started again: only a message in the making is lost, and
 * made anew under another id.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Line, Report } from "./protocol.ts"

/** How the server makes its answers. */
export interface Making {
  /** Where the state is kept; in memory only without one. */
  readonly journal?: string
  /** Messages of a turn. Default 1. */
  readonly steps?: number
  /** Wait before each piece. Default 0. */
  readonly deltaMs?: number
}

/** Units of text in one piece. */
const pieceLength = 8

const S = Schema.String
const Entry = Schema.Union([
  Schema.TaggedStruct("Agent", { id: S }),
  Schema.TaggedStruct("Deleted", { id: S }),
  Schema.TaggedStruct("Conversation", { id: S, agent: S }),
  Schema.TaggedStruct("Begun", { id: S, conversation: S, text: S }),
  Schema.TaggedStruct("Take", { id: S }),
  Schema.TaggedStruct("Message", { id: S, message: S, text: S }),
  Schema.TaggedStruct("Ended", { id: S, state: Schema.Literals(["finished", "cancelled"]) })
])
type Entry = typeof Entry.Type
const parseEntry = Schema.decodeUnknownOption(Schema.fromJsonString(Entry))

interface Turn {
  readonly id: string
  readonly conversation: string
  readonly text: string
  /** Its place among the turns of its conversation that were not cancelled, from 1. */
  readonly place: number
  state: "running" | "finished" | "cancelled"
  takes: number
  readonly messages: Array<{ readonly id: string; readonly text: string }>
  /** The message in the making. */
  draft: { readonly id: string; text: string } | undefined
  /** True while this process works on it. */
  working: boolean
  /** Called when there is more to tell. */
  readonly readers: Set<() => void>
}

/** Why a turn is not begun. */
export type Refusal = "unknown conversation" | "busy" | "cancelled"

export class State {
  private readonly agents = new Set<string>()
  private readonly conversations = new Map<string, string>()
  private readonly turns = new Map<string, Turn>()
  private readonly making: Making

  constructor(making: Making) {
    this.making = making
    if (making.journal === undefined || !existsSync(making.journal)) return
    for (const line of readFileSync(making.journal, "utf8").split("\n")) {
      // A kill may have cut the last line; what it said was not acknowledged.
      const entry = Option.getOrUndefined(parseEntry(line))
      if (entry !== undefined) this.apply(entry)
    }
    for (const turn of this.turns.values()) this.again(turn.id)
  }

  /** The agent of this id, made when it was not there. */
  provision(id: string): string {
    if (!this.agents.has(id)) this.record({ _tag: "Agent", id })
    return `remote-${id}`
  }

  /** The conversation of this id; `undefined` where there is no such agent. */
  open(agentRef: string, id: string): string | undefined {
    const agent = agentRef.replace(/^remote-/, "")
    if (!this.agents.has(agent)) return undefined
    if (!this.conversations.has(id)) this.record({ _tag: "Conversation", id, agent })
    return id
  }

  delete(agentRef: string): void {
    const id = agentRef.replace(/^remote-/, "")
    if (this.agents.has(id)) this.record({ _tag: "Deleted", id })
  }

  /** Begins a turn, or finds it begun: the same id is never answered anew. */
  ask(conversation: string, id: string, text: string): Refusal | undefined {
    if (!this.conversations.has(conversation)) return "unknown conversation"
    const known = this.turns.get(id)
    if (known !== undefined) return this.again(id)
    for (const turn of this.turns.values()) {
      if (turn.conversation === conversation && turn.state === "running") return "busy"
    }
    this.record({ _tag: "Begun", id, conversation, text })
    return this.again(id)
  }

  /** Goes on with a known turn where a killed process left it. */
  again(id: string): Refusal | undefined {
    const turn = this.turns.get(id)
    if (turn?.state === "cancelled") return "cancelled"
    if (turn?.state === "running" && !turn.working) void this.work(turn)
    return undefined
  }

  /** Stops whatever the conversation works on. */
  cancelAll(conversation: string): void {
    for (const turn of this.turns.values()) {
      if (turn.conversation === conversation) this.cancel(turn.id)
    }
  }

  has(id: string): boolean {
    return this.turns.has(id)
  }

  /** Stops a turn; fine when it has ended or never was. */
  cancel(id: string): void {
    const turn = this.turns.get(id)
    if (turn?.state === "running") this.record({ _tag: "Ended", id, state: "cancelled" })
  }

  /** Everything a turn says, from its beginning, then as it comes. */
  async *lines(id: string): AsyncGenerator<Line> {
    const turn = this.turns.get(id)
    if (turn === undefined) return
    let told = 0
    let offset = 0
    while (true) {
      const current = turn.messages[told] ?? turn.draft
      if (current !== undefined && current.text.length > offset) {
        const text = current.text.slice(offset, offset + pieceLength)
        yield { _tag: "Delta", id: current.id, offset, text }
        offset += text.length
        continue
      }
      const whole = turn.messages[told]
      if (whole !== undefined) {
        yield { _tag: "Message", ...whole }
        told += 1
        offset = 0
        continue
      }
      if (turn.state === "cancelled") return yield { _tag: "Failed", why: "cancelled" }
      if (turn.state === "finished") {
        const output = turn.messages.reduce((sum, { text }) => sum + text.length, 0)
        return yield { _tag: "Done", input: turn.text.length, output }
      }
      await new Promise<void>((resolve) => turn.readers.add(resolve))
    }
  }

  report(): Pick<Report, "agents" | "conversations" | "turns"> {
    return {
      agents: [...this.agents],
      conversations: [...this.conversations.keys()],
      turns: Array.from(this.turns.values(), ({ conversation, id, messages, state, takes }) => ({
        id,
        conversation,
        state,
        takes,
        messages: messages.map(({ text }) => text)
      }))
    }
  }

  /** Makes what is missing of a turn, a message at a time. */
  private async work(turn: Turn): Promise<void> {
    turn.working = true
    const { deltaMs = 0, steps = 1 } = this.making
    this.record({ _tag: "Take", id: turn.id })
    for (let step = turn.messages.length + 1; step <= steps; step++) {
      const id = `${turn.id}.${step}.${turn.takes}`
      const text = `remote ${turn.place}.${step} (take ${turn.takes}): ${turn.text}`
      turn.draft = { id, text: "" }
      for (let end = pieceLength; end < text.length + pieceLength; end += pieceLength) {
        await sleep(deltaMs)
        if (turn.state !== "running") break
        turn.draft.text = text.slice(0, end)
        wake(turn)
      }
      if (turn.state !== "running") break
      this.record({ _tag: "Message", id: turn.id, message: id, text })
    }
    if (turn.state === "running") this.record({ _tag: "Ended", id: turn.id, state: "finished" })
    turn.working = false
  }

  /** Stores first, then it is so. */
  private record(entry: Entry): void {
    if (this.making.journal !== undefined) {
      appendFileSync(this.making.journal, `${JSON.stringify(entry)}\n`)
    }
    this.apply(entry)
  }

  private apply(entry: Entry): void {
    switch (entry._tag) {
      case "Agent":
        this.agents.add(entry.id)
        return
      case "Deleted":
        this.agents.delete(entry.id)
        for (const [id, agent] of this.conversations) {
          if (agent === entry.id) this.conversations.delete(id)
        }
        return
      case "Conversation":
        this.conversations.set(entry.id, entry.agent)
        return
      case "Begun": {
        const before = [...this.turns.values()].filter(
          ({ conversation, state }) => conversation === entry.conversation && state !== "cancelled"
        )
        this.turns.set(entry.id, {
          id: entry.id,
          conversation: entry.conversation,
          text: entry.text,
          place: before.length + 1,
          state: "running",
          takes: 0,
          messages: [],
          draft: undefined,
          working: false,
          readers: new Set()
        })
        return
      }
    }
    const turn = this.turns.get(entry.id)
    if (turn === undefined) return
    if (entry._tag === "Take") turn.takes += 1
    else if (entry._tag === "Message") {
      turn.messages.push({ id: entry.message, text: entry.text })
      turn.draft = undefined
    } else turn.state = entry.state
    wake(turn)
  }
}

const wake = (turn: Turn): void => {
  const readers = [...turn.readers]
  turn.readers.clear()
  for (const resume of readers) resume()
}

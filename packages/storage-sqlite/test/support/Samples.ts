/** Random records of the stores of memory, hostile texts among them, from few ids so that they meet. */
import * as Samples from "@atrium/conformance/storage/Samples"
import type { By } from "@atrium/core/Page"
import type { Archive } from "@atrium/core/storage/Archive"
import type { BlockRecord, BlockWrite } from "@atrium/core/storage/BlockStore"
import type { ConversationRecord } from "@atrium/core/storage/ConversationStore"
import type { DocumentRecord } from "@atrium/core/storage/DocumentStore"
import type { LedgerRecord } from "@atrium/core/storage/LedgerStore"
import type { PassageRecord } from "@atrium/core/storage/PassageStore"
import type { TurnRecord } from "@atrium/core/storage/TurnStore"
import type { WordItem } from "@atrium/core/storage/WordStore"
import { randomOf } from "./Lane.ts"

/** Draws of one seed. */
export class Draw {
  private readonly random: () => number
  constructor(seed: number) {
    this.random = randomOf(seed)
  }
  below(n: number): number {
    return Math.floor(this.random() * n)
  }
  one<A>(of: readonly [A, ...ReadonlyArray<A>]): A {
    return of[this.below(of.length)] ?? of[0]
  }
  some<A>(most: number, make: () => A): ReadonlyArray<A> {
    return Array.from({ length: this.below(most + 1) }, make)
  }
}

export const users = ["alice", "böb"] as const
/** In byte order, which is not that of UTF-16: the last two. */
export const letters = ["a", "B", "%", "é", "\ufffd", "\u{1f375}"] as const
const texts = [
  "",
  "tea",
  "tea \u0000 cup",
  "half \ud83c of it",
  "\u0001",
  '\u0001"x"',
  "\u{1f375}".repeat(50),
  "' or 1=1 --"
] as const

export const ownerOf = (draw: Draw) => draw.one([null, ...users])
export const idOf = (draw: Draw, kind: string) => `${kind} ${draw.one(letters)}${draw.below(2)}`
export const byOf = (draw: Draw): By => ({
  limit: 1 + draw.below(3),
  newestFirst: draw.below(2) === 0,
  ...(draw.below(3) === 0 ? { tags: draw.some(2, () => draw.one(["x", "y"])) } : {})
})

export const archiveOf = (draw: Draw): Archive => ({
  ...draw.one<Omit<Archive, "userId">>([
    { kind: "agent", id: "agent é" },
    { kind: "source", id: "handbook" },
    { kind: "conversation", id: "conversation 0" },
    { kind: "conversation", id: "conversation 1" }
  ]),
  userId: ownerOf(draw)
})

export const blockOf = (draw: Draw): BlockRecord => ({
  id: idOf(draw, "block"),
  agentId: draw.one(["agent", "agent é"]),
  userId: ownerOf(draw),
  conversationId: draw.one([null, null, "conversation 0", "conversation 1"]),
  label: draw.one(letters),
  description: draw.one(texts),
  value: draw.one(texts),
  owner: draw.one(["agent", "user", "conversation", "group", "tenant"]),
  limit: draw.below(5000),
  readOnly: draw.below(2) === 0,
  revision: 1,
  trust: draw.one(["operator", "user", "derived"]),
  at: draw.below(1000)
})

export const writeOf = (draw: Draw): BlockWrite => ({
  expected: draw.one([1, 1, 2, 3]),
  value: draw.one(texts),
  by: draw.one(texts),
  turnId: draw.one([null, "turn"]),
  trust: draw.one(["operator", "user", "derived"]),
  at: draw.below(1000)
})

export const passageOf = (draw: Draw): PassageRecord => ({
  id: idOf(draw, "passage"),
  archive: archiveOf(draw),
  text: draw.one(texts),
  document: draw.one([null, ...texts]),
  from: draw.below(100),
  to: 100 + draw.below(100),
  tags: draw.some(2, () => draw.one(["x", "y", "\u{10348}"])),
  at: draw.below(1000)
})

export const documentOf = (draw: Draw): DocumentRecord => ({
  source: draw.one(["handbook", "manual"]),
  name: draw.one(letters),
  title: draw.one(texts),
  text: draw.one(texts),
  digest: draw.one(letters),
  passages: draw.some(3, () => idOf(draw, "passage")),
  at: draw.below(1000)
})

export const rowOf = (draw: Draw): LedgerRecord => ({
  turnId: `turn ${draw.one(letters)}`,
  sequence: draw.below(12),
  conversationId: idOf(draw, "conversation"),
  agentId: idOf(draw, "agent"),
  userId: ownerOf(draw),
  at: draw.one([9, 10, 11, 1000]),
  call:
    draw.below(3) === 0
      ? null
      : {
          purpose: draw.one(texts),
          model: draw.one(texts),
          finish: draw.one(texts),
          usage: {
            input: draw.below(100),
            cached: draw.below(100),
            output: draw.below(100),
            reasoning: draw.below(100),
            microUsd: draw.one([null, draw.below(100)])
          }
        },
  turns: draw.below(2),
  messages: draw.below(5)
})

export const vocabulary = ["tea", "cup", "été", "\u{10348}", "\u{10349}", "\u0001", "%"] as const
export const itemOf = (draw: Draw): WordItem => ({
  item: idOf(draw, "item"),
  words: new Map(draw.some(4, () => [draw.one(vocabulary), 1 + draw.below(3)]))
})

export const conversationOf = (draw: Draw): ConversationRecord =>
  Samples.conversation(draw.one(["conversation 0", "conversation 1"]), ownerOf(draw), {
    agentId: draw.one(["agent", "agent é"]),
    key: "main"
  })

export const turnOf = (draw: Draw): TurnRecord => {
  const conversation = conversationOf(draw)
  const position = 1 + draw.below(3)
  return Samples.turn(
    `turn ${position} of ${conversation.id}`,
    conversation.id,
    conversation.userId,
    {
      agentId: conversation.agentId,
      position,
      sequence: 1,
      stored: 1,
      handedBack: draw.below(3),
      draft: draw.one([null, { text: draw.one(texts), n: [1, null] }, [], "x", 0, false]),
      waiting: draw.some(2, () => ({ callId: draw.one(letters), expiresAt: draw.below(100) }))
    }
  )
}

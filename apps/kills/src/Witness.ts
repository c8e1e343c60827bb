/** What the killed houses promised, line by line, and whether the last one kept it [TRN-7]. */
import type { Line, Orders, Place, Sent, Shown } from "./Script.ts"
import { View } from "./View.ts"
import { problemsOf } from "./verdict.ts"

export interface Promise {
  readonly sent: Sent
  turnId: string | undefined
  refused: boolean
}

/** What is known of a turn that was accepted. `maybe`: a cancel was on its way. */
export interface Cancel {
  maybe: boolean
  sure: boolean
}

/** What a life came to. */
export interface Tally {
  readonly accepted: number
  readonly refused: number
  readonly cancelled: number
  /** Turns that were run more than once. */
  readonly again: number
  /** Turns that were given up because their house was killed too often. */
  readonly crashed: number
  readonly read: number
  readonly retracted: number
  readonly resumed: number
}

export const add = (a: Tally, b: Tally): Tally => ({
  accepted: a.accepted + b.accepted,
  refused: a.refused + b.refused,
  cancelled: a.cancelled + b.cancelled,
  again: a.again + b.again,
  crashed: a.crashed + b.crashed,
  read: a.read + b.read,
  retracted: a.retracted + b.retracted,
  resumed: a.resumed + b.resumed
})

export const nothing: Tally = {
  accepted: 0,
  refused: 0,
  cancelled: 0,
  again: 0,
  crashed: 0,
  read: 0,
  retracted: 0,
  resumed: 0
}

export class Witness {
  readonly promises = new Map<string, Promise>()
  readonly cancels = new Map<string, Cancel>()
  readonly views = new Map<string, View>()
  readonly shown: Array<Shown> = []
  readonly counted = new Map<string, Extract<Line, { readonly _tag: "Counted" }>>()
  settled = false
  kills = 0
  /** Messages that an answered turn has. */
  readonly steps: number
  private readonly wrong: Array<string> = []
  private events = 0
  private resumes = 0
  private retracted = 0

  constructor(steps: number) {
    this.steps = steps
  }

  hear(line: Line): void {
    switch (line._tag) {
      case "Sending": {
        const { sent } = line
        if (!this.promises.has(sent.id)) {
          this.promises.set(sent.id, { sent, turnId: undefined, refused: false })
        }
        return
      }
      case "Accepted": {
        const promise = this.promises.get(line.id)
        if (promise === undefined) return
        if (promise.turnId !== undefined && promise.turnId !== line.turnId) {
          this.wrong.push(`${line.id} was turn ${promise.turnId} and is now ${line.turnId}`)
        }
        promise.turnId = line.turnId
        return
      }
      case "Refused": {
        const promise = this.promises.get(line.id)
        if (promise?.turnId !== undefined || line.reason !== "Busy") {
          this.wrong.push(`${line.id} was refused: ${line.reason}, ${line.message}`)
        }
        if (promise !== undefined) promise.refused = true
        return
      }
      case "Cancelling":
        this.cancelOf(line.turnId).maybe = true
        return
      case "Cancelled":
        this.cancelOf(line.turnId).sure = true
        return
      case "Read":
        this.events += 1
        if (line.event._tag === "Retracted") this.retracted += 1
        this.viewOf(line.turnId, line.reader).read(line.event, line.cursor)
        return
      case "Failed":
        this.wrong.push(`${line.what} failed: ${line.why}`)
        return
      case "Logged":
        this.wrong.push(`logged: ${line.level} ${line.text}`)
        return
      case "Shown":
        this.shown.push(line)
        return
      case "Counted":
        this.counted.set(`${line.tenant} ${line.user}`, line)
        return
      case "Settled":
        this.settled = true
    }
  }

  /** What the next house has to be told. A few answered sends are repeated as well. */
  orders(): Pick<Orders, "resend" | "follow" | "places"> {
    const promises = [...this.promises.values()]
    const open = promises.filter(({ refused, turnId }) => turnId === undefined && !refused)
    const known = promises.filter(({ turnId }) => turnId !== undefined)
    const answered = [...known.slice(0, 5), ...known.slice(5).slice(-5)]
    for (const { turnId } of promises) if (turnId !== undefined) this.viewOf(turnId, "patient")
    const places = new Map(promises.map(({ sent }) => [JSON.stringify(sent.place), sent.place]))
    const follow = [...this.views].flatMap(([key, view]) => {
      const [turnId = "", reader = ""] = key.split(" ")
      const place = this.placeOf(turnId)
      if (view.ended || place === undefined) return []
      this.resumes += 1
      return [{ turnId, reader, place, after: view.cursor ?? null }]
    })
    return {
      resend: [...open, ...answered].map(({ sent }) => sent),
      follow,
      places: [...places.values()]
    }
  }

  /** Everything that was promised and not kept. Complete only after the last house has settled. */
  verdict(): ReadonlyArray<string> {
    const read = [...this.views.values()].flatMap(({ wrong }) => wrong)
    return [...this.wrong, ...read, ...(this.settled ? problemsOf(this) : [])]
  }

  tally(): Tally {
    const promises = [...this.promises.values()]
    const turns = this.shown.flatMap((shown) => shown.turns)
    return {
      again: turns.filter(({ attempt }) => attempt > 0).length,
      crashed: turns.filter(({ facts }) => facts.at(-1)?._tag === "TurnFailed").length,
      retracted: this.retracted,
      accepted: promises.filter(({ turnId }) => turnId !== undefined).length,
      refused: promises.filter(({ refused }) => refused).length,
      cancelled: [...this.cancels.values()].filter(({ sure }) => sure).length,
      read: this.events,
      resumed: this.resumes
    }
  }

  cancelOf(turnId: string): Cancel {
    const known = this.cancels.get(turnId) ?? { maybe: false, sure: false }
    this.cancels.set(turnId, known)
    return known
  }

  private placeOf(turnId: string): Place | undefined {
    for (const promise of this.promises.values()) {
      if (promise.turnId === turnId) return promise.sent.place
    }
    return undefined
  }

  private viewOf(turnId: string, reader: string): View {
    const key = `${turnId} ${reader}`
    const known = this.views.get(key) ?? new View(key)
    this.views.set(key, known)
    return known
  }
}

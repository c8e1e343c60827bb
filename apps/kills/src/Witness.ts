/** What the killed houses promised, line by line, and whether the last one kept it [TRN-7]. */
import type { House, Line, Orders, Sent } from "./Script.ts"
import type { Billed, Counted, Place, Remembered, Shown } from "./Shown.ts"
import type { Tally } from "./Tally.ts"
import { View } from "./View.ts"
import type { Deed } from "./World.ts"

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

/** What was announced about a call that waited, and the decision that was acknowledged. */
export interface Decision {
  readonly announced: Set<boolean>
  acknowledged: boolean | undefined
}

export class Witness {
  readonly promises = new Map<string, Promise>()
  readonly cancels = new Map<string, Cancel>()
  readonly views = new Map<string, View>()
  readonly shown: Array<Shown> = []
  /** Of each user, by tenant and user. */
  readonly counted = new Map<string, Counted>()
  readonly billed = new Map<string, Billed>()
  readonly remembered = new Map<string, Remembered>()
  /** By turn and call. */
  readonly decisions = new Map<string, Decision>()
  /** What the world's log says at the end. */
  deeds: ReadonlyArray<Deed> = []
  settled = false
  kills = 0
  readonly house: House
  readonly wrong: Array<string> = []
  private events = 0
  private resumes = 0
  private retracted = 0

  constructor(house: House) {
    this.house = house
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
        const may = this.house.approvals ? ["Busy", "Waiting"] : ["Busy"]
        if (promise?.turnId !== undefined || !may.includes(line.reason)) {
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
      case "Billed":
        this.billed.set(`${line.tenant} ${line.user}`, line)
        return
      case "Remembered":
        this.remembered.set(`${line.tenant} ${line.user}`, line)
        return
      case "Deciding":
        this.decisionOf(line.turnId, line.callId).announced.add(line.approved)
        return
      case "Decided": {
        const decision = this.decisionOf(line.turnId, line.callId)
        if (decision.acknowledged !== undefined) {
          this.wrong.push(`${line.callId} of turn ${line.turnId} was decided twice`)
        }
        decision.acknowledged = line.approved
        return
      }
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

  tally(): Tally {
    const promises = [...this.promises.values()]
    const turns = this.shown.flatMap((shown) => shown.turns)
    const facts = turns.flatMap((turn) => turn.facts)
    return {
      acted: this.deeds.length,
      unknown: facts.filter((fact) => fact._tag === "ToolFinished" && fact.outcome === "unknown")
        .length,
      decided: facts.filter(({ _tag }) => _tag === "ApprovalResolved").length,
      marks: facts.filter(({ _tag }) => _tag === "BlockEdited").length,
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

  decisionOf(turnId: string, callId: string): Decision {
    const key = `${turnId} ${callId}`
    const known = this.decisions.get(key) ?? { announced: new Set(), acknowledged: undefined }
    this.decisions.set(key, known)
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

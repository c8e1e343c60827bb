/** What lives came to, so that it can be seen how much was tried. */

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
  /** Calls that reached the world, and calls of which nobody knows whether they did. */
  readonly acted: number
  readonly unknown: number
  /** Decisions about calls, and marks in memory. */
  readonly decided: number
  readonly marks: number
}

export const nothing: Tally = {
  accepted: 0,
  refused: 0,
  cancelled: 0,
  again: 0,
  crashed: 0,
  read: 0,
  retracted: 0,
  resumed: 0,
  acted: 0,
  unknown: 0,
  decided: 0,
  marks: 0
}

export const add = (a: Tally, b: Tally): Tally => ({
  accepted: a.accepted + b.accepted,
  refused: a.refused + b.refused,
  cancelled: a.cancelled + b.cancelled,
  again: a.again + b.again,
  crashed: a.crashed + b.crashed,
  read: a.read + b.read,
  retracted: a.retracted + b.retracted,
  resumed: a.resumed + b.resumed,
  acted: a.acted + b.acted,
  unknown: a.unknown + b.unknown,
  decided: a.decided + b.decided,
  marks: a.marks + b.marks
})

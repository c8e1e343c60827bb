/** Seeded chance, so that what was tried can be told. */

export interface Dice {
  /** At least 0, less than 1. */
  readonly roll: () => number
  /** A whole number from 0 to `sides - 1`. */
  readonly below: (sides: number) => number
  /** True with this probability. */
  readonly chance: (probability: number) => boolean
}

/** The same seed rolls the same (mulberry32). */
export const make = (seed: number): Dice => {
  let state = seed >>> 0
  const roll = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    roll,
    below: (sides) => Math.floor(roll() * sides),
    chance: (probability) => roll() < probability
  }
}

/** Dice that a text stands for: the same text rolls the same (FNV-1a). */
export const from = (text: string): Dice => {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return make(hash)
}

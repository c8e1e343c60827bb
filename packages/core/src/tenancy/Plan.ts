/** What a tenant has ordered, as data: rates, how many may wait, how long a replay lasts. */

/** At most `turns` accepted turns in any `windowMs` milliseconds: a sliding log, not a fixed window. */
export interface Rate {
  readonly turns: number
  readonly windowMs: number
}

/**
 * A plan.
 * - `user`: for each user. `tenant`: for all users together; absent means no such limit.
 * - `waiting`: sends that may wait in one conversation behind the running turn, then `Busy`.
 * - `replayMs`: how long after its end a turn answers again to the id it was sent with.
 */
export interface Plan {
  readonly user: Rate
  readonly tenant?: Rate
  readonly waiting: number
  readonly replayMs: number
}

/** 10 turns in any 60 s for a user, 8 may wait, replayed for 24 hours. */
export const defaultPlan: Plan = {
  user: { turns: 10, windowMs: 60_000 },
  waiting: 8,
  replayMs: 86_400_000
}

/**
 * A rate and what is left of it now. `retryAfterMs`: 0 while something is left, else the
 * milliseconds until one more turn is accepted.
 */
export interface Meter extends Rate {
  readonly left: number
  readonly retryAfterMs: number
}

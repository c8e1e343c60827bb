/** What is left of the user's rate, outside of React. */
import type { Connection } from "./Connection.ts"
import { Observed } from "./Observed.ts"

/**
 * `left` of `turns` in any `windowMs` milliseconds. `moreAt`: when one more is accepted, in
 * milliseconds since 1970; `undefined` while something is left.
 */
export interface Left {
  readonly turns: number
  readonly windowMs: number
  readonly left: number
  readonly moreAt?: number
}

/** `undefined`: not known yet. */
export type LimitsState = Left | undefined

/** How often it is looked at again while something is used up, in milliseconds. */
const againMs = 5000

export class Limits extends Observed<LimitsState> {
  readonly #connection: Connection
  #again: ReturnType<typeof setTimeout> | undefined

  constructor(connection: Connection) {
    super(undefined)
    this.#connection = connection
    connection.closed.addEventListener("abort", () => clearTimeout(this.#again))
  }

  /** Reads it anew; what was known stays when that fails. */
  readonly refresh = async (): Promise<void> => {
    if (!this.watched) return
    clearTimeout(this.#again)
    let wait = againMs
    try {
      const { user } = await this.#connection.run((client) => client.limits.left())
      if (this.#connection.closed.aborted) return
      const { left, retryAfterMs, turns, windowMs } = user
      const limited = left === 0 ? { moreAt: Date.now() + retryAfterMs } : {}
      this.set({ turns, windowMs, left, ...limited })
      if (left === turns) return
      if (left === 0) wait = Math.min(againMs, retryAfterMs + 50)
    } catch {
      // The conversation tells that the server cannot be reached.
    }
    clearTimeout(this.#again)
    if (!this.#connection.closed.aborted) this.#again = setTimeout(this.refresh, wait)
  }
}

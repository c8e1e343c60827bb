/** Ids of tool calls: the provider's where they will do, else our own. */
import { isWellFormed } from "@atrium/core/ids"

/** Longest id of a call, in UTF-16 units. */
const maximumLength = 64

const fine = /^[\x21-\x7e]+$/

export class CallIds {
  private readonly used: Set<string>
  private readonly prefix: string
  private count = 0

  /**
   * @param prefix what our own ids begin with; of one run of one turn
   * @param used ids that were given in what the prompt shows
   */
  constructor(prefix: string, used: Iterable<string>) {
    this.prefix = prefix
    this.used = new Set(used)
  }

  /** The id for a call that the provider calls `id`: unique in the prompt and in the turn. */
  take(id: string): string {
    const isTheirs =
      id.length <= maximumLength && isWellFormed(id) && fine.test(id) && !this.used.has(id)
    const taken = isTheirs ? id : this.own()
    this.used.add(taken)
    return taken
  }

  private own(): string {
    do this.count += 1
    while (this.used.has(`${this.prefix}${this.count}`))
    return `${this.prefix}${this.count}`
  }
}

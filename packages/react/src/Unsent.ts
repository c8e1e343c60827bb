/** What was written and is not known to have reached the server: it outlives a reload of the tab. */

/** Where texts are kept: a tab's `sessionStorage`, or what does the same. */
export interface Keeping {
  readonly getItem: (name: string) => string | null
  readonly setItem: (name: string, text: string) => void
  readonly removeItem: (name: string) => void
}

/**
 * A message that was sent, until the server says that it has it.
 * - `id`: of the send. As long as it is the same message it keeps it, so it is one turn [TRN-3].
 * - `after`: the last turn that was there before it.
 */
interface Attempt {
  readonly id: string
  readonly text: string
  readonly retryOf?: string
  readonly after?: string
}

/** The tab's own, where there is one and it may be used. */
const ofTab = (): Keeping | undefined => {
  try {
    return typeof document === "undefined" ? undefined : sessionStorage
  } catch {
    return undefined
  }
}

const isText = (value: unknown): value is string | undefined =>
  value === undefined || typeof value === "string"

const isAttempt = (value: unknown): value is Attempt =>
  typeof value === "object" &&
  value !== null &&
  "id" in value &&
  typeof value.id === "string" &&
  "text" in value &&
  typeof value.text === "string" &&
  isText(Reflect.get(value, "retryOf")) &&
  isText(Reflect.get(value, "after"))

const freshId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0")
  ).join("")

export class Unsent {
  readonly #keeping: Keeping | undefined
  readonly #name: string
  #draft = ""
  #attempt: Attempt | undefined

  /** `name`: whose text it is, and for which conversation. */
  constructor(name: string, keeping: Keeping | undefined = ofTab()) {
    this.#name = `atrium.unsent.${name}`
    this.#keeping = keeping
    try {
      const kept: unknown = JSON.parse(keeping?.getItem(this.#name) ?? "null")
      if (typeof kept !== "object" || kept === null) return
      if ("draft" in kept && typeof kept.draft === "string") this.#draft = kept.draft
      if ("attempt" in kept && isAttempt(kept.attempt)) this.#attempt = kept.attempt
    } catch {
      // What cannot be read is not there.
    }
  }

  get draft(): string {
    return this.#draft
  }

  readonly write = (draft: string): void => {
    this.#draft = draft
    this.#keep()
  }

  /** The id to send a message with: the one it had when its last try was not acknowledged. */
  readonly attempt = (text: string, retryOf?: string, after?: string): string => {
    const last = this.#attempt
    if (last?.text === text && last.retryOf === retryOf) return last.id
    this.#attempt = {
      id: freshId(),
      text,
      ...(retryOf === undefined ? {} : { retryOf }),
      ...(after === undefined ? {} : { after })
    }
    this.#keep()
    return this.#attempt.id
  }

  /** The server has the message: of the draft stays what was written behind `sent`. */
  readonly acknowledged = (sent: string): void => {
    this.#attempt = undefined
    if (this.#draft.startsWith(sent)) this.#draft = this.#draft.slice(sent.length)
    this.#keep()
  }

  /** The id cannot be used again: the message gets another one. */
  readonly forget = (): void => {
    this.#attempt = undefined
    this.#keep()
  }

  /**
   * Looks for the message among turns of the transcript. `true`: it is there, so it had arrived and
   * only the answer was lost.
   */
  readonly lookFor = (
    turns: ReadonlyArray<{ readonly id: string; readonly question: string }>
  ): boolean => {
    const last = this.#attempt
    if (last === undefined) return false
    const since = turns.slice(turns.findIndex(({ id }) => id === last.after) + 1)
    if (!since.some(({ question }) => question === last.text)) return false
    this.acknowledged(this.#draft.trim() === last.text ? this.#draft : last.text)
    return true
  }

  #keep(): void {
    try {
      if (this.#draft === "" && this.#attempt === undefined) this.#keeping?.removeItem(this.#name)
      else {
        const kept = { draft: this.#draft, attempt: this.#attempt }
        this.#keeping?.setItem(this.#name, JSON.stringify(kept))
      }
    } catch {
      // It is kept for as long as the page is.
    }
  }
}

/** A value that changes and tells so: what React's `useSyncExternalStore` reads. */

export class Observed<S> {
  #state: S
  readonly #listeners = new Set<() => void>()

  constructor(state: S) {
    this.#state = state
  }

  /** The value now. The same object until it changes. */
  readonly state = (): S => this.#state

  /** Calls `listener` after every change until the answer is called. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  protected set(state: S): void {
    this.#state = state
    for (const listener of this.#listeners) listener()
  }

  /** Whether anybody looks. */
  protected get watched(): boolean {
    return this.#listeners.size > 0
  }
}

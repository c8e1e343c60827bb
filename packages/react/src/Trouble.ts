/** Why something asked of the server was not done. */
import { Problem, type ProblemReason } from "@atrium/http/client"

/**
 * - `message`: for people: what was wrong and what to do.
 * - `status`: of the answer; `undefined` when the server could not be reached.
 * - `reason`: what code decides on, such as `RateLimited`; `"Unreachable"` without an answer.
 * - `retryAfterMs`: when the same request may succeed, where that is known.
 */
export class Trouble extends Error {
  readonly status: number | undefined
  readonly reason: ProblemReason["_tag"] | "Unreachable"
  readonly retryAfterMs: number | undefined
  /** The present revision, where a block was changed by somebody else meanwhile. */
  readonly revision: number | undefined

  constructor(error: unknown) {
    const problem = error instanceof Problem ? error : undefined
    super(problem?.detail ?? "The server cannot be reached.")
    this.name = "Trouble"
    this.status = problem?.status
    const reason = problem?.reason
    this.reason = reason?._tag ?? "Unreachable"
    this.retryAfterMs =
      reason?._tag === "RateLimited" || reason?._tag === "TooManyStreams"
        ? reason.retryAfterMs
        : undefined
    this.revision = reason?._tag === "Conflict" ? (reason.revision ?? undefined) : undefined
  }

  /** Whether the same request may succeed when it is made again. */
  get passes(): boolean {
    return this.status === undefined || this.status >= 500 || this.reason === "TooManyStreams"
  }
}

/** Proves a backend: every rule of the book as a test. */
import type { KnownFailure } from "../Rule.ts"
import { register } from "../Suite.ts"
import { type BackendSubject, capabilitiesOf, runBackendRule } from "./BackendRule.ts"
import { backendChapters } from "./BackendRules.ts"

/**
 * Registers a suite that proves the backend `name`.
 * - `layer`: the backend, built anew for each rule.
 * - `vendor`: the same over a vendor that can be troubled (`Vendor`); without it, rules about
 *   failures and interruption do not apply.
 * - `tools`: the same with an agent that follows a script (`ScriptedBackend`); for a backend that calls
 *   tools, which fails `ADP-1a` without it.
 * - `storage`: where conversations are kept meanwhile; in memory unless said otherwise.
 * - `knownFailures`: rules that are known to fail; they are run, must fail, and have a day by which
 *   they must be mended.
 */
export const backendConformance = (
  options: BackendSubject & {
    readonly name: string
    readonly knownFailures?: ReadonlyArray<KnownFailure>
  }
): void =>
  register({
    name: `backend conformance: ${options.name}`,
    chapters: backendChapters,
    capabilities: capabilitiesOf(options),
    knownFailures: options.knownFailures ?? [],
    run: (rule) => runBackendRule(rule, options)
  })

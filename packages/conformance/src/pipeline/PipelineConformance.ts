/** Proves a pair of storage and backend: every rule about the pipeline as a test. */
import type { KnownFailure } from "../Rule.ts"
import { register } from "../Suite.ts"
import { runPipelineRule, type Subject } from "./PipelineRule.ts"
import { pipelineChapters } from "./PipelineRules.ts"

/**
 * Registers a suite that proves the pipeline over a storage and a backend.
 * - `storage`: kept at `file`, a path that no other rule uses.
 * - `backend`: built for each rule, over the rule's storage.
 * - `processes`: whether several processes may have the storage open.
 * - `knownFailures`: rules that are known to fail; they are run, must fail, and have a day by which
 *   they must be mended.
 */
export const pipelineConformance = (
  options: Subject & { readonly name: string; readonly knownFailures?: ReadonlyArray<KnownFailure> }
): void =>
  register({
    name: `pipeline conformance: ${options.name}`,
    chapters: pipelineChapters,
    capabilities: { processes: options.processes ?? false },
    knownFailures: options.knownFailures ?? [],
    run: (rule) => runPipelineRule(rule, options)
  })

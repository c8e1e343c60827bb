/** Proves a storage: every rule of the book as a test. */
import type { KnownFailure } from "../Rule.ts"
import { register } from "../Suite.ts"
import { runRule, type Subject } from "./StorageRule.ts"
import { storageChapters } from "./StorageRules.ts"

/**
 * Registers a suite that proves the storage `name`.
 * - `layer`: the storage kept at `file`, a path that no other rule uses.
 * - `reopen`: whether what was stored is there after closing and opening again; needed of every
 *   storage whose `durability` is not `memory`.
 * - `knownFailures`: rules that are known to fail; they are run, must fail, and have a day by which
 *   they must be mended.
 */
export const storageConformance = <E>(
  options: Subject<E> & {
    readonly name: string
    readonly knownFailures?: ReadonlyArray<KnownFailure>
  }
): void =>
  register({
    name: `storage conformance: ${options.name}`,
    chapters: storageChapters,
    capabilities: { reopen: options.reopen },
    knownFailures: options.knownFailures ?? [],
    run: (rule) => runRule(rule, options)
  })

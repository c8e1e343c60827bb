/** The rule books of Atrium's ports. */
export { type KnownFailure, nameOf, problemsOf, type Rule } from "./Rule.ts"
export { storageConformance } from "./storage/StorageConformance.ts"
export { runRule, type StorageRule, type Subject } from "./storage/StorageRule.ts"
export { storageRules } from "./storage/StorageRules.ts"

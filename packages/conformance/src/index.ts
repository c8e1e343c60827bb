/** The rule books of Atrium's ports. */

export { backendConformance } from "./backend/BackendConformance.ts"
export {
  type BackendRule,
  type BackendSubject,
  capabilitiesOf,
  runBackendRule
} from "./backend/BackendRule.ts"
export { backendRules } from "./backend/BackendRules.ts"
export type { Asked, Line, Result, ScriptedBackend } from "./backend/Scripted.ts"
export { type Fault, Vendor } from "./backend/Vendor.ts"
export { pipelineConformance } from "./pipeline/PipelineConformance.ts"
export { type PipelineRule, runPipelineRule } from "./pipeline/PipelineRule.ts"
export { pipelineRules } from "./pipeline/PipelineRules.ts"
export * as Puppet from "./pipeline/Puppet.ts"
export { type KnownFailure, nameOf, problemsOf, type Rule } from "./Rule.ts"
export { storageConformance } from "./storage/StorageConformance.ts"
export { runRule, type StorageRule, type Subject } from "./storage/StorageRule.ts"
export { storageRules } from "./storage/StorageRules.ts"

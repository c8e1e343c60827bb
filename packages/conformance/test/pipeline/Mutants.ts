/** Every mutant of the pipeline. */
import { calling } from "./Calling.ts"
import { facades } from "./Facades.ts"
import type { Mutant } from "./Mutant.ts"
import { runs } from "./Runs.ts"
import { sending } from "./Sending.ts"
import { storing } from "./Storing.ts"
import { telling } from "./Telling.ts"

export const mutants: ReadonlyArray<Mutant> = [
  ...telling,
  ...sending,
  ...runs,
  ...storing,
  ...calling,
  ...facades
]

/** The rows that measure by themselves, in the order of the table. To add one: append it. */
import { bytes } from "./probes/bytes.ts"
import { commits } from "./probes/commits.ts"
import { long } from "./probes/long.ts"
import { start } from "./probes/start.ts"
import { together } from "./probes/together.ts"
import { values } from "./probes/values.ts"
import type { Probe } from "./Row.ts"

export const probes: ReadonlyArray<Probe> = [commits, together, long, bytes, start, values]

/** `pnpm start`: the support agent of a shop, with its page. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { run } from "./Run.ts"

const here = import.meta.dirname
const built = join(here, "public")

run({
  knowledge: join(here, "..", "knowledge"),
  page: existsSync(built) ? built : join(here, "..", "dist", "public")
})

/** The app as `main.ts` starts it, with the page that the tests built: `node serve.ts <folder>`. */
import { join } from "node:path"
import { run } from "../src/Run.ts"

// It never outlives the test that started it.
process.stdin.resume().once("end", () => process.exit())

run({
  page: process.argv[2] ?? "",
  knowledge: process.argv[3] ?? join(import.meta.dirname, "../knowledge")
})

/** Adapters that the documentation shows are proven as it says: its `*.test.ts` files are run. */
import { pathToFileURL } from "node:url"
import { allSnippets, folder, pathOf, write } from "../src/Extracted.ts"

const snippets = allSnippets()
write(folder, snippets)

for (const snippet of snippets.filter(({ file }) => file.endsWith(".test.ts"))) {
  await import(pathToFileURL(pathOf(folder, snippet)).href)
}

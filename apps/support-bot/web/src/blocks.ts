/**
 * Splits growing Markdown at blank lines outside fences: all but the last part never change again.
 * Joined, the parts are the text and one line break.
 */
export const blocksOf = (text: string): ReadonlyArray<string> => {
  const blocks: Array<string> = []
  let current = ""
  let fence = ""
  for (const line of text.split("\n")) {
    const mark = /^\s{0,3}(`{3,}|~{3,})/.exec(line)?.[1]
    if (mark !== undefined) {
      if (fence === "") fence = mark
      else if (mark.startsWith(fence)) fence = ""
    }
    // A list or a quote may go on after a blank line, so only a new unindented paragraph splits.
    if (fence === "" && current.endsWith("\n\n") && !/^(\s|[-*+]\s|\d+[.)]\s|>|$)/.test(line)) {
      blocks.push(current)
      current = ""
    }
    current += `${line}\n`
  }
  blocks.push(current)
  return blocks
}

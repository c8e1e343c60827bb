import { diffWordsWithSpace } from "diff"

/** A stretch of text that stayed, went or came. */
export interface Change {
  readonly kind: "same" | "gone" | "new"
  readonly text: string
}

/** What changed from one text to another; words that changed side by side are one change. */
export const changesOf = (from: string, to: string): ReadonlyArray<Change> => {
  const changes: Array<Change> = []
  let gone = ""
  let came = ""
  const flush = (): void => {
    if (gone !== "") changes.push({ kind: "gone", text: gone })
    if (came !== "") changes.push({ kind: "new", text: came })
    gone = ""
    came = ""
  }
  for (const { added, removed, value } of diffWordsWithSpace(from, to)) {
    if (removed) gone += value
    else if (added) came += value
    else if (gone !== "" && came !== "" && /^[^\S\n]+$/.test(value)) {
      // A blank between two changed words changed with them.
      gone += value
      came += value
    } else {
      flush()
      changes.push({ kind: "same", text: value })
    }
  }
  flush()
  return changes
}

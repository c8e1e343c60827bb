/** Documents are cut into passages of equal length that overlap. */
import { type Reason, rejected } from "../errors.ts"
import { maximumPassage } from "./Passages.ts"

/**
 * How a document is cut, in characters (code points): passages of `size`, each sharing exactly its
 * first `overlap` with the end of the one before; the last one may be shorter.
 */
export interface Chunking {
  readonly size: number
  readonly overlap: number
}

export const defaultChunking: Chunking = { size: 1000, overlap: 200 }

/** A piece of a text: UTF-16 units `from` (included) to `to` (excluded). */
export interface Chunk {
  readonly text: string
  readonly from: number
  readonly to: number
}

/** Most passages of one document. */
export const maximumChunks = 5000

/** Longest chunk, in characters: of the longest passage whatever its script. */
export const maximumSize = maximumPassage / 2

/** Why a document cannot be cut so, if it cannot. */
export const whyInvalid = ({ overlap, size }: Chunking): Reason | undefined => {
  if (!Number.isInteger(size) || size < 1 || size > maximumSize) {
    return rejected(
      "chunk",
      `The size of a chunk must be 1 to ${maximumSize} characters, not ${size}.`
    )
  }
  if (!Number.isInteger(overlap) || overlap < 0 || overlap >= size) {
    return rejected(
      "chunk",
      `Chunks of ${size} characters must overlap by 0 to ${size - 1}, not ${overlap}: each has to go on from the one before.`
    )
  }
  return undefined
}

/** Units of a character, which is cut nowhere. */
const unitsAt = (text: string, at: number): number => ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1)

/** How many chunks a text of `length` characters is cut into. */
export const countOf = (length: number, { overlap, size }: Chunking): number =>
  length === 0 ? 0 : Math.max(1, Math.ceil((length - overlap) / (size - overlap)))

/** The chunks of a text, in order; none of an empty one. */
export const chunksOf = (text: string, { overlap, size }: Chunking): ReadonlyArray<Chunk> => {
  /** Where `characters` more of them lead to, or the end of the text. */
  const forward = (at: number, characters: number): number => {
    let to = at
    for (let i = 0; i < characters && to < text.length; i++) to += unitsAt(text, to)
    return to
  }
  const chunks: Array<Chunk> = []
  for (let from = 0; from < text.length; ) {
    const next = forward(from, size - overlap)
    const to = forward(next, overlap)
    chunks.push({ text: text.slice(from, to), from, to })
    if (to === text.length) break
    from = next
  }
  return chunks
}

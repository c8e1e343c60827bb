/** A text that is found by search. */
import * as Option from "effect/Option"
import { PassageId } from "../ids.ts"
import { type Archive, agentArchive, sourceArchive } from "../storage/Archive.ts"
import type { PassageRecord } from "../storage/PassageStore.ts"

/**
 * A passage. `source`: the knowledge source it was cut from; `None` for what an agent keeps.
 * `at`: milliseconds since 1970 when it was made.
 */
export interface Passage {
  readonly id: PassageId
  readonly text: string
  readonly source: Option.Option<string>
  readonly at: number
  readonly tags: ReadonlyArray<string>
}

/** The passage that a record keeps. */
export const passageOf = ({ archive, at, id, tags, text }: PassageRecord): Passage => ({
  id: PassageId(id),
  text,
  source: archive.kind === "source" ? Option.some(archive.id) : Option.none(),
  at,
  tags
})

/** What a search for `user` of an agent covers: what all may read, the user's own, the sources. */
export const searched = (
  agentId: string,
  user: string | null,
  sources: ReadonlyArray<string>
): ReadonlyArray<Archive> => [
  agentArchive(agentId, null),
  ...(user === null ? [] : [agentArchive(agentId, user)]),
  ...sources.map(sourceArchive)
]

/** Specimens of the stores about what is remembered: blocks, passages, documents, words. */
import * as Effect from "effect/Effect"
import * as Samples from "../Samples.ts"
import { attack, fresh, naming, operated, readByAll, type Specimens } from "./Specimen.ts"
import { archivesOf, blockOf, word } from "./World.ts"

export const blocks: Specimens["blocks"] = {
  // With a taken id, at a taken place, at a free one, and in the conversation.
  insert: naming(({ blocks }, scope, ids, owner) => {
    const taken = { ...blockOf(ids, owner), value: attack }
    return blocks.insert(scope, [
      { ...taken, label: attack },
      { ...taken, id: fresh(`${ids.block} 2`, owner) },
      { ...taken, id: fresh(`${ids.block} 3`, owner), label: `${attack} 2` },
      {
        ...taken,
        id: fresh(`${ids.block} 4`, owner),
        label: attack,
        conversationId: ids.conversation
      }
    ])
  }),
  find: naming(({ blocks }, scope, { block }) => blocks.find(scope, block)),
  list: naming(({ blocks }, scope, ids) => blocks.list(scope, ids.agent, ids.conversation)),
  write: naming(({ blocks }, scope, { block }) =>
    Effect.map(
      Effect.forEach([1, 2], (revision) =>
        blocks.write(scope, block, Samples.write(revision, attack))
      ),
      (answers) => answers.join(" ")
    )
  ),
  changes: naming(({ blocks }, scope, { block }) => blocks.changes(scope, block, 9, 9)),
  clear: naming(({ blocks }, scope, { agent }) => blocks.clear(scope, agent, null))
}

export const passages: Specimens["passages"] = {
  // With a taken id and with a free one.
  insert: naming(({ passages }, scope, ids, owner) => {
    const archive = Samples.archive(owner, ids.agent)
    return passages.insert(scope, [
      Samples.passage(ids.passage, archive, { text: attack }),
      Samples.passage(fresh(ids.passage, owner), archive, { text: attack, tags: [attack] })
    ])
  }),
  find: naming(({ passages }, scope, { passage }) => passages.find(scope, [passage])),
  list: naming(({ passages }, scope, ids) =>
    passages.list(scope, Samples.archive(ids.user, ids.agent), {})
  ),
  delete: naming(({ passages }, scope, { passage }) => passages.delete(scope, [passage])),
  clear: naming(({ passages }, scope, { agent }) =>
    passages.clear(scope, { kind: "agent", id: agent })
  )
}

export const documents: Specimens["documents"] = {
  save: operated(({ documents }, scope, { document, source }) =>
    documents.save(scope, Samples.document(source, document, { text: attack, title: attack }))
  ),
  find: readByAll(({ documents }, scope, { document, source }) =>
    documents.find(scope, source, document)
  ),
  list: readByAll(({ documents }, scope, { source }) => documents.list(scope, source, {})),
  delete: operated(({ documents }, scope, { document, source }) =>
    documents.delete(scope, source, document)
  )
}

export const words: Specimens["words"] = {
  add: naming(({ words }, scope, ids, owner) =>
    words.add(
      scope,
      Samples.archive(owner, ids.agent),
      [Samples.item(ids.passage, [word]), Samples.item(attack, [word, word])],
      9
    )
  ),
  remove: naming(({ words }, scope, ids, owner) =>
    words.remove(scope, Samples.archive(owner, ids.agent), [ids.passage])
  ),
  search: naming(({ words }, scope, ids) => words.search(scope, archivesOf(ids), [word], 100)),
  marks: naming(({ words }, scope, ids) => words.marks(scope, archivesOf(ids))),
  clear: naming(({ words }, scope, { agent }) => words.clear(scope, { kind: "agent", id: agent }))
}

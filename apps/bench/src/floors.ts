/**
 * Floors: the least that a program written by hand over SQLite pays for a turn. No framework, no
 * tenancy, no recovery; what Atrium costs is told as a multiple of this.
 */
import { DatabaseSync } from "node:sqlite"

/** How a floor commits: NORMAL may lose the last commits when the power fails, FULL does not. */
export type Synchronous = "NORMAL" | "FULL"

/** What a floor needs. */
export interface Options {
  readonly file: string
  readonly synchronous: Synchronous
  /** The base URL of a model server; without one the turn answers itself. */
  readonly modelUrl?: string
}

/** A message as the model protocol has it. */
export interface Message {
  readonly role: string
  readonly content: string
}

/** A program written by hand that takes turns. */
export interface Floor {
  readonly turn: (user: number, turn: number) => Promise<void>
  /** The whole transcript of a user, oldest first. */
  readonly transcript: (user: number) => ReadonlyArray<Message>
  readonly close: () => void
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS messages (
    conversation TEXT NOT NULL,
    position INTEGER NOT NULL,
    role TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (conversation, position)
  ) WITHOUT ROWID`

/** How many messages a turn reads back. */
const WINDOW = 20

const failed = (what: string): never => {
  throw new Error(`The floor failed: ${what}`)
}

const contentOf = (body: unknown): string => {
  // By hand, as such a program would: the floor must not pay for a schema library.
  if (typeof body !== "object" || body === null || !("choices" in body)) return failed("no choices")
  const [choice]: ReadonlyArray<unknown> = Array.isArray(body.choices) ? body.choices : []
  if (typeof choice !== "object" || choice === null || !("message" in choice)) {
    return failed("no message")
  }
  const { message } = choice
  if (typeof message !== "object" || message === null || !("content" in message)) {
    return failed("no content")
  }
  return typeof message.content === "string" ? message.content : failed("content is no text")
}

const askModel = async (url: string, messages: ReadonlyArray<Message>): Promise<string> => {
  const response = await fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer none" },
    body: JSON.stringify({ model: "fake-model", messages })
  })
  if (!response.ok) return failed(`the model answered ${response.status}`)
  return contentOf(await response.json())
}

/** Opens a floor on a file. */
export const openFloor = ({ file, synchronous, modelUrl }: Options): Floor => {
  const db = new DatabaseSync(file)
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; ${SCHEMA}`)
  const latest = db.prepare(
    `SELECT position, role, content FROM messages WHERE conversation = ?
     ORDER BY position DESC LIMIT ?`
  )
  const insert = db.prepare(
    "INSERT INTO messages (conversation, position, role, content) VALUES (?, ?, ?, ?)"
  )
  const read = (conversation: string, limit: number) =>
    latest
      .all(conversation, limit)
      .map((row) => ({
        position: Number(row["position"]),
        role: String(row["role"]),
        content: String(row["content"])
      }))
      .reverse()

  return {
    turn: async (user, turn) => {
      const conversation = `user-${user}`
      const window = read(conversation, WINDOW)
      const said = { role: "user", content: `message ${turn} of ${conversation}` }
      const messages = [...window.map(({ role, content }) => ({ role, content })), said]
      const reply =
        modelUrl === undefined ? `ok: ${said.content}` : await askModel(modelUrl, messages)
      const position = (window.at(-1)?.position ?? 0) + 1
      db.exec("BEGIN IMMEDIATE")
      try {
        insert.run(conversation, position, said.role, said.content)
        insert.run(conversation, position + 1, "assistant", reply)
        db.exec("COMMIT")
      } catch (cause) {
        db.exec("ROLLBACK")
        throw cause
      }
    },
    transcript: (user) => read(`user-${user}`, -1).map(({ role, content }) => ({ role, content })),
    close: () => db.close()
  }
}

/**
 * Who has a database file open. The lock is SQLite's own, held by the operating system for the life
 * of the connection, so it ends with its process however that ends; the note beside the file only
 * says whose it is.
 */
import { existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { hostname } from "node:os"

/** Where the note of `file` lies, by whatever links it is reached. */
export const noteOf = (file: string): string =>
  `${existsSync(file) ? realpathSync(file) : file}.owner`

/** Leaves a note that this process has `file` since `now` (milliseconds since 1970). */
export const leaveNote = (file: string, now: number): void => {
  const note = `process ${process.pid} on ${hostname()} since ${new Date(now).toISOString()}`
  writeFileSync(noteOf(file), note)
}

/** Takes the note away. */
export const removeNote = (file: string): void => rmSync(noteOf(file), { force: true })

/** What the note of `file` says. */
export const readNote = (file: string): string => {
  try {
    return readFileSync(noteOf(file), "utf8").slice(0, 400)
  } catch {
    return "a process that left no note"
  }
}

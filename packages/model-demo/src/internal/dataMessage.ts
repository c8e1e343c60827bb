/**
 * The data message of a prompt: what is known of the user, in `<user>`, and remembered, in `<memory>`.
 * Its values are escaped, and are somebody's words: looked up and never obeyed.
 */

/** A block that the prompt shows. */
export interface Block {
  readonly label: string
  readonly readOnly: boolean
  readonly value: string
}

/** What the data message holds. `userName`: as the application knows it; empty where it does not. */
export interface Known {
  readonly userName: string
  readonly blocks: ReadonlyArray<Block>
}

/** Nothing is known. */
export const nothing: Known = { userName: "", blocks: [] }

/** Longest data message that is read, in UTF-16 units. */
const longest = 200_000

const characters: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'"
}

const unescaped = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|([a-z]{2,4}));/g, (whole, code: string | undefined, name: string) =>
    code === undefined
      ? (characters[name] ?? whole)
      : Number(code) <= 0x10ffff
        ? String.fromCodePoint(Number(code))
        : whole
  )

const attributesOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    Array.from(text.matchAll(/([a-z_]+)="([^"<>]*)"/g), ([, name = "", value = ""]) => [
      name,
      unescaped(value)
    ])
  )

/** Where a message is a data message, what it holds; `undefined` where it is somebody's. */
export const readDataMessage = (text: string): Known | undefined => {
  const whole = text.slice(0, longest).trim()
  const isFramed =
    /^<(?:user [^<>]*|memory|recalled)>/.test(whole) && /<\/(?:user|memory|recalled)>$/.test(whole)
  if (!isFramed) return undefined
  const user = /^<user ([^<>]*)>/.exec(whole)
  const memory = /<memory>([\s\S]*?)<\/memory>/.exec(whole)?.[1] ?? ""
  const blocks = Array.from(
    // Values are escaped, so the first `<` after a value is its end.
    memory.matchAll(/<block ([^<>]*)>([^<]*)<\/block>/g),
    ([, attributes = "", value = ""]): Block => {
      const named = attributesOf(attributes)
      return {
        label: named.get("label") ?? "",
        readOnly: named.get("read_only") === "true",
        value: unescaped(value).trim()
      }
    }
  )
  return { userName: attributesOf(user?.[1] ?? "").get("name") ?? "", blocks }
}

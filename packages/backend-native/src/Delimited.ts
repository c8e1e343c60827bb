/** How a prompt shows data: delimited, and escaped so that no data can end its own delimiter. */

const named: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;"
}

/** Control characters but tab and line feed, and the line ends that only some readers know. */
const isControl = (unit: number): boolean =>
  (unit < 0x20 && unit !== 0x09 && unit !== 0x0a) ||
  (unit >= 0x7f && unit <= 0x9f) ||
  unit === 0x2028 ||
  unit === 0x2029

const numbered = (text: string, isHidden: (unit: number) => boolean): string => {
  let out = ""
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    out += isHidden(unit) ? `&#${unit};` : text.charAt(i)
  }
  return out
}

/** Text between two tags. */
const escapeText = (text: string): string =>
  numbered(
    text.replace(/[&<>]/g, (char) => named[char] ?? char),
    isControl
  )

/** An attribute's value: one line, whatever is in it. */
const escapeAttribute = (text: string): string =>
  numbered(
    text.replace(/[&<>"]/g, (char) => named[char] ?? char),
    (unit) => isControl(unit) || unit === 0x09 || unit === 0x0a
  )

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

const opening = (tag: string, attributes: Attributes): string => {
  let text = `<${tag}`
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) text += ` ${name}="${escapeAttribute(String(value))}"`
  }
  return `${text}>`
}

/**
 * One piece of data on lines of its own. Tags and names of attributes are ours; attributes that are
 * `undefined` are left out.
 */
export const piece = (tag: string, attributes: Attributes, text: string): string =>
  `${opening(tag, attributes)}\n${escapeText(text)}\n</${tag}>`

/** One short piece of data in a line. */
export const inline = (tag: string, attributes: Attributes, text: string): string =>
  `${opening(tag, attributes)}${escapeText(text)}</${tag}>`

/** Pieces in a frame of their own; nothing where there are none. */
export const frame = (tag: string, attributes: Attributes, pieces: ReadonlyArray<string>): string =>
  `${[opening(tag, attributes), ...pieces].join("\n")}\n</${tag}>`

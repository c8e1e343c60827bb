/** Somebody's words as this model may repeat them: one line, without markup or citations of their own. */

/** Control characters, line ends of all kinds, and marks that turn the direction of text. */
const hidden = /[\p{Cc}\p{Zl}\p{Zp}\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]+/gu

/** Shortens at the end of a word; `limit` in UTF-16 units. */
const cut = (text: string, limit: number): string => {
  if (text.length <= limit) return text
  const shortened = text.slice(0, limit - 1).toWellFormed()
  const space = shortened.lastIndexOf(" ")
  return `${space > limit / 2 ? shortened.slice(0, space) : shortened}…`
}

/**
 * At most `limit` UTF-16 units. Tags go, so that no section's markup is repeated; `[1]` goes, so that
 * only this model's own citations cite; links keep their words and lose their address.
 */
export const plain = (text: string, limit: number): string =>
  cut(
    text
      .slice(0, limit * 8)
      .toWellFormed()
      .replace(hidden, " ")
      .replace(/<[^<>]*>/g, " ")
      .replace(/[<>`*|]+/g, " ")
      .replace(/!?\[([^[\]]*)\]\([^()]*\)/g, "$1")
      .replace(/\[\s*\d+\s*\]/g, " ")
      .replace(/[[\]]/g, " ")
      .replace(/\s+/g, " ")
      .replace(/ ([.,;:!?])/g, "$1")
      .trim(),
    limit
  )

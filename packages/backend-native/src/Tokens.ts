/**
 * How many tokens a text may take, without any model's tokenizer: a third of its bytes in UTF-8,
 * rounded up. English prose takes about a quarter and code about a third, Chinese and Japanese up to
 * a token for each character of three bytes. So a window is rather used a little less than overrun.
 */
import type { Message, Part } from "@atrium/core/conversations/Message"
import { byteLength } from "@atrium/core/ids"

/** What the frame of a message takes: its role, and its delimiters. */
const frame = 8

export const tokensOf = (text: string): number => Math.ceil(byteLength(text) / 3)

const ofPart = (part: Part): number => {
  switch (part._tag) {
    case "Text":
      return tokensOf(part.text)
    case "ToolCall":
      return frame + tokensOf(part.name) + tokensOf(JSON.stringify(part.input))
    case "ToolResult":
      return frame + tokensOf(JSON.stringify(part.output))
    // Kept for people; a prompt does not repeat them.
    case "Reasoning":
    case "Citation":
      return 0
  }
}

/** What a stored message takes in a prompt. */
export const tokensOfMessage = ({ parts }: Message): number =>
  parts.reduce((sum, part) => sum + ofPart(part), frame)

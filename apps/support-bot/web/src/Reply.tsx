import type { Citation } from "@atrium/react"
import type { ReactNode } from "react"
import { blocksOf } from "./blocks.ts"
import { Prose } from "./Prose.tsx"
import { SourceMark } from "./Source.tsx"

const mark = (citation: Citation): ReactNode => <SourceMark citation={citation} />

/** The agent's answer. Only its last block is parsed again while it grows. */
export const Reply = ({
  citations,
  text
}: {
  text: string
  citations: ReadonlyArray<Citation>
}): ReactNode => (
  <div className="reply">
    {blocksOf(text).map((block, index) => (
      <Prose key={index} text={block} citations={citations} mark={mark} />
    ))}
  </div>
)

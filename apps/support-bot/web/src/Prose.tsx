import type { Citation } from "@atrium/react"
import { memo, type ReactNode, useMemo } from "react"
import Markdown, { type Components } from "react-markdown"
import remarkGfm from "remark-gfm"
import { citing, numberOf } from "./citing.ts"

const none: ReadonlyArray<Citation> = []

/** How Markdown is shown: links tell the other site nothing; what is wide scrolls in itself. */
const partsOf = (
  citations: ReadonlyArray<Citation>,
  mark: ((citation: Citation) => ReactNode) | undefined
): Components => ({
  a: ({ children, href }): ReactNode => {
    const cited = citations.find(({ number }) => number === numberOf(href))
    if (cited !== undefined) return mark?.(cited)
    if (href === undefined || !/^(https?:|mailto:)/.test(href)) return <span>{children}</span>
    return (
      <a href={href} target="_blank" rel="noreferrer noopener">
        {children}
      </a>
    )
  },
  table: ({ children }) => (
    <section className="table" aria-label="Table" tabIndex={0}>
      <table dir="auto">{children}</table>
    </section>
  ),
  ul: ({ children, className }) => (
    <ul dir="auto" className={className}>
      {children}
    </ul>
  ),
  ol: ({ children, className, start }) => (
    <ol dir="auto" className={className} start={start}>
      {children}
    </ol>
  ),
  blockquote: ({ children }) => <blockquote dir="auto">{children}</blockquote>,
  pre: ({ children }) => <pre tabIndex={0}>{children}</pre>,
  input: ({ checked }) => (
    <input
      type="checkbox"
      checked={checked === true}
      disabled
      aria-label={checked === true ? "Done" : "To do"}
    />
  )
})

/**
 * One block of Markdown, without raw HTML and images. `mark`: what stands for a citation in the
 * text; it stays the same function.
 */
export const Prose = memo(
  ({
    citations = none,
    mark,
    text
  }: {
    text: string
    citations?: ReadonlyArray<Citation>
    mark?: (citation: Citation) => ReactNode
  }) => {
    const components = useMemo(() => partsOf(citations, mark), [citations, mark])
    const plugins = useMemo(() => {
      const numbers = new Set(citations.map(({ number }) => number))
      return [remarkGfm, [citing, { numbers }] as [typeof citing, { numbers: Set<number> }]]
    }, [citations])
    return (
      <Markdown remarkPlugins={plugins} disallowedElements={["img"]} components={components}>
        {text}
      </Markdown>
    )
  }
)

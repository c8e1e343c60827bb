import { type Citation, type OpenedDocument, useMemory } from "@atrium/react"
import { Dialog } from "@base-ui/react/dialog"
import { Popover } from "@base-ui/react/popover"
import { type ReactNode, type RefObject, useEffect, useRef, useState } from "react"
import { blocksOf } from "./blocks.ts"
import { Prose } from "./Prose.tsx"
import { support } from "./support.ts"

/** A document's blocks; those of the cited passage stand in one marked section. */
const Document = ({ document }: { document: OpenedDocument }): ReactNode => {
  const mark = useRef<HTMLElement>(null)
  useEffect(() => {
    // Newer browsers answer a promise, which is no clean-up.
    void mark.current?.scrollIntoView({ block: "start", behavior: "instant" })
  }, [])
  const before: Array<string> = []
  const cited: Array<string> = []
  const after: Array<string> = []
  let at = 0
  for (const block of blocksOf(document.text)) {
    const end = at + block.trimEnd().length
    const place = end <= document.from ? before : at >= document.to ? after : cited
    place.push(block)
    at += block.length
  }
  const shown = (blocks: ReadonlyArray<string>) =>
    blocks.map((block, index) => <Prose key={index} text={block} />)
  return (
    <div className="document reply">
      {shown(before)}
      <section className="cited" ref={mark} aria-label="The cited passage">
        <p className="soft">The cited passage</p>
        {shown(cited)}
      </section>
      {shown(after)}
    </div>
  )
}

/** The document of a citation, opened at the passage. */
const DocumentDialog = ({
  back,
  citation,
  onClose
}: {
  citation: Citation
  back: RefObject<HTMLButtonElement | null>
  onClose: () => void
}): ReactNode => {
  const [, memory] = useMemory(support)
  const [found, setFound] = useState<OpenedDocument>()
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    memory.document(citation.passageId).then(setFound, () => setFailed(true))
  }, [memory, citation.passageId])
  return (
    <Dialog.Root open onOpenChange={(open) => open || onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="sheet" finalFocus={back}>
          <div className="row">
            <Dialog.Title className="title">{citation.title}</Dialog.Title>
            <Dialog.Close className="button quiet">Close</Dialog.Close>
          </div>
          <section className="scroll" tabIndex={0} aria-label={`Page: ${citation.title}`}>
            {failed && (
              <p role="alert">This page is not there any more. It may have been changed since.</p>
            )}
            {found === undefined ? (
              !failed && <p className="soft late">Loading…</p>
            ) : (
              <Document document={found} />
            )}
          </section>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

/** A quote that says where it was cut out of its page. */
const cutOf = (quote: string): string =>
  `${/^[\p{Lu}#"\d]/u.test(quote) ? "" : "… "}${quote}${/[.!?:"]$/.test(quote) ? "" : " …"}`

/** The cited words above what was pressed, and the way to the whole page. */
const Source = ({
  children,
  citation,
  className,
  label
}: {
  citation: Citation
  className: string
  label: string
  children: ReactNode
}): ReactNode => {
  const [quoted, setQuoted] = useState(false)
  const [opened, setOpened] = useState(false)
  const trigger = useRef<HTMLButtonElement>(null)
  const wanted = useRef(false)
  // One layer after the other: each gives the focus back when it has closed.
  const closed = (open: boolean) => {
    if (open || !wanted.current) return
    wanted.current = false
    setOpened(true)
  }
  return (
    <>
      <Popover.Root open={quoted} onOpenChange={setQuoted} onOpenChangeComplete={closed}>
        <Popover.Trigger ref={trigger} className={className} aria-label={label}>
          {children}
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Positioner
            side="top"
            align="start"
            sideOffset={6}
            collisionPadding={12}
            className="layer"
          >
            <Popover.Popup className="popup card">
              <Popover.Title className="title">{citation.title}</Popover.Title>
              <div className="quote reply">
                <Prose text={cutOf(citation.quote)} />
              </div>
              <div className="row">
                <button
                  type="button"
                  className="button small"
                  onClick={() => {
                    wanted.current = true
                    setQuoted(false)
                  }}
                >
                  Open the page
                </button>
                <Popover.Close className="button quiet small">Close</Popover.Close>
              </div>
            </Popover.Popup>
          </Popover.Positioner>
        </Popover.Portal>
      </Popover.Root>
      {opened && (
        <DocumentDialog citation={citation} back={trigger} onClose={() => setOpened(false)} />
      )}
    </>
  )
}

/** A source under an answer. */
export const SourceChip = ({ citation }: { citation: Citation }): ReactNode => (
  <Source
    citation={citation}
    className="chip"
    label={`Source ${citation.number}: ${citation.title}`}
  >
    <b>{citation.number}</b> <span className="cut">{citation.title}</span>
  </Source>
)

/** A source where the text cites it. */
export const SourceMark = ({ citation }: { citation: Citation }): ReactNode => (
  <Source
    citation={citation}
    className="mark"
    label={`Cited source ${citation.number}: ${citation.title}`}
  >
    {citation.number}
  </Source>
)

import { type Memory, type Past, type ShownBlock, Trouble } from "@atrium/react"
import { Dialog } from "@base-ui/react/dialog"
import { type ReactNode, useEffect, useState } from "react"
import { changesOf } from "./changes.ts"

const formatted = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" })

/** What changed, with a sign beside the colour. */
const Difference = ({ from, to }: { from: string; to: string }): ReactNode => (
  <p className="value">
    {changesOf(from, to).map(({ kind, text }, index) => {
      const key = `${index}`
      if (kind === "same") return <span key={key}>{text}</span>
      const Tag = kind === "new" ? "ins" : "del"
      return (
        <Tag key={key}>
          <span aria-hidden="true">{kind === "new" ? "+\u00a0" : "−\u00a0"}</span>
          <span className="changed">{text}</span>
        </Tag>
      )
    })}
  </p>
)

const Revisions = ({ block, memory }: { block: ShownBlock; memory: Memory }): ReactNode => {
  const [past, setPast] = useState<Past>()
  const [failed, setFailed] = useState<string>()
  const fail = (error: unknown) =>
    setFailed(error instanceof Trouble ? error.message : "The history could not be read.")
  useEffect(() => {
    let gone = false
    memory.history(block.id).then((read) => gone || setPast(read), fail)
    return () => {
      gone = true
    }
  }, [block.id, block.revision])
  const undo = (to: number) => {
    setFailed(undefined)
    memory.undo(block.id, to).catch(fail)
  }
  const more = () => {
    if (past?.next === undefined) return
    memory.history(block.id, past.next).then(({ items, next }) => {
      setPast({ items: [...past.items, ...items], ...(next === undefined ? {} : { next }) })
    }, fail)
  }
  return (
    <>
      {failed !== undefined && <p role="alert">{failed}</p>}
      {past === undefined && failed === undefined && <p className="soft late">Loading…</p>}
      <ol className="revisions">
        {past?.items.map(({ at, by, inTurn, revision, value }, index) => {
          const before = past.items[index + 1]
          const who = by === undefined ? "As it began" : inTurn ? "The agent" : "You"
          return (
            <li key={revision}>
              <div className="row">
                <span>
                  <b>{who}</b>
                  {at !== undefined && (
                    <time className="soft" dateTime={new Date(at).toISOString()}>
                      {` ${formatted.format(at)}`}
                    </time>
                  )}
                </span>
                {index === 0 ? (
                  <span className="tag">now</span>
                ) : (
                  !block.readOnly && (
                    <button
                      type="button"
                      className="button small"
                      aria-label={`Undo to revision ${revision}`}
                      onClick={() => undo(revision)}
                    >
                      Undo to here
                    </button>
                  )
                )}
              </div>
              {before === undefined ? (
                <p className="value">{value}</p>
              ) : (
                <Difference from={before.value} to={value} />
              )}
            </li>
          )
        })}
      </ol>
      {past?.next !== undefined && (
        <button type="button" className="button" onClick={more}>
          Load more
        </button>
      )}
    </>
  )
}

/** Who changed a block, when, and how to go back. */
export const History = ({ block, memory }: { block: ShownBlock; memory: Memory }): ReactNode => (
  <Dialog.Root>
    <Dialog.Trigger className="button small quiet" aria-label={`History of ${block.label}`}>
      History
    </Dialog.Trigger>
    <Dialog.Portal>
      <Dialog.Backdrop className="backdrop" />
      <Dialog.Popup className="sheet">
        <div className="row">
          <Dialog.Title className="title">History of {block.label}</Dialog.Title>
          <Dialog.Close className="button quiet">Close</Dialog.Close>
        </div>
        <section className="scroll" tabIndex={0} aria-label="Revisions">
          <Revisions block={block} memory={memory} />
        </section>
      </Dialog.Popup>
    </Dialog.Portal>
  </Dialog.Root>
)

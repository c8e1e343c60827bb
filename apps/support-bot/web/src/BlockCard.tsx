import { type Memory, type ShownBlock, Trouble } from "@atrium/react"
import { Meter } from "@base-ui/react/meter"
import { type ReactNode, useEffect, useId, useRef, useState } from "react"
import { flushSync } from "react-dom"
import { History } from "./History.tsx"

const count = new Intl.NumberFormat("en")

const Editor = ({
  block,
  memory,
  onEnd
}: {
  block: ShownBlock
  memory: Memory
  onEnd: () => void
}): ReactNode => {
  // What was read when editing began; the block may change meanwhile.
  const read = useRef(block)
  const field = useRef<HTMLTextAreaElement>(null)
  useEffect(() => field.current?.focus(), [])
  const [text, setText] = useState(block.value)
  const [failed, setFailed] = useState<string>()
  const conflict = block.revision !== read.current.revision
  const length = Array.from(text).length
  const save = () => {
    if (length > block.limit) return
    memory.rethink(block.id, text, read.current.revision).then(onEnd, (error: unknown) => {
      const lost = error instanceof Trouble && error.reason === "Conflict"
      setFailed(lost ? undefined : String(error instanceof Error ? error.message : error))
    })
  }
  return (
    <form
      className="editor"
      onSubmit={(event) => {
        event.preventDefault()
        save()
      }}
    >
      <textarea
        ref={field}
        aria-label={`Text of ${block.label}`}
        dir="auto"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <p className={length > block.limit ? "bad" : "soft"}>
        {count.format(length)} of {count.format(block.limit)}
        {length > block.limit && ": shorten it to save it"}
      </p>
      {conflict && (
        <div className="notice" role="alert">
          <div>
            <p>It was changed meanwhile, and now reads:</p>
            <p className="value">{block.value}</p>
          </div>
          <button
            type="button"
            className="button small"
            onClick={() => {
              read.current = block
              save()
            }}
          >
            Save mine instead
          </button>
        </div>
      )}
      {failed !== undefined && <p role="alert">{failed}</p>}
      <div className="row">
        <button type="button" className="button small quiet" onClick={onEnd}>
          Cancel
        </button>
        <button
          type="submit"
          className="button small primary"
          aria-disabled={conflict || length > block.limit}
        >
          Save
        </button>
      </div>
    </form>
  )
}

/** A block of memory: how full it is, what it says, and how it came to that. */
export const BlockCard = ({ block, memory }: { block: ShownBlock; memory: Memory }): ReactNode => {
  const id = useId()
  const [editing, setEditing] = useState(false)
  const edit = useRef<HTMLButtonElement>(null)
  const end = () => {
    flushSync(() => setEditing(false))
    // Only who is still here: a text may be saved after its writer went on.
    if (document.activeElement === document.body) edit.current?.focus()
  }
  const filled = `${count.format(block.length)} of ${count.format(block.limit)}`
  const share = block.length / block.limit
  return (
    <article className="block" aria-labelledby={id}>
      <Meter.Root
        value={block.length}
        max={block.limit}
        aria-label={`Length of ${block.label}`}
        getAriaValueText={() => `${filled} characters`}
      >
        <div className="row">
          <h3 id={id}>{block.label}</h3>
          <span className="soft">{filled}</span>
        </div>
        <Meter.Track className="track">
          <Meter.Indicator
            className="fill"
            data-level={share >= 1 ? "full" : share >= 0.8 ? "high" : "good"}
          />
        </Meter.Track>
      </Meter.Root>
      {editing ? (
        <Editor block={block} memory={memory} onEnd={end} />
      ) : (
        <p className="value">{block.value === "" ? "Nothing yet." : block.value}</p>
      )}
      {block.readOnly ? (
        <div className="row">
          <span className="tag">read-only</span>
        </div>
      ) : (
        !editing && (
          <div className="row">
            <button
              ref={edit}
              type="button"
              className="button small quiet"
              aria-label={`Edit ${block.label}`}
              onClick={() => setEditing(true)}
            >
              Edit
            </button>
            <History block={block} memory={memory} />
          </div>
        )
      )}
    </article>
  )
}

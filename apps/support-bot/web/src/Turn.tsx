import { isOpen, type ShownTurn } from "@atrium/react"
import { memo, type ReactNode } from "react"
import { Reply } from "./Reply.tsx"
import { SourceChip } from "./Source.tsx"
import { ToolChip } from "./ToolChip.tsx"

const waitsFor = (turn: ShownTurn): string | undefined => {
  if (turn.state === "sending") return "Sending…"
  if (turn.state === "queued") return "Waiting for the answer before…"
  const works = turn.tools.some(({ state }) => state === "running")
  return turn.answer === "" && isOpen(turn) && !works ? "Thinking…" : undefined
}

const Notice = ({ onRetry, turn }: { turn: ShownTurn; onRetry?: () => void }): ReactNode => {
  if (turn.state === "stopped") {
    return <p className="soft">{turn.why ?? "Stopped. What was written so far is kept."}</p>
  }
  if (turn.state !== "failed") return null
  return (
    <div className="notice" role="alert">
      <p>The answer did not arrive. {turn.why}</p>
      {onRetry !== undefined && (
        <button type="button" className="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  )
}

/** What somebody asked, and what the agent made of it. */
export const Turn = memo(
  ({ onRetry, turn }: { turn: ShownTurn; onRetry?: (() => void) | undefined }): ReactNode => {
    const waiting = waitsFor(turn)
    return (
      <>
        <article className="message user" aria-label="You">
          <p className="bubble">{turn.question}</p>
        </article>
        <article className="message agent" aria-label="Agent" aria-busy={isOpen(turn)}>
          {turn.tools.length > 0 && (
            <div className="chips">
              {turn.tools.map((tool) => (
                <ToolChip key={tool.callId} tool={tool} />
              ))}
            </div>
          )}
          {turn.answer !== "" && <Reply text={turn.answer} citations={turn.citations} />}
          {waiting !== undefined && <p className="soft thinking">{waiting}</p>}
          {turn.citations.length > 0 && (
            <div className="chips">
              {turn.citations.map((citation) => (
                <SourceChip key={citation.number} citation={citation} />
              ))}
            </div>
          )}
          <Notice turn={turn} {...(onRetry === undefined ? {} : { onRetry })} />
        </article>
      </>
    )
  }
)

import type { ReactNode, RefObject } from "react"

/**
 * Where messages are written. `wait`: seconds until the next one may be sent, 0 when it may now;
 * `blocked`: why none may be sent, for as long as that lasts.
 */
export const Composer = ({
  blocked,
  busy,
  draft,
  field,
  onDraft,
  onSend,
  onStop,
  wait
}: {
  draft: string
  busy: boolean
  blocked: boolean
  wait: number
  field: RefObject<HTMLTextAreaElement | null>
  onDraft: (text: string) => void
  onSend: () => void
  onStop: () => void
}): ReactNode => (
  <form
    className="composer"
    onSubmit={(event) => {
      event.preventDefault()
      onSend()
    }}
  >
    <label className="hidden" htmlFor="message">
      Message
    </label>
    <textarea
      id="message"
      ref={field}
      rows={1}
      dir="auto"
      placeholder="Ask Puddlewick…"
      value={draft}
      onChange={(event) => onDraft(event.target.value)}
      onKeyDown={(event) => {
        // An input method's own Enter chooses a word.
        if (event.nativeEvent.isComposing) return
        if (event.key === "Enter" && !event.shiftKey) {
          event.preventDefault()
          onSend()
        }
      }}
    />
    {busy ? (
      <button type="button" className="button send" onClick={onStop}>
        Stop
      </button>
    ) : (
      <button
        type="submit"
        className="button primary send"
        aria-disabled={blocked || wait > 0 || draft.trim() === ""}
      >
        {wait > 0 ? (
          <>
            <span className="hidden">Send</span>
            <span aria-hidden="true">{wait} s</span>
          </>
        ) : (
          "Send"
        )}
      </button>
    )}
  </form>
)

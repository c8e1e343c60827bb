import { type ConversationState, isOpen, useConversation } from "@atrium/react"
import { type ReactNode, useCallback, useRef } from "react"
import { Composer } from "./Composer.tsx"
import type { Person } from "./entry.ts"
import { Icon } from "./Icon.tsx"
import { support } from "./support.ts"
import { Turn } from "./Turn.tsx"
import { useOnline, useSecondsUntil } from "./useBrowser.ts"
import { useFollow } from "./useFollow.ts"

/** What is said above the composer; nothing while all is well. */
const statusOf = (state: ConversationState, online: boolean, limited: boolean): string => {
  if (!online) return "You are offline. Your text is kept."
  if (state.status === "reconnecting") return "Connection lost. Resuming…"
  if (limited) return "No messages left for now. Your text is kept."
  if (state.trouble?.reason === "QuotaExceeded") {
    return "The budget is used up. The shop's operator can raise it."
  }
  return ""
}

const announced = (state: ConversationState): string => {
  const last = state.turns.at(-1)
  if (last === undefined) return ""
  if (isOpen(last)) return "The agent is answering."
  return last.state === "answered" ? `Answer complete. ${last.answer.slice(0, 200)}` : ""
}

const Empty = ({
  examples,
  onPick
}: {
  examples: ReadonlyArray<string>
  onPick: (text: string) => void
}) => (
  <div className="empty">
    <h2>Ask Puddlewick</h2>
    <p className="soft">Answers about your orders and the shop, with the page they come from.</p>
    <div className="chips">
      {examples.map((example) => (
        <button type="button" key={example} className="chip" onClick={() => onPick(example)}>
          {example}
        </button>
      ))}
    </div>
  </div>
)

/** `failed`: why one is still this person and not somebody else. */
export const Conversation = ({
  failed,
  person
}: {
  person: Person
  failed: string | undefined
}): ReactNode => {
  const [state, conversation] = useConversation(support)
  const online = useOnline()
  const wait = useSecondsUntil(state.limitedUntil)
  const log = useRef<HTMLElement>(null)
  const field = useRef<HTMLTextAreaElement>(null)
  const [following, follow] = useFollow(log)
  const last = state.turns.at(-1)
  const busy = last !== undefined && isOpen(last)
  const limited = state.limitedUntil !== undefined
  const blocked = limited || !online || state.status === "broken"
  const send = async () => {
    if (state.draft.trim() === "" || busy || blocked) return
    // Who was faster than the past waits for it, with the text where it was.
    if (state.status === "loading") await conversation.load()
    field.current?.focus()
    follow()
    await conversation.send()
  }
  const retry = useCallback(
    (id: string) => {
      field.current?.focus()
      void conversation.retry(id)
    },
    [conversation]
  )
  const { trouble } = state
  const refused =
    trouble !== undefined && trouble.reason !== "RateLimited" && trouble.reason !== "QuotaExceeded"
  return (
    <main
      className="conversation"
      onKeyDown={(event) => {
        if (event.key === "Escape" && !event.defaultPrevented && busy) void conversation.stop()
      }}
    >
      <section className="log" ref={log} tabIndex={0} aria-label="Conversation">
        <div className="messages">
          {state.status === "loading" && <p className="soft late">Loading…</p>}
          {state.older && (
            <button
              type="button"
              className="button small older"
              onClick={() => void conversation.loadOlder()}
            >
              Load more
            </button>
          )}
          {state.turns.length === 0 && state.status === "ready" && (
            <Empty
              examples={[
                `Where is my order ${person.orders[0]}?`,
                "When is my money back after a return?"
              ]}
              onPick={(text) => {
                conversation.write(text)
                field.current?.focus()
              }}
            />
          )}
          {state.turns.map((turn) => (
            <Turn
              key={turn.id}
              turn={turn}
              onRetry={turn === last && turn.state === "failed" ? () => retry(turn.id) : undefined}
            />
          ))}
        </div>
      </section>
      <div className="foot">
        {!following && (
          <button
            type="button"
            className="button latest"
            onClick={() => {
              follow()
              // The button goes; whoever pressed it reads on.
              log.current?.focus({ preventScroll: true })
            }}
          >
            Latest <Icon name="down" />
          </button>
        )}
        {failed !== undefined && (
          <p className="notice" role="alert">
            {failed}
          </p>
        )}
        {refused && (
          <p className="notice" role="alert">
            {trouble.message}
          </p>
        )}
        <p className="status" role="status">
          {statusOf(state, online, limited)}
        </p>
        <p className="hidden" aria-live="polite">
          {announced(state)}
        </p>
        <Composer
          draft={state.draft}
          busy={busy}
          blocked={blocked}
          wait={limited ? Math.max(1, wait) : 0}
          field={field}
          onDraft={conversation.write}
          onSend={() => void send()}
          onStop={() => void conversation.stop()}
        />
      </div>
    </main>
  )
}

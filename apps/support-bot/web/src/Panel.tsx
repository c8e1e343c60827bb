import { useLimits, useMemory } from "@atrium/react"
import { Meter } from "@base-ui/react/meter"
import type { ReactNode } from "react"
import { BlockCard } from "./BlockCard.tsx"
import { support } from "./support.ts"
import { useSecondsUntil } from "./useBrowser.ts"

const Left = (): ReactNode => {
  const limits = useLimits()
  const wait = useSecondsUntil(limits?.moreAt)
  if (limits === undefined) return <p className="soft late">Loading…</p>
  const { left, turns, windowMs } = limits
  return (
    <Meter.Root
      value={left}
      max={turns}
      aria-labelledby="left"
      getAriaValueText={() => `${left} of ${turns}`}
    >
      <div className="row">
        <span className="figure">
          {left} of {turns}
        </span>
        <span className="soft">
          {left === 0 ? `next in ${wait} s` : `per ${Math.round(windowMs / 1000)} s`}
        </span>
      </div>
      <Meter.Track className="track">
        <Meter.Indicator className="fill" data-level={left === 0 ? "full" : "good"} />
      </Meter.Track>
    </Meter.Root>
  )
}

/** What the agent sees beside the conversation, and what is left of the rate. */
export const Panel = ({ model }: { model: string }): ReactNode => {
  const [{ blocks, status, trouble }, memory] = useMemory(support)
  // What was learned of the reader comes first.
  const sorted = blocks.toSorted((a, b) => Number(a.readOnly) - Number(b.readOnly))
  return (
    <div className="panel">
      <section aria-labelledby="left">
        <h2 id="left">Messages left</h2>
        <Left />
      </section>
      <section aria-labelledby="memory">
        <h2 id="memory">What the agent remembers</h2>
        {status === "loading" && <p className="soft late">Loading…</p>}
        {status === "broken" && blocks.length === 0 && <p role="alert">{trouble?.message}</p>}
        {sorted.map((block) => (
          <BlockCard key={block.id} block={block} memory={memory} />
        ))}
      </section>
      <p className="soft">
        Model: <code>{model}</code>
      </p>
    </div>
  )
}

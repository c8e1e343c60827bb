import type { ToolUse } from "@atrium/react"
import { Collapsible } from "@base-ui/react/collapsible"
import type { ReactNode } from "react"
import { Icon } from "./Icon.tsx"

const said = {
  running: "running…",
  waiting: "waiting for you",
  done: "done",
  failed: "failed",
  stopped: "stopped"
}

/** A tool that the agent used; it opens to what went in and came out. */
export const ToolChip = ({ tool }: { tool: ToolUse }): ReactNode => (
  <Collapsible.Root className="tool" data-tool={tool.state}>
    <Collapsible.Trigger className="chip">
      <span className="dot" aria-hidden="true" />
      <code>{tool.name}</code>
      <span className="soft">{said[tool.state]}</span>
      <Icon name="down" />
    </Collapsible.Trigger>
    <Collapsible.Panel className="calls">
      <dl>
        <dt>Input</dt>
        <dd>
          <pre tabIndex={0}>{tool.input}</pre>
        </dd>
        {tool.output !== undefined && (
          <>
            <dt>Output</dt>
            <dd>
              <pre tabIndex={0}>{tool.output}</pre>
            </dd>
          </>
        )}
      </dl>
    </Collapsible.Panel>
  </Collapsible.Root>
)

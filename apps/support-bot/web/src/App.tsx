import { AtriumProvider } from "@atrium/react"
import { Dialog } from "@base-ui/react/dialog"
import { type ReactNode, useCallback, useEffect, useMemo, useState } from "react"
import { Conversation } from "./Conversation.tsx"
import { type Demo, demo, enter, kept, leave, type Person, tokensOf } from "./entry.ts"
import { Icon } from "./Icon.tsx"
import { Panel } from "./Panel.tsx"
import { Entrance, PersonMenu } from "./Person.tsx"
import { useMedia } from "./useBrowser.ts"
import { useScheme } from "./useScheme.ts"

/** The panel where there is no room beside the conversation. */
const Drawer = ({ model }: { model: string }): ReactNode => (
  <Dialog.Root>
    <Dialog.Trigger className="button quiet">Memory</Dialog.Trigger>
    <Dialog.Portal>
      <Dialog.Backdrop className="backdrop" />
      <Dialog.Popup className="drawer">
        <div className="row">
          <Dialog.Title className="title">Memory</Dialog.Title>
          <Dialog.Close className="button quiet">Close</Dialog.Close>
        </div>
        <Panel model={model} />
      </Dialog.Popup>
    </Dialog.Portal>
  </Dialog.Root>
)

const Shell = ({
  failed,
  menu,
  model,
  person
}: {
  person: Person
  model: string
  failed: string | undefined
  menu: ReactNode
}): ReactNode => {
  const wide = useMedia("(min-width: 60rem)")
  const [scheme, toggle] = useScheme()
  return (
    <div className="shell">
      <header>
        <h1>
          Puddlewick <span className="wide">support</span>
        </h1>
        {!wide && <Drawer model={model} />}
        <button
          type="button"
          className="button quiet"
          aria-pressed={scheme === "dark"}
          aria-label="Dark mode"
          onClick={toggle}
        >
          <Icon name={scheme === "dark" ? "moon" : "sun"} />
        </button>
        {menu}
      </header>
      <Conversation person={person} failed={failed} />
      {wide && (
        <aside aria-label="Memory and limits">
          <Panel model={model} />
        </aside>
      )}
    </div>
  )
}

const Inside = ({
  about,
  failed,
  menu,
  person
}: {
  person: Person
  about: Demo
  failed: string | undefined
  menu: ReactNode
}): ReactNode => {
  const credential = useMemo(() => tokensOf(person), [person])
  return (
    <AtriumProvider user={person.user} credential={credential}>
      <Shell person={person} model={about.model} failed={failed} menu={menu} />
    </AtriumProvider>
  )
}

export const App = (): ReactNode => {
  const [about, setAbout] = useState<Demo>()
  const [down, setDown] = useState(false)
  const [person, setPerson] = useState<Person | undefined>(kept)
  const [failed, setFailed] = useState<string>()
  const ask = useCallback(() => {
    setDown(false)
    demo().then(setAbout, () => setDown(true))
  }, [])
  useEffect(ask, [ask])
  const become = (name: string) => {
    setFailed(undefined)
    enter(name).then(setPerson, (error: unknown) =>
      setFailed(
        error instanceof TypeError
          ? "The server does not answer. Start it, then try again."
          : `${error instanceof Error ? error.message : error}`
      )
    )
  }
  if (down) {
    return (
      <main className="empty entrance">
        <h1>The server does not answer</h1>
        <p>
          Start it with <code>pnpm start</code>, then try again.
        </p>
        <button type="button" className="button primary" onClick={ask}>
          Try again
        </button>
      </main>
    )
  }
  if (about === undefined) {
    return (
      <main className="empty entrance" aria-busy="true">
        <p className="soft late">Loading…</p>
      </main>
    )
  }
  if (person === undefined) {
    return <Entrance people={about.people} failed={failed} onEnter={become} />
  }
  return (
    <Inside
      person={person}
      about={about}
      failed={failed}
      menu={
        <PersonMenu
          user={person.user}
          people={about.people}
          onEnter={become}
          onLeave={() => {
            leave()
            setFailed(undefined)
            setPerson(undefined)
          }}
        />
      }
    />
  )
}

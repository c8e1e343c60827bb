import { Menu } from "@base-ui/react/menu"
import { type ReactNode, useState } from "react"
import { nameOf } from "./entry.ts"
import { Icon } from "./Icon.tsx"

/** Somebody says who they are in this tab: one of those offered, or a name of their own. */
export const Entrance = ({
  failed,
  onEnter,
  people
}: {
  people: ReadonlyArray<string>
  failed: string | undefined
  onEnter: (name: string) => void
}): ReactNode => {
  const [name, setName] = useState("")
  return (
    <main className="empty entrance">
      <h1>Puddlewick support</h1>
      <p className="soft">
        Who are you in this tab? Each tab can be somebody else, and nobody sees another's
        conversation.
      </p>
      <div className="chips">
        {people.map((person) => (
          <button type="button" key={person} className="button" onClick={() => onEnter(person)}>
            <span className="avatar" aria-hidden="true">
              {nameOf(person)[0]}
            </span>
            {nameOf(person)}
          </button>
        ))}
      </div>
      <form
        className="naming"
        onSubmit={(event) => {
          event.preventDefault()
          if (name.trim() !== "") onEnter(name)
        }}
      >
        <label htmlFor="name">Somebody else</label>
        <div className="row">
          <input
            id="name"
            value={name}
            maxLength={60}
            autoComplete="off"
            aria-invalid={failed !== undefined}
            aria-describedby={failed === undefined ? undefined : "refused"}
            onChange={(event) => setName(event.target.value)}
          />
          <button type="submit" className="button primary" aria-disabled={name.trim() === ""}>
            Enter
          </button>
        </div>
        {failed !== undefined && (
          <p id="refused" className="bad" role="alert">
            {failed}
          </p>
        )}
      </form>
    </main>
  )
}

/** Who one is, and how to become somebody else. */
export const PersonMenu = ({
  onEnter,
  onLeave,
  people,
  user
}: {
  user: string
  people: ReadonlyArray<string>
  onEnter: (name: string) => void
  onLeave: () => void
}): ReactNode => (
  <Menu.Root modal={false}>
    <Menu.Trigger className="button quiet person" aria-label={`User: ${nameOf(user)}`}>
      <span className="avatar" aria-hidden="true">
        {nameOf(user)[0]}
      </span>
      <span className="wide cut">{nameOf(user)}</span>
      <Icon name="down" />
    </Menu.Trigger>
    <Menu.Portal>
      <Menu.Positioner sideOffset={4} align="end" className="layer">
        <Menu.Popup className="popup menu">
          {people
            .filter((person) => person !== user)
            .map((person) => (
              <Menu.Item key={person} className="item" onClick={() => onEnter(person)}>
                {nameOf(person)}
              </Menu.Item>
            ))}
          <Menu.Item className="item" onClick={onLeave}>
            Somebody else…
          </Menu.Item>
        </Menu.Popup>
      </Menu.Positioner>
    </Menu.Portal>
  </Menu.Root>
)

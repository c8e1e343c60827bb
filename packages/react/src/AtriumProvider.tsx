/** Whose page it is. */
import { createContext, Fragment, type ReactNode, use, useLayoutEffect, useState } from "react"
import { Connection, type ConnectionOptions } from "./Connection.ts"

const Connected = createContext<Connection | undefined>(undefined)

/**
 * Gives the hooks below it a connection. Another `user` or `url` is another connection, and
 * everything below is made anew with it, so nothing of the one before stays for a single frame.
 * `credential` is read when the connection is made.
 */
export const AtriumProvider = ({
  children,
  credential,
  url,
  user
}: ConnectionOptions & { readonly children: ReactNode }): ReactNode => {
  const name = JSON.stringify([user, url])
  const [held, hold] = useState<{ readonly name: string; readonly connection: Connection }>()
  // biome-ignore lint/correctness/useExhaustiveDependencies: the name is the identity
  useLayoutEffect(() => {
    const connection = new Connection({ credential, user, ...(url === undefined ? {} : { url }) })
    hold({ name, connection })
    return connection.close
  }, [name])
  // In the render that changes the user, the connection held is still the one before.
  if (held?.name !== name) return null
  return (
    <Connected value={held.connection}>
      <Fragment key={name}>{children}</Fragment>
    </Connected>
  )
}

/** The connection of the provider above. */
export const useConnection = (): Connection => {
  const connection = use(Connected)
  if (connection === undefined) throw new Error("Put an <AtriumProvider> around this.")
  return connection
}

/** Who this tab is: a name, and the short-lived token that the server gives for it on loopback. */

/** What the server says of itself. */
export interface Demo {
  readonly shop: string
  readonly model: string
  readonly people: ReadonlyArray<string>
}

/** Somebody in a tab. `orders`: numbers of theirs that may be asked about. */
export interface Person {
  readonly user: string
  readonly orders: ReadonlyArray<string>
  readonly token: string
}

const place = "puddlewick.person"

const isPerson = (value: unknown): value is Person =>
  typeof value === "object" &&
  value !== null &&
  "user" in value &&
  typeof value.user === "string" &&
  "token" in value &&
  typeof value.token === "string" &&
  "orders" in value &&
  Array.isArray(value.orders)

/** Somebody whom a tab was before it was loaded anew. This storage is of one tab alone. */
export const kept = (): Person | undefined => {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(place) ?? "null")
    return isPerson(value) ? value : undefined
  } catch {
    return undefined
  }
}

const keep = (person: Person): Person => {
  sessionStorage.setItem(place, JSON.stringify(person))
  return person
}

export const demo = async (): Promise<Demo> => {
  const response = await fetch("/demo")
  if (!response.ok) throw new Error("The server does not answer.")
  return await response.json()
}

/** The tab is nobody any more. What was written and not sent stays theirs. */
export const leave = (): void => sessionStorage.removeItem(place)

/** Asks for a token. Rejects with what is wrong with the name. */
const ask = async (name: string): Promise<Person> => {
  const response = await fetch("/demo/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name })
  })
  const body: unknown = await response.json()
  if (isPerson(body)) return body
  const hasDetail = typeof body === "object" && body !== null && "detail" in body
  throw new Error(hasDetail ? String(body.detail) : "The server did not say who you are.")
}

/** Becomes somebody. Rejects with what is wrong with the name. */
export const enter = async (name: string): Promise<Person> => keep(await ask(name))

/** The token of a person: the one that is there, and from then on a new one each time. */
export const tokensOf = ({ token, user }: Person): (() => Promise<string>) => {
  let first: string | undefined = token
  return async () => {
    const known = first
    first = undefined
    if (known !== undefined) return known
    const renewed = await ask(user)
    // Who left meanwhile is not brought back.
    if (kept()?.user === user) keep(renewed)
    return renewed.token
  }
}

/** How people read a user's id. */
export const nameOf = (user: string): string => user.slice(0, 1).toLocaleUpperCase() + user.slice(1)

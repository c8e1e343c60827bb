/** A small made-up order book. Each user has orders; nobody finds another's. */

export interface Order {
  readonly number: string
  readonly status: "being packed" | "on its way" | "delivered"
  readonly items: string
  /** Days from today to the delivery; negative: so many days ago. */
  readonly days: number
}

const kept: Readonly<Record<string, ReadonlyArray<Order>>> = {
  alice: [
    { number: "PW-104233", status: "on its way", items: "Fathom lantern", days: 2 },
    { number: "PW-103871", status: "delivered", items: "Wellington boots, size 38", days: -9 }
  ],
  bob: [{ number: "PW-104519", status: "being packed", items: "Cinder stove", days: 4 }]
}

const goods = ["Rain coat, size M", "Leather boots, size 41", "Canvas bag", "Tin of boot wax"]
const states: ReadonlyArray<Order["status"]> = ["being packed", "on its way", "delivered"]

/** A number that is always the same for a text. */
const numberOf = (text: string): number =>
  Array.from(text).reduce((sum, char) => (sum * 31 + (char.codePointAt(0) ?? 0)) % 800_000, 7)

/** The orders of a user, the newest first; whoever is not in the book gets one that is made up. */
export const ordersOf = (user: string): ReadonlyArray<Order> => {
  if (Object.hasOwn(kept, user)) return kept[user] ?? []
  const sum = numberOf(user)
  const status = states[sum % 3] ?? "on its way"
  return [
    {
      number: `PW-${110_000 + sum}`,
      status,
      items: goods[sum % goods.length] ?? "Canvas bag",
      days: status === "delivered" ? -3 : 3
    }
  ]
}

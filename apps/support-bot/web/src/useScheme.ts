import { useState } from "react"

export type Scheme = "light" | "dark"
const system = (): Scheme => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")

/** The chosen scheme, or the system's until one is chosen. */
export const useScheme = (): [Scheme, () => void] => {
  const [scheme, setScheme] = useState<Scheme>(
    () => (document.documentElement.dataset["scheme"] as Scheme | undefined) ?? system()
  )
  const toggle = () => {
    const next = scheme === "dark" ? "light" : "dark"
    document.documentElement.dataset["scheme"] = next
    try {
      localStorage.setItem("scheme", next)
    } catch {}
    setScheme(next)
  }
  return [scheme, toggle]
}

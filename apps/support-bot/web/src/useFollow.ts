import { type RefObject, useEffect, useRef, useState } from "react"

/** Keeps a scroller at its end while the reader is there, and never moves it once they scrolled away. */
export const useFollow = (scroller: RefObject<HTMLElement | null>): [boolean, () => void] => {
  const [following, setFollowing] = useState(true)
  const follows = useRef(true)
  useEffect(() => {
    const box = scroller.current
    const content = box?.firstElementChild
    if (!box || !content) return
    const set = (value: boolean) => {
      follows.current = value
      setFollowing(value)
    }
    const isAtEnd = () => box.scrollHeight - box.scrollTop - box.clientHeight < 8
    // Only a move upwards lets go: growing text never moves the position up, a reader does.
    let top = box.scrollTop
    const scrolled = () => {
      if (box.scrollTop < top) set(false)
      if (isAtEnd()) set(true)
      top = box.scrollTop
    }
    // Whoever unfolds what a tool did reads it: it stays where it was pressed.
    const pressed = ({ target }: Event) => {
      if (target instanceof Element && target.closest(".tool button")) follows.current = false
    }
    const grown = new ResizeObserver(() => {
      if (follows.current) box.scrollTo({ top: box.scrollHeight, behavior: "instant" })
      else set(isAtEnd())
      // A window that got another shape moved the position, not the reader.
      top = box.scrollTop
    })
    grown.observe(content)
    grown.observe(box)
    box.addEventListener("scroll", scrolled, { passive: true })
    box.addEventListener("click", pressed)
    return () => {
      grown.disconnect()
      box.removeEventListener("scroll", scrolled)
      box.removeEventListener("click", pressed)
    }
  }, [scroller])
  return [
    following,
    () => {
      follows.current = true
      setFollowing(true)
      scroller.current?.scrollTo({ top: scroller.current.scrollHeight, behavior: "instant" })
    }
  ]
}

import type { TurnEvent } from "@atrium/core/turns/TurnEvent"
import * as Stream from "effect/Stream"
import { type Mutant, turns } from "./Mutant.ts"

export const telling: ReadonlyArray<Mutant> = [
  turns(
    "a reader misses the first event after its cursor",
    [
      "TRN-10a",
      "TRN-1b",
      "TRN-1c",
      "TRN-1d",
      "TRN-1e",
      "TRN-2a",
      "TRN-2b",
      "TRN-2c",
      "TRN-2d",
      "TRN-2e",
      "TRN-6f",
      "TRN-7a",
      "TRN-7c",
      "TRN-6k"
    ],
    (all) => ({
      ...all,
      follow: (id, after) =>
        after === undefined ? all.follow(id) : Stream.drop(all.follow(id, after), 1)
    })
  ),
  turns(
    "a reader is told the event of its cursor again",
    [
      "TRN-10a",
      "TRN-1b",
      "TRN-1c",
      "TRN-1d",
      "TRN-1e",
      "TRN-2a",
      "TRN-2b",
      "TRN-2c",
      "TRN-2d",
      "TRN-2e",
      "TRN-6f"
    ],
    (all) => ({
      ...all,
      follow: (id, after) => {
        const [sequence = ""] = (after ?? "").split(".")
        return after === undefined || Number(sequence) < 2
          ? all.follow(id, after)
          : all.follow(id, `${Number(sequence) - 1}`)
      }
    })
  ),
  turns(
    "nobody is told that text was retracted",
    ["TRN-2b", "TRN-2d", "TRN-2e", "TRN-7a", "TRN-7c"],
    (all) => {
      const silent = (events: ReturnType<typeof all.follow>): ReturnType<typeof all.follow> =>
        Stream.flatMap(events, (event) =>
          Stream.fromIterable(event._tag === "Retracted" ? [] : [event])
        )
      return {
        ...all,
        stream: (input) => silent(all.stream(input)),
        follow: (id, after) => silent(all.follow(id, after))
      }
    }
  ),
  turns("a reader is let go after 1,000 events", ["TRN-6b"], (all) => ({
    ...all,
    follow: (id, after) => Stream.take(all.follow(id, after), 1000)
  })),
  turns(
    "deltas lose a character",
    ["TRN-1a", "TRN-1b", "TRN-1d", "TRN-1e", "TRN-2a", "TRN-2b", "TRN-2c", "TRN-2d", "TRN-2e"],
    (all) => ({
      ...all,
      stream: (input) =>
        Stream.map(all.stream(input), (event) =>
          "text" in event ? { ...event, text: event.text.slice(1) } : event
        )
    })
  ),
  turns(
    "the end is told twice",
    [
      "TRN-1a",
      "TRN-1b",
      "TRN-1c",
      "TRN-1d",
      "TRN-1e",
      "TRN-2a",
      "TRN-2b",
      "TRN-2c",
      "TRN-2d",
      "TRN-2e",
      "TRN-3a"
    ],
    (all) => ({
      ...all,
      stream: (input) =>
        Stream.flatMap(all.stream(input), (event) =>
          Stream.fromIterable<TurnEvent>(event._tag === "TurnFinished" ? [event, event] : [event])
        )
    })
  ),
  turns(
    "the end is not told",
    [
      "TRN-1a",
      "TRN-1b",
      "TRN-1c",
      "TRN-1d",
      "TRN-1e",
      "TRN-2a",
      "TRN-2b",
      "TRN-2c",
      "TRN-2d",
      "TRN-2e",
      "TRN-3a"
    ],
    (all) => ({
      ...all,
      stream: (input) =>
        Stream.flatMap(all.stream(input), (event) =>
          Stream.fromIterable<TurnEvent>(event._tag === "TurnFinished" ? [] : [event])
        )
    })
  )
]

/** Transactions that keep too much, show too much or hold on too long. */

import type { StorageError } from "@atrium/core/errors"
import type { KeyValueDriver } from "@atrium/core/storage/KeyValue"
import * as MemoryDriver from "@atrium/core/storage/MemoryDriver"
import { lift } from "@atrium/core/storage/Storage"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Semaphore from "effect/Semaphore"
import { apart, exchange, intercept, type Mutant, mutant } from "./Mutant.ts"

/** The transaction a fiber is in, and how often it has appended there. */
const Inside = Context.Reference<{ appended: number } | undefined>("test/mutants/Inside", {
  defaultValue: () => undefined
})

/** In how many transactions a fiber is. */
const Depth = Context.Reference<number>("test/mutants/Depth", { defaultValue: () => 0 })

/** A storage over a driver whose commits are changed. */
const overDriver = (
  name: string,
  fails: ReadonlyArray<string>,
  commit: (driver: KeyValueDriver) => KeyValueDriver["commit"]
): Mutant =>
  mutant(name, fails, () => {
    const driver = MemoryDriver.make()
    return lift({ ...driver, commit: commit(driver) })
  })

const reads =
  /\.(find|findKeyed|findKey|findTenant|list|listLeft|listDue|left|recent|ofTurn|unended|facts)$/

export const transactions: ReadonlyArray<Mutant> = [
  mutant(
    "every write commits by itself",
    [
      "TEN-2j",
      "STO-1b",
      "STO-1c",
      "STO-1e",
      "STO-1f",
      "STO-1g",
      "ADP-3",
      "STO-2a",
      "STO-2b",
      "STO-2f",
      "STO-2c",
      "STO-1i",
      "MEM-5c"
    ],
    (storage) => ({
      ...storage,
      transact: (self) => self
    })
  ),
  mutant(
    "a transaction never commits",
    [
      "TEN-2e",
      "STO-1a",
      "STO-1b",
      "STO-1c",
      "STO-1d",
      "STO-1f",
      "STO-1g",
      "STO-1h",
      "ADP-3",
      "STO-2a",
      "STO-2b",
      "STO-2f",
      "STO-2c",
      "STO-2d",
      "TEN-1a",
      "MEM-3b",
      "MEM-3c",
      "MEM-6d",
      "ISO-6d"
    ],
    (storage) => ({
      ...storage,
      transact: <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | StorageError, R> =>
        Effect.suspend(() => {
          let given: Exit.Exit<A, E> | undefined
          const undone = Effect.flatMap(Effect.exit(self), (exit) => {
            given = exit
            return Effect.die("undone")
          })
          return Effect.flatMap(
            Effect.exit(storage.transact(undone)),
            (failed): Effect.Effect<A, E | StorageError> => given ?? failed
          )
        })
    })
  ),
  mutant("a transaction that dies is committed", ["STO-1c"], (storage) => ({
    ...storage,
    transact: (self) =>
      Effect.flatten(
        storage.transact(
          Effect.flatMap(Effect.exit(self), (exit) =>
            Exit.hasFails(exit) || Exit.hasInterrupts(exit)
              ? Effect.as(exit, exit)
              : Effect.succeed(exit)
          )
        )
      )
  })),
  mutant(
    "reads in a transaction do not see its writes",
    ["STO-1d", "STO-1g", "STO-2a", "STO-2b", "STO-2f", "STO-2c", "STO-2d", "MEM-5c"],
    (storage) =>
      intercept(storage, (method, args, run) => (reads.test(method) ? apart(run(args)) : run(args)))
  ),
  mutant("a transaction in a transaction is no part of its own", ["STO-1g"], (storage) => ({
    ...storage,
    transact: (self) =>
      Effect.flatMap(Inside, (inside) =>
        inside === undefined
          ? storage.transact(Effect.provideService(self, Inside, { appended: 0 }))
          : self
      )
  })),
  mutant(
    "what a transaction in a transaction writes is committed by itself",
    ["STO-1f", "STO-1g"],
    (storage) => ({
      ...intercept(storage, (method, args, run) =>
        Effect.flatMap(Depth, (depth) =>
          depth > 1 && method === "users.save" ? apart(run(args)) : run(args)
        )
      ),
      transact: (self) =>
        Effect.flatMap(Depth, (depth) =>
          storage.transact(Effect.provideService(self, Depth, depth + 1))
        )
    })
  ),
  mutant("of a transaction only the first 500 appends are kept", ["STO-1h"], (storage) =>
    exchange(
      {
        ...storage,
        transact: (self) => storage.transact(Effect.provideService(self, Inside, { appended: 0 }))
      },
      {
        messages: {
          append: (scope, records) =>
            Effect.flatMap(Inside, (inside) => {
              if (inside !== undefined) inside.appended += 1
              return inside !== undefined && inside.appended > 500
                ? Effect.void
                : storage.stores.messages.append(scope, records)
            })
        }
      }
    )
  ),
  mutant("an interrupted transaction keeps its lock", ["ADP-3"], (storage) => {
    const lock = Semaphore.makeUnsafe(1)
    return {
      ...storage,
      transact: (self) =>
        Effect.flatMap(Inside, (inside) =>
          inside !== undefined
            ? storage.transact(self)
            : Effect.andThen(
                lock.take(1),
                Effect.onExit(
                  storage.transact(Effect.provideService(self, Inside, { appended: 0 })),
                  (exit) => (Exit.hasInterrupts(exit) ? Effect.void : lock.release(1))
                )
              )
        )
    }
  }),
  {
    ...overDriver(
      "commits do not look at what was read",
      ["TEN-2e", "STO-2a", "STO-2b", "STO-2f", "STO-2c", "STO-2e", "MEM-3b", "MEM-3c", "ISO-6d"],
      (driver) => (_reads, writes) => driver.commit([], writes)
    ),
    // Which of its racing writers meet is the machine's to say.
    mayFail: ["MEM-6d"]
  },
  overDriver(
    "commits look only at what they write",
    ["STO-2b", "STO-2f", "STO-2c"],
    (driver) => (reads, writes) =>
      driver.commit(
        reads.filter(({ key }) => writes.some((write) => write.key === key)),
        writes
      )
  )
]

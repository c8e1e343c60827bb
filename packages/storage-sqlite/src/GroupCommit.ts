/**
 * Transactions over the one connection of a database, committed together.
 *
 * Those that wait at the same moment share one BEGIN IMMEDIATE and one COMMIT, so one fsync, with a
 * savepoint each: one that fails is rolled back alone. Nobody is answered before the COMMIT, and when
 * it fails everybody fails. While a group is open nothing else uses the connection, so reads outside
 * of transactions wait for its end and see committed data only. A body reads and writes stores and
 * nothing else, so it normally ends at once and a whole group within one piece of this thread's work.
 */
import type { DatabaseSync } from "node:sqlite"
import { StorageError } from "@atrium/core/errors"
import type { Transactor, Use } from "@atrium/storage-sql/Transactor"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as SqlConnection from "effect/sql/SqlConnection"
import { codeOf } from "./SqliteConnection.ts"
import { explain } from "./SqliteDialect.ts"

/** The transaction a fiber is in. `depth`: of parts within parts. */
interface Inside {
  readonly group: object
  open: boolean
  depth: number
}

const Current = Context.Reference<Inside | undefined>(
  "@atrium/storage-sqlite/GroupCommit/Current",
  {
    defaultValue: () => undefined
  }
)

/** A transaction that waits or runs; what it answers is kept until the COMMIT. */
interface Member {
  /** Runs the body; true when it has ended, otherwise `ended` is called when it has. */
  readonly run: (inside: Inside, ended: () => void) => boolean
  readonly succeeded: () => boolean
  readonly failed: () => boolean
  readonly answer: () => void
  readonly fail: (error: StorageError) => void
  /** Its caller was interrupted before it began. */
  left: boolean
}

const failure = (cause: unknown): StorageError => {
  const { message, reason } = explain(
    codeOf(cause),
    cause instanceof Error ? cause.message : String(cause)
  )
  return StorageError.because(reason, message)
}

const lost = () =>
  StorageError.because(
    { _tag: "Unreachable", host: "the database file" },
    "The database gave up the transaction; nothing of it was stored. Try again."
  )

const closed = Effect.suspend(() =>
  Effect.fail(StorageError.because({ _tag: "Gone", what: "storage" }, "The storage is closed."))
)

/** What a group commit tells of itself: how many commits there were, and of how many transactions. */
export interface Counts {
  readonly commits: number
  readonly transactions: number
}

/** A transactor that groups. `close` lets what waits end, and refuses what comes later. */
export interface GroupCommit extends Transactor {
  readonly close: Effect.Effect<void>
  readonly counts: () => Counts
}

class Group {
  readonly db: DatabaseSync
  private waiting: Array<Member> = []
  private readonly idle: Array<() => void> = []
  private scheduled = false
  busy = false
  closed = false
  commits = 0
  transactions = 0
  private readonly control: Record<"begin" | "commit" | "rollback" | "save" | "undo" | "keep", Run>

  constructor(db: DatabaseSync) {
    this.db = db
    const prepare = (sql: string): Run => {
      const statement = db.prepare(sql)
      return () => statement.run()
    }
    this.control = {
      begin: prepare("BEGIN IMMEDIATE"),
      commit: prepare("COMMIT"),
      rollback: prepare("ROLLBACK"),
      save: prepare("SAVEPOINT member"),
      undo: prepare("ROLLBACK TO member"),
      keep: prepare("RELEASE member")
    }
  }

  /** Lets `member` into the next group, which begins when this turn of the event loop has ended. */
  join(member: Member): void {
    this.waiting.push(member)
    this.schedule()
  }

  /** Calls `then` when no group is open. */
  whenIdle(then: () => void): void {
    if (this.busy) this.idle.push(then)
    else then()
  }

  private schedule(): void {
    if (this.scheduled || this.busy) return
    this.scheduled = true
    setImmediate(() => this.flush())
  }

  flush(): void {
    this.scheduled = false
    if (this.busy) return
    const members = this.waiting.filter(({ left }) => !left)
    this.waiting = []
    if (members.length === 0) return
    this.busy = true
    const refused = this.attempt(this.control.begin)
    if (refused === undefined) this.run(members, 0)
    else this.end(members, refused)
  }

  /** Runs the members from `first` on; goes on later where a body does not end at once. */
  private run(members: ReadonlyArray<Member>, first: number): void {
    const shared = members.length > 1
    for (let i = first; i < members.length; i++) {
      const member = members[i]
      if (member === undefined || member.left) continue
      const inside: Inside = { group: this, open: true, depth: 0 }
      const refused = shared ? this.attempt(this.control.save) : undefined
      if (refused !== undefined) {
        this.giveUp(members, i, refused)
        return
      }
      const ended = member.run(inside, () => {
        if (this.settle(members, i, inside, shared)) this.run(members, i + 1)
      })
      if (!ended) return
      if (!this.settle(members, i, inside, shared)) return
    }
    this.commit(members)
  }

  /** Keeps or undoes what a member wrote; false when the whole group had to be given up. */
  private settle(
    members: ReadonlyArray<Member>,
    index: number,
    inside: Inside,
    shared: boolean
  ): boolean {
    inside.open = false
    const refused = this.closing(shared, members[index]?.succeeded() === true)
    if (refused !== undefined) this.giveUp(members, index, refused)
    return refused === undefined
  }

  /** Ends a member's savepoint; answers why that was not possible. */
  private closing(shared: boolean, succeeded: boolean): StorageError | undefined {
    // A full disk, for one, makes SQLite roll back everything at once.
    if (!this.db.isTransaction) return lost()
    if (!shared) return undefined
    const undone = succeeded ? undefined : this.attempt(this.control.undo)
    return undone ?? this.attempt(this.control.keep)
  }

  /**
   * Fails the members up to `index`, whose work is gone, and lets the others begin anew. The one at
   * `index` keeps the failure of its own that brought it about, such as a full disk.
   */
  private giveUp(members: ReadonlyArray<Member>, index: number, error: StorageError): void {
    this.undo()
    this.waiting.unshift(...members.slice(index + 1))
    this.end(members.slice(0, index + 1), error, members[index])
  }

  private commit(members: ReadonlyArray<Member>): void {
    const changed = members.some((member) => member.succeeded())
    const refused = this.attempt(changed ? this.control.commit : this.control.rollback)
    if (refused === undefined) {
      this.commits += 1
      this.transactions += members.length
    } else this.undo()
    this.end(members, refused)
  }

  /** Runs a statement of control; answers why it failed. */
  private attempt(control: Run): StorageError | undefined {
    try {
      control()
      return undefined
    } catch (cause) {
      return failure(cause)
    }
  }

  /** Rolls back what is open. When even that fails, the next BEGIN says what is wrong. */
  private undo(): void {
    if (this.db.isTransaction) this.attempt(this.control.rollback)
  }

  private end(
    members: ReadonlyArray<Member>,
    error: StorageError | undefined,
    cause?: Member
  ): void {
    this.busy = false
    for (const then of this.idle.splice(0)) then()
    for (const member of members) {
      if (error === undefined || (member === cause && member.failed())) member.answer()
      else member.fail(error)
    }
    if (this.waiting.length > 0) this.schedule()
  }
}

type Run = () => void

/** Waits in `group` for the transaction of `self`, which runs in a fiber of its own. */
const enter = <A, E, R>(
  group: Group,
  self: Effect.Effect<A, E, R>,
  context: Context.Context<R>
): Effect.Effect<A, E | StorageError> =>
  Effect.callback((resume) => {
    let exit: Exit.Exit<A, E> | undefined
    let fiber: Fiber.Fiber<A, E> | undefined
    let answered = (): void => {}
    const answer = (effect: Effect.Effect<A, E | StorageError>): void => {
      resume(effect)
      answered()
    }
    const member: Member = {
      left: false,
      run: (inside, ended) => {
        fiber = Effect.runForkWith(Context.add(context, Current, inside))(self)
        exit = fiber.pollUnsafe()
        if (exit !== undefined) return true
        fiber.addObserver((late) => {
          exit = late
          ended()
        })
        return false
      },
      succeeded: () => exit !== undefined && Exit.isSuccess(exit),
      failed: () => exit !== undefined && Exit.isFailure(exit),
      answer: () => answer(exit ?? Effect.fail(lost())),
      fail: (error) => answer(Effect.fail(error))
    }
    group.join(member)
    // The caller was interrupted: nothing of a transaction that has begun is left half done.
    return Effect.callback<void>((done) => {
      if (fiber === undefined) {
        member.left = true
        done(Effect.void)
      } else {
        answered = () => done(Effect.void)
        fiber.interruptUnsafe()
      }
    })
  })

/** Runs `self` as a part of the present transaction that leaves nothing when it does not succeed. */
const part = <A, E, R>(
  db: DatabaseSync,
  inside: Inside,
  self: Effect.Effect<A, E, R>
): Effect.Effect<A, E | StorageError, R> =>
  Effect.suspend(() => {
    const name = `part_${inside.depth}`
    const control = (sql: string) =>
      Effect.try({ try: () => db.exec(sql), catch: (cause) => failure(cause) })
    inside.depth += 1
    return Effect.flatMap(control(`SAVEPOINT ${name}`), () =>
      Effect.onExit(self, (exit) => {
        inside.depth -= 1
        if (Exit.isSuccess(exit)) return control(`RELEASE ${name}`)
        // Where SQLite gave up the whole transaction there is no savepoint, and nothing to undo.
        return Effect.ignore(control(`ROLLBACK TO ${name}; RELEASE ${name}`))
      })
    )
  })

/** The transactor of `db`, whose statements run on `connection`. */
export const make = (db: DatabaseSync, connection: SqlConnection.Connection): GroupCommit => {
  const group = new Group(db)

  const insideOf = (inside: Inside | undefined): inside is Inside =>
    inside?.group === group && inside.open

  const anew = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | StorageError, R> =>
    Effect.contextWith((context: Context.Context<R>) =>
      group.closed ? closed : enter(group, self, context)
    )

  const inTransaction = <A, E>(use: Use<A, E>): Effect.Effect<A, E | StorageError> =>
    db.isTransaction ? use(connection) : Effect.fail(lost())

  const transact: Transactor["transact"] = (self) =>
    Effect.withFiber((fiber) => {
      const inside = fiber.getRef(Current)
      return insideOf(inside) ? part(db, inside, self) : anew(self)
    })

  const within: Transactor["within"] = (self) =>
    Effect.withFiber((fiber) => (insideOf(fiber.getRef(Current)) ? self : anew(self)))

  const read: Transactor["read"] = (use) =>
    Effect.withFiber((fiber) => {
      if (insideOf(fiber.getRef(Current))) return inTransaction(use)
      if (group.closed) return closed
      if (!group.busy) return use(connection)
      const idle = Effect.callback<void>((resume) => group.whenIdle(() => resume(Effect.void)))
      return Effect.andThen(idle, read(use))
    })

  const write: Transactor["write"] = (use) =>
    Effect.withFiber((fiber) =>
      insideOf(fiber.getRef(Current))
        ? inTransaction(use)
        : anew(Effect.suspend(() => inTransaction(use)))
    )

  const close = Effect.callback<void>((resume) => {
    group.closed = true
    group.whenIdle(() => {
      group.flush()
      group.whenIdle(() => resume(Effect.void))
    })
  })

  return {
    transact,
    within,
    read,
    write,
    close,
    counts: () => ({ commits: group.commits, transactions: group.transactions })
  }
}

/**
 * The app's tools: Effect toolkits, told to backends as plain data and called by core as the caller
 * of the turn. The only file of core that imports effect/ai.
 */
import * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { rejected, TurnError } from "../errors.ts"
import { Principal } from "../tenancy/Principal.ts"
import { CurrentTurn } from "./CurrentTurn.ts"
import type { ToolCalled, ToolOutcome, ToolSpec } from "./ToolSpec.ts"

/** Longest output of a call, in UTF-16 units of its JSON: a longer one would fill the prompt. */
export const maximumOutput = 100_000

/** Longest time of one call, in milliseconds, unless the tool is annotated with another one. */
export const TimeoutMs = Context.Reference<number>("@atrium/core/tools/TimeoutMs", {
  defaultValue: () => 30_000
})

export interface Registered {
  readonly list: ReadonlyArray<ToolSpec>
  /**
   * Calls a tool as the Principal in the context. Never fails: whatever the tool does becomes an
   * outcome that the model is told, and a defect is logged.
   */
  readonly call: (
    called: ToolCalled,
    turn: Omit<CurrentTurn["Service"], "callId">
  ) => Effect.Effect<ToolOutcome, never, Principal>
}

/** What an app offers its agents; nothing unless a layer below says otherwise. */
export const Tools: Context.Reference<Registered> = Context.Reference("@atrium/core/tools/Tools", {
  defaultValue: (): Registered => ({
    list: [],
    call: ({ callId, name }) => Effect.succeed(failed(callId, `There is no tool "${name}".`))
  })
})

type Handlers<A extends Record<string, Tool.Any>> =
  | Tool.HandlersFor<A>
  | Exclude<Tool.HandlerServices<A[keyof A]>, Principal | CurrentTurn>

/**
 * Adds the tools of a toolkit to those that are provided to this layer. Fails with `Conflict` when a
 * name is taken, and with `Rejected` when a model could not call it.
 *
 * Annotations decide how a tool is treated: `Tool.Readonly` runs again after a crash,
 * `Tool.Idempotent` runs again with its call id as key, any other is then reported as unknown.
 * One that is neither read-only nor annotated `Tool.Destructive` false asks a person once the turn
 * has read something foreign; `needsApproval` asks always.
 */
export const layer = <A extends Record<string, Tool.Any>>(
  kit: Toolkit.Toolkit<A>
): Layer.Layer<never, TurnError, Handlers<A>> =>
  Layer.effect(
    Tools,
    Effect.gen(function* () {
      const before = yield* Tools
      // Who builds the app is not who calls: the turn says as whom, in which turn and under which span.
      const services = Context.omit(
        Principal,
        CurrentTurn,
        Tracer.ParentSpan
      )(yield* Effect.context<Handlers<A>>())
      const handlers = yield* kit
      const own = new Map<string, ToolSpec>()
      for (const tool of Object.values<Tool.Any>(kit.tools)) {
        const spec = yield* specOf(tool)
        if (before.list.some(({ name }) => name === spec.name)) {
          return yield* TurnError.because(
            { _tag: "Conflict", what: "tool name", revision: null },
            `Two tools are called "${spec.name}". Rename one: a model could not tell them apart.`
          )
        }
        own.set(spec.name, spec)
      }
      const call = Effect.fnUntraced(function* (
        { callId, input, name }: ToolCalled,
        spec: ToolSpec,
        turn: Omit<CurrentTurn["Service"], "callId">
      ) {
        const tool: Tool.Any | undefined = kit.tools[name]
        if (tool === undefined) return failed(callId, `There is no tool "${name}".`)
        // What is left of a generic toolkit's services cannot be computed; by this layer's type it is
        // these two.
        const handled = Effect.provideContext(
          answerOf(handlers, tool, input, callId),
          services
        ) as Effect.Effect<Answer, never, Principal | CurrentTurn>
        const exit = yield* handled.pipe(
          Effect.map(({ encoded, isFailure }) => outcomeOf(callId, encoded, isFailure)),
          // Providers count calls anew in each answer: their ids alone would make two calls one.
          Effect.provideService(CurrentTurn, { ...turn, callId: `${turn.turn.id}.${callId}` }),
          withoutInput,
          endedWithin(spec.timeoutMs)
        )
        if (Option.isNone(exit)) return timedOut(callId, spec)
        if (Exit.isSuccess(exit.value)) return exit.value.value
        yield* Effect.logError(`The tool "${name}" died of a defect.`, exit.value.cause)
        return failed(callId, "The tool failed for an inner reason. It may have taken effect.")
      })
      return {
        list: [...before.list, ...own.values()],
        call: (called, turn) => {
          const spec = own.get(called.name)
          return spec === undefined
            ? before.call(called, turn)
            : Effect.withSpan(call(called, spec, turn), `execute_tool ${called.name}`, {
                attributes: {
                  "gen_ai.operation.name": "execute_tool",
                  "gen_ai.tool.name": called.name,
                  "gen_ai.tool.call.id": called.callId
                }
              })
        }
      }
    })
  )

/** How long a tool that was interrupted may take to clean up before nobody waits for it, in ms. */
const graceMs = 1000

/**
 * How `self` ended, or `None` when it did not within `timeoutMs`. It runs in a fiber of its own: one
 * that cannot be interrupted holds up neither the time-out nor a cancel nor a shutdown.
 */
const endedWithin =
  (timeoutMs: number) =>
  <A, E, R>(
    self: Effect.Effect<A, E, R>
  ): Effect.Effect<Option.Option<Exit.Exit<A, E>>, never, R> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.forkDetach(self), (fiber) =>
        Effect.ensuring(
          restore(Effect.timeoutOption(Fiber.await(fiber), timeoutMs)),
          Effect.suspend(() => {
            if (fiber.pollUnsafe() !== undefined) return Effect.void
            fiber.interruptUnsafe()
            return Effect.timeoutOption(Effect.interruptible(Fiber.await(fiber)), graceMs)
          })
        )
      )
    )

interface Answer {
  readonly encoded: unknown
  readonly isFailure: boolean
}

/** The last answer of a call; a typed failure is told in the words of the tool's own schema. */
const answerOf = <A extends Record<string, Tool.Any>>(
  handlers: Toolkit.WithHandler<A>,
  tool: Tool.Any,
  input: ToolCalled["input"],
  callId: string
) =>
  handlers.handle(tool.name, input as Tool.ParametersEncoded<A[string]>, callId).pipe(
    Stream.unwrap,
    Stream.filter(({ preliminary }) => !preliminary),
    Stream.runLast,
    Effect.map(
      Option.match({
        onNone: (): Answer => ({ encoded: null, isFailure: false }),
        onSome: ({ encodedResult, isFailure }): Answer => ({ encoded: encodedResult, isFailure })
      })
    ),
    Effect.catch((error: unknown) =>
      Effect.match(Schema.encodeUnknownEffect(tool.failureSchema)(error), {
        onFailure: (): Answer => ({
          encoded: { error: error instanceof Error ? error.message : "The tool failed." },
          isFailure: true
        }),
        onSuccess: (encoded): Answer => ({ encoded, isFailure: true })
      })
    )
  )

const specOf = Effect.fnUntraced(function* (tool: Tool.Any) {
  const name: string = tool.name
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name)) {
    return yield* TurnError.because(
      rejected(
        "tool.name",
        `The tool "${name.slice(0, 64)}" needs a name of 1 to 64 letters, digits, "_" and "-": models accept no other.`
      )
    )
  }
  const input = yield* Effect.mapError(
    Schema.decodeUnknownEffect(Schema.JsonObject)(Tool.getJsonSchema(tool)),
    () =>
      TurnError.because(
        rejected("tool.parameters", `The parameters of the tool "${name}" have no JSON schema.`)
      )
  )
  const readOnly = Context.get(tool.annotations, Tool.Readonly)
  const spec: ToolSpec = {
    name,
    description: Tool.getDescription(tool) ?? "",
    input,
    retry: readOnly ? "safe" : Context.get(tool.annotations, Tool.Idempotent) ? "same-id" : "never",
    approval:
      tool.needsApproval !== undefined && tool.needsApproval !== false
        ? "always"
        : !readOnly && Context.get(tool.annotations, Tool.Destructive)
          ? "after-foreign"
          : "never",
    timeoutMs: Context.get(tool.annotations, TimeoutMs)
  }
  if (spec.approval === "after-foreign" && !isAnnotated(tool)) {
    yield* Effect.logWarning(
      `The tool "${name}" says neither that it is read-only nor whether it is destructive, so it asks for approval once the turn has read a document or a tool's result. Annotate it with Tool.Readonly or Tool.Destructive.`
    )
  }
  return spec
})

const isAnnotated = (tool: Tool.Any): boolean =>
  tool.annotations.mapUnsafe.has(Tool.Destructive.key) ||
  tool.annotations.mapUnsafe.has(Tool.Readonly.key)

/** effect/ai writes a call's input on the present span; texts of users do not belong there. */
const withoutInput = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Effect.serviceOption(Tracer.ParentSpan), (found) => {
    const span = Option.getOrUndefined(found)
    if (span?._tag !== "Span") return self
    const discreet: Tracer.Span = Object.create(span, {
      attribute: {
        value: (key: string, value: unknown) =>
          key === "parameters" ? undefined : span.attribute(key, value)
      }
    })
    return Effect.provideService(self, Tracer.ParentSpan, discreet)
  })

const failed = (callId: string, error: string): ToolOutcome => ({
  callId,
  output: { error },
  failed: true,
  outcome: "failed"
})

const timedOut = (callId: string, { retry, timeoutMs }: ToolSpec): ToolOutcome => ({
  callId,
  output: {
    error: `The tool gave no answer within ${timeoutMs} ms.${retry === "safe" ? "" : " It may have taken effect."}`
  },
  failed: true,
  outcome: "timed-out"
})

const outcomeOf = (callId: string, encoded: unknown, isFailure: boolean): ToolOutcome => {
  const output = Schema.decodeUnknownOption(Schema.Json)(encoded === undefined ? null : encoded)
  if (Option.isNone(output)) return failed(callId, "The tool's answer is no JSON.")
  // As it is now: what the tool still holds of it may change before it is stored.
  const text = JSON.stringify(output.value)
  return text.length > maximumOutput
    ? failed(
        callId,
        `The tool's answer is too long (${text.length} of ${maximumOutput} characters). Ask for less.`
      )
    : {
        callId,
        output: JSON.parse(text),
        failed: isFailure,
        outcome: isFailure ? "failed" : "done"
      }
}

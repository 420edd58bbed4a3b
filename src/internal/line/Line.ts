/**
 * What this library says otherwise on the one line of Effect and on the other. Nothing else of it may know which line it runs on.
 *
 * @since 0.1.0
 */
import * as Cookies from "@effect/platform/Cookies"
import * as HttpApp from "@effect/platform/HttpApp"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import type * as ConfigErrorModule from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

/** The class of values that are Effects: the fiber that runs one hands itself over. */
export const effectClass = <A, E, R>(
  evaluate: (self: never, fiber: Fiber.RuntimeFiber<unknown, unknown>) => Effect.Effect<A, E, R>
): new () => Effect.Effect<A, E, R> =>
  class extends Effectable.Class<A, E, R> {
    override commit(): Effect.Effect<A, E, R> {
      return Effect.withFiberRuntime((fiber) => evaluate(this as never, fiber))
    }
  }

// causes

/** The error, where a cause is that alone. */
export const failureOf = <E>(cause: Cause.Cause<E>): Option.Option<E> =>
  cause._tag === "Fail" ? Option.some(cause.error)
  : Cause.isDie(cause) ? Option.none()
  : Cause.failureOption(cause)

export const mapDefects = <E>(
  cause: Cause.Cause<E>,
  f: (defect: unknown) => unknown
): Cause.Cause<E> =>
  Cause.match(cause, {
    onEmpty: Cause.empty as Cause.Cause<E>,
    onFail: (error) => Cause.fail(error),
    onDie: (defect) => Cause.die(f(defect)),
    onInterrupt: (fiber) => Cause.interrupt(fiber),
    onSequential: (left, right) => Cause.sequential(left, right),
    onParallel: (left, right) => Cause.parallel(left, right)
  })

/** What an Effect failed with: a span may have put something around it. */
export const original = (error: unknown): unknown => Cause.originalError(error)

// fibers

export const currentClock = (): Clock.Clock | undefined => {
  const fiber = Option.getOrUndefined(Fiber.getCurrentFiber())
  return fiber && Context.get(fiber.currentDefaultServices, Clock.Clock)
}

export const interruptFork = Fiber.interruptFork

export const makeDeferred = <A, E>(): Deferred.Deferred<A, E> =>
  Deferred.unsafeMake<A, E>(FiberId.none)

export const makeSemaphore = Effect.unsafeMakeSemaphore

export const timeoutFail = <E2>(options: {
  readonly duration: Duration.DurationInput
  readonly onTimeout: () => E2
}): (<A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E | E2, R>) =>
  Effect.timeoutFail(options)

/** What there is once in a process, however many copies of this library. */
export const once: <A>(key: string, make: () => A) => A = globalValue

// requests and answers

export type PreResponseHandler = HttpApp.PreResponseHandler

/** Does something to whatever answers the request. */
export const beforeResponse = (handler: PreResponseHandler): Effect.Effect<void> => {
  const alone = Option.some(handler)
  return FiberRef.update(HttpApp.currentPreResponseHandlers, (before) =>
    Option.isNone(before) ? alone : (
      Option.some((request, response) =>
        Effect.flatMap(before.value(request, response), (handled) => handler(request, handled))
      )
    )
  )
}

export const maxBodySize: Effect.Effect<number | undefined> = Effect.map(
  HttpIncomingMessage.MaxBodySize,
  (size) => (Option.isNone(size) ? undefined : Number(size.value))
)

export const invalidCookie = (): Cookies.CookiesError =>
  new Cookies.CookiesError({ reason: "InvalidValue" })

/** Whether the other side could not be reached. */
export const isTransport = (error: HttpClientError.HttpClientError): boolean =>
  error._tag === "RequestError"

export const isEmptyBody = (error: HttpClientError.HttpClientError): boolean =>
  error._tag === "ResponseError" && error.reason === "EmptyBody"

// schemas

export type Codec<A, I = A> = Schema.Schema<A, I>

export type SchemaError = ParseResult.ParseError

export const compose = <A, B, I>(first: Codec<A, A>, second: Codec<B, I>): Codec<B, A> =>
  Schema.compose(first, second, { strict: false })

export const filter =
  <A>(f: (value: A) => string | undefined) =>
  <I>(schema: Codec<A, I>): Codec<A, I> =>
    schema.pipe(Schema.filter(f))

export const literals = Schema.Literal

/** One of several errors, each with a status of its own, as the contract of an HttpApi has them. */
export const errors = Schema.Union

/** The schema, which does something in the fiber that encodes. */
export const whenEncoded = <A, I, R>(
  schema: Schema.Schema<A, I, R>,
  f: (value: A) => Effect.Effect<void>
): Schema.Schema<A, I, R> =>
  Schema.transformOrFail(schema, Schema.typeSchema(schema), {
    strict: true,
    decode: (value) => Effect.succeed(value),
    encode: (value) => Effect.as(f(value), value)
  })

export const unchecked = true

// configuration

export type ConfigError = ConfigErrorModule.ConfigError

export type ConfigWrap<A> = Config.Config.Wrap<A>

export const unwrapConfig = <A>(wrapped: ConfigWrap<A>): Config.Config<A> => Config.unwrap(wrapped)

export const mapConfig =
  <A, B>(_name: string, f: (value: A) => B) =>
  (config: Config.Config<A>): Config.Config<B> =>
    Config.mapAttempt(config, f)

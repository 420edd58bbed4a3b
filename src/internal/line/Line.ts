/**
 * What this library says otherwise on the one line of Effect and on the other. Nothing else of it may know which line it runs on.
 *
 * @since 0.1.0
 */
import * as Cookies from "@effect/platform/Cookies"
import * as HttpApp from "@effect/platform/HttpApp"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
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

// services

/** What an Effect needs, of a Layer that is built for it alone. */
export const provideOwn = <A, E>(
  effect: Effect.Effect<A, E>,
  source: Layer.Layer<never> | Context.Context<never>
): Effect.Effect<A, E> =>
  // whichever it is, `provide` takes it
  Effect.provide(effect, source as Context.Context<never>)

/** What an Effect needs and is not there; what is there goes first. */
export const provideMissing = <A, E>(
  effect: Effect.Effect<A, E>,
  services: Context.Context<never>
): Effect.Effect<A, E> => {
  const keys = [...services.unsafeMap.keys()]
  return Effect.contextWithEffect((input: Context.Context<never>) =>
    keys.every((key) => input.unsafeMap.has(key)) ? effect : (
      Effect.provide(effect, Context.merge(services, input))
    )
  )
}

// causes

/** The error, where a cause is that alone. */
export const failureOf = <E>(cause: Cause.Cause<E>): Option.Option<E> =>
  cause._tag === "Fail" ? Option.some(cause.error)
  : Cause.isDie(cause) ? Option.none()
  : Cause.failureOption(cause)

/** The defects of a cause, where it has any. */
export const defectsOf = (cause: Cause.Cause<unknown>): Option.Option<Cause.Cause<never>> =>
  cause._tag === "Fail" ? Option.none() : Cause.keepDefects(cause)

/** The cause with other errors and other defects. */
export const mapCause = <E>(
  cause: Cause.Cause<E>,
  f: <Value>(value: Value) => Value
): Cause.Cause<E> =>
  Cause.match(cause, {
    onEmpty: Cause.empty as Cause.Cause<E>,
    onFail: (error) => Cause.fail(f(error)),
    onDie: (defect) => Cause.die(f(defect)),
    onInterrupt: (fiber) => Cause.interrupt(fiber),
    onSequential: (left, right) => Cause.sequential(left, right),
    onParallel: (left, right) => Cause.parallel(left, right)
  })

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

/** What there is once in a process, however many copies of this library. */
export const once: <A>(key: string, make: () => A) => A = globalValue

// requests and answers

/** What a handler may return. */
export type Handled<A = unknown> = Effect.Effect<A, unknown, unknown>

/** The response that a handler returns, where that is no Effect. */
export type HandledResponse<_Returned> = never

/** What a handler returned, as an Effect; `undefined` when it is none. */
export const handled = (returned: unknown): Effect.Effect<unknown, unknown> | undefined =>
  // what the handler needs, the signature of who calls it says
  Effect.isEffect(returned) ? (returned as Effect.Effect<unknown, unknown>) : undefined

export type ResponseChange = (
  response: HttpServerResponse.HttpServerResponse,
  request: HttpServerRequest.HttpServerRequest
) => HttpServerResponse.HttpServerResponse

interface ChangingHandler extends HttpApp.PreResponseHandler {
  readonly change?: ResponseChange
}

/** Does something to whatever answers the request, and succeeds with what it is given. */
export const changeResponse = (
  change: ResponseChange
): (<Value>(value: Value) => Effect.Effect<Value>) => {
  const alone = changing(change, (request, response) => Exit.succeed(change(response, request)))
  return (value) =>
    FiberRef.modify(HttpApp.currentPreResponseHandlers, (before) => [
      value,
      Option.isNone(before) ? alone : (
        changing(change, (request, response) =>
          Effect.map(before.value(request, response), (handled) => change(handled, request))
        )
      )
    ])
}

const changing = (
  change: ResponseChange,
  handler: HttpApp.PreResponseHandler
): Option.Option<ChangingHandler> => Option.some(Object.assign(handler, { change }))

/** The last thing that is to be done to the response, as far as the fiber that asks knows. */
export const lastChange = (): ResponseChange | undefined => {
  const fiber = Option.getOrUndefined(Fiber.getCurrentFiber())
  const handler: ChangingHandler | undefined =
    fiber && Option.getOrUndefined(fiber.getFiberRef(HttpApp.currentPreResponseHandlers))
  return handler?.change
}

/** What a request that is printed calls itself. */
export const requestId = "@effect/platform/HttpServerRequest"

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

export const compose = <A, B, I>(
  first: Schema.Schema<A, A>,
  second: Schema.Schema<B, I>
): Schema.Schema<B, A> => Schema.compose(first, second, { strict: false })

export const filter =
  <A>(f: (value: A) => string | undefined) =>
  <I>(schema: Schema.Schema<A, I>): Schema.Schema<A, I> =>
    schema.pipe(Schema.filter(f))

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

export type MakeOptions = Schema.MakeOptions

export const unchecked: MakeOptions = true

/** What the schema of an error says of the answer that it is. */
export const errorAnnotations = <A>(annotations: {
  readonly status: number
  readonly identifier: string
  readonly description: string
}): Schema.Annotations.Schema<A> => HttpApiSchema.annotations(annotations)

/** The errors of a class are answers, and nothing that whoever watches over faults wants to hear of. */
export const unreported = (_class: abstract new (...args: never) => object): void => {}

// configuration

export const mapConfig =
  <A, B>(_name: string, f: (value: A) => B) =>
  (config: Config.Config<A>): Config.Config<B> =>
    Config.mapAttempt(config, f)

/**
 * What this library says otherwise on the one line of Effect and on the other. Nothing else of it may know which line it runs on.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as ClockModule from "effect/Clock"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import * as ErrorReporter from "effect/ErrorReporter"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Cookies from "effect/http/Cookies"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"

/** The class of values that are Effects: the fiber that runs one hands itself over. */
export const effectClass = <A, E, R>(
  evaluate: (self: never, fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<A, E, R>
): new () => Effect.Effect<A, E, R> => {
  const Made = function () {}
  Made.prototype = Effectable.Prototype<Effect.Effect<A, E, R>>({
    label: "Security",
    evaluate(fiber) {
      return evaluate(this as never, fiber)
    }
  })
  return Made as unknown as new () => Effect.Effect<A, E, R>
}

// services

/** What an Effect needs, of a Layer that is built for it alone. */
export const provideOwn = <A, E>(
  effect: Effect.Effect<A, E>,
  source: Layer.Layer<never> | Context.Context<never>
): Effect.Effect<A, E> =>
  Context.isContext(source) ?
    Effect.provideContext(effect, source)
    // else it would be the Layer that the app has built
  : Effect.provide(effect, source, { local: true })

/** What an Effect needs and is not there; what is there goes first. */
export const provideMissing = <A, E>(
  effect: Effect.Effect<A, E>,
  services: Context.Context<never>
): Effect.Effect<A, E> => {
  const all = [...services.mapUnsafe].map(([key, value]) => ({ key: Context.Service(key), value }))
  // to ask for each and to add what is missing leaves the rest of a request's context as it is
  return Effect.updateContext(effect, (input: Context.Context<never>) => {
    const missing = all.filter(({ key }) => Option.isNone(Context.getOption(input, key)))
    return missing.reduce((context, { key, value }) => Context.add(context, key, value), input)
  })
}

// causes

/** The error, where a cause is that alone. */
export const failureOf = <E>(cause: Cause.Cause<E>): Option.Option<E> =>
  Cause.hasDies(cause) ? Option.none() : Cause.findErrorOption(cause)

/** The defects of a cause, where it has any. */
export const defectsOf = (cause: Cause.Cause<unknown>): Option.Option<Cause.Cause<never>> =>
  Cause.hasDies(cause) ?
    Option.some(Cause.fromReasons(cause.reasons.filter(Cause.isDieReason)))
  : Option.none()

/** The cause with other errors and other defects. */
export const mapCause = <E>(
  cause: Cause.Cause<E>,
  f: <Value>(value: Value) => Value
): Cause.Cause<E> =>
  Cause.fromReasons(
    cause.reasons.map((reason) =>
      Cause.isFailReason(reason) ? Cause.makeFailReason(f(reason.error))
      : Cause.isDieReason(reason) ? Cause.makeDieReason(f(reason.defect))
      : reason
    )
  )

export const mapDefects = <E>(
  cause: Cause.Cause<E>,
  f: (defect: unknown) => unknown
): Cause.Cause<E> =>
  Cause.fromReasons(
    cause.reasons.map((reason) =>
      Cause.isDieReason(reason) ? Cause.makeDieReason(f(reason.defect)) : reason
    )
  )

/** What an Effect failed with: a span may have put something around it. */
export const original = (error: unknown): unknown => error

// fibers

export const currentClock = (): Clock.Clock | undefined =>
  Fiber.getCurrent()?.getRef(ClockModule.Clock)

export const interruptFork = (fiber: Fiber.Fiber<unknown, unknown>): Effect.Effect<void> =>
  Effect.sync(() => fiber.interruptUnsafe())

/** What there is once in a process, however many copies of this library. */
export const once = <A>(key: string, make: () => A): A => {
  const all = ((globalThis as { [onceKey]?: Map<string, unknown> })[onceKey] ??= new Map())
  if (!all.has(key)) all.set(key, make())
  return all.get(key) as A
}

const onceKey: unique symbol = Symbol.for("effect-security/once") as never

// requests and answers

/** What a handler may return. */
export type Handled<A = unknown> =
  Effect.Effect<A, unknown, unknown> | HttpServerResponse.HttpServerResponse

/** The response that a handler returns, where that is no Effect. */
export type HandledResponse<Returned> = Extract<Returned, HttpServerResponse.HttpServerResponse>

/** What a handler returned, as an Effect; `undefined` when it is none. */
export const handled = (returned: unknown): Effect.Effect<unknown, unknown> | undefined =>
  Effect.isEffect(returned) ? (returned as Effect.Effect<unknown, unknown>)
  : HttpServerResponse.isHttpServerResponse(returned) ? Exit.succeed(returned)
  : undefined

export type ResponseChange = (
  response: HttpServerResponse.HttpServerResponse,
  request: HttpServerRequest.HttpServerRequest
) => HttpServerResponse.HttpServerResponse

/** Does something to whatever answers the request, and succeeds with what it is given. */
export const changeResponse = (
  change: ResponseChange
): (<Value>(value: Value) => Effect.Effect<Value>) => {
  const handler: HttpEffect.PreResponseHandler = (request, response) =>
    Exit.succeed(change(response, request))
  return (value) =>
    Effect.withFiber((fiber) => {
      HttpEffect.appendPreResponseHandlerUnsafe(fiber.context, handler)
      return Exit.succeed(value)
    })
}

/** The last thing that is to be done to the response, as far as the fiber that asks knows: the request knows it, and tells nobody. */
export const lastChange = (): ResponseChange | undefined => undefined

/** What a request that is printed calls itself. */
export const requestId = "HttpServerRequest"

export const maxBodySize: Effect.Effect<number | undefined> = Effect.map(
  HttpIncomingMessage.MaxBodySize,
  (size) => (size === undefined ? undefined : Number(size))
)

export const invalidCookie = (): Cookies.CookiesError =>
  Cookies.CookiesError.fromReason("InvalidCookieValue")

/** Whether the other side could not be reached. */
export const isTransport = ({ reason }: HttpClientError.HttpClientError): boolean =>
  reason._tag === "TransportError" ||
  reason._tag === "InvalidUrlError" ||
  reason._tag === "EncodeError"

export const isEmptyBody = ({ reason }: HttpClientError.HttpClientError): boolean =>
  reason._tag === "EmptyBodyError"

// schemas

export const compose = <A, B, I>(
  first: Schema.Codec<A, A>,
  second: Schema.Codec<B, I>
): Schema.Codec<B, A> =>
  first.pipe(Schema.decodeTo(second as Schema.Codec<B, never>)) as Schema.Codec<B, A>

export const filter =
  <A>(f: (value: A) => string | undefined) =>
  <I>(schema: Schema.Codec<A, I>): Schema.Codec<A, I> =>
    schema.check(Schema.makeFilter(f)) as Schema.Codec<A, I>

export type MakeOptions = Schema.MakeOptions

export const unchecked: MakeOptions = { disableChecks: true }

/** What the schema of an error says of the answer that it is. */
export const errorAnnotations = ({
  status,
  ...others
}: {
  readonly status: number
  readonly identifier: string
  readonly description: string
}): {
  readonly httpApiStatus: number
  readonly identifier: string
  readonly description: string
} => ({ httpApiStatus: status, ...others })

/** The errors of a class are answers, and nothing that whoever watches over faults wants to hear of. */
export const unreported = (self: abstract new (...args: never) => object): void => {
  Object.defineProperty(self.prototype, ErrorReporter.ignore, { value: true })
}

/** One of several errors, each with a status of its own, as the contract of an HttpApi has them. */
export const errors = <const Members extends ReadonlyArray<Schema.Top>>(
  ...members: Members
): Members => members

/** The schema, which does something in the fiber that encodes. */
export const whenEncoded = <A, I>(
  schema: Schema.Codec<A, I>,
  f: (value: A) => Effect.Effect<void>
): Schema.Codec<A, I> =>
  schema.pipe(
    Schema.decodeTo(
      Schema.toType(schema),
      SchemaTransformation.transformEffect({
        decode: (value: A) => Effect.succeed(value),
        encode: (value: A) => Effect.as(f(value), value)
      })
    )
  )

// configuration

export const mapConfig =
  <A, B>(name: string, f: (value: A) => B) =>
  (config: Config.Config<A>): Config.Config<B> =>
    Config.mapEffect(config, (value) =>
      Effect.try({
        try: () => f(value),
        catch: (cause) =>
          new Config.ConfigError(
            new ConfigProvider.SourceError({
              message: `${name}: ${cause instanceof Error ? cause.message : String(cause)}`
            })
          )
      })
    )

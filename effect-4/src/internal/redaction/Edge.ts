/**
 * What the server's edge writes of a request: its tracer and its loggers, redacted.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { dual, identity } from "effect/Function"
import * as Headers from "effect/http/Headers"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as UrlParams from "effect/http/UrlParams"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import type { Names } from "./Names.ts"
import { noPairs, pairsOf, redactUrl, type Secret, union } from "./Query.ts"
import { makeRedact, type Redact, redactCause, unprinted, withRedactedErrors } from "./Values.ts"

// ----------------------------------------------------------------------------
// layers
// ----------------------------------------------------------------------------

/**
 * The names for whatever the server's edge writes: its tracer redacts the query of a span, and the headers that it is told to
 * record.
 *
 * Provide it to the server: the span of a request is written outside of what a router runs. `HttpRouter.serve` takes it by
 * `Layer.provide`, `HttpRouter.toWebHandler` by `Layer.provideMerge`. What the platform redacts by itself stays redacted.
 *
 * @example
 * ```ts
 * import { ApiKey, Redaction } from "effect-security"
 * import { HttpRouter } from "effect/http"
 * import { Layer } from "effect"
 *
 * const names = Redaction.names(ApiKey.query("api_key"))
 * const server = HttpRouter.serve(Layer.empty).pipe(Layer.provide(Redaction.layer(names)))
 * ```
 * @category layers
 * @since 0.1.0
 */
export const layer = ({ headers, query }: Names): Layer.Layer<never> =>
  Layer.mergeAll(
    Layer.effect(
      Headers.CurrentRedactedNames,
      Effect.map(Headers.CurrentRedactedNames, (names) => union(names, headers))
    ),
    Layer.effect(
      UrlParams.CurrentRedactedNames,
      Effect.map(UrlParams.CurrentRedactedNames, (names) => union(names, query))
    )
  )

// ----------------------------------------------------------------------------
// combinators
// ----------------------------------------------------------------------------

type App<E, R> = Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>

/**
 * Redacts the names in everything that is printed and logged of a request inside of an app.
 *
 * What reads the request sees it as it is; what is written of it is redacted: the request when it is printed, which shows neither
 * credentials nor body, the names that the platform redacts, and what loggers are given: the request's own query in messages, in
 * annotations and in errors, however deep in their members. A value without its name is not told from other texts. The errors that
 * leave the app are redacted as well. The server's span is for {@link layer}, and a logger that is added inside of the app is none
 * of those that are redacted.
 *
 * It goes around whatever logs, and around whatever reads the body.
 *
 * @example
 * ```ts
 * import { ApiKey, Redaction } from "effect-security"
 * import { HttpMiddleware, HttpServer, HttpServerResponse } from "effect/http"
 * import { Effect } from "effect"
 *
 * const names = Redaction.names(ApiKey.query("api_key"))
 * const app = Effect.succeed(HttpServerResponse.text("ok"))
 * const server = HttpServer.serve(Redaction.middleware(HttpMiddleware.logger(app), names))
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const middleware: {
  (names: Names): <E, R>(app: App<E, R>) => App<E, R | HttpServerRequest.HttpServerRequest>
  <E, R>(app: App<E, R>, names: Names): App<E, R | HttpServerRequest.HttpServerRequest>
} = dual(
  2,
  <E, R>(
    app: App<E, R>,
    { headers, query }: Names
  ): App<E, R | HttpServerRequest.HttpServerRequest> => {
    const own: Secret = { headers, query: new Set(query) }
    return Effect.withFiber((fiber) => {
      const request = Context.getUnsafe(fiber.context, HttpServerRequest.HttpServerRequest)
      const names = union(fiber.getRef(Headers.CurrentRedactedNames), headers)
      const secret: Secret = { headers: names, query: own.query }
      const unprinting = app.pipe(
        Effect.provideService(HttpServerRequest.HttpServerRequest, unprinted(request, secret)),
        Effect.provideService(Headers.CurrentRedactedNames, names)
      )
      if (query.length === 0) return unprinting
      return withRedactedErrors(unprinting, pairsOf(request, own.query), secret).pipe(
        Effect.provideService(
          UrlParams.CurrentRedactedNames,
          union(fiber.getRef(UrlParams.CurrentRedactedNames), query)
        ),
        Effect.provideService(
          Logger.CurrentLoggers,
          redactingLoggers(fiber.getRef(Logger.CurrentLoggers), own)
        )
      )
    })
  }
)

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

type AnyLogger = Logger.Logger<unknown, unknown>

type Loggers = ReadonlySet<AnyLogger>

interface Redacting {
  readonly logger: AnyLogger
  readonly secret: Secret
}

/** What the loggers that this module has made write to. */
const redacting = new WeakMap<AnyLogger, Redacting>()

/** The sets of loggers that were made of others, by those others and by what is secret. */
const made = new WeakMap<Loggers, WeakMap<Secret, Loggers>>()

const redactingLoggers = (loggers: Loggers, secret: Secret): Loggers => {
  const known = made.get(loggers) ?? new WeakMap<Secret, Loggers>()
  made.set(loggers, known)
  const redacted =
    known.get(secret) ?? new Set([...loggers].map((logger) => redactingLogger(logger, secret)))
  known.set(secret, redacted)
  return redacted
}

const redactingLogger = (logger: AnyLogger, secret: Secret): AnyLogger => {
  const inner = redacting.get(logger) ?? { logger, secret: { headers: [], query: new Set() } }
  const headers = union(inner.secret.headers, secret.headers)
  const query = new Set([...inner.secret.query, ...secret.query])
  const isKnown =
    headers.length === inner.secret.headers.length && query.size === inner.secret.query.size
  if (isKnown) return logger
  const all: Secret = { headers, query }
  const outer = Logger.make<unknown, unknown>((options) =>
    inner.logger.log(redactOptions(options, all))
  )
  redacting.set(outer, { logger: inner.logger, secret: all })
  return outer
}

const redactOptions = (
  options: Logger.Options<unknown>,
  { headers, query }: Secret
): Logger.Options<unknown> => {
  const { fiber } = options
  const request = Context.getOption(fiber.context, HttpServerRequest.HttpServerRequest)
  const pairs = request._tag === "Some" ? pairsOf(request.value, query) : noPairs
  const redacted = fiber.getRef(Headers.CurrentRedactedNames)
  const redact: Redact =
    pairs.length === 0 ? identity : makeRedact(pairs, { headers: union(redacted, headers), query })
  return {
    ...options,
    fiber: withAnnotations(fiber, (value) =>
      redact(typeof value === "string" ? redactUrl(value, query) : value)
    ),
    message: redact(options.message),
    cause: redactCause(options.cause, redact)
  }
}

/** Loggers read the annotations of the fiber that logs. */
const withAnnotations = (
  fiber: Fiber.Fiber<unknown, unknown>,
  f: (value: unknown) => unknown
): Fiber.Fiber<unknown, unknown> => {
  const annotations = Object.fromEntries(
    Object.entries(fiber.getRef(References.CurrentLogAnnotations)).map(([name, value]) => [
      name,
      f(value)
    ])
  )
  const context = Context.add(fiber.context, References.CurrentLogAnnotations, annotations)
  return new Proxy(fiber, {
    get: (target, key) =>
      key === "context" ? context
      : key === "getRef" ? <A>(ref: Context.Reference<A>) => Context.get(context, ref)
      : Reflect.get(target, key, target)
  })
}

/**
 * What the server's edge writes of a request: its tracer and its loggers, redacted.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import { dual, identity } from "effect/Function"
import * as HashMap from "effect/HashMap"
import * as HashSet from "effect/HashSet"
import * as Logger from "effect/Logger"
import * as Tracer from "effect/Tracer"
import type { Names } from "./Names.ts"
import {
  noPairs,
  pairsOf,
  redactPairs,
  redactQuery,
  redactUrl,
  type Secret,
  union
} from "./Query.ts"
import {
  isRequest,
  makeRedact,
  type Redact,
  redactCause,
  unprinted,
  withRedactedErrors
} from "./Values.ts"

// ----------------------------------------------------------------------------
// combinators
// ----------------------------------------------------------------------------

/**
 * Redacts the names in everything that the platform's tracer and loggers write of a request.
 *
 * What reads the request sees it as it is; what is written of it is redacted: the request when it is printed, which shows
 * neither credentials nor body, `Headers.currentRedactedNames`, the attributes of the server's span, which was started outside,
 * and what loggers are given: the request's own query in messages, in annotations such as `http.url` and in errors, however deep
 * in their members. A value without its name is not told from other texts. The errors
 * that leave the app are redacted as well, for the spans outside. A span of one's own has whatever attributes it is given,
 * and a logger that is added inside of the app is none of those that are redacted.
 *
 * It goes around the logger, and around whatever reads the body: `Redaction.middleware(HttpMiddleware.logger(app), names)`. A
 * logger outside, such as the one of `HttpLayerRouter.serve` and `toWebHandler`, is redacted too, if nothing that runs the app
 * in a fiber of its own (`Effect.timeout`) is between.
 *
 * @example
 * ```ts
 * import { ApiKey, Redaction } from "effect-security"
 * import { HttpMiddleware, HttpServer, HttpServerResponse } from "@effect/platform"
 *
 * const names = Redaction.names(ApiKey.query("api_key"))
 * const server = HttpServerResponse.text("ok").pipe(
 *   HttpServer.serve((app) => Redaction.middleware(HttpMiddleware.logger(app), names))
 * )
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const middleware: {
  (names: Names): <E, R>(app: HttpApp.Default<E, R>) => HttpApp.Default<E, R>
  <E, R>(app: HttpApp.Default<E, R>, names: Names): HttpApp.Default<E, R>
} = dual(
  2,
  <E, R>(app: HttpApp.Default<E, R>, { headers, query }: Names): HttpApp.Default<E, R> => {
    const own: Secret = { headers, query: new Set(query) }
    return Effect.withFiberRuntime((fiber) => {
      const context = fiber.currentContext
      const request = Context.unsafeGet(context, HttpServerRequest.HttpServerRequest)
      const span = context.unsafeMap.get(Tracer.ParentSpan.key)
      if (isSpan(span)) {
        redactSpan(span, headers, own.query)
      }
      const redacted = fiber.getFiberRef(Headers.currentRedactedNames)
      const names = union(redacted, headers)
      const secret: Secret = { headers: names, query: own.query }
      const unprinting = Effect.locally(
        Effect.provideService(app, HttpServerRequest.HttpServerRequest, unprinted(request, secret)),
        Headers.currentRedactedNames,
        names
      )
      if (query.length === 0) return unprinting
      const loggers = fiber.getFiberRef(FiberRef.currentLoggers)
      return Effect.zipRight(
        // not only for the time of the app: what is logged of it outside is to be redacted, too
        FiberRef.set(FiberRef.currentLoggers, redactingLoggers(loggers, own)),
        withRedactedErrors(unprinting, pairsOf(request, own.query), secret)
      )
    })
  }
)

// ----------------------------------------------------------------------------
// steps: loggers
// ----------------------------------------------------------------------------

type Loggers = HashSet.HashSet<Logger.Logger<unknown, unknown>>

interface Redacting {
  readonly logger: Logger.Logger<unknown, unknown>
  readonly secret: Secret
}

/** What the loggers that this module has made write to. */
const redacting = new WeakMap<Logger.Logger<unknown, unknown>, Redacting>()

/** The sets of loggers that were made of others, by those others and by what is secret. */
const made = new WeakMap<Loggers, WeakMap<Secret, Loggers>>()

const redactingLoggers = (loggers: Loggers, secret: Secret): Loggers => {
  const known = made.get(loggers) ?? new WeakMap<Secret, Loggers>()
  made.set(loggers, known)
  const redacted =
    known.get(secret) ?? HashSet.map(loggers, (logger) => redactingLogger(logger, secret))
  known.set(secret, redacted)
  return redacted
}

const redactingLogger = (
  logger: Logger.Logger<unknown, unknown>,
  secret: Secret
): Logger.Logger<unknown, unknown> => {
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
  options: Logger.Logger.Options<unknown>,
  { headers, query }: Secret
): Logger.Logger.Options<unknown> => {
  const context = FiberRefs.getOrDefault(options.context, FiberRef.currentContext)
  const request = context.unsafeMap.get(HttpServerRequest.HttpServerRequest.key)
  const pairs = isRequest(request) ? pairsOf(request, query) : noPairs
  const redacted = FiberRefs.getOrDefault(options.context, Headers.currentRedactedNames)
  const redact: Redact =
    pairs.length === 0 ? identity : makeRedact(pairs, { headers: union(redacted, headers), query })
  return {
    ...options,
    annotations: HashMap.map(options.annotations, (value) =>
      redact(typeof value === "string" ? redactUrl(value, query) : value)
    ),
    message: redact(options.message),
    cause: redactCause(options.cause, redact)
  }
}

// ----------------------------------------------------------------------------
// steps: spans
// ----------------------------------------------------------------------------

const isSpan = (value: unknown): value is Tracer.Span =>
  typeof value === "object" && value !== null && "_tag" in value && value._tag === "Span"

const redactSpan = (
  span: Tracer.Span,
  headers: ReadonlyArray<string>,
  query: ReadonlySet<string>
): void => {
  const full = span.attributes.get("url.full")
  if (typeof full === "string") {
    span.attribute("url.full", redactQuery(full, query))
  }
  const pairs = span.attributes.get("url.query")
  if (typeof pairs === "string") {
    span.attribute("url.query", redactPairs(pairs, query))
  }
  for (const name of headers) {
    const attribute = `http.request.header.${name}`
    if (span.attributes.has(attribute)) {
      span.attribute(attribute, "<redacted>")
    }
  }
  for (const [name, value] of span.attributes) {
    if (name.startsWith("http.request.header.") && typeof value === "string") {
      const redacted = redactQuery(value, query)
      if (redacted !== value) span.attribute(name, redacted)
    }
  }
}

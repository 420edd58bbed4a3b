/**
 * Keeps credentials out of what the server's edge writes: the platform's tracer and logger record URLs with their query, and
 * every header but four.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpApi from "@effect/platform/HttpApi"
import type * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import { dual, identity } from "effect/Function"
import * as HashMap from "effect/HashMap"
import * as HashSet from "effect/HashSet"
import * as Inspectable from "effect/Inspectable"
import * as Logger from "effect/Logger"
import { hasProperty } from "effect/Predicate"
import * as Tracer from "effect/Tracer"
import * as SecurityMiddleware from "./SecurityMiddleware.ts"
import { definitions } from "./internal/security/Expression.ts"
import type { Top } from "./internal/security/Model.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * The headers (in lower case) and query parameters that hold credentials.
 *
 * @category models
 * @since 0.1.0
 */
export interface Names {
  readonly headers: ReadonlyArray<string>
  readonly query: ReadonlyArray<string>
}

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * The names that some expressions read.
 *
 * @example
 * ```ts
 * import { ApiKey, Redaction } from "effect-security"
 *
 * Redaction.names(ApiKey.header("X-Key"), ApiKey.query("api_key"))
 * // => { headers: ["x-key"], query: ["api_key"] }
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const names = (...expressions: ReadonlyArray<Top>): Names => {
  const reads = expressions.flatMap(definitions).map((definition) => definition.reads)
  return {
    headers: [...new Set(reads.flatMap((read) => read.headers))],
    query: [...new Set(reads.flatMap((read) => read.query))]
  }
}

/**
 * The names that the middlewares of an HttpApi read, the platform's own `HttpApiSecurity` included.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromApi = <Id extends string, Groups extends HttpApiGroup.HttpApiGroup.Any, E, R>(
  api: HttpApi.HttpApi<Id, Groups, E, R>
): Names => {
  const tags = new Set(api.middlewares)
  HttpApi.reflect(api, {
    onGroup: () => {},
    onEndpoint: ({ middleware }) => middleware.forEach((tag) => tags.add(tag))
  })
  const all = [...tags].map((tag) =>
    SecurityMiddleware.isTag(tag) ? names(tag.security)
    : HttpApiMiddleware.isSecurity(tag) ? nativeNames(tag)
    : none
  )
  return {
    headers: [...new Set(all.flatMap(({ headers }) => headers))],
    query: [...new Set(all.flatMap(({ query }) => query))]
  }
}

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

/**
 * A URL, absolute or not, with the values of some query parameters replaced by `REDACTED`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const redactQuery = (url: string, names: ReadonlySet<string>): string => {
  const start = url.indexOf("?")
  return start < 0 || names.size === 0 ?
      url
    : `${url.slice(0, start + 1)}${redactPairs(url.slice(start + 1), names)}`
}

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const none: Names = { headers: [], query: [] }

const nativeNames = (tag: HttpApiMiddleware.TagClassSecurityAny): Names => {
  const keys = (location: "header" | "query"): ReadonlyArray<string> =>
    Object.values(tag.security).flatMap((security) =>
      security._tag === "ApiKey" && security.in === location ? [security.key] : []
    )
  const isCookie = Object.values(tag.security).some(
    (security) => security._tag === "ApiKey" && security.in === "cookie"
  )
  const isAuthorization = Object.values(tag.security).some(({ _tag }) => _tag !== "ApiKey")
  return {
    headers: [
      ...(isAuthorization ? ["authorization"] : []),
      ...(isCookie ? ["cookie"] : []),
      ...keys("header").map((name) => name.toLowerCase())
    ],
    query: keys("query")
  }
}

const redactPairs = (query: string, names: ReadonlySet<string>): string =>
  query
    .split("&")
    .map((pair) => {
      // the name as a scheme would decode it
      const [name] = new URLSearchParams(pair).keys()
      return name !== undefined && names.has(name) ? `${pair.split("=", 1)[0]}=REDACTED` : pair
    })
    .join("&")

/** What no one may print. */
interface Secret {
  readonly headers: ReadonlyArray<string | RegExp>
  readonly query: ReadonlySet<string>
}

/**
 * The request, printing no secrets: the platform's own requests print `originalUrl`, the headers and a body that has been
 * read. What the server remembers of a request is kept in the one it was given.
 */
const unprinted = (
  original: HttpServerRequest.HttpServerRequest,
  secret: Secret,
  modified = original.modify({})
): HttpServerRequest.HttpServerRequest => {
  const print = (): unknown => ({
    _id: "@effect/platform/HttpServerRequest",
    method: modified.method,
    url: redactQuery(modified.url, secret.query),
    headers: Headers.redact(withoutQueries(modified.headers, secret.query), secret.headers)
  })
  const modify = modified.modify.bind(modified)
  Object.assign(modified, {
    toJSON: print,
    toString: () => `ServerRequest(${modified.method} ${redactQuery(modified.url, secret.query)})`,
    [Inspectable.NodeInspectSymbol]: print,
    modify: (options: Parameters<typeof modify>[0]) => unprinted(original, secret, modify(options))
  })
  return new Proxy(modified, {
    get: (target, key) =>
      key in target ? Reflect.get(target, key, target) : Reflect.get(original, key, original),
    has: (target, key) => key in target || key in original,
    set: (target, key, value) =>
      key in target ?
        Reflect.set(target, key, value, target)
      : Reflect.set(original, key, value, original)
  })
}

/** Addresses with a key in their query: of the page that was left, or of the request itself, as proxies tell it. */
const withoutQueries = (
  headers: Readonly<Record<string, string>>,
  query: ReadonlySet<string>
): Headers.Headers =>
  Headers.fromInput(
    Object.entries(headers).map(([name, value]) => [name, redactQuery(value, query)] as const)
  )

// ----------------------------------------------------------------------------
// steps: what a request's own query is written into
// ----------------------------------------------------------------------------

/** The pairs of a request's query that hold a credential, the longest first, each with what is written for it. */
type Pairs = ReadonlyArray<readonly [pair: string, redacted: string]>

const noPairs: Pairs = []

const pairsOf = (
  { originalUrl, url }: HttpServerRequest.HttpServerRequest,
  names: ReadonlySet<string>
): Pairs => {
  // a router cuts the path of `url`, and leaves its query
  const query = queryOf(originalUrl) ?? queryOf(url)
  if (query === undefined) return noPairs
  const parameters = new URLSearchParams(query)
  const forms = [query, normalized(query), parameters.toString()].join("&").split("&")
  const pairs = [...new Set(forms)].flatMap((pair) => {
    const redacted = redactPairs(pair, names)
    return redacted === pair || pair.endsWith("=") ? [] : [[pair, redacted] as const]
  })
  const decoded = [...parameters].flatMap(([name, value]) =>
    names.has(name) && value !== "" ? [[`${name}=${value}`, `${name}=REDACTED`] as const] : []
  )
  return [...pairs, ...decoded].sort(([left], [right]) => right.length - left.length)
}

const queryOf = (url: string): string | undefined => {
  const start = url.indexOf("?")
  return start < 0 ? undefined : url.slice(start + 1)
}

/** A query as `URL` writes it. */
const normalized = (query: string): string => {
  const url = new URL("http://localhost")
  url.search = query
  return url.search.slice(1)
}

const redactText = (text: string, pairs: Pairs): string =>
  pairs.reduce((done, [pair, redacted]) => done.replaceAll(pair, redacted), text)

/** Redacts values that are about to be written: what holds nothing of a pair, nor a request, stays the very same. */
type Redact = <A>(value: A) => A

const makeRedact = (pairs: Pairs, secret: Secret): Redact => {
  const silent = new WeakSet<object>()
  const leaking = makeLeaking(pairs, silent)
  const silenced = (
    request: HttpServerRequest.HttpServerRequest,
    modified?: HttpServerRequest.HttpServerRequest
  ): HttpServerRequest.HttpServerRequest => {
    const copy = unprinted(request, secret, modified)
    silent.add(copy)
    return copy
  }
  const copies = new Map<object, unknown>()
  const redact = (value: unknown): unknown => {
    if (typeof value === "string") return redactText(value, pairs)
    if (typeof value !== "object" || value === null) return value
    if (copies.has(value)) return copies.get(value)
    return leaking(value) ? copyOf(value) : value
  }
  const copyOf = (value: object): unknown => {
    const keep = <A>(copy: A): A => {
      copies.set(value, copy)
      return copy
    }
    if (isRequest(value)) return keep(silenced(value))
    if (value instanceof URL) return keep(new URL(redactText(value.href, pairs)))
    if (value instanceof URLSearchParams) {
      return keep(new URLSearchParams(redactText(value.toString(), pairs)))
    }
    if (Array.isArray(value)) {
      const copy: Array<unknown> = keep([])
      for (const member of value) copy.push(redact(member))
      return copy
    }
    if (value instanceof Map) {
      const copy = keep(new Map<unknown, unknown>())
      for (const [key, member] of value) copy.set(redact(key), redact(member))
      return copy
    }
    if (value instanceof Set) {
      const copy = keep(new Set<unknown>())
      for (const member of value) copy.add(redact(member))
      return copy
    }
    const copy: object = keep(
      // its class, and so the status of an error, stays what it is
      Object.create(Object.getPrototypeOf(value), Object.getOwnPropertyDescriptors(value))
    )
    for (const [name, member] of membersOf(value)) {
      const redacted =
        // an error of the platform makes its message of its request's `url`
        isRequest(member) && value instanceof Error ?
          silenced(member, member.modify({ url: redactQuery(member.url, secret.query) }))
        : redact(member)
      // where the stack of an error is an accessor it knows its own error alone
      if (redacted === member && name !== "stack") continue
      const enumerable = Object.prototype.propertyIsEnumerable.call(value, name)
      Object.defineProperty(copy, name, {
        value: redacted,
        enumerable,
        configurable: true,
        writable: true
      })
    }
    const printed = printedOf(value)
    // what it prints may be made of what no copy has
    return printed === undefined || !leaking(printedOf(copy) ?? printed) ?
        copy
      : keep(redact(printed))
  }
  return <A>(value: A): A => {
    try {
      // a copy is what the value is, to whoever prints it
      return redact(value) as A
    } catch {
      return "REDACTED" as A
    }
  }
}

/** Whether something of a value holds a pair, or is a request that is not known to be silent. */
const makeLeaking = (pairs: Pairs, silent: WeakSet<object>): ((value: unknown) => boolean) => {
  const dirty = new WeakSet<object>()
  const clean = new WeakSet<object>()
  const search = (value: unknown, seen: Set<object>): boolean => {
    if (typeof value === "string") return pairs.some(([pair]) => value.includes(pair))
    if (typeof value !== "object" || value === null) return false
    if (silent.has(value) || clean.has(value) || seen.has(value)) return false
    if (dirty.has(value) || isRequest(value)) return true
    seen.add(value)
    const isLeaking = partsOf(value).some((part) => search(part, seen))
    if (isLeaking) dirty.add(value)
    return isLeaking
  }
  return (value) => {
    const seen = new Set<object>()
    const isLeaking = search(value, seen)
    if (!isLeaking) seen.forEach((each) => clean.add(each))
    return isLeaking
  }
}

/** What is printed of an object. */
const partsOf = (value: object): ReadonlyArray<unknown> => {
  if (value instanceof URL) return [value.href]
  if (value instanceof URLSearchParams) return [value.toString()]
  if (ArrayBuffer.isView(value)) return []
  if (value instanceof Map) return [...value].flat()
  if (Array.isArray(value) || value instanceof Set) return [...value]
  const printed = printedOf(value)
  // those print nothing else
  if (printed !== undefined && Inspectable.NodeInspectSymbol in value) return [printed]
  return [printed, ...membersOf(value).map(([, member]) => member)]
}

const printedOf = (value: object): unknown => {
  if (!hasProperty(value, "toJSON") || typeof value.toJSON !== "function") return undefined
  try {
    return value.toJSON()
  } catch {
    return undefined
  }
}

const membersOf = (value: object): ReadonlyArray<readonly [name: string, member: unknown]> =>
  value instanceof Error ?
    Object.entries({
      ...value,
      ...(value instanceof AggregateError && { errors: value.errors }),
      cause: value.cause,
      message: value.message,
      stack: value.stack
    })
  : Object.entries(value)

const isRequest = (value: unknown): value is HttpServerRequest.HttpServerRequest =>
  hasProperty(value, HttpServerRequest.TypeId)

const redactCause = <E>(cause: Cause.Cause<E>, redact: Redact) =>
  Cause.match(cause, {
    onEmpty: Cause.empty as Cause.Cause<E>,
    onFail: (error) => Cause.fail(redact(error)),
    onDie: (defect) => Cause.die(redact(defect)),
    onInterrupt: (fiber) => Cause.interrupt(fiber),
    onSequential: (left, right) => Cause.sequential(left, right),
    onParallel: (left, right) => Cause.parallel(left, right)
  })

const withRedactedErrors = <A, E, R>(
  app: Effect.Effect<A, E, R>,
  pairs: Pairs,
  secret: Secret
): Effect.Effect<A, E, R> =>
  pairs.length === 0 ?
    app
  : Effect.catchAllCause(app, (cause) =>
      Effect.failCause(redactCause(cause, makeRedact(pairs, secret)))
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

const union = <Name>(
  names: ReadonlyArray<Name>,
  others: ReadonlyArray<Name>
): ReadonlyArray<Name> => [...names, ...others.filter((name) => !names.includes(name))]

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

const redactUrl = (text: string, query: ReadonlySet<string>): string =>
  /\s/.test(text) ? text : redactQuery(text, query)

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

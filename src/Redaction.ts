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
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Inspectable from "effect/Inspectable"
import * as Tracer from "effect/Tracer"
import * as SecurityMiddleware from "./SecurityMiddleware.ts"
import { definitions, type Top } from "./SecurityModel.ts"

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
 * Redacts the names in everything that the platform's tracer and logger write of a request.
 *
 * Everything inside sees a request whose `url` has no credential in its query (`originalUrl` still has it, where the schemes
 * read it) and which prints neither credentials nor body, and `Headers.currentRedactedNames` with the names. The attributes
 * of the server's span, which was started outside, are written again before it ends.
 *
 * It goes around the logger, and around whatever reads the body: `Redaction.middleware(HttpMiddleware.logger(app), names)`.
 * `HttpLayerRouter.serve` and `toWebHandler` put a logger of their own around all else: give them `disableLogger: true`
 * beside such a `middleware`.
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
    const queryNames = new Set(query)
    return Effect.withFiberRuntime((fiber) => {
      const context = fiber.currentContext
      const request = Context.unsafeGet(context, HttpServerRequest.HttpServerRequest)
      const span = context.unsafeMap.get(Tracer.ParentSpan.key)
      if (isSpan(span)) {
        redactSpan(span, headers, queryNames)
      }
      const redacted = fiber.getFiberRef(Headers.currentRedactedNames)
      const url = redactQuery(request.url, queryNames)
      const names = [...redacted, ...headers.filter((name) => !redacted.includes(name))]
      return Effect.locally(
        Effect.provideService(
          app,
          HttpServerRequest.HttpServerRequest,
          unprinted(request, request.modify({ url }), { headers: names, query: queryNames })
        ),
        Headers.currentRedactedNames,
        names
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

/**
 * `modified` as the server sees it: what it remembers of the request is kept in `original`, and it prints no secrets.
 *
 * The platform's own requests print `originalUrl`, the headers and a body that has been read.
 */
const unprinted = (
  original: HttpServerRequest.HttpServerRequest,
  modified: HttpServerRequest.HttpServerRequest,
  secret: {
    readonly headers: ReadonlyArray<string | RegExp>
    readonly query: ReadonlySet<string>
  }
): HttpServerRequest.HttpServerRequest => {
  const print = (): unknown => ({
    _id: "@effect/platform/HttpServerRequest",
    method: modified.method,
    url: modified.url,
    headers: Headers.redact(withReferer(modified.headers, secret.query), secret.headers)
  })
  const modify = modified.modify.bind(modified)
  Object.assign(modified, {
    toJSON: print,
    toString: () => `ServerRequest(${modified.method} ${modified.url})`,
    [Inspectable.NodeInspectSymbol]: print,
    modify: (options: Parameters<typeof modify>[0]) => unprinted(original, modify(options), secret)
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

/** The address of a page that was opened with a key in its query. */
const withReferer = (
  headers: Readonly<Record<string, string>>,
  query: ReadonlySet<string>
): Headers.Headers => {
  const { referer } = headers
  return Headers.fromInput(
    referer === undefined ? headers : { ...headers, referer: redactQuery(referer, query) }
  )
}

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
  const referer = span.attributes.get("http.request.header.referer")
  if (typeof referer === "string") {
    span.attribute("http.request.header.referer", redactQuery(referer, query))
  }
}

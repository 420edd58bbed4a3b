/**
 * Queries without their credentials.
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"

/**
 * What no one may print.
 *
 * @category models
 * @since 0.1.0
 */
export interface Secret {
  readonly headers: ReadonlyArray<string | RegExp>
  readonly query: ReadonlySet<string>
}

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

/**
 * A query with the values of some names replaced.
 *
 * @category combinators
 * @since 0.1.0
 */
export const redactPairs = (query: string, names: ReadonlySet<string>): string =>
  query
    .split("&")
    .map((pair) => {
      // the name as a scheme would decode it
      const [name] = new URLSearchParams(pair).keys()
      return name !== undefined && names.has(name) ? `${pair.split("=", 1)[0]}=REDACTED` : pair
    })
    .join("&")

/**
 * A text that may be a URL.
 *
 * @category combinators
 * @since 0.1.0
 */
export const redactUrl = (text: string, query: ReadonlySet<string>): string =>
  /\s/.test(text) ? text : redactQuery(text, query)

/**
 * Both lists of names, each once.
 *
 * @category combinators
 * @since 0.1.0
 */
export const union = <Name>(
  names: ReadonlyArray<Name>,
  others: ReadonlyArray<Name>
): ReadonlyArray<Name> => [...names, ...others.filter((name) => !names.includes(name))]

/**
 * The pairs of a request's query that hold a credential, the longest first, each with what is written for it.
 *
 * @category models
 * @since 0.1.0
 */
export type Pairs = ReadonlyArray<readonly [pair: string, redacted: string]>

/**
 * Those of a request that has none.
 *
 * @category constants
 * @since 0.1.0
 */
export const noPairs: Pairs = []

/**
 * The pairs of a request whose names are secret.
 *
 * @category constructors
 * @since 0.1.0
 */
export const pairsOf = (
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

/**
 * A text without the values of the pairs.
 *
 * @category combinators
 * @since 0.1.0
 */
export const redactText = (text: string, pairs: Pairs): string =>
  pairs.reduce((done, [pair, redacted]) => done.replaceAll(pair, redacted), text)

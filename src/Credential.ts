/**
 * Where a credential is found in a request: `Authorization`, a header, the query, a cookie.
 *
 * Each reader tells three things apart: nothing was presented, what was presented can't be read, a credential. None
 * of them throws, decodes with a schema or chooses between two credentials.
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { hasProperty } from "effect/Predicate"

/**
 * The request presents no credential of the scheme.
 *
 * @category models
 * @since 0.1.0
 */
export const Absent: unique symbol = Symbol.for("effect-security/Credential/Absent")

/**
 * The request presents a credential of the scheme that can't be read: it is refused with 401.
 *
 * @category models
 * @since 0.1.0
 */
export const Malformed: unique symbol = Symbol.for("effect-security/Credential/Malformed")

/**
 * What a scheme finds in a request.
 *
 * @category models
 * @since 0.1.0
 */
export type Extraction<Credential> = Credential | typeof Absent | typeof Malformed

/**
 * The longest credential that is looked at, in characters: 16,384. A longer one is {@link Malformed}.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxLength = 16_384

/**
 * Whether the request has an `Authorization` field, of whatever auth-scheme.
 *
 * @category readers
 * @since 0.1.0
 */
export const hasAuthorization = (request: HttpServerRequest.HttpServerRequest): boolean =>
  field(request, "authorization") !== undefined

/**
 * What follows the auth-scheme in `Authorization` (RFC 9110, section 11.6.2), for instance the token of `Bearer`.
 *
 * `authScheme` is in lower case; the request's is compared without regard to case. One or more spaces separate the two,
 * nothing else does. Another auth-scheme is {@link Absent}. Two `Authorization` fields, an empty credential or one of
 * more than {@link maxLength} characters are {@link Malformed}.
 *
 * @category readers
 * @since 0.1.0
 */
export const authorization = (
  request: HttpServerRequest.HttpServerRequest,
  authScheme: string
): Extraction<string> => {
  const value = field(request, "authorization")
  if (value === undefined) return Absent
  if (isRepeated(request, "authorization")) return Malformed
  const length = authScheme.length
  if (value.slice(0, length).toLowerCase() !== authScheme) return Absent
  if (value.length === length) return Malformed
  if (value.charCodeAt(length) !== space) {
    return isTokenCharacter(value.charAt(length)) ? Absent : Malformed
  }
  if (value.length > maxLength) return Malformed
  let start = length
  while (value.charCodeAt(start) === space) start++
  return start === value.length ? Malformed : value.slice(start)
}

/**
 * The value of a header that holds one key.
 *
 * `name` is in lower case. A repeated header, an empty value, a comma (which is how servers join a repeated header), a
 * control character and more than {@link maxLength} characters are {@link Malformed}.
 *
 * @category readers
 * @since 0.1.0
 */
export const header = (
  request: HttpServerRequest.HttpServerRequest,
  name: string
): Extraction<string> => {
  const value = field(request, name)
  if (value === undefined) return Absent
  return isRepeated(request, name) || value.includes(",") ? Malformed : text(value)
}

/**
 * The value of a query parameter, decoded as `application/x-www-form-urlencoded`.
 *
 * It is read from the request's original URL, which routers and prefixes leave alone. The name is case-sensitive. A
 * repeated parameter, an empty value, a control character and more than {@link maxLength} characters are
 * {@link Malformed}.
 *
 * @category readers
 * @since 0.1.0
 */
export const query = (
  request: HttpServerRequest.HttpServerRequest,
  name: string
): Extraction<string> => {
  const [url = ""] = request.originalUrl.split("#", 1)
  const start = url.indexOf("?")
  if (start < 0) return Absent
  // with its "?", which is taken off: of "??" the second is part of a name
  const values = new URLSearchParams(url.slice(start)).getAll(name)
  const [value] = values
  if (value === undefined) return Absent
  return values.length > 1 ? Malformed : text(value)
}

/**
 * The value of a cookie (RFC 6265, section 4.2): without its surrounding quotes, percent-decoded where that is possible.
 *
 * The name is case-sensitive. A cookie that is sent twice, an empty value, a control character and more than
 * {@link maxLength} characters are {@link Malformed}.
 *
 * @category readers
 * @since 0.1.0
 */
export const cookie = (
  request: HttpServerRequest.HttpServerRequest,
  name: string
): Extraction<string> => {
  const value = field(request, "cookie")
  if (value === undefined) return Absent
  let found: string | undefined
  for (const pair of value.split(";")) {
    const equals = pair.indexOf("=")
    if (equals < 0 || trimmed(pair.slice(0, equals)) !== name) continue
    if (found !== undefined) return Malformed
    found = trimmed(pair.slice(equals + 1))
  }
  if (found === undefined) return Absent
  return found.length > maxLength ? Malformed : text(percentDecoded(unquoted(found)))
}

/**
 * Whether the request had a field more than once, which servers hide: node:http keeps the first `Authorization` and joins
 * others with commas.
 *
 * Its `rawHeaders` still has every field, name and value in turn. A Fetch request has joined them, and has no more to tell: there
 * the answer is `false`. `name` is in lower case.
 *
 * @category readers
 * @since 0.1.0
 */
export const isRepeated = (request: HttpServerRequest.HttpServerRequest, name: string): boolean => {
  const { source } = request
  if (!hasProperty(source, "rawHeaders") || !Array.isArray(source.rawHeaders)) return false
  const raw: ReadonlyArray<unknown> = source.rawHeaders
  let count = 0
  for (let index = 0; index < raw.length; index += 2) {
    const candidate = raw[index]
    if (
      typeof candidate === "string" &&
      candidate.length === name.length &&
      candidate.toLowerCase() === name
    ) {
      count++
    }
  }
  return count > 1
}

/**
 * Whether `text` is one `token68` of RFC 9110, section 11.2, the syntax of a bearer token.
 *
 * @category guards
 * @since 0.1.0
 */
export const isToken68 = (text: string): boolean => /^[A-Za-z0-9\-._~+/]+=*$/.test(text)

/**
 * Whether `text` holds a control character (C0, DEL or C1).
 *
 * @category guards
 * @since 0.1.0
 */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
export const hasControls = (text: string): boolean => /[\x00-\x1F\x7F-\x9F]/.test(text)

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const space = 0x20
const tab = 0x09

const isTokenCharacter = (text: string): boolean => /^[!#$%&'*+.^_`|~0-9A-Za-z-]$/.test(text)

// A header record may have a prototype: a header called `constructor` is not its member. Node shows `set-cookie` as an array.
const field = (request: HttpServerRequest.HttpServerRequest, name: string): string | undefined => {
  const value = Object.hasOwn(request.headers, name) ? request.headers[name] : undefined
  return typeof value === "string" ? value : undefined
}

const text = (value: string): Extraction<string> =>
  value === "" || value.length > maxLength || hasControls(value) ? Malformed : value

/**
 * Takes off spaces and tabs (RFC 6265, section 5.2). `String.trim` takes off a no-break space too: another site's cookie
 * `\u00A0session` would be read as `session`.
 */
const trimmed = (value: string): string => {
  let start = 0
  let end = value.length
  while (start < end && isBlank(value.charCodeAt(start))) start++
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--
  return value.slice(start, end)
}

const isBlank = (code: number): boolean => code === space || code === tab

const unquoted = (value: string): string =>
  value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value

const percentDecoded = (value: string): string => {
  if (!value.includes("%")) return value
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

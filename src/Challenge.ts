/**
 * The grammar of HTTP authentication: challenges (`WWW-Authenticate`) and credentials
 * (`Authorization`), made, printed and parsed. It knows no scheme in particular and decides nothing.
 *
 * @see [RFC 9110, section 11](https://www.rfc-editor.org/rfc/rfc9110.html#section-11)
 * @since 0.1.0
 */

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * One `auth-param` of a challenge or of credentials.
 *
 * `value` is the meaning, without quotation marks and escapes; `quoted` tells whether it is written
 * as a quoted-string (`realm="api"`) or as a token (`algorithm=SHA-256`).
 *
 * @example
 * ```ts
 * import { Challenge } from "effect-security"
 *
 * const realm: Challenge.Parameter = { name: "realm", value: "api", quoted: true }
 * ```
 * @see [RFC 9110, section 11.2](https://www.rfc-editor.org/rfc/rfc9110.html#section-11.2)
 * @category models
 * @since 0.1.0
 */
export interface Parameter {
  readonly name: string
  readonly value: string
  readonly quoted: boolean
}

/**
 * One challenge of a `WWW-Authenticate` field: a scheme with either parameters or one `token68`.
 *
 * A value made by {@link make}, {@link makeToken68} or {@link parse} is safe to print.
 *
 * @example
 * ```ts
 * import { Challenge } from "effect-security"
 *
 * const challenge: Challenge.Challenge = Challenge.make("Bearer", { realm: "api" })
 * ```
 * @see [RFC 9110, section 11.3](https://www.rfc-editor.org/rfc/rfc9110.html#section-11.3)
 * @category models
 * @since 0.1.0
 */
export interface Challenge {
  readonly scheme: string
  readonly parameters: ReadonlyArray<Parameter>
  readonly token68?: string
}

/**
 * The credentials of an `Authorization` field: of the same grammar and shape as a challenge.
 *
 * @example
 * ```ts
 * import { Challenge } from "effect-security"
 *
 * const credentials: Challenge.Credentials | undefined =
 *   Challenge.parseCredentials("Bearer mF_9.B5f-4.1JqM")
 * ```
 * @see [RFC 9110, section 11.4](https://www.rfc-editor.org/rfc/rfc9110.html#section-11.4)
 * @category models
 * @since 0.1.0
 */
export type Credentials = Challenge

/**
 * A parameter value that {@link make} prints bare. Made by {@link token}.
 *
 * @example
 * ```ts
 * import { Challenge } from "effect-security"
 *
 * const algorithm: Challenge.Token = Challenge.token("SHA-256")
 * ```
 * @category models
 * @since 0.1.0
 */
export interface Token {
  readonly token: string
}

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * Marks a parameter value to be printed bare: `algorithm=SHA-256`, not `algorithm="SHA-256"`.
 *
 * Throws when the value is not a token of RFC 9110.
 *
 * @example
 * ```ts
 * import { Challenge } from "effect-security"
 *
 * Challenge.print(Challenge.make("Digest", { realm: "api", stale: Challenge.token("true") }))
 * // => 'Digest realm="api", stale=true'
 * ```
 * @see [RFC 9110, section 5.6.2](https://www.rfc-editor.org/rfc/rfc9110.html#section-5.6.2)
 * @category constructors
 * @since 0.1.0
 */
export const token = (value: string): Token => {
  if (!isToken(value)) {
    throw new Error(
      `Challenge.token: ${show(value)} is not a token of RFC 9110: give it as a string, which is printed in quotation marks`
    )
  }
  return { token: value }
}

/**
 * Makes a challenge, and refuses one that could not be sent.
 *
 * A string is printed as a quoted-string, {@link token} bare; `realm` is always quoted. Throws an
 * `Error` that says what to change when
 *
 * - the scheme or a name is not a token, or a name occurs twice (they ignore case);
 * - a value has a character other than TAB, space and the visible ones of ASCII (so no CR, LF or NUL);
 * - `error`, `error_description`, `error_uri` or `scope` leave the character set of RFC 6750;
 * - a `Bearer` challenge has no parameter.
 *
 * @example
 * ```ts
 * import { Challenge } from "effect-security"
 *
 * Challenge.print(Challenge.make("Bearer", { realm: "api", error: "invalid_token" }))
 * // => 'Bearer realm="api", error="invalid_token"'
 * ```
 * @see [RFC 9110, section 11.3](https://www.rfc-editor.org/rfc/rfc9110.html#section-11.3)
 * @see [RFC 6750, section 3](https://www.rfc-editor.org/rfc/rfc6750.html#section-3)
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  scheme: string,
  parameters: Readonly<Record<string, string | Token>> = {}
): Challenge => {
  checkToken("scheme", scheme)
  const made = Object.entries(parameters).map(([name, value]): Parameter => {
    checkToken("parameter name", name)
    const text = typeof value === "string" ? value : token(value.token).token
    checkValue(name, text)
    // RFC 9110 11.5: a sender MUST only generate the quoted-string syntax for realm
    return { name, value: text, quoted: typeof value === "string" || lower(name) === "realm" }
  })
  const twice = repeatedName(made)
  if (twice !== undefined) {
    throw new Error(
      `Challenge.make: the parameter ${show(twice)} occurs twice (names ignore case): keep one`
    )
  }
  // RFC 6750 3: the scheme Bearer MUST be followed by one or more auth-param values
  if (made.length === 0 && lower(scheme) === "bearer") {
    throw new Error(
      `Challenge.make: a Bearer challenge needs at least one parameter: give it a realm`
    )
  }
  return { scheme, parameters: made }
}

/**
 * Makes a challenge whose scheme is followed by a `token68`, as `Negotiate` and `NTLM` have it.
 *
 * Throws when the scheme is not a token or the value is not a `token68`.
 *
 * @example
 * ```ts
 * import { Challenge } from "effect-security"
 *
 * Challenge.print(Challenge.makeToken68("Negotiate", "a87421000492aa874209af8bc028"))
 * // => 'Negotiate a87421000492aa874209af8bc028'
 * ```
 * @see [RFC 4559, section 4.1](https://www.rfc-editor.org/rfc/rfc4559.html#section-4.1)
 * @category constructors
 * @since 0.1.0
 */
export const makeToken68 = (scheme: string, token68: string): Challenge => {
  checkToken("scheme", scheme)
  if (token68 === "" || endOfToken68(token68, 0) !== token68.length) {
    throw new Error(
      `Challenge.makeToken68: ${show(token68)} is not a token68: encode it, in base64 for instance`
    )
  }
  return { scheme, parameters: [], token68 }
}

// ----------------------------------------------------------------------------
// folds
// ----------------------------------------------------------------------------

/**
 * Prints a challenge as it stands in a `WWW-Authenticate` field, `"` and `\` escaped.
 *
 * @example
 * ```ts
 * import { Challenge } from "effect-security"
 *
 * Challenge.print(Challenge.make("Basic", { realm: 'the "new" api' }))
 * // => 'Basic realm="the \\"new\\" api"'
 * ```
 * @see [RFC 9110, section 5.6.4](https://www.rfc-editor.org/rfc/rfc9110.html#section-5.6.4)
 * @category folds
 * @since 0.1.0
 */
export const print = (self: Challenge): string =>
  self.token68 !== undefined ? `${self.scheme} ${self.token68}`
  : self.parameters.length === 0 ? self.scheme
  : `${self.scheme} ${self.parameters.map(printParameter).join(", ")}`

/**
 * Prints challenges as one field value: order kept, identical ones once.
 *
 * @example
 * ```ts
 * import { Challenge } from "effect-security"
 *
 * const bearer = Challenge.make("Bearer", { realm: "api" })
 * const basic = Challenge.make("Basic", { realm: "api" })
 * Challenge.printAll([bearer, basic, bearer])
 * // => 'Bearer realm="api", Basic realm="api"'
 * ```
 * @see [RFC 9110, section 11.6.1](https://www.rfc-editor.org/rfc/rfc9110.html#section-11.6.1)
 * @category folds
 * @since 0.1.0
 */
export const printAll = (challenges: ReadonlyArray<Challenge>): string =>
  Array.from(new Set(challenges.map(print))).join(", ")

/**
 * Parses the value of a `WWW-Authenticate` field: all its challenges in order, or `undefined` when
 * it is malformed or longer than 16,384 characters.
 *
 * Several challenges in one value, empty list elements, optional white space and quoted pairs are
 * read as the grammar has them. Takes linear time.
 *
 * @example
 * ```ts
 * import { Challenge } from "effect-security"
 *
 * Challenge.parse('Negotiate, Basic realm="a, b"')?.map((challenge) => challenge.scheme)
 * // => ["Negotiate", "Basic"]
 * ```
 * @see [RFC 9110, section 11.6.1](https://www.rfc-editor.org/rfc/rfc9110.html#section-11.6.1)
 * @category folds
 * @since 0.1.0
 */
export const parse = (fieldValue: string): ReadonlyArray<Challenge> | undefined => {
  if (fieldValue.length > maxLength) return undefined
  // #challenge = [ challenge ] *( OWS "," OWS [ challenge ] )
  const challenges: Array<Challenge> = []
  let at = skip(fieldValue, 0, listSeparators)
  while (at < fieldValue.length) {
    const read = readChallenge(fieldValue, at)
    if (read === undefined) return undefined
    challenges.push(read.value)
    at = skip(fieldValue, read.end, listSeparators)
    // what follows without a comma belongs to nothing
    if (at < fieldValue.length && !isAfterComma(fieldValue, at)) return undefined
  }
  return challenges
}

/**
 * Parses the value of an `Authorization` field, or yields `undefined` when it is malformed or longer
 * than 16,384 characters.
 *
 * The scheme is parted from the rest by spaces only: a TAB or a no-break space is malformed, as are a
 * parameter that occurs twice and two credentials joined by a comma. White space around the
 * field's value is no part of it and must have been taken off, as servers do.
 *
 * @example
 * ```ts
 * import { Challenge } from "effect-security"
 *
 * Challenge.parseCredentials("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")?.token68
 * // => "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
 * ```
 * @see [RFC 9110, section 11.4](https://www.rfc-editor.org/rfc/rfc9110.html#section-11.4)
 * @category folds
 * @since 0.1.0
 */
export const parseCredentials = (fieldValue: string): Credentials | undefined => {
  if (fieldValue.length > maxLength) return undefined
  const read = readChallenge(fieldValue, 0)
  return read !== undefined && read.end === fieldValue.length ? read.value : undefined
}

/**
 * The auth-scheme at the head of an `Authorization` field, spelled as the client did; `undefined`
 * when there is none. Reads no further than the scheme.
 *
 * @example
 * ```ts
 * import { Challenge } from "effect-security"
 *
 * Challenge.scheme("bearer mF_9.B5f-4.1JqM") // => "bearer"
 * Challenge.scheme("Bearer\tmF_9.B5f-4.1JqM") // => undefined
 * ```
 * @see [RFC 9110, section 11.1](https://www.rfc-editor.org/rfc/rfc9110.html#section-11.1)
 * @category folds
 * @since 0.1.0
 */
export const scheme = (fieldValue: string): string | undefined => {
  const end = skip(fieldValue, 0, tchar)
  return end > 0 && (end === fieldValue.length || fieldValue.charCodeAt(end) === SP) ?
      fieldValue.slice(0, end)
    : undefined
}

/**
 * Whether a challenge or credentials are of this scheme, whose case does not matter.
 *
 * @example
 * ```ts
 * import { Challenge } from "effect-security"
 *
 * const credentials = Challenge.parseCredentials("bearer mF_9.B5f-4.1JqM")
 * credentials !== undefined && Challenge.isScheme(credentials, "Bearer") // => true
 * ```
 * @see [RFC 9110, section 11.1](https://www.rfc-editor.org/rfc/rfc9110.html#section-11.1)
 * @category guards
 * @since 0.1.0
 */
export const isScheme = (self: Challenge, scheme: string): boolean =>
  lower(self.scheme) === lower(scheme)

/**
 * The value of a parameter, whose name's case does not matter; `undefined` when it is absent.
 *
 * @example
 * ```ts
 * import { Challenge } from "effect-security"
 *
 * Challenge.parameter(Challenge.make("Basic", { realm: "api" }), "Realm") // => "api"
 * ```
 * @see [RFC 9110, section 11.2](https://www.rfc-editor.org/rfc/rfc9110.html#section-11.2)
 * @category folds
 * @since 0.1.0
 */
export const parameter = (self: Challenge, name: string): string | undefined =>
  self.parameters.find((each) => lower(each.name) === lower(name))?.value

// ----------------------------------------------------------------------------
// checks
// ----------------------------------------------------------------------------

const lower = (text: string): string => text.toLowerCase()

const show = (text: string): string => JSON.stringify(text)

const repeatedName = (parameters: ReadonlyArray<Parameter>): string | undefined => {
  const seen = new Set<string>()
  return parameters.find(({ name }) => seen.size === seen.add(lower(name)).size)?.name
}

const checkToken = (what: string, text: string): void => {
  if (!isToken(text)) {
    throw new Error(
      `Challenge: the ${what} ${show(text)} is not a token of RFC 9110: use letters, digits and "-" without spaces`
    )
  }
}

// RFC 6750 3: error and error_description %x20-21 / %x23-5B / %x5D-7E, error_uri %x21 / %x23-5B / %x5D-7E,
// scope = scope-token *( SP scope-token ), scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
const allowed: ReadonlyMap<string, RegExp> = new Map([
  ["error", /^[ !#-[\]-~]+$/],
  ["error_description", /^[ !#-[\]-~]+$/],
  ["error_uri", /^[!#-[\]-~]+$/],
  ["scope", /^[!#-[\]-~]+(?: [!#-[\]-~]+)*$/]
])

const checkValue = (name: string, value: string): void => {
  if (!/^[\t -~]*$/.test(value)) {
    throw new Error(
      `Challenge: the value of ${name}, ${show(value)}, has a control or non-ASCII character: take it out, or encode it`
    )
  }
  if (allowed.get(lower(name))?.test(value) === false) {
    throw new Error(
      `Challenge: the value of ${name}, ${show(value)}, leaves the characters of RFC 6750, section 3: write it in ASCII without quotation marks and backslashes${lower(name) === "scope" ? ", one space between scopes" : ""}`
    )
  }
}

const printParameter = ({ name, value, quoted }: Parameter): string =>
  quoted ? `${name}="${value.replace(/["\\]/g, "\\$&")}"` : `${name}=${value}`

// ----------------------------------------------------------------------------
// grammar
// ----------------------------------------------------------------------------

/** Longer fields are not read: node:http takes no more in all headers together. */
const maxLength = 16_384

const TAB = 0x09
const SP = 0x20
const DQUOTE = 0x22
const COMMA = 0x2c
const EQUALS = 0x3d
const BACKSLASH = 0x5c

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
/** A table of characters, by code: several times faster than a Set, and a token may be long. */
type Characters = Uint8Array
const characters = (text: string): Characters => {
  const table = new Uint8Array(0x80)
  for (const char of text) table[char.charCodeAt(0)] = 1
  return table
}

// tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA
const tchar = characters("!#$%&'*+-.^_`|~" + alphanumeric)
// token68 = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
const char68 = characters("-._~+/" + alphanumeric)
const equals = characters("=")
const spaces = characters(" ")
// OWS = *( SP / HTAB ); BWS = OWS
const blanks = characters(" \t")
const listSeparators = characters(" \t,")

const skip = (text: string, from: number, among: Characters): number => {
  let at = from
  while (at < text.length && among[text.charCodeAt(at)] === 1) at++
  return at
}

const isToken = (text: string): boolean => text !== "" && skip(text, 0, tchar) === text.length

/** Where the token68 that begins at `from` ends, or `from` when none begins there. */
const endOfToken68 = (text: string, from: number): number => {
  const end = skip(text, from, char68)
  return end === from ? from : skip(text, end, equals)
}

/** Where the list goes on when a comma, and not only white space, comes next; else `undefined`. */
const afterComma = (text: string, from: number): number | undefined => {
  const end = skip(text, from, listSeparators)
  return text.slice(from, end).includes(",") ? end : undefined
}

const isAfterComma = (text: string, at: number): boolean => {
  let before = at - 1
  while (before >= 0 && blanks[text.charCodeAt(before)] === 1) before--
  return text.charCodeAt(before) === COMMA
}

/** What was read, and where reading goes on. */
interface Read<A> {
  readonly value: A
  readonly end: number
}

// challenge = credentials = auth-scheme [ 1*SP ( token68 / #auth-param ) ]
const readChallenge = (text: string, from: number): Read<Challenge> | undefined => {
  const end = skip(text, from, tchar)
  if (end === from) return undefined
  const scheme = text.slice(from, end)
  const start = skip(text, end, spaces)
  if (start === end) return { value: { scheme, parameters: [] }, end }
  const end68 = endOfToken68(text, start)
  if (end68 > start && (end68 === text.length || afterComma(text, end68) !== undefined)) {
    return { value: { scheme, parameters: [], token68: text.slice(start, end68) }, end: end68 }
  }
  const list = readParameters(text, start)
  return list !== undefined && repeatedName(list.value) === undefined ?
      { value: { scheme, parameters: list.value }, end: list.end }
    : undefined
}

// #auth-param = [ auth-param ] *( OWS "," OWS [ auth-param ] )
const readParameters = (text: string, from: number): Read<Array<Parameter>> | undefined => {
  const value: Array<Parameter> = []
  let at = afterComma(text, from) ?? from
  while (true) {
    const endOfName = skip(text, at, tchar)
    const sign = skip(text, endOfName, blanks)
    // an element that is no parameter begins the next challenge
    if (endOfName === at || text.charCodeAt(sign) !== EQUALS) return { value, end: at }
    // auth-param = token BWS "=" BWS ( token / quoted-string )
    const read = readValue(text, skip(text, sign + 1, blanks))
    if (read === undefined) return undefined
    value.push({ name: text.slice(at, endOfName), ...read.value })
    const next = afterComma(text, read.end)
    if (next === undefined) return { value, end: read.end }
    at = next
  }
}

type Value = Omit<Parameter, "name">

const readValue = (text: string, from: number): Read<Value> | undefined => {
  if (text.charCodeAt(from) === DQUOTE) return readQuoted(text, from + 1)
  const end = skip(text, from, tchar)
  return end === from ? undefined : { value: { value: text.slice(from, end), quoted: false }, end }
}

// quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE; quoted-pair = "\" ( HTAB / SP / VCHAR / obs-text )
const readQuoted = (text: string, from: number): Read<Value> | undefined => {
  let value = ""
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === DQUOTE) return { value: { value, quoted: true }, end: at + 1 }
    const escaped = code === BACKSLASH ? ++at : at
    if (!isText(text.charCodeAt(escaped))) return undefined
    value += text.charAt(escaped)
  }
  return undefined
}

// HTAB / SP / VCHAR / obs-text
const isText = (code: number): boolean =>
  code === TAB || (code >= SP && code <= 0x7e) || (code >= 0x80 && code <= 0xff)

/**
 * A signed token in compact serialization, read strictly and before anything is computed for it.
 *
 * What a token says of keys (`jwk`, `jku`, `x5u`, `x5c`) is never read, and nothing that it says is believed here.
 *
 * @see [RFC 7515, section 7.1](https://www.rfc-editor.org/rfc/rfc7515.html#section-7.1)
 * @since 0.1.0
 */
import * as Base64Url from "../pure/Base64Url.ts"

/**
 * The parts of a token, whose signature nobody has verified yet.
 *
 * @category models
 * @since 0.1.0
 */
export interface Jws {
  readonly alg: string
  readonly kid: string | undefined
  readonly typ: string | undefined
  /** The payload, still encoded. */
  readonly payload: string
}

/**
 * The parts of a token, or what is wrong with it: a sentence that holds nothing of the token.
 *
 * Three segments of canonical base64url, of which the payload may be empty; the first an object of JSON in UTF-8. A token with `crit` or
 * `b64` is refused, since no extension is understood (RFC 7515, section 4.1.11; RFC 7797, section 7), and so is a nested one (`cty: "JWT"`).
 * Of members of one name the last counts.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (token: string): Jws | string => {
  if (!syntax.test(token)) return "it is not three segments of base64url"
  const first = token.indexOf(".")
  const second = token.indexOf(".", first + 1)
  if (
    !Base64Url.endsCanonically(token, first, first) ||
    !Base64Url.endsCanonically(token, second - first - 1, second) ||
    !Base64Url.endsCanonically(token, token.length - second - 1)
  ) {
    return "a segment is not canonical base64url"
  }
  const header = decodeObject(token.slice(0, first))
  if (header === undefined) return "the header is no object of JSON"
  const { alg, kid, typ } = header
  if (typeof alg !== "string") return "alg is no string"
  if (kid !== undefined && typeof kid !== "string") return "kid is no string"
  if (typ !== undefined && typeof typ !== "string") return "typ is no string"
  if (Object.hasOwn(header, "crit")) return "it has crit, and no extension is understood"
  if (Object.hasOwn(header, "b64")) return "it has b64"
  if (header["cty"] !== undefined && isNested(header["cty"])) return "it is a nested token"
  return { alg, kid, typ, payload: token.slice(first + 1, second) }
}

/**
 * The object of JSON in UTF-8 that a segment encodes, if it is one. The segment is known to be canonical base64url.
 *
 * @category folds
 * @since 0.1.0
 */
export const decodeObject = (
  segment: string
): { readonly [member: string]: unknown } | undefined => {
  try {
    const value: unknown = JSON.parse(utf8.decode(Base64Url.decodeCanonical(segment)))
    return typeof value === "object" && value !== null && !Array.isArray(value) ?
        // an object of JSON has such members
        (value as { readonly [member: string]: unknown })
      : undefined
  } catch {
    return undefined
  }
}

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const syntax = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+$/

// with its BOM, which is no JSON
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const isNested = (cty: unknown): boolean =>
  typeof cty !== "string" || /^(application\/)?jwt$/i.test(cty)

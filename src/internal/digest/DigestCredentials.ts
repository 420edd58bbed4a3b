/**
 * The fields of `Authorization: Digest` (RFC 7616, section 3.4), parsed. It decides nothing.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import * as Challenge from "../../Challenge.ts"
import * as Credential from "../../Credential.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * The fields of `Authorization: Digest` (RFC 7616, section 3.4), unquoted. None of them is verified.
 *
 * `username` is the text of `username` or of `username*`; when `userhash` is `"true"` it is a hash.
 *
 * @category models
 * @since 0.1.0
 */
export interface DigestCredentials {
  readonly username: string
  readonly realm: string
  readonly nonce: string
  readonly uri: string
  readonly response: Redacted.Redacted<string>
  /** `undefined` means MD5. */
  readonly algorithm: string | undefined
  readonly cnonce: string | undefined
  readonly opaque: string | undefined
  /** `undefined` is the form of RFC 2069, which nothing offers any more. */
  readonly qop: string | undefined
  /** Eight hexadecimal digits. */
  readonly nc: string | undefined
  readonly userhash: "true" | "false" | undefined
}

// ----------------------------------------------------------------------------
// parsing
// ----------------------------------------------------------------------------

/**
 * Parses what follows `Digest`: the fields, or `Credential.Malformed`.
 *
 * Malformed are: a `token68`, a parameter that occurs twice, broken quoting; no `username` or both `username` and `username*`, no
 * `realm`, `nonce`, `uri` or `response`; `qop` without `cnonce` and `nc`; a `response` that is not hexadecimal, an `nc` that is not
 * eight such digits, a `userhash` other than `true` and `false`; a control character, or one outside ASCII in anything but the
 * user name; more than 16,384 characters. Values are read quoted and unquoted, whichever RFC 7616 wants sent, except
 * `username*`, which is no quoted-string (RFC 8187, section 3.2.1). Unknown parameters are ignored.
 *
 * A user name's bytes are UTF-8 where they can be, else ISO 8859-1.
 *
 * @category parsing
 * @since 0.1.0
 */
export const parse = (credentials: string): DigestCredentials | typeof Credential.Malformed => {
  const parameters = Challenge.parseCredentials(`Digest ${credentials}`)?.parameters ?? []
  if (!parameters.every(isProper)) return Credential.Malformed
  const byName = new Map(parameters.map((each) => [each.name.toLowerCase(), each]))
  const value = (name: string): string | undefined => byName.get(name)?.value
  const userhash = value("userhash")
  const username = usernameOf(byName.get("username"), byName.get("username*"), userhash === "true")
  const realm = value("realm")
  const nonce = value("nonce")
  const uri = value("uri")
  const response = value("response")
  const qop = value("qop")
  const cnonce = value("cnonce")
  const nc = value("nc")
  if (
    username === undefined ||
    realm === undefined ||
    nonce === undefined ||
    uri === undefined ||
    response === undefined ||
    (qop !== undefined && (cnonce === undefined || nc === undefined))
  ) {
    return Credential.Malformed
  }
  return {
    username,
    realm,
    nonce,
    uri,
    response: Redacted.make(response),
    algorithm: value("algorithm"),
    cnonce,
    opaque: value("opaque"),
    qop,
    nc,
    userhash: userhash === "true" || userhash === "false" ? userhash : undefined
  }
}

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** What a parameter's value has to match, by its name in lower case; user names are looked at apart. */
const syntax: ReadonlyMap<string, RegExp> = new Map([
  ["realm", /^[ -~]*$/],
  ["nonce", /^[ -~]+$/],
  ["uri", /^[!-~]+$/],
  ["response", /^[0-9A-Fa-f]+$/],
  ["algorithm", token],
  ["cnonce", /^[ -~]+$/],
  ["opaque", /^[ -~]*$/],
  ["qop", token],
  ["nc", /^[0-9A-Fa-f]{8}$/],
  ["userhash", /^(?:true|false)$/]
])

const isProper = ({ name, value }: Challenge.Parameter): boolean =>
  syntax.get(name.toLowerCase())?.test(value) ?? true

const usernameOf = (
  plain: Challenge.Parameter | undefined,
  extended: Challenge.Parameter | undefined,
  isHash: boolean
): string | undefined => {
  // RFC 7616, section 3.4: never both, and no extended notation for a hash
  if (plain !== undefined && extended !== undefined) return undefined
  if (extended !== undefined && (isHash || extended.quoted)) return undefined
  const name =
    plain !== undefined ? fromBytes(plain.value)
    : extended !== undefined ? fromExtended(extended.value)
    : undefined
  return name === undefined || Credential.hasControls(name) ? undefined : name
}

// A byte order mark is part of the text.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Servers show the bytes of a header as ISO 8859-1, and clients send UTF-8. */
const fromBytes = (text: string): string => {
  try {
    return utf8.decode(Uint8Array.from(text, (byte) => byte.charCodeAt(0)))
  } catch {
    return text
  }
}

// RFC 8187, section 3.2.1: ext-value = charset "'" [ language ] "'" value-chars; value-chars = *( pct-encoded / attr-char )
const extended = /^utf-8'[0-9a-z-]*'((?:%[0-9a-f]{2}|[!#$&+.^_`|~0-9a-z-])*)$/i

const fromExtended = (text: string): string | undefined => {
  try {
    const encoded = extended.exec(text)?.[1]
    // throws for bytes that are not UTF-8
    return encoded === undefined ? undefined : decodeURIComponent(encoded)
  } catch {
    return undefined
  }
}

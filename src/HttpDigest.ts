/**
 * HTTP Digest (RFC 7616): its fields, parsed, and its challenge.
 *
 * The scheme extracts; that the digest is right is decided by the verifier given to `Security.authenticate`.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import * as Challenge from "./Challenge.ts"
import type { Problem } from "./Definition.ts"
import * as Credential from "./Credential.ts"
import * as Scheme from "./Scheme.ts"
import type { Scheme as SchemeOf } from "./SecurityModel.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * The algorithms of RFC 7616, section 6.1.
 *
 * @category models
 * @since 0.1.0
 */
export type Algorithm =
  "SHA-256" | "SHA-256-sess" | "SHA-512-256" | "SHA-512-256-sess" | "MD5" | "MD5-sess"

/**
 * What a Digest scheme can be told.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<Name extends string, Declared extends string> extends Scheme.Options<
  Name,
  Declared
> {
  /** `"SHA-256"` by default. curl before 8.7 answers `"SHA-512-256"` wrongly; `"MD5"` is for old clients only. */
  readonly algorithm?: Algorithm
  /** Makes the nonce of a challenge, printable ASCII; 128 random bits by default, which no verifier can recognise. */
  readonly nonce?: () => string
  /** What the client has to send back as it is; printable ASCII. */
  readonly opaque?: string
  /** Whether the client may send a hash of the user name (RFC 7616, section 3.4.4); left out by default, which means no. */
  readonly userhash?: boolean
}

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
// constructors
// ----------------------------------------------------------------------------

/**
 * The fields of a digest in `Authorization: Digest` (RFC 7616, section 3.4).
 *
 * **A bare Digest scheme proves nothing**: it neither knows passwords nor remembers nonces. What it finds is given to
 * `Security.authenticate` with the request. The verifier has to compare `response`, and that realm, algorithm, qop, opaque
 * and userhash are those of the challenge, `nonce` and `nc` fresh, `uri` the request's own.
 *
 * Reads `Authorization`, the scheme compared without regard to case; yields {@link DigestCredentials}, the response `Redacted`. No
 * `Authorization`, or another auth-scheme: `Unauthorized` (401, `absent`). Two fields, a `token68`, and what {@link parse}
 * refuses: `Unauthorized` (401, `malformed`). The challenge (section 3.3) is
 * `Digest realm="api", nonce="…", qop="auth", algorithm=SHA-256, charset=UTF-8`, its nonce made anew each time; RFC 7616
 * defines no `error` for it.
 *
 * @example
 * ```ts
 * import { HttpDigest } from "effect-security"
 *
 * HttpDigest.make({ realm: "items" }).requirement // => [{ HTTPDigest: [] }]
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const make = <const Name extends string = "HTTPDigest", Declared extends string = never>(
  options?: Options<Name, Declared> & Scheme.CheckName<Name, "HTTPDigest">
): SchemeOf<NoInfer<Name>, DigestCredentials, NoInfer<Declared>> => {
  const { algorithm = "SHA-256", nonce, opaque, realm = "api", userhash } = options ?? {}
  const scheme = {
    type: "http",
    scheme: "digest",
    description: options?.description,
    deprecated: options?.deprecated
  } as const
  const makeNonce = nonce ?? randomNonce
  const challenge = makeChallenge({
    qop: "auth",
    algorithm: Challenge.token(algorithm),
    ...(opaque !== undefined && { opaque }),
    charset: Challenge.token("UTF-8"),
    ...(userhash !== undefined && { userhash: Challenge.token(String(userhash)) })
  })
  // what can't be sent is refused now
  challenge(realm, "checked")
  return Scheme.makeNamed(options, "HTTPDigest", {
    scheme,
    extract: (request): Credential.Extraction<DigestCredentials> => {
      const credentials = Credential.authorization(request, "digest")
      return typeof credentials === "string" ? parse(credentials) : credentials
    },
    challenge: (problem) => challenge(realm, makeNonce(), problem),
    // two functions that make nonces can't be compared
    ...(nonce === undefined && {
      identity: Scheme.identity(
        "HttpDigest",
        scheme,
        realm,
        options?.scopes,
        algorithm,
        opaque,
        userhash
      )
    })
  })
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

const makeChallenge =
  (parameters: Readonly<Record<string, string | Challenge.Token>>) =>
  (realm: string, nonce: string, problem?: Problem): Challenge.Challenge =>
    Challenge.make("Digest", {
      realm,
      nonce,
      ...parameters,
      // RFC 7616 has no parameter that says what was wrong with a digest
      ...(problem?.error === "insufficient_scope" && problem)
    })

/** 128 random bits in base64url (RFC 4648, section 5). */
const randomNonce = (): string =>
  btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "")

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

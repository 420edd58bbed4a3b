/**
 * The sums of HTTP Digest (RFC 7616, section 3.4): what is stored of a user, what a client answers, what a server proves.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import { createHash, randomBytes } from "node:crypto"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * The hash functions of RFC 7616, section 6.1.
 *
 * @category models
 * @since 0.1.0
 */
export type HashName = "SHA-256" | "SHA-512-256" | "MD5"

/**
 * The algorithms of RFC 7616, section 6.1. Those in `-sess` mix the nonces into the key.
 *
 * @category models
 * @since 0.1.0
 */
export type Algorithm = HashName | "SHA-256-sess" | "SHA-512-256-sess" | "MD5-sess"

/**
 * Whether the body is part of what is summed (`auth-int`).
 *
 * @category models
 * @since 0.1.0
 */
export type Qop = "auth" | "auth-int"

/**
 * H(A1) by hash function: all that is stored of a password. Who has it can log in to its realm: keep it as you keep a password.
 *
 * @category models
 * @since 0.1.0
 */
export type HashedA1 = { readonly [Name in HashName]?: Redacted.Redacted<string> }

/**
 * What one request is summed from, besides H(A1).
 *
 * @category models
 * @since 0.1.0
 */
export interface Sum {
  readonly algorithm: Algorithm
  readonly nonce: string
  readonly nc: string
  readonly cnonce: string
  readonly qop: Qop
  /** Empty for what the server proves (section 3.5). */
  readonly method: string
  readonly uri: string
  /** The body, for `auth-int`. */
  readonly body?: Uint8Array | undefined
}

// ----------------------------------------------------------------------------
// algorithms
// ----------------------------------------------------------------------------

/**
 * The algorithm of a name, whose case does not matter; `undefined` when there is none.
 *
 * @category algorithms
 * @since 0.1.0
 */
export const algorithmOf = (name: string): Algorithm | undefined =>
  algorithms.get(name.toUpperCase())

/**
 * The hash function of an algorithm.
 *
 * @category algorithms
 * @since 0.1.0
 */
export const hashOf = (algorithm: Algorithm): HashName => hashes[algorithm]

/**
 * The hash of a text's UTF-8, or of bytes, in lower-case hexadecimal digits.
 *
 * @category algorithms
 * @since 0.1.0
 */
export const hash = (name: HashName, data: string | Uint8Array): string =>
  createHash(nodeNames[name]).update(data).digest("hex")

/**
 * Whether a text is as long as the hashes of a function, and in hexadecimal digits.
 *
 * @category algorithms
 * @since 0.1.0
 */
export const isHash = (name: HashName, text: string): boolean => {
  const digits = name === "MD5" ? 32 : 64
  return text.length === digits && /^[0-9a-f]*$/i.test(text)
}

// ----------------------------------------------------------------------------
// users
// ----------------------------------------------------------------------------

/**
 * H(A1) = H(username ":" realm ":" password) of RFC 7616, section 3.4.2: what to store of a user.
 *
 * The algorithm is `"SHA-256"` by default; the `-sess` algorithms are of the same H(A1). User name and password are normalised
 * to NFC, as RFC 8265 has clients do. Another realm is another H(A1).
 *
 * @example
 * ```ts
 * import { HttpDigest } from "effect-security"
 * import { Redacted } from "effect"
 *
 * const stored = HttpDigest.ha1({ username: "Mufasa", realm: "items", password: Redacted.make("Circle of Life") })
 * ```
 * @category users
 * @since 0.1.0
 */
export const ha1 = (options: {
  readonly username: string
  readonly realm: string
  readonly password: Redacted.Redacted<string>
  readonly algorithm?: Algorithm
}): Redacted.Redacted<string> =>
  Redacted.make(
    hash(
      hashOf(options.algorithm ?? "SHA-256"),
      `${options.username.normalize("NFC")}:${options.realm}:${Redacted.value(options.password).normalize("NFC")}`
    )
  )

/**
 * H(username ":" realm) of RFC 7616, section 3.4.4: what a client sends instead of a user's name when `userhash` is offered.
 *
 * @example
 * ```ts
 * import { HttpDigest } from "effect-security"
 *
 * const index = new Map([[HttpDigest.userhash({ username: "Mufasa", realm: "items" }), "Mufasa"]])
 * ```
 * @category users
 * @since 0.1.0
 */
export const userhash = (options: {
  readonly username: string
  readonly realm: string
  readonly algorithm?: Algorithm
}): string =>
  hash(
    hashOf(options.algorithm ?? "SHA-256"),
    `${options.username.normalize("NFC")}:${options.realm}`
  )

/**
 * The H(A1) that stands for a user who does not exist: no password is known for it, and it is another in each process.
 *
 * @category users
 * @since 0.1.0
 */
export const nobody: Redacted.Redacted<string> = Redacted.make(randomBytes(32).toString("hex"))

// ----------------------------------------------------------------------------
// sums
// ----------------------------------------------------------------------------

/**
 * `response` (RFC 7616, section 3.4.1), or `rspauth` (section 3.5) when `method` is empty.
 *
 * In `-sess` algorithms A1 holds the nonce and the cnonce of this very request (section 3.4.2), as clients compute it.
 *
 * @category sums
 * @since 0.1.0
 */
export const response = (ha1: Redacted.Redacted<string>, sum: Sum): string => {
  const name = hashOf(sum.algorithm)
  const stored = Redacted.value(ha1)
  const key = sum.algorithm === name ? stored : hash(name, `${stored}:${sum.nonce}:${sum.cnonce}`)
  const head = `${sum.method}:${sum.uri}`
  const a2 = sum.qop === "auth-int" ? `${head}:${hash(name, sum.body ?? new Uint8Array())}` : head
  return hash(name, `${key}:${sum.nonce}:${sum.nc}:${sum.cnonce}:${sum.qop}:${hash(name, a2)}`)
}

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const hashes: Readonly<Record<Algorithm, HashName>> = {
  "SHA-256": "SHA-256",
  "SHA-256-sess": "SHA-256",
  "SHA-512-256": "SHA-512-256",
  "SHA-512-256-sess": "SHA-512-256",
  MD5: "MD5",
  "MD5-sess": "MD5"
}

const algorithms: ReadonlyMap<string, Algorithm> = new Map(
  // the keys of the record are the algorithms
  (Object.keys(hashes) as ReadonlyArray<Algorithm>).map((each) => [each.toUpperCase(), each])
)

const nodeNames: Readonly<Record<HashName, string>> = {
  "SHA-256": "sha256",
  "SHA-512-256": "sha512-256",
  MD5: "md5"
}

/**
 * Tokens that are bound to a key (`cnf`, RFC 7800): whoever presents one has to prove that the key is theirs.
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { hasProperty } from "effect/Predicate"
import * as Credential from "./Credential.ts"
import * as MutualTls from "./MutualTls.ts"

/**
 * What a bearer token demands besides itself: nothing, or a client certificate by its SHA-256 in base64url (RFC 8705, section 3).
 *
 * @category models
 * @since 0.1.0
 */
export type Confirmation = Unbound | CertificateBound

/**
 * A token that anyone who bears it may use.
 *
 * @category models
 * @since 0.1.0
 */
export interface Unbound {
  readonly _tag: "Unbound"
}

/**
 * A token for the holder of a client certificate.
 *
 * @category models
 * @since 0.1.0
 */
export interface CertificateBound {
  readonly _tag: "CertificateBound"
  readonly thumbprint: string
}

const unbound: Unbound = { _tag: "Unbound" }

/**
 * Reads the value of `cnf`; `undefined` when it asks for what can't be checked, and the token has to be refused.
 *
 * Without a `cnf` the token is unbound. `x5t#S256` binds it to a certificate; members that nobody knows are ignored beside it (RFC
 * 7800, section 3.1), the other ways to bind a token are not: a `jkt` makes it a token for `DPoP` alone (RFC 9449, section 7.2). A
 * `cnf` with nothing that can be checked is never taken for none.
 *
 * @example
 * ```ts
 * import { Confirmation } from "effect-security"
 *
 * Confirmation.parse(undefined) // => { _tag: "Unbound" }
 * Confirmation.parse({ jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }) // => undefined
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const parse = (cnf: unknown): Confirmation | undefined => {
  if (cnf === undefined) return unbound
  if (typeof cnf !== "object" || cnf === null) return undefined
  if (unchecked.some((method) => Object.hasOwn(cnf, method))) return undefined
  if (!Object.hasOwn(cnf, "x5t#S256") || !hasProperty(cnf, "x5t#S256")) return undefined
  const thumbprint = cnf["x5t#S256"]
  return typeof thumbprint === "string" ? { _tag: "CertificateBound", thumbprint } : undefined
}

/** The ways to bind a token that are not checked here. */
const unchecked = ["jkt", "jwk", "jwe", "jku", "kid"]

/**
 * Finds the client's certificate of a request: `MutualTls.peerCertificate`, or what `MutualTls.readerBehind` makes.
 *
 * @category models
 * @since 0.1.0
 */
export type CertificateReader = (
  request: HttpServerRequest.HttpServerRequest
) => Credential.Extraction<MutualTls.PeerCertificate>

/**
 * Whether the request proves what the token demands; no request proves nothing.
 *
 * The certificate is that of its own TLS connection, unless `certificate` finds another.
 *
 * @category guards
 * @since 0.1.0
 */
export const isProven = (
  self: Confirmation,
  request: HttpServerRequest.HttpServerRequest | undefined,
  certificate: CertificateReader = MutualTls.peerCertificate
): boolean => {
  if (self._tag === "Unbound") return true
  if (request === undefined) return false
  const found = certificate(request)
  return (
    found !== Credential.Absent &&
    found !== Credential.Malformed &&
    MutualTls.thumbprint(found) === self.thumbprint
  )
}

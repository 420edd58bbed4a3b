/**
 * Client certificates (mutual TLS), as the connection itself proved them.
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { hasProperty } from "effect/Predicate"
import * as Credential from "./Credential.ts"
import * as Scheme from "./Scheme.ts"
import type { Scheme as SchemeOf } from "./SecurityModel.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * The certificate at the other end of a TLS connection, its members as Node's `X509Certificate` writes them.
 *
 * @category models
 * @since 0.1.0
 */
export interface PeerCertificate {
  /** The distinguished name, one attribute a line: `CN=robot`. */
  readonly subject: string
  readonly issuer: string
  /** In hexadecimal. */
  readonly serialNumber: string
  /** `Jan  1 00:00:00 2026 GMT`. */
  readonly validFrom: string
  readonly validTo: string
  /** SHA-256 of `raw`: `AB:CD:…`. */
  readonly fingerprint256: string
  /** `DNS:robot.example, URI:spiffe://example/robot`. */
  readonly subjectAltName: string | undefined
  /** The certificate in DER. */
  readonly raw: Uint8Array
}

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * The client certificate of the request's own TLS connection (RFC 8705, section 2; RFC 8446, section 4.4.2).
 *
 * Reads the socket of a server of `node:https` (or of `node:http2` by its compatibility API), made with `requestCert: true` and
 * the `ca` it trusts; yields the {@link PeerCertificate}. TLS has validated its chain and its dates, and proven that the client has its key: who
 * that is, is decided by the verifier given to `Security.authenticate`.
 *
 * No TLS, no certificate, or a server that shows no socket (a Fetch handler): `Unauthorized` (401, `absent`). A certificate that TLS
 * did not authorize, which reaches the scheme only under `rejectUnauthorized: false`: `Unauthorized` (401, `malformed`). The
 * challenge is `MutualTLS realm="api"`, since RFC 9110, section 15.5.2 asks every 401 for one.
 *
 * Behind a proxy that ends TLS the certificate is the proxy's own, or absent: headers such as `Client-Cert` (RFC 9440) and
 * `X-SSL-*` are never read, since anyone can send them.
 *
 * @example
 * ```ts
 * import { MutualTls } from "effect-security"
 *
 * MutualTls.make({ description: "A certificate of the fleet's CA" }).requirement // => [{ MutualTLS: [] }]
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const make = <const Name extends string = "MutualTLS", Declared extends string = never>(
  options?: Scheme.Options<Name, Declared> & Scheme.CheckName<Name, "MutualTLS">
): SchemeOf<NoInfer<Name>, PeerCertificate, NoInfer<Declared>> => {
  const realm = options?.realm ?? "api"
  const scheme = {
    type: "mutualTLS",
    description: options?.description,
    deprecated: options?.deprecated
  } as const
  return Scheme.makeNamed(options, "MutualTLS", {
    scheme,
    extract: peerCertificate,
    challenge: Scheme.challenge("MutualTLS", { realm }),
    isChallengeFixed: true,
    identity: Scheme.identity("MutualTls", scheme, realm, options?.scopes)
  })
}

// ----------------------------------------------------------------------------
// readers
// ----------------------------------------------------------------------------

/**
 * The certificate of the request's TLS connection: `Credential.Absent` without one, `Credential.Malformed` when TLS did not
 * authorize it.
 *
 * @category readers
 * @since 0.1.0
 */
export const peerCertificate = (
  request: HttpServerRequest.HttpServerRequest
): Credential.Extraction<PeerCertificate> => {
  const { source } = request
  if (!hasProperty(source, "socket") || !isTlsSocket(source.socket)) return Credential.Absent
  try {
    const certificate = source.socket.getPeerX509Certificate()
    if (certificate === undefined) return Credential.Absent
    return source.socket.authorized === true ? copy(certificate) : Credential.Malformed
  } catch {
    // a connection that is closing, or a certificate that OpenSSL can't show
    return Credential.Malformed
  }
}

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

/** What is used of `tls.TLSSocket`, so that these declarations need none of Node's. */
interface TlsSocket {
  readonly authorized: unknown
  readonly getPeerX509Certificate: () => PeerCertificate | undefined
}

const isTlsSocket = (socket: unknown): socket is TlsSocket =>
  hasProperty(socket, "encrypted") &&
  socket.encrypted === true &&
  hasProperty(socket, "authorized") &&
  hasProperty(socket, "getPeerX509Certificate") &&
  typeof socket.getPeerX509Certificate === "function"

/** Node's object reads each member from OpenSSL when asked, and holds what is not for logs. */
const copy = (certificate: PeerCertificate): PeerCertificate => ({
  subject: certificate.subject,
  issuer: certificate.issuer,
  serialNumber: certificate.serialNumber,
  validFrom: certificate.validFrom,
  validTo: certificate.validTo,
  fingerprint256: certificate.fingerprint256,
  subjectAltName: certificate.subjectAltName,
  raw: new Uint8Array(certificate.raw)
})

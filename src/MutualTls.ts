/**
 * Client certificates (mutual TLS), as the connection itself proved them, or a proxy of one's own (RFC 9440).
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { hasProperty } from "effect/Predicate"
import { createHash, X509Certificate } from "node:crypto"
import * as ClientAddress from "./ClientAddress.ts"
import * as Credential from "./Credential.ts"
import * as Scheme from "./Scheme.ts"
import type { Scheme as SchemeOf } from "./internal/security/Model.ts"
import * as Line from "./internal/line/Line.ts"

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

/**
 * The proxies that end TLS, and tell by a header which certificate the client proved (RFC 9440).
 *
 * Such a proxy has to validate the certificate, and to remove the header from what clients send: who reaches it without that can
 * be anybody. HAProxy: `http-request del-header Client-Cert`, then
 * `http-request set-header Client-Cert :%[ssl_c_der,base64]: if { ssl_c_used 1 } { ssl_c_verify 0 }`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Proxy {
  /**
   * Their addresses and networks: `["10.0.0.7", "fd00::/8"]`. The connection has to come from one of them.
   *
   * A server that shows no socket (a Fetch handler, Bun) knows no address, so that nobody is trusted there: give `isTrusted` alone.
   */
  readonly addresses?: ReadonlyArray<string>
  /**
   * Whether a request comes from one of them, where an address does not tell: a shared secret, a socket of the file system. With
   * `addresses` both have to say so.
   */
  readonly isTrusted?: (request: HttpServerRequest.HttpServerRequest) => boolean
  /** The header that they set; `"Client-Cert"` by default. */
  readonly header?: string
}

/**
 * What a scheme of certificates can be told.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<Name extends string, Declared extends string> extends Scheme.Options<
  Name,
  Declared
> {
  /** The proxies whose header is believed; none by default. */
  readonly proxy?: Proxy
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
 * Behind a proxy that ends TLS the certificate is the proxy's own, or absent. With `proxy` a request that comes from one of your
 * proxies is read otherwise: its `Client-Cert` (RFC 9440, section 2.2), a certificate in DER and base64 between colons, that is
 * valid now. No such header: `absent`, whatever certificate the proxy itself has. Two of them, anything else in it, a certificate that
 * has expired: `malformed`. From anybody else the header means nothing. `Client-Cert-Chain`, which the proxy has validated,
 * `X-Forwarded-Client-Cert` and `X-SSL-*` are never read.
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
  ...[options]: [] | [options: Options<Name, Declared> & Scheme.CheckName<Name, "MutualTLS">]
): SchemeOf<NoInfer<Name>, PeerCertificate, NoInfer<Declared>> => {
  const { proxy, realm = "api" } = options ?? {}
  const scheme = {
    type: "mutualTLS",
    description: options?.description,
    deprecated: options?.deprecated
  } as const
  return Scheme.makeNamed(options, "MutualTLS", {
    scheme,
    extract: proxy === undefined ? peerCertificate : readerBehind(proxy),
    ...(proxy !== undefined && { reads: { headers: [headerOf(proxy)] } }),
    challenge: Scheme.challenge("MutualTLS", { realm }),
    isChallengeFixed: true,
    // two functions that tell proxies can't be compared
    ...(proxy?.isTrusted === undefined && {
      identity: Scheme.identity("MutualTls", scheme, realm, options?.scopes, proxy)
    })
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

/**
 * Makes the reader of a scheme behind proxies: {@link peerCertificate}, but for requests that come from one of them.
 *
 * It takes the time from the `Clock` of the fiber that calls it. Throws when nothing tells the proxies, or what tells them is no
 * address.
 *
 * @category readers
 * @since 0.1.0
 */
export const readerBehind = (
  proxy: Proxy
): ((request: HttpServerRequest.HttpServerRequest) => Credential.Extraction<PeerCertificate>) => {
  const header = headerOf(proxy)
  const { addresses, isTrusted } = proxy
  if (addresses === undefined ? isTrusted === undefined : addresses.length === 0) {
    throw new Error(
      "nothing tells which proxy is trusted: give proxy its addresses, or isTrusted and no addresses"
    )
  }
  const isAmong = ClientAddress.among(addresses ?? [])
  const isProxy = (request: HttpServerRequest.HttpServerRequest): boolean =>
    (addresses === undefined || isAmong(ClientAddress.peer(request))) &&
    (isTrusted === undefined || isTrusted(request))
  return (request) =>
    isProxy(request) ? certificateIn(Credential.header(request, header)) : peerCertificate(request)
}

/**
 * The thumbprint of a certificate as tokens are bound to it, `x5t#S256` (RFC 8705, section 3.1): the SHA-256 of its DER in base64url.
 *
 * @category readers
 * @since 0.1.0
 */
export const thumbprint = (certificate: { readonly raw: Uint8Array }): string =>
  createHash("sha256").update(certificate.raw).digest("base64url")

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const headerOf = ({ header = "Client-Cert" }: Proxy): string => {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(header)) {
    throw new Error(`${JSON.stringify(header)} can't be a header's name: use "Client-Cert"`)
  }
  return header.toLowerCase()
}

// RFC 9651, section 3.3.5, in strict base64; the Item has no parameters (RFC 9440, section 2.2)
const byteSequence = /^:([A-Za-z0-9+/]+={0,2}):$/

const certificateIn = (
  field: Credential.Extraction<string>
): Credential.Extraction<PeerCertificate> => {
  if (typeof field !== "string") return field
  const [, encoded = ""] = byteSequence.exec(field) ?? []
  const der = Buffer.from(encoded, "base64")
  if (encoded === "" || der.toString("base64") !== encoded) return Credential.Malformed
  try {
    const certificate = new X509Certificate(der)
    // PEM is taken as well, and what stands behind the certificate is ignored
    return certificate.raw.equals(der) && isValidAt(certificate, now()) ?
        copy(certificate)
      : Credential.Malformed
  } catch {
    return Credential.Malformed
  }
}

const isValidAt = ({ validFrom, validTo }: PeerCertificate, now: number): boolean =>
  Date.parse(validFrom) <= now && now <= Date.parse(validTo)

/** A request is read by its fiber, whose clock a test may have set. */
const now = (): number => Line.currentClock()?.unsafeCurrentTimeMillis() ?? Date.now()

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

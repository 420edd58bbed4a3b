/**
 * What an authorization server publishes of itself: where its keys are, and its endpoints.
 *
 * @see [OpenID Connect Discovery 1.0](https://openid.net/specs/openid-connect-discovery-1_0.html)
 * @see [RFC 8414](https://www.rfc-editor.org/rfc/rfc8414.html)
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as ClientAddress from "./ClientAddress.ts"
import * as IssuerHint from "./internal/upstream/IssuerHint.ts"
import * as Jwks from "./Jwks.ts"
import * as RemoteDocument from "./internal/upstream/RemoteDocument.ts"
import * as Upstream from "./internal/upstream/Upstream.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * The metadata, and whatever else the document says. `signed_metadata` is nothing more than another member: it is not verified.
 *
 * @category models
 * @since 0.1.0
 */
export interface Metadata {
  /** Identical to the issuer that was expected. */
  readonly issuer: string
  readonly jwks_uri?: string
  readonly userinfo_endpoint?: string
  readonly introspection_endpoint?: string
  readonly [member: string]: unknown
}

/**
 * The metadata of one server, kept.
 *
 * @category models
 * @since 0.1.0
 */
export interface ServerMetadata extends RemoteDocument.RemoteDocument<Metadata> {
  readonly issuer: string
  /** Where the document is. */
  readonly url: string
  /** Whether the URLs in it may be `http`. */
  readonly allowHttp: boolean
}

/**
 * How the document is fetched, and how long it is kept.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends RemoteDocument.Times {
  /** Allows `http` for the document and for the URLs in it; `false` by default. */
  readonly allowHttp?: boolean | undefined
  /** How long a fetch may take; 5 seconds by default. */
  readonly timeout?: Upstream.Limits["timeout"]
  /** How large the document may be, in bytes; 131,072 by default. */
  readonly maxBytes?: number | undefined
}

/**
 * The two places where a document can be: of OpenID Connect, and of OAuth 2.
 *
 * @category models
 * @since 0.1.0
 */
export type WellKnown = "openid-configuration" | "oauth-authorization-server"

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * The metadata of an issuer, at its well-known URL.
 *
 * `openid-configuration`, the default, is appended to the issuer's path (OpenID Connect Discovery 1.0, section 4.1);
 * `oauth-authorization-server` is inserted before it (RFC 8414, section 3.1). Throws unless the issuer is an `https` URL without query
 * and fragment.
 *
 * @example
 * ```ts
 * import { ServerMetadata } from "effect-security"
 *
 * ServerMetadata.fromIssuer("https://id.example/tenant").url
 * // => "https://id.example/tenant/.well-known/openid-configuration"
 * ServerMetadata.fromIssuer("https://id.example/tenant", { wellKnown: "oauth-authorization-server" }).url
 * // => "https://id.example/.well-known/oauth-authorization-server/tenant"
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const fromIssuer = (
  issuer: string,
  options: Options & {
    /** Which of the two places; `openid-configuration` by default. */
    readonly wellKnown?: WellKnown | undefined
  } = {}
): ServerMetadata => {
  checkIssuer(issuer, options.allowHttp)
  return fromUrl(wellKnownUrl(issuer, options.wellKnown ?? "openid-configuration"), {
    ...options,
    issuer
  })
}

/**
 * The metadata at a URL, whose issuer is the one that the URL is made of, unless `issuer` says another.
 *
 * It is fetched when it is first needed, through the `HttpClient` in the context, and refreshed in the background. It is taken
 * only if its `issuer` is identical to the one expected (OpenID Connect Discovery 1.0, section 4.3; RFC 8414, section 3.3), and if `jwks_uri` and the endpoints
 * that are used are `https` URLs of hosts that are not loopback, private or link-local (see {@link isPrivateHost}), unless the issuer's host is. Names are not resolved.
 *
 * Throws when the URL is not `https` (unless `allowHttp` is set), and when it is no well-known URL and `issuer` is not given.
 *
 * @example
 * ```ts
 * import { ServerMetadata } from "effect-security"
 *
 * ServerMetadata.fromUrl("https://id.example/tenant/.well-known/openid-configuration").issuer // => "https://id.example/tenant"
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const fromUrl = (
  url: string,
  options: Options & {
    /** What the document has to say as its `issuer`, exactly; for instance with a `/` at its end. */
    readonly issuer?: string | undefined
  } = {}
): ServerMetadata => {
  const { allowHttp = false, coolDown, freshFor, maxBytes = 131_072, staleFor, timeout } = options
  Upstream.checkUrl("the URL of a server's metadata", url, allowHttp)
  const issuer = options.issuer ?? issuerOf(url)
  if (issuer === undefined) {
    throw new Error(
      `${JSON.stringify(Upstream.shown(url))} is no well-known URL, which would tell its issuer: give the issuer as an option`
    )
  }
  checkIssuer(issuer, allowHttp)
  const document = RemoteDocument.make<Metadata>({
    url,
    allowHttp,
    limits: { timeout, maxBytes },
    freshFor,
    staleFor,
    coolDown,
    decode: (json, from) => {
      const problem = problemOf(json, issuer, allowHttp)
      // it has the members of `Metadata` when it has no problem
      return problem === undefined ? Effect.succeed(json as Metadata) : failed(from, problem)
    }
  })
  return { ...document, issuer, url, allowHttp }
}

// ----------------------------------------------------------------------------
// what it says
// ----------------------------------------------------------------------------

/**
 * The keys of the server, at the `jwks_uri` that its metadata says.
 *
 * @example
 * ```ts
 * import { ServerMetadata } from "effect-security"
 *
 * const keys = ServerMetadata.jwks(
 *   ServerMetadata.fromIssuer("https://id.example", { wellKnown: "oauth-authorization-server" })
 * )
 * ```
 * @category folds
 * @since 0.1.0
 */
export const jwks = (
  self: ServerMetadata,
  options: Omit<Jwks.UrlOptions, "allowHttp"> = {}
): Jwks.Jwks<HttpClient.HttpClient> =>
  Jwks.fromUrl(member(self, "jwks_uri"), { ...options, allowHttp: self.allowHttp })

/**
 * A URL that the metadata says; fails when it says none.
 *
 * @category folds
 * @since 0.1.0
 */
export const member = (
  self: ServerMetadata,
  name: Endpoint
): Effect.Effect<string, Upstream.UpstreamError, HttpClient.HttpClient> =>
  Effect.flatMap(self.get, (metadata) => {
    const url = metadata[name]
    return url === undefined ? failed(self.url, `has no ${name}`) : Effect.succeed(url)
  })

/**
 * The URLs of the metadata that are used here.
 *
 * @category models
 * @since 0.1.0
 */
export type Endpoint = (typeof endpoints)[number]

const endpoints = ["jwks_uri", "userinfo_endpoint", "introspection_endpoint"] as const

const problemOf = (
  json: { readonly [member: string]: unknown },
  issuer: string,
  allowHttp: boolean
): string | undefined => {
  if (!Object.hasOwn(json, "issuer") || typeof json["issuer"] !== "string") {
    return "says no issuer"
  }
  const said = json["issuer"]
  if (said !== issuer) {
    const advice = IssuerHint.adviceOf(said, (other) => other === issuer)
    return advice === undefined ?
        `says that its issuer is ${JSON.stringify(said.slice(0, 200))}, not ${JSON.stringify(issuer)}`
      : `says an issuer that ${advice}`
  }
  const mayBePrivate = isPrivateHost(new URL(issuer).hostname)
  for (const name of endpoints) {
    const url = json[name]
    if (url === undefined) continue
    if (!Object.hasOwn(json, name) || typeof url !== "string")
      return `has a ${name} that is no text`
    const problem = Upstream.problemOf(url, allowHttp)
    if (problem !== undefined) return `has a ${name} that ${problem}`
    if (!mayBePrivate && isPrivateHost(new URL(url).hostname)) {
      return `has a ${name} that is a loopback, private or link-local address`
    }
  }
  return undefined
}

const failed = (url: string, description: string): Effect.Effect<never, Upstream.UpstreamError> =>
  Effect.fail(new Upstream.UpstreamError({ url: Upstream.shown(url), description }))

// ----------------------------------------------------------------------------
// issuers
// ----------------------------------------------------------------------------

/**
 * The well-known URL of an issuer.
 *
 * @category folds
 * @since 0.1.0
 */
export const wellKnownUrl = (issuer: string, wellKnown: WellKnown): string => {
  const bare = issuer.endsWith("/") ? issuer.slice(0, -1) : issuer
  if (wellKnown === "openid-configuration") return `${bare}/.well-known/${wellKnown}`
  const [, origin = "", path = ""] = /^([^/]*\/\/[^/]*)(.*)$/.exec(bare) ?? []
  return `${origin}/.well-known/${wellKnown}${path}`
}

/**
 * The issuer that a well-known URL is made of, with nothing appended: `undefined` for another URL.
 *
 * @category folds
 * @since 0.1.0
 */
export const issuerOf = (url: string): string | undefined => {
  const [place = ""] = url.split(/[?#]/, 1)
  const [, appended] = /^(.+)\/\.well-known\/openid-configuration$/.exec(place) ?? []
  if (appended !== undefined) return appended
  // RFC 8414, section 5: the name of OpenID Connect may be inserted as well
  const inserted =
    /^([^/]*\/\/[^/]*)\/\.well-known\/(?:oauth-authorization-server|openid-configuration)(\/.*)?$/
  const [whole, origin = "", path = ""] = inserted.exec(place) ?? []
  return whole === undefined ? undefined : `${origin}${path}`
}

const checkIssuer = (issuer: string, allowHttp: boolean | undefined): void => {
  Upstream.checkUrl("the issuer", issuer, allowHttp)
  if (issuer.includes("?")) {
    throw new Error(
      `the issuer can't have a query: ${JSON.stringify(Upstream.shown(issuer))} has one`
    )
  }
}

/**
 * Whether the host of a URL, as `URL.hostname` writes it, is loopback, private, link-local or of another network that is not public: those
 * of the special-purpose registries of IANA (RFC 6890) that are not globally reachable, and those that stand for an IPv4 address.
 *
 * A name is looked at, not resolved: `localhost`, and those under `.localhost`, `.local`, `.internal` and `.home.arpa`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isPrivateHost = (hostname: string): boolean => {
  const host = hostname.toLowerCase().replace(/\.$/, "")
  if (host.startsWith("[")) return isSpecialIPv6(host.slice(1, -1))
  return isSpecialIPv4(host) || /^(?:.*\.)?localhost$|\.(?:local|internal|home\.arpa)$/.test(host)
}

const isSpecialIPv4 = ClientAddress.among([
  // this network, private, shared (RFC 6598), loopback, link-local
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
  // protocol assignments, documentation, relays of 6to4, benchmarking
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  // multicast, reserved, broadcast
  "224.0.0.0/3"
])

// apart from those of IPv4, each of which is in `::/32` as well
const isSpecialIPv6 = ClientAddress.among([
  // unspecified, loopback, IPv4 in IPv6: compatible, mapped, translated (RFC 6052, RFC 8215)
  "::/32",
  "64:ff9b::/32",
  // discarded, protocol assignments (Teredo, ORCHID), documentation, 6to4
  "100::/63",
  "2001::/23",
  "2001:db8::/32",
  "2002::/16",
  "3fff::/20",
  // segment routing, unique local, link-local, site-local, multicast
  "5f00::/16",
  "fc00::/7",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8"
])

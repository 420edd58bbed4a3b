/**
 * Tokens of an OpenID Connect provider: the scheme, and the verifier that reads the provider's own configuration.
 *
 * @see [OpenID Connect Core 1.0](https://openid.net/specs/openid-connect-core-1_0.html)
 * @see [OpenID Connect Discovery 1.0](https://openid.net/specs/openid-connect-discovery-1_0.html)
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as BearerToken from "./BearerToken.ts"
import type * as Jwks from "./Jwks.ts"
import * as Jwt from "./Jwt.ts"
import * as OAuth2 from "./OAuth2.ts"
import * as OpenIdProvider from "./internal/openid/OpenIdProvider.ts"
import * as Principal from "./internal/token/Principal.ts"
import type * as Scheme from "./Scheme.ts"
import * as Security from "./Security.ts"
import type * as SecurityError from "./SecurityError.ts"
import * as ServerMetadata from "./ServerMetadata.ts"
import * as TokenKind from "./internal/token/TokenKind.ts"
import * as Line from "./internal/line/Line.ts"

export type { ProviderOptions } from "./internal/openid/OpenIdProvider.ts"
export { type UserInfo, userInfo, type UserInfoOptions } from "./internal/openid/UserInfo.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * Which access tokens are accepted: those for an audience, or, of a provider that writes none, those of a client.
 *
 * @category models
 * @since 0.1.0
 */
export type AccessTokens = AccessTokenKind &
  (
    | {
        /** What the provider calls this API: a token has to name one of these in `aud`. */
        readonly audience: string | ReadonlyArray<string>
        /** The clients that tokens may be issued to, by `client_id` or else `azp`; any by default. */
        readonly clientId?: string | ReadonlyArray<string> | undefined
      }
    | {
        /** For a provider that writes no `aud` into access tokens (Cognito without a resource indicator). */
        readonly audience: false
        readonly clientId: string | ReadonlyArray<string>
      }
  )

/**
 * How access tokens are told from others.
 *
 * @category models
 * @since 0.1.0
 */
export interface AccessTokenKind {
  readonly token?: "access" | undefined
  /**
   * The `typ` of access tokens; `at+jwt` by default (RFC 9068).
   *
   * Providers that write `JWT`, or nothing (`false`), write the same into ID tokens: then a token has to show that it is an access token
   * by a claim that ID tokens have not (`scope`, `scp`, `client_id`, `cid`, `appid`, `azpacr`, `gty`), or say so (`token_use: "access"`, `typ: "Bearer"`).
   */
  readonly typ?: Jwt.Requirements["typ"]
  /** The claims that a token has to have besides `iss` and `aud`: see {@link Jwt.Requirements}. */
  readonly requiredClaims?: ReadonlyArray<string> | undefined
}

/**
 * Which ID tokens are accepted (OpenID Connect Core 1.0, section 3.1.3.7).
 *
 * @category models
 * @since 0.1.0
 */
export interface IdTokens {
  readonly token: "id"
  /** The client that the token was issued to. */
  readonly clientId: string
  readonly audience?: undefined
  readonly typ?: undefined
  readonly requiredClaims?: undefined
}

/**
 * What {@link authenticate} is told.
 *
 * @category models
 * @since 0.1.0
 */
export type Options<A = Jwt.Claims, I = never> = OpenIdProvider.ProviderOptions &
  Pick<
    Jwt.Requirements,
    "algorithms" | "clockTolerance" | "maxLength" | "scopes" | "cache" | "certificate"
  > &
  Jwks.SetOptions &
  (AccessTokens | IdTokens) & {
    /** Reads the principal from the claims, which it is by default; a token that does not fit is refused. */
    readonly claims?: Schema.Schema<A, I> | undefined
  }

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * A token of the provider whose configuration is at `openIdConnectUrl`.
 *
 * Reads `Authorization: Bearer`; yields the token `Redacted`. Fails as `HttpBearer.make` does. The URL may be relative to the
 * API's server.
 *
 * @example
 * ```ts
 * import { OpenIdConnect } from "effect-security"
 *
 * const oidc = OpenIdConnect.make({
 *   openIdConnectUrl: "https://id.example/.well-known/openid-configuration",
 *   scopes: { "items:read": "Read items" }
 * })
 * oidc.requirement // => [{ OpenIdConnect: [] }]
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const make = <const Name extends string = "OpenIdConnect", Declared extends string = never>(
  options: Scheme.Options<Name, Declared> & {
    /** Where the provider publishes its configuration (OpenID Connect Discovery 1.0, section 4). */
    readonly openIdConnectUrl: string
  } & Scheme.CheckName<Name, "OpenIdConnect">
): Security.Scheme<NoInfer<Name>, Redacted.Redacted<string>, NoInfer<Declared>> =>
  OAuth2.makeToken(options, "OpenIdConnect", {
    type: "openIdConnect",
    openIdConnectUrl: options.openIdConnectUrl,
    description: options.description,
    deprecated: options.deprecated
  })

// ----------------------------------------------------------------------------
// combinators
// ----------------------------------------------------------------------------

/**
 * Verifies the tokens of a scheme that {@link make} made, with the keys that its provider publishes.
 *
 * The configuration is fetched from the scheme's `openIdConnectUrl` when the first token comes, and the keys from its `jwks_uri`; both are
 * refreshed in the background and served from memory while the provider is down (see {@link ProviderOptions}). The configuration is taken only if
 * its issuer is the one expected; the algorithms it advertises are not looked at.
 *
 * Access tokens are JWTs of RFC 9068, unless `typ` says otherwise; an ID token is never one. With `token: "id"` and a
 * `clientId` ID tokens are accepted instead: `typ` has to be `JWT` or absent, `aud` has to hold the client, `azp` has to be the client where it is there or where
 * `aud` holds others, and `iat`, `exp` and `sub` have to be there. A `nonce` is for the client that asked for it, and is not looked at. An ID
 * token proves no scope, unless `scopes` finds some.
 *
 * A wrong token: `Unauthorized` (401, `invalid`, `error="invalid_token"`). A provider that can't be reached and is not in memory, or says
 * something else than it should: `ServiceUnavailable` (503, `Retry-After`) and a warning. What {@link Jwt.authenticate} checks is checked here.
 *
 * Throws for a relative `openIdConnectUrl` without `issuer` or `baseUrl`, for a URL that is not `https` (unless `allowHttp` is set), and for a
 * scheme that is not OpenID Connect's.
 *
 * @example
 * ```ts
 * import { OpenIdConnect, Security } from "effect-security"
 *
 * const user = OpenIdConnect.make({
 *   openIdConnectUrl: "https://id.example/.well-known/openid-configuration",
 *   scopes: { "items:read": "Read items" }
 * }).pipe(OpenIdConnect.authenticate({ audience: "items" }))
 * const readers = user.pipe(Security.scopes("items:read"))
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const authenticate = <A = Jwt.Claims, I = never>(
  options: Options<A, I>
): Security.Authenticator<
  BearerToken.BearerToken,
  A,
  SecurityError.Unauthorized | SecurityError.ServiceUnavailable,
  HttpClient.HttpClient
> => {
  const requirements = requirementsOf(options)
  // one verifier for each provider, so that two uses of the scheme in one expression are the same
  const verifiers = new Map<string, Verify<A>>()
  return (self) => {
    BearerToken.checkSchemes("OpenIdConnect", self)
    const url = OpenIdProvider.urlOf(self)
    const verify =
      verifiers.get(url) ?? makeVerify(OpenIdProvider.at(url, options), options, requirements)
    verifiers.set(url, verify)
    return Security.authenticate(self, verify)
  }
}

// ----------------------------------------------------------------------------
// tokens
// ----------------------------------------------------------------------------

type Verify<A> = (
  credential: BearerToken.BearerToken,
  context: Security.VerifierContext
) => Effect.Effect<
  Security.Grant<A>,
  SecurityError.Unauthorized | SecurityError.ServiceUnavailable,
  HttpClient.HttpClient
>

const makeVerify = <A, I>(
  provider: ServerMetadata.ServerMetadata,
  options: Options<A, I>,
  requirements: Jwt.Requirements & { readonly problemOf: TokenKind.ProblemOf }
): Verify<A> => {
  const { coolDown, freshFor, rsaAlgorithm, staleFor, timeout } = options
  const { problemOf, ...others } = requirements
  const verifier = Jwt.make({
    ...others,
    issuer: provider.issuer,
    keys: ServerMetadata.jwks(provider, { coolDown, freshFor, rsaAlgorithm, staleFor, timeout }),
    claims: checked(problemOf, options.claims)
  })
  return (credential, { request }) => verifier.verify(BearerToken.redacted(credential), request)
}

const requirementsOf = <A, I>(
  options: Options<A, I>
): Jwt.Requirements & { readonly problemOf: TokenKind.ProblemOf } => {
  const { algorithms, cache, certificate, clockTolerance, maxLength, scopes } = options
  const common = { algorithms, cache, certificate, clockTolerance, maxLength }
  if (options.token === "id") {
    const { clientId } = options
    // for callers without types, too
    if (!isFilled(clientId)) {
      throw new Error('token: "id" needs the clientId that the tokens are issued to')
    }
    return {
      ...common,
      audience: clientId,
      // Core, section 2 names no typ for them; `at+jwt` is what says that a token is none (RFC 9068, section 5)
      typ: [false, "JWT"],
      requiredClaims: ["exp", "iat", "sub"],
      scopes: scopes ?? noScopes,
      problemOf: TokenKind.idToken(clientId)
    }
  }
  const { audience, clientId, requiredClaims, typ } = options
  return {
    ...common,
    audience,
    typ,
    requiredClaims,
    scopes,
    problemOf: TokenKind.accessToken(
      typ === undefined || typ === "at+jwt",
      clientsOf(clientId, audience === false)
    )
  }
}

const clientsOf = (
  clientId: string | ReadonlyArray<string> | undefined,
  isRequired: boolean
): ReadonlySet<string> | undefined => {
  if (clientId === undefined && !isRequired) return undefined
  const clients = typeof clientId === "string" ? [clientId] : clientId
  // for callers without types, too: of a variable that is not set
  if (!Array.isArray(clients) || clients.length === 0 || !clients.every(isFilled)) {
    throw new Error(
      "clientId can't be empty: without an audience it is what tells whose tokens are accepted"
    )
  }
  return new Set(clients)
}

const isFilled = (value: unknown): value is string => typeof value === "string" && value !== ""

const noScopes = (): ReadonlyArray<string> => []

/** The principal of claims that are those of the right kind of token. */
const checked = <A, I>(
  problemOf: TokenKind.ProblemOf,
  claims: Schema.Schema<A, I> | undefined
): Schema.Schema<A, unknown> =>
  Principal.after(
    // Jwt has read them
    Line.filter<unknown>((value) => problemOf(value as Jwt.Claims))(Schema.Unknown),
    claims
  )

/**
 * Tokens of an OpenID Connect provider: the scheme, and the verifier that reads the provider's own configuration.
 *
 * @see [OpenID Connect Core 1.0](https://openid.net/specs/openid-connect-core-1_0.html)
 * @see [OpenID Connect Discovery 1.0](https://openid.net/specs/openid-connect-discovery-1_0.html)
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import * as BearerToken from "./BearerToken.ts"
import * as ExpiringMap from "./ExpiringMap.ts"
import type * as Jwks from "./Jwks.ts"
import * as Jwt from "./Jwt.ts"
import * as OAuth2 from "./OAuth2.ts"
import * as Principal from "./Principal.ts"
import type * as RemoteDocument from "./RemoteDocument.ts"
import type * as Scheme from "./Scheme.ts"
import * as Security from "./Security.ts"
import * as SecurityError from "./SecurityError.ts"
import type { Grantable, SecurityRequirement } from "./SecurityRequirement.ts"
import * as ServerMetadata from "./ServerMetadata.ts"
import * as Setting from "./Setting.ts"
import * as SingleFlight from "./SingleFlight.ts"
import * as Upstream from "./Upstream.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * How the provider of a scheme is reached. Its configuration is at the scheme's `openIdConnectUrl`: one value is documented and fetched.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProviderOptions extends RemoteDocument.Times {
  /**
   * What the configuration, and each token, has to say as its issuer, exactly.
   *
   * By default it is `openIdConnectUrl` without `/.well-known/openid-configuration`. Providers that write a `/` at its end (Auth0), or
   * another text (Azure AD B2C), need it here. Of the first token that differs by a `/` at its end there is a warning.
   */
  readonly issuer?: string | undefined
  /** What a relative `openIdConnectUrl` is relative to; `issuer` by default. */
  readonly baseUrl?: string | undefined
  /** Allows `http` for the configuration and the URLs in it; `false` by default. */
  readonly allowHttp?: boolean | undefined
  /** How long a fetch from the provider may take; 5 seconds by default. */
  readonly timeout?: Duration.DurationInput | undefined
}

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
export type Options<A = Jwt.Claims, I = never> = ProviderOptions &
  Pick<
    Jwt.Requirements,
    "algorithms" | "clockTolerance" | "maxLength" | "scopes" | "cache" | "certificate"
  > &
  Jwks.SetOptions &
  (AccessTokens | IdTokens) & {
    /** Reads the principal from the claims, which it is by default; a token that does not fit is refused. */
    readonly claims?: Schema.Schema<A, I> | undefined
  }

/**
 * What a provider says of a user (OpenID Connect Core 1.0, section 5.3.2).
 *
 * @category models
 * @since 0.1.0
 */
export interface UserInfo {
  readonly sub: string
  readonly [claim: string]: unknown
}

/**
 * What {@link userInfo} is told.
 *
 * @category models
 * @since 0.1.0
 */
export interface UserInfoOptions<A = UserInfo, I = never> extends ProviderOptions {
  /** Reads the result from what the provider says, which it is by default. */
  readonly claims?: Schema.Schema<A, I> | undefined
  /** How many answers are remembered, and how long; by default none is. */
  readonly cache?:
    | {
        /** 10,000 by default. */
        readonly capacity?: number | undefined
        readonly timeToLive: Duration.DurationInput
      }
    | undefined
  /** How large an answer may be, in bytes; 65,536 by default. */
  readonly maxBytes?: number | undefined
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
    const url = openIdConnectUrl(self)
    const verify = verifiers.get(url) ?? makeVerify(providerAt(url, options), options, requirements)
    verifiers.set(url, verify)
    return Security.authenticate(self, verify)
  }
}

/**
 * Asks the provider who a token's user is (OpenID Connect Core 1.0, section 5.3): for `Security.mapEffect`, after {@link authenticate}.
 *
 * Sends the request's token to the `userinfo_endpoint` of the scheme's provider, once for requests at the same time, and takes the answer only if its
 * `sub` is the principal's. Succeeds with the answer, or with what `claims` makes of it.
 *
 * A principal without `sub`, or a token that the endpoint refuses with 401: `Unauthorized` (401). Anything else that is not such an answer, signed
 * answers included: `ServiceUnavailable` (503, `Retry-After`) and a warning.
 *
 * @example
 * ```ts
 * import { OpenIdConnect, Security } from "effect-security"
 *
 * const oidc = OpenIdConnect.make({
 *   openIdConnectUrl: "https://id.example/.well-known/openid-configuration"
 * })
 * const user = oidc.pipe(
 *   OpenIdConnect.authenticate({ audience: "items" }),
 *   Security.mapEffect(OpenIdConnect.userInfo(oidc, { cache: { timeToLive: "1 minute" } }))
 * )
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const userInfo = <
  E,
  R,
  Req extends SecurityRequirement,
  G extends Grantable,
  A = UserInfo,
  I = never
>(
  scheme: Security.Security<BearerToken.BearerToken, E, R, Req, G> & Security.CheckBare<Req, G>,
  options: UserInfoOptions<A, I> = {}
): ((principal: {
  readonly sub?: string | undefined
}) => Effect.Effect<
  A,
  E | SecurityError.Unauthorized | SecurityError.ServiceUnavailable,
  R | HttpClient.HttpClient
>) => {
  const provider = providerAt(openIdConnectUrl(scheme), options)
  const limits = Upstream.checkLimits({
    timeout: options.timeout,
    maxBytes: options.maxBytes ?? 65_536
  })
  const remembered = options.cache && memory(options.cache)
  const flights = SingleFlight.make<UserInfo, Upstream.UpstreamError | SecurityError.Unauthorized>()
  const decode = Principal.decoder(options.claims)
  const fetch = (token: string, key: string) =>
    ServerMetadata.member(provider, "userinfo_endpoint").pipe(
      Effect.flatMap((url) => Upstream.send(userInfoRequest(url, token), limits)),
      Effect.flatMap(toUserInfo),
      Effect.tap((answer) => remembered?.set(key, answer) ?? Effect.void)
    )
  const ask = (token: string) => {
    const key = createHash("sha256").update(token).digest("base64")
    const asked = flights.run(key, fetch(token, key))
    return remembered === undefined ? asked : (
        Effect.flatMap(remembered.get(key), (known) =>
          known === undefined ? asked : Effect.succeed(known)
        )
      )
  }
  return ({ sub }) =>
    sub === undefined || sub === "" ?
      invalid
    : Effect.flatMap(scheme, (credential) =>
        ask(BearerToken.value(credential)).pipe(
          Effect.filterOrFail(
            (answer) => answer.sub === sub,
            () => failure(provider, "the UserInfo is of another sub than the token")
          ),
          Effect.flatMap((answer) =>
            Effect.mapError(decode(answer), () =>
              failure(provider, "the UserInfo does not fit the schema")
            )
          ),
          Effect.catchTag("UpstreamError", (error) =>
            Effect.zipRight(
              Effect.logWarning(`UserInfo can't be had: ${error.message}`),
              unavailable
            )
          )
        )
      )
}

// ----------------------------------------------------------------------------
// providers
// ----------------------------------------------------------------------------

/** The one URL of a scheme, or of schemes, of OpenID Connect. */
const openIdConnectUrl = (schemes: Security.Top): string => {
  const urls = new Set(
    Security.definitions(schemes).flatMap(({ scheme }) =>
      scheme.type === "openIdConnect" ? [scheme.openIdConnectUrl] : []
    )
  )
  const [url, ...others] = urls
  if (url === undefined) {
    throw new Error(
      "OpenIdConnect verifies the tokens of a scheme of OpenIdConnect.make, whose openIdConnectUrl it reads: use Jwt.authenticate for others"
    )
  }
  if (others.length > 0) {
    throw new Error("schemes of several providers need an OpenIdConnect.authenticate each")
  }
  return url
}

const providerAt = (url: string, options: ProviderOptions): ServerMetadata.ServerMetadata => {
  const { allowHttp, coolDown, freshFor, issuer, staleFor, timeout } = options
  const settings = { allowHttp, coolDown, freshFor, issuer, staleFor, timeout }
  if (URL.canParse(url)) return ServerMetadata.fromUrl(url, settings)
  const base = options.baseUrl ?? issuer
  if (base === undefined) {
    throw new Error(
      `the openIdConnectUrl ${JSON.stringify(Upstream.shown(url))} is relative: give issuer or baseUrl as an option, or make it absolute`
    )
  }
  Upstream.checkUrl(options.baseUrl === undefined ? "the issuer" : "the baseUrl", base, allowHttp)
  return ServerMetadata.fromUrl(new URL(url, base).href, settings)
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
  requirements: Jwt.Requirements & { readonly problemOf: ProblemOf }
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

type ProblemOf = (claims: Jwt.Claims) => string | undefined

const requirementsOf = <A, I>(
  options: Options<A, I>
): Jwt.Requirements & { readonly problemOf: ProblemOf } => {
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
      problemOf: problemOfIdToken(clientId)
    }
  }
  const { audience, clientId, requiredClaims, typ } = options
  return {
    ...common,
    audience,
    typ,
    requiredClaims,
    scopes,
    problemOf: problemOfAccessToken(
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
  problemOf: ProblemOf,
  claims: Schema.Schema<A, I> | undefined
): Schema.Schema<A, unknown> =>
  Principal.after(
    // Jwt has read them
    Schema.Unknown.pipe(Schema.filter((value) => problemOf(value as Jwt.Claims))),
    claims
  )

/** The claims that only access tokens have: of RFC 9068, Okta, Entra, Auth0. */
const ofAccessTokens = ["scope", "scp", "client_id", "cid", "appid", "azpacr", "gty"]

/** The claims that only ID tokens and logout tokens have. */
const ofOtherTokens = ["nonce", "at_hash", "c_hash", "s_hash", "events"]

/** What a token says that it is, by the claims of Cognito (`token_use`) and Keycloak (`typ`). */
const statedKind = ({ token_use: use, typ }: Jwt.Claims): string | undefined =>
  use !== undefined ?
    typeof use === "string" ?
      use
    : "other"
  : typeof typ !== "string" ? undefined
  : typ === "Bearer" ? "access"
  : typ.toLowerCase()

const hasOneOf = (claims: Jwt.Claims, names: ReadonlyArray<string>): boolean =>
  names.some((name) => Object.hasOwn(claims, name))

const problemOfAccessToken =
  (isTyped: boolean, clients: ReadonlySet<string> | undefined): ProblemOf =>
  (claims) => {
    const kind = statedKind(claims)
    const client = claims.client_id ?? claims["azp"]
    return (
      clients !== undefined && !(typeof client === "string" && clients.has(client)) ?
        "its client is another"
      : kind === "access" ? undefined
      : kind !== undefined ? "it is no access token"
      : hasOneOf(claims, ofOtherTokens) ? "it is an ID token"
      : isTyped || hasOneOf(claims, ofAccessTokens) ? undefined
      : "it does not show that it is an access token"
    )
  }

const problemOfIdToken =
  (clientId: string): ProblemOf =>
  (claims) => {
    const kind = statedKind(claims)
    const { aud, azp } = claims
    const isForOthers = Array.isArray(aud) && aud.some((each) => each !== clientId)
    return (
      kind !== undefined && kind !== "id" ? "it is no ID token"
      : hasOneOf(claims, ofAccessTokens) ? "it is an access token"
      : Object.hasOwn(claims, "events") ? "it is a logout token"
      : azp !== undefined && azp !== clientId ? "its azp is another client"
      : isForOthers && azp === undefined ? "it is for other audiences as well, and has no azp"
      : undefined
    )
  }

// ----------------------------------------------------------------------------
// UserInfo
// ----------------------------------------------------------------------------

const invalid = Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))

const unavailable = Effect.fail(new SecurityError.ServiceUnavailable())

const userInfoRequest = (url: string, token: string): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.get(url, {
    headers: { accept: "application/json", authorization: `Bearer ${token}` }
  })

const toUserInfo = (
  answer: Upstream.Answer
): Effect.Effect<UserInfo, Upstream.UpstreamError | SecurityError.Unauthorized> => {
  if (answer.status === 401) return invalid
  if (answer.status === 200 && !Upstream.isJson(answer)) {
    return Effect.fail(
      new Upstream.UpstreamError({
        url: answer.url,
        description: "answered with something that is no application/json"
      })
    )
  }
  return Effect.filterOrFail(
    Upstream.toJson(answer),
    (body): body is UserInfo => Object.hasOwn(body, "sub") && typeof body["sub"] === "string",
    () => new Upstream.UpstreamError({ url: answer.url, description: "answered without a sub" })
  )
}

const failure = (
  { url }: ServerMetadata.ServerMetadata,
  description: string
): Upstream.UpstreamError => new Upstream.UpstreamError({ url: Upstream.shown(url), description })

const memory = (cache: NonNullable<UserInfoOptions["cache"]>) => {
  const timeToLive = Setting.positive("the timeToLive of UserInfo", cache.timeToLive)
  const answers = ExpiringMap.make<UserInfo>(cache.capacity ?? 10_000)
  return {
    get: (key: string) =>
      Effect.clockWith((clock) =>
        Effect.succeed(answers.get(key, clock.unsafeCurrentTimeMillis()))
      ),
    set: (key: string, answer: UserInfo) =>
      Effect.clockWith((clock) => {
        const now = clock.unsafeCurrentTimeMillis()
        answers.set(key, answer, now + timeToLive, now)
        return Effect.void
      })
  }
}

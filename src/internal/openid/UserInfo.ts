/**
 * Who a token's user is, as the provider says (OpenID Connect Core 1.0, section 5.3).
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import * as BearerToken from "../../BearerToken.ts"
import * as ExpiringMap from "../pure/ExpiringMap.ts"
import * as OpenIdProvider from "./OpenIdProvider.ts"
import * as Principal from "../token/Principal.ts"
import type * as Security from "../../Security.ts"
import * as SecurityError from "../../SecurityError.ts"
import type { Grantable, SecurityRequirement } from "../../SecurityRequirement.ts"
import * as ServerMetadata from "../../ServerMetadata.ts"
import * as Setting from "../setting/Setting.ts"
import * as SingleFlight from "../setting/SingleFlight.ts"
import * as Upstream from "../upstream/Upstream.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

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
export interface UserInfoOptions<A = UserInfo, I = never> extends OpenIdProvider.ProviderOptions {
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
// combinators
// ----------------------------------------------------------------------------

/**
 * Asks the provider who a token's user is (OpenID Connect Core 1.0, section 5.3): for `Security.mapEffect`, after `OpenIdConnect.authenticate`.
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
  const provider = OpenIdProvider.at(OpenIdProvider.urlOf(scheme), options)
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
// the endpoint
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

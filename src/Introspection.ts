/**
 * Tokens that the authorization server is asked about (RFC 7662).
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import * as BearerToken from "./BearerToken.ts"
import * as Confirmation from "./Confirmation.ts"
import * as ExpiringMap from "./internal/pure/ExpiringMap.ts"
import type { Claims } from "./internal/introspection/IntrospectionAnswer.ts"
import * as IntrospectionAnswer from "./internal/introspection/IntrospectionAnswer.ts"
import * as IntrospectionEndpoint from "./internal/introspection/IntrospectionEndpoint.ts"
import * as IssuerHint from "./internal/upstream/IssuerHint.ts"
import * as Principal from "./internal/token/Principal.ts"
import * as Security from "./Security.ts"
import * as SecurityError from "./SecurityError.ts"
import * as Setting from "./internal/setting/Setting.ts"
import * as SingleFlight from "./internal/setting/SingleFlight.ts"
import type * as Upstream from "./internal/upstream/Upstream.ts"

export type { Claims } from "./internal/introspection/IntrospectionAnswer.ts"
export {
  type Client,
  config,
  type Endpoint
} from "./internal/introspection/IntrospectionEndpoint.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * How long answers are remembered.
 *
 * @category models
 * @since 0.1.0
 */
export interface Cache {
  /** How many active tokens, and how many others, are remembered; 10,000 of each by default. */
  readonly capacity?: number | undefined
  /** How long a token stays active without asking again, never past its `exp`: so long a revoked token works. 30 seconds by default. */
  readonly timeToLive?: Duration.DurationInput | undefined
  /** How long a token stays refused without asking again; 5 seconds by default. */
  readonly negativeTimeToLive?: Duration.DurationInput | undefined
}

/**
 * What introspection is told.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<A = Claims, I = never>
  extends IntrospectionEndpoint.Options, IntrospectionAnswer.Expectations {
  /**
   * Reads the principal from the {@link Claims}; a token that does not fit is refused. By default the principal is the claims.
   *
   * It runs once for each answer, and what it made is remembered with it: what depends on the request is for `Security.mapEffect`. Nobody
   * can change its objects and arrays, which are frozen; instances of classes are not, and must not be changed.
   */
  readonly claims?: Schema.Schema<A, I> | undefined
  /** The scopes that the token was granted; by default those of `scope`. */
  readonly scopes?: ((claims: Claims) => ReadonlyArray<string>) | undefined
  /** How long answers are remembered; `false` asks for every request. */
  readonly cache?: Cache | false | undefined
  /**
   * Where the client's certificate is found, for tokens that are bound to one; this TLS connection by default.
   *
   * Behind a proxy that ends TLS: `MutualTls.readerBehind(proxy)`.
   */
  readonly certificate?: Confirmation.CertificateReader | undefined
}

// ----------------------------------------------------------------------------
// combinators
// ----------------------------------------------------------------------------

/**
 * Verifies tokens by asking the authorization server that issued them (RFC 7662).
 *
 * Reads what its scheme reads: the token of `OAuth2`, `OpenIdConnect` or `HttpBearer`. Succeeds with the {@link Claims}, or with
 * what `claims` makes of them, and proves the scopes of `scope`.
 *
 * The server's word is not taken alone: `exp`, `nbf`, `aud`, `iss` and `token_type` are checked besides. A token that is bound to a
 * certificate (`cnf`, RFC 8705, section 3.2) needs that of the request's own TLS connection; one that is bound to something else is refused.
 *
 * Anything but `active: true`, or a token that is not for this API: `Unauthorized` (401, `invalid`) with `error="invalid_token"`. No
 * answer within `timeout`, a redirect, any status but 200, an answer that is no JSON or too large: `ServiceUnavailable` (503,
 * `Retry-After`), and a warning that names the endpoint and the reason. A 400 of `unsupported_token_type` is a token of another
 * kind: 401. Signed answers (RFC 9701) are not asked for, and not taken. The `HttpClient` in the context must not follow redirects by itself
 * (`HttpClient.followRedirects`): it would send the token and the client's secret on.
 *
 * Many requests with one token ask once. Answers are remembered under the token's SHA-256; failures for one second.
 *
 * Throws when the URL is not `https`, without a client identifier and secret, for an empty `audience`, and for a scheme of another
 * auth-scheme than `Bearer`.
 *
 * @example
 * ```ts
 * import { Introspection, OAuth2, Security } from "effect-security"
 * import { Redacted } from "effect"
 *
 * const user = OAuth2.clientCredentials({
 *   tokenUrl: "https://id.example/token",
 *   scopes: { "items:read": "Read items" }
 * }).pipe(
 *   Introspection.authenticate({
 *     url: "https://id.example/introspect",
 *     client: { clientId: "items", clientSecret: Redacted.make("secret") },
 *     audience: "https://api.example"
 *   })
 * )
 * const readers = user.pipe(Security.scopes("items:read"))
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const authenticate = <A = Claims, I = never>(
  options: Options<A, I>
): Security.Authenticator<
  BearerToken.BearerToken,
  A,
  SecurityError.Unauthorized | SecurityError.ServiceUnavailable,
  HttpClient.HttpClient
> => {
  const verify = makeVerifier(options)
  return (self) => {
    BearerToken.checkSchemes("Introspection", self)
    return Security.authenticate(self, verify)
  }
}

// ----------------------------------------------------------------------------
// verdicts
// ----------------------------------------------------------------------------

type Refusal = SecurityError.Unauthorized | SecurityError.ServiceUnavailable

/** What was found out about a token; what it demands of the request is looked at in each. */
interface Verdict<A> {
  readonly exit: Exit.Exit<Security.Grant<A>, Refusal>
  readonly confirmation: Confirmation.Confirmation
  readonly expiresAt: number
}

const invalid = Exit.fail(new SecurityError.Unauthorized({ reason: "invalid" }))

const unavailable = Exit.fail(new SecurityError.ServiceUnavailable())

const unbound: Confirmation.Confirmation = { _tag: "Unbound" }

const settle = <A>(
  { confirmation, exit }: Verdict<A>,
  request: HttpServerRequest.HttpServerRequest,
  certificate: Confirmation.CertificateReader | undefined
): Exit.Exit<Security.Grant<A>, Refusal> =>
  Confirmation.isProven(confirmation, request, certificate) ? exit : invalid

const makeVerifier = <A, I>(options: Options<A, I>) => {
  const ask = IntrospectionEndpoint.makeQuestion(options)
  const rules = IntrospectionAnswer.makeRules(options)
  const principalOf = Principal.frozenDecoder(options.claims)
  const scopesOf = options.scopes ?? IntrospectionAnswer.scopesOf
  const times = makeTimes(options.cache)
  const memory = options.cache === false ? undefined : makeMemory<A>(options.cache?.capacity)
  const flights = SingleFlight.make<Verdict<A>, never>()
  const warn = makeWarning()
  const warnOfIssuer = IssuerHint.makeWarning()

  const judge = (answer: IntrospectionAnswer.Answer, now: number): Effect.Effect<Verdict<A>> => {
    const refused: Verdict<A> = {
      exit: invalid,
      confirmation: unbound,
      expiresAt: now + times.negative
    }
    const judged = IntrospectionAnswer.isActive(answer) ? rules(answer, now) : "it is not active"
    if (typeof judged === "string") {
      const warning =
        judged === IntrospectionAnswer.otherIssuer ?
          warnOfIssuer(
            IntrospectionAnswer.own(answer, "iss"),
            (issuer) => issuer === options.issuer
          )
        : Effect.void
      return Effect.as(Effect.zipRight(warning, tell(options.url, judged)), refused)
    }
    return Effect.matchEffect(principalOf(judged.claims), {
      onFailure: () => Effect.as(tell(options.url, "its claims don't fit the schema"), refused),
      onSuccess: (principal) =>
        Effect.sync(() => ({
          exit: Exit.succeed(Security.grant(principal, scopesOf(judged.claims))),
          confirmation: judged.confirmation,
          expiresAt: Math.min(now + times.positive, (judged.claims.exp ?? Infinity) * 1000)
        }))
    })
  }

  const find = (
    token: string,
    key: string
  ): Effect.Effect<Verdict<A>, never, HttpClient.HttpClient> =>
    ask(token).pipe(
      Effect.flatMap((answer) => Effect.flatMap(currentTime, (now) => judge(answer, now))),
      Effect.catchAll((error) =>
        Effect.flatMap(currentTime, (now) =>
          Effect.as(warn(error, now), {
            exit: unavailable,
            confirmation: unbound,
            expiresAt: now + times.failure
          })
        )
      ),
      Effect.tap((verdict) =>
        Effect.map(currentTime, (now) => {
          memory?.set(key, verdict, now)
        })
      )
    )

  return (
    credential: BearerToken.BearerToken,
    { request }: Security.VerifierContext
  ): Effect.Effect<Security.Grant<A>, Refusal, HttpClient.HttpClient> =>
    Effect.flatMap(currentTime, (now) => {
      const token = BearerToken.value(credential)
      const key = createHash("sha256").update(token).digest("base64")
      const known = memory?.get(key, now)
      return known !== undefined ?
          settle(known, request, options.certificate)
        : Effect.flatMap(flights.run(key, find(token, key)), (verdict) =>
            settle(verdict, request, options.certificate)
          )
    })
}

const currentTime = Effect.clockWith((clock) => Effect.succeed(clock.unsafeCurrentTimeMillis()))

/** For who wonders why a token is refused: nothing of the token is said. */
const tell = (url: Options["url"], reason: string): Effect.Effect<void> =>
  Effect.logDebug(`introspection at ${IntrospectionEndpoint.shown(url)} refuses a token: ${reason}`)

/** A warning for each failure, the same one at most each second. */
const makeWarning = () => {
  let last = ""
  let since = Number.NEGATIVE_INFINITY
  return (error: Upstream.UpstreamError, now: number): Effect.Effect<void> => {
    // a clock that was set back silences nothing
    if (error.message === last && now >= since && now < since + second) return Effect.void
    last = error.message
    since = now
    return Effect.logWarning(`a token can't be introspected: ${error.message}`)
  }
}

// ----------------------------------------------------------------------------
// memory
// ----------------------------------------------------------------------------

const second = 1000

const makeTimes = (
  cache: Cache | false | undefined
): { readonly positive: number; readonly negative: number; readonly failure: number } => {
  const { negativeTimeToLive = "5 seconds", timeToLive = "30 seconds" } = cache || {}
  return {
    positive: Setting.positive("cache.timeToLive of introspection", timeToLive),
    negative: Setting.positive("cache.negativeTimeToLive of introspection", negativeTimeToLive),
    failure: second
  }
}

/** Two maps, so that a flood of tokens that are none can't push out those that are. */
const makeMemory = <A>(capacity = 10_000) => {
  const active = ExpiringMap.make<Verdict<A>>(capacity)
  const others = ExpiringMap.make<Verdict<A>>(capacity)
  return {
    get: (key: string, now: number): Verdict<A> | undefined =>
      active.get(key, now) ?? others.get(key, now),
    set: (key: string, verdict: Verdict<A>, now: number): void =>
      (Exit.isSuccess(verdict.exit) ? active : others).set(key, verdict, verdict.expiresAt, now)
  }
}

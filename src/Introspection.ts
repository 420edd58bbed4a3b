/**
 * Tokens that the authorization server is asked about (RFC 7662).
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import * as OAuth from "oauth4webapi"
import * as BearerToken from "./BearerToken.ts"
import * as Confirmation from "./Confirmation.ts"
import * as ExpiringMap from "./ExpiringMap.ts"
import * as IssuerHint from "./IssuerHint.ts"
import * as Principal from "./Principal.ts"
import * as Security from "./Security.ts"
import * as SecurityError from "./SecurityError.ts"
import * as Setting from "./Setting.ts"
import * as SingleFlight from "./SingleFlight.ts"
import * as Upstream from "./Upstream.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * What the server says of an active token (RFC 7662, section 2.2), and whatever it says besides.
 *
 * @category models
 * @since 0.1.0
 */
export interface Claims {
  readonly active: true
  /** Scopes, separated by spaces. */
  readonly scope?: string
  readonly client_id?: string
  /** For people to read. */
  readonly username?: string
  readonly token_type?: string
  /** In seconds since 1970, as `iat` and `nbf`. */
  readonly exp?: number
  readonly iat?: number
  readonly nbf?: number
  readonly sub?: string
  readonly aud?: string | ReadonlyArray<string>
  readonly iss?: string
  readonly jti?: string
  readonly [claim: string]: unknown
}

/**
 * How this server proves to the authorization server who it is (RFC 6749, section 2.3.1).
 *
 * @category models
 * @since 0.1.0
 */
export interface Client {
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
  /**
   * `client_secret_basic` in `Authorization`, identifier and secret form-encoded; `client_secret_post` in the body.
   * `client_secret_basic` by default.
   */
  readonly method?: "client_secret_basic" | "client_secret_post" | undefined
}

/**
 * Where the server is, and who asks it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Endpoint {
  /** The `introspection_endpoint` of the authorization server. */
  readonly url: string
  /** This server's credentials there: an endpoint that needs none would tell anybody which tokens are right. */
  readonly client: Client
}

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
export interface Options<A = Claims, I = never> extends Omit<Endpoint, "url"> {
  /**
   * The `introspection_endpoint` of the authorization server, or how to find out: `ServerMetadata.member(metadata,
   * "introspection_endpoint")`.
   */
  readonly url: string | Effect.Effect<string, Upstream.UpstreamError, HttpClient.HttpClient>
  /** Allows an `http` URL; `false` by default. */
  readonly allowHttp?: boolean | undefined
  /**
   * The identifiers of this API: a token has to name one of them in `aud`.
   *
   * `false` takes every token of the server, also one that was made for another API, which that API can then use here: only
   * for a server that writes no `aud`, and serves nobody else. `token_type` then has to be there, since it is all that tells an
   * access token from a refresh token.
   */
  readonly audience: string | ReadonlyArray<string> | false
  /**
   * What `iss` has to be, exactly; a token without `iss` is refused then. Not looked at by default: the server speaks for itself.
   *
   * Of the first token whose `iss` differs by a `/` at its end, which is refused like any other, there is a warning.
   */
  readonly issuer?: string | undefined
  /**
   * Reads the principal from the {@link Claims}; a token that does not fit is refused. By default the principal is the claims.
   *
   * It runs once for each answer, and what it made is remembered with it: what depends on the request is for `Security.mapEffect`. Nobody
   * can change its objects and arrays, which are frozen; instances of classes are not, and must not be changed.
   */
  readonly claims?: Schema.Schema<A, I> | undefined
  /** The scopes that the token was granted; by default those of `scope`. */
  readonly scopes?: ((claims: Claims) => ReadonlyArray<string>) | undefined
  /** How far the clocks of the two servers may be apart, for `exp` and `nbf`; 0 by default, at most 60 seconds. */
  readonly clockTolerance?: Duration.DurationInput | undefined
  /** How long answers are remembered; `false` asks for every request. */
  readonly cache?: Cache | false | undefined
  /** How long a request waits, for its turn and for the answer; 3 seconds by default. */
  readonly timeout?: Duration.DurationInput | undefined
  /** How large an answer may be, in bytes; 65,536 by default. */
  readonly maxBytes?: number | undefined
  /** How many questions are on their way at one time; others wait for their turn. 64 by default. */
  readonly concurrency?: number | undefined
  /**
   * Where the client's certificate is found, for tokens that are bound to one; this TLS connection by default.
   *
   * Behind a proxy that ends TLS: `MutualTls.readerBehind(proxy)`.
   */
  readonly certificate?: Confirmation.CertificateReader | undefined
}

// ----------------------------------------------------------------------------
// configuration
// ----------------------------------------------------------------------------

/**
 * Where the server is and who asks it, from `URL`, `CLIENT_ID` and `CLIENT_SECRET` under a prefix: `INTROSPECTION_URL`, …
 *
 * @example
 * ```ts
 * import { Introspection, OAuth2 } from "effect-security"
 * import { Effect } from "effect"
 *
 * const user = Effect.map(Introspection.config(), (endpoint) =>
 *   OAuth2.clientCredentials({ tokenUrl: "https://id.example/token" }).pipe(
 *     Introspection.authenticate({ ...endpoint, audience: "https://api.example" })
 *   )
 * )
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const config = (prefix = "INTROSPECTION"): Config.Config<Endpoint> =>
  Config.all({
    url: Config.string(`${prefix}_URL`),
    client: Config.all({
      clientId: Config.string(`${prefix}_CLIENT_ID`),
      clientSecret: Config.redacted(`${prefix}_CLIENT_SECRET`)
    })
  })

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
  const ask = makeQuestion(options)
  const rules = makeRules(options)
  const principalOf = Principal.frozenDecoder(options.claims)
  const scopesOf = options.scopes ?? defaultScopes
  const times = makeTimes(options.cache)
  const memory = options.cache === false ? undefined : makeMemory<A>(options.cache?.capacity)
  const flights = SingleFlight.make<Verdict<A>, never>()
  const warn = makeWarning()
  const warnOfIssuer = IssuerHint.makeWarning()

  const judge = (answer: Answered, now: number): Effect.Effect<Verdict<A>> => {
    const refused: Verdict<A> = {
      exit: invalid,
      confirmation: unbound,
      expiresAt: now + times.negative
    }
    const judged = isActive(answer) ? rules(answer, now) : "it is not active"
    if (typeof judged === "string") {
      const warning =
        judged === otherIssuer ?
          warnOfIssuer(own(answer, "iss"), (issuer) => issuer === options.issuer)
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
  Effect.logDebug(`introspection at ${shown(url)} refuses a token: ${reason}`)

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

// ----------------------------------------------------------------------------
// questions
// ----------------------------------------------------------------------------

type Answered = { readonly [member: string]: unknown }

const makeQuestion = <A, I>(
  options: Options<A, I>
): ((token: string) => Effect.Effect<Answered, Upstream.UpstreamError, HttpClient.HttpClient>) => {
  const found = toFound(options.url, options.allowHttp)
  const limits = Upstream.checkLimits({
    timeout: options.timeout ?? "3 seconds",
    maxBytes: options.maxBytes ?? 65_536
  })
  const turns = Effect.unsafeMakeSemaphore(
    Setting.whole("concurrency of introspection", options.concurrency ?? 64)
  )
  const identify = makeClient(options.client)
  return (token) =>
    Effect.flatMap(found, (url) => Upstream.send(toRequest(url, identify, token), limits)).pipe(
      turns.withPermits(1),
      Effect.timeoutFail({
        duration: limits.timeout,
        onTimeout: () =>
          new Upstream.UpstreamError({
            url: shown(options.url),
            description: `no answer within ${Duration.format(limits.timeout)}`
          })
      }),
      Effect.flatMap(toAnswered)
    )
}

const toFound = (
  url: Options["url"],
  allowHttp: boolean | undefined
): Effect.Effect<string, Upstream.UpstreamError, HttpClient.HttpClient> => {
  if (typeof url === "string") {
    Upstream.checkUrl("the URL of introspection", url, allowHttp)
    return Effect.succeed(url)
  }
  return Effect.filterOrFail(
    url,
    (each) => Upstream.problemOf(each, allowHttp) === undefined,
    (each) =>
      new Upstream.UpstreamError({
        url: shown(each),
        description: `${Upstream.problemOf(each, allowHttp)}`
      })
  )
}

/** The URL as logs may show it. */
const shown = (url: Options["url"]): string =>
  typeof url === "string" ? Upstream.shown(url) : "the introspection endpoint"

type Identify = (body: URLSearchParams, headers: Headers) => void

const makeClient = (client: Client | undefined): Identify => {
  const clientId: unknown = client?.clientId
  const secret: unknown =
    Redacted.isRedacted(client?.clientSecret) && Redacted.value(client.clientSecret)
  if (!isFilled(clientId) || !isFilled(secret)) {
    throw new Error("introspection needs a client identifier and a client secret that is Redacted")
  }
  const authentication = clientAuthentications[client?.method ?? "client_secret_basic"]
  if (authentication === undefined) {
    throw new Error("the method of introspection is client_secret_basic or client_secret_post")
  }
  const apply = authentication(secret)
  // neither of the two methods reads anything of the server
  const server = { issuer: "" }
  return (body, headers) => void apply(server, { client_id: clientId }, body, headers)
}

/** Text that can be form-encoded: half a surrogate pair can't. */
const isFilled = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && !/\p{Surrogate}/u.test(value)

const clientAuthentications = {
  client_secret_basic: OAuth.ClientSecretBasic,
  client_secret_post: OAuth.ClientSecretPost
}

const toRequest = (
  url: string,
  identify: Identify,
  token: string
): HttpClientRequest.HttpClientRequest => {
  const headers = new Headers({ accept: "application/json" })
  const body = new URLSearchParams({ token, token_type_hint: "access_token" })
  identify(body, headers)
  return HttpClientRequest.post(url, { headers: Object.fromEntries(headers) }).pipe(
    HttpClientRequest.bodyText(body.toString(), "application/x-www-form-urlencoded")
  )
}

const toAnswered = (answer: Upstream.Answer): Effect.Effect<Answered, Upstream.UpstreamError> => {
  if (answer.status !== 200 && answer.status !== 400) return Upstream.toJson(answer)
  if (!Upstream.isJson(answer)) {
    return Effect.fail(
      new Upstream.UpstreamError({
        url: answer.url,
        description: "answered with something that is no application/json"
      })
    )
  }
  if (answer.status === 200) return Upstream.toJson(answer)
  return Effect.flatMap(Upstream.toJson({ ...answer, status: 200 }), (body) =>
    own(body, "error") === "unsupported_token_type" ?
      Effect.succeed<Answered>({ active: false })
    : Upstream.toJson(answer)
  )
}

// ----------------------------------------------------------------------------
// rules
// ----------------------------------------------------------------------------

type Active = Answered & { readonly active: true }

interface Judged {
  readonly claims: Claims
  readonly confirmation: Confirmation.Confirmation
}

const isActive = (answer: Answered): answer is Active => own(answer, "active") === true

/** What is wrong with an active token, or what it says. */
const makeRules = <A, I>({
  audience,
  clockTolerance = 0,
  issuer
}: Options<A, I>): ((answer: Active, now: number) => Judged | string) => {
  const audiences = checkAudience(audience)
  const tolerance = checkTolerance(clockTolerance)
  if (issuer === "") throw new Error("the issuer of introspection can't be empty")
  return (answer, now) => {
    if (!isClaims(answer)) return "it has a claim of the wrong type"
    const confirmation = Confirmation.parse(own(answer, "cnf"))
    return (
      isOver(answer.exp, now - tolerance) ? "it has expired"
      : isBefore(answer.nbf, now + tolerance) ? "it is not valid yet"
      : issuer !== undefined && answer.iss !== issuer ? otherIssuer
      : !isFor(audiences, answer.aud) ? "it is for another audience"
      : !isBearer(answer.token_type, audiences === undefined) ? "it is no bearer token"
      : isOtherKind(answer) ? "it is no access token"
      : confirmation === undefined ? "it is bound to what can't be checked"
      : { claims: answer, confirmation }
    )
  }
}

const otherIssuer = "it is of another issuer"

const isOver = (exp: number | undefined, now: number): boolean =>
  exp !== undefined && exp * 1000 <= now

const isBefore = (nbf: number | undefined, now: number): boolean =>
  nbf !== undefined && now < nbf * 1000

const isFor = (
  audiences: ReadonlyArray<string> | undefined,
  aud: string | ReadonlyArray<string> | undefined
): boolean =>
  audiences === undefined ||
  (typeof aud === "string" ?
    audiences.includes(aud)
  : aud?.some((each) => audiences.includes(each)) === true)

const isBearer = (type: string | undefined, isRequired: boolean): boolean =>
  type === undefined ? !isRequired : type.toLowerCase() === "bearer"

/** What Hydra (`token_use`) and Keycloak (`typ`) say of refresh tokens and ID tokens, which are active, too. */
const isOtherKind = (answer: Active): boolean => {
  const use = own(answer, "token_use")
  const typ = own(answer, "typ")
  return (
    (use !== undefined && use !== "access_token" && use !== "access") ||
    (typeof typ === "string" && otherKinds.has(typ.toLowerCase()))
  )
}

const otherKinds = new Set(["refresh", "offline", "id", "logout"])

const isText = (value: unknown): boolean => typeof value === "string"

const isDate = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value)

const claimTypes: { readonly [Claim in string]: (value: unknown) => boolean } = {
  scope: isText,
  client_id: isText,
  username: isText,
  token_type: isText,
  exp: isDate,
  iat: isDate,
  nbf: isDate,
  sub: isText,
  aud: (value) => isText(value) || (Array.isArray(value) && value.every(isText)),
  iss: isText,
  jti: isText
}

const isClaims = (answer: Active): answer is Active & Claims =>
  Object.entries(claimTypes).every(([claim, isType]) => {
    const value = answer[claim]
    return value === undefined || (Object.hasOwn(answer, claim) && isType(value))
  })

const own = (answer: Answered, member: string): unknown =>
  Object.hasOwn(answer, member) ? answer[member] : undefined

const defaultScopes = ({ scope }: Claims): ReadonlyArray<string> =>
  scope === undefined ? [] : scope.split(" ").filter((each) => each !== "")

// ----------------------------------------------------------------------------
// checks of options
// ----------------------------------------------------------------------------

const checkAudience = (
  audience: string | ReadonlyArray<string> | false
): ReadonlyArray<string> | undefined => {
  if (audience === false) return undefined
  const audiences = typeof audience === "string" ? [audience] : audience
  // for callers without types, too
  if (!Array.isArray(audiences) || audiences.length === 0 || audiences.includes("")) {
    throw new Error(
      "introspection needs the audience of this API, or audience: false when the server writes none"
    )
  }
  return [...audiences]
}

const checkTolerance = (input: Duration.DurationInput): number => {
  const millis = Duration.toMillis(input)
  if (!(millis >= 0 && millis <= 60 * second)) {
    throw new Error("the clockTolerance of introspection has to be at most 60 seconds")
  }
  return millis
}

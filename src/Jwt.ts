/**
 * Tokens that are JWTs: verified here, with the keys of their issuer.
 *
 * {@link authenticate} is the verifier of a scheme, {@link make} the same for a token that comes from elsewhere.
 *
 * @see [RFC 7519](https://www.rfc-editor.org/rfc/rfc7519.html)
 * @see [RFC 8725, best current practices](https://www.rfc-editor.org/rfc/rfc8725.html)
 * @see [RFC 9068, access tokens](https://www.rfc-editor.org/rfc/rfc9068.html)
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { dual } from "effect/Function"
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import * as Crypto from "node:crypto"
import * as BearerToken from "./BearerToken.ts"
import * as Confirmation from "./Confirmation.ts"
import * as ExpiringMap from "./internal/pure/ExpiringMap.ts"
import * as IssuerHint from "./internal/upstream/IssuerHint.ts"
import * as Jwks from "./Jwks.ts"
import * as Jws from "./internal/token/Jws.ts"
import * as JwtRequirements from "./internal/token/JwtRequirements.ts"
import type { Claims, Requirements } from "./internal/token/JwtRequirements.ts"
import * as Principal from "./internal/token/Principal.ts"
import * as SecurityAlgebra from "./internal/security/Algebra.ts"
import * as SecurityError from "./SecurityError.ts"
import {
  type Grant,
  grant,
  isSecurity,
  type Security,
  type Top
} from "./internal/security/Model.ts"
import type { Grantable, SecurityRequirement } from "./SecurityRequirement.ts"
import * as Setting from "./internal/setting/Setting.ts"
import type * as Upstream from "./internal/upstream/Upstream.ts"

export type { Claims, Requirements } from "./internal/token/JwtRequirements.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * The issuer of the tokens, compared as text (RFC 7519, section 4.1.1), and its keys.
 *
 * @category models
 * @since 0.1.0
 */
export interface Issuer<R> {
  readonly issuer: string
  readonly keys: Jwks.Jwks<R>
}

/**
 * Whose tokens are accepted: an issuer with its keys, an issuer with a secret, or several issuers, each with keys of its own.
 *
 * @category models
 * @since 0.1.0
 */
export type Issuers<R> =
  | (Issuer<R> & { readonly secret?: undefined; readonly issuers?: undefined })
  | {
      readonly issuer: string
      /** A secret that is shared with the issuer, for HMAC: see {@link Jwks.fromSecret}. */
      readonly secret: Redacted.Redacted<string | Uint8Array>
      readonly keys?: undefined
      readonly issuers?: undefined
    }
  | {
      /** A token is verified with the keys of the issuer it names; another issuer is refused, and nothing is fetched for it. */
      readonly issuers: ReadonlyArray<Issuer<R>>
      readonly issuer?: undefined
      readonly keys?: undefined
      readonly secret?: undefined
    }

/**
 * What {@link make} and {@link authenticate} need.
 *
 * @category models
 * @since 0.1.0
 */
export type Options<A, I, RKeys> = Requirements &
  Issuers<RKeys> & {
    /**
     * Reads the claims into the principal, which is {@link Claims} by default. A token whose claims it refuses is refused.
     *
     * What it makes is remembered with the token and serves several requests, so the schema can't need services, and nobody can change
     * it: its objects and arrays are frozen. Instances of classes are not, and must not be changed.
     */
    readonly claims?: Schema.Schema<A, I> | undefined
  }

/**
 * Verifies tokens.
 *
 * @category models
 * @since 0.1.0
 */
export interface Verifier<out A, out R> {
  /**
   * The principal of a token and the scopes that it proves.
   *
   * Fails with `Unauthorized` (`invalid`) for every token that is wrong, and with `ServiceUnavailable` when the keys of its issuer can't be
   * had. A token that is bound to a certificate is right only for a `request` that came through the TLS connection of that certificate.
   */
  readonly verify: (
    token: Redacted.Redacted<string>,
    request?: HttpServerRequest.HttpServerRequest
  ) => Effect.Effect<Grant<A>, SecurityError.Unauthorized | SecurityError.ServiceUnavailable, R>
}

// ----------------------------------------------------------------------------
// combinators
// ----------------------------------------------------------------------------

/**
 * Verifies the tokens of a scheme as JWTs: access tokens of RFC 9068, unless the options say otherwise.
 *
 * It applies to a scheme whose credential is a token (`OAuth2`, `OpenIdConnect`, `HttpBearer`, `ApiKey`), and to `anyOf` of such schemes. It
 * succeeds with the claims, or with what the schema `claims` makes of them, and proves the scopes of `scope` or `scp`.
 *
 * A token passes that has three segments of canonical base64url, an `alg` and a `kid` that are a key's of its issuer, the right signature,
 * `typ`, `iss`, `aud`, `exp`, `nbf` and the required claims. `none`, `crit`, `b64`, encrypted and nested tokens are refused; `jwk`, `jku`, `x5u` and `x5c`
 * are ignored. Of a token with `cnf`, `x5t#S256` is compared with the client's certificate on this very TLS connection (RFC 8705, section 3); one
 * that is bound in another way (`jkt`: DPoP) is refused, since it would be taken for a bearer token.
 *
 * A wrong token: `Unauthorized` (401, `invalid`; for bearer tokens `error="invalid_token"`). What was wrong is logged at debug level and
 * not said in the response; an `iss` that differs from the issuer by a `/` at its end is another issuer, and of the first such token there is
 * a warning. No keys to be had: `ServiceUnavailable` (503, `Retry-After`).
 *
 * Throws for options that can't be meant: no audience, a weak secret, HMAC beside asymmetric algorithms.
 *
 * @example
 * ```ts
 * import { Jwks, Jwt, OAuth2, Security } from "effect-security"
 * import { Schema } from "effect"
 *
 * const user = OAuth2.clientCredentials({
 *   tokenUrl: "https://id.example/token",
 *   scopes: { "items:read": "Read items" }
 * }).pipe(
 *   Jwt.authenticate({
 *     issuer: "https://id.example",
 *     audience: "https://api.example",
 *     keys: Jwks.fromUrl("https://id.example/jwks"),
 *     claims: Schema.Struct({ sub: Schema.String })
 *   })
 * )
 * const readers = user.pipe(Security.scopes("items:read"))
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const authenticate: {
  <A = Claims, I = unknown, RKeys = never>(
    options: Options<A, I, RKeys>
  ): <E, R, Req extends SecurityRequirement, G extends Grantable>(
    self: Security<BearerToken.BearerToken, E, R, Req, G> & SecurityAlgebra.CheckBare<Req, G>
  ) => Security<
    A,
    E | SecurityError.Unauthorized | SecurityError.ServiceUnavailable,
    R | RKeys,
    Req,
    SecurityAlgebra.Authenticated<G>
  >
  <
    E,
    R,
    Req extends SecurityRequirement,
    G extends Grantable,
    A = Claims,
    I = unknown,
    RKeys = never
  >(
    self: Security<BearerToken.BearerToken, E, R, Req, G> & SecurityAlgebra.CheckBare<Req, G>,
    options: Options<A, I, RKeys>
  ): Security<
    A,
    E | SecurityError.Unauthorized | SecurityError.ServiceUnavailable,
    R | RKeys,
    Req,
    SecurityAlgebra.Authenticated<G>
  >
} = dual(
  (args) => isSecurity(args[0]),
  <A, I, RKeys>(self: Top, options: Options<A, I, RKeys>) => {
    BearerToken.checkSchemes("Jwt", self)
    return authenticateWith(self, make(options))
  }
)

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * Makes a verifier, for tokens that no scheme reads: of a message, of a cookie of one's own, an ID token.
 *
 * Throws as {@link authenticate} does.
 *
 * @example
 * ```ts
 * import { Jwks, Jwt } from "effect-security"
 * import { Redacted } from "effect"
 *
 * const idTokens = Jwt.make({
 *   issuer: "https://id.example",
 *   audience: "my-client",
 *   keys: Jwks.fromUrl("https://id.example/jwks"),
 *   typ: [false, "JWT"],
 *   requiredClaims: ["exp", "iat", "sub"],
 *   cache: false
 * })
 * const claims = idTokens.verify(Redacted.make("eyJ…"))
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const make = <A = Claims, I = unknown, RKeys = never>(
  options: Options<A, I, RKeys>
): Verifier<A, RKeys> => {
  const keysOf = issuersOf(options)
  const checks = JwtRequirements.compile(options, [...keysOf.values()])
  const { cache, timeToLive } = cacheOf<A>(options.cache)
  const { certificate } = options
  const warnOfIssuer = IssuerHint.makeWarning()
  const scopesOf = options.scopes ?? JwtRequirements.scopesOf
  const principalOf = Principal.frozenDecoder(options.claims)

  const granted = (
    key: string | undefined,
    claims: Claims,
    confirmation: Confirmation.Confirmation,
    now: number
  ): Verification<Grant<A>, RKeys> => {
    if (!seal(claims, maxDepth)) return refuse("its claims are nested too deep")
    return Effect.matchEffect(principalOf(claims), {
      onFailure: () => refuse("its claims are not those of the schema"),
      onSuccess: (principal) => {
        const verified = Exit.succeed(grant(principal, scopesOf(claims)))
        if (cache !== undefined && key !== undefined) {
          const expiresAt = checks.expiresAt(claims)
          cache.set(key, { verified, confirmation }, Math.min(now + timeToLive, expiresAt), now)
        }
        return verified
      }
    })
  }

  const verifyNew = (
    token: string,
    key: string | undefined,
    request: HttpServerRequest.HttpServerRequest | undefined,
    now: number
  ): Verification<Grant<A>, RKeys> => {
    const jws = Jws.parse(token)
    if (typeof jws === "string") return refuse(jws)
    const claims = Jws.decodeObject(jws.payload)
    if (claims === undefined) return refuse("its payload is no object of JSON")
    const { iss } = claims
    const keys = typeof iss === "string" ? keysOf.get(iss) : undefined
    if (keys === undefined) {
      const warning = warnOfIssuer(iss, (issuer) => keysOf.has(issuer))
      return Effect.zipRight(warning, refuse("its issuer is another"))
    }
    const problem = checks.problemOf(jws, claims, now)
    if (problem !== undefined) return refuse(problem)
    const confirmation = Confirmation.parse(claims["cnf"])
    if (confirmation === undefined) return refuse("it is bound in a way that is not checked")
    if (!Confirmation.isProven(confirmation, request, certificate)) return refuse(notBound)
    const proceed = (isSigned: boolean) =>
      // `iss`, `aud` and the types of the others have been checked
      isSigned ?
        granted(key, claims as Claims, confirmation, now)
      : refuse("its signature is wrong")
    const atHand = keys.peek(now)?.find(jws.alg, jws.kid)
    return atHand !== undefined && atHand.length > 0 ?
        ifSigned(token, atHand, proceed)
      : Effect.matchEffect(findKeys(keys, jws), {
          onFailure: () => unavailable,
          onSuccess: (found) =>
            found.length === 0 ?
              refuse("its issuer has no such key")
            : ifSigned(token, found, proceed)
        })
  }

  return {
    verify: (redacted, request) =>
      Effect.clockWith((clock) => {
        const token = Redacted.value(redacted)
        if (token.length > checks.maxLength) return refuse("it is too long")
        const now = clock.unsafeCurrentTimeMillis()
        const key = cache && keyOf(token)
        const known = key === undefined ? undefined : cache?.get(key, now)
        return (
          known === undefined ? verifyNew(token, key, request, now)
          : Confirmation.isProven(known.confirmation, request, certificate) ? known.verified
          : refuse(notBound)
        )
      })
  }
}

// ----------------------------------------------------------------------------
// schemes
// ----------------------------------------------------------------------------

const authenticateWith = <Self extends Top, A, R>(self: Top, { verify }: Verifier<A, R>): Self =>
  // the signature of who calls it has checked the types, and says those of what is made
  SecurityAlgebra.authenticate(
    self as Security<
      BearerToken.BearerToken,
      never,
      never,
      readonly [{ readonly token: readonly [] }],
      {}
    >,
    (token, { request }) => verify(BearerToken.redacted(token), request)
  ) as Top as Self

// ----------------------------------------------------------------------------
// refusals
// ----------------------------------------------------------------------------

type Verification<A, R> = Effect.Effect<
  A,
  SecurityError.Unauthorized | SecurityError.ServiceUnavailable,
  R
>

const invalid = Exit.fail(new SecurityError.Unauthorized({ reason: "invalid" }))

const unavailable = Exit.fail(new SecurityError.ServiceUnavailable())

const notBound = "it is bound to another certificate"

const refusals = new Map<string, Effect.Effect<never, SecurityError.Unauthorized>>()

/** The reasons are sentences of this library, so they are few, and hold nothing of a token. */
const refuse = (reason: string): Effect.Effect<never, SecurityError.Unauthorized> => {
  const known = refusals.get(reason)
  if (known !== undefined) return known
  const made = Effect.zipRight(Effect.logDebug(`a token is refused: ${reason}`), invalid)
  refusals.set(reason, made)
  return made
}

// ----------------------------------------------------------------------------
// keys and signatures
// ----------------------------------------------------------------------------

const issuersOf = <R>(options: Issuers<R> & Requirements): ReadonlyMap<string, Jwks.Jwks<R>> => {
  const entries = entriesOf(options)
  const issuers = new Map(entries.map(({ issuer, keys }) => [issuer, keys]))
  if (issuers.size === 0 || issuers.has("")) throw new Error("issuer can't be empty")
  if (issuers.size < entries.length) {
    throw new Error("an issuer is there twice: give it one source of keys")
  }
  return issuers
}

const entriesOf = <R>(options: Issuers<R> & Requirements): ReadonlyArray<Issuer<R>> => {
  if (options.issuers !== undefined) return options.issuers.map(checkedIssuer)
  if (options.secret === undefined) return [checkedIssuer(options)]
  if (options.keys !== undefined) throw new Error("either keys or a secret, not both")
  const { algorithms } = options
  const [algorithm = "HS256"] = algorithms ?? []
  if (!isSymmetric(algorithm) || (algorithms?.length ?? 1) !== 1) {
    throw new Error(
      "a secret verifies tokens of one algorithm, which is HS256, HS384 or HS512: use keys for others"
    )
  }
  const keys = Jwks.fromSecret(options.secret, { algorithm })
  return [checkedIssuer<R>({ issuer: options.issuer, keys })]
}

const checkedIssuer = <R>({ issuer, keys }: Issuer<R>): Issuer<R> => {
  if (typeof issuer !== "string") throw new Error("issuer has to be a text")
  if (!Jwks.isJwks(keys)) {
    throw new Error(
      "keys has to be a source of keys: Jwks.fromUrl(…) and others make one; or give a secret"
    )
  }
  return { issuer, keys }
}

const isSymmetric = (algorithm: string): algorithm is Jwks.SymmetricAlgorithm =>
  Jwks.symmetric.some((each) => each === algorithm)

const findKeys = <R>(
  keys: Jwks.Jwks<R>,
  { alg, kid }: Jws.Jws
): Effect.Effect<ReadonlyArray<Jwks.Key>, Upstream.UpstreamError, R> =>
  Effect.flatMap(keys.get, (known) => {
    const found = known.find(alg, kid)
    return found.length > 0 ?
        Effect.succeed(found)
      : Effect.map(keys.refresh, (newer) => newer.find(alg, kid))
  })

const ifSigned = <A, E, R>(
  token: string,
  keys: ReadonlyArray<Jwks.Key>,
  proceed: (isSigned: boolean) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => {
  const [only] = keys
  const isSigned =
    only !== undefined && keys.length === 1 ? only.verifies(token) : isSignedByOne(token, keys)
  return typeof isSigned === "boolean" ?
      proceed(isSigned)
    : Effect.async((resume) => {
        void isSigned.then((verdict) => resume(Effect.suspend(() => proceed(verdict))))
      })
}

const isSignedByOne = async (token: string, keys: ReadonlyArray<Jwks.Key>): Promise<boolean> => {
  for (const key of keys) {
    // oxlint-disable-next-line no-await-in-loop -- the first may be the one
    if (await key.verifies(token)) return true
  }
  return false
}

// ----------------------------------------------------------------------------
// claims
// ----------------------------------------------------------------------------

/** How deep the claims of a token may be nested. */
const maxDepth = 32

/** Freezes a value of JSON; tells whether it is nested no deeper than `depth`. */
const seal = (value: unknown, depth: number): boolean => {
  if (typeof value !== "object" || value === null) return true
  if (depth === 0) return false
  for (const member of Object.values(value)) {
    if (!seal(member, depth - 1)) return false
  }
  Object.freeze(value)
  return true
}

// ----------------------------------------------------------------------------
// tokens that are remembered
// ----------------------------------------------------------------------------

interface Remembered<A> {
  readonly verified: Exit.Exit<Grant<A>>
  readonly confirmation: Confirmation.Confirmation
}

// Node 20.12 and later do it without an object.
const keyOf: (token: string) => string =
  typeof Crypto.hash === "function" ?
    (token) => Crypto.hash("sha256", token, "base64")
  : (token) => Crypto.createHash("sha256").update(token).digest("base64")

const cacheOf = <A>(
  options: Requirements["cache"]
): {
  readonly cache: ExpiringMap.ExpiringMap<Remembered<A>> | undefined
  readonly timeToLive: number
} => {
  if (options === false) return { cache: undefined, timeToLive: 0 }
  const timeToLive = Setting.positive(
    "the timeToLive of the cache (`cache: false` remembers none)",
    options?.timeToLive ?? "1 minute"
  )
  return { cache: ExpiringMap.make(options?.capacity ?? 10_000), timeToLive }
}

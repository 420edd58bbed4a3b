/**
 * What is asked of a JWT besides its issuer and its signature.
 *
 * @see [RFC 8725, best current practices](https://www.rfc-editor.org/rfc/rfc8725.html)
 * @see [RFC 9068, access tokens](https://www.rfc-editor.org/rfc/rfc9068.html)
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type * as Confirmation from "../../Confirmation.ts"
import * as Credential from "../../Credential.ts"
import * as Jwks from "../../Jwks.ts"
import type * as Jws from "./Jws.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * What a verified token says. Nobody can change it: one value serves every request that presents the token.
 *
 * `iss`, `aud` and the types of the members named here have been checked; every other member is as the issuer wrote it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Claims {
  readonly iss: string
  /** It is there unless `audience` is `false`. */
  readonly aud?: string | ReadonlyArray<string>
  /** In seconds since 1970. */
  readonly exp?: number
  readonly nbf?: number
  readonly iat?: number
  readonly sub?: string
  readonly jti?: string
  readonly client_id?: string
  readonly [claim: string]: unknown
}

/**
 * What is asked of a token besides its issuer.
 *
 * @category models
 * @since 0.1.0
 */
export interface Requirements {
  /**
   * Who the token has to be meant for: one of these has to be, or be in, its `aud`. There is no default.
   *
   * `false` takes every token of the issuer, also one for another API, which that API can then use here: only for an issuer that writes no
   * `aud`, and with a `claims` schema that says which client or resource the token is of.
   */
  readonly audience: string | ReadonlyArray<string> | false
  /**
   * The algorithms that are accepted; by default all asymmetric ones, or, if the keys are secrets, all HMAC ones.
   *
   * Each key is good for one of them anyway. The two kinds can't be mixed.
   */
  readonly algorithms?: ReadonlyArray<Jwks.Algorithm> | undefined
  /**
   * The kinds of token that are accepted by their `typ`, without regard to case and with or without `application/`; `"at+jwt"` by
   * default (RFC 9068, section 4).
   *
   * Some providers write `"JWT"` into access tokens, and into ID tokens too: then only `audience` tells the two apart. `false` accepts
   * tokens that do not say what they are: no `typ`, `JWT` or `at+jwt`. In a list `false` is a token without `typ`: `[false, "JWT"]`
   * accepts ID tokens and no access token of RFC 9068.
   */
  readonly typ?: string | ReadonlyArray<string | false> | false | undefined
  /**
   * The claims that a token has to have besides `iss` and `aud`.
   *
   * By default those of RFC 9068, section 2.2 where `typ` is `"at+jwt"`: `exp`, `sub`, `client_id`, `iat` and `jti`; `exp` alone otherwise.
   * Without `exp` in the list, a token that has none never expires.
   */
  readonly requiredClaims?: ReadonlyArray<string> | undefined
  /** How much `exp` and `nbf` are stretched for clocks that differ, at most a minute; 0 by default. */
  readonly clockTolerance?: Duration.DurationInput | undefined
  /** The longest token that is looked at, in characters; 16,384 by default, which is the most that a scheme reads. */
  readonly maxLength?: number | undefined
  /**
   * The scopes that a token proves; by default those of `scope`, else of `scp` (a text with spaces between, or an array).
   *
   * Those that the scheme does not declare count for nothing.
   */
  readonly scopes?: ((claims: Claims) => ReadonlyArray<string>) | undefined
  /**
   * Where the client's certificate is found, for tokens that are bound to one; this TLS connection by default.
   *
   * Behind a proxy that ends TLS: `MutualTls.readerBehind(proxy)`.
   */
  readonly certificate?: Confirmation.CertificateReader | undefined
  /**
   * How many verified tokens are remembered, and for how long: 10,000 by default, each for a minute and never past its `exp`.
   *
   * Wrong tokens are not remembered. A token of a key that its issuer has removed is accepted as long as it is remembered. `false` remembers none.
   */
  readonly cache?:
    | {
        readonly capacity?: number | undefined
        readonly timeToLive?: Duration.DurationInput | undefined
      }
    | false
    | undefined
}

/**
 * The requirements of a verifier, compiled.
 *
 * @category models
 * @since 0.1.0
 */
export interface Checks {
  readonly maxLength: number
  /** What is wrong with a token at `now`, in milliseconds, if something is. It holds nothing of the token. */
  readonly problemOf: (
    jws: Jws.Jws,
    claims: { readonly [claim: string]: unknown },
    now: number
  ) => string | undefined
  /** In milliseconds. */
  readonly expiresAt: (claims: Claims) => number
}

// ----------------------------------------------------------------------------
// checks
// ----------------------------------------------------------------------------

/**
 * Compiles requirements. Throws for those that can't be meant: no audience, HMAC beside asymmetric algorithms, a tolerance without end.
 *
 * @category constructors
 * @since 0.1.0
 */
export const compile = (
  options: Requirements,
  sources: ReadonlyArray<Jwks.Jwks<unknown>>
): Checks => {
  const audiences = audiencesOf(options.audience)
  const algorithms: ReadonlySet<string> = new Set(algorithmsOf(options.algorithms, sources))
  const types: ReadonlySet<string | undefined> = new Set(typesOf(options.typ))
  const required = requiredOf(options.requiredClaims, types)
  const tolerance = Duration.toMillis(options.clockTolerance ?? 0)
  if (!(tolerance >= 0 && tolerance <= 60_000)) {
    throw new Error("clockTolerance has to be between 0 and a minute")
  }
  const maxLength = options.maxLength ?? Credential.maxLength
  if (!(maxLength > 0)) throw new Error("maxLength has to be positive")
  const expiresAt = ({ exp }: { readonly exp?: unknown }): number =>
    typeof exp === "number" ? exp * 1000 + tolerance : Number.POSITIVE_INFINITY

  return {
    maxLength,
    expiresAt,
    problemOf: ({ alg, typ }, claims, now) => {
      if (!algorithms.has(alg)) return "its algorithm is not accepted"
      if (!types.has(typ === undefined ? undefined : normalizedType(typ)))
        return "its typ is another"
      for (const [claim, problem] of required) {
        if (!Object.hasOwn(claims, claim) || !isPresent(claims[claim])) return problem
      }
      if (!isMeantFor(audiences, claims["aud"])) return "its audience is another"
      if (!isOptional(claims["exp"], Number.isFinite)) return "exp is no number"
      if (!isOptional(claims["nbf"], Number.isFinite)) return "nbf is no number"
      if (!isOptional(claims["iat"], Number.isFinite)) return "iat is no number"
      if (!isOptional(claims["sub"], isText)) return "sub is no text"
      if (!isOptional(claims["jti"], isText)) return "jti is no text"
      if (!isOptional(claims["client_id"], isText)) return "client_id is no text"
      // not `>=`: a moment that is no number passes nothing
      if (!(now < expiresAt(claims))) return "it has expired"
      const { nbf } = claims
      if (typeof nbf === "number" && !(nbf * 1000 <= now + tolerance)) return "it is not valid yet"
      return undefined
    }
  }
}

const listOf = (value: string | ReadonlyArray<string> | undefined): ReadonlyArray<string> =>
  typeof value === "string" ? [value] : [...(value ?? [])]

const isText = (value: unknown): boolean => typeof value === "string" && value !== ""

const isOptional = (value: unknown, is: (value: unknown) => boolean): boolean =>
  value === undefined || is(value)

const isPresent = (value: unknown): boolean => value !== undefined && value !== null && value !== ""

const algorithmsOf = (
  algorithms: ReadonlyArray<Jwks.Algorithm> | undefined,
  sources: ReadonlyArray<Jwks.Jwks<unknown>>
): ReadonlyArray<Jwks.Algorithm> => {
  const secret = sources.some((source) => source.isSymmetric)
  if (secret && !sources.every((source) => source.isSymmetric)) {
    throw new Error("issuers with secrets and issuers with public keys can't share one verifier")
  }
  const possible: ReadonlyArray<Jwks.Algorithm> = secret ? Jwks.symmetric : Jwks.asymmetric
  if (algorithms === undefined) return possible
  if (algorithms.length === 0) throw new Error("algorithms can't be empty")
  const wrong = algorithms.find((algorithm) => !possible.includes(algorithm))
  if (wrong !== undefined) {
    throw new Error(
      `algorithms can't hold ${JSON.stringify(wrong)}: ${secret ? "secrets" : "public keys"} verify ${possible.join(", ")}`
    )
  }
  return algorithms
}

const typesOf = (
  typ: string | ReadonlyArray<string | false> | false = "at+jwt"
): ReadonlyArray<string | undefined> => {
  if (typ === false) return [undefined, "jwt", "at+jwt"]
  const types = (typeof typ === "string" ? [typ] : typ).map((each) =>
    each === false ? undefined : normalizedType(each)
  )
  if (types.length === 0 || types.includes("")) {
    throw new Error("typ can't be empty: false accepts tokens without one")
  }
  return types
}

// RFC 7515, section 4.1.9
const normalizedType = (typ: string): string => {
  const lower = typ.toLowerCase()
  return lower.startsWith("application/") ? lower.slice("application/".length) : lower
}

const requiredOf = (
  claims: ReadonlyArray<string> | undefined,
  types: ReadonlySet<string | undefined>
): ReadonlyArray<readonly [claim: string, problem: string]> => {
  const isAccessToken = types.size === 1 && types.has("at+jwt")
  const names = claims ?? (isAccessToken ? ["exp", "sub", "client_id", "iat", "jti"] : ["exp"])
  return names.map((claim) => [claim, `it has no ${claim}`])
}

/** `undefined` where any will do. */
const audiencesOf = (
  audience: string | ReadonlyArray<string> | false
): ReadonlySet<string> | undefined => {
  if (audience === false) return undefined
  const audiences = new Set(listOf(audience))
  if (audiences.size === 0 || [...audiences].some((each) => !isText(each))) {
    throw new Error("audience can't be empty: it is what the issuer calls this API")
  }
  return audiences
}

const isMeantFor = (audiences: ReadonlySet<string> | undefined, aud: unknown): boolean =>
  aud === undefined ? audiences === undefined
  : typeof aud === "string" ? audiences === undefined || audiences.has(aud)
  : Array.isArray(aud) &&
    aud.every((each) => typeof each === "string") &&
    (audiences === undefined || aud.some((each) => audiences.has(each)))

// ----------------------------------------------------------------------------
// scopes
// ----------------------------------------------------------------------------

/**
 * The scopes of `scope`, else of `scp`: a text with spaces between, or an array.
 *
 * @category folds
 * @since 0.1.0
 */
export const scopesOf = (claims: Claims): ReadonlyArray<string> => {
  const scope = claims["scope"] ?? claims["scp"]
  return (
    typeof scope === "string" ? scope.split(" ").filter((each) => each !== "")
    : Array.isArray(scope) ? scope.filter((each) => typeof each === "string")
    : []
  )
}

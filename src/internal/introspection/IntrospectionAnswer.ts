/**
 * What the authorization server says of a token, and what is wrong with that.
 *
 * @see [RFC 7662, section 2.2](https://www.rfc-editor.org/rfc/rfc7662.html#section-2.2)
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Confirmation from "../../Confirmation.ts"

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
 * An answer, of which nothing is known yet but that it is an object.
 *
 * @category models
 * @since 0.1.0
 */
export type Answer = { readonly [member: string]: unknown }

/**
 * What is expected of an active token.
 *
 * @category models
 * @since 0.1.0
 */
export interface Expectations {
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
  /** How far the clocks of the two servers may be apart, for `exp` and `nbf`; 0 by default, at most 60 seconds. */
  readonly clockTolerance?: Duration.DurationInput | undefined
}

/**
 * An answer that says that the token is active.
 *
 * @category models
 * @since 0.1.0
 */
export type Active = Answer & { readonly active: true }

/**
 * What an active token that is as expected says, and what it demands of the request.
 *
 * @category models
 * @since 0.1.0
 */
export interface Judged {
  readonly claims: Claims
  readonly confirmation: Confirmation.Confirmation
}

// ----------------------------------------------------------------------------
// rules
// ----------------------------------------------------------------------------

/**
 * Whether the token is active, which is `true` and nothing else.
 *
 * @category guards
 * @since 0.1.0
 */
export const isActive = (answer: Answer): answer is Active => own(answer, "active") === true

/**
 * Makes what tells what is wrong with an active token, or what it says. Throws for an empty `audience` or `issuer`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeRules = ({
  audience,
  clockTolerance = 0,
  issuer
}: Expectations): ((answer: Active, now: number) => Judged | string) => {
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

/**
 * What is wrong with the token of another issuer.
 *
 * @category constants
 * @since 0.1.0
 */
export const otherIssuer = "it is of another issuer"

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

/**
 * A member that the answer itself has.
 *
 * @category folds
 * @since 0.1.0
 */
export const own = (answer: Answer, member: string): unknown =>
  Object.hasOwn(answer, member) ? answer[member] : undefined

/**
 * The scopes of `scope`.
 *
 * @category folds
 * @since 0.1.0
 */
export const scopesOf = ({ scope }: Claims): ReadonlyArray<string> =>
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
  if (!(millis >= 0 && millis <= 60_000)) {
    throw new Error("the clockTolerance of introspection has to be at most 60 seconds")
  }
  return millis
}

/**
 * Access tokens, ID tokens and others, told apart by their claims: where `typ` does not tell, nothing else does.
 *
 * @since 0.1.0
 */
import type * as Jwt from "../../Jwt.ts"

/**
 * What is wrong with the claims of a token, if something is.
 *
 * @category models
 * @since 0.1.0
 */
export type ProblemOf = (claims: Jwt.Claims) => string | undefined

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

/**
 * Takes access tokens, of these clients if they are given: those that say what they are, and of others those that `isTyped` says so of, or
 * that have a claim which ID tokens have not.
 *
 * @category constructors
 * @since 0.1.0
 */
export const accessToken =
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

/**
 * Takes ID tokens of one client (OpenID Connect Core 1.0, section 3.1.3.7).
 *
 * @category constructors
 * @since 0.1.0
 */
export const idToken =
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

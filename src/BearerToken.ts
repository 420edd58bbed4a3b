/**
 * The token that a verifier of bearer tokens is given, by whichever scheme found it.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import type { HttpCredentials } from "./Http.ts"
import { definitions } from "./internal/security/Expression.ts"
import type { Top } from "./internal/security/Model.ts"

/**
 * The credential of a scheme that finds a token: of `OAuth2`, `OpenIdConnect` and `ApiKey`, or of `HttpBearer`.
 *
 * @category models
 * @since 0.1.0
 */
export type BearerToken = Redacted.Redacted<string> | HttpCredentials

/**
 * The token, not to be shown.
 *
 * @category extractors
 * @since 0.1.0
 */
export const redacted = (token: BearerToken): Redacted.Redacted<string> =>
  Redacted.isRedacted(token) ? token : token.credentials

/**
 * The token itself.
 *
 * @category extractors
 * @since 0.1.0
 */
export const value = (token: BearerToken): string => Redacted.value(redacted(token))

/**
 * Throws when one of the schemes reads `DPoP`: its tokens are none that their bearer alone may use (RFC 9449, section 7.1).
 *
 * @category guards
 * @since 0.1.0
 */
export const checkSchemes = (verifier: string, schemes: Top): void => {
  const dpop = definitions(schemes).find(({ authScheme }) => authScheme === "dpop")
  if (dpop !== undefined) {
    throw new Error(
      `${dpop.name}: ${verifier} does not verify the proofs of DPoP (RFC 9449); use HttpBearer`
    )
  }
}

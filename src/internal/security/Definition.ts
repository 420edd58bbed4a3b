/**
 * A scheme as one record: everything else here reads it, and nothing switches on the kind of scheme.
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type { Challenge } from "../../Challenge.ts"
import type { Extraction } from "../../Credential.ts"
import type { ScopeDescriptions, SecurityScheme } from "../../SecurityScheme.ts"

/**
 * A scheme as one record: its name, its OpenAPI object, how its credential is found, how it challenges.
 *
 * @category models
 * @since 0.1.0
 */
export interface Definition<out Credential> {
  readonly name: string
  readonly scheme: SecurityScheme
  /** The scopes that a verifier of this scheme can grant. */
  readonly scopes: ScopeDescriptions
  /** The auth-scheme, in lower case, of a scheme that reads `Authorization`. */
  readonly authScheme: string | undefined
  /** Where the credential is found: what logs and spans have to redact, in lower case for headers. */
  readonly reads: { readonly headers: ReadonlyArray<string>; readonly query: ReadonlyArray<string> }
  readonly extract: (request: HttpServerRequest.HttpServerRequest) => Extraction<Credential>
  /**
   * The challenges, the most preferred first, made anew for each refusal; `problem` is what was wrong with a credential that
   * was presented.
   */
  readonly challenges: (problem?: Problem) => ReadonlyArray<Challenge>
  /** Whether the challenges are the same for every request: they hold no nonce. */
  readonly isChallengeFixed: boolean
  /** Two definitions of one name have to be the same: by this text, or as values when there is none. */
  readonly identity: string | undefined
}

/**
 * What a challenge says of a credential that was presented (RFC 6750, section 3.1).
 *
 * @category models
 * @since 0.1.0
 */
export type Problem =
  | { readonly error: "invalid_token" }
  | { readonly error: "insufficient_scope"; readonly scope: string }

/**
 * Whether two definitions describe the same scheme.
 *
 * @category guards
 * @since 0.1.0
 */
export const isSame = (left: Definition<unknown>, right: Definition<unknown>): boolean =>
  left === right || (left.identity !== undefined && left.identity === right.identity)

/**
 * A scheme as an error message shows it.
 *
 * @category folds
 * @since 0.1.0
 */
export const shown = (definition: Definition<unknown>): string => JSON.stringify(definition.scheme)

/**
 * What a clause needs: a scheme, its verifier, scopes, and what becomes of its errors.
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { type Definition, isSame, shown } from "./Definition.ts"
import * as Outcome from "./Outcome.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * What a verifier grants: the principal, and the scopes the credential proves.
 *
 * @category models
 * @since 0.1.0
 */
export interface Grant<out Principal> {
  readonly principal: Principal
  readonly scopes: ReadonlyArray<string>
}

/**
 * What a verifier is told besides the credential.
 *
 * @category models
 * @since 0.1.0
 */
export interface VerifierContext {
  /** The name of the scheme whose credential it is. */
  readonly scheme: string
  /** Every scope that some alternative of the whole expression asks of the scheme, in order. */
  readonly scopes: ReadonlyArray<string>
  readonly request: HttpServerRequest.HttpServerRequest
}

/**
 * Decides whether a credential is right. Two verifiers are the same when their `identity` is.
 *
 * @category models
 * @since 0.1.0
 */
export interface Verifier {
  readonly identity: unknown
  /** Whether it can fail with `TooManyRequests`. */
  readonly throttles: boolean
  readonly run: (credential: unknown, context: VerifierContext) => Outcome.Erased<Grant<unknown>>
}

/**
 * What becomes of an error: `mapError` and `orDie` leave one on the needs they cover.
 *
 * @category models
 * @since 0.1.0
 */
export type Recover = (error: unknown) => Outcome.Erased<never>

/**
 * One scheme that a clause needs, and the scopes it needs there.
 *
 * @category models
 * @since 0.1.0
 */
export interface Need {
  readonly definition: Definition<unknown>
  readonly verifier: Verifier | undefined
  readonly scopes: ReadonlyArray<string>
  readonly recover: NeedRecover
}

/**
 * What becomes of the errors of one need: each is changed by the `mapError`s that came after what made it.
 *
 * @category models
 * @since 0.1.0
 */
export interface NeedRecover {
  /** Of the refusal of a credential that is absent or malformed. */
  readonly credential: Recover | undefined
  /** Of the errors of the verifier. */
  readonly verifier: Recover | undefined
  /** Of the refusal for want of a scope, where that is changed. */
  readonly scopes: ReadonlyMap<string, Recover>
}

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * What no `mapError` has changed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unchanged: NeedRecover = {
  credential: undefined,
  verifier: undefined,
  scopes: new Map()
}

// ----------------------------------------------------------------------------
// combinators
// ----------------------------------------------------------------------------

/**
 * The needs with one for each scheme: their scopes are united, in order.
 *
 * Throws when two different schemes have one name, or one scheme has two verifiers.
 *
 * @category combinators
 * @since 0.1.0
 */
export const merge = (needs: ReadonlyArray<Need>): ReadonlyArray<Need> => {
  const merged = new Map<string, Need>()
  for (const need of needs) {
    const { name } = need.definition
    const known = merged.get(name)
    merged.set(name, known === undefined ? need : mergeNeed(known, need))
  }
  return [...merged.values()]
}

/**
 * Each scope once, in order.
 *
 * @category combinators
 * @since 0.1.0
 */
export const unique = (scopes: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set(scopes)]

/**
 * Both, one after the other.
 *
 * @category combinators
 * @since 0.1.0
 */
export const after = (first: Recover | undefined, then: Recover): Recover =>
  first === undefined ? then : (error) => Outcome.catchErrors(first(error), then)

/**
 * Both, one after the other, where there is one.
 *
 * @category combinators
 * @since 0.1.0
 */
export const andThen = (
  first: Recover | undefined,
  then: Recover | undefined
): Recover | undefined => (then === undefined ? first : after(first, then))

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const mergeNeed = (left: Need, right: Need): Need => {
  if (!isSame(left.definition, right.definition)) {
    throw new Error(
      `two different schemes are called ${JSON.stringify(left.definition.name)}: ${shown(left.definition)} and ` +
        `${shown(right.definition)}; give one of them another schemeName`
    )
  }
  if (
    left.verifier &&
    right.verifier &&
    !sameIdentity(left.verifier.identity, right.verifier.identity)
  ) {
    throw new Error(
      `the scheme ${JSON.stringify(left.definition.name)} has two verifiers in one expression: authenticate (and provide) ` +
        "it once, and use that value everywhere"
    )
  }
  return {
    ...left,
    verifier: left.verifier ?? right.verifier,
    scopes: unique([...left.scopes, ...right.scopes]),
    recover: {
      credential: left.recover.credential,
      verifier: left.verifier ? left.recover.verifier : right.recover.verifier,
      scopes: new Map([
        ...[...right.recover.scopes].filter(([scope]) => !left.scopes.includes(scope)),
        ...left.recover.scopes
      ])
    }
  }
}

const sameIdentity = (left: unknown, right: unknown): boolean =>
  left === right ||
  (Array.isArray(left) &&
    Array.isArray(right) &&
    left[0] === right[0] &&
    sameIdentity(left[1], right[1]))

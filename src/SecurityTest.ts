/**
 * What tests of one's own API need: an issuer of tokens that runs in the test, requests with credentials, principals without
 * any, and the check that document and enforcement agree.
 *
 * Nothing here is for a server that others reach.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { Granted } from "./Granted.ts"

export * from "./SecurityAgreement.ts"
export * from "./TestIssuer.ts"
export * from "./TestRequest.ts"

/**
 * Lets code run that asks for evidence (`Security.granted`), in a unit test of its own.
 *
 * @example
 * ```ts
 * import { Security, SecurityTest } from "effect-security"
 * import { Effect } from "effect"
 *
 * const deleteItem = Effect.as(Security.granted("items:write"), "deleted")
 * Effect.runSync(SecurityTest.grantAll(deleteItem)) // => "deleted"
 * ```
 * @category principals
 * @since 0.1.0
 */
export const grantAll = <A, E, R>(
  self: Effect.Effect<A, E, R>
): Effect.Effect<A, E, WithoutEvidence<R>> =>
  // evidence is nothing at run time
  self as Effect.Effect<A, E, WithoutEvidence<R>>

type WithoutEvidence<R> = R extends Granted<infer _Scope extends string> ? never : R

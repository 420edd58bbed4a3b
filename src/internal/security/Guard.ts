/**
 * Guards a handler by a security expression.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { dual } from "effect/Function"
import * as CacheHeaders from "./CacheHeaders.ts"
import * as Line from "../line/Line.ts"
import * as Outcome from "./Outcome.ts"
import type { LeftOver } from "../../Granted.ts"
import { decideOf, definitions } from "./Expression.ts"
import type { Failure, Security, Services, Success, Top } from "./Model.ts"
import * as Requirement from "../../SecurityRequirement.ts"
import type { SecurityRequirement } from "../../SecurityRequirement.ts"

/**
 * What a guarded handler is told besides the principal.
 *
 * @category models
 * @since 0.1.0
 */
export interface GuardContext {
  /** The requirement of the route. */
  readonly requirement: SecurityRequirement
  /** Every scope that some alternative of the route asks for, in order. */
  readonly scopes: ReadonlyArray<string>
}

// ----------------------------------------------------------------------------
// guarding
// ----------------------------------------------------------------------------

/**
 * Runs a handler only for a request that the expression lets in.
 *
 * The handler gets the principal, and the requirement and scopes of the route. Nothing of a body is read before the decision.
 * From its `R` the evidence of every scope that holds in *each* alternative is removed: a handler that
 * asks for more does not compile on this route. Where a shared cache can't see that a response depends on a credential
 * (an API key, a certificate, optional authentication), `Cache-Control: private` and `Vary` are added to a response that
 * does not say otherwise, and to what answers an error of the handler or a refusal.
 *
 * A function that takes something else second is called by a handler: `(who) => HttpServerResponse.json(who)`, since
 * `HttpServerResponse.json` alone would be given the context as its options, and does not compile.
 *
 * @example
 * ```ts
 * import { ApiKey, Security } from "effect-security"
 * import { HttpLayerRouter, HttpServerResponse } from "@effect/platform"
 *
 * const Items = HttpLayerRouter.add(
 *   "GET",
 *   "/items",
 *   Security.guard(ApiKey.header("X-API-Key"), () => HttpServerResponse.json([]))
 * )
 * ```
 * @category guards
 * @since 0.1.0
 */
export const guard: {
  <A, Handled extends Line.Handled>(
    handler: (principal: A, context: GuardContext) => Handled
  ): <E, R, Req, G>(
    self: Security<A, E, R, Req, G>
  ) => Effect.Effect<
    Success<Handled> | Line.HandledResponse<Handled>,
    E | Failure<Handled>,
    R | LeftOver<Services<Handled>, Req>
  >
  <A, E, R, Req, G, Handled extends Line.Handled>(
    self: Security<A, E, R, Req, G>,
    handler: (principal: A, context: GuardContext) => Handled
  ): Effect.Effect<
    Success<Handled> | Line.HandledResponse<Handled>,
    E | Failure<Handled>,
    R | LeftOver<Services<Handled>, Req>
  >
} = dual(
  2,
  (
    self: Top & Outcome.Erased,
    handler: (principal: unknown, context: GuardContext) => unknown
  ): Outcome.Erased => {
    const handle = (principal: unknown): Outcome.Erased =>
      Line.handled(handler(principal, context)) ?? Outcome.notEffect("the handler of guard")
    const decide = decideOf(self)
    const context: GuardContext = {
      requirement: self.requirement,
      scopes: Requirement.scopes(self.requirement)
    }
    const cacheHeaders = CacheHeaders.forDefinitions(definitions(self), self.requirement)
    const guarded = Effect.withFiberRuntime<unknown, unknown>((fiber) => {
      const decided = decide(fiber)
      return (
        !Exit.isExit(decided) ? Effect.flatMap(decided, handle)
        : decided._tag === "Success" ? handle(decided.value)
        : decided
      )
    })
    return cacheHeaders === undefined ? guarded : CacheHeaders.around(cacheHeaders)(guarded)
  }
)

/**
 * Evidence that a scope was proven, asked for in `R` where the harm is done.
 *
 * Evidence is a compile-time check that people do not forget; it is no security boundary, since a tag or a cast of
 * one's own that names `Granted` removes it too.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as SecurityRequirement from "./SecurityRequirement.ts"

declare const GrantedTypeId: unique symbol

/**
 * Stands in the `R` of an Effect that may only run where the scope was proven.
 *
 * @category models
 * @since 0.1.0
 */
export interface Granted<in out Scope extends string> {
  readonly [GrantedTypeId]: (scope: Scope) => Scope
}

/**
 * The evidence of a union of scopes: one {@link Granted} for each.
 *
 * @category type functions
 * @since 0.1.0
 */
export type Evidence<Scopes> = Scopes extends string ? Granted<Scopes> : never

interface AnyGranted {
  readonly [GrantedTypeId]: unknown
}

/**
 * What is left of an `R` where a requirement guards it: all but the evidence of the scopes that every alternative asks for.
 *
 * Which those are is worked out for evidence only, so a route that asks for none costs a compiler nothing.
 *
 * @category type functions
 * @since 0.1.0
 */
export type LeftOver<R, Requirement> =
  R extends AnyGranted ? Exclude<R, Evidence<SecurityRequirement.Guaranteed<Requirement>>> : R

/**
 * Asks that the scope be proven by whatever lets this code run. Does nothing at run time.
 *
 * It yields `void`, can't fail, and leaves `Granted<Scope>` in `R` until `Security.guard` or a secured route whose every
 * alternative proves the scope removes it.
 *
 * @example
 * ```ts
 * import { Granted } from "effect-security"
 * import { Effect } from "effect"
 *
 * //      ┌─── Effect<void, never, Granted<"items:write">>
 * const deleteItem = (id: string) => Granted.granted("items:write").pipe(Effect.zipRight(Effect.log("deleted", id)))
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const granted = <const Scope extends string>(
  _scope: Scope &
    (SecurityRequirement.IsSingleLiteral<Scope> extends true ? unknown
    : unknown extends Scope ? never
    : SecurityRequirement.ScopeNotLiteral<Scope>)
): Effect.Effect<void, never, Granted<Scope>> => Effect.void

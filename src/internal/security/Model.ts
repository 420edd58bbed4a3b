/**
 * What a security expression is: an Effect, its requirement, and what it can prove.
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import type * as Types from "effect/Types"
import type * as Unify from "effect/Unify"
import type * as Need from "./Need.ts"
import type * as Refusal from "../refusal/Refusal.ts"
import type * as SecurityRequirement from "../../SecurityRequirement.ts"
import type { SecurityScheme } from "../../SecurityScheme.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * @category type ids
 * @since 0.1.0
 */
export const TypeId: unique symbol = Symbol.for("effect-security/Security")

/**
 * An Effect that decides whether the request is let in, and who is asking.
 *
 * - `A`: the principal, or a bare scheme's credential
 * - `E`: the refusals, and what verifiers and policies fail with besides
 * - `R`: `HttpServerRequest`, and what verifiers and policies need
 * - `Requirement`: the JSON of OpenAPI's `security`, literal for literal
 * - `Grantable`: which scopes each scheme can prove; `Bare` for a scheme that no verifier has seen
 *
 * The last two are not bounded, since to check a bound a compiler would work out the requirement of every route.
 *
 * @category models
 * @since 0.1.0
 */
export interface Security<
  out A,
  out E,
  out R,
  in out Requirement,
  in out Grantable
> extends MembersOfEffect<A, E, R> {
  readonly [TypeId]: {
    readonly _Requirement: Types.Invariant<Requirement>
    readonly _Grantable: Types.Invariant<Grantable>
  }
  /** The ways in, as OpenAPI's `security`. */
  readonly requirement: Requirement
  /** The schemes by name, as OpenAPI's `components.securitySchemes`. */
  readonly schemes: {
    readonly [Name in SecurityRequirement.SchemeNames<Requirement>]: SecurityScheme
  }
  readonly [Unify.unifySymbol]?: Effect.EffectUnify<this>
}

/**
 * What an expression has of an Effect.
 *
 * A compiler works out an interface that is extended anew for each expression, since it may name `this`; a mapped type it works
 * out once for each `A`, `E` and `R`. What does name `this` the expression has to say itself.
 */
type MembersOfEffect<A, E, R> = {
  readonly [
    Member in keyof Effect.Effect<A, E, R> as Exclude<Member, Unify.unifySymbol>
  ]: Effect.Effect<A, E, R>[Member]
}

/**
 * Any security expression. It can be run and shown; nothing can be proven of it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Top extends MembersOfEffect<unknown, unknown, unknown> {
  readonly [TypeId]: object
  readonly requirement: SecurityRequirement.SecurityRequirement
  readonly schemes: { readonly [name: string]: SecurityScheme }
}

/**
 * What a verifier grants: the principal, and the scopes its credential proves.
 *
 * @category models
 * @since 0.1.0
 */
export type Grant<Principal> = Need.Grant<Principal>

/**
 * What a verifier is told besides the credential: the scheme's name, the scopes that are asked of it, the request.
 *
 * @category models
 * @since 0.1.0
 */
export type VerifierContext = Need.VerifierContext

// ----------------------------------------------------------------------------
// extractors
// ----------------------------------------------------------------------------

/**
 * What an expression succeeds with.
 *
 * @category extractors
 * @since 0.1.0
 */
export type Success<Self> = Parts<Self>["A"]

/**
 * What an expression fails with.
 *
 * @category extractors
 * @since 0.1.0
 */
export type Failure<Self> = Parts<Self>["E"]

/**
 * What an expression needs, the request included.
 *
 * @category extractors
 * @since 0.1.0
 */
export type Services<Self> = Parts<Self>["R"]

type Parts<Self> =
  Self extends Effect.Effect<infer A, infer E, infer R> ?
    { readonly A: A; readonly E: E; readonly R: R }
  : never

/**
 * The requirement of an expression: `readonly [{ readonly apiKey: readonly [] }]`.
 *
 * @category extractors
 * @since 0.1.0
 */
export type Requirement<Self extends Top> = Self["requirement"]

/**
 * The schemes of an expression by name.
 *
 * @category extractors
 * @since 0.1.0
 */
export type Schemes<Self extends Top> = Self["schemes"]

/**
 * Every scope that some alternative of an expression asks for, as a union.
 *
 * @category extractors
 * @since 0.1.0
 */
export type Scopes<Self extends Top> = SecurityRequirement.Scopes<Self["requirement"]>

/**
 * Which scopes each scheme of an expression can prove.
 *
 * @category extractors
 * @since 0.1.0
 */
export type Grantable<Self> =
  Self extends (
    {
      readonly [TypeId]: {
        readonly _Grantable: Types.Invariant<infer G extends SecurityRequirement.Grantable>
      }
    }
  ) ?
    G
  : never

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * Whether a value is a security expression.
 *
 * @category guards
 * @since 0.1.0
 */
export const isSecurity = (value: unknown): value is Top => hasProperty(value, TypeId)

/**
 * The expression of one scheme that no verifier has seen.
 *
 * @category models
 * @since 0.1.0
 */
export type Scheme<Name extends string, Credential, Declared extends string = never> = Security<
  Credential,
  Refusal.Unauthorized,
  HttpServerRequest.HttpServerRequest,
  readonly [{ readonly [N in Name]: readonly [] }],
  { readonly [N in Name]: SecurityRequirement.Bare<Declared> }
>

/**
 * What a verifier succeeds with: the principal, and the scopes that its credential proves (none by default).
 *
 * Scopes that the scheme does not declare count for nothing.
 *
 * @example
 * ```ts
 * import { ApiKey, Security } from "effect-security"
 * import { Effect } from "effect"
 *
 * const robots = ApiKey.header("X-API-Key").pipe(
 *   Security.authenticate(() => Effect.succeed(Security.grant({ robot: "R2-D2" })))
 * )
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const grant = <Principal>(
  principal: Principal,
  scopes: ReadonlyArray<string> = []
): Grant<Principal> => ({ principal, scopes })

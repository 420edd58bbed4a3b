/**
 * What a security expression is: an Effect, its requirement, and what it can prove.
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import { hasProperty } from "effect/Predicate"
import type * as Types from "effect/Types"
import * as Clause from "./Clause.ts"
import type { Definition } from "./Definition.ts"
import * as Evaluation from "./Evaluation.ts"
import type * as SecurityError from "./SecurityError.ts"
import type * as SecurityRequirement from "./SecurityRequirement.ts"
import type { SecurityScheme } from "./SecurityScheme.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

const TypeId: unique symbol = Symbol.for("effect-security/Security")

/**
 * An Effect that decides whether the request is let in, and who is asking.
 *
 * - `A`: the principal, or a bare scheme's credential
 * - `E`: the refusals, and what verifiers and policies fail with besides
 * - `R`: `HttpServerRequest`, and what verifiers and policies need
 * - `Requirement`: the JSON of OpenAPI's `security`, literal for literal
 * - `Grantable`: which scopes each scheme can prove; `Bare` for a scheme that no verifier has seen
 *
 * @category models
 * @since 0.1.0
 */
export interface Security<
  out A,
  out E,
  out R,
  in out Requirement extends SecurityRequirement.SecurityRequirement,
  in out Grantable extends SecurityRequirement.Grantable
> extends Effect.Effect<A, E, R> {
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
}

/**
 * Any security expression. It can be run and shown; nothing can be proven of it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Top extends Effect.Effect<unknown, unknown, unknown> {
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
export type Grant<Principal> = Clause.Grant<Principal>

/**
 * What a verifier is told besides the credential: the scheme's name, the scopes that are asked of it, the request.
 *
 * @category models
 * @since 0.1.0
 */
export type VerifierContext = Clause.VerifierContext

// ----------------------------------------------------------------------------
// extractors
// ----------------------------------------------------------------------------

/**
 * What an expression succeeds with.
 *
 * @category extractors
 * @since 0.1.0
 */
export type Success<Self> = Self extends Effect.Effect<infer A, infer _E, infer _R> ? A : never

/**
 * What an expression fails with.
 *
 * @category extractors
 * @since 0.1.0
 */
export type Failure<Self> = Self extends Effect.Effect<infer _A, infer E, infer _R> ? E : never

/**
 * What an expression needs, the request included.
 *
 * @category extractors
 * @since 0.1.0
 */
export type Services<Self> = Self extends Effect.Effect<infer _A, infer _E, infer R> ? R : never

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

const ExpressionId: unique symbol = Symbol.for("effect-security/Security/Expression")

class SecurityImpl extends Effectable.Class<unknown, unknown, never> implements Top {
  readonly [TypeId] = {}
  readonly [ExpressionId]: Clause.Expression
  readonly requirement: SecurityRequirement.SecurityRequirement
  readonly schemes: { readonly [name: string]: SecurityScheme }
  private readonly evaluation: Clause.Erased

  constructor(expression: Clause.Expression) {
    super()
    const evaluation = Evaluation.evaluate(Evaluation.plan(expression))
    this[ExpressionId] = expression
    this.requirement = Clause.requirement(expression)
    this.schemes = Object.assign(
      Object.create(null),
      Object.fromEntries(
        [...Clause.needs(expression)].map(([name, need]) => [name, need.definition.scheme])
      )
    )
    this.evaluation = expression.around?.(evaluation) ?? evaluation
  }

  override commit(): Clause.Erased {
    return this.evaluation
  }
}

/**
 * The expression of some clauses: combinators give it its types.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <Self extends Top>(expression: Clause.Expression): Self =>
  // the types of an expression are those of the signature that made it
  new SecurityImpl(expression) as Top as Self

/**
 * The clauses of an expression.
 *
 * @category reflection
 * @since 0.1.0
 */
export const expressionOf = (self: unknown): Clause.Expression => {
  if (!hasProperty(self, ExpressionId)) {
    throw new Error(
      "not a security expression: use a scheme, or what a combinator of Security made"
    )
  }
  // only `SecurityImpl` has the property
  return self[ExpressionId] as Clause.Expression
}

/**
 * Whether a value is a security expression.
 *
 * @category guards
 * @since 0.1.0
 */
export const isSecurity = (value: unknown): value is Top => hasProperty(value, TypeId)

/**
 * The expression of one scheme: it succeeds with the scheme's credential, unverified.
 *
 * The constructors of the scheme modules are made of it, as is `Scheme.make` for a scheme of one's own.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromDefinition = <const Name extends string, Credential, Declared extends string>(
  definition: Definition<Credential> & {
    readonly name: Name
    readonly scopes: { readonly [Scope in Declared]: string }
  }
): Scheme<NoInfer<Name>, Credential, NoInfer<Declared>> => make(Clause.bare(definition))

/**
 * The expression of one scheme that no verifier has seen.
 *
 * @category models
 * @since 0.1.0
 */
export type Scheme<Name extends string, Credential, Declared extends string = never> = Security<
  Credential,
  SecurityError.Unauthorized,
  HttpServerRequest.HttpServerRequest,
  readonly [{ readonly [N in Name]: readonly [] }],
  { readonly [N in Name]: SecurityRequirement.Bare<Declared> }
>

const open: Security<void, never, never, readonly [{}], {}> = make(
  Clause.constant([Clause.open(undefined)])
)

export {
  /**
   * Lets everyone in: `security: []`. It reads nothing, needs nothing and can't fail.
   *
   * @category constructors
   * @since 0.1.0
   */
  open as public
}

/**
 * Lets nobody in: it fails with `Forbidden` (403). OpenAPI has no form for it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const deny: Security<never, SecurityError.Forbidden, never, readonly [], {}> = make(
  Clause.constant([])
)

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

// ----------------------------------------------------------------------------
// reflection
// ----------------------------------------------------------------------------

/**
 * The schemes of an expression as the records they were made from, in order of first appearance.
 *
 * @category reflection
 * @since 0.1.0
 */
export const definitions = (self: Top): ReadonlyArray<Definition<unknown>> =>
  [...Clause.needs(expressionOf(self)).values()].map((need) => need.definition)

/**
 * The statuses that an expression can refuse with, as far as its value tells; its types tell the rest.
 *
 * A scheme: 401. Scopes, a policy that is an Effect, or no way in: 403. A verifier that throttles: 429. A verifier, or such a
 * policy: 503.
 *
 * @category reflection
 * @since 0.1.0
 */
export const statuses = (self: Top): ReadonlyArray<SecurityError.Status> => {
  const { clauses } = expressionOf(self)
  const needs = clauses.flatMap((clause) => clause.needs)
  const hasPolicy = clauses.some((clause) => clause.build._tag === "Effect")
  const isForbidding = clauses.length === 0 || needs.some((need) => need.scopes.length > 0)
  const isVerifying = needs.some((need) => need.verifier !== undefined)
  return [
    ...(needs.length > 0 ? [401 as const] : []),
    ...(isForbidding || hasPolicy ? [403 as const] : []),
    ...(needs.some((need) => need.verifier?.throttles) ? [429 as const] : []),
    ...(isVerifying || hasPolicy ? [503 as const] : [])
  ]
}

/**
 * Security expressions as values: how their clauses become an Effect, and how adapters see the clauses again.
 *
 * Users of the package do not reach this module: whoever makes an expression of clauses decides what its types say.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { hasProperty } from "effect/Predicate"
import * as Scope from "effect/Scope"
import * as Clause from "./Clause.ts"
import type { Definition } from "./Definition.ts"
import * as Evaluation from "./Evaluation.ts"
import * as Line from "../line/Line.ts"
import * as Outcome from "./Outcome.ts"
import * as Plan from "./Plan.ts"
import type * as Refusal from "../refusal/Refusal.ts"
import type * as RefusalAnswer from "../refusal/RefusalAnswer.ts"
import { type Scheme, type Security, type Top, TypeId } from "./Model.ts"
import type * as SecurityRequirement from "../../SecurityRequirement.ts"
import type { SecurityScheme } from "../../SecurityScheme.ts"

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

const ExpressionId: unique symbol = Symbol.for("effect-security/Security/Expression")

const DecideId: unique symbol = Symbol.for("effect-security/Security/Decide")

/**
 * Evaluates an expression in a running fiber: what it returns is an Exit where there was nothing to wait for.
 *
 * @category models
 * @since 0.1.0
 */
export type Decide = (fiber: Fiber.RuntimeFiber<unknown, unknown>) => Outcome.Erased

interface Decides {
  readonly [DecideId]: Decide
}

class SecurityImpl
  extends Line.effectClass<unknown, unknown, never>((self: Decides, fiber) => self[DecideId](fiber))
  implements Top
{
  readonly [TypeId] = {}
  readonly [ExpressionId]: Clause.Expression
  readonly requirement: SecurityRequirement.SecurityRequirement
  readonly schemes: { readonly [name: string]: SecurityScheme }
  readonly [DecideId]: Decide

  constructor(expression: Clause.Expression) {
    super()
    const plan = Plan.make(expression)
    this[ExpressionId] = expression
    this.requirement = Clause.requirement(expression)
    this.schemes = Object.assign(
      Object.create(null),
      Object.fromEntries(
        [...Clause.needs(expression)].map(([name, need]) => [name, need.definition.scheme])
      )
    )
    const around = expression.around?.(Evaluation.evaluate(plan))
    this[DecideId] = around === undefined ? (fiber) => Evaluation.decide(plan, fiber) : () => around
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
export const expressionOf = (self: unknown): Clause.Expression => implOf(self)[ExpressionId]

/**
 * What an adapter calls to evaluate an expression, without an Effect around it.
 *
 * @category reflection
 * @since 0.1.0
 */
export const decideOf = (self: unknown): Decide => implOf(self)[DecideId]

const implOf = (self: unknown): SecurityImpl => {
  if (!isImpl(self)) {
    throw new Error(
      "not a security expression: use a scheme, or what a combinator of Security made"
    )
  }
  return self
}

/** Only `SecurityImpl` has the property. */
const isImpl = (self: unknown): self is SecurityImpl => hasProperty(self, ExpressionId)

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
export const deny: Security<never, Refusal.Forbidden, never, readonly [], {}> = make(
  Clause.constant([])
)

/**
 * Gives the verifiers and policies of an expression services that the route does not; the route's own go first.
 *
 * This is what a Layer does with what it was built with. It changes no type: what the expression needs, the Layer's type says.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withServices = <Self extends Top>(
  self: Self,
  context: Context.Context<never>
): Self => {
  const services = withoutBuilding(context)
  return make(
    Clause.mapEffects(expressionOf(self), (effect) =>
      // what has nothing to do needs nothing
      Outcome.isDone(effect) ? effect : Line.provideMissing(effect, services)
    )
  )
}

/** What every Layer is built with, and no verifier means: a Scope that it asks for is the request's. */
const withoutBuilding = Context.omit(Scope.Scope, Layer.CurrentMemoMap)

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
export const statuses = (self: Top): ReadonlyArray<RefusalAnswer.Status> => {
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

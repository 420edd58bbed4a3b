/**
 * Middleware tags that carry a security expression, and the Layer that implements one and all that are derived from it.
 *
 * @since 0.1.0
 */
import type * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { Evidence, Granted } from "../../Granted.ts"
import * as SecurityError from "../../SecurityError.ts"
import type {
  Grantable as Grants,
  Guaranteed,
  IsSingleLiteral,
  Provable,
  ScopeNotLiteral,
  SecurityRequirement,
  Unproven,
  WithScopes
} from "../../SecurityRequirement.ts"
import * as Line from "../line/Line.ts"
import type { CheckLiterals } from "../security/Algebra.ts"
import * as CacheHeaders from "../security/CacheHeaders.ts"
import * as Clause from "../security/Clause.ts"
import * as Outcome from "../security/Outcome.ts"
import {
  decideOf,
  definitions,
  expressionOf,
  make,
  statuses,
  withServices
} from "../security/Expression.ts"
import type {
  Failure,
  Grantable,
  Requirement,
  Security,
  Services,
  Success,
  Top
} from "../security/Model.ts"
import * as Platform from "./Platform.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

const SecuredTypeId: unique symbol = Symbol.for("effect-security/SecurityMiddleware/Secured")

/**
 * What the Layer of a tag provides: the implementation of the tag and of all that are derived from it.
 *
 * Types tell tags apart by their id alone, so give each its own. The Layer of another tag of the same id compiles, and
 * implements nothing of this one: the API's Layer then fails to build.
 *
 * @category models
 * @since 0.1.0
 */
export interface Implementation<out Id extends string> {
  readonly [SecuredTypeId]: Id
}

/**
 * What stands in an endpoint's `R` for its security: which Layer implements it, what its handler may use, how it fails.
 *
 * `Provides` is the principal's tag and the evidence of the scopes that hold in every alternative. Of a tag that was derived it is
 * `never`: what that provides is in the {@link Proven} beside it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Secured<out Id extends string, out Provides, out E> extends Platform.Middleware<
  Provides,
  E
> {
  readonly [SecuredTypeId]: Id
}

/**
 * What stands in an endpoint's `R` beside its {@link Secured} when its tag was derived: what its handler may use.
 *
 * It is gone where the endpoint has a handler, since it provides itself (`Provides` has {@link AnyProven}), and wherever a Layer
 * of a tag is provided. So the `R` of a whole API has one type for each tag, however many scopes its endpoints ask for, and
 * not one for each set of scopes, which TypeScript would compare two by two.
 *
 * @category models
 * @since 0.1.0
 */
export interface Proven<out Provides>
  extends AnyProven, Platform.Providing<Provides>, Platform.NeedsNoLayer {}

/**
 * Any {@link Proven}. Its id is that of no tag, so it is implemented with each.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnyProven {
  readonly [SecuredTypeId]: never
}

/**
 * What stands in the `R` of an endpoint that has security of its own.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnyIdentifier extends Platform.AnyMiddleware {
  readonly [SecuredTypeId]: string
}

/**
 * A middleware tag that carries a security expression.
 *
 * @category models
 * @since 0.1.0
 */
export interface Tag<Self, Id extends string, Expression extends Top, Principal, Service, E>
  extends Context.Tag<Self, Platform.Service<Principal, Service, E>>, Platform.Members<E> {
  new (
    _: never
  ): Context.TagClassShape<Id, Platform.Service<Principal, Service, E>> &
    Secured<Id, Principal | Evidence<Guaranteed<Requirement<Expression>>>, E>
  readonly [StateId]: State<Id>
  readonly provides: Context.Tag<Principal, Service> | undefined
  /** The expression that the middleware enforces and documents. */
  readonly security: Expression
  /**
   * The same middleware asking for more scopes: no class and no Layer of its own are needed.
   *
   * What it gives is a plain tag for `.middleware`, `secureGroup` and `secureApi`, which is checked fast. Compiles only if
   * every alternative can prove the scopes; throws otherwise. Deriving twice gives one tag.
   */
  readonly scopes: AskScopes<
    Asked<Requirement<Expression>, Grantable<Expression>>,
    Secured<Id, never, E | SecurityError.Forbidden>,
    AnyProven | Principal | Evidence<Guaranteed<Requirement<Expression>>>,
    Platform.Service<Principal, Service, E | SecurityError.Forbidden>
  >
  /**
   * The tag that `scopes` gives, as a tag of this library: it shows its expression, can be asked for more scopes, and has a Layer.
   */
  readonly derive: Derive<
    Id,
    Expression,
    Asked<Requirement<Expression>, Grantable<Expression>>,
    Principal,
    Service,
    E | SecurityError.Forbidden
  >
}

/**
 * How a tag is asked for scopes.
 *
 * A call signature for each number of scopes: the check of one scope is remembered, that of a tuple is new at each endpoint.
 * And what it gives is no more than the platform's tag: TypeScript infers from an interface that extends one member by member.
 * What does not depend on the scopes is worked out once for each tag.
 *
 * @category models
 * @since 0.1.0
 */
export interface AskScopes<Asks extends AnyAsked, Secured, Provides, Service> {
  <const A extends string = never>(
    first: CheckScope<A, Asks>
  ): Context.Tag<Secured | Proven<Provides | Granted<A>>, Service>
  <const A extends string = never, const B extends string = never>(
    first: CheckScope<A, Asks>,
    second: CheckScope<B, Asks>
  ): Context.Tag<Secured | Proven<Provides | Granted<A> | Granted<B>>, Service>
  <const A extends string = never, const B extends string = never, const C extends string = never>(
    first: CheckScope<A, Asks>,
    second: CheckScope<B, Asks>,
    third: CheckScope<C, Asks>
  ): Context.Tag<Secured | Proven<Provides | Granted<A> | Granted<B> | Granted<C>>, Service>
  <
    const A extends string = never,
    const B extends string = never,
    const C extends string = never,
    const D extends string = never,
    const More extends ReadonlyArray<string> = readonly []
  >(
    first: CheckScope<A, Asks>,
    second: CheckScope<B, Asks>,
    third: CheckScope<C, Asks>,
    fourth: CheckScope<D, Asks>,
    ...more: More & CheckLiterals<More> & CheckScopes<More, Asks>
  ): Context.Tag<
    | Secured
    | Proven<Provides | Granted<A> | Granted<B> | Granted<C> | Granted<D> | Evidence<More[number]>>,
    Service
  >
}

/**
 * How a tag of this library is derived from another: with a call signature for each number of scopes, as {@link AskScopes}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Derive<
  Id extends string,
  Expression extends Top,
  Asks extends AnyAsked,
  Principal,
  Service,
  E
> {
  (): DerivedTag<Id, Derived<Expression, readonly []>, Principal, Service, E>
  <const A extends string = never>(
    first: CheckScope<A, Asks>
  ): DerivedTag<Id, Derived<Expression, readonly [A]>, Principal, Service, E>
  <const A extends string = never, const B extends string = never>(
    first: CheckScope<A, Asks>,
    second: CheckScope<B, Asks>
  ): DerivedTag<Id, Derived<Expression, readonly [A, B]>, Principal, Service, E>
  <const A extends string = never, const B extends string = never, const C extends string = never>(
    first: CheckScope<A, Asks>,
    second: CheckScope<B, Asks>,
    third: CheckScope<C, Asks>
  ): DerivedTag<Id, Derived<Expression, readonly [A, B, C]>, Principal, Service, E>
  <
    const A extends string = never,
    const B extends string = never,
    const C extends string = never,
    const D extends string = never,
    const More extends ReadonlyArray<string> = readonly []
  >(
    first: CheckScope<A, Asks>,
    second: CheckScope<B, Asks>,
    third: CheckScope<C, Asks>,
    fourth: CheckScope<D, Asks>,
    ...more: More & CheckLiterals<More> & CheckScopes<More, Asks>
  ): DerivedTag<Id, Derived<Expression, readonly [A, B, C, D, ...More]>, Principal, Service, E>
}

/**
 * A tag that was derived from another by asking for scopes.
 *
 * @category models
 * @since 0.1.0
 */
export interface DerivedTag<
  Id extends string,
  Expression extends Top,
  Principal,
  Service,
  E
> extends Tag<
  | Secured<Id, never, E>
  | Proven<AnyProven | Principal | Evidence<Guaranteed<Requirement<Expression>>>>,
  Id,
  Expression,
  Principal,
  Service,
  E
> {}

/**
 * Any tag of this module.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnyTag extends Platform.AnyTag {
  readonly [StateId]: State<string>
  readonly security: Top
}

const StateId: unique symbol = Symbol.for("effect-security/SecurityMiddleware/State")

/**
 * A tag as a Layer sees it: what has been derived from it is implemented with it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Implementable<out Id extends string> {
  readonly [StateId]: State<Id>
}

/** The tags that one Layer implements: the first, and what has been derived from it since, by their requirements. */
interface State<out Id extends string> {
  readonly id: Id
  readonly tags: Map<string, AnyTag>
}

type Derived<Expression extends Top, Scopes extends ReadonlyArray<string>> = Security<
  Success<Expression>,
  Failure<Expression> | SecurityError.Forbidden,
  Services<Expression>,
  WithScopes<Requirement<Expression>, Grantable<Expression>, Scopes>,
  Grantable<Expression>
>

/** Of whom scopes are asked: the alternatives, and what each scheme can prove. One type, so that a check has one argument less. */
interface Asked<out Req extends SecurityRequirement, out G extends Grants> {
  readonly requirement: Req
  readonly grantable: G
}

type AnyAsked = Asked<SecurityRequirement, Grants>

/**
 * The scope when it is one literal that every alternative can prove, else the error; `never` for `any`, which nothing else
 * would stop. Where an editor asks what could stand there nothing is inferred, and the scope is `never`, its default.
 */
type CheckScope<Scope extends string, Asks extends AnyAsked> =
  unknown extends Scope ? never
  : IsSingleLiteral<Scope> extends true ?
    CheckDerived<Scope, Asks["requirement"], Asks["grantable"]>
  : [Scope] extends [never] ? Provable<Asks["requirement"], Asks["grantable"]>
  : ScopeNotLiteral<Scope>

// The error is written in place, not named, so that a compiler prints its sentences.
type CheckDerived<Scope extends string, Req extends SecurityRequirement, G extends Grants> =
  Scope extends Guaranteed<WithScopes<Req, G, readonly [Scope]>> ? Scope
  : {
      readonly "scope cannot be proven through": [Unproven<Req, G, readonly [Scope]>] extends (
        [never]
      ) ?
        "alternatives whose type does not say what they need"
      : Unproven<Req, G, readonly [Scope]>
      readonly "every alternative can prove": Provable<Req, G>
    }

/** `unknown` when every alternative can prove the scopes, else the error of each. */
type CheckScopes<Scopes extends ReadonlyArray<string>, Asks extends AnyAsked> =
  [Unproven<Asks["requirement"], Asks["grantable"], Scopes>] extends [never] ? unknown
  : { readonly [I in keyof Scopes]: CheckScope<Scopes[I], Asks> }

// ----------------------------------------------------------------------------
// type errors
// ----------------------------------------------------------------------------

/**
 * The expression yields another principal than the tag that is to provide it holds.
 *
 * @category type errors
 * @since 0.1.0
 */
export interface WrongPrincipal<out Yields, out Wanted> {
  readonly "the expression yields": Yields
  readonly "but `provides` wants": Wanted
}

/**
 * The expression can fail with what the contract of the HttpApi lacks.
 *
 * @category type errors
 * @since 0.1.0
 */
export interface FailureNotInContract<out E> {
  readonly "give `failure` a schema of every error of the expression; it lacks": E
}

type CheckPrincipal<Expression extends Top, Service> =
  [void] extends [Service] ? unknown
  : [Success<Expression>] extends [Service] ? unknown
  : { readonly security: WrongPrincipal<Success<Expression>, Service> }

type CheckFailure<Expression extends Top, E> =
  [Exclude<Failure<Expression>, E>] extends [never] ? unknown
  : { readonly failure: FailureNotInContract<Exclude<Failure<Expression>, E>> }

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * Makes a middleware tag of a security expression.
 *
 * - `security`: the expression; what it needs besides the request is needed by {@link layer}
 * - `provides`: the tag under which handlers find the principal
 * - `failure`: the schema of its errors, needed when it can fail with others than the refusals
 *
 * The errors are part of every endpoint's contract, with their status, and always set their headers. Security is decided
 * before path, query, headers or body are decoded. Throws when a member of `failure` has no status: an HttpApi would answer
 * it with 500.
 *
 * @example
 * ```ts
 * import { ApiKey, Security, SecurityMiddleware } from "effect-security"
 * import { Context, Effect } from "effect"
 *
 * class Robot extends Context.Tag("app/Robot")<Robot, { readonly name: string }>() {}
 *
 * class Authentication extends SecurityMiddleware.Tag<Authentication>()("app/Authentication", {
 *   security: ApiKey.header("X-API-Key").pipe(
 *     Security.authenticate(() => Effect.succeed(Security.grant({ name: "R2-D2" })))
 *   ),
 *   provides: Robot
 * }) {}
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const Tag =
  <Self>() =>
  <
    const Id extends string,
    Expression extends Top,
    Principal = never,
    Service = void,
    E = never,
    Encoded = never
  >(
    id: Id,
    options: {
      readonly security: Expression
      readonly provides?: Context.Tag<Principal, Service>
      readonly failure?: Schema.Schema<E, Encoded>
    } & CheckPrincipal<Expression, Service> &
      CheckFailure<Expression, [E] extends [never] ? SecurityError.Refusal : E>
  ): Tag<Self, Id, Expression, Principal, Service, [E] extends [never] ? Failure<Expression> : E> =>
    // the platform's tag, whose types are those of the signature
    makeTag({
      state: { id, tags: new Map() },
      key: id,
      security: options.security,
      provides: options.provides,
      failure: options.failure && checkFailure(id, options.failure)
    }) as Platform.AnyTag as never

/**
 * The Layer that implements a tag and all tags that are derived from it, before or after.
 *
 * It needs what the verifiers and policies of the expression need. A tag that is derived after the Layer was *built* (not
 * made) is not in it: the API's Layer then fails to build.
 *
 * @example
 * ```ts
 * import { HttpBearer, SecurityMiddleware } from "effect-security"
 *
 * class Token extends SecurityMiddleware.Tag<Token>()("app/Token", { security: HttpBearer.make() }) {}
 *
 * const TokenLive = SecurityMiddleware.layer(Token)
 * ```
 * @category layers
 * @since 0.1.0
 */
export const layer = <Id extends string, Expression extends Top>(
  tag: Implementable<Id> & { readonly security: Expression }
): Layer.Layer<
  Implementation<Id>,
  never,
  Exclude<Services<Expression>, HttpLayerRouter.Provided>
> =>
  Layer.effectContext(
    Effect.map(
      Effect.context<Exclude<Services<Expression>, HttpLayerRouter.Provided>>(),
      (context) =>
        Context.unsafeMake<Implementation<Id>>(
          new Map(family(tag).map((each) => [each.key, implementation(each, context)]))
        )
    )
  )

/**
 * Whether a middleware tag carries a security expression of this library.
 *
 * @category guards
 * @since 0.1.0
 */
export const isTag = (tag: object): tag is AnyTag => hasProperty(tag, StateId)

/**
 * A tag and all that have been derived from it until now: what one Layer implements.
 *
 * @category reflection
 * @since 0.1.0
 */
export const family = (tag: Implementable<string>): ReadonlyArray<AnyTag> => [
  ...tag[StateId].tags.values()
]

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const makeTag = (options: {
  readonly state: State<string>
  readonly key: string
  readonly security: Top
  readonly provides: Platform.PrincipalTag
  readonly failure: Schema.Schema.All | undefined
}): AnyTag => {
  const { failure, key, provides, security, state } = options
  const known = state.tags.get(key)
  if (known !== undefined) return known
  const platformTag = Platform.make(uniqueKey(key), provides, failure ?? defaultFailure(security))
  const derive = (...scopes: ReadonlyArray<string>): AnyTag => {
    const derived: Top = make(Clause.withScopes(expressionOf(security), scopes))
    return makeTag({
      ...options,
      key: `${state.id}/${JSON.stringify(derived.requirement)}`,
      security: derived,
      failure: failure && withForbidden(failure)
    })
  }
  const tag = Object.assign(platformTag, { [StateId]: state, security, scopes: derive, derive })
  state.tags.set(key, tag)
  return tag
}

/** What a verifier can fail with only its type tells: the contract has all three, or the client could not decode them. */
const defaultFailure = (security: Top): Schema.Schema.All => {
  const known = new Set(statuses(security))
  if (known.has(503)) known.add(403)
  return Schema.Union(...[...known].sort().map((status) => SecurityError.contract[status]))
}

/** How often each key has been made. The platform runs whatever it finds under a tag's key. */
const keys = Line.once("effect-security/SecurityMiddleware/keys", () => new Map<string, number>())

/** The first tag of a key has that key; another that was given the same id is no part of it. */
const uniqueKey = (key: string): string => {
  const count = (keys.get(key) ?? 0) + 1
  keys.set(key, count)
  return count === 1 ? key : uniqueKey(`${key}#${count}`)
}

/** An error of one's own with 403 is not the Forbidden of this library. */
const withForbidden = (failure: Schema.Schema.All): Schema.Schema.All =>
  Platform.errorsOf(failure).some(({ identifier }) => identifier === forbidden) ?
    failure
  : Schema.Union(failure, SecurityError.contract[403])

const forbidden = Platform.errorsOf(SecurityError.contract[403])[0]?.identifier

/** What is wrong with the statuses of an error's schema, as an HttpApi reads them. */
const checkFailure = <Self extends Schema.Schema.All>(id: string, failure: Self): Self => {
  const members = Platform.errorsOf(failure)
  if (members.length > 1 && Platform.hasStatus(failure)) {
    throw new Error(
      `the failure of ${JSON.stringify(id)} is a Union with a status, which an HttpApi ignores: give each member its own by ` +
        Platform.settingStatus
    )
  }
  for (const { hasStatus, shown } of members) {
    if (!hasStatus) {
      throw new Error(
        `${shown}, in the failure of ${JSON.stringify(id)}, has no status, and an HttpApi would ` +
          `answer it with 500: give it one by ${Platform.settingStatus}`
      )
    }
  }
  return failure
}

/** The expression with the services of the Layer for its verifiers and policies; the request's own go first. */
const implementation = (
  { provides, security }: AnyTag,
  context: Context.Context<never>
): unknown => {
  const cacheHeaders = CacheHeaders.forDefinitions(definitions(security), security.requirement)
  const change =
    cacheHeaders && ((response: Response): Response => CacheHeaders.add(cacheHeaders, response))
  const pass = cacheHeaders && CacheHeaders.append(cacheHeaders)
  return Platform.implement({
    decide: decideOf(withServices(security, context)),
    provides,
    pass,
    fail: (cause) => {
      const refusal = refusalIn(cause)
      if (refusal !== undefined) {
        return Effect.zipRight(SecurityError.appendHeaders(refusal, change), Exit.failCause(cause))
      }
      const failed = Exit.failCause(withoutErrors(cause))
      return pass === undefined ? failed : Effect.zipRight(pass(undefined), failed)
    }
  })
}

type Response = HttpServerResponse.HttpServerResponse

/** The refusal that answers; beside a defect none does. */
const refusalIn = (cause: Cause.Cause<unknown>): SecurityError.Refusal | undefined => {
  const error = Option.getOrUndefined(Line.failureOf(cause))
  return SecurityError.isRefusal(error) ? error : undefined
}

/** Beside a defect the platform may answer an error, and a defect that looks like one: a defect is a 500. */
const withoutErrors = (cause: Cause.Cause<unknown>): Cause.Cause<unknown> =>
  Option.match(Line.defectsOf(cause), {
    onNone: () => cause,
    onSome: (defects) => Outcome.asDefects(defects, isEncodable)
  })

/** Whether the schema of some error of an HttpApi may fit a defect. */
const isEncodable = (defect: unknown): boolean => hasProperty(defect, "_tag")

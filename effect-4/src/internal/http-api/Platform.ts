/**
 * What an HttpApi takes for a middleware: the types of its identifier and of its service, its tag, and its errors.
 *
 * @since 0.1.0
 */
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { hasProperty } from "effect/Predicate"
import type * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type * as Scope from "effect/Scope"
import type * as Types from "effect/Types"
import type * as Outcome from "../security/Outcome.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

type TypeId = keyof HttpApiMiddleware.AnyId

declare const TypeId: TypeId

/** What stands for the schema of the errors: an HttpApi reads its type and its services. */
interface Contract<out E> extends Schema.Codec<E, unknown> {}

interface Config<out Provides, out E extends Schema.Top> {
  readonly provides: Provides
  readonly requires: never
  readonly error: E
  readonly clientError: never
  readonly requiredForClient: false
}

/**
 * What an identifier says: what the middleware provides, and how it fails.
 *
 * @category models
 * @since 0.1.0
 */
export interface Middleware<out Provides, out E> {
  readonly [TypeId]: Config<Provides, Contract<E>>
}

/**
 * An identifier that says no more than what is provided.
 *
 * @category models
 * @since 0.1.0
 */
export interface Providing<out Provides> {
  readonly [TypeId]: Config<Provides, never>
}

/**
 * Any identifier.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnyMiddleware extends HttpApiMiddleware.AnyId {}

/**
 * What an identifier has besides when it needs no Layer: it is a Scope to the types, and each request has one of its own.
 *
 * @category models
 * @since 0.1.0
 */
export interface NeedsNoLayer extends Scope.Scope {}

/**
 * What implements a middleware.
 *
 * @category models
 * @since 0.1.0
 */
export type Service<Principal, _Provided, E> = HttpApiMiddleware.HttpApiMiddleware<
  Principal,
  Contract<E>,
  never
>

/**
 * What a tag has besides its identifier and its service.
 *
 * @category models
 * @since 0.1.0
 */
export interface Members<_E> {
  readonly error: ReadonlySet<Schema.Top>
  readonly requiredForClient: false
}

/**
 * Any tag.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnyTag extends HttpApiMiddleware.AnyService {}

/**
 * The tag of what a middleware provides, where it does.
 *
 * @category models
 * @since 0.1.0
 */
export type PrincipalTag = Context.Key<unknown, unknown> | undefined

/**
 * A member of a schema of errors, as an HttpApi reads it.
 *
 * @category models
 * @since 0.1.0
 */
export interface ErrorMember {
  readonly identifier: string | undefined
  readonly hasStatus: boolean
  readonly shown: string
}

// ----------------------------------------------------------------------------
// tags
// ----------------------------------------------------------------------------

/**
 * Makes a tag.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (key: string, provides: PrincipalTag, failure: Schema.Top): AnyTag =>
  Object.assign(
    // a Union would be answered with one status
    HttpApiMiddleware.Service<never>()(key, { error: members(failure) }),
    { provides }
  ) as object as AnyTag

/**
 * Implements a tag by a decision: what it passes is provided, and `pass` runs before that; `fail` answers what it fails with.
 *
 * @category constructors
 * @since 0.1.0
 */
export const implement =
  ({
    decide,
    fail,
    pass = Exit.succeed,
    provides
  }: {
    readonly decide: (fiber: Fiber.Fiber<unknown, unknown>) => Outcome.Erased
    readonly provides: PrincipalTag
    readonly pass: (<Value>(value: Value) => Effect.Effect<Value>) | undefined
    readonly fail: (cause: Cause.Cause<unknown>) => Effect.Effect<never, unknown>
  }): HttpApiMiddleware.HttpApiMiddleware<never, never, never> =>
  (handler) => {
    const passed =
      provides === undefined ?
        () => handler
      : (principal: unknown) => Effect.provideService(handler, provides, principal)
    const onSuccess = (principal: unknown) => Effect.flatMap(pass(principal), passed)
    const onFailure = (cause: Cause.Cause<unknown>) =>
      // what an expression can fail with is said by its tag
      fail(cause) as Effect.Effect<never, Types.unhandled>
    return Effect.withFiber((fiber) => {
      const decided = decide(fiber)
      return (
        !Exit.isExit(decided) ? Effect.matchCauseEffect(decided, { onSuccess, onFailure })
        : decided._tag === "Success" ? onSuccess(decided.value)
        : onFailure(decided.cause)
      )
    })
  }

/**
 * The middlewares of an endpoint: those of its group and of its API have been pushed into it.
 *
 * @category reflection
 * @since 0.1.0
 */
export const middlewaresOf = (
  _api: object,
  ofEndpoint: Iterable<AnyTag>
): ReadonlyArray<AnyTag> => [...ofEndpoint]

// ----------------------------------------------------------------------------
// errors
// ----------------------------------------------------------------------------

/**
 * How a schema is given a status, as messages say it.
 *
 * @category constants
 * @since 0.1.0
 */
export const settingStatus = "HttpApiSchema.status(…)"

/**
 * The members of a schema of errors.
 *
 * @category folds
 * @since 0.1.0
 */
export const errorsOf = (failure: Schema.Top): ReadonlyArray<ErrorMember> =>
  members(failure).map((member) => {
    const identifier = SchemaAST.resolveIdentifier(SchemaAST.toType(member.ast))
    return { identifier, hasStatus: hasStatus(member), shown: identifier ?? String(member.ast) }
  })

/**
 * Whether a schema itself has a status.
 *
 * @category guards
 * @since 0.1.0
 */
export const hasStatus = (schema: Schema.Top): boolean =>
  SchemaAST.resolve(schema.ast)?.["httpApiStatus"] !== undefined

const members = (schema: Schema.Top): ReadonlyArray<Schema.Top> =>
  isUnion(schema) ? schema.members.flatMap(members) : [schema]

const isUnion = (
  schema: Schema.Top
): schema is Schema.Top & Schema.Union<ReadonlyArray<Schema.Top>> =>
  SchemaAST.isUnion(schema.ast) && hasProperty(schema, "members")

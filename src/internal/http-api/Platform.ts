/**
 * What an HttpApi takes for a middleware: the types of its identifier and of its service, its tag, and its errors.
 *
 * @since 0.1.0
 */
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type * as Outcome from "../security/Outcome.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * What an identifier says: what the middleware provides, and how it fails.
 *
 * @category models
 * @since 0.1.0
 */
export interface Middleware<out Provides, out E> {
  readonly [HttpApiMiddleware.TypeId]: {
    readonly provides: Provides
    readonly failure: E
  }
}

/**
 * An identifier that says no more than what is provided.
 *
 * @category models
 * @since 0.1.0
 */
export interface Providing<out Provides> {
  readonly [HttpApiMiddleware.TypeId]: { readonly provides: Provides }
}

/**
 * Any identifier.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnyMiddleware {
  readonly [HttpApiMiddleware.TypeId]: { readonly provides: unknown }
}

/**
 * What an identifier has besides when it needs no Layer: nothing, since it provides itself.
 *
 * @category models
 * @since 0.1.0
 */
// eslint-disable-next-line typescript/no-empty-object-type
export interface NeedsNoLayer {}

/**
 * What implements a middleware.
 *
 * @category models
 * @since 0.1.0
 */
export type Service<_Principal, Provided, E> = HttpApiMiddleware.HttpApiMiddleware<Provided, E>

/**
 * What a tag has besides its identifier and its service.
 *
 * @category models
 * @since 0.1.0
 */
export interface Members<E> {
  readonly [HttpApiMiddleware.TypeId]: HttpApiMiddleware.TypeId
  readonly optional: false
  readonly failure: Schema.Schema<E, unknown>
}

/**
 * Any tag.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnyTag extends HttpApiMiddleware.TagClassAny {}

/**
 * The tag of what a middleware provides, where it does.
 *
 * @category models
 * @since 0.1.0
 */
export type PrincipalTag = HttpApiMiddleware.TagClassAny["provides"]

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
export const make = (key: string, provides: PrincipalTag, failure: Schema.Schema.All): AnyTag =>
  // the platform takes `undefined` for a tag that provides nothing, and types its service exactly
  HttpApiMiddleware.Tag<never>()(key, {
    failure,
    provides: provides as NonNullable<PrincipalTag>
  }) as object as AnyTag

/**
 * Implements a tag by a decision: what it passes is provided, and `pass` runs before that; `fail` answers what it fails with.
 *
 * @category constructors
 * @since 0.1.0
 */
export const implement = ({
  decide,
  fail,
  pass = Exit.succeed
}: {
  readonly decide: (fiber: Fiber.RuntimeFiber<unknown, unknown>) => Outcome.Erased
  readonly provides: PrincipalTag
  readonly pass: (<Value>(value: Value) => Effect.Effect<Value>) | undefined
  readonly fail: (cause: Cause.Cause<unknown>) => Effect.Effect<never, unknown>
}): HttpApiMiddleware.HttpApiMiddleware<unknown, unknown> =>
  Effect.withFiberRuntime<unknown, unknown>((fiber) => {
    const decided = decide(fiber)
    return (
      !Exit.isExit(decided) ? Effect.matchCauseEffect(decided, { onSuccess: pass, onFailure: fail })
      : decided._tag === "Success" ? pass(decided.value)
      : fail(decided.cause)
    )
  })

/**
 * The middlewares of an endpoint: those of the API stand apart from its own and those of its group.
 *
 * @category reflection
 * @since 0.1.0
 */
export const middlewaresOf = (
  api: { readonly middlewares: ReadonlySet<AnyTag> },
  ofEndpoint: Iterable<AnyTag>
): ReadonlyArray<AnyTag> => [...api.middlewares, ...ofEndpoint]

// ----------------------------------------------------------------------------
// errors
// ----------------------------------------------------------------------------

/**
 * How a schema is given a status, as messages say it.
 *
 * @category constants
 * @since 0.1.0
 */
export const settingStatus = "HttpApiSchema.annotations({ status })"

/**
 * The members of a schema of errors.
 *
 * @category folds
 * @since 0.1.0
 */
export const errorsOf = (failure: Schema.Schema.All): ReadonlyArray<ErrorMember> =>
  members(failure.ast).map((ast) => {
    const identifier = identifierOf(ast)
    return { identifier, hasStatus: astHasStatus(ast), shown: identifier ?? String(ast) }
  })

/**
 * Whether a schema itself has a status.
 *
 * @category guards
 * @since 0.1.0
 */
export const hasStatus = (schema: Schema.Schema.All): boolean => astHasStatus(schema.ast)

const members = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.AST> =>
  ast._tag === "Union" ? ast.types.flatMap(members) : [ast]

/** A class has its identifier on the side of its type. */
const identifierOf = (ast: SchemaAST.AST): string | undefined =>
  Option.getOrUndefined(SchemaAST.getIdentifierAnnotation(SchemaAST.typeAST(ast)))

const astHasStatus = (ast: SchemaAST.AST): boolean => HttpApiSchema.getStatus(ast, 0) !== 0

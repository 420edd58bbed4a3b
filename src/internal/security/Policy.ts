/**
 * Policies: what comes after the schemes were proven. All keep the requirement.
 *
 * @since 0.1.0
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { dual } from "effect/Function"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Predicate from "effect/Predicate"
import type * as Runtime from "effect/Runtime"
import * as Line from "../line/Line.ts"
import * as Build from "./Build.ts"
import * as Clause from "./Clause.ts"
import * as Outcome from "./Outcome.ts"
import * as Refusal from "../refusal/Refusal.ts"
import { expressionOf, make } from "./Expression.ts"
import type { Failure, Security, Services, Success, Top } from "./Model.ts"
import type { SecurityRequirement } from "../../SecurityRequirement.ts"

// ----------------------------------------------------------------------------
// combinators: policies
// ----------------------------------------------------------------------------

/**
 * Changes what the expression succeeds with.
 *
 * @category combinators
 * @since 0.1.0
 */
export const map: {
  <A, B>(
    f: (a: A) => B
  ): <E, R, Req, G>(self: Security<A, E, R, Req, G>) => Security<B, E, R, Req, G>
  <A, E, R, Req, G, B>(self: Security<A, E, R, Req, G>, f: (a: A) => B): Security<B, E, R, Req, G>
} = dual(2, (self: Top, f: (a: unknown) => unknown) =>
  make(Clause.mapBuild(expressionOf(self), Build.map(f)))
)

/**
 * Changes what the expression succeeds with by an Effect: looks up a user, asks a policy.
 *
 * It runs after the scopes were checked. If it fails with `Unauthorized`, `Forbidden` or `ServiceUnavailable`, the next
 * alternative is tried; any other error ends the evaluation with itself.
 *
 * @category combinators
 * @since 0.1.0
 */
export const mapEffect: {
  <A, Mapped extends Effect.Effect<unknown, unknown, unknown>>(
    f: (a: A) => Mapped
  ): <E, R, Req, G>(
    self: Security<A, E, R, Req, G>
  ) => Security<Success<Mapped>, E | Failure<Mapped>, R | Services<Mapped>, Req, G>
  <A, E, R, Req, G, Mapped extends Effect.Effect<unknown, unknown, unknown>>(
    self: Security<A, E, R, Req, G>,
    f: (a: A) => Mapped
  ): Security<Success<Mapped>, E | Failure<Mapped>, R | Services<Mapped>, Req, G>
} = dual(2, (self: Top, f: (a: unknown) => Outcome.Erased) =>
  make(Clause.mapBuild(expressionOf(self), Build.mapEffect(f, "the function of mapEffect")))
)

/**
 * Runs an Effect on what the expression succeeds with, and keeps that.
 *
 * It fails as {@link mapEffect} does.
 *
 * @category combinators
 * @since 0.1.0
 */
export const tap: {
  <A, Tapped extends Effect.Effect<unknown, unknown, unknown>>(
    f: (a: A) => Tapped
  ): <E, R, Req, G>(
    self: Security<A, E, R, Req, G>
  ) => Security<A, E | Failure<Tapped>, R | Services<Tapped>, Req, G>
  <A, E, R, Req, G, Tapped extends Effect.Effect<unknown, unknown, unknown>>(
    self: Security<A, E, R, Req, G>,
    f: (a: A) => Tapped
  ): Security<A, E | Failure<Tapped>, R | Services<Tapped>, Req, G>
} = dual(2, (self: Top, f: (a: unknown) => Outcome.Erased) =>
  make(
    Clause.mapBuild(
      expressionOf(self),
      Build.mapEffect((a) => Effect.as(Outcome.effectOf(f(a), tapped), a), tapped)
    )
  )
)

const tapped = "the function of tap"

/**
 * Keeps what a predicate accepts, and fails with `orFailWith` otherwise, which is tried and told as by {@link mapEffect}.
 *
 * @example
 * ```ts
 * import { HttpBasic, Security, SecurityError } from "effect-security"
 *
 * const admins = HttpBasic.make().pipe(
 *   Security.filterOrFail(
 *     ({ username }) => username === "admin",
 *     () => new SecurityError.Forbidden({ message: "Administrators only" })
 *   )
 * )
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const filterOrFail: {
  <A, B extends A, E2>(
    refinement: Predicate.Refinement<NoInfer<A>, B>,
    orFailWith: (a: NoInfer<A>) => E2
  ): <E, R, Req, G>(self: Security<A, E, R, Req, G>) => Security<B, E | E2, R, Req, G>
  <A, E2>(
    predicate: Predicate.Predicate<NoInfer<A>>,
    orFailWith: (a: NoInfer<A>) => E2
  ): <E, R, Req, G>(self: Security<A, E, R, Req, G>) => Security<A, E | E2, R, Req, G>
  <A, E, R, Req, G, B extends A, E2>(
    self: Security<A, E, R, Req, G>,
    refinement: Predicate.Refinement<A, B>,
    orFailWith: (a: A) => E2
  ): Security<B, E | E2, R, Req, G>
  <A, E, R, Req, G, E2>(
    self: Security<A, E, R, Req, G>,
    predicate: Predicate.Predicate<A>,
    orFailWith: (a: A) => E2
  ): Security<A, E | E2, R, Req, G>
} = dual(3, (self: Top, predicate: (a: unknown) => boolean, orFailWith: (a: unknown) => unknown) =>
  make(
    Clause.mapBuild(
      expressionOf(self),
      Build.mapEffect(
        (a) => (predicate(a) ? Exit.succeed(a) : Exit.fail(orFailWith(a))),
        "filterOrFail"
      )
    )
  )
)

// ----------------------------------------------------------------------------
// combinators: errors
// ----------------------------------------------------------------------------

/**
 * Changes what the expression fails with: how the 401 and the 403 get a body of one's own.
 *
 * The challenges are kept: they are set on the response whatever error answers, as long as it keeps the status. In a
 * larger expression the refusals are changed last, when the whole has decided, so a changed one still lets the other
 * alternatives try.
 *
 * @example
 * ```ts
 * import { HttpBearer, Security } from "effect-security"
 * import { HttpApiSchema } from "@effect/platform"
 * import { Schema } from "effect"
 *
 * class NotWelcome extends Schema.TaggedError<NotWelcome>()(
 *   "NotWelcome",
 *   { detail: Schema.String },
 *   HttpApiSchema.annotations({ status: 401 })
 * ) {}
 *
 * const token = HttpBearer.make().pipe(Security.mapError(({ reason }) => new NotWelcome({ detail: reason })))
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const mapError: {
  <E, E2>(
    f: (error: E) => E2
  ): <A, R, Req, G>(self: Security<A, E, R, Req, G>) => Security<A, E2, R, Req, G>
  <A, E, R, Req, G, E2>(
    self: Security<A, E, R, Req, G>,
    f: (error: E) => E2
  ): Security<A, E2, R, Req, G>
} = dual(2, (self: Top, f: (error: unknown) => unknown) =>
  make(Clause.recover(expressionOf(self), (error) => Effect.suspend(() => Effect.fail(f(error)))))
)

/**
 * Makes a defect (500) of every error but the refusals, which still answer 401, 403 and 503.
 *
 * @category combinators
 * @since 0.1.0
 */
export const orDie = <A, E, R, Req extends SecurityRequirement, G>(
  self: Security<A, E, R, Req, G>
): Security<A, Refused<E>, R, Req, G> =>
  make(
    Clause.recover(expressionOf(self), (error) =>
      Refusal.isRefusal(error) ? Effect.fail(error) : Outcome.dieOf(error)
    )
  )

type Refused<E> = unknown extends E ? Refusal.Refusal : Extract<E, Refusal.Refusal>

// ----------------------------------------------------------------------------
// combinators: services and spans
// ----------------------------------------------------------------------------

/**
 * Provides what the verifiers and policies of the expression need; the request stays the route's.
 *
 * The provided expression counts as verified anew: provide once, and use that value everywhere. A Layer is built for each
 * verifier and each policy that runs: where that is dear, build it once and provide its `Context`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const provide: {
  <ROut, E2 = never, RIn = never>(
    source: Layer.Layer<ROut, E2, RIn> | Context.Context<ROut> | Runtime.Runtime<ROut>
  ): <A, E, R, Req, G>(
    self: Security<A, E, R, Req, G>
  ) => Security<A, E | E2, RIn | ExcludeProvided<R, ROut>, Req, G>
  <A, E, R, Req, G, ROut, E2 = never, RIn = never>(
    self: Security<A, E, R, Req, G>,
    source: Layer.Layer<ROut, E2, RIn> | Context.Context<ROut> | Runtime.Runtime<ROut>
  ): Security<A, E | E2, RIn | ExcludeProvided<R, ROut>, Req, G>
} = dual(2, (self: Top, source: Context.Context<never>) =>
  make(
    Clause.mapEffects(expressionOf(self), (effect) =>
      withOwnRequest(effect, (own) => Line.provideOwn(own, source))
    )
  )
)

/**
 * Provides one service to the verifiers and policies of the expression, as {@link provide} does.
 *
 * @category combinators
 * @since 0.1.0
 */
export const provideService: {
  <I, S>(
    tag: Context.Tag<I, S>,
    service: NoInfer<S>
  ): <A, E, R, Req, G>(
    self: Security<A, E, R, Req, G>
  ) => Security<A, E, ExcludeProvided<R, I>, Req, G>
  <A, E, R, Req, G, I, S>(
    self: Security<A, E, R, Req, G>,
    tag: Context.Tag<I, S>,
    service: NoInfer<S>
  ): Security<A, E, ExcludeProvided<R, I>, Req, G>
} = dual(3, (self: Top, tag: Context.Tag<never, unknown>, service: unknown) =>
  make(
    Clause.mapEffects(expressionOf(self), (effect) =>
      withOwnRequest(effect, (own) => Effect.provideService(own, tag, service))
    )
  )
)

/** Provides whatever it does outside of the request that is evaluated. */
const withOwnRequest = <A>(
  effect: Outcome.Erased<A>,
  provide: (effect: Outcome.Erased<A>) => Outcome.Erased<A>
): Outcome.Erased<A> =>
  Effect.contextWithEffect((context: Context.Context<never>) =>
    Option.match(Context.getOption(context, HttpServerRequest.HttpServerRequest), {
      onNone: () => provide(effect),
      onSome: (request) =>
        provide(Effect.provideService(effect, HttpServerRequest.HttpServerRequest, request))
    })
  )

type ExcludeProvided<R, Provided> = Exclude<
  R,
  Exclude<Provided, HttpServerRequest.HttpServerRequest>
>

/**
 * Runs the evaluation in a span. Inside a larger expression the span covers the policies only, since verification is shared.
 *
 * No credential is written to it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withSpan: {
  (name: string): <A, E, R, Req, G>(self: Security<A, E, R, Req, G>) => Security<A, E, R, Req, G>
  <A, E, R, Req, G>(self: Security<A, E, R, Req, G>, name: string): Security<A, E, R, Req, G>
} = dual(2, (self: Top, name: string) => {
  const expression = expressionOf(self)
  const { around } = expression
  return make({
    ...expression,
    around: (evaluation) =>
      Effect.withSpan(around?.(evaluation) ?? evaluation, name, { captureStackTrace: false })
  })
})

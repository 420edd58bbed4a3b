/**
 * What a user's Effect came to: an error, a defect, or that it is its own result. Expressions are nothing to this module.
 *
 * @since 0.1.0
 */
import * as HttpServerRespondable from "@effect/platform/HttpServerRespondable"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Line from "../line/Line.ts"

/**
 * An Effect whose types the public signatures carry.
 *
 * @category models
 * @since 0.1.0
 */
export type Erased<A = unknown> = Effect.Effect<A, unknown, never>

// ----------------------------------------------------------------------------
// results
// ----------------------------------------------------------------------------

/**
 * Whether an Effect of a user is its own result. An error that is an Effect may be called Success.
 *
 * @category guards
 * @since 0.1.0
 */
export const isDone = <A, E>(effect: Effect.Effect<A, E>): effect is Exit.Exit<A, E> =>
  Exit.isExit(effect) && !(effect instanceof Error)

/**
 * What a callback of a user returned, if that is an Effect; else a defect that says which callback it was. To run what is none may
 * answer with 500, or never.
 *
 * @category guards
 * @since 0.1.0
 */
export const effectOf = <A>(returned: Erased<A>, callback: string): Erased<A> =>
  Effect.isEffect(returned) ? returned : notEffect(callback)

/**
 * The defect of a callback that returned no Effect.
 *
 * @category guards
 * @since 0.1.0
 */
export const notEffect = (callback: string): Erased<never> =>
  Exit.die(new Error(`${callback} has to return an Effect`))

// ----------------------------------------------------------------------------
// failures
// ----------------------------------------------------------------------------

/**
 * The error of a cause without a defect; of several fibers the others may have been interrupted for it.
 *
 * @category failures
 * @since 0.1.0
 */
export const errorOf = Line.failureOf

/**
 * Handles the errors of an Effect, not one that stands beside a defect.
 *
 * @category failures
 * @since 0.1.0
 */
export const catchErrors = <A>(
  effect: Erased<A>,
  handle: (error: unknown) => Erased<A>
): Erased<A> =>
  Effect.catchAllCause(effect, (cause) => {
    const error = errorOf(cause)
    return error._tag === "None" ? Exit.failCause(cause) : handle(error.value)
  })

/**
 * The same cause, none of whose defects is taken for an answer: a router answers a defect that is respondable, such as a
 * refusal, as if the Effect had failed with it. A defect is a 500.
 *
 * @category failures
 * @since 0.1.0
 */
export const asDefects = <E>(
  cause: Cause.Cause<E>,
  isAnswer: (defect: unknown) => boolean = HttpServerRespondable.isRespondable
): Cause.Cause<E> =>
  Cause.isDie(cause) ?
    Line.mapDefects(cause, (defect) => (isAnswer(defect) ? wrapped(defect) : defect))
  : cause

/**
 * What fails with a defect that is not taken for an answer.
 *
 * @category failures
 * @since 0.1.0
 */
export const dieOf = (defect: unknown): Erased<never> =>
  Exit.failCause(asDefects(Cause.die(defect)))

const wrapped = (defect: unknown): Error =>
  new Error(`died of what it could have failed with: ${String(defect)}`, { cause: defect })

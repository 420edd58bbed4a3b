/**
 * One run for all who ask for the same thing at the same time.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Line from "../line/Line.ts"

/**
 * Joins callers of one key in one run of their Effect.
 *
 * @category models
 * @since 0.1.0
 */
export interface SingleFlight<in out A, in out E> {
  /** How many runs are on their way. */
  readonly size: number
  /** Runs the Effect, or waits for the run that another caller of the key has started. */
  readonly run: <R>(key: string, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

interface Flight<A, E> {
  readonly landed: Deferred.Deferred<A, E>
  fiber: Fiber.RuntimeFiber<void> | undefined
  waiting: number
}

/**
 * Makes one.
 *
 * The run belongs to no caller: it is a fiber of its own, which sees the services of the caller that started it. A caller that is
 * interrupted leaves the others waiting. When nobody waits any more the run is interrupted, unless `outlives` is set.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A, E>(options: { readonly outlives?: boolean } = {}): SingleFlight<A, E> => {
  const flights = new Map<string, Flight<A, E>>()
  const leave = (key: string, flight: Flight<A, E>): Effect.Effect<void> =>
    Effect.suspend(() => {
      flight.waiting--
      if (flight.waiting > 0 || options.outlives || flight.fiber === undefined) return Effect.void
      // whoever asks from now on starts anew
      if (flights.get(key) === flight) flights.delete(key)
      return Line.interruptFork(flight.fiber)
    })
  const wait = (
    key: string,
    flight: Flight<A, E>,
    restore: <B, E2, R>(effect: Effect.Effect<B, E2, R>) => Effect.Effect<B, E2, R>
  ): Effect.Effect<A, E> => {
    flight.waiting++
    return Effect.onInterrupt(restore(Deferred.await(flight.landed)), () => leave(key, flight))
  }
  return {
    get size() {
      return flights.size
    },
    run: <R>(key: string, effect: Effect.Effect<A, E, R>) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.suspend(() => {
          const known = flights.get(key)
          if (known !== undefined) return wait(key, known, restore)
          return Effect.flatMap(Deferred.make<A, E>(), (landed) => {
            const flight: Flight<A, E> = { landed, fiber: undefined, waiting: 0 }
            flights.set(key, flight)
            const land = (exit: Exit.Exit<A, E>): Effect.Effect<void> =>
              Effect.suspend(() => {
                if (flights.get(key) === flight) flights.delete(key)
                return Effect.asVoid(Deferred.done(landed, exit))
              })
            return Effect.flatMap(
              Effect.forkDaemon(Effect.flatMap(Effect.exit(Effect.interruptible(effect)), land)),
              (fiber) => {
                flight.fiber = fiber
                return wait(key, flight, restore)
              }
            )
          })
        })
      )
  }
}

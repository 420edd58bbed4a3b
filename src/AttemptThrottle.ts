/**
 * What bounds guesses, as those see it who are guessed at: `Throttle` is one that counts, and one of your own fits as well.
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as Effect from "effect/Effect"

/**
 * One attempt to be let in.
 *
 * @category models
 * @since 0.1.0
 */
export interface Attempt {
  /** Whose account it is tried at, known or not; for keys there is none. */
  readonly account?: string
  readonly request: HttpServerRequest.HttpServerRequest
}

/**
 * Counts attempts, and fails when there were too many: as a rule with `TooManyRequests` (429), and with `ServiceUnavailable` (503)
 * when it can't count.
 *
 * @category models
 * @since 0.1.0
 */
export interface AttemptThrottle<out E, out R = never> {
  readonly attempt: (attempt: Attempt) => Effect.Effect<void, E, R>
}

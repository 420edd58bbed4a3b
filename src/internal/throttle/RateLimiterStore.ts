/**
 * What the rate limiter of the platform asks of a store, and says of a refusal.
 *
 * @since 0.1.0
 */
import * as RateLimiter from "@effect/experimental/RateLimiter"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * A store as it is written here.
 *
 * @category models
 * @since 0.1.0
 */
export interface Store {
  /** How many attempts there are now, and in how many milliseconds they are forgotten. */
  readonly fixedWindow: (options: {
    readonly key: string
    readonly tokens: number
    readonly refillRate: Duration.Duration
    readonly limit: number | undefined
  }) => Effect.Effect<readonly [count: number, milliseconds: number]>
  /** How many tokens are left, and for how many milliseconds the next one has been coming. */
  readonly tokenBucket: (options: {
    readonly key: string
    readonly tokens: number
    readonly limit: number
    readonly refillRate: Duration.Duration
    readonly allowOverflow: boolean
  }) => Effect.Effect<readonly [left: number, milliseconds: number]>
}

/**
 * The store as a Layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (make: () => Store): Layer.Layer<RateLimiter.RateLimiterStore> =>
  Layer.sync(RateLimiter.RateLimiterStore, () => {
    const { fixedWindow, tokenBucket } = make()
    return {
      fixedWindow,
      tokenBucket: (options) => Effect.map(tokenBucket(options), ([left]) => left)
    }
  })

/**
 * In how much time an attempt may be made again, where there were too many; `undefined` where the store failed.
 *
 * @category folds
 * @since 0.1.0
 */
export const retryAfter = (error: RateLimiter.RateLimiterError): Duration.Duration | undefined =>
  error.reason === "Exceeded" ? error.retryAfter : undefined

// @ts-nocheck -- words of the other line, for tests alone: what they say is checked on their own line
import * as R from "effect/persistence/RateLimiter"
export * from "effect/persistence/RateLimiter"
export class RateLimitStoreError extends R.RateLimiterError {
  constructor({ message }) {
    super({ reason: new R.RateLimitStoreError({ message }) })
  }
}

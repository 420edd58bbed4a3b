/** What several machines share. */
import * as RateLimiter from "@effect/experimental/RateLimiter"
import * as RateLimiterRedis from "@effect/experimental/RateLimiter/Redis"
import * as DigestNoncesRedis from "effect-security/DigestNoncesRedis"
import { Config, Layer } from "effect"

const redis = { host: Config.string("REDIS_HOST"), port: Config.integer("REDIS_PORT") }

/** What `Throttle.make()` and `HttpDigest.authenticate` need. */
export const SharedLive = Layer.merge(
  RateLimiter.layer.pipe(Layer.provide(RateLimiterRedis.layerStoreConfig(redis))),
  DigestNoncesRedis.layerConfig(redis)
)

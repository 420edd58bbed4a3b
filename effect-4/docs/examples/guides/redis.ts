/** What several machines share. */
import { NodeRedis } from "@effect/platform-node"
import * as DigestNoncesRedis from "effect-security/DigestNoncesRedis"
import { Config, Layer } from "effect"
import { RateLimiter } from "effect/persistence"

const redis = { host: Config.String("REDIS_HOST"), port: Config.Int("REDIS_PORT") }

/** What `Throttle.make()` and `HttpDigest.authenticate` need. */
export const SharedLive = Layer.merge(
  RateLimiter.layer.pipe(
    Layer.provide(RateLimiter.layerStoreRedis()),
    Layer.provide(NodeRedis.layerConfig({ socket: redis }))
  ),
  DigestNoncesRedis.layerConfig(redis)
)

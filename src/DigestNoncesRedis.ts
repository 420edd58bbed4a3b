/**
 * The nonces of HTTP Digest that several machines have used, remembered in Redis.
 *
 * Needs the optional peer `ioredis`.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Redis, type RedisOptions } from "ioredis"
import * as DigestNonces from "./DigestNonces.ts"

/**
 * What the client of Redis is told, and what the store is.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = RedisOptions & {
  /** What the names of its keys begin with; `"effect-security:digest:"` by default. */
  readonly prefix?: string | undefined
  /** How long it may take to use a nonce; 2 seconds by default. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * A store of nonces in Redis.
 *
 * Each nonce that was used is a key until it expires, and each use is one atomic script. Another key says since when the store
 * remembers, and which run of Redis that is (`run_id` of `INFO server`, which its user has to be allowed): nonces that are older are
 * refused. So a Redis makes none replayable that lost its data, that restarted with some of it (a snapshot, an append-only
 * file), or that a replica has taken over from. Redis must not evict keys (`maxmemory-policy noeviction`, its default), and no
 * two may take writes for one name at the same time.
 *
 * Redis that fails, or does not answer in time, is a {@link DigestNonces.StoreError}, which verifiers answer with 503. The clocks of
 * the machines may be a minute apart; one that is ahead of Redis's makes nonces that outlive a restart by as much.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: Options = {}
): Effect.Effect<DigestNonces.StoreService, never, Scope.Scope> => {
  const { prefix = "effect-security:digest:", timeout, ...redisOptions } = options
  const limit = Duration.decode(timeout ?? "2 seconds")
  const since = `${prefix}since`
  return Effect.acquireRelease(
    Effect.clockWith((clock) => Effect.sync(() => connect(redisOptions, since, clock))),
    (redis) => Effect.sync(() => redis.disconnect())
  ).pipe(
    Effect.map((redis) => ({
      use: ({ expiresAt, issuedAt, nc, nonce, now, window }) =>
        Effect.tryPromise({
          try: () =>
            redis.useDigestNonce(
              since,
              `${prefix}nonce:${nonce}`,
              now,
              nc,
              window,
              issuedAt,
              Math.max(0, Math.ceil(expiresAt - now)) + maxSkew
            ),
          // the client's own error quotes the command
          catch: () => new DigestNonces.StoreError({ message: "Redis failed" })
        }).pipe(
          // an HttpApp without a router is not: its timeouts would wait for Redis
          Effect.interruptible,
          Effect.timeoutFail({
            duration: limit,
            onTimeout: () =>
              new DigestNonces.StoreError({
                message: `Redis did not answer within ${Duration.format(limit)}`
              })
          }),
          Effect.map((verdict) => verdict === 1)
        )
    }))
  )
}

/**
 * {@link make} as a Layer.
 *
 * @example
 * ```ts
 * import * as DigestNoncesRedis from "effect-security/DigestNoncesRedis"
 *
 * const Live = DigestNoncesRedis.layer({ host: "redis.internal", port: 6379 })
 * ```
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<DigestNonces.Store> =>
  Layer.scoped(DigestNonces.Store, make(options))

/**
 * {@link layer} with options from a `Config`.
 *
 * @example
 * ```ts
 * import * as DigestNoncesRedis from "effect-security/DigestNoncesRedis"
 * import { Config } from "effect"
 *
 * const Live = DigestNoncesRedis.layerConfig({ host: Config.string("REDIS_HOST") })
 * ```
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<DigestNonces.Store, ConfigError.ConfigError> =>
  Layer.scoped(DigestNonces.Store, Effect.flatMap(Config.unwrap(options), make))

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

/** How much longer than its nonce a key is kept, in milliseconds: clocks may be apart. */
const maxSkew = 60_000

/**
 * Since when the store remembers: no clock may be behind, neither Redis's nor the caller's. Another run of Redis may have lost the
 * last of what it remembered.
 */
const remember = `
local run = string.match(redis.call("INFO", "server"), "run_id:(%x+)")
if not run then return redis.error_reply("ERR INFO has no run_id") end
local known, since = string.match(redis.call("GET", KEYS[1]) or "", "^(%x+) (%d+)$")
since = tonumber(since or "0")
if known ~= run then
  local time = redis.call("TIME")
  since = math.max(since, tonumber(ARGV[1]), time[1] * 1000 + math.floor(time[2] / 1000))
  redis.call("SET", KEYS[1], run .. " " .. string.format("%.0f", since))
end
`

/** Answers 1 for the first use. The counts of a nonce are a sorted set, of which the window below the highest is kept. */
const use = `${remember}
local nc, window, issuedAt = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local top = tonumber(redis.call("ZREVRANGE", KEYS[2], 0, 0)[1] or "0")
if not (issuedAt >= since and nc > 0 and nc >= top - window) then return 0 end
if redis.call("ZADD", KEYS[2], "NX", nc, ARGV[2]) == 0 then return 0 end
redis.call("ZREMRANGEBYSCORE", KEYS[2], "-inf", "(" .. string.format("%.0f", math.max(top, nc) - window))
redis.call("PEXPIRE", KEYS[2], ARGV[5])
return 1
`

interface Commands extends Redis {
  readonly rememberDigestNonces: (since: string, now: number) => Promise<unknown>
  readonly useDigestNonce: (
    since: string,
    nonce: string,
    now: number,
    nc: number,
    window: number,
    issuedAt: number,
    ttl: number
  ) => Promise<unknown>
}

const connect = (options: RedisOptions, since: string, clock: Clock.Clock): Commands => {
  // `defineCommand` adds the methods
  const redis = new Redis(options) as Commands
  redis.defineCommand("rememberDigestNonces", { lua: remember, numberOfKeys: 1 })
  redis.defineCommand("useDigestNonce", { lua: use, numberOfKeys: 2 })
  // each use tells; without a listener the client writes every try to the console
  redis.on("error", () => {})
  // else the first nonce of all would be older than what is remembered
  redis.on("ready", () => {
    redis.rememberDigestNonces(since, clock.unsafeCurrentTimeMillis()).catch(() => {})
  })
  return redis
}

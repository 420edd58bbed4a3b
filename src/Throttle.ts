/**
 * Bounds how often passwords and keys can be guessed, for each account and for each address.
 *
 * It counts by the `RateLimiter` of `@effect/experimental`, an optional peer: this module is reached by its path,
 * `effect-security/Throttle`. The counters are in the memory of one process, or in a Redis that several share.
 *
 * @since 0.1.0
 */
import * as RateLimiter from "@effect/experimental/RateLimiter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import { createHash } from "node:crypto"
import type { AttemptThrottle } from "./AttemptThrottle.ts"
import * as ClientAddress from "./ClientAddress.ts"
import * as SecurityError from "./SecurityError.ts"
import * as Setting from "./internal/setting/Setting.ts"
import * as RateLimiterStore from "./internal/throttle/RateLimiterStore.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * Counts attempts, and fails with `TooManyRequests` (429) when there were too many, or with `ServiceUnavailable` (503) when it can't
 * count.
 *
 * @category models
 * @since 0.1.0
 */
export type Throttle = AttemptThrottle<
  SecurityError.TooManyRequests | SecurityError.ServiceUnavailable,
  RateLimiter.RateLimiter
>

/**
 * So many attempts in so much time.
 *
 * @category models
 * @since 0.1.0
 */
export interface Limit {
  /** How many attempts; a whole number of at least 1. */
  readonly limit: number
  /** In how much time. The count starts anew when `window / limit` has passed for each attempt that was counted. */
  readonly window: Duration.DurationInput
}

/**
 * What a throttle can be told.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** For each account, known or not; 10 in 15 minutes by default. `false` counts none. */
  readonly account?: Limit | false
  /** For each IPv4 address, and each /64 network of IPv6; 100 in 15 minutes by default. `false` counts none. */
  readonly address?: Limit | false
  /**
   * How many proxies of yours each add to `X-Forwarded-For`; 0 by default: the address is that of the connection, and the header is
   * not read. Too large a number believes what clients send.
   */
  readonly proxies?: number
  /**
   * The address of the client; by default as `proxies` says. `undefined` where it is not known.
   *
   * A server that shows no socket (a Fetch handler, Bun) needs it, unless there are `proxies`. `request.remoteAddress` is no answer behind
   * `HttpMiddleware.xForwardedHeaders`, which sets it to what the client wrote.
   */
  readonly addressOf?: (request: HttpServerRequest.HttpServerRequest) => string | undefined
  /** Throttles of one name share their counters; `"login"` by default. */
  readonly name?: string
  /** How long the store may take; 2 seconds by default. */
  readonly timeout?: Duration.DurationInput
}

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * Makes a throttle, for `HttpBasic.authenticate`, `ApiKey.authenticate`, and {@link attempt} in a handler of one's own.
 *
 * Every attempt that is counted counts, a right one too: which it is shows only afterwards, and others may have been let by
 * meanwhile. The address is counted first, so that one address that guesses does not use up the accounts of others. When the
 * limit is reached: `TooManyRequests` (429) with `Retry-After` (RFC 6585, section 4). When the store fails or takes longer than
 * `timeout`: `ServiceUnavailable` (503), since guesses that nobody counts are not bounded.
 *
 * Whoever guesses at an account keeps its owner from new logins for a while: a limit for each account can't tell them apart.
 * Clients whose password is remembered (`HttpBasic.authenticate`) are not counted and go on.
 *
 * An account is counted without regard to case, to accents and other marks, to compatibility forms, to characters that are not
 * seen, and to how much white space there is, since many databases find it so. Accounts whose names differ in nothing else share a
 * count. Names and addresses reach the store as SHA-256. A request whose address is not known (a Fetch handler, without `addressOf`) is counted
 * by its account alone; the log is told once. Throws for limits that are no numbers of at least 1,
 * and for a `timeout` that does not end.
 *
 * @example
 * ```ts
 * import { HttpBasic } from "effect-security"
 * import * as Throttle from "effect-security/Throttle"
 * import { Effect } from "effect"
 *
 * const user = HttpBasic.make().pipe(
 *   HttpBasic.authenticate({
 *     findUser: () => Effect.succeedNone,
 *     throttle: Throttle.make({ account: { limit: 5, window: "10 minutes" }, proxies: 1 })
 *   })
 * )
 * // provided once, where the server is made: `Effect.provide` on a router would build it for every request
 * const RateLimiterLive = Throttle.layerMemory()
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Throttle => {
  const { name = "login", proxies = 0 } = options
  const account = counterOf(
    `${name}:account:`,
    options.account ?? { limit: 10, window: "15 minutes" }
  )
  const address = counterOf(
    `${name}:address:`,
    options.address ?? { limit: 100, window: "15 minutes" }
  )
  if (!isCount(proxies, 0)) {
    throw new Error(`proxies has to be how many proxies there are, a whole number: got ${proxies}`)
  }
  const timeout = Setting.finite("the timeout of a throttle", options.timeout ?? "2 seconds")
  const addressOf =
    options.addressOf ??
    ((request: HttpServerRequest.HttpServerRequest) => ClientAddress.forwarded(request, proxies))
  const toldOnce = once(
    Effect.logWarning("A throttle does not know the address of a client: give it addressOf")
  )
  return {
    attempt: (attempt) =>
      Effect.flatMap(RateLimiter.RateLimiter, (limiter) => {
        const count = (counter: Counter | undefined, text: string | undefined) =>
          counter === undefined || text === undefined ?
            Effect.void
          : Effect.asVoid(limiter.consume({ ...counter, key: counter.key + digest(text) }))
        const from = address && addressOf(attempt.request)
        return count(address, from && ClientAddress.network(from)).pipe(
          Effect.zipRight(count(account, attempt.account && foldedName(attempt.account))),
          // a store that hangs in a region that can't be interrupted would be waited for
          Effect.interruptible,
          Effect.timeoutFail({ duration: timeout, onTimeout: () => "timeout" as const }),
          Effect.catchAll(refuse),
          address !== undefined && from === undefined ? Effect.zipLeft(toldOnce) : (self) => self
        )
      })
  }
}

// ----------------------------------------------------------------------------
// combinators
// ----------------------------------------------------------------------------

/**
 * Counts an attempt in a handler of one's own: a login form, a token endpoint.
 *
 * It is run before the password is verified.
 *
 * @example
 * ```ts
 * import { OAuth2, TokenEndpoint } from "effect-security"
 * import * as Throttle from "effect-security/Throttle"
 * import { Effect } from "effect"
 *
 * const throttle = Throttle.make()
 *
 * const token = Effect.gen(function* () {
 *   const { username } = yield* OAuth2.passwordForm
 *   yield* Throttle.attempt(throttle, { account: username })
 *   return yield* TokenEndpoint.invalidGrant()
 * })
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const attempt: {
  (attempt: {
    readonly account?: string
  }): <E, R>(
    self: AttemptThrottle<E, R>
  ) => Effect.Effect<void, E, R | HttpServerRequest.HttpServerRequest>
  <E, R>(
    self: AttemptThrottle<E, R>,
    attempt: { readonly account?: string }
  ): Effect.Effect<void, E, R | HttpServerRequest.HttpServerRequest>
} = dual(2, <E, R>(self: AttemptThrottle<E, R>, attempt: { readonly account?: string }) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    self.attempt({ ...attempt, request })
  )
)

// ----------------------------------------------------------------------------
// stores
// ----------------------------------------------------------------------------

/**
 * Counters in the memory of this process, at most `capacity` of them (10,000 by default).
 *
 * When it is full, those that have expired go, then the quarter that would expire soonest: those are the accounts and
 * addresses with the fewest attempts, so that a flood of names does not make it forget whom it has stopped. The store that
 * `@effect/experimental` brings keeps every key for good. Throws when `capacity` is not a whole number of at least 4.
 *
 * @category stores
 * @since 0.1.0
 */
export const layerStoreMemory = (
  options: { readonly capacity?: number } = {}
): Layer.Layer<RateLimiter.RateLimiterStore> => {
  const { capacity = 10_000 } = options
  if (!isCount(capacity, 4)) {
    throw new Error(`the capacity has to be a whole number of at least 4: got ${capacity}`)
  }
  return RateLimiterStore.layer(() => {
    const windows = makeTable<{ readonly count: number }>(capacity)
    const buckets = makeTable<{ readonly tokens: number; readonly refilledAt: number }>(capacity)
    return {
      fixedWindow: ({ key, limit, refillRate, tokens }) =>
        withNow((now) => {
          const known = windows.get(key, now) ?? { count: 0, expiresAt: now }
          const count = known.count + tokens
          if (limit !== undefined && count > limit) return [count, known.expiresAt - now] as const
          const expiresAt = known.expiresAt + Duration.toMillis(refillRate) * tokens
          windows.set(key, { count, expiresAt }, now)
          return [count, expiresAt - now] as const
        }),
      tokenBucket: ({ allowOverflow, key, limit, refillRate, tokens }) =>
        withNow((now) => {
          const millis = Duration.toMillis(refillRate)
          const known = buckets.get(key, now) ?? { tokens: limit, refilledAt: now }
          const refills = Math.floor((now - known.refilledAt) / millis)
          const available = Math.min(limit, known.tokens + refills)
          const left = available - tokens
          const kept = left < 0 && !allowOverflow ? available : left
          const refilledAt = known.refilledAt + refills * millis
          // a full bucket is as good as none
          buckets.set(
            key,
            { tokens: kept, refilledAt, expiresAt: refilledAt + (limit - kept) * millis },
            now
          )
          return [left, kept >= limit ? 0 : now - refilledAt] as const
        })
    }
  })
}

/**
 * The `RateLimiter` over {@link layerStoreMemory}.
 *
 * For several machines provide `RateLimiter.layer` with the store of `@effect/experimental/RateLimiter/Redis` instead. Throttles
 * use its fixed windows, whose keys Redis forgets by itself.
 *
 * @category stores
 * @since 0.1.0
 */
export const layerMemory = (
  options: { readonly capacity?: number } = {}
): Layer.Layer<RateLimiter.RateLimiter> =>
  Layer.provide(RateLimiter.layer, layerStoreMemory(options))

type Expiring<Value> = Value & { readonly expiresAt: number }

interface Table<Value> {
  readonly get: (key: string, now: number) => Expiring<Value> | undefined
  readonly set: (key: string, value: Expiring<Value>, now: number) => void
}

const makeTable = <Value>(capacity: number): Table<Value> => {
  const entries = new Map<string, Expiring<Value>>()
  const least = Math.floor(capacity / 4)
  const makeRoom = (now: number): void => {
    for (const [key, { expiresAt }] of entries) {
      if (expiresAt <= now) entries.delete(key)
    }
    const excess = entries.size - (capacity - least)
    if (excess <= 0) return
    const soonest = [...entries].sort(([, left], [, right]) => left.expiresAt - right.expiresAt)
    for (const [key] of soonest.slice(0, excess)) entries.delete(key)
  }
  return {
    get: (key, now) => {
      const entry = entries.get(key)
      return entry === undefined || entry.expiresAt <= now ? undefined : entry
    },
    set: (key, value, now) => {
      if (entries.size >= capacity && !entries.has(key)) makeRoom(now)
      entries.set(key, value)
    }
  }
}

const withNow = <A>(f: (now: number) => A): Effect.Effect<A> =>
  Effect.clockWith((clock) => Effect.sync(() => f(clock.unsafeCurrentTimeMillis())))

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

interface Counter {
  readonly key: string
  readonly limit: number
  readonly window: Duration.Duration
  readonly algorithm: "fixed-window"
}

const counterOf = (key: string, limit: Limit | false): Counter | undefined => {
  if (limit === false) return undefined
  const millis = Duration.toMillis(limit.window)
  if (!isCount(limit.limit, 1) || !(millis > 0) || !Number.isFinite(millis)) {
    throw new Error(
      `${limit.limit} attempts in ${millis} milliseconds can't be counted: use a limit such as { limit: 10, window: "15 minutes" }`
    )
  }
  // Redis takes whole milliseconds for each attempt
  const window = Duration.millis(Math.ceil(millis / limit.limit) * limit.limit)
  return { key, limit: limit.limit, window, algorithm: "fixed-window" }
}

const isCount = (number: number, least: number): boolean =>
  Number.isSafeInteger(number) && number >= least

/** The same for all names that some collation of a database holds equal. */
const foldedName = (account: string): string =>
  account
    .normalize("NFKD")
    .replace(/\s/g, " ")
    .replace(/[\p{M}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, "")
    // there and back: letters such as ß and ẞ meet in upper case, and the dotted I in lower case
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replaceAll("ς", "σ")
    .replace(/ +/g, " ")
    .trim()

const digest = (text: string): string => createHash("sha256").update(text).digest("base64url")

const once = (effect: Effect.Effect<void>): Effect.Effect<void> => {
  let isDone = false
  return Effect.suspend(() => {
    if (isDone) return Effect.void
    isDone = true
    return effect
  })
}

const refuse = (
  error: RateLimiter.RateLimiterError | "timeout"
): Effect.Effect<never, SecurityError.TooManyRequests | SecurityError.ServiceUnavailable> => {
  const wait = error === "timeout" ? undefined : RateLimiterStore.retryAfter(error)
  return wait === undefined ?
      Effect.zipRight(
        Effect.logWarning(
          "The store of a throttle can't be reached: attempts are refused until it is"
        ),
        Effect.fail(new SecurityError.ServiceUnavailable())
      )
    : Effect.fail(
        new SecurityError.TooManyRequests({
          retryAfter: Math.max(1, Math.ceil(Duration.toSeconds(wait)))
        })
      )
}

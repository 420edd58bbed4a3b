/**
 * A JSON document of another server that is kept: a provider's configuration, its keys.
 *
 * It is fetched when it is first needed, refreshed before it is missed, and served from memory while the server is down.
 * Whatever requests ask, the server is asked seldom: one fetch at a time, and a pause after each that failed. When the clock is
 * set back, what was noted before counts for nothing: the server is asked at once, and the document is served if that fails.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Setting from "../setting/Setting.ts"
import * as SingleFlight from "../setting/SingleFlight.ts"
import * as Upstream from "./Upstream.ts"
import * as Line from "../line/Line.ts"
import * as Option from "effect/Option"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * A document that is kept. It belongs to no request: one value serves all, each with its own `HttpClient`.
 *
 * @category models
 * @since 0.1.0
 */
export interface RemoteDocument<out A> {
  /**
   * The document, from memory if it is there.
   *
   * Fails when it was never there, or is older than `staleFor`, and can't be fetched.
   */
  readonly get: Effect.Effect<A, Upstream.UpstreamError, HttpClient.HttpClient>
  /**
   * The document as the server has it now, for those who miss something in what {@link get} gave.
   *
   * At most one fetch each `coolDown` is made for it; within that time it gives what the last fetch gave, which may be its
   * failure, or waits for a fetch that is under way.
   */
  readonly refresh: Effect.Effect<A, Upstream.UpstreamError, HttpClient.HttpClient>
  /** The document if it is fresh at `now`, in milliseconds, without an Effect. */
  readonly peek: (now: number) => A | undefined
}

/**
 * How long a document is kept.
 *
 * @category models
 * @since 0.1.0
 */
export interface Times {
  /**
   * How long it is served without asking the server again; 10 minutes by default.
   *
   * After that it is refreshed in the background, and no request waits for it. Only a document that nobody has asked for since
   * twice that time is fetched before it is served.
   */
  readonly freshFor?: Duration.DurationInput | undefined
  /** How long it is served while the server can't give another, from when it was fetched; 4 hours by default. */
  readonly staleFor?: Duration.DurationInput | undefined
  /**
   * The least time between two fetches that `refresh` asks for, failed ones included; 30 seconds by default.
   *
   * Also the longest pause after failures: those are remembered for 1 second, then 2, 4, 8…
   */
  readonly coolDown?: Duration.DurationInput | undefined
}

/**
 * What a document is made of.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<out A> extends Times {
  /** Where it is; or how to find out, which is asked before each fetch. */
  readonly url: string | Effect.Effect<string, Upstream.UpstreamError, HttpClient.HttpClient>
  /** Allows `http` URLs; `false` by default. */
  readonly allowHttp?: boolean | undefined
  /** How long, and how large, the answer may be. */
  readonly limits: Upstream.Limits
  /** Reads the JSON object. What it fails for never takes the place of what is there. */
  readonly decode: (
    json: { readonly [member: string]: unknown },
    url: string
  ) => Effect.Effect<A, Upstream.UpstreamError>
}

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * Makes one. Nothing is fetched before it is asked for.
 *
 * Throws for a URL that is not `https` (unless `allowHttp` is set), for times that are not positive, for limits that are none, and when `staleFor` is less
 * than `freshFor`. A fetch that fails is logged as a warning that names the server and the reason.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A>(options: Options<A>): RemoteDocument<A> => {
  const limits = Upstream.checkLimits(options.limits)
  const freshFor = Setting.positive("freshFor", options.freshFor ?? "10 minutes")
  const staleFor = Setting.positive("staleFor", options.staleFor ?? "4 hours")
  const coolDown = Setting.positive("coolDown", options.coolDown ?? "30 seconds")
  if (staleFor < freshFor) throw new Error("staleFor has to be at least freshFor")
  if (typeof options.url === "string") {
    Upstream.checkUrl("the URL of a document", options.url, options.allowHttp)
  }

  let kept: Kept<A> | undefined
  let failure: Failure | undefined
  let failures = 0
  let attemptedAt: number | undefined
  let cooling: Period | undefined
  const flights = SingleFlight.make<A, Upstream.UpstreamError>({ outlives: true })

  const isYounger = (document: Kept<A>, than: number, now: number): boolean => {
    const age = now - document.fetchedAt
    // not `age < than` alone: a clock that was set back makes nothing young
    return age >= 0 && age < than
  }

  const request = Effect.flatMap(
    typeof options.url === "string" ? Effect.succeed(options.url) : options.url,
    (url) => {
      const problem = Upstream.problemOf(url, options.allowHttp)
      if (problem !== undefined) {
        // the URL is not shown: it may hold a password
        return Effect.fail(new Upstream.UpstreamError({ url: foundOut, description: problem }))
      }
      return Effect.flatMap(Upstream.getJson(url, limits), (json) => options.decode(json, url))
    }
  )

  const broken = new Upstream.UpstreamError({
    url: typeof options.url === "string" ? Upstream.shown(options.url) : foundOut,
    description: "its fetch broke"
  })

  const settle = (
    exit: Exit.Exit<A, Upstream.UpstreamError>
  ): Effect.Effect<A, Upstream.UpstreamError> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (Exit.isSuccess(exit)) {
        kept = { value: exit.value, fetchedAt: now, found: Exit.succeed(exit.value) }
        failure = undefined
        failures = 0
        return exit
      }
      // a defect is not shown: nobody knows what it holds
      const error = Option.getOrElse(Line.failureOf(exit.cause), () => broken)
      const pause = Math.min(coolDown, firstPause * 2 ** Math.min(failures, maxDoublings))
      failures++
      failure = { exit: Exit.fail(error), since: now, until: now + pause }
      return Effect.zipRight(
        Effect.logWarning(`a document can't be fetched: ${error.message}`),
        failure.exit
      )
    })

  const fetch = flights.run(
    "",
    // also a fetch that breaks, or is interrupted, is one that failed
    Effect.uninterruptibleMask((restore) => Effect.flatMap(Effect.exit(restore(request)), settle))
  )

  const start = (now: number): typeof fetch => {
    attemptedAt = now
    return fetch
  }

  const isPausing = (now: number): boolean => isWithin(failure, now)

  const refreshBehind = (now: number): Effect.Effect<unknown, never, HttpClient.HttpClient> =>
    flights.size > 0 || isPausing(now) ? Effect.void : Effect.forkDaemon(Effect.ignore(start(now)))

  const getAt = (now: number): Effect.Effect<A, Upstream.UpstreamError, HttpClient.HttpClient> => {
    // one that was fetched later than now has an age that nobody knows: it is stale, and counted from now
    if (kept !== undefined && now < kept.fetchedAt) kept = { ...kept, fetchedAt: now - freshFor }
    const document = kept
    if (document !== undefined && isYounger(document, freshFor, now)) return document.found
    if (document !== undefined && isYounger(document, staleFor, now)) {
      const isAttended =
        attemptedAt !== undefined &&
        isWithin({ since: attemptedAt, until: attemptedAt + 2 * freshFor }, now)
      return !isAttended && !isPausing(now) ?
          Effect.catchAll(start(now), () => document.found)
        : Effect.zipRight(refreshBehind(now), document.found)
    }
    if (flights.size === 0 && failure !== undefined && isPausing(now)) return failure.exit
    return start(now)
  }

  return {
    get: Effect.flatMap(Clock.currentTimeMillis, getAt),
    refresh: Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (flights.size > 0) return fetch
      const isCooling = isWithin(cooling, now)
      if (failure !== undefined && (isPausing(now) || isCooling)) return failure.exit
      if (isCooling) return getAt(now)
      cooling = { since: now, until: now + coolDown }
      return start(now)
    }),
    peek: (now) => (kept !== undefined && isYounger(kept, freshFor, now) ? kept.value : undefined)
  }
}

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

interface Kept<A> {
  readonly value: A
  readonly fetchedAt: number
  readonly found: Exit.Exit<A>
}

/** From a moment on, until just before another: before `since` the clock has been set back. */
interface Period {
  readonly since: number
  readonly until: number
}

const isWithin = (period: Period | undefined, now: number): boolean =>
  period !== undefined && now >= period.since && now < period.until

interface Failure extends Period {
  readonly exit: Exit.Exit<never, Upstream.UpstreamError>
}

const foundOut = "a URL that was found out"

/** In milliseconds: how long the first failure is remembered. */
const firstPause = 1000

const maxDoublings = 20

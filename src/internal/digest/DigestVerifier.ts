/**
 * The verification of HTTP Digest (RFC 7616, sections 3.4 and 3.5).
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import { isNullable, isRecord } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { timingSafeEqual } from "node:crypto"
import * as Answer from "../request/Answer.ts"
import * as BufferedBody from "../request/BufferedBody.ts"
import type { DigestCredentials } from "./DigestCredentials.ts"
import * as DigestHash from "./DigestHash.ts"
import * as DigestNonces from "../../DigestNonces.ts"
import { type Offer, offersOf } from "./DigestScheme.ts"
import {
  type Authenticated,
  type CheckBare,
  authenticate as authenticateWith
} from "../security/Algebra.ts"
import * as SecurityError from "../../SecurityError.ts"
import {
  type Grant,
  grant,
  type Security,
  type Top,
  type VerifierContext
} from "../security/Model.ts"
import type { Grantable as Grants, SecurityRequirement } from "../../SecurityRequirement.ts"
import * as Line from "../line/Line.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * What is known of a user.
 *
 * @category models
 * @since 0.1.0
 */
export interface User<out Principal> {
  readonly principal: Principal
  /** The scopes that the user is granted; none by default. */
  readonly scopes?: ReadonlyArray<string>
  /**
   * H(A1) for each hash function that the user can log in with, as {@link hashUser} makes it. With anything but as many
   * hexadecimal digits as the hash function has nobody can log in.
   */
  readonly ha1: DigestHash.HashedA1
}

/**
 * Which of a user's H(A1) is wanted.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lookup {
  readonly realm: string
  readonly algorithm: DigestHash.HashName
}

/**
 * How digests are verified.
 *
 * @category models
 * @since 0.1.0
 */
export interface VerifierOptions<out Principal, out E, out R, out E2 = never, out R2 = never> {
  /** Finds a user by name; `Option.none()` is refused after as much work as a wrong password. */
  readonly findUser: (
    username: string,
    lookup: Lookup
  ) => Effect.Effect<Option.Option<User<Principal>>, E, R>
  /** Finds a user by {@link userhash}, in lower case; needed where the scheme offers `userhash`. */
  readonly findUserByHash?: (
    userhash: string,
    lookup: Lookup
  ) => Effect.Effect<Option.Option<User<Principal>>, E2, R2>
  /**
   * How far below the highest `nc` of a nonce another may still be; each is used once in any case. 0 by default: strictly rising.
   * Clients that send requests in parallel need a few, or are told that the nonce is stale. At most 256.
   */
  readonly ncWindow?: number
  /** The longest body that `auth-int` is verified for, in bytes; 1 MiB by default. A longer one is refused. */
  readonly maxBodyBytes?: number
  /**
   * The request target that the client saw, behind a proxy that rewrites it; by default the request's original URL. `undefined` is
   * refused. Read it from a header only if the proxy sets that header on every request.
   */
  readonly target?: (request: HttpServerRequest.HttpServerRequest) => string | undefined
}

// ----------------------------------------------------------------------------
// combinators
// ----------------------------------------------------------------------------

/**
 * Verifies digests (RFC 7616, section 3.4): the expression then succeeds with the user's principal.
 *
 * What the scheme offers is not repeated here. Refused (401, `invalid`, the scheme's challenges) are: another realm, algorithm,
 * qop or opaque than the scheme's, no qop, a `userhash` that was not offered; a `uri` that is not the request's target, path and
 * query; an unknown user; a response that is not right for the request's method, `uri` and, with `auth-int`, its body; a user of
 * whom something else than an H(A1) is stored, of which the log is told. A right
 * response over a nonce that has expired, that another process made, or whose `nc` was used before: 401 with `stale=true` and a
 * fresh nonce, with which clients try again without asking the user. A {@link DigestNonces.Store} that fails:
 * `ServiceUnavailable` (503). What `findUser` fails with is kept.
 *
 * A response that is let in carries `Authentication-Info` (section 3.5): `rspauth`, and in the last quarter of a nonce's life
 * `nextnonce`. `rspauth` is left out for `auth-int` where the response's body is not in memory.
 *
 * One request uses its nonce once, however many expressions are evaluated for it, also by routers that modify it: it is the same
 * one as long as its `source` is.
 *
 * @example
 * ```ts
 * import { DigestNonces, HttpDigest } from "effect-security"
 * import { Effect, Option, Redacted } from "effect"
 *
 * const digest = HttpDigest.make({ realm: "items" })
 * const { ha1 } = HttpDigest.hashUser(digest, { username: "johndoe", password: Redacted.make("secret") })
 *
 * const user = digest.pipe(
 *   HttpDigest.authenticate({
 *     findUser: (username) =>
 *       Effect.succeed(username === "johndoe" ? Option.some({ principal: { username }, ha1 }) : Option.none())
 *   })
 * )
 * // provide DigestNonces.layerMemory(), or one that several machines share
 * ```
 * @see [RFC 7616, section 3.4](https://www.rfc-editor.org/rfc/rfc7616.html#section-3.4)
 * @category combinators
 * @since 0.1.0
 */
export const authenticate =
  <Principal, E2, R2, E3 = never, R3 = never>(
    options: VerifierOptions<Principal, E2, R2, E3, R3>
  ) =>
  <E, R, Req extends SecurityRequirement, G extends Grants>(
    self: Security<DigestCredentials, E, R, Req, G> & CheckBare<Req, G>
  ): Security<
    Principal,
    E | E2 | E3 | SecurityError.Unauthorized | SecurityError.ServiceUnavailable,
    R | R2 | R3 | DigestNonces.Store,
    Req,
    Authenticated<G>
  > =>
    authenticateWith(self, verifier(offersOf(self), options))

/**
 * What to store of a user for a Digest scheme: H(A1) for each of its hash functions, and H(username:realm) for `userhash`.
 *
 * @example
 * ```ts
 * import { HttpDigest } from "effect-security"
 * import { Redacted } from "effect"
 *
 * const digest = HttpDigest.make({ realm: "items", algorithms: ["SHA-256", "MD5"] })
 * const stored = HttpDigest.hashUser(digest, { username: "johndoe", password: Redacted.make("secret") })
 * Object.keys(stored.ha1) // => ["SHA-256", "MD5"]
 * ```
 * @category users
 * @since 0.1.0
 */
export const hashUser = (
  scheme: Top,
  user: { readonly username: string; readonly password: Redacted.Redacted<string> }
): {
  readonly ha1: DigestHash.HashedA1
  readonly userhash: { readonly [Name in DigestHash.HashName]?: string }
} => {
  const made = [...offersOf(scheme).values()].flatMap(({ algorithms, realm }) =>
    algorithms.map((algorithm) => ({ ...user, realm, algorithm: DigestHash.hashOf(algorithm) }))
  )
  return {
    ha1: Object.fromEntries(made.map((each) => [each.algorithm, DigestHash.ha1(each)])),
    userhash: Object.fromEntries(made.map((each) => [each.algorithm, DigestHash.userhash(each)]))
  }
}

// ----------------------------------------------------------------------------
// verification
// ----------------------------------------------------------------------------

/** What a request claims, once it is of the form that was offered. */
interface Claim extends DigestHash.Sum {
  readonly count: number
  readonly response: Redacted.Redacted<string>
}

const verifier = <Principal, E, R, E2, R2>(
  offers: ReadonlyMap<string, Offer>,
  options: VerifierOptions<Principal, E, R, E2, R2>
) => {
  const { findUser, findUserByHash, maxBodyBytes = 1_048_576, ncWindow = 0 } = options
  checkCount("ncWindow", ncWindow, 256)
  checkCount("maxBodyBytes", maxBodyBytes, Number.MAX_SAFE_INTEGER)
  if (findUserByHash === undefined && [...offers.values()].some(({ userhash }) => userhash)) {
    throw new Error("the scheme offers userhash: give findUserByHash, or leave userhash out")
  }
  const target = options.target ?? originalTarget

  const find = (
    credentials: DigestCredentials,
    lookup: Lookup
  ): Effect.Effect<Option.Option<User<Principal>>, E | E2, R | R2> =>
    credentials.userhash !== "true" ? findUser(credentials.username, lookup)
    : findUserByHash === undefined ? Effect.succeedNone
    : findUserByHash(credentials.username.toLowerCase(), lookup)

  return (
    credentials: DigestCredentials,
    { request, scheme }: VerifierContext
  ): Effect.Effect<
    Grant<Principal>,
    E | E2 | SecurityError.Unauthorized | SecurityError.ServiceUnavailable,
    R | R2 | DigestNonces.Store
  > =>
    Effect.clockWith((clock) => {
      const offer = offers.get(scheme)
      const claim = offer && claimOf(offer, credentials, request, target(request))
      if (offer === undefined || claim === undefined) return refused
      const algorithm = DigestHash.hashOf(claim.algorithm)
      return Effect.flatMap(find(credentials, { realm: offer.realm, algorithm }), (found) =>
        Effect.flatMap(withBody(claim, request, maxBodyBytes), (sum) => {
          if (sum === undefined) return refused
          const user = Option.getOrUndefined(found)
          const stored = user && storedOf(user, algorithm)
          const ha1 = stored === "broken" ? undefined : stored
          const isRight = isResponse(claim, DigestHash.response(ha1 ?? DigestHash.nobody, sum))
          if (stored === "broken") return Effect.zipRight(warnOfBroken, refused)
          if (user === undefined || ha1 === undefined || !isRight) return refused
          const now = clock.unsafeCurrentTimeMillis()
          const issued = freshness(offer, claim.nonce, now)
          if (issued === undefined) return stale(offer, clock)
          const expiresAt = issued.issuedAt + offer.lifetime
          return Effect.flatMap(
            useNonce(request, {
              nonce: claim.nonce,
              nc: claim.count,
              window: ncWindow,
              ...issued,
              expiresAt,
              now
            }),
            (isFirst) =>
              !isFirst ?
                stale(offer, clock)
              : Effect.as(
                  appendInfo(ha1, sum, isEnding(offer, expiresAt, now) ? offer : undefined, now),
                  grant(user.principal, user.scopes)
                )
          )
        })
      )
    })
}

const checkCount = (what: string, count: number, max: number): void => {
  if (!Number.isSafeInteger(count) || count < 0 || count > max) {
    throw new Error(`${what} has to be a whole number from 0 to ${max}: got ${count}`)
  }
}

const refused = Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))

/** With a nonce of this very moment: the store may have begun to remember since the request came. */
const stale = (
  offer: Offer,
  clock: Clock.Clock
): Effect.Effect<never, SecurityError.Unauthorized> =>
  Effect.fail(
    new SecurityError.Unauthorized(
      { reason: "invalid" },
      Line.unchecked,
      offer.stale(clock.unsafeCurrentTimeMillis())
    )
  )

/** What the credentials claim; `undefined` when that is not what was offered, or is for another request. */
const claimOf = (
  offer: Offer,
  { cnonce, nc, nonce, opaque, qop, realm, response, uri, userhash, ...rest }: DigestCredentials,
  request: HttpServerRequest.HttpServerRequest,
  target: string | undefined
): Claim | undefined => {
  // section 3.4: no algorithm is MD5
  const algorithm = DigestHash.algorithmOf(rest.algorithm ?? "MD5")
  const offered = offer.qop.find((each) => each === qop?.toLowerCase())
  const count = parseInt(nc ?? "", 16)
  return (
      algorithm === undefined ||
        !offer.algorithms.includes(algorithm) ||
        offered === undefined ||
        cnonce === undefined ||
        nc === undefined ||
        !(count > 0) ||
        realm !== offer.realm ||
        opaque !== offer.opaque ||
        (userhash === "true" && !offer.userhash) ||
        target === undefined ||
        !isTarget(uri, target)
    ) ?
      undefined
    : { algorithm, cnonce, count, method: request.method, nc, nonce, qop: offered, response, uri }
}

const originalTarget = (request: HttpServerRequest.HttpServerRequest): string => request.originalUrl

// RFC 9112, section 3.2: origin-form, absolute-form or asterisk-form; a Fetch request shows all of them as absolute
const isTarget = (uri: string, target: string): boolean =>
  uri === target ||
  uri === target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "").replace(/#.*$/s, "")

const withBody = (
  claim: Claim,
  request: HttpServerRequest.HttpServerRequest,
  maxBytes: number
): Effect.Effect<DigestHash.Sum | undefined> =>
  claim.qop === "auth" ?
    Effect.succeed(claim)
  : Effect.map(BufferedBody.read(request, maxBytes), (body) => body && { ...claim, body })

/**
 * H(A1) of a user, as its hash function writes it: whoever knows what else is stored (nothing, `null` in words) could sign with it.
 * `undefined` where the user has none for the hash function.
 */
const storedOf = (
  // what a lookup found can be a row of anything
  { ha1 }: { readonly ha1?: DigestHash.HashedA1 },
  algorithm: DigestHash.HashName
): Redacted.Redacted<string> | "broken" | undefined => {
  if (!isRecord(ha1)) return "broken"
  const stored: unknown = ha1[algorithm]
  if (isNullable(stored)) return undefined
  const digits: unknown = Redacted.isRedacted(stored) ? Redacted.value(stored) : undefined
  return typeof digits === "string" && DigestHash.isHash(algorithm, digits) ?
      Redacted.make(digits.toLowerCase())
    : "broken"
}

const warnOfBroken = Effect.logWarning(
  "What is stored of a user is no H(A1), so nobody can log in with it: store what HttpDigest.hashUser makes"
)

const isResponse = ({ response }: Claim, expected: string): boolean => {
  const right = Buffer.from(expected)
  const sent = Buffer.from(Redacted.value(response).toLowerCase())
  return sent.length === right.length && timingSafeEqual(sent, right)
}

// ----------------------------------------------------------------------------
// nonces
// ----------------------------------------------------------------------------

type Answers = Map<string, Deferred.Deferred<boolean, DigestNonces.StoreError>>

/** What a store answers to the uses of one request: by `source`, which is the same whatever the request is modified to. */
const asked = new WeakMap<object, Map<DigestNonces.StoreService, Answers>>()

const answersOf = (source: object, store: DigestNonces.StoreService): Answers => {
  const stores = asked.get(source) ?? new Map<DigestNonces.StoreService, Answers>()
  asked.set(source, stores)
  const answers: Answers = stores.get(store) ?? new Map()
  stores.set(store, answers)
  return answers
}

/** Asks the store once for all evaluations of a request, also for those that run at the same time. */
const useOnce = (
  source: object,
  store: DigestNonces.StoreService,
  use: DigestNonces.Use
): Effect.Effect<boolean, DigestNonces.StoreError> =>
  Effect.uninterruptibleMask((restore) => {
    const key = `${use.nonce} ${use.nc}`
    const answers = answersOf(source, store)
    const known = answers.get(key)
    if (known !== undefined) return restore(Deferred.await(known))
    const answer = Deferred.unsafeMake<boolean, DigestNonces.StoreError>(FiberId.none)
    answers.set(key, answer)
    return Effect.onExit(restore(store.use(use)), (exit) => {
      if (!(Exit.isSuccess(exit) && exit.value)) answers.delete(key)
      // whether an interrupted use was the first nobody knows
      return Deferred.done(answer, Exit.isInterrupted(exit) ? Exit.succeed(false) : exit)
    })
  })

const useNonce = (
  request: HttpServerRequest.HttpServerRequest,
  use: DigestNonces.Use
): Effect.Effect<boolean, SecurityError.ServiceUnavailable, DigestNonces.Store> =>
  Effect.flatMap(DigestNonces.Store, (store) =>
    Effect.catchAll(useOnce(BufferedBody.sourceOf(request), store, use), ({ message }) =>
      Effect.zipRight(
        Effect.logWarning(`Digest nonces: ${message}`),
        Effect.fail(new SecurityError.ServiceUnavailable())
      )
    )
  )

/** How far the clocks of machines that share a secret may be apart, in milliseconds. */
const maxSkew = 60_000

/** What the nonce says, if it can still be used. */
const freshness = (offer: Offer, nonce: string, now: number): DigestNonces.Issued | undefined => {
  const issued = offer.issuer.read(nonce)
  if (issued === undefined) return undefined
  const { issuedAt } = issued
  return issuedAt - maxSkew <= now && now < issuedAt + offer.lifetime ? issued : undefined
}

const isEnding = (offer: Offer, expiresAt: number, now: number): boolean =>
  expiresAt - now <= offer.lifetime / 4

// ----------------------------------------------------------------------------
// what the server proves
// ----------------------------------------------------------------------------

/** `Authentication-Info` (section 3.5) on whatever answers, unless that refuses the digest after all. */
const appendInfo = (
  ha1: Redacted.Redacted<string>,
  sum: DigestHash.Sum,
  ending: Offer | undefined,
  now: number
): Effect.Effect<void> =>
  Answer.change((response, request) => {
    if (response.status === 401) return response
    const info = [
      ...(ending === undefined ? [] : [`nextnonce="${ending.issuer.issue(now)}"`]),
      ...proof(ha1, sum, request, response)
    ].join(", ")
    return info === "" ? response : (
        HttpServerResponse.setHeader(response, "authentication-info", info)
      )
  })

const proof = (
  ha1: Redacted.Redacted<string>,
  sum: DigestHash.Sum,
  request: HttpServerRequest.HttpServerRequest,
  response: HttpServerResponse.HttpServerResponse
): ReadonlyArray<string> => {
  const body = sum.qop === "auth" ? new Uint8Array() : bodyOf(request, response)
  if (body === undefined) return []
  const rspauth = DigestHash.response(ha1, { ...sum, method: "", body })
  const cnonce = sum.cnonce.replace(/["\\]/g, "\\$&")
  return [`qop=${sum.qop}`, `rspauth="${rspauth}"`, `cnonce="${cnonce}"`, `nc=${sum.nc}`]
}

const bodyOf = (
  request: HttpServerRequest.HttpServerRequest,
  { body }: HttpServerResponse.HttpServerResponse
): Uint8Array | undefined =>
  body._tag === "Empty" || request.method === "HEAD" ? new Uint8Array()
  : body._tag === "Uint8Array" ? body.body
  : undefined

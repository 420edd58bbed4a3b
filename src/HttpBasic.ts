/**
 * HTTP Basic (RFC 7617), in UTF-8.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { createHmac, randomBytes } from "node:crypto"
import type { AttemptThrottle } from "./AttemptThrottle.ts"
import * as Credential from "./Credential.ts"
import * as ExpiringMap from "./internal/pure/ExpiringMap.ts"
import * as PasswordHash from "./PasswordHash.ts"
import * as Scheme from "./Scheme.ts"
import * as SecurityAlgebra from "./internal/security/Algebra.ts"
import * as SecurityError from "./SecurityError.ts"
import {
  grant,
  type Scheme as SchemeOf,
  type Security,
  type VerifierContext
} from "./internal/security/Model.ts"
import type { Grantable, SecurityRequirement } from "./SecurityRequirement.ts"
import * as Setting from "./internal/setting/Setting.ts"
import * as SingleFlight from "./internal/setting/SingleFlight.ts"

/**
 * A user-id and a password.
 *
 * @category models
 * @since 0.1.0
 */
export interface BasicCredentials {
  readonly username: string
  readonly password: Redacted.Redacted<string>
}

/**
 * A user-id and a password in `Authorization: Basic` (RFC 7617, section 2).
 *
 * Decodes strict base64 (RFC 4648, section 4) and UTF-8, and splits at the first colon, so a password may hold colons; both may
 * be empty. Yields `{ username, password }`, the password `Redacted`. No `Authorization`, or another auth-scheme:
 * `Unauthorized` (401, `absent`). Two fields, foreign characters, missing padding, invalid UTF-8, no colon, a control
 * character: `Unauthorized` (401, `malformed`). The challenge is `Basic realm="api", charset="UTF-8"`.
 *
 * @example
 * ```ts
 * import { HttpBasic } from "effect-security"
 *
 * HttpBasic.make({ realm: "items" }).requirement // => [{ HTTPBasic: [] }]
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const make = <const Name extends string = "HTTPBasic", Declared extends string = never>(
  ...[options]: [] | [options: Scheme.Options<Name, Declared> & Scheme.CheckName<Name, "HTTPBasic">]
): SchemeOf<NoInfer<Name>, BasicCredentials, NoInfer<Declared>> => {
  const realm = options?.realm ?? "api"
  const scheme = {
    type: "http",
    scheme: "basic",
    description: options?.description,
    deprecated: options?.deprecated
  } as const
  return Scheme.makeNamed(options, "HTTPBasic", {
    scheme,
    extract: (request): Credential.Extraction<BasicCredentials> => {
      const credentials = Credential.authorization(request, "basic")
      return typeof credentials === "string" ? decode(credentials) : credentials
    },
    challenge: Scheme.challenge("Basic", { realm, charset: "UTF-8" }),
    isChallengeFixed: true,
    identity: Scheme.identity("HttpBasic", scheme, realm, options?.scopes)
  })
}

// ----------------------------------------------------------------------------
// verification
// ----------------------------------------------------------------------------

/**
 * A user as they are stored.
 *
 * @category models
 * @since 0.1.0
 */
export interface User<out Principal> {
  /** What the expression succeeds with. */
  readonly principal: Principal
  /** What `passwordHash` made of the password. */
  readonly passwordHash: string | Redacted.Redacted<string>
  /** The scopes that the user is granted; none by default. */
  readonly scopes?: ReadonlyArray<string>
}

/**
 * How users are found, and their passwords verified.
 *
 * @category models
 * @since 0.1.0
 */
export interface AuthenticateOptions<Principal, E, R, E2, R2> {
  /**
   * Finds the user of a name, which is in Unicode's normalization form C; `None` for an unknown one. It is asked for every request,
   * so that a user who is removed, or whose password changed, is refused from then on.
   */
  readonly findUser: (
    username: string,
    context: VerifierContext
  ) => Effect.Effect<Option.Option<User<Principal>>, E, R>
  /** How passwords are hashed; `PasswordHash.scrypt()` by default. */
  readonly passwordHash?: PasswordHash.PasswordHash
  /**
   * How many right passwords are remembered (1,000 by default), and for how long (5 minutes by default), so that not each request of
   * a client costs a hash. `false` remembers none.
   */
  readonly remember?:
    { readonly capacity?: number; readonly timeToLive?: Duration.DurationInput } | false
  /** Counts the attempts that have to be hashed, for instance `Throttle.make()`; none by default. */
  readonly throttle?: AttemptThrottle<E2, R2>
}

/**
 * Verifies user-id and password against stored password hashes.
 *
 * Applies to a Basic scheme that no verifier has seen. Succeeds with the `principal` that `findUser` gives, its scopes granted. An
 * unknown user and a wrong password are one `Unauthorized` (401, `invalid`), and cost the same: for an unknown user the password is
 * compared with that of nobody. (With `PasswordHash.scrypt` also when its costs have been raised since, not when they have been lowered.) A stored hash that can't be read is no password's. `ServiceUnavailable` (503) when too many passwords
 * wait to be hashed; `TooManyRequests` (429) from the throttle; what else `findUser` fails with ends the evaluation.
 *
 * A password that was right is remembered as an HMAC (SHA-256, its key made anew in each process) of user-id, stored hash and
 * password: what it proves ends when the stored hash changes. A wrong one is not remembered. Who reads the memory of the process
 * can try passwords against those HMACs faster than against the stored hashes: `remember: false` if that matters. Requests with
 * the same credentials at the same time are one hash, and one attempt.
 *
 * The throttle is asked before a password is hashed, known user or not; one that is remembered is not counted, so that guesses at an
 * account do not lock out the clients that are using it.
 *
 * @example
 * ```ts
 * import { HttpBasic, PasswordHash } from "effect-security"
 * import { Effect, Option } from "effect"
 *
 * const users = new Map([
 *   ["johndoe", "$scrypt$ln=17,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
 * ])
 *
 * const user = HttpBasic.make({ realm: "items" }).pipe(
 *   HttpBasic.authenticate({
 *     passwordHash: PasswordHash.scrypt({ concurrency: 3 }),
 *     findUser: (username) =>
 *       Effect.succeed(
 *         Option.map(Option.fromNullable(users.get(username)), (passwordHash) => ({
 *           principal: { username },
 *           passwordHash
 *         }))
 *       )
 *   })
 * )
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const authenticate = <Principal, E = never, R = never, E2 = never, R2 = never>(
  options: AuthenticateOptions<Principal, E, R, E2, R2>
): (<E1, R1, Req extends SecurityRequirement, G extends Grantable>(
  self: Security<BasicCredentials, E1, R1, Req, G> & SecurityAlgebra.CheckBare<Req, G>
) => Security<
  Principal,
  E1 | E | E2 | SecurityError.Unauthorized | SecurityError.ServiceUnavailable,
  R1 | R | R2,
  Req,
  SecurityAlgebra.Authenticated<G>
>) => {
  const { findUser, passwordHash = PasswordHash.scrypt(), throttle } = options
  const isRight = verification(passwordHash, remembering(options.remember), throttle)
  const decoy = PasswordHash.decoy(passwordHash)
  return SecurityAlgebra.authenticate(
    (credentials: BasicCredentials, context: VerifierContext) => {
      const username = credentials.username.normalize("NFC")
      return Effect.flatMap(decoy, (ofNobody) =>
        Effect.flatMap(findUser(username, context), (found) => {
          const user = Option.getOrUndefined(found)
          const stored = user === undefined ? ofNobody : textOf(user.passwordHash)
          const { password } = credentials
          return Effect.flatMap(isRight({ username, password, stored }, context), (right) =>
            right && user !== undefined ?
              Effect.succeed(grant(user.principal, user.scopes))
            : invalid
          )
        })
      )
    },
    { throttles: throttle !== undefined }
  )
}

const invalid = Exit.fail(new SecurityError.Unauthorized({ reason: "invalid" }))

const textOf = (stored: string | Redacted.Redacted<string>): string =>
  Redacted.isRedacted(stored) ? Redacted.value(stored) : stored

interface Claim {
  readonly username: string
  readonly password: Redacted.Redacted<string>
  readonly stored: string
}

/** Right claims, and until when they are remembered. */
interface Memory {
  readonly has: (claim: string, now: number) => boolean
  readonly keep: (claim: string, now: number) => void
}

const remembering = (
  remember: AuthenticateOptions<unknown, never, never, never, never>["remember"] = {}
): Memory => {
  if (remember === false) return { has: () => false, keep: () => {} }
  const claims = ExpiringMap.make<true>(remember.capacity ?? 1000)
  const timeToLive = Setting.positive("remember.timeToLive", remember.timeToLive ?? "5 minutes")
  return {
    has: (claim, now) => claims.get(claim, now) === true,
    keep: (claim, now) => claims.set(claim, true, now + timeToLive, now)
  }
}

const verification = <E, R>(
  passwordHash: PasswordHash.PasswordHash,
  memory: Memory,
  throttle: AttemptThrottle<E, R> | undefined
) => {
  // not made with the value: some platforms allow nothing random outside of a request
  let key: Uint8Array | undefined
  const flights = SingleFlight.make<boolean, SecurityError.ServiceUnavailable | E>()
  return (
    { password, stored, username }: Claim,
    { request }: VerifierContext
  ): Effect.Effect<boolean, SecurityError.ServiceUnavailable | E, R> => {
    const claim = createHmac("sha256", (key ??= randomBytes(32)))
      .update(JSON.stringify([username, stored, Redacted.value(password)]))
      .digest("base64url")
    return Effect.clockWith((clock) => {
      if (memory.has(claim, clock.unsafeCurrentTimeMillis())) return Effect.succeed(true)
      const hashed = Effect.tap(
        Effect.suspend(() => passwordHash.verify(password, stored)),
        (right) =>
          Effect.sync(() => {
            if (right) memory.keep(claim, clock.unsafeCurrentTimeMillis())
          })
      )
      return flights.run(
        claim,
        throttle === undefined ? hashed : (
          Effect.zipRight(throttle.attempt({ account: username, request }), hashed)
        )
      )
    })
  }
}

// ----------------------------------------------------------------------------
// decoding
// ----------------------------------------------------------------------------

/**
 * Decodes what follows `Basic`: the user-id and the password, or `Credential.Malformed`.
 *
 * @category decoding
 * @since 0.1.0
 */
export const decode = (encoded: string): BasicCredentials | typeof Credential.Malformed => {
  const text = decodeText(encoded)
  const colon = text === undefined ? -1 : text.indexOf(":")
  return text === undefined || colon < 0 ?
      Credential.Malformed
    : { username: text.slice(0, colon), password: Redacted.make(text.slice(colon + 1)) }
}

// A byte order mark is part of the text (RFC 7617 knows none); invalid bytes are refused, not replaced.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const decodeText = (encoded: string): string | undefined => {
  const bytes = Buffer.from(encoded, "base64")
  // what is no base64, or has pad bits that are not zero (RFC 4648, section 3.5), is another text than its bytes encode to
  if (bytes.toString("base64") !== encoded) return undefined
  const latin = bytes.toString("latin1")
  if (/^[\x20-\x7E]*$/.test(latin)) return latin
  try {
    const text = utf8.decode(bytes)
    return Credential.hasControls(text) ? undefined : text
  } catch {
    return undefined
  }
}

/**
 * API keys in a header, in the query or in a cookie, and how they are stored.
 *
 * A key in the query stands in logs and histories: prefer a header. A key in a cookie is sent by the browser unasked: see
 * {@link setCookie} for the attributes that keep other sites from using it.
 *
 * @since 0.1.0
 */
import * as Cookies from "@effect/platform/Cookies"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { createHash, randomBytes, timingSafeEqual } from "node:crypto"
import type { AttemptThrottle } from "./AttemptThrottle.ts"
import * as Credential from "./Credential.ts"
import * as Scheme from "./Scheme.ts"
import * as SecurityAlgebra from "./internal/security/Algebra.ts"
import * as SecurityError from "./SecurityError.ts"
import {
  type Grant,
  grant,
  type Scheme as SchemeOf,
  type Security,
  type VerifierContext
} from "./internal/security/Model.ts"
import type { Grantable, SecurityRequirement } from "./SecurityRequirement.ts"
import * as Line from "./internal/line/Line.ts"

/**
 * An API key in a header.
 *
 * Reads the one header `name`, without regard to case; yields its value `Redacted`. No such header: `Unauthorized` (401,
 * `absent`). A repeated header, an empty value, a comma or a control character, more than 16,384 characters: `Unauthorized`
 * (401, `malformed`). The challenge is `ApiKey realm="api"`, since RFC 9110, section 15.5.2 asks every 401 for one.
 *
 * @example
 * ```ts
 * import { ApiKey } from "effect-security"
 *
 * ApiKey.header("X-API-Key").requirement // => [{ APIKeyHeader: [] }]
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const header = <const Name extends string = "APIKeyHeader", Declared extends string = never>(
  name: string,
  ...[options]:
    [] | [options: Scheme.Options<Name, Declared> & Scheme.CheckName<Name, "APIKeyHeader">]
): SchemeOf<NoInfer<Name>, Redacted.Redacted<string>, NoInfer<Declared>> => {
  const lower = name.toLowerCase()
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower)) {
    throw new Error(`${JSON.stringify(name)} can't be a header's name: use letters, digits and "-"`)
  }
  if (lower === "authorization" || lower === "cookie") {
    throw new Error(
      `an API key can't be the header ${name}: use Http.scheme or HttpBearer for Authorization, ApiKey.cookie for a cookie`
    )
  }
  if (lower === "__proto__" || lower === "set-cookie") {
    throw new Error(
      `an API key can't be the header ${name}: servers don't show it as one text, use another name`
    )
  }
  return make("header", "APIKeyHeader", name, options, (request) =>
    Credential.header(request, lower)
  )
}

/**
 * An API key in the query.
 *
 * Reads the one parameter `name`, case-sensitive, from the original URL of the request; yields its value `Redacted`. Fails as
 * {@link header} does; a comma is allowed.
 *
 * @example
 * ```ts
 * import { ApiKey } from "effect-security"
 *
 * ApiKey.query("api_key").requirement // => [{ APIKeyQuery: [] }]
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const query = <const Name extends string = "APIKeyQuery", Declared extends string = never>(
  name: string,
  ...[options]:
    [] | [options: Scheme.Options<Name, Declared> & Scheme.CheckName<Name, "APIKeyQuery">]
): SchemeOf<NoInfer<Name>, Redacted.Redacted<string>, NoInfer<Declared>> =>
  make("query", "APIKeyQuery", name, options, (request) => Credential.query(request, name))

/**
 * An API key in a cookie (RFC 6265).
 *
 * Reads the one cookie `name`, case-sensitive; yields its value `Redacted`, without surrounding quotes and percent-decoded.
 * A cookie that is sent twice is refused, not chosen from. Fails as {@link header} does; a comma is allowed.
 *
 * @example
 * ```ts
 * import { ApiKey } from "effect-security"
 *
 * ApiKey.cookie("session_id").requirement // => [{ APIKeyCookie: [] }]
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const cookie = <const Name extends string = "APIKeyCookie", Declared extends string = never>(
  name: string,
  ...[options]:
    [] | [options: Scheme.Options<Name, Declared> & Scheme.CheckName<Name, "APIKeyCookie">]
): SchemeOf<NoInfer<Name>, Redacted.Redacted<string>, NoInfer<Declared>> => {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
    throw new Error(
      `${JSON.stringify(name)} can't be a cookie's name: use letters, digits, "-" and "_"`
    )
  }
  return make("cookie", "APIKeyCookie", name, options, (request) =>
    Credential.cookie(request, name)
  )
}

/**
 * How a key's cookie is kept.
 *
 * @category models
 * @since 0.1.0
 */
export interface CookieOptions {
  /** How long the browser keeps it; until it is closed by default. */
  readonly maxAge?: Duration.DurationInput
  /** `"/"` by default. */
  readonly path?: string
  /** The host alone by default. */
  readonly domain?: string
  /** `"lax"` by default: other sites can link to the API, and can't post to it. */
  readonly sameSite?: "strict" | "lax" | "none"
  /** `true` by default: sent over TLS and to localhost only. */
  readonly secure?: boolean
}

/**
 * Sets a key's cookie on a response: `HttpOnly`, `Secure`, `SameSite=Lax`, `Path=/`, and `Cache-Control: no-store`.
 *
 * Fails with `CookiesError` for a name or a domain that can't be in a cookie, and for a value that {@link cookie} could not read
 * back: one with a control character or half a surrogate pair. `SameSite` is no protection for a
 * `GET` that changes something.
 *
 * @example
 * ```ts
 * import { ApiKey } from "effect-security"
 * import { HttpServerResponse } from "@effect/platform"
 * import { Redacted } from "effect"
 *
 * const response = HttpServerResponse.empty().pipe(
 *   ApiKey.setCookie("session_id", Redacted.make("0123456789"), { maxAge: "1 hour" })
 * )
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const setCookie: {
  (
    name: string,
    value: Redacted.Redacted<string>,
    options?: CookieOptions
  ): (
    self: HttpServerResponse.HttpServerResponse
  ) => Effect.Effect<HttpServerResponse.HttpServerResponse, Cookies.CookiesError>
  (
    self: HttpServerResponse.HttpServerResponse,
    name: string,
    value: Redacted.Redacted<string>,
    options?: CookieOptions
  ): Effect.Effect<HttpServerResponse.HttpServerResponse, Cookies.CookiesError>
} = dual(
  (args) => HttpServerResponse.isServerResponse(args[0]),
  (
    self: HttpServerResponse.HttpServerResponse,
    name: string,
    value: Redacted.Redacted<string>,
    options: CookieOptions = {}
  ) =>
    isReadable(Redacted.value(value)) ?
      HttpServerResponse.setCookie(self, name, Redacted.value(value), {
        ...(options.maxAge !== undefined && { maxAge: options.maxAge }),
        ...(options.domain !== undefined && { domain: options.domain }),
        path: options.path ?? "/",
        secure: options.secure ?? true,
        sameSite: options.sameSite ?? "lax",
        httpOnly: true
      }).pipe(Effect.map(HttpServerResponse.setHeader("cache-control", "no-store")))
    : Effect.fail(Line.invalidCookie())
)

// ----------------------------------------------------------------------------
// keys
// ----------------------------------------------------------------------------

/**
 * A new key: the text for its owner, which is shown once, and what is stored of it.
 *
 * @category models
 * @since 0.1.0
 */
export interface GeneratedKey {
  /** `prefix_id_secret`. */
  readonly key: Redacted.Redacted<string>
  /** By which the key is found. */
  readonly id: string
  /** What {@link hash} makes of `key`. */
  readonly hash: string
}

/**
 * Makes a new key, `prefix_id_secret`: an id of 95 random bits, by which it is found, and a secret of 190.
 *
 * `prefix` (`"key"` by default) tells people and secret scanners whose key it is. With the `id` of a key that exists it makes another
 * secret for it: store both hashes while the key is changed over.
 *
 * @example
 * ```ts
 * import { ApiKey } from "effect-security"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const { hash, id, key } = yield* ApiKey.generate({ prefix: "acme_live" })
 *   // `key` is shown to its owner; `id` and `hash` are stored
 *   return { hash, id, key }
 * })
 * ```
 * @category keys
 * @since 0.1.0
 */
export const generate = (
  options: { readonly prefix?: string; readonly id?: string } = {}
): Effect.Effect<GeneratedKey> => {
  const { prefix = "key" } = options
  if (!/^[0-9A-Za-z]+(?:_[0-9A-Za-z]+)*$/.test(prefix)) {
    throw new Error(
      `${JSON.stringify(prefix)} can't be the prefix of a key: use letters, digits and single "_" between them`
    )
  }
  if (options.id !== undefined && !isId.test(options.id)) {
    throw new Error(
      `${JSON.stringify(options.id)} can't be the id of a key: use letters, digits and "-", at most 64`
    )
  }
  return Effect.sync(() => {
    const id = options.id ?? randomText(16)
    const key = Redacted.make(`${prefix}_${id}_${randomText(32)}`)
    return { key, id, hash: hash(key) }
  })
}

/**
 * What is stored of a key: the SHA-256 of its text, as 64 hexadecimal digits.
 *
 * A key needs no salt and no slow hash as a password does, if its secret is random and has at least 128 bits; a key that somebody
 * thought up does: use `PasswordHash`.
 *
 * @category keys
 * @since 0.1.0
 */
export const hash = (key: Redacted.Redacted<string>): string => digest(key).toString("hex")

// ----------------------------------------------------------------------------
// verification
// ----------------------------------------------------------------------------

/**
 * A key as it is stored.
 *
 * @category models
 * @since 0.1.0
 */
export interface StoredKey<out Principal> {
  /** What the expression succeeds with. */
  readonly principal: Principal
  /** What {@link hash} makes of the key, or of each that is valid: two while a key is changed over. */
  readonly hash: string | ReadonlyArray<string>
  /** The scopes that the key is granted; none by default. */
  readonly scopes?: ReadonlyArray<string> | undefined
  /** From when on the key is refused; never by default. */
  readonly expiresAt?: Date | DateTime.DateTime | null | undefined
  /** Whether the key is refused; `false` by default. */
  readonly revoked?: boolean | undefined
}

/**
 * How keys are found: each by its id, or among a few.
 *
 * @category models
 * @since 0.1.0
 */
export type AuthenticateOptions<Principal, E, R, E2, R2> = {
  /** Counts the keys that were wrong, for instance `Throttle.make()`; none by default. */
  readonly throttle?: AttemptThrottle<E2, R2>
} & (
  | {
      /** Finds a key that {@link generate} made by its id; `None` for an unknown one. It is asked for every request. */
      readonly findKey: (
        id: string,
        context: VerifierContext
      ) => Effect.Effect<Option.Option<StoredKey<Principal>>, E, R>
      readonly keys?: never
    }
  | {
      /** The few keys that there are, of whatever form; as an Effect they are read for every request. */
      readonly keys:
        | ReadonlyArray<StoredKey<Principal>>
        | Effect.Effect<ReadonlyArray<StoredKey<Principal>>, E, R>
      readonly findKey?: never
    }
)

/**
 * Verifies keys against their stored hashes.
 *
 * Applies to key schemes that no verifier has seen, and to `anyOf` of them. Succeeds with the `principal` of the key, its scopes
 * granted. A key of another form, an unknown one, a wrong secret, one that has expired or was revoked: one and the same
 * `Unauthorized` (401, `invalid`). Digests are compared in constant time, for an unknown id with that of no key. A stored hash that
 * can't be read is no key's, and is told to the log; in a list of `keys` it throws, when the expression is made.
 *
 * The throttle is asked after a key was wrong, so that a right one always passes: there is no guessing 128 bits. What else
 * `findKey` fails with ends the evaluation.
 *
 * @example
 * ```ts
 * import { ApiKey, Security } from "effect-security"
 * import { Config, Effect, Option } from "effect"
 *
 * declare const findHash: (id: string) => Effect.Effect<Option.Option<string>>
 *
 * // keys that generate made, each found by its id
 * const robot = Security.anyOf(ApiKey.header("X-API-Key"), ApiKey.query("api_key")).pipe(
 *   ApiKey.authenticate({
 *     findKey: (id) => Effect.map(findHash(id), Option.map((hash) => ({ principal: { robot: id }, hash })))
 *   })
 * )
 *
 * // one key, from the configuration
 * const deployer = ApiKey.header("X-Deploy-Key", { schemeName: "deploy" }).pipe(
 *   ApiKey.authenticate({
 *     keys: Config.redacted("DEPLOY_KEY").pipe(
 *       Effect.map((key) => [{ principal: "deployer", hash: ApiKey.hash(key) }]),
 *       Effect.orDie
 *     )
 *   })
 * )
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const authenticate = <Principal, E = never, R = never, E2 = never, R2 = never>(
  options: AuthenticateOptions<Principal, E, R, E2, R2>
): (<E1, R1, Req extends SecurityRequirement, G extends Grantable>(
  self: Security<Redacted.Redacted<string>, E1, R1, Req, G> & SecurityAlgebra.CheckBare<Req, G>
) => Security<
  Principal,
  E1 | E | E2 | SecurityError.Unauthorized,
  R1 | R | R2,
  Req,
  SecurityAlgebra.Authenticated<G>
>) => {
  const { throttle } = options
  const candidates = candidatesOf(options)
  return SecurityAlgebra.authenticate(
    (
      key: Redacted.Redacted<string>,
      context: VerifierContext
    ): Effect.Effect<Grant<Principal>, E | E2 | SecurityError.Unauthorized, R | R2> =>
      Effect.flatMap(candidates(key, context), (stored) =>
        Effect.flatMap(right(key, stored), (found) =>
          found !== undefined ? Effect.succeed(grant(found.principal, found.scopes))
          : throttle === undefined ? invalid
          : Effect.zipRight(throttle.attempt({ request: context.request }), invalid)
        )
      ),
    { throttles: throttle !== undefined }
  )
}

const invalid = Exit.fail(new SecurityError.Unauthorized({ reason: "invalid" }))

/** Which stored keys a key may be. */
const candidatesOf = <Principal, E, R>(
  options: AuthenticateOptions<Principal, E, R, unknown, unknown>
): ((
  key: Redacted.Redacted<string>,
  context: VerifierContext
) => Effect.Effect<ReadonlyArray<StoredKey<Principal>>, E, R>) => {
  const { findKey, keys } = options
  if (findKey !== undefined) {
    return (key, context) => {
      const id = idOf(Redacted.value(key))
      return id === undefined ?
          Effect.succeed([])
        : Effect.map(findKey(id, context), Option.toArray)
    }
  }
  if (Effect.isEffect(keys)) return () => keys
  const broken = keys.findIndex((key) => digestsOf(key).includes(noKey))
  if (broken >= 0) {
    throw new Error(
      `the hash of keys[${broken}] has to be 64 hexadecimal digits: store what ApiKey.hash(key) or ApiKey.generate() makes`
    )
  }
  const all = Effect.succeed(keys)
  return () => all
}

/** The stored key that a key is, if it may be used now. */
const right = <Principal>(
  key: Redacted.Redacted<string>,
  stored: ReadonlyArray<StoredKey<Principal>>
): Effect.Effect<StoredKey<Principal> | undefined> =>
  Effect.clockWith((clock) => {
    const sent = digest(key)
    const now = clock.unsafeCurrentTimeMillis()
    const digests = stored.length === 0 ? [[noKey]] : stored.map(digestsOf)
    // all are compared: which of them it was does not show
    const same = digests.map((each) => isAmong(sent, each))
    const found = stored.find((each, index) => same[index] === true && isValid(each, now))
    return stored.length > 0 && digests.some((each) => each.includes(noKey)) ?
        Effect.as(unreadable, found)
      : Effect.succeed(found)
  })

const isAmong = (sent: Uint8Array, digests: ReadonlyArray<Uint8Array>): boolean =>
  digests.map((each) => timingSafeEqual(sent, each)).includes(true)

// a moment that is no number is past
const isValid = ({ expiresAt, revoked }: StoredKey<unknown>, now: number): boolean =>
  !revoked &&
  (expiresAt === undefined ||
    expiresAt === null ||
    now < (expiresAt instanceof Date ? expiresAt.getTime() : DateTime.toEpochMillis(expiresAt)))

const digest = (key: Redacted.Redacted<string>): Buffer =>
  createHash("sha256").update(Redacted.value(key)).digest()

/** The digest of no key: what can't be read is compared as if it were this. */
// nobody knows a text whose hash this is
const noKey = Buffer.alloc(32)

// from a database anything may come
const digestsOf = ({ hash }: StoredKey<unknown>): ReadonlyArray<Uint8Array> =>
  Array.isArray(hash) ? hash.map(toDigest) : [toDigest(hash)]

const toDigest = (text: unknown): Uint8Array =>
  typeof text === "string" && /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, "hex") : noKey

const unreadable = Effect.logWarning(
  "A stored hash of an API key can't be read: it is not 64 hexadecimal digits"
)

const isId = /^[0-9A-Za-z-]{1,64}$/

// 22 characters out of 62 are 130 bits
const isSecret = /^[0-9A-Za-z]{22,}$/

const idOf = (key: string): string | undefined => {
  const end = key.lastIndexOf("_")
  const id = key.slice(key.lastIndexOf("_", end - 1) + 1, Math.max(end, 0))
  return isId.test(id) && isSecret.test(key.slice(end + 1)) ? id : undefined
}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

const randomText = (length: number): string => {
  let text = ""
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      // 248 is the last multiple of 62: each character is as likely as another
      if (byte < 248 && text.length < length) text += alphabet.charAt(byte % 62)
    }
  }
  return text
}

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const isReadable = (key: string): boolean =>
  !Credential.hasControls(key) && !/\p{Surrogate}/u.test(key)

const make = <Name extends string, Declared extends string>(
  location: "header" | "query" | "cookie",
  defaultName: string,
  name: string,
  options: Scheme.Options<Name, Declared> | undefined,
  read: (request: Parameters<typeof Credential.header>[0]) => Credential.Extraction<string>
): SchemeOf<NoInfer<Name>, Redacted.Redacted<string>, NoInfer<Declared>> => {
  const realm = options?.realm ?? "api"
  const scheme = {
    type: "apiKey",
    name,
    in: location,
    description: options?.description,
    deprecated: options?.deprecated
  } as const
  return Scheme.makeNamed(options, defaultName, {
    scheme,
    extract: (request) => {
      const key = read(request)
      return typeof key === "string" ? Redacted.make(key) : key
    },
    challenge: Scheme.challenge("ApiKey", { realm }),
    isChallengeFixed: true,
    identity: Scheme.identity("ApiKey", scheme, realm, options?.scopes)
  })
}

/**
 * The keys that signatures of tokens are verified with: of an issuer's JWK set, of a configuration, of a PEM, a shared secret.
 *
 * A key is bound to one algorithm when it is read, and can do nothing but verify. Keys that are weak, broken or meant for something
 * else are left out of a set, and the rest of it is used.
 *
 * @see [RFC 7517](https://www.rfc-editor.org/rfc/rfc7517.html)
 * @see [RFC 7518](https://www.rfc-editor.org/rfc/rfc7518.html)
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Base64Url from "./internal/pure/Base64Url.ts"
import * as Jwk from "./internal/token/Jwk.ts"
import * as RemoteDocument from "./internal/upstream/RemoteDocument.ts"
import * as Upstream from "./internal/upstream/Upstream.ts"
import * as Line from "./internal/line/Line.ts"

export {
  type Algorithm,
  asymmetric,
  type AsymmetricAlgorithm,
  type Key,
  symmetric,
  type SymmetricAlgorithm
} from "./internal/token/Jwk.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

const TypeId: unique symbol = Symbol.for("effect-security/Jwks")

/**
 * Where keys come from. `R` is what it takes to get them: `HttpClient`, or nothing.
 *
 * @category models
 * @since 0.1.0
 */
export interface Jwks<out R = never> {
  readonly [TypeId]: typeof TypeId
  /** Whether its keys are secrets that issuer and API share. */
  readonly isSymmetric: boolean
  readonly get: Effect.Effect<Keys, Upstream.UpstreamError, R>
  /** The keys as their source has them now, for a token whose key is not among those of `get`. */
  readonly refresh: Effect.Effect<Keys, Upstream.UpstreamError, R>
  /** The keys if they are at hand at `now`, in milliseconds, without an Effect. */
  readonly peek: (now: number) => Keys | undefined
}

/**
 * The keys of a source.
 *
 * @category models
 * @since 0.1.0
 */
export interface Keys {
  readonly size: number
  /**
   * The keys that a token with this header can have been signed with.
   *
   * With a `kid` it is the key of exactly that `kid` and `alg`. Without one it is every key of the `alg`, unless these are more
   * than {@link maxCandidates}: then it is none.
   */
  readonly find: (alg: string, kid: string | undefined) => ReadonlyArray<Jwk.Key>
}

/**
 * A JWK set (RFC 7517, section 5).
 *
 * @category models
 * @since 0.1.0
 */
export interface JsonWebKeySet {
  readonly keys: ReadonlyArray<object>
}

/**
 * How the keys of a set are read.
 *
 * @category models
 * @since 0.1.0
 */
export interface SetOptions {
  /** The algorithm of RSA keys that do not say theirs by `alg`; `RS256` by default. */
  readonly rsaAlgorithm?: Jwk.RsaAlgorithm | undefined
}

/**
 * How a set is fetched, and how long it is kept.
 *
 * @category models
 * @since 0.1.0
 */
export interface UrlOptions extends SetOptions, RemoteDocument.Times, Partial<Upstream.Limits> {
  /** Allows an `http` URL; `false` by default. */
  readonly allowHttp?: boolean | undefined
}

/**
 * How many keys are tried for a token without `kid`.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxCandidates = 4

/**
 * How many keys of a set are read.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxKeys = 100

/**
 * Whether a value is a source of keys.
 *
 * @category guards
 * @since 0.1.0
 */
export const isJwks = (value: unknown): value is Jwks<unknown> => hasProperty(value, TypeId)

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * The public keys that an issuer publishes at a URL: its `jwks_uri`.
 *
 * They are fetched when the first token comes, through the `HttpClient` in the context, which must follow no redirects: one fetch at a time, at most
 * `maxBytes` (256 kB by default) within `timeout` (5 seconds). They are refreshed in the background by the first token after `freshFor`
 * (10 minutes), so a key that the issuer removed is gone after twice that time at the latest, and kept up to `staleFor` (4 hours)
 * while the issuer is down. A `kid` that is not among them has them refreshed at once, but no more often than each `coolDown`
 * (30 seconds).
 *
 * Secrets in the set are left out, private members are not read. A set without one key that can be used is no set: a verifier
 * then answers 503, unless it has an older one.
 *
 * Throws for a URL that is not `https` (unless `allowHttp` is set). It may be an Effect that finds out, as discovery does.
 *
 * @example
 * ```ts
 * import { Jwks } from "effect-security"
 *
 * const keys = Jwks.fromUrl("https://id.example/jwks", { freshFor: "5 minutes" })
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const fromUrl = (
  url: string | Effect.Effect<string, Upstream.UpstreamError, HttpClient.HttpClient>,
  options: UrlOptions = {}
): Jwks<HttpClient.HttpClient> => {
  if (typeof url === "string") Upstream.checkUrl("the URL of a JWK set", url, options.allowHttp)
  const document = RemoteDocument.make<Keys>({
    url,
    allowHttp: options.allowHttp,
    limits: { timeout: options.timeout, maxBytes: options.maxBytes ?? 262_144 },
    freshFor: options.freshFor,
    staleFor: options.staleFor,
    coolDown: options.coolDown,
    decode: (json, from) => decode(json, from, options)
  })
  return { [TypeId]: TypeId, isSymmetric: false, ...document }
}

/**
 * The keys of a JWK set that is there already: public keys, or secrets (`kty: "oct"`) if the set is `Redacted`.
 *
 * Throws when it holds no key that can be used, with the reason for each; when it holds both public keys and secrets; and for
 * secrets that are not `Redacted`.
 *
 * @example
 * ```ts
 * import { Jwks } from "effect-security"
 *
 * const keys = Jwks.fromJson({
 *   keys: [{ kty: "OKP", crv: "Ed25519", kid: "2026", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }]
 * })
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const fromJson = (
  set: JsonWebKeySet | Redacted.Redacted<JsonWebKeySet>,
  options: SetOptions = {}
): Jwks => {
  const isSecret = Redacted.isRedacted(set)
  const { keys } = isSecret ? Redacted.value(set) : set
  if (!Array.isArray(keys)) throw new Error("a JWK set has to be an object with an array of keys")
  const read = keys.map((jwk) => Jwk.read(jwk, options.rsaAlgorithm))
  const usable = read.filter(Jwk.isMaterial)
  if (usable.length === 0) {
    const reasons = read.filter((each) => typeof each === "string")
    throw new Error(
      `the JWK set has no key that can be used: ${reasons.join("; ") || "it has no key at all"}`
    )
  }
  const isSymmetric = usable.some(Jwk.isSecret)
  if (isSymmetric && !usable.every(Jwk.isSecret)) {
    throw new Error("a JWK set can't hold both public keys and secrets: make two of it")
  }
  if (isSymmetric && !isSecret) {
    throw new Error("a JWK set with secrets has to be Redacted: give Redacted.make(set)")
  }
  return local(usable, isSymmetric, "exact")
}

/**
 * The keys that a configuration value says: a JWK set in JSON, or the URL of one.
 *
 * It is a `Config`, so what is wrong with the value is a `ConfigError` when the configuration is read, and names no part of it.
 *
 * @example
 * ```ts
 * import { Jwks } from "effect-security"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const keys = yield* Jwks.fromConfig("ISSUER_KEYS")
 *   return keys.isSymmetric
 * })
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const fromConfig = (
  name: string,
  options: UrlOptions = {}
): Config.Config<Jwks<HttpClient.HttpClient>> =>
  Config.redacted(name).pipe(
    Line.mapConfig(name, (redacted): Jwks<HttpClient.HttpClient> => {
      const value = Redacted.value(redacted).trim()
      if (!value.startsWith("{")) {
        const problem = Upstream.problemOf(value, options.allowHttp)
        if (problem !== undefined) {
          throw new Error(`neither a JWK set in JSON nor the URL of one: it ${problem}`)
        }
        return fromUrl(value, options)
      }
      return fromJson(Redacted.make(parseSet(value)), options)
    })
  )

/**
 * One public key in PEM (`-----BEGIN PUBLIC KEY-----`, RFC 7468, section 13).
 *
 * It verifies tokens of any `kid`, or of none, unless `kid` says which. The algorithm is `RS256` for an RSA key and the only one that there is for others,
 * unless `algorithm` says another. Throws for anything else than one such PEM, a private key included, and for a weak key.
 *
 * @example
 * ```ts
 * import { Jwks } from "effect-security"
 *
 * const keys = Jwks.fromPem(`-----BEGIN PUBLIC KEY-----
 * MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
 * -----END PUBLIC KEY-----`)
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const fromPem = (
  pem: string,
  options: {
    /** What the key's tokens say as `alg`. */
    readonly algorithm?: Jwk.AsymmetricAlgorithm | undefined
    /** What the key's tokens say as `kid`; by default that does not matter. */
    readonly kid?: string | undefined
  } = {}
): Jwks => {
  const read = Jwk.read({
    ...Jwk.fromPem(pem),
    ...(options.algorithm && { alg: options.algorithm }),
    ...(options.kid !== undefined && { kid: options.kid })
  })
  if (!Jwk.isMaterial(read)) throw new Error(`the key can't be used: ${read}`)
  return local([read], false, options.kid === undefined ? "any" : "exact")
}

/**
 * A secret that the issuer and this API share, for HMAC.
 *
 * A text stands for its bytes in UTF-8: decode it first where it is written in base64. It has to be at least as long as the hash (RFC 7518,
 * section 3.2): 32 bytes for `HS256`, which is the default. Whoever can verify with it can sign with it as well.
 *
 * @example
 * ```ts
 * import { Jwks } from "effect-security"
 * import { Redacted } from "effect"
 *
 * const keys = Jwks.fromSecret(Redacted.make("a-secret-that-is-at-least-32-bytes-long"))
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const fromSecret = (
  secret: Redacted.Redacted<string | Uint8Array>,
  options: {
    /** What its tokens say as `alg`; `HS256` by default. */
    readonly algorithm?: Jwk.SymmetricAlgorithm | undefined
    /** What its tokens say as `kid`; by default that does not matter. */
    readonly kid?: string | undefined
  } = {}
): Jwks => {
  const value = Redacted.value(secret)
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value
  const read = Jwk.read({
    kty: "oct",
    alg: options.algorithm ?? "HS256",
    k: Base64Url.encode(bytes),
    ...(options.kid !== undefined && { kid: options.kid })
  })
  if (!Jwk.isMaterial(read)) throw new Error(`the secret can't be used: ${read}`)
  return local([read], true, options.kid === undefined ? "any" : "exact")
}

// ----------------------------------------------------------------------------
// sources
// ----------------------------------------------------------------------------

/** Keys that are there are imported once, by whoever needs them first. */
const local = (
  materials: ReadonlyArray<Jwk.Material>,
  isSymmetric: boolean,
  kids: "exact" | "any"
): Jwks => {
  let imported: Keys | undefined
  const get = Effect.suspend(() =>
    imported !== undefined ?
      Effect.succeed(imported)
    : Effect.map(
        Effect.promise(() => importAll(materials)),
        (keys) => {
          imported ??= index(keys, kids)
          return imported
        }
      )
  )
  return { [TypeId]: TypeId, isSymmetric, get, refresh: get, peek: () => imported }
}

const decode = (
  json: { readonly [member: string]: unknown },
  url: string,
  options: SetOptions
): Effect.Effect<Keys, Upstream.UpstreamError> => {
  const shown = Upstream.shown(url)
  const members: unknown = json["keys"]
  const read =
    Array.isArray(members) ?
      members.slice(0, maxKeys).map((jwk) => Jwk.read(jwk, options.rsaAlgorithm))
    : []
  const usable = read.filter(Jwk.isMaterial).filter((material) => !Jwk.isSecret(material))
  const reasons = read.filter((each) => typeof each === "string")
  return Effect.flatMap(
    Effect.promise(() => importAll(usable)),
    (keys) =>
      keys.length === 0 ?
        Effect.fail(
          new Upstream.UpstreamError({ url: shown, description: "has no key that can be used" })
        )
      : reasons.length === 0 ? Effect.succeed(index(keys, "exact"))
      : Effect.as(
          Effect.logDebug(`${shown}: keys that can't be used: ${reasons.join("; ")}`),
          index(keys, "exact")
        )
  )
}

const parseSet = (text: string): JsonWebKeySet => {
  let set: unknown
  try {
    set = JSON.parse(text)
  } catch {
    // told below: the text may hold secrets
  }
  if (!hasProperty(set, "keys") || !Array.isArray(set.keys)) {
    throw new Error("a JWK set has to be an object with an array of keys")
  }
  return { keys: set.keys }
}

// what a JavaScript engine can't import, though it is a key, is left out
const importAll = async (
  materials: ReadonlyArray<Jwk.Material>
): Promise<ReadonlyArray<Jwk.Key>> => {
  const settled = await Promise.allSettled(distinct(materials).map(Jwk.importKey))
  return settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []))
}

const index = (keys: ReadonlyArray<Jwk.Key>, kids: "exact" | "any"): Keys => {
  const byAlg = new Map<string, Array<Jwk.Key>>()
  const byKid = new Map<string, ReadonlyArray<Jwk.Key>>()
  for (const key of keys) {
    const others = byAlg.get(key.alg)
    if (others === undefined) byAlg.set(key.alg, [key])
    else others.push(key)
    if (key.kid !== undefined) byKid.set(`${key.alg} ${key.kid}`, [key])
  }
  const anyOf = (alg: string): ReadonlyArray<Jwk.Key> => {
    const candidates = byAlg.get(alg) ?? none
    return candidates.length > maxCandidates ? none : candidates
  }
  return {
    size: keys.length,
    find: (alg, kid) =>
      kid === undefined || kids === "any" ? anyOf(alg) : (byKid.get(`${alg} ${kid}`) ?? none)
  }
}

const none: ReadonlyArray<Jwk.Key> = []

/** One key of several that are the same; none of several that only have the same name (nobody can say which is meant). */
const distinct = (materials: ReadonlyArray<Jwk.Material>): ReadonlyArray<Jwk.Material> => {
  const byIdentity = new Map(
    materials.map((material) => [`${nameOf(material)} ${identityOf(material)}`, material])
  )
  const counts = new Map<string, number>()
  for (const material of byIdentity.values()) {
    counts.set(nameOf(material), (counts.get(nameOf(material)) ?? 0) + 1)
  }
  return [...byIdentity.values()].filter(
    (material) => material.kid === undefined || counts.get(nameOf(material)) === 1
  )
}

const nameOf = ({ alg, kid }: Jwk.Material): string => JSON.stringify([alg, kid])

const identityOf = ({ jwk }: Jwk.Material): string => JSON.stringify(jwk)

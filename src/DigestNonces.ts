/**
 * The nonces of HTTP Digest (RFC 7616, section 3.3): authenticated, expiring, and used once for each count.
 *
 * A nonce that is sent to a client is stored nowhere: it says when it was made, under a keyed hash. Only one that came back with a
 * right digest is remembered, in a {@link Store}, so that it can't be replayed.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import * as Line from "./internal/line/Line.ts"

// ----------------------------------------------------------------------------
// nonces
// ----------------------------------------------------------------------------

/**
 * What makes nonces, and knows its own.
 *
 * @category models
 * @since 0.1.0
 */
export interface Nonces {
  /** Two schemes are the same only if their nonces have the same. */
  readonly id: string
  /** How long a nonce can be used, in milliseconds. */
  readonly lifetime: number
  /** The nonces for one purpose: those for another are none of its own. */
  readonly bind: (...purpose: ReadonlyArray<string>) => Issuer
}

/**
 * Makes the nonces for one purpose.
 *
 * @category models
 * @since 0.1.0
 */
export interface Issuer {
  /** Makes one; `now` is in milliseconds. */
  readonly issue: (now: number) => string
  /** What a nonce says, if it is one of its own. */
  readonly read: (nonce: string) => Issued | undefined
}

/**
 * What a nonce says.
 *
 * @category models
 * @since 0.1.0
 */
export interface Issued {
  /** When it was made, in milliseconds. */
  readonly issuedAt: number
  /** Which of the nonces of this process it is, from 1 on; 0 for one of another process. */
  readonly serial: number
}

/**
 * How nonces are made.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /**
   * The key of the hash, at least 32 bytes of UTF-8, the same on all machines that answer for one name. By default 256 random bits
   * for each process: nonces of another process, and of this one before it was restarted, are then stale.
   */
  readonly secret?: Redacted.Redacted<string> | undefined
  /** How long a nonce can be used; 5 minutes by default. */
  readonly lifetime?: Duration.DurationInput | undefined
}

/**
 * Makes nonces: 8 bytes of time, 8 random ones of this process, and 6 that count its nonces, under HMAC-SHA-256 (RFC 2104), in
 * base64url.
 *
 * Throws when the secret is shorter than 32 bytes, or the lifetime is not a finite time of at least a second.
 *
 * @example
 * ```ts
 * import { DigestNonces, HttpDigest } from "effect-security"
 * import { Redacted } from "effect"
 *
 * const nonces = DigestNonces.make({ secret: Redacted.make("0123456789abcdef0123456789abcdef"), lifetime: "10 minutes" })
 * const digest = HttpDigest.make({ realm: "items", nonces })
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Nonces => {
  const lifetime = Duration.toMillis(options.lifetime ?? "5 minutes")
  if (!(lifetime >= 1000 && Number.isFinite(lifetime))) {
    throw new Error(
      `the lifetime of nonces has to be a finite time of at least a second: got ${lifetime} ms`
    )
  }
  const { secret } = options
  const key =
    secret === undefined ? randomBytes(32) : new TextEncoder().encode(Redacted.value(secret))
  if (key.length < 32) {
    throw new Error(
      `the secret of nonces has to have at least 32 bytes: got ${key.length}; make one with \`openssl rand -base64 32\``
    )
  }
  made++
  return { id: String(made), lifetime, bind: (...purpose) => issuer(key, purpose) }
}

/**
 * The same, with options from a `Config`.
 *
 * A scheme is a value, so it is made before any Layer: run this where the scheme is made.
 *
 * @example
 * ```ts
 * import { DigestNonces, HttpDigest } from "effect-security"
 * import { Config, Effect } from "effect"
 *
 * const digest = DigestNonces.makeConfig({ secret: Config.redacted("DIGEST_SECRET") }).pipe(
 *   Effect.map((nonces) => HttpDigest.make({ realm: "items", nonces }))
 * )
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const makeConfig = (
  options: Config.Config.Wrap<Options>
): Effect.Effect<Nonces, ConfigError.ConfigError> => Effect.map(Config.unwrap(options), make)

/**
 * The nonces of schemes that are told of none: those of this process.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofProcess = (): Nonces => (processNonces ??= make())

let made = 0
let processNonces: Nonces | undefined

/** No clock tells what this process has made from what it made before a restart. */
const thisProcess = Line.once("effect-security/DigestNonces/process", () => ({
  id: randomBytes(8),
  issued: 0
}))

// time, process and serial, and the hash, without padding: each text is of other bytes
const shape = /^[A-Za-z0-9_-]{72}$/
const processAt = 8
const serialAt = 16
const headLength = 22

const issuer = (secret: Uint8Array, purpose: ReadonlyArray<string>): Issuer => {
  const key = hmac(secret, JSON.stringify(["effect-security/DigestNonces", ...purpose]))
  return {
    issue: (now) => {
      const head = Buffer.alloc(headLength)
      head.writeDoubleBE(now)
      head.set(thisProcess.id, processAt)
      head.writeUIntBE(++thisProcess.issued, serialAt, headLength - serialAt)
      return Buffer.concat([head, hmac(key, head)]).toString("base64url")
    },
    read: (nonce) => {
      if (!shape.test(nonce)) return undefined
      const bytes = Buffer.from(nonce, "base64url")
      const head = bytes.subarray(0, headLength)
      if (!timingSafeEqual(bytes.subarray(headLength), hmac(key, head))) return undefined
      const isOurs = thisProcess.id.equals(head.subarray(processAt, serialAt))
      return {
        issuedAt: head.readDoubleBE(),
        serial: isOurs ? head.readUIntBE(serialAt, headLength - serialAt) : 0
      }
    }
  }
}

const hmac = (key: Uint8Array, data: string | Uint8Array): Buffer =>
  createHmac("sha256", key).update(data).digest()

// ----------------------------------------------------------------------------
// the store
// ----------------------------------------------------------------------------

/**
 * One use of a nonce, whose digest is right.
 *
 * @category models
 * @since 0.1.0
 */
export interface Use extends Issued {
  readonly nonce: string
  /** The count that the client sent, from 1 on. */
  readonly nc: number
  /** How far below the highest count of the nonce another may still be; each is used once. */
  readonly window: number
  /** From when on the nonce is refused without asking the store, in milliseconds. */
  readonly expiresAt: number
  readonly now: number
}

/**
 * The store could not decide: its message names what is wrong and nothing of the request.
 *
 * @category errors
 * @since 0.1.0
 */
export class StoreError extends Schema.TaggedError<StoreError>(
  "effect-security/DigestNonces/StoreError"
)("DigestNonceStoreError", { message: Schema.String }) {}

/**
 * What a store does: it says whether a use is the first of its kind, and remembers it.
 *
 * It has to be atomic, and to refuse whatever it can't know: nonces from before it began to remember, and those it had to
 * forget.
 *
 * @category models
 * @since 0.1.0
 */
export interface StoreService {
  readonly use: (use: Use) => Effect.Effect<boolean, StoreError>
}

/**
 * Remembers which counts of which nonces were used.
 *
 * Servers that answer for one name have to share one: see `DigestNoncesRedis`.
 *
 * @category services
 * @since 0.1.0
 */
export class Store extends Context.Tag("effect-security/DigestNonces/Store")<
  Store,
  StoreService
>() {}

/**
 * A store in the memory of this process.
 *
 * `capacity` is how many nonces it remembers, 65,536 by default. When it is full it forgets the oldest, and from then on refuses
 * all that are as old: their clients are told that the nonce is stale, and go on with a fresh one. It refuses nonces that were
 * made before it was, and those of other processes, so neither a restart nor a clock that is set back makes one replayable.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = (
  options: { readonly capacity?: number } = {}
): Effect.Effect<StoreService> => {
  const { capacity = 65_536 } = options
  if (!Number.isSafeInteger(capacity) || capacity < 2) {
    throw new Error(`the capacity has to be a whole number of at least 2: got ${capacity}`)
  }
  return Effect.sync(() => {
    const memory = new Memory(capacity, thisProcess.issued)
    return { use: (use) => Effect.sync(() => memory.use(use)) }
  })
}

/**
 * {@link makeMemory} as a Layer: provide it once, where the server is made.
 *
 * @example
 * ```ts
 * import { DigestNonces } from "effect-security"
 * import { Layer } from "effect"
 *
 * const Live = Layer.mergeAll(DigestNonces.layerMemory())
 * ```
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (options: { readonly capacity?: number } = {}): Layer.Layer<Store> =>
  Layer.effect(Store, makeMemory(options))

// ----------------------------------------------------------------------------
// memory
// ----------------------------------------------------------------------------

interface Counts {
  readonly serial: number
  readonly expiresAt: number
  /** In order; none is below the window of the last. */
  readonly used: Array<number>
}

class Memory {
  private readonly capacity: number
  private readonly nonces = new Map<string, Counts>()
  /** The serial up to which nonces may have been used before, unless they are known. */
  private horizon: number

  constructor(capacity: number, horizon: number) {
    this.capacity = capacity
    this.horizon = horizon
  }

  use({ expiresAt, nc, nonce, now, serial, window }: Use): boolean {
    const known = this.nonces.get(nonce)
    if (known !== undefined) return count(known.used, nc, window)
    if (this.nonces.size >= this.capacity) this.forget(now)
    // not `<=`: what is no number is refused
    if (!(serial > this.horizon)) return false
    this.nonces.set(nonce, { serial, expiresAt, used: [nc] })
    return nc > 0
  }

  /** Forgets what has expired and, where that is not enough, the oldest: a quarter of all, so that it is seldom done. */
  private forget(now: number): void {
    for (const [nonce, { expiresAt, serial }] of this.nonces) {
      if (!(now < expiresAt)) this.drop(nonce, serial)
    }
    const surplus = this.nonces.size - Math.floor((this.capacity * 3) / 4)
    if (surplus <= 0) return
    const serials = Float64Array.from(this.nonces.values(), ({ serial }) => serial).sort()
    const oldest = serials[surplus - 1] ?? 0
    for (const [nonce, { serial }] of this.nonces) {
      if (serial <= oldest) this.drop(nonce, serial)
    }
  }

  private drop(nonce: string, serial: number): void {
    this.nonces.delete(nonce)
    // a clock that is set back takes what has expired for fresh
    this.horizon = Math.max(this.horizon, serial)
  }
}

const count = (used: Array<number>, nc: number, window: number): boolean => {
  const top = used[used.length - 1] ?? 0
  // not `<`: a count that is no number is refused
  if (!(nc > 0 && nc >= top - window) || used.includes(nc)) return false
  used.push(nc)
  used.sort((left, right) => left - right)
  const floor = Math.max(top, nc) - window
  while ((used[0] ?? floor) < floor) used.shift()
  return true
}

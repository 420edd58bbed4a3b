/**
 * Passwords as a server keeps them: hashed slowly, with a salt (RFC 7914).
 *
 * A `PasswordHash` is an interface of three members. {@link scrypt} is the one that needs no package; argon2 or bcrypt is one of
 * your own.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { randomBytes, scrypt as nodeScrypt, timingSafeEqual } from "node:crypto"
import * as SecurityError from "./SecurityError.ts"
import * as SingleFlight from "./internal/setting/SingleFlight.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * How passwords are hashed, and compared with what is stored.
 *
 * One of your own has to compare in constant time, to take as long for a wrong password as for a right one, to {@link prepare}
 * what it is given, and to yield `false` for a stored text that it can't read. bcrypt reads no more than 72 bytes of a
 * password, so that longer ones with the same beginning are one password: refuse those, or use a hash without the limit.
 *
 * @category models
 * @since 0.1.0
 */
export interface PasswordHash {
  /** Hashes a password with a new salt: the text to store, its algorithm and parameters included. */
  readonly hash: (
    password: Redacted.Redacted<string>
  ) => Effect.Effect<string, InvalidPassword | SecurityError.ServiceUnavailable>
  /** Whether a password is the one that was stored. */
  readonly verify: (
    password: Redacted.Redacted<string>,
    stored: string
  ) => Effect.Effect<boolean, SecurityError.ServiceUnavailable>
  /** Whether a stored text was made otherwise than `hash` makes it now: hash the password anew when it was right. */
  readonly needsRehash: (stored: string) => boolean
}

/**
 * A password that can't be stored: it is empty, or has more than {@link maxBytes} bytes.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidPassword extends Schema.TaggedError<InvalidPassword>(
  "effect-security/PasswordHash/InvalidPassword"
)("InvalidPassword", { reason: Schema.Literal("empty", "too long") }) {}

/**
 * What scrypt can be told. The default costs are OWASP's: 128 MiB and some 300 ms for each password.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScryptOptions {
  /** The logarithm of the cost N to the base 2; 17 by default. */
  readonly ln?: number
  /** The block size; 8 by default. Each hash takes 128 · N · r bytes of memory. */
  readonly r?: number
  /** The parallelization, which node:crypto does one after the other; 1 by default. */
  readonly p?: number
  /** How many passwords are hashed at the same time, each in a thread of libuv's pool (which has 4); 2 by default. */
  readonly concurrency?: number
  /** How many more may wait for their turn; 32 by default. Whoever comes then gets `ServiceUnavailable`. */
  readonly waiting?: number
}

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * Hashes by scrypt (RFC 7914), as node:crypto has it: asynchronously, and a few at a time.
 *
 * Stores `$scrypt$ln=17,r=8,p=1$salt$hash` (a PHC string, base64 without padding). A text of other costs is read as it says, up
 * to 256 MiB and four times the work of the default (or of your own costs, if they are larger): a broken row can't take the
 * machine down. One that can't be read is no password's: it costs what another costs, yields `false`, and is told to the log.
 *
 * When costs are raised, a wrong password for a text of the old ones takes as long as for one of the new, so that time does not tell
 * who has not logged in since. When they are lowered it does, until those texts are hashed anew: a larger one takes its time.
 *
 * When `concurrency` are being hashed and `waiting` wait, it fails with `ServiceUnavailable` (503). A caller who is interrupted
 * waits for a hash that has begun, since no thread can be told to stop. Throws when it is made with costs that scrypt does not know.
 *
 * @example
 * ```ts
 * import { PasswordHash } from "effect-security"
 * import { Effect, Redacted } from "effect"
 *
 * const passwords = PasswordHash.scrypt()
 * const program = Effect.gen(function* () {
 *   const stored = yield* passwords.hash(Redacted.make("correct horse"))
 *   return yield* passwords.verify(Redacted.make("correct horse"), stored) // => true
 * })
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const scrypt = (options: ScryptOptions = {}): PasswordHash => {
  const own = checkedCost({ ln: options.ln ?? 17, r: options.r ?? 8, p: options.p ?? 1 })
  const inTurn = makeQueue(options.concurrency ?? 2, options.waiting ?? 32)
  const limits: Limits = {
    memory: Math.max(defaultLimits.memory, memoryOf(own)),
    work: Math.max(defaultLimits.work, 4 * workOf(own))
  }
  const derived = (password: string, salt: Uint8Array, length: number, cost: Cost) =>
    inTurn(derive(password, salt, length, cost))
  // not made with the value: some platforms allow nothing random outside of a request
  let decoySalt: Uint8Array | undefined
  return {
    hash: (password) =>
      Effect.suspend((): ReturnType<PasswordHash["hash"]> => {
        const prepared = prepare(password)
        if (prepared instanceof InvalidPassword) return Effect.fail(prepared)
        const salt = randomBytes(saltBytes)
        return Effect.map(derived(Redacted.value(prepared), salt, hashBytes, own), (hash) =>
          print({ ...own, salt, hash })
        )
      }),
    verify: (password, stored) =>
      Effect.suspend(() => {
        const prepared = prepare(password)
        if (prepared instanceof InvalidPassword) return Effect.succeed(false)
        const text = Redacted.value(prepared)
        const read = parse(stored, limits)
        return read === undefined ?
            Effect.as(
              Effect.zipRight(
                derived(text, (decoySalt ??= randomBytes(saltBytes)), hashBytes, own),
                unreadable
              ),
              false
            )
          : inTurn(compared(text, read, own))
      }),
    needsRehash: (stored) => {
      const read = parse(stored, limits)
      return (
        read === undefined ||
        read.ln !== own.ln ||
        read.r !== own.r ||
        read.p !== own.p ||
        read.salt.length < saltBytes ||
        read.hash.length < hashBytes
      )
    }
  }
}

// ----------------------------------------------------------------------------
// preparation
// ----------------------------------------------------------------------------

/**
 * The longest password, in bytes of UTF-8 once it is prepared: 1,024.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxBytes = 1024

/**
 * A password as it is hashed (RFC 8265, section 4.2, OpaqueString): every kind of space is U+0020, and it is in Unicode's
 * normalization form C, so that it is the same whichever keyboard wrote it.
 *
 * @category preparation
 * @since 0.1.0
 */
export const prepare = (
  password: Redacted.Redacted<string>
): Redacted.Redacted<string> | InvalidPassword => {
  const text = Redacted.value(password)
    .replace(/\p{Zs}/gu, " ")
    .normalize("NFC")
  return (
    text === "" ? empty
    : Buffer.byteLength(text) > maxBytes ? tooLong
    : Redacted.make(text)
  )
}

const empty = SecurityError.withoutStack(() => new InvalidPassword({ reason: "empty" }))
const tooLong = SecurityError.withoutStack(() => new InvalidPassword({ reason: "too long" }))

// ----------------------------------------------------------------------------
// PHC strings
// ----------------------------------------------------------------------------

interface Cost {
  readonly ln: number
  readonly r: number
  readonly p: number
}

interface Stored extends Cost {
  readonly salt: Uint8Array
  readonly hash: Uint8Array
}

interface Limits {
  /** In bytes. */
  readonly memory: number
  /** N · r · p. */
  readonly work: number
}

const saltBytes = 16
const hashBytes = 32

const memoryOf = ({ ln, r }: Cost): number => 128 * 2 ** ln * r
const workOf = ({ ln, p, r }: Cost): number => 2 ** ln * r * p

const defaultLimits: Limits = { memory: 2 ** 28, work: 2 ** 22 }

const unpadded = (bytes: Uint8Array): string =>
  Buffer.from(bytes).toString("base64").replaceAll("=", "")

const print = ({ hash, ln, p, r, salt }: Stored): string =>
  `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(hash)}`

// a salt of 8 to 64 bytes, a hash of 16 to 64: an empty hash would be that of every password
const phc =
  /^\$scrypt\$ln=([1-9]\d?),r=([1-9]\d{0,2}),p=([1-9]\d{0,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

const parse = (stored: string, limits: Limits): Stored | undefined => {
  // from a database anything may come
  const [, ln, r, p, salt = "", hash = ""] = (typeof stored === "string" && phc.exec(stored)) || []
  const read = {
    ln: Number(ln),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt, "base64"),
    hash: Buffer.from(hash, "base64")
  }
  return (
      memoryOf(read) <= limits.memory &&
        workOf(read) <= limits.work &&
        unpadded(read.salt) === salt &&
        unpadded(read.hash) === hash
    ) ?
      read
    : undefined
}

const unreadable = Effect.logWarning(
  "A stored password hash can't be read: it is no PHC string of scrypt, or costs more than is allowed"
)

/**
 * The hash of a password that nobody has, made when it is first asked for.
 *
 * Where there is no such user, verify against it: an unknown user then costs the same as a wrong password. Ask for it before it is
 * known whether there is one. `HttpBasic.authenticate` does so; a login form of one's own has to.
 *
 * @example
 * ```ts
 * import { PasswordHash } from "effect-security"
 * import { Effect, type Redacted } from "effect"
 *
 * const passwords = PasswordHash.scrypt()
 * const decoy = PasswordHash.decoy(passwords)
 *
 * const isRight = (password: Redacted.Redacted<string>, stored: string | undefined) =>
 *   Effect.flatMap(decoy, (ofNobody) => passwords.verify(password, stored ?? ofNobody))
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const decoy = (
  self: PasswordHash
): Effect.Effect<string, SecurityError.ServiceUnavailable> => {
  let made: string | undefined
  const flights = SingleFlight.make<string, SecurityError.ServiceUnavailable>({ outlives: true })
  const making = Effect.suspend(() =>
    self.hash(Redacted.make(randomBytes(32).toString("base64")))
  ).pipe(
    Effect.catchTag("InvalidPassword", Effect.die),
    Effect.tap((hash) =>
      Effect.sync(() => {
        made = hash
      })
    )
  )
  return Effect.suspend(() =>
    made === undefined ? flights.run("decoy", making) : Effect.succeed(made)
  )
}

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const checkedCost = (cost: Cost): Cost => {
  const { ln, p, r } = cost
  if (!(isWhole(ln, 1, 24) && isWhole(r, 1, 64) && isWhole(p, 1, 64))) {
    throw new Error(
      `scrypt can't have the costs ln=${ln},r=${r},p=${p}: use whole numbers, such as ln=17,r=8,p=1`
    )
  }
  return cost
}

const isWhole = (number: number, least: number, most: number): boolean =>
  Number.isSafeInteger(number) && number >= least && number <= most

/** Runs at most `concurrency` at a time, and lets at most `waiting` wait. */
const makeQueue = (concurrency: number, waiting: number) => {
  if (!isWhole(concurrency, 1, 1024)) {
    throw new Error(`concurrency has to be a whole number of at least 1: got ${concurrency}`)
  }
  if (!isWhole(waiting, 0, Number.MAX_SAFE_INTEGER)) {
    throw new Error(`waiting has to be a whole number: got ${waiting}`)
  }
  const semaphore = Effect.unsafeMakeSemaphore(concurrency)
  const busy = new SecurityError.ServiceUnavailable({ retryAfter: 1 })
  let inside = 0
  const enter = Effect.suspend(() => {
    if (inside >= concurrency + waiting) return Effect.fail(busy)
    inside++
    return Effect.void
  })
  const leave = Effect.sync(() => {
    inside--
  })
  return <A>(
    effect: Effect.Effect<A, SecurityError.ServiceUnavailable>
  ): Effect.Effect<A, SecurityError.ServiceUnavailable> =>
    // a permit is held until the thread is done: who hangs up early must not start more than `concurrency`
    Effect.acquireUseRelease(
      enter,
      () => semaphore.withPermits(1)(Effect.uninterruptible(effect)),
      () => leave
    )
}

/**
 * Whether a password is the one of a stored text; when not, the work that the text lacks beside one of one's own costs is done as well.
 */
const compared = (
  password: string,
  stored: Stored,
  own: Cost
): Effect.Effect<boolean, SecurityError.ServiceUnavailable> =>
  Effect.flatMap(derive(password, stored.salt, stored.hash.length, stored), (hash) => {
    if (timingSafeEqual(hash, stored.hash)) return Effect.succeed(true)
    const ratio = workOf(own) / workOf(stored)
    if (ratio <= 1) return Effect.succeed(false)
    const lacking =
      // so much less that it does not matter: and an r · p that scrypt could not do
      ratio > 64 ? own : { ln: stored.ln, r: stored.r, p: Math.ceil(stored.p * (ratio - 1)) }
    return Effect.as(derive(password, stored.salt, hashBytes, lacking), false)
  })

const derive = (
  password: string,
  salt: Uint8Array,
  length: number,
  cost: Cost
): Effect.Effect<Uint8Array, SecurityError.ServiceUnavailable> =>
  Effect.async<Uint8Array, unknown>((resume) => {
    const parameters = {
      N: 2 ** cost.ln,
      r: cost.r,
      p: cost.p,
      maxmem: 2 * memoryOf(cost) + 1024 * cost.r * cost.p
    }
    try {
      nodeScrypt(password, salt, length, parameters, (error, hash) =>
        // Node says `null`, Bun `undefined`
        resume(error ? Effect.fail(error) : Effect.succeed(hash))
      )
    } catch (error) {
      resume(Effect.fail(error))
    }
  }).pipe(
    Effect.catchAll(() =>
      // its costs are known to be good: what lacks is memory
      Effect.zipRight(
        Effect.logWarning("scrypt failed: there may be too little memory for its costs"),
        Effect.fail(new SecurityError.ServiceUnavailable())
      )
    )
  )

import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as PasswordHash from "../src/PasswordHash.ts"

const cheap = { ln: 4, r: 8, p: 1 } as const
const passwords = PasswordHash.scrypt(cheap)
const verify = (password: string, stored: string, by = passwords) =>
  by.verify(Redacted.make(password), stored)

const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64").replace(/=+$/, "")
const hex = (text: string): Uint8Array => Buffer.from(text.replace(/\s/g, ""), "hex")

/** What an Effect writes to the log. */
const logged = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const lines: Array<string> = []
    const logger = Logger.make(({ message }) => lines.push(JSON.stringify(message)))
    return Effect.map(
      Effect.provide(effect, Logger.replace(Logger.defaultLogger, logger)),
      (value) => ({ value, lines })
    )
  })

// RFC 7914, section 12
const pleaseletmein = {
  salt: b64(Buffer.from("SodiumChloride")),
  hash: b64(
    hex(
      `7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2
       d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887`
    )
  )
}
const vector = `$scrypt$ln=14,r=8,p=1$${pleaseletmein.salt}$${pleaseletmein.hash}`

describe("scrypt", () => {
  it.effect("is that of RFC 7914", () =>
    Effect.gen(function* () {
      assert.isTrue(yield* verify("pleaseletmein", vector))
      assert.isFalse(yield* verify("pleaseletmeim", vector))
    })
  )

  it.effect("reads the parallelization", () =>
    Effect.gen(function* () {
      const made = PasswordHash.scrypt({ ln: 4, r: 2, p: 3 })
      const stored = yield* made.hash(Redacted.make("secret"))
      assert.match(stored, /^\$scrypt\$ln=4,r=2,p=3\$[\w+/]{22}\$[\w+/]{43}$/)
      assert.isTrue(yield* verify("secret", stored))
      assert.isFalse(yield* verify("secret", stored.replace("p=3", "p=2")))
    })
  )

  it.effect("has OWASP's costs by default", () =>
    Effect.gen(function* () {
      const made = PasswordHash.scrypt()
      const stored = yield* made.hash(Redacted.make("secret"))
      assert.match(stored, /^\$scrypt\$ln=17,r=8,p=1\$/)
      assert.isTrue(yield* verify("secret", stored, made))
    })
  )

  it("knows a password by its hash, and no other", () =>
    FastCheck.assert(
      FastCheck.asyncProperty(
        FastCheck.string({ unit: "grapheme", minLength: 1, maxLength: 30 }),
        FastCheck.string({ unit: "grapheme", minLength: 1, maxLength: 30 }),
        (password, other) =>
          Effect.runPromise(
            Effect.gen(function* () {
              const stored = yield* passwords.hash(Redacted.make(password))
              assert.isTrue(yield* verify(password, stored))
              const same =
                other.replace(/\p{Zs}/gu, " ").normalize("NFC") ===
                password.replace(/\p{Zs}/gu, " ").normalize("NFC")
              assert.strictEqual(yield* verify(other, stored), same)
            })
          )
      ),
      { numRuns: 200 }
    ))

  it.effect("salts", () =>
    Effect.gen(function* () {
      const one = yield* passwords.hash(Redacted.make("secret"))
      assert.notStrictEqual(one, yield* passwords.hash(Redacted.make("secret")))
    })
  )

  it.effect("takes a password however it was typed", () =>
    Effect.gen(function* () {
      const stored = yield* passwords.hash(Redacted.make("caf\u00E9 \u00C5"))
      assert.isTrue(yield* verify("cafe\u0301\u00A0A\u030A", stored))
      assert.isTrue(yield* verify("caf\u00E9\u3000\u212B", stored))
      // compatibility forms and case stay what they are
      assert.isFalse(yield* verify("caf\u00E9 \uFF21\u030A", stored))
      assert.isFalse(yield* verify("Caf\u00E9 \u00C5", stored))
    })
  )

  it.effect("takes none that is empty, and none of more than 1,024 bytes", () =>
    Effect.gen(function* () {
      const refused = (password: string) =>
        Effect.map(
          Effect.either(passwords.hash(Redacted.make(password))),
          Either.match({
            onLeft: (error) => error._tag === "InvalidPassword" && error.reason,
            onRight: () => "taken"
          })
        )
      assert.strictEqual(yield* refused(""), "empty")
      assert.strictEqual(yield* refused("x".repeat(1024)), "taken")
      assert.strictEqual(yield* refused("x".repeat(1025)), "too long")
      assert.strictEqual(yield* refused("\u00E9".repeat(512)), "taken")
      assert.strictEqual(yield* refused("e\u0301".repeat(512)), "taken")
      assert.strictEqual(yield* refused("\u00E9".repeat(513)), "too long")
      const stored = yield* passwords.hash(Redacted.make("x".repeat(1024)))
      assert.isFalse(yield* verify("x".repeat(1025), stored))
      assert.isFalse(yield* verify("", stored))
    })
  )

  it.effect("tells passwords apart that bcrypt does not", () =>
    Effect.gen(function* () {
      const stored = yield* passwords.hash(Redacted.make("x".repeat(72) + "a"))
      assert.isFalse(yield* verify("x".repeat(72) + "b", stored))
      assert.isFalse(yield* verify("x\0a", yield* passwords.hash(Redacted.make("x\0b"))))
    })
  )
})

// ----------------------------------------------------------------------------
// what is stored
// ----------------------------------------------------------------------------

const { hash, salt } = pleaseletmein
const broken: Readonly<Record<string, unknown>> = {
  nothing: "",
  "no text": undefined,
  null: null,
  "an object": { toString: () => vector },
  "a plain password": "pleaseletmein",
  "another algorithm": vector.replace("scrypt", "argon2id"),
  bcrypt: "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
  "no dollar before it": vector.slice(1),
  "a part more": `${vector}$`,
  "a line break after it": `${vector}\n`,
  "a space before it": ` ${vector}`,
  "no salt": `$scrypt$ln=14,r=8,p=1$$${hash}`,
  "a short salt": `$scrypt$ln=14,r=8,p=1$TmFDbA$${hash}`,
  "no hash": `$scrypt$ln=14,r=8,p=1$${salt}$`,
  "a hash left out": `$scrypt$ln=14,r=8,p=1$${salt}`,
  "half a hash": `$scrypt$ln=14,r=8,p=1$${salt}$${hash.slice(0, 20)}`,
  "too long a salt": `$scrypt$ln=14,r=8,p=1$${"A".repeat(87)}$${hash}`,
  "too long a hash": `$scrypt$ln=14,r=8,p=1$${salt}$${"A".repeat(87)}`,
  padding: `${vector}==`,
  base64url: vector.replaceAll("/", "_").replaceAll("+", "-").replace(/\w$/, "_"),
  "bits beyond the last byte": `${vector.slice(0, -1)}x`,
  "a remainder of one character": `$scrypt$ln=14,r=8,p=1$${salt}$${hash.slice(0, 85)}`,
  "no parameters": `$scrypt$${salt}$${hash}`,
  "another order": vector.replace("ln=14,r=8", "r=8,ln=14"),
  "a parameter more": vector.replace("p=1", "p=1,x=1"),
  "ln=0": vector.replace("ln=14", "ln=0"),
  "ln negative": vector.replace("ln=14", "ln=-1"),
  "ln with a zero before it": vector.replace("ln=14", "ln=014"),
  "ln a fraction": vector.replace("ln=14", "ln=1.4"),
  "ln an exponent": vector.replace("ln=14", "ln=1e1"),
  "r=0": vector.replace("r=8", "r=0"),
  "p=0": vector.replace("p=1", "p=0"),
  "512 MiB": vector.replace("ln=14", "ln=19"),
  "1 GiB, the last vector of RFC 7914": vector.replace("ln=14", "ln=20"),
  "ln=99": vector.replace("ln=14", "ln=99"),
  "r=999": vector.replace("ln=14,r=8", "ln=14,r=999"),
  "p=999": vector.replace("p=1", "p=999"),
  "five times the work": vector.replace("ln=14,r=8,p=1", "ln=17,r=8,p=5")
}

describe("a stored text that can't be read", () => {
  it.effect.each(Object.entries(broken))("%s", ([, stored]) =>
    Effect.gen(function* () {
      // a column of a database is whatever it is
      const text = stored as string
      const { lines, value } = yield* logged(verify("pleaseletmein", text))
      assert.isFalse(value)
      assert.deepStrictEqual(lines, [
        '["A stored password hash can\'t be read: it is no PHC string of scrypt, or costs more than is allowed"]'
      ])
      assert.isTrue(passwords.needsRehash(text))
    })
  )

  it.effect("is bounded by one's own costs, where they are larger", () =>
    Effect.gen(function* () {
      const large = PasswordHash.scrypt({ ln: 1, r: 1, p: 1 })
      const { lines } = yield* logged(verify("x", vector.replace("ln=14", "ln=19"), large))
      assert.strictEqual(lines.length, 1)
      assert.isFalse(
        PasswordHash.scrypt({ ln: 19, r: 8, p: 1 }).needsRehash(
          `$scrypt$ln=19,r=8,p=1$${"A".repeat(22)}$${"A".repeat(43)}`
        )
      )
    })
  )
})

describe("needsRehash", () => {
  it.effect("says whether a hash has other costs", () =>
    Effect.gen(function* () {
      const stored = yield* passwords.hash(Redacted.make("secret"))
      assert.isFalse(passwords.needsRehash(stored))
      for (const other of [{ ln: 5 }, { r: 9 }, { p: 2 }]) {
        assert.isTrue(PasswordHash.scrypt({ ...cheap, ...other }).needsRehash(stored))
      }
      // a salt of 14 bytes
      assert.isTrue(PasswordHash.scrypt({ ln: 14 }).needsRehash(vector))
    })
  )
})

// ----------------------------------------------------------------------------
// load
// ----------------------------------------------------------------------------

describe("load", () => {
  it.live("is bounded: who comes when as many wait as may is told to come again", () =>
    Effect.gen(function* () {
      const few = PasswordHash.scrypt({ ...cheap, concurrency: 1, waiting: 2 })
      const ask = Effect.either(verify("secret", vector, few))
      const outcomes = yield* Effect.all(
        Array.from({ length: 8 }, () => ask),
        { concurrency: "unbounded" }
      )
      const busy = outcomes.flatMap((outcome) => (Either.isLeft(outcome) ? [outcome.left] : []))
      assert.strictEqual(busy.length, 5)
      for (const error of busy) {
        assert.strictEqual(error._tag, "ServiceUnavailable")
        assert.strictEqual(error.retryAfter, 1)
      }
      assert.isTrue(Either.isRight(yield* ask))
    })
  )

  it.live("is not made by callers who hang up: a hash that has begun keeps its place", () =>
    Effect.gen(function* () {
      const one = PasswordHash.scrypt({ ln: 14, concurrency: 1, waiting: 1 })
      const begun = yield* Effect.fork(verify("pleaseletmein", vector, one))
      const waiting = yield* Effect.fork(verify("pleaseletmein", vector, one))
      yield* Effect.yieldNow()
      const interrupting = yield* Effect.fork(Fiber.interrupt(begun))
      // its turn has not come, so that it leaves at once
      yield* Fiber.interrupt(waiting)
      const next = yield* Effect.fork(verify("pleaseletmein", vector, one))
      yield* Effect.yieldNow()
      assert.isTrue(Either.isLeft(yield* Effect.either(verify("pleaseletmein", vector, one))))
      assert.isTrue(yield* Fiber.join(next))
      yield* Fiber.join(interrupting)
      assert.isTrue(yield* verify("pleaseletmein", vector, one))
    })
  )

  it("has costs that scrypt knows", () => {
    for (const costs of [{ ln: 0 }, { ln: 25 }, { ln: 1.5 }, { r: 0 }, { p: 65 }, { r: NaN }]) {
      assert.throws(() => PasswordHash.scrypt(costs), /scrypt can't have the costs/)
    }
    assert.throws(() => PasswordHash.scrypt({ concurrency: 0 }), /concurrency has to be/)
    assert.throws(() => PasswordHash.scrypt({ waiting: -1 }), /waiting has to be/)
  })
})

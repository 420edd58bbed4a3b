/** How much work a password is, counted where it is done: no test that measures time tells that for sure. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Crypto from "node:crypto"
import { beforeEach, vi } from "vitest"
import * as HttpBasic from "../src/HttpBasic.ts"
import * as PasswordHash from "../src/PasswordHash.ts"
import * as SecurityTest from "../src/SecurityTest.ts"

const done = vi.hoisted(() => ({ work: 0 }))

vi.mock("node:crypto", async (original) => {
  const crypto = await original<typeof Crypto>()
  const scrypt = (
    password: Crypto.BinaryLike,
    salt: Crypto.BinaryLike,
    length: number,
    options: Crypto.ScryptOptions,
    callback: (error: Error | null, key: Buffer) => void
  ) => {
    done.work += (options.N ?? 0) * (options.r ?? 0) * (options.p ?? 0)
    crypto.scrypt(password, salt, length, options, callback)
  }
  return { ...crypto, scrypt }
})

beforeEach(() => {
  done.work = 0
})

const own = { ln: 8, r: 8, p: 2 }
const ownWork = 2 ** 8 * 8 * 2
const passwords = PasswordHash.scrypt(own)

const workOf = (password: string, stored: string) =>
  Effect.gen(function* () {
    done.work = 0
    const right = yield* passwords.verify(Redacted.make(password), stored)
    return [right, done.work] as const
  })

const storedBy = (cost: PasswordHash.ScryptOptions) =>
  PasswordHash.scrypt(cost).hash(Redacted.make("right"))

describe("a wrong password", () => {
  const lower = [
    { ln: 7, r: 8, p: 2 },
    { ln: 8, r: 8, p: 1 },
    { ln: 5, r: 8, p: 1 },
    { ln: 8, r: 4, p: 2 },
    { ln: 2, r: 8, p: 2 },
    { ln: 9, r: 3, p: 1 }
  ]
  it.effect.each(lower)("is the same work where it is stored at the lower cost %j", (cost) =>
    Effect.gen(function* () {
      const stored = yield* storedBy(cost)
      const [right, work] = yield* workOf("wrong", stored)
      assert.isFalse(right)
      assert.isAtLeast(work, ownWork)
      assert.isBelow(work, ownWork * 1.02 + 2 ** cost.ln * cost.r)
    })
  )

  it.effect("is hardly more work where the cost was lower by far", () =>
    Effect.gen(function* () {
      const [right, work] = yield* workOf("wrong", yield* storedBy({ ln: 1, r: 1, p: 1 }))
      assert.isFalse(right)
      assert.strictEqual(work, ownWork + 2)
    })
  )

  it.effect("is the work that is stored, at the same cost and at a higher one", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* workOf("wrong", yield* storedBy(own)), [false, ownWork])
      const higher = yield* storedBy({ ...own, ln: 9 })
      assert.deepStrictEqual(yield* workOf("wrong", higher), [false, 2 * ownWork])
    })
  )

  it.effect("is the same work where nothing that can be read is stored", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* workOf("wrong", "x"), [false, ownWork])
    })
  )

  it.effect("of an old row and of an unknown user are the same work at HttpBasic", () =>
    Effect.gen(function* () {
      const passwordHash = yield* storedBy({ ...own, ln: 7 })
      const user = HttpBasic.make().pipe(
        HttpBasic.authenticate({
          passwordHash: passwords,
          findUser: (name) =>
            Effect.succeed(
              name === "old" ? Option.some({ principal: name, passwordHash }) : Option.none()
            )
        })
      )
      const ask = (name: string) =>
        Effect.gen(function* () {
          done.work = 0
          yield* SecurityTest.provideRequest(
            user,
            SecurityTest.request("http://localhost/", SecurityTest.basic(name, "wrong"))
          ).pipe(Effect.flip)
          return done.work
        })
      // the hash of nobody is made once
      yield* ask("first")
      assert.strictEqual(yield* ask("nobody"), ownWork)
      assert.strictEqual(yield* ask("old"), ownWork)
    })
  )
})

describe("a right password", () => {
  it.effect("is the work that is stored", () =>
    Effect.gen(function* () {
      const stored = yield* storedBy({ ...own, ln: 7 })
      assert.deepStrictEqual(yield* workOf("right", stored), [true, ownWork / 2])
    })
  )
})

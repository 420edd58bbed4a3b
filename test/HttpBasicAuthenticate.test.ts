/** Users and passwords: who passes, what it costs, and what is remembered. */
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import type { AttemptThrottle } from "../src/AttemptThrottle.ts"
import * as HttpBasic from "../src/HttpBasic.ts"
import * as PasswordHash from "../src/PasswordHash.ts"
import * as Security from "../src/Security.ts"
import * as SecurityError from "../src/SecurityError.ts"
import { authorization, base64, exchange, parseAnswer, serve } from "./schemes/support.ts"
import * as Http from "node:http"

// ----------------------------------------------------------------------------
// users
// ----------------------------------------------------------------------------

/** Hashes plainly, and says what it was asked. */
const counting = (gate: Effect.Effect<void> = Effect.void) => {
  const calls: Array<string> = []
  const passwordHash: PasswordHash.PasswordHash = {
    hash: (password) =>
      Effect.sync(() => {
        calls.push("hash")
        return `hash of ${Redacted.value(password)}`
      }),
    verify: (password, stored) =>
      Effect.suspend(() => {
        calls.push("verify")
        return Effect.as(gate, stored === `hash of ${Redacted.value(password)}`)
      }),
    needsRehash: () => false
  }
  return {
    passwordHash,
    take: () => calls.splice(0)
  }
}

const usersOf = (passwords: Readonly<Record<string, string>>) => {
  const users = new Map(
    Object.entries(passwords).map(([name, password]) => [name, `hash of ${password}`])
  )
  return {
    users,
    findUser: (username: string) =>
      Effect.sync(() =>
        Option.map(Option.fromNullable(users.get(username)), (passwordHash) => ({
          principal: { username },
          passwordHash,
          scopes: username === "admin" ? ["admin"] : []
        }))
      )
  }
}

const basic = HttpBasic.make({ realm: "test", scopes: { admin: "Administrate" } })

const request = (credentials?: string) =>
  HttpServerRequest.fromWeb(
    new Request("http://localhost/", {
      headers: credentials === undefined ? {} : { authorization: `Basic ${base64(credentials)}` }
    })
  )

const ask = <A, E, R>(self: Effect.Effect<A, E, R>, credentials?: string) =>
  Effect.provideService(self, HttpServerRequest.HttpServerRequest, request(credentials))

const refusal = <A, E extends { readonly _tag: string }, R>(
  self: Effect.Effect<A, E, R>,
  credentials?: string
) =>
  Effect.map(Effect.flip(ask(self, credentials)), (error) =>
    error instanceof SecurityError.Unauthorized ? error.reason : error._tag
  )

// ----------------------------------------------------------------------------
// who passes
// ----------------------------------------------------------------------------

describe("HttpBasic.authenticate", () => {
  it.effect("lets in a user with their password, and says who it is", () =>
    Effect.gen(function* () {
      const { passwordHash } = counting()
      const { findUser } = usersOf({ johndoe: "secret", admin: "s3:cret" })
      const user = basic.pipe(HttpBasic.authenticate({ findUser, passwordHash }))
      assert.deepStrictEqual(yield* ask(user, "johndoe:secret"), { username: "johndoe" })
      assert.deepStrictEqual(yield* ask(user, "admin:s3:cret"), { username: "admin" })
      assert.strictEqual(yield* refusal(user), "absent")
      const admin = user.pipe(Security.scopes("admin"))
      assert.deepStrictEqual(yield* ask(admin, "admin:s3:cret"), { username: "admin" })
      assert.strictEqual(yield* refusal(admin, "johndoe:secret"), "Forbidden")
    })
  )

  const wrong: Readonly<Record<string, string>> = {
    "a wrong password": "johndoe:wrong",
    "no password": "johndoe:",
    "the password of another": "johndoe:s3cret",
    "another case": "johndoe:SECRET",
    "the stored hash as the password": "johndoe:hash of secret",
    "an unknown user": "jill:secret",
    "no user": ":secret",
    nothing: ":",
    "another case of the user": "Johndoe:secret",
    "a space after the user": "johndoe :secret",
    __proto__: "__proto__:secret",
    constructor: "constructor:secret",
    toString: "toString:x",
    hasOwnProperty: "hasOwnProperty:undefined",
    "a long user": `${"x".repeat(8000)}:secret`,
    "a long password": `johndoe:${"secret".repeat(1000)}`,
    "half a surrogate pair, as UTF-8 can't say it": "johndoe:\uD800"
  }
  it.effect.each(Object.entries(wrong))("refuses %s", ([, credentials]) =>
    Effect.gen(function* () {
      const { findUser } = usersOf({ johndoe: "secret", admin: "s3cret" })
      for (const passwordHash of [counting().passwordHash, PasswordHash.scrypt({ ln: 1 })]) {
        const user = basic.pipe(HttpBasic.authenticate({ findUser, passwordHash }))
        assert.strictEqual(yield* refusal(user, credentials), "invalid")
      }
    })
  )

  it.effect("takes names and passwords in whatever form of Unicode they are sent", () =>
    Effect.gen(function* () {
      const passwordHash = PasswordHash.scrypt({ ln: 1 })
      const stored = yield* passwordHash.hash(Redacted.make("p\u00E4ss"))
      const asked: Array<string> = []
      const user = basic.pipe(
        HttpBasic.authenticate({
          passwordHash,
          findUser: (username) => {
            asked.push(username)
            return Effect.succeed(Option.some({ principal: username, passwordHash: stored }))
          }
        })
      )
      assert.strictEqual(yield* ask(user, "jose\u0301:pa\u0308ss"), "jos\u00E9")
      assert.strictEqual(yield* ask(user, "jos\u00E9:p\u00E4ss"), "jos\u00E9")
      assert.deepStrictEqual(asked, ["jos\u00E9", "jos\u00E9"])
    })
  )

  it.effect("reads stored hashes that are Redacted", () =>
    Effect.gen(function* () {
      const { passwordHash } = counting()
      const user = basic.pipe(
        HttpBasic.authenticate({
          passwordHash,
          findUser: () =>
            Effect.succeedSome({ principal: 1, passwordHash: Redacted.make("hash of secret") })
        })
      )
      assert.strictEqual(yield* ask(user, "a:secret"), 1)
    })
  )

  it.effect("refuses where what is stored can't be read, also what is no text", () =>
    Effect.gen(function* () {
      for (const stored of ["", "secret", "$2b$12$x", undefined, null, 7]) {
        const user = basic.pipe(
          HttpBasic.authenticate({
            passwordHash: PasswordHash.scrypt({ ln: 1 }),
            // a column of a database is whatever it is
            findUser: () => Effect.succeedSome({ principal: 1, passwordHash: stored as string })
          })
        )
        assert.strictEqual(yield* refusal(user, "a:secret"), "invalid")
        assert.strictEqual(yield* refusal(user, "a:"), "invalid")
      }
    })
  )

  it.effect("trusts no hash that takes every password for an unknown user", () =>
    Effect.gen(function* () {
      const user = basic.pipe(
        HttpBasic.authenticate({
          passwordHash: { ...counting().passwordHash, verify: () => Effect.succeed(true) },
          findUser: () => Effect.succeedNone
        })
      )
      assert.strictEqual(yield* refusal(user, "a:b"), "invalid")
      assert.strictEqual(yield* refusal(user, "a:b"), "invalid")
    })
  )

  it.effect("passes on what findUser fails with, and needs what it needs", () =>
    Effect.gen(function* () {
      class Users extends Context.Tag("Users")<Users, { readonly isUp: boolean }>() {}
      const user = basic.pipe(
        HttpBasic.authenticate({
          passwordHash: counting().passwordHash,
          findUser: (username, { request, scheme }) =>
            Effect.flatMap(Users, ({ isUp }) =>
              isUp ?
                Effect.succeedSome({
                  principal: `${username} ${scheme} ${request.method}`,
                  passwordHash: "hash of b"
                })
              : Effect.fail(new SecurityError.ServiceUnavailable())
            )
        })
      )
      const up = Effect.provideService(user, Users, { isUp: true })
      const down = Effect.provideService(user, Users, { isUp: false })
      assert.strictEqual(yield* ask(up, "a:b"), "a HTTPBasic GET")
      assert.strictEqual(yield* refusal(down, "a:b"), "ServiceUnavailable")
    })
  )
})

// ----------------------------------------------------------------------------
// what it costs
// ----------------------------------------------------------------------------

describe("the work", () => {
  it.effect(
    "is the same for an unknown user as for a wrong password, the first time included",
    () =>
      Effect.gen(function* () {
        for (const first of ["johndoe:wrong", "jill:wrong"]) {
          const { passwordHash, take } = counting()
          const { findUser } = usersOf({ johndoe: "secret" })
          const user = basic.pipe(HttpBasic.authenticate({ findUser, passwordHash }))
          yield* refusal(user, first)
          assert.deepStrictEqual(take(), ["hash", "verify"])
          for (const credentials of ["johndoe:wrong", "jill:wrong", "jill:", "__proto__:wrong"]) {
            yield* refusal(user, credentials)
            assert.deepStrictEqual(take(), ["verify"], credentials)
          }
        }
      })
  )

  it.effect("is the costs of the hash that is used", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const cheap = PasswordHash.scrypt({ ln: 3, r: 2, p: 5 })
      const user = basic.pipe(
        HttpBasic.authenticate({
          passwordHash: {
            ...cheap,
            verify: (password, stored) => {
              seen.push(stored.replace(/[^$]{43}$/, "").replace(/[^$]{22}\$$/, ""))
              return cheap.verify(password, stored)
            }
          },
          findUser: () => Effect.succeedNone
        })
      )
      yield* refusal(user, "a:b")
      assert.deepStrictEqual(seen, ["$scrypt$ln=3,r=2,p=5$"])
    })
  )

  it.effect("is done once for a right password, and each time for a wrong one", () =>
    Effect.gen(function* () {
      const { passwordHash, take } = counting()
      const { findUser } = usersOf({ johndoe: "secret", jill: "secret" })
      const user = basic.pipe(HttpBasic.authenticate({ findUser, passwordHash }))
      yield* ask(user, "johndoe:secret")
      yield* ask(user, "johndoe:secret")
      assert.deepStrictEqual(take(), ["hash", "verify"])
      // the same stored hash, another user
      yield* ask(user, "jill:secret")
      assert.deepStrictEqual(take(), ["verify"])
      yield* refusal(user, "johndoe:wrong")
      yield* refusal(user, "johndoe:wrong")
      assert.deepStrictEqual(take(), ["verify", "verify"])
    })
  )

  it.effect("is done anew after timeToLive, however often it was asked for until then", () =>
    Effect.gen(function* () {
      const { passwordHash, take } = counting()
      const { findUser } = usersOf({ johndoe: "secret" })
      const user = basic.pipe(
        HttpBasic.authenticate({ findUser, passwordHash, remember: { timeToLive: "1 minute" } })
      )
      for (const seconds of [0, 30, 29]) {
        yield* TestClock.adjust(seconds * 1000)
        yield* ask(user, "johndoe:secret")
      }
      assert.deepStrictEqual(take(), ["hash", "verify"])
      yield* TestClock.adjust("1 second")
      yield* ask(user, "johndoe:secret")
      assert.deepStrictEqual(take(), ["verify"])
    })
  )

  it.effect("is done each time where nothing is remembered", () =>
    Effect.gen(function* () {
      const { passwordHash, take } = counting()
      const { findUser } = usersOf({ johndoe: "secret" })
      const user = basic.pipe(HttpBasic.authenticate({ findUser, passwordHash, remember: false }))
      yield* ask(user, "johndoe:secret")
      yield* ask(user, "johndoe:secret")
      assert.deepStrictEqual(take(), ["hash", "verify", "verify"])
    })
  )

  it.effect("is remembered for as many as the capacity", () =>
    Effect.gen(function* () {
      const { passwordHash, take } = counting()
      const names = Array.from({ length: 40 }, (_, number) => `user${number}`)
      const { findUser } = usersOf(Object.fromEntries(names.map((name) => [name, "secret"])))
      const user = basic.pipe(
        HttpBasic.authenticate({ findUser, passwordHash, remember: { capacity: 10 } })
      )
      yield* Effect.forEach(names, (name) => ask(user, `${name}:secret`))
      take()
      yield* Effect.forEach(names, (name) => ask(user, `${name}:secret`))
      assert.isAtLeast(take().length, 30)
    })
  )

  it("is remembered for at least two", () => {
    const { findUser } = usersOf({})
    assert.throws(
      () => HttpBasic.authenticate({ findUser, remember: { capacity: 0 } }),
      /whole number of at least 2/
    )
  })

  it.each([Number.NaN, 0, -1])("is remembered for a time, which %s is not", (timeToLive) => {
    const { findUser } = usersOf({})
    assert.throws(
      () => HttpBasic.authenticate({ findUser, remember: { timeToLive } }),
      "remember.timeToLive has to be a positive duration"
    )
  })

  it.effect("does not outlive the user, or their hash", () =>
    Effect.gen(function* () {
      const { passwordHash } = counting()
      const { findUser, users } = usersOf({ johndoe: "secret" })
      const user = basic.pipe(HttpBasic.authenticate({ findUser, passwordHash }))
      yield* ask(user, "johndoe:secret")
      users.set("johndoe", "hash of changed")
      assert.strictEqual(yield* refusal(user, "johndoe:secret"), "invalid")
      yield* ask(user, "johndoe:changed")
      users.delete("johndoe")
      assert.strictEqual(yield* refusal(user, "johndoe:changed"), "invalid")
    })
  )

  it.effect("is remembered by all of a claim, however long its parts are", () =>
    Effect.gen(function* () {
      const { passwordHash } = counting()
      const long = "x".repeat(100)
      const { findUser } = usersOf({ [long]: `${long}a`, a: 'b","c', 'a","b': "c" })
      const user = basic.pipe(HttpBasic.authenticate({ findUser, passwordHash }))
      yield* ask(user, `${long}:${long}a`)
      assert.strictEqual(yield* refusal(user, `${long}:${long}b`), "invalid")
      assert.strictEqual(yield* refusal(user, `${long}:`), "invalid")
      yield* ask(user, 'a:b","c')
      yield* ask(user, 'a","b:c')
      assert.strictEqual(yield* refusal(user, "a:c"), "invalid")
    })
  )

  it.effect("is done once for all who ask at the same time", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { passwordHash, take } = counting(Deferred.await(gate))
      const { findUser } = usersOf({ johndoe: "secret" })
      const user = basic.pipe(HttpBasic.authenticate({ findUser, passwordHash }))
      const fork = (credentials: string) =>
        Effect.forEach(Array.from({ length: 5 }), () => Effect.fork(ask(user, credentials)))
      const [left, ...right] = yield* fork("johndoe:secret")
      const wrong = yield* fork("johndoe:wrong")
      const spraying = [...(yield* fork("jill:secret")), ...(yield* fork("jack:secret"))]
      yield* Effect.yieldNow().pipe(Effect.repeatN(50))
      // who hangs up takes nothing from the others
      assert(left !== undefined)
      yield* Fiber.interrupt(left)
      assert.deepStrictEqual(take(), ["hash", "verify", "verify", "verify", "verify"])
      yield* Deferred.succeed(gate, undefined)
      for (const fiber of right) {
        assert.deepStrictEqual(yield* Fiber.join(fiber), { username: "johndoe" })
      }
      for (const fiber of [...wrong, ...spraying]) {
        assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
      }
    })
  )

  it.effect("that could not be done is 503, and is not remembered", () =>
    Effect.gen(function* () {
      const { passwordHash } = counting()
      let isBusy = true
      const busy = Effect.suspend(() =>
        isBusy ? Effect.fail(new SecurityError.ServiceUnavailable()) : Effect.void
      )
      const { findUser } = usersOf({ johndoe: "secret" })
      const make = (changes: Partial<PasswordHash.PasswordHash>) =>
        basic.pipe(
          HttpBasic.authenticate({ findUser, passwordHash: { ...passwordHash, ...changes } })
        )
      for (const user of [
        make({ hash: (password) => Effect.zipRight(busy, passwordHash.hash(password)) }),
        make({
          verify: (password, stored) => Effect.zipRight(busy, passwordHash.verify(password, stored))
        })
      ]) {
        isBusy = true
        assert.strictEqual(yield* refusal(user, "johndoe:secret"), "ServiceUnavailable")
        isBusy = false
        assert.deepStrictEqual(yield* ask(user, "johndoe:secret"), { username: "johndoe" })
      }
    })
  )
})

// ----------------------------------------------------------------------------
// a throttle
// ----------------------------------------------------------------------------

describe("a throttle", () => {
  class Limits extends Context.Tag("Limits")<Limits, { left: number }>() {}
  const makeThrottle = () => {
    const accounts: Array<string | undefined> = []
    const throttle: AttemptThrottle<SecurityError.TooManyRequests, Limits> = {
      attempt: ({ account, request }) =>
        Effect.flatMap(Limits, (limits) => {
          accounts.push(request.method === "GET" ? account : undefined)
          return limits.left-- > 0 ?
              Effect.void
            : Effect.fail(new SecurityError.TooManyRequests({ retryAfter: 9 }))
        })
    }
    return { throttle, take: () => accounts.splice(0) }
  }

  it.effect("is asked before a hash, and not for what is remembered", () =>
    Effect.gen(function* () {
      const { passwordHash, take } = counting()
      const { findUser } = usersOf({ "jos\u00E9": "secret" })
      const made = makeThrottle()
      const user = basic.pipe(
        HttpBasic.authenticate({ findUser, passwordHash, throttle: made.throttle })
      )
      const limits = { left: 3 }
      const limited = Effect.provideService(user, Limits, limits)
      yield* ask(limited, "jose\u0301:secret")
      yield* ask(limited, "jose\u0301:secret")
      assert.deepStrictEqual(made.take(), ["jos\u00E9"])
      assert.strictEqual(yield* refusal(limited, "jos\u00E9:wrong"), "invalid")
      assert.strictEqual(yield* refusal(limited, "jill:wrong"), "invalid")
      take()
      for (const credentials of ["jos\u00E9:wrong", "jill:wrong"]) {
        const error = yield* Effect.flip(ask(limited, credentials))
        assert(error._tag === "TooManyRequests")
        assert.strictEqual(error.retryAfter, 9)
      }
      assert.deepStrictEqual(made.take(), ["jos\u00E9", "jill", "jos\u00E9", "jill"])
      // nothing was hashed, and who is remembered still passes
      assert.deepStrictEqual(take(), [])
      yield* ask(limited, "jos\u00E9:secret")
    })
  )

  it.effect("counts a burst once", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { passwordHash } = counting(Deferred.await(gate))
      const { findUser } = usersOf({ johndoe: "secret" })
      const { take, throttle } = makeThrottle()
      const user = Effect.provideService(
        basic.pipe(HttpBasic.authenticate({ findUser, passwordHash, throttle })),
        Limits,
        { left: 1 }
      )
      const fibers = yield* Effect.forEach(Array.from({ length: 9 }), () =>
        Effect.fork(ask(user, "johndoe:secret"))
      )
      yield* Effect.yieldNow().pipe(Effect.repeatN(50))
      yield* Deferred.succeed(gate, undefined)
      yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(take(), ["johndoe"])
    })
  )

  it("is in the contract where there is one", () => {
    const { findUser } = usersOf({})
    const { throttle } = makeThrottle()
    const statuses = (self: Security.Top) => Security.statuses(self)
    assert.deepStrictEqual(statuses(basic.pipe(HttpBasic.authenticate({ findUser }))), [401, 503])
    assert.deepStrictEqual(
      statuses(basic.pipe(HttpBasic.authenticate({ findUser, throttle }))),
      [401, 429, 503]
    )
  })
})

// ----------------------------------------------------------------------------
// over the wire
// ----------------------------------------------------------------------------

describe("over the wire", () => {
  const { findUser } = usersOf({ johndoe: "secret" })
  const make = (left: number) => {
    const limits = { left }
    return basic.pipe(
      HttpBasic.authenticate({
        findUser,
        passwordHash: counting().passwordHash,
        throttle: {
          attempt: () =>
            Effect.suspend(() =>
              limits.left-- > 0 ?
                Effect.void
              : Effect.fail(new SecurityError.TooManyRequests({ retryAfter: 7 }))
            )
        }
      }),
      Effect.map((user) => HttpServerResponse.unsafeJson(user))
    )
  }

  const bad = [
    undefined,
    "johndoe:wrong",
    "jill:secret",
    "johndoe:",
    ":",
    "__proto__:x",
    "constructor:x",
    `${"x".repeat(4000)}:${"y".repeat(4000)}`
  ]

  it("a wrong password is 401 with the challenge, and one too many is 429, by a socket and by Fetch", async () => {
    const app: HttpApp.Default<SecurityError.Refusal> = make(2 * (bad.length - 1))
    const server = await serve(app, () => Http.createServer())
    const handler = HttpApp.toWebHandler(app)
    const bySocket = async (credentials?: string) =>
      parseAnswer(
        await exchange(
          server.port,
          [
            "GET / HTTP/1.1",
            "Host: localhost",
            "Connection: close",
            ...(credentials === undefined ?
              []
            : (authorization(`Basic ${base64(credentials)}`).headers ?? []).map(
                ([name, value]) => `${name}: ${value}`
              )),
            "\r\n"
          ].join("\r\n")
        )
      )
    const byFetch = async (credentials?: string) => {
      const response = await handler(
        new Request("http://localhost/", {
          headers:
            credentials === undefined ? {} : { authorization: `Basic ${base64(credentials)}` }
        })
      )
      return {
        status: response.status,
        headers: [...response.headers],
        body: await response.text()
      }
    }
    try {
      for (const send of [bySocket, byFetch]) {
        for (const credentials of bad) {
          const { body, headers, status } = await send(credentials)
          assert.strictEqual(status, 401)
          assert.strictEqual(
            new Map(headers).get("www-authenticate"),
            'Basic realm="test", charset="UTF-8"'
          )
          assert.notInclude(body, "wrong")
          assert.notInclude(body, "johndoe")
        }
      }
      for (const send of [bySocket, byFetch]) {
        const { headers, status } = await send("johndoe:secret")
        assert.strictEqual(status, 429)
        assert.strictEqual(new Map(headers).get("retry-after"), "7")
      }
    } finally {
      await server.close()
    }
  })
})

import * as RateLimiter from "@effect/experimental/RateLimiter"
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as OpenApi from "@effect/platform/OpenApi"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { pipe } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as ApiKey from "../src/ApiKey.ts"
import * as HttpBasic from "../src/HttpBasic.ts"
import * as PasswordHash from "../src/PasswordHash.ts"
import * as SecurityDocument from "../src/SecurityDocument.ts"
import * as SecurityError from "../src/SecurityError.ts"
import * as SecurityMiddleware from "../src/SecurityMiddleware.ts"
import * as Throttle from "../src/Throttle.ts"

/** A request over a connection from `address`; a Fetch request without one. */
const from = (
  address: string | undefined,
  headers: Record<string, string> = {}
): HttpServerRequest.HttpServerRequest => {
  const request = new Request("http://localhost/", { headers })
  return HttpServerRequest.fromWeb(
    address === undefined ? request : (
      Object.defineProperty(request, "socket", { value: { remoteAddress: address } })
    )
  )
}

/** "passed", or what was answered. */
const outcome = <E extends { readonly _tag: string }, R>(self: Effect.Effect<void, E, R>) =>
  Effect.match(self, {
    onSuccess: () => "passed",
    onFailure: (error) =>
      error instanceof SecurityError.TooManyRequests ? `429 ${error.retryAfter}` : error._tag
  })

const logged = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const lines: Array<string> = []
    const logger = Logger.make(({ message }) => lines.push(JSON.stringify(message)))
    return Effect.map(
      Effect.provide(effect, Logger.replace(Logger.defaultLogger, logger)),
      (value) => ({ value, lines })
    )
  })

const memory = Throttle.layerMemory()

/** A store that says what it was asked. */
const spying = () => {
  const asked: Array<Parameters<RateLimiter.RateLimiterStore["Type"]["fixedWindow"]>[0]> = []
  const layer = Layer.provide(
    RateLimiter.layer,
    Layer.succeed(RateLimiter.RateLimiterStore, {
      fixedWindow: (options) => {
        asked.push(options)
        return Effect.succeed([1, 1000])
      },
      tokenBucket: () => Effect.dieMessage("its keys never expire in Redis")
    })
  )
  return { asked, layer }
}

// ----------------------------------------------------------------------------
// counting
// ----------------------------------------------------------------------------

describe("Throttle", () => {
  it.effect("bounds the attempts at an account, from wherever they come", () =>
    Effect.gen(function* () {
      const throttle = Throttle.make({ account: { limit: 3, window: "1 minute" } })
      const at = (account: string, address: string) =>
        outcome(throttle.attempt({ account, request: from(address) }))
      for (const address of ["1.1.1.1", "2.2.2.2", "3.3.3.3"]) {
        assert.strictEqual(yield* at("johndoe", address), "passed")
      }
      assert.strictEqual(yield* at("johndoe", "4.4.4.4"), "429 60")
      assert.strictEqual(yield* at("jill", "4.4.4.4"), "passed")
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* at("johndoe", "4.4.4.4"), "429 30")
      yield* TestClock.adjust("29500 millis")
      assert.strictEqual(yield* at("johndoe", "4.4.4.4"), "429 1")
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(yield* at("johndoe", "4.4.4.4"), "passed")
    }).pipe(Effect.provide(memory))
  )

  it.effect("bounds the attempts from an address, at whatever account", () =>
    Effect.gen(function* () {
      const throttle = Throttle.make({
        account: { limit: 2, window: "1 minute" },
        address: { limit: 3, window: "1 minute" }
      })
      const at = (account: string | undefined, address: string) =>
        outcome(
          throttle.attempt({ ...(account !== undefined && { account }), request: from(address) })
        )
      for (const account of ["a", "b", undefined]) {
        assert.strictEqual(yield* at(account, "1.1.1.1"), "passed")
      }
      for (const account of ["c", "d", "e", "e", "e", undefined]) {
        assert.match(yield* at(account, "1.1.1.1"), /^429/)
      }
      // an address that is stopped uses up nobody's account
      assert.strictEqual(yield* at("e", "2.2.2.2"), "passed")
      assert.strictEqual(yield* at("e", "3.3.3.3"), "passed")
      assert.match(yield* at("e", "4.4.4.4"), /^429/)
    }).pipe(Effect.provide(memory))
  )

  const spellings: ReadonlyArray<readonly [string, string, boolean]> = [
    ["johndoe", "JohnDoe", true],
    ["johndoe", " johndoe\u00A0", true],
    ["jos\u00E9", "JOSE\u0301", true],
    ["johndoe", "\uFF4A\uFF4F\uFF48\uFF4E\uFF44\uFF4F\uFF45", true],
    ["jose", "j\u00F2s\u0117", true],
    ["jose", "jo\u200Bs\u00ADe\u2060", true],
    ["jose", "jo\u0000s\u202Ee\uFE0F", true],
    ["stra\u00DFe", "STRASSE", true],
    ["STRA\u1E9EE", "strasse", true],
    ["\u03BF\u03B4\u03BF\u03C2", "\u039F\u0394\u039F\u03A3", true],
    ["igor", "\u0130GOR", true],
    ["igor", "\u0131gor", true],
    ["\uFB01ona", "FIONA", true],
    ["john doe", "john \u3000\t doe", true],
    ["\u200B", "", true],
    ["john doe", "johndoe", false],
    ["jose", "josef", false],
    ["\u0438\u0432\u0430\u043D", "ivan", false],
    ["johndoe", "johndoe2", false],
    ["__proto__", "constructor", false]
  ]
  it.effect.each(spellings)("takes the accounts %j and %j for one: %s", ([one, other, isSame]) =>
    Effect.gen(function* () {
      const throttle = Throttle.make({ account: { limit: 1, window: "1 minute" } })
      yield* throttle.attempt({ account: one, request: from("1.1.1.1") })
      const second = yield* outcome(throttle.attempt({ account: other, request: from("1.1.1.1") }))
      assert.strictEqual(second, isSame ? "429 60" : "passed")
    }).pipe(Effect.provide(memory))
  )

  const addresses: ReadonlyArray<readonly [string, string, boolean]> = [
    ["1.1.1.1", "::ffff:1.1.1.1", true],
    ["2001:db8::1", "2001:DB8:0:0:ffff:ffff:ffff:ffff", true],
    ["2001:db8::1", "2001:db8:0:1::1", false],
    ["1.1.1.1", "1.1.1.2", false]
  ]
  it.effect.each(addresses)("takes the addresses %s and %s for one: %s", ([one, other, isSame]) =>
    Effect.gen(function* () {
      const throttle = Throttle.make({ address: { limit: 1, window: "1 minute" } })
      yield* throttle.attempt({ request: from(one) })
      const second = yield* outcome(throttle.attempt({ request: from(other) }))
      assert.strictEqual(second, isSame ? "429 60" : "passed")
    }).pipe(Effect.provide(memory))
  )

  it.effect("believes X-Forwarded-For as far as its proxies go", () =>
    Effect.gen(function* () {
      const direct = Throttle.make({ address: { limit: 1, window: "1 minute" }, name: "direct" })
      const behind = Throttle.make({
        address: { limit: 1, window: "1 minute" },
        proxies: 1,
        name: "behind"
      })
      const request = (client: string, forged: string) =>
        from("10.0.0.1", { "x-forwarded-for": `${forged}, ${client}` })
      assert.strictEqual(
        yield* outcome(direct.attempt({ request: request("1.1.1.1", "6.6.6.1") })),
        "passed"
      )
      assert.match(
        yield* outcome(direct.attempt({ request: request("2.2.2.2", "6.6.6.2") })),
        /^429/
      )
      const at = (client: string, forged: string) =>
        outcome(behind.attempt({ request: request(client, forged) }))
      assert.strictEqual(yield* at("1.1.1.1", "6.6.6.1"), "passed")
      assert.match(yield* at("1.1.1.1", "6.6.6.2"), /^429/)
      assert.strictEqual(yield* at("2.2.2.2", "6.6.6.1"), "passed")
    }).pipe(Effect.provide(memory))
  )

  it.effect("counts by the account where no address is known, and says so once", () =>
    Effect.gen(function* () {
      const throttle = Throttle.make({ account: { limit: 2, window: "1 minute" } })
      const at = (account: string) =>
        outcome(throttle.attempt({ account, request: from(undefined) }))
      const { lines, value } = yield* logged(
        Effect.all([at("a"), at("b"), at("a"), at("a"), at("b")])
      )
      assert.deepStrictEqual(value, ["passed", "passed", "passed", "429 60", "passed"])
      assert.strictEqual(lines.length, 1)
      // what `HttpMiddleware.xForwardedHeaders` makes of a header that each request writes anew
      const spoofed = from(undefined).modify({ remoteAddress: "6.6.6.6" })
      assert.match(yield* outcome(throttle.attempt({ account: "a", request: spoofed })), /^429/)
      const addresses = Throttle.make({ account: false, address: { limit: 1, window: "1 minute" } })
      const unknown = yield* logged(addresses.attempt({ request: spoofed }))
      assert.strictEqual(unknown.lines.length, 1)
      const known = Throttle.make({
        address: { limit: 1, window: "1 minute" },
        addressOf: () => "1.1.1.1"
      })
      yield* known.attempt({ request: from(undefined) })
      assert.match(yield* outcome(known.attempt({ request: from(undefined) })), /^429/)
    }).pipe(Effect.provide(memory))
  )

  it.effect("counts nothing it is not to count", () =>
    Effect.gen(function* () {
      const { asked, layer } = spying()
      const throttle = Throttle.make({ account: false, address: false })
      yield* Effect.provide(throttle.attempt({ account: "a", request: from("1.1.1.1") }), layer)
      assert.deepStrictEqual(asked, [])
    })
  )

  it.effect("shares its counters with those of its name alone", () =>
    Effect.gen(function* () {
      const limits = { address: { limit: 1, window: "1 minute" } } as const
      const at = (name?: string) =>
        outcome(
          Throttle.make({ ...limits, ...(name !== undefined && { name }) }).attempt({
            request: from("1.1.1.1")
          })
        )
      assert.strictEqual(yield* at(), "passed")
      assert.match(yield* at("login"), /^429/)
      assert.strictEqual(yield* at("keys"), "passed")
    }).pipe(Effect.provide(memory))
  )

  it.effect("shows the store neither names nor addresses, in keys of one length", () =>
    Effect.gen(function* () {
      const { asked, layer } = spying()
      const throttle = Throttle.make()
      for (const account of ["johndoe", "x".repeat(100_000), "\0a", ""]) {
        yield* Effect.provide(throttle.attempt({ account, request: from("192.0.2.1") }), layer)
      }
      assert.strictEqual(asked.length, 8)
      assert.strictEqual(new Set(asked.map(({ key }) => key)).size, 5)
      for (const { key } of asked) {
        assert.match(key, /^login:(?:account|address):[\w-]{43}$/)
      }
    })
  )

  it.effect("takes whole milliseconds for each attempt, as Redis does", () =>
    Effect.gen(function* () {
      const { asked, layer } = spying()
      for (const limit of [1, 3, 7, 11, 999]) {
        const throttle = Throttle.make({ address: { limit, window: "1 second" } })
        yield* Effect.provide(throttle.attempt({ request: from("1.1.1.1") }), layer)
      }
      for (const { limit, refillRate } of asked) {
        const millis = Duration.toMillis(refillRate)
        assert.isTrue(Number.isInteger(millis))
        assert.isAtLeast(millis * (limit ?? 0), 1000)
      }
    })
  )

  it("has limits that can be counted", () => {
    for (const limit of [0, -1, 1.5, NaN, Infinity]) {
      assert.throws(
        () => Throttle.make({ account: { limit, window: "1 minute" } }),
        /can't be counted: use a limit such as/
      )
    }
    for (const window of [0, -1, Infinity]) {
      assert.throws(() => Throttle.make({ address: { limit: 1, window } }), /can't be counted/)
    }
    for (const timeout of [NaN, 0, -1, Infinity]) {
      assert.throws(() => Throttle.make({ timeout }), /the timeout of a throttle has to be/)
    }
    assert.throws(() => Throttle.make({ proxies: -1 }), /proxies has to be/)
    assert.throws(() => Throttle.layerStoreMemory({ capacity: 3 }), /at least 4: got 3/)
  })
})

// ----------------------------------------------------------------------------
// stores that fail
// ----------------------------------------------------------------------------

describe("a store", () => {
  const broken = (answer: Effect.Effect<never, RateLimiter.RateLimiterError>) =>
    Layer.provide(
      RateLimiter.layer,
      Layer.succeed(RateLimiter.RateLimiterStore, {
        fixedWindow: () => answer,
        tokenBucket: () => answer
      })
    )
  const attempt = Throttle.make().attempt({ account: "johndoe", request: from("192.0.2.1") })

  it.effect("that fails is 503, and its message goes nowhere", () =>
    Effect.gen(function* () {
      const failing = broken(
        new RateLimiter.RateLimitStoreError({ message: "redis://user:password@host" })
      )
      const { lines, value } = yield* logged(outcome(Effect.provide(attempt, failing)))
      assert.strictEqual(value, "ServiceUnavailable")
      assert.strictEqual(lines.length, 1)
      assert.notInclude(lines[0], "password")
      assert.notInclude(lines[0], "johndoe")
    })
  )

  it.effect("that hangs is 503 in time", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(
        logged(outcome(Effect.provide(attempt, broken(Effect.never))))
      )
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).value, "ServiceUnavailable")
    })
  )

  it.effect("that fails lets no password be tried, and keeps out nobody who is remembered", () =>
    Effect.gen(function* () {
      let isUp = true
      const layer = Layer.provide(
        RateLimiter.layer,
        Layer.succeed(RateLimiter.RateLimiterStore, {
          fixedWindow: () =>
            isUp ?
              Effect.succeed([1, 1000])
            : new RateLimiter.RateLimitStoreError({ message: "down" }),
          tokenBucket: () => Effect.never
        })
      )
      const user = HttpBasic.make().pipe(
        HttpBasic.authenticate({
          findUser: () => Effect.succeedSome({ principal: 1, passwordHash: "secret" }),
          passwordHash: {
            hash: () => Effect.succeed("nobody"),
            verify: (password, stored) => Effect.succeed(Redacted.value(password) === stored),
            needsRehash: () => false
          },
          throttle: Throttle.make()
        })
      )
      const ask = (password: string) =>
        logged(
          outcome(
            user.pipe(
              Effect.provideService(
                HttpServerRequest.HttpServerRequest,
                from("1.1.1.1", { authorization: `Basic ${btoa(`a:${password}`)}` })
              ),
              Effect.provide(layer),
              Effect.asVoid
            )
          )
        ).pipe(Effect.map(({ value }) => value))
      assert.strictEqual(yield* ask("secret"), "passed")
      isUp = false
      assert.strictEqual(yield* ask("secret"), "passed")
      assert.strictEqual(yield* ask("wrong"), "ServiceUnavailable")
    })
  )
})

// ----------------------------------------------------------------------------
// the bounded store
// ----------------------------------------------------------------------------

describe("layerStoreMemory", () => {
  it.effect("counts as the platform's store does, as long as it is not full", () =>
    Effect.gen(function* () {
      const ours = yield* Effect.provide(RateLimiter.RateLimiterStore, Throttle.layerStoreMemory())
      const theirs = yield* Effect.provide(
        RateLimiter.RateLimiterStore,
        RateLimiter.layerStoreMemory
      )
      let seed = 1
      const random = (below: number): number => {
        seed = (seed * 48_271) % 2_147_483_647
        return seed % below
      }
      for (let step = 0; step < 1000; step++) {
        const key = `key${random(6)}`
        const shared = { key, tokens: 1 + random(2), limit: 5 }
        if (random(2) === 0) {
          const options = { ...shared, refillRate: Duration.millis(100) }
          assert.deepStrictEqual(
            yield* ours.fixedWindow(options),
            yield* theirs.fixedWindow(options)
          )
        } else {
          const options = {
            ...shared,
            refillRate: Duration.millis(100),
            allowOverflow: random(3) === 0
          }
          assert.deepStrictEqual(
            yield* ours.tokenBucket(options),
            yield* theirs.tokenBucket(options)
          )
        }
        // a bucket that is full keeps no time: by whole refills the two are the same
        if (random(10) === 0) yield* TestClock.adjust(100 * random(9))
      }
    })
  )

  it.effect("stays bounded in a flood of names, and forgets nobody it has stopped", () =>
    Effect.gen(function* () {
      const throttle = Throttle.make({
        account: { limit: 5, window: "10 minutes" },
        address: false
      })
      const at = (account: string) =>
        outcome(throttle.attempt({ account, request: from("1.1.1.1") }))
      for (let attempt = 0; attempt < 5; attempt++) yield* at("johndoe")
      assert.strictEqual(yield* at("johndoe"), "429 600")
      for (let number = 0; number < 5000; number++) yield* at(`flood${number}`)
      assert.strictEqual(yield* at("johndoe"), "429 600")
      // the first of the flood are forgotten: it kept no 5,000
      for (let attempt = 0; attempt < 5; attempt++) {
        assert.strictEqual(yield* at("flood0"), "passed")
      }
      assert.strictEqual(yield* at("flood0"), "429 600")
    }).pipe(Effect.provide(Throttle.layerMemory({ capacity: 100 })))
  )

  it.effect("lets those go first that have expired", () =>
    Effect.gen(function* () {
      const throttle = Throttle.make({ account: { limit: 2, window: "1 minute" }, address: false })
      const at = (account: string) =>
        outcome(throttle.attempt({ account, request: from("1.1.1.1") }))
      for (let number = 0; number < 8; number++) {
        yield* at(`old${number}`)
        yield* at(`old${number}`)
      }
      yield* TestClock.adjust("1 minute")
      yield* at("young")
      for (let number = 0; number < 6; number++) yield* at(`other${number}`)
      yield* at("young")
      assert.match(yield* at("young"), /^429/)
      assert.strictEqual(yield* at("old0"), "passed")
    }).pipe(Effect.provide(Throttle.layerMemory({ capacity: 8 })))
  )
})

// ----------------------------------------------------------------------------
// in an HttpApi
// ----------------------------------------------------------------------------

describe("an HttpApi", () => {
  class Authentication extends SecurityMiddleware.Tag<Authentication>()("test/Authentication", {
    security: HttpBasic.make().pipe(
      HttpBasic.authenticate({
        findUser: () => Effect.succeedNone,
        passwordHash: PasswordHash.scrypt({ ln: 1 }),
        throttle: Throttle.make({ account: { limit: 2, window: "1 minute" } })
      })
    )
  }) {}
  class Api extends HttpApi.make("api")
    .add(HttpApiGroup.make("all").add(HttpApiEndpoint.get("one", "/one")))
    .pipe(SecurityMiddleware.secureApi(Authentication), SecurityDocument.annotate()) {}
  const ApiLive = HttpApiBuilder.api(Api).pipe(
    Layer.provide(HttpApiBuilder.group(Api, "all", (all) => all.handle("one", () => Effect.void))),
    Layer.provide(SecurityMiddleware.layer(Authentication)),
    Layer.provide(Layer.merge(memory, HttpServer.layerContext))
  )

  it("has 429 in its document, and answers with it", async () => {
    const operation = OpenApi.fromApi(Api).paths["/one"]?.get
    assert.includeMembers(Object.keys(operation?.responses ?? {}), ["401", "429", "503"])
    const { dispose, handler } = HttpApiBuilder.toWebHandler(
      Layer.merge(ApiLive, HttpServer.layerContext)
    )
    const ask = async () => {
      const response = await handler(
        new Request("http://localhost/one", { headers: { authorization: `Basic ${btoa("a:b")}` } })
      )
      return [
        response.status,
        response.headers.get("retry-after"),
        response.headers.get("www-authenticate")
      ]
    }
    const challenge = 'Basic realm="api", charset="UTF-8"'
    assert.deepStrictEqual(await ask(), [401, null, challenge])
    assert.deepStrictEqual(await ask(), [401, null, challenge])
    assert.deepStrictEqual(await ask(), [429, "60", null])
    await dispose()
  })
})

// ----------------------------------------------------------------------------
// in a handler, and with keys
// ----------------------------------------------------------------------------

describe("attempt", () => {
  it.effect("counts in a handler of one's own", () =>
    Effect.gen(function* () {
      const throttle = Throttle.make({ account: { limit: 1, window: "1 minute" } })
      const login = (username: string) =>
        outcome(
          Effect.provideService(
            pipe(throttle, Throttle.attempt({ account: username })),
            HttpServerRequest.HttpServerRequest,
            from("1.1.1.1")
          )
        )
      assert.strictEqual(yield* login("johndoe"), "passed")
      assert.strictEqual(yield* login("johndoe"), "429 60")
      assert.strictEqual(yield* login("jill"), "passed")
    }).pipe(Effect.provide(memory))
  )
})

describe("ApiKey.authenticate", () => {
  it.effect("with a throttle counts wrong keys of an address", () =>
    Effect.gen(function* () {
      const { hash, id, key } = yield* ApiKey.generate()
      const robot = ApiKey.header("X-API-Key").pipe(
        ApiKey.authenticate({
          findKey: (asked) =>
            Effect.succeed(asked === id ? Option.some({ principal: 1, hash }) : Option.none()),
          throttle: Throttle.make({ address: { limit: 2, window: "1 minute" } })
        })
      )
      const ask = (sent: string, address: string) =>
        outcome(
          Effect.asVoid(
            Effect.provideService(
              robot,
              HttpServerRequest.HttpServerRequest,
              from(address, { "x-api-key": sent })
            )
          )
        )
      const right = Redacted.value(key)
      for (const expected of ["Unauthorized", "Unauthorized", "429 60"]) {
        assert.strictEqual(yield* ask("wrong", "1.1.1.1"), expected)
        assert.strictEqual(yield* ask(right, "1.1.1.1"), "passed")
      }
      assert.strictEqual(yield* ask("wrong", "2.2.2.2"), "Unauthorized")
    }).pipe(Effect.provide(memory))
  )
})

import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Array from "effect/Array"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { SignJWT } from "jose"
import * as Crypto from "node:crypto"
import { readFileSync } from "node:fs"
import * as ApiKey from "../src/ApiKey.ts"
import * as Http from "../src/Http.ts"
import * as HttpBearer from "../src/HttpBearer.ts"
import * as Jwks from "../src/Jwks.ts"
import * as Jwt from "../src/Jwt.ts"
import * as OAuth2 from "../src/OAuth2.ts"
import * as Security from "../src/Security.ts"
import * as SecurityError from "../src/SecurityError.ts"
import {
  badTokens,
  changed,
  headerOf,
  loosened,
  makeIssuer,
  nested,
  without
} from "./support/badTokens.ts"
import { pair, sign } from "./support/tokens.ts"
import { json, server, settle, unreachable } from "./support/upstream.ts"

// ----------------------------------------------------------------------------
// an issuer
// ----------------------------------------------------------------------------

const issuer = "https://id.example/realms/one"
const audience = "https://api.example"
const now = 1_700_000_000

const own = makeIssuer({ issuer, audience, now })
const { ec, ed, good, published, rsa, set, token, tokenOf } = own
const keys = Jwks.fromJson(set)

const atNow = TestClock.setTime(now * 1000)

const verifier = Jwt.make({ issuer, audience, keys, cache: false })

const verify = <A, R>(
  self: Jwt.Verifier<A, R>,
  presented: string,
  request?: HttpServerRequest.HttpServerRequest
) => self.verify(Redacted.make(presented), request)

const isAccepted = <A, R>(self: Jwt.Verifier<A, R>, presented: string) =>
  Effect.map(Effect.either(verify(self, presented)), (either) => {
    if (Either.isLeft(either)) assert.strictEqual(either.left._tag, "Unauthorized")
    return Either.isRight(either)
  })

// ----------------------------------------------------------------------------
// good tokens
// ----------------------------------------------------------------------------

describe("a good token", () => {
  const parts = token().split(".")
  const cases: ReadonlyArray<readonly [string, string]> = [
    ...published.map((by) => [`of ${by.alg}`, token({}, {}, by)] as const),
    ["of application/at+jwt", token({}, { typ: "application/at+jwt" })],
    ["of AT+JWT", token({}, { typ: "AT+JWT" })],
    ["of Application/At+Jwt", token({}, { typ: "Application/At+Jwt" })],
    ["without kid, where one key fits", token({}, { kid: undefined })],
    ["for several", token({ aud: ["other", audience] })],
    ["that expires in a second", token({ exp: now + 1 })],
    ["that expires in a fraction of a second", token({ exp: now + 0.5 })],
    ["that is valid from now", token({ nbf: now })],
    ["that is valid for ages", token({ exp: 1e300 })],
    ["with members that mean nothing", token({ x: null, y: [1], z: { a: true } })],
    ["with text in every script", token({ name: "Zoë 😀 \u2028", ключ: "值" })],
    ["with spaces in its JSON", tokenOf(` ${JSON.stringify(good, undefined, 2)}\n`)],
    ["with brackets in a text", token({ note: "[{".repeat(100) })],
    [
      "with keys of its own that are not looked at",
      token({}, { jwk: ed.jwk, jku: "https://evil.example" })
    ],
    [
      "with certificates that are not looked at",
      token({}, { x5u: "https://evil.example", x5c: ["AA"] })
    ],
    ["of a member called __proto__", tokenOf(JSON.stringify(good).replace("{", '{"__proto__":1,'))],
    ["of JSON for cty", token({}, { cty: "application/json" })],
    [
      "of which the last of two claims is right",
      tokenOf(JSON.stringify(good).replace("{", '{"aud":"x",'))
    ],
    ["nested as deep as may be", token({ deep: nested(31) })],
    ["that is long", token({ long: "x".repeat(8000) })],
    [parts.length === 3 ? "in three segments" : "", parts.join(".")]
  ]
  for (const [name, presented] of cases) {
    it.effect(name, () =>
      Effect.gen(function* () {
        yield* atNow
        const { principal, scopes } = yield* verify(verifier, presented)
        assert.strictEqual(principal.sub, "johndoe")
        assert.deepStrictEqual(scopes, ["items:read", "items:write"])
      })
    )
  }

  it.effect("of jose", () =>
    Effect.gen(function* () {
      yield* atNow
      const made = yield* Effect.promise(() =>
        new SignJWT(good)
          .setProtectedHeader({ alg: "RS256", kid: "rsa", typ: "at+jwt" })
          .sign(rsa.privateKey)
      )
      assert.isTrue(yield* isAccepted(verifier, made))
    })
  )

  it.effect("can't be changed by who gets it", () =>
    Effect.gen(function* () {
      yield* atNow
      const { principal } = yield* verify(verifier, token({ roles: ["user"], nested: { a: 1 } }))
      assert.isTrue(Object.isFrozen(principal))
      assert.isTrue(Object.isFrozen(principal["roles"]))
      assert.isTrue(Object.isFrozen(principal["nested"]))
    })
  )
})

// ----------------------------------------------------------------------------
// bad tokens
// ----------------------------------------------------------------------------

describe("a bad token", () => {
  const cases = Object.values(badTokens(own)).flat()
  const stranger = pair("ES256", "ec")

  it("is of many kinds", () => {
    assert.isAbove(cases.length, 200)
    assert.strictEqual(new Set(cases.map(([name]) => name)).size, cases.length)
  })

  const user = HttpBearer.make().pipe(Jwt.authenticate({ issuer, audience, keys, cache: false }))
  const anonymous = Security.optional(user)

  for (const [name, presented] of cases) {
    it.effect(name, () =>
      Effect.gen(function* () {
        yield* atNow
        const error = yield* Effect.flip(verify(verifier, presented))
        assert.deepStrictEqual([error._tag, error.message], ["Unauthorized", "Invalid credentials"])
        // a header holds no others, and no space at its ends
        if (!/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(presented)) return
        const request = bearer(presented)
        const refusals = [
          yield* Effect.flip(Effect.provideService(user, ...request)),
          yield* Effect.flip(Effect.provideService(anonymous, ...request))
        ]
        for (const refused of refusals) {
          assert.instanceOf(refused, SecurityError.Unauthorized)
          assert.include(["invalid", "malformed"], refused.reason)
        }
      })
    )
  }

  it.effect("is not let in by another clock", () =>
    Effect.gen(function* () {
      const exp = token()
      yield* TestClock.setTime(Number.NaN)
      assert.isFalse(yield* isAccepted(verifier, exp))
    })
  )

  it.effect("is refused by one value, which has no stack", () =>
    Effect.gen(function* () {
      yield* atNow
      const first = yield* Effect.flip(verify(verifier, "x"))
      const second = yield* Effect.flip(verify(verifier, token({ exp: 1 })))
      assert.strictEqual(first, second)
      assert.notInclude(first.stack ?? "", "Jwt.ts")
    })
  )

  it.effect("is told apart at debug level, without a part of it", () => {
    const lines: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => {
      lines.push(`${logLevel.label} ${String(message)}`)
    })
    return Effect.gen(function* () {
      yield* atNow
      const bad = token({ exp: now - 1, sub: "johndoe" })
      yield* Effect.flip(verify(verifier, bad))
      yield* Effect.flip(verify(verifier, token({}, {}, stranger)))
      assert.deepStrictEqual(lines, [
        "DEBUG a token is refused: it has expired",
        "DEBUG a token is refused: its signature is wrong"
      ])
    }).pipe(
      Logger.withMinimumLogLevel(LogLevel.Debug),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger))
    )
  })
})

describe("an issuer with a / at its end", () => {
  const collect = (level: LogLevel.LogLevel) => {
    const lines: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => {
      if (LogLevel.greaterThanEqual(logLevel, level)) lines.push(String(message))
    })
    return { lines, layer: Logger.replace(Logger.defaultLogger, logger) }
  }

  const base = { audience, keys, cache: false } as const

  it.effect("is another one, and whoever configured it is told once for each verifier", () => {
    const { layer, lines } = collect(LogLevel.Info)
    return Effect.gen(function* () {
      yield* atNow
      const slashed = Jwt.make({ ...base, issuer: `${issuer}/` })
      const bare = Jwt.make({ ...base, issuer })
      for (const made of [slashed, bare]) {
        for (const iss of [`${issuer}/x`, `${issuer}//x/`, "/", "", "https://evil.example/"]) {
          assert.isFalse(yield* isAccepted(made, token({ iss })))
        }
      }
      assert.isFalse(yield* isAccepted(bare, token({ iss: `${issuer}//` })))
      assert.deepStrictEqual(lines, [])
      for (const _ of [1, 2, 3]) {
        assert.isFalse(yield* isAccepted(slashed, token()))
        assert.isFalse(yield* isAccepted(bare, token({ iss: `${issuer}/` })))
      }
      assert.isTrue(yield* isAccepted(slashed, token({ iss: `${issuer}/` })))
      assert.isTrue(yield* isAccepted(bare, token()))
      const advice = "if that is how the server writes it, set the option issuer to it (told once)"
      assert.deepStrictEqual(lines, [
        `a token is refused: its issuer is "${issuer}/" without the / at its end: ${advice}`,
        `a token is refused: its issuer is "${issuer}" with a / at its end: ${advice}`
      ])
    }).pipe(Effect.provide(layer))
  })

  it.effect("is told of one of several issuers, by name and without its secrets", () => {
    const { layer, lines } = collect(LogLevel.Info)
    return Effect.gen(function* () {
      yield* atNow
      const made = Jwt.make({
        audience,
        cache: false,
        issuers: [
          { issuer, keys },
          { issuer: "https://user:s3cret@b.example/t?key=s3cret", keys },
          { issuer: "https://user:s3cret@c.example", keys }
        ]
      })
      const iss = "https://user:s3cret@c.example/"
      assert.isFalse(yield* isAccepted(made, token({ iss })))
      assert.lengthOf(lines, 1)
      assert.include(lines.join(), "c.example")
      assert.notInclude(lines.join(), "s3cret")
    }).pipe(Effect.provide(layer))
  })
})

it.effect("no letter of a token can be another", () =>
  Effect.gen(function* () {
    yield* atNow
    const tampered = FastCheck.record({
      by: FastCheck.constantFrom(rsa, ec, ed),
      claims: FastCheck.dictionary(FastCheck.string(), FastCheck.jsonValue({ maxDepth: 5 })),
      at: FastCheck.nat(),
      letter: FastCheck.constantFrom(
        ..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n"
      )
    })
    for (const { at, by, claims, letter } of FastCheck.sample(tampered, 300)) {
      const presented = sign(
        headerOf(by),
        { ...claims, ...good, cnf: undefined, nbf: 0 },
        by.privateKey,
        by.alg
      )
      assert.isTrue(yield* isAccepted(verifier, presented), presented)
      const index = at % presented.length
      if (presented[index] === letter) continue
      const other = presented.slice(0, index) + letter + presented.slice(index + 1)
      assert.isFalse(yield* isAccepted(verifier, other), other)
    }
  })
)

// ----------------------------------------------------------------------------
// options
// ----------------------------------------------------------------------------

describe("options", () => {
  const base = { issuer, audience, keys, cache: false } as const

  it.effect("algorithms narrows what is accepted", () =>
    Effect.gen(function* () {
      yield* atNow
      const narrow = Jwt.make({ ...base, algorithms: ["RS256", "EdDSA"] })
      assert.isTrue(yield* isAccepted(narrow, token({}, {}, rsa)))
      assert.isTrue(yield* isAccepted(narrow, token({}, {}, ed)))
      assert.isFalse(yield* isAccepted(narrow, token({}, {}, ec)))
    })
  )

  it.effect("secret verifies HMAC and nothing else", () =>
    Effect.gen(function* () {
      yield* atNow
      const secret = "a secret that is shared by both of us"
      for (const algorithm of Jwks.symmetric) {
        const long = secret.repeat(2)
        const made = Jwt.make({
          issuer,
          audience,
          secret: Redacted.make(long),
          algorithms: [algorithm],
          cache: false
        })
        for (const alg of Jwks.symmetric) {
          const presented = sign({ alg, kid: "any", typ: "at+jwt" }, good, long, alg)
          assert.strictEqual(yield* isAccepted(made, presented), alg === algorithm)
        }
        const guessed = sign({ alg: algorithm, typ: "at+jwt" }, good, "", algorithm)
        assert.isFalse(yield* isAccepted(made, guessed))
        assert.isFalse(yield* isAccepted(made, token()))
      }
      const plain = Jwt.make({ issuer, audience, secret: Redacted.make(secret) })
      assert.isTrue(
        yield* isAccepted(plain, sign({ alg: "HS256", typ: "at+jwt" }, good, secret, "HS256"))
      )
    })
  )

  it.effect("typ says which kinds are accepted", () =>
    Effect.gen(function* () {
      yield* atNow
      const kinds = [undefined, "JWT", "jwt", "application/jwt", "at+jwt", "dpop+jwt", "x"]
      const accepted = (typ: NonNullable<Parameters<typeof Jwt.make>[0]["typ"]>) =>
        Effect.filter(kinds, (kind) =>
          isAccepted(Jwt.make({ ...base, typ }), token({}, { typ: kind }))
        )
      assert.deepStrictEqual(yield* accepted("JWT"), ["JWT", "jwt", "application/jwt"])
      assert.deepStrictEqual(yield* accepted(["JWT", "at+jwt"]), [
        "JWT",
        "jwt",
        "application/jwt",
        "at+jwt"
      ])
      assert.deepStrictEqual(yield* accepted(false), [
        undefined,
        "JWT",
        "jwt",
        "application/jwt",
        "at+jwt"
      ])
      assert.deepStrictEqual(yield* accepted([false, "JWT"]), [
        undefined,
        "JWT",
        "jwt",
        "application/jwt"
      ])
      assert.deepStrictEqual(yield* accepted([false]), [undefined])
      assert.deepStrictEqual(yield* accepted("application/dpop+jwt"), ["dpop+jwt"])
    })
  )

  it.effect("requiredClaims says what a token has to have", () =>
    Effect.gen(function* () {
      yield* atNow
      const bare = { iss: issuer, aud: audience }
      const exp = now + 1
      const jwt = Jwt.make({ ...base, typ: "JWT" })
      assert.isTrue(yield* isAccepted(jwt, tokenOf({ ...bare, exp }, { typ: "JWT" })))
      assert.isFalse(yield* isAccepted(jwt, tokenOf(bare, { typ: "JWT" })))
      const lenient = Jwt.make({ ...base, requiredClaims: ["exp", "sub"] })
      assert.isTrue(yield* isAccepted(lenient, tokenOf({ ...bare, exp, sub: "a" })))
      assert.isFalse(yield* isAccepted(lenient, tokenOf({ ...bare, exp })))
      const eternal = Jwt.make({ ...base, requiredClaims: [] })
      assert.isTrue(yield* isAccepted(eternal, tokenOf(bare)))
      assert.isFalse(yield* isAccepted(eternal, tokenOf({ ...bare, exp: now })))
      assert.isFalse(yield* isAccepted(eternal, tokenOf({ iss: issuer })))
      assert.isFalse(yield* isAccepted(eternal, tokenOf({ aud: audience })))
    })
  )

  it.effect("clockTolerance stretches exp and nbf", () =>
    Effect.gen(function* () {
      yield* atNow
      const tolerant = Jwt.make({ ...base, clockTolerance: "10 seconds" })
      assert.isTrue(yield* isAccepted(tolerant, token({ exp: now - 9 })))
      assert.isFalse(yield* isAccepted(tolerant, token({ exp: now - 10 })))
      assert.isTrue(yield* isAccepted(tolerant, token({ nbf: now + 10 })))
      assert.isFalse(yield* isAccepted(tolerant, token({ nbf: now + 11 })))
    })
  )

  it.effect("audience may be several", () =>
    Effect.gen(function* () {
      yield* atNow
      const several = Jwt.make({ ...base, audience: ["a", "b"] })
      assert.isTrue(yield* isAccepted(several, token({ aud: "b" })))
      assert.isTrue(yield* isAccepted(several, token({ aud: ["x", "a"] })))
      assert.isFalse(yield* isAccepted(several, token({ aud: "a b" })))
    })
  )

  it.effect("maxLength bounds what is looked at", () =>
    Effect.gen(function* () {
      yield* atNow
      const presented = token()
      const exact = Jwt.make({ ...base, maxLength: presented.length })
      assert.isTrue(yield* isAccepted(exact, presented))
      const less = Jwt.make({ ...base, maxLength: presented.length - 1 })
      assert.isFalse(yield* isAccepted(less, presented))
    })
  )

  it.effect("claims makes the principal, and refuses what it can't read", () =>
    Effect.gen(function* () {
      yield* atNow
      const User = Schema.Struct({
        sub: Schema.String,
        exp: Schema.Number,
        email: Schema.optional(Schema.NonEmptyString)
      })
      const users = Jwt.make({ ...base, claims: User })
      const { principal, scopes } = yield* verify(users, token({ email: "a@b" }))
      assert.deepStrictEqual(principal, { sub: "johndoe", exp: now + 600, email: "a@b" })
      assert.deepStrictEqual(scopes, ["items:read", "items:write"])
      assert.isFalse(yield* isAccepted(users, token({ email: "" })))
    })
  )

  it.effect("what claims makes can't be changed: it serves other requests, too", () =>
    Effect.gen(function* () {
      yield* atNow
      const User = Schema.Struct({
        sub: Schema.String,
        roles: Schema.mutable(Schema.Array(Schema.Struct({ of: Schema.String })))
      })
      const users = Jwt.make({ ...base, claims: User })
      const { principal } = yield* verify(users, token({ roles: [{ of: "user" }] }))
      assert.throws(() => principal.roles.push({ of: "admin" }), TypeError)
      for (const each of [principal, principal.roles, principal.roles[0]]) {
        assert.isTrue(Object.isFrozen(each))
      }
    })
  )

  const scoped: ReadonlyArray<readonly [object, ReadonlyArray<string>]> = [
    [{ scope: "a b" }, ["a", "b"]],
    [{ scope: "  a   b " }, ["a", "b"]],
    [{ scope: "a\tb" }, ["a\tb"]],
    [{ scope: "a,b" }, ["a,b"]],
    [{ scope: "" }, []],
    [{ scope: ["a", 1, "b"] }, ["a", "b"]],
    [{ scope: 1 }, []],
    [{ scope: { a: true } }, []],
    [{ scp: "a b" }, ["a", "b"]],
    [{ scp: ["a", "b c"] }, ["a", "b c"]],
    [{ scope: "a", scp: "b" }, ["a"]],
    [{}, []]
  ]
  for (const [claims, scopes] of scoped) {
    it.effect(`scopes are read of ${JSON.stringify(claims)}`, () =>
      Effect.gen(function* () {
        yield* atNow
        const presented = tokenOf({ ...without(good, "scope"), ...claims })
        assert.deepStrictEqual((yield* verify(verifier, presented)).scopes, scopes)
      })
    )
  }

  it.effect("scopes may be read of other claims", () =>
    Effect.gen(function* () {
      yield* atNow
      const Realm = Schema.Struct({ roles: Schema.Array(Schema.String) })
      const roles = Jwt.make({
        ...base,
        scopes: (claims) =>
          Option.match(Schema.decodeUnknownOption(Realm)(claims["realm_access"]), {
            onNone: () => [],
            onSome: (realm) => realm.roles
          })
      })
      const presented = token({ realm_access: { roles: ["admin"] } })
      assert.deepStrictEqual((yield* verify(roles, presented)).scopes, ["admin"])
      assert.deepStrictEqual((yield* verify(roles, token())).scopes, [])
    })
  )

  it("can't be what nobody can mean", () => {
    const secret = Redacted.make("x".repeat(32))
    const symmetric = Jwks.fromSecret(secret)
    const wrong: ReadonlyArray<readonly [() => unknown, RegExp]> = [
      [() => Jwt.make({ ...base, audience: "" }), /audience can't be empty/],
      [() => Jwt.make({ ...base, audience: [] }), /audience can't be empty/],
      [() => Jwt.make({ ...base, audience: ["a", ""] }), /audience can't be empty/],
      [() => Jwt.make({ ...base, issuer: "" }), /issuer can't be empty/],
      [() => Jwt.make({ audience, issuers: [] }), /issuer can't be empty/],
      [() => Jwt.make({ audience, issuers: [base, base] }), /an issuer is there twice/],
      [() => Jwt.make({ ...base, algorithms: [] }), /algorithms can't be empty/],
      [() => Jwt.make({ ...base, algorithms: ["ES256", "HS256"] }), /can't hold "HS256"/],
      [() => Jwt.make({ ...base, algorithms: ["none" as "ES256"] }), /can't hold "none"/],
      [() => Jwt.make({ ...base, keys: symmetric, algorithms: ["RS256"] }), /can't hold "RS256"/],
      [
        () => Jwt.make({ audience, issuers: [base, { issuer: "b", keys: symmetric }] }),
        /can't share one verifier/
      ],
      [() => Jwt.make({ issuer, audience, secret, algorithms: ["RS256"] }), /one algorithm/],
      [
        () => Jwt.make({ issuer, audience, secret, algorithms: ["HS256", "HS512"] }),
        /one algorithm/
      ],
      [() => Jwt.make({ issuer, audience, secret: Redacted.make("") }), /can't be used/],
      [() => Jwt.make({ issuer, audience, secret: Redacted.make("short") }), /at least 32/],
      [() => Jwt.make({ ...base, clockTolerance: "61 seconds" }), /between 0 and a minute/],
      [() => Jwt.make({ ...base, typ: "" }), /typ can't be empty/],
      [() => Jwt.make({ ...base, typ: [] }), /typ can't be empty/],
      [() => Jwt.make({ ...base, typ: [false, ""] }), /typ can't be empty/],
      [() => Jwt.make({ ...base, maxLength: 0 }), /maxLength has to be positive/],
      [() => Jwt.make({ ...base, cache: { capacity: 1 } }), /capacity/],
      [() => Jwt.make({ ...base, cache: { timeToLive: 0 } }), /timeToLive/],
      // of JavaScript, without types
      [() => Jwt.make({ ...base, audience: undefined } as never), /audience/],
      [() => Jwt.make({ ...base, secret } as never), /not both/],
      [() => Jwt.make({ issuer, audience } as never), /source of keys/],
      [() => Jwt.make({ ...base, issuer: undefined } as never), /issuer has to be a text/]
    ]
    for (const [make, message] of wrong) assert.throws(make, message)
  })
})

// ----------------------------------------------------------------------------
// schemes
// ----------------------------------------------------------------------------

describe("authenticate", () => {
  const options = { issuer, audience, keys } as const
  const scopes = { "items:read": "Read", "items:write": "Write", admin: "All" } as const

  it.effect("proves the scopes that the scheme declares", () =>
    Effect.gen(function* () {
      yield* atNow
      const user = OAuth2.clientCredentials({ tokenUrl: "token", scopes }).pipe(
        Jwt.authenticate(options)
      )
      const readers = Security.scopes(user, "items:read")
      const admins = Security.scopes(user, "admin")
      assert.strictEqual((yield* Effect.provideService(readers, ...bearer(token()))).sub, "johndoe")
      const refused = yield* Effect.flip(Effect.provideService(admins, ...bearer(token())))
      assert.strictEqual(refused._tag, "Forbidden")
    })
  )

  it.effect("verifies whichever of several schemes presents the token", () =>
    Effect.gen(function* () {
      yield* atNow
      const either = Jwt.authenticate(
        Security.anyOf(HttpBearer.make(), ApiKey.cookie("token"), Http.scheme("Token")),
        options
      )
      const cookie = requestOf({ cookie: `token=${token()}` })
      assert.strictEqual((yield* Effect.provideService(either, ...cookie)).sub, "johndoe")
      assert.strictEqual((yield* Effect.provideService(either, ...bearer(token()))).sub, "johndoe")
      const custom = requestOf({ authorization: `Token ${token()}` })
      assert.strictEqual((yield* Effect.provideService(either, ...custom)).sub, "johndoe")
      const wrong = requestOf({ cookie: `token=${token({ aud: "x" })}` })
      const refused = yield* Effect.flip(Effect.provideService(either, ...wrong))
      assert.strictEqual(refused._tag, "Unauthorized")
    })
  )

  it.effect("challenges with invalid_token, and says no more", () =>
    Effect.gen(function* () {
      yield* atNow
      const user = Jwt.authenticate(HttpBearer.make(), options)
      const expired = yield* Effect.flip(
        Effect.provideService(user, ...bearer(token({ exp: 1, sub: "secret" })))
      )
      assert.deepStrictEqual(SecurityError.headers(expired), {
        "www-authenticate": 'Bearer realm="api", error="invalid_token"'
      })
      assert.strictEqual(expired.message, "Invalid credentials")
    })
  )

  it("does not take a proof of DPoP for a bearer token", () => {
    assert.throws(() => Jwt.authenticate(Http.scheme("DPoP"), options), /DPoP/)
    assert.throws(() => Jwt.authenticate(Http.scheme("dpop"), options), /DPoP/)
  })

  it("throws for a scheme that has a verifier", () => {
    const user = Jwt.authenticate(HttpBearer.make(), options)
    assert.throws(() => Jwt.authenticate(user as never, options), /no verifier has seen/)
  })
})

// ----------------------------------------------------------------------------
// bound tokens
// ----------------------------------------------------------------------------

describe("a token that is bound to a certificate", () => {
  const certificateOf = (name: string): Crypto.X509Certificate =>
    new Crypto.X509Certificate(readFileSync(new URL(`./fixtures/tls/${name}.pem`, import.meta.url)))
  const own = certificateOf("client")
  const other = certificateOf("stranger")
  const thumbprint = Crypto.createHash("sha256").update(own.raw).digest("base64url")
  const connection = (certificate: Crypto.X509Certificate | undefined, authorized = true) => {
    const [, request] = requestOf({})
    const socket = { encrypted: true, authorized, getPeerX509Certificate: () => certificate }
    return new Proxy(request, {
      get: (target, member) =>
        member === "source" ? { socket } : Reflect.get(target, member, target)
    })
  }
  const bound = token({ cnf: { "x5t#S256": thumbprint } })

  for (const cache of [false, {}] as const) {
    const tokens = Jwt.make({ issuer, audience, keys, cache })
    it.effect(`is good on its connection only, ${cache ? "" : "not "}remembered`, () =>
      Effect.gen(function* () {
        yield* atNow
        yield* verify(tokens, bound, connection(own))
        for (const request of [
          connection(other),
          connection(undefined),
          connection(own, false),
          requestOf({})[1],
          undefined
        ]) {
          const error = yield* Effect.flip(verify(tokens, bound, request))
          assert.strictEqual(error._tag, "Unauthorized")
        }
        yield* verify(tokens, bound, connection(own))
      })
    )
  }

  for (const [name, cnf] of Object.entries({
    "of another certificate": {
      "x5t#S256": Crypto.createHash("sha256").update(other.raw).digest("base64url")
    },
    "with padding": { "x5t#S256": `${thumbprint}=` },
    "in hexadecimal": { "x5t#S256": own.fingerprint256 },
    "that is no text": { "x5t#S256": [thumbprint] },
    "that is null": { "x5t#S256": null },
    "and to a key of DPoP": { "x5t#S256": thumbprint, jkt: "x" }
  })) {
    it.effect(`is refused when it is bound ${name}`, () =>
      Effect.gen(function* () {
        yield* atNow
        const error = yield* Effect.flip(verify(verifier, token({ cnf }), connection(own)))
        assert.strictEqual(error._tag, "Unauthorized")
      })
    )
  }

  it.effect("may have members besides that nobody knows", () =>
    Effect.gen(function* () {
      yield* atNow
      const more = token({ cnf: { "x5t#S256": thumbprint, note: 1 } })
      yield* verify(verifier, more, connection(own))
    })
  )
})

// ----------------------------------------------------------------------------
// keys that are fetched
// ----------------------------------------------------------------------------

describe("keys that are fetched", () => {
  const url = "https://id.example/jwks"
  const remote = (cache: false | object = false) =>
    Jwt.make({ issuer, audience, keys: Jwks.fromUrl(url), cache })

  it.effect("are fetched once, and not before a token is worth it", () => {
    const source = server(() => json(set))
    const tokens = remote()
    return Effect.gen(function* () {
      yield* atNow
      for (const bad of ["x", token({ iss: "other" }), token({ exp: 1 }), token({ aud: "x" })]) {
        yield* Effect.flip(verify(tokens, bad))
      }
      assert.strictEqual(source.asked.length, 0)
      const all = yield* Effect.forEach(
        Array.range(1, 100),
        (jti) => verify(tokens, token({ jti: String(jti) })),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(all.length, 100)
      assert.deepStrictEqual(source.asked, [url])
    }).pipe(Effect.provide(source.layer))
  })

  it.effect("are fetched again for a new kid, and only so often for one that is none", () => {
    const source = server(() => json({ keys: [rsa.jwk] }))
    const tokens = remote()
    return Effect.gen(function* () {
      yield* atNow
      assert.isTrue(yield* isAccepted(tokens, token({}, {}, rsa)))
      source.answer = () => json({ keys: [rsa.jwk, ec.jwk] })
      assert.isTrue(yield* isAccepted(tokens, token({}, {}, ec)))
      assert.strictEqual(source.asked.length, 2)
      for (let kid = 0; kid < 200; kid++) {
        assert.isFalse(yield* isAccepted(tokens, token({}, { kid: `k${kid}` })))
      }
      assert.strictEqual(source.asked.length, 2)
      yield* TestClock.adjust("30 seconds")
      yield* Effect.forEach(
        Array.range(1, 50),
        (kid) => isAccepted(tokens, token({}, { kid: `k${kid}` })),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(source.asked.length, 3)
    }).pipe(Effect.provide(source.layer))
  })

  it.effect("are gone when the issuer removed them, and the tokens with them", () => {
    const source = server(() => json({ keys: [rsa.jwk, ec.jwk] }))
    const tokens = remote({ timeToLive: "1 minute" })
    const long = token({ exp: now + 7200 })
    return Effect.gen(function* () {
      yield* atNow
      assert.isTrue(yield* isAccepted(tokens, long))
      source.answer = () => json({ keys: [rsa.jwk] })
      yield* TestClock.adjust("20 minutes")
      assert.isFalse(yield* isAccepted(tokens, long))
      assert.isTrue(yield* isAccepted(tokens, token({ exp: now + 7200 }, {}, rsa)))
    }).pipe(Effect.provide(source.layer))
  })

  it.effect(
    "serve while the issuer is down: no good token is refused, and no bad one passes",
    () => {
      const source = server(() => json(set))
      const tokens = remote()
      const exp = now + 100_000
      return Effect.gen(function* () {
        yield* atNow
        yield* verify(tokens, token({ exp }))
        source.answer = () => Effect.die(unreachable)
        for (let minute = 1; minute < 240; minute++) {
          yield* TestClock.adjust("1 minute")
          assert.isTrue(yield* isAccepted(tokens, token({ exp, jti: String(minute) })))
          assert.isFalse(yield* isAccepted(tokens, token({ exp: now })))
          yield* settle
        }
        // a key that may be new: nobody can say that the token is wrong
        const unknown = yield* Effect.flip(verify(tokens, token({ exp }, { kid: "new" })))
        assert.strictEqual(unknown._tag, "ServiceUnavailable")
        yield* TestClock.adjust("1 minute")
        const error = yield* Effect.flip(verify(tokens, token({ exp })))
        assert.strictEqual(error._tag, "ServiceUnavailable")
        assert.deepStrictEqual(SecurityError.headers(error), { "retry-after": "5" })
      }).pipe(Effect.provide(source.layer))
    }
  )

  it.effect("make 503 of a flood, and one request, while they were never there", () => {
    const source = server(() => Effect.never)
    const tokens = remote()
    return Effect.gen(function* () {
      yield* atNow
      const flood = yield* Effect.forEach(Array.range(1, 100), (jti) =>
        Effect.fork(Effect.flip(verify(tokens, token({ jti: String(jti) }))))
      )
      yield* settle
      yield* TestClock.adjust("5 seconds")
      for (const fiber of flood) {
        assert.strictEqual((yield* Fiber.join(fiber))._tag, "ServiceUnavailable")
      }
      yield* Effect.flip(verify(tokens, token()))
      assert.strictEqual(source.asked.length, 1)
    }).pipe(Effect.provide(source.layer))
  })

  it.effect("go on being fetched for others when who asked first is gone", () => {
    const gate = Deferred.unsafeMake<void>(FiberId.none)
    const source = server(() => Effect.zipRight(Deferred.await(gate), json(set)))
    const tokens = remote()
    return Effect.gen(function* () {
      yield* atNow
      const first = yield* Effect.fork(verify(tokens, token()))
      yield* settle
      const second = yield* Effect.fork(verify(tokens, token()))
      yield* settle
      yield* Fiber.interrupt(first)
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* Fiber.join(second)).principal.sub, "johndoe")
      assert.strictEqual(source.asked.length, 1)
    }).pipe(Effect.provide(source.layer))
  })

  it.effect("of a token are those of its issuer, and of no other", () => {
    const one = pair("ES256", "same")
    const two = pair("ES256", "same")
    const sets = new Map([
      ["https://one.example/jwks", { keys: [one.jwk] }],
      ["https://two.example/jwks", { keys: [two.jwk] }]
    ])
    const source = server((asked) => json(sets.get(asked) ?? {}))
    const tenants = Jwt.make({
      audience,
      cache: false,
      issuers: [
        { issuer: "one", keys: Jwks.fromUrl("https://one.example/jwks") },
        { issuer: "two", keys: Jwks.fromUrl("https://two.example/jwks") },
        { issuer: "here", keys }
      ]
    })
    return Effect.gen(function* () {
      yield* atNow
      assert.isFalse(yield* isAccepted(tenants, token({ iss: "three" }, {}, one)))
      assert.isFalse(yield* isAccepted(tenants, token({ iss: "https://evil.example" }, {}, one)))
      assert.isTrue(yield* isAccepted(tenants, token({ iss: "here" })))
      assert.deepStrictEqual(source.asked, [])
      assert.isTrue(yield* isAccepted(tenants, token({ iss: "one" }, {}, one)))
      assert.isFalse(yield* isAccepted(tenants, token({ iss: "one" }, {}, two)))
      assert.isTrue(yield* isAccepted(tenants, token({ iss: "two" }, {}, two)))
      assert.isFalse(yield* isAccepted(tenants, token({ iss: "two" }, {}, one)))
      assert.isFalse(yield* isAccepted(tenants, token({ iss: "one" })))
    }).pipe(Effect.provide(source.layer))
  })

  it.effect("are tried one after the other for a token without kid", () => {
    const several = Array.range(1, 4).map((index) => pair("EdDSA", `k${index}`))
    const source = server(() => json({ keys: several.map(({ jwk }) => jwk) }))
    const tokens = remote()
    return Effect.gen(function* () {
      yield* atNow
      for (const by of several) {
        assert.isTrue(yield* isAccepted(tokens, token({}, { kid: undefined }, by)))
      }
      assert.isFalse(yield* isAccepted(tokens, token({}, { kid: undefined }, ed)))
    }).pipe(Effect.provide(source.layer))
  })

  it.effect("leave no part of a token in a log when they can't be had", () => {
    const lines: Array<string> = []
    const logger = Logger.make((entry) => {
      lines.push(`${entry.logLevel.label} ${String(entry.message)} ${String(entry.cause)}`)
    })
    const source = server(() => json({ keys: [] }))
    const tokens = remote()
    return Effect.gen(function* () {
      yield* atNow
      const presented = token({ sub: "johndoe" })
      yield* Effect.flip(verify(tokens, presented))
      const written = lines.join("\n")
      assert.match(written, /WARN.*has no key that can be used/)
      for (const part of [...presented.split("."), "johndoe"]) assert.notInclude(written, part)
    }).pipe(
      Logger.withMinimumLogLevel(LogLevel.All),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
      Effect.provide(source.layer)
    )
  })
})

// ----------------------------------------------------------------------------
// tokens that are remembered
// ----------------------------------------------------------------------------

describe("tokens that are remembered", () => {
  const counted = (cache?: Jwt.Requirements["cache"]) => {
    const counts = { verified: 0 }
    const counting: Jwks.Jwks = {
      ...keys,
      get: Effect.map(keys.get, counted),
      refresh: Effect.map(keys.refresh, counted),
      peek: (at) => {
        const known = keys.peek(at)
        return known && counted(known)
      }
    }
    function counted(known: Jwks.Keys): Jwks.Keys {
      return {
        ...known,
        find: (alg, kid) =>
          known.find(alg, kid).map((key) => ({
            ...key,
            verifies: (presented: string) => {
              counts.verified++
              return key.verifies(presented)
            }
          }))
      }
    }
    return { counts, tokens: Jwt.make({ issuer, audience, keys: counting, cache }) }
  }

  it.effect("are verified once in a minute", () =>
    Effect.gen(function* () {
      yield* atNow
      const { counts, tokens } = counted()
      const presented = token()
      const first = yield* verify(tokens, presented)
      assert.strictEqual(yield* verify(tokens, presented), first)
      yield* TestClock.adjust("59 seconds")
      yield* verify(tokens, presented)
      assert.strictEqual(counts.verified, 1)
      yield* TestClock.adjust("1 second")
      yield* verify(tokens, presented)
      assert.strictEqual(counts.verified, 2)
      yield* verify(tokens, token({ jti: "2" }))
      assert.strictEqual(counts.verified, 3)
    })
  )

  it.effect("are not remembered past exp", () =>
    Effect.gen(function* () {
      yield* atNow
      const { tokens } = counted({ timeToLive: "1 hour" })
      const presented = token({ exp: now + 2 })
      yield* verify(tokens, presented)
      yield* TestClock.adjust("1999 millis")
      yield* verify(tokens, presented)
      yield* TestClock.adjust("1 millis")
      assert.isFalse(yield* isAccepted(tokens, presented))
    })
  )

  it.effect("are as many as said", () =>
    Effect.gen(function* () {
      yield* atNow
      const { counts, tokens } = counted({ capacity: 4 })
      const first = token({ jti: "first" })
      yield* verify(tokens, first)
      for (let jti = 0; jti < 10; jti++) yield* verify(tokens, token({ jti: String(jti) }))
      assert.strictEqual(counts.verified, 11)
      yield* verify(tokens, first)
      assert.strictEqual(counts.verified, 12)
    })
  )

  it.effect("are none when they are wrong", () =>
    Effect.gen(function* () {
      yield* atNow
      const { counts, tokens } = counted()
      const wrong = `${token().slice(0, -8)}AAAAAAAA`
      assert.isFalse(yield* isAccepted(tokens, wrong))
      assert.isFalse(yield* isAccepted(tokens, wrong))
      assert.strictEqual(counts.verified, 2)
    })
  )

  it.effect("are those of one verifier", () =>
    Effect.gen(function* () {
      yield* atNow
      const one = Jwt.make({ issuer, audience: "one", keys })
      const two = Jwt.make({ issuer, audience: "two", keys })
      const presented = token({ aud: "one" })
      assert.isTrue(yield* isAccepted(one, presented))
      assert.isFalse(yield* isAccepted(two, presented))
      assert.isTrue(yield* isAccepted(one, presented))
    })
  )

  it.effect("are told apart by every letter", () =>
    Effect.gen(function* () {
      yield* atNow
      const { tokens } = counted()
      const presented = token()
      yield* verify(tokens, presented)
      for (let at = 0; at < presented.length; at += 7) {
        const other = presented.slice(0, at) + changed(presented.slice(at))
        assert.isFalse(yield* isAccepted(tokens, other))
      }
      for (const other of [loosened(presented), `${presented}=`, ` ${presented}`]) {
        assert.isFalse(yield* isAccepted(tokens, other))
      }
    })
  )
})

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

function requestOf(headers: Record<string, string>) {
  const request = HttpServerRequest.fromWeb(new Request("http://localhost/", { headers }))
  return [HttpServerRequest.HttpServerRequest, request] as const
}

function bearer(presented: string) {
  return requestOf({ authorization: `Bearer ${presented}` })
}

import * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Jose from "jose"
import { ApiKey, HttpBasic, HttpBearer, Security, SecurityTest } from "../src/index.ts"

const verified = (issuer: SecurityTest.Issuer, token: Redacted.Redacted<string>, now = 0) =>
  Effect.flatMap(issuer.keys, (keys) =>
    Effect.tryPromise(() =>
      Jose.jwtVerify(Redacted.value(token), Jose.createLocalJWKSet({ keys: [...keys.keys] }), {
        currentDate: new Date(now)
      })
    )
  )

describe("issuer", () => {
  it.effect("signs tokens that its keys verify, at the Clock's time", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_000_000)
      const issuer = yield* SecurityTest.issuer({ algorithm: "EdDSA" })
      const token = yield* issuer.token({ sub: "johndoe", aud: "items", client_id: undefined })
      const { payload, protectedHeader } = yield* verified(issuer, token, 1_000_000)
      const { jti, ...claims } = payload
      assert.isString(jti)
      assert.deepStrictEqual(claims, {
        iss: "https://issuer.test",
        iat: 1000,
        exp: 4600,
        sub: "johndoe",
        aud: "items"
      })
      assert.deepStrictEqual(protectedHeader, { alg: "EdDSA", kid: "test-1", typ: "at+jwt" })
    })
  )

  it.effect("rotates and forgets its keys", () =>
    Effect.gen(function* () {
      const issuer = yield* SecurityTest.issuer()
      const old = yield* issuer.token({})
      yield* issuer.rotate
      const young = yield* issuer.token({}, { typ: "JWT", header: { extra: 1 } })
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(verified(issuer, old))))
      const { protectedHeader } = yield* verified(issuer, young)
      assert.deepInclude(protectedHeader, { kid: "test-2", typ: "JWT", extra: 1 })
      yield* issuer.forget
      assert.isTrue(Exit.isFailure(yield* Effect.exit(verified(issuer, old))))
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(verified(issuer, young))))
    })
  )

  it.effect("answers where providers do, and nowhere else", () =>
    Effect.gen(function* () {
      const issuer = yield* SecurityTest.issuer({ url: "https://id.test/tenant" })
      const get = (url: string) =>
        HttpClient.get(url).pipe(
          Effect.flatMap((response) =>
            Effect.map(response.text, (text) => [response.status, text])
          ),
          Effect.provide(issuer.layer)
        )
      const [status, text] = yield* get(issuer.openIdConnectUrl)
      assert.strictEqual(status, 200)
      assert.deepInclude(JSON.parse(String(text)), {
        issuer: "https://id.test/tenant",
        jwks_uri: "https://id.test/tenant/jwks"
      })
      assert.deepStrictEqual(
        yield* get("https://id.test/.well-known/oauth-authorization-server/tenant"),
        [status, text]
      )
      assert.deepStrictEqual(yield* get("https://id.test/tenant/jwks"), [
        200,
        JSON.stringify(yield* issuer.keys)
      ])
      assert.deepStrictEqual(yield* get("https://elsewhere.test/"), [404, ""])
      yield* issuer.setReachable(false)
      assert.deepStrictEqual(yield* get("https://id.test/tenant/jwks"), [503, ""])
      assert.strictEqual(yield* issuer.requests, 5)
    })
  )
})

describe("requests", () => {
  const all = Security.anyOf(
    Security.allOf(HttpBasic.make(), ApiKey.header("X-Key"), ApiKey.query("k"), ApiKey.cookie("c")),
    HttpBearer.make()
  )

  it.effect("carry what the schemes read", () =>
    Effect.gen(function* () {
      const found = yield* SecurityTest.provideRequest(
        all,
        SecurityTest.request(
          "http://localhost/items?page=2",
          SecurityTest.basic("jürgen", "pässword"),
          SecurityTest.header("X-Key", Redacted.make("in a header")),
          SecurityTest.query("k", "in the query & more"),
          SecurityTest.cookie("c", "in a cookie; really")
        )
      )
      assert(Array.isArray(found))
      const [user, ...keys] = found
      assert.strictEqual(user.username, "jürgen")
      assert.deepStrictEqual(
        [user.password, ...keys].map((secret) => Redacted.value(secret)),
        ["pässword", "in a header", "in the query & more", "in a cookie; really"]
      )
      const bearer = yield* all.pipe(
        SecurityTest.provideRequest(
          SecurityTest.request("http://localhost/", SecurityTest.bearer("a.b.c"))
        )
      )
      assert.deepInclude(bearer, { scheme: "Bearer" })
    })
  )

  it("hold one credential in one header", () => {
    assert.throws(
      () =>
        SecurityTest.request(
          "http://localhost/",
          SecurityTest.bearer("a"),
          SecurityTest.basic("a", "b")
        ),
      /two credentials need the header authorization/
    )
  })
})

describe("grantAll", () => {
  it("runs what asks for evidence", () => {
    const asking = Effect.as(Security.granted("items:write"), "deleted")
    assert.strictEqual(Effect.runSync(SecurityTest.grantAll(asking)), "deleted")
  })
})

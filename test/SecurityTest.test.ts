import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import * as HttpApiSecurity from "@effect/platform/HttpApiSecurity"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServer from "@effect/platform/HttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as Jose from "jose"
import { Api as DemoApi } from "../docs/examples/demo/api.ts"
import {
  ApiKey,
  HttpBasic,
  HttpBearer,
  Security,
  SecurityMiddleware,
  SecurityTest
} from "../src/index.ts"

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
      const { kid, ...header } = protectedHeader
      assert.match(String(kid), /^test-1-/)
      assert.deepStrictEqual(header, { alg: "EdDSA", typ: "at+jwt" })
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
      assert.match(String(protectedHeader.kid), /^test-2-/)
      assert.deepInclude(protectedHeader, { typ: "JWT", extra: 1 })
      const untyped = yield* verified(issuer, yield* issuer.token({}, { typ: false }))
      assert.notProperty(untyped.protectedHeader, "typ")
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

describe("principal", () => {
  class CurrentUser extends Context.Tag("test/CurrentUser")<
    CurrentUser,
    { readonly name: string }
  >() {}
  class Authentication extends SecurityMiddleware.Tag<Authentication>()("test/Authentication", {
    security: HttpBearer.make({ scopes: { read: "Read" } }).pipe(
      Security.authenticate(() => Effect.succeed(Security.grant({ name: "johndoe" })))
    ),
    provides: CurrentUser
  }) {}
  const api = HttpApi.make("api").add(
    HttpApiGroup.make("g")
      .add(HttpApiEndpoint.get("me", "/me").addSuccess(Schema.String).middleware(Authentication))
      .add(
        HttpApiEndpoint.get("read", "/read")
          .addSuccess(Schema.String)
          .middleware(Authentication.scopes("read"))
      )
  )
  const name = Effect.map(CurrentUser, (user) => user.name)
  const live = HttpApiBuilder.api(api).pipe(
    Layer.provide(
      HttpApiBuilder.group(api, "g", (handlers) =>
        handlers
          .handle("me", () => name)
          .handle("read", () => Effect.zipRight(Security.granted("read"), name))
      )
    )
  )

  it("lets every request in, whatever scopes its endpoint asks for", async () => {
    const { dispose, handler } = HttpApiBuilder.toWebHandler(
      live.pipe(
        Layer.provide(SecurityTest.principal(Authentication, { name: "test" })),
        Layer.merge(HttpServer.layerContext)
      )
    )
    for (const path of ["me", "read"]) {
      const response = await handler(new Request(`http://localhost/${path}`))
      assert.deepStrictEqual([response.status, await response.json()], [200, "test"])
    }
    await dispose()
  })
})

describe("unsecured", () => {
  class Ours extends SecurityMiddleware.Tag<Ours>()("test/Ours", { security: HttpBearer.make() }) {}
  class Native extends HttpApiMiddleware.Tag<Native>()("test/Native", {
    security: { key: HttpApiSecurity.apiKey({ key: "key" }) }
  }) {}
  class Logging extends HttpApiMiddleware.Tag<Logging>()("test/Logging") {}
  const group = HttpApiGroup.make("g")
    .add(HttpApiEndpoint.get("ours", "/ours").middleware(Ours))
    .add(HttpApiEndpoint.get("native", "/native").middleware(Native))
    .add(HttpApiEndpoint.get("said", "/said").pipe(SecurityMiddleware.public))
    .add(HttpApiEndpoint.post("forgotten", "/forgotten"))
    .add(HttpApiEndpoint.get("logged", "/logged").middleware(Logging))

  it("tells what is public without saying so", () => {
    const api = HttpApi.make("api").add(group)
    assert.deepStrictEqual(SecurityTest.unsecured(api), ["POST /forgotten", "GET /logged"])
    assert.isEmpty(SecurityTest.unsecured(api.middleware(Ours)))
    assert.isEmpty(SecurityTest.unsecured(api.pipe(SecurityMiddleware.secureApi(Ours))))
    assert.isEmpty(SecurityTest.unsecured(DemoApi))
  })
})

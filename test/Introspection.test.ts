import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { createHash, X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import { inspect } from "node:util"
import * as Http from "../src/Http.ts"
import * as HttpBearer from "../src/HttpBearer.ts"
import * as Introspection from "../src/Introspection.ts"
import * as OAuth2 from "../src/OAuth2.ts"
import * as Security from "../src/Security.ts"
import * as ServerMetadata from "../src/ServerMetadata.ts"
import * as Endpoint from "./support/endpoint.ts"
import { printingReads } from "./support/line.ts"
import { recording } from "./support/tracer.ts"

// ----------------------------------------------------------------------------
// fixtures
// ----------------------------------------------------------------------------

const secret = "s3cr3t:/+ü%"
const token = "t0ken-that-nobody-sees"

const endpoint: Introspection.Endpoint = {
  url: "https://id.example/introspect",
  client: { clientId: "api:1 ü", clientSecret: Redacted.make(secret) }
}

const defaults = { ...endpoint, audience: "items" } as const

const oauth2 = OAuth2.clientCredentials({
  tokenUrl: "https://id.example/token",
  scopes: { read: "Read", write: "Write" }
})

const good = { active: true, aud: "items", sub: "johndoe", token_type: "Bearer", scope: "read" }

interface Expression<A, E> extends Effect.Effect<
  A,
  E,
  HttpServerRequest.HttpServerRequest | HttpClient.HttpClient
> {}

const asking =
  (request: HttpServerRequest.HttpServerRequest) =>
  <A, E>(self: Expression<A, E>): Effect.Effect<A, E, HttpClient.HttpClient> =>
    Effect.provideService(self, HttpServerRequest.HttpServerRequest, request)

/** What became of a token: `200`, or the refusal's tag. */
const outcome = <A, E extends { readonly _tag: string }>(
  self: Expression<A, E>,
  request = Endpoint.bearing(token)
) =>
  asking(request)(self).pipe(
    Effect.match({ onSuccess: () => "200", onFailure: (error) => error._tag })
  )

const answering = (body: unknown, options: Partial<Introspection.Options> = {}, now = 0) =>
  Effect.gen(function* () {
    const server = Endpoint.fake(() => Endpoint.json(body))
    yield* TestClock.setTime(now)
    const user = oauth2.pipe(Introspection.authenticate({ ...defaults, ...options }))
    return yield* Effect.provide(outcome(user), server.layer)
  })

const settle = Effect.yieldNow().pipe(Effect.repeatN(50))

// ----------------------------------------------------------------------------
// what is sent
// ----------------------------------------------------------------------------

describe("a question", () => {
  const ask = (options: Partial<Introspection.Options>, asked = token) =>
    Effect.gen(function* () {
      const server = Endpoint.fake(() => Endpoint.json(good))
      const user = oauth2.pipe(Introspection.authenticate({ ...defaults, ...options }))
      const claims = yield* Effect.provide(asking(Endpoint.bearing(asked))(user), server.layer)
      const [call] = server.calls
      assert(call !== undefined)
      return { call, claims }
    })

  it.effect("is a form with Basic, identifier and secret form-encoded", () =>
    Effect.gen(function* () {
      const { call, claims } = yield* ask({})
      assert.deepEqual<unknown>(claims, good)
      assert.strictEqual(call.method, "POST")
      assert.strictEqual(call.url, endpoint.url)
      assert.strictEqual(call.headers["content-type"], "application/x-www-form-urlencoded")
      assert.strictEqual(call.headers["accept"], "application/json")
      assert.strictEqual(call.body, `token=${token}&token_type_hint=access_token`)
      const [, credentials = ""] = call.headers["authorization"]?.split("Basic ") ?? []
      const [id = "", password = "", ...rest] = atob(credentials).split(":")
      const decode = (text: string) => new URLSearchParams(`v=${text}`).get("v")
      assert.deepStrictEqual([decode(id), decode(password), rest], ["api:1 ü", secret, []])
    })
  )

  it.effect("holds identifier and secret in its body where that is asked for", () =>
    Effect.gen(function* () {
      const { call } = yield* ask({
        client: { ...endpoint.client, method: "client_secret_post" }
      })
      assert.isUndefined(call.headers["authorization"])
      assert.deepStrictEqual(Object.fromEntries(new URLSearchParams(call.body)), {
        token,
        token_type_hint: "access_token",
        client_id: "api:1 ü",
        client_secret: secret
      })
    })
  )

  it.effect("never splices the token", () =>
    Effect.gen(function* () {
      // all that a b64token may hold
      const odd = "a+b/c._~-=="
      const { call } = yield* ask({}, odd)
      assert.deepStrictEqual(new URLSearchParams(call.body).getAll("token"), [odd])
    })
  )

  it.effect("is asked about the token of HttpBearer as well, and about either of two places", () =>
    Effect.gen(function* () {
      const server = Endpoint.fake(() => Endpoint.json(good))
      const user = HttpBearer.make().pipe(Introspection.authenticate(defaults))
      const either = Security.anyOf(oauth2, HttpBearer.make({ schemeName: "other" })).pipe(
        Introspection.authenticate(defaults)
      )
      assert.strictEqual(yield* Effect.provide(outcome(user), server.layer), "200")
      assert.strictEqual(yield* Effect.provide(outcome(either), server.layer), "200")
      assert.lengthOf(server.calls, 2)
    })
  )
})

// ----------------------------------------------------------------------------
// what is answered
// ----------------------------------------------------------------------------

describe("an answer", () => {
  const passing: Readonly<Record<string, object>> = {
    plain: {},
    "one audience of several": { aud: ["other", "items"] },
    "no token_type": { token_type: undefined },
    "token_type in lower case": { token_type: "bearer" },
    "not yet over": { exp: 1001 },
    "valid since now": { nbf: 1000 },
    "an access token of Hydra": { token_use: "access_token" },
    "an access token of Keycloak": { typ: "Bearer" },
    "no scope": { scope: undefined }
  }
  it.effect.each(Object.entries(passing))("%s passes", ([, claims]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* answering({ ...good, ...claims }, {}, 1_000_000), "200")
    })
  )

  const invalid: Readonly<Record<string, unknown>> = {
    "inactive, with claims": { ...good, active: false },
    inactive: { active: false },
    "active, a text": { ...good, active: "true" },
    "active, a number": { ...good, active: 1 },
    "active, an object": { ...good, active: {} },
    "active null": { ...good, active: null },
    "no active": { ...good, active: undefined },
    "active in its prototype": `{"__proto__":{"active":true},"aud":"items"}`,
    "Active in another case": { ...good, active: undefined, Active: true },
    "active false after true": `{"active":true,"aud":"items","active":false}`,
    "an error with 200": { error: "invalid_token" },
    empty: {},
    "over now": { ...good, exp: 1000 },
    over: { ...good, exp: 1 },
    "exp 0": { ...good, exp: 0 },
    "exp a text": { ...good, exp: "9999" },
    "exp null": { ...good, exp: null },
    "exp infinite": `{"active":true,"aud":"items","exp":1e999}`,
    "exp a list": { ...good, exp: [9999] },
    "nbf to come": { ...good, nbf: 1001 },
    "nbf a text": { ...good, nbf: "1" },
    "iat a text": { ...good, iat: "1" },
    "no audience": { ...good, aud: undefined },
    "another audience": { ...good, aud: "other" },
    "an audience that begins alike": { ...good, aud: "items2" },
    "an audience in another case": { ...good, aud: "Items" },
    "an audience with a slash": { ...good, aud: "items/" },
    "audiences none of which is ours": { ...good, aud: ["a", "b"] },
    "no audiences": { ...good, aud: [] },
    "nested audiences": { ...good, aud: [["items"]] },
    "audiences with a number": { ...good, aud: ["items", 1] },
    "an audience that is an object": { ...good, aud: { items: true } },
    "audience null": { ...good, aud: null },
    "a token for DPoP": { ...good, token_type: "DPoP" },
    "token_type mac": { ...good, token_type: "mac" },
    "token_type empty": { ...good, token_type: "" },
    "token_type null": { ...good, token_type: null },
    "a refresh token of Hydra": { ...good, token_use: "refresh_token" },
    "token_use null": { ...good, token_use: null },
    "a refresh token of Keycloak": { ...good, typ: "Refresh" },
    "an offline token of Keycloak": { ...good, typ: "Offline" },
    "an ID token of Keycloak": { ...good, typ: "ID" },
    "scope a list": { ...good, scope: ["read"] },
    "sub a number": { ...good, sub: 1 },
    "bound to a DPoP key": { ...good, cnf: { jkt: "abc" } },
    "bound to a DPoP key and a certificate": { ...good, cnf: { jkt: "a", "x5t#S256": "b" } },
    "bound to a key that is named, and a certificate": {
      ...good,
      cnf: { kid: "a", "x5t#S256": "b" }
    },
    "bound to a certificate, and none shown": { ...good, cnf: { "x5t#S256": "abc" } },
    "bound to a certificate that is no text": { ...good, cnf: { "x5t#S256": null } },
    "bound to a certificate in a prototype": `{"active":true,"aud":"items","cnf":{"__proto__":{"x5t#S256":"a"}}}`,
    "bound to what nobody knows": { ...good, cnf: { kid: "abc" } },
    "bound to nothing": { ...good, cnf: {} },
    "cnf null": { ...good, cnf: null },
    "cnf a text": { ...good, cnf: "abc" },
    "cnf a list": { ...good, cnf: [] }
  }
  it.effect.each(Object.entries(invalid))("%s is invalid", ([, body]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* answering(body, {}, 1_000_000), "Unauthorized")
    })
  )

  it.effect("of a text passes with nothing but true", () =>
    Effect.promise(() =>
      FastCheck.assert(
        FastCheck.asyncProperty(
          FastCheck.jsonValue().filter((value) => value !== true),
          async (active) => {
            const result = await Effect.runPromise(
              Effect.provide(
                outcome(oauth2.pipe(Introspection.authenticate(defaults))),
                Endpoint.fake(() => Endpoint.json({ ...good, active })).layer
              )
            )
            assert.strictEqual(result, "Unauthorized")
          }
        )
      )
    )
  )

  it.effect("has to be of the issuer that is given, and say so", () =>
    Effect.gen(function* () {
      const issuer = "https://id.example"
      assert.strictEqual(yield* answering({ ...good, iss: issuer }, { issuer }), "200")
      assert.strictEqual(yield* answering(good, { issuer }), "Unauthorized")
      assert.strictEqual(
        yield* answering({ ...good, iss: `${issuer}/` }, { issuer }),
        "Unauthorized"
      )
    })
  )

  it.effect("of the issuer but for a slash is invalid, and told of once", () =>
    Effect.gen(function* () {
      const issuer = "https://id.example"
      let claims: object = { ...good, iss: "https://evil.example/" }
      const server = Endpoint.fake(() => Endpoint.json(claims))
      const log = Endpoint.logged()
      const warnings = () => log.lines.filter((line) => line.includes("WARN"))
      const user = oauth2.pipe(Introspection.authenticate({ ...defaults, issuer, cache: false }))
      const ask = outcome(user).pipe(Effect.provide(server.layer), Effect.provide(log.layer))
      assert.strictEqual(yield* ask, "Unauthorized")
      claims = { ...good, iss: `${issuer}/`, exp: 0 }
      assert.strictEqual(yield* ask, "Unauthorized")
      assert.deepStrictEqual(warnings(), [])
      claims = { ...good, iss: `${issuer}/` }
      assert.strictEqual(yield* ask, "Unauthorized")
      assert.strictEqual(yield* ask, "Unauthorized")
      assert.lengthOf(warnings(), 1)
      assert.include(warnings().join(), `its issuer is "${issuer}" with a / at its end`)
      assert.notInclude(warnings().join(), token)
    })
  )

  it.effect(
    "of any audience passes where that is asked for, if it says that it is a bearer token",
    () =>
      Effect.gen(function* () {
        const { aud: _, ...anywhere } = good
        assert.strictEqual(yield* answering(anywhere, { audience: false }), "200")
        const untyped = { ...anywhere, token_type: undefined }
        assert.strictEqual(yield* answering(untyped, { audience: false }), "Unauthorized")
        assert.strictEqual(
          yield* answering({ ...good, aud: [1] }, { audience: false }),
          "Unauthorized"
        )
      })
  )

  it.effect("is for one of several audiences", () =>
    Effect.gen(function* () {
      const audience = ["a", "items"]
      assert.strictEqual(yield* answering(good, { audience }), "200")
      assert.strictEqual(yield* answering({ ...good, aud: "b" }, { audience }), "Unauthorized")
    })
  )

  it.effect("is taken in its time, give or take the tolerance", () =>
    Effect.gen(function* () {
      const clockTolerance = "5 seconds"
      const at = (now: number, claims: object) =>
        answering({ ...good, ...claims }, { clockTolerance }, now)
      assert.strictEqual(yield* at(1_004_999, { exp: 1000 }), "200")
      assert.strictEqual(yield* at(1_005_000, { exp: 1000 }), "Unauthorized")
      assert.strictEqual(yield* at(1_000_000, { nbf: 1005 }), "200")
      assert.strictEqual(yield* at(999_999, { nbf: 1005 }), "Unauthorized")
    })
  )

  it.effect("in which a polluted prototype says active is invalid", () =>
    Effect.gen(function* () {
      const prototype: object = Object.getPrototypeOf({})
      Object.defineProperty(prototype, "active", { value: true, configurable: true })
      try {
        assert.strictEqual(yield* answering({ ...good, active: undefined }), "Unauthorized")
      } finally {
        Reflect.deleteProperty(prototype, "active")
      }
    })
  )
})

describe("the principal", () => {
  it.effect("is what the schema makes of the claims", () =>
    Effect.gen(function* () {
      const User = Schema.transform(Schema.Struct({ sub: Schema.String }), Schema.String, {
        strict: true,
        decode: ({ sub }) => sub.toUpperCase(),
        encode: (sub) => ({ sub })
      })
      const user = oauth2.pipe(Introspection.authenticate({ ...defaults, claims: User }))
      const who = (body: object) =>
        asking(Endpoint.bearing(token))(user).pipe(
          Effect.provide(Endpoint.fake(() => Endpoint.json(body)).layer)
        )
      assert.strictEqual(yield* who(good), "JOHNDOE")
    })
  )

  it.effect("that does not fit the schema is refused", () =>
    Effect.gen(function* () {
      const user = oauth2.pipe(
        Introspection.authenticate({
          ...defaults,
          claims: Schema.Struct({ tenant: Schema.String })
        })
      )
      const server = Endpoint.fake(() => Endpoint.json(good))
      assert.strictEqual(yield* Effect.provide(outcome(user), server.layer), "Unauthorized")
    })
  )

  it.effect("proves the scopes of scope, or those that a function finds", () =>
    Effect.gen(function* () {
      const server = Endpoint.fake(() => Endpoint.json({ ...good, roles: ["write"] }))
      const user = oauth2.pipe(Introspection.authenticate(defaults))
      const roles = oauth2.pipe(
        Introspection.authenticate({
          ...defaults,
          scopes: ({ roles }) => Schema.decodeUnknownSync(Schema.Array(Schema.String))(roles)
        })
      )
      const results = yield* Effect.forEach(
        [
          user.pipe(Security.scopes("read")),
          user.pipe(Security.scopes("write")),
          roles.pipe(Security.scopes("read")),
          roles.pipe(Security.scopes("write"))
        ],
        (each) => Effect.provide(outcome(each), server.layer)
      )
      assert.deepStrictEqual(results, ["200", "Forbidden", "Forbidden", "200"])
    })
  )
})

describe("the claims", () => {
  it.effect("can't be changed: they serve other requests, too", () =>
    Effect.gen(function* () {
      const server = Endpoint.fake(() => Endpoint.json({ ...good, address: { lines: ["a"] } }))
      const user = oauth2.pipe(Introspection.authenticate(defaults))
      const claims = yield* Effect.provide(asking(Endpoint.bearing(token))(user), server.layer)
      const { address } = Schema.decodeUnknownSync(Schema.Struct({ address: Schema.Object }))(
        claims
      )
      for (const each of [claims, address, Reflect.get(address, "lines")]) {
        assert.isTrue(Object.isFrozen(each))
      }
    })
  )

  it.effect("can't be changed when a schema has made something of them, either", () =>
    Effect.gen(function* () {
      const server = Endpoint.fake(() => Endpoint.json({ ...good, roles: ["user"] }))
      const User = Schema.Struct({ sub: Schema.String, roles: Schema.Array(Schema.String) })
      const user = oauth2.pipe(Introspection.authenticate({ ...defaults, claims: User }))
      const principal = yield* Effect.provide(asking(Endpoint.bearing(token))(user), server.layer)
      assert.deepStrictEqual(principal.roles, ["user"])
      assert.isTrue(Object.isFrozen(principal))
      assert.isTrue(Object.isFrozen(principal.roles))
    })
  )
})

describe("the endpoint", () => {
  const found = (introspection_endpoint: string | undefined, asked = good) => {
    const server = Endpoint.fake(({ url }) =>
      url.includes("/.well-known/") ?
        Endpoint.json({ issuer: "https://id.example", introspection_endpoint })
      : Endpoint.json(asked)
    )
    const metadata = ServerMetadata.fromIssuer("https://id.example", {
      wellKnown: "oauth-authorization-server"
    })
    const user = oauth2.pipe(
      Introspection.authenticate({
        ...defaults,
        url: ServerMetadata.member(metadata, "introspection_endpoint")
      })
    )
    return Effect.map(Effect.provide(outcome(user), server.layer), (result) => ({
      result,
      urls: server.calls.map(({ url }) => url)
    }))
  }

  it.effect("may be found by the server's metadata", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* found(endpoint.url), {
        result: "200",
        urls: ["https://id.example/.well-known/oauth-authorization-server", endpoint.url]
      })
    })
  )

  it.effect("that is not found is unavailable", () =>
    Effect.gen(function* () {
      for (const url of [undefined, "http://id.example/introspect", "https://127.0.0.1/"]) {
        const { result, urls } = yield* found(url)
        assert.strictEqual(result, "ServiceUnavailable")
        assert.lengthOf(urls, 1)
      }
    })
  )

  it.effect("that is found by an Effect of one's own has to be an https URL", () =>
    Effect.gen(function* () {
      const server = Endpoint.fake(() => Endpoint.json(good))
      const user = oauth2.pipe(
        Introspection.authenticate({ ...defaults, url: Effect.succeed("http://id.example/") })
      )
      assert.strictEqual(yield* Effect.provide(outcome(user), server.layer), "ServiceUnavailable")
      assert.lengthOf(server.calls, 0)
    })
  )

  it.effect("whose answer a tracer prints, which reads it, is unavailable", () =>
    Effect.gen(function* () {
      const server = Endpoint.fake(() => Endpoint.json(good))
      const printing = Layer.effect(
        HttpClient.HttpClient,
        Effect.map(
          HttpClient.HttpClient,
          HttpClient.tap((response) => Effect.sync(() => inspect(response)))
        )
      ).pipe(Layer.provide(server.layer))
      const user = oauth2.pipe(Introspection.authenticate(defaults))
      assert.strictEqual(
        yield* Effect.provide(outcome(user), printing),
        printingReads ? "ServiceUnavailable" : "200"
      )
    })
  )
})

// ----------------------------------------------------------------------------
// certificates
// ----------------------------------------------------------------------------

describe("a token bound to a certificate", () => {
  const pem = readFileSync(new URL("fixtures/tls/client.pem", import.meta.url))
  const certificate = new X509Certificate(pem)
  const thumbprint = createHash("sha256").update(certificate.raw).digest("base64url")
  const over = (socket: object | undefined) =>
    Object.defineProperty(Endpoint.bearing(token), "source", {
      value: { socket, headers: { authorization: `Bearer ${token}` } }
    })
  const socket = {
    encrypted: true,
    authorized: true,
    getPeerX509Certificate: () => certificate
  }

  it.effect("passes on the connection of that certificate alone, also from memory", () =>
    Effect.gen(function* () {
      const server = Endpoint.fake(() =>
        // what nobody knows is ignored beside it
        Endpoint.json({ ...good, cnf: { "x5t#S256": thumbprint, since: 1 } })
      )
      const user = oauth2.pipe(Introspection.authenticate(defaults))
      const results = yield* Effect.forEach(
        [
          over(socket),
          over(undefined),
          over({ ...socket, authorized: false }),
          over({ ...socket, getPeerX509Certificate: () => undefined }),
          over(socket)
        ],
        (request) => Effect.provide(outcome(user, request), server.layer)
      )
      assert.deepStrictEqual(results, [
        "200",
        "Unauthorized",
        "Unauthorized",
        "Unauthorized",
        "200"
      ])
      assert.lengthOf(server.calls, 1)
    })
  )

  it.effect("does not pass with another certificate, or the thumbprint written otherwise", () =>
    Effect.gen(function* () {
      const hex = createHash("sha256").update(certificate.raw).digest("hex")
      const padded = createHash("sha256").update(certificate.raw).digest("base64")
      const other = createHash("sha256").update("other").digest("base64url")
      for (const each of [hex, padded, other, `${thumbprint}=`, "", thumbprint.toLowerCase()]) {
        const server = Endpoint.fake(() => Endpoint.json({ ...good, cnf: { "x5t#S256": each } }))
        const user = oauth2.pipe(Introspection.authenticate(defaults))
        const result = yield* Effect.provide(outcome(user, over(socket)), server.layer)
        assert.strictEqual(result, "Unauthorized", each)
      }
    })
  )
})

// ----------------------------------------------------------------------------
// memory
// ----------------------------------------------------------------------------

describe("what is remembered", () => {
  const make = (
    body: () => Response | Effect.Effect<Response, "unreachable">,
    options: Partial<Introspection.Options> = {}
  ) => {
    const server = Endpoint.fake(body)
    const user = oauth2.pipe(Introspection.authenticate({ ...defaults, ...options }))
    return {
      server,
      ask: (asked = token) => Effect.provide(outcome(user, Endpoint.bearing(asked)), server.layer)
    }
  }

  it.effect("is an active token for its time to live", () =>
    Effect.gen(function* () {
      const { ask, server } = make(() => Endpoint.json(good))
      yield* ask()
      yield* TestClock.adjust("29999 millis")
      yield* ask()
      assert.lengthOf(server.calls, 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* ask(), "200")
      assert.lengthOf(server.calls, 2)
    })
  )

  it.effect("is nothing that was learnt before the clock was set back", () =>
    Effect.gen(function* () {
      let active = true
      const { ask } = make(() => Endpoint.json(active ? { ...good, exp: 1_000_000 } : { active }))
      yield* TestClock.setTime(600_000)
      assert.strictEqual(yield* ask(), "200")
      active = false
      yield* TestClock.setTime(300_000)
      assert.strictEqual(yield* ask(), "Unauthorized")
      yield* TestClock.setTime(601_000)
      assert.strictEqual(yield* ask(), "Unauthorized")
    })
  )

  it.effect("is never an active token past its exp", () =>
    Effect.gen(function* () {
      const { ask, server } = make(() => Endpoint.json({ ...good, exp: 10 }), {
        cache: { timeToLive: "1 hour" }
      })
      yield* TestClock.adjust("9999 millis")
      assert.strictEqual(yield* ask(), "200")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* ask(), "Unauthorized")
      assert.lengthOf(server.calls, 2)
    })
  )

  it.effect("is a refused token, for less long", () =>
    Effect.gen(function* () {
      const { ask, server } = make(() => Endpoint.json({ active: false }))
      yield* ask()
      yield* TestClock.adjust("4999 millis")
      assert.strictEqual(yield* ask(), "Unauthorized")
      assert.lengthOf(server.calls, 1)
      yield* TestClock.adjust("1 millis")
      yield* ask()
      assert.lengthOf(server.calls, 2)
    })
  )

  it.effect("is a failure for a second, for its token alone", () =>
    Effect.gen(function* () {
      const { ask, server } = make(() => Effect.fail("unreachable"))
      assert.strictEqual(yield* ask(), "ServiceUnavailable")
      yield* TestClock.adjust("999 millis")
      assert.strictEqual(yield* ask(), "ServiceUnavailable")
      assert.lengthOf(server.calls, 1)
      yield* ask("another")
      assert.lengthOf(server.calls, 2)
      yield* TestClock.adjust("1 millis")
      yield* ask()
      assert.lengthOf(server.calls, 3)
    })
  )

  it.effect("is nothing where that is asked for", () =>
    Effect.gen(function* () {
      const { ask, server } = make(() => Endpoint.json(good), { cache: false })
      yield* ask()
      yield* ask()
      assert.lengthOf(server.calls, 2)
    })
  )

  it.effect("is not pushed out by a flood of tokens that are none", () =>
    Effect.gen(function* () {
      let body: object = good
      const { ask, server } = make(() => Endpoint.json(body), { cache: { capacity: 10 } })
      yield* ask()
      body = { active: false }
      yield* Effect.forEach(Array.from({ length: 100 }), (_, index) => ask(`none-${index}`))
      assert.lengthOf(server.calls, 101)
      assert.strictEqual(yield* ask(), "200")
      assert.lengthOf(server.calls, 101)
    })
  )

  it.effect("is told apart by the whole token", () =>
    Effect.gen(function* () {
      const { ask, server } = make(() => Endpoint.json(good))
      yield* ask(token)
      yield* ask(`${token}x`)
      yield* ask(token.toUpperCase())
      assert.lengthOf(server.calls, 3)
    })
  )

  it.effect("belongs to one verifier", () =>
    Effect.gen(function* () {
      const { ask } = make(() => Endpoint.json(good))
      const other = make(() => Endpoint.json(good), { audience: "other" })
      assert.strictEqual(yield* ask(), "200")
      assert.strictEqual(yield* other.ask(), "Unauthorized")
    })
  )
})

describe("many requests", () => {
  const held = Effect.gen(function* () {
    const gate = yield* Deferred.make<Response>()
    const server = Endpoint.fake(() => Effect.map(Deferred.await(gate), (each) => each.clone()))
    return { gate, server }
  })

  it.effect("with one token ask once", () =>
    Effect.gen(function* () {
      const { gate, server } = yield* held
      const user = oauth2.pipe(Introspection.authenticate({ ...defaults, cache: false }))
      const asked = Effect.provide(outcome(user), server.layer)
      const fibers = yield* Effect.forEach(Array.from({ length: 20 }), () => Effect.fork(asked))
      yield* settle
      assert.lengthOf(server.calls, 1)
      yield* Deferred.succeed(gate, Endpoint.json(good))
      const results = yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(new Set(results), new Set(["200"]))
      assert.lengthOf(server.calls, 1)
    })
  )

  it.effect("with many tokens wait for their turn, and in vain no longer than the timeout", () =>
    Effect.gen(function* () {
      const { gate, server } = yield* held
      const user = oauth2.pipe(Introspection.authenticate({ ...defaults, concurrency: 3 }))
      const ask = (index: number) =>
        Effect.fork(Effect.provide(outcome(user, Endpoint.bearing(`t${index}`)), server.layer))
      const first = yield* Effect.forEach([1, 2, 3, 4, 5], ask)
      yield* settle
      assert.lengthOf(server.calls, 3)
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(
        new Set(yield* Effect.forEach(first, Fiber.join)),
        new Set(["ServiceUnavailable"])
      )
      const before = server.calls.length
      const second = yield* Effect.forEach([6, 7, 8, 9, 10], ask)
      yield* settle
      assert.lengthOf(server.calls, before + 3)
      yield* Deferred.succeed(gate, Endpoint.json(good))
      assert.deepStrictEqual(new Set(yield* Effect.forEach(second, Fiber.join)), new Set(["200"]))
      assert.lengthOf(server.calls, before + 5)
    })
  )

  it.effect("that go away take their question with them", () =>
    Effect.gen(function* () {
      let interrupted = 0
      const server = Endpoint.fake(() =>
        Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++))
      )
      const user = oauth2.pipe(Introspection.authenticate({ ...defaults, concurrency: 1 }))
      const fiber = yield* Effect.fork(Effect.provide(outcome(user), server.layer))
      yield* settle
      yield* Fiber.interrupt(fiber)
      yield* settle
      assert.strictEqual(interrupted, 1)
      // its turn is free again
      const other = Endpoint.fake(() => Endpoint.json(good))
      assert.strictEqual(yield* Effect.provide(outcome(user), other.layer), "200")
    })
  )
})

// ----------------------------------------------------------------------------
// failures
// ----------------------------------------------------------------------------

describe("an endpoint", () => {
  const failures: Readonly<
    Record<string, () => Response | Effect.Effect<Response, "unreachable">>
  > = {
    "that can't be reached": () => Effect.fail("unreachable"),
    "that hangs": () => Effect.never,
    "that refuses us with 401": () => Endpoint.json({ error: "invalid_client" }, { status: 401 }),
    "that refuses us with 403": () => Endpoint.json(good, { status: 403 }),
    "that answers 400": () => Endpoint.json({ error: "invalid_request" }, { status: 400 }),
    "that answers 400 in HTML": () => Endpoint.json("<p>", { status: 400, type: "text/html" }),
    "that answers 400 with nothing": () => new Response(null, { status: 400 }),
    "that answers 404": () => new Response("", { status: 404 }),
    "that answers 429": () => new Response("", { status: 429 }),
    "that answers 500 and active": () => Endpoint.json(good, { status: 500 }),
    "that answers 503": () => new Response("", { status: 503 }),
    "that answers 201 and active": () => Endpoint.json(good, { status: 201 }),
    "that answers 204": () => new Response(null, { status: 204 }),
    "that redirects": () =>
      new Response(null, { status: 307, headers: { location: "https://evil.example/" } }),
    "that answers HTML": () => Endpoint.json("<html>", { type: "text/html" }),
    "that answers active as text": () => Endpoint.json(good, { type: "text/plain" }),
    "that answers active as a form": () =>
      Endpoint.json(good, { type: "application/x-www-form-urlencoded" }),
    "that answers without a type": () => new Response(new TextEncoder().encode("{}")),
    "that answers a signed token": () =>
      Endpoint.json("e30.e30.e30", { type: "application/token-introspection+jwt" }),
    "that answers a list": () => Endpoint.json([good]),
    "that answers a text": () => Endpoint.json(`"active"`),
    "that answers true": () => Endpoint.json("true"),
    "that answers null": () => Endpoint.json("null"),
    "that answers nothing": () => Endpoint.json(""),
    "that answers half of it": () => Endpoint.json(`{"active":true`),
    "that answers no UTF-8": () =>
      new Response(Uint8Array.of(0x7b, 0xff, 0x7d), {
        headers: { "content-type": "application/json" }
      }),
    "that answers 10 MB": () => Endpoint.json({ ...good, padding: "x".repeat(10_000_000) }),
    "that says it answers 10 MB": () =>
      new Response(JSON.stringify(good), {
        headers: { "content-type": "application/json", "content-length": "10000000" }
      })
  }

  it.effect.each(Object.entries(failures))(
    "%s is unavailable, and told in the log",
    ([, handler]) =>
      Effect.gen(function* () {
        const server = Endpoint.fake(handler)
        const log = Endpoint.logged()
        const user = Security.optional(oauth2.pipe(Introspection.authenticate(defaults)))
        const fiber = yield* Effect.fork(
          Effect.provide(Effect.provide(outcome(user), server.layer), log.layer)
        )
        yield* settle
        yield* TestClock.adjust("3 seconds")
        assert.strictEqual(yield* Fiber.join(fiber), "ServiceUnavailable")
        assert.lengthOf(server.calls, 1)
        const warnings = log.lines.filter((line) => line.includes("WARN"))
        assert.lengthOf(warnings, 1)
        assert.include(warnings[0], "https://id.example/introspect: ")
        const [call] = server.calls
        const [, basic = "?"] = call?.headers["authorization"]?.split("Basic ") ?? []
        for (const line of log.lines) {
          for (const hidden of [token, secret, encodeURIComponent(secret), basic]) {
            assert.notInclude(line, hidden)
          }
        }
      })
  )

  it.effect("sees its question in no span", () =>
    Effect.gen(function* () {
      const traced: Array<string> = []
      const tracer = recording(({ attributes, events, exit, name }) => {
        traced.push(name, inspect(attributes), inspect(events))
        if (Exit.isFailure(exit)) traced.push(Cause.pretty(exit.cause))
      })
      for (const method of ["client_secret_basic", "client_secret_post"] as const) {
        const user = oauth2.pipe(
          Introspection.authenticate({ ...defaults, client: { ...endpoint.client, method } })
        )
        for (const body of [good, { active: false }, []]) {
          const server = Endpoint.fake(() => Endpoint.json(body))
          yield* outcome(user, Endpoint.bearing(`${token}${traced.length}`)).pipe(
            Effect.provide(server.layer),
            Effect.withTracer(tracer)
          )
          const [call] = server.calls
          const [, basic = "?"] = call?.headers["authorization"]?.split("Basic ") ?? []
          for (const hidden of [token, secret, encodeURIComponent(secret), basic]) {
            assert.isFalse(traced.some((line) => line.includes(hidden)))
          }
        }
      }
      assert.isTrue(traced.some((line) => line.includes("https://id.example/introspect")))
    })
  )

  it.effect("that does not know the kind of token refuses it", () =>
    Effect.gen(function* () {
      const server = Endpoint.fake(() =>
        Endpoint.json({ error: "unsupported_token_type" }, { status: 400 })
      )
      const user = oauth2.pipe(Introspection.authenticate(defaults))
      assert.strictEqual(yield* Effect.provide(outcome(user), server.layer), "Unauthorized")
    })
  )

  it.effect("that fails is told of once a second", () =>
    Effect.gen(function* () {
      const server = Endpoint.fake(() => Effect.fail("unreachable"))
      const log = Endpoint.logged()
      const user = oauth2.pipe(Introspection.authenticate(defaults))
      const ask = (index: number) =>
        outcome(user, Endpoint.bearing(`t${index}`)).pipe(
          Effect.provide(server.layer),
          Effect.provide(log.layer)
        )
      yield* Effect.forEach([1, 2, 3], ask)
      assert.lengthOf(log.lines, 1)
      yield* TestClock.adjust("1 second")
      yield* ask(4)
      assert.lengthOf(log.lines, 2)
    })
  )

  it.effect("that answers late but in time is right", () =>
    Effect.gen(function* () {
      const server = Endpoint.fake(() =>
        Effect.delay(
          Effect.sync(() => Endpoint.json(good)),
          "2 seconds"
        )
      )
      const user = oauth2.pipe(Introspection.authenticate(defaults))
      const fiber = yield* Effect.fork(Effect.provide(outcome(user), server.layer))
      yield* settle
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* Fiber.join(fiber), "200")
    })
  )
})

describe("a response", () => {
  it.effect("has the status, the challenge and the time to wait of what was decided", () =>
    Effect.gen(function* () {
      const answers: Record<string, Endpoint.Handler> = {
        good: () => Endpoint.json(good),
        bad: () => Endpoint.json({ active: false }),
        down: () => new Response("", { status: 502 })
      }
      const { layer } = Endpoint.fake((call) => {
        const asked = new URLSearchParams(call.body).get("token") ?? ""
        return answers[asked]?.(call) ?? Effect.fail("unreachable")
      })
      const user = oauth2.pipe(Introspection.authenticate(defaults), Security.scopes("write"))
      const handler = HttpApp.toWebHandler(
        Effect.provide(
          Security.guard(user, () => HttpServerResponse.empty()),
          layer
        )
      )
      const get = (token: string) =>
        Effect.map(
          Effect.promise(() =>
            handler(
              new Request("http://localhost/", { headers: { authorization: `Bearer ${token}` } })
            )
          ),
          ({ headers, status }) => [
            status,
            headers.get("www-authenticate"),
            headers.get("retry-after")
          ]
        )
      assert.deepStrictEqual(yield* get("bad"), [
        401,
        'Bearer realm="api", error="invalid_token"',
        null
      ])
      assert.deepStrictEqual(yield* get("good"), [
        403,
        'Bearer realm="api", error="insufficient_scope", scope="write"',
        null
      ])
      assert.deepStrictEqual(yield* get("down"), [503, null, "5"])
    })
  )
})

describe("a server on loopback", () => {
  it.live(
    "that redirects, floods, stalls or breaks off is unavailable, and one that answers is right",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const reached: Array<string> = []
          const { origin } = yield* Endpoint.listen((request, response) => {
            reached.push(request.url ?? "")
            const type = { "content-type": "application/json" }
            const flood = (): void => {
              while (!response.destroyed && response.write("x".repeat(65_536))) continue
              if (!response.destroyed) response.once("drain", flood)
            }
            const routes: Record<string, () => void> = {
              "/good": () => response.writeHead(200, type).end(JSON.stringify(good)),
              "/redirect": () => response.writeHead(307, { location: "/good" }).end(),
              "/flood": () => {
                response.writeHead(200, type)
                flood()
              },
              "/silent": () => {},
              "/stalls": () => response.writeHead(200, type).write(`{"active":true`),
              "/breaks": () => {
                response.writeHead(200, { ...type, "content-length": "1000" })
                response.write(`{"active":true`, () => response.destroy())
              }
            }
            request.resume()
            routes[request.url ?? ""]?.()
          })
          const at = (path: string) =>
            outcome(
              oauth2.pipe(
                Introspection.authenticate({
                  ...defaults,
                  url: `${origin}${path}`,
                  allowHttp: true,
                  timeout: path === "/good" ? "1 minute" : "300 millis"
                })
              )
            ).pipe(Effect.provide(FetchHttpClient.layer))
          assert.strictEqual(yield* at("/good"), "200")
          for (const path of ["/redirect", "/flood", "/silent", "/stalls", "/breaks"]) {
            assert.strictEqual(yield* at(path), "ServiceUnavailable", path)
          }
          assert.strictEqual(reached.filter((path) => path === "/good").length, 1)
        })
      )
  )
})

// ----------------------------------------------------------------------------
// configuration
// ----------------------------------------------------------------------------

describe("configuration", () => {
  const wrong: Readonly<Record<string, [options: object, message: RegExp]>> = {
    "an http URL": [{ url: "http://id.example/introspect" }, /allowHttp/],
    "a relative URL": [{ url: "/introspect" }, /absolute URL/],
    "a file": [{ url: "file:///introspect" }, /https/],
    "a URL with a user": [{ url: "https://a:b@id.example/" }, /user/],
    "no client": [{ client: undefined }, /client identifier/],
    "no client identifier": [{ client: { ...endpoint.client, clientId: "" } }, /client identifier/],
    "no secret": [{ client: { clientId: "a" } }, /client secret/],
    "an empty secret": [
      { client: { clientId: "a", clientSecret: Redacted.make("") } },
      /client secret/
    ],
    "a secret that is shown": [{ client: { clientId: "a", clientSecret: "s" } }, /Redacted/],
    "half a character": [
      { client: { clientId: "a", clientSecret: Redacted.make("\ud800") } },
      /client secret/
    ],
    "another method": [{ client: { ...endpoint.client, method: "none" } }, /client_secret_basic/],
    "no audience": [{ audience: undefined }, /audience/],
    "an empty audience": [{ audience: "" }, /audience/],
    "no audiences": [{ audience: [] }, /audience/],
    "audiences with an empty one": [{ audience: ["a", ""] }, /audience/],
    "audience true": [{ audience: true }, /audience/],
    "an empty issuer": [{ issuer: "" }, /issuer/],
    "a large tolerance": [{ clockTolerance: "61 seconds" }, /clockTolerance/],
    "a time to live of 0": [{ cache: { timeToLive: 0 } }, /timeToLive/],
    "a capacity of 0": [{ cache: { capacity: 0 } }, /capacity/],
    "a timeout of 0": [{ timeout: 0 }, /timeout/],
    "no bytes": [{ maxBytes: 0 }, /maxBytes/],
    "nobody at a time": [{ concurrency: 0 }, /concurrency/]
  }
  it.each(Object.entries(wrong))(
    "%s is an error when the value is made",
    (_, [options, message]) => {
      // as a caller without types does
      const given = { ...defaults, ...options } as Introspection.Options
      assert.throws(() => Introspection.authenticate(given), message)
    }
  )

  it("shows no secret of a URL in an error", () => {
    const url = "https://api:s3cret@id.example/introspect?key=s3cret"
    assert.throws(
      () => Introspection.authenticate({ ...defaults, url }),
      /^the URL of introspection can't hold a user or a password: got "https:\/\/id\.example\/introspect"$/
    )
  })

  it.effect("shows no secret of a URL that is found out in the log", () =>
    Effect.gen(function* () {
      const log = Endpoint.logged()
      for (const url of ["https://api:s3cret@id.example/i", "http://id.example/i?key=s3cret"]) {
        const user = oauth2.pipe(
          Introspection.authenticate({ ...defaults, url: Effect.succeed(url) })
        )
        const asked = outcome(user, Endpoint.bearing(token)).pipe(
          Effect.provide(Endpoint.fake(() => Endpoint.json(good)).layer),
          Effect.provide(log.layer)
        )
        assert.strictEqual(yield* asked, "ServiceUnavailable")
      }
      assert.lengthOf(
        log.lines.filter((line) => line.includes("id.example/i: ")),
        2
      )
      for (const line of log.lines) assert.notInclude(line, "s3cret")
    })
  )

  it("shows no secret in an error", () => {
    for (const client of [{ clientId: "", clientSecret: secret }, { clientSecret: secret }]) {
      // as a caller without types does
      const given = { ...defaults, client } as unknown as Introspection.Options
      try {
        Introspection.authenticate(given)
        assert.fail("it was made")
      } catch (error) {
        assert.notInclude(String(error), secret)
      }
    }
  })

  it("takes no scheme of another auth-scheme", () => {
    assert.throws(
      () => Http.scheme("DPoP").pipe(Introspection.authenticate(defaults)),
      /does not verify the proofs of DPoP/
    )
  })

  it.effect("is read from a Config, its secret Redacted", () =>
    Effect.gen(function* () {
      const provider = ConfigProvider.fromMap(
        new Map([
          ["IDP_URL", endpoint.url],
          ["IDP_CLIENT_ID", "api"],
          ["IDP_CLIENT_SECRET", secret]
        ])
      )
      const found = yield* Effect.withConfigProvider(Introspection.config("IDP"), provider)
      assert.strictEqual(found.url, endpoint.url)
      assert.strictEqual(Redacted.value(found.client.clientSecret), secret)
      assert.notInclude(JSON.stringify(found), secret)
      const user = oauth2.pipe(Introspection.authenticate({ ...found, audience: "items" }))
      const server = Endpoint.fake(() => Endpoint.json(good))
      assert.strictEqual(yield* Effect.provide(outcome(user), server.layer), "200")
    })
  )
})

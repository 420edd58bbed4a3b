import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as Http from "../src/Http.ts"
import * as HttpBearer from "../src/HttpBearer.ts"
import * as OpenIdConnect from "../src/OpenIdConnect.ts"
import * as Security from "../src/Security.ts"
import * as Endpoint from "./support/endpoint.ts"
import * as Provider from "./support/provider.ts"

// ----------------------------------------------------------------------------
// fixtures
// ----------------------------------------------------------------------------

const { accessClaims, idClaims, issuer, openIdConnectUrl } = Provider

const key = await Provider.signingKey("1")
const other = await Provider.signingKey("2")
const stranger = await Provider.signingKey("1")

const oidc = OpenIdConnect.make({ openIdConnectUrl, scopes: { read: "Read", write: "Write" } })

interface Expression<A, E> extends Effect.Effect<
  A,
  E,
  HttpServerRequest.HttpServerRequest | HttpClient.HttpClient
> {}

const asking =
  (token: string) =>
  <A, E>(self: Expression<A, E>): Effect.Effect<A, E, HttpClient.HttpClient> =>
    Effect.provideService(self, HttpServerRequest.HttpServerRequest, Endpoint.bearing(token))

/** What became of a token: `200`, or the refusal's tag. */
const outcome = <A, E extends { readonly _tag: string }>(self: Expression<A, E>, token: string) =>
  asking(token)(self).pipe(
    Effect.match({ onSuccess: () => "200", onFailure: (error) => error._tag })
  )

type Row = readonly [claims: object, header?: object]

/** Asks about a token of a provider of its own. */
const verifying = <A, I>(
  options: OpenIdConnect.Options<A, I>,
  [claims, header]: Row,
  signing = key
) =>
  Effect.gen(function* () {
    const token = yield* Effect.promise(() => signing.sign(claims, header))
    const user = oidc.pipe(OpenIdConnect.authenticate(options))
    return yield* Effect.provide(outcome(user, token), Provider.provider([key]).layer)
  })

const settle = Effect.yieldNow().pipe(Effect.repeatN(50))

// ----------------------------------------------------------------------------
// access tokens
// ----------------------------------------------------------------------------

describe("an access token", () => {
  const rows: Readonly<Record<string, Row>> = {
    plain: [accessClaims],
    "for several audiences": [{ ...accessClaims, aud: ["other", "items"] }],
    "with the long typ": [accessClaims, { typ: "application/at+JWT" }],
    "that says so as Keycloak does": [{ ...accessClaims, typ: "Bearer", nonce: "n" }]
  }
  it.effect.each(Object.entries(rows))("%s passes", ([, row]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* verifying({ audience: "items" }, row), "200")
    })
  )

  const invalid: Readonly<Record<string, Row>> = {
    "of another issuer": [{ ...accessClaims, iss: "https://evil.example" }],
    "of the issuer with a slash": [{ ...accessClaims, iss: `${issuer}/` }],
    "for another audience": [{ ...accessClaims, aud: "other" }],
    "for no audience": [{ ...accessClaims, aud: undefined }],
    "that is over": [{ ...accessClaims, exp: 0 }],
    "without client_id": [{ ...accessClaims, client_id: undefined }],
    "with the typ of others": [accessClaims, { typ: "JWT" }],
    "without typ": [accessClaims, {}],
    "an ID token": [{ ...idClaims, aud: "items" }, { typ: "JWT" }],
    "an ID token for us as the typ of an access token": [
      { ...accessClaims, at_hash: "h" },
      { typ: "at+jwt" }
    ],
    "a logout token": [{ ...accessClaims, events: {} }, { typ: "logout+jwt" }],
    "a refresh token of Keycloak": [{ ...accessClaims, typ: "Refresh" }],
    "an ID token of Cognito": [{ ...accessClaims, token_use: "id" }],
    "of a kind that is no text": [{ ...accessClaims, token_use: true }],
    "bound to a DPoP key": [{ ...accessClaims, cnf: { jkt: "abc" } }],
    "bound to a certificate": [{ ...accessClaims, cnf: { "x5t#S256": "abc" } }]
  }
  it.effect.each(Object.entries(invalid))("%s is invalid", ([, row]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* verifying({ audience: "items" }, row), "Unauthorized")
    })
  )

  it.effect("of another key is invalid, whatever its kid", () =>
    Effect.gen(function* () {
      for (const signing of [stranger, other]) {
        assert.strictEqual(
          yield* verifying({ audience: "items" }, [accessClaims], signing),
          "Unauthorized"
        )
      }
    })
  )

  it.effect("that is no JWT is invalid, and nothing is fetched for it", () =>
    Effect.gen(function* () {
      const provider = Provider.provider([key])
      const user = oidc.pipe(OpenIdConnect.authenticate({ audience: "items" }))
      const foreign = yield* Effect.promise(() =>
        key.sign({ ...accessClaims, iss: "https://evil.example" })
      )
      for (const token of ["opaque", "a.b.c", "e30.e30.", foreign]) {
        assert.strictEqual(
          yield* Effect.provide(outcome(user, token), provider.layer),
          "Unauthorized"
        )
      }
      assert.lengthOf(provider.calls, 0)
    })
  )

  it.effect("of an algorithm that is advertised and not configured is invalid", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* verifying({ audience: "items", algorithms: ["RS256"] }, [accessClaims]),
        "Unauthorized"
      )
      assert.strictEqual(
        yield* verifying({ audience: "items", algorithms: ["ES256"] }, [accessClaims]),
        "200"
      )
    })
  )
})

describe("where access tokens say JWT, or nothing", () => {
  const loose = { audience: "items", typ: false } as const
  const bare = { ...accessClaims, scope: undefined, client_id: undefined }
  const passing: Readonly<Record<string, Row>> = {
    "Auth0's, with scope": [{ ...bare, scope: "openid", azp: "app" }, { typ: "JWT" }],
    "Auth0's, of a machine": [{ ...bare, gty: "client-credentials", azp: "app" }, { typ: "JWT" }],
    "Entra's, with scp": [{ ...bare, scp: "read", azp: "app", ver: "2.0" }, { typ: "JWT" }],
    "Entra's, of an application": [
      { ...bare, roles: ["r"], azp: "app", azpacr: "1" },
      { typ: "JWT" }
    ],
    "Entra's, of version 1": [{ ...bare, appid: "app", appidacr: "1" }, { typ: "JWT" }],
    "Cognito's": [{ ...bare, token_use: "access", client_id: "app" }, {}],
    "Keycloak's": [{ ...bare, typ: "Bearer", azp: "app" }, { typ: "JWT" }],
    "Okta's": [{ ...bare, cid: "app", scp: ["read"] }, {}],
    "RFC 9068's": [accessClaims, { typ: "at+jwt" }]
  }
  it.effect.each(Object.entries(passing))("%s pass", ([, row]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* verifying(loose, row), "200")
    })
  )

  it.effect("without aud, that are told by their client, pass for that client alone", () =>
    Effect.gen(function* () {
      const cognito = { ...bare, aud: undefined, jti: "1", token_use: "access", client_id: "app" }
      const ask = (clientId: string | ReadonlyArray<string>, claims: object = cognito) =>
        verifying({ audience: false, clientId, typ: false }, [claims, {}])
      assert.strictEqual(yield* ask("app"), "200")
      assert.strictEqual(yield* ask(["other", "app"]), "200")
      assert.strictEqual(yield* ask("other"), "Unauthorized")
      assert.strictEqual(yield* ask("app", { ...cognito, client_id: undefined }), "Unauthorized")
      assert.strictEqual(yield* ask("app", { ...cognito, client_id: ["app"] }), "Unauthorized")
      assert.strictEqual(yield* ask("app", { ...cognito, token_use: "id" }), "Unauthorized")
      assert.strictEqual(yield* ask("app", { ...cognito, aud: [["a"]] }), "Unauthorized")
      assert.strictEqual(yield* ask("app", { ...cognito, aud: null }), "Unauthorized")
      assert.strictEqual(
        yield* verifying({ audience: "items", typ: false }, [cognito, {}]),
        "Unauthorized"
      )
    })
  )

  it.effect("may be asked for their client besides their audience", () =>
    Effect.gen(function* () {
      const ask = (claims: object) =>
        verifying({ audience: "items", clientId: "app", typ: false }, [claims, { typ: "JWT" }])
      assert.strictEqual(yield* ask(accessClaims), "200")
      assert.strictEqual(yield* ask({ ...bare, scope: "read", azp: "app" }), "200")
      assert.strictEqual(yield* ask({ ...accessClaims, client_id: "other" }), "Unauthorized")
      assert.strictEqual(
        yield* ask({ ...accessClaims, client_id: "other", azp: "app" }),
        "Unauthorized"
      )
      assert.strictEqual(yield* ask({ ...bare, scope: "read" }), "Unauthorized")
    })
  )

  const invalid: Readonly<Record<string, Row>> = {
    "ID tokens": [{ ...idClaims, aud: "items" }, { typ: "JWT" }],
    "ID tokens without typ": [{ ...idClaims, aud: "items" }, {}],
    "ID tokens without nonce and at_hash": [
      { ...idClaims, aud: "items", nonce: undefined, at_hash: undefined, azp: "items" },
      { typ: "JWT" }
    ],
    "ID tokens of Keycloak": [{ ...idClaims, aud: "items", typ: "ID" }, { typ: "JWT" }],
    "ID tokens of Cognito": [{ ...idClaims, aud: "items", token_use: "id" }, {}],
    "ID tokens of Entra": [
      { ...idClaims, aud: "items", roles: ["r"], ver: "2.0", at_hash: undefined },
      { typ: "JWT" }
    ],
    "logout tokens": [{ ...accessClaims, events: { a: {} } }, { typ: "JWT" }],
    "tokens of another typ": [accessClaims, { typ: "dpop+jwt" }]
  }
  it.effect.each(Object.entries(invalid))("%s do not", ([, row]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* verifying(loose, row), "Unauthorized")
      assert.strictEqual(yield* verifying({ audience: "items", typ: "JWT" }, row), "Unauthorized")
    })
  )
})

// ----------------------------------------------------------------------------
// ID tokens
// ----------------------------------------------------------------------------

describe("an ID token", () => {
  const options = { token: "id", clientId: "app" } as const
  const passing: Readonly<Record<string, Row>> = {
    plain: [idClaims, { typ: "JWT" }],
    "without typ": [idClaims, {}],
    "with azp": [{ ...idClaims, azp: "app" }, {}],
    "for others as well, with azp": [{ ...idClaims, aud: ["app", "other"], azp: "app" }, {}],
    "in a list of one": [{ ...idClaims, aud: ["app"] }, {}],
    "that says so as Keycloak does": [{ ...idClaims, typ: "ID" }, { typ: "JWT" }],
    "that says so as Cognito does": [{ ...idClaims, token_use: "id" }, {}]
  }
  it.effect.each(Object.entries(passing))("%s passes", ([, row]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* verifying(options, row), "200")
    })
  )

  const invalid: Readonly<Record<string, Row>> = {
    "for another client": [{ ...idClaims, aud: "other" }, {}],
    "for nobody": [{ ...idClaims, aud: [] }, {}],
    "for others as well, without azp": [{ ...idClaims, aud: ["app", "other"] }, {}],
    "for others as well, with the azp of one": [
      { ...idClaims, aud: ["app", "other"], azp: "other" },
      {}
    ],
    "with the azp of another": [{ ...idClaims, azp: "other" }, {}],
    "with an azp that is no text": [{ ...idClaims, azp: ["app"] }, {}],
    "with azp null": [{ ...idClaims, azp: null }, {}],
    "of another issuer": [{ ...idClaims, iss: "https://evil.example" }, {}],
    "without iat": [{ ...idClaims, iat: undefined }, {}],
    "without exp": [{ ...idClaims, exp: undefined }, {}],
    "without sub": [{ ...idClaims, sub: undefined }, {}],
    "that is over": [{ ...idClaims, exp: 0 }, {}],
    "that is an access token": [{ ...accessClaims, aud: "app" }, { typ: "at+jwt" }],
    "that is an access token with typ JWT": [
      { ...accessClaims, aud: "app", client_id: undefined },
      { typ: "JWT" }
    ],
    "that is an access token of Keycloak": [{ ...idClaims, typ: "Bearer" }, { typ: "JWT" }],
    "that is a logout token": [{ ...idClaims, events: {} }, { typ: "JWT" }],
    "of another typ": [idClaims, { typ: "logout+jwt" }],
    "of the typ of an access token, with nothing else of one": [idClaims, { typ: "at+jwt" }],
    "of the long typ of an access token": [idClaims, { typ: "application/at+jwt" }]
  }
  it.effect.each(Object.entries(invalid))("%s is invalid", ([, row]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* verifying(options, row), "Unauthorized")
    })
  )

  it.effect("proves no scope by itself", () =>
    Effect.gen(function* () {
      const token = yield* Effect.promise(() => key.sign({ ...idClaims, groups: ["write"] }, {}))
      const provider = Provider.provider([key])
      const none = oidc.pipe(OpenIdConnect.authenticate(options), Security.scopes("write"))
      const groups = oidc.pipe(
        OpenIdConnect.authenticate({
          ...options,
          scopes: ({ groups }) => Schema.decodeUnknownSync(Schema.Array(Schema.String))(groups)
        }),
        Security.scopes("write")
      )
      assert.strictEqual(yield* Effect.provide(outcome(none, token), provider.layer), "Forbidden")
      assert.strictEqual(yield* Effect.provide(outcome(groups, token), provider.layer), "200")
    })
  )
})

// ----------------------------------------------------------------------------
// the principal
// ----------------------------------------------------------------------------

describe("the principal", () => {
  it.effect("is the claims, or what a schema makes of them, and has the scopes of scope", () =>
    Effect.gen(function* () {
      const provider = Provider.provider([key])
      const token = yield* Effect.promise(() => key.sign(accessClaims))
      const user = oidc.pipe(OpenIdConnect.authenticate({ audience: "items" }))
      const named = oidc.pipe(
        OpenIdConnect.authenticate({
          audience: "items",
          claims: Schema.Struct({ sub: Schema.String })
        })
      )
      const ask = <A, E>(self: Expression<A, E>) =>
        Effect.provide(asking(token)(self), provider.layer)
      assert.deepEqual<unknown>(yield* ask(user), accessClaims)
      assert.deepEqual(yield* ask(named), { sub: "johndoe" })
      assert.deepEqual<unknown>(yield* ask(user.pipe(Security.scopes("read"))), accessClaims)
      assert.strictEqual(
        yield* Effect.provide(outcome(user.pipe(Security.scopes("write")), token), provider.layer),
        "Forbidden"
      )
    })
  )

  it.effect("that does not fit the schema is refused", () =>
    Effect.gen(function* () {
      const claims = Schema.Struct({ tenant: Schema.String })
      assert.strictEqual(
        yield* verifying({ audience: "items", claims }, [accessClaims]),
        "Unauthorized"
      )
    })
  )
})

// ----------------------------------------------------------------------------
// providers
// ----------------------------------------------------------------------------

describe("the provider", () => {
  it.effect("is asked where the document says, when the first token comes, and once", () =>
    Effect.gen(function* () {
      const provider = Provider.provider([key])
      const token = yield* Effect.promise(() => key.sign(accessClaims))
      const user = oidc.pipe(OpenIdConnect.authenticate({ audience: "items", cache: false }))
      assert.lengthOf(provider.calls, 0)
      const ask = Effect.provide(outcome(user, token), provider.layer)
      const results = yield* Effect.all(
        Array.from({ length: 20 }, () => ask),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(new Set(results), new Set(["200"]))
      assert.deepEqual(user.schemes.OpenIdConnect, { type: "openIdConnect", openIdConnectUrl })
      assert.deepStrictEqual(
        provider.calls.map(({ url }) => url),
        [openIdConnectUrl, `${issuer}/jwks`]
      )
    })
  )

  it.effect(
    "is asked again for a key that is new, and is served from memory while it is down",
    () =>
      Effect.gen(function* () {
        const provider = Provider.provider([key])
        const [first, second] = yield* Effect.promise(() =>
          Promise.all([key.sign(accessClaims), other.sign(accessClaims)])
        )
        const user = oidc.pipe(OpenIdConnect.authenticate({ audience: "items", cache: false }))
        const ask = (token: string) => Effect.provide(outcome(user, token), provider.layer)
        assert.strictEqual(yield* ask(first), "200")
        provider.answers["/jwks"] = () => Endpoint.json({ keys: [key.jwk, other.jwk] })
        assert.strictEqual(yield* ask(second), "200")
        provider.answers["/jwks"] = () => Effect.fail("unreachable")
        provider.answers["/.well-known/openid-configuration"] = () => Effect.fail("unreachable")
        for (const time of ["1 second", "20 minutes", "1 hour", "2 hours"] as const) {
          yield* TestClock.adjust(time)
          assert.strictEqual(yield* ask(first), "200")
          assert.strictEqual(yield* ask(second), "200")
          yield* settle
        }
      })
  )

  const config = "/.well-known/openid-configuration"
  const faults: Readonly<Record<string, readonly [path: string, Endpoint.Handler]>> = {
    "whose configuration can't be reached": [config, () => Effect.fail("unreachable")],
    "whose configuration hangs": [config, () => Effect.never],
    "whose configuration is a 500": [config, () => Endpoint.json({ issuer }, { status: 500 })],
    "whose configuration is HTML": [config, () => Endpoint.json("<p>", { type: "text/html" })],
    "whose configuration is 10 MB": [config, () => Endpoint.json(" ".repeat(10_000_000))],
    "whose configuration is elsewhere": [
      config,
      () => new Response(null, { status: 302, headers: { location: "https://evil.example/" } })
    ],
    "whose configuration is another's": [
      config,
      () => Endpoint.json({ issuer: "https://evil.example", jwks_uri: `${issuer}/jwks` })
    ],
    "whose configuration has the issuer with a slash": [
      config,
      () => Endpoint.json({ issuer: `${issuer}/`, jwks_uri: `${issuer}/jwks` })
    ],
    "whose configuration has no keys": [config, () => Endpoint.json({ issuer })],
    "whose keys are at home": [
      config,
      () => Endpoint.json({ issuer, jwks_uri: "https://127.0.0.1/jwks" })
    ],
    "whose keys are in the clear": [
      config,
      () => Endpoint.json({ issuer, jwks_uri: "http://id.example/jwks" })
    ],
    "whose keys can't be reached": ["/jwks", () => Effect.fail("unreachable")],
    "whose keys hang": ["/jwks", () => Effect.never],
    "whose keys are a 500": ["/jwks", () => Endpoint.json({}, { status: 500 })],
    "whose keys are HTML": ["/jwks", () => Endpoint.json("<p>", { type: "text/html" })],
    "whose keys are 10 MB": ["/jwks", () => Endpoint.json(" ".repeat(10_000_000))],
    "whose keys are none": ["/jwks", () => Endpoint.json({ keys: [] })],
    "whose keys are elsewhere": [
      "/jwks",
      () => new Response(null, { status: 307, headers: { location: "https://evil.example/" } })
    ]
  }
  it.effect.each(Object.entries(faults))("%s is unavailable, and told in the log", ([, fault]) =>
    Effect.gen(function* () {
      const [path, handler] = fault
      const provider = Provider.provider([key])
      provider.answers[path] = handler
      const log = Endpoint.logged()
      const token = yield* Effect.promise(() => key.sign(accessClaims))
      const user = Security.optional(oidc.pipe(OpenIdConnect.authenticate({ audience: "items" })))
      const fiber = yield* outcome(user, token).pipe(
        Effect.provide(provider.layer),
        Effect.provide(log.layer),
        Effect.fork
      )
      yield* settle
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* Fiber.join(fiber), "ServiceUnavailable")
      assert.isTrue(log.lines.some((line) => line.includes("WARN") && line.includes(issuer)))
      for (const line of log.lines) assert.notInclude(line, token)
      assert.isTrue(provider.calls.every(({ url }) => url.startsWith(issuer)))
    })
  )

  it.effect("may have an issuer of another text, and a URL that is relative", () =>
    Effect.gen(function* () {
      const slashed = `${issuer}/`
      const provider = Provider.provider([key])
      provider.answers["/.well-known/openid-configuration"] = () =>
        Endpoint.json({ issuer: slashed, jwks_uri: `${issuer}/jwks` })
      const token = yield* Effect.promise(() => key.sign({ ...accessClaims, iss: slashed }))
      const relative = OpenIdConnect.make({ openIdConnectUrl: "/.well-known/openid-configuration" })
      for (const user of [
        oidc.pipe(OpenIdConnect.authenticate({ audience: "items", issuer: slashed })),
        relative.pipe(OpenIdConnect.authenticate({ audience: "items", issuer: slashed })),
        relative.pipe(
          OpenIdConnect.authenticate({ audience: "items", issuer: slashed, baseUrl: issuer })
        )
      ]) {
        assert.strictEqual(yield* Effect.provide(outcome(user, token), provider.layer), "200")
      }
    })
  )

  it.effect("whose tokens have the issuer with a slash is told of once, and asked nothing", () =>
    Effect.gen(function* () {
      const provider = Provider.provider([key])
      const log = Endpoint.logged()
      const token = yield* Effect.promise(() => key.sign({ ...accessClaims, iss: `${issuer}/` }))
      const user = oidc.pipe(OpenIdConnect.authenticate({ audience: "items" }))
      for (const _ of [1, 2]) {
        const result = outcome(user, token).pipe(
          Effect.provide(provider.layer),
          Effect.provide(log.layer)
        )
        assert.strictEqual(yield* result, "Unauthorized")
      }
      const warnings = log.lines.filter((line) => line.includes("WARN"))
      assert.lengthOf(warnings, 1)
      assert.include(warnings.join(), "set the option issuer")
      assert.notInclude(warnings.join(), token)
      assert.deepStrictEqual(provider.calls, [])
    })
  )

  it.effect("whose configuration has the issuer with a slash is told of by name", () =>
    Effect.gen(function* () {
      const provider = Provider.provider([key])
      provider.answers[config] = () =>
        Endpoint.json({ issuer: `${issuer}/`, jwks_uri: `${issuer}/jwks` })
      const log = Endpoint.logged()
      const token = yield* Effect.promise(() => key.sign(accessClaims))
      const user = oidc.pipe(OpenIdConnect.authenticate({ audience: "items" }))
      const result = outcome(user, token).pipe(
        Effect.provide(provider.layer),
        Effect.provide(log.layer)
      )
      assert.strictEqual(yield* result, "ServiceUnavailable")
      assert.include(
        log.lines.filter((line) => line.includes("WARN")).join(),
        `${config}: says an issuer that is "${issuer}" with a / at its end`
      )
    })
  )

  it.effect("is one for two uses of a scheme in an expression", () =>
    Effect.gen(function* () {
      const provider = Provider.provider([key])
      const token = yield* Effect.promise(() => key.sign(accessClaims))
      const authenticate = OpenIdConnect.authenticate({ audience: "items" })
      const either = Security.anyOf(
        oidc.pipe(authenticate, Security.scopes("write")),
        oidc.pipe(authenticate, Security.scopes("read"))
      )
      assert.strictEqual(yield* Effect.provide(outcome(either, token), provider.layer), "200")
    })
  )
})

// ----------------------------------------------------------------------------
// UserInfo
// ----------------------------------------------------------------------------

describe("UserInfo", () => {
  const asked = <A = OpenIdConnect.UserInfo, I = never>(
    answer: Endpoint.Handler | undefined,
    options: OpenIdConnect.UserInfoOptions<A, I> = {}
  ) => {
    const provider = Provider.provider([key])
    if (answer !== undefined) provider.answers["/me"] = answer
    const user = oidc.pipe(
      OpenIdConnect.authenticate({ audience: "items" }),
      Security.mapEffect(OpenIdConnect.userInfo(oidc, options))
    )
    const token = Effect.promise(() => key.sign(accessClaims))
    return { provider, token, user }
  }
  const john = { sub: "johndoe", email: "johndoe@id.example" }

  it.effect("is that of the token's user", () =>
    Effect.gen(function* () {
      const { provider, token, user } = asked(() => Endpoint.json(john))
      const value = yield* token
      assert.deepEqual(yield* Effect.provide(asking(value)(user), provider.layer), john)
      const call = provider.calls.at(-1)
      assert.strictEqual(call?.method, "GET")
      assert.strictEqual(call?.headers["authorization"], `Bearer ${value}`)
    })
  )

  it.effect("is read by a schema", () =>
    Effect.gen(function* () {
      const claims = Schema.Struct({ email: Schema.String })
      const right = asked(() => Endpoint.json(john), { claims })
      const token = yield* right.token
      assert.deepEqual(yield* Effect.provide(asking(token)(right.user), right.provider.layer), {
        email: john.email
      })
      const wrong = asked(() => Endpoint.json({ sub: john.sub }), { claims })
      const result = yield* Effect.provide(outcome(wrong.user, token), wrong.provider.layer)
      assert.strictEqual(result, "ServiceUnavailable")
    })
  )

  it.effect("is asked for once at a time, and remembered where that is asked for", () =>
    Effect.gen(function* () {
      const count = (provider: { readonly calls: ReadonlyArray<Endpoint.Call> }) =>
        provider.calls.filter(({ url }) => url.endsWith("/me")).length
      const { provider, token, user } = asked(() => Endpoint.json(john))
      const ask = Effect.provide(outcome(user, yield* token), provider.layer)
      yield* ask
      yield* ask
      assert.strictEqual(count(provider), 2)
      const kept = asked(() => Endpoint.json(john), { cache: { timeToLive: "1 minute" } })
      const askKept = Effect.provide(outcome(kept.user, yield* kept.token), kept.provider.layer)
      yield* askKept
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(yield* askKept, "200")
      assert.strictEqual(count(kept.provider), 1)
      yield* TestClock.adjust("1 second")
      yield* askKept
      assert.strictEqual(count(kept.provider), 2)
    })
  )

  const failures: Readonly<Record<string, readonly [string, Endpoint.Handler]>> = {
    "of another user": ["ServiceUnavailable", () => Endpoint.json({ ...john, sub: "jane" })],
    "of a user in another case": ["ServiceUnavailable", () => Endpoint.json({ sub: "JohnDoe" })],
    "of nobody": ["ServiceUnavailable", () => Endpoint.json({ email: john.email })],
    "of a number": ["ServiceUnavailable", () => Endpoint.json({ sub: 1 })],
    "of a prototype": [
      "ServiceUnavailable",
      () => Endpoint.json(`{"__proto__":{"sub":"johndoe"}}`)
    ],
    "that is signed": [
      "ServiceUnavailable",
      () => Endpoint.json("e30.e30.e30", { type: "application/jwt" })
    ],
    "in HTML": ["ServiceUnavailable", () => Endpoint.json(john, { type: "text/html" })],
    "of a 500": ["ServiceUnavailable", () => Endpoint.json(john, { status: 500 })],
    "of a redirect": [
      "ServiceUnavailable",
      () => new Response(null, { status: 302, headers: { location: "https://evil.example/" } })
    ],
    "that can't be reached": ["ServiceUnavailable", () => Effect.fail("unreachable")],
    "that hangs": ["ServiceUnavailable", () => Effect.never],
    "of 10 MB": ["ServiceUnavailable", () => Endpoint.json(" ".repeat(10_000_000))],
    "of a token that was revoked": [
      "Unauthorized",
      () => Endpoint.json({ error: "invalid_token" }, { status: 401 })
    ]
  }
  it.effect.each(Object.entries(failures))("%s is none", ([, [expected, handler]]) =>
    Effect.gen(function* () {
      const { provider, token, user } = asked(handler, { timeout: "2 seconds" })
      const value = yield* token
      const log = Endpoint.logged()
      // the verification is real work of another thread
      yield* Effect.provide(
        outcome(oidc.pipe(OpenIdConnect.authenticate({ audience: "items" })), value),
        provider.layer
      )
      const fiber = yield* outcome(user, value).pipe(
        Effect.provide(provider.layer),
        Effect.provide(log.layer),
        Effect.fork
      )
      while (!provider.calls.some(({ url }) => url.endsWith("/me"))) {
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      }
      yield* settle
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* Fiber.join(fiber), expected)
      for (const line of log.lines) assert.notInclude(line, value)
    })
  )

  it.effect("of a token without user is refused", () =>
    Effect.gen(function* () {
      const result = yield* OpenIdConnect.userInfo(oidc)({}).pipe(
        Effect.flip,
        Effect.provide(Provider.provider([key]).layer),
        Effect.provideService(HttpServerRequest.HttpServerRequest, Endpoint.bearing("t"))
      )
      assert.strictEqual(result._tag, "Unauthorized")
    })
  )
})

// ----------------------------------------------------------------------------
// configuration
// ----------------------------------------------------------------------------

describe("configuration", () => {
  const authenticate = OpenIdConnect.authenticate({ audience: "items" })
  const wrong: Readonly<Record<string, readonly [make: () => unknown, message: RegExp]>> = {
    "a relative URL": [
      () => OpenIdConnect.make({ openIdConnectUrl: "/x/y" }).pipe(authenticate),
      /relative: give issuer or baseUrl/
    ],
    "an http URL": [
      () =>
        OpenIdConnect.make({
          openIdConnectUrl: "http://id.example/.well-known/openid-configuration"
        }).pipe(authenticate),
      /allowHttp/
    ],
    "a URL that is not well-known": [
      () => OpenIdConnect.make({ openIdConnectUrl: "https://id.example/x" }).pipe(authenticate),
      /give the issuer/
    ],
    "an http issuer": [
      () => oidc.pipe(OpenIdConnect.authenticate({ audience: "a", issuer: "http://id.example" })),
      /allowHttp/
    ],
    "another kind of scheme": [() => HttpBearer.make().pipe(authenticate), /OpenIdConnect\.make/],
    "another auth-scheme": [() => Http.scheme("DPoP").pipe(authenticate), /DPoP/],
    "two providers": [
      () =>
        Security.anyOf(
          oidc,
          OpenIdConnect.make({
            schemeName: "b",
            openIdConnectUrl: "https://b.example/.well-known/openid-configuration"
          })
        ).pipe(authenticate),
      /several providers/
    ],
    "no audience": [() => oidc.pipe(OpenIdConnect.authenticate({ audience: "" })), /audience/],
    "no client": [
      () => oidc.pipe(OpenIdConnect.authenticate({ token: "id", clientId: "" })),
      /clientId/
    ],
    "neither audience nor client": [
      () => oidc.pipe(OpenIdConnect.authenticate({ audience: false, clientId: [] })),
      /clientId/
    ],
    // of JavaScript, without types
    "a client of a variable that is not set": [
      () =>
        oidc.pipe(OpenIdConnect.authenticate({ audience: false, clientId: [undefined] } as never)),
      /clientId/
    ],
    "such a client beside another": [
      () =>
        oidc.pipe(
          OpenIdConnect.authenticate({ audience: "a", clientId: ["app", undefined] } as never)
        ),
      /clientId/
    ],
    "a client that is null": [
      () => oidc.pipe(OpenIdConnect.authenticate({ audience: false, clientId: null } as never)),
      /clientId/
    ],
    "an empty client": [
      () => oidc.pipe(OpenIdConnect.authenticate({ audience: "a", clientId: "" })),
      /clientId/
    ],
    "a UserInfo without a limit": [
      () => OpenIdConnect.userInfo(oidc, { maxBytes: Number.NaN }),
      /maxBytes has to be a whole number/
    ],
    "a UserInfo that nobody waits for": [
      () => OpenIdConnect.userInfo(oidc, { timeout: 0 }),
      /timeout has to be a positive duration/
    ],
    "a timeout of 0": [
      () => oidc.pipe(OpenIdConnect.authenticate({ audience: "a", timeout: 0 })),
      /timeout has to be a positive duration/
    ],
    "algorithms of secrets": [
      () => oidc.pipe(OpenIdConnect.authenticate({ audience: "a", algorithms: ["HS256"] })),
      /HS256/
    ]
  }
  it.each(Object.entries(wrong))("%s is an error when the value is made", (_, [make, message]) => {
    assert.throws(make, message)
  })
})

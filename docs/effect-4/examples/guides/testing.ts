/** Tests of items-api.ts. */
import { HttpRouter, HttpServer } from "effect/http"
import { OpenApi } from "effect/http-api"
import { SecurityMiddleware, SecurityTest } from "effect-security"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as assert from "node:assert"
import { Api, ApiLive, Authentication, createItem, CurrentUser, user } from "./items-api.ts"
import { issuer } from "./issuer.ts"

// ----------------------------------------------------------------------------
// a function of the domain
// ----------------------------------------------------------------------------

const domain = Effect.gen(function* () {
  const created = yield* createItem.pipe(
    SecurityTest.grantAll,
    Effect.provideService(CurrentUser, { name: "test" })
  )
  assert.strictEqual(created, "an item of test")
})

// ----------------------------------------------------------------------------
// handlers
// ----------------------------------------------------------------------------

const handlers = Effect.gen(function* () {
  const { dispose, handler } = HttpRouter.toWebHandler(
    ApiLive.pipe(
      Layer.provide(SecurityTest.principal(Authentication, { name: "test" })),
      Layer.provide(HttpServer.layerServices)
    ),
    { disableLogger: true }
  )
  const response = yield* Effect.promise(() =>
    handler(new Request("http://localhost/items", { method: "POST" }))
  )
  assert.strictEqual(yield* Effect.promise(() => response.json()), "an item of test")
  yield* Effect.promise(dispose)
})

// ----------------------------------------------------------------------------
// an expression
// ----------------------------------------------------------------------------

const expression = Effect.gen(function* () {
  const ask = (claims: SecurityTest.Claims) =>
    issuer.token(claims).pipe(
      Effect.flatMap((token) =>
        SecurityTest.provideRequest(
          user,
          SecurityTest.request("http://localhost/items", SecurityTest.bearer(token))
        )
      ),
      Effect.provide(issuer.layer)
    )
  assert.deepStrictEqual(yield* ask({ sub: "john", aud: "items" }), { name: "john" })
  const another = yield* Effect.flip(ask({ sub: "john", aud: "another API" }))
  assert.strictEqual(another._tag, "Unauthorized")
  const disabled = yield* Effect.flip(ask({ sub: "john", aud: "items", disabled: true }))
  assert.strictEqual(disabled.message, "The account is disabled")
})

// ----------------------------------------------------------------------------
// clocks
// ----------------------------------------------------------------------------

const clocks = Effect.gen(function* () {
  const token = yield* issuer.token({ sub: "john", aud: "items" })
  const ask = user.pipe(
    SecurityTest.provideRequest(
      SecurityTest.request("http://localhost/items", SecurityTest.bearer(token))
    ),
    Effect.provide(issuer.layer)
  )
  yield* TestClock.adjust("59 minutes")
  yield* ask
  yield* TestClock.adjust("1 minute")
  const expired = yield* Effect.flip(ask)
  assert.strictEqual(expired._tag, "Unauthorized")
}).pipe(Effect.provide(TestClock.layer()))

// ----------------------------------------------------------------------------
// the whole API
// ----------------------------------------------------------------------------

const agreement = Effect.gen(function* () {
  const { dispose, handler } = HttpRouter.toWebHandler(
    ApiLive.pipe(
      Layer.provide(SecurityMiddleware.layer(Authentication)),
      Layer.provide(issuer.layer),
      Layer.provide(HttpServer.layerServices)
    ),
    { disableLogger: true }
  )
  const { disagreements, untried } = yield* SecurityTest.check({
    handler,
    document: OpenApi.fromApi(Api),
    credentials: {
      oidc: (scopes) =>
        Effect.map(
          issuer.token({ sub: "john", aud: "items", scope: scopes.join(" ") }),
          SecurityTest.bearer
        )
    }
  })
  assert.deepStrictEqual([disagreements, untried], [[], []])
  assert.deepStrictEqual(SecurityTest.unsecured(Api), [])
  yield* Effect.promise(dispose)
})

export const main = Effect.all([domain, handlers, expression, agreement, clocks])

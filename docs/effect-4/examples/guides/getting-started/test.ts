import { HttpRouter, HttpServer } from "effect/http"
import { OpenApi } from "effect/http-api"
import { SecurityTest } from "effect-security"
import { Effect, Layer } from "effect"
import assert from "node:assert"
import { Api, ApiLive } from "./api.ts"

export const { handler } = HttpRouter.toWebHandler(
  ApiLive.pipe(Layer.provide(HttpServer.layerServices)),
  { disableLogger: true }
)

const withKey = (key: string) =>
  SecurityTest.request("http://localhost/items", SecurityTest.header("X-API-Key", key))

const keys = Effect.gen(function* () {
  const allowed = yield* Effect.promise(() => handler(withKey("c3po-key")))
  assert.strictEqual(allowed.status, 200)
  const forbidden = yield* Effect.promise(() => handler(withKey("bb8-key")))
  assert.strictEqual(forbidden.status, 403)
})

const agreement = Effect.gen(function* () {
  // no operation is public without saying so
  assert.deepStrictEqual(SecurityTest.unsecured(Api), [])
  const { disagreements } = yield* SecurityTest.check({
    handler,
    document: OpenApi.fromApi(Api),
    credentials: {
      APIKeyHeader: (scopes) =>
        SecurityTest.header(
          "X-API-Key",
          scopes.includes("items:write") ? "r2d2-key"
          : scopes.includes("items:read") ? "c3po-key"
          : "bb8-key"
        )
    }
  })
  assert.deepStrictEqual(disagreements, [])
})

export const test = Effect.all([keys, agreement])

/** An endpoint behind the platform's HttpApiSecurity beside one that has moved. */
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { HttpRouter, HttpServer } from "effect/http"
import {
  HttpBearer,
  Security,
  SecurityDocument,
  SecurityMiddleware,
  SecurityTest
} from "effect-security"
import { Effect, Layer, Redacted, Schema } from "effect"
import * as assert from "node:assert"
import { verifyToken } from "../verifiers.ts"
import { CurrentUser, Legacy, LegacyLive } from "./migration/before.ts"

// ----------------------------------------------------------------------------
// after
// ----------------------------------------------------------------------------

class Authentication extends SecurityMiddleware.Tag<Authentication>()("guide/Authentication", {
  security: HttpBearer.make({ scopes: { "items:read": "Read items" } }).pipe(
    Security.authenticate(({ credentials }) => verifyToken(credentials))
  ),
  provides: CurrentUser
}) {}

// ----------------------------------------------------------------------------
// both in one API
// ----------------------------------------------------------------------------

class Api extends HttpApi.make("api")
  .add(
    HttpApiGroup.make("items")
      .add(HttpApiEndpoint.get("old", "/old", { success: Schema.String }).middleware(Legacy))
      .add(
        HttpApiEndpoint.get("new", "/new", { success: Schema.String }).middleware(
          Authentication.scopes("items:read")
        )
      )
  )
  .pipe(SecurityDocument.annotate()) {}

const whoami = Effect.map(CurrentUser, ({ name }) => name)

const Items = HttpApiBuilder.group(Api, "items", (handlers) =>
  handlers.handle("old", () => whoami).handle("new", () => whoami)
)

const ApiLive = HttpApiBuilder.layer(Api).pipe(
  Layer.provide(Items),
  Layer.provide([LegacyLive, SecurityMiddleware.layer(Authentication)])
)

// ----------------------------------------------------------------------------
// it runs
// ----------------------------------------------------------------------------

export const { handler } = HttpRouter.toWebHandler(
  ApiLive.pipe(Layer.provide(HttpServer.layerServices)),
  { disableLogger: true }
)

const { components, paths } = OpenApi.fromApi(Api)

export const documented = {
  old: paths["/old"]?.get?.security,
  new: paths["/new"]?.get?.security,
  securitySchemes: components.securitySchemes
}

export const main = Effect.gen(function* () {
  const token = Redacted.make("johns-token")
  const statuses = yield* Effect.forEach(["old", "new"], (path) =>
    Effect.promise(() =>
      handler(SecurityTest.request(`http://localhost/${path}`, SecurityTest.bearer(token)))
    ).pipe(Effect.map(({ status }) => status))
  )
  assert.deepStrictEqual(statuses, [200, 200])
})

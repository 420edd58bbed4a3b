import { HttpRouter, HttpServerResponse } from "effect/http"
import { OpenIdConnect, Security, SecurityTest } from "effect-security"
import { Effect, Layer } from "effect"
import assert from "node:assert"

const oidc = OpenIdConnect.make({
  openIdConnectUrl: "https://id.example/.well-known/openid-configuration",
  scopes: { "items:read": "Read items" }
})

export const user = oidc.pipe(OpenIdConnect.authenticate({ audience: "items" }))

const Routes = HttpRouter.add(
  "GET",
  "/items",
  Security.guard(user.pipe(Security.scopes("items:read")), ({ sub }) =>
    HttpServerResponse.json([{ item: "Foo", for: sub }])
  )
)

// the provider is asked by an HttpClient: `FetchHttpClient.layer` in a server, the issuer's own in a test
const issuer = await Effect.runPromise(SecurityTest.issuer({ url: "https://id.example" }))
export const { handler } = HttpRouter.toWebHandler(Layer.merge(Routes, issuer.layer), {
  disableLogger: true
})

export const main = Effect.gen(function* () {
  const status = (claims: SecurityTest.Claims) =>
    Effect.flatMap(issuer.token(claims), (token) =>
      Effect.promise(() =>
        handler(SecurityTest.request("http://localhost/items", SecurityTest.bearer(token))).then(
          (response) => response.status
        )
      )
    )
  const right = { sub: "johndoe", aud: "items", scope: "openid items:read" }
  assert.strictEqual(yield* status(right), 200)
  assert.strictEqual(yield* status({ ...right, scope: "openid" }), 403)
  assert.strictEqual(yield* status({ ...right, aud: "others" }), 401)
  // a key that is new is fetched
  yield* issuer.rotate
  assert.strictEqual(yield* status(right), 200)
})

import { HttpRouter, HttpServerResponse } from "effect/http"
import { HttpBearer, Jwks, Jwt, Security, SecurityTest } from "effect-security"
import { Effect, Layer, Schema } from "effect"
import assert from "node:assert"

export const user = HttpBearer.make({
  bearerFormat: "JWT",
  scopes: { "items:read": "Read items" }
}).pipe(
  Jwt.authenticate({
    issuer: "https://id.example",
    audience: "https://api.example",
    keys: Jwks.fromUrl("https://id.example/jwks"),
    claims: Schema.Struct({ sub: Schema.String })
  })
)

const Routes = HttpRouter.add(
  "GET",
  "/items",
  Security.guard(user.pipe(Security.scopes("items:read")), ({ sub }) =>
    HttpServerResponse.json([{ item: "Foo", for: sub }])
  )
)

// the keys are fetched by an HttpClient: `FetchHttpClient.layer` in a server, the issuer's own in a test
const issuer = await Effect.runPromise(SecurityTest.issuer({ url: "https://id.example" }))
export const { handler } = HttpRouter.toWebHandler(Layer.merge(Routes, issuer.layer), {
  disableLogger: true
})

export const main = Effect.gen(function* () {
  const status = (claims: SecurityTest.Claims, options?: SecurityTest.TokenOptions) =>
    Effect.flatMap(issuer.token(claims, options), (token) =>
      Effect.promise(() =>
        handler(SecurityTest.request("http://localhost/items", SecurityTest.bearer(token))).then(
          (response) => response.status
        )
      )
    )
  const right = { sub: "johndoe", aud: "https://api.example", scope: "items:read" }
  assert.strictEqual(yield* status(right), 200)
  assert.strictEqual(yield* status({ ...right, scope: undefined }), 403)
  assert.strictEqual(yield* status({ ...right, aud: "https://other.example" }), 401)
  assert.strictEqual(yield* status({ ...right, exp: 1 }), 401)
  assert.strictEqual(yield* status(right, { typ: "JWT" }), 401)
  yield* issuer.setReachable(false)
  assert.strictEqual(yield* status(right), 200)
})

import { HttpClient, HttpClientResponse, HttpRouter, HttpServerResponse } from "effect/http"
import { Introspection, OAuth2, Security, SecurityTest } from "effect-security"
import { Effect, Layer, Redacted } from "effect"
import assert from "node:assert"

const user = OAuth2.authorizationCode({
  authorizationUrl: "https://id.example/authorize",
  tokenUrl: "https://id.example/token",
  scopes: { "items:read": "Read items" }
}).pipe(
  Introspection.authenticate({
    url: "https://id.example/introspect",
    client: { clientId: "items", clientSecret: Redacted.make("secret") }, // yours: from the configuration
    audience: "https://api.example"
  })
)

const Routes = HttpRouter.add(
  "GET",
  "/items",
  Security.guard(user.pipe(Security.scopes("items:read")), ({ sub }) =>
    HttpServerResponse.json([{ item: "Foo", for: sub }])
  )
)

/** An authorization server that knows one token. */
const server = HttpClient.make((request, url) => {
  const isKnown =
    request.body._tag === "Uint8Array" &&
    new URLSearchParams(new TextDecoder().decode(request.body.body)).get("token") === "johns-token"
  const answer =
    isKnown ?
      {
        active: true,
        sub: "johndoe",
        aud: "https://api.example",
        scope: "items:read",
        token_type: "Bearer"
      }
    : { active: false }
  assert.strictEqual(url.href, "https://id.example/introspect")
  return Effect.succeed(HttpClientResponse.fromWeb(request, Response.json(answer)))
})

export const { handler } = HttpRouter.toWebHandler(
  Layer.merge(Routes, Layer.succeed(HttpClient.HttpClient, server)),
  { disableLogger: true }
)

export const main = Effect.gen(function* () {
  const get = (token: string) =>
    Effect.promise(() =>
      handler(SecurityTest.request("http://localhost/items", SecurityTest.bearer(token)))
    )
  const answer = yield* get("johns-token")
  assert.deepStrictEqual(yield* Effect.promise(() => answer.json()), [
    { item: "Foo", for: "johndoe" }
  ])
  assert.strictEqual((yield* get("another")).status, 401)
})

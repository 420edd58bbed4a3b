/** Calling items-api.ts from HttpApiClient. */
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpRouter, HttpServer } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { Challenge, SecurityMiddleware } from "effect-security"
import { Effect, Layer, Redacted, Ref } from "effect"
import * as assert from "node:assert"
import { Api, ApiLive, Authentication } from "./items-api.ts"
import { issuer } from "./issuer.ts"

// ----------------------------------------------------------------------------
// a credential
// ----------------------------------------------------------------------------

export const clientWith = (token: Redacted.Redacted<string>) =>
  HttpApiClient.make(Api, {
    baseUrl: "http://localhost",
    transformClient: HttpClient.mapRequest(HttpClientRequest.bearerToken(token))
  })

// ----------------------------------------------------------------------------
// a token that is refreshed
// ----------------------------------------------------------------------------

/** Where the client's access token comes from: yours. `fresh` asks the authorization server by a refresh token. */
interface Tokens {
  readonly current: Effect.Effect<Redacted.Redacted<string>>
  readonly fresh: Effect.Effect<Redacted.Redacted<string>>
}

/** Whether the API says that the token was refused: a new one may help, which it does not where a scope lacks. */
const isInvalidToken = (field: string | undefined) =>
  (Challenge.parse(field ?? "") ?? []).some(
    (challenge) =>
      Challenge.isScheme(challenge, "Bearer") &&
      Challenge.parameter(challenge, "error") === "invalid_token"
  )

/** Sends each request with the current token, and once more with a fresh one when that is refused. */
export const refreshing =
  ({ current, fresh }: Tokens) =>
  (client: HttpClient.HttpClient): HttpClient.HttpClient =>
    HttpClient.transform(client, (_, request) => {
      const send = (token: Redacted.Redacted<string>) =>
        client.execute(HttpClientRequest.bearerToken(request, token))
      return Effect.flatMap(Effect.flatMap(current, send), (response) =>
        response.status === 401 && isInvalidToken(response.headers["www-authenticate"]) ?
          Effect.flatMap(fresh, send)
        : Effect.succeed(response)
      )
    })

// ----------------------------------------------------------------------------
// refusals are typed
// ----------------------------------------------------------------------------

export const listed = (token: Redacted.Redacted<string>) =>
  clientWith(token).pipe(
    Effect.flatMap((client) => client.items.list()),
    Effect.catchTags({
      Unauthorized: ({ reason }) => Effect.succeed(`log in: ${reason}`),
      Forbidden: ({ message }) => Effect.succeed(message),
      ServiceUnavailable: ({ retryAfter }) => Effect.succeed(`in ${retryAfter} seconds`)
    })
  )

// ----------------------------------------------------------------------------
// it runs
// ----------------------------------------------------------------------------

export const main = Effect.gen(function* () {
  const { dispose, handler } = HttpRouter.toWebHandler(
    ApiLive.pipe(
      Layer.provide(SecurityMiddleware.layer(Authentication)),
      Layer.provide(issuer.layer),
      Layer.provide(HttpServer.layerServices)
    ),
    { disableLogger: true }
  )
  const fetch: typeof globalThis.fetch = (input, init) => handler(new Request(input, init))
  yield* Effect.gen(function* () {
    const claims = { sub: "john", aud: "items", scope: "items:read" }
    const reader = yield* issuer.token(claims)
    assert.deepStrictEqual(yield* listed(reader), ["Foo", "Bar"])
    assert.strictEqual(yield* listed(Redacted.make("wrong")), "log in: invalid")
    const nobody = yield* issuer.token({ ...claims, scope: "" })
    assert.strictEqual(yield* listed(nobody), "Insufficient scope")

    const token = yield* Ref.make(yield* issuer.token({ ...claims, exp: 0 }))
    const tokens: Tokens = {
      current: Ref.get(token),
      fresh: Effect.tap(issuer.token(claims), (made) => Ref.set(token, made))
    }
    const client = yield* HttpApiClient.make(Api, {
      baseUrl: "http://localhost",
      transformClient: refreshing(tokens)
    })
    assert.deepStrictEqual(yield* client.items.list(), ["Foo", "Bar"])
  }).pipe(
    Effect.provide(FetchHttpClient.layer),
    Effect.provideService(FetchHttpClient.Fetch, fetch)
  )
  yield* Effect.promise(dispose)
})

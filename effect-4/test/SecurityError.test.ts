/** What refusals are in the contract of an HttpApi of Effect 4: a body and headers, where line 3 has a text whose encoding sets them. */
import { FetchHttpClient, HttpEffect, HttpServer, HttpServerResponse } from "effect/http"
import { HttpApi, HttpApiClient, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import * as HttpApiBuilder from "./support/effect-3/HttpApiBuilder.ts"
import * as HttpRouter from "./support/effect-3/HttpRouter.ts"
import { describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import * as FastCheck from "fast-check"
import { ApiKey, Security, SecurityError, SecurityMiddleware } from "effect-security"
import { assert } from "vitest"

const { Forbidden, ServiceUnavailable, TooManyRequests, Unauthorized } = SecurityError

const refusals: FastCheck.Arbitrary<SecurityError.Refusal> = FastCheck.oneof(
  FastCheck.record({
    reason: FastCheck.constantFrom("absent" as const, "malformed" as const, "invalid" as const),
    message: FastCheck.string()
  }).map((props) => new Unauthorized(props)),
  FastCheck.record({ message: FastCheck.string() }).map((props) => new Forbidden(props)),
  FastCheck.record({ message: FastCheck.string(), retryAfter: FastCheck.nat() }).map(
    (props) => new TooManyRequests(props)
  ),
  FastCheck.record({ message: FastCheck.string(), retryAfter: FastCheck.nat() }).map(
    (props) => new ServiceUnavailable(props)
  )
)

// ----------------------------------------------------------------------------
// answers
// ----------------------------------------------------------------------------

class Unpaid extends Schema.TaggedError<Unpaid>()(
  "Unpaid",
  { since: Schema.Number },
  { httpApiStatus: 401 }
) {}

const failing = (refusal: SecurityError.Refusal) =>
  ApiKey.header("X-API-Key").pipe(
    Security.authenticate(() => Effect.fail(refusal)),
    Security.map(() => "nobody")
  )

const routed = (refusal: SecurityError.Refusal): Promise<Response> =>
  HttpEffect.toWebHandler(
    HttpRouter.empty.pipe(
      HttpRouter.get(
        "/",
        Security.guard(failing(refusal), () => HttpServerResponse.text("in"))
      )
    )
  )(new Request("http://localhost/", { headers: { "x-api-key": "k" } }))

const apiOf = (refusal: SecurityError.Refusal) => {
  class Guard extends SecurityMiddleware.Tag<Guard>()("test/SecurityError/Guard", {
    security: failing(refusal),
    failure: Schema.Union(Object.values(SecurityError.contract))
  }) {}
  const api = HttpApi.make("api").add(
    HttpApiGroup.make("items")
      .add(HttpApiEndpoint.get("guarded", "/", { success: Schema.String }).middleware(Guard))
      .add(
        HttpApiEndpoint.get("declared", "/declared", {
          success: Schema.String,
          error: SecurityError.contract[401]
        })
      )
  )
  const live = HttpApiBuilder.layer(api).pipe(
    Layer.provide(
      HttpApiBuilder.group(api, "items", (handlers) =>
        handlers
          .handle("guarded", () => Effect.succeed("in"))
          .handle("declared", () => Effect.fail(new Unauthorized({ reason: "invalid" })))
      )
    ),
    Layer.provide(SecurityMiddleware.layer(Guard))
  )
  const { dispose, handler } = HttpApiBuilder.toWebHandler(
    Layer.mergeAll(live, HttpServer.layerServices)
  )
  return { api, dispose, handler }
}

describe("an HttpApi", () => {
  it("answers as a router does, byte for byte", () =>
    FastCheck.assert(
      FastCheck.asyncProperty(refusals, async (refusal) => {
        const { dispose, handler } = apiOf(refusal)
        const answers = [
          await routed(refusal),
          await handler(new Request("http://localhost/", { headers: { "x-api-key": "k" } }))
        ]
        const [fromRouter, fromApi] = await Promise.all(
          answers.map(async (answer) => ({
            status: answer.status,
            headers: Object.fromEntries(answer.headers),
            body: await answer.text()
          }))
        )
        await dispose()
        assert.deepStrictEqual(fromApi, fromRouter)
        assert.strictEqual(fromApi?.status, SecurityError.statuses[refusal._tag])
      }),
      { numRuns: 30 }
    ))

  it("has clients whose error has what the answer's headers say", async () => {
    const { api, dispose, handler } = apiOf(new Unauthorized({ reason: "invalid" }))
    const fails = (path: "guarded" | "declared") =>
      HttpApiClient.make(api, { baseUrl: "http://localhost" }).pipe(
        Effect.flatMap(({ items }): Effect.Effect<string, unknown> => items[path]()),
        Effect.flip,
        Effect.provide(FetchHttpClient.layer),
        Effect.provideService(FetchHttpClient.Fetch, (input, init) =>
          handler(
            new Request(input, {
              ...init,
              headers: { ...Object.fromEntries(new Headers(init?.headers)), "x-api-key": "k" }
            } as RequestInit)
          )
        ),
        Effect.runPromise
      )
    for (const path of ["guarded", "declared"] as const) {
      const refusal = await fails(path)
      assert(refusal instanceof Unauthorized)
      assert.strictEqual(refusal.reason, "invalid")
      assert.deepStrictEqual(
        refusal.challenges.map(({ scheme }) => scheme),
        path === "guarded" ? ["ApiKey"] : []
      )
    }
    await dispose()
  })

  it("has no other error of a refusal's status: the platform says so when the endpoint is made", () => {
    assert.throws(
      () =>
        HttpApiEndpoint.get("both", "/both", {
          success: Schema.String,
          error: [Unpaid, SecurityError.contract[401]]
        }),
      "Cannot combine a response with headers with another response for status 401"
    )
  })
})

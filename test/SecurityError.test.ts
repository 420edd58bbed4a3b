import {
  FetchHttpClient,
  HttpApi,
  HttpApiBuilder,
  HttpApiClient,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiSchema,
  HttpApp,
  HttpRouter,
  HttpServer,
  HttpServerResponse
} from "@effect/platform"
import { describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Either, FastCheck, JSONSchema, Layer, Pretty, Schema } from "effect"
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

const contracts = Object.values(SecurityError.contract) as ReadonlyArray<
  Schema.Schema<SecurityError.Refusal, string>
>

const contractOf = (refusal: SecurityError.Refusal): Schema.Schema<SecurityError.Refusal, string> =>
  SecurityError.contract[SecurityError.statuses[refusal._tag]] as Schema.Schema<
    SecurityError.Refusal,
    string
  >

describe("contract", () => {
  it("encodes to the JSON of the body, and decodes it", () => {
    FastCheck.assert(
      FastCheck.property(refusals, (refusal) => {
        const contract = contractOf(refusal)
        const text = Effect.runSync(Schema.encode(contract)(refusal))
        const { _tag, message } = JSON.parse(text)
        assert.deepStrictEqual([_tag, message], [refusal._tag, refusal.message])
        const decoded = Schema.decodeSync(contract)(text)
        assert.strictEqual(Object.getPrototypeOf(decoded), Object.getPrototypeOf(refusal))
        assert.deepStrictEqual({ ...decoded }, { ...refusal })
      })
    )
  })

  it("is of the instances of its class", () => {
    const [unauthorized, forbidden] = [new Unauthorized({ reason: "absent" }), new Forbidden()]
    assert.isTrue(Schema.is(SecurityError.contract[401])(unauthorized))
    assert.isFalse(Schema.is(SecurityError.contract[401])(forbidden))
    assert.throws(() => Schema.encodeUnknownSync(SecurityError.contract[401])(forbidden))
  })

  it("has what tools ask of a schema", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.oneof(...contracts.map((each) => Arbitrary.make(each))),
        (refusal) => {
          const contract = contractOf(refusal)
          const text = Effect.runSync(Schema.encode(contract)(refusal))
          assert.isFalse(Schema.is(contract)(text))
          assert.isTrue(Schema.is(Schema.typeSchema(contract))(refusal))
          assert.isTrue(
            Either.isLeft(Schema.decodeUnknownEither(Schema.typeSchema(contract))(text))
          )
          assert.isTrue(Schema.equivalence(contract)(refusal, refusal))
          assert.include(Pretty.make(contract)(refusal), refusal._tag)
        }
      ),
      { numRuns: 20 }
    )
    assert.deepStrictEqual(
      JSONSchema.make(SecurityError.contract[401]),
      JSONSchema.make(SecurityError.Unauthorized)
    )
  })

  it.each([
    "",
    "{",
    "null",
    "[]",
    '"Unauthorized"',
    '{"_tag":"Unauthorized"}',
    '{"_tag":"Unauthorized","reason":"bored","message":"x"}',
    '{"_tag":"Forbidden","message":"x"}'
  ])("does not decode %s", (text) => {
    assert.throws(() => Schema.decodeUnknownSync(SecurityError.contract[401])(text))
  })

  it.each([undefined, 1, {}, { _tag: "Unauthorized", reason: "absent", message: "x" }])(
    "does not decode what is no text: %o",
    (input) => {
      assert.throws(() => Schema.decodeUnknownSync(SecurityError.contract[401])(input))
    }
  )
})

// ----------------------------------------------------------------------------
// answers
// ----------------------------------------------------------------------------

class Unpaid extends Schema.TaggedError<Unpaid>()(
  "Unpaid",
  { since: Schema.Number },
  HttpApiSchema.annotations({ status: 401 })
) {}

const failing = (refusal: SecurityError.Refusal) =>
  ApiKey.header("X-API-Key").pipe(
    Security.authenticate(() => Effect.fail(refusal)),
    Security.map(() => "nobody")
  )

const routed = (refusal: SecurityError.Refusal): Promise<Response> =>
  HttpApp.toWebHandler(
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
    failure: Schema.Union(...Object.values(SecurityError.contract))
  }) {}
  const api = HttpApi.make("api").add(
    HttpApiGroup.make("items")
      .add(HttpApiEndpoint.get("guarded", "/").addSuccess(Schema.String).middleware(Guard))
      .add(HttpApiEndpoint.get("unpaid", "/unpaid").addSuccess(Schema.String).addError(Unpaid))
      .add(
        HttpApiEndpoint.get("both", "/both")
          .addSuccess(Schema.String)
          .addError(Unpaid)
          .addError(SecurityError.contract[401])
      )
  )
  const live = HttpApiBuilder.api(api).pipe(
    Layer.provide(
      HttpApiBuilder.group(api, "items", (handlers) =>
        handlers
          .handle("guarded", () => Effect.succeed("in"))
          .handle("unpaid", () => Effect.fail(new Unpaid({ since: 2020 })))
          .handle("both", ({ request }) =>
            request.headers["x-unpaid"] === undefined ?
              Effect.fail(new Unauthorized({ reason: "invalid" }))
            : Effect.fail(new Unpaid({ since: 2021 }))
          )
      )
    ),
    Layer.provide(SecurityMiddleware.layer(Guard))
  )
  const { dispose, handler } = HttpApiBuilder.toWebHandler(
    Layer.mergeAll(live, HttpServer.layerContext)
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

  it("has clients that tell a refusal from another error of its status", async () => {
    const { api, dispose, handler } = apiOf(new Unauthorized({ reason: "invalid" }))
    const fails = (path: "guarded" | "unpaid" | "both", headers: Record<string, string> = {}) =>
      HttpApiClient.make(api, { baseUrl: "http://localhost" }).pipe(
        Effect.flatMap(({ items }): Effect.Effect<string, unknown> => items[path]()),
        Effect.flip,
        Effect.provide(FetchHttpClient.layer),
        Effect.provideService(FetchHttpClient.Fetch, (input, init) =>
          handler(
            new Request(input, {
              ...init,
              headers: { ...Object.fromEntries(new Headers(init?.headers)), ...headers }
            } as RequestInit)
          )
        ),
        Effect.runPromise
      )
    const refusal = await fails("guarded", { "x-api-key": "k" })
    assert(refusal instanceof Unauthorized)
    assert.strictEqual(refusal.reason, "invalid")
    assert((await fails("unpaid")) instanceof Unpaid)
    assert((await fails("both")) instanceof Unauthorized)
    assert.deepStrictEqual(await fails("both", { "x-unpaid": "1" }), new Unpaid({ since: 2021 }))
    await dispose()
  })
})

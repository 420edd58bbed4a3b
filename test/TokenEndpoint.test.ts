import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiClient from "@effect/platform/HttpApiClient"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as OpenApi from "@effect/platform/OpenApi"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as PasswordForm from "../src/internal/token/PasswordForm.ts"
import * as TokenEndpoint from "../src/TokenEndpoint.ts"

// ----------------------------------------------------------------------------
// an endpoint, and every way to serve it
// ----------------------------------------------------------------------------

/** What is answered is chosen by the user name. */
const issue = Effect.gen(function* () {
  const { username } = yield* PasswordForm.passwordForm
  const refuse = refusals[username]
  if (refuse !== undefined) return yield* refuse()
  return token
})

const token = {
  access_token: Redacted.make("2YotnFZFEjr1zCsicMWpAA"),
  token_type: "bearer",
  expires_in: 60
}

const refusals: Readonly<Record<string, () => TokenEndpoint.TokenError>> = {
  request: () => TokenEndpoint.invalidRequest("No", "https://e.example/no"),
  grant: () => TokenEndpoint.invalidGrant(),
  client: () => TokenEndpoint.invalidClient({ realm: 'the "items"' }),
  unauthorized: () => TokenEndpoint.unauthorizedClient(),
  unsupported: () => TokenEndpoint.unsupportedGrantType(),
  scope: () => TokenEndpoint.invalidScope({ description: "No such scope" })
}

const bodies: Readonly<Record<string, TokenEndpoint.TokenErrorBody>> = {
  request: { error: "invalid_request", error_description: "No", error_uri: "https://e.example/no" },
  grant: {
    error: "invalid_grant",
    error_description: "The user name or the password is wrong"
  },
  client: {
    error: "invalid_client",
    error_description: "The client could not be authenticated"
  },
  unauthorized: {
    error: "unauthorized_client",
    error_description: "The client may not use this grant"
  },
  unsupported: {
    error: "unsupported_grant_type",
    error_description: "The grant_type has to be password"
  },
  scope: { error: "invalid_scope", error_description: "No such scope" }
}

class Other extends Schema.TaggedError<Other>()("Other", { a: Schema.String }) {}

class TokenApi extends HttpApi.make("api").add(
  HttpApiGroup.make("auth").add(
    HttpApiEndpoint.post("token", "/token")
      .setPayload(PasswordForm.PasswordFormPayload)
      .addSuccess(TokenEndpoint.TokenResponse)
      .addError(Other)
      .addError(TokenEndpoint.TokenError)
  )
) {}

const group = (handled: typeof issue) =>
  HttpApiBuilder.group(TokenApi, "auth", (handlers) => handlers.handle("token", () => handled))

const api = (handled = issue) =>
  Layer.mergeAll(
    HttpApiBuilder.api(TokenApi).pipe(Layer.provide(group(handled))),
    HttpServer.layerContext,
    Logger.remove(Logger.defaultLogger)
  )

const inTime = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  self.pipe(
    Effect.timeout("5 seconds"),
    Effect.catchTag("TimeoutException", (error) => Effect.die(error))
  )

const wholeAppInTime = HttpApp.toWebHandlerLayerWith(
  Layer.mergeAll(api(), HttpApiBuilder.Router.Live, HttpApiBuilder.Middleware.layer),
  {
    toHandler: (runtime) =>
      Effect.map(Effect.provide(HttpApiBuilder.httpApp, runtime), (app) => inTime(app))
  }
).handler

const router = HttpRouter.empty.pipe(
  HttpRouter.post(
    "/token",
    Effect.map(issue, (body) =>
      TokenEndpoint.tokenResponse({ accessToken: body.access_token, expiresIn: body.expires_in })
    )
  )
)

const servers: Record<string, (request: Request) => Promise<Response>> = {
  HttpRouter: HttpApp.toWebHandler(router),
  "HttpRouter in a timeout": HttpApp.toWebHandler(inTime(router)),
  HttpApi: HttpApiBuilder.toWebHandler(api()).handler,
  "a handler in a timeout": HttpApiBuilder.toWebHandler(api(inTime(issue))).handler,
  "a middleware with a timeout": HttpApiBuilder.toWebHandler(
    Layer.merge(api(), HttpApiBuilder.middleware(inTime))
  ).handler,
  "a server in a timeout": HttpApiBuilder.toWebHandler(api(), { middleware: inTime }).handler,
  "a whole app in a timeout": wholeAppInTime,
  HttpLayerRouter: HttpLayerRouter.toWebHandler(
    HttpLayerRouter.addHttpApi(TokenApi).pipe(
      Layer.provide(group(issue)),
      Layer.provide(HttpServer.layerContext)
    ),
    { disableLogger: true }
  ).handler,
  "routes of HttpLayerRouter": HttpLayerRouter.toWebHandler(
    HttpLayerRouter.use((layerRouter) =>
      layerRouter.add(
        "POST",
        "/token",
        Effect.map(issue, (body) =>
          TokenEndpoint.tokenResponse({
            accessToken: body.access_token,
            expiresIn: body.expires_in
          })
        )
      )
    ).pipe(Layer.provide(HttpServer.layerContext)),
    { disableLogger: true }
  ).handler
}

const login = (username: string) =>
  new Request("http://localhost/token", {
    method: "POST",
    body: new URLSearchParams({ username, password: "s3cr3t" })
  })

describe("a token endpoint answers", () => {
  for (const [server, handler] of Object.entries(servers)) {
    describe(server, () => {
      for (const [username, expected] of Object.entries(bodies)) {
        it(expected.error, async () => {
          const response = await handler(login(username))
          assert.deepStrictEqual(await response.json(), expected)
          const isClient = username === "client"
          assert.strictEqual(response.status, isClient ? 401 : 400)
          assert.strictEqual(response.headers.get("content-type"), "application/json")
          assert.strictEqual(response.headers.get("cache-control"), "no-store")
          assert.strictEqual(response.headers.get("pragma"), "no-cache")
          assert.strictEqual(
            response.headers.get("www-authenticate"),
            isClient ? 'Basic realm="the \\"items\\"", charset="UTF-8"' : null
          )
        })
      }

      it("a token", async () => {
        const response = await handler(login("alice"))
        assert.deepStrictEqual(await response.json(), {
          access_token: "2YotnFZFEjr1zCsicMWpAA",
          token_type: "bearer",
          expires_in: 60
        })
        assert.strictEqual(response.status, 200)
        assert.strictEqual(response.headers.get("content-type"), "application/json")
        assert.strictEqual(response.headers.get("cache-control"), "no-store")
        assert.strictEqual(response.headers.get("pragma"), "no-cache")
        assert.strictEqual(response.headers.get("www-authenticate"), null)
      })
    })
  }

  it("another error of the same HttpApi as ever", async () => {
    const handler = HttpApiBuilder.toWebHandler(
      // the handler's type has no Other: only the contract has
      api(Effect.zipRight(issue, Effect.die(new Other({ a: "b" }))))
    ).handler
    const response = await handler(login("alice"))
    assert.strictEqual(response.status, 500)
    assert.deepStrictEqual(await response.json(), { _tag: "Other", a: "b" })
    assert.strictEqual(response.headers.get("cache-control"), null)
  })
})

// ----------------------------------------------------------------------------
// the platform's client and document
// ----------------------------------------------------------------------------

const handler = HttpApiBuilder.toWebHandler(api()).handler

const client = HttpApiClient.make(TokenApi, { baseUrl: "http://localhost" }).pipe(
  Effect.provideService(
    HttpClient.HttpClient,
    HttpClient.make((request, url) =>
      Effect.map(
        Effect.promise(() =>
          handler(
            new Request(url, {
              method: request.method,
              headers: request.headers,
              body: request.body._tag === "Uint8Array" ? Buffer.from(request.body.body) : null
            })
          )
        ),
        (response) => HttpClientResponse.fromWeb(request, response)
      )
    )
  )
)

describe("HttpApiClient", () => {
  const send = (username: string) =>
    Effect.flatMap(client, ({ auth }) =>
      auth.token({ payload: { username, password: Redacted.make("s3cr3t") } })
    )

  it.effect("receives a token", () =>
    Effect.gen(function* () {
      const answer = yield* send("alice")
      assert.strictEqual(Redacted.value(answer.access_token), "2YotnFZFEjr1zCsicMWpAA")
      assert.strictEqual(answer.expires_in, 60)
    })
  )

  for (const [username, body] of Object.entries(bodies)) {
    it.effect(`receives ${body.error}`, () =>
      Effect.gen(function* () {
        const refusal = yield* Effect.flip(send(username))
        assert.isTrue(Schema.is(TokenEndpoint.TokenError)(refusal))
        if (refusal._tag !== "TokenError") return assert.fail(refusal._tag)
        assert.strictEqual(refusal.error, body.error)
        assert.strictEqual(refusal.description, body.error_description)
        assert.strictEqual(refusal.uri, body.error_uri)
      })
    )
  }
})

describe("OpenAPI", () => {
  const spec = OpenApi.fromApi(TokenApi)
  const responses = spec.paths["/token"]?.post?.responses
  const schemas: any = spec.components.schemas

  it("has 400 and 401 in the words of the RFC", () => {
    for (const [status, name] of [
      [400, "SecurityTokenError"],
      [401, "SecurityTokenClientError"]
    ] as const) {
      const schema: any = responses?.[status]?.content?.["application/json"]?.schema
      assert.include(JSON.stringify(schema), `"#/components/schemas/${name}"`)
      assert.deepStrictEqual(schemas[name].required, ["error"])
      assert.deepStrictEqual(Object.keys(schemas[name].properties), [
        "error",
        "error_description",
        "error_uri"
      ])
    }
    assert.deepStrictEqual(schemas.SecurityTokenClientError.properties.error.enum, [
      "invalid_client"
    ])
    assert.notInclude(schemas.SecurityTokenError.properties.error.enum, "invalid_client")
  })

  it("has the token", () => {
    assert.deepStrictEqual(schemas.SecurityTokenResponse.required, ["access_token", "token_type"])
    assert.deepStrictEqual(Object.keys(schemas.SecurityTokenResponse.properties), [
      "access_token",
      "token_type",
      "expires_in",
      "refresh_token",
      "scope"
    ])
  })
})

// ----------------------------------------------------------------------------
// errors
// ----------------------------------------------------------------------------

describe("TokenError", () => {
  it("captures no stack and leaves the limit alone", () => {
    const limit = Error.stackTraceLimit
    const refusal = TokenEndpoint.invalidGrant()
    assert.notMatch(String(refusal.stack), /\n\s+at /)
    assert.strictEqual(Error.stackTraceLimit, limit)
  })

  it("says what it is", () => {
    assert.strictEqual(
      TokenEndpoint.invalidRequest("The field a is missing").message,
      "invalid_request: The field a is missing"
    )
    assert.include(
      Cause.pretty(Cause.fail(TokenEndpoint.invalidGrant())),
      "TokenError: invalid_grant: The user name or the password is wrong"
    )
  })

  it.effect("is caught by its tag, and fails when yielded", () =>
    Effect.gen(function* () {
      const caught = yield* Effect.gen(function* () {
        return yield* TokenEndpoint.invalidGrant()
      }).pipe(Effect.catchTag("TokenError", ({ error }) => Effect.succeed(error)))
      assert.strictEqual(caught, "invalid_grant")
    })
  )

  it("round-trips by its schema, also without a request", () => {
    for (const body of Object.values(bodies)) {
      const decoded = Schema.decodeSync(TokenEndpoint.TokenError)(body)
      assert.deepStrictEqual(Schema.encodeSync(TokenEndpoint.TokenError)(decoded), body)
    }
  })

  it("adds no header to an answer that is not its own", async () => {
    const recovered = Effect.zipRight(
      Schema.encode(TokenEndpoint.TokenError)(TokenEndpoint.invalidClient()),
      HttpServerResponse.text("never mind")
    ).pipe(Effect.orDie)
    const response = await HttpApp.toWebHandler(recovered)(login("alice"))
    assert.strictEqual(response.headers.get("www-authenticate"), null)
    assert.strictEqual(response.headers.get("cache-control"), null)
  })

  const broken: ReadonlyArray<readonly [string, () => unknown]> = [
    ['a description with "', () => TokenEndpoint.invalidRequest('the "field"')],
    ["a description with a backslash", () => TokenEndpoint.invalidRequest("a\\b")],
    ["a description with a newline", () => TokenEndpoint.invalidGrant({ description: "a\nb" })],
    ["a description that is not ASCII", () => TokenEndpoint.invalidScope({ description: "é" })],
    ["an empty description", () => TokenEndpoint.unauthorizedClient({ description: "" })],
    ["a uri with a space", () => TokenEndpoint.invalidGrant({ uri: "https://e.example/a b" })],
    ["a realm with CRLF", () => TokenEndpoint.invalidClient({ realm: "a\r\nb" })],
    ["a realm that is not ASCII", () => TokenEndpoint.invalidClient({ realm: "é" })]
  ]
  for (const [what, make] of broken) {
    it(`refuses ${what}`, () => assert.throws(make, /(RFC 6749, section 5.2|encode it)/))
  }
})

// ----------------------------------------------------------------------------
// tokenResponse
// ----------------------------------------------------------------------------

describe("tokenResponse", () => {
  const body = (options: Parameters<typeof TokenEndpoint.tokenResponse>[0]) =>
    HttpServerResponse.toWeb(TokenEndpoint.tokenResponse(options)).json()

  const good: ReadonlyArray<
    readonly [string, Parameters<typeof TokenEndpoint.tokenResponse>[0], unknown]
  > = [
    ["a token", { accessToken: "a" }, { access_token: "a", token_type: "bearer" }],
    [
      "everything",
      {
        accessToken: Redacted.make("a"),
        tokenType: "DPoP",
        expiresIn: 3600,
        refreshToken: Redacted.make("r"),
        scope: ["items:read", "b"],
        extra: { id_token: "i" }
      },
      {
        id_token: "i",
        access_token: "a",
        token_type: "DPoP",
        expires_in: 3600,
        refresh_token: "r",
        scope: "items:read b"
      }
    ],
    [
      "a Duration",
      { accessToken: "a", expiresIn: Duration.millis(61_999) },
      { access_token: "a", token_type: "bearer", expires_in: 61 }
    ],
    ["no scope", { accessToken: "a", scope: [] }, { access_token: "a", token_type: "bearer" }],
    [
      "extra members that are the RFC's",
      {
        accessToken: "a",
        extra: { access_token: "x", token_type: "x", expires_in: 1, scope: "x" }
      },
      { access_token: "a", token_type: "bearer" }
    ]
  ]
  for (const [what, options, expected] of good) {
    it(`answers with ${what}`, async () => assert.deepStrictEqual(await body(options), expected))
  }

  const bad: ReadonlyArray<readonly [Parameters<typeof TokenEndpoint.tokenResponse>[0], RegExp]> = [
    [{ accessToken: "" }, /accessToken is empty/],
    [{ accessToken: Redacted.make("s3cr3t\n") }, /accessToken/],
    [{ accessToken: "a", refreshToken: "s3cr3t\u00e9" }, /refreshToken/],
    [{ accessToken: "a", tokenType: "" }, /tokenType/],
    [{ accessToken: "a", expiresIn: -1 }, /leave it out/],
    [{ accessToken: "a", expiresIn: Number.NaN }, /leave it out/],
    [{ accessToken: "a", expiresIn: Duration.infinity }, /leave it out/],
    [{ accessToken: "a", scope: ["a b"] }, /element of its own/],
    [{ accessToken: "a", scope: [""] }, /element of its own/]
  ]
  for (const [options, message] of bad) {
    it(`refuses ${message.source}`, () => {
      assert.throws(() => TokenEndpoint.tokenResponse(options), message)
      assert.throws(() => TokenEndpoint.tokenResponse(options), /^(?!.*s3cr3t)/s)
    })
  }
})

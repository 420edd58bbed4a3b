/**
 * The document of an HttpApi: exactly what is enforced, whoever makes the document.
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiError from "@effect/platform/HttpApiError"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import * as HttpApiScalar from "@effect/platform/HttpApiScalar"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as HttpApiSecurity from "@effect/platform/HttpApiSecurity"
import * as HttpApiSwagger from "@effect/platform/HttpApiSwagger"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as OpenApi from "@effect/platform/OpenApi"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import {
  ApiKey,
  HttpBasic,
  HttpBearer,
  OAuth2,
  Security,
  SecurityError,
  SecurityDocument,
  SecurityMiddleware,
  type SecurityScheme,
  TokenEndpoint
} from "../../src/index.ts"
import * as Schemes from "./schemes.ts"
import {
  assertInvalid,
  assertValid,
  headersOf,
  operationOf,
  securityOf,
  toJson
} from "./support.ts"

const versions = ["3.1.0", "3.2.0"] as const satisfies ReadonlyArray<SecurityScheme.Version>

const get = <const Name extends string>(name: Name) => HttpApiEndpoint.get(name, `/${name}`)

/** A tag of an expression whose failures are the refusals. */
let tags = 0
const tagOf = (security: Security.Security<unknown, never, never, any, any> | Security.Top) =>
  SecurityMiddleware.Tag<never>()(`test/${tags++}`, {
    security: security as Security.Security<unknown, never, never, readonly [], {}>
  })

const document = <Id extends string, Groups extends HttpApiGroup.HttpApiGroup.Any, E, R>(
  api: HttpApi.HttpApi<Id, Groups, E, R>,
  options?: SecurityDocument.Options
) => toJson(OpenApi.fromApi(api.pipe(SecurityDocument.annotate(options))))

type AnyApi = HttpApi.HttpApi<string, HttpApiGroup.HttpApiGroup.Any, any, any>

/** A group of one endpoint for each middleware. */
const groupOf = (middlewares: Readonly<Record<string, unknown>>): HttpApiGroup.HttpApiGroup.Any =>
  Object.entries(middlewares).reduce(
    // a middleware of each endpoint's own type
    (group: any, [name, tag]) => group.add(get(name).middleware(tag as never)),
    HttpApiGroup.make("g")
  )

// ----------------------------------------------------------------------------
// expressions
// ----------------------------------------------------------------------------

const user = OAuth2.passwordBearer({
  schemeName: "user",
  tokenUrl: "token",
  scopes: { b: "B", a: "A", c: "C" }
}).pipe(Security.authenticate(() => Effect.succeed(Security.grant("user", ["a", "b", "c"]))))
const key = ApiKey.header("X-Key", { schemeName: "key" })
const basic = HttpBasic.make({ schemeName: "basic" })

describe("expressions", () => {
  const cases: ReadonlyArray<readonly [name: string, security: Security.Top, expected: unknown]> = [
    ["one", key, [{ key: [] }]],
    ["OR", Security.anyOf(user, key, basic), [{ user: [] }, { key: [] }, { basic: [] }]],
    ["AND", Security.allOf(user, key), [{ user: [], key: [] }]],
    [
      "AND of ORs, leftmost slowest",
      Security.allOf(Security.anyOf(user, basic), Security.optional(key)),
      [{ user: [], key: [] }, { user: [] }, { basic: [], key: [] }, { basic: [] }]
    ],
    ["optional", Security.optional(key), [{ key: [] }, {}]],
    [
      "scopes, in the order they were asked",
      user.pipe(Security.scopes("c", "a")),
      [{ user: ["c", "a"] }]
    ],
    [
      "scopes, added up",
      user.pipe(Security.scopes("b"), Security.scopes("a", "b")),
      [{ user: ["b", "a"] }]
    ],
    ["public", Security.public, []],
    ["no member", Security.allOf(), []],
    ["public beside another", Security.anyOf(Security.public, key), [{}, { key: [] }]]
  ]
  it.each(cases)("%s", async (_name, security, expected) => {
    const api = HttpApi.make("api").add(
      HttpApiGroup.make("g").add(get("e").middleware(tagOf(security)))
    )
    for (const version of versions) {
      const written = document(api, { version })
      assert.deepStrictEqual(operationOf(written, "/e").security, expected as never)
      assert.strictEqual(written.openapi, version)
      await assertValid(written)
    }
  })

  it("deny is left out and reported, with its schemes", async () => {
    const api = HttpApi.make("api").add(
      HttpApiGroup.make("g")
        .add(get("denied").middleware(tagOf(Security.deny)))
        .add(get("both").middleware(tagOf(Security.deny)).middleware(tagOf(key)))
        .add(HttpApiEndpoint.post("posted", "/both"))
        .add(get("open"))
    )
    const { document: written, omissions } = SecurityDocument.fromApi(api)
    assert.deepStrictEqual(Object.keys(toJson(written).paths), ["/both", "/open"])
    assert.deepStrictEqual(Object.keys(toJson(written).paths["/both"] ?? {}), ["post"])
    assert.deepStrictEqual(toJson(written).components.securitySchemes, {})
    const message = "OpenAPI has no form for an operation that lets nobody in: it is left out"
    assert.deepStrictEqual(omissions, [
      { subject: "GET /denied", message },
      { subject: "GET /both", message }
    ])
    await assertValid(written)
    // also of an API that is annotated already
    const annotated = api.pipe(SecurityDocument.annotate())
    assert.deepStrictEqual(SecurityDocument.fromApi(annotated).omissions, omissions)
    assert.deepStrictEqual(toJson(SecurityDocument.fromApi(annotated).document), toJson(written))
  })
})

// ----------------------------------------------------------------------------
// schemes
// ----------------------------------------------------------------------------

describe.each(versions)("schemes in %s", (version) => {
  const api = HttpApi.make("api").add(
    groupOf(
      Object.fromEntries(Object.entries(Schemes.all).map(([name, scheme]) => [name, tagOf(scheme)]))
    )
  )
  it("are written, each with what the version can say, and reported with what it can't", async () => {
    const { document: written, omissions } = SecurityDocument.fromApi(api, { version })
    assert.deepStrictEqual(
      toJson(written).components.securitySchemes,
      Schemes.written[version] as never
    )
    assert.deepStrictEqual(omissions, Schemes.omissions[version] as never)
    assert.deepStrictEqual(toJson(written), document(api, { version }))
    await assertValid(written)
  })

  it("warns of the omissions when the document is made", () => {
    const log = console.log
    const lines: Array<string> = []
    console.log = (...line: ReadonlyArray<unknown>) => lines.push(line.join(" "))
    try {
      document(api, { version })
    } finally {
      console.log = log
    }
    const about = lines.filter((line) => line.includes("it is kept as x-"))
    assert.strictEqual(about.length, Schemes.omissions[version].length)
    assert.isTrue(about.every((line) => line.includes("WARN")))
  })

  it("the validator finds what is wrong", async () => {
    const written = toJson(SecurityDocument.fromApi(api, { version }).document)
    await assertInvalid({
      ...written,
      components: { ...written.components, securitySchemes: { key: { type: "apiKey" } } }
    })
  })
})

// ----------------------------------------------------------------------------
// refusals
// ----------------------------------------------------------------------------

class NotWelcome extends Schema.TaggedError<NotWelcome>()(
  "NotWelcome",
  {},
  HttpApiSchema.annotations({ status: 401 })
) {}
class Teapot extends Schema.TaggedError<Teapot>()(
  "Teapot",
  {},
  HttpApiSchema.annotations({ status: 418 })
) {}

describe("refusals", () => {
  class Own extends SecurityMiddleware.Tag<Own>()("test/Own", {
    security: user.pipe(
      Security.scopes("a"),
      Security.mapError(() => new NotWelcome())
    ),
    failure: NotWelcome
  }) {}
  class Tea extends SecurityMiddleware.Tag<Tea>()("test/Tea", {
    security: key.pipe(Security.mapError(() => new Teapot())),
    failure: Teapot
  }) {}
  const written = document(
    HttpApi.make("api").add(
      HttpApiGroup.make("g")
        .add(get("bare").middleware(tagOf(key)))
        .add(get("verified").middleware(tagOf(user)))
        .add(
          get("throttled").middleware(
            tagOf(
              key.pipe(
                Security.authenticate(() => Effect.fail(new SecurityError.TooManyRequests()), {
                  throttles: true
                })
              )
            )
          )
        )
        .add(get("scoped").middleware(tagOf(user.pipe(Security.scopes("a")))))
        .add(get("optional").middleware(tagOf(Security.optional(key))))
        .add(
          get("policy").middleware(
            tagOf(
              key.pipe(
                Security.filterOrFail(
                  () => true,
                  () => new NotWelcome()
                )
              )
            )
          )
        )
        .add(get("own").middleware(Own))
        .add(get("tea").middleware(Tea))
        .add(get("open").pipe(SecurityMiddleware.public))
    )
  )
  const cases: ReadonlyArray<readonly [path: string, headers: object]> = [
    ["/bare", { "204": [], "400": [], "401": ["WWW-Authenticate!"] }],
    [
      "/verified",
      { "204": [], "400": [], "401": ["WWW-Authenticate!"], "403": [], "503": ["Retry-After"] }
    ],
    [
      "/throttled",
      {
        "204": [],
        "400": [],
        "401": ["WWW-Authenticate!"],
        "403": [],
        "429": ["Retry-After"],
        "503": ["Retry-After"]
      }
    ],
    [
      "/scoped",
      {
        "204": [],
        "400": [],
        "401": ["WWW-Authenticate!"],
        "403": ["WWW-Authenticate"],
        "503": ["Retry-After"]
      }
    ],
    ["/optional", { "204": [], "400": [], "401": ["WWW-Authenticate!"] }],
    [
      "/policy",
      { "204": [], "400": [], "401": ["WWW-Authenticate!"], "403": [], "503": ["Retry-After"] }
    ],
    // its body is of another error, which need not be the expression's
    ["/own", { "204": [], "400": [], "401": ["WWW-Authenticate"] }],
    // no 401 is ever answered
    ["/tea", { "204": [], "400": [], "418": [] }],
    ["/open", { "204": [], "400": [] }]
  ]
  it.each(cases)("%s", (path, headers) => {
    assert.deepStrictEqual(headersOf(operationOf(written, path)), headers as never)
  })

  it("have bodies of their own component, apart from the platform's errors", async () => {
    assert.includeMembers(Object.keys(written.components.schemas), [
      "SecurityUnauthorized",
      "SecurityForbidden",
      "SecurityServiceUnavailable",
      "NotWelcome"
    ])
    assert.deepStrictEqual(operationOf(written, "/bare").responses["401"]?.content, {
      "application/json": { schema: { $ref: "#/components/schemas/SecurityUnauthorized" } }
    })
    await assertValid(written)
  })
})

describe("a 401 that the endpoint fails with itself", () => {
  class Mine extends Schema.TaggedError<Mine>()(
    "Mine",
    {},
    HttpApiSchema.annotations({ status: 401 })
  ) {}
  const tag = tagOf(key)
  const written = document(
    HttpApi.make("api").add(
      HttpApiGroup.make("g")
        .add(get("mine").addError(Mine).middleware(tag))
        .add(get("platform").addError(HttpApiError.Unauthorized).middleware(tag))
        .add(get("none").middleware(tag))
    )
  )
  it.each([
    ["/mine", ["WWW-Authenticate"]],
    ["/platform", ["WWW-Authenticate"]],
    ["/none", ["WWW-Authenticate!"]]
  ])("%s: %o", async (path, headers) => {
    assert.deepStrictEqual(headersOf(operationOf(written, path))["401"], headers)
    await assertValid(written)
  })
})

describe("a token endpoint", () => {
  const written = document(
    HttpApi.make("api").add(
      HttpApiGroup.make("g")
        .add(
          HttpApiEndpoint.post("token", "/token")
            .addSuccess(TokenEndpoint.TokenResponse)
            .addError(TokenEndpoint.TokenError)
        )
        .add(
          HttpApiEndpoint.post("mixed", "/mixed")
            .addSuccess(Schema.String)
            .addSuccess(TokenEndpoint.TokenResponse)
            .addError(TokenEndpoint.TokenError)
            .middleware(tagOf(key))
        )
    )
  )
  it("its answers have their headers", async () => {
    assert.deepStrictEqual(headersOf(operationOf(written, "/token", "post")), {
      "200": ["Cache-Control!"],
      // it may also be the platform's HttpApiDecodeError
      "400": ["Cache-Control"],
      "401": ["WWW-Authenticate!", "Cache-Control!"]
    })
    await assertValid(written)
  })
  it("beside others they are not required", async () => {
    assert.deepStrictEqual(headersOf(operationOf(written, "/mixed", "post")), {
      "200": ["Cache-Control"],
      "400": ["Cache-Control"],
      "401": ["WWW-Authenticate", "Cache-Control"]
    })
    await assertValid(written)
  })
})

// ----------------------------------------------------------------------------
// whoever makes the document
// ----------------------------------------------------------------------------

describe("served", () => {
  class Users extends SecurityMiddleware.Tag<Users>()("test/served/Users", { security: user }) {}
  class Api extends HttpApi.make("api")
    .add(
      HttpApiGroup.make("g")
        .add(get("plain"))
        .add(get("scoped").middleware(Users.scopes("a")))
        .add(get("open").pipe(SecurityMiddleware.public))
        .pipe(SecurityMiddleware.secureGroup(Users))
    )
    .pipe(SecurityDocument.annotate()) {}
  const expected = {
    "get /v1/plain": [{ user: [] }],
    "get /v1/scoped": [{ user: ["a"] }],
    "get /v1/open": []
  }
  // a prefix is said before the document
  class Prefixed extends HttpApi.make("prefixed")
    .add(Api.groups.g ?? assert.fail())
    .prefix("/v1")
    .pipe(SecurityDocument.annotate()) {}

  const GroupLive = HttpApiBuilder.group(Prefixed, "g", (handlers) =>
    handlers
      .handle("plain", () => Effect.void)
      .handle("scoped", () => Effect.void)
      .handle("open", () => Effect.void)
  ).pipe(Layer.provide(SecurityMiddleware.layer(Users)))
  const ApiLive = HttpApiBuilder.api(Prefixed).pipe(Layer.provide(GroupLive))
  const builder = HttpApiBuilder.toWebHandler(
    Layer.mergeAll(
      HttpApiBuilder.middlewareOpenApi(),
      HttpApiSwagger.layer({ path: "/swagger" }),
      HttpApiScalar.layer({ path: "/scalar" })
    ).pipe(Layer.provideMerge(ApiLive), Layer.merge(HttpServer.layerContext))
  ).handler
  const layered = HttpLayerRouter.toWebHandler(
    Layer.mergeAll(
      HttpLayerRouter.addHttpApi(Prefixed, { openapiPath: "/openapi.json" }).pipe(
        Layer.provide(GroupLive),
        Layer.provide(HttpServer.layerContext)
      ),
      HttpApiSwagger.layerHttpLayerRouter({ api: Prefixed, path: "/swagger" }),
      HttpApiScalar.layerHttpLayerRouter({ api: Prefixed, path: "/scalar" })
    ),
    { disableLogger: true }
  ).handler

  const whole = toJson(OpenApi.fromApi(Prefixed))

  it("OpenApi.fromApi", async () => {
    assert.deepStrictEqual(securityOf(whole), expected)
    assert.deepStrictEqual(Object.keys(whole.components.securitySchemes), ["user"])
    assert.deepStrictEqual(whole.security, [])
    await assertValid(whole)
  })

  const handlers = { HttpApiBuilder: builder, HttpLayerRouter: layered }
  describe.each(Object.entries(handlers))("%s", (_name, handler) => {
    it("/openapi.json", async () => {
      const response = await handler(new Request("http://localhost/openapi.json"))
      assert.deepStrictEqual(await response.json(), whole)
    })

    it.each(["/swagger", "/scalar"])("%s shows the same document", async (path) => {
      const page = await (await handler(new Request(`http://localhost${path}`))).text()
      const shown =
        /<script id="(?:swagger-spec|api-reference)" type="application\/json">([^]*?)<\/script>/.exec(
          page
        )
      assert.deepStrictEqual(JSON.parse(shown?.[1] ?? ""), whole)
    })
  })
})

// ----------------------------------------------------------------------------
// the platform's own middlewares
// ----------------------------------------------------------------------------

class Failed extends Schema.TaggedError<Failed>()(
  "Failed",
  {},
  HttpApiSchema.annotations({ status: 401 })
) {}

class Native extends HttpApiMiddleware.Tag<Native>()("test/Native", {
  failure: Failed,
  security: { nativeBearer: HttpApiSecurity.bearer }
}) {}
class NativeOptional extends HttpApiMiddleware.Tag<NativeOptional>()("test/NativeOptional", {
  optional: true,
  security: { nativeBasic: HttpApiSecurity.basic }
}) {}
class NativeSeveral extends HttpApiMiddleware.Tag<NativeSeveral>()("test/NativeSeveral", {
  failure: Failed,
  security: {
    nativeCookie: HttpApiSecurity.apiKey({ in: "cookie", key: "session" }),
    nativeQuery: HttpApiSecurity.apiKey({ in: "query", key: "k" })
  }
}) {}
class Plain extends HttpApiMiddleware.Tag<Plain>()("test/Plain") {}

describe("the platform's own middlewares", () => {
  const ours = tagOf(key)
  const maybe = tagOf(Security.optional(user))
  const group = HttpApiGroup.make("g")
    .add(get("none"))
    .add(get("required").middleware(Native))
    .add(get("optional").middleware(NativeOptional))
    .add(get("several").middleware(NativeSeveral))
    .add(get("stacked").middleware(Native).middleware(NativeSeveral))
    .add(get("mixed").middleware(Native).middleware(ours))
    .add(get("mixedOptional").middleware(NativeOptional).middleware(maybe))
    .add(get("plain").middleware(Plain))
    .add(get("public").middleware(Native).pipe(SecurityMiddleware.public))

  it("are documented as they run: AND of middlewares, OR within one, {} for an optional one", async () => {
    const written = document(HttpApi.make("api").add(group))
    assert.deepStrictEqual(securityOf(written), {
      "get /none": [],
      "get /required": [{ nativeBearer: [] }],
      "get /optional": [{ nativeBasic: [] }, {}],
      "get /several": [{ nativeCookie: [] }, { nativeQuery: [] }],
      "get /stacked": [
        { nativeBearer: [], nativeCookie: [] },
        { nativeBearer: [], nativeQuery: [] }
      ],
      "get /mixed": [{ nativeBearer: [], key: [] }],
      "get /mixedOptional": [{ nativeBasic: [], user: [] }, { nativeBasic: [] }, { user: [] }, {}],
      "get /plain": [],
      "get /public": [{ nativeBearer: [] }]
    })
    assert.deepStrictEqual(written.components.securitySchemes, {
      nativeBearer: { type: "http", scheme: "bearer" },
      nativeBasic: { type: "http", scheme: "basic" },
      nativeCookie: { type: "apiKey", in: "cookie", name: "session" },
      nativeQuery: { type: "apiKey", in: "query", name: "k" },
      key: { type: "apiKey", in: "header", name: "X-Key" },
      user: {
        type: "oauth2",
        flows: { password: { tokenUrl: "token", scopes: { b: "B", a: "A", c: "C" } } }
      }
    })
    await assertValid(written)
  })

  it("get no headers that they do not send", () => {
    const written = document(HttpApi.make("api").add(group))
    assert.deepStrictEqual(headersOf(operationOf(written, "/required")), {
      "204": [],
      "400": [],
      "401": []
    })
    assert.deepStrictEqual(headersOf(operationOf(written, "/optional")), { "204": [], "400": [] })
    // one of the two answers 401 without a challenge
    assert.deepStrictEqual(headersOf(operationOf(written, "/mixed"))["401"], ["WWW-Authenticate"])
  })

  it("at the level of the API and of the group", async () => {
    const written = document(
      HttpApi.make("api")
        .add(
          HttpApiGroup.make("g")
            .add(get("plain"))
            .add(get("ours").middleware(ours))
            .add(get("public").pipe(SecurityMiddleware.public))
            .middleware(NativeOptional)
        )
        .add(HttpApiGroup.make("h").add(get("other")))
        .middleware(Native)
    )
    assert.deepStrictEqual(securityOf(written), {
      "get /plain": [{ nativeBearer: [], nativeBasic: [] }, { nativeBearer: [] }],
      "get /ours": [
        { nativeBearer: [], nativeBasic: [], key: [] },
        { nativeBearer: [], key: [] }
      ],
      "get /public": [{ nativeBearer: [], nativeBasic: [] }, { nativeBearer: [] }],
      "get /other": [{ nativeBearer: [] }]
    })
    assert.deepStrictEqual(written.security, [])
    await assertValid(written)
  })

  it("keep their descriptions and formats", () => {
    class Described extends HttpApiMiddleware.Tag<Described>()("test/Described", {
      security: {
        described: HttpApiSecurity.bearer.pipe(
          HttpApiSecurity.annotate(OpenApi.Description, "A token"),
          HttpApiSecurity.annotate(OpenApi.Format, "JWT")
        )
      }
    }) {}
    const api = HttpApi.make("api").add(HttpApiGroup.make("g").add(get("e").middleware(Described)))
    assert.deepStrictEqual(
      document(api).components.securitySchemes,
      toJson(OpenApi.fromApi(api)).components.securitySchemes
    )
  })

  it("a left-out operation's are left out", () => {
    const written = document(
      HttpApi.make("api").add(
        HttpApiGroup.make("g").add(get("e").middleware(Native).middleware(tagOf(Security.deny)))
      )
    )
    assert.deepStrictEqual(written.components.securitySchemes, {})
    assert.deepStrictEqual(written.paths, {})
  })
})

// ----------------------------------------------------------------------------
// what is annotated already
// ----------------------------------------------------------------------------

describe("annotations that are there already", () => {
  const secured = tagOf(user.pipe(Security.scopes("a")))
  const add = (name: string, value: unknown) => (spec: Record<string, unknown>) => ({
    ...spec,
    [name]: value
  })

  it("Transform of the API runs afterwards, on the secured document", () => {
    const seen: Array<unknown> = []
    const api = HttpApi.make("api")
      .add(HttpApiGroup.make("g").add(get("e").middleware(secured)))
      .annotate(OpenApi.Transform, (spec) => {
        seen.push(spec["paths"]["/e"].get.security)
        return { ...spec, "x-times": (spec["x-times"] ?? 0) + 1 }
      })
    const written = document(api)
    assert.deepInclude(written, { "x-times": 1 } as never)
    assert.deepStrictEqual(JSON.parse(JSON.stringify(seen)), [[{ user: ["a"] }]])
    assert.deepStrictEqual(operationOf(written, "/e").security, [{ user: ["a"] }])
    // whichever way the document is made
    assert.deepStrictEqual(toJson(SecurityDocument.fromApi(api).document), written)
    const annotated = api.pipe(SecurityDocument.annotate())
    assert.deepStrictEqual(toJson(SecurityDocument.fromApi(annotated).document), written)
  })

  it("Transform and Override of groups and endpoints survive", () => {
    const written = document(
      HttpApi.make("api")
        .annotate(OpenApi.Override, { externalDocs: { url: "https://docs.example" } })
        .annotate(OpenApi.Title, "Mine")
        .add(
          HttpApiGroup.make("g")
            .annotate(OpenApi.Transform, add("x-group", 1))
            .annotate(OpenApi.Override, { description: "Group" })
            .add(get("e").middleware(secured).annotate(OpenApi.Transform, add("x-endpoint", 2)))
            .add(get("f").middleware(secured).annotate(OpenApi.Override, { summary: "Mine" }))
        )
    )
    assert.strictEqual(written.info.title, "Mine")
    assert.deepInclude(written, { externalDocs: { url: "https://docs.example" } } as never)
    assert.deepStrictEqual(written.tags, [{ name: "g", description: "Group", "x-group": 1 }])
    assert.deepInclude(operationOf(written, "/e"), {
      "x-endpoint": 2,
      security: [{ user: ["a"] }]
    } as never)
    assert.deepInclude(operationOf(written, "/f"), {
      summary: "Mine",
      security: [{ user: ["a"] }]
    } as never)
  })

  it("security that an endpoint writes itself is left alone", async () => {
    const written = document(
      HttpApi.make("api").add(
        HttpApiGroup.make("g")
          .add(
            get("override")
              .middleware(secured)
              .annotate(OpenApi.Override, { security: [{ user: ["b"] }] })
          )
          .add(get("empty").middleware(secured).annotate(OpenApi.Override, { security: [] }))
          .add(
            get("transform")
              .middleware(secured)
              .annotate(OpenApi.Transform, (operation) => ({
                ...operation,
                security: [...operation["security"], { user: ["c"] }]
              }))
          )
          .add(get("native").middleware(Native).annotate(OpenApi.Transform, add("x-mine", true)))
      )
    )
    assert.deepStrictEqual(securityOf(written), {
      "get /override": [{ user: ["b"] }],
      "get /empty": [],
      "get /transform": [{ user: ["c"] }],
      "get /native": [{ nativeBearer: [] }]
    })
    await assertValid(written)
  })

  it("an Override of the API that drops the components does not drop the schemes", async () => {
    const written = document(
      HttpApi.make("api")
        .annotate(OpenApi.Override, {
          components: { schemas: { Mine: { type: "string" } } },
          security: [{ gone: [] }]
        })
        .add(
          HttpApiGroup.make("g").add(get("e").middleware(secured)).add(get("n").middleware(Native))
        )
    )
    assert.deepStrictEqual(Object.keys(written.components.securitySchemes).sort(), [
      "nativeBearer",
      "user"
    ])
    assert.deepStrictEqual(written.components.schemas, { Mine: { type: "string" } })
    assert.deepStrictEqual(securityOf(written), {
      "get /e": [{ user: ["a"] }],
      "get /n": [{ nativeBearer: [] }]
    })
  })

  it("an Override of the API keeps schemes of its own", () => {
    const mine = { mine: { type: "http", scheme: "mine" } }
    const written = document(
      HttpApi.make("api")
        .annotate(OpenApi.Override, { components: { schemas: {}, securitySchemes: mine } })
        .add(HttpApiGroup.make("g").add(get("e").middleware(secured)))
    )
    assert.deepStrictEqual(Object.keys(written.components.securitySchemes), ["mine", "user"])
  })

  it("responses that an endpoint overrides are not added to, and keep their headers", () => {
    const written = document(
      HttpApi.make("api").add(
        HttpApiGroup.make("g")
          .add(
            get("e")
              .middleware(secured)
              .annotate(OpenApi.Override, { responses: { 200: { description: "Mine" } } })
          )
          .add(
            get("f")
              .middleware(secured)
              .annotate(OpenApi.Override, {
                responses: {
                  401: { description: "Mine", headers: { "WWW-Authenticate": { example: "x" } } }
                }
              })
          )
      )
    )
    assert.deepStrictEqual(operationOf(written, "/e").responses, { "200": { description: "Mine" } })
    assert.deepStrictEqual(operationOf(written, "/f").responses, {
      "401": {
        description: "Mine",
        headers: { "WWW-Authenticate": { example: "x" } }
      } as never
    })
  })

  it("an inner API's annotations are for its own document", async () => {
    const inner = HttpApi.make("inner")
      .add(HttpApiGroup.make("g").add(get("e").middleware(secured)))
      .annotate(OpenApi.Title, "Inner")
      .pipe(SecurityDocument.annotate({ version: "3.2.0" }))
    const outer = HttpApi.make("outer")
      .addHttpApi(inner)
      .add(HttpApiGroup.make("h").add(get("f").middleware(tagOf(key))))
    const written = document(outer)
    assert.strictEqual(written.openapi, "3.1.0")
    assert.deepStrictEqual(written.tags, [{ name: "Inner" }, { name: "h" }])
    assert.deepStrictEqual(securityOf(written), {
      "get /e": [{ user: ["a"] }],
      "get /f": [{ key: [] }]
    })
    await assertValid(written)
    // not annotated itself, it is as the platform has it, and does not throw
    assert.deepStrictEqual(toJson(OpenApi.fromApi(outer)).paths["/e"]?.["get"]?.security, [])
  })

  it("the scopes of a group's tag are before its endpoints'", () => {
    const written = document(
      HttpApi.make("api").add(
        HttpApiGroup.make("g")
          .add(get("e").middleware(tagOf(user.pipe(Security.scopes("a", "b")))))
          .middleware(tagOf(user.pipe(Security.scopes("c", "a"))))
      )
    )
    assert.deepStrictEqual(securityOf(written), { "get /e": [{ user: ["c", "a", "b"] }] })
  })

  it("an inner API's middlewares are those of its groups", () => {
    const inner = HttpApi.make("inner")
      .add(HttpApiGroup.make("g").add(get("e").middleware(secured)))
      .middleware(tagOf(key))
    const written = document(
      HttpApi.make("outer")
        .addHttpApi(inner)
        .add(HttpApiGroup.make("h").add(get("f")))
    )
    assert.deepStrictEqual(securityOf(written), {
      "get /e": [{ key: [], user: ["a"] }],
      "get /f": []
    })
  })

  it("what is excluded leaks neither paths nor schemes", () => {
    const written = document(
      HttpApi.make("api")
        .add(
          HttpApiGroup.make("g")
            .add(get("hidden").middleware(tagOf(key)).annotate(OpenApi.Exclude, true))
            .add(get("native").middleware(Native).annotate(OpenApi.Exclude, true))
            .add(get("e").middleware(secured))
        )
        .add(
          HttpApiGroup.make("h")
            .add(get("f").middleware(tagOf(basic)))
            .annotate(OpenApi.Exclude, true)
        )
    )
    assert.deepStrictEqual(Object.keys(written.components.securitySchemes), ["user"])
    assert.deepStrictEqual(Object.keys(written.paths), ["/e"])
    assert.notInclude(JSON.stringify(written), "X-Key")
  })

  it("an excluded scheme's name conflicts with nothing", () => {
    const other = ApiKey.header("X-Other", { schemeName: "key" })
    const written = document(
      HttpApi.make("api").add(
        HttpApiGroup.make("g")
          .add(get("hidden").middleware(tagOf(other)).annotate(OpenApi.Exclude, true))
          .add(get("e").middleware(tagOf(key)))
      )
    )
    assert.deepStrictEqual(written.components.securitySchemes, {
      key: { type: "apiKey", in: "header", name: "X-Key" }
    })
  })
})

// ----------------------------------------------------------------------------
// names
// ----------------------------------------------------------------------------

describe("two schemes of one name", () => {
  const make = (...middlewares: ReadonlyArray<unknown>): AnyApi =>
    HttpApi.make("api").add(
      groupOf(Object.fromEntries(middlewares.map((tag, index) => [`e${index}`, tag])))
    )
  const native = (name: string, security: HttpApiSecurity.HttpApiSecurity) =>
    HttpApiMiddleware.Tag<never>()(`test/native/${tags++}`, { security: { [name]: security } })

  const throwing: ReadonlyArray<readonly [name: string, api: AnyApi, left: string, right: string]> =
    [
      [
        "ours and ours",
        make(tagOf(key), tagOf(ApiKey.header("X-Other", { schemeName: "key" }))),
        '"name":"X-Key"',
        '"name":"X-Other"'
      ],
      [
        "ours and ours, of another kind",
        make(tagOf(key), tagOf(HttpBearer.make({ schemeName: "key" }))),
        '"apiKey"',
        '"bearer"'
      ],
      [
        "ours and the platform's",
        make(tagOf(key), native("key", HttpApiSecurity.basic)),
        '"apiKey"',
        '"basic"'
      ],
      [
        "ours and the platform's, a key elsewhere",
        make(native("key", HttpApiSecurity.apiKey({ in: "query", key: "X-Key" })), tagOf(key)),
        '"header"',
        '"query"'
      ],
      [
        "the platform's and the platform's",
        make(native("twice", HttpApiSecurity.basic), native("twice", HttpApiSecurity.bearer)),
        '"basic"',
        '"bearer"'
      ],
      [
        "the platform's keys",
        make(
          native("twice", HttpApiSecurity.apiKey({ key: "a" })),
          native("twice", HttpApiSecurity.apiKey({ key: "b" }))
        ),
        '"a"',
        '"b"'
      ]
    ]
  it.each(throwing)("%s: throws and shows both", (_name, api, left, right) => {
    const annotated = api.pipe(SecurityDocument.annotate())
    for (const make of [() => OpenApi.fromApi(annotated), () => SecurityDocument.fromApi(api)]) {
      assert.throws(make, /two different schemes are called/)
      try {
        make()
      } catch (error) {
        assert.include(String(error), left)
        assert.include(String(error), right)
      }
    }
  })

  it("that are the same do not conflict", async () => {
    const written = document(
      make(
        tagOf(HttpBearer.make({ schemeName: "token" })),
        tagOf(HttpBearer.make({ schemeName: "token" })),
        native("token", HttpApiSecurity.bearer),
        native("token", HttpApiSecurity.bearer)
      )
    )
    assert.deepStrictEqual(written.components.securitySchemes, {
      token: { type: "http", scheme: "bearer" }
    })
    await assertValid(written)
  })
})

// ----------------------------------------------------------------------------
// what the platform remembers
// ----------------------------------------------------------------------------

describe("OpenApi.fromApi remembers a document by its API", () => {
  it("a class and the API it extends have documents of their own, and both are true", () => {
    const api = HttpApi.make("api")
      .add(HttpApiGroup.make("g").add(get("e").middleware(tagOf(key))))
      .pipe(SecurityDocument.annotate())
    class Api extends api {}
    const documents = [OpenApi.fromApi(api), OpenApi.fromApi(Api)]
    assert.notStrictEqual(documents[0], documents[1])
    for (const each of documents) {
      assert.deepStrictEqual(securityOf(toJson(each)), { "get /e": [{ key: [] }] })
    }
    assert.strictEqual(OpenApi.fromApi(Api), OpenApi.fromApi(Api))
  })

  it("another version is not answered with the one that is remembered", () => {
    const api = HttpApi.make("api").add(HttpApiGroup.make("g").add(get("e").middleware(tagOf(key))))
    const versionOf = (version: SecurityScheme.Version) =>
      SecurityDocument.fromApi(api, { version }).document["openapi"] as string
    assert.strictEqual(OpenApi.fromApi(api).openapi, "3.1.0")
    assert.strictEqual(versionOf("3.2.0"), "3.2.0")
    assert.strictEqual(versionOf("3.1.0"), "3.1.0")
    assert.strictEqual(document(api, { version: "3.2.0" }).openapi, "3.2.0")
    assert.strictEqual(document(api, { version: "3.1.0" }).openapi, "3.1.0")
  })
})

describe("two tags of one key", () => {
  const apiOf = (...tags: ReadonlyArray<unknown>) =>
    HttpApi.make("api").add(
      groupOf(Object.fromEntries(tags.map((tag, at) => [`e${at}`, tag])))
    ) as AnyApi
  const native = (id: string) =>
    HttpApiMiddleware.Tag<never>()(id, { security: { native: HttpApiSecurity.bearer } })

  it("throw where one is the platform's, which would run in the other's place", () => {
    const make = () =>
      document(
        apiOf(
          SecurityMiddleware.Tag<never>()("test/SameKey", { security: key }),
          native("test/SameKey")
        )
      )
    assert.throws(
      make,
      /different security have the key "test\/SameKey".*give one of them another id/
    )
  })

  it("can't both be this library's: each has a key of its own", () => {
    const tags = [key, basic].map((security) =>
      SecurityMiddleware.Tag<never>()("test/SameId", { security })
    )
    assert.deepStrictEqual(securityOf(document(apiOf(...tags))), {
      "get /e0": [{ key: [] }],
      "get /e1": [{ basic: [] }]
    })
  })

  it("of the platform's own are its own affair", () => {
    assert.doesNotThrow(() => document(apiOf(native("test/Native"), native("test/Native"))))
  })
})

/** The check finds nothing wrong with an API that tells the truth, and every way to lie. */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import * as HttpApiSecurity from "@effect/platform/HttpApiSecurity"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as OpenApi from "@effect/platform/OpenApi"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import {
  ApiKey,
  HttpBasic,
  OAuth2,
  Security,
  SecurityAgreement,
  SecurityDocument,
  SecurityError,
  SecurityRouter,
  SecurityTest
} from "../src/index.ts"

// ----------------------------------------------------------------------------
// an API of every kind of expression
// ----------------------------------------------------------------------------

const scopes = { a: "A", b: "B" }
const invalid = new SecurityError.Unauthorized({ reason: "invalid" })

const verify = (secret: Redacted.Redacted<string>) => {
  const [is, ...granted] = Redacted.value(secret).split(".")
  return is === "right" ? Effect.succeed(Security.grant("who", granted)) : Effect.fail(invalid)
}

const user = OAuth2.passwordBearer({ schemeName: "user", tokenUrl: "token", scopes }).pipe(
  Security.authenticate(verify)
)
const key = ApiKey.header("X-Key", { schemeName: "key", scopes }).pipe(
  Security.authenticate(verify)
)
const crumb = ApiKey.cookie("crumb", { schemeName: "crumb" }).pipe(Security.authenticate(verify))
const inQuery = ApiKey.query("key", { schemeName: "query" }).pipe(Security.authenticate(verify))
const basic = HttpBasic.make({ schemeName: "basic" }).pipe(
  Security.authenticate(({ password, username }) =>
    username === "who" ? verify(password) : Effect.fail(invalid)
  )
)

const right = (granted: ReadonlyArray<string>): string => ["right", ...granted].join(".")

const credentials = {
  user: (granted: ReadonlyArray<string>) => Effect.succeed(SecurityTest.bearer(right(granted))),
  key: (granted: ReadonlyArray<string>) => SecurityTest.header("x-key", right(granted)),
  crumb: () => SecurityTest.cookie("crumb", "right"),
  query: () => SecurityTest.query("key", "right"),
  basic: () => SecurityTest.basic("who", "right")
}

const expressions = [
  Security.public,
  user,
  user.pipe(Security.scopes("a", "b")),
  Security.optional(key),
  Security.optional(user),
  Security.anyOf(user.pipe(Security.scopes("a")), key, crumb),
  Security.allOf(basic, key.pipe(Security.scopes("a"))),
  Security.anyOf(Security.allOf(key, crumb), key.pipe(Security.scopes("b")), inQuery),
  Security.anyOf(basic, user)
] as const

type Document = ReturnType<typeof SecurityDocument.fromRoutes>["document"]

const routes = expressions.map((security: (typeof expressions)[number], index) =>
  SecurityRouter.route("GET", `/r${index}/:id`, security as typeof user, () =>
    HttpServerResponse.empty()
  )
)
const handler = HttpApp.toWebHandler(SecurityRouter.toHttpRouter(routes))
const { document } = SecurityDocument.fromRoutes(routes)

const report = (options: Partial<SecurityAgreement.Options> = {}) =>
  Effect.runPromise(SecurityAgreement.check({ handler, document, credentials, ...options }))

const saying = (index: number, security: SecurityAgreement.SecurityJson): Document => ({
  ...document,
  paths: { ...document.paths, [`/r${index}/{id}`]: { get: { security } } }
})

// ----------------------------------------------------------------------------
// the check
// ----------------------------------------------------------------------------

describe("check", () => {
  it("finds nothing wrong with what this library makes", async () => {
    const { disagreements, tried, untried } = await report()
    assert.deepStrictEqual(disagreements, [])
    assert.deepStrictEqual(untried, [])
    assert.isAbove(tried, 70)
  })

  const lies: ReadonlyArray<
    readonly [what: string, index: number, said: SecurityAgreement.SecurityJson, message: string]
  > = [
    ["public though it is not", 1, [], "the document lets this in, and it was refused"],
    ["secured though it is public", 0, [{ user: [] }], "the document refuses this"],
    ["a scope too few", 2, [{ user: ["a"] }], "the document lets this in"],
    ["a scope too many", 1, [{ user: ["a"] }], "the document refuses this"],
    ["required though it is optional", 3, [{ key: [] }], "the document refuses this"],
    ["optional though it is required", 1, [{ user: [] }, {}], "the document lets this in"],
    ["AND as OR", 6, [{ basic: [] }, { key: ["a"] }], "the document lets this in"],
    ["OR as AND", 8, [{ basic: [], key: [] }], "the document refuses this"],
    ["an alternative too few", 5, [{ user: ["a"] }, { key: [] }], "the document refuses this"],
    ["another scheme", 1, [{ key: [] }], "the document lets this in"]
  ]
  it.each(lies)("finds %s", async (_, index, said, message) => {
    const { disagreements } = await report({ document: saying(index, said) })
    assert.isNotEmpty(disagreements)
    for (const disagreement of disagreements) {
      assert.strictEqual(disagreement.operation, `GET /r${index}/{id}`)
    }
    assert.isTrue(disagreements.some((each) => each.message.startsWith(message)))
  })

  it("finds a verifier that lets every credential in", async () => {
    const careless = ApiKey.header("X-Key", { schemeName: "key" })
    const open = [SecurityRouter.route("GET", "/", careless, () => HttpServerResponse.empty())]
    const { disagreements } = await report({
      handler: HttpApp.toWebHandler(SecurityRouter.toHttpRouter(open)),
      document: SecurityDocument.fromRoutes(open).document
    })
    assert.deepStrictEqual(
      disagreements.map(({ answered, presented }) => [presented, answered]),
      [["a wrong key", 204]]
    )
  })

  it("finds a server that fails, and a 401 without a challenge", async () => {
    const failing = await report({
      handler: () => Promise.resolve(new Response(null, { status: 500 }))
    })
    assert.strictEqual(failing.disagreements.length, failing.tried)
    const silent = await report({
      handler: () => Promise.resolve(new Response(null, { status: 401 }))
    })
    assert.isTrue(silent.disagreements.some(({ message }) => message.includes("WWW-Authenticate")))
  })

  it("finds what the platform's own middlewares get wrong", async () => {
    class Native extends HttpApiMiddleware.Tag<Native>()("test/Native", {
      failure: SecurityError.Unauthorized,
      security: { key: HttpApiSecurity.apiKey({ key: "x-key" }) }
    }) {}
    class Other extends HttpApiMiddleware.Tag<Other>()("test/Other", {
      failure: SecurityError.Unauthorized,
      security: { crumb: HttpApiSecurity.apiKey({ key: "crumb", in: "cookie" }) }
    }) {}
    const api = HttpApi.make("api").add(
      HttpApiGroup.make("g").add(
        HttpApiEndpoint.get("both", "/both").middleware(Native).middleware(Other)
      )
    )
    const check = (secret: Redacted.Redacted<string>) =>
      Effect.asVoid(verify(secret)) as Effect.Effect<void, SecurityError.Unauthorized>
    const live = HttpApiBuilder.api(api).pipe(
      Layer.provide(
        HttpApiBuilder.group(api, "g", (handlers) => handlers.handle("both", () => Effect.void))
      ),
      Layer.provide(Layer.succeed(Native, { key: check })),
      Layer.provide(Layer.succeed(Other, { crumb: check }))
    )
    const web = HttpApiBuilder.toWebHandler(Layer.merge(live, HttpServer.layerContext))
    const asIs = await report({ handler: web.handler, document: OpenApi.fromApi(api) })
    // AND, printed as OR
    assert.isTrue(asIs.disagreements.some(({ presented }) => presented === "key"))
    const annotated = OpenApi.fromApi(api.pipe(SecurityDocument.annotate()))
    const { disagreements } = await report({ handler: web.handler, document: annotated })
    for (const { message } of disagreements) {
      assert.include(message, "WWW-Authenticate")
    }
    await web.dispose()
  })

  it("lets a policy forbid where that is said", async () => {
    const policed = [
      SecurityRouter.route(
        "GET",
        "/",
        key.pipe(
          Security.filterOrFail(
            () => false,
            () => new SecurityError.Forbidden()
          )
        ),
        () => HttpServerResponse.empty()
      )
    ]
    const options = {
      handler: HttpApp.toWebHandler(SecurityRouter.toHttpRouter(policed)),
      document: SecurityDocument.fromRoutes(policed).document
    }
    assert.isNotEmpty((await report(options)).disagreements)
    assert.isEmpty((await report({ ...options, mayForbid: ["GET /"] })).disagreements)
  })

  it("says what it could not try", async () => {
    const { tried, untried } = await report({
      credentials: { key: credentials.key, basic: credentials.basic },
      document: saying(1, [{ user: [], basic: [] }, { key: [] }])
    })
    assert.isAbove(tried, 0)
    assert.deepInclude(untried, {
      operation: "GET /r1/{id}",
      message: "credentials has nothing for user"
    })
    const both = await report({ document: saying(1, [{ user: [], basic: [] }]) })
    assert.isTrue(both.untried.some(({ message }) => message.includes("both are in Authorization")))
  })

  it("fills in path parameters, and hands back the errors of credentials", async () => {
    const seen: Array<string> = []
    await report({
      handler: (request) => {
        seen.push(new URL(request.url).pathname)
        return handler(request)
      },
      server: "http://api.test/",
      parameters: { id: "a/b" }
    })
    assert.include(seen, "/r1/a%2Fb")
    const failing = SecurityAgreement.check({
      handler,
      document,
      credentials: { user: () => Effect.fail("no token") }
    })
    assert.strictEqual(await Effect.runPromise(Effect.flip(failing)), "no token")
  })
})

/**
 * The document of plain routes: made of the same values that guard them.
 */
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import {
  ApiKey,
  HttpBasic,
  HttpBearer,
  OAuth2,
  Security,
  SecurityDocument,
  SecurityRouter
} from "../../src/index.ts"
import * as Schemes from "./schemes.ts"
import { assertValid, type DocumentJson, headersOf, operationOf, securityOf } from "./support.ts"
import { appOf } from "../support/line.ts"

const versions = ["3.1.0", "3.2.0"] as const

const user = OAuth2.passwordBearer({
  schemeName: "user",
  tokenUrl: "token",
  scopes: { a: "A", b: "B" }
}).pipe(Security.authenticate(() => Effect.succeed(Security.grant("user", ["a", "b"]))))
const key = ApiKey.header("X-Key", { schemeName: "key" })

class Hidden extends Data.TaggedError("Hidden") {}

const ok = () => HttpServerResponse.json({ ok: true })
const toJson = (fragment: SecurityDocument.Fragment): DocumentJson =>
  JSON.parse(JSON.stringify({ info: { title: "Routes", version: "1" }, ...fragment }))

const routes = [
  SecurityRouter.route("GET", "/items", user.pipe(Security.scopes("b", "a")), ok, {
    summary: "List items",
    responses: { 200: { description: "The items" }, 401: { description: "Mine" } }
  }),
  SecurityRouter.route("POST", "/items", Security.allOf(user, key), ok),
  SecurityRouter.route("GET", "/items/:id/parts/:part", Security.anyOf(user, key), ok),
  SecurityRouter.route("DELETE", "/items/:id?", Security.optional(key), ok, {
    parameters: [{ name: "id", in: "path", required: true, schema: { type: "integer" } }]
  }),
  SecurityRouter.route("GET", "/health", Security.public, ok, { security: [{ lie: [] }] }),
  SecurityRouter.route("HEAD", "/health", key, ok),
  SecurityRouter.route("OPTIONS", "/health", Security.public, ok),
  SecurityRouter.route("GET", "/denied", Security.deny, ok)
]
const deniesAll = "OpenAPI has no form for an operation that lets nobody in: it is left out"

describe.each(versions)("fromRoutes, %s", (version) => {
  const { document, omissions } = SecurityDocument.fromRoutes(routes, { version })
  const written = toJson(document)

  it("security, exactly", () => {
    assert.deepStrictEqual(securityOf(written), {
      "get /items": [{ user: ["b", "a"] }],
      "post /items": [{ user: [], key: [] }],
      "get /items/{id}/parts/{part}": [{ user: [] }, { key: [] }],
      "delete /items/{id}": [{ key: [] }, {}],
      "get /health": [],
      "head /health": [{ key: [] }],
      "options /health": []
    })
    assert.strictEqual(written.openapi, version)
  })

  it("schemes, exactly", () => {
    assert.deepStrictEqual(written.components.securitySchemes, {
      user: {
        type: "oauth2",
        flows: { password: { tokenUrl: "token", scopes: { a: "A", b: "B" } } }
      },
      key: { type: "apiKey", in: "header", name: "X-Key" }
    })
  })

  it("deny is left out and reported", () => {
    assert.deepStrictEqual(omissions, [{ subject: "GET /denied", message: deniesAll }])
    assert.notProperty(written.paths, "/denied")
  })

  it("refusals with their headers and bodies", () => {
    assert.deepStrictEqual(headersOf(operationOf(written, "/items")), {
      "200": [],
      // the operation has described it, and may mean others
      "401": ["WWW-Authenticate"],
      "403": ["WWW-Authenticate"],
      "503": ["Retry-After"]
    })
    assert.deepStrictEqual(headersOf(operationOf(written, "/health", "head")), {
      "200": [],
      "401": ["WWW-Authenticate!"]
    })
    assert.deepStrictEqual(headersOf(operationOf(written, "/health")), { "200": [] })
    assert.deepStrictEqual(operationOf(written, "/health", "head").responses["401"]?.content, {
      "application/json": { schema: { $ref: "#/components/schemas/SecurityUnauthorized" } }
    })
    assert.property(written.components.schemas, "SecurityUnauthorized")
  })

  it("what the operation says itself goes first, but for its security", () => {
    const { responses, summary } = operationOf(written, "/items")
    assert.strictEqual(summary, "List items")
    assert.strictEqual(responses["200"]?.description, "The items")
    assert.strictEqual(responses["401"]?.description, "Mine")
  })

  it("path parameters", () => {
    const name = (parameters: ReadonlyArray<unknown> | undefined) =>
      (parameters as ReadonlyArray<{ name: string; schema: { type: string } }>).map(
        ({ name, schema }) => `${name}: ${schema.type}`
      )
    assert.deepStrictEqual(name(operationOf(written, "/items/{id}/parts/{part}").parameters), [
      "id: string",
      "part: string"
    ])
    assert.deepStrictEqual(name(operationOf(written, "/items/{id}", "delete").parameters), [
      "id: integer"
    ])
  })

  it("is valid", () => assertValid(written))

  it("every kind of scheme", async () => {
    const all = SecurityDocument.fromRoutes(
      Object.entries(Schemes.all).map(([name, security]) => ({
        method: "GET",
        path: `/${name}`,
        security
      })),
      { version }
    )
    assert.deepStrictEqual(
      toJson(all.document).components.securitySchemes,
      Schemes.written[version] as never
    )
    assert.deepStrictEqual(all.omissions, Schemes.omissions[version] as never)
    await assertValid(toJson(all.document))
  })
})

describe("fromRoutes", () => {
  it("data-last, and 3.1 by default", () => {
    const { document } = SecurityDocument.fromRoutes()(routes)
    assert.strictEqual(document.openapi, "3.1.0")
  })

  it("a route of every method is reported", () => {
    const { document, omissions } = SecurityDocument.fromRoutes([
      { method: "*", path: "/any", security: key }
    ])
    assert.deepStrictEqual(document.paths, {})
    assert.deepStrictEqual(document.components.securitySchemes, {})
    assert.deepStrictEqual(omissions, [
      { subject: "* /any", message: "OpenAPI has no form for a route of every method" }
    ])
  })

  it("the refusals of an expression whose errors are its own are not made up", () => {
    const responses = { 404: { description: "There is nothing here" } }
    const hiding = Security.anyOf(
      user.pipe(
        Security.scopes("a"),
        Security.mapError(() => new Hidden())
      ),
      key
    )
    const { document, omissions } = SecurityDocument.fromRoutes([
      { method: "GET", path: "/a", security: hiding },
      { method: "GET", path: "/b", security: hiding, operation: { responses } },
      { method: "GET", path: "/c", security: Security.orDie(key) },
      { method: "GET", path: "/d", security: Security.mapError(Security.deny, () => new Hidden()) },
      { method: "GET", path: "/e", security: key.pipe(Security.map(() => 1)) }
    ])
    const statusesOf = (path: string) =>
      Object.keys(operationOf(toJson(document), path).responses).join()
    assert.strictEqual(statusesOf("/a"), "200")
    assert.strictEqual(statusesOf("/b"), "200,404")
    assert.strictEqual(statusesOf("/c"), "200")
    assert.strictEqual(statusesOf("/e"), "200,401")
    const message = "its errors are its own: describe them in operation.responses"
    assert.deepStrictEqual(omissions, [
      { subject: "GET /a", message },
      { subject: "GET /c", message },
      { subject: "GET /d", message: deniesAll }
    ])
  })

  it("a second route of one method and path is reported, and neither takes the other's place", () => {
    const { document, omissions } = SecurityDocument.fromRoutes([
      { method: "GET", path: "/a", security: key },
      { method: "POST", path: "/a", security: Security.public },
      { method: "GET", path: "/a", security: Security.public }
    ])
    assert.deepStrictEqual(securityOf(toJson(document)), {
      "get /a": [{ key: [] }],
      "post /a": []
    })
    assert.deepStrictEqual(omissions, [
      {
        subject: "GET /a",
        message:
          "another route has this method and path, and a router takes one: this one is left out"
      }
    ])
  })

  it("what a path can't say is reported", async () => {
    const { document, omissions } = SecurityDocument.fromRoutes([
      { method: "GET", path: "/y/:id(\\d+)", security: key },
      { method: "GET", path: "/z/:id((a|b)+)/:to(x?)?", security: key },
      { method: "GET", path: "/files/*", security: key }
    ])
    assert.deepStrictEqual(Object.keys(document.paths), ["/y/{id}", "/z/{id}/{to}", "/files/*"])
    assert.deepStrictEqual(
      omissions.map(({ message, subject }) => [subject, message.split(":")[0]]),
      [
        ["GET /y/:id(\\d+)", "OpenAPI has no form for a regular expression in a path"],
        ["GET /z/:id((a|b)+)/:to(x?)?", "OpenAPI has no form for a regular expression in a path"],
        ["GET /files/*", "OpenAPI has no form for a wildcard in a path"]
      ]
    )
    await assertValid(toJson(document))
  })

  it("two schemes of one name throw, and both are shown", () => {
    const make = () =>
      SecurityDocument.fromRoutes([
        { method: "GET", path: "/a", security: HttpBasic.make({ schemeName: "one" }) },
        { method: "GET", path: "/b", security: HttpBearer.make({ schemeName: "one" }) }
      ])
    assert.throws(make, /two different schemes are called "one": .*"basic".*"bearer"/)
  })

  it("the prefix of the Layer", async () => {
    const prefix = "/v1/:tenant/"
    const { document } = SecurityDocument.fromRoutes(
      [
        SecurityRouter.route("GET", "/", key, ok),
        SecurityRouter.route("GET", "/items/:id", key, ok)
      ],
      { prefix }
    )
    assert.deepStrictEqual(Object.keys(document.paths), ["/v1/{tenant}", "/v1/{tenant}/items/{id}"])
    await assertValid(toJson(document))
  })
})

describe("SecurityRouter", () => {
  const handlers = {
    toHttpRouter: HttpApp.toWebHandler(appOf(routes)),
    toLayer: HttpLayerRouter.toWebHandler(SecurityRouter.toLayer(routes), { disableLogger: true })
      .handler
  }
  it.each(Object.entries(handlers))("%s: HEAD has its own security", async (_name, handler) => {
    const send = async (method: string, headers: Record<string, string> = {}) =>
      (await handler(new Request("http://localhost/health", { method, headers }))).status
    assert.strictEqual(await send("GET"), 200)
    assert.strictEqual(await send("HEAD"), 401)
    assert.strictEqual(await send("HEAD", { "X-Key": "k" }), 200)
    assert.strictEqual(await send("OPTIONS"), 200)
  })
})

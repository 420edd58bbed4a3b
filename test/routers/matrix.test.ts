/**
 * The same requests through every door: the same status, the same challenges, the same principal.
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import {
  ApiKey,
  OAuth2,
  Security,
  SecurityError,
  SecurityMiddleware,
  SecurityRouter
} from "../../src/index.ts"
import * as Doors from "./support.ts"
import type { Answer, Door, Probe } from "./support.ts"
import { appOf } from "../support/line.ts"

// ----------------------------------------------------------------------------
// expressions
// ----------------------------------------------------------------------------

class Tokens extends Context.Tag("test/Tokens")<
  Tokens,
  (token: string) => Effect.Effect<Security.Grant<string>, SecurityError.Refusal>
>() {}

const TokensLive = Layer.succeed(Tokens, (token) => {
  switch (token) {
    case "reader":
      return Effect.succeed(Security.grant("reader", ["items:read"]))
    case "plain":
      return Effect.succeed(Security.grant("plain"))
    case "down":
      return Effect.fail(new SecurityError.ServiceUnavailable())
    case "bugs":
      return Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" })).pipe(
        Effect.ensuring(Effect.die(new TypeError("a bug behind the verifier")))
      )
    case "bug":
      return Effect.die(new TypeError("a bug in the verifier"))
    default:
      return Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))
  }
})

const user = OAuth2.passwordBearer({
  schemeName: "user",
  tokenUrl: "token",
  scopes: { "items:read": "Read items" }
}).pipe(
  Security.authenticate((token) =>
    Effect.flatMap(Tokens, (verify) => verify(Redacted.value(token)))
  )
)

const findRobot = (key: Redacted.Redacted<string>) =>
  Redacted.value(key) === "robot" ?
    Effect.succeed(Security.grant("R2-D2"))
  : Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))

const readers = user.pipe(Security.scopes("items:read"))
const either = Security.anyOf(
  readers,
  ApiKey.header("X-Key", { schemeName: "key" }).pipe(Security.authenticate(findRobot))
)
const maybe = Security.optional(user).pipe(Security.map(Option.getOrElse(() => "anonymous")))
const open = Security.public.pipe(Security.map(() => "nobody"))
const inQuery = ApiKey.query("api_key", { schemeName: "inQuery" }).pipe(
  Security.authenticate(findRobot)
)

// ----------------------------------------------------------------------------
// the routes, in every router
// ----------------------------------------------------------------------------

let handled = 0

const answer = (who: string) =>
  Effect.suspend(() => {
    handled++
    return HttpServerResponse.json({ who })
  })

class Principal extends Context.Tag("test/Principal")<Principal, string>() {}

const answerPrincipal = Effect.flatMap(Principal, answer)

const plainRouter = HttpRouter.empty.pipe(
  HttpRouter.get("/items", Security.guard(readers, answer)),
  HttpRouter.get("/either", Security.guard(either, answer)),
  HttpRouter.get("/maybe", Security.guard(maybe, answer)),
  HttpRouter.get("/public", Security.guard(open, answer)),
  HttpRouter.get("/denied", Security.guard(Security.deny, answer)),
  HttpRouter.get("/query", Security.guard(inQuery, answer))
)

const routes = [
  SecurityRouter.route("GET", "/items", readers, answer),
  SecurityRouter.route("GET", "/either", either, answer),
  SecurityRouter.route("GET", "/maybe", maybe, answer),
  SecurityRouter.route("GET", "/public", open, answer),
  SecurityRouter.route("GET", "/denied", Security.deny, answer),
  SecurityRouter.route("GET", "/query", inQuery, answer)
]

const LayerRoutes = HttpLayerRouter.addAll(
  [
    HttpLayerRouter.route("GET", "/items", Security.guard(readers, answer)),
    HttpLayerRouter.route("GET", "/either", Security.guard(either, answer)),
    HttpLayerRouter.route("GET", "/maybe", Security.guard(maybe, answer)),
    HttpLayerRouter.route("GET", "/public", Security.guard(open, answer)),
    HttpLayerRouter.route("GET", "/denied", Security.guard(Security.deny, answer)),
    HttpLayerRouter.route("GET", "/query", Security.guard(inQuery, answer))
  ],
  { prefix: "/v1" }
)

// one Layer of routes for each middleware, since a middleware guards all it is provided to
const PrincipalRoutes = Layer.mergeAll(
  HttpLayerRouter.add("GET", "/v1/items", answerPrincipal).pipe(
    Layer.provide(SecurityRouter.middleware(Principal, readers).layer)
  ),
  HttpLayerRouter.add("GET", "/v1/either", answerPrincipal).pipe(
    Layer.provide(SecurityRouter.middleware(Principal, either).layer)
  ),
  HttpLayerRouter.add("GET", "/v1/maybe", answerPrincipal).pipe(
    Layer.provide(SecurityRouter.middleware(Principal, maybe).layer)
  ),
  HttpLayerRouter.add("GET", "/v1/public", answerPrincipal).pipe(
    Layer.provide(SecurityRouter.middleware(Principal, open).layer)
  ),
  HttpLayerRouter.add("GET", "/v1/denied", answerPrincipal).pipe(
    Layer.provide(SecurityRouter.middleware(Principal, Security.deny).layer)
  ),
  HttpLayerRouter.use((router) =>
    router.prefixed("/v1").add("GET", "/query", answerPrincipal)
  ).pipe(Layer.provide(SecurityRouter.middleware(Principal, inQuery).layer))
).pipe(Layer.provide(TokensLive))

class Readers extends SecurityMiddleware.Tag<Readers>()("test/Readers", {
  security: readers,
  provides: Principal
}) {}
class Either extends SecurityMiddleware.Tag<Either>()("test/Either", {
  security: either,
  provides: Principal
}) {}
class Maybe extends SecurityMiddleware.Tag<Maybe>()("test/Maybe", {
  security: maybe,
  provides: Principal
}) {}
class Denied extends SecurityMiddleware.Tag<Denied>()("test/Denied", {
  security: Security.deny,
  provides: Principal
}) {}
class InQuery extends SecurityMiddleware.Tag<InQuery>()("test/InQuery", {
  security: inQuery,
  provides: Principal
}) {}

const Who = Schema.Struct({ who: Schema.String })

class Api extends HttpApi.make("api")
  .add(
    HttpApiGroup.make("all")
      .add(HttpApiEndpoint.get("items", "/items").addSuccess(Who).middleware(Readers))
      .add(HttpApiEndpoint.get("either", "/either").addSuccess(Who).middleware(Either))
      .add(HttpApiEndpoint.get("maybe", "/maybe").addSuccess(Who).middleware(Maybe))
      .add(HttpApiEndpoint.get("public", "/public").addSuccess(Who).pipe(SecurityMiddleware.public))
      .add(HttpApiEndpoint.get("denied", "/denied").addSuccess(Who).middleware(Denied))
      .add(HttpApiEndpoint.get("query", "/query").addSuccess(Who).middleware(InQuery))
  )
  .prefix("/v1") {}

const see = Effect.map(Principal, (who) => {
  handled++
  return { who }
})

const AllLive = HttpApiBuilder.group(Api, "all", (handlers) =>
  handlers
    .handle("items", () => see)
    .handle("either", () => see)
    .handle("maybe", () => see)
    .handle("public", () =>
      Effect.sync(() => {
        handled++
        return { who: "nobody" }
      })
    )
    .handle("denied", () => see)
    .handle("query", () => see)
).pipe(
  Layer.provide([
    SecurityMiddleware.layer(Readers),
    SecurityMiddleware.layer(Either),
    SecurityMiddleware.layer(Maybe),
    SecurityMiddleware.layer(Denied),
    SecurityMiddleware.layer(InQuery)
  ]),
  Layer.provide(TokensLive)
)

const ApiLive = HttpApiBuilder.api(Api).pipe(Layer.provide(AllLive))
const ApiRoutes = HttpLayerRouter.addHttpApi(Api).pipe(
  Layer.provide(AllLive),
  Layer.provide(HttpServer.layerContext)
)

const tokens = Effect.runSync(Effect.provide(Tokens, TokensLive))
const withTokens = HttpRouter.provideService(Tokens, tokens)
const listed = appOf(routes).pipe(HttpRouter.prefixAll("/v1"), withTokens)
const Listed = SecurityRouter.toLayer(routes, { prefix: "/v1" })
const withoutLogger = { disableLogger: true, disableListenLog: true } as const
const provided = Layer.provide(
  HttpLayerRouter.middleware<{ provides: Tokens }>()((app) =>
    Effect.provideService(app, Tokens, tokens)
  ).layer
)

const opening = {
  "HttpRouter, Fetch": () =>
    Doors.webApp(plainRouter.pipe(HttpRouter.prefixAll("/v1"), withTokens)),
  "HttpRouter, mounted, Fetch": () =>
    Doors.webApp(HttpRouter.empty.pipe(HttpRouter.mount("/v1", plainRouter), withTokens)),
  "HttpRouter, mounted app, Fetch": () =>
    Doors.webApp(
      HttpRouter.empty.pipe(
        HttpRouter.mountApp("/v1", Effect.runSync(HttpRouter.toHttpApp(plainRouter))),
        withTokens
      )
    ),
  // the key is where the client put it, whatever a middleware has made of the URL
  "HttpRouter, behind one that cuts the query, Fetch": () =>
    Doors.webApp(
      Effect.updateService(
        Effect.flatten(
          HttpRouter.toHttpApp(plainRouter.pipe(HttpRouter.prefixAll("/v1"), withTokens))
        ),
        HttpServerRequest.HttpServerRequest,
        (request) => request.modify({ url: request.url.replace(/\?.*/, "") })
      )
    ),
  "HttpRouter, node:http": () =>
    Doors.nodeApp(plainRouter.pipe(HttpRouter.prefixAll("/v1"), withTokens)),
  "HttpRouter, mounted, node:http": () =>
    Doors.nodeApp(HttpRouter.empty.pipe(HttpRouter.mount("/v1", plainRouter), withTokens)),
  "SecurityRouter.toHttpRouter, Fetch": () => Doors.webApp(listed),
  "SecurityRouter.toHttpRouter, node:http": () => Doors.nodeApp(listed),
  "SecurityRouter.toLayer, Fetch": () =>
    Doors.web(HttpLayerRouter.toWebHandler(provided(Listed), withoutLogger)),
  "SecurityRouter.toLayer, node:http": () =>
    Doors.node(HttpLayerRouter.serve(provided(Listed), withoutLogger)),
  "HttpLayerRouter, Fetch": () =>
    Doors.web(HttpLayerRouter.toWebHandler(provided(LayerRoutes), withoutLogger)),
  "HttpLayerRouter, node:http": () =>
    Doors.node(HttpLayerRouter.serve(provided(LayerRoutes), withoutLogger)),
  "SecurityRouter.middleware, Fetch": () =>
    Doors.web(HttpLayerRouter.toWebHandler(PrincipalRoutes, withoutLogger)),
  "SecurityRouter.middleware, node:http": () =>
    Doors.node(HttpLayerRouter.serve(PrincipalRoutes, withoutLogger)),
  "HttpApiBuilder, Fetch": () =>
    Doors.web(HttpApiBuilder.toWebHandler(Layer.mergeAll(ApiLive, HttpServer.layerContext))),
  "HttpApiBuilder, node:http": () =>
    Doors.node(HttpApiBuilder.serve().pipe(Layer.provide(ApiLive))),
  "addHttpApi, Fetch": () => Doors.web(HttpLayerRouter.toWebHandler(ApiRoutes, withoutLogger)),
  "addHttpApi, node:http": () => Doors.node(HttpLayerRouter.serve(ApiRoutes, withoutLogger))
} as const satisfies Record<string, () => Door | Promise<Door>>

type DoorName = keyof typeof opening

// ----------------------------------------------------------------------------
// cases
// ----------------------------------------------------------------------------

interface Expected {
  readonly status: number
  readonly who?: string
  readonly challenge?: string
  readonly reason?: SecurityError.Unauthorized["reason"]
  readonly retryAfter?: string
  readonly vary?: string
}

interface Case extends Probe {
  readonly name: string
  readonly expect: Expected
  /** What the platform does otherwise at some doors, before or after this library. */
  readonly differs?: (door: DoorName) => Expected | undefined
}

const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })
const key = (value: string) => ({ headers: { "X-Key": value } })

const pass = (who: string, vary?: string): Expected => ({
  status: 200,
  who,
  ...(vary !== undefined && { vary })
})
const absent = (challenge: string): Expected => ({ status: 401, reason: "absent", challenge })
const malformed = (challenge: string): Expected => ({ status: 401, reason: "malformed", challenge })
const invalid = (challenge: string): Expected => ({ status: 401, reason: "invalid", challenge })
const forbidden: Expected = { status: 403 }
const notFound: Expected = { status: 404 }

const asks = 'Bearer realm="api"'
const refuses = 'Bearer realm="api", error="invalid_token"'
const keyChallenge = 'ApiKey realm="api"'
const insufficient = 'Bearer realm="api", error="insufficient_scope", scope="items:read"'

const isNode = (door: DoorName): boolean => door.endsWith("node:http")

const huge = "a".repeat(65_536)

const spelled = (target: string): ReadonlyArray<Case> => [
  { name: `${target} without`, target, expect: absent(asks) },
  { name: `${target} with`, target, ...bearer("reader"), expect: pass("reader") }
]

const cases: ReadonlyArray<Case> = [
  { name: "pass", target: "/v1/items", ...bearer("reader"), expect: pass("reader") },
  { name: "absent", target: "/v1/items", expect: absent(asks) },
  {
    name: "another auth-scheme",
    target: "/v1/items",
    headers: { Authorization: "Basic eDp5" },
    expect: absent(asks)
  },
  {
    name: "malformed",
    target: "/v1/items",
    headers: { Authorization: "Bearer" },
    expect: malformed(refuses)
  },
  {
    name: "malformed, two words",
    target: "/v1/items",
    ...bearer("reader reader"),
    expect: malformed(refuses)
  },
  { name: "invalid", target: "/v1/items", ...bearer("wrong"), expect: invalid(refuses) },
  {
    name: "lacking scope",
    target: "/v1/items",
    ...bearer("plain"),
    expect: { status: 403, challenge: insufficient }
  },
  {
    name: "unavailable verifier",
    target: "/v1/items",
    ...bearer("down"),
    expect: { status: 503, retryAfter: "5" }
  },
  {
    name: "defect behind a refusal",
    target: "/v1/items",
    ...bearer("bugs"),
    expect: { status: 500 }
  },
  {
    name: "defect in the verifier",
    target: "/v1/items",
    ...bearer("bug"),
    expect: { status: 500 }
  },

  { name: "anyOf: neither", target: "/v1/either", expect: absent(`${asks}, ${keyChallenge}`) },
  {
    name: "anyOf: the first",
    target: "/v1/either",
    ...bearer("reader"),
    expect: pass("reader", "authorization, x-key")
  },
  {
    name: "anyOf: the second",
    target: "/v1/either",
    ...key("robot"),
    expect: pass("R2-D2", "authorization, x-key")
  },
  {
    name: "anyOf: the second beside a wrong first",
    target: "/v1/either",
    headers: { ...key("robot").headers, ...bearer("wrong").headers },
    expect: pass("R2-D2", "authorization, x-key")
  },
  {
    name: "anyOf: the second beside an unavailable first",
    target: "/v1/either",
    headers: { ...key("robot").headers, ...bearer("down").headers },
    expect: pass("R2-D2", "authorization, x-key")
  },
  {
    name: "anyOf: the second beside a defect in the first",
    target: "/v1/either",
    headers: { ...key("robot").headers, ...bearer("bug").headers },
    expect: { status: 500 }
  },
  {
    name: "anyOf: a wrong second",
    target: "/v1/either",
    ...key("wrong"),
    expect: invalid(`${asks}, ${keyChallenge}`)
  },
  {
    name: "anyOf: no scope, wrong key",
    target: "/v1/either",
    headers: { ...key("wrong").headers, ...bearer("plain").headers },
    expect: { status: 403, challenge: insufficient }
  },

  { name: "optional: anonymous", target: "/v1/maybe", expect: pass("anonymous", "authorization") },
  {
    name: "optional: known",
    target: "/v1/maybe",
    ...bearer("plain"),
    expect: pass("plain", "authorization")
  },
  {
    name: "optional: a bad credential",
    target: "/v1/maybe",
    ...bearer("wrong"),
    expect: invalid(refuses)
  },
  {
    name: "optional: malformed",
    target: "/v1/maybe",
    headers: { Authorization: "Bearer" },
    expect: malformed(refuses)
  },
  {
    name: "optional: another auth-scheme",
    target: "/v1/maybe",
    headers: { Authorization: "Basic eDp5" },
    expect: absent(asks)
  },
  {
    name: "optional: unavailable",
    target: "/v1/maybe",
    ...bearer("down"),
    expect: { status: 503, retryAfter: "5" }
  },

  { name: "public", target: "/v1/public", expect: pass("nobody") },
  {
    name: "public, with a credential",
    target: "/v1/public",
    ...bearer("wrong"),
    expect: pass("nobody")
  },
  { name: "deny", target: "/v1/denied", expect: forbidden },
  { name: "deny, with a credential", target: "/v1/denied", ...bearer("reader"), expect: forbidden },

  {
    name: "HEAD",
    method: "HEAD",
    target: "/v1/items",
    ...bearer("reader"),
    expect: pass("reader")
  },
  { name: "HEAD, absent", method: "HEAD", target: "/v1/items", expect: absent(asks) },
  { name: "HEAD, public", method: "HEAD", target: "/v1/public", expect: pass("nobody") },

  { name: "query", target: "/v1/query?api_key=robot", expect: pass("R2-D2") },
  {
    name: "query, behind another parameter",
    target: "/v1/query?page=2&api_key=robot#f",
    expect: pass("R2-D2")
  },
  {
    name: "query, percent-encoded name",
    target: "/v1/query?api%5Fkey=robot",
    expect: pass("R2-D2")
  },
  { name: "query, absent", target: "/v1/query", expect: absent(keyChallenge) },
  {
    name: "query, in another case",
    target: "/v1/query?API_KEY=robot",
    expect: absent(keyChallenge)
  },
  { name: "query, wrong", target: "/v1/query?api_key=wrong", expect: invalid(keyChallenge) },
  {
    name: "query, twice",
    target: "/v1/query?api_key=robot&api_key=robot",
    expect: malformed(keyChallenge)
  },
  {
    name: "query, with a trailing slash",
    target: "/v1/query/?api_key=robot",
    expect: pass("R2-D2")
  },

  {
    name: "PROPFIND",
    method: "PROPFIND",
    target: "/v1/items",
    ...bearer("reader"),
    expect: notFound
  },
  {
    name: "OPTIONS",
    method: "OPTIONS",
    target: "/v1/items",
    ...bearer("reader"),
    expect: notFound
  },
  {
    name: "POST",
    method: "POST",
    target: "/v1/items",
    ...bearer("reader"),
    body: "{}",
    expect: notFound
  },
  { name: "no such path", target: "/v1/nothing", expect: notFound },
  {
    name: "no such path, with a credential",
    target: "/v1/nothing",
    ...bearer("reader"),
    expect: notFound
  },
  {
    name: "no such path, with a wrong one",
    target: "/nothing?api_key=robot",
    ...bearer("wrong"),
    expect: notFound
  },
  {
    name: "an encoded slash is none",
    target: "/v1%2Fitems",
    ...bearer("reader"),
    expect: notFound
  },
  { name: "a segment too many", target: "/v1/items/1", ...bearer("reader"), expect: notFound },

  // the router reads paths without regard to case, slashes and encoding: the guard goes with the route
  ...["/v1/items/", "/v1//items", "/v1/ITEMS", "/v1/%69tems", "/v1/items?", "/v1/items;x"].flatMap(
    spelled
  ),

  {
    name: "64 kB of a token",
    target: "/v1/items",
    ...bearer(huge),
    expect: malformed(refuses),
    differs: (door) => (isNode(door) ? { status: 431 } : undefined)
  },
  {
    name: "64 kB of a key",
    target: "/v1/either",
    ...key(huge),
    expect: malformed(`${asks}, ${keyChallenge}`),
    differs: (door) => (isNode(door) ? { status: 431 } : undefined)
  }
]

const check = (testCase: Case, expected: Expected, answer: Answer, ran: number): void => {
  assert.strictEqual(answer.status, expected.status, JSON.stringify(answer))
  assert.strictEqual(answer.headers["www-authenticate"], expected.challenge)
  assert.strictEqual(answer.headers["retry-after"], expected.retryAfter)
  assert.strictEqual(ran, expected.status === 200 ? 1 : 0, "how often the handler ran")
  if (expected.status === 200) {
    const isPrivate = expected.vary !== undefined || testCase.target.includes("/query")
    assert.strictEqual(answer.headers["cache-control"], isPrivate ? "private" : undefined)
    assert.strictEqual(answer.headers["vary"], expected.vary)
  }
  if (testCase.method === "HEAD") {
    assert.strictEqual(answer.body, "")
  } else if (expected.who !== undefined) {
    assert.deepStrictEqual(JSON.parse(answer.body), { who: expected.who })
  } else if (expected.reason !== undefined) {
    const { _tag, reason } = JSON.parse(answer.body)
    assert.deepStrictEqual({ _tag, reason }, { _tag: "Unauthorized", reason: expected.reason })
  } else if (expected.status === 403 || expected.status === 503) {
    const tag = expected.status === 403 ? "Forbidden" : "ServiceUnavailable"
    assert.strictEqual(JSON.parse(answer.body)._tag, tag)
  } else {
    assert.notInclude(answer.body, "who")
  }
}

const doors: Partial<Record<string, Door>> = {}
beforeAll(async () => {
  Object.assign(doors, await Doors.openDoors(opening))
})
afterAll(async () => {
  await Promise.all(Object.values(doors).map((door) => door?.close()))
})

const doorNames = Object.keys(opening) as ReadonlyArray<DoorName>

describe.each(doorNames)("%s", (name) => {
  it.each(cases)("$name", async (testCase) => {
    const before = handled
    const answer = await doors[name]?.send(testCase)
    assert(answer !== undefined)
    check(testCase, testCase.differs?.(name) ?? testCase.expect, answer, handled - before)
  })
})

// ----------------------------------------------------------------------------
// a middleware of the whole API
// ----------------------------------------------------------------------------

class Whole extends HttpApi.make("whole")
  .add(HttpApiGroup.make("all").add(HttpApiEndpoint.get("me", "/me").addSuccess(Who)).prefix("/v1"))
  .middleware(InQuery) {}

const WholeLive = HttpApiBuilder.group(Whole, "all", (handlers) => handlers.handle("me", () => see))
const WholeApiLive = Layer.mergeAll(
  HttpApiBuilder.middlewareOpenApi({ path: "/openapi.json" }),
  HttpApiBuilder.middlewareCors()
).pipe(
  Layer.provideMerge(HttpApiBuilder.api(Whole)),
  Layer.provide(WholeLive),
  Layer.provide(SecurityMiddleware.layer(InQuery))
)
const WholeRoutes = HttpLayerRouter.addHttpApi(Whole, { openapiPath: "/openapi.json" }).pipe(
  Layer.provide(WholeLive),
  Layer.provide(SecurityMiddleware.layer(InQuery)),
  Layer.provide(HttpServer.layerContext)
)

const openingWhole = {
  "HttpApiBuilder, Fetch": () =>
    Doors.web(HttpApiBuilder.toWebHandler(Layer.mergeAll(WholeApiLive, HttpServer.layerContext))),
  "HttpApiBuilder, node:http": () =>
    Doors.node(HttpApiBuilder.serve().pipe(Layer.provide(WholeApiLive))),
  "addHttpApi, Fetch": () => Doors.web(HttpLayerRouter.toWebHandler(WholeRoutes, withoutLogger)),
  "addHttpApi, node:http": () => Doors.node(HttpLayerRouter.serve(WholeRoutes, withoutLogger))
} as const

describe.each(Object.keys(openingWhole) as ReadonlyArray<keyof typeof openingWhole>)(
  "an API-level tag, %s",
  (name) => {
    let door: Door | undefined
    beforeAll(async () => {
      door = await openingWhole[name]()
    })
    afterAll(() => door?.close())
    const isBuilder = name.startsWith("HttpApiBuilder")

    const expectations: ReadonlyArray<readonly [target: string, expected: Expected]> = [
      ["/v1/me?api_key=robot", pass("R2-D2")],
      ["/v1/me", absent(keyChallenge)],
      ["/v1/me?api_key=wrong", invalid(keyChallenge)],
      ["/v1/me?api_key=robot&api_key=robot", malformed(keyChallenge)],
      // the platform's difference: HttpApiBuilder puts the middlewares of an API around the router, addHttpApi around each route
      ["/v1/nothing", isBuilder ? absent(keyChallenge) : notFound],
      ["/v1/nothing?api_key=robot", notFound],
      ["/openapi.json", isBuilder ? absent(keyChallenge) : { status: 200 }],
      ["/openapi.json?api_key=robot", { status: 200 }]
    ]
    it.each(expectations)("GET %s", async (target, expected) => {
      const before = handled
      const answer = await door?.send({ target })
      assert(answer !== undefined)
      assert.strictEqual(answer.status, expected.status, JSON.stringify(answer))
      assert.strictEqual(Doors.challengeOf(answer), expected.challenge)
      assert.strictEqual(handled - before, expected.who === undefined ? 0 : 1)
      if (expected.who !== undefined) {
        assert.deepStrictEqual(JSON.parse(answer.body), { who: expected.who })
        assert.strictEqual(answer.headers["cache-control"], "private")
      }
    })
  }
)

describe("one body everywhere", () => {
  it.each(cases.filter(({ differs, expect }) => differs === undefined && expect.status !== 500))(
    "$name",
    async (testCase) => {
      const bodies = await Promise.all(
        doorNames.map(async (name) => {
          const body = (await doors[name]?.send(testCase))?.body ?? ""
          return body === "" ? "" : JSON.stringify(sorted(JSON.parse(body)))
        })
      )
      assert.deepStrictEqual(new Set(bodies).size, 1, JSON.stringify(bodies))
    }
  )
})

const sorted = (value: object): object =>
  Object.fromEntries(Object.entries(value).sort(([left], [right]) => left.localeCompare(right)))

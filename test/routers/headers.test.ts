/**
 * What a refusal and a pass say in their headers survives fibers, errors of one's own and the platform's contract.
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerRespondable from "@effect/platform/HttpServerRespondable"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import {
  ApiKey,
  HttpBearer,
  OAuth2,
  Scheme,
  Security,
  SecurityError,
  SecurityMiddleware,
  SecurityRouter
} from "../../src/index.ts"
import { overFetch, type Probe } from "./support.ts"
import { appOf } from "../support/line.ts"

type Handler = (request: Request) => Promise<Response>

const oauth2 = OAuth2.passwordBearer({ tokenUrl: "token", scopes: { read: "Read" } })
const verified = oauth2.pipe(
  Security.authenticate((token): Effect.Effect<Security.Grant<string>, SecurityError.Refusal> => {
    switch (Redacted.value(token)) {
      case "reader":
        return Effect.succeed(Security.grant("reader", ["read"]))
      case "plain":
        return Effect.succeed(Security.grant("plain"))
      case "down":
        return Effect.fail(new SecurityError.ServiceUnavailable({ retryAfter: 30 }))
      default:
        return Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))
    }
  })
)
const readers = verified.pipe(Security.scopes("read"))

const answer = (who: string) => HttpServerResponse.json({ who })
const Who = Schema.Struct({ who: Schema.String })
const withoutLogger = { disableLogger: true } as const

const asks = 'Bearer realm="api"'
const refuses = `${asks}, error="invalid_token"`
const insufficient = `${asks}, error="insufficient_scope", scope="read"`

const bearer = (token: string): Probe => ({
  target: "/items",
  headers: { Authorization: `Bearer ${token}` }
})

// ----------------------------------------------------------------------------
// a timeout, which runs what it times in a fiber of its own
// ----------------------------------------------------------------------------

class Readers extends SecurityMiddleware.Tag<Readers>()("test/Readers", { security: readers }) {}

class Api extends HttpApi.make("api").add(
  HttpApiGroup.make("items").add(
    HttpApiEndpoint.get("get", "/items").addSuccess(Who).middleware(Readers)
  )
) {}
class WholeApi extends HttpApi.make("whole")
  .add(HttpApiGroup.make("items").add(HttpApiEndpoint.get("get", "/items").addSuccess(Who)))
  .middleware(Readers) {}

const ReadersLive = SecurityMiddleware.layer(Readers)
const ItemsLive = HttpApiBuilder.group(Api, "items", (handlers) =>
  handlers.handle("get", () => Effect.succeed({ who: "reader" }))
).pipe(Layer.provide(ReadersLive))
const WholeItemsLive = HttpApiBuilder.group(WholeApi, "items", (handlers) =>
  handlers.handle("get", () => Effect.succeed({ who: "reader" }))
)
const ApiLive = Layer.mergeAll(
  HttpApiBuilder.api(Api).pipe(Layer.provide(ItemsLive)),
  HttpServer.layerContext
)
const WholeLive = Layer.mergeAll(
  HttpApiBuilder.api(WholeApi).pipe(Layer.provide(WholeItemsLive), Layer.provide(ReadersLive)),
  HttpServer.layerContext
)

/** Keeps the errors of the app: a platform's middleware may not turn them into others. */
const timedOut = <A, E, R>(app: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.timeoutFailCause(app, { duration: "5 seconds", onTimeout: () => dead })
const dead = Cause.die("timeout")

const router = HttpRouter.empty.pipe(HttpRouter.get("/items", Security.guard(readers, answer)))
const app = Effect.flatten(HttpRouter.toHttpApp(router))
const Routes = HttpLayerRouter.add("GET", "/items", Security.guard(readers, answer))
const ApiRoutes = HttpLayerRouter.addHttpApi(Api).pipe(
  Layer.provide(ItemsLive),
  Layer.provide(HttpServer.layerContext)
)
const TimedRouter = HttpLayerRouter.middleware((app) => timedOut(app), { global: true })

const timedApps: Readonly<Record<string, Handler>> = {
  "HttpRouter, none": HttpApp.toWebHandler(app),
  "HttpRouter, around the app": HttpApp.toWebHandler(timedOut(app)),
  "HttpRouter, around the guarded handler": HttpApp.toWebHandler(
    HttpRouter.empty.pipe(HttpRouter.get("/items", timedOut(Security.guard(readers, answer))))
  ),
  "HttpRouter, around the expression": HttpApp.toWebHandler(
    HttpRouter.empty.pipe(HttpRouter.get("/items", Effect.flatMap(timedOut(readers), answer)))
  ),
  "HttpRouter, in the handler": HttpApp.toWebHandler(
    HttpRouter.empty.pipe(
      HttpRouter.get(
        "/items",
        Security.guard(readers, (who) => timedOut(answer(who)))
      )
    )
  ),
  "HttpLayerRouter, global": HttpLayerRouter.toWebHandler(
    Layer.mergeAll(Routes, TimedRouter),
    withoutLogger
  ).handler,
  // the type of the option asks for the request, which the server provides
  "HttpLayerRouter, around the app": HttpLayerRouter.toWebHandler(Routes, {
    ...withoutLogger,
    middleware: (app) => timedOut(app)
  }).handler as Handler,
  "HttpApiBuilder, none": HttpApiBuilder.toWebHandler(ApiLive).handler,
  "HttpApiBuilder, around the app": HttpApiBuilder.toWebHandler(ApiLive, {
    middleware: (app) => timedOut(app)
  }).handler,
  "HttpApiBuilder, a middleware": HttpApiBuilder.toWebHandler(
    Layer.mergeAll(
      ApiLive,
      HttpApiBuilder.middleware((app) => timedOut(app))
    )
  ).handler,
  "HttpApiBuilder, an API-level tag, around the app": HttpApiBuilder.toWebHandler(WholeLive, {
    middleware: (app) => timedOut(app)
  }).handler,
  "HttpApiBuilder, an API-level tag, a middleware": HttpApiBuilder.toWebHandler(
    Layer.mergeAll(
      WholeLive,
      HttpApiBuilder.middleware((app) => timedOut(app))
    )
  ).handler,
  "addHttpApi, global": HttpLayerRouter.toWebHandler(
    Layer.mergeAll(ApiRoutes, TimedRouter),
    withoutLogger
  ).handler
}

describe("Effect.timeout", () => {
  describe.each(Object.entries(timedApps))("%s", (_name, handler) => {
    const cases: ReadonlyArray<
      readonly [name: string, probe: Probe, status: number, headers: Record<string, string>]
    > = [
      ["absent", { target: "/items" }, 401, { "www-authenticate": asks }],
      ["invalid", bearer("wrong"), 401, { "www-authenticate": refuses }],
      ["lacking scope", bearer("plain"), 403, { "www-authenticate": insufficient }],
      ["unavailable", bearer("down"), 503, { "retry-after": "30" }],
      ["pass", bearer("reader"), 200, {}]
    ]
    it.each(cases)("%s", async (_name, probe, status, headers) => {
      const answer = await overFetch(handler, probe)
      assert.strictEqual(answer.status, status, answer.body)
      assert.strictEqual(answer.headers["www-authenticate"], headers["www-authenticate"])
      assert.strictEqual(answer.headers["retry-after"], headers["retry-after"])
    })
  })
})

// ----------------------------------------------------------------------------
// errors of one's own
// ----------------------------------------------------------------------------

class NotWelcome extends Schema.TaggedError<NotWelcome>()(
  "NotWelcome",
  { detail: Schema.String },
  HttpApiSchema.annotations({ status: 401 })
) {
  [HttpServerRespondable.symbol]() {
    return HttpServerResponse.json({ _tag: this._tag, detail: this.detail }, { status: 401 })
  }
}
class NotAllowed extends Schema.TaggedError<NotAllowed>()(
  "NotAllowed",
  { detail: Schema.String },
  HttpApiSchema.annotations({ status: 403 })
) {
  [HttpServerRespondable.symbol]() {
    return HttpServerResponse.json({ _tag: this._tag, detail: this.detail }, { status: 403 })
  }
}
class Teapot extends Schema.TaggedError<Teapot>()(
  "Teapot",
  {},
  HttpApiSchema.annotations({ status: 418 })
) {
  [HttpServerRespondable.symbol]() {
    return HttpServerResponse.json({ _tag: this._tag }, { status: 418 })
  }
}

const own = readers.pipe(
  Security.mapError((error) =>
    error._tag === "Unauthorized" ? new NotWelcome({ detail: error.reason })
    : error._tag === "Forbidden" ? new NotAllowed({ detail: error.message })
    : new Teapot()
  )
)

class Own extends SecurityMiddleware.Tag<Own>()("test/Own", {
  security: own,
  failure: Schema.Union(NotWelcome, NotAllowed, Teapot)
}) {}

class OwnApi extends HttpApi.make("own").add(
  HttpApiGroup.make("items").add(
    HttpApiEndpoint.get("get", "/items").addSuccess(Who).middleware(Own)
  )
) {}
class OwnWholeApi extends HttpApi.make("own")
  .add(HttpApiGroup.make("items").add(HttpApiEndpoint.get("get", "/items").addSuccess(Who)))
  .middleware(Own) {}
const OwnItemsLive = HttpApiBuilder.group(OwnApi, "items", (handlers) =>
  handlers.handle("get", () => Effect.succeed({ who: "reader" }))
).pipe(Layer.provide(SecurityMiddleware.layer(Own)))
const OwnWholeItemsLive = HttpApiBuilder.group(OwnWholeApi, "items", (handlers) =>
  handlers.handle("get", () => Effect.succeed({ who: "reader" }))
)

const ownRoutes = [SecurityRouter.route("GET", "/items", own, answer)]

const ownApps: Readonly<Record<string, Handler>> = {
  HttpRouter: HttpApp.toWebHandler(
    HttpRouter.empty.pipe(HttpRouter.get("/items", Security.guard(own, answer)))
  ),
  "HttpRouter, yielded": HttpApp.toWebHandler(
    HttpRouter.empty.pipe(HttpRouter.get("/items", Effect.flatMap(own, answer)))
  ),
  "HttpRouter, in a larger expression": HttpApp.toWebHandler(
    HttpRouter.empty.pipe(
      HttpRouter.get("/items", Security.guard(Security.anyOf(own, Security.deny), answer))
    )
  ),
  "SecurityRouter.toHttpRouter": HttpApp.toWebHandler(appOf(ownRoutes)),
  "SecurityRouter.toLayer": HttpLayerRouter.toWebHandler(
    SecurityRouter.toLayer(ownRoutes),
    withoutLogger
  ).handler,
  HttpLayerRouter: HttpLayerRouter.toWebHandler(
    HttpLayerRouter.add("GET", "/items", Security.guard(own, answer)),
    withoutLogger
  ).handler,
  HttpApiBuilder: HttpApiBuilder.toWebHandler(
    Layer.mergeAll(
      HttpApiBuilder.api(OwnApi).pipe(Layer.provide(OwnItemsLive)),
      HttpServer.layerContext
    )
  ).handler,
  "HttpApiBuilder, an API-level tag": HttpApiBuilder.toWebHandler(
    Layer.mergeAll(
      HttpApiBuilder.api(OwnWholeApi).pipe(
        Layer.provide(OwnWholeItemsLive),
        Layer.provide(SecurityMiddleware.layer(Own))
      ),
      HttpServer.layerContext
    )
  ).handler,
  addHttpApi: HttpLayerRouter.toWebHandler(
    HttpLayerRouter.addHttpApi(OwnApi).pipe(
      Layer.provide(OwnItemsLive),
      Layer.provide(HttpServer.layerContext)
    ),
    withoutLogger
  ).handler
}

describe("errors of one's own", () => {
  describe.each(Object.entries(ownApps))("%s", (_name, handler) => {
    const cases: ReadonlyArray<
      readonly [
        name: string,
        probe: Probe,
        status: number,
        challenge: string | undefined,
        body: object
      ]
    > = [
      ["absent", { target: "/items" }, 401, asks, { _tag: "NotWelcome", detail: "absent" }],
      ["invalid", bearer("wrong"), 401, refuses, { _tag: "NotWelcome", detail: "invalid" }],
      [
        "lacking scope",
        bearer("plain"),
        403,
        insufficient,
        { _tag: "NotAllowed", detail: "Insufficient scope" }
      ],
      // another status than the refusal's takes no header of it
      ["unavailable", bearer("down"), 418, undefined, { _tag: "Teapot" }],
      ["pass", bearer("reader"), 200, undefined, { who: "reader" }]
    ]
    it.each(cases)("%s", async (_name, probe, status, challenge, body) => {
      const answer = await overFetch(handler, probe)
      assert.strictEqual(answer.status, status, answer.body)
      assert.strictEqual(answer.headers["www-authenticate"], challenge)
      assert.strictEqual(answer.headers["retry-after"], undefined)
      assert.deepStrictEqual(JSON.parse(answer.body), body)
    })
  })

  it("a timeout around the whole HttpApi keeps the challenges, since the error is answered inside", async () => {
    const { handler } = HttpApiBuilder.toWebHandler(
      Layer.mergeAll(
        HttpApiBuilder.api(OwnApi).pipe(Layer.provide(OwnItemsLive)),
        HttpServer.layerContext
      ),
      { middleware: (app) => timedOut(app) }
    )
    const answer = await overFetch(handler, bearer("wrong"))
    assert.strictEqual(answer.status, 401)
    assert.strictEqual(answer.headers["www-authenticate"], refuses)
  })
})

// the contract may be of the errors' own schemas
class Plain extends SecurityMiddleware.Tag<Plain>()("test/Plain", {
  security: readers,
  failure: Schema.Union(
    SecurityError.Unauthorized,
    SecurityError.Forbidden,
    SecurityError.TooManyRequests,
    SecurityError.ServiceUnavailable
  )
}) {}

describe("a contract of the errors' own schemas", () => {
  class PlainApi extends HttpApi.make("plain").add(
    HttpApiGroup.make("items").add(
      HttpApiEndpoint.get("get", "/items").addSuccess(Who).middleware(Plain)
    )
  ) {}
  const { handler } = HttpApiBuilder.toWebHandler(
    Layer.mergeAll(
      HttpApiBuilder.api(PlainApi).pipe(
        Layer.provide(
          HttpApiBuilder.group(PlainApi, "items", (handlers) =>
            handlers.handle("get", () => Effect.succeed({ who: "reader" }))
          )
        ),
        Layer.provide(SecurityMiddleware.layer(Plain))
      ),
      HttpServer.layerContext
    )
  )
  it.each([
    [bearer("wrong"), 401, "www-authenticate", refuses],
    [bearer("plain"), 403, "www-authenticate", insufficient],
    [bearer("down"), 503, "retry-after", "30"]
  ] as const)("keeps the headers: %o", async (probe, status, name, value) => {
    const answer = await overFetch(handler, probe)
    assert.strictEqual(answer.status, status)
    assert.strictEqual(answer.headers[name], value)
  })
})

describe("limits", () => {
  // a FiberRef of a child fiber that fails is lost: the refusals themselves carry their challenges, errors of one's own can't
  it("an error of one's own that crosses a fiber outside a plain router loses its challenges", async () => {
    const own_ = HttpRouter.empty.pipe(HttpRouter.get("/items", Security.guard(own, answer)))
    const app = Effect.flatten(HttpRouter.toHttpApp(own_))
    const challenges = await Promise.all(
      [app, timedOut(app)].map(async (app) => {
        const answer = await overFetch(HttpApp.toWebHandler(app), bearer("wrong"))
        assert.strictEqual(answer.status, 401)
        return answer.headers["www-authenticate"]
      })
    )
    assert.deepStrictEqual(challenges, [refuses, undefined])
  })
})

describe("a defect that looks like an error is a 500", () => {
  const refusal = new SecurityError.Unauthorized({ reason: "invalid" })
  const fail = (error: unknown): never => {
    throw error
  }
  const accepted = oauth2.pipe(Security.authenticate(() => Effect.succeed(Security.grant("who"))))
  const expressions: Readonly<
    Record<string, Security.Security<string, SecurityError.Refusal, never, readonly [], {}>>
  > = Object.fromEntries(
    Object.entries({
      "a verifier dies of a refusal": oauth2.pipe(Security.authenticate(() => Effect.die(refusal))),
      "a verifier throws one": oauth2.pipe(Security.authenticate(() => fail(refusal))),
      "a verifier dies of one beside another defect": oauth2.pipe(
        Security.authenticate(() =>
          Effect.failCause(Cause.parallel(Cause.die(new Error("a bug")), Cause.die(refusal)))
        )
      ),
      "a policy dies of one": accepted.pipe(Security.mapEffect(() => Effect.die(refusal))),
      "a policy throws one": accepted.pipe(Security.map(() => fail(refusal))),
      "a policy dies of an error of one's own": accepted.pipe(
        Security.mapEffect(() => Effect.die(new NotWelcome({ detail: "respondable" })))
      ),
      "a scheme throws one": Scheme.make({
        schemeName: "own",
        scheme: { type: "apiKey", in: "header", name: "X-Own" },
        extract: () => fail(refusal)
      }),
      "orDie makes one of an error of one's own": accepted.pipe(
        Security.mapEffect(() => Effect.fail(new NotWelcome({ detail: "respondable" }))),
        Security.orDie
      )
      // what they succeed with is of no interest
    })
  ) as never
  const cases = Object.entries(expressions)

  it.each(cases)("HttpRouter: %s", async (_name, security) => {
    const handler = HttpApp.toWebHandler(
      HttpRouter.empty.pipe(HttpRouter.get("/items", Security.guard(security, answer)))
    )
    const { headers, status } = await overFetch(handler, bearer("any"))
    assert.deepStrictEqual([status, headers["www-authenticate"]], [500, undefined])
  })

  it.each(cases)("HttpApi: %s", async (name, security) => {
    const tag = SecurityMiddleware.Tag<never>()(`test/Dying/${name}`, { security })
    const api = HttpApi.make("dying").add(
      HttpApiGroup.make("items").add(
        // its contract has the error of one's own as well
        HttpApiEndpoint.get("get", "/items").addSuccess(Who).addError(NotWelcome).middleware(tag)
      )
    )
    const { handler } = HttpApiBuilder.toWebHandler(
      Layer.mergeAll(
        HttpApiBuilder.api(api).pipe(
          Layer.provide(
            HttpApiBuilder.group(api, "items", (handlers) =>
              handlers.handle("get", () => Effect.succeed({ who: "nobody" }))
            )
          ),
          Layer.provide(SecurityMiddleware.layer(tag) as Layer.Layer<never>)
        ),
        HttpServer.layerContext
      ) as Layer.Layer<HttpApi.Api | Layer.Layer.Success<typeof HttpServer.layerContext>>
    )
    const { headers, status } = await overFetch(handler, bearer("any"))
    assert.deepStrictEqual([status, headers["www-authenticate"]], [500, undefined])
  })

  it("keeps the defect as its cause", () => {
    const exit = Effect.runSyncExit(
      Effect.provideService(
        oauth2.pipe(Security.authenticate(() => Effect.die(refusal))),
        HttpServerRequest.HttpServerRequest,
        HttpServerRequest.fromWeb(
          new Request("http://localhost/", { headers: { Authorization: "Bearer t" } })
        )
      )
    )
    assert(Exit.isFailure(exit) && exit.cause._tag === "Die")
    assert(exit.cause.defect instanceof Error)
    assert.strictEqual(exit.cause.defect.cause, refusal)
  })
})

describe("an untagged error that looks like a refusal", () => {
  // the platform tries the members of a contract one after the other
  const Message = Schema.Struct({ message: Schema.String })
  const endpoints = {
    "declared before": HttpApiEndpoint.get("get", "/items")
      .addSuccess(Who)
      .addError(Message, { status: 404 })
      .middleware(Readers),
    "declared after": HttpApiEndpoint.get("get", "/items")
      .addSuccess(Who)
      .middleware(Readers)
      .addError(Message, { status: 404 })
  }
  it.each(Object.entries(endpoints))("%s, takes no refusal's place", async (_name, endpoint) => {
    const api = HttpApi.make("looks").add(HttpApiGroup.make("items").add(endpoint))
    const { handler } = HttpApiBuilder.toWebHandler(
      Layer.mergeAll(
        HttpApiBuilder.api(api).pipe(
          Layer.provide(
            HttpApiBuilder.group(api, "items", (handlers) =>
              handlers.handle("get", () => Effect.fail({ message: "none" }))
            )
          ),
          Layer.provide(SecurityMiddleware.layer(Readers))
        ),
        HttpServer.layerContext
      )
    )
    const answers = [bearer("wrong"), bearer("plain"), bearer("down"), bearer("reader")]
    const statuses = answers.map(async (probe) => (await overFetch(handler, probe)).status)
    assert.deepStrictEqual(await Promise.all(statuses), [401, 403, 503, 404])
  })
})

// ----------------------------------------------------------------------------
// caches
// ----------------------------------------------------------------------------

const robots = ApiKey.header("X-Key").pipe(
  Security.authenticate(() => Effect.succeed(Security.grant("R2-D2")))
)
const inCookie = ApiKey.cookie("session").pipe(
  Security.authenticate(() => Effect.succeed(Security.grant("sitter")))
)
const maybe = Security.optional(verified)

class Robots extends SecurityMiddleware.Tag<Robots>()("test/Robots", { security: robots }) {}
class Sitters extends SecurityMiddleware.Tag<Sitters>()("test/Sitters", { security: inCookie }) {}
class Maybe extends SecurityMiddleware.Tag<Maybe>()("test/Maybe", { security: maybe }) {}
class InQuery extends SecurityMiddleware.Tag<InQuery>()("test/InQuery", {
  security: ApiKey.query("key")
}) {}
class Basic extends SecurityMiddleware.Tag<Basic>()("test/Basic", {
  security: HttpBearer.make()
}) {}

class Missing extends Schema.TaggedError<Missing>()(
  "Missing",
  {},
  HttpApiSchema.annotations({ status: 404 })
) {
  [HttpServerRespondable.symbol]() {
    return Effect.succeed(HttpServerResponse.empty({ status: 404 }))
  }
}

describe("caches", () => {
  class CacheApi extends HttpApi.make("cache").add(
    HttpApiGroup.make("all")
      .add(HttpApiEndpoint.get("key", "/key").addSuccess(Who).middleware(Robots))
      .add(HttpApiEndpoint.get("missing", "/missing").addError(Missing).middleware(Robots))
      .add(HttpApiEndpoint.get("said", "/said").addSuccess(Who).middleware(Robots))
      .add(HttpApiEndpoint.get("cookie", "/cookie").addSuccess(Who).middleware(Sitters))
      .add(HttpApiEndpoint.get("maybe", "/maybe").addSuccess(Who).middleware(Maybe))
      .add(HttpApiEndpoint.get("query", "/query").addSuccess(Who).middleware(InQuery))
      .add(HttpApiEndpoint.get("bearer", "/bearer").addSuccess(Who).middleware(Basic))
      .add(
        HttpApiEndpoint.get("both", "/both").addSuccess(Who).middleware(Robots).middleware(Sitters)
      )
      .add(HttpApiEndpoint.get("public", "/public").addSuccess(Who).pipe(SecurityMiddleware.public))
  ) {}
  const said = HttpServerResponse.json(
    { who: "said" },
    { headers: { "cache-control": "max-age=60", vary: "Accept, X-Key" } }
  )
  const who = Effect.succeed({ who: "who" })
  const CacheLive = HttpApiBuilder.group(CacheApi, "all", (handlers) =>
    handlers
      .handle("key", () => who)
      .handle("missing", () => Effect.fail(new Missing()))
      .handleRaw("said", () => Effect.orDie(said))
      .handle("cookie", () => who)
      .handle("maybe", () => who)
      .handle("query", () => who)
      .handle("bearer", () => who)
      .handle("both", () => who)
      .handle("public", () => who)
  ).pipe(
    Layer.provide([
      SecurityMiddleware.layer(Robots),
      SecurityMiddleware.layer(Sitters),
      SecurityMiddleware.layer(Maybe),
      SecurityMiddleware.layer(InQuery),
      SecurityMiddleware.layer(Basic)
    ])
  )
  const CacheApiLive = Layer.mergeAll(
    HttpApiBuilder.api(CacheApi).pipe(Layer.provide(CacheLive)),
    HttpServer.layerContext
  )
  const plain = HttpRouter.empty.pipe(
    HttpRouter.get("/key", Security.guard(robots, answer)),
    HttpRouter.get(
      "/missing",
      Security.guard(robots, () => Effect.fail(new Missing()))
    ),
    HttpRouter.get(
      "/said",
      Security.guard(robots, () => said)
    ),
    HttpRouter.get("/cookie", Security.guard(inCookie, answer)),
    HttpRouter.get(
      "/maybe",
      Security.guard(maybe, () => answer("who"))
    ),
    HttpRouter.get(
      "/query",
      Security.guard(ApiKey.query("key"), () => answer("who"))
    ),
    HttpRouter.get(
      "/bearer",
      Security.guard(HttpBearer.make(), () => answer("who"))
    ),
    HttpRouter.get(
      "/both",
      Security.guard(Security.allOf(robots, inCookie), () => answer("who"))
    ),
    HttpRouter.get(
      "/public",
      Security.guard(Security.public, () => answer("who"))
    )
  )
  const apps: Readonly<Record<string, Handler>> = {
    HttpRouter: HttpApp.toWebHandler(plain),
    HttpApiBuilder: HttpApiBuilder.toWebHandler(CacheApiLive).handler,
    "HttpApiBuilder under a timeout": HttpApiBuilder.toWebHandler(CacheApiLive, {
      middleware: (app) => timedOut(app)
    }).handler,
    addHttpApi: HttpLayerRouter.toWebHandler(
      HttpLayerRouter.addHttpApi(CacheApi).pipe(
        Layer.provide(CacheLive),
        Layer.provide(HttpServer.layerContext)
      ),
      withoutLogger
    ).handler
  }
  const headers = { "X-Key": "k", Cookie: "session=s" }
  const cases: ReadonlyArray<
    readonly [target: string, cacheControl: string | undefined, vary: string | undefined]
  > = [
    ["/key", "private", "x-key"],
    ["/said", "max-age=60", "Accept, x-key"],
    ["/cookie", "private", "cookie"],
    ["/maybe", "private", "authorization"],
    ["/query?key=k", "private", undefined],
    // RFC 9111 lets no shared cache keep what was asked for with Authorization
    ["/bearer", undefined, undefined],
    ["/both", "private", "x-key, cookie"],
    ["/public", undefined, undefined]
  ]
  describe.each(Object.entries(apps))("%s", (_name, handler) => {
    it.each(cases)("%s", async (target, cacheControl, vary) => {
      const answer = await overFetch(handler, {
        target,
        headers: { ...headers, ...(target === "/bearer" && { Authorization: "Bearer t" }) }
      })
      assert.strictEqual(answer.status, 200, answer.body)
      assert.strictEqual(answer.headers["cache-control"], cacheControl)
      assert.deepStrictEqual(answer.headers["vary"]?.split(", ").sort(), vary?.split(", ").sort())
    })
    // a cache may keep a 404 or a 410 without being told (RFC 9111, section 4.2.2)
    it.each([
      ["a refusal", "/key", {}, 401],
      ["an error of the handler", "/missing", headers, 404]
    ] as const)("%s is as private as a pass", async (_name, target, headers, status) => {
      const answer = await overFetch(handler, { target, headers })
      assert.strictEqual(answer.status, status)
      assert.strictEqual(answer.headers["cache-control"], "private")
      assert.strictEqual(answer.headers["vary"], "x-key")
    })
  })
})

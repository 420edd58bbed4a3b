/**
 * A preflight carries no credentials and has to pass; whatever looks like one must not pass for more.
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import {
  ApiKey,
  Security,
  SecurityError,
  SecurityMiddleware,
  SecurityRouter
} from "../../src/index.ts"
import { type Answer, overFetch, type Probe } from "./support.ts"

let handled = 0

const robots = ApiKey.header("X-Key").pipe(
  Security.authenticate((key) =>
    Redacted.value(key) === "robot" ?
      Effect.succeed(Security.grant("R2-D2"))
    : Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))
  )
)
const answer = () =>
  Effect.suspend(() => {
    handled++
    return HttpServerResponse.json({ ok: true })
  })
const guarded = Security.guard(robots, answer)

const options = { allowedOrigins: ["https://page.example"], credentials: true } as const
const withoutLogger = { disableLogger: true } as const

// ----------------------------------------------------------------------------
// apps
// ----------------------------------------------------------------------------

class Robots extends SecurityMiddleware.Tag<Robots>()("test/Robots", { security: robots }) {}

const Ok = Schema.Struct({ ok: Schema.Boolean })

class Whole extends HttpApi.make("whole")
  .add(
    HttpApiGroup.make("items")
      .add(HttpApiEndpoint.get("get", "/items").addSuccess(Ok))
      .add(HttpApiEndpoint.post("post", "/items").addSuccess(Ok))
  )
  .middleware(Robots) {}

const handle = Effect.sync(() => {
  handled++
  return { ok: true }
})
const WholeLive = HttpApiBuilder.group(Whole, "items", (handlers) =>
  handlers.handle("get", () => handle).handle("post", () => handle)
).pipe(Layer.provide(SecurityMiddleware.layer(Robots)))

const ApiLive = HttpApiBuilder.middlewareCors(options).pipe(
  Layer.provideMerge(HttpApiBuilder.api(Whole)),
  Layer.provide(WholeLive),
  Layer.provide(SecurityMiddleware.layer(Robots))
)

const plain = Layer.mergeAll(
  HttpLayerRouter.add("GET", "/items", answer()),
  HttpLayerRouter.add("POST", "/items", answer()),
  HttpLayerRouter.add("*", "/any", answer())
)
class Robot extends Context.Tag("test/Robot")<Robot, string>() {}
// the global middleware that is added first is the outermost
const Guarded = SecurityRouter.middleware(Robot, robots, { global: true })
const Cors = HttpLayerRouter.cors(options)

const anyMethod = HttpRouter.empty.pipe(
  HttpRouter.get("/items", guarded),
  HttpRouter.post("/items", guarded),
  HttpRouter.all("/any", guarded)
)

type Handler = (request: Request) => Promise<Response>

const apps: Readonly<Record<string, Handler>> = {
  "an API-level tag and HttpApiBuilder.middlewareCors": HttpApiBuilder.toWebHandler(
    Layer.mergeAll(ApiLive, HttpServer.layerContext)
  ).handler,
  "an API-level tag and HttpLayerRouter.cors": HttpLayerRouter.toWebHandler(
    HttpLayerRouter.addHttpApi(Whole).pipe(
      Layer.provide(WholeLive),
      Layer.provide(SecurityMiddleware.layer(Robots)),
      Layer.provide(HttpServer.layerContext),
      Layer.merge(Cors)
    ),
    withoutLogger
  ).handler,
  "HttpLayerRouter.cors around a global guard": HttpLayerRouter.toWebHandler(
    Layer.mergeAll(plain, Guarded.pipe(Layer.provideMerge(Cors))),
    withoutLogger
  ).handler,
  "HttpMiddleware.cors around guarded routes": HttpApp.toWebHandler(
    HttpMiddleware.cors(options)(Effect.flatten(HttpRouter.toHttpApp(anyMethod)))
  ),
  "HttpMiddleware.cors around a guarded app": HttpApp.toWebHandler(
    HttpMiddleware.cors(options)(guarded)
  )
}

// ----------------------------------------------------------------------------
// tests
// ----------------------------------------------------------------------------

const origin = { Origin: "https://page.example" }
const preflight = (target: string, method = "POST"): Probe => ({
  method: "OPTIONS",
  target,
  headers: {
    ...origin,
    "Access-Control-Request-Method": method,
    "Access-Control-Request-Headers": "x-key"
  }
})

const run = async (
  handler: Handler,
  probe: Probe
): Promise<{ readonly answer: Answer; readonly ran: number }> => {
  const before = handled
  const answer = await overFetch(handler, probe)
  return { answer, ran: handled - before }
}

describe.each(Object.entries(apps))("%s", (_name, handler) => {
  it("lets a preflight pass, and only the preflight", async () => {
    const { answer, ran } = await run(handler, preflight("/items"))
    assert.strictEqual(answer.status, 204)
    assert.strictEqual(answer.headers["access-control-allow-origin"], "https://page.example")
    assert.strictEqual(answer.headers["access-control-allow-headers"], "x-key")
    assert.include(answer.headers["access-control-allow-methods"], "POST")
    assert.strictEqual(ran, 0)
  })

  it.each(["GET", "POST"])("guards the actual %s", async (method) => {
    const refused = await run(handler, { method, target: "/items", headers: origin })
    assert.strictEqual(refused.answer.status, 401)
    assert.strictEqual(refused.answer.headers["www-authenticate"], 'ApiKey realm="api"')
    // or the page could not read that it was refused
    assert.strictEqual(
      refused.answer.headers["access-control-allow-origin"],
      "https://page.example"
    )
    assert.strictEqual(refused.ran, 0)
    const allowed = await run(handler, {
      method,
      target: "/items",
      headers: { ...origin, "X-Key": "robot" }
    })
    assert.strictEqual(allowed.answer.status, 200)
    assert.strictEqual(allowed.answer.headers["cache-control"], "private")
    assert.include(allowed.answer.headers["vary"], "Origin")
    assert.strictEqual(allowed.ran, 1)
  })

  it("a preflight with a key is answered as one without", async () => {
    const { headers, ...probe } = preflight("/items")
    const { answer, ran } = await run(handler, {
      ...probe,
      headers: { ...headers, "X-Key": "robot" }
    })
    assert.strictEqual(answer.status, 204)
    assert.strictEqual(answer.body, "")
    assert.strictEqual(ran, 0)
  })
})

// without CORS nothing but the guard stands before a handler that is registered for every method
const unprotected: Readonly<Record<string, Handler>> = {
  "HttpRouter.all": HttpApp.toWebHandler(anyMethod),
  'HttpLayerRouter.add("*")': HttpLayerRouter.toWebHandler(
    HttpLayerRouter.add("*", "/any", guarded),
    withoutLogger
  ).handler,
  "a global guard": HttpLayerRouter.toWebHandler(Layer.mergeAll(plain, Guarded), withoutLogger)
    .handler,
  "a guarded app": HttpApp.toWebHandler(guarded),
  // the guard is outside of CORS: the preflight is refused, never let in
  "a global guard around HttpLayerRouter.cors": HttpLayerRouter.toWebHandler(
    Layer.mergeAll(plain, Cors.pipe(Layer.provideMerge(Guarded))),
    withoutLogger
  ).handler,
  "a guard around HttpMiddleware.cors": HttpApp.toWebHandler(
    Security.guard(robots, () => HttpMiddleware.cors(options)(answer()))
  )
}

describe.each(Object.entries(unprotected))("a forged preflight, %s", (_name, handler) => {
  it.each(["GET", "POST", "DELETE"])("asking for %s is refused", async (method) => {
    const { answer, ran } = await run(handler, preflight("/any", method))
    assert.strictEqual(answer.status, 401)
    assert.strictEqual(answer.headers["www-authenticate"], 'ApiKey realm="api"')
    assert.strictEqual(ran, 0)
  })
})

describe("a global guard", () => {
  const Routes = Layer.mergeAll(
    HttpLayerRouter.add(
      "GET",
      "/me",
      Effect.flatMap(Robot, (name) => HttpServerResponse.json({ name }))
    ),
    HttpLayerRouter.add("GET", "/items", answer())
  )
  const { handler } = HttpLayerRouter.toWebHandler(
    Routes.pipe(Layer.provideMerge(Guarded)),
    withoutLogger
  )
  const key = { "X-Key": "robot" }

  it("gives every route the principal", async () => {
    const answer = await overFetch(handler, { target: "/me", headers: key })
    assert.deepStrictEqual([answer.status, answer.body], [200, '{"name":"R2-D2"}'])
    assert.strictEqual(answer.headers["vary"], "x-key")
  })

  it.each(["/me", "/items", "/nothing"])("refuses %s without a key", async (target) => {
    for (const headers of [{}, { "X-Key": "wrong" }]) {
      const { answer, ran } = await run(handler, { target, headers })
      assert.deepStrictEqual([answer.status, ran], [401, 0])
    }
  })

  it("lets a request with a key see that there is nothing", async () => {
    assert.strictEqual((await overFetch(handler, { target: "/nothing", headers: key })).status, 404)
  })
})

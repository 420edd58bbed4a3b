import { HttpEffect, HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import { NodeHttpServer } from "@effect/platform-node"
import { ApiKey, Security, SecurityDocument, SecurityRouter, SecurityTest } from "effect-security"
import { Context, Effect, Layer, Redacted } from "effect"
import assert from "node:assert"
import { createServer, request } from "node:http"
import { talk } from "./websocket.ts"

export const robot = Security.anyOf(
  ApiKey.header("X-API-Key"),
  // a browser's WebSocket can set no header
  ApiKey.cookie("session")
).pipe(
  ApiKey.authenticate({
    keys: [{ principal: { name: "R2-D2" }, hash: ApiKey.hash(Redacted.make("robots-key")) }]
  })
)

// ----------------------------------------------------------------------------
// any Effect
// ----------------------------------------------------------------------------

export const me = Effect.gen(function* () {
  const { name } = yield* robot
  return yield* HttpServerResponse.json({ name })
})

// ----------------------------------------------------------------------------
// HttpLayerRouter
// ----------------------------------------------------------------------------

const Items = HttpRouter.addAll([
  HttpRouter.route("GET", "/me", me),
  HttpRouter.route(
    "GET",
    "/items",
    Security.guard(robot, ({ name }) => HttpServerResponse.json([{ item: "Foo", for: name }]))
  )
])

// with a document
export const routes = [
  SecurityRouter.route(
    "GET",
    "/items/:id",
    robot,
    ({ name }) => HttpServerResponse.json({ item: "Foo", for: name }),
    { summary: "One item" }
  ),
  SecurityRouter.route("GET", "/health", Security.public, () => HttpServerResponse.empty())
]
const Documented = SecurityRouter.toLayer(routes)
const { document } = SecurityDocument.fromRoutes(routes)
export const openapi = { info: { title: "Items", version: "1.0.0" }, ...document }

// a principal for several routes
export class Robot extends Context.Service<Robot, { readonly name: string }>()("app/Robot") {}

const Guarded = HttpRouter.add(
  "GET",
  "/guarded",
  Effect.flatMap(Robot, ({ name }) => HttpServerResponse.json({ name }))
).pipe(Layer.provide(SecurityRouter.middleware(Robot, robot).layer))

// ----------------------------------------------------------------------------
// a Fetch handler
// ----------------------------------------------------------------------------

export const { dispose, handler } = HttpRouter.toWebHandler(
  Layer.mergeAll(Items, Documented, Guarded),
  { disableLogger: true } // or every request is logged
)

// one route: what Next.js, SvelteKit or Astro call GET
export const GET = HttpEffect.toWebHandler(
  Security.guard(robot, ({ name }) => HttpServerResponse.json({ name }))
)

// ----------------------------------------------------------------------------
// a WebSocket
// ----------------------------------------------------------------------------

const chat = Security.guard(robot, ({ name }) => talk(name))

const ServerLive = HttpRouter.serve(HttpRouter.add("GET", "/chat", chat), {
  disableLogger: true,
  disableListenLog: true
}).pipe(Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0 })))

// ----------------------------------------------------------------------------

const upgraded = (headers: Record<string, string>) =>
  Effect.gen(function* () {
    const { address } = yield* HttpServer.HttpServer
    const port = address._tag !== "UnixPathAddress" ? address.port : 0
    return yield* Effect.callback<number | undefined>((resume) => {
      const opening = request({
        port,
        path: "/chat",
        headers: {
          ...headers,
          connection: "Upgrade",
          upgrade: "websocket",
          "sec-websocket-version": "13",
          "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="
        }
      })
      opening.on("response", ({ statusCode }) => resume(Effect.succeed(statusCode)))
      opening.on("upgrade", ({ statusCode }, socket) => {
        socket.destroy()
        resume(Effect.succeed(statusCode))
      })
      opening.end()
    })
  })

export const main = Effect.gen(function* () {
  const key = SecurityTest.header("X-API-Key", "robots-key")
  const handlers = [
    [handler, ["/me", "/items", "/items/1", "/guarded"]],
    [GET, ["/"]]
  ] as const
  for (const [handle, paths] of handlers) {
    for (const path of paths) {
      const url = `http://localhost${path}`
      const refused = yield* Effect.promise(() => handle(new Request(url)))
      assert.strictEqual(refused.status, 401)
      const allowed = yield* Effect.promise(() => handle(SecurityTest.request(url, key)))
      assert.strictEqual(allowed.status, 200)
    }
  }
  yield* Effect.promise(dispose)
  assert.strictEqual(yield* upgraded({}), 401)
  assert.strictEqual(yield* upgraded({ cookie: "session=robots-key" }), 101)
}).pipe(Effect.provide(ServerLive), Effect.scoped)

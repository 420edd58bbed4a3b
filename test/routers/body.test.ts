/**
 * Who is refused is refused before the body is read.
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Net from "node:net"
import { ApiKey, Security, SecurityError, SecurityMiddleware } from "../../src/index.ts"
import * as Doors from "./support.ts"
import type { NodeDoor } from "./support.ts"

const robots = ApiKey.header("X-Key").pipe(
  Security.authenticate((key) =>
    Redacted.value(key) === "robot" ?
      Effect.succeed(Security.grant("R2-D2"))
    : Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))
  )
)

const Item = Schema.Struct({ name: Schema.String })

const create = Security.guard(robots, () =>
  HttpServerRequest.schemaBodyJson(Item).pipe(
    Effect.flatMap((item) => HttpServerResponse.json(item)),
    Effect.catchAll(() => Effect.succeed(HttpServerResponse.empty({ status: 400 })))
  )
)

class Robots extends SecurityMiddleware.Tag<Robots>()("test/Robots", { security: robots }) {}

class Api extends HttpApi.make("api").add(
  HttpApiGroup.make("items").add(
    HttpApiEndpoint.post("create", "/items").setPayload(Item).addSuccess(Item).middleware(Robots)
  )
) {}
class WholeApi extends HttpApi.make("whole")
  .add(
    HttpApiGroup.make("items").add(
      HttpApiEndpoint.post("create", "/items").setPayload(Item).addSuccess(Item)
    )
  )
  .middleware(Robots) {}

const ItemsLive = HttpApiBuilder.group(Api, "items", (handlers) =>
  handlers.handle("create", ({ payload }) => Effect.succeed(payload))
)
const WholeItemsLive = HttpApiBuilder.group(WholeApi, "items", (handlers) =>
  handlers.handle("create", ({ payload }) => Effect.succeed(payload))
)
const RobotsLive = SecurityMiddleware.layer(Robots)
const ApiLive = HttpApiBuilder.api(Api).pipe(Layer.provide(ItemsLive), Layer.provide(RobotsLive))
const WholeApiLive = HttpApiBuilder.api(WholeApi).pipe(
  Layer.provide(WholeItemsLive),
  Layer.provide(RobotsLive)
)
const ApiRoutes = HttpLayerRouter.addHttpApi(Api).pipe(
  Layer.provide(ItemsLive),
  Layer.provide(RobotsLive),
  Layer.provide(HttpServer.layerContext)
)
const router = HttpRouter.empty.pipe(HttpRouter.post("/items", create))
const Routes = HttpLayerRouter.add("POST", "/items", create)
const withoutLogger = { disableLogger: true, disableListenLog: true } as const

const handlers: Readonly<Record<string, (request: Request) => Promise<Response>>> = {
  HttpRouter: HttpApp.toWebHandler(router),
  HttpLayerRouter: HttpLayerRouter.toWebHandler(Routes, withoutLogger).handler,
  HttpApiBuilder: HttpApiBuilder.toWebHandler(Layer.mergeAll(ApiLive, HttpServer.layerContext))
    .handler,
  "HttpApiBuilder, an API-level tag": HttpApiBuilder.toWebHandler(
    Layer.mergeAll(WholeApiLive, HttpServer.layerContext)
  ).handler,
  addHttpApi: HttpLayerRouter.toWebHandler(ApiRoutes, withoutLogger).handler
}

describe.each(Object.entries(handlers))("%s, Fetch", (_name, handler) => {
  const post = (headers: Readonly<Record<string, string>>) => {
    let pulls = 0
    const body = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          pulls++
          // never ends
          controller.enqueue(new TextEncoder().encode("x".repeat(1024)))
        }
      },
      { highWaterMark: 0 }
    )
    const init = { method: "POST", headers, body, duplex: "half" }
    const request = new Request("http://localhost/items", init)
    return { request, pulls: () => pulls }
  }

  it("an endless body without a key: 401, unread", async () => {
    const { pulls, request } = post({ "content-type": "application/json" })
    const response = await handler(request)
    assert.strictEqual(response.status, 401)
    assert.strictEqual(response.headers.get("www-authenticate"), 'ApiKey realm="api"')
    assert.strictEqual(request.bodyUsed, false)
    assert.strictEqual(pulls(), 0)
  })

  it("malformed JSON: 401 without a key, 400 with one", async () => {
    const send = (headers: Readonly<Record<string, string>>) =>
      handler(
        new Request("http://localhost/items", {
          method: "POST",
          headers: { "content-type": "application/json", ...headers },
          body: '{"name": 1}'
        })
      )
    assert.strictEqual((await send({})).status, 401)
    assert.strictEqual((await send({ "X-Key": "wrong" })).status, 401)
    assert.strictEqual((await send({ "X-Key": "robot" })).status, 400)
  })

  it("a body is read for whoever is let in", async () => {
    const request = new Request("http://localhost/items", {
      method: "POST",
      headers: { "content-type": "application/json", "X-Key": "robot" },
      body: '{"name": "Foo"}'
    })
    const response = await handler(request)
    assert.strictEqual(response.status, 200)
    assert.deepStrictEqual(await response.json(), { name: "Foo" })
    assert.strictEqual(request.bodyUsed, true)
  })
})

const servers: Readonly<Record<string, () => Promise<NodeDoor>>> = {
  HttpRouter: () => Doors.nodeApp(router),
  HttpLayerRouter: () => Doors.node(HttpLayerRouter.serve(Routes, withoutLogger)),
  HttpApiBuilder: () => Doors.node(HttpApiBuilder.serve().pipe(Layer.provide(ApiLive))),
  addHttpApi: () => Doors.node(HttpLayerRouter.serve(ApiRoutes, withoutLogger))
}

describe.each(Object.keys(servers))("%s, node:http", (name) => {
  let door: NodeDoor | undefined
  beforeAll(async () => {
    door = await servers[name]?.()
  })
  afterAll(() => door?.close())

  it("answers 401 to the head of a huge request, of whose body nothing was sent", async () => {
    const head = await new Promise<string>((resolve, reject) => {
      const socket = Net.connect(door?.port ?? 0, "127.0.0.1", () =>
        socket.write(
          "POST /items HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
            "Content-Length: 1000000000\r\n\r\n"
        )
      )
      socket.once("data", (chunk) => {
        resolve(String(chunk))
        socket.destroy()
      })
      socket.on("error", reject)
    })
    const { headers, status } = Doors.parseAnswer(head)
    assert.strictEqual(status, 401)
    assert.strictEqual(headers["www-authenticate"], 'ApiKey realm="api"')
  })

  it("malformed JSON: 401 without a key, 400 with one", async () => {
    const probe = { method: "POST", target: "/items", body: '{"name": 1}' }
    const headers = { "Content-Type": "application/json" }
    assert.strictEqual((await door?.send({ ...probe, headers }))?.status, 401)
    assert.strictEqual(
      (await door?.send({ ...probe, headers: { ...headers, "X-Key": "robot" } }))?.status,
      400
    )
  })
})

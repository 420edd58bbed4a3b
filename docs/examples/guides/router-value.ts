/** The router that is a value, and the server of an HttpApi alone: Effect 3 has them. */
import {
  FetchHttpClient,
  HttpApiBuilder,
  HttpApp,
  HttpClient,
  HttpMiddleware,
  HttpRouter,
  HttpServerResponse
} from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import {
  Redaction,
  Security,
  SecurityMiddleware,
  SecurityRouter,
  SecurityTest,
  SwaggerUi
} from "effect-security"
import { Effect, Layer, Logger, LogLevel } from "effect"
import assert from "node:assert"
import { Api, Authentication, ItemsLive } from "./items-api.ts"
import { me, robot, routes } from "./routers.ts"

const router = HttpRouter.empty.pipe(
  HttpRouter.get("/me", me),
  HttpRouter.get(
    "/items",
    Security.guard(robot, ({ name }) => HttpServerResponse.json([{ item: "Foo", for: name }]))
  ),
  HttpRouter.concat(SecurityRouter.toHttpRouter(routes))
)

const ApiServer = HttpApiBuilder.serve((app) =>
  Redaction.middleware(HttpMiddleware.logger(app), Redaction.fromApi(Api))
).pipe(
  Layer.provide(SwaggerUi.layer()),
  Layer.provide(HttpApiBuilder.api(Api)),
  Layer.provide(ItemsLive),
  Layer.provide(SecurityMiddleware.layer(Authentication)),
  Layer.provide(FetchHttpClient.layer)
)

// ----------------------------------------------------------------------------
// it runs
// ----------------------------------------------------------------------------

export const main = Effect.gen(function* () {
  const handle = HttpApp.toWebHandler(router)
  const key = SecurityTest.header("X-API-Key", "robots-key")
  for (const path of ["/me", "/items", "/items/1"]) {
    const url = `http://localhost${path}`
    const refused = yield* Effect.promise(() => handle(new Request(url)))
    assert.strictEqual(refused.status, 401)
    const allowed = yield* Effect.promise(() => handle(SecurityTest.request(url, key)))
    assert.strictEqual(allowed.status, 200)
  }

  const statuses = Effect.forEach(["/items", "/health", "/docs"], (path) =>
    Effect.map(HttpClient.get(path), ({ status }) => status)
  )
  assert.deepStrictEqual(
    yield* statuses.pipe(
      Effect.provide(ApiServer.pipe(Layer.provideMerge(NodeHttpServer.layerTest))),
      Logger.withMinimumLogLevel(LogLevel.None)
    ),
    [401, 204, 200]
  )
}).pipe(Effect.scoped)

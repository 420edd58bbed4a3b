/** Keeps keys out of the log. */
import { HttpClient, HttpLayerRouter, HttpMiddleware, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { ApiKey, Redaction, Security } from "effect-security"
import { Effect, Layer, Logger, Redacted } from "effect"
import * as assert from "node:assert"

const robot = ApiKey.query("api_key").pipe(
  ApiKey.authenticate({
    keys: [{ principal: { name: "robot" }, hash: ApiKey.hash(Redacted.make("robots-key")) }]
  })
)

const Items = HttpLayerRouter.add(
  "GET",
  "/items",
  Security.guard(robot, ({ name }) => HttpServerResponse.json({ name }))
)

const names = Redaction.names(robot)

export const ServerLive = HttpLayerRouter.serve(Items, {
  // around the logger, which is not added a second time
  middleware: (app) => Redaction.middleware(HttpMiddleware.logger(app), names),
  disableLogger: true
})

// ----------------------------------------------------------------------------
// it runs
// ----------------------------------------------------------------------------

const lines: Array<string> = []
const LogLive = Logger.replace(
  Logger.defaultLogger,
  Logger.map(Logger.jsonLogger, (line) => void lines.push(line))
)

export const main = Effect.gen(function* () {
  const { status } = yield* HttpClient.get("/items?api_key=robots-key")
  assert.strictEqual(status, 200)
  assert.match(lines.join("\n"), /\/items/)
  assert.doesNotMatch(lines.join("\n"), /robots-key/)
}).pipe(
  Effect.provide(
    ServerLive.pipe(Layer.provideMerge(NodeHttpServer.layerTest), Layer.provide(LogLive))
  ),
  Effect.scoped
)

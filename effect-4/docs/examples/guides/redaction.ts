/** Keeps keys out of the log. */
import { HttpClient, HttpMiddleware, HttpRouter, HttpServerResponse } from "effect/http"
import { NodeHttpServer } from "@effect/platform-node"
import { ApiKey, Redaction, Security } from "effect-security"
import { Effect, Layer, Logger, Redacted } from "effect"
import * as assert from "node:assert"

const robot = ApiKey.query("api_key").pipe(
  ApiKey.authenticate({
    keys: [{ principal: { name: "robot" }, hash: ApiKey.hash(Redacted.make("robots-key")) }]
  })
)

const Items = HttpRouter.add(
  "GET",
  "/items",
  Security.guard(robot, ({ name }) => HttpServerResponse.json({ name }))
)

const names = Redaction.names(robot)

export const ServerLive = HttpRouter.serve(Items, {
  // around the logger, which is not added a second time
  middleware: (app) => Redaction.middleware(HttpMiddleware.logger(app), names),
  disableLogger: true
}).pipe(
  // and around the server, which writes the span of a request
  Layer.provide(Redaction.layer(names))
)

// ----------------------------------------------------------------------------
// it runs
// ----------------------------------------------------------------------------

const lines: Array<string> = []
const LogLive = Logger.layer([Logger.map(Logger.formatJson, (line) => void lines.push(line))])

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

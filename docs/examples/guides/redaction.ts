/** Keeps keys out of the log. */
import { HttpApp, HttpMiddleware, HttpRouter, HttpServerResponse } from "@effect/platform"
import { ApiKey, Redaction, Security } from "effect-security"
import { Effect, Logger, Redacted } from "effect"
import * as assert from "node:assert"

const robot = ApiKey.query("api_key").pipe(
  ApiKey.authenticate({
    keys: [{ principal: { name: "robot" }, hash: ApiKey.hash(Redacted.make("robots-key")) }]
  })
)

const router = HttpRouter.empty.pipe(
  HttpRouter.get(
    "/items",
    Security.guard(robot, ({ name }) => HttpServerResponse.json({ name }))
  )
)

/** Around the logger; in `HttpServer.serve` and `HttpApiBuilder.serve` it is their argument. */
export const app = Redaction.middleware(HttpMiddleware.logger(router), Redaction.names(robot))

export const main = Effect.gen(function* () {
  const lines: Array<string> = []
  const logger = Logger.map(Logger.jsonLogger, (line) => void lines.push(line))
  const handler = HttpApp.toWebHandler(
    app.pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
  )
  const request = new Request("http://localhost/items?api_key=robots-key")
  const { status } = yield* Effect.promise(() => handler(request))
  assert.strictEqual(status, 200)
  assert.match(lines.join("\n"), /api_key=REDACTED/)
  assert.doesNotMatch(lines.join("\n"), /robots-key/)
})

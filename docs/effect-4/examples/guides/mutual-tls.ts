import { HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import { NodeHttpServer } from "@effect/platform-node"
import { MutualTls, Security, SecurityError } from "effect-security"
import { Effect, Layer } from "effect"
import assert from "node:assert"
import { readFileSync } from "node:fs"
import { createServer, request } from "node:https"

const fleet = MutualTls.make({ description: "A certificate of the fleet's CA" })

// TLS has proven the chain and the key; whose it is, is for this to say
const car = fleet.pipe(
  Security.authenticate(({ fingerprint256, subject }) =>
    subject.startsWith("O=Fleet\n") ?
      Effect.succeed(Security.grant({ car: fingerprint256 }))
    : Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))
  )
)

const Routes = HttpRouter.add(
  "GET",
  "/me",
  Security.guard(car, (who) => HttpServerResponse.json(who))
)

const pem = (name: string) =>
  readFileSync(new URL(`../../../test/fixtures/tls/${name}.pem`, import.meta.url))
const key = (name: string) =>
  readFileSync(new URL(`../../../test/fixtures/tls/${name}.key`, import.meta.url))

const https = () =>
  createServer({
    cert: pem("server"),
    key: key("server"),
    // the CA of the clients; without `requestCert` nobody is asked for a certificate
    ca: pem("ca"),
    requestCert: true,
    // who has none is answered 401, and not cut off: other routes may be public
    rejectUnauthorized: false
  })

const ServerLive = HttpRouter.serve(Routes, {
  disableLogger: true,
  disableListenLog: true
}).pipe(Layer.provideMerge(NodeHttpServer.layer(https, { port: 0 })))

export const main = Effect.gen(function* () {
  const { address } = yield* HttpServer.HttpServer
  const port = address._tag !== "UnixPathAddress" ? address.port : 0
  const get = (client: object) =>
    Effect.callback<number | undefined>((resume) => {
      request(
        { port, path: "/me", ca: pem("ca"), servername: "localhost", agent: false, ...client },
        (response) => {
          response.resume()
          resume(Effect.succeed(response.statusCode))
        }
      )
        .on("error", (error) => resume(Effect.die(error)))
        .end()
    })
  assert.strictEqual(yield* get({ cert: pem("client"), key: key("client") }), 200)
  assert.strictEqual(yield* get({}), 401)
  assert.strictEqual(yield* get({ cert: pem("stranger"), key: key("stranger") }), 401)
}).pipe(Effect.provide(ServerLive), Effect.scoped)

/** The same behind proxies that end TLS, and say by `Client-Cert` who it was. */
export const behindProxy = MutualTls.make({ proxy: { addresses: ["10.0.0.7", "fd00::/8"] } })

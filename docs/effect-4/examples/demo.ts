/** A server with every kind of security: `npm run demo`, then look at http://127.0.0.1:3000/docs. */
import { HttpMiddleware, HttpRouter } from "effect/http"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Redaction, SwaggerUi } from "effect-security"
import { Console, Layer } from "effect"
import { createServer } from "node:http"
import { host, port, url } from "./demo/address.ts"
import { Api } from "./demo/api.ts"
import { ApiLive } from "./demo/handlers.ts"

const names = Redaction.fromApi(Api)

const hints = Console.log(
  [
    `effect-security demo on ${url}, documented at ${url}/docs. Try:`,
    "",
    `  curl -i ${url}/users/me`,
    `  curl -s ${url}/token -d 'username=johndoe&password=secret&scope=me items'`,
    `  TOKEN=$(curl -s ${url}/token -d 'username=johndoe&password=secret&scope=me items' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
    `  curl -i ${url}/users/me/items -H "Authorization: Bearer $TOKEN"`,
    `  curl -i ${url}/oidc -H "Authorization: Bearer $TOKEN"`,
    `  curl -i '${url}/items?api_key=demo-key'`,
    `  curl -i ${url}/status`,
    `  curl -i --digest -u johndoe:secret ${url}/digest`,
    `  curl -i -u johndoe:secret ${url}/both -H 'X-API-Key: demo-key'`,
    `  curl -s ${url}/.well-known/openid-configuration`,
    `  curl -s ${url}/openapi.json`,
    ""
  ].join("\n")
)

const Routes = Layer.merge(
  ApiLive,
  SwaggerUi.layer({ api: Api, path: "/docs", documentPath: "/openapi.json" })
)

HttpRouter.serve(Routes, {
  // the logger inside: it writes no key that is sent in the query
  middleware: (app) => Redaction.middleware(HttpMiddleware.logger(app), names),
  disableLogger: true,
  disableListenLog: true
}).pipe(
  Layer.tap(() => hints),
  Layer.provide(NodeHttpServer.layer(createServer, { host, port })),
  Layer.launch,
  NodeRuntime.runMain
)

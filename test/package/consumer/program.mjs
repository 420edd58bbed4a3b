import { HttpLayerRouter, HttpServerResponse } from "@effect/platform"
import { ApiKey, Security } from "effect-security"
import * as SecurityRequirement from "effect-security/SecurityRequirement"

const key = ApiKey.header("X-API-Key")
const routes = HttpLayerRouter.add(
  "GET",
  "/items",
  Security.guard(key, () => HttpServerResponse.json(["Foo"]))
)
const { handler } = HttpLayerRouter.toWebHandler(routes, { disableLogger: true })
const answers = await Promise.all(
  [{}, { "x-api-key": "demo-key" }].map((headers) =>
    handler(new Request("http://localhost/items", { headers }))
  )
)
const statuses = answers.map(({ status }) => status).join()
const names = SecurityRequirement.schemes(key.requirement).join()
if (statuses !== "401,200" || names !== "APIKeyHeader") throw new Error(`${statuses} ${names}`)
console.log(process.version, statuses, names)

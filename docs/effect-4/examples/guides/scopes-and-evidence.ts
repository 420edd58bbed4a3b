import { HttpRouter, HttpServerResponse } from "effect/http"
import { ApiKey, HttpBearer, Security, SecurityError, SecurityTest } from "effect-security"
import { Effect, Redacted } from "effect"
import assert from "node:assert"

const tokens = new Map([
  ["johns-token", Security.grant({ name: "johndoe" }, ["items:read"])],
  ["jills-token", Security.grant({ name: "jill" }, ["items:read", "items:write"])]
])

export const user = HttpBearer.make({
  scopes: { "items:read": "Read items", "items:write": "Create items" }
}).pipe(
  Security.authenticate(({ credentials }) =>
    Effect.mapError(
      Effect.fromNullishOr(tokens.get(Redacted.value(credentials))),
      () => new SecurityError.Unauthorized({ reason: "invalid" })
    )
  )
)

export const key = ApiKey.header("X-API-Key")

export const robot = key.pipe(
  ApiKey.authenticate({
    keys: [{ principal: { name: "R2-D2" }, hash: ApiKey.hash(Redacted.make("robots-key")) }]
  })
)

export const readers = user.pipe(Security.scopes("items:read"))
export const writers = user.pipe(Security.scopes("items:write"))

// domain code asks for the evidence, where the harm is done
export const deleteItem = (id: string) =>
  Effect.as(Security.granted("items:write"), `deleted ${id}`)

const Routes = HttpRouter.addAll([
  HttpRouter.route(
    "GET",
    "/items",
    Security.guard(readers, ({ name }) => HttpServerResponse.json({ reader: name }))
  ),
  HttpRouter.route(
    "DELETE",
    "/items/1",
    Security.guard(writers, () => Effect.as(deleteItem("1"), HttpServerResponse.empty()))
  )
])

export const { handler } = HttpRouter.toWebHandler(Routes, { disableLogger: true })

export const main = Effect.gen(function* () {
  const status = (method: string, token: string) =>
    Effect.promise(() =>
      handler(
        new Request(`http://localhost/items${method === "GET" ? "" : "/1"}`, {
          method,
          headers: { authorization: `Bearer ${token}` }
        })
      ).then((response) => response.status)
    )
  assert.strictEqual(yield* status("GET", "johns-token"), 200)
  assert.strictEqual(yield* status("DELETE", "johns-token"), 403)
  assert.strictEqual(yield* status("DELETE", "jills-token"), 204)
  // a unit test of the domain
  assert.strictEqual(yield* SecurityTest.grantAll(deleteItem("1")), "deleted 1")
})

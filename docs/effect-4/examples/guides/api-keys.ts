import { HttpRouter, HttpServerResponse } from "effect/http"
import { ApiKey, Security, SecurityTest } from "effect-security"
import { Effect, Option } from "effect"
import assert from "node:assert"

/** Yours: a table of keys. */
const table = new Map<string, { readonly owner: string; readonly hash: string }>()

const createKey = (owner: string) =>
  Effect.map(ApiKey.generate({ prefix: "acme" }), ({ hash, id, key }) => {
    table.set(id, { owner, hash })
    // acme_<id>_<secret>: shown to its owner once
    return key
  })

const robot = Security.anyOf(ApiKey.header("X-API-Key"), ApiKey.cookie("session")).pipe(
  ApiKey.authenticate({
    findKey: (id) =>
      Effect.succeed(
        Option.map(Option.fromNullishOr(table.get(id)), ({ hash, owner }) => ({
          principal: { owner },
          hash
        }))
      )
  })
)

const Routes = HttpRouter.addAll([
  HttpRouter.route(
    "GET",
    "/items",
    Security.guard(robot, ({ owner }) => HttpServerResponse.json([{ item: "Foo", owner }]))
  ),
  HttpRouter.route(
    "POST",
    "/session",
    createKey("browser").pipe(
      Effect.flatMap((key) =>
        HttpServerResponse.empty().pipe(ApiKey.setCookie("session", key, { maxAge: "1 hour" }))
      )
    )
  )
])

export const { handler } = HttpRouter.toWebHandler(Routes, { disableLogger: true })

export const main = Effect.gen(function* () {
  const key = yield* createKey("R2-D2")
  const status = (...credentials: ReadonlyArray<SecurityTest.Credential>) =>
    Effect.promise(() =>
      handler(SecurityTest.request("http://localhost/items", ...credentials)).then(
        (response) => response.status
      )
    )
  assert.strictEqual(yield* status(SecurityTest.header("X-API-Key", key)), 200)
  assert.strictEqual(yield* status(SecurityTest.cookie("session", key)), 200)
  assert.strictEqual(yield* status(SecurityTest.header("X-API-Key", "acme_a_b")), 401)
  const session = yield* Effect.promise(() =>
    handler(new Request("http://localhost/session", { method: "POST" }))
  )
  assert.match(
    session.headers.get("set-cookie") ?? "",
    /^session=.*; Max-Age=3600; Path=\/; HttpOnly; Secure; SameSite=Lax$/
  )
})

/** A session in a cookie, and what keeps other sites from using it. */
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { ApiKey, Security, SecurityError, SecurityTest } from "effect-security"
import { Effect, Redacted } from "effect"
import * as assert from "node:assert"

const session = ApiKey.cookie("session_id").pipe(
  ApiKey.authenticate({
    keys: [{ principal: { name: "johndoe" }, hash: ApiKey.hash(Redacted.make("johns-session")) }]
  })
)

/** What a browser says of where a request comes from (Fetch Metadata); other clients say nothing, and have no cookies to steal. */
const isOfThisSite = ({ headers, method }: HttpServerRequest.HttpServerRequest) =>
  method === "GET" || method === "HEAD" ?
    true
  : ["same-origin", "none", undefined].includes(headers["sec-fetch-site"])

const sameSite = Effect.filterOrFail(
  HttpServerRequest.HttpServerRequest,
  isOfThisSite,
  () => new SecurityError.Forbidden({ message: "Another site sent this" })
)

export const browser = session.pipe(Security.tap(() => sameSite))

const Routes = HttpRouter.addAll([
  HttpRouter.route(
    "POST",
    "/items",
    Security.guard(browser, ({ name }) => HttpServerResponse.json({ name }))
  ),
  HttpRouter.route(
    "POST",
    "/login",
    HttpServerResponse.empty().pipe(
      ApiKey.setCookie("session_id", Redacted.make("johns-session"), { maxAge: "1 hour" })
    )
  )
])

export const main = Effect.gen(function* () {
  const { handler } = HttpRouter.toWebHandler(Routes, { disableLogger: true })
  const post = (from: string) =>
    Effect.promise(async () => {
      const request = SecurityTest.request(
        "http://localhost/items",
        SecurityTest.cookie("session_id", "johns-session"),
        SecurityTest.header("Sec-Fetch-Site", from)
      )
      const { status } = await handler(new Request(request, { method: "POST" }))
      return status
    })
  assert.deepStrictEqual(
    yield* Effect.all(["same-origin", "cross-site", "same-site"].map(post)),
    [200, 403, 403]
  )
  const login = yield* Effect.promise(() =>
    handler(new Request("http://localhost/login", { method: "POST" }))
  )
  assert.match(String(login.headers.get("set-cookie")), /HttpOnly; Secure; SameSite=Lax/)
})

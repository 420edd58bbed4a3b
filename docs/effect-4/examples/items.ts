import { HttpRouter, HttpServerResponse } from "effect/http"
import { ApiKey, OAuth2, Security } from "effect-security"
import { findRobot, verifyToken } from "./verifiers.ts"

const oauth2 = OAuth2.authorizationCode({
  schemeName: "oauth2",
  authorizationUrl: "https://example.com/auth",
  tokenUrl: "https://example.com/token",
  scopes: { "items:read": "Read items", "items:write": "Create items" }
})
const apiKey = ApiKey.header("X-API-Key", { schemeName: "apiKey" })

const user = oauth2.pipe(Security.authenticate(verifyToken))
const robot = apiKey.pipe(Security.authenticate(findRobot))

export const readers = Security.anyOf(user.pipe(Security.scopes("items:read")), robot)
export const writers = user.pipe(Security.scopes("items:write"))

export const Routes = HttpRouter.addAll([
  HttpRouter.route(
    "GET",
    "/items",
    Security.guard(readers, ({ name }) => HttpServerResponse.json([{ item: "Foo", for: name }]))
  ),
  HttpRouter.route(
    "POST",
    "/items",
    Security.guard(writers, ({ name }) => HttpServerResponse.json({ item: "Bar", by: name }))
  )
])

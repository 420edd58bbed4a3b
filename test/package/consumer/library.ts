/** What a library of one's own exports: its declarations have to name every type. */
import { HttpApiEndpoint } from "@effect/platform"
import { ApiKey, HttpBasic, Jwks, Jwt, OAuth2, Security, SecurityMiddleware } from "effect-security"

export const key = ApiKey.header("X-API-Key", { scopes: { read: "Read" } })
export const user = OAuth2.passwordBearer({ tokenUrl: "token", scopes: { read: "Read" } }).pipe(
  Jwt.authenticate({
    issuer: "https://id.example",
    audience: "api",
    keys: Jwks.fromUrl("https://id.example/jwks")
  })
)
export const both = Security.allOf(user.pipe(Security.scopes("read")), key)
export const optional = Security.optional(HttpBasic.make())
export const guarded = Security.guard(both, () => Security.granted("read"))
export class Authentication extends SecurityMiddleware.Tag<Authentication>()("app/Authentication", {
  security: user
}) {}
export const readers = Authentication.scopes("read")
export const AuthenticationLive = SecurityMiddleware.layer(Authentication)
export const endpoint = HttpApiEndpoint.get("items", "/items").middleware(readers)

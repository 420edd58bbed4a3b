import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import { HttpBearer, Security, SecurityDocument, SecurityMiddleware } from "effect-security"
import { Context, Effect, Layer, Schema } from "effect"
import { verifyToken } from "./verifiers.ts"

class CurrentUser extends Context.Service<CurrentUser, { readonly name: string }>()(
  "app/CurrentUser"
) {}

class Authentication extends SecurityMiddleware.Tag<Authentication>()("app/Authentication", {
  security: HttpBearer.make({
    scopes: { "items:read": "Read items", "items:write": "Create items" }
  }).pipe(Security.authenticate(({ credentials }) => verifyToken(credentials))),
  provides: CurrentUser
}) {}

export class Api extends HttpApi.make("api")
  .add(
    HttpApiGroup.make("items")
      .add(
        HttpApiEndpoint.get("list", "/items", { success: Schema.Array(Schema.String) }).middleware(
          Authentication.scopes("items:read")
        )
      )
      .add(HttpApiEndpoint.get("whoami", "/me", { success: Schema.String }))
      .add(HttpApiEndpoint.get("health", "/health").pipe(SecurityMiddleware.public))
  )
  .pipe(SecurityMiddleware.secureApi(Authentication), SecurityDocument.annotate()) {}

const Items = HttpApiBuilder.group(Api, "items", (handlers) =>
  handlers
    .handle("list", () => Effect.as(Security.granted("items:read"), ["Foo", "Bar"]))
    .handle("whoami", () => Effect.map(CurrentUser, ({ name }) => name))
    .handle("health", () => Effect.void)
)

export const ApiLive = HttpApiBuilder.layer(Api).pipe(
  Layer.provide(Items),
  Layer.provide(SecurityMiddleware.layer(Authentication))
)

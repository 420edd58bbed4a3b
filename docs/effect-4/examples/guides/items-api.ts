/** An API that is tested in testing.ts and called in client.ts. */
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import {
  OpenIdConnect,
  Security,
  SecurityDocument,
  SecurityError,
  SecurityMiddleware
} from "effect-security"
import { Context, Effect, Layer, Schema } from "effect"

/** The user of an access token. */
export const user = OpenIdConnect.make({
  schemeName: "oidc",
  openIdConnectUrl: "https://issuer.test/.well-known/openid-configuration",
  scopes: { "items:read": "Read items", "items:write": "Create items" }
}).pipe(
  OpenIdConnect.authenticate({
    audience: "items",
    claims: Schema.Struct({ sub: Schema.String, disabled: Schema.optional(Schema.Boolean) })
  }),
  Security.filterOrFail(
    ({ disabled }) => disabled !== true,
    () => new SecurityError.Forbidden({ message: "The account is disabled" })
  ),
  Security.map(({ sub }) => ({ name: sub }))
)

export class CurrentUser extends Context.Service<CurrentUser, { readonly name: string }>()(
  "guide/CurrentUser"
) {}

export class Authentication extends SecurityMiddleware.Tag<Authentication>()(
  "guide/Authentication",
  { security: user, provides: CurrentUser }
) {}

export class Api extends HttpApi.make("items")
  .add(
    HttpApiGroup.make("items")
      .add(
        HttpApiEndpoint.get("list", "/items", { success: Schema.Array(Schema.String) }).middleware(
          Authentication.scopes("items:read")
        )
      )
      .add(
        HttpApiEndpoint.post("create", "/items", { success: Schema.String }).middleware(
          Authentication.scopes("items:write")
        )
      )
      .add(HttpApiEndpoint.get("health", "/health").pipe(SecurityMiddleware.public))
  )
  .pipe(SecurityMiddleware.secureApi(Authentication), SecurityDocument.annotate()) {}

/** Asks for evidence: who calls it on a route without the scope does not compile. */
export const createItem = Effect.gen(function* () {
  yield* Security.granted("items:write")
  const { name } = yield* CurrentUser
  return `an item of ${name}`
})

export const ItemsLive = HttpApiBuilder.group(Api, "items", (handlers) =>
  handlers
    .handle("list", () => Effect.succeed(["Foo", "Bar"]))
    .handle("create", () => createItem)
    .handle("health", () => Effect.void)
)

/** Needs `SecurityMiddleware.layer(Authentication)`, or what takes its place in a test. */
export const ApiLive = HttpApiBuilder.layer(Api).pipe(Layer.provide(ItemsLive))

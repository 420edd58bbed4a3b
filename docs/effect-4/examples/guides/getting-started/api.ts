import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import { ApiKey, Security, SecurityDocument, SecurityMiddleware } from "effect-security"
import { Context, Effect, Layer, Redacted, Schema } from "effect"

// 1. who may ask
export const robots = ApiKey.header("X-API-Key", {
  scopes: { "items:read": "Read items", "items:write": "Create items" }
}).pipe(
  ApiKey.authenticate({
    keys: [
      {
        principal: { name: "R2-D2" },
        hash: ApiKey.hash(Redacted.make("r2d2-key")),
        scopes: ["items:read", "items:write"]
      },
      {
        principal: { name: "C-3PO" },
        hash: ApiKey.hash(Redacted.make("c3po-key")),
        scopes: ["items:read"]
      },
      { principal: { name: "BB-8" }, hash: ApiKey.hash(Redacted.make("bb8-key")) }
    ]
  })
)

// 2. what the handlers get of it
export class Robot extends Context.Service<Robot, { readonly name: string }>()("app/Robot") {}

export class Authentication extends SecurityMiddleware.Tag<Authentication>()("app/Authentication", {
  security: robots,
  provides: Robot
}) {}

// 3. the endpoints
const items = HttpApiGroup.make("items")
  .add(HttpApiEndpoint.get("whoami", "/me", { success: Schema.String }))
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

export class Api extends HttpApi.make("items")
  .add(items)
  .pipe(SecurityMiddleware.secureApi(Authentication), SecurityDocument.annotate()) {}

// 4. the handlers
const createItem = (by: string) => Effect.as(Security.granted("items:write"), `an item by ${by}`)

const Items = HttpApiBuilder.group(Api, "items", (handlers) =>
  handlers
    .handle("whoami", () => Effect.map(Robot, ({ name }) => name))
    .handle("list", () => Effect.succeed(["Foo", "Bar"]))
    .handle("create", () => Effect.flatMap(Robot, ({ name }) => createItem(name)))
    .handle("health", () => Effect.void)
)

export const ApiLive = HttpApiBuilder.layer(Api).pipe(
  Layer.provide(Items),
  Layer.provide(SecurityMiddleware.layer(Authentication))
)

/** The contract: what each endpoint answers, and to whom. */
import { HttpApi, HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import {
  OAuth2,
  SecurityDocument,
  SecurityError,
  SecurityMiddleware,
  TokenEndpoint
} from "effect-security"
import { Context, Schema, type Option } from "effect"
import { digestUser } from "./digest.ts"
import { activeUser, basicUser, oidcUser, reader, userWithKey, visitor } from "./security.ts"
import type { User } from "./users.ts"

// ----------------------------------------------------------------------------
// who is asking
// ----------------------------------------------------------------------------

export class CurrentUser extends Context.Service<CurrentUser, User>()("demo/CurrentUser") {}

export class Username extends Context.Service<Username, string>()("demo/Username") {}

export class Visitor extends Context.Service<Visitor, Option.Option<string>>()("demo/Visitor") {}

export class UserWithKey extends Context.Service<
  UserWithKey,
  { readonly user: User; readonly key: boolean }
>()("demo/UserWithKey") {}

// ----------------------------------------------------------------------------
// how that is found out
// ----------------------------------------------------------------------------

export class Authentication extends SecurityMiddleware.Tag<Authentication>()(
  "demo/Authentication",
  { security: activeUser, provides: CurrentUser }
) {}

export class Readers extends SecurityMiddleware.Tag<Readers>()("demo/Readers", {
  security: reader
}) {}

export class Visitors extends SecurityMiddleware.Tag<Visitors>()("demo/Visitors", {
  security: visitor,
  provides: Visitor
}) {}

export class Basic extends SecurityMiddleware.Tag<Basic>()("demo/Basic", {
  security: basicUser,
  provides: CurrentUser
}) {}

export class Digest extends SecurityMiddleware.Tag<Digest>()("demo/Digest", {
  security: digestUser,
  provides: CurrentUser
}) {}

export class Oidc extends SecurityMiddleware.Tag<Oidc>()("demo/Oidc", {
  security: oidcUser,
  provides: Username
}) {}

export class Both extends SecurityMiddleware.Tag<Both>()("demo/Both", {
  security: userWithKey,
  provides: UserWithKey
}) {}

/** Your own account. */
const Me = Authentication.derive("me")

// ----------------------------------------------------------------------------
// endpoints
// ----------------------------------------------------------------------------

const Item = Schema.Struct({ item_id: Schema.String })

const tokens = HttpApiGroup.make("tokens")
  .add(
    HttpApiEndpoint.post("token", "/token", {
      payload: OAuth2.PasswordFormPayload,
      success: TokenEndpoint.TokenResponse,
      error: [...TokenEndpoint.TokenError, SecurityError.contract[503]]
    }).pipe(SecurityMiddleware.public)
  )
  .add(
    HttpApiEndpoint.get("configuration", "/.well-known/openid-configuration", {
      success: Schema.StructWithRest(Schema.Struct({ issuer: Schema.String }), [
        Schema.Record(Schema.String, Schema.Unknown)
      ])
    }).pipe(SecurityMiddleware.public)
  )
  .add(
    HttpApiEndpoint.get("jwks", "/jwks", {
      success: Schema.Struct({ keys: Schema.Array(Schema.ObjectKeyword) })
    }).pipe(SecurityMiddleware.public)
  )

const users = HttpApiGroup.make("users")
  .add(
    HttpApiEndpoint.get("me", "/users/me", {
      success: Schema.Struct({ username: Schema.String, disabled: Schema.Boolean })
    }).middleware(Me)
  )
  .add(
    HttpApiEndpoint.get("myItems", "/users/me/items", {
      success: Schema.Array(Schema.Struct({ ...Item.fields, owner: Schema.String }))
    }).middleware(Me.scopes("items"))
  )

const items = HttpApiGroup.make("items").add(
  HttpApiEndpoint.get("list", "/items", { success: Schema.Array(Item) }).middleware(Readers)
)

const others = HttpApiGroup.make("others")
  .add(
    HttpApiEndpoint.get("status", "/status", {
      success: Schema.Struct({ status: Schema.String, user: Schema.NullOr(Schema.String) })
    }).middleware(Visitors)
  )
  .add(
    HttpApiEndpoint.get("basic", "/basic", {
      success: Schema.Struct({ username: Schema.String })
    }).middleware(Basic)
  )
  .add(
    HttpApiEndpoint.get("digest", "/digest", {
      success: Schema.Struct({ username: Schema.String })
    }).middleware(Digest)
  )
  .add(
    HttpApiEndpoint.get("oidc", "/oidc", {
      success: Schema.Struct({ username: Schema.String })
    }).middleware(Oidc)
  )
  .add(
    HttpApiEndpoint.get("both", "/both", {
      success: Schema.Struct({ username: Schema.String, key: Schema.Boolean })
    }).middleware(Both)
  )
  .add(
    HttpApiEndpoint.get("health", "/health", {
      success: Schema.Struct({ status: Schema.String })
    }).pipe(SecurityMiddleware.public)
  )

export class Api extends HttpApi.make("demo")
  .add(tokens)
  .add(users)
  .add(items)
  .add(others)
  // whatever says nothing of its security needs a user
  .pipe(SecurityMiddleware.secureApi(Authentication))
  .annotate(OpenApi.Title, "effect-security demo")
  .annotate(OpenApi.Version, "0.1.0")
  .pipe(SecurityDocument.annotate()) {}

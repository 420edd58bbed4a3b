/** The contract: what each endpoint answers, and to whom. */
import { HttpApi, HttpApiEndpoint, HttpApiGroup, OpenApi } from "@effect/platform"
import {
  OAuth2,
  SecurityDocument,
  SecurityError,
  SecurityMiddleware,
  TokenEndpoint
} from "effect-security"
import { Context, type Option, Schema } from "effect"
import { digestUser } from "./digest.ts"
import { activeUser, basicUser, oidcUser, reader, userWithKey, visitor } from "./security.ts"
import type { User } from "./users.ts"

// ----------------------------------------------------------------------------
// who is asking
// ----------------------------------------------------------------------------

export class CurrentUser extends Context.Tag("demo/CurrentUser")<CurrentUser, User>() {}

export class Username extends Context.Tag("demo/Username")<Username, string>() {}

export class Visitor extends Context.Tag("demo/Visitor")<Visitor, Option.Option<string>>() {}

export class UserWithKey extends Context.Tag("demo/UserWithKey")<
  UserWithKey,
  { readonly user: User; readonly key: boolean }
>() {}

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
    HttpApiEndpoint.post("token", "/token")
      .setPayload(OAuth2.PasswordFormPayload)
      .addSuccess(TokenEndpoint.TokenResponse)
      .addError(TokenEndpoint.TokenError)
      .addError(SecurityError.contract[503])
      .pipe(SecurityMiddleware.public)
  )
  .add(
    HttpApiEndpoint.get("configuration", "/.well-known/openid-configuration")
      .addSuccess(
        Schema.Struct(
          { issuer: Schema.String },
          Schema.Record({ key: Schema.String, value: Schema.Unknown })
        )
      )
      .pipe(SecurityMiddleware.public)
  )
  .add(
    HttpApiEndpoint.get("jwks", "/jwks")
      .addSuccess(Schema.Struct({ keys: Schema.Array(Schema.Object) }))
      .pipe(SecurityMiddleware.public)
  )

const users = HttpApiGroup.make("users")
  .add(
    HttpApiEndpoint.get("me", "/users/me")
      .addSuccess(Schema.Struct({ username: Schema.String, disabled: Schema.Boolean }))
      .middleware(Me)
  )
  .add(
    HttpApiEndpoint.get("myItems", "/users/me/items")
      .addSuccess(Schema.Array(Schema.Struct({ ...Item.fields, owner: Schema.String })))
      .middleware(Me.scopes("items"))
  )

const items = HttpApiGroup.make("items").add(
  HttpApiEndpoint.get("list", "/items").addSuccess(Schema.Array(Item)).middleware(Readers)
)

const others = HttpApiGroup.make("others")
  .add(
    HttpApiEndpoint.get("status", "/status")
      .addSuccess(Schema.Struct({ status: Schema.String, user: Schema.NullOr(Schema.String) }))
      .middleware(Visitors)
  )
  .add(
    HttpApiEndpoint.get("basic", "/basic")
      .addSuccess(Schema.Struct({ username: Schema.String }))
      .middleware(Basic)
  )
  .add(
    HttpApiEndpoint.get("digest", "/digest")
      .addSuccess(Schema.Struct({ username: Schema.String }))
      .middleware(Digest)
  )
  .add(
    HttpApiEndpoint.get("oidc", "/oidc")
      .addSuccess(Schema.Struct({ username: Schema.String }))
      .middleware(Oidc)
  )
  .add(
    HttpApiEndpoint.get("both", "/both")
      .addSuccess(Schema.Struct({ username: Schema.String, key: Schema.Boolean }))
      .middleware(Both)
  )
  .add(
    HttpApiEndpoint.get("health", "/health")
      .addSuccess(Schema.Struct({ status: Schema.String }))
      .pipe(SecurityMiddleware.public)
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

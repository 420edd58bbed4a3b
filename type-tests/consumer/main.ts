/** A program of someone who installed the package, compiled against its emitted declarations. */
import {
  ApiKey,
  HttpBasic,
  OAuth2,
  Security,
  SecurityDocument,
  SecurityError,
  SecurityMiddleware,
  SecurityRouter
} from "effect-security"
import * as Granted from "effect-security/Granted"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpServerResponse } from "@effect/platform"
import type { HttpServerRequest } from "@effect/platform"
import { Context, Effect, Layer, Redacted } from "effect"

type Equals<Left, Right> =
  (<Probe>() => Probe extends Left ? 1 : 2) extends <Probe>() => Probe extends Right ? 1 : 2 ? true
  : false
const same = <_Equal extends true>(): void => {}

class Users extends Context.Tag("Users")<Users, { readonly name: string }>() {}

const user = OAuth2.passwordBearer({
  schemeName: "oauth2",
  tokenUrl: "token",
  scopes: { me: "Read yourself", items: "Read items" }
}).pipe(
  Security.authenticate((token) =>
    Effect.map(Users, ({ name }) => Security.grant({ name, token: Redacted.value(token) }, ["me"]))
  )
)
const readers = Security.anyOf(
  user.pipe(Security.scopes("me"), Security.scopes("items")),
  Security.allOf({ who: HttpBasic.make(), key: ApiKey.header("X-API-Key") })
)

same<
  Equals<
    Security.Requirement<typeof readers>,
    readonly [
      { readonly oauth2: readonly ["me", "items"] },
      { readonly APIKeyHeader: readonly []; readonly HTTPBasic: readonly [] }
    ]
  >
>()
same<Equals<Security.Scopes<typeof readers>, "me" | "items">>()
same<
  Equals<Security.Failure<typeof readers>, SecurityError.Unauthorized | SecurityError.Forbidden>
>()
same<Equals<Security.Services<typeof readers>, HttpServerRequest.HttpServerRequest | Users>>()

// @ts-expect-error the key can't prove the scope
readers.pipe(Security.scopes("me"))
// @ts-expect-error the scope is not declared
user.pipe(Security.scopes("admin"))

export const handler: Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  SecurityError.Unauthorized | SecurityError.Forbidden,
  HttpServerRequest.HttpServerRequest | Users
> = Security.guard(user.pipe(Security.scopes("items")), ({ name }) =>
  Effect.as(Granted.granted("items"), HttpServerResponse.text(name))
)

class Authentication extends SecurityMiddleware.Tag<Authentication>()("Authentication", {
  security: user
}) {}

export class Api extends HttpApi.make("api")
  .add(
    HttpApiGroup.make("group").add(
      HttpApiEndpoint.get("list", "/").middleware(Authentication.scopes("items"))
    )
  )
  .pipe(SecurityDocument.annotate()) {}

export const live: Layer.Layer<
  SecurityMiddleware.Implementation<"Authentication">,
  never,
  Users
> = SecurityMiddleware.layer(Authentication)

export const routes = SecurityRouter.toLayer([
  SecurityRouter.route("GET", "/", Security.public, () => HttpServerResponse.text("hello"))
])

/** What the endpoints do, once it is decided who is asking. */
import { FetchHttpClient, HttpApiBuilder, HttpLayerRouter } from "@effect/platform"
import { DigestNonces, OAuth2, Security, SecurityMiddleware, TokenEndpoint } from "effect-security"
import { Effect, Layer, Option } from "effect"
import {
  Api,
  Authentication,
  Basic,
  Both,
  CurrentUser,
  Digest,
  Oidc,
  Readers,
  Username,
  UserWithKey,
  Visitor,
  Visitors
} from "./api.ts"
import { configuration, expiresIn, jwks, sign } from "./tokens.ts"
import { Users, UsersLive } from "./users.ts"

const TokensGroup = HttpApiBuilder.group(Api, "tokens", (handlers) =>
  Effect.map(Users, (users) =>
    handlers
      .handleRaw("token", () =>
        Effect.gen(function* () {
          const { password, scopes, username } = yield* OAuth2.passwordForm
          const found = yield* users.checkPassword(username, password)
          if (Option.isNone(found)) return yield* TokenEndpoint.invalidGrant()
          if (scopes.some((scope) => scope !== "me" && scope !== "items")) {
            return yield* TokenEndpoint.invalidScope({ description: "The scopes are me and items" })
          }
          const accessToken = yield* sign(found.value.username, scopes)
          return TokenEndpoint.tokenResponse({ accessToken, expiresIn, scope: scopes })
        })
      )
      .handle("configuration", () => Effect.succeed(configuration))
      .handle("jwks", () => Effect.succeed(jwks))
  )
)

/** Asks for evidence: it does not compile in a route that does not prove the scope `items`. */
const itemsOf = (owner: string) => Effect.as(Security.granted("items"), [{ item_id: "Foo", owner }])

const UsersGroup = HttpApiBuilder.group(Api, "users", (handlers) =>
  handlers
    .handle("me", () => CurrentUser)
    .handle("myItems", () => Effect.flatMap(CurrentUser, ({ username }) => itemsOf(username)))
)

const ItemsGroup = HttpApiBuilder.group(Api, "items", (handlers) =>
  handlers.handle("list", () => Effect.succeed([{ item_id: "Foo" }, { item_id: "Bar" }]))
)

const OthersGroup = HttpApiBuilder.group(Api, "others", (handlers) =>
  handlers
    .handle("status", () =>
      Effect.map(Visitor, (user) => ({ status: "ok", user: Option.getOrNull(user) }))
    )
    .handle("basic", () => Effect.map(CurrentUser, ({ username }) => ({ username })))
    .handle("digest", () => Effect.map(CurrentUser, ({ username }) => ({ username })))
    .handle("oidc", () => Effect.map(Username, (username) => ({ username })))
    .handle("both", () =>
      Effect.map(UserWithKey, ({ key, user }) => ({ username: user.username, key }))
    )
    .handle("health", () => Effect.succeed({ status: "ok" }))
)

const SecurityLive = Layer.mergeAll(
  SecurityMiddleware.layer(Authentication),
  SecurityMiddleware.layer(Readers),
  SecurityMiddleware.layer(Visitors),
  SecurityMiddleware.layer(Basic),
  SecurityMiddleware.layer(Digest),
  SecurityMiddleware.layer(Oidc),
  SecurityMiddleware.layer(Both)
)

export const ApiLive = HttpLayerRouter.addHttpApi(Api).pipe(
  Layer.provide([TokensGroup, UsersGroup, ItemsGroup, OthersGroup]),
  Layer.provide(SecurityLive),
  Layer.provide([UsersLive, DigestNonces.layerMemory(), FetchHttpClient.layer])
)

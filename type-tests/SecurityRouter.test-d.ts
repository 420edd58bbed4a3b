/** What plain routers know of a guarded route: how it can fail, and what it needs. */
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import type * as HttpRouter from "@effect/platform/HttpRouter"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import {
  ApiKey,
  Granted,
  OAuth2,
  Security,
  type SecurityError,
  SecurityRouter
} from "effect-security"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { expectAssignable, expectError, expectNotAssignable, expectType } from "tsd"

class Database extends Context.Tag("test/Database")<Database, { readonly name: string }>() {}
class Principal extends Context.Tag("test/Principal")<Principal, string>() {}

const key = ApiKey.header("X-Key")
const users = OAuth2.passwordBearer({ tokenUrl: "token", scopes: { read: "Read" } }).pipe(
  Security.authenticate(() => Effect.map(Database, ({ name }) => Security.grant(name, ["read"])))
)
const readers = users.pipe(Security.scopes("read"))
const answer = () => HttpServerResponse.text("ok")

// ----------------------------------------------------------------------------
// errors and needs of a route
// ----------------------------------------------------------------------------

// HttpLayerRouter shows what a route fails with in the requirements of its Layer
declare const added: Layer.Layer.Context<typeof Added>
const Added = HttpLayerRouter.add("GET", "/items", Security.guard(key, answer))
expectType<
  HttpLayerRouter.HttpRouter | HttpLayerRouter.Request<"Error", SecurityError.Unauthorized>
>(added)

declare const scoped: Layer.Layer.Context<typeof Scoped>
const Scoped = HttpLayerRouter.add(
  "GET",
  "/items",
  Security.guard(readers, () => Effect.zipRight(Granted.granted("read"), answer()))
)
expectType<
  | HttpLayerRouter.HttpRouter
  | HttpLayerRouter.Request<"Requires", Database>
  | HttpLayerRouter.Request<"Error", SecurityError.Unauthorized>
  | HttpLayerRouter.Request<"Error", SecurityError.Forbidden>
>(scoped)

declare const open: Layer.Layer.Context<typeof Open>
const Open = HttpLayerRouter.add("GET", "/items", Security.guard(Security.public, answer))
expectType<HttpLayerRouter.HttpRouter>(open)

// evidence that the route does not prove is still needed
declare const unproven: Layer.Layer.Context<typeof Unproven>
const Unproven = HttpLayerRouter.add(
  "GET",
  "/items",
  Security.guard(users, () => Effect.zipRight(Granted.granted("read"), answer()))
)
expectAssignable<typeof unproven>(
  {} as HttpLayerRouter.Request<"Requires", Granted.Granted<"read">>
)
expectNotAssignable<typeof scoped>(
  {} as HttpLayerRouter.Request<"Requires", Granted.Granted<"read">>
)

// ----------------------------------------------------------------------------
// lists
// ----------------------------------------------------------------------------

const routes = [
  SecurityRouter.route("GET", "/items", readers, answer),
  SecurityRouter.route("GET", "/keys", key, answer),
  SecurityRouter.route("GET", "/open", Security.public, answer)
]
declare const listed: Layer.Layer.Context<typeof Listed>
const Listed = SecurityRouter.toLayer(routes)
expectType<
  | HttpLayerRouter.HttpRouter
  | HttpLayerRouter.Request<"Requires", Database>
  | HttpLayerRouter.Request<"Error", SecurityError.Unauthorized>
  | HttpLayerRouter.Request<"Error", SecurityError.Forbidden>
>(listed)

declare const listedOpen: Layer.Layer.Context<typeof ListedOpen>
const ListedOpen = SecurityRouter.toLayer([
  SecurityRouter.route("GET", "/open", Security.public, answer)
])
expectType<HttpLayerRouter.HttpRouter>(listedOpen)

// ----------------------------------------------------------------------------
// middlewares
// ----------------------------------------------------------------------------

const guarded = SecurityRouter.middleware(Principal, readers)
expectType<
  Layer.Layer<
    HttpLayerRouter.Request.From<"Requires", Principal | Granted.Granted<"read">>,
    never,
    | Database
    | HttpLayerRouter.Request<"Error", SecurityError.Unauthorized>
    | HttpLayerRouter.Request<"Error", SecurityError.Forbidden>
  >
>(guarded.layer)

const everywhere = SecurityRouter.middleware(Principal, readers, { global: true })
expectType<
  Layer.Layer<
    | HttpLayerRouter.Request.From<"Requires", Principal | Granted.Granted<"read">>
    | HttpLayerRouter.Request.From<"GlobalRequires", Principal | Granted.Granted<"read">>,
    never,
    | HttpLayerRouter.HttpRouter
    | Database
    | HttpLayerRouter.Request<"GlobalError", SecurityError.Unauthorized>
    | HttpLayerRouter.Request<"GlobalError", SecurityError.Forbidden>
  >
>(everywhere)

// the wrong principal
class Other extends Context.Tag("test/Other")<Other, number>() {}
expectError(SecurityRouter.middleware(Other, readers))
expectError(SecurityRouter.middleware(Other, readers, { global: true }))

// ----------------------------------------------------------------------------
// the combinators of Effect
// ----------------------------------------------------------------------------

// they know nothing of requirements: what they return is an Effect, and no expression
const mapped = Effect.map(readers, (name) => name.length)
expectType<
  Effect.Effect<
    number,
    SecurityError.Unauthorized | SecurityError.Forbidden,
    Database | HttpServerRequest.HttpServerRequest
  >
>(mapped)
expectNotAssignable<Security.Top>(mapped)
expectError(mapped.requirement)
expectError(Security.guard(mapped, answer))
expectError(SecurityRouter.route("GET", "/items", mapped, answer))
// those of this library do
expectAssignable<Security.Top>(readers.pipe(Security.map((name) => name.length)))

// routes of one list may fail with, and need, different things
class Hidden extends Data.TaggedError("Hidden") {}
const mixed = SecurityRouter.toHttpRouter([
  SecurityRouter.route(
    "GET",
    "/hidden",
    ApiKey.header("X-API-Key").pipe(Security.mapError(() => new Hidden())),
    () => HttpServerResponse.empty()
  ),
  SecurityRouter.route("GET", "/key", ApiKey.header("X-API-Key"), () => HttpServerResponse.empty())
])
expectType<HttpRouter.HttpRouter<Hidden | SecurityError.Unauthorized>>(mixed)

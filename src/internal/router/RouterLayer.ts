/**
 * Guarded routes in the router that is made of Layers, and a middleware of it that provides the principal.
 *
 * @since 0.1.0
 */
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { Evidence } from "../../Granted.ts"
import type { Grantable, Guaranteed, SecurityRequirement } from "../../SecurityRequirement.ts"
import { withServices } from "../security/Expression.ts"
import { guard } from "../security/Guard.ts"
import type { Security, Top } from "../security/Model.ts"
import type { Handler, RouteError, RouteServices, SecuredRoute } from "./SecuredRoute.ts"

/**
 * The routes as a Layer of `HttpLayerRouter`.
 *
 * @category routers
 * @since 0.1.0
 */
export const toLayer = <Route extends SecuredRoute<unknown, unknown>>(
  routes: ReadonlyArray<Route>,
  options?: { readonly prefix?: string }
): Layer.Layer<
  never,
  never,
  | HttpLayerRouter.HttpRouter
  | HttpLayerRouter.Request.From<
      "Requires",
      Exclude<RouteServices<Route>, HttpLayerRouter.Provided>
    >
  | HttpLayerRouter.Request.From<"Error", RouteError<Route>>
> =>
  HttpLayerRouter.addAll(
    routes.map((secured) =>
      // HttpLayerRouter types no route for HEAD, and its router knows every method
      HttpLayerRouter.route(
        secured.method as "GET",
        secured.path,
        secured.handler as Handler<Route>
      )
    ),
    options
  )

/**
 * A middleware of `HttpLayerRouter` that guards the routes it is provided to, and gives them the principal under a tag.
 *
 * What the expression needs besides the request is needed by the middleware's Layer. Evidence of the scopes that hold in every
 * alternative is provided as well.
 *
 * With `{ global: true }` it is a Layer that guards every route of the router, and every path
 * that has none. A CORS preflight carries no credentials, and is refused unless `HttpLayerRouter.cors` is around the guard: the global
 * middleware that is added first is the outermost.
 *
 * @example
 * ```ts
 * import { ApiKey, Security, SecurityRouter } from "effect-security"
 * import { HttpLayerRouter, HttpServerResponse } from "@effect/platform"
 * import { Context, Effect, Layer } from "effect"
 *
 * class Robot extends Context.Tag("app/Robot")<Robot, { readonly name: string }>() {}
 *
 * const robots = ApiKey.header("X-API-Key").pipe(
 *   Security.authenticate(() => Effect.succeed(Security.grant({ name: "R2-D2" })))
 * )
 * const Routes = HttpLayerRouter.add("GET", "/me", Effect.flatMap(Robot, HttpServerResponse.json)).pipe(
 *   Layer.provide(SecurityRouter.middleware(Robot, robots).layer)
 * )
 * ```
 * @example
 * ```ts
 * import { ApiKey, Security, SecurityRouter } from "effect-security"
 * import { HttpLayerRouter } from "@effect/platform"
 * import { Context, Effect, Layer } from "effect"
 *
 * class Robot extends Context.Tag("app/Robot")<Robot, { readonly name: string }>() {}
 *
 * const robots = ApiKey.header("X-API-Key").pipe(
 *   Security.authenticate(() => Effect.succeed(Security.grant({ name: "R2-D2" })))
 * )
 * const Guarded = SecurityRouter.middleware(Robot, robots, { global: true }).pipe(
 *   Layer.provideMerge(HttpLayerRouter.cors())
 * )
 * ```
 * @category middlewares
 * @since 0.1.0
 */
export const middleware: {
  <
    Principal,
    Service,
    A extends Service,
    E,
    R,
    Req extends SecurityRequirement,
    G extends Grantable
  >(
    provides: Context.Tag<Principal, Service>,
    security: Security<A, E, R, Req, G>,
    options: { readonly global: true }
  ): Layer.Layer<
    | HttpLayerRouter.Request.From<"Requires", Principal | Evidence<Guaranteed<Req>>>
    | HttpLayerRouter.Request.From<"GlobalRequires", Principal | Evidence<Guaranteed<Req>>>,
    never,
    | HttpLayerRouter.HttpRouter
    | Exclude<R, HttpLayerRouter.GlobalProvided>
    | HttpLayerRouter.Request.From<"GlobalError", E>
  >
  <
    Principal,
    Service,
    A extends Service,
    E,
    R,
    Req extends SecurityRequirement,
    G extends Grantable
  >(
    provides: Context.Tag<Principal, Service>,
    security: Security<A, E, R, Req, G>,
    options?: { readonly global?: false }
  ): HttpLayerRouter.Middleware<{
    provides: Principal | Evidence<Guaranteed<Req>>
    handles: never
    error: E
    requires: never
    layerError: never
    layerRequires: Exclude<R, HttpLayerRouter.Provided>
  }>
} = (
  provides: Context.Tag<unknown, unknown>,
  security: Top,
  options?: { readonly global?: boolean }
) =>
  // the platform infers the types above, but can't while `E` and `Principal` are parameters
  HttpLayerRouter.middleware(
    Effect.map(
      Effect.context<never>(),
      (context) => (app: Effect.Effect<Response, HttpLayerRouter.unhandled>) =>
        guard(withServices(security as AnySecurity, context), (principal) =>
          Effect.provideService(app, provides, principal)
        ) as never
    ),
    options
  ) as never

type AnySecurity = Security<unknown, unknown, unknown, SecurityRequirement, Grantable>

type Response = HttpServerResponse.HttpServerResponse

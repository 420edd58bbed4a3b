/**
 * Guarded routes in the router that is a value.
 *
 * @since 0.1.0
 */
import * as HttpRouter from "@effect/platform/HttpRouter"
import type { Handler, RouteError, RouteServices, SecuredRoute } from "./SecuredRoute.ts"

/**
 * The routes as a router of `HttpRouter`.
 *
 * @category routers
 * @since 0.1.0
 */
export const toHttpRouter = <Route extends SecuredRoute<unknown, unknown>>(
  routes: ReadonlyArray<Route>
): HttpRouter.HttpRouter<
  RouteError<Route>,
  HttpRouter.HttpRouter.ExcludeProvided<RouteServices<Route>>
> =>
  HttpRouter.fromIterable(
    routes.map(({ handler, method, path }) =>
      HttpRouter.makeRoute(method, path, handler as Handler<Route>)
    )
  )

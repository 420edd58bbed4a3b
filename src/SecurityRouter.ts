/**
 * Security expressions in plain routers: routes whose document is made from the same value, and a middleware that provides the
 * principal.
 *
 * `Security.guard` is all a single route needs. A list of {@link route}s makes the router and the document at once.
 *
 * @since 0.1.0
 */
export * from "./internal/router/RouterLayer.ts"
export * from "./internal/router/RouterValue.ts"
export {
  route,
  type RouteError,
  type RouteServices,
  type SecuredRoute
} from "./internal/router/SecuredRoute.ts"

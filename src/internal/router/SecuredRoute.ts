/**
 * Guarded routes: what each enforces, and what a document says of it. They know no router.
 *
 * @since 0.1.0
 */
import type * as HttpMethod from "@effect/platform/HttpMethod"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Effect from "effect/Effect"
import type { LeftOver } from "../../Granted.ts"
import type { SecurityRequirement } from "../../SecurityRequirement.ts"
import type * as Line from "../line/Line.ts"
import { guard, type GuardContext } from "../security/Guard.ts"
import type { Failure, Security, Services, Top } from "../security/Model.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * A guarded route: what it enforces, and what the document says of it.
 *
 * @category models
 * @since 0.1.0
 */
export interface SecuredRoute<out E, out R> {
  readonly method: HttpMethod.HttpMethod
  readonly path: `/${string}`
  readonly security: Top
  readonly operation: { readonly [member: string]: unknown } | undefined
  /** The guarded handler. */
  readonly handler: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
}

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * A route that runs its handler only for a request that the expression lets in, as `Security.guard` does.
 *
 * `operation` is what else the document says of it: `summary`, `responses`, …
 *
 * @example
 * ```ts
 * import { ApiKey, Security, SecurityDocument, SecurityRouter } from "effect-security"
 * import { HttpServerResponse } from "@effect/platform"
 *
 * const routes = [
 *   SecurityRouter.route("GET", "/items", ApiKey.header("X-API-Key"), () => HttpServerResponse.json(["Foo"])),
 *   SecurityRouter.route("GET", "/health", Security.public, () => HttpServerResponse.json({ status: "ok" }))
 * ]
 * const Routes = SecurityRouter.toLayer(routes)
 * const { document } = SecurityDocument.fromRoutes(routes)
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const route = <
  A,
  E,
  R,
  Req extends SecurityRequirement,
  G,
  Handled extends Line.Handled<HttpServerResponse.HttpServerResponse>
>(
  method: HttpMethod.HttpMethod,
  path: `/${string}`,
  security: Security<A, E, R, Req, G>,
  handler: (principal: A, context: GuardContext) => Handled,
  operation?: { readonly [member: string]: unknown }
): SecuredRoute<E | Failure<Handled>, R | LeftOver<Services<Handled>, Req>> => ({
  method,
  path,
  security,
  operation,
  handler: guard(security, handler)
})

// ----------------------------------------------------------------------------
// type functions
// ----------------------------------------------------------------------------

/**
 * What routes fail with, as a union.
 *
 * @category type functions
 * @since 0.1.0
 */
export type RouteError<Route> = Route extends SecuredRoute<infer E, infer _R> ? E : never

/**
 * What routes need, as a union.
 *
 * @category type functions
 * @since 0.1.0
 */
export type RouteServices<Route> = Route extends SecuredRoute<infer _E, infer R> ? R : never

/**
 * The handler of routes, whose types inference has read one by one.
 *
 * @category type functions
 * @since 0.1.0
 */
export type Handler<Route> = Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  RouteError<Route>,
  RouteServices<Route>
>

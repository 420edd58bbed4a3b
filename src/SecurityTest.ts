/**
 * What tests of one's own API need: an issuer of tokens that runs in the test, requests with credentials, principals without
 * any, and the check that document and enforcement agree.
 *
 * Nothing here is for a server that others reach.
 *
 * @since 0.1.0
 */
import * as HttpApi from "@effect/platform/HttpApi"
import type * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { Granted } from "./Granted.ts"
import * as SecurityMiddleware from "./SecurityMiddleware.ts"
import * as Platform from "./internal/http-api/Platform.ts"

export * from "./SecurityAgreement.ts"
export * from "./internal/testing/TestIssuer.ts"
export * from "./internal/testing/TestRequest.ts"

/**
 * Lets code run that asks for evidence (`Security.granted`), in a unit test of its own.
 *
 * @example
 * ```ts
 * import { Security, SecurityTest } from "effect-security"
 * import { Effect } from "effect"
 *
 * const deleteItem = Effect.as(Security.granted("items:write"), "deleted")
 * Effect.runSync(SecurityTest.grantAll(deleteItem)) // => "deleted"
 * ```
 * @category principals
 * @since 0.1.0
 */
export const grantAll = <A, E, R>(
  self: Effect.Effect<A, E, R>
): Effect.Effect<A, E, WithoutEvidence<R>> =>
  // evidence is nothing at run time
  self as Effect.Effect<A, E, WithoutEvidence<R>>

type WithoutEvidence<R> = R extends Granted<infer _Scope extends string> ? never : R

/**
 * A Layer that lets every request in as one principal: for tests of an HttpApi's handlers, in place of `SecurityMiddleware.layer`.
 *
 * It implements the tag and all tags that are derived from it, asks for no credential and checks no scope.
 *
 * @example
 * ```ts
 * import { HttpBearer, Security, SecurityMiddleware, SecurityTest } from "effect-security"
 * import { Context, Effect } from "effect"
 *
 * class CurrentUser extends Context.Tag("app/CurrentUser")<CurrentUser, { readonly name: string }>() {}
 *
 * class Authentication extends SecurityMiddleware.Tag<Authentication>()("app/Authentication", {
 *   security: HttpBearer.make().pipe(
 *     Security.authenticate(() => Effect.succeed(Security.grant({ name: "johndoe" })))
 *   ),
 *   provides: CurrentUser
 * }) {}
 *
 * const AuthenticationTest = SecurityTest.principal(Authentication, { name: "test" })
 * ```
 * @category principals
 * @since 0.1.0
 */
export const principal = <Id extends string, Principal, Service>(
  tag: SecurityMiddleware.Implementable<Id> & {
    readonly provides: Context.Tag<Principal, Service> | undefined
  },
  value: NoInfer<Service>
): Layer.Layer<SecurityMiddleware.Implementation<Id>> =>
  Layer.effectContext(
    Effect.sync(() =>
      Context.unsafeMake<SecurityMiddleware.Implementation<Id>>(
        new Map(
          SecurityMiddleware.family(tag).map(({ key, provides }) => [
            key,
            Platform.implement({
              decide: () => Exit.succeed(value),
              provides,
              pass: undefined,
              fail: Effect.die
            })
          ])
        )
      )
    )
  )

/**
 * The operations of an HttpApi that are public without saying so: `GET /items`.
 *
 * An operation is secured by a tag of this library or by an `HttpApiSecurity` of the platform, on itself, its group or the API;
 * it says that it is public by `SecurityMiddleware.public`. Of middlewares of another kind nobody knows what they do.
 *
 * @example
 * ```ts
 * import { SecurityTest } from "effect-security"
 * import { HttpApi, HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
 *
 * const api = HttpApi.make("api").add(HttpApiGroup.make("items").add(HttpApiEndpoint.get("list", "/items")))
 * SecurityTest.unsecured(api) // => ["GET /items"]
 * ```
 * @category checks
 * @since 0.1.0
 */
export const unsecured = <Id extends string, Groups extends HttpApiGroup.HttpApiGroup.Any, E, R>(
  api: HttpApi.HttpApi<Id, Groups, E, R>
): ReadonlyArray<string> => {
  const found: Array<string> = []
  HttpApi.reflect(api, {
    onGroup: () => {},
    onEndpoint: ({ endpoint, middleware }) => {
      const isSecured = Platform.middlewaresOf(api, middleware).some(
        (tag) => SecurityMiddleware.isTag(tag) || HttpApiMiddleware.isSecurity(tag)
      )
      if (!isSecured && !SecurityMiddleware.isPublic(endpoint)) {
        found.push(`${endpoint.method} ${endpoint.path}`)
      }
    }
  })
  return found
}

/**
 * The defaults of groups and APIs: what secures every endpoint that says nothing itself.
 *
 * @since 0.1.0
 */
import type * as HttpApi from "@effect/platform/HttpApi"
import type * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import type * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as Context from "effect/Context"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import type * as Platform from "./Platform.ts"
import * as SealedApi from "./SealedApi.ts"
import { type AnyIdentifier, type AnyTag, isTag, type Secured } from "./Tag.ts"

/**
 * What stands in the `R` of an endpoint that is public: it provides nothing but itself, and needs no Layer.
 *
 * @category models
 * @since 0.1.0
 */
export interface Public
  extends
    Secured<"effect-security/SecurityMiddleware/Public", Public, never>,
    Platform.NeedsNoLayer {}

/**
 * Whether an endpoint says that it is public.
 *
 * @category guards
 * @since 0.1.0
 */
export const isPublic = (endpoint: { readonly annotations: Context.Context<never> }): boolean =>
  Option.isSome(Context.getOption(endpoint.annotations, PublicAnnotation))

// ----------------------------------------------------------------------------
// endpoints, groups, APIs
// ----------------------------------------------------------------------------

/**
 * Says that an endpoint is public, whatever the default of its group or API.
 *
 * It needs no Layer, and its handler can't use the principal. It takes nothing away from tags that are set with `.middleware`
 * on a group or an API.
 *
 * @example
 * ```ts
 * import { SecurityMiddleware } from "effect-security"
 * import { HttpApiEndpoint } from "@effect/platform"
 *
 * const health = HttpApiEndpoint.get("health", "/health").pipe(SecurityMiddleware.public)
 * ```
 * @category combinators
 * @since 0.1.0
 */
const publicEndpoint = <Endpoint extends HttpApiEndpoint.HttpApiEndpoint.Any>(
  endpoint: Endpoint
): HttpApiEndpoint.HttpApiEndpoint.AddContext<Endpoint, Public> =>
  // the marker is in the annotations, and in the types
  (endpoint as Endpoint & HttpApiEndpoint.HttpApiEndpoint.AnyWithProps).annotate(
    PublicAnnotation,
    true
  ) as HttpApiEndpoint.HttpApiEndpoint.Any as never

export { publicEndpoint as public }

const PublicAnnotation = Context.GenericTag<Public, true>(
  "effect-security/SecurityMiddleware/Public"
)

/**
 * The default of a group: secures every endpoint that has no security of its own and is not public.
 *
 * Add the endpoints first: adding one afterwards throws, since it would not be secured.
 *
 * @example
 * ```ts
 * import { HttpBearer, SecurityMiddleware } from "effect-security"
 * import { HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
 *
 * class Token extends SecurityMiddleware.Tag<Token>()("app/Token", { security: HttpBearer.make() }) {}
 *
 * const items = HttpApiGroup.make("items")
 *   .add(HttpApiEndpoint.get("list", "/items"))
 *   .add(HttpApiEndpoint.get("health", "/health").pipe(SecurityMiddleware.public))
 *   .pipe(SecurityMiddleware.secureGroup(Token))
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const secureGroup: {
  <I extends AnyIdentifier, S>(
    tag: Context.Tag<I, S>
  ): <
    Id extends string,
    Endpoints extends HttpApiEndpoint.HttpApiEndpoint.Any,
    E,
    R,
    TopLevel extends boolean
  >(
    group: HttpApiGroup.HttpApiGroup<Id, Endpoints, E, R, TopLevel>
  ) => HttpApiGroup.HttpApiGroup<Id, WithDefault<Endpoints, I>, E, R, TopLevel>
  <
    Id extends string,
    Endpoints extends HttpApiEndpoint.HttpApiEndpoint.Any,
    E,
    R,
    TopLevel extends boolean,
    I extends AnyIdentifier,
    S
  >(
    group: HttpApiGroup.HttpApiGroup<Id, Endpoints, E, R, TopLevel>,
    tag: Context.Tag<I, S>
  ): HttpApiGroup.HttpApiGroup<Id, WithDefault<Endpoints, I>, E, R, TopLevel>
} = dual(2, (group: HttpApiGroup.HttpApiGroup.AnyWithProps, tag: AnyTag) =>
  securedGroup(group, tag)
)

/**
 * The default of an API: secures every endpoint that neither itself nor its group has secured, and that is not public.
 *
 * Add the groups first: adding one afterwards throws, since it would not be secured.
 *
 * @category combinators
 * @since 0.1.0
 */
export const secureApi: {
  <I extends AnyIdentifier, S>(
    tag: Context.Tag<I, S>
  ): <Id extends string, Groups extends HttpApiGroup.HttpApiGroup.Any, E, R>(
    api: HttpApi.HttpApi<Id, Groups, E, R>
  ) => HttpApi.HttpApi<Id, GroupWithDefault<Groups, I>, E, R>
  <
    Id extends string,
    Groups extends HttpApiGroup.HttpApiGroup.Any,
    E,
    R,
    I extends AnyIdentifier,
    S
  >(
    api: HttpApi.HttpApi<Id, Groups, E, R>,
    tag: Context.Tag<I, S>
  ): HttpApi.HttpApi<Id, GroupWithDefault<Groups, I>, E, R>
} = dual(2, (api: HttpApi.HttpApi.AnyWithProps, tag: AnyTag) => {
  SealedApi.check(api, SealedApi.securing)
  return SealedApi.seal(
    Object.assign(api.annotateContext(Context.empty()), {
      groups: mapValues(api.groups, (group) => securedGroup(group, tag))
    }),
    ["add", "addHttpApi"],
    "add the groups of an HttpApi before secureApi: one that is added afterwards would not be secured"
  )
})

/**
 * The security of an endpoint with a default: its own if it has one.
 *
 * @category type functions
 * @since 0.1.0
 */
export type WithDefault<
  Endpoint extends HttpApiEndpoint.HttpApiEndpoint.Any,
  I extends AnyIdentifier
> =
  Endpoint extends unknown ?
    [Extract<HttpApiEndpoint.HttpApiEndpoint.Context<Endpoint>, AnyIdentifier>] extends [never] ?
      HttpApiEndpoint.HttpApiEndpoint.AddContext<Endpoint, I>
    : Endpoint
  : never

/**
 * A group whose endpoints have a default.
 *
 * @category type functions
 * @since 0.1.0
 */
export type GroupWithDefault<Group extends HttpApiGroup.HttpApiGroup.Any, I extends AnyIdentifier> =
  Group extends (
    HttpApiGroup.HttpApiGroup<infer Id, infer Endpoints, infer E, infer R, infer TopLevel>
  ) ?
    HttpApiGroup.HttpApiGroup<Id, WithDefault<Endpoints, I>, E, R, TopLevel>
  : never

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const securedGroup = (
  group: HttpApiGroup.HttpApiGroup.AnyWithProps,
  tag: AnyTag
): HttpApiGroup.HttpApiGroup.AnyWithProps =>
  SealedApi.seal(
    Object.assign(group.annotateContext(Context.empty()), {
      endpoints: mapValues(group.endpoints, (endpoint) =>
        // the types of what is secured are those of the signature
        isSecured(endpoint) ? endpoint : (endpoint.middleware(tag) as typeof endpoint)
      )
    }),
    ["add"],
    "add the endpoints of an HttpApiGroup before secureGroup or secureApi: one that is added afterwards would not be secured"
  )

const isSecured = (endpoint: HttpApiEndpoint.HttpApiEndpoint.AnyWithProps): boolean =>
  isPublic(endpoint) || [...endpoint.middlewares].some(isTag)

const mapValues = <Value>(
  record: { readonly [name: string]: Value },
  f: (value: Value) => Value
): { readonly [name: string]: Value } =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]))

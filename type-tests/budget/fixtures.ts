/**
 * Generated APIs, each of so many routes: the same API unsecured and secured in several ways.
 *
 * `npm run test:budget` counts what the compiler instantiates for them, `npm run bench:types` measures the rest.
 */

export type Kind =
  | "routes, unsecured"
  | "routes, own scopes"
  | "routes, one of forty scopes"
  | "routes, four combinators"
  | "routes with schemas, unsecured"
  | "routes with schemas, own scopes"
  | "routes with schemas, four combinators"
  | "HttpApi, unsecured"
  | "HttpApi, derived tags"
  | "HttpApi, derived tags, one of forty scopes"
  | "HttpApi, tags by derive"
  | "HttpApi, one tag"
  | "HttpApi, HttpApiSecurity, one tag"
  | "HttpApi, HttpApiSecurity, a tag for each scope set"

export const kinds: ReadonlyArray<Kind> = [
  "routes, unsecured",
  "routes, own scopes",
  "routes, one of forty scopes",
  "routes, four combinators",
  "routes with schemas, unsecured",
  "routes with schemas, own scopes",
  "routes with schemas, four combinators",
  "HttpApi, unsecured",
  "HttpApi, derived tags",
  "HttpApi, derived tags, one of forty scopes",
  "HttpApi, tags by derive",
  "HttpApi, one tag",
  "HttpApi, HttpApiSecurity, one tag",
  "HttpApi, HttpApiSecurity, a tag for each scope set"
]

/** The same API without its security. */
export const unsecured = (kind: Kind): Kind =>
  kind.startsWith("routes with schemas") ? "routes with schemas, unsecured"
  : kind.startsWith("routes") ? "routes, unsecured"
  : "HttpApi, unsecured"

export const fixture = (kind: Kind, size: number): string =>
  kind.startsWith("routes") ? routes(kind, size) : api(kind, size)

// ----------------------------------------------------------------------------
// scopes
// ----------------------------------------------------------------------------

const declared = 40

const numbers = (count: number): ReadonlyArray<number> =>
  Array.from({ length: count }, (_, number) => number)

/** Another pair for each route, up to 1,560. */
const scopesOf = (route: number): readonly [string, string] => {
  const first = route % declared
  const distance = 1 + Math.floor(route / declared)
  return [`"s${first}"`, `"s${(first + distance) % declared}"`]
}

const schemes = `
const user = OAuth2.clientCredentials({
  tokenUrl: "https://id.example/token",
  scopes: { ${numbers(declared)
    .map((number) => `s${number}: "scope ${number}"`)
    .join(", ")} }
}).pipe(
  Security.authenticate(() => Effect.succeed(Security.grant({ name: "johndoe" })))
)
const robot = ApiKey.header("X-API-Key").pipe(
  Security.authenticate(() => Effect.succeed(Security.grant({ name: "R2-D2" })))
)
`

// ----------------------------------------------------------------------------
// HttpRouter
// ----------------------------------------------------------------------------

/** Routes that do next to nothing, so that what security costs stands out; with schemas they are those of an API. */
const routes = (kind: Kind, size: number): string => {
  const handler = kind.startsWith("routes with schemas") ? schemaHandler : plainHandler
  return `
import { HttpRouter, HttpServerResponse } from "@effect/platform"
import { Effect, Schema } from "effect"
${kind === unsecured(kind) ? "" : `import { ApiKey, OAuth2, Security } from "effect-security"\n${schemes}`}
const named = ({ name }: { readonly name: string }) => Effect.succeed(HttpServerResponse.text(name))
void [named, Schema]
${numbers(size)
  .map(
    (number) =>
      `export const route${number} = HttpRouter.makeRoute("GET", "/items/${number}/:id", ${guarded(kind, number, handler(kind, number))})`
  )
  .join("\n")}
`
}

const plainHandler = (kind: Kind): string =>
  kind === unsecured(kind) ? `named({ name: "johndoe" })` : "named"

/** It reads a parameter of the path, and answers by a schema of its own. */
const schemaHandler = (kind: Kind, route: number): string => {
  const answer = (owner: string): string =>
    `Effect.flatMap(HttpRouter.schemaPathParams(Schema.Struct({ id: Schema.NumberFromString })), ({ id }) => HttpServerResponse.schemaJson(Schema.Struct({ id: Schema.Number, owner: Schema.String, item${route}: Schema.String }))({ id, owner: ${owner}, item${route}: "item" }))`
  return kind === unsecured(kind) ? answer(`"johndoe"`) : `({ name }) => ${answer("name")}`
}

const guarded = (kind: Kind, route: number, handler: string): string => {
  const [first, second] = scopesOf(route)
  return (
    kind === unsecured(kind) ? handler
    : kind.endsWith("own scopes") ?
      `Security.guard(user.pipe(Security.scopes(${first}, ${second})), ${handler})`
    : kind.endsWith("one of forty scopes") ?
      `Security.guard(user.pipe(Security.scopes(${first})), ${handler})`
    : `Security.guard(Security.anyOf(user.pipe(Security.scopes(${first}, ${second})), Security.map(Security.allOf(robot, user.pipe(Security.scopes(${second}, ${first}))), ([, user]) => user)), ${handler})`
  )
}

// ----------------------------------------------------------------------------
// HttpApi
// ----------------------------------------------------------------------------

// Every handler reads the user, also in the unsecured API, where a Layer provides it: what reading a service costs is the
// handler's, not its security's. (Over handlers that read nothing each secured kind costs 150 more.) Chosen by what the platform's own
// HttpApiSecurity costs over it: 156 with one tag, as over an API without handlers and over handlers that read nothing.

/** The platform's types are quadratic in the size of a group. */
const groupSize = 20

const api = (kind: Kind, size: number): string => {
  const groups = numbers(Math.ceil(size / groupSize)).map((group) =>
    numbers(size).slice(group * groupSize, (group + 1) * groupSize)
  )
  return `
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup, HttpApiMiddleware, HttpApiSecurity } from "@effect/platform"
import { Context, Effect, Layer, Schema } from "effect"
class CurrentUser extends Context.Tag("CurrentUser")<CurrentUser, { readonly name: string }>() {}
${tags(kind, size)}
${groups
  .map(
    (routes, group) => `
class Group${group} extends HttpApiGroup.make("group${group}")
${routes.map((route) => `  .add(HttpApiEndpoint.get("get${route}", "/items/${route}").addSuccess(Schema.String)${middleware(kind, route)})`).join("\n")}
{}
`
  )
  .join("")}
class Api extends HttpApi.make("api")${groups.map((_, group) => `.add(Group${group})`).join("")} {}
${groups
  .map(
    (routes, group) => `
const Live${group} = HttpApiBuilder.group(Api, "group${group}", (handlers) =>
  handlers
${routes.map((route) => `    .handle("get${route}", () => Effect.map(CurrentUser, ({ name }) => name))`).join("\n")}
)`
  )
  .join("")}
const Live = Layer.mergeAll(${groups.map((_, group) => `Live${group}`).join(", ")})
export const ApiLive = HttpApiBuilder.api(Api).pipe(Layer.provide(Live)${layers(kind, size)})
// everything is provided
export const checked: Layer.Layer<HttpApi.Api> = ApiLive
`
}

const platformTag = (name: string): string => `
class ${name} extends HttpApiMiddleware.Tag<${name}>()("${name}", {
  provides: CurrentUser,
  failure: Schema.String,
  security: { bearer: HttpApiSecurity.bearer }
}) {}
`

const tags = (kind: Kind, size: number): string =>
  kind === "HttpApi, unsecured" ? ""
  : kind === "HttpApi, HttpApiSecurity, one tag" ? platformTag("Authentication")
  : kind === "HttpApi, HttpApiSecurity, a tag for each scope set" ?
    numbers(size)
      .map((number) => platformTag(`Authentication${number}`))
      .join("")
  : `
import { ApiKey, OAuth2, Security, SecurityMiddleware } from "effect-security"
${schemes}
class Authentication extends SecurityMiddleware.Tag<Authentication>()("Authentication", {
  security: user,
  provides: CurrentUser
}) {}
void robot
`

const middleware = (kind: Kind, route: number): string =>
  kind === "HttpApi, unsecured" ? ""
  : kind === "HttpApi, derived tags" ?
    `.middleware(Authentication.scopes(${scopesOf(route).join(", ")}))`
  : kind === "HttpApi, derived tags, one of forty scopes" ?
    `.middleware(Authentication.scopes(${scopesOf(route)[0]}))`
  : kind === "HttpApi, tags by derive" ?
    `.middleware(Authentication.derive(${scopesOf(route).join(", ")}))`
  : kind === "HttpApi, HttpApiSecurity, a tag for each scope set" ?
    `.middleware(Authentication${route})`
  : ".middleware(Authentication)"

const layers = (kind: Kind, size: number): string => {
  const check = `{ bearer: () => Effect.succeed({ name: "johndoe" }) }`
  return (
    kind === "HttpApi, unsecured" ?
      `, Layer.provide(Layer.succeed(CurrentUser, { name: "johndoe" }))`
    : kind === "HttpApi, HttpApiSecurity, one tag" ?
      `, Layer.provide(Layer.succeed(Authentication, ${check}))`
    : kind === "HttpApi, HttpApiSecurity, a tag for each scope set" ?
      `, Layer.provide([${numbers(size)
        .map((number) => `Layer.succeed(Authentication${number}, ${check})`)
        .join(", ")}])`
    : ", Layer.provide(SecurityMiddleware.layer(Authentication))"
  )
}

/**
 * The OpenAPI document of what is enforced: `securitySchemes`, `security`, and the refusals with their headers.
 *
 * `annotate` makes the platform's own `OpenApi.fromApi`, Swagger and Scalar tell it of an HttpApi; `fromRoutes` tells it of
 * plain routes.
 *
 * @since 0.1.0
 */
import * as HttpApi from "@effect/platform/HttpApi"
import type * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import type * as HttpApiSecurity from "@effect/platform/HttpApiSecurity"
import * as OpenApi from "@effect/platform/OpenApi"
import * as OpenApiJsonSchema from "@effect/platform/OpenApiJsonSchema"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { dual, identity } from "effect/Function"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import type * as Schema from "effect/Schema"
import * as Definition from "./internal/security/Definition.ts"
import * as SealedApi from "./internal/http-api/SealedApi.ts"
import * as SecurityError from "./SecurityError.ts"
import * as SecurityMiddleware from "./SecurityMiddleware.ts"
import { definitions, expressionOf, statuses } from "./internal/security/Expression.ts"
import type { Top } from "./internal/security/Model.ts"
import * as SecurityRequirement from "./SecurityRequirement.ts"
import * as SecurityScheme from "./SecurityScheme.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * What a document can be told.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The version of OpenAPI; `"3.1.0"` by default. */
  readonly version?: SecurityScheme.Version
}

/**
 * What the document of plain routes can be told.
 *
 * @category models
 * @since 0.1.0
 */
export interface RouteOptions extends Options {
  /** What `SecurityRouter.toLayer` was given. */
  readonly prefix?: string
}

/**
 * A sentence about something that the document can't say.
 *
 * @category models
 * @since 0.1.0
 */
export interface Omission {
  /** The scheme, or the operation such as `GET /items`. */
  readonly subject: string
  readonly message: string
}

/**
 * A document, and what it could not say.
 *
 * @category models
 * @since 0.1.0
 */
export interface Documented<Document> {
  readonly document: Document
  readonly omissions: ReadonlyArray<Omission>
}

/**
 * The part of an OpenAPI document that plain routes make.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fragment {
  readonly openapi: SecurityScheme.Version
  readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } }
  readonly components: {
    readonly schemas: { readonly [name: string]: unknown }
    readonly securitySchemes: { readonly [name: string]: SecurityScheme.SecurityScheme }
  }
}

/**
 * An operation of a document: what this library writes of it, and whatever else it says.
 *
 * @category models
 * @since 0.1.0
 */
export interface Operation {
  readonly security?: SecurityRequirement.SecurityRequirement
  readonly responses?: { readonly [status: string]: Response }
  readonly [member: string]: unknown
}

interface Response {
  readonly description: string
  readonly headers?: { readonly [name: string]: unknown }
  readonly content?: { readonly [contentType: string]: unknown }
}

/**
 * A plain route as the document sees it: `SecurityRouter.route` makes such a value and the route at once.
 *
 * @category models
 * @since 0.1.0
 */
export interface Route {
  readonly method: string
  /** As the router has it: `/items/:id`. */
  readonly path: string
  readonly security: Top
  /** What else the operation says: `summary`, `parameters`, `responses`, … */
  readonly operation?: { readonly [member: string]: unknown } | undefined
}

// ----------------------------------------------------------------------------
// an HttpApi
// ----------------------------------------------------------------------------

/**
 * Makes every document of an HttpApi tell the truth about its security.
 *
 * Writes `securitySchemes`, each operation's `security` (the AND of all its middlewares, native `HttpApiSecurity` ones
 * included; `[]` for a public one), and the headers of its 401, 403 and 503. The `security` that an endpoint's own
 * `OpenApi.Override` or `OpenApi.Transform` writes is left alone, an `OpenApi.Transform` of the API runs afterwards. An
 * operation that lets nobody in is left out. What the version can't say is logged as a warning when the document is made; {@link fromApi} returns it.
 *
 * Call it last: growing or securing the API afterwards, or giving it another `OpenApi.Transform`, throws, since the document
 * would not tell of it. Throws, when the document is made, for two different schemes of one name and for two
 * different tags of one key.
 *
 * @example
 * ```ts
 * import { HttpBearer, SecurityDocument, SecurityMiddleware } from "effect-security"
 * import { HttpApi, HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
 *
 * class Token extends SecurityMiddleware.Tag<Token>()("app/Token", { security: HttpBearer.make() }) {}
 *
 * class Api extends HttpApi.make("api")
 *   .add(HttpApiGroup.make("items").add(HttpApiEndpoint.get("list", "/items").middleware(Token)))
 *   .pipe(SecurityDocument.annotate()) {}
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const annotate =
  (options: Options = {}) =>
  <Id extends string, Groups extends HttpApiGroup.HttpApiGroup.Any, E, R>(
    api: HttpApi.HttpApi<Id, Groups, E, R>
  ): HttpApi.HttpApi<Id, Groups, E, R> => {
    const before = transformOf(api)
    const transform = (spec: Json): Json => {
      // an API that is added to another hands its annotations to its groups, whose transforms see a tag
      if (!isDocument(spec)) return before(spec)
      const { document, omissions } = secureDocument(spec, api, options)
      for (const { message, subject } of omissions) {
        Effect.runSync(Effect.logWarning(`${subject}: ${message}`))
      }
      return before(document)
    }
    return SealedApi.seal(
      api.annotate(OpenApi.Transform, Object.assign(transform, { [BeforeId]: before })),
      ["add", "addHttpApi", "prefix", "middleware", SealedApi.securing, SealedApi.transforming],
      "call SecurityDocument.annotate last: what is said of the HttpApi afterwards would not be documented"
    )
  }

/**
 * Whether {@link annotate} has been called on an HttpApi.
 *
 * @category guards
 * @since 0.1.0
 */
export const isAnnotated = (api: { readonly annotations: Context.Context<never> }): boolean =>
  hasProperty(
    Option.getOrUndefined(Context.getOption(api.annotations, OpenApi.Transform)),
    BeforeId
  )

/**
 * The document of an HttpApi, and what it could not say.
 *
 * @example
 * ```ts
 * import { SecurityDocument } from "effect-security"
 * import { HttpApi } from "@effect/platform"
 *
 * const { document, omissions } = SecurityDocument.fromApi(HttpApi.make("api"), { version: "3.2.0" })
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const fromApi = <Id extends string, Groups extends HttpApiGroup.HttpApiGroup.Any, E, R>(
  api: HttpApi.HttpApi<Id, Groups, E, R>,
  options: Options = {}
): Documented<Json> => {
  const plain = Object.assign(api.annotateContext(Context.empty()), {
    annotations: Context.omit(OpenApi.Transform)(api.annotations)
  })
  const documented = secureDocument({ ...OpenApi.fromApi(plain) }, api, options)
  return { ...documented, document: transformOf(api)(documented.document) }
}

// ----------------------------------------------------------------------------
// plain routes
// ----------------------------------------------------------------------------

/**
 * The fragment of plain routes: their paths, with `security` and the refusals, and the schemes.
 *
 * It lacks `info` only to be a document: `{ info: { title, version }, ...fragment }`. Path parameters are written as strings
 * unless the operation describes them. The refusals of an expression whose errors `mapError` changes are not written: which
 * are left, and with which body, its value does not tell.
 *
 * @example
 * ```ts
 * import { ApiKey, SecurityDocument } from "effect-security"
 *
 * const { document } = SecurityDocument.fromRoutes([
 *   { method: "GET", path: "/items/:id", security: ApiKey.header("X-API-Key") }
 * ])
 * document.paths["/items/{id}"]?.get?.security // => [{ APIKeyHeader: [] }]
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const fromRoutes: {
  (options?: RouteOptions): (routes: ReadonlyArray<Route>) => Documented<Fragment>
  (routes: ReadonlyArray<Route>, options?: RouteOptions): Documented<Fragment>
} = dual(
  (args) => Array.isArray(args[0]),
  (routes: ReadonlyArray<Route>, options: RouteOptions = {}): Documented<Fragment> => {
    const prefix = options.prefix?.replace(/\/$/, "") ?? ""
    const version = options.version ?? "3.1.0"
    const schemas: Record<string, OpenApiJsonSchema.JsonSchema> = {}
    const paths: Record<string, Record<string, Operation>> = {}
    const omissions: Array<Omission> = []
    const documented: Array<Top> = []
    for (const route of routes) {
      const subject = `${route.method} ${route.path}`
      if (route.method === "*") {
        omissions.push({ subject, message: "OpenAPI has no form for a route of every method" })
        continue
      }
      const security = toSecurity(route.security.requirement)
      if (security === undefined) {
        omissions.push({ subject, message: deniesAll })
        continue
      }
      const path = toPath(prefix !== "" && route.path === "/" ? prefix : prefix + route.path)
      const method = route.method.toLowerCase()
      if (paths[path]?.[method] !== undefined) {
        omissions.push({ subject, message: isRepeated })
        continue
      }
      documented.push(route.security)
      omissions.push(...unsaid(route).map((message) => ({ subject, message })))
      paths[path] = {
        ...paths[path],
        [method]: withHeaders(
          {
            ...pathParameters(prefix + route.path),
            ...route.operation,
            responses: { ...success, ...refusals(route, schemas) },
            security
          },
          { own: route.security.requirement, natives: [] }
        )
      }
    }
    const schemes = securitySchemes(documented, version)
    return {
      document: {
        openapi: version,
        paths,
        components: { schemas, securitySchemes: schemes.document }
      },
      omissions: [...omissions, ...schemes.omissions]
    }
  }
)

const success = { 200: { description: "Success" } }

const refusals = (
  route: Route,
  schemas: Record<string, OpenApiJsonSchema.JsonSchema>
): { readonly [status: string]: Response } => {
  const own = route.operation?.["responses"]
  // which refusals `mapError` leaves, and with which body, only its types tell
  const known = hasOwnErrors(route.security) ? [] : statuses(route.security)
  const described = Object.fromEntries(
    known.map((status) => {
      const contract: Schema.Schema.Any = SecurityError.contract[status]
      const schema = OpenApiJsonSchema.makeWithDefs(contract, {
        defs: schemas
      })
      return [
        status,
        { description: descriptions[status], content: { "application/json": { schema } } }
      ]
    })
  )
  return { ...described, ...(typeof own === "object" ? own : {}) }
}

const hasOwnErrors = (self: Top): boolean => {
  const { clauses, recover } = expressionOf(self)
  const needs = clauses.flatMap((clause) => clause.needs)
  return (
    recover !== undefined ||
    needs.some((need) => {
      const { credential, scopes, verifier } = need.recover
      return credential !== undefined || verifier !== undefined || scopes.size > 0
    })
  )
}

/** What the operation of a route does not say. */
const unsaid = ({ operation, path, security }: Route): ReadonlyArray<string> => {
  const responses = Object.keys(operation?.["responses"] ?? {})
  const isDescribed = responses.some((status) => status === "default" || /^[45]/.test(status))
  return [
    ...(hasOwnErrors(security) && !isDescribed ? [describeErrors] : []),
    ...(withoutPatterns(path) === path ? [] : [noPatterns]),
    ...(path.includes("*") ? [noWildcards] : [])
  ]
}

const isRepeated =
  "another route has this method and path, and a router takes one: this one is left out"
const describeErrors = "its errors are its own: describe them in operation.responses"
const noPatterns =
  "OpenAPI has no form for a regular expression in a path: its parameter is written without"
const noWildcards = "OpenAPI has no form for a wildcard in a path: it is written as it is"

const pathParameters = (path: string): { readonly parameters?: ReadonlyArray<unknown> } => {
  const names = [...withoutPatterns(path).matchAll(/:(\w+)/g)].map((match) => match[1])
  return names.length === 0 ?
      {}
    : {
        parameters: names.map((name) => ({
          name,
          in: "path",
          required: true,
          schema: { type: "string" }
        }))
      }
}

// ----------------------------------------------------------------------------
// steps: an HttpApi
// ----------------------------------------------------------------------------

// The platform's own type of what a Transform is given.
type Json = Parameters<Context.Tag.Service<typeof OpenApi.Transform>>[0]

type Transform = (spec: Json) => Json

const BeforeId: unique symbol = Symbol.for("effect-security/SecurityDocument/Before")

/** The API's own Transform, behind the one that `annotate` sets. */
const transformOf = (api: { readonly annotations: Context.Context<never> }): Transform => {
  const transform = Option.getOrElse(
    Context.getOption(api.annotations, OpenApi.Transform),
    () => identity<Json>
  )
  return hasProperty(transform, BeforeId) ? (transform[BeforeId] as Transform) : transform
}

const isDocument = (spec: Json): boolean => typeof spec["openapi"] === "string"

interface Secured {
  readonly requirement: SecurityRequirement.SecurityRequirement
  /** What the expressions of this library ask, whose refusals carry headers. */
  readonly own: SecurityRequirement.SecurityRequirement
  readonly expressions: ReadonlyArray<Top>
  readonly natives: ReadonlyArray<HttpApiMiddleware.TagClassSecurityAny>
  /** What the platform has written as the operation's `security`. */
  readonly platform: SecurityRequirement.SecurityRequirement
  readonly subject: string
  readonly path: string
  readonly method: string
  readonly isOverridden: boolean
}

const secureDocument = <Id extends string, Groups extends HttpApiGroup.HttpApiGroup.Any, E, R>(
  spec: Json,
  api: HttpApi.HttpApi<Id, Groups, E, R>,
  options: Options
): Documented<Json> => {
  const version = options.version ?? "3.1.0"
  const operations: Array<Secured> = []
  const known = new Map<string, HttpApiMiddleware.TagClassAny>()
  HttpApi.reflect(api, {
    onGroup: () => {},
    onEndpoint: ({ endpoint, mergedAnnotations, middleware }) => {
      if (Context.get(mergedAnnotations, OpenApi.Exclude)) return
      const all = [...api.middlewares, ...middleware]
      all.forEach((tag) => checkKey(tag, known))
      // of two tags with one key the endpoint's is the one that runs
      const tags = [...new Map(all.map((tag) => [tag.key, tag])).values()]
      const expressions = tags.flatMap((tag) =>
        SecurityMiddleware.isTag(tag) ? [tag.security] : []
      )
      const own = expressions.map(({ requirement }) => requirement)
      const natives = tags.filter(HttpApiMiddleware.isSecurity)
      operations.push({
        requirement: SecurityRequirement.allOf(
          ...tags.flatMap((tag) =>
            SecurityMiddleware.isTag(tag) ? [tag.security.requirement]
            : HttpApiMiddleware.isSecurity(tag) ? [nativeRequirement(tag)]
            : []
          )
        ),
        own: SecurityRequirement.allOf(...own),
        expressions,
        natives,
        // those of the API are not in it
        platform: [...middleware].filter(HttpApiMiddleware.isSecurity).flatMap(nativeAlternatives),
        subject: `${endpoint.method} ${endpoint.path}`,
        path: toPath(endpoint.path),
        method: endpoint.method.toLowerCase(),
        isOverridden: Option.exists(
          Context.getOption(endpoint.annotations, OpenApi.Override),
          (override) => "security" in override
        )
      })
    }
  })
  const paths: Record<string, Record<string, Operation>> = structuredClone(spec["paths"] ?? {})
  const omissions: Array<Omission> = []
  const documented: Array<Secured> = []
  for (const secured of operations) {
    const { method, path, requirement, subject } = secured
    const operation = paths[path]?.[method]
    const security = toSecurity(requirement)
    if (security === undefined) {
      omissions.push({ subject, message: deniesAll })
      const { [method]: _denied, ...others } = paths[path] ?? {}
      if (Object.keys(others).length === 0) delete paths[path]
      else paths[path] = others
      continue
    }
    documented.push(secured)
    if (operation === undefined) continue
    paths[path] = {
      ...paths[path],
      [method]: withHeaders(
        isWritten(secured, operation) ? operation : { ...operation, security },
        secured
      )
    }
  }
  const schemes = securitySchemes(
    documented.flatMap(({ expressions }) => expressions),
    version
  )
  const natives = nativeSchemes(documented.flatMap(({ natives }) => natives))
  checkNatives(natives, schemes.document)
  const components = spec["components"]
  // the platform has written those of operations that are left out, too
  const leftOut = new Set(
    operations.flatMap(({ natives }) => natives.flatMap(({ security }) => Object.keys(security)))
  )
  const written = Object.entries(components?.securitySchemes ?? {}).filter(
    ([name]) => !leftOut.has(name)
  )
  return {
    document: {
      ...spec,
      openapi: version,
      paths,
      components: {
        ...components,
        securitySchemes: {
          ...Object.fromEntries(written),
          ...Object.fromEntries(natives),
          ...schemes.document
        }
      },
      // every operation says its own
      security: []
    },
    omissions: [...omissions, ...schemes.omissions]
  }
}

/** The platform runs what it finds under a key: of two tags of one key, one is not what it says. */
const checkKey = (
  tag: HttpApiMiddleware.TagClassAny,
  known: Map<string, HttpApiMiddleware.TagClassAny>
): void => {
  const other = known.get(tag.key) ?? tag
  known.set(tag.key, other)
  const isOurs = [tag, other].some(SecurityMiddleware.isTag)
  if (isOurs && securityOf(tag) !== securityOf(other)) {
    throw new Error(
      `two middlewares with different security have the key ${JSON.stringify(tag.key)}, and one would run in the other's place: ` +
        "give one of them another id"
    )
  }
}

const securityOf = (tag: HttpApiMiddleware.TagClassAny): unknown =>
  SecurityMiddleware.isTag(tag) || HttpApiMiddleware.isSecurity(tag) ? tag.security : undefined

/** Whether the endpoint's own Override or Transform has written `security`. */
const isWritten = ({ isOverridden, platform }: Secured, operation: Operation): boolean =>
  isOverridden || JSON.stringify(operation.security) !== JSON.stringify(platform)

const nativeAlternatives = ({
  security
}: HttpApiMiddleware.TagClassSecurityAny): SecurityRequirement.SecurityRequirement =>
  Object.keys(security).map((name) => ({ [name]: [] }))

/** The platform tries the schemes of a middleware one after the other; `optional` lets in whoever none of them does. */
const nativeRequirement = (
  tag: HttpApiMiddleware.TagClassSecurityAny
): SecurityRequirement.SecurityRequirement =>
  tag.optional ? [...nativeAlternatives(tag), {}] : nativeAlternatives(tag)

const nativeSchemes = (
  tags: ReadonlyArray<HttpApiMiddleware.TagClassSecurityAny>
): ReadonlyMap<string, SecurityScheme.SecurityScheme> => {
  const known = new Map<string, SecurityScheme.SecurityScheme>()
  for (const [name, security] of tags.flatMap((tag) => Object.entries(tag.security))) {
    const scheme = nativeScheme(security)
    const other = known.get(name)
    if (other !== undefined && !sameScheme(other, scheme)) {
      throw new Error(
        `two different schemes are called ${JSON.stringify(name)}: ${JSON.stringify(other)} and ` +
          `${JSON.stringify(scheme)}; rename one in the security of its HttpApiMiddleware`
      )
    }
    known.set(name, other ?? scheme)
  }
  return known
}

/** As the platform writes it. */
const nativeScheme = (security: HttpApiSecurity.HttpApiSecurity): SecurityScheme.SecurityScheme => {
  const description = Option.getOrUndefined(
    Context.getOption(security.annotations, OpenApi.Description)
  )
  const bearerFormat = Option.getOrUndefined(
    Context.getOption(security.annotations, OpenApi.Format)
  )
  return SecurityScheme.make(
    security._tag === "ApiKey" ?
      { type: "apiKey", name: security.key, in: security.in, description }
    : security._tag === "Bearer" ? { type: "http", scheme: "bearer", bearerFormat, description }
    : { type: "http", scheme: "basic", description }
  )
}

const checkNatives = (
  natives: ReadonlyMap<string, SecurityScheme.SecurityScheme>,
  ours: { readonly [name: string]: SecurityScheme.SecurityScheme }
): void => {
  for (const [name, native] of natives) {
    const own = ours[name]
    if (own !== undefined && !sameScheme(own, native)) {
      throw new Error(
        `two different schemes are called ${JSON.stringify(name)}: ${JSON.stringify(own)} and ` +
          `${JSON.stringify(native)}; give one of them another name`
      )
    }
  }
}

const sameScheme = (left: unknown, right: unknown): boolean =>
  JSON.stringify(sorted(left)) === JSON.stringify(sorted(right))

const sorted = (value: unknown): unknown =>
  typeof value === "object" && value !== null ?
    Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)))
  : value

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const deniesAll = "OpenAPI has no form for an operation that lets nobody in: it is left out"

const descriptions = {
  401: "No credential was presented, or it was refused",
  403: "The credential does not allow this",
  429: "Too many credentials were refused",
  503: "The credential can't be verified now"
} as const

const toPath = (path: string): string => withoutPatterns(path).replace(/:(\w+)\??/g, "{$1}")

/** A path without the regular expressions that a router allows after a parameter's name. */
const withoutPatterns = (path: string): string => {
  let depth = 0
  let kept = ""
  for (const character of path) {
    if (character === "(") depth++
    if (depth === 0) kept += character
    if (character === ")" && depth > 0) depth--
  }
  return kept
}

/** What OpenAPI writes: `[]` for public, nothing for an operation that lets nobody in. */
const toSecurity = (
  requirement: SecurityRequirement.SecurityRequirement
): SecurityRequirement.SecurityRequirement | undefined => {
  const [first, ...others] = requirement
  return (
    first === undefined ? undefined
    : others.length === 0 && Object.keys(first).length === 0 ? []
    : requirement
  )
}

const securitySchemes = (
  expressions: ReadonlyArray<Top>,
  version: SecurityScheme.Version
): Documented<{ readonly [name: string]: SecurityScheme.SecurityScheme }> => {
  const known = new Map<string, Definition.Definition<unknown>>()
  for (const definition of expressions.flatMap(definitions)) {
    const other = known.get(definition.name)
    if (other !== undefined && !Definition.isSame(other, definition)) {
      throw new Error(
        `two different schemes are called ${JSON.stringify(definition.name)}: ${Definition.shown(other)} and ` +
          `${Definition.shown(definition)}; give one of them another schemeName`
      )
    }
    known.set(definition.name, definition)
  }
  const versioned = [...known].map(
    ([name, definition]) => [name, SecurityScheme.toVersion(definition.scheme, version)] as const
  )
  return {
    document: Object.fromEntries(versioned.map(([name, { scheme }]) => [name, scheme])),
    omissions: versioned.flatMap(([name, { omissions }]) =>
      omissions.map((omission) => ({
        subject: name,
        message: `OpenAPI ${version} has no ${omission}: it is kept as x-${omission}`
      }))
    )
  }
}

/** Adds the headers to the refusals that the operation documents, and to the answers of a token endpoint. */
const withHeaders = (
  operation: Operation,
  { natives, own }: Pick<Secured, "natives" | "own">
): Operation => {
  if (operation.responses === undefined) return operation
  const isRefusing = SecurityRequirement.schemes(own).length > 0
  const isScoped = SecurityRequirement.scopes(own).length > 0
  const withAdded = (status: string, response: Response): Response => {
    const headers: Headers = {
      ...(isRefusing && refusalHeaders(status, response, { isScoped, natives })),
      ...tokenHeaders(response),
      // what the operation says itself goes first
      ...response.headers
    }
    return Object.keys(headers).length === 0 ? response : { ...response, headers }
  }
  return {
    ...operation,
    responses: Object.fromEntries(
      Object.entries(operation.responses).map(([status, response]) => [
        status,
        withAdded(status, response)
      ])
    )
  }
}

type Headers = { readonly [name: string]: unknown }

const refusalHeaders = (
  status: string,
  response: Response,
  { isScoped, natives }: { readonly isScoped: boolean } & Pick<Secured, "natives">
): Headers => {
  switch (status) {
    case "401":
      return {
        "WWW-Authenticate": {
          description: "One challenge for each scheme (RFC 9110, section 11.6.1)",
          // the platform's own middlewares, and other errors of the endpoint, answer without one
          ...(natives.length === 0 && isExactly(response, ["SecurityUnauthorized"]) && required),
          schema: { type: "string" }
        }
      }
    case "403":
      return isScoped ?
          {
            "WWW-Authenticate": {
              description: "insufficient_scope, with the scopes needed (RFC 6750, section 3.1)",
              schema: { type: "string" }
            }
          }
        : {}
    case "429":
    case "503":
      return {
        "Retry-After": {
          description: "Seconds to wait (RFC 9110, section 10.2.3)",
          schema: { type: "integer" }
        }
      }
    default:
      return {}
  }
}

const tokenClientError = "SecurityTokenClientError"
const tokenAnswers = ["SecurityTokenError", tokenClientError, "SecurityTokenResponse"]

const tokenHeaders = (response: Response): Headers => ({
  ...(references(response).includes(tokenClientError) && {
    "WWW-Authenticate": {
      description: "How the client can authenticate (RFC 6749, section 5.2)",
      ...(isExactly(response, [tokenClientError]) && required),
      schema: { type: "string" }
    }
  }),
  ...(references(response).some((name) => tokenAnswers.includes(name)) && {
    "Cache-Control": {
      description: "No cache may store it (RFC 6749, section 5.1)",
      ...(isExactly(response, tokenAnswers) && required),
      schema: { type: "string", enum: ["no-store"] }
    }
  })
})

const required = { required: true }

/** The names of the schemas of a response's body, `other` for what is none. */
const references = ({ content = {} }: Response): ReadonlyArray<string> =>
  Object.values(content).flatMap((media) =>
    schemaNames(hasProperty(media, "schema") && media.schema)
  )

const schemaNames = (schema: unknown): ReadonlyArray<string> =>
  hasProperty(schema, "anyOf") && Array.isArray(schema.anyOf) ? schema.anyOf.flatMap(schemaNames)
  : hasProperty(schema, "$ref") && typeof schema.$ref === "string" ?
    [schema.$ref.replace("#/components/schemas/", "")]
  : [other]

const other = "#"

/** Whether the body of a response is one of these schemas, and nothing else. */
const isExactly = (response: Response, names: ReadonlyArray<string>): boolean => {
  const referenced = references(response)
  return referenced.length > 0 && referenced.every((name) => names.includes(name))
}

/**
 * The document of plain routes.
 *
 * @since 0.1.0
 */
import { dual } from "effect/Function"
import type * as SecurityScheme from "../../SecurityScheme.ts"
import { expressionOf, statuses } from "../security/Expression.ts"
import type { Top } from "../security/Model.ts"
import {
  deniesAll,
  descriptions,
  type Documented,
  type Omission,
  type Operation,
  type Options,
  type Response,
  securitySchemes,
  toPath,
  toSecurity,
  withHeaders,
  withoutPatterns
} from "./Operation.ts"
import * as PlatformDocument from "./PlatformDocument.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

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
    const schemas: Record<string, PlatformDocument.JsonSchema> = {}
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
          { own: route.security.requirement, isAlone: true }
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
  schemas: Record<string, PlatformDocument.JsonSchema>
): { readonly [status: string]: Response } => {
  const own = route.operation?.["responses"]
  // which refusals `mapError` leaves, and with which body, only its types tell
  const known = hasOwnErrors(route.security) ? [] : statuses(route.security)
  const described = Object.fromEntries(
    known.map((status) => {
      const schema = PlatformDocument.refusalSchema(status, schemas)
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

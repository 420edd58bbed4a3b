/**
 * What the platform writes into a document, and where.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import type * as HttpApiSecurity from "effect/http-api/HttpApiSecurity"
import * as OpenApi from "effect/http-api/OpenApi"
import * as JsonSchemaModule from "effect/JsonSchema"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SecurityError from "../../SecurityError.ts"
import * as Requirement from "../../SecurityRequirement.ts"
import type { SecurityRequirement } from "../../SecurityRequirement.ts"
import type { SecurityScheme } from "../../SecurityScheme.ts"
import type { Operation } from "./Operation.ts"

// ----------------------------------------------------------------------------
// schemas
// ----------------------------------------------------------------------------

/**
 * A JSON Schema.
 *
 * @category models
 * @since 0.1.0
 */
export type JsonSchema = JsonSchemaModule.JsonSchema

const bodies = {
  401: SecurityError.Unauthorized,
  403: SecurityError.Forbidden,
  429: SecurityError.TooManyRequests,
  503: SecurityError.ServiceUnavailable
}

/**
 * The schema of a refusal's body; what it refers to is put into `schemas`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const refusalSchema = (
  status: SecurityError.Status,
  schemas: Record<string, JsonSchema>
): JsonSchema => {
  const body = bodies[status]
  const named = Schema.toCodecJson(body).pipe(
    Schema.annotateEncoded({ identifier: body.identifier })
  )
  const { definitions, schema } = Schema.toJsonSchemaDocument(named)
  const written = JsonSchemaModule.toMultiDocumentOpenApi3_1({
    dialect: "draft-2020-12",
    schemas: [schema],
    definitions
  })
  Object.assign(schemas, written.definitions)
  return written.schemas[0]
}

// ----------------------------------------------------------------------------
// security
// ----------------------------------------------------------------------------

/**
 * What a middleware of the platform asks: it tries its schemes one after the other.
 *
 * @category security
 * @since 0.1.0
 */
export const requirementOf = ({
  security
}: HttpApiMiddleware.AnyServiceSecurity): SecurityRequirement =>
  Object.keys(security).map((name) => ({ [name]: [] }))

/**
 * What the platform has written as an operation's `security`: the AND of its own middlewares.
 *
 * @category security
 * @since 0.1.0
 */
export const written = (
  tags: ReadonlyArray<HttpApiMiddleware.AnyServiceSecurity>
): SecurityRequirement => (tags.length === 0 ? [] : Requirement.allOf(...tags.map(requirementOf)))

/**
 * A scheme as the platform writes it.
 *
 * @category security
 * @since 0.1.0
 */
export const schemeOf = (security: HttpApiSecurity.HttpApiSecurity): SecurityScheme => {
  const description = Option.getOrUndefined(
    Context.getOption(security.annotations, OpenApi.Description)
  )
  const bearerFormat = Option.getOrUndefined(
    Context.getOption(security.annotations, OpenApi.Format)
  )
  return (
    security._tag === "ApiKey" ?
      { type: "apiKey", name: security.key, in: security.in, description }
    : security._tag === "Http" ?
      { type: "http", scheme: security.scheme, bearerFormat, description }
    : { type: "http", scheme: "basic", description }
  )
}

// ----------------------------------------------------------------------------
// paths
// ----------------------------------------------------------------------------

/**
 * The operations of a document by path and method.
 *
 * @category models
 * @since 0.1.0
 */
export type Paths = Record<string, Record<string, Operation>>

/** Where the platform writes the methods that OpenAPI 3.1 has no member for. */
const additional = "x-oai-additionalOperations"

const isAdditional = (method: string): boolean => method === "query"

/**
 * Where an operation stands.
 *
 * @category paths
 * @since 0.1.0
 */
export const placeOf = (
  paths: Paths,
  path: string,
  method: string
): { readonly item: Record<string, Operation> | undefined; readonly key: string } =>
  isAdditional(method) ?
    {
      // an object of operations, like a path item
      item: paths[path]?.[additional] as Record<string, Operation> | undefined,
      key: method.toUpperCase()
    }
  : { item: paths[path], key: method }

/**
 * Leaves an operation out, and its path where that has no other.
 *
 * @category paths
 * @since 0.1.0
 */
export const omit = (paths: Paths, path: string, method: string): void => {
  const { item, key } = placeOf(paths, path, method)
  if (item === undefined) return
  delete item[key]
  const parent = paths[path] ?? {}
  if (item !== parent && Object.keys(item).length === 0) delete parent[additional]
  if (Object.keys(parent).length === 0) delete paths[path]
}

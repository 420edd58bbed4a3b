/**
 * What the platform writes into a document, and where.
 *
 * @since 0.1.0
 */
import type * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import type * as HttpApiSecurity from "@effect/platform/HttpApiSecurity"
import * as OpenApi from "@effect/platform/OpenApi"
import * as OpenApiJsonSchema from "@effect/platform/OpenApiJsonSchema"
import * as Context from "effect/Context"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import * as SecurityError from "../../SecurityError.ts"
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
export type JsonSchema = OpenApiJsonSchema.JsonSchema

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
  const contract: Schema.Schema.Any = SecurityError.contract[status]
  return OpenApiJsonSchema.makeWithDefs(contract, { defs: schemas })
}

// ----------------------------------------------------------------------------
// security
// ----------------------------------------------------------------------------

/**
 * What a middleware of the platform asks: it tries its schemes one after the other, and an optional one lets in whoever none of
 * them does.
 *
 * @category security
 * @since 0.1.0
 */
export const requirementOf = (tag: HttpApiMiddleware.TagClassSecurityAny): SecurityRequirement =>
  tag.optional ? [...alternatives(tag), {}] : alternatives(tag)

/**
 * What the platform has written as an operation's `security`; the middlewares of the API are not in it.
 *
 * @category security
 * @since 0.1.0
 */
export const written = (
  tags: ReadonlyArray<HttpApiMiddleware.TagClassSecurityAny>
): SecurityRequirement => tags.flatMap(alternatives)

const alternatives = ({ security }: HttpApiMiddleware.TagClassSecurityAny): SecurityRequirement =>
  Object.keys(security).map((name) => ({ [name]: [] }))

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
    : security._tag === "Bearer" ? { type: "http", scheme: "bearer", bearerFormat, description }
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
): { readonly item: Record<string, Operation> | undefined; readonly key: string } => ({
  item: paths[path],
  key: method
})

/**
 * Leaves an operation out, and its path where that has no other.
 *
 * @category paths
 * @since 0.1.0
 */
export const omit = (paths: Paths, path: string, method: string): void => {
  const item = paths[path]
  if (item === undefined) return
  delete item[method]
  if (Object.keys(item).length === 0) delete paths[path]
}

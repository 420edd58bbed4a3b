/**
 * Which names hold credentials.
 *
 * @since 0.1.0
 */
import * as HttpApi from "@effect/platform/HttpApi"
import type * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import * as SecurityMiddleware from "../../SecurityMiddleware.ts"
import * as Platform from "../http-api/Platform.ts"
import { definitions } from "../security/Expression.ts"
import type { Top } from "../security/Model.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * The headers (in lower case) and query parameters that hold credentials.
 *
 * @category models
 * @since 0.1.0
 */
export interface Names {
  readonly headers: ReadonlyArray<string>
  readonly query: ReadonlyArray<string>
}

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * The names that some expressions read.
 *
 * @example
 * ```ts
 * import { ApiKey, Redaction } from "effect-security"
 *
 * Redaction.names(ApiKey.header("X-Key"), ApiKey.query("api_key"))
 * // => { headers: ["x-key"], query: ["api_key"] }
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const names = (...expressions: ReadonlyArray<Top>): Names => {
  const reads = expressions.flatMap(definitions).map((definition) => definition.reads)
  return {
    headers: [...new Set(reads.flatMap((read) => read.headers))],
    query: [...new Set(reads.flatMap((read) => read.query))]
  }
}

/**
 * The names that the middlewares of an HttpApi read, the platform's own `HttpApiSecurity` included.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromApi = <Id extends string, Groups extends HttpApiGroup.HttpApiGroup.Any, E, R>(
  api: HttpApi.HttpApi<Id, Groups, E, R>
): Names => {
  const tags = new Set(Platform.middlewaresOf(api, []))
  HttpApi.reflect(api, {
    onGroup: () => {},
    onEndpoint: ({ middleware }) => middleware.forEach((tag) => tags.add(tag))
  })
  const all = [...tags].map((tag) =>
    SecurityMiddleware.isTag(tag) ? names(tag.security)
    : HttpApiMiddleware.isSecurity(tag) ? nativeNames(tag)
    : none
  )
  return {
    headers: [...new Set(all.flatMap(({ headers }) => headers))],
    query: [...new Set(all.flatMap(({ query }) => query))]
  }
}

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const none: Names = { headers: [], query: [] }

const nativeNames = (tag: HttpApiMiddleware.TagClassSecurityAny): Names => {
  const keys = (location: "header" | "query"): ReadonlyArray<string> =>
    Object.values(tag.security).flatMap((security) =>
      security._tag === "ApiKey" && security.in === location ? [security.key] : []
    )
  const isCookie = Object.values(tag.security).some(
    (security) => security._tag === "ApiKey" && security.in === "cookie"
  )
  const isAuthorization = Object.values(tag.security).some(({ _tag }) => _tag !== "ApiKey")
  return {
    headers: [
      ...(isAuthorization ? ["authorization"] : []),
      ...(isCookie ? ["cookie"] : []),
      ...keys("header").map((name) => name.toLowerCase())
    ],
    query: keys("query")
  }
}

/**
 * Keeps shared caches from serving one caller's response to another.
 *
 * RFC 9111, section 3.5 lets no shared cache store a response to a request with `Authorization`. It knows nothing of keys in
 * other headers, in the query or in cookies, of certificates, or of a route that answers with and without a credential.
 *
 * @since 0.1.0
 */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Answer from "../request/Answer.ts"
import type { Definition } from "./Definition.ts"
import type { SecurityRequirement } from "../../SecurityRequirement.ts"

/**
 * What a response that depends on a credential says to caches.
 *
 * @category models
 * @since 0.1.0
 */
export interface CacheHeaders {
  readonly "cache-control": "private"
  readonly vary: string | undefined
}

/**
 * The headers that a requirement asks for, `undefined` when `Authorization` says enough.
 *
 * @category constructors
 * @since 0.1.0
 */
export const forDefinitions = (
  definitions: ReadonlyArray<Definition<unknown>>,
  requirement: SecurityRequirement
): CacheHeaders | undefined => {
  const isOptional = requirement.some((alternative) => Object.keys(alternative).length === 0)
  const isVisible = definitions.every((definition) =>
    definition.reads.headers.includes("authorization")
  )
  if (definitions.length === 0 || (isVisible && !isOptional)) return undefined
  const headers = new Set(definitions.flatMap((definition) => definition.reads.headers))
  // whoever sends any is not anonymous
  if (isOptional) headers.add("authorization")
  return {
    "cache-control": "private",
    vary: headers.size === 0 ? undefined : [...headers].join(", ")
  }
}

/**
 * Adds the headers to a response that does not set them.
 *
 * @category combinators
 * @since 0.1.0
 */
export const add = (
  headers: CacheHeaders,
  response: HttpServerResponse.HttpServerResponse
): HttpServerResponse.HttpServerResponse => {
  const { "cache-control": control, vary } = response.headers
  // one at a time: `setHeaders` costs ten times as much
  const isPrivate =
    control === undefined ?
      HttpServerResponse.setHeader(response, "cache-control", headers["cache-control"])
    : response
  return headers.vary === undefined ?
      isPrivate
    : HttpServerResponse.setHeader(
        isPrivate,
        "vary",
        vary === undefined ? headers.vary : mergeVary(vary, headers.vary)
      )
}

/**
 * Adds the headers to whatever answers the request, an error too, and succeeds with what it is given.
 *
 * @category combinators
 * @since 0.1.0
 */
export const append = (headers: CacheHeaders): (<Value>(value: Value) => Effect.Effect<Value>) =>
  Answer.changeWith((response) => add(headers, response))

/**
 * Adds the headers to the response of a handler, and to what answers its error.
 *
 * @category combinators
 * @since 0.1.0
 */
export const around = (
  headers: CacheHeaders
): (<A, E, R>(
  handler: Effect.Effect<A, E, R>
) => Effect.Effect<A | HttpServerResponse.HttpServerResponse, E, R>) => {
  const appended = append(headers)
  return (handler) =>
    Effect.matchCauseEffect(handler, {
      onSuccess: (value) =>
        Exit.succeed(HttpServerResponse.isServerResponse(value) ? add(headers, value) : value),
      // an error is answered outside
      onFailure: (cause) => Effect.flatMap(appended(cause), Exit.failCause)
    })
}

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

/** Names each field once: two middlewares of one endpoint may read the same header. */
const mergeVary = (said: string, added: string): string => {
  const names = [...said.split(","), ...added.split(",")]
    .map((name) => name.trim())
    .filter((name) => name !== "")
  return names.includes("*") ? "*" : (
      [...new Map(names.map((name) => [name.toLowerCase(), name])).values()].join(", ")
    )
}

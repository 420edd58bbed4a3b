/**
 * Puts header fields on whatever answers the request: the response of the handler, and what answers its error.
 *
 * @since 0.1.0
 */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Effect from "effect/Effect"
import * as Line from "../line/Line.ts"

/**
 * What is done to the response, once it is known.
 *
 * @category models
 * @since 0.1.0
 */
export type Change = Line.ResponseChange

/**
 * Header fields, one after the other: of several lines of one name the server makes several lines.
 *
 * @category models
 * @since 0.1.0
 */
export type Fields = ReadonlyArray<readonly [name: string, value: string]>

/**
 * Does something to whatever answers the request.
 *
 * @category combinators
 * @since 0.1.0
 */
export const change = (f: Change): Effect.Effect<void> => Line.changeResponse(f)(undefined)

/**
 * As {@link change}; the Effect succeeds with what it is given.
 *
 * @category combinators
 * @since 0.1.0
 */
export const changeWith: (f: Change) => <Value>(value: Value) => Effect.Effect<Value> =
  Line.changeResponse

/**
 * The last thing that is to be done to the response, as far as the fiber that asks knows.
 *
 * @category reflection
 * @since 0.1.0
 */
export const lastChange: () => Change | undefined = Line.lastChange

/**
 * Sets fields on a response of one status; `before` is done to a response of any.
 *
 * @category changes
 * @since 0.1.0
 */
export const withFields =
  (fields: Fields, status: number, before?: Change): Change =>
  (response, request) => {
    const changed = before === undefined ? response : before(response, request)
    return changed.status === status ? setFields(changed, fields) : changed
  }

/**
 * Sets fields on a response, one at a time: `setHeaders` costs ten times as much.
 *
 * @category combinators
 * @since 0.1.0
 */
export const setFields = (
  response: HttpServerResponse.HttpServerResponse,
  fields: Fields
): HttpServerResponse.HttpServerResponse => {
  let answer = response
  for (const [name, value] of fields) answer = HttpServerResponse.setHeader(answer, name, value)
  return answer
}

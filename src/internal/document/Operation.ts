/**
 * What the documents of routes and of an HttpApi have in common: operations, their refusals' headers, and the schemes.
 *
 * @since 0.1.0
 */
import { hasProperty } from "effect/Predicate"
import * as SecurityRequirement from "../../SecurityRequirement.ts"
import * as SecurityScheme from "../../SecurityScheme.ts"
import * as Definition from "../security/Definition.ts"
import { definitions } from "../security/Expression.ts"
import type { Top } from "../security/Model.ts"

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

/**
 * A response of an operation.
 *
 * @category models
 * @since 0.1.0
 */
export interface Response {
  readonly description: string
  readonly headers?: { readonly [name: string]: unknown }
  readonly content?: { readonly [contentType: string]: unknown }
}

/**
 * Who refuses in an operation.
 *
 * @category models
 * @since 0.1.0
 */
export interface Refusing {
  /** What the expressions of this library ask, whose refusals carry headers. */
  readonly own: SecurityRequirement.SecurityRequirement
  /** Whether none of the platform's own middlewares refuses as well. */
  readonly isAlone: boolean
}

// ----------------------------------------------------------------------------
// parts
// ----------------------------------------------------------------------------

/**
 * What is said of an operation that is left out.
 *
 * @category constants
 * @since 0.1.0
 */
export const deniesAll = "OpenAPI has no form for an operation that lets nobody in: it is left out"

/**
 * What each refusal says.
 *
 * @category constants
 * @since 0.1.0
 */
export const descriptions = {
  401: "No credential was presented, or it was refused",
  403: "The credential does not allow this",
  429: "Too many credentials were refused",
  503: "The credential can't be verified now"
} as const

/**
 * A router's path as OpenAPI writes it.
 *
 * @category folds
 * @since 0.1.0
 */
export const toPath = (path: string): string => withoutPatterns(path).replace(/:(\w+)\??/g, "{$1}")

/**
 * A path without the regular expressions that a router allows after a parameter's name.
 *
 * @category folds
 * @since 0.1.0
 */
export const withoutPatterns = (path: string): string => {
  let depth = 0
  let kept = ""
  for (const character of path) {
    if (character === "(") depth++
    if (depth === 0) kept += character
    if (character === ")" && depth > 0) depth--
  }
  return kept
}

/**
 * What OpenAPI writes: `[]` for public, nothing for an operation that lets nobody in.
 *
 * @category folds
 * @since 0.1.0
 */
export const toSecurity = (
  requirement: SecurityRequirement.SecurityRequirement
): SecurityRequirement.SecurityRequirement | undefined => {
  const [first, ...others] = requirement
  return (
    first === undefined ? undefined
    : others.length === 0 && Object.keys(first).length === 0 ? []
    : requirement
  )
}

/**
 * The schemes of some expressions, and what the version can't say of them.
 *
 * @category folds
 * @since 0.1.0
 */
export const securitySchemes = (
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

/**
 * Adds the headers to the refusals that the operation documents, and to the answers of a token endpoint. `isAlone` says that no
 * middleware of another kind answers with these statuses.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withHeaders = (operation: Operation, { isAlone, own }: Refusing): Operation => {
  if (operation.responses === undefined) return operation
  const isRefusing = SecurityRequirement.schemes(own).length > 0
  const isScoped = SecurityRequirement.scopes(own).length > 0
  const withAdded = (status: string, response: Response): Response => {
    const added: Headers = {
      ...(isRefusing && refusalHeaders(status, response, { isAlone, isScoped })),
      ...tokenHeaders(response)
    }
    // what the operation says itself goes first
    const headers: Headers = { ...added, ...withoutBare(response.headers, added) }
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

/** Without headers that others describe and these only name: the contract of a refusal names its own, and case does not tell. */
const withoutBare = (headers: Headers = {}, described: Headers): Headers => {
  const names = new Set(Object.keys(described).map((name) => name.toLowerCase()))
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name, header]) =>
        name in described || !names.has(name.toLowerCase()) || hasProperty(header, "description")
    )
  )
}

const refusalHeaders = (
  status: string,
  response: Response,
  { isAlone, isScoped }: { readonly isScoped: boolean } & Pick<Refusing, "isAlone">
): Headers => {
  switch (status) {
    case "401":
      return {
        "WWW-Authenticate": {
          description: "One challenge for each scheme (RFC 9110, section 11.6.1)",
          // the platform's own middlewares, and other errors of the endpoint, answer without one
          ...(isAlone && isExactly(response, ["SecurityUnauthorized"]) && required),
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

/**
 * What a page that shows the document reads in it.
 *
 * @since 0.1.0
 */
import { originOf } from "./ContentSecurityPolicy.ts"
import type { SecurityRequirement } from "../../SecurityRequirement.ts"
import type { Flows, SecurityScheme } from "../../SecurityScheme.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * The parts of a document that a page is made from.
 *
 * @category models
 * @since 0.1.0
 */
export interface Document {
  readonly info?: { readonly title?: string }
  readonly servers?: ReadonlyArray<Server>
  readonly security?: SecurityRequirement
  readonly paths?: { readonly [path: string]: PathItem }
  readonly components?: { readonly securitySchemes?: { readonly [name: string]: SecurityScheme } }
}

interface Server {
  readonly url: string
}

interface PathItem {
  readonly servers?: ReadonlyArray<Server>
  readonly [method: string]: unknown
}

// ----------------------------------------------------------------------------
// folds
// ----------------------------------------------------------------------------

/**
 * The scopes that a document requires of each of its OAuth 2 and OpenID Connect schemes, in order, each once.
 *
 * @category folds
 * @since 0.1.0
 */
export const requiredScopes = (
  document: Document
): { readonly [scheme: string]: ReadonlyArray<string> } => {
  const required = new Map<string, Set<string>>()
  for (const { security = document.security } of operations(document)) {
    for (const [name, scopes] of (security ?? []).flatMap(Object.entries<ReadonlyArray<string>>)) {
      required.set(name, new Set([...(required.get(name) ?? []), ...scopes]))
    }
  }
  return Object.fromEntries(
    Object.entries(schemesOf(document)).flatMap(([name, { type }]) => {
      if (type !== "oauth2" && type !== "openIdConnect") return []
      const scopes = [...(required.get(name) ?? [])]
      return [[name, type === "openIdConnect" ? [...new Set(["openid", ...scopes])] : scopes]]
    })
  )
}

/**
 * The first way in that every protected operation of a document has, by the names of its schemes; none where there is no such
 * way.
 *
 * @category folds
 * @since 0.1.0
 */
export const commonAlternative = (document: Document): ReadonlyArray<string> => {
  const [first = [], ...rest] = operations(document)
    .map(({ security = document.security ?? [] }) =>
      security.map((alternative) => Object.keys(alternative)).filter(({ length }) => length > 0)
    )
    .filter(({ length }) => length > 0)
  const isIn = (names: ReadonlyArray<string>) => (alternatives: ReadonlyArray<typeof names>) =>
    alternatives.some(
      (others) => others.length === names.length && others.every((name) => names.includes(name))
    )
  return first.find((names) => rest.every(isIn(names))) ?? []
}

/**
 * The origins that a page calls: token endpoints, providers and servers of the document that are elsewhere.
 *
 * An authorization endpoint is opened in a window of its own, which no policy of the page restricts.
 *
 * @category folds
 * @since 0.1.0
 */
export const origins = (document: Document): ReadonlyArray<string> => {
  const urls = [
    ...Object.values(schemesOf(document)).flatMap((scheme) =>
      scheme.type === "openIdConnect" ? [scheme.openIdConnectUrl]
      : scheme.type === "oauth2" ?
        flowsOf(scheme.flows).flatMap(({ refreshUrl, tokenUrl }) => [tokenUrl, refreshUrl])
      : []
    ),
    ...[document, ...Object.values(document.paths ?? {}), ...operations(document)].flatMap(
      ({ servers = [] }) => servers.map(({ url }) => url)
    )
  ]
  return [...new Set(urls.flatMap(originOf))]
}

const schemesOf = (document: Document): { readonly [name: string]: SecurityScheme } =>
  document.components?.securitySchemes ?? {}

interface AnyFlow {
  readonly tokenUrl?: string
  readonly refreshUrl?: string | undefined
}

const flowsOf = (flows: Flows): ReadonlyArray<AnyFlow> =>
  Object.values(flows).filter((flow) => flow !== undefined)

interface Operation {
  readonly security?: SecurityRequirement
  readonly servers?: ReadonlyArray<Server>
}

const methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"]

const operations = (document: Document): ReadonlyArray<Operation> =>
  Object.values(document.paths ?? {}).flatMap((item) =>
    methods.flatMap((method) => {
      const operation = item[method]
      return typeof operation === "object" && operation !== null ? [operation] : []
    })
  )

/**
 * The Security Scheme Objects of OpenAPI 3.1 and 3.2, checked when they are made.
 *
 * The module knows nothing of Effect or of requests: it describes.
 *
 * @see [OpenAPI 3.2, Security Scheme Object](https://spec.openapis.org/oas/v3.2.0.html#security-scheme-object)
 * @since 0.1.0
 */

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * What OpenAPI writes under `components.securitySchemes`, in the vocabulary of 3.2.
 *
 * @category models
 * @since 0.1.0
 */
export type SecurityScheme = ApiKey | Http | MutualTls | OAuth2 | OpenIdConnect

/**
 * A version of OpenAPI that this library writes.
 *
 * @category models
 * @since 0.1.0
 */
export type Version = "3.1.0" | "3.2.0"

/**
 * What every scheme may say of itself; `deprecated` is of OpenAPI 3.2.
 *
 * @category models
 * @since 0.1.0
 */
export interface Description {
  readonly description?: string | undefined
  readonly deprecated?: boolean | undefined
}

/**
 * A key in a header, in the query or in a cookie.
 *
 * @category models
 * @since 0.1.0
 */
export interface ApiKey extends Description {
  readonly type: "apiKey"
  readonly name: string
  readonly in: "header" | "query" | "cookie"
}

/**
 * An auth-scheme of the `Authorization` header (RFC 9110, section 11).
 *
 * @category models
 * @since 0.1.0
 */
export interface Http extends Description {
  readonly type: "http"
  readonly scheme: string
  readonly bearerFormat?: string | undefined
}

/**
 * A client certificate (RFC 8705).
 *
 * @category models
 * @since 0.1.0
 */
export interface MutualTls extends Description {
  readonly type: "mutualTLS"
}

/**
 * OAuth 2 by one or more flows; `oauth2MetadataUrl` (RFC 8414) is of OpenAPI 3.2.
 *
 * @category models
 * @since 0.1.0
 */
export interface OAuth2 extends Description {
  readonly type: "oauth2"
  readonly flows: Flows
  readonly oauth2MetadataUrl?: string | undefined
}

/**
 * A provider that publishes its configuration (OpenID Connect Discovery 1.0).
 *
 * @category models
 * @since 0.1.0
 */
export interface OpenIdConnect extends Description {
  readonly type: "openIdConnect"
  readonly openIdConnectUrl: string
}

/**
 * What each scope of a flow allows, by its name.
 *
 * @category models
 * @since 0.1.0
 */
export type ScopeDescriptions = { readonly [scope: string]: string }

/**
 * The flows of an OAuth 2 scheme; `deviceAuthorization` (RFC 8628) is of OpenAPI 3.2. URLs may be relative.
 *
 * @category models
 * @since 0.1.0
 */
export interface Flows {
  readonly password?: TokenFlow | undefined
  readonly clientCredentials?: TokenFlow | undefined
  readonly authorizationCode?: (AuthorizationFlow & TokenFlow) | undefined
  readonly implicit?: AuthorizationFlow | undefined
  readonly deviceAuthorization?:
    (TokenFlow & { readonly deviceAuthorizationUrl: string }) | undefined
}

/**
 * What every flow has.
 *
 * @category models
 * @since 0.1.0
 */
export interface Flow {
  readonly refreshUrl?: string | undefined
  readonly scopes?: ScopeDescriptions | undefined
}

/**
 * A flow with a token endpoint.
 *
 * @category models
 * @since 0.1.0
 */
export interface TokenFlow extends Flow {
  readonly tokenUrl: string
}

/**
 * A flow with an authorization endpoint.
 *
 * @category models
 * @since 0.1.0
 */
export interface AuthorizationFlow extends Flow {
  readonly authorizationUrl: string
}

// ----------------------------------------------------------------------------
// checks
// ----------------------------------------------------------------------------

/**
 * Checks a scheme and drops what is `undefined`; every OAuth 2 flow gets its `scopes`.
 *
 * Throws an `Error` that says what to change: an empty name, a URL that is none, a flow without its URLs, a scope
 * that is no `scope-token` (RFC 6749, section 3.3).
 *
 * @example
 * ```ts
 * import { SecurityScheme } from "effect-security"
 *
 * SecurityScheme.make({ type: "apiKey", name: "X-API-Key", in: "header" })
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const make = (scheme: SecurityScheme): SecurityScheme => {
  switch (scheme.type) {
    case "apiKey":
      if (scheme.name === "") {
        throw new Error(
          "an API key needs the name of its header, query parameter or cookie: got an empty one"
        )
      }
      if (scheme.in !== "query" && !isToken(scheme.name)) {
        throw new Error(
          `the name of a ${scheme.in} is letters, digits and "-": got ${JSON.stringify(scheme.name)}`
        )
      }
      return defined(scheme)
    case "http":
      if (!isToken(scheme.scheme)) {
        throw new Error(
          `an HTTP auth-scheme is a token such as "bearer": got ${JSON.stringify(scheme.scheme)}`
        )
      }
      return defined(scheme)
    case "mutualTLS":
      return defined(scheme)
    case "openIdConnect":
      checkUrl("openIdConnectUrl", scheme.openIdConnectUrl)
      return defined(scheme)
    case "oauth2":
      if (scheme.oauth2MetadataUrl !== undefined) {
        checkUrl("oauth2MetadataUrl", scheme.oauth2MetadataUrl)
      }
      return defined({ ...scheme, flows: checkFlows(scheme.flows) })
  }
}

/**
 * Checks that a scheme's name can be a key under `components.securitySchemes`, and returns it.
 *
 * A name matches `^[a-zA-Z0-9._-]+$`, and is neither `__proto__` nor a whole number, which objects would reorder.
 *
 * @category constructors
 * @since 0.1.0
 */
export const checkName = (name: string): string => {
  if (!/^[a-zA-Z0-9._-]+$/.test(name) || /^\d+$/.test(name) || name === "__proto__") {
    throw new Error(
      `${JSON.stringify(name)} can't be a scheme's name: use letters, digits, ".", "_" and "-", not digits alone`
    )
  }
  return name
}

/**
 * Checks that each scope is a `scope-token` of RFC 6749, section 3.3: printable ASCII without space, `"` and `\`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const checkScopes = <Scopes extends ScopeDescriptions>(scopes: Scopes): Scopes => {
  for (const scope of Object.keys(scopes)) {
    if (!isScopeToken(scope) || scope === "__proto__") {
      throw new Error(
        `${JSON.stringify(scope)} can't be a scope: use printable ASCII without space, '"' and '\\'`
      )
    }
  }
  return scopes
}

/**
 * Whether a text is a token of RFC 9110, section 5.6.2: what the names of headers, cookies and auth-schemes are.
 *
 * @category guards
 * @since 0.1.0
 */
export const isToken = (text: string): boolean => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text)

/**
 * The scopes that a scheme's flows declare, in order, each once.
 *
 * @category folds
 * @since 0.1.0
 */
export const flowScopes = (flows: Flows): ReadonlyArray<string> => [
  ...new Set(
    Object.values(flows).flatMap((flow: Flow | undefined) => Object.keys(flow?.scopes ?? {}))
  )
]

// ----------------------------------------------------------------------------
// versions
// ----------------------------------------------------------------------------

/**
 * The scheme as a version of OpenAPI can say it, and what that version can't say.
 *
 * 3.1 has no `deviceAuthorization` flow, no `oauth2MetadataUrl` and no `deprecated`: they are kept as extensions
 * (`x-deviceAuthorization`, …), and each is named in `omissions`.
 *
 * @category folds
 * @since 0.1.0
 */
export const toVersion = (
  scheme: SecurityScheme,
  version: Version
): { readonly scheme: SecurityScheme; readonly omissions: ReadonlyArray<string> } => {
  if (version === "3.2.0") {
    return { scheme, omissions: [] }
  }
  const omissions: Array<string> = []
  const extend = <Value extends object>(value: Value, laterNames: ReadonlyArray<string>): Value => {
    const entries = Object.entries(value).map(([name, entry]): [string, unknown] => {
      if (!laterNames.includes(name)) return [name, entry]
      omissions.push(name)
      return [`x-${name}`, entry]
    })
    // only the names of optional members change
    return Object.fromEntries(entries) as Value
  }
  const older = extend(scheme, ["deprecated", "oauth2MetadataUrl"])
  return {
    scheme:
      older.type === "oauth2" ?
        { ...older, flows: extend(older.flows, ["deviceAuthorization"]) }
      : older,
    omissions
  }
}

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const isScopeToken = (text: string): boolean => /^[\x21\x23-\x5B\x5D-\x7E]+$/.test(text)

const defined = <Value extends object>(value: Value): Value =>
  // what is left out is `undefined`
  Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Value

const checkUrl = (member: string, url: string): void => {
  // A relative URL is resolved against the document's server: any base shows whether it can be.
  const base = "https://server.example/"
  if (url === "" || /\s/.test(url) || !URL.canParse(url, base)) {
    throw new Error(`${member} has to be a URL, absolute or relative: got ${JSON.stringify(url)}`)
  }
  if (!/^https?:$/.test(new URL(url, base).protocol)) {
    throw new Error(`${member} has to be an http or https URL: got ${JSON.stringify(url)}`)
  }
}

const flowUrls = {
  password: ["tokenUrl"],
  clientCredentials: ["tokenUrl"],
  authorizationCode: ["authorizationUrl", "tokenUrl"],
  implicit: ["authorizationUrl"],
  deviceAuthorization: ["deviceAuthorizationUrl", "tokenUrl"]
} as const satisfies Record<keyof Flows, ReadonlyArray<string>>

const checkFlows = (flows: Flows): Flows => {
  const checked: Record<string, Flow> = {}
  for (const [name, urls] of Object.entries(flowUrls)) {
    const flow: Flow | undefined = flows[name as keyof Flows] // the table's names are those of the flows
    if (flow === undefined) continue
    const members = new Map<string, unknown>(Object.entries(flow))
    for (const url of urls) {
      const value = members.get(url)
      checkUrl(`${name}.${url}`, typeof value === "string" ? value : "")
    }
    if (flow.refreshUrl !== undefined) checkUrl(`${name}.refreshUrl`, flow.refreshUrl)
    checked[name] = defined({ ...flow, scopes: { ...checkScopes(flow.scopes ?? {}) } })
  }
  if (Object.keys(checked).length === 0) {
    throw new Error(
      `an OAuth 2 scheme needs at least one flow of ${Object.keys(flowUrls).join(", ")}`
    )
  }
  return checked
}

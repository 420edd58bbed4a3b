/**
 * Whether an API lets in whom its OpenAPI document says it lets in.
 *
 * The check reads the document and sends requests: it knows nothing of how the API is made, so it also checks security that is
 * not of this library.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as AnswerExcerpt from "./internal/testing/AnswerExcerpt.ts"
import { type Credential, request } from "./internal/testing/TestRequest.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * What is checked, and with which credentials.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<E = never, R = never> {
  /** The API, for instance the `handler` of `HttpApiBuilder.toWebHandler`. */
  readonly handler: (request: Request) => Promise<Response>
  /** Its OpenAPI document, of 3.0 to 3.2. */
  readonly document: object
  /** For each scheme what makes a right credential with exactly these scopes. */
  readonly credentials: {
    readonly [scheme: string]: (
      scopes: ReadonlyArray<string>
    ) => Credential | Effect.Effect<Credential, E, R>
  }
  /** What the paths are put behind; `http://localhost` by default. */
  readonly server?: string
  /** The values of path parameters; `"1"` by default. */
  readonly parameters?: { readonly [name: string]: string }
  /** Operations such as `GET /users/me` that may answer 403 to the right credentials, since a policy decides besides. */
  readonly mayForbid?: ReadonlyArray<string>
}

/**
 * A request that was answered otherwise than the document says.
 *
 * @category models
 * @since 0.1.0
 */
export interface Disagreement {
  /** `GET /items/{id}`. */
  readonly operation: string
  /** What was sent: `oauth2 (items:read), a wrong apiKey`, or `nothing`. */
  readonly presented: string
  /** The `security` that the document gives the operation. */
  readonly documented: SecurityJson
  readonly answered: number
  readonly message: string
  /**
   * What a refusal or an error says, in its first 500 characters: `<redacted>` where it repeats what was sent to be let in. Not there where
   * it says nothing, or no text, and where the request was let in.
   */
  readonly body?: string
}

/**
 * What was found.
 *
 * @category models
 * @since 0.1.0
 */
export interface Report {
  readonly disagreements: ReadonlyArray<Disagreement>
  /** How many requests were sent. */
  readonly tried: number
  /** What could not be tried: an alternative for which `credentials` lacks a scheme, two that need the one `Authorization`. */
  readonly untried: ReadonlyArray<{ readonly operation: string; readonly message: string }>
}

/**
 * `security` as a document has it.
 *
 * @category models
 * @since 0.1.0
 */
export type SecurityJson = ReadonlyArray<AlternativeJson>

type AlternativeJson = { readonly [scheme: string]: ReadonlyArray<string> }

// ----------------------------------------------------------------------------
// the check
// ----------------------------------------------------------------------------

/**
 * Sends each operation of a document the requests that tell whether it is enforced, and reports every answer that the document
 * does not say.
 *
 * For each alternative of an operation: all its credentials with exactly its scopes; one credential missing; one wrong; one scope
 * missing; a wrong credential of another alternative beside the right ones. Besides: nothing at all, and each credential that the
 * operation does not name. Refused means 401 (with `WWW-Authenticate`), 403, 429 or 503; anything else means let in, so no body
 * and no valid parameter is needed. A 500 is always reported.
 *
 * @example
 * ```ts
 * import { ApiKey, Security, SecurityAgreement, SecurityDocument, SecurityRouter } from "effect-security"
 * import { HttpLayerRouter, HttpServerResponse } from "@effect/platform"
 * import { Effect } from "effect"
 *
 * const routes = [
 *   SecurityRouter.route("GET", "/items", ApiKey.header("X-API-Key"), () => HttpServerResponse.json(["Foo"]))
 * ]
 * const report = SecurityAgreement.check({
 *   handler: HttpLayerRouter.toWebHandler(SecurityRouter.toLayer(routes)).handler,
 *   document: SecurityDocument.fromRoutes(routes).document,
 *   credentials: { APIKeyHeader: () => ({ headers: { "x-api-key": "demo-key" } }) }
 * })
 * Effect.runPromise(report).then(({ disagreements }) => console.log(disagreements))
 * ```
 * @category checks
 * @since 0.1.0
 */
export const check = <E = never, R = never>(options: Options<E, R>): Effect.Effect<Report, E, R> =>
  Effect.gen(function* () {
    const document = options.document as DocumentJson // read with care: every member may be missing
    const schemes = document.components?.securitySchemes ?? {}
    const disagreements: Array<Disagreement> = []
    const untried: Array<Report["untried"][number]> = []
    let tried = 0
    for (const operation of operationsOf(document)) {
      const cases = casesOf(operation.security, schemes, Object.keys(options.credentials))
      untried.push(...cases.untried.map((message) => ({ operation: operation.name, message })))
      for (const presented of cases.tried) {
        const credentials = yield* Effect.forEach(presented, (one) =>
          credentialOf(one, schemes[one.scheme], options)
        )
        const response = yield* Effect.promise(() =>
          options.handler(requestOf(operation, credentials, options))
        )
        tried++
        const message = disagreementOf(operation, presented, schemes, response, options)
        if (message === undefined) {
          yield* Effect.promise(async () => response.body?.cancel())
        } else {
          const body = yield* Effect.promise(() => AnswerExcerpt.of(response, credentials))
          disagreements.push({
            operation: operation.name,
            presented: shownOf(presented),
            documented: operation.security,
            answered: response.status,
            message,
            ...(body !== "" && { body })
          })
        }
      }
    }
    return { disagreements, tried, untried }
  })

// ----------------------------------------------------------------------------
// reading the document
// ----------------------------------------------------------------------------

interface DocumentJson {
  readonly security?: SecurityJson
  readonly paths?: { readonly [path: string]: { readonly [member: string]: unknown } }
  readonly components?: { readonly securitySchemes?: { readonly [name: string]: SchemeJson } }
}

interface SchemeJson {
  readonly type?: string
  readonly in?: string
  readonly name?: string
  readonly scheme?: string
}

interface Operation {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly security: SecurityJson
}

const methods = ["get", "put", "post", "delete", "options", "head", "patch"]

const operationsOf = (document: DocumentJson): ReadonlyArray<Operation> =>
  Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method]
      if (typeof operation !== "object" || operation === null) return []
      const own = "security" in operation ? operation.security : document.security
      // `security: []` lets everyone in, as does a document that says nothing
      const security = Array.isArray(own) && own.length > 0 ? (own as SecurityJson) : [{}]
      return [{ name: `${method.toUpperCase()} ${path}`, method, path, security }]
    })
  )

const isInAuthorization = (scheme: SchemeJson | undefined): boolean =>
  scheme?.type === "http" || scheme?.type === "oauth2" || scheme?.type === "openIdConnect"

// ----------------------------------------------------------------------------
// what to present
// ----------------------------------------------------------------------------

interface Presented {
  readonly scheme: string
  /** The scopes of a right credential; `undefined` for a wrong one. */
  readonly scopes: ReadonlyArray<string> | undefined
}

type Schemes = { readonly [name: string]: SchemeJson }

const casesOf = (
  security: SecurityJson,
  schemes: Schemes,
  known: ReadonlyArray<string>
): {
  readonly tried: ReadonlyArray<ReadonlyArray<Presented>>
  readonly untried: ReadonlyArray<string>
} => {
  const untried: Array<string> = []
  const named = new Set(security.flatMap(Object.keys))
  const others = known
    .filter((scheme) => scheme in schemes && !named.has(scheme))
    .map((scheme): ReadonlyArray<Presented> => [{ scheme, scopes: [] }])
  const all = security.flatMap((alternative) => {
    const missing = Object.keys(alternative).filter((scheme) => !known.includes(scheme))
    if (missing.length > 0) {
      untried.push(`credentials has nothing for ${missing.join(", ")}`)
      return []
    }
    const right = Object.entries(alternative).map(([scheme, scopes]) => ({ scheme, scopes }))
    if (!isSendable(right, schemes)) {
      untried.push(`no request can hold ${shownOf(right)}: both are in Authorization`)
      return []
    }
    return variantsOf(
      right,
      [...named].filter((scheme) => known.includes(scheme))
    )
  })
  const distinct = new Map(
    [[], ...all, ...others]
      .filter((presented) => isSendable(presented, schemes))
      .map((presented) => [shownOf(presented), presented] as const)
  )
  return { tried: [...distinct.values()], untried }
}

/** The right credentials, and all that is wrong by one thing. */
const variantsOf = (
  right: ReadonlyArray<Presented>,
  named: ReadonlyArray<string>
): ReadonlyArray<ReadonlyArray<Presented>> => [
  right,
  ...right.flatMap((one, index) => {
    const others = right.filter((_, at) => at !== index)
    const { scheme, scopes = [] } = one
    return [
      others,
      [...others, { scheme, scopes: undefined }],
      ...scopes.map((lacking) => [
        ...others,
        { scheme, scopes: scopes.filter((scope) => scope !== lacking) }
      ])
    ]
  }),
  ...named
    .filter((scheme) => right.every((one) => one.scheme !== scheme))
    .map((scheme) => [...right, { scheme, scopes: undefined }])
]

const isSendable = (presented: ReadonlyArray<Presented>, schemes: Schemes): boolean =>
  presented.filter(({ scheme }) => isInAuthorization(schemes[scheme])).length < 2 &&
  presented.every(({ scheme, scopes }) => scopes !== undefined || canBeWrong(schemes[scheme]))

const shownOf = (presented: ReadonlyArray<Presented>): string =>
  presented.length === 0 ?
    "nothing"
  : presented
      .map(({ scheme, scopes }) =>
        scopes === undefined ? `a wrong ${scheme}`
        : scopes.length === 0 ? scheme
        : `${scheme} (${scopes.join(" ")})`
      )
      .sort()
      .join(", ")

// ----------------------------------------------------------------------------
// requests
// ----------------------------------------------------------------------------

const credentialOf = <E, R>(
  { scheme, scopes }: Presented,
  object: SchemeJson | undefined,
  options: Options<E, R>
): Effect.Effect<Credential, E, R> => {
  if (scopes === undefined) return Effect.succeed(wrong(object))
  const made = options.credentials[scheme]?.(scopes) ?? {}
  return Effect.isEffect(made) ? made : Effect.succeed(made)
}

const canBeWrong = (scheme: SchemeJson | undefined): boolean =>
  scheme?.type !== "mutualTLS" && Object.keys(wrong(scheme)).length > 0

const wrong = (scheme: SchemeJson | undefined): Credential => {
  const value = "wrong-credential"
  const name = scheme?.name ?? ""
  return (
    scheme?.type === "apiKey" ?
      scheme.in === "header" ? { headers: { [name]: value } }
      : scheme.in === "query" ? { query: { [name]: value } }
      : { cookies: { [name]: value } }
    : scheme?.type === "http" && scheme.scheme?.toLowerCase() === "basic" ?
      { headers: { authorization: `Basic ${btoa("wrong:credential")}` } }
    : scheme?.type === "http" ? { headers: { authorization: `${scheme.scheme} ${value}` } }
    : isInAuthorization(scheme) ? { headers: { authorization: `Bearer ${value}` } }
    : {}
  )
}

const requestOf = <E, R>(
  { method, path }: Operation,
  credentials: ReadonlyArray<Credential>,
  { parameters = {}, server = "http://localhost" }: Options<E, R>
): Request => {
  const filled = path.replace(/\{([^}]*)\}/g, (_, name: string) =>
    encodeURIComponent(parameters[name] ?? "1")
  )
  return new Request(request(server.replace(/\/$/, "") + filled, ...credentials), {
    method: method.toUpperCase()
  })
}

// ----------------------------------------------------------------------------
// judging the answer
// ----------------------------------------------------------------------------

const refusals = new Set([401, 403, 429, 503])

const disagreementOf = <E, R>(
  operation: Operation,
  presented: ReadonlyArray<Presented>,
  schemes: Schemes,
  { headers, status }: Response,
  { mayForbid = [] }: Options<E, R>
): string | undefined => {
  const isRefused = refusals.has(status)
  const isAllowed = allows(operation.security, presented, schemes)
  return (
    status >= 500 && status !== 503 ? "the server failed"
    : isAllowed && isRefused ?
      status === 403 && mayForbid.includes(operation.name) ?
        undefined
      : "the document lets this in, and it was refused"
    : !isAllowed && !isRefused ? "the document refuses this, and it was let in"
    : status === 401 && !headers.has("www-authenticate") ?
      "a 401 needs WWW-Authenticate (RFC 9110, section 15.5.2)"
    : undefined
  )
}

/** What `docs/meaning.md` says of a request, from the printed alternatives and what is presented alone. */
const allows = (
  security: SecurityJson,
  presented: ReadonlyArray<Presented>,
  schemes: Schemes
): boolean => {
  const sent = new Map(presented.map(({ scheme, scopes }) => [scheme, scopes]))
  const hasAuthorization = presented.some(({ scheme }) => isInAuthorization(schemes[scheme]))
  const addedBy = (alternative: AlternativeJson): ReadonlyArray<string> => {
    const own = Object.keys(alternative)
    return security
      .map(Object.keys)
      .filter((other) => other.length > own.length && own.every((name) => other.includes(name)))
      .flatMap((other) => other.filter((name) => !own.includes(name)))
  }
  return security.some((alternative) => {
    const added = addedBy(alternative)
    const isSkipped =
      added.some((scheme) => sent.has(scheme)) ||
      (Object.keys(alternative).length === 0 && hasAuthorization && added.length > 0)
    return (
      !isSkipped &&
      Object.entries(alternative).every(([scheme, scopes]) => {
        const granted = sent.get(scheme)
        return granted !== undefined && scopes.every((scope) => granted.includes(scope))
      })
    )
  })
}

/**
 * Makes a scheme: the constructor that all others use, and that you use for a scheme of your own.
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Challenge from "./Challenge.ts"
import type { Problem } from "./internal/security/Definition.ts"
import type { Extraction } from "./Credential.ts"
import { fromDefinition } from "./internal/security/Expression.ts"
import type { Scheme } from "./internal/security/Model.ts"
import type { IsSingleLiteral } from "./SecurityRequirement.ts"
import * as SecurityScheme from "./SecurityScheme.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * What every scheme can be told.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<Name extends string, Declared extends string> {
  /** The key under `components.securitySchemes`; by default the name FastAPI gives the class. */
  readonly schemeName?: Name
  /** What the documentation says of the scheme. */
  readonly description?: string
  /** Documented from OpenAPI 3.2 on. */
  readonly deprecated?: boolean
  /** The `realm` of the challenge (RFC 9110, section 11.5); `"api"` by default. */
  readonly realm?: string
  /** The scopes (or roles) that the scheme's verifier can grant, each with what it allows. */
  readonly scopes?: { readonly [Scope in Declared]: string }
}

/**
 * A scheme's name has to be one string literal: of any other nobody can say which scheme a requirement names.
 *
 * @category type errors
 * @since 0.1.0
 */
export interface NameNotLiteral<out Name> {
  readonly "schemeName has to be one string literal, not": Name
}

/**
 * Refuses a name that is not a single literal, and one that may not be given though it is not the default.
 *
 * @category type errors
 * @since 0.1.0
 */
export type CheckName<Name extends string, Default extends string = never> =
  IsSingleLiteral<Name> extends true ?
    Name extends Default ?
      unknown
    : { readonly schemeName: Name }
  : { readonly schemeName: NameNotLiteral<Name> }

/**
 * A scheme of one's own: what {@link make} needs.
 *
 * @category models
 * @since 0.1.0
 */
export interface Custom<Name extends string, Credential, Declared extends string> {
  /** The key under `components.securitySchemes`. */
  readonly schemeName: Name
  /** The OpenAPI object nearest to it: a signature in a header is an `apiKey`, an auth-scheme is `http`. */
  readonly scheme: SecurityScheme.SecurityScheme
  /** Finds the credential: `Credential.Absent`, `Credential.Malformed`, or the credential (secrets `Redacted`). */
  readonly extract: (request: HttpServerRequest.HttpServerRequest) => Extraction<Credential>
  /** The auth-scheme that `extract` reads in `Authorization`, where `scheme` does not say it: `"AWS4-HMAC-SHA256"`. */
  readonly authScheme?: string
  /** Where it is found besides what `scheme` says: logs and spans redact these headers and query parameters. */
  readonly reads?: {
    readonly headers?: ReadonlyArray<string>
    readonly query?: ReadonlyArray<string>
  }
  /** The scopes (or roles) that the scheme's verifier can grant, each with what it allows. */
  readonly scopes?: { readonly [Scope in Declared]: string }
  /**
   * The challenge, or several with the most preferred first; by default the auth-scheme, or `ApiKey` and `MutualTLS`, with
   * `realm="api"`.
   */
  readonly challenge?: (
    problem?: Problem
  ) => Challenge.Challenge | ReadonlyArray<Challenge.Challenge>
  /** Whether `challenge` is the same for every request; `false` by default, since it may hold a nonce. */
  readonly isChallengeFixed?: boolean
  /** Two schemes of one name have to have the same identity; without one they have to be one value. */
  readonly identity?: string
}

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * Makes a scheme of one's own: a webhook's signature, AWS SigV4, a header that a proxy sets.
 *
 * It succeeds with what `extract` finds, fails with `Unauthorized` (401, its challenge) where that is absent or malformed, and
 * is documented as `scheme`. What depends on the body or on a secret is decided by the verifier (`Security.authenticate`),
 * which is given the request.
 *
 * @example
 * ```ts
 * import { Credential, Scheme, Security, SecurityError } from "effect-security"
 * import { Effect, Redacted } from "effect"
 *
 * const webhook = Scheme.make({
 *   schemeName: "GitHubWebhook",
 *   scheme: { type: "apiKey", in: "header", name: "X-Hub-Signature-256", description: "HMAC of the body" },
 *   extract: (request) => {
 *     const signature = Credential.header(request, "x-hub-signature-256")
 *     return typeof signature === "string" ? Redacted.make(signature) : signature
 *   }
 * }).pipe(
 *   Security.authenticate((signature, { request }) =>
 *     Effect.flatMap(request.text, (body) =>
 *       Redacted.value(signature) === `sha256=${body.length}`
 *         ? Effect.succeed(Security.grant("github"))
 *         : Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))
 *     )
 *   )
 * )
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const make = <const Name extends string, Credential, Declared extends string = never>(
  custom: Custom<Name, Credential, Declared> & CheckName<Name>
): Scheme<NoInfer<Name>, Credential, NoInfer<Declared>> => {
  const scheme = SecurityScheme.make(custom.scheme)
  const authScheme = custom.authScheme?.toLowerCase() ?? authSchemeOf(scheme)
  // without `scopes` there are none declared: `Declared` is `never`
  const scopes = SecurityScheme.checkScopes({ ...custom.scopes }) as {
    readonly [Scope in Declared]: string
  }
  const location = locationOf(scheme)
  for (const name of custom.reads?.headers ?? []) {
    if (!SecurityScheme.isToken(name)) {
      throw new Error(
        `${JSON.stringify(name)} in \`reads.headers\` can't be a header's name: use letters, digits and "-"`
      )
    }
  }
  return fromDefinition<Name, Credential, Declared>({
    name: checkedName(custom.schemeName),
    scheme,
    scopes,
    authScheme,
    reads: {
      headers: unique(
        [...location.headers, ...(custom.reads?.headers ?? [])].map((name) => name.toLowerCase())
      ),
      query: unique([...location.query, ...(custom.reads?.query ?? [])])
    },
    extract: custom.extract,
    challenges: asList(custom.challenge ?? challenge(defaultAuthScheme(scheme), { realm: "api" })),
    isChallengeFixed: custom.isChallengeFixed ?? custom.challenge === undefined,
    identity: custom.identity
  })
}

/**
 * Makes a scheme that has a default name, for the constructors of this library.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeNamed = <Name extends string, Credential, Declared extends string>(
  options: Options<Name, Declared> | undefined,
  defaultName: string,
  custom: Omit<Custom<Name, Credential, Declared>, "schemeName" | "scopes">
): Scheme<NoInfer<Name>, Credential, NoInfer<Declared>> => {
  // without `schemeName` the type parameter is the literal of the default
  const schemeName = (options?.schemeName ?? defaultName) as Name
  const named = { ...custom, schemeName, ...(options?.scopes && { scopes: options.scopes }) }
  // the constructor's own signature has checked that the name is one literal
  return make<Name, Credential, Declared>(named as typeof named & CheckName<Name>)
}

/**
 * A challenge with its `realm`, to which a scheme adds what was wrong (RFC 6750, section 3).
 *
 * The `error` of a refused credential is only written for bearer tokens, which define it; `insufficient_scope` always is.
 *
 * @category constructors
 * @since 0.1.0
 */
export const challenge = (
  authScheme: string,
  parameters: Readonly<Record<string, string | Challenge.Token>>,
  options: { readonly saysError?: boolean } = {}
): ((problem?: Problem) => Challenge.Challenge) => {
  const plain = Challenge.make(authScheme, parameters)
  const invalid =
    options.saysError ?
      Challenge.make(authScheme, { ...parameters, error: "invalid_token" })
    : plain
  return (problem) =>
    problem === undefined ? plain
    : problem.error === "invalid_token" ? invalid
    : Challenge.make(authScheme, { ...parameters, ...problem })
}

/**
 * The identity of a scheme that is told apart by its options alone.
 *
 * @category constructors
 * @since 0.1.0
 */
export const identity = (...parts: ReadonlyArray<unknown>): string => JSON.stringify(parts)

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const checkedName = <Name extends string>(name: Name): Name => {
  SecurityScheme.checkName(name)
  return name
}

const asList =
  (make: NonNullable<Custom<string, unknown, string>["challenge"]>) =>
  (problem?: Problem): ReadonlyArray<Challenge.Challenge> => {
    const made = make(problem)
    return "scheme" in made ? [made] : made
  }

const unique = (names: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set(names)]

const authSchemeOf = (scheme: SecurityScheme.SecurityScheme): string | undefined =>
  scheme.type === "http" ? scheme.scheme.toLowerCase()
  : scheme.type === "oauth2" || scheme.type === "openIdConnect" ? "bearer"
  : undefined

const defaultAuthScheme = (scheme: SecurityScheme.SecurityScheme): string =>
  scheme.type === "http" ? scheme.scheme
  : scheme.type === "apiKey" ? "ApiKey"
  : scheme.type === "mutualTLS" ? "MutualTLS"
  : "Bearer"

const locationOf = (
  scheme: SecurityScheme.SecurityScheme
): { readonly headers: ReadonlyArray<string>; readonly query: ReadonlyArray<string> } =>
  scheme.type === "mutualTLS" ? { headers: [], query: [] }
  : scheme.type !== "apiKey" ? { headers: ["authorization"], query: [] }
  : scheme.in === "header" ? { headers: [scheme.name], query: [] }
  : scheme.in === "cookie" ? { headers: ["cookie"], query: [] }
  : { headers: [], query: [scheme.name] }

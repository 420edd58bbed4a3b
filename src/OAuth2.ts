/**
 * OAuth 2 by every flow: the scheme extracts the bearer token and documents how to get one.
 *
 * The password and implicit flows are here because clients still use them; RFC 9700, sections 2.4 and 2.1.2 say not to.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import * as Credential from "./Credential.ts"
import * as Scheme from "./Scheme.ts"
import type { Scheme as SchemeOf } from "./internal/security/Model.ts"
import * as SecurityScheme from "./SecurityScheme.ts"

export {
  passwordForm,
  PasswordFormPayload,
  passwordFormStrict,
  PasswordFormStrictPayload,
  type Client,
  type PasswordForm
} from "./internal/token/PasswordForm.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * What every OAuth 2 scheme can be told; `scopes` are those of its flow.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<Name extends string, Declared extends string> extends Scheme.Options<
  Name,
  Declared
> {
  /** Where a token is refreshed, absolute or relative. */
  readonly refreshUrl?: string
  /** Where the authorization server publishes its metadata (RFC 8414); documented from OpenAPI 3.2 on. */
  readonly oauth2MetadataUrl?: string
}

/**
 * The token: `Redacted`, and not looked into.
 *
 * @category models
 * @since 0.1.0
 */
export type Token = Redacted.Redacted<string>

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * The password flow (RFC 6749, section 4.3): tokens are asked for at `tokenUrl` with `passwordForm`.
 *
 * Reads `Authorization: Bearer`; yields the token `Redacted`. Fails as `HttpBearer.make` does: `Unauthorized` (401) with
 * `Bearer realm="api"`. Unlike FastAPI's class it refuses an empty token. `tokenUrl` may be relative to the API's server.
 *
 * @example
 * ```ts
 * import { OAuth2 } from "effect-security"
 *
 * const oauth2 = OAuth2.passwordBearer({ tokenUrl: "token", scopes: { items: "Read items" } })
 * oauth2.requirement // => [{ OAuth2PasswordBearer: [] }]
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const passwordBearer = <
  const Name extends string = "OAuth2PasswordBearer",
  Declared extends string = never
>(
  options: Options<Name, Declared> & { readonly tokenUrl: string } & Scheme.CheckName<
      Name,
      "OAuth2PasswordBearer"
    >
): SchemeOf<NoInfer<Name>, Token, NoInfer<Declared>> =>
  ofFlow("OAuth2PasswordBearer", options, {
    password: { tokenUrl: options.tokenUrl, ...common(options) }
  })

/**
 * The authorization code flow (RFC 6749, section 4.1), with PKCE (RFC 7636) as clients should use it.
 *
 * Reads and fails as {@link passwordBearer} does.
 *
 * @example
 * ```ts
 * import { OAuth2 } from "effect-security"
 *
 * const oauth2 = OAuth2.authorizationCode({
 *   schemeName: "oauth2",
 *   authorizationUrl: "https://example.com/auth",
 *   tokenUrl: "https://example.com/token",
 *   scopes: { "items:read": "Read items", "items:write": "Create items" }
 * })
 * oauth2.requirement // => [{ oauth2: [] }]
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const authorizationCode = <
  const Name extends string = "OAuth2AuthorizationCodeBearer",
  Declared extends string = never
>(
  options: Options<Name, Declared> & {
    readonly authorizationUrl: string
    readonly tokenUrl: string
  } & Scheme.CheckName<Name, "OAuth2AuthorizationCodeBearer">
): SchemeOf<NoInfer<Name>, Token, NoInfer<Declared>> =>
  ofFlow("OAuth2AuthorizationCodeBearer", options, {
    authorizationCode: {
      authorizationUrl: options.authorizationUrl,
      tokenUrl: options.tokenUrl,
      ...common(options)
    }
  })

/**
 * The client credentials flow (RFC 6749, section 4.4), for machines.
 *
 * Reads and fails as {@link passwordBearer} does.
 *
 * @example
 * ```ts
 * import { OAuth2 } from "effect-security"
 *
 * const machines = OAuth2.clientCredentials({ tokenUrl: "https://example.com/token", scopes: { sync: "Synchronise" } })
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const clientCredentials = <
  const Name extends string = "OAuth2ClientCredentialsBearer",
  Declared extends string = never
>(
  options: Options<Name, Declared> & { readonly tokenUrl: string } & Scheme.CheckName<
      Name,
      "OAuth2ClientCredentialsBearer"
    >
): SchemeOf<NoInfer<Name>, Token, NoInfer<Declared>> =>
  ofFlow("OAuth2ClientCredentialsBearer", options, {
    clientCredentials: { tokenUrl: options.tokenUrl, ...common(options) }
  })

/**
 * The implicit flow (RFC 6749, section 4.2), which RFC 9700, section 2.1.2 says not to use.
 *
 * Reads and fails as {@link passwordBearer} does.
 *
 * @example
 * ```ts
 * import { OAuth2 } from "effect-security"
 *
 * const legacy = OAuth2.implicit({ authorizationUrl: "https://example.com/auth" })
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const implicit = <
  const Name extends string = "OAuth2ImplicitBearer",
  Declared extends string = never
>(
  options: Options<Name, Declared> & { readonly authorizationUrl: string } & Scheme.CheckName<
      Name,
      "OAuth2ImplicitBearer"
    >
): SchemeOf<NoInfer<Name>, Token, NoInfer<Declared>> =>
  ofFlow("OAuth2ImplicitBearer", options, {
    implicit: { authorizationUrl: options.authorizationUrl, ...common(options) }
  })

/**
 * The device authorization flow (RFC 8628), for televisions and command lines.
 *
 * Reads and fails as {@link passwordBearer} does. OpenAPI knows the flow from 3.2 on: a document of 3.1 keeps it as
 * `x-deviceAuthorization`, and reports that.
 *
 * @example
 * ```ts
 * import { OAuth2 } from "effect-security"
 *
 * const devices = OAuth2.deviceAuthorization({
 *   deviceAuthorizationUrl: "https://example.com/device",
 *   tokenUrl: "https://example.com/token"
 * })
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const deviceAuthorization = <
  const Name extends string = "OAuth2DeviceAuthorizationBearer",
  Declared extends string = never
>(
  options: Options<Name, Declared> & {
    readonly deviceAuthorizationUrl: string
    readonly tokenUrl: string
  } & Scheme.CheckName<Name, "OAuth2DeviceAuthorizationBearer">
): SchemeOf<NoInfer<Name>, Token, NoInfer<Declared>> =>
  ofFlow("OAuth2DeviceAuthorizationBearer", options, {
    deviceAuthorization: {
      deviceAuthorizationUrl: options.deviceAuthorizationUrl,
      tokenUrl: options.tokenUrl,
      ...common(options)
    }
  })

/**
 * OAuth 2 with several flows; the scheme declares the scopes of all of them.
 *
 * Reads and fails as {@link passwordBearer} does.
 *
 * @example
 * ```ts
 * import { OAuth2 } from "effect-security"
 *
 * const oauth2 = OAuth2.make({
 *   flows: {
 *     clientCredentials: { tokenUrl: "https://example.com/token", scopes: { sync: "Synchronise" } },
 *     authorizationCode: {
 *       authorizationUrl: "https://example.com/auth",
 *       tokenUrl: "https://example.com/token",
 *       scopes: { "items:read": "Read items" }
 *     }
 *   }
 * })
 * oauth2.requirement // => [{ OAuth2: [] }]
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const make = <
  const Flows extends SecurityScheme.Flows,
  const Name extends string = "OAuth2"
>(
  options: Omit<Options<Name, never>, "scopes" | "refreshUrl"> & {
    readonly flows: Flows
  } & Scheme.CheckName<Name, "OAuth2">
): SchemeOf<NoInfer<Name>, Token, DeclaredIn<Flows>> => {
  // the scopes of the value are those of its type
  const scopes = Object.assign({}, ...Object.values(options.flows).map((flow) => flow?.scopes)) as {
    readonly [Scope in DeclaredIn<Flows>]: string
  }
  return makeToken<Name, DeclaredIn<Flows>>({ ...options, scopes }, "OAuth2", {
    type: "oauth2",
    flows: options.flows,
    description: options.description,
    deprecated: options.deprecated,
    oauth2MetadataUrl: options.oauth2MetadataUrl
  })
}

/**
 * The scopes that flows declare, as a union.
 *
 * @category type functions
 * @since 0.1.0
 */
export type DeclaredIn<Flows extends SecurityScheme.Flows> =
  // behind a condition an editor prints the type by what it comes to, not by its name
  [Flows] extends [infer Known extends SecurityScheme.Flows] ?
    {
      // not `in keyof Known`, which would take each member of a union on its own
      [Flow in Extract<keyof Known, string>]: Known[Flow] extends (
        { readonly scopes: infer Scopes }
      ) ?
        CertainKeys<Scopes>
      : never
    }[Extract<keyof Known, string>]
  : never

// CertainKeys :: Record -> its keys, without those that it may lack
type CertainKeys<Scopes> = {
  [Scope in Extract<keyof Scopes, string>]: {} extends Pick<Scopes, Scope> ? never : Scope
}[Extract<keyof Scopes, string>]

/**
 * Makes a scheme whose credential is a bearer token.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeToken = <Name extends string, Declared extends string>(
  options: Scheme.Options<Name, Declared>,
  defaultName: string,
  scheme: SecurityScheme.OAuth2 | SecurityScheme.OpenIdConnect
): SchemeOf<NoInfer<Name>, Token, NoInfer<Declared>> => {
  const realm = options.realm ?? "api"
  return Scheme.makeNamed(options, defaultName, {
    scheme,
    extract: (request): Credential.Extraction<Token> => {
      const token = Credential.authorization(request, "bearer")
      return (
        typeof token !== "string" ? token
        : Credential.isToken68(token) ? Redacted.make(token)
        : Credential.Malformed
      )
    },
    challenge: Scheme.challenge("Bearer", { realm }, { saysError: true }),
    isChallengeFixed: true,
    identity: Scheme.identity("OAuth2", scheme, realm, options.scopes)
  })
}

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const ofFlow = <Name extends string, Declared extends string>(
  defaultName: string,
  options: Options<Name, Declared>,
  flows: SecurityScheme.Flows
): SchemeOf<NoInfer<Name>, Token, NoInfer<Declared>> =>
  makeToken(options, defaultName, {
    type: "oauth2",
    flows,
    description: options.description,
    deprecated: options.deprecated,
    oauth2MetadataUrl: options.oauth2MetadataUrl
  })

const common = (options: Options<string, never>): SecurityScheme.Flow => ({
  refreshUrl: options.refreshUrl,
  scopes: options.scopes
})

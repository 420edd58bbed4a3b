/**
 * What a token endpoint of OAuth 2 answers: the token, or one of six errors.
 *
 * Each error answers by itself in a plain router (`HttpServerRespondable`) and is part of the contract of an HttpApi
 * (`addError(TokenError)`). Its body is that of the RFC, without a `_tag`. Every answer has `Cache-Control: no-store`.
 *
 * @see [RFC 6749, section 5](https://www.rfc-editor.org/rfc/rfc6749.html#section-5)
 * @since 0.1.0
 */
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as HttpServerRespondable from "@effect/platform/HttpServerRespondable"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Challenge from "./Challenge.ts"
import { withoutStack } from "./SecurityError.ts"
import * as Line from "./internal/line/Line.ts"
import * as Answer from "./internal/request/Answer.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

const badRequestCodes = [
  "invalid_request",
  "invalid_grant",
  "unauthorized_client",
  "unsupported_grant_type",
  "invalid_scope"
] as const

/**
 * The errors of a token endpoint: `invalid_client` is 401, the others are 400 (RFC 6749, section 5.2).
 *
 * @example
 * ```ts
 * import { TokenEndpoint } from "effect-security"
 *
 * const wrongPassword: TokenEndpoint.TokenErrorCode = "invalid_grant"
 * ```
 * @category models
 * @since 0.1.0
 */
export type TokenErrorCode = (typeof badRequestCodes)[number] | "invalid_client"

/**
 * A refusal by the token endpoint: 400, or 401 with `WWW-Authenticate: Basic` for `invalid_client`.
 *
 * It is an Effect that fails with itself, captures no stack and holds nothing of the request. Make one with
 * {@link invalidGrant} and its like; catch it by its tag and tell it by `error`.
 *
 * @example
 * ```ts
 * import { TokenEndpoint } from "effect-security"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.fail(TokenEndpoint.invalidGrant()).pipe(
 *   Effect.catchTag("TokenError", (refusal) => Effect.succeed(refusal.error))
 * )
 * ```
 * @see [RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2)
 * @category errors
 * @since 0.1.0
 */
export interface TokenError extends Cause.YieldableError, HttpServerRespondable.Respondable {
  readonly _tag: "TokenError"
  readonly error: TokenErrorCode
  /** For the developer of the client; `error_description` in the body. */
  readonly description: string | undefined
  /** A page about the error; `error_uri` in the body. */
  readonly uri: string | undefined
  /** For `WWW-Authenticate`; `invalid_client` has one. */
  readonly challenge: Challenge.Challenge | undefined
}

/**
 * The body of a {@link TokenError}, as RFC 6749, section 5.2 has it.
 *
 * @example
 * ```ts
 * import type { TokenEndpoint } from "effect-security"
 *
 * const body: TokenEndpoint.TokenErrorBody = { error: "invalid_grant" }
 * ```
 * @category models
 * @since 0.1.0
 */
export interface TokenErrorBody {
  readonly error: TokenErrorCode
  readonly error_description?: string
  readonly error_uri?: string
}

// a plain class and not Schema.TaggedError, whose encoded form always has a `_tag`
class Refusal
  extends Data.TaggedError("TokenError")<{
    readonly error: TokenErrorCode
    readonly description: string | undefined
    readonly uri: string | undefined
    readonly challenge: Challenge.Challenge | undefined
  }>
  implements TokenError
{
  override get message(): string {
    return this.description === undefined ? this.error : `${this.error}: ${this.description}`
  }

  [HttpServerRespondable.symbol](): Effect.Effect<HttpServerResponse.HttpServerResponse> {
    return Effect.succeed(
      HttpServerResponse.unsafeJson(toBody(this), { status: status(this), headers: headers(this) })
    )
  }
}

// ----------------------------------------------------------------------------
// schemas
// ----------------------------------------------------------------------------

/**
 * The errors of a token endpoint for an HttpApi: `addError(TokenError)` documents and answers 400 and 401.
 *
 * Encoding one also sets `Cache-Control: no-store` and `WWW-Authenticate` on the response that the encoding fiber
 * answers with.
 *
 * @example
 * ```ts
 * import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
 * import { TokenEndpoint } from "effect-security"
 *
 * const token = HttpApiEndpoint.post("token", "/token")
 *   .addSuccess(TokenEndpoint.TokenResponse)
 *   .addError(TokenEndpoint.TokenError)
 * ```
 * @see [RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2)
 * @category schemas
 * @since 0.1.0
 */
export const TokenError = Line.errors(
  contract({
    status: 400,
    identifier: "SecurityTokenError",
    description: "The token request was refused",
    codes: badRequestCodes
  }),
  contract({
    status: 401,
    identifier: "SecurityTokenClientError",
    description: "The client is unknown, or was not authenticated",
    codes: ["invalid_client"]
  })
)

/**
 * The token of a token endpoint for an HttpApi: `addSuccess(TokenResponse)`.
 *
 * Encoding one also sets `Cache-Control: no-store` and `Pragma: no-cache`. Outside an HttpApi, or for members of
 * one's own, there is {@link tokenResponse}.
 *
 * @example
 * ```ts
 * import { TokenEndpoint } from "effect-security"
 * import * as Redacted from "effect/Redacted"
 *
 * const answer: typeof TokenEndpoint.TokenResponse.Type = {
 *   access_token: Redacted.make("2YotnFZFEjr1zCsicMWpAA"),
 *   token_type: "bearer",
 *   expires_in: 3600
 * }
 * ```
 * @see [RFC 6749, section 5.1](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1)
 * @category schemas
 * @since 0.1.0
 */
export const TokenResponse = answeringWith(
  Schema.Struct({
    access_token: Schema.Redacted(Schema.String),
    token_type: Schema.String.annotations({ description: 'How to present the token: "bearer"' }),
    expires_in: optional(Schema.NonNegativeInt.annotations({ description: "Seconds from now" })),
    refresh_token: optional(Schema.Redacted(Schema.String)),
    scope: optional(Schema.String.annotations({ description: "Scopes, parted by one space" }))
  }),
  () => ({ status: 200, headers: notStored })
).annotations({ identifier: "SecurityTokenResponse", description: "The access token" })

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * What may be said beside the code of an error: `description` in the ASCII of RFC 6749 without `"` and `\`, `uri` a
 * page about it.
 *
 * @example
 * ```ts
 * import { TokenEndpoint } from "effect-security"
 *
 * const locked = TokenEndpoint.invalidGrant({ description: "The account is locked" })
 * ```
 * @category models
 * @since 0.1.0
 */
export interface TokenErrorOptions {
  readonly description?: string
  readonly uri?: string
}

/**
 * A parameter is missing, repeated or malformed: 400 `invalid_request`.
 *
 * Throws when the description leaves the characters of RFC 6749, section 5.2: never put into it what the request said.
 *
 * @example
 * ```ts
 * import { TokenEndpoint } from "effect-security"
 *
 * const missing = TokenEndpoint.invalidRequest("The field username is missing")
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const invalidRequest = (description: string, uri?: string): TokenError =>
  make("invalid_request", { description, ...(uri === undefined ? {} : { uri }) })

/**
 * The user name or the password is wrong: 400 `invalid_grant`. It does not tell which.
 *
 * @example
 * ```ts
 * import { TokenEndpoint } from "effect-security"
 *
 * const wrong = TokenEndpoint.invalidGrant()
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const invalidGrant = (options?: TokenErrorOptions): TokenError =>
  make("invalid_grant", { description: "The user name or the password is wrong", ...options })

/**
 * The client is unknown or not authenticated: 401 `invalid_client` with a Basic challenge.
 *
 * `realm` is "token endpoint" by default. Throws when it can't stand in a header.
 *
 * @example
 * ```ts
 * import { TokenEndpoint } from "effect-security"
 *
 * const unknown = TokenEndpoint.invalidClient({ realm: "items" })
 * ```
 * @see [RFC 6749, section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749.html#section-2.3.1)
 * @category constructors
 * @since 0.1.0
 */
export const invalidClient = (
  options?: TokenErrorOptions & { readonly realm?: string }
): TokenError => {
  const { realm = "token endpoint", ...rest } = options ?? {}
  return make(
    "invalid_client",
    { description: "The client could not be authenticated", ...rest },
    basic(realm)
  )
}

/**
 * The client may not use this grant: 400 `unauthorized_client`.
 *
 * @example
 * ```ts
 * import { TokenEndpoint } from "effect-security"
 *
 * const webOnly = TokenEndpoint.unauthorizedClient()
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const unauthorizedClient = (options?: TokenErrorOptions): TokenError =>
  make("unauthorized_client", { description: "The client may not use this grant", ...options })

/**
 * The endpoint does not know this `grant_type`: 400 `unsupported_grant_type`.
 *
 * @example
 * ```ts
 * import { TokenEndpoint } from "effect-security"
 *
 * const unsupported = TokenEndpoint.unsupportedGrantType()
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const unsupportedGrantType = (options?: TokenErrorOptions): TokenError =>
  make("unsupported_grant_type", { description: "The grant_type has to be password", ...options })

/**
 * A scope is unknown, malformed or more than the user may grant: 400 `invalid_scope`.
 *
 * @example
 * ```ts
 * import { TokenEndpoint } from "effect-security"
 *
 * const unknown = TokenEndpoint.invalidScope({ description: "Scopes are items:read and items:write" })
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const invalidScope = (options?: TokenErrorOptions): TokenError =>
  make("invalid_scope", { description: "A scope is unknown or malformed", ...options })

/**
 * Answers with a token: 200, JSON, `Cache-Control: no-store`, `Pragma: no-cache`.
 *
 * `tokenType` is `bearer` by default, `expiresIn` a number of seconds or a Duration (rounded down), `scope` is left out
 * when empty. `extra` members, such as an `id_token`, never replace those of the RFC. Throws when a value leaves the
 * RFC's grammar.
 *
 * @example
 * ```ts
 * import { TokenEndpoint } from "effect-security"
 * import * as Redacted from "effect/Redacted"
 *
 * const response = TokenEndpoint.tokenResponse({
 *   accessToken: Redacted.make("2YotnFZFEjr1zCsicMWpAA"),
 *   expiresIn: 3600,
 *   scope: ["items:read"]
 * })
 * ```
 * @see [RFC 6749, section 5.1](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1)
 * @category constructors
 * @since 0.1.0
 */
export const tokenResponse = (options: {
  readonly accessToken: Redacted.Redacted | string
  readonly tokenType?: string
  readonly expiresIn?: number | Duration.Duration
  readonly refreshToken?: Redacted.Redacted | string
  readonly scope?: ReadonlyArray<string>
  readonly extra?: Readonly<Record<string, unknown>>
}): HttpServerResponse.HttpServerResponse => {
  const { accessToken, tokenType = "bearer", expiresIn, refreshToken, scope = [], extra } = options
  return HttpServerResponse.unsafeJson(
    {
      ...extra,
      access_token: visible("accessToken", reveal(accessToken)),
      token_type: visible("tokenType", tokenType),
      // JSON leaves out what is undefined
      expires_in: expiresIn === undefined ? undefined : seconds(expiresIn),
      refresh_token:
        refreshToken === undefined ? undefined : visible("refreshToken", reveal(refreshToken)),
      scope: scope.length === 0 ? undefined : scope.map(checkedScope).join(" ")
    },
    { headers: notStored }
  )
}

// ----------------------------------------------------------------------------
// guards
// ----------------------------------------------------------------------------

/**
 * Whether a string is one scope: visible ASCII without space, `"` and `\`.
 *
 * @example
 * ```ts
 * import { TokenEndpoint } from "effect-security"
 *
 * TokenEndpoint.isScopeToken("items:read") // => true
 * ```
 * @see [RFC 6749, section 3.3](https://www.rfc-editor.org/rfc/rfc6749.html#section-3.3)
 * @category guards
 * @since 0.1.0
 */
export const isScopeToken = (value: string): boolean => scopePattern.test(value)

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

// error-description = %x20-21 / %x23-5B / %x5D-7E, at least one (RFC 6749, appendix A.8)
const descriptionPattern = /^[ !#-[\]-~]+$/
// the characters of a URI-reference (RFC 6749, section 5.2)
const uriPattern = /^[!#-[\]-~]+$/
// scope-token = 1*( %x21 / %x23-5B / %x5D-7E ) (RFC 6749, section 3.3)
const scopePattern = /^[!#-[\]-~]+$/

const make = (
  error: TokenErrorCode,
  { description, uri }: TokenErrorOptions,
  challenge?: Challenge.Challenge
): TokenError => {
  check("description", description, descriptionPattern)
  check("uri", uri, uriPattern)
  return withoutStack(() => new Refusal({ error, description, uri, challenge }))
}

const check = (what: string, value: string | undefined, pattern: RegExp): void => {
  if (value !== undefined && !pattern.test(value)) {
    throw new Error(
      `TokenError: the ${what} ${JSON.stringify(value)} leaves the characters of RFC 6749, section 5.2: write it in ASCII without quotation marks and backslashes`
    )
  }
}

const checkedScope = (value: string): string => {
  if (!isScopeToken(value)) {
    throw new Error(
      `tokenResponse: ${JSON.stringify(value)} is not one scope: give each scope as an element of its own, without spaces`
    )
  }
  return value
}

// VSCHAR = %x20-7E; the message must not show a token
const visible = (what: string, value: string): string => {
  if (!/^[ -~]+$/.test(value)) {
    throw new Error(`tokenResponse: ${what} is empty or has a character that is not visible ASCII`)
  }
  return value
}

const reveal = (value: Redacted.Redacted | string): string =>
  typeof value === "string" ? value : Redacted.value(value)

const seconds = (value: number | Duration.Duration): number => {
  const whole = Math.floor(typeof value === "number" ? value : Duration.toSeconds(value))
  if (!Number.isSafeInteger(whole) || whole < 0) {
    throw new Error(
      `tokenResponse: expiresIn is ${whole}: give seconds from now, or leave it out for a token without an end`
    )
  }
  return whole
}

const notStored = { "cache-control": "no-store", pragma: "no-cache" }

const basic = (realm: string): Challenge.Challenge =>
  Challenge.make("Basic", { realm, charset: "UTF-8" })

const status = (self: TokenError): number => (self.error === "invalid_client" ? 401 : 400)

const headers = (self: TokenError): Record<string, string> =>
  self.challenge === undefined ?
    notStored
  : { ...notStored, "www-authenticate": Challenge.print(self.challenge) }

const toBody = (self: TokenError): TokenErrorBody => ({
  error: self.error,
  ...(self.description === undefined ? {} : { error_description: self.description }),
  ...(self.uri === undefined ? {} : { error_uri: self.uri })
})

function optional<A, I, R>(schema: Schema.Schema<A, I, R>) {
  return Schema.optionalWith(schema, { exact: true })
}

function contract(options: {
  readonly status: number
  readonly identifier: string
  readonly description: string
  readonly codes: ReadonlyArray<TokenErrorCode>
}): Schema.Schema<TokenError, TokenErrorBody> {
  const isMember = (value: unknown): value is TokenError =>
    value instanceof Refusal && options.codes.includes(value.error)
  const instance = Schema.declare(isMember, { identifier: `${options.identifier}Instance` })
  const body: Schema.Schema<TokenErrorBody> = Schema.Struct({
    error: Schema.Literal(...options.codes),
    error_description: optional(Schema.String),
    error_uri: optional(Schema.String)
  })
  return Schema.transform(
    body,
    answeringWith(instance, (self) => ({ status: status(self), headers: headers(self) })),
    {
      strict: true,
      decode: ({ error, error_description, error_uri }): TokenError =>
        withoutStack(
          () =>
            new Refusal({
              error,
              description: error_description,
              uri: error_uri,
              challenge: error === "invalid_client" ? basic("token endpoint") : undefined
            })
        ),
      encode: (self: TokenError): TokenErrorBody => toBody(self)
    }
  ).annotations(
    HttpApiSchema.annotations({
      status: options.status,
      identifier: options.identifier,
      description: options.description
    })
  )
}

/**
 * The same schema, whose encoding sets headers on the response of the fiber that encodes.
 *
 * A schema of an HttpApi describes a body only; the fiber that encodes it is the one that answers, also when the error
 * was raised in another (`Effect.timeout`).
 */
function answeringWith<A, I>(
  schema: Schema.Schema<A, I>,
  answer: (self: A) => { readonly status: number; readonly headers: Record<string, string> }
): Schema.Schema<A, I> {
  return Line.whenEncoded(schema, (self) => {
    const { status, headers } = answer(self)
    return Answer.change(Answer.withFields(Object.entries(headers), status))
  })
}

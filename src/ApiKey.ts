/**
 * API keys in a header, in the query or in a cookie.
 *
 * A key in the query stands in logs and histories: prefer a header. A key in a cookie is sent by the browser unasked: see
 * {@link setCookie} for the attributes that keep other sites from using it.
 *
 * @since 0.1.0
 */
import * as Cookies from "@effect/platform/Cookies"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Redacted from "effect/Redacted"
import * as Credential from "./Credential.ts"
import * as Scheme from "./Scheme.ts"
import type { Scheme as SchemeOf } from "./SecurityModel.ts"

/**
 * An API key in a header.
 *
 * Reads the one header `name`, without regard to case; yields its value `Redacted`. No such header: `Unauthorized` (401,
 * `absent`). A repeated header, an empty value, a comma or a control character, more than 16,384 characters: `Unauthorized`
 * (401, `malformed`). The challenge is `ApiKey realm="api"`, since RFC 9110, section 15.5.2 asks every 401 for one.
 *
 * @example
 * ```ts
 * import { ApiKey } from "effect-security"
 *
 * ApiKey.header("X-API-Key").requirement // => [{ APIKeyHeader: [] }]
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const header = <const Name extends string = "APIKeyHeader", Declared extends string = never>(
  name: string,
  options?: Scheme.Options<Name, Declared> & Scheme.CheckName<Name, "APIKeyHeader">
): SchemeOf<NoInfer<Name>, Redacted.Redacted<string>, NoInfer<Declared>> => {
  const lower = name.toLowerCase()
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower)) {
    throw new Error(`${JSON.stringify(name)} can't be a header's name: use letters, digits and "-"`)
  }
  if (lower === "authorization" || lower === "cookie") {
    throw new Error(
      `an API key can't be the header ${name}: use Http.scheme or HttpBearer for Authorization, ApiKey.cookie for a cookie`
    )
  }
  if (lower === "__proto__" || lower === "set-cookie") {
    throw new Error(
      `an API key can't be the header ${name}: servers don't show it as one text, use another name`
    )
  }
  return make("header", "APIKeyHeader", name, options, (request) =>
    Credential.header(request, lower)
  )
}

/**
 * An API key in the query.
 *
 * Reads the one parameter `name`, case-sensitive, from the original URL of the request; yields its value `Redacted`. Fails as
 * {@link header} does; a comma is allowed.
 *
 * @example
 * ```ts
 * import { ApiKey } from "effect-security"
 *
 * ApiKey.query("api_key").requirement // => [{ APIKeyQuery: [] }]
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const query = <const Name extends string = "APIKeyQuery", Declared extends string = never>(
  name: string,
  options?: Scheme.Options<Name, Declared> & Scheme.CheckName<Name, "APIKeyQuery">
): SchemeOf<NoInfer<Name>, Redacted.Redacted<string>, NoInfer<Declared>> =>
  make("query", "APIKeyQuery", name, options, (request) => Credential.query(request, name))

/**
 * An API key in a cookie (RFC 6265).
 *
 * Reads the one cookie `name`, case-sensitive; yields its value `Redacted`, without surrounding quotes and percent-decoded.
 * A cookie that is sent twice is refused, not chosen from. Fails as {@link header} does; a comma is allowed.
 *
 * @example
 * ```ts
 * import { ApiKey } from "effect-security"
 *
 * ApiKey.cookie("session_id").requirement // => [{ APIKeyCookie: [] }]
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const cookie = <const Name extends string = "APIKeyCookie", Declared extends string = never>(
  name: string,
  options?: Scheme.Options<Name, Declared> & Scheme.CheckName<Name, "APIKeyCookie">
): SchemeOf<NoInfer<Name>, Redacted.Redacted<string>, NoInfer<Declared>> => {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
    throw new Error(
      `${JSON.stringify(name)} can't be a cookie's name: use letters, digits, "-" and "_"`
    )
  }
  return make("cookie", "APIKeyCookie", name, options, (request) =>
    Credential.cookie(request, name)
  )
}

/**
 * How a key's cookie is kept.
 *
 * @category models
 * @since 0.1.0
 */
export interface CookieOptions {
  /** How long the browser keeps it; until it is closed by default. */
  readonly maxAge?: Duration.DurationInput
  /** `"/"` by default. */
  readonly path?: string
  /** The host alone by default. */
  readonly domain?: string
  /** `"lax"` by default: other sites can link to the API, and can't post to it. */
  readonly sameSite?: "strict" | "lax" | "none"
  /** `true` by default: sent over TLS and to localhost only. */
  readonly secure?: boolean
}

/**
 * Sets a key's cookie on a response: `HttpOnly`, `Secure`, `SameSite=Lax`, `Path=/`, and `Cache-Control: no-store`.
 *
 * Fails with `CookiesError` for a name or a domain that can't be in a cookie, and for a value that {@link cookie} could not read
 * back: one with a control character or half a surrogate pair. `SameSite` is no protection for a
 * `GET` that changes something.
 *
 * @example
 * ```ts
 * import { ApiKey } from "effect-security"
 * import { HttpServerResponse } from "@effect/platform"
 * import { Redacted } from "effect"
 *
 * const response = HttpServerResponse.empty().pipe(
 *   ApiKey.setCookie("session_id", Redacted.make("0123456789"), { maxAge: "1 hour" })
 * )
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const setCookie: {
  (
    name: string,
    value: Redacted.Redacted<string>,
    options?: CookieOptions
  ): (
    self: HttpServerResponse.HttpServerResponse
  ) => Effect.Effect<HttpServerResponse.HttpServerResponse, Cookies.CookiesError>
  (
    self: HttpServerResponse.HttpServerResponse,
    name: string,
    value: Redacted.Redacted<string>,
    options?: CookieOptions
  ): Effect.Effect<HttpServerResponse.HttpServerResponse, Cookies.CookiesError>
} = dual(
  (args) => HttpServerResponse.isServerResponse(args[0]),
  (
    self: HttpServerResponse.HttpServerResponse,
    name: string,
    value: Redacted.Redacted<string>,
    options: CookieOptions = {}
  ) =>
    isReadable(Redacted.value(value)) ?
      HttpServerResponse.setCookie(self, name, Redacted.value(value), {
        ...(options.maxAge !== undefined && { maxAge: options.maxAge }),
        ...(options.domain !== undefined && { domain: options.domain }),
        path: options.path ?? "/",
        secure: options.secure ?? true,
        sameSite: options.sameSite ?? "lax",
        httpOnly: true
      }).pipe(Effect.map(HttpServerResponse.setHeader("cache-control", "no-store")))
    : Effect.fail(new Cookies.CookiesError({ reason: "InvalidValue" }))
)

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const isReadable = (key: string): boolean =>
  !Credential.hasControls(key) && !/\p{Surrogate}/u.test(key)

const make = <Name extends string, Declared extends string>(
  location: "header" | "query" | "cookie",
  defaultName: string,
  name: string,
  options: Scheme.Options<Name, Declared> | undefined,
  read: (request: Parameters<typeof Credential.header>[0]) => Credential.Extraction<string>
): SchemeOf<NoInfer<Name>, Redacted.Redacted<string>, NoInfer<Declared>> => {
  const realm = options?.realm ?? "api"
  const scheme = {
    type: "apiKey",
    name,
    in: location,
    description: options?.description,
    deprecated: options?.deprecated
  } as const
  return Scheme.makeNamed(options, defaultName, {
    scheme,
    extract: (request) => {
      const key = read(request)
      return typeof key === "string" ? Redacted.make(key) : key
    },
    challenge: Scheme.challenge("ApiKey", { realm }),
    isChallengeFixed: true,
    identity: Scheme.identity("ApiKey", scheme, realm, options?.scopes)
  })
}

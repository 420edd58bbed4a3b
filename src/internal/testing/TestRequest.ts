/**
 * Requests with credentials, for tests.
 *
 * @since 0.1.0
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Redacted from "effect/Redacted"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * What a request carries to be let in: headers, query parameters, cookies.
 *
 * @category models
 * @since 0.1.0
 */
export interface Credential {
  readonly headers?: { readonly [name: string]: string }
  readonly query?: { readonly [name: string]: string }
  readonly cookies?: { readonly [name: string]: string }
}

// ----------------------------------------------------------------------------
// credentials
// ----------------------------------------------------------------------------

type Secret = string | Redacted.Redacted<string>

const textOf = (secret: Secret): string =>
  Redacted.isRedacted(secret) ? Redacted.value(secret) : secret

/**
 * A bearer token in `Authorization`.
 *
 * @category credentials
 * @since 0.1.0
 */
export const bearer = (token: Secret): Credential => ({
  headers: { authorization: `Bearer ${textOf(token)}` }
})

/**
 * A user and a password in `Authorization: Basic` (RFC 7617), in UTF-8.
 *
 * @category credentials
 * @since 0.1.0
 */
export const basic = (username: string, password: Secret): Credential => {
  const bytes = new TextEncoder().encode(`${username}:${textOf(password)}`)
  return { headers: { authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` } }
}

/**
 * A key in a header.
 *
 * @category credentials
 * @since 0.1.0
 */
export const header = (name: string, key: Secret): Credential => ({
  headers: { [name]: textOf(key) }
})

/**
 * A key in the query.
 *
 * @category credentials
 * @since 0.1.0
 */
export const query = (name: string, key: Secret): Credential => ({ query: { [name]: textOf(key) } })

/**
 * A key in a cookie.
 *
 * @category credentials
 * @since 0.1.0
 */
export const cookie = (name: string, key: Secret): Credential => ({
  cookies: { [name]: textOf(key) }
})

// ----------------------------------------------------------------------------
// requests
// ----------------------------------------------------------------------------

/**
 * A request with credentials: `GET`, unless it is made of another (`new Request(request, { method: "POST" })`). Throws when two of them need the same header, such as `Authorization`.
 *
 * @example
 * ```ts
 * import { SecurityTest } from "effect-security"
 *
 * const request = SecurityTest.request("http://localhost/items", SecurityTest.header("X-API-Key", "demo-key"))
 * ```
 * @category requests
 * @since 0.1.0
 */
export const request = (url: string, ...credentials: ReadonlyArray<Credential>): Request => {
  const target = new URL(url)
  const headers = new Headers()
  const cookies: Array<string> = []
  for (const credential of credentials) {
    for (const [name, value] of Object.entries(credential.headers ?? {})) {
      if (headers.has(name))
        throw new Error(`two credentials need the header ${name}: send one of them`)
      headers.set(name, value)
    }
    for (const [name, value] of Object.entries(credential.query ?? {})) {
      target.searchParams.append(name, value)
    }
    for (const [name, value] of Object.entries(credential.cookies ?? {})) {
      cookies.push(`${name}=${encodeURIComponent(value)}`)
    }
  }
  if (cookies.length > 0) headers.append("cookie", cookies.join("; "))
  return new Request(target, { headers })
}

/**
 * Runs an expression, or anything else that needs the request, on a request.
 *
 * @category requests
 * @since 0.1.0
 */
export const provideRequest: {
  (
    request: Request
  ): <A, E, R>(
    self: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E, Exclude<R, HttpServerRequest.HttpServerRequest>>
  <A, E, R>(
    self: Effect.Effect<A, E, R>,
    request: Request
  ): Effect.Effect<A, E, Exclude<R, HttpServerRequest.HttpServerRequest>>
} = dual(2, <A, E, R>(self: Effect.Effect<A, E, R>, request: Request) =>
  Effect.provideService(
    self,
    HttpServerRequest.HttpServerRequest,
    HttpServerRequest.fromWeb(request)
  )
)

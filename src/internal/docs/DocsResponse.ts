/**
 * How a page and its files are answered: their headers, and 304 to who has them.
 *
 * @since 0.1.0
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as ContentSecurityPolicy from "./ContentSecurityPolicy.ts"
import type { File } from "./DocsResource.ts"

// ----------------------------------------------------------------------------
// responses
// ----------------------------------------------------------------------------

/**
 * `Cache-Control` of what may be kept, and is asked for again.
 *
 * @category responses
 * @since 0.1.0
 */
export const revalidate = "no-cache"

const forever = "public, max-age=31536000, immutable"

/**
 * A body with the tag that changes when it does.
 *
 * @category models
 * @since 0.1.0
 */
export interface Tagged extends Pick<File, "body" | "contentType"> {
  readonly tag: string
}

/**
 * Answers 304 to who has it already (RFC 9110, section 13.1.2). What `isFile` says is public: `?v=` with its tag may be kept for
 * ever, by all.
 *
 * @category responses
 * @since 0.1.0
 */
export const conditional = (
  { body, contentType, tag }: Tagged,
  cacheControl: string,
  isFile: boolean
): Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  never,
  HttpServerRequest.HttpServerRequest
> => {
  const etag = `"${tag}"`
  const make = (cacheControl: string) => {
    const headers = {
      "cache-control": cacheControl,
      etag,
      "x-content-type-options": "nosniff",
      "referrer-policy": "same-origin"
    }
    return {
      full: HttpServerResponse.uint8Array(body, { contentType, headers }),
      notModified: HttpServerResponse.empty({ status: 304, headers })
    }
  }
  const checked = make(cacheControl)
  const kept = make(forever)
  return Effect.map(HttpServerRequest.HttpServerRequest, ({ headers, originalUrl }) => {
    const { full, notModified } = isFile && originalUrl.endsWith(`?v=${tag}`) ? kept : checked
    return matches(headers["if-none-match"], etag) ? notModified : full
  })
}

const matches = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch !== undefined &&
  ifNoneMatch
    .split(",")
    .map((tag) => tag.trim().replace(/^W\//, ""))
    .some((tag) => tag === "*" || tag === etag)

/**
 * A path as it was asked for: with `/` at its end it is one level deeper.
 *
 * @category models
 * @since 0.1.0
 */
export type At = (path: string) => string

/**
 * Answers with HTML that no other page can frame, whose scripts run by a nonce of this one response.
 *
 * @category responses
 * @since 0.1.0
 */
export const html = (
  render: (at: At, nonce: string) => string,
  policy: ContentSecurityPolicy.Policy,
  referrerPolicy = "same-origin"
): Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  never,
  HttpServerRequest.HttpServerRequest
> =>
  Effect.map(HttpServerRequest.HttpServerRequest, ({ originalUrl }) => {
    const [pathname = ""] = originalUrl.split(/[?#]/, 1)
    const nonce = randomNonce()
    const at: At = (path) => (path !== "/" && pathname.endsWith("/") ? `${path}/` : path)
    return HttpServerResponse.text(render(at, nonce), {
      contentType: "text/html; charset=utf-8",
      headers: {
        // the nonce is for one response
        "cache-control": "no-store",
        "content-security-policy": ContentSecurityPolicy.print(policy, nonce),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": referrerPolicy
      }
    })
  })

const randomNonce = (): string => base64(crypto.getRandomValues(new Uint8Array(16)))

const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))

/**
 * The tag of a body: of its SHA-256, in characters that a URL can hold.
 *
 * @category folds
 * @since 0.1.0
 */
export const tagOf = (body: Uint8Array): Effect.Effect<string> =>
  // a copy is a plain ArrayBuffer, whatever the body's was
  Effect.promise(() => crypto.subtle.digest("SHA-256", new Uint8Array(body))).pipe(
    Effect.map((digest) =>
      base64(new Uint8Array(digest).subarray(0, 15)).replace(/\+/g, "-").replace(/\//g, "_")
    )
  )

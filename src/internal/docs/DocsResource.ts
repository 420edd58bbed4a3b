/**
 * What a page loads, and where that comes from.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * A file that is served below the page.
 *
 * @category models
 * @since 0.1.0
 */
export interface File {
  readonly name: string
  readonly contentType: string
  readonly body: Uint8Array
}

/**
 * What the page loads: a file of its own by name, or a URL.
 *
 * @category models
 * @since 0.1.0
 */
export interface Resource {
  readonly file?: string
  readonly url?: string
  /** Subresource Integrity: `sha384-…`. */
  readonly integrity?: string | undefined
}

// ----------------------------------------------------------------------------
// resources
// ----------------------------------------------------------------------------

/**
 * Checks the URL of a resource on a server that is not this one: `https`, and with a hash that says what it has to be.
 *
 * @category resources
 * @since 0.1.0
 */
export const foreign = (url: string, integrity: string | undefined): Resource => {
  if (!URL.canParse(url) || !isSecure(new URL(url))) {
    throw new Error(`assets.cdn has to be an https URL: got ${JSON.stringify(url)}`)
  }
  if (integrity === undefined || !/^sha(256|384|512)-[A-Za-z0-9+/]+=*$/.test(integrity)) {
    throw new Error(
      `assets.integrity has to hold the hash of ${url}, such as "sha384-…" (Subresource Integrity)`
    )
  }
  return { url, integrity }
}

/**
 * Checks the URL of a resource that another route of this server serves.
 *
 * @category resources
 * @since 0.1.0
 */
export const own = (url: string): Resource => {
  if (URL.canParse(url) || url.startsWith("//") || url.includes("\\")) {
    throw new Error(
      `assets.url has to be a path on this server: got ${JSON.stringify(url)}; for another server use assets.cdn`
    )
  }
  return { url }
}

const isSecure = ({ hostname, protocol }: URL): boolean =>
  protocol === "https:" ||
  (protocol === "http:" && (hostname === "localhost" || hostname === "127.0.0.1"))

/**
 * Reads a file, or fails with a sentence that says what to do.
 *
 * @category resources
 * @since 0.1.0
 */
export const readFile = (path: string, advice: string): Effect.Effect<Uint8Array, Error> =>
  Effect.tryPromise({
    try: async () => (await import("node:fs/promises")).readFile(path),
    catch: (cause) => new Error(`${path} can't be read: ${advice}`, { cause })
  })

/**
 * A script as a file of the page.
 *
 * @category resources
 * @since 0.1.0
 */
export const script = (name: string, text: string): File => ({
  name,
  contentType: "text/javascript; charset=utf-8",
  body: new TextEncoder().encode(text)
})

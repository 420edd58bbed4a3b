/**
 * The Content-Security-Policy of a page whose scripts run by a nonce.
 *
 * @see [Content Security Policy Level 3](https://www.w3.org/TR/CSP3/)
 * @since 0.1.0
 */

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * Sources of a Content-Security-Policy, such as `https://id.example.com`, by directive.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sources {
  /** Where requests may go besides this server, the token endpoints and the servers of the document. */
  readonly "connect-src"?: ReadonlyArray<string> | undefined
  /** Whence images in descriptions may come. */
  readonly "img-src"?: ReadonlyArray<string> | undefined
  readonly "font-src"?: ReadonlyArray<string> | undefined
  readonly "style-src"?: ReadonlyArray<string> | undefined
}

/**
 * What a page needs by itself.
 *
 * @category models
 * @since 0.1.0
 */
export interface PageSources extends Sources {
  readonly "script-src"?: ReadonlyArray<string>
}

/**
 * A policy: sources by directive.
 *
 * @category models
 * @since 0.1.0
 */
export type Policy = { readonly [directive: string]: ReadonlyArray<string> }

// ----------------------------------------------------------------------------
// policies
// ----------------------------------------------------------------------------

/**
 * The policy that allows nothing.
 *
 * @category policies
 * @since 0.1.0
 */
export const nothing: Policy = {
  "default-src": ["'none'"],
  "base-uri": ["'none'"],
  "form-action": ["'none'"],
  "frame-ancestors": ["'none'"]
}

/**
 * The policy of a page: what it needs, the origins that it calls, and what users add. Throws for a source of theirs that is none.
 *
 * @category policies
 * @since 0.1.0
 */
export const make = (
  page: PageSources,
  origins: ReadonlyArray<string>,
  added: Sources = {}
): Policy => {
  const merge = (
    directive: keyof Sources,
    ...own: ReadonlyArray<string>
  ): ReadonlyArray<string> => [
    ...new Set([...own, ...(page[directive] ?? []), ...(added[directive] ?? []).map(checkSource)])
  ]
  const fonts = merge("font-src")
  const { "script-src": scripts = [] } = page
  return {
    ...nothing,
    "script-src": scripts,
    "style-src": merge("style-src"),
    "img-src": merge("img-src", "'self'", "data:"),
    "connect-src": merge("connect-src", "'self'", ...origins),
    ...(fonts.length > 0 && { "font-src": fonts })
  }
}

const checkSource = (source: string): string => {
  if (!isSource(source)) {
    throw new Error(
      `a source of contentSecurityPolicy is one such as "https://id.example.com": got ${JSON.stringify(source)}`
    )
  }
  return source
}

/**
 * A policy as the header has it. Scripts run by the nonce alone; styles too, unless the page's makers need more.
 *
 * @category policies
 * @since 0.1.0
 */
export const print = (policy: Policy, nonce: string): string =>
  Object.entries(policy)
    .map(([directive, sources]) => {
      const isByNonce =
        directive === "script-src" ||
        (directive === "style-src" && !sources.includes("'unsafe-inline'"))
      return [directive, ...(isByNonce ? [`'nonce-${nonce}'`] : []), ...sources].join(" ")
    })
    .join("; ")

// ----------------------------------------------------------------------------
// sources
// ----------------------------------------------------------------------------

/**
 * The origin of a URL. None for a relative one, and for what is none in a policy.
 *
 * @category folds
 * @since 0.1.0
 */
export const originOf = (url: string | undefined): ReadonlyArray<string> => {
  if (url === undefined || !URL.canParse(url)) return []
  const { origin, protocol } = new URL(url)
  return /^https?:$/.test(protocol) && isOrigin(origin) ? [origin] : []
}

/** A host may hold `;`, `'` and the braces of a server's variable. */
const isOrigin = (origin: string): boolean =>
  /^https?:\/\/([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d+)?$/.test(origin)

const isSource = (source: string): boolean => /^[^\s;,'"]+$/.test(source)

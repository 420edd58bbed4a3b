/**
 * The HTML of a page: nothing of it runs in the page itself, and all of its URLs are relative to it.
 *
 * @since 0.1.0
 */
import type { Resource } from "./DocsResource.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * What a page consists of.
 *
 * @category models
 * @since 0.1.0
 */
export interface Content {
  readonly icon?: Resource | undefined
  readonly styles: ReadonlyArray<Resource>
  readonly scripts: ReadonlyArray<Resource>
  /** The scripts of `oauth2-redirect`. */
  readonly redirectScripts: ReadonlyArray<Resource>
  /** What the scripts read: JSON. */
  readonly configuration: object
}

/**
 * What it is called, and where everything is: absolute paths.
 *
 * @category models
 * @since 0.1.0
 */
export interface Head {
  readonly title: string
  /** Its own files by name; their tags make URLs that nobody has kept. */
  readonly files: ReadonlyMap<string, { readonly path: string; readonly tag: string }>
  readonly documentPath: string
  readonly redirectPath: string
}

// ----------------------------------------------------------------------------
// pages
// ----------------------------------------------------------------------------

/**
 * The page, as it is asked for at the path `from`.
 *
 * @category pages
 * @since 0.1.0
 */
export const main = (
  page: Content,
  head: Head,
  from: string,
  nonce: string
): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(head.title)}</title>
<link rel="icon" href="${page.icon === undefined ? "data:," : escapeHtml(urlOf(page.icon, head, from))}">
${page.styles.map((style) => `<link rel="stylesheet" ${attributes("href", style, head, from, nonce)}>`).join("\n")}
</head>
<body>
<div id="docs"></div>
<script type="application/json" id="configuration">${escapeJson({
  ...page.configuration,
  documentUrl: relative(from, head.documentPath),
  redirectUrl: relative(from, head.redirectPath),
  rootUrl: relative(from, "/")
})}</script>
${page.scripts.map((script) => `<script ${attributes("src", script, head, from, nonce)}></script>`).join("\n")}
</body>
</html>
`

/**
 * The page where an authorization server sends the browser back to.
 *
 * @category pages
 * @since 0.1.0
 */
export const redirect = (
  page: Content,
  head: Head,
  from: string,
  nonce: string
): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${escapeHtml(head.title)}</title>
<link rel="icon" href="data:,">
</head>
<body>
${page.redirectScripts.map((script) => `<script ${attributes("src", script, head, from, nonce)}></script>`).join("\n")}
</body>
</html>
`

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const attributes = (
  name: "href" | "src",
  resource: Resource,
  head: Head,
  from: string,
  nonce: string
): string =>
  [
    `nonce="${nonce}"`,
    `${name}="${escapeHtml(urlOf(resource, head, from))}"`,
    ...(resource.integrity === undefined ?
      []
    : [`integrity="${escapeHtml(resource.integrity)}"`, `crossorigin="anonymous"`])
  ].join(" ")

const urlOf = ({ file, url = "" }: Resource, head: Head, from: string): string => {
  const found = file === undefined ? undefined : head.files.get(file)
  return found === undefined ? url : `${relative(from, found.path)}?v=${found.tag}`
}

/** From one absolute path to another, as a browser resolves it. */
const relative = (from: string, to: string): string => {
  const base = from.split("/").slice(1, -1)
  const target = to.split("/").slice(1)
  let common = 0
  while (common < base.length && common < target.length - 1 && base[common] === target[common]) {
    common++
  }
  return `./${"../".repeat(base.length - common)}${target.slice(common).join("/")}`
}

const entities: { readonly [character: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => entities[character] ?? "")

/** JSON that ends no script element and starts no comment in it. */
const escapeJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

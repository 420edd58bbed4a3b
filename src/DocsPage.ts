/**
 * Pages that show a document to people: what {@link SwaggerUi} and {@link Scalar} have in common.
 *
 * A page, the document and a fixed list of files, each with the headers that keep strangers out. All URLs are relative to the
 * page, so it works under any prefix and behind any proxy.
 *
 * @since 0.1.0
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as OpenApi from "@effect/platform/OpenApi"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as SecurityDocument from "./SecurityDocument.ts"
import { guard } from "./SecurityGuard.ts"
import { definitions } from "./SecurityExpression.ts"
import type { Security, Top } from "./SecurityModel.ts"
import { withServices } from "./SecurityExpression.ts"
import type { Grantable, SecurityRequirement } from "./SecurityRequirement.ts"
import type { Flows, SecurityScheme } from "./SecurityScheme.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * What every page can be told.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<out E = never, out R = never> {
  /** Where the page is; its files are below. `"/docs"` by default. */
  readonly path?: `/${string}` | undefined
  /** Where the document is served; `openapi.json` below the page by default. */
  readonly documentPath?: `/${string}` | undefined
  /**
   * Who may see the page and the document; `Security.public` by default. A browser opens a page without `Authorization`: use
   * HTTP Basic, for which it asks, or a cookie. The files that the page is made of tell nothing of the API and stay public.
   */
  readonly security?: (Top & Effect.Effect<unknown, E, R>) | undefined
  /** The title of the page; that of the document by default. */
  readonly title?: string | undefined
  /** How the page logs in by OAuth 2 and OpenID Connect. */
  readonly initOAuth?: InitOAuth | undefined
  /**
   * Keeps credentials in the browser's local storage, where every script of the same origin can read them; `false` by
   * default.
   */
  readonly persistAuthorization?: boolean | undefined
  /** What the page may load besides what it needs: sources by the directive's name. */
  readonly contentSecurityPolicy?: Sources | undefined
}

/**
 * How a page logs in, in the vocabulary of Swagger UI's `initOAuth`.
 *
 * @category models
 * @since 0.1.0
 */
export interface InitOAuth {
  /** The `client_id` that is filled in; empty by default. */
  readonly clientId?: string | undefined
  /**
   * The `client_secret` that is filled in; empty by default. Everyone who opens the page gets to read it: register a public
   * client and leave it out.
   */
  readonly clientSecret?: Redacted.Redacted<string> | undefined
  /** The name shown where one logs in (Swagger UI). */
  readonly appName?: string | undefined
  /** The `realm` parameter of the authorization request (Swagger UI). */
  readonly realm?: string | undefined
  /** What is between scopes in the authorization request (Swagger UI); a space by default, as in RFC 6749. */
  readonly scopeSeparator?: string | undefined
  /**
   * The scopes that are selected at first; by default those that the document requires of each scheme. A scheme is asked for
   * none that its flow does not declare.
   */
  readonly scopes?: ReadonlyArray<string> | undefined
  /** Parameters added to the authorization and the token request. */
  readonly additionalQueryStringParams?: { readonly [name: string]: string } | undefined
  /** Sends the client by HTTP Basic to the token endpoint of the code flow, not in the form; `false` by default. */
  readonly useBasicAuthenticationWithAccessCodeGrant?: boolean | undefined
  /** PKCE (RFC 7636) with `S256` in the code flow; `true` by default. */
  readonly usePkceWithAuthorizationCodeGrant?: boolean | undefined
}

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
 * Whose document is shown outside an `HttpApiBuilder`: that of an API, or one of your own.
 *
 * @category models
 * @since 0.1.0
 */
export type Subject =
  | { readonly api: HttpApi.HttpApi.Any; readonly document?: undefined }
  | { readonly document: object; readonly api?: undefined }

/**
 * The parts of a document that a page is made from.
 *
 * @category models
 * @since 0.1.0
 */
export interface Document {
  readonly info?: { readonly title?: string }
  readonly servers?: ReadonlyArray<Server>
  readonly security?: SecurityRequirement
  readonly paths?: { readonly [path: string]: PathItem }
  readonly components?: { readonly securitySchemes?: { readonly [name: string]: SecurityScheme } }
}

interface Server {
  readonly url: string
}

interface PathItem {
  readonly servers?: ReadonlyArray<Server>
  readonly [method: string]: unknown
}

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

/**
 * What makes one page differ from another.
 *
 * @category models
 * @since 0.1.0
 */
export interface Page {
  readonly files: ReadonlyArray<File>
  readonly icon?: Resource | undefined
  readonly styles: ReadonlyArray<Resource>
  readonly scripts: ReadonlyArray<Resource>
  /** The scripts of `oauth2-redirect`. */
  readonly redirectScripts: ReadonlyArray<Resource>
  /** What the scripts read: JSON. */
  readonly configuration: object
  readonly sources: Sources & { readonly "script-src"?: ReadonlyArray<string> }
}

/**
 * A route of a page.
 *
 * @category models
 * @since 0.1.0
 */
export interface Endpoint<out E, out R> {
  readonly path: `/${string}`
  readonly handler: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
}

// ----------------------------------------------------------------------------
// layers
// ----------------------------------------------------------------------------

/**
 * Adds a page to the router of an HttpApi.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = <E, R>(
  options: Options<E, R>,
  make: (document: Document) => Effect.Effect<Page>
): Layer.Layer<
  never,
  never,
  HttpApi.Api | Exclude<R, HttpServerRequest.HttpServerRequest | HttpLayerRouter.Provided>
> =>
  HttpApiBuilder.Router.use((router) =>
    Effect.gen(function* () {
      const { api } = yield* HttpApi.Api
      for (const { handler, path } of yield* endpoints(options, yield* documentOf({ api }), make)) {
        yield* router.get(path, handler)
      }
    })
  )

/**
 * Adds a page to a router of `HttpLayerRouter`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHttpLayerRouter = <E, R>(
  options: Options<E, R> & Subject,
  make: (document: Document) => Effect.Effect<Page>
): Layer.Layer<
  never,
  never,
  | HttpLayerRouter.HttpRouter
  | HttpLayerRouter.Request.From<"Error", E>
  | Exclude<R, HttpServerRequest.HttpServerRequest | HttpLayerRouter.Provided>
> =>
  HttpLayerRouter.use((router) =>
    Effect.gen(function* () {
      for (const { handler, path } of yield* endpoints(options, yield* documentOf(options), make)) {
        yield* router.add("GET", path, handler)
      }
    })
  )

// ----------------------------------------------------------------------------
// the document
// ----------------------------------------------------------------------------

const documentOf = (subject: Subject): Effect.Effect<Document> =>
  Effect.gen(function* () {
    if (subject.api === undefined) return subject.document
    // every HttpApi is one of these, whose groups and errors no document needs to know
    const api = subject.api as HttpApi.HttpApi<string, HttpApiGroup.HttpApiGroup.Any>
    if (SecurityDocument.isAnnotated(api)) return documentFrom(OpenApi.fromApi(api))
    const { document, omissions } = SecurityDocument.fromApi(api)
    for (const { message, subject } of omissions) yield* Effect.logWarning(`${subject}: ${message}`)
    return documentFrom(document)
  })

/** The platform and this library write documents; what a user's Transform makes of one is read with care. */
const documentFrom = (document: object): Document => document

/**
 * The scopes that a document requires of each of its OAuth 2 and OpenID Connect schemes, in order, each once.
 *
 * @category folds
 * @since 0.1.0
 */
export const requiredScopes = (
  document: Document
): { readonly [scheme: string]: ReadonlyArray<string> } => {
  const required = new Map<string, Set<string>>()
  for (const { security = document.security } of operations(document)) {
    for (const [name, scopes] of (security ?? []).flatMap(Object.entries<ReadonlyArray<string>>)) {
      required.set(name, new Set([...(required.get(name) ?? []), ...scopes]))
    }
  }
  return Object.fromEntries(
    Object.entries(schemesOf(document)).flatMap(([name, { type }]) => {
      if (type !== "oauth2" && type !== "openIdConnect") return []
      const scopes = [...(required.get(name) ?? [])]
      return [[name, type === "openIdConnect" ? [...new Set(["openid", ...scopes])] : scopes]]
    })
  )
}

/**
 * The first way in that every protected operation of a document has, by the names of its schemes; none where there is no such
 * way.
 *
 * @category folds
 * @since 0.1.0
 */
export const commonAlternative = (document: Document): ReadonlyArray<string> => {
  const [first = [], ...rest] = operations(document)
    .map(({ security = document.security ?? [] }) =>
      security.map((alternative) => Object.keys(alternative)).filter(({ length }) => length > 0)
    )
    .filter(({ length }) => length > 0)
  const isIn = (names: ReadonlyArray<string>) => (alternatives: ReadonlyArray<typeof names>) =>
    alternatives.some(
      (others) => others.length === names.length && others.every((name) => names.includes(name))
    )
  return first.find((names) => rest.every(isIn(names))) ?? []
}

/**
 * The origins that a page calls: token endpoints, providers and servers of the document that are elsewhere.
 *
 * An authorization endpoint is opened in a window of its own, which no policy of the page restricts.
 *
 * @category folds
 * @since 0.1.0
 */
export const origins = (document: Document): ReadonlyArray<string> => {
  const urls = [
    ...Object.values(schemesOf(document)).flatMap((scheme) =>
      scheme.type === "openIdConnect" ? [scheme.openIdConnectUrl]
      : scheme.type === "oauth2" ?
        flowsOf(scheme.flows).flatMap(({ refreshUrl, tokenUrl }) => [tokenUrl, refreshUrl])
      : []
    ),
    ...[document, ...Object.values(document.paths ?? {}), ...operations(document)].flatMap(
      ({ servers = [] }) => servers.map(({ url }) => url)
    )
  ]
  return [...new Set(urls.flatMap(originOf))]
}

const schemesOf = (document: Document): { readonly [name: string]: SecurityScheme } =>
  document.components?.securitySchemes ?? {}

interface AnyFlow {
  readonly tokenUrl?: string
  readonly refreshUrl?: string | undefined
}

const flowsOf = (flows: Flows): ReadonlyArray<AnyFlow> =>
  Object.values(flows).filter((flow) => flow !== undefined)

interface Operation {
  readonly security?: SecurityRequirement
  readonly servers?: ReadonlyArray<Server>
}

const methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"]

const operations = (document: Document): ReadonlyArray<Operation> =>
  Object.values(document.paths ?? {}).flatMap((item) =>
    methods.flatMap((method) => {
      const operation = item[method]
      return typeof operation === "object" && operation !== null ? [operation] : []
    })
  )

/** None for a relative URL, and for what is none in a policy. */
const originOf = (url: string | undefined): ReadonlyArray<string> => {
  if (url === undefined || !URL.canParse(url)) return []
  const { origin, protocol } = new URL(url)
  return /^https?:$/.test(protocol) && isOrigin(origin) ? [origin] : []
}

/** A host may hold `;`, `'` and the braces of a server's variable. */
const isOrigin = (origin: string): boolean =>
  /^https?:\/\/([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d+)?$/.test(origin)

const isSource = (source: string): boolean => /^[^\s;,'"]+$/.test(source)

// ----------------------------------------------------------------------------
// routes
// ----------------------------------------------------------------------------

/** The name below the page where an authorization server sends the browser back to. */
const redirectName = "oauth2-redirect"

const endpoints = <E, R>(
  options: Options<E, R>,
  document: Document,
  make: (document: Document) => Effect.Effect<Page>
): Effect.Effect<
  ReadonlyArray<Endpoint<E, HttpServerRequest.HttpServerRequest>>,
  never,
  Exclude<R, HttpServerRequest.HttpServerRequest | HttpLayerRouter.Provided>
> =>
  Effect.gen(function* () {
    const context =
      yield* Effect.context<
        Exclude<R, HttpServerRequest.HttpServerRequest | HttpLayerRouter.Provided>
      >()
    const path = checkPath("path", options.path ?? "/docs")
    const below = (name: string): `/${string}` => `${path === "/" ? "" : path}/${name}`
    const documentPath = checkPath("documentPath", options.documentPath ?? below("openapi.json"))
    const page = yield* make(document)
    const files = yield* Effect.forEach(page.files, (file) =>
      Effect.map(hash(file.body), (tag) => ({ ...file, path: below(file.name), tag }))
    )
    const policy = policyOf(page.sources, origins(document), options.contentSecurityPolicy)
    const head = {
      title: options.title ?? document.info?.title ?? "API",
      files: new Map(files.map((file) => [file.name, file])),
      documentPath,
      redirectPath: below(redirectName)
    }
    const guarded = guardWith(options.security, context)
    const json = new TextEncoder().encode(JSON.stringify(document))
    const isPublic = options.security === undefined || definitions(options.security).length === 0
    return [
      { path, handler: guarded(respond((at, nonce) => html(page, head, at(path), nonce), policy)) },
      {
        path: documentPath,
        handler: guarded(
          conditional(
            { body: json, contentType: "application/json", tag: yield* hash(json) },
            isPublic ? revalidate : `private, ${revalidate}`
          )
        )
      },
      {
        path: head.redirectPath,
        handler: respond(
          (at, nonce) => redirectHtml(page, head, at(head.redirectPath), nonce),
          { ...nothing, "script-src": [], "img-src": ["data:"] },
          // its URL holds the authorization code
          "no-referrer"
        )
      },
      ...files.map((file) => ({ path: file.path, handler: conditional(file, revalidate) }))
    ]
  })

const checkPath = (option: string, path: `/${string}`): `/${string}` => {
  if (path !== "/" && !/^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._~-]+)+$/.test(path)) {
    throw new Error(
      `${option} has to be a path such as "/docs", of letters, digits, ".", "_", "~" and "-", without "/" at its end: got ${JSON.stringify(path)}`
    )
  }
  return path
}

const guardWith =
  <E, R>(
    security: Options<E, R>["security"],
    context: Context.Context<
      Exclude<R, HttpServerRequest.HttpServerRequest | HttpLayerRouter.Provided>
    >
  ) =>
  (
    handler: Effect.Effect<
      HttpServerResponse.HttpServerResponse,
      never,
      HttpServerRequest.HttpServerRequest
    >
  ): Effect.Effect<HttpServerResponse.HttpServerResponse, E, HttpServerRequest.HttpServerRequest> =>
    security === undefined ? handler : (
      guard(
        // an expression like any other, whose context is that of the Layer
        withServices(security, context) as Top as Security<
          unknown,
          E,
          HttpServerRequest.HttpServerRequest,
          SecurityRequirement,
          Grantable
        >,
        () => handler
      )
    )

// ----------------------------------------------------------------------------
// responses
// ----------------------------------------------------------------------------

const revalidate = "no-cache"

const forever = "public, max-age=31536000, immutable"

interface Tagged extends Pick<File, "body" | "contentType"> {
  readonly tag: string
}

/** Answers 304 to who has it already (RFC 9110, section 13.1.2); `?v=` with the right tag may be kept for ever. */
const conditional = (
  { body, contentType, tag }: Tagged,
  cacheControl: string
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
    const { full, notModified } = originalUrl.endsWith(`?v=${tag}`) ? kept : checked
    return matches(headers["if-none-match"], etag) ? notModified : full
  })
}

const matches = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch !== undefined &&
  ifNoneMatch
    .split(",")
    .map((tag) => tag.trim().replace(/^W\//, ""))
    .some((tag) => tag === "*" || tag === etag)

/** The page as it was asked for: with `/` at its end it is one level deeper. */
type At = (path: string) => string

const respond = (
  render: (at: At, nonce: string) => string,
  policy: Policy,
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
        "content-security-policy": printPolicy(policy, nonce),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": referrerPolicy
      }
    })
  })

const randomNonce = (): string => base64(crypto.getRandomValues(new Uint8Array(16)))

const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))

const hash = (body: Uint8Array): Effect.Effect<string> =>
  // a copy is a plain ArrayBuffer, whatever the body's was
  Effect.promise(() => crypto.subtle.digest("SHA-256", new Uint8Array(body))).pipe(
    Effect.map((digest) =>
      base64(new Uint8Array(digest).subarray(0, 15)).replace(/\+/g, "-").replace(/\//g, "_")
    )
  )

// ----------------------------------------------------------------------------
// Content-Security-Policy
// ----------------------------------------------------------------------------

type Policy = { readonly [directive: string]: ReadonlyArray<string> }

const nothing: Policy = {
  "default-src": ["'none'"],
  "base-uri": ["'none'"],
  "form-action": ["'none'"],
  "frame-ancestors": ["'none'"]
}

const policyOf = (
  page: Page["sources"],
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

/** Scripts run by the nonce alone; styles too, unless the page's makers need more. */
const printPolicy = (policy: Policy, nonce: string): string =>
  Object.entries(policy)
    .map(([directive, sources]) => {
      const isByNonce =
        directive === "script-src" ||
        (directive === "style-src" && !sources.includes("'unsafe-inline'"))
      return [directive, ...(isByNonce ? [`'nonce-${nonce}'`] : []), ...sources].join(" ")
    })
    .join("; ")

// ----------------------------------------------------------------------------
// HTML
// ----------------------------------------------------------------------------

interface Head {
  readonly title: string
  readonly files: ReadonlyMap<string, { readonly path: string; readonly tag: string }>
  readonly documentPath: string
  readonly redirectPath: string
}

const html = (page: Page, head: Head, from: string, nonce: string): string => `<!doctype html>
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

const redirectHtml = (
  page: Page,
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

/**
 * The secret as the page has to have it.
 *
 * @category resources
 * @since 0.1.0
 */
export const clientSecretOf = (initOAuth: InitOAuth | undefined): string | undefined =>
  initOAuth?.clientSecret === undefined ? undefined : Redacted.value(initOAuth.clientSecret)

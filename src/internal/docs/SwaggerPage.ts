/**
 * Swagger UI as a page: its options, its files and what it is told.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as DocsDocument from "./DocsDocument.ts"
import * as DocsResource from "./DocsResource.ts"
import * as DocsRoutes from "./DocsRoutes.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * What Swagger UI can be told: the options of every page, and its own by its own names.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<out E = never, out R = never> extends DocsRoutes.Options<E, R> {
  /** Where its files come from; the package `swagger-ui-dist` by default. */
  readonly assets?: Assets | undefined
  /** Whether the address names the operation that is open; `true` by default. */
  readonly deepLinking?: boolean | undefined
  /** What is open at first: tags, operations too, or nothing; `"list"` by default. */
  readonly docExpansion?: "list" | "full" | "none" | undefined
  /** A field that filters by tag, or what is in it at first; `false` by default. */
  readonly filter?: boolean | string | undefined
  /** Whether "Try it out" is open at first; `false` by default. */
  readonly tryItOutEnabled?: boolean | undefined
  /** Whether the milliseconds of a request are shown; `false` by default. */
  readonly displayRequestDuration?: boolean | undefined
  /** Whether `operationId` is shown; `false` by default. */
  readonly displayOperationId?: boolean | undefined
  /** How many levels of the schemas are open at first, `-1` for none at all; `1` by default. */
  readonly defaultModelsExpandDepth?: number | undefined
  /** The order of operations; that of the document by default. */
  readonly operationsSorter?: "alpha" | "method" | undefined
  /** The order of tags; that of the document by default. */
  readonly tagsSorter?: "alpha" | undefined
  /** Whether `x-` members are shown; `false` by default. */
  readonly showExtensions?: boolean | undefined
  /** The methods that can be tried out; all by default. */
  readonly supportedSubmitMethods?: ReadonlyArray<string> | undefined
  /** Whether requests to other origins carry cookies; `false` by default. */
  readonly withCredentials?: boolean | undefined
}

/**
 * Where the files of Swagger UI come from, besides the package.
 *
 * - `cdn`: an https URL that has them, and the hash of each; {@link jsdelivr} is one
 * - `url`: a path on this server where another route has them, relative to the page or absolute
 * - `directory`: a directory of this machine that has them
 *
 * @category models
 * @since 0.1.0
 */
export type Assets =
  | { readonly cdn: string; readonly integrity: { readonly [Name in AssetName]: string } }
  | { readonly url: string }
  | { readonly directory: string }

/**
 * The files of `swagger-ui-dist` that a page needs.
 *
 * @category models
 * @since 0.1.0
 */
export type AssetName =
  "swagger-ui-bundle.js" | "swagger-ui.css" | "index.css" | "oauth2-redirect.js"

// ----------------------------------------------------------------------------
// constants
// ----------------------------------------------------------------------------

/**
 * Swagger UI 5.35.0 on jsDelivr, held to the hashes of its files: `swagger-ui-dist` need not be installed.
 *
 * @category constants
 * @since 0.1.0
 */
export const jsdelivr: Extract<Assets, { readonly cdn: string }> = {
  cdn: "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5.35.0",
  integrity: {
    "swagger-ui-bundle.js":
      "sha384-gjRm0bEPMeTmMh5jT2cHccIwCUZSTd8YC+j0d0sXw0MdGEfScduGpSyF3ZSSLkX9",
    "swagger-ui.css": "sha384-WlYgdmXYOOBWL5apwjDEZwN+U3HmXSSu5R6V5aGxEcf7z+KuRNwBhoxKVN1i3D5I",
    "index.css": "sha384-pd+fQW+AqyFNgxO+hGO+94d4B8V/tR7ZhKfNBEgdwEM57ClTb5rZ+8vAzjh1Ojj1",
    "oauth2-redirect.js": "sha384-XuY48ztmqRBrZqX+bDrPUqkTumNohu9Bl+yztOEp/hDTS5qXIApmbiD04MrTFpjk"
  }
}

// ----------------------------------------------------------------------------
// the page
// ----------------------------------------------------------------------------

/**
 * What the page is made of.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makePage =
  <E, R>(options: Options<E, R>) =>
  (document: DocsDocument.Document): Effect.Effect<DocsRoutes.Page> =>
    Effect.map(resources(options.assets), ({ files, icon, of }) => ({
      files: [...files, DocsResource.script("swagger-initializer.js", initializer)],
      icon,
      styles: [of("swagger-ui.css"), of("index.css")],
      scripts: [of("swagger-ui-bundle.js"), { file: "swagger-initializer.js" }],
      redirectScripts: [of("oauth2-redirect.js")],
      configuration: configurationOf(options, document),
      sources: {}
    }))

const configurationOf = <E, R>(options: Options<E, R>, document: DocsDocument.Document): object => {
  const { clientSecret: _, scopes, ...initOAuth } = options.initOAuth ?? {}
  return {
    ui: {
      deepLinking: options.deepLinking ?? true,
      docExpansion: options.docExpansion,
      filter: options.filter,
      tryItOutEnabled: options.tryItOutEnabled,
      displayRequestDuration: options.displayRequestDuration,
      displayOperationId: options.displayOperationId,
      defaultModelsExpandDepth: options.defaultModelsExpandDepth,
      operationsSorter: options.operationsSorter,
      tagsSorter: options.tagsSorter,
      showExtensions: options.showExtensions,
      supportedSubmitMethods: options.supportedSubmitMethods,
      withCredentials: options.withCredentials,
      persistAuthorization: options.persistAuthorization ?? false,
      // it would be sent the document
      validatorUrl: null
    },
    initOAuth: {
      usePkceWithAuthorizationCodeGrant: true,
      ...initOAuth,
      clientSecret: DocsRoutes.clientSecretOf(options.initOAuth)
    },
    scopes,
    requiredScopes: DocsDocument.requiredScopes(document)
  }
}

/**
 * What runs in the browser. Swagger UI selects the same scopes for every scheme: the component is given those of its own.
 * It takes relative URLs as relative to several things: the document is given absolute servers.
 */
const initializer = `"use strict";
const configuration = JSON.parse(document.getElementById("configuration").textContent);
const absolute = (url) => new URL(url, window.location.href).href;
const documentUrl = absolute(configuration.documentUrl);

const withServers = (text) => {
  const json = JSON.parse(text);
  const servers = json.servers && json.servers.length > 0
    ? json.servers.map((server) =>
        server.url.includes("{") ? server : { ...server, url: new URL(server.url, documentUrl).href })
    : [{ url: absolute(configuration.rootUrl) }];
  return JSON.stringify({ ...json, servers });
};

const selectedScopes = (name, schema) => {
  const declared = schema.get("allowedScopes") || schema.get("scopes");
  const known = declared ? [...(declared.keySeq ? declared.keySeq() : declared)] : [];
  const wanted = configuration.scopes || configuration.requiredScopes[name] || [];
  return wanted.filter((scope) => known.includes(scope));
};

const plugin = ({ React }) => ({
  statePlugins: {
    spec: { wrapActions: { updateSpec: (original) => (text) => original(withServers(text)) } }
  },
  wrapComponents: {
    oauth2: (Original) => (props) => {
      const getConfigs = () => ({
        ...props.authSelectors.getConfigs(),
        scopes: selectedScopes(props.name, props.schema)
      });
      return React.createElement(Original, {
        ...props,
        authSelectors: { ...props.authSelectors, getConfigs }
      });
    }
  }
});

const ui = SwaggerUIBundle({
  ...configuration.ui,
  dom_id: "#docs",
  url: documentUrl,
  oauth2RedirectUrl: absolute(configuration.redirectUrl),
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [plugin]
});
ui.initOAuth(configuration.initOAuth);
`

// ----------------------------------------------------------------------------
// files
// ----------------------------------------------------------------------------

const contentTypes: { readonly [Name in AssetName]: string } = {
  "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
  "swagger-ui.css": "text/css; charset=utf-8",
  "index.css": "text/css; charset=utf-8",
  "oauth2-redirect.js": "text/javascript; charset=utf-8"
}

const icon = "favicon-32x32.png"

interface Resources {
  readonly files: ReadonlyArray<DocsResource.File>
  readonly icon?: DocsResource.Resource
  readonly of: (name: AssetName) => DocsResource.Resource
}

const resources = (assets: Assets | undefined): Effect.Effect<Resources> => {
  if (assets === undefined) {
    return Effect.flatMap(locate, (directory) => fromDirectory(directory, reinstall))
  }
  if ("directory" in assets) {
    return fromDirectory(
      assets.directory,
      "assets.directory has to hold the files of swagger-ui-dist"
    )
  }
  return Effect.sync(() => {
    const base = ("cdn" in assets ? assets.cdn : assets.url).replace(/\/$/, "")
    return {
      files: [],
      of: (name) =>
        "cdn" in assets ?
          DocsResource.foreign(`${base}/${name}`, assets.integrity[name])
        : DocsResource.own(`${base}/${name}`)
    }
  })
}

const reinstall = "install swagger-ui-dist 5 again"

const redirectScript = "oauth2-redirect.js"

const fromDirectory = (directory: string, advice: string): Effect.Effect<Resources> => {
  const read = (name: string) => DocsResource.readFile(`${directory}/${name}`, advice)
  return Effect.forEach(
    [...Object.entries(contentTypes), [icon, "image/png"] as const],
    ([name, contentType]) =>
      Effect.map(
        name === redirectScript ?
          Effect.orElse(read(name), () => Effect.map(read("oauth2-redirect.html"), inlineScript))
        : read(name),
        (body) => ({ name, contentType, body })
      ),
    { concurrency: "unbounded" }
  ).pipe(
    Effect.map((files): Resources => ({
      files,
      icon: { file: icon },
      of: (file) => ({ file })
    })),
    Effect.orDie
  )
}

/** Older releases of Swagger UI 5 have the script of the redirect inside its page. */
const inlineScript = (html: Uint8Array): Uint8Array => {
  const [, text = ""] = /<script>([^]*?)<\/script>/.exec(new TextDecoder().decode(html)) ?? []
  return new TextEncoder().encode(text)
}

/** Found from here as Node.js resolves it, so that a project needs no path. */
const locate: Effect.Effect<string> = Effect.tryPromise(async () => {
  const { createRequire } = await import("node:module")
  return createRequire(import.meta.url)
    .resolve("swagger-ui-dist/package.json")
    .replace(/[\\/]package\.json$/, "")
}).pipe(
  Effect.catchAll((cause) =>
    Effect.die(
      new Error(
        "Swagger UI needs its files: npm i swagger-ui-dist@5, or say where they are by the option assets, such as assets: SwaggerUi.jsdelivr",
        { cause }
      )
    )
  )
)

/**
 * Scalar as a page: its options, its script and what it is told.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as DocsDocument from "./DocsDocument.ts"
import * as DocsResource from "./DocsResource.ts"
import * as DocsRoutes from "./DocsRoutes.ts"
import type { SecurityScheme } from "../../SecurityScheme.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * What Scalar can be told: the options of every page, and its own.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<out E = never, out R = never> extends DocsRoutes.Options<E, R> {
  /** Where its script comes from; {@link jsdelivr} by default. */
  readonly assets?: Assets | undefined
  /**
   * The schemes that are selected at first, whatever an operation requires: one by name, several as OR, nested ones as AND. By
   * default those that all protected operations take; where there are none, each operation has its own first way in selected.
   */
  readonly preferredSecurityScheme?:
    string | ReadonlyArray<string | ReadonlyArray<string>> | undefined
  /** Scalar's own configuration, by its own names; what the other options say goes first. */
  readonly configuration?: Configuration | undefined
}

/**
 * Where Scalar's script comes from.
 *
 * - `cdn`: its https URL, and its hash
 * - `url`: a path on this server where another route has it, relative to the page or absolute
 * - `file`: a file of this machine, such as `node_modules/@scalar/api-reference/dist/browser/standalone.js`
 *
 * @category models
 * @since 0.1.0
 */
export type Assets =
  | { readonly cdn: string; readonly integrity: string }
  | { readonly url: string }
  | { readonly file: string }

/**
 * What Scalar takes as JSON.
 *
 * @category models
 * @since 0.1.0
 */
export interface Configuration {
  /** The colours; `"default"` by default. */
  readonly theme?:
    | "alternate"
    | "default"
    | "moon"
    | "purple"
    | "solarized"
    | "bluePlanet"
    | "saturn"
    | "kepler"
    | "mars"
    | "deepSpace"
    | "laserwave"
    | "none"
    | undefined
  /** One column or two; `"modern"` by default. */
  readonly layout?: "modern" | "classic" | undefined
  /** Whether it is dark at first; what the browser prefers by default. */
  readonly darkMode?: boolean | undefined
  /** Whether there is a sidebar; `true` by default. */
  readonly showSidebar?: boolean | undefined
  /** Whether schemas are left out; `false` by default. */
  readonly hideModels?: boolean | undefined
  /** Whether requests can't be tried out; `false` by default. */
  readonly hideTestRequestButton?: boolean | undefined
  /** Styles of your own. */
  readonly customCss?: string | undefined
  /** Whatever else Scalar's documentation lists. */
  readonly [name: string]: unknown
}

// ----------------------------------------------------------------------------
// constants
// ----------------------------------------------------------------------------

/**
 * Scalar 1.72.1 on jsDelivr, held to its hash.
 *
 * @category constants
 * @since 0.1.0
 */
export const jsdelivr: Extract<Assets, { readonly cdn: string }> = {
  cdn: "https://cdn.jsdelivr.net/npm/@scalar/api-reference@1.72.1/dist/browser/standalone.js",
  integrity: "sha384-U11tb2XnKvmwt8RlTvnwUnYgrN+ur4Xyh9htLhjajWNR/Oyl5AX5DEz00qRmlrmK"
}

// ----------------------------------------------------------------------------
// the page
// ----------------------------------------------------------------------------

const scriptName = "scalar.js"

/**
 * What the page is made of.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makePage =
  <E, R>(options: Options<E, R>) =>
  (document: DocsDocument.Document): Effect.Effect<DocsRoutes.Page> =>
    Effect.map(resources(options.assets ?? jsdelivr), ({ files, script }) => ({
      files: [...files, DocsResource.script("scalar-initializer.js", initializer)],
      styles: [],
      scripts: [script, { file: "scalar-initializer.js" }],
      // the window that opened it reads its address
      redirectScripts: [],
      configuration: configurationOf(options, document),
      sources: {
        // it finds references by WebAssembly
        "script-src": ["'wasm-unsafe-eval'"],
        "style-src": ["'unsafe-inline'"],
        "font-src":
          options.configuration?.["withDefaultFonts"] === true ? ["https://fonts.scalar.com"] : []
      }
    }))

const resources = (
  assets: Assets
): Effect.Effect<{
  readonly files: ReadonlyArray<DocsResource.File>
  readonly script: DocsResource.Resource
}> =>
  "file" in assets ?
    Effect.map(
      Effect.orDie(
        DocsResource.readFile(
          assets.file,
          "assets.file has to be Scalar's dist/browser/standalone.js"
        )
      ),
      (body) => ({
        files: [{ name: scriptName, contentType: "text/javascript; charset=utf-8", body }],
        script: { file: scriptName }
      })
    )
  : Effect.sync(() => ({
      files: [],
      script:
        "cdn" in assets ?
          DocsResource.foreign(assets.cdn, assets.integrity)
        : DocsResource.own(assets.url)
    }))

const configurationOf = <E, R>(
  options: Options<E, R>,
  document: DocsDocument.Document
): object => ({
  hasServers: (document.servers ?? []).length > 0,
  scalar: {
    telemetry: false,
    withDefaultFonts: false,
    hideClientButton: true,
    showDeveloperTools: "never",
    agent: { disabled: true },
    mcp: { disabled: true },
    ...options.configuration,
    persistAuth: options.persistAuthorization ?? false,
    authentication: {
      preferredSecurityScheme: options.preferredSecurityScheme ?? preferred(document),
      securitySchemes: Object.fromEntries(
        Object.entries(DocsDocument.requiredScopes(document)).map(([name, required]) => [
          name,
          authentication(
            document.components?.securitySchemes?.[name],
            options.initOAuth ?? {},
            required
          )
        ])
      )
    }
  }
})

const preferred = (document: DocsDocument.Document): Options["preferredSecurityScheme"] => {
  const names = DocsDocument.commonAlternative(document)
  return names.length > 1 ? [names] : names[0]
}

/** In Scalar's words what is preselected of a scheme that has flows. */
const authentication = (
  scheme: SecurityScheme | undefined,
  initOAuth: DocsRoutes.InitOAuth,
  required: ReadonlyArray<string>
): object => {
  const wanted = initOAuth.scopes ?? required
  if (scheme?.type !== "oauth2") return { "x-default-scopes": wanted }
  const flows = Object.entries(scheme.flows).map(([flow, settings]) => {
    const selectedScopes = wanted.filter((scope) => scope in (settings?.scopes ?? {}))
    return [
      flow,
      {
        ...urlsOf(settings),
        selectedScopes,
        "x-scalar-client-id": initOAuth.clientId,
        clientSecret: flow === "implicit" ? undefined : DocsRoutes.clientSecretOf(initOAuth),
        "x-scalar-security-query": initOAuth.additionalQueryStringParams,
        ...(flow === "authorizationCode" && {
          "x-usePkce": initOAuth.usePkceWithAuthorizationCodeGrant === false ? "no" : "SHA-256",
          "x-scalar-credentials-location":
            initOAuth.useBasicAuthenticationWithAccessCodeGrant === true ? "header" : "body"
        })
      }
    ] as const
  })
  return {
    flows: Object.fromEntries(flows),
    "x-default-scopes": [...new Set(flows.flatMap(([, { selectedScopes }]) => selectedScopes))]
  }
}

/** What the browser makes absolute. */
const urlsOf = (settings: object = {}): object =>
  Object.fromEntries(Object.entries(settings).filter(([name]) => name.endsWith("Url")))

/** What runs in the browser. Scalar wants the URLs of flows and the redirect URI absolute. */
const initializer = `"use strict";
const configuration = JSON.parse(document.getElementById("configuration").textContent);
const absolute = (url) => new URL(url, window.location.href).href;
const root = absolute(configuration.rootUrl);
const redirect = absolute(configuration.redirectUrl);

for (const scheme of Object.values(configuration.scalar.authentication.securitySchemes)) {
  for (const [name, flow] of Object.entries(scheme.flows || {})) {
    for (const [member, value] of Object.entries(flow)) {
      if (member.endsWith("Url")) flow[member] = new URL(value, root).href;
    }
    if (name === "authorizationCode" || name === "implicit") flow["x-scalar-redirect-uri"] = redirect;
  }
}

Scalar.createApiReference("#docs", {
  ...configuration.scalar,
  url: absolute(configuration.documentUrl),
  baseServerURL: window.location.origin,
  oauth2RedirectUri: redirect,
  ...(configuration.hasServers ? {} : { servers: [{ url: root.replace(/\\/$/, "") }] })
});
`

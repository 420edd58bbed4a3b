/**
 * Swagger UI where the lock works: Authorize logs in by password, by authorization code with PKCE, by API key or by HTTP Basic,
 * and "Try it out" sends what was given.
 *
 * Its files come from the package `swagger-ui-dist`, an optional peer, with no CDN: `npm i swagger-ui-dist`. That package brings
 * `@scarf/scarf`, which reports the installation to its makers; switch it off by `"scarfSettings": { "enabled": false }` in
 * your `package.json`, or by `SCARF_ANALYTICS=false` in the environment that installs.
 *
 * @see [Swagger UI, configuration](https://swagger.io/docs/open-source-tools/swagger-ui/usage/configuration/)
 * @since 0.1.0
 */
import type * as HttpRouter from "effect/http/HttpRouter"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as Layer from "effect/Layer"
import * as DocsPage from "./DocsPage.ts"
import { makePage, type Options } from "./internal/docs/SwaggerPage.ts"

export { type AssetName, type Assets, type Options, jsdelivr } from "./internal/docs/SwaggerPage.ts"

// ----------------------------------------------------------------------------
// layers
// ----------------------------------------------------------------------------

/**
 * Serves Swagger UI from the router, under `/docs`: the page, its document at `/docs/openapi.json`, and `/docs/oauth2-redirect`,
 * which an authorization server has to know as `redirect_uri`. Whose document it shows is said: that of an HttpApi (`api`), or one of your own (`document`).
 *
 * - The document of an `api` is what `SecurityDocument.annotate` makes; without it, what `SecurityDocument.fromApi` makes.
 * - Authorize has the scopes selected that the document requires of each scheme, and uses PKCE.
 * - Scripts run by a nonce alone; requests go to this server and to the token endpoints and servers that the document names.
 *   Whatever else the page has to reach is for `contentSecurityPolicy` to say.
 * - Relative URLs of the document (`tokenUrl: "token"`, servers) are taken as relative to where the API is, whose root is
 *   found from the page's address: a prefix that a proxy cuts off needs no setting.
 * - `security` guards the page and its document, and answers as it does everywhere.
 *
 * The authorization code is in the query of `/docs/oauth2-redirect`. Where the code flow is used, give `Redaction` its name:
 * `{ ...names, query: [...names.query, "code"] }`.
 *
 * Throws, when the Layer is built, for a path with parameters, or a source that is none; dies when a file can't be read.
 *
 * @example
 * ```ts
 * import { SecurityDocument, SwaggerUi } from "effect-security"
 * import { HttpApi, HttpApiBuilder } from "effect/http-api"
 * import { Layer } from "effect"
 *
 * class Api extends HttpApi.make("api").pipe(SecurityDocument.annotate()) {}
 *
 * const Routes = Layer.merge(
 *   HttpApiBuilder.layer(Api),
 *   SwaggerUi.layer({ api: Api, initOAuth: { clientId: "docs" } })
 * )
 * ```
 * @example
 * ```ts
 * import { ApiKey, SecurityDocument, SecurityRouter, SwaggerUi } from "effect-security"
 * import { HttpServerResponse } from "effect/http"
 * import { Layer } from "effect"
 *
 * const routes = [
 *   SecurityRouter.route("GET", "/items", ApiKey.header("X-API-Key"), () => HttpServerResponse.json(["Foo"]))
 * ]
 * const { document } = SecurityDocument.fromRoutes(routes)
 *
 * const Routes = Layer.merge(
 *   SecurityRouter.toLayer(routes),
 *   SwaggerUi.layer({ document: { info: { title: "Items", version: "1" }, ...document } })
 * )
 * ```
 * @category layers
 * @since 0.1.0
 */
export const layer = <E = never, R = never>(
  options: Options<E, R> & DocsPage.Subject
): Layer.Layer<
  never,
  never,
  | HttpRouter.HttpRouter
  | HttpRouter.Request.From<"Error", E>
  | Exclude<R, HttpServerRequest.HttpServerRequest | HttpRouter.Provided>
> => DocsPage.layer(options, makePage(options))

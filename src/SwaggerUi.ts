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
import type * as HttpApi from "@effect/platform/HttpApi"
import type * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as Layer from "effect/Layer"
import * as DocsPage from "./DocsPage.ts"
import { makePage, type Options } from "./internal/docs/SwaggerPage.ts"

export { type AssetName, type Assets, type Options, jsdelivr } from "./internal/docs/SwaggerPage.ts"

// ----------------------------------------------------------------------------
// layers
// ----------------------------------------------------------------------------

/**
 * Serves Swagger UI for an HttpApi, under `/docs`: the page, its document at `/docs/openapi.json`, and `/docs/oauth2-redirect`,
 * which an authorization server has to know as `redirect_uri`.
 *
 * - The document is what `SecurityDocument.annotate` makes; without it, what `SecurityDocument.fromApi` makes.
 * - Authorize has the scopes selected that the document requires of each scheme, and uses PKCE.
 * - Scripts run by a nonce alone; requests go to this server and to the token endpoints and servers that the document names.
 *   Whatever else the page has to reach is for `contentSecurityPolicy` to say.
 * - Relative URLs of the document (`tokenUrl: "token"`, servers) are taken as relative to where the API is, whose root is
 *   found from the page's address: a prefix that a proxy cuts off needs no setting.
 * - `security` guards the page and its document, and answers as it does everywhere. A middleware that is set on the whole API
 *   by the platform's own `.middleware` guards them too.
 *
 * The authorization code is in the query of `/docs/oauth2-redirect`. Where the code flow is used, give `Redaction` its name:
 * `{ ...names, query: [...names.query, "code"] }`.
 *
 * Throws, when the Layer is built, for a path with parameters, or a source that is none; dies when a file can't be read.
 *
 * @example
 * ```ts
 * import { SecurityDocument, SwaggerUi } from "effect-security"
 * import { HttpApi, HttpApiBuilder } from "@effect/platform"
 * import { Layer } from "effect"
 *
 * class Api extends HttpApi.make("api").pipe(SecurityDocument.annotate()) {}
 *
 * const server = HttpApiBuilder.serve().pipe(
 *   Layer.provide(SwaggerUi.layer({ initOAuth: { clientId: "docs" } })),
 *   Layer.provide(HttpApiBuilder.api(Api))
 * )
 * ```
 * @category layers
 * @since 0.1.0
 */
export const layer = <E = never, R = never>(
  options: Options<E, R> = {}
): Layer.Layer<
  never,
  never,
  HttpApi.Api | Exclude<R, HttpServerRequest.HttpServerRequest | HttpLayerRouter.Provided>
> => DocsPage.layer(options, makePage(options))

/**
 * Serves Swagger UI from a router of `HttpLayerRouter`, as {@link layer} does: the document of an HttpApi (`api`), or one of your
 * own (`document`).
 *
 * @example
 * ```ts
 * import { ApiKey, SecurityDocument, SecurityRouter, SwaggerUi } from "effect-security"
 * import { HttpServerResponse } from "@effect/platform"
 * import { Layer } from "effect"
 *
 * const routes = [
 *   SecurityRouter.route("GET", "/items", ApiKey.header("X-API-Key"), () => HttpServerResponse.json(["Foo"]))
 * ]
 * const { document } = SecurityDocument.fromRoutes(routes)
 *
 * const Routes = Layer.merge(
 *   SecurityRouter.toLayer(routes),
 *   SwaggerUi.layerHttpLayerRouter({
 *     document: { info: { title: "Items", version: "1" }, ...document }
 *   })
 * )
 * ```
 * @category layers
 * @since 0.1.0
 */
export const layerHttpLayerRouter = <E = never, R = never>(
  options: Options<E, R> & DocsPage.Subject
): Layer.Layer<
  never,
  never,
  | HttpLayerRouter.HttpRouter
  | HttpLayerRouter.Request.From<"Error", E>
  | Exclude<R, HttpServerRequest.HttpServerRequest | HttpLayerRouter.Provided>
> => DocsPage.layerHttpLayerRouter(options, makePage(options))

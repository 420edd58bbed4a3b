/**
 * Scalar by the same options as Swagger UI.
 *
 * Its one script comes from a CDN by default, held to its hash, or from a path of your own: `@scalar/api-reference` needs
 * Node.js 22 to be installed and is no dependency.
 *
 * @see [Scalar, configuration](https://scalar.com/products/api-references/configuration)
 * @since 0.1.0
 */
import type * as HttpRouter from "effect/http/HttpRouter"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as Layer from "effect/Layer"
import * as DocsPage from "./DocsPage.ts"
import { makePage, type Options } from "./internal/docs/ScalarPage.ts"

export {
  type Assets,
  type Configuration,
  type Options,
  jsdelivr
} from "./internal/docs/ScalarPage.ts"

// ----------------------------------------------------------------------------
// layers
// ----------------------------------------------------------------------------

/**
 * Serves Scalar from the router, under `/docs`: the page, its document at `/docs/openapi.json`, and `/docs/oauth2-redirect`, which
 * an authorization server has to know as `redirect_uri`.
 *
 * All is as `SwaggerUi.layer` has it, but for two things of Scalar's: it writes its styles into the page and runs WebAssembly, so the
 * policy lets inline styles and `'wasm-unsafe-eval'` in (no inline scripts, no `eval`), and `appName`, `realm` and `scopeSeparator` of `initOAuth` mean nothing to it. What Scalar would
 * send to its makers, and its links to their services, are off.
 *
 * @example
 * ```ts
 * import { HttpBasic, Scalar, Security } from "effect-security"
 * import { Effect } from "effect"
 *
 * const staff = HttpBasic.make({ realm: "docs" }).pipe(
 *   Security.authenticate(({ username }) => Effect.succeed(Security.grant(username)))
 * )
 * const Docs = Scalar.layer({
 *   path: "/reference",
 *   document: { openapi: "3.1.0", info: { title: "Items", version: "1" }, paths: {} },
 *   initOAuth: { clientId: "docs" },
 *   security: staff
 * })
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

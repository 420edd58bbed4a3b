/**
 * Pages that show a document to people: what {@link SwaggerUi} and {@link Scalar} have in common.
 *
 * A page, the document and a fixed list of files, each with the headers that keep strangers out. All URLs are relative to the
 * page, so it works under any prefix and behind any proxy.
 *
 * @since 0.1.0
 */
import * as HttpRouter from "effect/http/HttpRouter"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { Document } from "./internal/docs/DocsDocument.ts"
import {
  documentOf,
  endpoints,
  type Options,
  type Page,
  type Subject
} from "./internal/docs/DocsRoutes.ts"

export type { Sources } from "./internal/docs/ContentSecurityPolicy.ts"
export * from "./internal/docs/DocsDocument.ts"
export * from "./internal/docs/DocsResource.ts"
export {
  clientSecretOf,
  type Endpoint,
  type InitOAuth,
  type Options,
  type Page,
  type Subject
} from "./internal/docs/DocsRoutes.ts"

// ----------------------------------------------------------------------------
// layers
// ----------------------------------------------------------------------------

/**
 * Adds a page to the router: the one of an HttpApi, or any other.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = <E, R>(
  options: Options<E, R> & Subject,
  make: (document: Document) => Effect.Effect<Page>
): Layer.Layer<
  never,
  never,
  | HttpRouter.HttpRouter
  | HttpRouter.Request.From<"Error", E>
  | Exclude<R, HttpServerRequest.HttpServerRequest | HttpRouter.Provided>
> =>
  HttpRouter.use((router) =>
    Effect.gen(function* () {
      for (const { handler, path } of yield* endpoints(options, yield* documentOf(options), make)) {
        yield* router.add("GET", path, handler)
      }
    })
  )

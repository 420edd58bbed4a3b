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
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
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

/**
 * The routes of a page that shows a document, whatever router has them: the page, the document and a fixed list of files, each
 * with the headers that keep strangers out.
 *
 * @since 0.1.0
 */
import * as HttpApi from "@effect/platform/HttpApi"
import type * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as OpenApi from "@effect/platform/OpenApi"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as ContentSecurityPolicy from "./ContentSecurityPolicy.ts"
import { type Document, origins } from "./DocsDocument.ts"
import * as DocsHtml from "./DocsHtml.ts"
import type { File } from "./DocsResource.ts"
import * as DocsResponse from "./DocsResponse.ts"
import * as SecurityDocument from "../../SecurityDocument.ts"
import { guard } from "../security/Guard.ts"
import { definitions } from "../security/Expression.ts"
import type { Security, Top } from "../security/Model.ts"
import { withServices } from "../security/Expression.ts"
import type { Grantable, SecurityRequirement } from "../../SecurityRequirement.ts"

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
  readonly contentSecurityPolicy?: ContentSecurityPolicy.Sources | undefined
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
 * Whose document is shown outside an `HttpApiBuilder`: that of an API, or one of your own.
 *
 * @category models
 * @since 0.1.0
 */
export type Subject =
  | { readonly api: HttpApi.HttpApi.Any; readonly document?: undefined }
  | { readonly document: object; readonly api?: undefined }

/**
 * What makes one page differ from another.
 *
 * @category models
 * @since 0.1.0
 */
export interface Page extends DocsHtml.Content {
  readonly files: ReadonlyArray<File>
  readonly sources: ContentSecurityPolicy.PageSources
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
// the document
// ----------------------------------------------------------------------------

/**
 * The document of an HttpApi, or the one that was given.
 *
 * @category constructors
 * @since 0.1.0
 */
export const documentOf = (subject: Subject): Effect.Effect<Document> =>
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

// ----------------------------------------------------------------------------
// routes
// ----------------------------------------------------------------------------

/** The name below the page where an authorization server sends the browser back to. */
const redirectName = "oauth2-redirect"

/**
 * The routes of a page, whose guard has the services that are there when they are made.
 *
 * @category constructors
 * @since 0.1.0
 */
export const endpoints = <E, R>(
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
      Effect.map(DocsResponse.tagOf(file.body), (tag) => ({ ...file, path: below(file.name), tag }))
    )
    const policy = ContentSecurityPolicy.make(
      page.sources,
      origins(document),
      options.contentSecurityPolicy
    )
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
      {
        path,
        handler: guarded(
          DocsResponse.html((at, nonce) => DocsHtml.main(page, head, at(path), nonce), policy)
        )
      },
      {
        path: documentPath,
        handler: guarded(
          DocsResponse.conditional(
            { body: json, contentType: "application/json", tag: yield* DocsResponse.tagOf(json) },
            isPublic ? DocsResponse.revalidate : `private, ${DocsResponse.revalidate}`,
            false
          )
        )
      },
      {
        path: head.redirectPath,
        handler: DocsResponse.html(
          // public, whoever may see the page
          (at, nonce) =>
            DocsHtml.redirect(page, { ...head, title: "Login" }, at(head.redirectPath), nonce),
          { ...ContentSecurityPolicy.nothing, "script-src": [], "img-src": ["data:"] },
          // its URL holds the authorization code
          "no-referrer"
        )
      },
      ...files.map((file) => ({
        path: file.path,
        handler: DocsResponse.conditional(file, DocsResponse.revalidate, true)
      }))
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
// secrets
// ----------------------------------------------------------------------------

/**
 * The secret as the page has to have it.
 *
 * @category resources
 * @since 0.1.0
 */
export const clientSecretOf = (initOAuth: InitOAuth | undefined): string | undefined =>
  initOAuth?.clientSecret === undefined ? undefined : Redacted.value(initOAuth.clientSecret)

/**
 * The document of an HttpApi.
 *
 * @since 0.1.0
 */
import * as HttpApi from "@effect/platform/HttpApi"
import type * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as SecurityMiddleware from "../../SecurityMiddleware.ts"
import * as SecurityRequirement from "../../SecurityRequirement.ts"
import * as SecurityScheme from "../../SecurityScheme.ts"
import * as Platform from "../http-api/Platform.ts"
import * as SealedApi from "../http-api/SealedApi.ts"
import type { Top } from "../security/Model.ts"
import {
  deniesAll,
  type Documented,
  type Omission,
  type Operation,
  type Options,
  type Refusing,
  securitySchemes,
  toPath,
  toSecurity,
  withHeaders
} from "./Operation.ts"
import * as PlatformDocument from "./PlatformDocument.ts"

// ----------------------------------------------------------------------------
// an HttpApi
// ----------------------------------------------------------------------------

/**
 * Makes every document of an HttpApi tell the truth about its security.
 *
 * Writes `securitySchemes`, each operation's `security` (the AND of all its middlewares, native `HttpApiSecurity` ones
 * included; `[]` for a public one), and the headers of its 401, 403 and 503. The `security` that an endpoint's own
 * `OpenApi.Override` or `OpenApi.Transform` writes is left alone, an `OpenApi.Transform` of the API runs afterwards. An
 * operation that lets nobody in is left out. What the version can't say is logged as a warning when the document is made; {@link fromApi} returns it.
 *
 * Call it last: growing or securing the API afterwards, or giving it another `OpenApi.Transform`, throws, since the document
 * would not tell of it. Throws, when the document is made, for two different schemes of one name and for two
 * different tags of one key.
 *
 * @example
 * ```ts
 * import { HttpBearer, SecurityDocument, SecurityMiddleware } from "effect-security"
 * import { HttpApi, HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
 *
 * class Token extends SecurityMiddleware.Tag<Token>()("app/Token", { security: HttpBearer.make() }) {}
 *
 * class Api extends HttpApi.make("api")
 *   .add(HttpApiGroup.make("items").add(HttpApiEndpoint.get("list", "/items").middleware(Token)))
 *   .pipe(SecurityDocument.annotate()) {}
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const annotate =
  (options: Options = {}) =>
  <Id extends string, Groups extends HttpApiGroup.HttpApiGroup.Any, E, R>(
    api: HttpApi.HttpApi<Id, Groups, E, R>
  ): HttpApi.HttpApi<Id, Groups, E, R> => {
    const before = transformOf(api)
    const transform = (spec: Json): Json => {
      // an API that is added to another hands its annotations to its groups, whose transforms see a tag
      if (!isDocument(spec)) return before(spec)
      const { document, omissions } = secureDocument(spec, api, options)
      for (const { message, subject } of omissions) {
        Effect.runSync(Effect.logWarning(`${subject}: ${message}`))
      }
      return before(document)
    }
    return SealedApi.seal(
      api.annotate(OpenApi.Transform, Object.assign(transform, { [BeforeId]: before })),
      ["add", "addHttpApi", "prefix", "middleware", SealedApi.securing, SealedApi.transforming],
      "call SecurityDocument.annotate last: what is said of the HttpApi afterwards would not be documented"
    )
  }

/**
 * Whether {@link annotate} has been called on an HttpApi.
 *
 * @category guards
 * @since 0.1.0
 */
export const isAnnotated = (api: { readonly annotations: Context.Context<never> }): boolean =>
  hasProperty(
    Option.getOrUndefined(Context.getOption(api.annotations, OpenApi.Transform)),
    BeforeId
  )

/**
 * The document of an HttpApi, and what it could not say.
 *
 * @example
 * ```ts
 * import { SecurityDocument } from "effect-security"
 * import { HttpApi } from "@effect/platform"
 *
 * const { document, omissions } = SecurityDocument.fromApi(HttpApi.make("api"), { version: "3.2.0" })
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const fromApi = <Id extends string, Groups extends HttpApiGroup.HttpApiGroup.Any, E, R>(
  api: HttpApi.HttpApi<Id, Groups, E, R>,
  options: Options = {}
): Documented<Json> => {
  const plain = Object.assign(api.annotateContext(Context.empty()), {
    annotations: Context.omit(OpenApi.Transform)(api.annotations)
  })
  const documented = secureDocument({ ...OpenApi.fromApi(plain) }, api, options)
  return { ...documented, document: transformOf(api)(documented.document) }
}

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

// The platform's own type of what a Transform is given.
type Json = Parameters<Context.Tag.Service<typeof OpenApi.Transform>>[0]

type Transform = (spec: Json) => Json

const BeforeId: unique symbol = Symbol.for("effect-security/SecurityDocument/Before")

/** The API's own Transform, behind the one that `annotate` sets. */
const transformOf = (api: { readonly annotations: Context.Context<never> }): Transform => {
  const transform = Option.getOrElse(
    Context.getOption(api.annotations, OpenApi.Transform),
    () => identity<Json>
  )
  return hasProperty(transform, BeforeId) ? (transform[BeforeId] as Transform) : transform
}

const isDocument = (spec: Json): boolean => typeof spec["openapi"] === "string"

interface Secured extends Refusing {
  readonly requirement: SecurityRequirement.SecurityRequirement
  readonly expressions: ReadonlyArray<Top>
  readonly natives: ReadonlyArray<HttpApiMiddleware.TagClassSecurityAny>
  /** What the platform has written as the operation's `security`. */
  readonly platform: SecurityRequirement.SecurityRequirement
  readonly subject: string
  readonly path: string
  readonly method: string
  readonly isOverridden: boolean
}

const secureDocument = <Id extends string, Groups extends HttpApiGroup.HttpApiGroup.Any, E, R>(
  spec: Json,
  api: HttpApi.HttpApi<Id, Groups, E, R>,
  options: Options
): Documented<Json> => {
  const version = options.version ?? "3.1.0"
  const operations: Array<Secured> = []
  const known = new Map<string, HttpApiMiddleware.TagClassAny>()
  HttpApi.reflect(api, {
    onGroup: () => {},
    onEndpoint: ({ endpoint, mergedAnnotations, middleware }) => {
      if (Context.get(mergedAnnotations, OpenApi.Exclude)) return
      const all = Platform.middlewaresOf(api, middleware)
      all.forEach((tag) => checkKey(tag, known))
      // of two tags with one key the endpoint's is the one that runs
      const tags = [...new Map(all.map((tag) => [tag.key, tag])).values()]
      const expressions = tags.flatMap((tag) =>
        SecurityMiddleware.isTag(tag) ? [tag.security] : []
      )
      const own = expressions.map(({ requirement }) => requirement)
      const natives = tags.filter(HttpApiMiddleware.isSecurity)
      operations.push({
        requirement: SecurityRequirement.allOf(
          ...tags.flatMap((tag) =>
            SecurityMiddleware.isTag(tag) ? [tag.security.requirement]
            : HttpApiMiddleware.isSecurity(tag) ? [PlatformDocument.requirementOf(tag)]
            : []
          )
        ),
        own: SecurityRequirement.allOf(...own),
        isAlone: natives.length === 0,
        expressions,
        natives,
        platform: PlatformDocument.written([...middleware].filter(HttpApiMiddleware.isSecurity)),
        subject: `${endpoint.method} ${endpoint.path}`,
        path: toPath(endpoint.path),
        method: endpoint.method.toLowerCase(),
        isOverridden: Option.exists(
          Context.getOption(endpoint.annotations, OpenApi.Override),
          (override) => "security" in override
        )
      })
    }
  })
  const paths: Record<string, Record<string, Operation>> = structuredClone(spec["paths"] ?? {})
  const omissions: Array<Omission> = []
  const documented: Array<Secured> = []
  for (const secured of operations) {
    const { method, path, requirement, subject } = secured
    const { item, key } = PlatformDocument.placeOf(paths, path, method)
    const operation = item?.[key]
    const security = toSecurity(requirement)
    if (security === undefined) {
      omissions.push({ subject, message: deniesAll })
      PlatformDocument.omit(paths, path, method)
      continue
    }
    documented.push(secured)
    if (item === undefined || operation === undefined) continue
    item[key] = withHeaders(
      isWritten(secured, operation) ? operation : { ...operation, security },
      secured
    )
  }
  const schemes = securitySchemes(
    documented.flatMap(({ expressions }) => expressions),
    version
  )
  const natives = nativeSchemes(documented.flatMap(({ natives }) => natives))
  checkNatives(natives, schemes.document)
  const components = spec["components"]
  // the platform has written those of operations that are left out, too
  const leftOut = new Set(
    operations.flatMap(({ natives }) => natives.flatMap(({ security }) => Object.keys(security)))
  )
  const written = Object.entries(components?.securitySchemes ?? {}).filter(
    ([name]) => !leftOut.has(name)
  )
  return {
    document: {
      ...spec,
      openapi: version,
      paths,
      components: {
        ...components,
        securitySchemes: {
          ...Object.fromEntries(written),
          ...Object.fromEntries(natives),
          ...schemes.document
        }
      },
      // every operation says its own
      security: []
    },
    omissions: [...omissions, ...schemes.omissions]
  }
}

/** The platform runs what it finds under a key: of two tags of one key, one is not what it says. */
const checkKey = (
  tag: HttpApiMiddleware.TagClassAny,
  known: Map<string, HttpApiMiddleware.TagClassAny>
): void => {
  const other = known.get(tag.key) ?? tag
  known.set(tag.key, other)
  const isOurs = [tag, other].some(SecurityMiddleware.isTag)
  if (isOurs && securityOf(tag) !== securityOf(other)) {
    throw new Error(
      `two middlewares with different security have the key ${JSON.stringify(tag.key)}, and one would run in the other's place: ` +
        "give one of them another id"
    )
  }
}

const securityOf = (tag: HttpApiMiddleware.TagClassAny): unknown =>
  SecurityMiddleware.isTag(tag) || HttpApiMiddleware.isSecurity(tag) ? tag.security : undefined

/** Whether the endpoint's own Override or Transform has written `security`. */
const isWritten = ({ isOverridden, platform }: Secured, operation: Operation): boolean =>
  isOverridden || JSON.stringify(operation.security) !== JSON.stringify(platform)

const nativeSchemes = (
  tags: ReadonlyArray<HttpApiMiddleware.TagClassSecurityAny>
): ReadonlyMap<string, SecurityScheme.SecurityScheme> => {
  const known = new Map<string, SecurityScheme.SecurityScheme>()
  for (const [name, security] of tags.flatMap((tag) => Object.entries(tag.security))) {
    const scheme = SecurityScheme.make(PlatformDocument.schemeOf(security))
    const other = known.get(name)
    if (other !== undefined && !sameScheme(other, scheme)) {
      throw new Error(
        `two different schemes are called ${JSON.stringify(name)}: ${JSON.stringify(other)} and ` +
          `${JSON.stringify(scheme)}; rename one in the security of its HttpApiMiddleware`
      )
    }
    known.set(name, other ?? scheme)
  }
  return known
}

const checkNatives = (
  natives: ReadonlyMap<string, SecurityScheme.SecurityScheme>,
  ours: { readonly [name: string]: SecurityScheme.SecurityScheme }
): void => {
  for (const [name, native] of natives) {
    const own = ours[name]
    if (own !== undefined && !sameScheme(own, native)) {
      throw new Error(
        `two different schemes are called ${JSON.stringify(name)}: ${JSON.stringify(own)} and ` +
          `${JSON.stringify(native)}; give one of them another name`
      )
    }
  }
}

const sameScheme = (left: unknown, right: unknown): boolean =>
  JSON.stringify(sorted(left)) === JSON.stringify(sorted(right))

const sorted = (value: unknown): unknown =>
  typeof value === "object" && value !== null ?
    Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)))
  : value

/**
 * What is called otherwise on the line of Effect 4. Where only the name differs it stands here; where the meaning does, in the seam.
 *
 * A module of Effect 3 by its last name → where it is in Effect 4. A module that is not named keeps its place in `effect`.
 */
export const modules = {
  // the platform
  Cookies: "effect/http/Cookies",
  FetchHttpClient: "effect/http/FetchHttpClient",
  Headers: "effect/http/Headers",
  HttpApp: "effect/http/HttpEffect",
  HttpBody: "effect/http/HttpBody",
  HttpClient: "effect/http/HttpClient",
  HttpClientError: "effect/http/HttpClientError",
  HttpClientRequest: "effect/http/HttpClientRequest",
  HttpClientResponse: "effect/http/HttpClientResponse",
  HttpIncomingMessage: "effect/http/HttpIncomingMessage",
  HttpLayerRouter: "effect/http/HttpRouter",
  HttpMethod: "effect/http/HttpMethod",
  HttpMiddleware: "effect/http/HttpMiddleware",
  HttpServer: "effect/http/HttpServer",
  HttpServerError: "effect/http/HttpServerError",
  HttpServerRequest: "effect/http/HttpServerRequest",
  HttpServerRespondable: "effect/http/HttpServerRespondable",
  HttpServerResponse: "effect/http/HttpServerResponse",
  Multipart: "effect/http/Multipart",
  UrlParams: "effect/http/UrlParams",
  HttpApi: "effect/http-api/HttpApi",
  HttpApiBuilder: "effect/http-api/HttpApiBuilder",
  HttpApiClient: "effect/http-api/HttpApiClient",
  HttpApiEndpoint: "effect/http-api/HttpApiEndpoint",
  HttpApiError: "effect/http-api/HttpApiError",
  HttpApiGroup: "effect/http-api/HttpApiGroup",
  HttpApiMiddleware: "effect/http-api/HttpApiMiddleware",
  HttpApiScalar: "effect/http-api/HttpApiScalar",
  HttpApiSchema: "effect/http-api/HttpApiSchema",
  HttpApiSecurity: "effect/http-api/HttpApiSecurity",
  HttpApiSwagger: "effect/http-api/HttpApiSwagger",
  OpenApi: "effect/http-api/OpenApi",
  OpenApiJsonSchema: "effect/JsonSchema",
  Socket: "effect/socket/Socket",
  NodeContext: "@effect/platform-node/NodeServices",
  NodeHttpClient: "@effect/platform-node/NodeHttpClient",
  NodeHttpServer: "@effect/platform-node/NodeHttpServer",
  NodeRuntime: "@effect/platform-node/NodeRuntime",
  // @effect/experimental
  RateLimiter: "effect/persistence/RateLimiter",
  Redis: "effect/persistence/Redis",
  // effect
  Either: "effect/Result",
  TestClock: "effect/testing/TestClock",
  TestContext: "effect/testing/TestClock",
  // a package of its own
  FastCheck: "fast-check"
}

/** Members of a module, by the names of Effect 3. What has a `.` on the left is in a namespace of that name, on the right in another module. */
export const members = {
  Cause: {
    failureOption: "findErrorOption",
    isDie: "hasDies",
    isInterrupted: "hasInterrupts",
    isInterruptedOnly: "hasInterruptsOnly",
    parallel: "combine",
    sequential: "combine"
  },
  Config: { "Config.Wrap": "Wrap", redacted: "Redacted", string: "String", integer: "Int" },
  ConfigError: { ConfigError: "Config.ConfigError" },
  Context: {
    "Tag.Service": "Service.Shape",
    Tag: "Key",
    TagClassShape: "ServiceClass.Shape",
    unsafeGet: "getUnsafe",
    unsafeMake: "makeUnsafe"
  },
  DateTime: { unsafeMake: "makeUnsafe" },
  Duration: { DurationInput: "Input", decode: "fromInputUnsafe" },
  Effect: {
    async: "callback",
    catchAll: "catch",
    catchAllCause: "catchCause",
    catchAllDefect: "catchDefect",
    contextWithEffect: "contextWith",
    either: "result",
    fork: "forkChild",
    fromNullable: "fromNullishOr",
    tapErrorCause: "tapCause",
    forkDaemon: "forkDetach",
    mapInputContext: "updateContext",
    orElse: "catch",
    unsafeMakeSemaphore: "Semaphore.makeUnsafe",
    withFiberRuntime: "withFiber",
    zipLeft: "tap",
    zipRight: "andThen"
  },
  Either: { isLeft: "isFailure", isRight: "isSuccess", left: "fail", right: "succeed" },
  Exit: { isInterrupted: "hasInterrupts" },
  Fiber: { RuntimeFiber: "Fiber" },
  Headers: { currentRedactedNames: "CurrentRedactedNames" },
  HttpApiBuilder: { api: "layer" },
  HttpApi: { "HttpApi.Any": "Constraint", "HttpApi.AnyWithProps": "Top" },
  HttpApiEndpoint: {
    "HttpApiEndpoint.AddContext": "AddMiddleware",
    "HttpApiEndpoint.Any": "Constraint",
    "HttpApiEndpoint.AnyWithProps": "Top",
    "HttpApiEndpoint.Context": "Middleware"
  },
  HttpApiMiddleware: { TagClassAny: "AnyService", TagClassSecurityAny: "AnyServiceSecurity" },
  HttpApiGroup: { "HttpApiGroup.Any": "Constraint", "HttpApiGroup.AnyWithProps": "Top" },
  HttpLayerRouter: { addHttpApi: "HttpApiBuilder.layer", unhandled: "Types.unhandled" },
  HttpServer: { layerContext: "layerServices" },
  HttpServerResponse: { isServerResponse: "isHttpServerResponse", unsafeJson: "jsonUnsafe" },
  Layer: {
    scoped: "effect",
    scopedDiscard: "effectDiscard",
    unwrapEffect: "unwrap",
    unwrapScoped: "unwrap"
  },
  Logger: {
    jsonLogger: "formatJson",
    logfmtLogger: "formatLogFmt",
    stringLogger: "formatSimple",
    structuredLogger: "formatStructured"
  },
  NodeHttpClient: { layer: "layerNodeHttp" },
  NodeHttpServer: { layerContext: "layerHttpServices" },
  Option: { fromNullable: "fromNullishOr" },
  ParseResult: { ParseError: "Schema.SchemaError" },
  Predicate: { isNullable: "isNullish", isObject: "isObjectKeyword", isRecord: "isObject" },
  Runtime: { Runtime: "Context.Context" },
  Schema: {
    Schema: "Codec",
    "Schema.All": "Top",
    "Schema.Any": "Top",
    NonNegativeInt: "Natural",
    Object: "ObjectKeyword",
    annotations: "annotate",
    decodeUnknown: "decodeUnknownEffect",
    decodeUnknownEither: "decodeUnknownResult",
    encode: "encodeEffect",
    equivalence: "toEquivalence",
    parseJson: "fromJsonString",
    typeSchema: "toType"
  },
  TestContext: { TestContext: "layer()" },
  SchemaAST: { typeAST: "toType" }
}

/** Members of values, wherever they are accessed: names that nothing else bears. */
export const properties = {
  annotateContext: "annotateMerge",
  currentContext: "context",
  getFiberRef: "getRef",
  layerHttpLayerRouter: "layer",
  unsafeCurrentTimeMillis: "currentTimeMillisUnsafe",
  unsafeMap: "mapUnsafe"
}

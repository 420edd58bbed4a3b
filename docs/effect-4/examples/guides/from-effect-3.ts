/** What means something else than in Effect 3, run. */
import {
  ApiKey,
  HttpBearer,
  Security,
  SecurityDocument,
  SecurityError,
  SecurityMiddleware,
  SecurityTest
} from "effect-security"
import { Context, Duration, Effect, ErrorReporter, Layer, Result, Schema } from "effect"
import {
  FetchHttpClient,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "effect/http"
import {
  HttpApi,
  HttpApiBuilder,
  HttpApiClient,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiMiddleware,
  OpenApi
} from "effect/http-api"
import * as assert from "node:assert"
import { verifyToken } from "../verifiers.ts"

class Authentication extends SecurityMiddleware.Tag<Authentication>()("app/Authentication", {
  security: HttpBearer.make({ scopes: { "items:write": "Create items" } }).pipe(
    Security.authenticate(({ credentials }) => verifyToken(credentials))
  )
}) {}

const get = (
  routes: Layer.Layer<never, unknown, HttpRouter.HttpRouter | Layer.Success<typeof HttpServices>>,
  path: string,
  init?: RequestInit
) =>
  Effect.acquireUseRelease(
    Effect.sync(() =>
      HttpRouter.toWebHandler(routes.pipe(Layer.provide(HttpServices)), { disableLogger: true })
    ),
    ({ handler }) =>
      Effect.promise(async () => {
        const response = await handler(new Request(`http://localhost${path}`, init))
        return [response.status, await response.text()] as const
      }),
    ({ dispose }) => Effect.promise(dispose)
  )

const HttpServices = HttpServer.layerServices

// ----------------------------------------------------------------------------
// a middleware covers what is there
// ----------------------------------------------------------------------------

// the platform's own: not what is added afterwards
const open = HttpApiGroup.make("items")
  .add(HttpApiEndpoint.get("list", "/items"))
  .middleware(Authentication)
  .add(HttpApiEndpoint.post("create", "/items"))

const found = SecurityTest.unsecured(HttpApi.make("api").add(open)) // => ["POST /items"]

// this library's: what is added afterwards throws
const sealed = HttpApiGroup.make("items")
  .add(HttpApiEndpoint.get("list", "/items"))
  .pipe(SecurityMiddleware.secureGroup(Authentication))

// ----------------------------------------------------------------------------
// a Layer is shared
// ----------------------------------------------------------------------------

class Session extends Context.Service<Session, { user: string }>()("app/Session") {}

const SessionLive = Layer.sync(Session, () => ({ user: "nobody" }))

const enter = Effect.gen(function* () {
  const session = yield* Session
  const before = session.user
  session.user = "alice"
  return HttpServerResponse.text(before)
})

// the session of the app, since the app has built this Layer, too
const shared = Effect.provide(enter, SessionLive)

// one for each request
const own = Effect.provide(enter, SessionLive, { local: true })

// the same for what an expression needs
const ofExpression = Security.guard(
  Security.public.pipe(
    Security.mapEffect(() => enter),
    Security.provide(SessionLive)
  ),
  (response) => response
)

const entered = <E>(
  handler: Effect.Effect<
    HttpServerResponse.HttpServerResponse,
    E,
    HttpServerRequest.HttpServerRequest
  >
) =>
  Effect.gen(function* () {
    const app = Layer.provideMerge(HttpRouter.add("GET", "/", Effect.orDie(handler)), SessionLive)
    const { dispose, handler: send } = HttpRouter.toWebHandler(app, { disableLogger: true })
    const answers = yield* Effect.forEach(["first", "second"], () =>
      Effect.promise(async () => (await send(new Request("http://localhost"))).text())
    )
    yield* Effect.promise(dispose)
    return answers
  })

// ----------------------------------------------------------------------------
// several errors are an array
// ----------------------------------------------------------------------------

class Lost extends Schema.TaggedError<Lost>()("Lost", {}, { httpApiStatus: 404 }) {}
class Gone extends Schema.TaggedError<Gone>()("Gone", {}, { httpApiStatus: 410 }) {}

const Errors = HttpApi.make("errors").add(
  HttpApiGroup.make("errors")
    .add(HttpApiEndpoint.get("array", "/array", { error: [Lost, Gone] })) // 410
    .add(HttpApiEndpoint.get("union", "/union", { error: Schema.Union([Lost, Gone]) })) // 500
    .add(HttpApiEndpoint.get("query", "/query", { query: { n: Schema.FiniteFromString } }))
)

const ErrorsLive = HttpApiBuilder.layer(Errors).pipe(
  Layer.provide(
    HttpApiBuilder.group(Errors, "errors", (handlers) =>
      handlers
        .handle("array", () => Effect.fail(new Gone()))
        .handle("union", () => Effect.fail(new Gone()))
        .handle("query", () => Effect.void)
    )
  )
)

// ----------------------------------------------------------------------------
// middlewares
// ----------------------------------------------------------------------------

const ran: Array<string> = []

const watching = (name: string) => {
  class Watching extends HttpApiMiddleware.Service<Watching>()(`app/${name}`) {}
  const live = Layer.succeed(Watching, (handler) =>
    Effect.suspend(() => {
      ran.push(name)
      return handler
    })
  )
  return { live, tag: Watching }
}

// ----------------------------------------------------------------------------
// what is public needs no Layer
// ----------------------------------------------------------------------------

const Public = HttpApi.make("public").add(
  HttpApiGroup.make("public").add(
    HttpApiEndpoint.get("health", "/health").pipe(SecurityMiddleware.public)
  )
)

const PublicLive = HttpApiBuilder.layer(Public).pipe(
  Layer.provide(
    HttpApiBuilder.group(Public, "public", (handlers) =>
      handlers.handle("health", () => Effect.void)
    )
  )
)

// ----------------------------------------------------------------------------
// a client's error has the challenges
// ----------------------------------------------------------------------------

const Items = HttpApi.make("api")
  .add(
    HttpApiGroup.make("items").add(
      HttpApiEndpoint.post("create", "/items").middleware(Authentication.scopes("items:write"))
    )
  )
  .pipe(SecurityDocument.annotate())

const ItemsLive = HttpApiBuilder.layer(Items).pipe(
  Layer.provide(
    HttpApiBuilder.group(Items, "items", (handlers) => handlers.handle("create", () => Effect.void))
  ),
  Layer.provide(SecurityMiddleware.layer(Authentication))
)

const refused = Effect.gen(function* () {
  const client = yield* HttpApiClient.make(Items, { baseUrl: "http://localhost" })
  const error = yield* Effect.flip(client.items.create())
  return error._tag === "Unauthorized" ? error.challenges : []
})

// ----------------------------------------------------------------------------
// it runs
// ----------------------------------------------------------------------------

export const main = Effect.gen(function* () {
  assert.deepStrictEqual(found, ["POST /items"])
  assert.throws(() => sealed.add(HttpApiEndpoint.post("create", "/items")), /secureGroup/)

  assert.deepStrictEqual(yield* entered(shared), ["nobody", "alice"])
  assert.deepStrictEqual(yield* entered(own), ["nobody", "nobody"])
  assert.deepStrictEqual(yield* entered(ofExpression), ["nobody", "nobody"])

  assert.strictEqual((yield* get(ErrorsLive, "/array"))[0], 410)
  assert.strictEqual((yield* get(ErrorsLive, "/union"))[0], 500)

  // what does not fit its schema is 400 without a body
  assert.deepStrictEqual(yield* get(ErrorsLive, "/query?n=secret"), [400, ""])

  // a number may be none
  assert.ok(Number.isNaN(Schema.decodeUnknownSync(Schema.NumberFromString)("secret")))
  const finite = Schema.decodeUnknownResult(Schema.FiniteFromString)
  assert.deepStrictEqual(
    ["secret", ""].map((text) => Result.isSuccess(finite(text))),
    [false, true]
  )

  // a duration may be negative
  assert.strictEqual(Duration.toMillis(Duration.seconds(-1)), -1000)

  const [group, first, second, api] = ["group", "first", "second", "api"].map(watching) as [
    ReturnType<typeof watching>,
    ReturnType<typeof watching>,
    ReturnType<typeof watching>,
    ReturnType<typeof watching>
  ]
  const Watched = HttpApi.make("watched")
    .add(
      HttpApiGroup.make("g")
        .add(HttpApiEndpoint.get("a", "/a").middleware(first.tag).middleware(second.tag))
        .middleware(group.tag)
    )
    .middleware(api.tag)
  const WatchedLive = HttpApiBuilder.layer(Watched).pipe(
    Layer.provide(
      HttpApiBuilder.group(Watched, "g", (handlers) => handlers.handle("a", () => Effect.void))
    ),
    Layer.provide([group.live, first.live, second.live, api.live])
  )
  yield* get(WatchedLive, "/a")
  assert.deepStrictEqual(ran, ["api", "group", "second", "first"])

  // a handler of guard may return a response, and nothing else that is no Effect
  const response = Security.guard(Security.public, () => HttpServerResponse.text("ok"))
  assert.deepStrictEqual(yield* get(HttpRouter.add("GET", "/", response), "/"), [200, "ok"])
  const text = Security.guard(Security.public, () => "text" as never)
  assert.strictEqual((yield* get(HttpRouter.add("GET", "/", text), "/"))[0], 500)
  const verifier = ApiKey.header("X-API-Key").pipe(Security.authenticate(() => "robot" as never))
  const verified = HttpRouter.add(
    "GET",
    "/",
    Effect.orDie(Security.guard(verifier, () => HttpServerResponse.empty()))
  )
  assert.strictEqual((yield* get(verified, "/", { headers: { "x-api-key": "key" } }))[0], 500)

  assert.strictEqual((yield* get(PublicLive, "/health"))[0], 204)

  const { dispose, handler } = HttpRouter.toWebHandler(
    ItemsLive.pipe(Layer.provide(HttpServices)),
    { disableLogger: true }
  )
  const fetch: typeof globalThis.fetch = (input, init) => handler(new Request(input, init))
  const challenges = yield* refused.pipe(
    Effect.provide(FetchHttpClient.layer),
    Effect.provideService(FetchHttpClient.Fetch, fetch)
  )
  assert.deepStrictEqual(
    challenges.map(({ scheme }) => scheme),
    ["Bearer"]
  )
  yield* Effect.promise(dispose)
  const document = JSON.stringify(OpenApi.fromApi(Items))
  assert.match(document, /"WWW-Authenticate"/)
  assert.doesNotMatch(document, /"www-authenticate"/)

  // refusals are not reported
  assert.ok(ErrorReporter.isIgnored(new SecurityError.Unauthorized({ reason: "absent" })))
  assert.ok(!ErrorReporter.isIgnored(new SecurityError.ServiceUnavailable({})))
})

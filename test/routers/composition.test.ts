/**
 * How security is said of an HttpApi: on an endpoint, as the default of a group or an API, derived, added up.
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiClient from "@effect/platform/HttpApiClient"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpServer from "@effect/platform/HttpServer"
import * as OpenApi from "@effect/platform/OpenApi"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import {
  ApiKey,
  OAuth2,
  Security,
  SecurityDocument,
  SecurityError,
  SecurityMiddleware
} from "../../src/index.ts"
import { overFetch, type Probe } from "./support.ts"

// ----------------------------------------------------------------------------
// tags
// ----------------------------------------------------------------------------

/** What the verifier looks scopes up in: the Layer of a tag has to bring it. */
class Grants extends Context.Tag("test/Grants")<Grants, Readonly<Record<string, string>>>() {}

const GrantsLive = Layer.succeed(Grants, {
  nobody: "",
  reader: "read",
  writer: "write",
  both: "read write"
})

class Principal extends Context.Tag("test/Principal")<Principal, string>() {}

const users = OAuth2.passwordBearer({
  schemeName: "users",
  tokenUrl: "token",
  scopes: { read: "Read", write: "Write" }
}).pipe(
  Security.authenticate((token) =>
    Effect.flatMap(Grants, (grants) => {
      const name = Redacted.value(token)
      const scopes = grants[name]
      return (
        name === "down" ? Effect.fail(new SecurityError.ServiceUnavailable({ retryAfter: 7 }))
        : scopes === undefined ?
          Effect.fail<SecurityError.Unauthorized | SecurityError.ServiceUnavailable>(
            new SecurityError.Unauthorized({ reason: "invalid", message: "Unknown token" })
          )
        : Effect.succeed(Security.grant(name, scopes.split(" ")))
      )
    })
  )
)

const keys = ApiKey.header("X-keys", { schemeName: "keys" })
const admins = ApiKey.header("X-admins", { schemeName: "admins" })
const services = ApiKey.header("X-services", { schemeName: "services" })
const banned = ApiKey.header("X-banned", { schemeName: "banned" })

const known =
  <const Who extends string>(who: Who) =>
  () =>
    Effect.succeed(Security.grant(who))

class Users extends SecurityMiddleware.Tag<Users>()("test/Users", {
  security: users,
  provides: Principal
}) {}
class Keys extends SecurityMiddleware.Tag<Keys>()("test/Keys", {
  security: keys.pipe(Security.authenticate(known("key"))),
  provides: Principal
}) {}
class Admins extends SecurityMiddleware.Tag<Admins>()("test/Admins", {
  security: admins.pipe(Security.authenticate(known("admin"))),
  provides: Principal
}) {}

const Live = Layer.mergeAll(
  SecurityMiddleware.layer(Users),
  SecurityMiddleware.layer(Keys),
  SecurityMiddleware.layer(Admins)
).pipe(Layer.provide(GrantsLive))

const Who = Schema.Struct({ who: Schema.String })
const see = Effect.map(Principal, (who) => ({ who }))
const nobody = Effect.succeed({ who: "nobody" })

const serve = <E>(live: Layer.Layer<HttpApi.Api, E>) =>
  HttpApiBuilder.toWebHandler(Layer.mergeAll(live, HttpServer.layerContext)).handler

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` })
const endpoint = <const Name extends string>(name: Name, path: `/${string}`) =>
  HttpApiEndpoint.get(name, path).addSuccess(Who)

const securityOf = (document: object, path: string): unknown =>
  // a document of the platform's own type
  (document as { paths: Record<string, { get: { security: unknown } }> }).paths[path]?.get.security

// ----------------------------------------------------------------------------
// levels
// ----------------------------------------------------------------------------

describe("levels", () => {
  class Api extends HttpApi.make("levels")
    .add(
      HttpApiGroup.make("a")
        .add(endpoint("own", "/a/own").middleware(Keys))
        .add(endpoint("scoped", "/a/scoped").middleware(Users.scopes("read")))
        .add(endpoint("plain", "/a/plain"))
        .add(endpoint("open", "/a/open").pipe(SecurityMiddleware.public))
        .pipe(SecurityMiddleware.secureGroup(Users))
    )
    .add(
      HttpApiGroup.make("b")
        .add(endpoint("own", "/b/own").middleware(Keys))
        .add(endpoint("plain", "/b/plain"))
        .add(endpoint("open", "/b/open").pipe(SecurityMiddleware.public))
    )
    .pipe(SecurityMiddleware.secureApi(Admins), SecurityDocument.annotate()) {}

  const handler = serve(
    HttpApiBuilder.api(Api).pipe(
      Layer.provide([
        HttpApiBuilder.group(Api, "a", (handlers) =>
          handlers
            .handle("own", () => see)
            .handle("scoped", () => see)
            .handle("plain", () => see)
            .handle("open", () => nobody)
        ),
        HttpApiBuilder.group(Api, "b", (handlers) =>
          handlers
            .handle("own", () => see)
            .handle("plain", () => see)
            .handle("open", () => nobody)
        )
      ]),
      Layer.provide(Live)
    )
  )

  const credentials: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    none: {},
    key: { "X-keys": "k" },
    admin: { "X-admins": "k" },
    user: bearer("nobody"),
    reader: bearer("reader")
  }
  // who is let in by which credential: everyone else is refused
  const expected: Readonly<Record<string, Readonly<Record<string, string | 401 | 403>>>> = {
    "/a/own": { none: 401, key: "key", admin: 401, user: 401, reader: 401 },
    "/a/scoped": { none: 401, key: 401, admin: 401, user: 403, reader: "reader" },
    "/a/plain": { none: 401, key: 401, admin: 401, user: "nobody", reader: "reader" },
    "/a/open": { none: "nobody", key: "nobody", admin: "nobody", user: "nobody", reader: "nobody" },
    "/b/own": { none: 401, key: "key", admin: 401, user: 401, reader: 401 },
    "/b/plain": { none: 401, key: 401, admin: "admin", user: 401, reader: 401 },
    "/b/open": { none: "nobody", key: "nobody", admin: "nobody", user: "nobody", reader: "nobody" }
  }
  const cases = Object.entries(expected).flatMap(([target, row]) =>
    Object.entries(row).map(([who, outcome]) => ({ target, who, outcome }))
  )
  it.each(cases)("$target, $who: $outcome", async ({ outcome, target, who }) => {
    const answer = await overFetch(handler, { target, headers: credentials[who] ?? {} })
    if (typeof outcome === "number") assert.strictEqual(answer.status, outcome)
    else assert.deepStrictEqual([answer.status, JSON.parse(answer.body)], [200, { who: outcome }])
  })

  it("the document says the same", () => {
    const document = OpenApi.fromApi(Api)
    assert.deepStrictEqual(
      Object.fromEntries(
        Object.keys(expected).map((path) => [path, plain(securityOf(document, path))])
      ),
      {
        "/a/own": [{ keys: [] }],
        "/a/scoped": [{ users: ["read"] }],
        "/a/plain": [{ users: [] }],
        "/a/open": [],
        "/b/own": [{ keys: [] }],
        "/b/plain": [{ admins: [] }],
        "/b/open": []
      }
    )
  })

  it("secureGroup and secureApi take the tag first or last, and leave the originals alone", () => {
    const group = HttpApiGroup.make("g").add(endpoint("e", "/e"))
    const secured = SecurityMiddleware.secureGroup(group, Keys)
    assert.strictEqual(secured.endpoints.e?.middlewares.size, 1)
    assert.strictEqual(group.endpoints.e?.middlewares.size, 0)
    const api = HttpApi.make("api").add(group)
    const securedApi = SecurityMiddleware.secureApi(api, Keys)
    assert.strictEqual(securedApi.groups.g?.endpoints.e?.middlewares.size, 1)
    assert.strictEqual(api.groups.g?.endpoints.e?.middlewares.size, 0)
  })
})

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

// ----------------------------------------------------------------------------
// derived tags
// ----------------------------------------------------------------------------

describe("derived tags", () => {
  it("the same scopes twice give one tag", () => {
    assert.strictEqual(Users.scopes("read"), Users.scopes("read"))
    assert.strictEqual(Users.derive("read").scopes("read"), Users.scopes("read"))
    assert.strictEqual<unknown>(Users.derive("read").scopes("write"), Users.scopes("read", "write"))
    assert.strictEqual<unknown>(Users.derive("read", "write"), Users.scopes("read", "write"))
    assert.notStrictEqual(Users.scopes("read").key, Users.scopes("write").key)
  })

  it("throw for a scope that can't be proven", () => {
    assert.throws(() => Keys.scopes("read" as never), /"read" can't be proven through keys/)
  })

  it("work when they are derived before and after the Layer is made, also from one another", async () => {
    class Fresh extends SecurityMiddleware.Tag<Fresh>()("test/Fresh", {
      security: users,
      provides: Principal
    }) {}
    const before = Fresh.derive("read")
    const FreshLive = SecurityMiddleware.layer(Fresh).pipe(Layer.provide(GrantsLive))
    const after = Fresh.scopes("write")
    const nested = before.scopes("write")
    class Api extends HttpApi.make("derived").add(
      HttpApiGroup.make("all")
        .add(endpoint("base", "/base").middleware(Fresh))
        .add(endpoint("before", "/before").middleware(before))
        .add(endpoint("after", "/after").middleware(after))
        .add(endpoint("nested", "/nested").middleware(nested))
    ) {}
    const handler = serve(
      HttpApiBuilder.api(Api).pipe(
        Layer.provide(
          HttpApiBuilder.group(Api, "all", (handlers) =>
            handlers
              .handle("base", () => see)
              .handle("before", () => see)
              .handle("after", () => see)
              .handle("nested", () => see)
          )
        ),
        Layer.provide(FreshLive)
      )
    )
    const statuses = async (target: string) =>
      Promise.all(
        ["nobody", "reader", "writer", "both", "wrong", "down"].map(
          async (token) => (await overFetch(handler, { target, headers: bearer(token) })).status
        )
      )
    assert.deepStrictEqual(await statuses("/base"), [200, 200, 200, 200, 401, 503])
    assert.deepStrictEqual(await statuses("/before"), [403, 200, 403, 200, 401, 503])
    assert.deepStrictEqual(await statuses("/after"), [403, 403, 200, 200, 401, 503])
    assert.deepStrictEqual(await statuses("/nested"), [403, 403, 403, 200, 401, 503])
    const { headers } = await overFetch(handler, { target: "/nested", headers: bearer("reader") })
    assert.strictEqual(
      headers["www-authenticate"],
      'Bearer realm="api", error="insufficient_scope", scope="read write"'
    )
  })

  it("the Layer of a derived tag implements its base and its siblings", async () => {
    class Fresh extends SecurityMiddleware.Tag<Fresh>()("test/Fresh2", {
      security: users,
      provides: Principal
    }) {}
    const derived = Fresh.derive("read")
    class Api extends HttpApi.make("derived").add(
      HttpApiGroup.make("all").add(endpoint("base", "/base").middleware(Fresh))
    ) {}
    const handler = serve(
      HttpApiBuilder.api(Api).pipe(
        Layer.provide(
          HttpApiBuilder.group(Api, "all", (handlers) => handlers.handle("base", () => see))
        ),
        Layer.provide(SecurityMiddleware.layer(derived).pipe(Layer.provide(GrantsLive)))
      )
    )
    assert.strictEqual((await overFetch(handler, { target: "/base" })).status, 401)
    const answer = await overFetch(handler, { target: "/base", headers: bearer("nobody") })
    assert.strictEqual(answer.status, 200)
  })

  it("one that is derived after the Layer was built fails the API's Layer", async () => {
    class Fresh extends SecurityMiddleware.Tag<Fresh>()("test/Fresh3", { security: users }) {}
    const outcome = await Effect.gen(function* () {
      const built = yield* Layer.build(SecurityMiddleware.layer(Fresh))
      const late = Fresh.scopes("read")
      const Api = HttpApi.make("late").add(
        HttpApiGroup.make("all").add(endpoint("late", "/late").middleware(late))
      )
      const AllLive = HttpApiBuilder.group(Api, "all", (handlers) =>
        handlers.handle("late", () => nobody)
      )
      return yield* Layer.build(
        HttpApiBuilder.api(Api).pipe(
          Layer.provide(AllLive),
          Layer.provide(Layer.succeedContext(built)),
          Layer.provide(HttpApiBuilder.Router.Live)
        )
      )
    }).pipe(Effect.provide(GrantsLive), Effect.scoped, Effect.exit, Effect.runPromise)
    assert(Exit.isFailure(outcome))
    assert.include(Cause.pretty(outcome.cause), "test/Fresh3")
  })
})

// ----------------------------------------------------------------------------
// two tags of one id
// ----------------------------------------------------------------------------

describe("two tags of one id", () => {
  const make = () => {
    class Weak extends SecurityMiddleware.Tag<Weak>()("test/OneId", { security: keys }) {}
    class Strong extends SecurityMiddleware.Tag<Strong>()("test/OneId", {
      security: users,
      provides: Principal
    }) {}
    const api = HttpApi.make("ids").add(
      HttpApiGroup.make("all")
        .add(endpoint("weak", "/weak").middleware(Weak))
        .add(endpoint("strong", "/strong").middleware(Strong))
        .add(endpoint("scoped", "/scoped").middleware(Strong.scopes("read")))
    )
    const AllLive = HttpApiBuilder.group(api, "all", (handlers) =>
      handlers
        .handle("weak", () => nobody)
        .handle("strong", () => see)
        .handle("scoped", () => see)
    )
    return {
      Weak,
      Strong,
      live: HttpApiBuilder.api(api).pipe(Layer.provide(AllLive)),
      WeakLive: SecurityMiddleware.layer(Weak),
      StrongLive: SecurityMiddleware.layer(Strong).pipe(Layer.provide(GrantsLive))
    }
  }

  it("have keys of their own, and so have those that are derived from them", () => {
    const { Strong, Weak } = make()
    const again = make()
    const keys = [Weak, Strong, Strong.scopes("read"), again.Strong.scopes("read")].map(
      ({ key }) => key
    )
    assert.strictEqual(new Set(keys).size, 4)
    assert.strictEqual(Strong.scopes("read"), Strong.scopes("read"))
  })

  it("each guards its own endpoints, whichever Layer comes last", async () => {
    const { StrongLive, WeakLive, live } = make()
    const layers = [
      live.pipe(Layer.provide(WeakLive), Layer.provide(StrongLive)),
      live.pipe(Layer.provide(StrongLive), Layer.provide(WeakLive)),
      live.pipe(Layer.provide([WeakLive, StrongLive])),
      live.pipe(Layer.provide([StrongLive, WeakLive]))
    ]
    for (const layer of layers) {
      const handler = serve(layer)
      const status = async (target: string, headers: Readonly<Record<string, string>>) =>
        (await overFetch(handler, { target, headers })).status
      const weak = { "X-keys": "k" }
      assert.deepStrictEqual(
        [await status("/weak", weak), await status("/weak", bearer("reader"))],
        [200, 401]
      )
      for (const target of ["/strong", "/scoped"]) {
        assert.deepStrictEqual(
          [await status(target, weak), await status(target, bearer("reader"))],
          [401, 200]
        )
      }
    }
  })

  it("the Layer of one is none of the other's: the API's Layer fails", async () => {
    const { WeakLive, live } = make()
    const outcome = await Effect.runPromise(
      Effect.exit(
        Effect.scoped(Layer.build(live.pipe(Layer.provide([WeakLive, HttpApiBuilder.Router.Live]))))
      )
    )
    assert(Exit.isFailure(outcome))
    assert.match(Cause.pretty(outcome.cause), /Service not found: test\/OneId#\d+/)
  })
})

// ----------------------------------------------------------------------------
// the schema of the failures
// ----------------------------------------------------------------------------

describe("failure", () => {
  class Suspended extends Schema.TaggedError<Suspended>()(
    "Suspended",
    { why: Schema.String },
    HttpApiSchema.annotations({ status: 403 })
  ) {}
  class Statusless extends Schema.TaggedError<Statusless>()("Statusless", {}) {}
  class Unnamed extends Schema.TaggedError<Unnamed>()("Unnamed", {}) {}

  it("with a 403 of its own gets the Forbidden of a derived tag beside it", async () => {
    class Suspending extends SecurityMiddleware.Tag<Suspending>()("test/Suspending", {
      security: users.pipe(
        Security.filterOrFail(
          (who) => who !== "writer",
          () => new Suspended({ why: "unpaid" })
        )
      ),
      provides: Principal,
      failure: Schema.Union(SecurityError.Unauthorized, SecurityError.ServiceUnavailable, Suspended)
    }) {}
    class Api extends HttpApi.make("suspending").add(
      HttpApiGroup.make("all")
        .add(endpoint("base", "/base").middleware(Suspending))
        .add(endpoint("scoped", "/scoped").middleware(Suspending.scopes("read")))
    ) {}
    const handler = serve(
      HttpApiBuilder.api(Api).pipe(
        Layer.provide(
          HttpApiBuilder.group(Api, "all", (handlers) =>
            handlers.handle("base", () => see).handle("scoped", () => see)
          )
        ),
        Layer.provide(SecurityMiddleware.layer(Suspending).pipe(Layer.provide(GrantsLive)))
      )
    )
    const call = (name: "base" | "scoped", token: string) =>
      HttpApiClient.make(Api, {
        baseUrl: "http://localhost",
        transformClient: HttpClient.mapRequest(HttpClientRequest.bearerToken(token))
      }).pipe(
        Effect.flatMap((api) => api.all[name]()),
        Effect.flip,
        Effect.provide(FetchHttpClient.layer),
        Effect.provideService(FetchHttpClient.Fetch, (input, init) =>
          handler(new Request(input, init))
        ),
        Effect.runPromise
      )
    assert.deepStrictEqual(await call("base", "writer"), new Suspended({ why: "unpaid" }))
    assert((await call("scoped", "nobody")) instanceof SecurityError.Forbidden)
    assert((await call("scoped", "writer")) instanceof SecurityError.Forbidden)
    // of this library's own Forbidden one is enough
    assert.strictEqual(
      Users.derive("read").failure.ast,
      Users.derive("read").derive("read").failure.ast
    )
  })

  it("that has this library's Forbidden gets no other", () => {
    for (const forbidden of [SecurityError.Forbidden, SecurityError.contract[403]]) {
      class Complete extends SecurityMiddleware.Tag<Complete>()("test/Complete", {
        security: users,
        failure: Schema.Union(
          SecurityError.Unauthorized,
          SecurityError.ServiceUnavailable,
          forbidden
        )
      }) {}
      assert.strictEqual(Complete.derive("read").failure, Complete.failure)
    }
  })

  it("with a member without a status throws: an HttpApi would answer it with 500", () => {
    const tag = (failure: unknown) => () =>
      SecurityMiddleware.Tag<never>()("test/Statusless", {
        security: keys.pipe(Security.mapError(() => new Suspended({ why: "" }))),
        failure: failure as typeof Suspended
      })
    const sentence =
      /Statusless, in the failure of "test\/Statusless", has no status.*HttpApiSchema.annotations/
    assert.throws(tag(Statusless), sentence)
    assert.throws(tag(Schema.Union(Suspended, Statusless)), sentence)
    assert.throws(tag(Schema.Union(Suspended, Schema.Union(Suspended, Statusless))), sentence)
    assert.throws(
      tag(
        Schema.Union(Unnamed, Statusless).annotations(HttpApiSchema.annotations({ status: 401 }))
      ),
      /the failure of "test\/Statusless" is a Union with a status/
    )
    assert.doesNotThrow(tag(Suspended))
    assert.doesNotThrow(tag(Statusless.annotations(HttpApiSchema.annotations({ status: 500 }))))
  })

  it("that can't be encoded is answered with its status by HttpServerRespondable, never a pass", async () => {
    class Odd extends SecurityMiddleware.Tag<Odd>()("test/Odd", {
      security: users,
      provides: Principal,
      // a filter that nothing passes, also when it is encoded
      failure: Schema.Union(
        SecurityError.Unauthorized.pipe(
          Schema.filter(() => false),
          Schema.annotations(HttpApiSchema.annotations({ status: 401 }))
        ),
        SecurityError.ServiceUnavailable
      )
    }) {}
    class Api extends HttpApi.make("odd").add(
      HttpApiGroup.make("all").add(endpoint("e", "/e").middleware(Odd))
    ) {}
    const handler = serve(
      HttpApiBuilder.api(Api).pipe(
        Layer.provide(
          HttpApiBuilder.group(Api, "all", (handlers) => handlers.handle("e", () => see))
        ),
        Layer.provide(SecurityMiddleware.layer(Odd).pipe(Layer.provide(GrantsLive)))
      )
    )
    const refused = await overFetch(handler, { target: "/e", headers: bearer("wrong") })
    assert.deepStrictEqual(
      [refused.status, refused.headers["www-authenticate"]],
      [401, 'Bearer realm="api", error="invalid_token"']
    )
    // which of the two has answered shows in the order of the members
    assert.match(refused.body, /^\{"_tag":"Unauthorized"/)
    const passed = await overFetch(handler, { target: "/e", headers: bearer("reader") })
    assert.strictEqual(passed.status, 200)
  })
})

// ----------------------------------------------------------------------------
// growing what is secured
// ----------------------------------------------------------------------------

describe("growing what has been secured", () => {
  const late = endpoint("late", "/late")
  const group = HttpApiGroup.make("g")
    .add(endpoint("e", "/e"))
    .pipe(SecurityMiddleware.secureGroup(Keys))
  const api = HttpApi.make("api").add(group).pipe(SecurityMiddleware.secureApi(Keys))
  const documented = HttpApi.make("api").add(group).pipe(SecurityDocument.annotate())
  class Group extends HttpApiGroup.make("g")
    .add(endpoint("e", "/e"))
    .pipe(SecurityMiddleware.secureGroup(Keys)) {}
  class Api extends HttpApi.make("api").add(group).pipe(SecurityMiddleware.secureApi(Keys)) {}
  class Documented extends HttpApi.make("api").add(group).pipe(SecurityDocument.annotate()) {}

  const other = HttpApiGroup.make("h").add(endpoint("e", "/h"))
  const otherApi = HttpApi.make("other").add(other)
  const beforeSecureGroup = /add the endpoints of an HttpApiGroup before secureGroup or secureApi/
  const beforeSecureApi = /add the groups of an HttpApi before secureApi/
  const last = /call SecurityDocument.annotate last/

  const cases: ReadonlyArray<readonly [name: string, grow: () => unknown, sentence: RegExp]> = [
    ["a group", () => group.add(late), beforeSecureGroup],
    ["a group, annotated", () => group.annotate(OpenApi.Title, "t").add(late), beforeSecureGroup],
    ["a group, prefixed", () => group.prefix("/v1").add(late), beforeSecureGroup],
    [
      "a group, its endpoints annotated",
      () => group.annotateEndpoints(OpenApi.Title, "t").add(late),
      beforeSecureGroup
    ],
    ["a group, with an error", () => group.addError(Schema.String).add(late), beforeSecureGroup],
    ["a group, with a middleware", () => group.middleware(Admins).add(late), beforeSecureGroup],
    [
      "a group, with middlewares of its endpoints",
      () => group.middlewareEndpoints(Admins).prefix("/v2").add(late),
      beforeSecureGroup
    ],
    ["a class of a group", () => Group.add(late), beforeSecureGroup],
    ["a class of a group, prefixed", () => Group.prefix("/v1").add(late), beforeSecureGroup],
    ["a group within an API", () => api.groups.g?.add(late), beforeSecureGroup],
    ["an API", () => api.add(other), beforeSecureApi],
    ["an API, by an API", () => api.addHttpApi(otherApi), beforeSecureApi],
    ["an API, annotated", () => api.annotate(OpenApi.Title, "t").add(other), beforeSecureApi],
    ["an API, prefixed", () => api.prefix("/v1").addHttpApi(otherApi), beforeSecureApi],
    ["a class of an API", () => Api.add(other), beforeSecureApi],
    ["a class of an API, prefixed", () => Api.prefix("/v1").add(other), beforeSecureApi],
    ["a document", () => documented.add(other), last],
    ["a document, by an API", () => documented.addHttpApi(otherApi), last],
    ["a document, prefixed", () => documented.prefix("/v1"), last],
    ["a document, with a middleware", () => documented.middleware(Admins), last],
    ["a document, secured", () => documented.pipe(SecurityMiddleware.secureApi(Admins)), last],
    ["a document, transformed", () => documented.annotate(OpenApi.Transform, (spec) => spec), last],
    [
      "a document, transformed by a context",
      () => documented.annotateContext(OpenApi.annotations({ transform: (spec) => spec })),
      last
    ],
    [
      "a document, annotated, then grown",
      () => documented.annotate(OpenApi.Title, "t").add(other),
      last
    ],
    ["a class of a document", () => Documented.add(other), last],
    ["a class of a document, secured", () => SecurityMiddleware.secureApi(Documented, Keys), last]
  ]
  it.each(cases)("throws: %s", (_name, grow, sentence) => {
    assert.throws(grow, sentence)
  })

  it("does not throw where nothing is added", () => {
    assert.deepStrictEqual(Object.keys(Group.prefix("/v1").endpoints), ["e"])
    assert.strictEqual(Group.prefix("/v1").endpoints.e?.path, "/v1/e")
    assert.deepStrictEqual(Object.keys(HttpApi.make("x").add(Group).prefix("/v1").groups), ["g"])
    assert.deepStrictEqual(Object.keys(otherApi.addHttpApi(Api).groups), ["h", "g"])
    const titled = Documented.annotate(OpenApi.Title, "Mine")
    assert.strictEqual(OpenApi.fromApi(titled).info.title, "Mine")
    assert.deepStrictEqual(plain(securityOf(OpenApi.fromApi(titled), "/e")), [{ keys: [] }])
  })
})

// ----------------------------------------------------------------------------
// tags that add up
// ----------------------------------------------------------------------------

describe("tags of a group and of an endpoint", () => {
  class Service extends Context.Tag("test/Service")<Service, string>() {}
  class Services extends SecurityMiddleware.Tag<Services>()("test/Services", {
    security: services.pipe(Security.authenticate(known("service"))),
    provides: Service
  }) {}
  class Api extends HttpApi.make("and")
    .add(
      HttpApiGroup.make("g")
        .add(endpoint("both", "/both").middleware(Users.scopes("read")))
        .add(endpoint("open", "/open").pipe(SecurityMiddleware.public))
        .add(
          endpoint("either", "/either").middleware(
            class Either extends SecurityMiddleware.Tag<Either>()("test/Either", {
              security: Security.anyOf(keys.pipe(Security.authenticate(known("key"))), users),
              provides: Principal
            }) {}
          )
        )
        .middleware(Services)
    )
    .pipe(SecurityDocument.annotate()) {}

  const either = [...(Api.groups.g?.endpoints.either?.middlewares ?? [])][0]
  const both = Effect.zipWith(Principal, Service, (who, service) => ({ who: `${who}@${service}` }))
  const handler = serve(
    HttpApiBuilder.api(Api).pipe(
      Layer.provide(
        HttpApiBuilder.group(Api, "g", (handlers) =>
          handlers
            .handle("both", () => both)
            .handle("open", () => Effect.map(Service, (who) => ({ who })))
            .handle("either", () => both)
        )
      ),
      Layer.provide([
        SecurityMiddleware.layer(Services),
        // the class above, which is not named here
        SecurityMiddleware.layer(either as never)
      ]),
      Layer.provide(Live),
      Layer.provide(GrantsLive)
    ) as Layer.Layer<HttpApi.Api>
  )
  const service = { "X-services": "s" }
  const cases: ReadonlyArray<readonly [name: string, probe: Probe, expected: string | number]> = [
    ["neither", { target: "/both" }, 401],
    ["the group's alone", { target: "/both", headers: service }, 401],
    ["the endpoint's alone", { target: "/both", headers: bearer("reader") }, 401],
    [
      "both, lacking the scope",
      { target: "/both", headers: { ...service, ...bearer("nobody") } },
      403
    ],
    ["both", { target: "/both", headers: { ...service, ...bearer("reader") } }, "reader@service"],
    ["a public endpoint keeps the group's", { target: "/open" }, 401],
    ["a public endpoint, the group's", { target: "/open", headers: service }, "service"],
    ["either, without the group's", { target: "/either", headers: { "X-keys": "k" } }, 401],
    [
      "either, the first",
      { target: "/either", headers: { ...service, "X-keys": "k" } },
      "key@service"
    ],
    [
      "either, the second",
      { target: "/either", headers: { ...service, ...bearer("nobody") } },
      "nobody@service"
    ]
  ]
  it.each(cases)("%s", async (_name, probe, expected) => {
    const answer = await overFetch(handler, probe)
    if (typeof expected === "number") assert.strictEqual(answer.status, expected)
    else assert.deepStrictEqual([answer.status, JSON.parse(answer.body)], [200, { who: expected }])
  })

  it("the document prints their AND", () => {
    const document = OpenApi.fromApi(Api)
    assert.deepStrictEqual(plain(securityOf(document, "/both")), [
      { services: [], users: ["read"] }
    ])
    assert.deepStrictEqual(plain(securityOf(document, "/open")), [{ services: [] }])
    assert.deepStrictEqual(plain(securityOf(document, "/either")), [
      { services: [], keys: [] },
      { services: [], users: [] }
    ])
  })
})

describe("stacked tags", () => {
  const asked: Array<string> = []
  const tag = (name: string) =>
    SecurityMiddleware.Tag<never>()(`test/stacked/${name}`, {
      security: ApiKey.header(`X-${name}`, { schemeName: "stacked", realm: name }).pipe(
        Security.authenticate((key) => {
          asked.push(name)
          return Redacted.value(key) === "right" ?
              Effect.succeed(Security.grant(name))
            : Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))
        })
      )
    })
  const tags = { first: tag("first"), last: tag("last"), group: tag("group"), api: tag("api") }
  const stacked = HttpApi.make("stacked")
    .add(
      HttpApiGroup.make("g")
        .add(endpoint("e", "/e").middleware(tags.first).middleware(tags.last))
        .middleware(tags.group)
    )
    .middleware(tags.api)
  const [first, ...others] = Object.values(tags).map((each) => SecurityMiddleware.layer(each))
  const handler = serve(
    HttpApiBuilder.api(stacked).pipe(
      Layer.provide(
        HttpApiBuilder.group(stacked, "g", (handlers) => handlers.handle("e", () => nobody))
      ),
      Layer.provide(Layer.mergeAll(first ?? Layer.empty, ...others))
    ) as Layer.Layer<HttpApi.Api>
  )
  const order = ["api", "last", "first", "group"]
  const send = (right: ReadonlyArray<string>) => {
    asked.length = 0
    const headers = order.map((name) => [`X-${name}`, right.includes(name) ? "right" : "wrong"])
    return overFetch(handler, { target: "/e", headers: Object.fromEntries(headers) })
  }

  it("the platform asks the API's, then the endpoint's from the last to the first, then the group's", async () => {
    assert.strictEqual((await send(order)).status, 200)
    assert.deepStrictEqual(asked, order)
  })

  it.each(order.map((name, at) => ({ name, at })))(
    "where $name refuses, its refusal answers and those after it are not asked",
    async ({ at, name }) => {
      const answer = await send(order.slice(0, at))
      assert.strictEqual(answer.status, 401)
      assert.strictEqual(answer.headers["www-authenticate"], `ApiKey realm="${name}"`)
      assert.deepStrictEqual(asked, order.slice(0, at + 1))
    }
  )
})

describe("tags of a group and of an endpoint that provide the same", () => {
  // the platform provides the endpoint's first, and the group's inside of it
  it("both are asked for, and the handler sees the group's", async () => {
    class Api extends HttpApi.make("same").add(
      HttpApiGroup.make("g").add(endpoint("e", "/e").middleware(Keys)).middleware(Admins)
    ) {}
    const handler = serve(
      HttpApiBuilder.api(Api).pipe(
        Layer.provide(
          HttpApiBuilder.group(Api, "g", (handlers) => handlers.handle("e", () => see))
        ),
        Layer.provide(Live)
      )
    )
    const send = (headers: Readonly<Record<string, string>>) =>
      overFetch(handler, { target: "/e", headers })
    assert.strictEqual((await send({ "X-keys": "k" })).status, 401)
    assert.strictEqual((await send({ "X-admins": "k" })).status, 401)
    const answer = await send({ "X-keys": "k", "X-admins": "k" })
    assert.deepStrictEqual(JSON.parse(answer.body), { who: "admin" })
  })
})

// ----------------------------------------------------------------------------
// the client
// ----------------------------------------------------------------------------

describe("HttpApiClient", () => {
  class Api extends HttpApi.make("client")
    .add(HttpApiGroup.make("items").add(endpoint("get", "/items").middleware(Users.scopes("read"))))
    .add(HttpApiGroup.make("open").add(endpoint("get", "/open").pipe(SecurityMiddleware.public))) {}
  const handler = serve(
    HttpApiBuilder.api(Api).pipe(
      Layer.provide([
        HttpApiBuilder.group(Api, "items", (handlers) => handlers.handle("get", () => see)),
        HttpApiBuilder.group(Api, "open", (handlers) => handlers.handle("get", () => nobody))
      ]),
      Layer.provide(Live)
    )
  )
  const client = (token: string | undefined) =>
    HttpApiClient.make(Api, {
      baseUrl: "http://localhost",
      transformClient: HttpClient.mapRequest((request) =>
        token === undefined ? request : HttpClientRequest.bearerToken(request, token)
      )
    }).pipe(
      Effect.provide(FetchHttpClient.layer),
      Effect.provideService(FetchHttpClient.Fetch, (input, init) =>
        handler(new Request(input, init))
      )
    )
  const get = (token: string | undefined) =>
    Effect.runPromise(
      Effect.either(
        Effect.flatMap(client(token), (api) => api.items.get()).pipe(
          Effect.provideService(FetchHttpClient.Fetch, (input, init) =>
            handler(new Request(input, init))
          )
        )
      )
    )

  it("passes with a credential", async () => {
    assert.deepStrictEqual(await get("reader"), Either.right({ who: "reader" }))
  })

  it("decodes each refusal as its typed error", async () => {
    const absent = await get(undefined)
    assert(Either.isLeft(absent))
    assert(absent.left instanceof SecurityError.Unauthorized)
    assert.strictEqual(absent.left.reason, "absent")

    const invalid = await get("wrong")
    assert(Either.isLeft(invalid) && invalid.left instanceof SecurityError.Unauthorized)
    assert.strictEqual(invalid.left.reason, "invalid")
    assert.strictEqual(invalid.left.message, "Unknown token")

    const forbidden = await get("nobody")
    assert(Either.isLeft(forbidden) && forbidden.left instanceof SecurityError.Forbidden)

    const down = await get("down")
    assert(Either.isLeft(down) && down.left instanceof SecurityError.ServiceUnavailable)
    assert.strictEqual(down.left.retryAfter, 7)
  })

  it("catches them by tag", async () => {
    const outcome = await Effect.runPromise(
      Effect.flatMap(client("wrong"), (api) => api.items.get()).pipe(
        Effect.map(({ who }) => who),
        Effect.catchTags({
          Unauthorized: ({ reason }) => Effect.succeed(`401 ${reason}`),
          Forbidden: () => Effect.succeed("403"),
          ServiceUnavailable: () => Effect.succeed("503")
        }),
        Effect.provideService(FetchHttpClient.Fetch, (input, init) =>
          handler(new Request(input, init))
        )
      )
    )
    assert.strictEqual(outcome, "401 invalid")
  })

  it("a verifier's Forbidden reaches the client as one", async () => {
    class Banned extends SecurityMiddleware.Tag<Banned>()("test/Banned", {
      security: banned.pipe(
        Security.authenticate(() => Effect.fail(new SecurityError.Forbidden({ message: "banned" })))
      )
    }) {}
    class BannedApi extends HttpApi.make("banned").add(
      HttpApiGroup.make("all").add(endpoint("get", "/items").middleware(Banned))
    ) {}
    const handler = serve(
      HttpApiBuilder.api(BannedApi).pipe(
        Layer.provide(
          HttpApiBuilder.group(BannedApi, "all", (handlers) => handlers.handle("get", () => nobody))
        ),
        Layer.provide(SecurityMiddleware.layer(Banned))
      )
    )
    const fetch: typeof globalThis.fetch = (input, init) => handler(new Request(input, init))
    const outcome = await Effect.runPromise(
      HttpApiClient.make(BannedApi, {
        baseUrl: "http://localhost",
        transformClient: HttpClient.mapRequest(HttpClientRequest.setHeader("X-banned", "k"))
      }).pipe(
        Effect.flatMap((api) => api.all.get()),
        Effect.either,
        Effect.provide(FetchHttpClient.layer),
        Effect.provideService(FetchHttpClient.Fetch, fetch)
      )
    )
    assert(Either.isLeft(outcome))
    assert(outcome.left instanceof SecurityError.Forbidden, String(outcome.left))
  })
})

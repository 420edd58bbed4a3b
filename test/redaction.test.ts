/**
 * Nothing leaks: what the platform's tracer and loggers write of a request, and what the server answers, holds no secret.
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import * as HttpApiSecurity from "@effect/platform/HttpApiSecurity"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerRespondable from "@effect/platform/HttpServerRespondable"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import * as HashMap from "effect/HashMap"
import * as HashSet from "effect/HashSet"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Http from "node:http"
import { inspect } from "node:util"
import {
  ApiKey,
  Credential,
  HttpBasic,
  HttpBearer,
  Redaction,
  Scheme,
  Security,
  SecurityError,
  SecurityMiddleware
} from "../src/index.ts"
import { recording } from "./support/tracer.ts"

// ----------------------------------------------------------------------------
// what is written
// ----------------------------------------------------------------------------

/** Everything that the tracer and the loggers have written since the last `take`. */
let written: Array<string> = []
let logs = 0

const take = (): { readonly recorded: string; readonly logs: number } => {
  const taken = { recorded: written.join("\n"), logs }
  written = []
  logs = 0
  return taken
}

const everything = (value: unknown): string =>
  [
    inspect(value, { depth: 12, showHidden: false }),
    JSON.stringify(value),
    String(value),
    Cause.isCause(value) ? Cause.pretty(value, { renderErrorCause: true }) : "",
    Exit.isExit(value) && Exit.isFailure(value) ?
      Cause.pretty(value.cause, { renderErrorCause: true })
    : ""
  ].join("\n")

const tracer = recording(({ attributes, events, exit, name }) => {
  written.push(name, everything(Object.fromEntries(attributes)), everything(events))
  written.push(everything(exit))
})

const logger = Logger.make<unknown, void>((options) => {
  // others are of handlers, and of fibers that ended with a defect
  if (HashMap.has(options.annotations, "http.status")) logs++
  written.push(
    everything(options.message),
    everything(options.cause),
    everything(Object.fromEntries(HashMap.toEntries(options.annotations))),
    Logger.stringLogger.log(options),
    Logger.logfmtLogger.log(options),
    Logger.jsonLogger.log(options),
    everything(Logger.structuredLogger.log(options))
  )
})

const Recording = Layer.mergeAll(
  Layer.setTracer(tracer),
  Logger.replace(Logger.defaultLogger, logger),
  Logger.minimumLogLevel(LogLevel.All)
)

// ----------------------------------------------------------------------------
// the apps
// ----------------------------------------------------------------------------

const marker = "s3cr3t"

const verify = (secret: string) =>
  secret.includes("right") ? Effect.succeed(Security.grant(secret.length))
  : secret.includes("bug") ? Effect.die(new Error("a bug in the verifier"))
  : Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))

const anyone = Security.anyOf(
  ApiKey.header("X-Secret-Key", { schemeName: "header" }).pipe(
    Security.authenticate((key) => verify(Redacted.value(key)))
  ),
  ApiKey.query("api_key", { schemeName: "query" }).pipe(
    Security.authenticate((key) => verify(Redacted.value(key)))
  ),
  ApiKey.cookie("session", { schemeName: "cookie" }).pipe(
    Security.authenticate((key) => verify(Redacted.value(key)))
  ),
  HttpBearer.make().pipe(
    Security.authenticate(({ credentials }) => verify(Redacted.value(credentials)))
  ),
  HttpBasic.make().pipe(Security.authenticate(({ password }) => verify(Redacted.value(password))))
)

const Item = Schema.Struct({ count: Schema.Number })
const chunks = ["one ", "two ", "three"]
const stream = HttpServerResponse.stream(
  Stream.fromIterable(chunks).pipe(
    Stream.tap(() => Effect.sleep("1 millis")),
    Stream.encodeText
  )
)

let handled = 0
const counted = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.zipRight(
    HttpApp.appendPreResponseHandler((_request, response) =>
      Effect.sync(() => {
        handled++
        return response
      })
    ),
    effect
  )
const bug = Effect.die(new Error("a bug in the handler"))
const logged = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
  const { originalUrl, url } = request
  const href = Option.getOrThrow(HttpServerRequest.toURL(request)).href
  return Effect.zipRight(
    Effect.logWarning("odd request", request, `${url}, ${originalUrl}`, [href], {
      nested: { url }
    }),
    Effect.die(
      Object.assign(new Error(`at ${url}`, { cause: new Error(`for ${href}`) }), {
        request,
        page: url
      })
    )
  ).pipe(Effect.annotateLogs({ page: url, text: `the page ${originalUrl}` }))
})

const handlers = {
  items: counted(HttpServerResponse.json({ count: 1 })),
  body: Effect.flatMap(HttpServerRequest.schemaBodyJson(Item), HttpServerResponse.json),
  defect: bug,
  logged,
  stream: counted(stream)
} as const

const guarded = <E, R>(handler: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
  Security.guard(anyone, () => handler)

const router = HttpRouter.empty.pipe(
  HttpRouter.get("/items", guarded(handlers.items)),
  HttpRouter.post("/body", guarded(handlers.body)),
  HttpRouter.get("/defect", guarded(handlers.defect)),
  HttpRouter.get("/logged", guarded(handlers.logged)),
  HttpRouter.get("/stream", guarded(handlers.stream)),
  HttpRouter.prefixAll("/v1")
)
const app = Effect.flatten(HttpRouter.toHttpApp(router))

const Routes = HttpLayerRouter.addAll(
  [
    HttpLayerRouter.route("GET", "/items", guarded(handlers.items)),
    HttpLayerRouter.route("POST", "/body", guarded(handlers.body)),
    HttpLayerRouter.route("GET", "/defect", guarded(handlers.defect)),
    HttpLayerRouter.route("GET", "/logged", guarded(handlers.logged)),
    HttpLayerRouter.route("GET", "/stream", guarded(handlers.stream))
  ],
  { prefix: "/v1" }
)

class Anyone extends SecurityMiddleware.Tag<Anyone>()("test/Anyone", { security: anyone }) {}

class Api extends HttpApi.make("api")
  .add(
    HttpApiGroup.make("all")
      .add(HttpApiEndpoint.get("items", "/items").addSuccess(Item))
      .add(HttpApiEndpoint.post("body", "/body").setPayload(Item).addSuccess(Item))
      .add(HttpApiEndpoint.get("defect", "/defect"))
      .add(HttpApiEndpoint.get("logged", "/logged"))
      .add(HttpApiEndpoint.get("stream", "/stream"))
      .pipe(SecurityMiddleware.secureGroup(Anyone))
  )
  .prefix("/v1") {}

const ApiLive = HttpApiBuilder.api(Api).pipe(
  Layer.provide(
    HttpApiBuilder.group(Api, "all", (handlers_) =>
      handlers_
        .handle("items", () => counted(Effect.succeed({ count: 1 })))
        .handle("body", ({ payload }) => Effect.succeed(payload))
        .handle("defect", () => handlers.defect)
        .handle("logged", () => handlers.logged)
        .handleRaw("stream", () => handlers.stream)
    )
  ),
  Layer.provide(SecurityMiddleware.layer(Anyone))
)

// ----------------------------------------------------------------------------
// the doors
// ----------------------------------------------------------------------------

const names = Redaction.names(anyone)
const redacted = <E, R>(app: HttpApp.Default<E, R>): HttpApp.Default<E, R> =>
  Redaction.middleware(HttpMiddleware.logger(app), names)
const onlyLogged = HttpMiddleware.logger

type Wrap = typeof redacted

interface Door {
  readonly send: (path: string, init: RequestInit) => Promise<Response>
  readonly close: () => Promise<void>
}

const web = (made: {
  readonly handler: (request: Request) => Promise<Response>
  readonly dispose: () => Promise<void>
}): Door => ({
  send: (path, init) => made.handler(new Request(`http://localhost${path}`, init)),
  close: made.dispose
})

/** How often the head of a response was written, by node:http. */
let heads = 0

const node = async <E>(
  layer: Layer.Layer<
    never,
    E,
    HttpServer.HttpServer | Layer.Layer.Success<typeof NodeHttpServer.layerContext>
  >
): Promise<Door> => {
  const server = Http.createServer()
  server.prependListener("request", (_request, response) => {
    const writeHead = response.writeHead.bind(response)
    Object.assign(response, {
      writeHead: (...args: Parameters<typeof writeHead>) => {
        heads++
        return writeHead(...args)
      }
    })
  })
  const runtime = ManagedRuntime.make(
    Layer.provideMerge(
      layer,
      NodeHttpServer.layer(() => server, { port: 0, host: "127.0.0.1" })
    ).pipe(Layer.provide(Recording))
  )
  const { address } = await runtime.runPromise(HttpServer.HttpServer)
  assert(address._tag === "TcpAddress")
  return {
    send: (path, init) => fetch(`http://127.0.0.1:${address.port}${path}`, init),
    close: () => runtime.dispose()
  }
}

const webApp = (app: HttpApp.Default<unknown>, middleware?: Wrap): Door => {
  const made = HttpApp.toWebHandlerLayer(app, Recording, middleware && { middleware })
  return web(made)
}
const withoutLogger = { disableLogger: true, disableListenLog: true } as const
// the option's type asks for the request, which the server provides
const asMiddleware = (wrap: Wrap): object => ({ ...withoutLogger, middleware: wrap })
const asInner = (wrap: Wrap): object => ({
  disableListenLog: true,
  ...(wrap === redacted && { middleware: Redaction.middleware(names) })
})
const ApiWith = (wrap: Wrap) =>
  HttpApiBuilder.middleware((app) => wrap(app)).pipe(Layer.provideMerge(ApiLive))
const RoutesWith = (wrap: Wrap) =>
  Layer.merge(
    Routes,
    HttpLayerRouter.middleware((app) => wrap(app), { global: true })
  )
const Served = Layer.merge(HttpServer.layerContext, Recording)

const openingWith = (wrap: Wrap) =>
  ({
    "HttpRouter, Fetch, middleware": () => webApp(app, wrap),
    "HttpRouter, Fetch, wrapped": () => webApp(wrap(app)),
    "HttpRouter, node:http, middleware": () => node(HttpServer.serve(app, wrap)),
    "HttpRouter, node:http, wrapped": () => node(HttpServer.serve(wrap(app))),
    "HttpLayerRouter, Fetch, middleware": () =>
      web(HttpLayerRouter.toWebHandler(Layer.merge(Routes, Recording), asMiddleware(wrap))),
    "HttpLayerRouter, Fetch, wrapped": () =>
      web(HttpLayerRouter.toWebHandler(Layer.merge(RoutesWith(wrap), Recording), withoutLogger)),
    "HttpLayerRouter, node:http, middleware": () =>
      node(HttpLayerRouter.serve(Routes, asMiddleware(wrap))),
    "HttpLayerRouter, node:http, wrapped": () =>
      node(HttpLayerRouter.serve(RoutesWith(wrap), withoutLogger)),
    // the router's own logger is outside of what it is given
    "HttpLayerRouter, Fetch, its own logger": () =>
      web(HttpLayerRouter.toWebHandler(Layer.merge(Routes, Recording), asInner(wrap))),
    "HttpLayerRouter, node:http, its own logger": () =>
      node(HttpLayerRouter.serve(Routes, asInner(wrap))),
    "HttpApi, Fetch, middleware": () =>
      web(HttpApiBuilder.toWebHandler(Layer.merge(ApiLive, Served), { middleware: wrap })),
    "HttpApi, Fetch, wrapped": () =>
      web(HttpApiBuilder.toWebHandler(Layer.merge(ApiWith(wrap), Served))),
    "HttpApi, node:http, middleware": () =>
      node(HttpApiBuilder.serve(wrap).pipe(Layer.provide(ApiLive))),
    "HttpApi, node:http, wrapped": () =>
      node(HttpApiBuilder.serve().pipe(Layer.provide(ApiWith(wrap))))
  }) satisfies Readonly<Record<string, () => Door | Promise<Door>>>

const opening: Readonly<Record<string, () => Door | Promise<Door>>> = openingWith(redacted)

// ----------------------------------------------------------------------------
// the requests
// ----------------------------------------------------------------------------

interface Presented {
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
}

const basic = (password: string): string => Buffer.from(`user:${password}`).toString("base64")

/** Every place for a secret. */
const places: Readonly<Record<string, (secret: string) => Presented>> = {
  header: (secret) => ({ headers: { "X-Secret-Key": secret } }),
  query: (secret) => ({ query: `?page=2&api_key=${secret}&size=3` }),
  "query, percent-encoded name": (secret) => ({ query: `?api%5Fkey=${secret}` }),
  "query, twice": (secret) => ({ query: `?api_key=${secret}&page=2&api_key=${secret}` }),
  "query, and its address as a referer": (secret) => ({
    query: `?api_key=${secret}`,
    headers: { referer: `http://localhost/docs?api_key=${secret}` }
  }),
  "query, as proxies copy it": (secret) => ({
    query: `?api_key=${secret}`,
    headers: {
      "X-Original-URI": `/v1/items?api_key=${secret}`,
      "X-Forwarded-Uri": `/v1/items?page=2&api_key=${secret}`,
      "X-Original-URL": `http://localhost/v1/items?api_key=${secret}#top`
    }
  }),
  cookie: (secret) => ({ headers: { Cookie: `theme=dark; session=${secret}` } }),
  bearer: (secret) => ({ headers: { Authorization: `Bearer ${secret}` } }),
  basic: (secret) => ({ headers: { Authorization: `Basic ${basic(secret)}` } }),
  "another auth-scheme": (secret) => ({ headers: { Authorization: `Digest ${secret}` } }),
  everywhere: (secret) => ({
    query: `?api_key=${secret}`,
    headers: {
      "X-Secret-Key": secret,
      Cookie: `session=${secret}`,
      Authorization: `Bearer ${secret}`
    }
  })
}

const scenarios: Readonly<
  Record<string, { readonly path: string; readonly secret: string; readonly body?: string }>
> = {
  pass: { path: "/v1/items", secret: "right" },
  refusal: { path: "/v1/items", secret: "wrong" },
  "a defect in the verifier": { path: "/v1/items", secret: "bug" },
  "no such path": { path: "/v1/nothing", secret: "right" },
  "a body that does not fit": { path: "/v1/body", secret: "right", body: '{"count":"many"}' },
  "a body that is no JSON": { path: "/v1/body", secret: "right", body: '{"count' },
  "a defect in the handler": { path: "/v1/defect", secret: "right" },
  "a handler that logs the request": { path: "/v1/logged", secret: "right" },
  "a streaming response": { path: "/v1/stream", secret: "right" }
}

const cases = Object.entries(scenarios).flatMap(([scenario, { body, path, secret }]) =>
  Object.entries(places).map(([place, present]) => ({
    scenario,
    place,
    path,
    secret,
    body,
    present
  }))
)

const send = async (door: Door, { body, path, present, secret }: (typeof cases)[number]) => {
  take()
  heads = 0
  handled = 0
  const whole = `${marker}-${secret}`
  const { headers = {}, query = "" } = present(whole)
  const response = await door.send(`${path}${query}`, {
    headers: {
      ...headers,
      connection: "close",
      ...(body !== undefined && { "content-type": "application/json" })
    },
    ...(body !== undefined && { method: "POST", body })
  })
  const text = await response.text()
  const answered = `${text}\n${JSON.stringify([...response.headers])}`
  // the span of a streaming response ends after its body
  await new Promise((resolve) => setTimeout(resolve, 5))
  return { response, text, answered, ...take() }
}

const leaks = (text: string): boolean =>
  [marker, encodeURIComponent(marker), basic(marker).slice(0, 10)].some((secret) =>
    text.includes(secret)
  )

describe.each(Object.keys(opening))("%s", (name) => {
  let door: Door | undefined
  beforeAll(async () => {
    door = await opening[name]?.()
  })
  afterAll(() => door?.close())

  it.each(cases)("$scenario, $place", async (testCase) => {
    assert(door !== undefined)
    const { answered, logs, recorded, response, text } = await send(door, testCase)
    assert.isFalse(leaks(recorded), excerpt(recorded))
    assert.isFalse(leaks(answered), answered)
    // both have written something
    assert.include(recorded, "http.server")
    assert.include(recorded, testCase.path)
    assert.strictEqual(logs, 1)
    // and the response was sent once
    if (name.includes("node:http")) assert.strictEqual(heads, 1)
    const isPass = response.status === 200
    assert.strictEqual(handled, isPass ? 1 : 0)
    if (isPass && testCase.path === "/v1/stream") assert.strictEqual(text, chunks.join(""))
    const isAlone = testCase.place !== "another auth-scheme" && testCase.place !== "query, twice"
    if (testCase.scenario === "pass" && isAlone) assert.isTrue(isPass)
    if (testCase.scenario === "refusal") assert.strictEqual(response.status, 401)
  })
})

/** What is around the first leak. */
const excerpt = (text: string): string => {
  const at = Math.max(text.indexOf(marker), text.indexOf(basic(marker).slice(0, 10)))
  return text.slice(Math.max(0, at - 300), at + 100)
}

describe("without Redaction.middleware the platform leaks, or these tests would prove nothing", () => {
  const unprotected = openingWith(onlyLogged)
  const pass = cases.filter(({ place, scenario }) => scenario === "pass" && place !== "basic")
  it.each(Object.entries(unprotected))("%s", async (_name, open) => {
    const door = await open()
    const leaking: Array<string> = []
    for (const testCase of pass) {
      const { recorded } = await send(door, testCase)
      if (leaks(recorded)) leaking.push(testCase.place)
    }
    await door.close()
    assert.includeMembers(leaking, ["header", "query", "query, percent-encoded name"])
  })
})

describe("the response is handled once", () => {
  const run = async (wrap: Wrap, handler: HttpApp.Default<unknown>) => {
    let times = 0
    const handle = () =>
      Effect.sync(() => {
        times++
      })
    const request = HttpServerRequest.fromWeb(new Request("http://localhost/?api_key=s3cr3t"))
    await Effect.runPromise(
      HttpApp.toHandled(handler, handle, wrap).pipe(
        Effect.provideService(HttpServerRequest.HttpServerRequest, request),
        Effect.provide(Recording),
        Effect.exit
      )
    )
    return times
  }
  const responses: Readonly<Record<string, HttpApp.Default<unknown>>> = {
    "a pass": HttpServerResponse.text("ok"),
    "a refusal": Effect.fail(new SecurityError.Unauthorized({ reason: "absent" })),
    "a defect": bug,
    "a stream": stream
  }
  it.each(Object.entries(responses))("%s", async (_name, handler) => {
    assert.strictEqual(await run(redacted, handler), 1)
    // as without it
    assert.strictEqual(await run(onlyLogged, handler), 1)
  })
  it("what the platform marks on the request is seen from within", async () => {
    let isMarked: boolean | undefined
    const marked = (app: HttpApp.Default<unknown>): HttpApp.Default<unknown> =>
      redacted(
        Effect.tap(app, () =>
          Effect.map(HttpServerRequest.HttpServerRequest, (request) => {
            isMarked = Symbol.for("@effect/platform/HttpApp/handled") in request
          })
        )
      )
    assert.strictEqual(await run(marked as Wrap, HttpServerResponse.text("ok")), 1)
    assert.strictEqual(isMarked, true)
  })
})

// ----------------------------------------------------------------------------
// what is read
// ----------------------------------------------------------------------------

describe("what reads the request sees it as it is", () => {
  class Native extends HttpApiMiddleware.Tag<Native>()("test/NativeKey", {
    failure: SecurityError.Unauthorized,
    security: { native: HttpApiSecurity.apiKey({ in: "query", key: "api_key" }) }
  }) {}
  const NativeLive = Layer.succeed(Native, {
    native: (key) =>
      Redacted.value(key) === `${marker}-right` ?
        Effect.void
      : new SecurityError.Unauthorized({ reason: "invalid" })
  })
  class Ours extends SecurityMiddleware.Tag<Ours>()("test/OurKey", {
    security: ApiKey.query("api_key").pipe(
      Security.authenticate((key) => verify(Redacted.value(key)))
    )
  }) {}
  const Params = Schema.Struct({ api_key: Schema.String, page: Schema.String })
  class KeyApi extends HttpApi.make("keys").add(
    HttpApiGroup.make("all")
      .add(HttpApiEndpoint.get("native", "/native").addSuccess(Schema.String).middleware(Native))
      .add(
        HttpApiEndpoint.get("ours", "/ours")
          .addSuccess(Schema.String)
          .setUrlParams(Params)
          .middleware(Ours)
      )
  ) {}
  const seen = ({ api_key, page }: typeof Params.Type) => `${api_key.length}, page ${page}`
  const KeyLive = HttpApiBuilder.api(KeyApi).pipe(
    Layer.provide(
      HttpApiBuilder.group(KeyApi, "all", (handlers_) =>
        handlers_
          .handle("native", () => Effect.succeed("in"))
          .handle("ours", ({ urlParams }) => Effect.succeed(seen(urlParams)))
      )
    ),
    Layer.provide([NativeLive, SecurityMiddleware.layer(Ours)])
  )
  const keyNames = Redaction.fromApi(KeyApi)
  const wrap: Wrap = (app) => Redaction.middleware(HttpMiddleware.logger(app), keyNames)
  const plain = HttpRouter.empty.pipe(
    HttpRouter.get(
      "/ours",
      Effect.flatMap(HttpServerRequest.schemaSearchParams(Params), (params) =>
        HttpServerResponse.json(seen(params))
      )
    ),
    HttpRouter.get(
      "/url",
      Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ originalUrl, url }) =>
        HttpServerResponse.json([url, originalUrl].every((each) => each.includes(marker)))
      )
    )
  )
  const doors: Readonly<Record<string, () => Door | Promise<Door>>> = {
    "HttpApi, Fetch": () =>
      web(HttpApiBuilder.toWebHandler(Layer.merge(KeyLive, Served), { middleware: wrap })),
    "HttpApi, node:http": () => node(HttpApiBuilder.serve(wrap).pipe(Layer.provide(KeyLive))),
    addHttpApi: () =>
      web(
        HttpLayerRouter.toWebHandler(
          HttpLayerRouter.addHttpApi(KeyApi).pipe(
            Layer.provide(
              HttpApiBuilder.group(KeyApi, "all", (handlers_) =>
                handlers_
                  .handle("native", () => Effect.succeed("in"))
                  .handle("ours", ({ urlParams }) => Effect.succeed(seen(urlParams)))
              )
            ),
            Layer.provide([NativeLive, SecurityMiddleware.layer(Ours)]),
            Layer.provideMerge(Served)
          ),
          asMiddleware(wrap)
        )
      )
  }
  const query = (secret: string) => `?page=2&api_key=${marker}-${secret}`

  it.each(Object.entries(doors))("%s: keys and parameters", async (_name, open) => {
    const door = await open()
    take()
    const get = async (target: string) => {
      const response = await door.send(target, {})
      return [response.status, await response.text()] as const
    }
    assert.deepStrictEqual(await get(`/native${query("right")}`), [200, '"in"'])
    assert.strictEqual((await get(`/native${query("wrong")}`))[0], 401)
    assert.deepStrictEqual(await get(`/ours${query("right")}`), [200, '"12, page 2"'])
    assert.strictEqual((await get(`/ours${query("wrong")}`))[0], 401)
    assert.strictEqual((await get(`/nothing${query("right")}`))[0], 404)
    await door.close()
    const { logs, recorded } = take()
    assert.isFalse(leaks(recorded), excerpt(recorded))
    assert.include(recorded, "api_key=REDACTED")
    assert.strictEqual(logs, 5)
  })

  it("HttpRouter: parameters and the request's own urls", async () => {
    const door = webApp(Effect.flatten(HttpRouter.toHttpApp(plain)), redacted)
    const ours = await door.send(`/ours${query("right")}`, {})
    assert.strictEqual(await ours.text(), '"12, page 2"')
    const urls = await door.send(`/url${query("right")}`, {})
    assert.strictEqual(await urls.text(), "true")
    await door.close()
    assert.isFalse(leaks(take().recorded))
  })
})

describe("errors that leave the app", () => {
  const leave = (
    error: (request: HttpServerRequest.HttpServerRequest) => unknown,
    search: string
  ) =>
    Effect.map(HttpServerRequest.HttpServerRequest, error).pipe(
      Effect.flatMap(Effect.fail),
      (app) => Redaction.middleware(app as HttpApp.Default<unknown>, names),
      Effect.flip,
      Effect.provideService(
        HttpServerRequest.HttpServerRequest,
        HttpServerRequest.fromWeb(new Request(`http://localhost/items${search}`))
      ),
      Effect.runSync
    )
  const notFound = (request: HttpServerRequest.HttpServerRequest) =>
    new HttpServerError.RouteNotFound({ request })

  it("are of their class and answer as before", () => {
    const error = leave(notFound, `?api_key=${marker}`)
    assert(error instanceof HttpServerError.RouteNotFound)
    assert(HttpServerRespondable.isRespondable(error))
    assert.strictEqual(error._tag, "RouteNotFound")
    assert.strictEqual(error.message, "GET /items?api_key=REDACTED not found")
    assert.isFalse(leaks(everything(error)), everything(error))
  })

  it("are the same where there is nothing to redact", () => {
    const plain = new Error("plain")
    assert.strictEqual(
      leave(() => plain, `?api_key=${marker}`),
      plain
    )
    let made: unknown
    const error = leave((request) => (made = notFound(request)), "?page=2")
    assert.strictEqual(error, made)
  })
})

describe("loggers", () => {
  class Box {
    readonly url: unknown
    constructor(url: unknown) {
      this.url = url
    }
  }
  class Private {
    #url: string
    readonly note = "kept"
    constructor(url: string) {
      this.#url = url
    }
    toJSON() {
      return { seen: this.#url }
    }
  }
  class Refused extends Data.TaggedError("Refused")<{ readonly info: unknown }> {}
  const deep = (value: unknown): unknown =>
    Array.from({ length: 50 }).reduce((inner) => ({ inner }), value)
  const cyclic = (url: string): unknown => {
    const parent: Record<string, unknown> = {}
    parent["child"] = { parent, url }
    return parent
  }
  const query = `?page=2&api_key=${marker}%2f~1&tag=a`
  const address = `http://localhost/items${query}`

  /** As the loggers of the platform and a console write it; what goes round in circles is not for all of them. */
  const writing = Logger.make<unknown, void>((options) => {
    for (const write of [
      () => inspect([options.message, options.cause, [...options.annotations]], { depth: 200 }),
      () => Logger.stringLogger.log(options),
      () => Logger.logfmtLogger.log(options),
      () => Logger.jsonLogger.log(options),
      () => inspect(Logger.structuredLogger.log(options), { depth: 200 })
    ]) {
      try {
        written.push(write())
      } catch (error) {
        written.push(inspect(error))
      }
    }
  })
  const open = (app: HttpApp.Default<unknown>): Door =>
    web(HttpApp.toWebHandlerLayer(app, Logger.replace(Logger.defaultLogger, writing)))

  /** What is made of the request's address; each is logged, annotated, and failed with. */
  const shapes: Readonly<Record<string, (url: string) => unknown>> = {
    text: (url) => url,
    URL: (url) => new URL(url),
    URLSearchParams: (url) => new URL(url).searchParams,
    "URLSearchParams in words": (url) => new URL(url).searchParams.toString(),
    "the query, decoded": (url) => decodeURIComponent(url),
    "an instance": (url) => new Box(url),
    "an instance within one": (url) => new Box(new Box([new URL(url)])),
    "an instance with a private field": (url) => new Private(url),
    Option: (url) => Option.some(url),
    Exit: (url) => Exit.fail({ url }),
    HashMap: (url) => HashMap.make(["url", { url }]),
    Map: (url) => new Map([[url, { url }]]),
    Set: (url) => new Set([[url]]),
    "no prototype": (url) => Object.assign(Object.create(null), { url }),
    deep: (url) => deep(url),
    cyclic,
    "an error with members": (url) => new Refused({ info: { url: new URL(url) } }),
    "many errors": (url) => new AggregateError([new Error(url)], "many"),
    "a cause of a cause": (url) =>
      new Error("a", { cause: new Error("b", { cause: { url: new Box(url) } }) }),
    "an error that is its own cause": (url) => {
      const error = new Error(`at ${url}`)
      error.cause = error
      return error
    },
    "a cause in a message": (url) => ({ cause: Cause.die(new Error(url)) })
  }

  it.each(Object.entries(shapes))("are shown no query in: %s", async (_name, shape) => {
    const app = Effect.suspend(() => {
      const value = shape(address)
      return Effect.zipRight(
        Effect.logWarning("odd", value, [value]).pipe(Effect.annotateLogs("value", value)),
        Effect.fail(value)
      )
    })
    take()
    const door = open(redacted(app))
    assert.strictEqual((await door.send(`/items${query}`, {})).status, 500)
    await door.close()
    const { recorded } = take()
    assert.isFalse(leaks(recorded), excerpt(recorded))
    assert.include(recorded, "REDACTED")
    // the rest is shown
    assert.include(recorded, "odd")
    // and without the middleware it leaks, or this test would prove nothing
    const unprotected = open(onlyLogged(app))
    await unprotected.send(`/items${query}`, {})
    await unprotected.close()
    assert.isTrue(leaks(take().recorded))
  })

  it("get the very same where there is nothing to redact", async () => {
    const values = [new Box("a"), new Private("b"), Option.some(1), new Map([[1, 2]]), new Date()]
    const got: Array<unknown> = []
    const spy = Logger.make<unknown, void>(({ message }) => {
      if (Array.isArray(message)) got.push(...message)
    })
    const app = redacted(
      Effect.zipRight(Effect.log(...values, address), HttpServerResponse.empty())
    )
    const { dispose, handler } = HttpApp.toWebHandlerLayer(
      app,
      Logger.replace(Logger.defaultLogger, spy)
    )
    await handler(new Request(address))
    await dispose()
    for (const [index, value] of values.entries()) assert.strictEqual(got[index], value)
    assert.include(String(got[values.length]), "REDACTED")
  })

  it("get no part of what can't be looked into", async () => {
    const url = address
    const values = [
      {
        url,
        get broken(): string {
          throw new Error(url)
        }
      }
    ]
    take()
    const door = open(redacted(Effect.zipRight(Effect.log(values), HttpServerResponse.empty())))
    assert.strictEqual((await door.send(`/items${query}`, {})).status, 204)
    await door.close()
    assert.isFalse(leaks(take().recorded))
  })

  it("are wrapped once for a set and some names, also by a middleware within another", async () => {
    const counts: Array<number> = []
    const sets = new Set<unknown>()
    const app = Effect.flatMap(FiberRef.get(FiberRef.currentLoggers), (loggers) => {
      sets.add(loggers)
      counts.push(HashSet.size(loggers))
      return Effect.zipRight(Effect.log(`api_key=${marker}`), HttpServerResponse.text("ok"))
    })
    const twice = Redaction.middleware(Redaction.middleware(app, names), names)
    const door = webApp(twice)
    take()
    for (let sent = 0; sent < 3; sent++) await door.send(`/?api_key=${marker}`, {})
    await door.close()
    assert.strictEqual(sets.size, 1)
    assert.strictEqual(new Set(counts).size, 1)
    assert.isFalse(leaks(take().recorded))
  })
})

// ----------------------------------------------------------------------------
// names
// ----------------------------------------------------------------------------

describe("names", () => {
  it("of a scheme of one's own are what its OpenAPI object says, and what it reads besides", () => {
    const own = Scheme.make({
      schemeName: "own",
      scheme: { type: "apiKey", in: "header", name: "X-Sig" },
      reads: { headers: ["X-Date"], query: ["sig"] },
      extract: () => Credential.Absent
    })
    assert.deepStrictEqual(Redaction.names(own), { headers: ["x-sig", "x-date"], query: ["sig"] })
  })

  it("of expressions", () => {
    assert.deepStrictEqual(names, {
      headers: ["x-secret-key", "cookie", "authorization"],
      query: ["api_key"]
    })
  })

  it("of an HttpApi: of its endpoints, groups and itself, the platform's own included", () => {
    class Native extends HttpApiMiddleware.Tag<Native>()("test/Native", {
      security: {
        header: HttpApiSecurity.apiKey({ in: "header", key: "X-Native" }),
        query: HttpApiSecurity.apiKey({ in: "query", key: "native_key" }),
        cookie: HttpApiSecurity.apiKey({ in: "cookie", key: "native" }),
        bearer: HttpApiSecurity.bearer
      }
    }) {}
    class Group extends SecurityMiddleware.Tag<Group>()("test/Group", {
      security: ApiKey.header("X-Group")
    }) {}
    class Whole extends SecurityMiddleware.Tag<Whole>()("test/Whole", {
      security: ApiKey.query("whole")
    }) {}
    const api = HttpApi.make("api")
      .add(
        HttpApiGroup.make("g")
          .add(HttpApiEndpoint.get("e", "/e").middleware(Native))
          .middleware(Group)
      )
      .middleware(Whole)
    const { headers, query } = Redaction.fromApi(api)
    assert.deepStrictEqual([...headers].sort(), ["authorization", "cookie", "x-group", "x-native"])
    assert.deepStrictEqual([...query].sort(), ["native_key", "whole"])
  })
})

// ----------------------------------------------------------------------------
// errors and expressions
// ----------------------------------------------------------------------------

describe("errors and expressions print no secret", () => {
  it.each(cases.filter(({ path }) => path === "/v1/items"))(
    "$scenario, $place",
    ({ present, secret }) => {
      const { headers = {}, query = "" } = present(`${marker}-${secret}`)
      const request = new Request(`http://localhost/v1/items${query}`, { headers: { ...headers } })
      for (const security of [anyone, ApiKey.header("X-Secret-Key"), HttpBearer.make()]) {
        const exit = Effect.runSyncExit(
          Effect.provideService(
            Effect.map(security, everything),
            HttpServerRequest.HttpServerRequest,
            HttpServerRequest.fromWeb(request)
          )
        )
        assert.isFalse(leaks(everything(exit)), everything(exit))
      }
    }
  )
})

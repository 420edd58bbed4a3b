/** Servers that hang, wander, or send too much: asked over real sockets, by each of the platform's clients. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { inspect } from "node:util"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "vitest"
import { printingReads } from "../../support/line.ts"
import * as Upstream from "../../../src/internal/upstream/Upstream.ts"

const seen: Array<string> = []

const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  "/object": (_, response) => response.end('{"a":1}'),
  "/array": (_, response) => response.end("[1]"),
  "/null": (_, response) => response.end("null"),
  "/html": (_, response) => response.end("<html>"),
  "/latin1": (_, response) => response.end(Buffer.from([0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d])),
  "/empty": (_, response) => response.end(),
  "/none": (_, response) => response.writeHead(204).end(),
  "/broken": (_, response) => response.writeHead(500).end("{}"),
  "/moved": (_, response) => response.writeHead(302, { location: "/object" }).end("{}"),
  "/hangs": () => {},
  "/stalls": (_, response) => void response.writeHead(200).write("{"),
  "/drops": (_, response) => {
    response.writeHead(200, { "content-length": "100" }).write("{")
    setImmediate(() => response.destroy())
  },
  "/large": (_, response) => response.end(`"${"x".repeat(100_000)}"`),
  "/endless": (_, response) => {
    const more = (): void => {
      if (!response.destroyed) response.write("x".repeat(10_000), () => setImmediate(more))
    }
    more()
  }
}

const server = createServer((request, response) => {
  seen.push(`${request.method} ${request.url}`)
  routes[request.url?.split("?", 1)[0] ?? ""]?.(request, response)
})
let origin = ""

beforeAll(async () => {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
beforeEach(() => {
  seen.length = 0
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const clients: ReadonlyArray<readonly [name: string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["fetch", FetchHttpClient.layer],
  ["node:http", NodeHttpClient.layer],
  ["undici", NodeHttpClient.layerUndici]
]

describe.each(clients)("by %s", (_, client) => {
  const get = (path: string, limits: Partial<Upstream.Limits> = {}) =>
    Upstream.getJson(origin + path, { maxBytes: 20_000, ...limits }).pipe(
      Effect.either,
      Effect.provide(client),
      Effect.runPromise
    )

  it("reads an object", async () => {
    assert.deepStrictEqual(await get("/object"), Either.right({ a: 1 }))
  })

  const refused: ReadonlyArray<readonly [path: string, description: string]> = [
    ["/array", "answered with something that is no JSON object"],
    ["/null", "answered with something that is no JSON object"],
    ["/html", "answered with something that is no JSON object"],
    ["/latin1", "answered with something that is no JSON object"],
    ["/empty", "answered with something that is no JSON object"],
    ["/none", "answered with status 204"],
    ["/broken", "answered with status 500"],
    ["/moved", "answered with status 302"],
    ["/large", "sent more than 20000 bytes"],
    ["/endless", "sent more than 20000 bytes"],
    ["/drops", "answered with something that can't be read"]
  ]
  it.each(refused)("fails of %s", async (path, description) => {
    const error = Either.getOrThrow(Either.flip(await get(path)))
    assert.strictEqual(error.message, `${origin}${path}: ${description}`)
    assert.deepStrictEqual(seen, [`GET ${path}`])
  })

  it.each(["/hangs", "/stalls"])("waits no longer than it is told for %s", async (path) => {
    const error = Either.getOrThrow(Either.flip(await get(path, { timeout: "50 millis" })))
    assert.strictEqual(error.message, `${origin}${path}: no answer within 50ms`)
  })

  it("waits no longer in a region that can't be interrupted, as a Fetch handler's is", async () => {
    const error = await Upstream.getJson(`${origin}/hangs`, {
      maxBytes: 10,
      timeout: "50 millis"
    }).pipe(Effect.uninterruptible, Effect.flip, Effect.provide(client), Effect.runPromise)
    assert.include(error.message, "no answer within 50ms")
  })

  it("fails of a port that nobody listens on", async () => {
    const error = await Upstream.getJson("http://127.0.0.1:1/keys", { maxBytes: 1 }).pipe(
      Effect.flip,
      Effect.provide(client),
      Effect.runPromise
    )
    assert.strictEqual(error.message, "http://127.0.0.1:1/keys: can't be reached")
  })

  it("lets nothing through a limit that is no number", async () => {
    const error = Either.getOrThrow(Either.flip(await get("/object", { maxBytes: Number.NaN })))
    assert.include(error.message, "sent more than NaN bytes")
  })

  it("takes no answer that a client has followed a redirect for", async () => {
    const following = Layer.effect(
      HttpClient.HttpClient,
      Effect.map(HttpClient.HttpClient, HttpClient.followRedirects())
    ).pipe(Layer.provide(client))
    const ask = (path: string) =>
      Upstream.getJson(origin + path, { maxBytes: 20_000 }).pipe(
        Effect.either,
        Effect.provide(following),
        Effect.runPromise
      )
    assert.deepStrictEqual(await ask("/object"), Either.right({ a: 1 }))
    const error = Either.getOrThrow(Either.flip(await ask("/moved")))
    assert.include(error.message, `${origin}/moved: was left for another URL`)
  })

  it("takes the answer of a client that adds to the query", async () => {
    const adding = Layer.effect(
      HttpClient.HttpClient,
      Effect.map(
        HttpClient.HttpClient,
        HttpClient.mapRequest(HttpClientRequest.setUrlParam("b", "2"))
      )
    ).pipe(Layer.provide(client))
    const answer = await Upstream.getJson(`${origin}/object`, { maxBytes: 100 }).pipe(
      Effect.provide(adding),
      Effect.runPromise
    )
    assert.deepStrictEqual(answer, { a: 1 })
    assert.deepStrictEqual(seen, ["GET /object?b=2"])
  })

  it("tells nothing of what was sent", async () => {
    const request = HttpClientRequest.post(
      origin.replace("//", "//user:secret@") + "/broken?secret=1#secret",
      { headers: { authorization: "Basic secret" } }
    )
    const answer = await Effect.runPromise(
      Effect.either(
        Effect.flatMap(Upstream.send(request, { maxBytes: 100 }), Upstream.toJson)
      ).pipe(Effect.provide(client))
    )
    assert.notInclude(String(Either.getOrThrow(Either.flip(answer))), "secret")
  })
})

describe("FetchHttpClient", () => {
  it("keeps what its RequestInit says besides", async () => {
    let init: RequestInit | undefined
    const fetch: typeof globalThis.fetch = (_, given) => {
      init = given
      return Promise.resolve(new Response("{}"))
    }
    await Upstream.getJson("https://id.example/keys", { maxBytes: 100 }).pipe(
      Effect.provide(FetchHttpClient.layer),
      Effect.provideService(FetchHttpClient.Fetch, fetch),
      Effect.provideService(FetchHttpClient.RequestInit, { keepalive: true, redirect: "follow" }),
      Effect.runPromise
    )
    assert.deepInclude(init, { keepalive: true, redirect: "manual", credentials: "omit" })
  })
})

describe("a body that can't be read", () => {
  const url = "https://id.example/keys"

  const clientOf = (
    respond: (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<unknown>,
    body: BodyInit = '{"a":1}'
  ): HttpClient.HttpClient =>
    HttpClient.tap(
      HttpClient.make((request) => {
        const response = new Response(body, { headers: { "content-type": "application/json" } })
        return Effect.succeed(HttpClientResponse.fromWeb(request, response))
      }),
      respond
    )

  const withStream = (get: () => Stream.Stream<Uint8Array>) =>
    clientOf((response) => Effect.sync(() => Object.defineProperty(response, "stream", { get })))

  const defect = new Error("s3cret")

  const clients: ReadonlyArray<readonly [name: string, client: HttpClient.HttpClient]> = [
    [
      "is read by somebody else",
      clientOf((response) => Effect.sync(() => void Effect.runFork(response.text)))
    ],
    [
      "is no stream",
      withStream(() => {
        throw defect
      })
    ],
    ["breaks at once", withStream(() => Stream.die(defect))],
    [
      "breaks after a while",
      withStream(() => Stream.concat(Stream.make(new Uint8Array(2)), Stream.die(defect)))
    ],
    ["does not hold bytes", withStream(() => Stream.make(undefined as never))]
  ]

  it.each(clients)("is no answer where it %s", async (_, client) => {
    const error = await Upstream.getJson(url, { maxBytes: 100 }).pipe(
      Effect.flip,
      Effect.provideService(HttpClient.HttpClient, client),
      Effect.runPromise
    )
    assert.instanceOf(error, Upstream.UpstreamError)
    assert.strictEqual(
      error.message,
      `${url}: sent a body that can't be read, perhaps because a tracer has read it`
    )
  })

  it(`is ${printingReads ? "no" : "an"} answer where it was printed by a tracer`, async () => {
    const client = clientOf((response) => Effect.sync(() => inspect(response)))
    const exit = await Upstream.getJson(url, { maxBytes: 100 }).pipe(
      Effect.provideService(HttpClient.HttpClient, client),
      Effect.runPromiseExit
    )
    assert.strictEqual(Exit.isSuccess(exit), !printingReads)
  })

  it("is no answer, and no defect, where all of it was read before", async () => {
    const client = clientOf((response) => Effect.orDie(response.text))
    const error = await Upstream.getJson(url, { maxBytes: 100 }).pipe(
      Effect.flip,
      Effect.provideService(HttpClient.HttpClient, client),
      Effect.runPromise
    )
    assert.instanceOf(error, Upstream.UpstreamError)
  })

  it("does not stop who interrupts", async () => {
    const client = withStream(() => Stream.fromEffect(Effect.interrupt))
    const exit = await Upstream.getJson(url, { maxBytes: 100 }).pipe(
      Effect.provideService(HttpClient.HttpClient, client),
      Effect.runPromiseExit
    )
    assert.isTrue(Exit.isInterrupted(exit))
  })
})

describe("checkUrl", () => {
  it.each([
    ["", "has to be an absolute URL"],
    ["/keys", "has to be an absolute URL"],
    ["ftp://id.example/keys", "has to be an https URL"],
    ["file:///etc/passwd", "has to be an https URL"],
    ["data:application/json,{}", "has to be an https URL"],
    ["http://id.example/keys", "has to be an https URL (allowHttp lets it be http)"],
    ["https://user@id.example/", "can't hold a user or a password"],
    ["https://:secret@id.example/", "can't hold a user or a password"],
    ["https://id.example/#", "can't have a fragment"]
  ])("refuses %s", (url, problem) => {
    assert.throws(
      () => Upstream.checkUrl("jwksUri", url),
      `jwksUri ${problem}: got "${url.replace(/[^/]*@|#.*/g, "")}"`
    )
  })

  it("returns a URL of https, and of http where that is allowed", () => {
    assert.strictEqual(
      Upstream.checkUrl("a", "https://id.example/k?x=1").href,
      "https://id.example/k?x=1"
    )
    assert.strictEqual(Upstream.checkUrl("a", "http://localhost:1", true).protocol, "http:")
  })
})

describe("shown", () => {
  it.each([
    ["https://id.example/keys", "https://id.example/keys"],
    ["https://id.example", "https://id.example"],
    ["https://id.example/@me", "https://id.example/@me"],
    ["http://localhost:1/keys?key=s3cret#s3cret", "http://localhost:1/keys"],
    ["https://user:s3cret@id.example/keys", "https://id.example/keys"],
    ["https://s3cret@id.example:8443/keys", "https://id.example:8443/keys"],
    ["https://u:s3cret@x@id.example/keys", "https://id.example/keys"],
    ["https:u:s3cret@id.example/keys", "https://id.example/keys"],
    ["https:\\\\u:s3cret@id.example\\keys", "https://id.example/keys"],
    ["user:s3cret@id.example/keys?key=s3cret", "…@id.example/keys"],
    ["//user:s3cret@id.example/keys", "…@id.example/keys"],
    ["https://user:s3?cret@id.example/keys", "…@id.example/keys"],
    ["/keys?key=s3cret", "/keys"],
    ["/keys#s3cret\ns3cret", "/keys"],
    ["", ""]
  ])("of %j is %j", (url, shown) => {
    assert.strictEqual(Upstream.shown(url), shown)
  })
})

describe("toResponse", () => {
  it.each([200, 204, 304, 500])("makes a Response of status %s", async (status) => {
    const response = Upstream.toResponse({
      status,
      headers: { "content-type": "application/json" },
      body: new TextEncoder().encode("{}"),
      url: "https://id.example/"
    })
    assert.strictEqual(response.status, status)
    assert.strictEqual(await response.text(), status === 204 || status === 304 ? "" : "{}")
  })
})

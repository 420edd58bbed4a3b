/**
 * Servers that a verifier asks and that fail, over real sockets: nobody is let in and nobody is refused for it, what is in memory
 * serves, nothing has to be restarted, and no log or span says a token.
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpApp from "@effect/platform/HttpApp"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { once } from "node:events"
import * as Http from "node:http"
import { inspect } from "node:util"
import { gzipSync } from "node:zlib"
import { vi } from "vitest"
import * as HttpBearer from "../../src/HttpBearer.ts"
import * as Introspection from "../../src/Introspection.ts"
import * as Jwks from "../../src/Jwks.ts"
import * as Jwt from "../../src/Jwt.ts"
import * as OpenIdConnect from "../../src/OpenIdConnect.ts"
import * as Security from "../../src/Security.ts"
import { makeIssuer } from "../support/badTokens.ts"
import * as Endpoint from "../support/endpoint.ts"
import { pair } from "../support/tokens.ts"
import { recording } from "../support/tracer.ts"

// most of them wait for something that does not come
vi.setConfig({ maxConcurrency: 40 })

// ----------------------------------------------------------------------------
// servers
// ----------------------------------------------------------------------------

type Behaviour = (response: Http.ServerResponse, right: string) => void

/** Answers as each source is told to, by its path. */
const listen = async (listener: Http.RequestListener) => {
  const server = Http.createServer(listener)
  await once(server.listen(0, "127.0.0.1"), "listening")
  const address = server.address()
  assert(typeof address === "object" && address !== null)
  return { server, origin: `http://127.0.0.1:${address.port}` }
}

/** What is right, and how it is answered now. */
interface Source {
  readonly right: string
  behaviour: Behaviour
  asked: number
}

const sources = new Map<string, Source>()

const answerRight: Behaviour = (response, right) =>
  void response.writeHead(200, { "content-type": "application/json" }).end(right)

const { origin, server } = await listen((request, response) => {
  const source = sources.get(request.url ?? "")
  if (source === undefined) return void response.writeHead(404).end()
  source.asked++
  request.resume().on("end", () => source.behaviour(response, source.right))
})

/** Where redirects lead: it answers what would be right, and must not be asked. */
let stolen = 0
const thief = await listen((request, response) => {
  stolen++
  answerRight(response, sources.get(request.url ?? "")?.right ?? "{}")
})

afterAll(() => {
  for (const each of [server, thief.server]) {
    each.close()
    each.closeAllConnections()
  }
})

// ----------------------------------------------------------------------------
// what is written
// ----------------------------------------------------------------------------

const logs = Endpoint.logged()
const spans: Array<string> = []

const tracer = recording(({ attributes, events, exit, name }) => {
  spans.push(inspect([name, attributes, events], { depth: 10 }))
  // not what it succeeded with: to print a response is to read its body
  if (Exit.isFailure(exit)) spans.push(inspect(exit, { depth: 10 }), Cause.pretty(exit.cause))
})

const secrets = new Set<string>()

const secret = (text: string): string => {
  secrets.add(text)
  return text
}

// ----------------------------------------------------------------------------
// APIs
// ----------------------------------------------------------------------------

const audience = "https://api.example"
const clientSecret = secret("introspection-secret")
secret(Buffer.from(`api:${clientSecret}`).toString("base64"))

const times = {
  allowHttp: true,
  freshFor: "50 millis",
  coolDown: "20 millis",
  timeout: "1 second"
} as const

const base = makeIssuer({ issuer: origin, audience, now: Math.floor(Date.now() / 1000) })

/** An API that asks one source, which does as it is told. */
interface Subject {
  readonly source: Source
  readonly user: Security.Top
  /** One that is right, each time another. */
  readonly token: () => string
}

let made = 0

const jwt = (claims: object = {}): string => secret(base.token({ jti: String(made++), ...claims }))

const add = (path: string, right: unknown, behaviour: Behaviour): Source => {
  const source = { right: JSON.stringify(right), behaviour, asked: 0 }
  sources.set(path, source)
  return source
}

const subjects = {
  jwks: (behaviour: Behaviour): Subject => {
    const path = `/${made++}/jwks`
    return {
      source: add(path, base.set, behaviour),
      token: jwt,
      user: HttpBearer.make().pipe(
        Jwt.authenticate({
          issuer: origin,
          audience,
          keys: Jwks.fromUrl(origin + path, times),
          cache: false
        })
      )
    }
  },
  discovery: (behaviour: Behaviour): Subject => {
    const path = `/${made++}`
    const issuer = origin + path
    const configuration = `${path}/.well-known/openid-configuration`
    add(`${path}/jwks`, base.set, answerRight)
    return {
      source: add(configuration, { issuer, jwks_uri: `${issuer}/jwks` }, behaviour),
      token: () => jwt({ iss: issuer }),
      user: OpenIdConnect.make({ openIdConnectUrl: origin + configuration }).pipe(
        OpenIdConnect.authenticate({ ...times, audience, cache: false })
      )
    }
  },
  introspection: (behaviour: Behaviour): Subject => {
    const path = `/${made++}/introspect`
    const right = { active: true, aud: audience, sub: "johndoe", token_type: "Bearer" }
    return {
      source: add(path, right, behaviour),
      token: () => secret(`opaque-token-${made++}`),
      user: HttpBearer.make().pipe(
        Introspection.authenticate({
          url: origin + path,
          allowHttp: true,
          client: { clientId: "api", clientSecret: Redacted.make(clientSecret) },
          audience,
          timeout: times.timeout
        })
      )
    }
  }
}

type Kind = keyof typeof subjects

const clients = {
  fetch: FetchHttpClient.layer,
  "node:http": NodeHttpClient.layer,
  undici: NodeHttpClient.layerUndici
} as const

/** What is made of an answer is the same for each client; how it comes is the same for each kind. */
const clientsOf = (kind: Kind, fault: string): Partial<typeof clients> =>
  kind === "introspection" && /never|stops|drips|10 MB|redirect|connection|body|HTTP/.test(fault) ?
    clients
  : { fetch: clients.fetch }

const ok = () => Effect.succeed(HttpServerResponse.empty({ status: 200 }))

/** Asks as anybody does, and says the status. */
const ask = async (
  { user }: Pick<Subject, "user">,
  client: Layer.Layer<HttpClient.HttpClient>
): Promise<(token: string, path?: "/" | "/optional") => Promise<number>> => {
  const services = ManagedRuntime.make(Layer.mergeAll(client, logs.layer, Layer.setTracer(tracer)))
  // each of the three has these types
  const known = user as Security.Security<
    unknown,
    never,
    HttpClient.HttpClient,
    readonly [{ readonly HTTPBearer: readonly [] }],
    { readonly HTTPBearer: never }
  >
  const router = HttpRouter.empty.pipe(
    HttpRouter.get("/", Security.guard(known, ok)),
    HttpRouter.get("/optional", Security.guard(Security.optional(known), ok))
  )
  const handler = HttpApp.toWebHandler(
    Effect.provide(HttpMiddleware.logger(router), await services.runtime())
  )
  return async (token, path = "/") => {
    const startedAt = Date.now()
    const request = new Request(`http://localhost${path}`, {
      headers: { authorization: `Bearer ${token}` }
    })
    const response = await handler(request)
    // stated: a second for each fetch; the machine may be busy
    assert.isBelow(Date.now() - startedAt, 20_000)
    if (response.status === 503) assert.strictEqual(response.headers.get("retry-after"), "5")
    if (response.status === 401) assert.isNotNull(response.headers.get("www-authenticate"))
    return response.status
  }
}

// ----------------------------------------------------------------------------
// faults
// ----------------------------------------------------------------------------

const json = { "content-type": "application/json" }

const status =
  (code: number): Behaviour =>
  (response, right) =>
    void response.writeHead(code, json).end(code === 204 || code === 304 ? undefined : right)

const body =
  (content: string | Uint8Array, headers: Http.OutgoingHttpHeaders = json): Behaviour =>
  (response) =>
    void response.writeHead(200, headers).end(content)

const changed =
  (change: (right: Record<string, unknown>) => unknown): Behaviour =>
  (response, right) =>
    body(JSON.stringify(change(JSON.parse(right))))(response, right)

const redirect =
  (code: number): Behaviour =>
  (response) =>
    void response
      .writeHead(code, { location: `${thief.origin}${response.req.url}` })
      .end(`<a href="${thief.origin}">there</a>`)

const megabytes = 10_000_000

const common: Readonly<Record<string, Behaviour>> = {
  "never answers": () => {},
  "stops in the head": ({ socket }) => void socket?.write("HTTP/1.1 200 OK\r\nContent-Ty"),
  "stops in the body": (response, right) =>
    void response.writeHead(200, json).write(right.slice(0, 10)),
  drips: (response) => {
    response.writeHead(200, json)
    const timer = setInterval(() => response.write(" "), 20)
    response.on("close", () => clearInterval(timer))
  },
  "answers 201": status(201),
  "answers 204": status(204),
  "answers 206": status(206),
  "answers 304": status(304),
  "answers 401": status(401),
  "answers 403": status(403),
  "answers 404": status(404),
  "answers 429": status(429),
  "answers 500": status(500),
  "answers 503": status(503),
  "answers HTML": body("<html>Sign in to the Wi-Fi</html>", { "content-type": "text/html" }),
  "sends 10 MB": body(`{"x":"${"x".repeat(megabytes)}"}`),
  "sends 10 MB in pieces": (response) => {
    response.writeHead(200, json)
    for (let sent = 0; sent < megabytes; sent += 100_000) response.write(" ".repeat(100_000))
    response.end("{}")
  },
  "says that it sends 10 MB": (response) =>
    void response.writeHead(200, { ...json, "content-length": megabytes }).write("{"),
  "sends 10 MB that are compressed": body(gzipSync(`{"x":"${"x".repeat(megabytes)}"}`), {
    ...json,
    "content-encoding": "gzip"
  }),
  "redirects by 301": redirect(301),
  "redirects by 302": redirect(302),
  "redirects by 303": redirect(303),
  "redirects by 307": redirect(307),
  "redirects by 308": redirect(308),
  "redirects to itself": (response) =>
    void response.writeHead(302, { location: response.req.url ?? "" }).end(),
  "closes the connection": (response) => void response.destroy(),
  "closes it in the body": (response, right) => {
    response.writeHead(200, { ...json, "content-length": right.length })
    response.write(right.slice(0, -1), () => response.destroy())
  },
  "answers no HTTP": ({ socket }) => void socket?.end("SSH-2.0-OpenSSH_9.2\r\n"),
  "sends no JSON": body("issuer: this"),
  "sends JSON that is cut": (response, right) => body(right.slice(0, -1))(response, right),
  "sends JSON and more": (response, right) => body(`${right}{}`)(response, right),
  "sends nothing": body(""),
  "sends null": body("null"),
  "sends an array": (response, right) => body(`[${right}]`)(response, right),
  "sends a text": (response, right) => body(JSON.stringify(right))(response, right),
  "sends a byte order mark in the wrong place": body('{"a"\uFEFF:1}'),
  "sends no UTF-8": body(Buffer.from('{"a":"\xFF"}', "latin1")),
  "sends JSON nested far too deep": body(`{"x":${"[".repeat(30_000)}${"]".repeat(30_000)}}`)
}

const stranger = pair("ES256", "ec")

const special: Readonly<Record<Kind, Readonly<Record<string, Behaviour>>>> = {
  jwks: {
    "has no keys": body('{"keys":[]}'),
    "has keys that are no array": body('{"keys":{"0":{}}}'),
    "has keys that are null": body('{"keys":null}'),
    "has no member keys": body("{}"),
    "has keys in a prototype": changed(({ keys }) => ({ ["__proto__"]: { keys } })),
    "has broken keys alone": body(
      JSON.stringify({
        keys: [null, 1, "key", [], {}, { kty: "EC" }, { ...base.ec.jwk, x: "AA" }]
      })
    ),
    "has keys for something else alone": changed(() => ({
      keys: [
        { ...base.ec.jwk, use: "enc" },
        { ...base.ec.jwk, key_ops: ["sign"] }
      ]
    })),
    "has a secret alone": body(
      JSON.stringify({ keys: [{ kty: "oct", kid: "ec", alg: "HS256", k: "A".repeat(43) }] })
    ),
    "has two keys of one name": body(JSON.stringify({ keys: [base.ec.jwk, stranger.jwk] }))
  },
  discovery: {
    "has another issuer": changed((right) => ({ ...right, issuer: "http://evil.example" })),
    "has its issuer with a slash more": changed((right) => ({
      ...right,
      issuer: `${String(right["issuer"])}/`
    })),
    "has its issuer in capitals": changed((right) => ({
      ...right,
      issuer: String(right["issuer"]).toUpperCase()
    })),
    "has its issuer in an array": changed((right) => ({ ...right, issuer: [right["issuer"]] })),
    "has no issuer": changed((right) => ({ jwks_uri: right["jwks_uri"] })),
    "has no jwks_uri": changed((right) => ({ issuer: right["issuer"] })),
    ...Object.fromEntries(
      [
        "file:///etc/passwd",
        'data:application/json,{"keys":[]}',
        "ftp://127.0.0.1/jwks",
        "/jwks",
        "",
        "javascript:0",
        `${origin.replace("://", "://user:password@")}/jwks`,
        `${origin}/jwks#fragment`,
        `${origin}/nowhere`,
        null,
        1,
        ["x"]
      ].map((uri) => [
        `has jwks_uri ${JSON.stringify(uri)}`,
        changed((right) => ({ ...right, jwks_uri: uri }))
      ])
    )
  },
  introspection: {
    "answers invalid_client": (response) =>
      void response.writeHead(401, json).end('{"error":"invalid_client"}'),
    "answers invalid_request": (response) =>
      void response.writeHead(400, json).end('{"error":"invalid_request"}'),
    "answers that it is active, as text": (response, right) =>
      body(right, { "content-type": "text/plain" })(response, right),
    "answers by a JWT": body("e30.e30.AAAA", {
      "content-type": "application/token-introspection+jwt"
    })
  }
}

// ----------------------------------------------------------------------------
// tests
// ----------------------------------------------------------------------------

/** Until it is so; a source that fails is not asked again at once. */
const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 100))
}

const wrongTokens = ["none", "x.y.z", "a+b/c=="]

describe.concurrent("a source that", () => {
  for (const kind of ["jwks", "discovery", "introspection"] as const) {
    for (const [name, behaviour] of Object.entries({ ...common, ...special[kind] })) {
      for (const [client, layer] of Object.entries(clientsOf(kind, name))) {
        it(`${name}: ${kind}, ${client}: first it is 503, then right, and nothing is forgotten`, async () => {
          const subject = subjects[kind](behaviour)
          const { source, token } = subject
          const status = await ask(subject, layer)

          // first use
          const first = token()
          // on a busy machine the time may be up before the source was reached
          await until(async () => {
            assert.strictEqual(await status(first), 503)
            return source.asked > 0
          })
          assert.strictEqual(await status(first, "/optional"), 503)
          if (kind !== "introspection") {
            for (const wrong of wrongTokens) assert.strictEqual(await status(wrong), 401)
          }

          // it recovers
          source.behaviour = answerRight
          await until(async () => (await status(first)) === 200)

          // what is in memory serves
          source.behaviour = behaviour
          const { asked } = source
          for (let count = 0; count < 3; count++) {
            assert.strictEqual(await status(kind === "introspection" ? first : token()), 200)
            await new Promise((resolve) => setTimeout(resolve, 30))
          }
          const unknown =
            kind === "introspection" ? token() : (
              secret(base.token({}, { kid: "unknown" }, stranger))
            )
          await until(async () => {
            assert.notStrictEqual(await status(unknown), 200)
            assert.notStrictEqual(await status(unknown, "/optional"), 200)
            return source.asked > asked
          })

          // and again
          source.behaviour = answerRight
          await until(async () => (await status(token())) === 200)
        })
      }
    }
  }

  for (const [client, layer] of Object.entries(clients)) {
    it(`has one key twice: jwks, ${client}: it serves`, async () => {
      const subject = subjects.jwks(changed(({ keys }) => ({ keys: [keys, keys].flat(2) })))
      const status = await ask(subject, layer)
      await until(async () => (await status(subject.token())) === 200)
    })

    it(`has broken keys beside the right one: jwks, ${client}: it serves`, async () => {
      const subject = subjects.jwks(
        changed(({ keys }) => ({ keys: [null, 1, {}, { kty: "EC", kid: "ec2" }, keys].flat(2) }))
      )
      const status = await ask(subject, layer)
      await until(async () => (await status(subject.token())) === 200)
    })
  }
})

describe("all of them", () => {
  it("were not followed anywhere", () => {
    assert.strictEqual(stolen, 0)
  })

  it("left no token, secret or password in a log or a span", () => {
    const written = [...logs.lines, ...spans].join("\n")
    assert.isAbove(logs.lines.length, 100)
    assert.isAbove(spans.length, 100)
    assert.include(written, "can't be fetched")
    assert.include(written, "can't be introspected")
    assert.isAbove(secrets.size, 100)
    for (const each of secrets) {
      assert.isFalse(written.includes(each), "a secret was written")
      const [, , signature] = each.split(".")
      if (signature) assert.isFalse(written.includes(signature), "a signature was written")
    }
    assert.notInclude(written, "user:password")
  })
})

import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as OpenApi from "@effect/platform/OpenApi"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Net from "node:net"
import * as Http from "node:http"
import * as PasswordForm from "../../../src/internal/token/PasswordForm.ts"
import * as TokenEndpoint from "../../../src/TokenEndpoint.ts"

// ----------------------------------------------------------------------------
// the same endpoint by a router, by an HttpApi and over a socket
// ----------------------------------------------------------------------------

const show = (form: PasswordForm.PasswordForm) => ({
  grantType: form.grantType ?? null,
  username: form.username,
  password: Redacted.value(form.password),
  scopes: form.scopes,
  client: Option.match(form.client, {
    onNone: () => null,
    onSome: ({ id, secret, method }) => ({
      id,
      secret: Option.getOrNull(Option.map(secret, Redacted.value)),
      method
    })
  })
})

const login = Effect.map(PasswordForm.passwordForm, (form) =>
  HttpServerResponse.unsafeJson(show(form))
)
const loginStrict = Effect.map(PasswordForm.passwordFormStrict, (form) =>
  HttpServerResponse.unsafeJson(show(form))
)

const app = HttpRouter.empty.pipe(
  HttpRouter.all("/token", login),
  HttpRouter.all("/strict", loginStrict)
)

class TokenApi extends HttpApi.make("api").add(
  HttpApiGroup.make("auth")
    .add(
      HttpApiEndpoint.post("token", "/token")
        .setPayload(PasswordForm.PasswordFormPayload)
        .addSuccess(TokenEndpoint.TokenResponse)
        .addError(TokenEndpoint.TokenError)
    )
    .add(
      HttpApiEndpoint.post("strict", "/strict")
        .setPayload(PasswordForm.PasswordFormStrictPayload)
        .addSuccess(TokenEndpoint.TokenResponse)
        .addError(TokenEndpoint.TokenError)
    )
) {}

const TokenLive = HttpApiBuilder.group(TokenApi, "auth", (handlers) =>
  handlers.handleRaw("token", () => login).handleRaw("strict", () => loginStrict)
)

const ApiLive = HttpApiBuilder.api(TokenApi).pipe(Layer.provide(TokenLive))

type Handler = (request: Request) => Promise<Response>

const inTime: typeof HttpMiddleware.logger = (app) =>
  app.pipe(
    Effect.timeout("5 seconds"),
    Effect.catchTag("TimeoutException", () =>
      Effect.succeed(HttpServerResponse.empty({ status: 503 }))
    )
  )

const quiet = Logger.remove(Logger.defaultLogger)

const servers: Record<string, Handler> = {
  HttpRouter: HttpApp.toWebHandler(app),
  HttpApi: HttpApiBuilder.toWebHandler(Layer.mergeAll(ApiLive, HttpServer.layerContext, quiet))
    .handler,
  "HttpApi in a timeout": HttpApiBuilder.toWebHandler(
    Layer.mergeAll(ApiLive, HttpServer.layerContext, quiet),
    { middleware: inTime }
  ).handler,
  HttpLayerRouter: HttpLayerRouter.toWebHandler(
    HttpLayerRouter.addHttpApi(TokenApi).pipe(
      Layer.provide(TokenLive),
      Layer.provide(HttpServer.layerContext)
    ),
    { disableLogger: true }
  ).handler
}

/** HTTP/1.1 by hand: what fetch would never send. */
const overSocket = (port: number, request: string): Promise<Response> =>
  new Promise((resolve, reject) => {
    const received: Array<Buffer> = []
    const socket = Net.connect(port, "127.0.0.1", () => socket.write(request, "latin1"))
    socket.setTimeout(5_000, () => socket.destroy(new Error("no answer")))
    socket.on("data", (chunk) => received.push(chunk))
    socket.on("error", reject)
    socket.on("end", () => {
      const [head = "", ...body] = Buffer.concat(received).toString("utf8").split("\r\n\r\n")
      const [start = "", ...lines] = head.split("\r\n")
      const fields = lines.map((line): [string, string] => {
        const colon = line.indexOf(":")
        return [line.slice(0, colon), line.slice(colon + 1).trim()]
      })
      resolve(
        new Response(body.join("\r\n\r\n"), {
          status: Number(start.split(" ")[1]),
          headers: fields.filter(([name]) => name.toLowerCase() !== "transfer-encoding")
        })
      )
    })
  })

interface Sent {
  readonly path?: string
  readonly headers?: ReadonlyArray<readonly [string, string]>
  /** One character a byte. */
  readonly body: string
}

const form = "application/x-www-form-urlencoded"
const typed = (type: string, ...more: ReadonlyArray<readonly [string, string]>) => [
  ["content-type", type] as const,
  ...more
]

const toWeb = ({ body, headers = typed(form), path = "/token" }: Sent): Request => {
  const fields = new Headers()
  for (const [name, value] of headers) fields.append(name, value)
  return new Request(`http://localhost${path}`, {
    method: "POST",
    headers: fields,
    body: Buffer.from(body, "latin1")
  })
}

const streamed = (body: ReadableStream): Request => {
  // undici wants `duplex`, which the DOM's types do not know
  const init = { method: "POST", headers: { "content-type": form }, duplex: "half", body }
  return new Request("http://localhost/token", init)
}

const toRaw = ({ body, headers = typed(form), path = "/token" }: Sent): string =>
  [
    `POST ${path} HTTP/1.1`,
    "host: localhost",
    "connection: close",
    `content-length: ${body.length}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    "",
    body
  ].join("\r\n")

const listen = (handler: typeof app): Promise<{ port: number; close: () => void }> =>
  Effect.runPromise(NodeHttpServer.makeHandler(handler)).then(
    (listener) =>
      new Promise((resolve) => {
        const server = Http.createServer(listener).listen(0, "127.0.0.1", () => {
          const address = server.address()
          const port = address !== null && typeof address === "object" ? address.port : 0
          resolve({ port, close: () => server.close() })
        })
      })
  )

const node = { port: 0, close: () => {} }
beforeAll(async () => void Object.assign(node, await listen(app)))
afterAll(() => node.close())

const senders: Record<string, (sent: Sent) => Promise<Response>> = {
  ...Object.fromEntries(
    Object.entries(servers).map(([name, handler]) => [name, (sent: Sent) => handler(toWeb(sent))])
  ),
  "node:http": (sent) => overSocket(node.port, toRaw(sent))
}

const base64 = (text: string, encoding: BufferEncoding = "utf8") =>
  Buffer.from(text, encoding).toString("base64")
const basic = (value: string): Sent => ({
  headers: typed(form, ["authorization", `Basic ${value}`]),
  body: "username=alice&password=w"
})
const authorized = (...values: ReadonlyArray<string>): Sent => ({
  headers: typed(form, ...values.map((value) => ["authorization", value] as const)),
  body: "username=alice&password=w"
})
const post = (body: string): Sent => ({ body })
const strict = (body: string): Sent => ({ path: "/strict", body })

// ----------------------------------------------------------------------------
// good requests
// ----------------------------------------------------------------------------

const alice = { grantType: null, username: "alice", password: "w", scopes: [], client: null }

const accepted: ReadonlyArray<readonly [string, Sent, Partial<ReturnType<typeof show>>]> = [
  ["a user and a password", post("username=alice&password=w"), alice],
  [
    "a grant type",
    post("grant_type=password&username=alice&password=w"),
    { grantType: "password" }
  ],
  ["an empty grant type", post("grant_type=&username=alice&password=w"), { grantType: null }],
  ["strict", strict("grant_type=password&username=alice&password=w"), { grantType: "password" }],
  [
    "a charset",
    {
      headers: typed(`Application/X-WWW-Form-Urlencoded ; charset=UTF-8`),
      body: "username=a&password=b"
    },
    { username: "a", password: "b" }
  ],
  [
    "+ and %20",
    post("username=a+b%20c&password=%2B%26%3D%25"),
    { username: "a b c", password: "+&=%" }
  ],
  ["= in a value", post("username=a=b&password==="), { username: "a=b", password: "==" }],
  ["percent-encoded UTF-8", post("username=%C3%A9%F0%9F%94%91&password=w"), { username: "é🔑" }],
  ["raw UTF-8", post("username=\u00c3\u00a9&password=w"), { username: "é" }],
  ["a BOM in a value", post("username=%EF%BB%BFa&password=w"), { username: "\ufeffa" }],
  ["encoded names", post("user%6Eame=alice&password=w"), { username: "alice" }],
  ["empty pairs", post("&&username=alice&&password=w&"), alice],
  ["TAB in a password", post("username=alice&password=a%09b"), { password: "a\tb" }],
  [
    "unknown fields, even twice",
    post("x=1&x=2&username=alice&password=w&__proto__=a&constructor=b"),
    alice
  ],
  ["names of other case are unknown", post("USERNAME=bob&username=alice&password=w"), alice],
  ["no scope", post("username=alice&password=w&scope="), { scopes: [] }],
  ["scopes", post("username=alice&password=w&scope=b+a%20b+a:*"), { scopes: ["b", "a", "a:*"] }],
  [
    "a client in the form",
    post("username=alice&password=w&client_id=c+d&client_secret=s%3A"),
    { client: { id: "c d", secret: "s:", method: "post" } }
  ],
  [
    "a client without a secret in the form",
    post("username=alice&password=w&client_id=c&client_secret="),
    { client: { id: "c", secret: null, method: "post" } }
  ],
  [
    "a client by Basic",
    basic(base64("c:s:t")),
    { client: { id: "c", secret: "s:t", method: "basic" } }
  ],
  [
    "a form-encoded client by Basic",
    basic(base64("a%3Ab:%2B+%25")),
    { client: { id: "a:b", secret: "+ %", method: "basic" } }
  ],
  [
    "a client without a secret by Basic",
    basic(base64("c:")),
    { client: { id: "c", secret: null, method: "basic" } }
  ],
  [
    "basic in lower case, two spaces",
    authorized(`basic  ${base64("c:s")}`),
    { client: { id: "c", secret: "s", method: "basic" } }
  ],
  ["the blank client of Swagger UI", basic(base64(":")), { client: null }],
  [
    "a client by Basic that names itself in the form",
    { ...basic(base64("c:s")), body: "username=alice&password=w&client_id=c" },
    { client: { id: "c", secret: "s", method: "basic" } }
  ],
  ["a form of 64 kB", post(`username=alice&password=w&x=${"y".repeat(65_536 - 28)}`), alice]
]

describe("passwordForm reads", () => {
  for (const [server, send] of Object.entries(senders)) {
    describe(server, () => {
      for (const [what, sent, expected] of accepted) {
        it(what, async () => {
          const response = await send(sent)
          const body = await response.json()
          assert.strictEqual(response.status, 200, JSON.stringify(body))
          for (const [key, value] of Object.entries(expected))
            assert.deepStrictEqual(body[key], value)
        })
      }
    })
  }
})

// ----------------------------------------------------------------------------
// bad requests
// ----------------------------------------------------------------------------

const contentType = "The content-type has to be application/x-www-form-urlencoded"
const encoding = "The form is not percent-encoded UTF-8"
const twoAuthorizations = "The request has more than one Authorization"
const twoClients = "The client has to be either in Authorization or in the form, not in both"
const request = (description: string): TokenEndpoint.TokenErrorBody => ({
  error: "invalid_request",
  error_description: description
})
const missing = (field: string) => request(`The field ${field} is missing`)
const repeated = (field: string) => request(`The field ${field} is repeated`)
const character = (field: string) =>
  request(`The field ${field} has a character that is not allowed`)
const grant: TokenEndpoint.TokenErrorBody = {
  error: "unsupported_grant_type",
  error_description: "The grant_type has to be password"
}
const scope: TokenEndpoint.TokenErrorBody = {
  error: "invalid_scope",
  error_description: "A scope is unknown or malformed"
}
const client: TokenEndpoint.TokenErrorBody = {
  error: "invalid_client",
  error_description: "The client could not be authenticated"
}

const refused: ReadonlyArray<readonly [string, Sent, TokenEndpoint.TokenErrorBody]> = [
  ["JSON", { headers: typed("application/json"), body: '{"username":"a"}' }, request(contentType)],
  ["broken JSON", { headers: typed("application/json"), body: "{" }, request(contentType)],
  [
    "multipart",
    { headers: typed("multipart/form-data; boundary=x"), body: "--x--" },
    request(contentType)
  ],
  ["no content type", { headers: [], body: "username=a&password=b" }, request(contentType)],
  [
    "an empty content type",
    { headers: typed(""), body: "username=a&password=b" },
    request(contentType)
  ],
  [
    "a longer content type",
    { headers: typed(`${form}x`), body: "username=a&password=b" },
    request(contentType)
  ],
  [
    "a content type in a parameter",
    { headers: typed(`text/plain; a=${form}`), body: "username=a&password=b" },
    request(contentType)
  ],
  [
    "two content types",
    { headers: typed(form, ["content-type", form]), body: "username=a&password=b" },
    request(contentType)
  ],
  ["an empty form", post(""), missing("username")],
  ["no user name", post("password=w"), missing("username")],
  ["an empty user name", post("username=&password=w"), missing("username")],
  ["a user name without =", post("username&password=w"), missing("username")],
  ["no password", post("username=alice"), missing("password")],
  ["an empty password", post("username=alice&password="), missing("password")],
  ["no grant type, strictly", strict("username=alice&password=w"), missing("grant_type")],
  [
    "an empty grant type, strictly",
    strict("grant_type=&username=alice&password=w"),
    missing("grant_type")
  ],
  [
    "a BOM before the form",
    post("\u00ef\u00bb\u00bfusername=alice&password=w"),
    missing("username")
  ],
  ["another grant", post("grant_type=authorization_code&code=x"), grant],
  ["another case of the grant", post("grant_type=Password&username=alice&password=w"), grant],
  ["a longer grant", post("grant_type=password+&username=alice&password=w"), grant],
  ["a grant with a newline", post("grant_type=password%0A&username=alice&password=w"), grant],
  ...["username", "password", "grant_type", "scope", "client_id", "client_secret"].map(
    (field) =>
      [
        `${field} twice`,
        post(`${field}=s3cr3t&username=alice&${field}=&password=w&${field}=s3cr3t`),
        repeated(field)
      ] as const
  ),
  ["an escape that ends early", post("username=alice&password=%a"), request(encoding)],
  ["an escape that is not hex", post("username=alice&password=%zz"), request(encoding)],
  ["a lone %", post("username=alice&password=100%"), request(encoding)],
  [
    "an unknown name with a broken escape",
    post("username=alice&password=w&%=1"),
    request(encoding)
  ],
  ["escapes that are not UTF-8", post("username=%ff&password=w"), request(encoding)],
  ["an overlong escape", post("username=%C0%AF&password=w"), request(encoding)],
  ["an escaped surrogate", post("username=%ED%A0%80&password=w"), request(encoding)],
  [
    "bytes that are not UTF-8",
    post("username=\u00ff&password=w"),
    request("The form is not UTF-8")
  ],
  ["NUL in the user name", post("username=a%00&password=w"), character("username")],
  ["a newline in the user name", post("username=a%0D%0A&password=w"), character("username")],
  ["DEL in the password", post("username=a&password=%7F"), character("password")],
  ["U+FFFF in the password", post("username=a&password=%EF%BF%BF"), character("password")],
  [
    "a client id that is not ASCII",
    post("username=a&password=w&client_id=%C3%A9"),
    character("client_id")
  ],
  [
    "a client secret with TAB",
    post("username=a&password=w&client_id=a&client_secret=%09"),
    character("client_secret")
  ],
  [
    "a client secret without id",
    post("username=a&password=w&client_secret=s"),
    missing("client_id")
  ],
  ["two spaces between scopes", post("username=a&password=w&scope=a++b"), scope],
  ["a space before the scopes", post("username=a&password=w&scope=+a"), scope],
  ["a TAB between scopes", post("username=a&password=w&scope=a%09b"), scope],
  ["a newline after a scope", post("username=a&password=w&scope=a%0A"), scope],
  ["a no-break space", post("username=a&password=w&scope=a%C2%A0b"), scope],
  ['a scope with "', post("username=a&password=w&scope=%22"), scope],
  ["a scope with a backslash", post("username=a&password=w&scope=%5C"), scope],
  [
    "a form of 64 kB and a byte",
    post(`username=alice&password=w&x=${"y".repeat(65_536 - 27)}`),
    request("The form is too large")
  ],
  ["a form of 2 MB", post("a".repeat(2_000_000)), request("The form is too large")],
  [
    "a client twice",
    { ...basic(base64("c:s")), body: "username=a&password=w&client_id=c&client_secret=s" },
    request(twoClients)
  ],
  [
    "a client secret beside Basic",
    { ...basic(base64("c:s")), body: "username=a&password=w&client_secret=s" },
    request(twoClients)
  ],
  [
    "another client beside Basic",
    { ...basic(base64("c:s")), body: "username=a&password=w&client_id=d" },
    request(twoClients)
  ],
  [
    "two Authorization fields",
    authorized(`Basic ${base64("c:s")}`, `Basic ${base64("d:s")}`),
    request(twoAuthorizations)
  ],
  [
    "the same Authorization twice",
    authorized(`Basic ${base64("c:s")}`, `Basic ${base64("c:s")}`),
    request(twoAuthorizations)
  ],
  [
    "two Authorizations of different schemes",
    authorized("Bearer a", `Basic ${base64("c:s")}`),
    request(twoAuthorizations)
  ],
  [
    "two joined Authorizations",
    authorized(`Basic ${base64("c:s")}, Basic ${base64("c:s")}`),
    request(twoAuthorizations)
  ],
  ["Bearer", authorized("Bearer abc"), client],
  ["Digest", authorized('Digest username="a", realm="b"'), client],
  ["an empty Authorization", authorized(""), client],
  ["Basic alone", authorized("Basic"), client],
  ["Basic with a TAB", authorized(`Basic\t${base64("c:s")}`), client],
  ["Basic with parameters", authorized('Basic a="b"'), client],
  ["Basic with two values", authorized(`Basic ${base64("c:s")} x`), client],
  ["Basic without a colon", basic(base64("cs")), client],
  ["Basic without an id", basic(base64(":s")), client],
  ["Basic without padding", basic(base64("c:s1").replace(/=+$/, "")), client],
  ["Basic with trailing bits", basic("Yzp="), client],
  ["Basic in base64url", basic("Pz8-Og=="), client],
  ["Basic that is not base64", basic("%%%"), client],
  ["Basic that is not UTF-8", basic(base64("c:\u00ff", "latin1")), client],
  ["Basic that is raw UTF-8", basic(base64("c:é")), client],
  ["Basic with a broken escape", basic(base64("c:%")), client],
  ["Basic with an escaped newline", basic(base64("c:%0A")), client],
  ["Basic with NUL", basic(base64("c:\u0000")), client]
]

const challenge = 'Basic realm="token endpoint", charset="UTF-8"'

describe("passwordForm refuses", () => {
  for (const [server, send] of Object.entries(senders)) {
    describe(server, () => {
      for (const [what, sent, expected] of refused) {
        it(what, async () => {
          const response = await send(sent)
          const text = await response.text()
          assert.deepStrictEqual(JSON.parse(text), expected)
          assert.strictEqual(response.status, expected.error === "invalid_client" ? 401 : 400)
          assert.strictEqual(response.headers.get("cache-control"), "no-store")
          assert.strictEqual(response.headers.get("pragma"), "no-cache")
          assert.strictEqual(response.headers.get("content-type"), "application/json")
          assert.strictEqual(
            response.headers.get("www-authenticate"),
            expected.error === "invalid_client" ? challenge : null
          )
          assert.notInclude(text, "s3cr3t")
        })
      }
    })
  }

  it("another method", async () => {
    const get = new Request("http://localhost/token?username=alice&password=w", {
      headers: { "content-type": form }
    })
    const response = await servers["HttpRouter"]!(get)
    assert.strictEqual(response.status, 400)
    assert.deepStrictEqual(await response.json(), request("The token request has to be a POST"))
  })

  it("a body that fails, or is only begun", async () => {
    const failing = (fail: (controller: ReadableStreamDefaultController) => void) =>
      streamed(
        new ReadableStream({
          start: (controller) => controller.enqueue(Buffer.from("username=alice&")),
          pull: fail
        })
      )
    for (const name of ["HttpRouter", "HttpApi"]) {
      const response = await servers[name]!(
        failing((controller) => controller.error(new Error("reset")))
      )
      assert.strictEqual(response.status, 400)
      assert.deepStrictEqual(await response.json(), request("The form could not be read"))
    }
  })

  it("a body that never ends", async () => {
    let sent = 0
    const endless = streamed(
      new ReadableStream({
        pull: (controller) => {
          sent += 65_536
          controller.enqueue(new Uint8Array(65_536).fill(0x61))
        }
      })
    )
    const response = await servers["HttpRouter"]!(endless)
    assert.strictEqual(response.status, 400)
    assert.deepStrictEqual(await response.json(), request("The form is too large"))
    assert.isBelow(sent, 1_500_000)
  })

  it("a smaller limit of the server", async () => {
    const handler = HttpApp.toWebHandler(
      login.pipe(HttpIncomingMessage.withMaxBodySize(Option.some(10)))
    )
    const response = await handler(toWeb(post("username=alice&password=w")))
    assert.deepStrictEqual(await response.json(), request("The form is too large"))
  })

  it("never answers 500, whatever is sent", async () => {
    const part = fc.oneof(
      fc.constantFrom(
        ..."%=&+ \u00ff\u0000\r\n",
        "%C3",
        "%A9",
        "username=",
        "password=",
        "grant_type=password",
        "scope=a b",
        "client_id=",
        "__proto__=",
        "&"
      ),
      fc.string({ unit: fc.constantFrom(..."ab%=&+\u00e9"), maxLength: 4 })
    )
    const authorization = fc.option(
      fc.oneof(
        fc.string({ unit: fc.constantFrom(..."Basic =:,\t\u00e9%"), maxLength: 12 }),
        fc.string({ unit: "binary", maxLength: 9 }).map((text) => `Basic ${base64(text)}`)
      ),
      { nil: undefined }
    )
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 12 }), authorization, async (parts, value) => {
        const sent: Sent = {
          headers: value === undefined ? typed(form) : typed(form, ["authorization", value]),
          body: parts.join("")
        }
        const [one, two] = await Promise.all(
          ["HttpRouter", "HttpApi"].map((name) => servers[name]!(toWeb(sent)))
        )
        assert.include([200, 400, 401], one!.status)
        assert.strictEqual(one!.status, two!.status)
        assert.strictEqual(await one!.text(), await two!.text())
      }),
      { numRuns: 500 }
    )
  })
})

// ----------------------------------------------------------------------------
// node:http
// ----------------------------------------------------------------------------

describe("over a socket", () => {
  const chunked = (size: number) =>
    [
      "POST /token HTTP/1.1",
      "host: localhost",
      "connection: close",
      `content-type: ${form}`,
      "transfer-encoding: chunked",
      "",
      size.toString(16),
      "a".repeat(size),
      "0",
      "",
      ""
    ].join("\r\n")

  it("a chunked form that is too large is answered", async () => {
    const response = await overSocket(node.port, chunked(200_000))
    assert.strictEqual(response.status, 400)
    assert.deepStrictEqual(await response.json(), request("The form is too large"))
  })

  it("the connection lives on after an answer", async () => {
    const keptAlive = toRaw(post("username=alice&password=w")).replace("connection: close\r\n", "")
    const both = await overSocket(node.port, keptAlive + toRaw(post("username=bob&password=w")))
    assert.match(await both.text(), /alice.*HTTP\/1\.1 200 OK.*bob/s)
  })

  it("a client that hangs up does no harm", async () => {
    await new Promise<void>((resolve) => {
      const socket = Net.connect(node.port, "127.0.0.1", () => {
        socket.write(toRaw(post("username=alice&password=w")).slice(0, -5), () => {
          socket.destroy()
          setTimeout(resolve, 50)
        })
      })
    })
    const response = await overSocket(node.port, toRaw(post("username=alice&password=w")))
    assert.strictEqual(response.status, 200)
  })
})

// ----------------------------------------------------------------------------
// reading twice
// ----------------------------------------------------------------------------

describe("the body", () => {
  const twice = Effect.gen(function* () {
    const one = yield* PasswordForm.passwordForm
    const request = yield* HttpServerRequest.HttpServerRequest
    const two = yield* PasswordForm.passwordForm.pipe(
      Effect.provideService(HttpServerRequest.HttpServerRequest, request.modify({ url: "/" }))
    )
    return HttpServerResponse.unsafeJson([show(one), show(two)])
  })
  const after = (
    read: (request: HttpServerRequest.HttpServerRequest) => Effect.Effect<unknown, unknown>
  ) =>
    Effect.flatMap(HttpServerRequest.HttpServerRequest, read).pipe(
      Effect.orDie,
      Effect.zipRight(login)
    )
  const drain = (request: HttpServerRequest.HttpServerRequest) => request.arrayBuffer

  const apps: ReadonlyArray<readonly [string, HttpApp.Default<TokenEndpoint.TokenError>, unknown]> =
    [
      ["is read twice", twice, [alice, alice]],
      ["is read after its text was", after((request) => request.text), alice],
      ["is read after the platform read a form", after((request) => request.urlParamsBody), alice],
      [
        "is not waited for when something else took it",
        after(drain),
        request("The form could not be read")
      ]
    ]
  for (const [what, each, expected] of apps) {
    it(`${what}, of a Fetch request`, async () => {
      const response = await HttpApp.toWebHandler(each)(toWeb(post("username=alice&password=w")))
      assert.deepStrictEqual(await response.json(), expected)
    })
    it(`${what}, of node:http`, async () => {
      const server = await listen(HttpRouter.empty.pipe(HttpRouter.post("/token", each)))
      const response = await overSocket(server.port, toRaw(post("username=alice&password=w")))
      server.close()
      assert.deepStrictEqual(await response.json(), expected)
    })
  }

  it("may be absent", async () => {
    const bare = new Request("http://localhost/token", {
      method: "POST",
      headers: { "content-type": form }
    })
    const response = await servers["HttpRouter"]!(bare)
    assert.deepStrictEqual(await response.json(), missing("username"))
  })

  it("stays out of a printed request", async () => {
    const printed = Effect.gen(function* () {
      yield* PasswordForm.passwordForm
      const request = yield* HttpServerRequest.HttpServerRequest
      return HttpServerResponse.unsafeJson({ request: JSON.stringify(request) })
    })
    const response = await HttpApp.toWebHandler(printed)(toWeb(post("username=a&password=s3cr3t")))
    assert.notInclude(await response.text(), "s3cr3t")
  })
})

// ----------------------------------------------------------------------------
// the document
// ----------------------------------------------------------------------------

describe("PasswordFormPayload", () => {
  const spec = OpenApi.fromApi(TokenApi)
  const body = (path: string) => spec.paths[path]?.post?.requestBody
  const password = { type: "string", format: "password" }

  it("is documented as a form", () => {
    assert.deepStrictEqual(body("/token"), {
      content: { [form]: { schema: { $ref: "#/components/schemas/SecurityPasswordForm" } } },
      required: true
    })
    const schema: any = spec.components.schemas["SecurityPasswordForm"]
    assert.deepStrictEqual(schema.required, ["username", "password"])
    assert.deepStrictEqual(schema.properties.grant_type, { type: "string", enum: ["password"] })
    assert.deepStrictEqual(schema.properties.password, password)
    assert.deepStrictEqual(schema.properties.client_secret, password)
  })

  it("requires grant_type where passwordFormStrict does", () => {
    assert.deepStrictEqual(body("/strict")?.content, {
      [form]: { schema: { $ref: "#/components/schemas/SecurityPasswordFormStrict" } }
    })
    const schema: any = spec.components.schemas["SecurityPasswordFormStrict"]
    assert.sameMembers(schema.required, ["grant_type", "username", "password"])
  })
})

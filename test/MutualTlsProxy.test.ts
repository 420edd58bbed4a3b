/** Certificates that a proxy tells by RFC 9440: who is believed, and what is refused. */
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { createHash, X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import * as Http from "node:http"
import * as Https from "node:https"
import * as Tls from "node:tls"
import * as Credential from "../src/Credential.ts"
import * as MutualTls from "../src/MutualTls.ts"
import * as Security from "../src/Security.ts"
import type * as SecurityError from "../src/SecurityError.ts"
import {
  type Answer,
  type Case,
  exchange,
  methods,
  ok,
  parseAnswer,
  runTables,
  serve,
  utf8
} from "./schemes/support.ts"

const file = (name: string): Buffer =>
  readFileSync(new URL(`fixtures/tls/${name}`, import.meta.url))
const identity = (name: string) => ({ key: file(`${name}.key`), cert: file(`${name}.pem`) })
const ca = file("ca.pem")
const der = (name: string): Buffer => new X509Certificate(file(`${name}.pem`)).raw
const sent = (bytes: Uint8Array): string => `:${Buffer.from(bytes).toString("base64")}:`
const client = sent(der("client"))
const thumbprintOf = (name: string): string =>
  createHash("sha256").update(der(name)).digest("base64url")
const challenge = 'MutualTLS realm="api"'

const behind = <const Name extends string>(schemeName: Name, proxy: MutualTls.Proxy) =>
  MutualTls.make({ schemeName: schemeName as "MutualTLS", proxy }).pipe(
    Security.map(MutualTls.thumbprint)
  )

// ----------------------------------------------------------------------------
// what a proxy tells
// ----------------------------------------------------------------------------

const base64 = client.slice(1, -1)
const value = thumbprintOf("client")
const trailing = Buffer.concat([der("client"), Buffer.from([0])])
const broken: Readonly<Record<string, string>> = {
  "an empty sequence": "::",
  "one colon": ":",
  "no colons": base64,
  "no colon before it": client.slice(1),
  "no colon after it": client.slice(0, -1),
  "three colons": `${client}:`,
  "a space inside": `: ${base64}:`,
  "a space between": `${client.slice(0, 40)} ${client.slice(40)}`,
  "a parameter": `${client};a=1`,
  "a list": `${client}, ${client}`,
  "a string": `"${base64}"`,
  "a token": "client",
  "a boolean": "?1",
  "no padding": base64.endsWith("=") ? `:${base64.replaceAll("=", "")}:` : `:${base64}=:`,
  "too much padding": `:${base64}==:`,
  base64url: `:${base64.replaceAll("+", "-").replaceAll("/", "_").slice(0, -4)}-_==:`,
  "bits beyond the last byte": ":QR==:",
  "a byte": ":AA==:",
  "a text": sent(Buffer.from("CN=client")),
  PEM: sent(file("client.pem")),
  "PEM without colons": encodeURIComponent(file("client.pem").toString()),
  "half a certificate": sent(der("client").subarray(0, 200)),
  "a byte too many": sent(trailing),
  "two certificates": sent(Buffer.concat([der("client"), der("client")])),
  "a private key": sent(file("client.key")),
  "a byte that is not ASCII": `:${base64.slice(0, 8)}\u00E9${base64.slice(8)}:`,
  "letters beyond ASCII": utf8(`:${base64.slice(0, 8)}\u0430${base64.slice(8)}:`),
  "a sequence of NULs": sent(new Uint8Array(64)),
  "a long sequence": sent(new Uint8Array(13_000)),
  "a certificate that has expired": sent(der("expired")),
  "a lone quote": '"',
  __proto__: "__proto__"
}
const cases: ReadonlyArray<Case> = [
  { name: "nothing", expect: "absent" },
  { name: "a certificate", headers: [["Client-Cert", client]], expect: ok(value) },
  { name: "another case", headers: [["CLIENT-CERT", client]], expect: ok(value) },
  { name: "white space around it", headers: [["Client-Cert", ` \t${client} `]], expect: ok(value) },
  {
    name: "a certificate that this server knows no CA of",
    headers: [["Client-Cert", sent(der("stranger"))]],
    expect: ok(thumbprintOf("stranger"))
  },
  {
    name: "a chain beside it",
    headers: [
      ["Client-Cert", client],
      ["Client-Cert-Chain", sent(der("ca"))]
    ],
    expect: ok(value)
  },
  { name: "a chain alone", headers: [["Client-Cert-Chain", client]], expect: "absent" },
  {
    name: "two of them",
    headers: [
      ["Client-Cert", client],
      ["Client-Cert", client]
    ],
    expect: "malformed"
  },
  {
    name: "two of them, the second empty",
    headers: [
      ["Client-Cert", client],
      ["client-cert", ""]
    ],
    expect: "malformed"
  },
  { name: "an empty field", headers: [["Client-Cert", ""]], expect: "malformed" },
  { name: "an underscore", headers: [["Client_Cert", client]], expect: "absent" },
  {
    name: "other proxies' headers",
    headers: [
      ["X-Forwarded-Client-Cert", `Cert="${encodeURIComponent(file("client.pem").toString())}"`],
      ["X-SSL-Cert", base64],
      ["X-Client-Cert", client]
    ],
    expect: "absent"
  },
  ...Object.entries(broken).map(([name, text]): Case => ({
    name,
    headers: [["Client-Cert", text]],
    expect: "malformed"
  })),
  ...methods({ headers: [["Client-Cert", client]], value }, { headers: [["Client-Cert", "::"]] })
]

describe("Client-Cert", () => {
  runTables({
    "MutualTls behind a proxy": {
      scheme: behind("MutualTLS", { isTrusted: () => true }),
      challenge,
      cases
    },
    "MutualTls behind a proxy that is somewhere else": {
      scheme: behind("MutualTLS", { addresses: ["10.0.0.0/8", "2001:db8::/32"] }),
      challenge,
      cases: cases
        .filter(({ method }) => method === undefined)
        .map((each): Case => ({ ...each, expect: "absent" }))
    }
  })

  const at = (time: string, name: string) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse(time))
      const scheme = behind("MutualTLS", { isTrusted: () => true })
      const request = new Request("http://localhost/", {
        headers: { "client-cert": sent(der(name)) }
      })
      return yield* Effect.match(
        Effect.provideService(
          scheme,
          HttpServerRequest.HttpServerRequest,
          HttpServerRequest.fromWeb(request)
        ),
        { onSuccess: () => "valid", onFailure: ({ reason }) => reason }
      )
    })
  const times: ReadonlyArray<readonly [string, string, string]> = [
    ["2019-12-31T23:59:59.999Z", "client", "malformed"],
    ["2020-01-01T00:00:00Z", "client", "valid"],
    ["2119-12-31T00:00:00Z", "client", "valid"],
    ["2120-01-01T00:00:01Z", "client", "malformed"],
    ["2020-06-01T00:00:00Z", "expired", "valid"],
    ["2021-01-01T00:00:00Z", "expired", "valid"],
    ["2021-01-01T00:00:00.001Z", "expired", "malformed"]
  ]
  it.effect.each(times)("at %s that of %s is %s", ([time, name, expected]) =>
    Effect.map(at(time, name), (outcome) => assert.strictEqual(outcome, expected))
  )

  it("is read outside of an Effect as well", () => {
    const read = MutualTls.readerBehind({ isTrusted: () => true })
    const found = read(
      HttpServerRequest.fromWeb(
        new Request("http://localhost/", { headers: { "client-cert": client } })
      )
    )
    assert(typeof found === "object")
    assert.strictEqual(found.subject, "O=Fleet\nCN=client")
    assert.strictEqual(MutualTls.thumbprint(found), thumbprintOf("client"))
    assert.strictEqual(Object.getPrototypeOf(found.raw), Uint8Array.prototype)
  })
})

// ----------------------------------------------------------------------------
// who is believed
// ----------------------------------------------------------------------------

const schemes = {
  "/loopback": behind("loopback", { addresses: ["127.0.0.1", "::1"] }),
  "/network": behind("network", { addresses: ["127.0.0.0/8"] }),
  "/elsewhere": behind("elsewhere", { addresses: ["10.0.0.1"] }),
  "/direct": MutualTls.make().pipe(Security.map(MutualTls.thumbprint)),
  "/secret": behind("secret", {
    addresses: ["127.0.0.1"],
    isTrusted: (request) => Credential.header(request, "x-proxy") === "secret"
  }),
  "/secret-elsewhere": behind("secretElsewhere", {
    addresses: ["10.0.0.1"],
    isTrusted: () => true
  }),
  "/other-header": behind("otherHeader", {
    addresses: ["127.0.0.1"],
    header: "X-Verified-Cert"
  })
}

const app: HttpApp.Default<SecurityError.Unauthorized> = Effect.flatMap(
  HttpServerRequest.HttpServerRequest,
  ({ originalUrl }) =>
    Effect.map(schemes[originalUrl as keyof typeof schemes], (thumbprint) =>
      HttpServerResponse.unsafeJson(thumbprint)
    )
)

const servers: Record<string, Awaited<ReturnType<typeof serve>>> = {}
beforeAll(async () => {
  servers["plain"] = await serve(app, () => Http.createServer())
  // it believes what clients say of their address
  servers["gullible"] = await serve(HttpMiddleware.xForwardedHeaders(app), () =>
    Http.createServer()
  )
  servers["tls"] = await serve(app, () =>
    Https.createServer({
      ...identity("server"),
      ca,
      requestCert: true,
      rejectUnauthorized: false
    })
  )
})
afterAll(async () => {
  await Promise.all(Object.values(servers).map((server) => server.close()))
})

const bytes = (path: string, headers: Readonly<Record<string, string>>): string =>
  [
    `GET ${path} HTTP/1.1`,
    "Host: localhost",
    "Connection: close",
    ...Object.entries(headers).map(([name, text]) => `${name}: ${text}`),
    "\r\n"
  ].join("\r\n")

const overTcp = async (
  server: string,
  path: string,
  headers: Readonly<Record<string, string>> = {}
): Promise<Answer> => parseAnswer(await exchange(servers[server]?.port ?? 0, bytes(path, headers)))

const overTls = (
  path: string,
  options: Tls.ConnectionOptions,
  headers: Readonly<Record<string, string>> = {}
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const chunks: Array<Buffer> = []
    const port = servers["tls"]?.port ?? 0
    const socket = Tls.connect(
      { port, host: "127.0.0.1", servername: "localhost", ca, ...options },
      () => socket.write(bytes(path, headers))
    )
    socket.on("data", (chunk: Buffer) => chunks.push(chunk))
    socket.on("close", () => resolve(parseAnswer(Buffer.concat(chunks).toString("latin1"))))
    socket.on("error", reject)
  })

const is = (answer: Answer, expected: string) => {
  const body = JSON.parse(answer.body)
  assert.strictEqual(answer.status, typeof body === "string" ? 200 : 401)
  assert.strictEqual(typeof body === "string" ? body : body.reason, expected)
}

describe("a proxy", () => {
  const header = { "Client-Cert": client }

  it("is believed from its address, over TCP and over TLS", async () => {
    for (const path of ["/loopback", "/network"]) {
      is(await overTcp("plain", path, header), thumbprintOf("client"))
      is(await overTls(path, {}, header), thumbprintOf("client"))
    }
  })

  it("is not taken for the client by its own certificate", async () => {
    is(await overTls("/loopback", identity("server")), "absent")
    is(await overTls("/loopback", identity("server"), header), thumbprintOf("client"))
    is(await overTls("/loopback", identity("server"), { "Client-Cert": "::" }), "malformed")
  })

  it("is nobody from elsewhere: the connection alone counts", async () => {
    is(await overTcp("plain", "/elsewhere", header), "absent")
    is(await overTls("/elsewhere", {}, header), "absent")
    is(
      await overTls("/elsewhere", identity("client"), { "Client-Cert": sent(der("server")) }),
      thumbprintOf("client")
    )
    is(await overTls("/elsewhere", identity("stranger"), header), "malformed")
    is(await overTls("/direct", {}, header), "absent")
  })

  it("is not told by what a client writes of its address", async () => {
    for (const [name, text] of [
      ["X-Forwarded-For", "10.0.0.1"],
      ["Forwarded", "for=10.0.0.1"],
      ["X-Real-IP", "10.0.0.1"]
    ] as const) {
      for (const server of ["plain", "gullible"]) {
        is(await overTcp(server, "/elsewhere", { ...header, [name]: text }), "absent")
        is(await overTcp(server, "/secret-elsewhere", { ...header, [name]: text }), "absent")
      }
    }
    // and still is by its connection
    is(
      await overTcp("gullible", "/loopback", { ...header, "X-Forwarded-For": "6.6.6.6" }),
      thumbprintOf("client")
    )
  })

  it("that is told by its address and a secret needs both", async () => {
    is(await overTcp("plain", "/secret", header), "absent")
    is(await overTcp("plain", "/secret", { ...header, "X-Proxy": "wrong" }), "absent")
    is(
      await overTcp("plain", "/secret", { ...header, "X-Proxy": "secret" }),
      thumbprintOf("client")
    )
    is(await overTcp("plain", "/secret-elsewhere", header), "absent")
  })

  it("may use another header, and then that alone", async () => {
    is(await overTcp("plain", "/other-header", header), "absent")
    is(
      await overTcp("plain", "/other-header", {
        ...header,
        "X-Verified-Cert": sent(der("server"))
      }),
      thumbprintOf("server")
    )
  })
})

describe("configuration", () => {
  it("tells who the proxies are", () => {
    for (const proxy of [{}, { addresses: [] }, { header: "Client-Cert" }]) {
      assert.throws(() => MutualTls.make({ proxy }), /nothing tells which proxy is trusted: give/)
    }
    for (const addresses of [["proxy.example"], ["10.0.0.0/33"], ["*"]]) {
      assert.throws(() => MutualTls.make({ proxy: { addresses } }), /is no address: use one/)
    }
    for (const header of ["", "a b", "Client-Cert:", "caf\u00E9", "a\r\nb"]) {
      assert.throws(
        () => MutualTls.make({ proxy: { addresses: ["::1"], header } }),
        /can't be a header's name: use "Client-Cert"/
      )
    }
  })

  it("is part of what the scheme is", () => {
    const join = (one: MutualTls.Proxy, other: MutualTls.Proxy | undefined) =>
      Security.anyOf(MutualTls.make({ proxy: one }), MutualTls.make(other ? { proxy: other } : {}))
    join({ addresses: ["::1"] }, { addresses: ["::1"] })
    for (const other of [undefined, { addresses: ["::2"] }, { isTrusted: () => true }]) {
      assert.throws(() => join({ addresses: ["::1"] }, other), /two different schemes are called/)
    }
  })

  it("says which header logs have to redact", () => {
    const [plain, proxied] = [
      MutualTls.make(),
      MutualTls.make({ proxy: { addresses: ["::1"], header: "X-Cert" } })
    ].map((scheme) => Security.definitions(scheme)[0]?.reads.headers)
    assert.deepStrictEqual(plain, [])
    assert.deepStrictEqual(proxied, ["x-cert"])
  })
})

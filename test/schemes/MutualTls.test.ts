/** Certificates over real connections; `test/fixtures/tls/README.md` says how they were made. */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import * as Http from "node:http"
import * as Http2 from "node:http2"
import * as Https from "node:https"
import * as Tls from "node:tls"
import * as Credential from "../../src/Credential.ts"
import * as MutualTls from "../../src/MutualTls.ts"
import * as Security from "../../src/Security.ts"
import * as SecurityError from "../../src/SecurityError.ts"
import { type Answer, type Case, parseAnswer, runTables, serve } from "./support.ts"

const file = (name: string): Buffer =>
  readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url))
const identity = (name: string) => ({ key: file(`${name}.key`), cert: file(`${name}.pem`) })
const ca = file("ca.pem")
const challenge = 'MutualTLS realm="api"'

// ----------------------------------------------------------------------------
// servers and clients
// ----------------------------------------------------------------------------

const fleet = MutualTls.make({ schemeName: "fleet", scopes: { drive: "Drive" } }).pipe(
  Security.authenticate((certificate) =>
    certificate.subject === "O=Fleet\nCN=client" ?
      Effect.succeed(Security.grant(certificate.fingerprint256))
    : Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))
  )
)

const app: HttpApp.Default<SecurityError.Unauthorized | SecurityError.Forbidden> = Effect.gen(
  function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const { pathname } = new URL(request.originalUrl, "http://localhost")
    if (pathname === "/fleet") return HttpServerResponse.unsafeJson(yield* fleet)
    if (pathname === "/drive") {
      return HttpServerResponse.unsafeJson(yield* Security.scopes(fleet, "drive"))
    }
    const { raw, ...certificate } = yield* MutualTls.make()
    return HttpServerResponse.unsafeJson({
      ...certificate,
      raw: Buffer.from(raw).toString("base64"),
      isPlain: Object.getPrototypeOf(raw) === Uint8Array.prototype
    })
  }
)

const asking = { ...identity("server"), ca, requestCert: true }
const factories: Readonly<Record<string, () => Http.Server>> = {
  lenient: () => Https.createServer({ ...asking, rejectUnauthorized: false }),
  strict: () => Https.createServer({ ...asking, rejectUnauthorized: true }),
  "not asking": () => Https.createServer({ ...identity("server"), ca }),
  plain: () => Http.createServer(),
  // its compatibility API is that of node:http
  http2: () =>
    Http2.createSecureServer({
      ...asking,
      rejectUnauthorized: false
    }) as unknown as Http.Server
}

const servers: Record<string, Awaited<ReturnType<typeof serve>>> = {}
beforeAll(async () => {
  for (const [name, factory] of Object.entries(factories)) {
    servers[name] = await serve(app, factory)
  }
})
afterAll(async () => {
  await Promise.all(Object.values(servers).map((server) => server.close()))
})

const portOf = (server: string): number => servers[server]?.port ?? 0

/** One request over TLS, the client having proven what `options` say. */
const get = (
  server: string,
  options: Tls.ConnectionOptions,
  { path = "/", headers = "" } = {}
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const chunks: Array<Buffer> = []
    const socket = Tls.connect(
      { port: portOf(server), host: "127.0.0.1", servername: "localhost", ca, ...options },
      () =>
        socket.write(
          `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n`
        )
    )
    socket.on("data", (chunk: Buffer) => chunks.push(chunk))
    socket.on("close", () => resolve(parseAnswer(Buffer.concat(chunks).toString("latin1"))))
    socket.on("error", reject)
  })

const isRefused = (answer: Answer, reason: string, sent = challenge) => {
  assert.strictEqual(answer.status, 401)
  assert.deepStrictEqual(answer.challenges, [sent])
  assert.strictEqual(JSON.parse(answer.body).reason, reason)
}

// ----------------------------------------------------------------------------
// the connection
// ----------------------------------------------------------------------------

const expected = () => {
  const { fingerprint256, issuer, raw, serialNumber, subject, subjectAltName, validFrom, validTo } =
    new X509Certificate(file("client.pem"))
  return {
    subject,
    issuer,
    serialNumber,
    validFrom,
    validTo,
    fingerprint256,
    subjectAltName,
    raw: raw.toString("base64"),
    isPlain: true
  }
}

describe("a certificate of the connection", () => {
  for (const server of ["strict", "lenient"]) {
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      it(`is yielded, ${server}, ${maxVersion}`, async () => {
        const answer = await get(server, { ...identity("client"), maxVersion })
        assert.strictEqual(answer.status, 200)
        assert.deepStrictEqual(JSON.parse(answer.body), expected())
        assert.strictEqual(expected().subject, "O=Fleet\nCN=client")
        assert.strictEqual(expected().subjectAltName, "DNS:localhost, URI:spiffe://example/robot")
      })
    }
  }

  it("is absent when none is sent", async () => {
    isRefused(await get("lenient", {}), "absent")
  })

  it("is absent when the server asks for none", async () => {
    isRefused(await get("not asking", identity("client")), "absent")
  })

  it("is malformed when self-signed", async () => {
    isRefused(await get("lenient", identity("stranger")), "malformed")
  })

  it("is malformed when expired", async () => {
    isRefused(await get("lenient", identity("expired")), "malformed")
  })

  it("of a stranger never reaches a handler of a strict server", async () => {
    for (const options of [{}, identity("stranger"), identity("expired")]) {
      const answer = await get("strict", options).catch(() => undefined)
      // `NaN` is the status of a connection that was closed without an answer
      assert.isTrue(answer === undefined || Number.isNaN(answer.status))
    }
  })

  /** One request, and the ticket to resume its session by. */
  const ticketOf = (options: Tls.ConnectionOptions) =>
    new Promise<Buffer>((resolve, reject) => {
      let ticket = Buffer.alloc(0)
      const socket = Tls.connect(
        { port: portOf("lenient"), host: "127.0.0.1", servername: "localhost", ca, ...options },
        () => socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
      )
      socket.on("session", (latest) => {
        ticket = latest
      })
      socket.resume()
      socket.on("close", () => resolve(ticket))
      socket.on("error", reject)
    })

  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    it(`is what it was in a resumed session, ${maxVersion}`, async () => {
      const known = await ticketOf({ ...identity("client"), maxVersion })
      const answer = await get("lenient", { session: known, maxVersion })
      assert.deepStrictEqual(JSON.parse(answer.body), expected())
      const unknown = await ticketOf({ ...identity("stranger"), maxVersion })
      isRefused(await get("lenient", { session: unknown, maxVersion }), "malformed")
    })
  }

  it("is read over HTTP/2 by the compatibility API", async () => {
    const ask = (options: Http2.SecureClientSessionOptions) =>
      new Promise<readonly [status: unknown, body: string]>((resolve, reject) => {
        const client = Http2.connect(`https://localhost:${portOf("http2")}`, {
          host: "127.0.0.1",
          servername: "localhost",
          ca,
          ...options
        })
        client.on("error", reject)
        const request = client.request({ ":path": "/" })
        let body = ""
        let status: unknown
        request.on("response", (headers) => {
          status = headers[":status"]
        })
        request.on("data", (chunk) => {
          body += chunk
        })
        request.on("end", () => {
          client.close()
          resolve([status, body])
        })
      })
    const [status, body] = await ask(identity("client"))
    assert.strictEqual(status, 200)
    assert.deepStrictEqual(JSON.parse(body), expected())
    const [refused, reason] = await ask({})
    assert.strictEqual(refused, 401)
    assert.strictEqual(JSON.parse(reason).reason, "absent")
    const [stranger, malformed] = await ask(identity("stranger"))
    assert.strictEqual(stranger, 401)
    assert.strictEqual(JSON.parse(malformed).reason, "malformed")
  })
})

// ----------------------------------------------------------------------------
// the verifier
// ----------------------------------------------------------------------------

describe("a verifier of certificates", () => {
  it("is given an authorized one", async () => {
    const answer = await get("lenient", identity("client"), { path: "/fleet" })
    assert.deepStrictEqual(
      [answer.status, JSON.parse(answer.body)],
      [200, expected().fingerprint256]
    )
  })

  it("refuses another", async () => {
    isRefused(await get("lenient", identity("server"), { path: "/fleet" }), "invalid")
  })

  it("is not asked about one of the same name that TLS did not authorize", async () => {
    isRefused(await get("lenient", identity("stranger"), { path: "/fleet" }), "malformed")
    isRefused(await get("lenient", identity("expired"), { path: "/fleet" }), "malformed")
  })

  it("says which scope lacks", async () => {
    const answer = await get("lenient", identity("client"), { path: "/drive" })
    assert.strictEqual(answer.status, 403)
    assert.deepStrictEqual(answer.challenges, [
      'MutualTLS realm="api", error="insufficient_scope", scope="drive"'
    ])
  })
})

// ----------------------------------------------------------------------------
// headers prove nothing
// ----------------------------------------------------------------------------

const pem = file("client.pem").toString("utf8")
const der = new X509Certificate(pem).raw.toString("base64")

const forged: ReadonlyArray<readonly [name: string, value: string]> = [
  ["Client-Cert", `:${der}:`],
  ["Client-Cert-Chain", `:${der}:`],
  ["X-SSL-Cert", encodeURIComponent(pem)],
  ["X-SSL-Client-Cert", encodeURIComponent(pem)],
  ["X-SSL-Client-Verify", "SUCCESS"],
  ["X-SSL-Client-S-DN", "CN=client,O=Fleet"],
  ["SSL_CLIENT_VERIFY", "SUCCESS"],
  ["SSL-Client-Cert", encodeURIComponent(pem)],
  ["X-Forwarded-Client-Cert", `Subject="CN=client"`],
  ["X-Client-Cert", der],
  ["X-ARR-ClientCert", der],
  ["X-Forwarded-Proto", "https"],
  ["Authorization", "MutualTLS client"]
]
const cases: ReadonlyArray<Case> = [
  { name: "nothing", expect: "absent" },
  ...forged.map(([name, value]): Case => ({ name, headers: [[name, value]], expect: "absent" })),
  { name: "all of them", headers: forged, expect: "absent" },
  ...["HEAD", "OPTIONS", "POST"].map((method): Case => ({ name: method, method, expect: "absent" }))
]

describe("without TLS", () => {
  runTables({
    MutualTls: { scheme: MutualTls.make(), challenge, cases },
    "MutualTls with a realm": {
      scheme: MutualTls.make({ realm: "x" }),
      challenge: 'MutualTLS realm="x"',
      cases
    }
  })
})

describe("headers over TLS", () => {
  const headers = forged.map(([name, value]) => `${name}: ${value}\r\n`).join("")
  it("are no certificate", async () => {
    isRefused(await get("lenient", {}, { headers }), "absent")
    isRefused(await get("not asking", {}, { headers }), "absent")
  })
  it("authorize no stranger", async () => {
    isRefused(await get("lenient", identity("stranger"), { headers }), "malformed")
  })
})

// ----------------------------------------------------------------------------
// sockets that are not Node's
// ----------------------------------------------------------------------------

describe("a socket of another shape", () => {
  const certificate = new X509Certificate(pem)
  const request = (source: object): HttpServerRequest.HttpServerRequest =>
    Object.defineProperty(HttpServerRequest.fromWeb(new Request("http://localhost/")), "source", {
      value: source
    })
  const socket = {
    encrypted: true,
    authorized: true,
    getPeerX509Certificate: (): X509Certificate | undefined => certificate
  }
  const read = (changes: object) =>
    MutualTls.peerCertificate(request({ socket: { ...socket, ...changes } }))

  it("like Node's is read", () => {
    const found = read({})
    assert(typeof found === "object")
    assert.strictEqual(found.subject, "O=Fleet\nCN=client")
  })

  const absent: Readonly<Record<string, object>> = {
    "no socket": {},
    "socket null": { socket: null },
    "socket a text": { socket: "encrypted" },
    "not encrypted": { socket: { ...socket, encrypted: false } },
    "encrypted, a text": { socket: { ...socket, encrypted: "true" } },
    "no getter": { socket: { ...socket, getPeerX509Certificate: undefined } },
    "no certificate": { socket: { ...socket, getPeerX509Certificate: () => undefined } }
  }
  it.for(Object.entries(absent))("%s is absent", ([, source]) => {
    assert.strictEqual(MutualTls.peerCertificate(request(source)), Credential.Absent)
  })

  const malformed: Readonly<Record<string, object>> = {
    "not authorized": { authorized: false },
    "authorized, a text": { authorized: "yes" },
    "authorized undefined": { authorized: undefined },
    "a getter that throws": {
      getPeerX509Certificate: () => {
        throw new Error("closed")
      }
    }
  }
  it.for(Object.entries(malformed))("%s is malformed", ([, changes]) => {
    assert.strictEqual(read(changes), Credential.Malformed)
  })
})

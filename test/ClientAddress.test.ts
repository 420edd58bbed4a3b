import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Http from "node:http"
import * as ClientAddress from "../src/ClientAddress.ts"
import { exchange, parseAnswer, serve } from "./schemes/support.ts"

/** A request over a connection from `address`. */
const from = (
  address: string | undefined,
  headers: Record<string, string> = {}
): HttpServerRequest.HttpServerRequest =>
  HttpServerRequest.fromWeb(
    Object.defineProperty(new Request("http://localhost/", { headers }), "socket", {
      value: { remoteAddress: address }
    })
  )

describe("network", () => {
  const table: Readonly<Record<string, string>> = {
    "192.0.2.1": "192.0.2.1",
    "::ffff:192.0.2.1": "192.0.2.1",
    "::FFFF:c000:201": "192.0.2.1",
    "0:0:0:0:0:ffff:192.0.2.1": "192.0.2.1",
    "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
    "2001:DB8:1:2::9": "2001:db8:1:2::/64",
    "2001:0db8:0001:0002:0000:0000:0000:0009": "2001:db8:1:2::/64",
    "2001:db8::1": "2001:db8:0:0::/64",
    "::1": "0:0:0:0::/64",
    "::": "0:0:0:0::/64",
    "1::": "1:0:0:0::/64",
    "fe80::1%eth0": "fe80:0:0:0::/64",
    "1:2:3:4:5:6:7::": "1:2:3:4::/64",
    unknown: "unknown",
    "": "",
    "1.2.3": "1.2.3"
  }
  it.each(Object.entries(table))("of %s is %s", (address, network) => {
    assert.strictEqual(ClientAddress.network(address), network)
  })

  it("is the same for addresses that differ in their last 64 bits, and another for others", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.ipV6(), FastCheck.ipV6(), (one, other) => {
        const bits = ClientAddress.network
        assert.strictEqual(bits(one), bits(one.toUpperCase()))
        assert.match(bits(one), /^(?:[\da-f]{1,4}:){4}:\/64$|^\d+\.\d+\.\d+\.\d+$/)
        assert.strictEqual(bits(one) === bits(other), ClientAddress.among([bits(one)])(other))
      })
    )
  })
})

describe("among", () => {
  const isProxy = ClientAddress.among(["10.0.0.0/8", "192.0.2.7", "fd00::/8", "::1"])
  const table: ReadonlyArray<readonly [string | undefined, boolean]> = [
    ["10.1.2.3", true],
    ["::ffff:10.1.2.3", true],
    ["11.1.2.3", false],
    ["192.0.2.7", true],
    ["192.0.2.8", false],
    ["fd12::1", true],
    ["fd12::1%eth0", true],
    ["::1", true],
    ["::2", false],
    ["127.0.0.1", false],
    [undefined, false],
    ["", false],
    ["10.1.2", false],
    ["10.1.2.3 ", false],
    ["10.1.2.3,1.1.1.1", false],
    ["localhost", false]
  ]
  it.each(table)("%s: %s", (address, expected) => {
    assert.strictEqual(isProxy(address), expected)
  })

  it.each([
    "",
    "localhost",
    "10.0.0",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/x",
    "10.0.0.0/08",
    "10.0.0.0/8/16",
    "10.0.0.0/8/",
    "10.0.0.0/8\n",
    "/8",
    "::/129",
    "1/2/3"
  ])("knows no network %j", (address) => {
    assert.throws(() => ClientAddress.among([address]), /is no address: use one such as/)
  })

  it("is nobody among none", () => {
    assert.isFalse(ClientAddress.among([])("127.0.0.1"))
  })
})

describe("forwarded", () => {
  const table: ReadonlyArray<
    readonly [header: string | undefined, proxies: number, expected: string]
  > = [
    ["1.1.1.1", 0, "9.9.9.9"],
    [undefined, 1, "9.9.9.9"],
    ["1.1.1.1", 1, "1.1.1.1"],
    ["6.6.6.6, 1.1.1.1", 1, "1.1.1.1"],
    ["6.6.6.6, 1.1.1.1, 2.2.2.2", 2, "1.1.1.1"],
    ["6.6.6.6,1.1.1.1,2.2.2.2", 2, "1.1.1.1"],
    // it did not come through both proxies
    ["1.1.1.1", 2, "9.9.9.9"],
    ["1.1.1.1:443", 1, "1.1.1.1"],
    ["[2001:db8::1]:443", 1, "2001:db8::1"],
    ["[2001:db8::1]", 1, "2001:db8::1"],
    ["2001:db8::1", 1, "2001:db8::1"],
    ["unknown", 1, "9.9.9.9"],
    ["_hidden", 1, "9.9.9.9"],
    ["1.1.1.1,", 1, "9.9.9.9"],
    ["1.1.1.1 2.2.2.2", 1, "9.9.9.9"],
    [",".repeat(5000), 1, "9.9.9.9"]
  ]
  it.each(table)("of %j behind %d is %s", (header, proxies, expected) => {
    const request = from("9.9.9.9", header === undefined ? {} : { "x-forwarded-for": header })
    assert.strictEqual(ClientAddress.forwarded(request, proxies), expected)
  })
})

describe("peer", () => {
  it("is not known of a Fetch request, nor of a socket that is closed", () => {
    const fetched = HttpServerRequest.fromWeb(new Request("http://localhost/"))
    assert.isUndefined(ClientAddress.peer(fetched))
    assert.isUndefined(ClientAddress.peer(from(undefined)))
    // the platform's middleware puts there what the client wrote
    assert.isUndefined(ClientAddress.peer(fetched.modify({ remoteAddress: "1.1.1.1" })))
    assert.isUndefined(ClientAddress.forwarded(fetched.modify({ remoteAddress: "1.1.1.1" }), 0))
  })

  let server: Awaited<ReturnType<typeof serve>>
  beforeAll(async () => {
    const app = Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
      HttpServerResponse.unsafeJson([ClientAddress.peer(request), request.remoteAddress])
    )
    server = await serve(HttpMiddleware.xForwardedHeaders(app), () => Http.createServer())
  })
  afterAll(() => server.close())

  it("is the socket's, whatever the platform's middleware makes of the headers", async () => {
    const bytes = `GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n\r\n`
    const answer = parseAnswer(await exchange(server.port, bytes))
    const [peer, remote] = JSON.parse(answer.body)
    assert.strictEqual(peer, "127.0.0.1")
    assert.strictEqual(remote.value, "6.6.6.6")
  })
})

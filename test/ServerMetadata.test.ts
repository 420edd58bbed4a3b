import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as TestClock from "effect/TestClock"
import * as Jwks from "../src/Jwks.ts"
import * as ServerMetadata from "../src/ServerMetadata.ts"
import * as Endpoint from "./support/endpoint.ts"

const issuer = "https://id.example/tenant"
const good = { issuer, jwks_uri: "https://keys.example/jwks" }

/** What is found in a document, or why it is not taken. */
const read = (document: unknown, options: Parameters<typeof ServerMetadata.fromIssuer>[1] = {}) => {
  const server = Endpoint.fake(() => Endpoint.json(document))
  return ServerMetadata.fromIssuer(issuer, options).get.pipe(
    Effect.catchAll((error) => Effect.succeed(error.message)),
    Effect.provide(server.layer)
  )
}

describe("a well-known URL", () => {
  const urls: ReadonlyArray<
    readonly [issuer: string, wellKnown: ServerMetadata.WellKnown, url: string]
  > = [
    [
      "https://a.example",
      "openid-configuration",
      "https://a.example/.well-known/openid-configuration"
    ],
    [
      "https://a.example/",
      "openid-configuration",
      "https://a.example/.well-known/openid-configuration"
    ],
    [
      "https://a.example/b/c",
      "openid-configuration",
      "https://a.example/b/c/.well-known/openid-configuration"
    ],
    [
      "https://a.example/b/",
      "openid-configuration",
      "https://a.example/b/.well-known/openid-configuration"
    ],
    [
      "https://a.example:8443",
      "oauth-authorization-server",
      "https://a.example:8443/.well-known/oauth-authorization-server"
    ],
    [
      "https://a.example/",
      "oauth-authorization-server",
      "https://a.example/.well-known/oauth-authorization-server"
    ],
    [
      "https://a.example/b/c",
      "oauth-authorization-server",
      "https://a.example/.well-known/oauth-authorization-server/b/c"
    ]
  ]
  it.each(urls)("of %s (%s) is %s", (from, wellKnown, url) => {
    assert.strictEqual(ServerMetadata.wellKnownUrl(from, wellKnown), url)
    assert.strictEqual(ServerMetadata.fromIssuer(from, { wellKnown }).url, url)
    assert.strictEqual(ServerMetadata.fromIssuer(from, { wellKnown }).issuer, from)
  })

  it("tells the issuer that it was made of", () => {
    const segment = FastCheck.stringMatching(/^[a-z0-9.~-]{1,8}$/)
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(segment, { maxLength: 3 }),
        FastCheck.constantFrom<Array<ServerMetadata.WellKnown>>(
          "openid-configuration",
          "oauth-authorization-server"
        ),
        (path, wellKnown) => {
          const from = ["https://id.example", ...path].join("/")
          assert.strictEqual(
            ServerMetadata.issuerOf(ServerMetadata.wellKnownUrl(from, wellKnown)),
            from
          )
        }
      )
    )
  })

  it("tells it with the name of OpenID Connect inserted, and with a query", () => {
    const at = (place: string) => ServerMetadata.issuerOf(`https://a.example${place}`)
    assert.strictEqual(at("/.well-known/openid-configuration/b"), "https://a.example/b")
    assert.strictEqual(at("/b/.well-known/openid-configuration?appid=1"), "https://a.example/b")
  })

  it("is no other URL", () => {
    for (const place of [
      "",
      "/",
      "/openid-configuration",
      "/.well-known/openid-configurations",
      "/.well-known/jwks",
      "/b/.well-known/oauth-authorization-server",
      "/?x=/.well-known/openid-configuration",
      "/#/.well-known/openid-configuration"
    ]) {
      assert.isUndefined(ServerMetadata.issuerOf(`https://a.example${place}`), place)
    }
  })
})

describe("a document", () => {
  it.effect("is taken for its issuer, and fetched when it is needed, once", () =>
    Effect.gen(function* () {
      const server = Endpoint.fake(() => Endpoint.json({ ...good, more: true }))
      const metadata = ServerMetadata.fromIssuer(issuer)
      const keys = ServerMetadata.member(metadata, "jwks_uri")
      assert.lengthOf(server.calls, 0)
      for (const _ of [1, 2]) {
        assert.strictEqual(yield* Effect.provide(keys, server.layer), good.jwks_uri)
      }
      assert.deepEqual<unknown>(yield* Effect.provide(metadata.get, server.layer), {
        ...good,
        more: true
      })
      assert.deepStrictEqual(
        server.calls.map(({ method, url }) => [method, url]),
        [["GET", "https://id.example/tenant/.well-known/openid-configuration"]]
      )
    })
  )

  const issuers: Readonly<Record<string, unknown>> = {
    "of nobody": undefined,
    "of null": null,
    "of a list": [issuer],
    "of another": "https://evil.example/tenant",
    "of another tenant": "https://id.example/other",
    "of no tenant": "https://id.example",
    "with a slash more": `${issuer}/`,
    "in another case": "https://ID.example/tenant",
    "with a port more": "https://id.example:443/tenant",
    "with a query": `${issuer}?`,
    "escaped otherwise": "https://id.example/%74enant"
  }
  it.effect.each(Object.entries(issuers))("%s is not taken", ([, other]) =>
    Effect.gen(function* () {
      assert.match(String(yield* read({ ...good, issuer: other })), /issuer/)
    })
  )

  it.effect("is not taken with a slash more or less, and that is said", () =>
    Effect.gen(function* () {
      const advice = "if that is how the server writes it, set the option issuer to it"
      const at = "https://id.example/tenant/.well-known/openid-configuration"
      assert.strictEqual(
        yield* read({ ...good, issuer: `${issuer}/` }),
        `${at}: says an issuer that is "${issuer}" with a / at its end: ${advice}`
      )
      const bare = yield* ServerMetadata.fromUrl(at, { issuer: `${issuer}/` }).get.pipe(
        Effect.provide(Endpoint.fake(() => Endpoint.json(good)).layer),
        Effect.flip
      )
      assert.strictEqual(
        bare.message,
        `${at}: says an issuer that is "${issuer}/" without the / at its end: ${advice}`
      )
      for (const other of [`${issuer}//`, "https://id.example/", "https://evil.example/tenant/"]) {
        assert.notInclude(String(yield* read({ ...good, issuer: other })), advice)
      }
    })
  )

  it.effect("is not taken with the issuer in its prototype", () =>
    Effect.gen(function* () {
      assert.match(
        String(yield* read(`{"__proto__":{"issuer":"${issuer}"},"jwks_uri":"https://a.example/"}`)),
        /says no issuer/
      )
    })
  )

  it.effect("is taken only for the issuer that is given, wherever it is", () =>
    Effect.gen(function* () {
      const from = (issuer: string, said: string) =>
        ServerMetadata.fromUrl("https://id.example/configuration", { issuer }).get.pipe(
          Effect.provide(Endpoint.fake(() => Endpoint.json({ issuer: said })).layer),
          Effect.match({ onFailure: () => "refused", onSuccess: (found) => found.issuer })
        )
      assert.strictEqual(
        yield* from("https://b.example/", "https://b.example/"),
        "https://b.example/"
      )
      assert.strictEqual(yield* from("https://b.example/", "https://b.example"), "refused")
      assert.strictEqual(yield* from("https://b.example", "https://id.example"), "refused")
    })
  )

  const urls: Readonly<Record<string, unknown>> = {
    http: "http://keys.example/jwks",
    "a file": "file:///etc/passwd",
    data: "data:application/json,{}",
    ftp: "ftp://keys.example/jwks",
    relative: "/jwks",
    empty: "",
    null: null,
    "a number": 1,
    "a list": ["https://keys.example/jwks"],
    "with a user": "https://a:b@keys.example/jwks",
    "with a fragment": "https://keys.example/jwks#a",
    localhost: "https://localhost/jwks",
    "localhost with a dot": "https://localhost./jwks",
    "under localhost": "https://a.LOCALHOST/jwks",
    loopback: "https://127.0.0.1/jwks",
    "loopback, decimal": "https://2130706433/jwks",
    "loopback, hexadecimal": "https://0x7f.1/jwks",
    "loopback, octal": "https://0177.0.0.1/jwks",
    "every address": "https://0.0.0.0/jwks",
    "loopback of IPv6": "https://[::1]/jwks",
    "loopback of IPv4 in IPv6": "https://[::ffff:127.0.0.1]/jwks",
    "loopback by NAT64": "https://[64:ff9b::7f00:1]/jwks",
    "no address of IPv6": "https://[::]/jwks",
    "link-local": "https://169.254.169.254/latest/meta-data",
    "link-local of IPv6": "https://[fe80::1]/jwks",
    "unique local": "https://[fd00::1]/jwks",
    "private 10": "https://10.0.0.1/jwks",
    "private 172.16": "https://172.16.0.1/jwks",
    "private 172.31": "https://172.31.255.255/jwks",
    "private 192.168": "https://192.168.1.1/jwks",
    "shared 100.64": "https://100.64.0.1/jwks",
    "a multicast": "https://224.0.0.1/jwks",
    "metadata of a cloud": "https://metadata.google.internal/jwks",
    "a printer": "https://printer.local/jwks"
  }
  it.effect.each(Object.entries(urls))("with a URL that is %s is not taken", ([, url]) =>
    Effect.gen(function* () {
      for (const name of ["jwks_uri", "userinfo_endpoint", "introspection_endpoint"]) {
        assert.match(
          String(yield* read({ ...good, [name]: url })),
          new RegExp(`has a ${name} that`)
        )
      }
    })
  )

  it.effect(
    "may have http where that is allowed, and private addresses where the issuer's is one",
    () =>
      Effect.gen(function* () {
        const at = (issuer: string, jwks_uri: string) =>
          ServerMetadata.member(
            ServerMetadata.fromIssuer(issuer, { allowHttp: true }),
            "jwks_uri"
          ).pipe(
            Effect.provide(Endpoint.fake(() => Endpoint.json({ issuer, jwks_uri })).layer),
            Effect.match({ onFailure: () => "refused", onSuccess: (url) => url })
          )
        const local = "http://127.0.0.1:1/jwks"
        assert.strictEqual(yield* at("http://localhost:1", local), local)
        assert.strictEqual(yield* at("http://id.example", "http://a.example/"), "http://a.example/")
        assert.strictEqual(yield* at("http://id.example", local), "refused")
      })
  )

  it.effect("without a URL that is asked for is none", () =>
    Effect.gen(function* () {
      const message = yield* ServerMetadata.member(
        ServerMetadata.fromIssuer(issuer),
        "userinfo_endpoint"
      ).pipe(Effect.flip, Effect.provide(Endpoint.fake(() => Endpoint.json(good)).layer))
      assert.match(message.message, /has no userinfo_endpoint/)
    })
  )

  it.effect("never takes the place of one that was right when it is wrong", () =>
    Effect.gen(function* () {
      let document: object = good
      const server = Endpoint.fake(() => Endpoint.json(document))
      const metadata = ServerMetadata.fromIssuer(issuer)
      yield* Effect.provide(metadata.get, server.layer)
      document = { ...good, issuer: "https://evil.example" }
      yield* TestClock.adjust("11 minutes")
      for (const _ of [1, 2, 3]) {
        const found = yield* Effect.provide(metadata.get, server.layer)
        assert.strictEqual(found.issuer, issuer)
        yield* Effect.yieldNow().pipe(Effect.repeatN(50))
      }
      assert.isAbove(server.calls.length, 1)
    })
  )
})

describe("a host", () => {
  it("that is public is not private", () => {
    for (const host of [
      "id.example",
      "localhost.example",
      "10.example",
      "8.8.8.8",
      "11.0.0.1",
      "100.63.0.1",
      "100.128.0.1",
      "169.253.0.1",
      "172.15.0.1",
      "172.32.0.1",
      "192.169.0.1",
      "191.255.255.255",
      "192.0.1.1",
      "192.0.3.1",
      "192.88.98.1",
      "198.17.255.255",
      "198.20.0.0",
      "198.51.101.1",
      "203.0.112.1",
      "223.255.255.255",
      "home.arpa.example",
      "[2606:4700::1111]",
      "[65::1]",
      "[100:0:0:2::1]",
      "[2001:200::1]",
      "[2001:db9::1]",
      "[2003::1]",
      "[3ffe::1]",
      "[5eff::1]",
      "[fbff::1]"
    ]) {
      assert.isFalse(ServerMetadata.isPrivateHost(host), host)
    }
  })

  it("of a network that is not globally reachable is private", () => {
    for (const host of [
      "0.0.0.0",
      "10.255.255.255",
      "100.127.255.255",
      "127.255.255.254",
      "169.254.169.254",
      "172.31.255.255",
      "192.0.0.192",
      "192.0.2.1",
      "192.88.99.1",
      "192.168.255.255",
      "198.18.0.1",
      "198.19.255.255",
      "198.51.100.1",
      "203.0.113.1",
      "224.0.0.1",
      "240.0.0.1",
      "255.255.255.255",
      "localhost",
      "LOCALHOST.",
      "a.localhost",
      "printer.local",
      "metadata.google.internal.",
      "router.home.arpa",
      "[::]",
      "[::1]",
      "[::7f00:1]",
      "[::ffff:7f00:1]",
      "[::ffff:0:7f00:1]",
      "[64:ff9b::7f00:1]",
      "[64:ff9b:1::a00:1]",
      "[100::1]",
      "[100:0:0:1::1]",
      "[2001::1]",
      "[2001:1ff::1]",
      "[2001:db8::1]",
      // 6to4 of 127.0.0.1 and of 10.0.0.1
      "[2002:7f00:1::]",
      "[2002:a00:1::1]",
      "[3fff::1]",
      "[5f00::1]",
      "[fc00::1]",
      "[fdff::1]",
      "[fe80::1]",
      "[febf::1]",
      "[fec0::1]",
      "[ff02::1]"
    ]) {
      assert.isTrue(ServerMetadata.isPrivateHost(host), host)
      // as `URL` writes it
      assert.isTrue(ServerMetadata.isPrivateHost(new URL(`http://${host}/`).hostname), host)
    }
  })
})

describe("configuration", () => {
  it.each([
    () => ServerMetadata.fromIssuer("https://user:s3cret@id.example"),
    () => ServerMetadata.fromIssuer("https://id.example?key=s3cret"),
    () => ServerMetadata.fromIssuer("http://id.example/?key=s3cret"),
    () => ServerMetadata.fromIssuer("user:s3cret@id.example"),
    () => ServerMetadata.fromUrl("https://id.example/configuration?key=s3cret"),
    () => Jwks.fromUrl("https://user:s3cret@id.example/jwks"),
    () => Jwks.fromUrl("http://id.example/jwks?key=s3cret")
  ])("that is wrong shows no secret of a URL in its error: %s", (make) => {
    assert.throws(make, /id\.example/)
    assert.throws(make, /^(?!.*s3cret)/)
  })

  it("that is wrong is an error when the value is made", () => {
    assert.throws(() => ServerMetadata.fromIssuer("http://id.example"), /allowHttp/)
    assert.throws(() => ServerMetadata.fromIssuer("id.example"), /absolute/)
    assert.throws(() => ServerMetadata.fromIssuer("https://id.example?a=b"), /query/)
    assert.throws(() => ServerMetadata.fromIssuer("https://id.example#a"), /fragment/)
    assert.throws(
      () => ServerMetadata.fromUrl("https://id.example/configuration"),
      /give the issuer/
    )
    assert.throws(
      () => ServerMetadata.fromUrl("http://id.example/.well-known/openid-configuration"),
      /allowHttp/
    )
  })
})

import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Crypto from "node:crypto"
import * as NodeHttp from "node:http"
import type { AddressInfo } from "node:net"
import * as Jwks from "../src/Jwks.ts"
import { base64url, type Pair, pair, sign } from "./support/tokens.ts"
import { json, server, text, unreachable } from "./support/upstream.ts"

const url = "https://id.example/jwks"

const rsa = pair("RS256", "rsa")
const ec = pair("ES256", "ec")
const ed = pair("EdDSA", "ed")

const without = (jwk: object, ...members: ReadonlyArray<string>): object =>
  Object.fromEntries(Object.entries(jwk).filter(([member]) => !members.includes(member)))

const keysOf = (...jwks: ReadonlyArray<object>): Effect.Effect<Jwks.Keys> =>
  Effect.orDie(Jwks.fromJson({ keys: jwks }).get)

/** Whether a token that the pair signs is verified by the only key that is found for it. */
const verifies = (keys: Jwks.Keys, { alg, kid, privateKey }: Pair): Effect.Effect<boolean> =>
  Effect.promise(async () => {
    const [key] = keys.find(alg, kid)
    return (await key?.verifies(sign({ alg }, {}, privateKey, alg))) ?? false
  })

const found = <R>(jwks: Jwks.Jwks<R>, alg: string, kid?: string) =>
  Effect.map(jwks.get, (keys) => keys.find(alg, kid).length)

describe("Jwks", () => {
  describe("a key", () => {
    for (const alg of Jwks.asymmetric) {
      it.effect(`of ${alg} verifies what it signed, and nothing else`, () =>
        Effect.gen(function* () {
          const own = pair(alg, "own")
          const other = pair(alg, "own")
          const keys = yield* keysOf(own.jwk)
          assert.isTrue(yield* verifies(keys, own))
          assert.isFalse(yield* verifies(keys, other))
          for (const algorithm of Jwks.asymmetric) {
            assert.strictEqual(keys.find(algorithm, "own").length, algorithm === alg ? 1 : 0)
          }
        })
      )
    }

    for (const alg of Jwks.symmetric) {
      it.effect(`of ${alg} verifies what it signed, and nothing else`, () =>
        Effect.gen(function* () {
          const secret = Crypto.randomBytes(64)
          const { get } = Jwks.fromSecret(Redacted.make(secret), { algorithm: alg })
          const [key] = (yield* get).find(alg, undefined)
          assert.isTrue(key?.verifies(sign({ alg }, {}, secret, alg)))
          assert.isFalse(key?.verifies(sign({ alg }, {}, Crypto.randomBytes(64), alg)))
          assert.isFalse(key?.verifies(`${sign({ alg }, {}, secret, alg).slice(0, -4)}`))
        })
      )
    }

    it.effect("is bound to RS256, or to what is said, when it is of RSA and has no alg", () =>
      Effect.gen(function* () {
        const jwk = without(rsa.jwk, "alg")
        const keys = yield* keysOf(jwk)
        assert.strictEqual(keys.find("RS256", "rsa").length, 1)
        assert.strictEqual(keys.find("PS256", "rsa").length, 0)
        assert.strictEqual(keys.find("RS384", "rsa").length, 0)
        const other = yield* Jwks.fromJson({ keys: [jwk] }, { rsaAlgorithm: "PS256" }).get
        assert.strictEqual(other.find("RS256", "rsa").length, 0)
        assert.strictEqual(other.find("PS256", "rsa").length, 1)
      })
    )

    it.effect("that may be used for this says so, or says nothing", () =>
      Effect.gen(function* () {
        for (const more of [
          { use: "sig" },
          { key_ops: ["verify"] },
          { key_ops: ["sign", "verify"] },
          { ext: false },
          { x5c: ["garbage"], x5t: 1, unknown: {} }
        ]) {
          assert.isTrue(yield* verifies(yield* keysOf({ ...ec.jwk, ...more }), ec))
        }
      })
    )

    it.effect("of a pair is used without its private members", () =>
      Effect.gen(function* () {
        const jwk = { ...rsa.privateKey.export({ format: "jwk" }), kid: "rsa", alg: "RS256" }
        assert.isTrue(yield* verifies(yield* keysOf(jwk), rsa))
      })
    )
  })

  describe("a JWK that is left out", () => {
    const point = ec.publicKey.export({ format: "jwk" })
    const swapped = Buffer.from(String(point.y), "base64url")
    swapped[5] = (swapped[5] ?? 0) ^ 1
    const bad: ReadonlyArray<readonly [string, unknown, RegExp]> = [
      ["null", null, /no object/],
      ["a text", "key", /no object/],
      ["an array", [], /no object/],
      ["empty", {}, /unknown kty/],
      ["of an unknown kty", { kty: "AKP", kid: "x" }, /"x" has an unknown kty/],
      ["of a kty that is no text", { ...ec.jwk, kty: ["EC"] }, /unknown kty/],
      ["of a kty of the prototype", { ...ec.jwk, kty: "constructor" }, /unknown kty/],
      ["of another kty", { ...ec.jwk, kty: "RSA" }, /broken n or e/],
      ["for encryption", { ...ec.jwk, use: "enc" }, /another use/],
      ["of a use that is no text", { ...ec.jwk, use: ["sig"] }, /another use/],
      ["for signing only", { ...ec.jwk, key_ops: ["sign"] }, /key_ops/],
      ["for nothing", { ...ec.jwk, key_ops: [] }, /key_ops/],
      ["of key_ops that are a text", { ...ec.jwk, key_ops: "verify" }, /key_ops/],
      ["of key_ops that repeat", { ...ec.jwk, key_ops: ["verify", "verify"] }, /key_ops/],
      ["of a kid that is no text", { ...ec.jwk, kid: 1 }, /a kid that is no string/],
      ["of an alg that is no text", { ...ec.jwk, alg: ["ES256"] }, /an alg that is no string/],
      ["of an alg of another kty", { ...ec.jwk, alg: "RS256" }, /not its kty's/],
      ["of an alg of another curve", { ...ec.jwk, alg: "ES384" }, /not its kty's/],
      ["of an alg that there is not", { ...ec.jwk, alg: "ES521" }, /not its kty's/],
      ["of an alg of encryption", { ...rsa.jwk, alg: "RSA-OAEP" }, /not its kty's/],
      ["of HS256, though public", { ...rsa.jwk, alg: "HS256" }, /not its kty's/],
      ["of none", { ...rsa.jwk, alg: "none" }, /not its kty's/],
      ["of another curve", { ...ec.jwk, crv: "P-384" }, /broken x or y/],
      ["of a curve that is not served", { ...ec.jwk, crv: "secp256k1" }, /unknown crv/],
      ["without a curve", without(ec.jwk, "crv"), /unknown crv/],
      ["of a point that is not on the curve", { ...ec.jwk, y: base64url(swapped) }, /no key/],
      ["of half a point", without(ec.jwk, "y"), /broken x or y/],
      ["of a long point", { ...ec.jwk, x: `${String(point.x)}AA` }, /broken x or y/],
      ["of a point with padding", { ...ec.jwk, x: `${String(point.x)}=` }, /broken x or y/],
      ["of a point that is no text", { ...ec.jwk, x: 1 }, /broken x or y/],
      ["of Ed448", { ...ed.jwk, crv: "Ed448" }, /unknown crv/],
      ["of X25519", { ...ed.jwk, crv: "X25519" }, /unknown crv/],
      ["of a short Ed25519", { ...ed.jwk, x: "AAAA" }, /broken x/],
      ["of RSA with 1024 bits", pair("RS256", "x", 1024).jwk, /less than 2048 bits/],
      ["of RSA with 2047 bits and a zero", shrunk(), /less than 2048 bits/],
      ["of RSA with e = 1", { ...rsa.jwk, e: "AQ" }, /an e that is/],
      ["of RSA with e = 0", { ...rsa.jwk, e: "AA" }, /an e that is/],
      ["of RSA with an even e", { ...rsa.jwk, e: "Ag" }, /an e that is/],
      ["of RSA with a huge e", { ...rsa.jwk, e: String(rsa.jwk["n"]) }, /an e that is/],
      ["of RSA without e", without(rsa.jwk, "e"), /broken n or e/],
      ["of RSA with an empty n", { ...rsa.jwk, n: "" }, /broken n or e/],
      ["of RSA with a modulus of a weak generator", { ...rsa.jwk, n: roca() }, /CVE-2017-15361/],
      ["of a short secret", { kty: "oct", k: base64url("x".repeat(31)) }, /31 bytes/],
      [
        "of a secret too short for HS512",
        { kty: "oct", alg: "HS512", k: base64url("x".repeat(63)) },
        /HS512 needs at least 64/
      ],
      ["of an empty secret", { kty: "oct", k: "" }, /broken k/],
      ["of a secret without k", { kty: "oct" }, /broken k/],
      ["of a secret for AES", { kty: "oct", alg: "A256KW", k: base64url("x".repeat(32)) }, /kty's/]
    ]
    for (const [name, jwk, reason] of bad) {
      it.effect(name, () => {
        const source = server(() => json({ keys: [jwk, ed.jwk] }))
        return Effect.gen(function* () {
          const set = Redacted.make({ keys: [jwk] as Array<object> })
          assert.throws(() => Jwks.fromJson(set), reason)
          const both = yield* Jwks.fromUrl(url).get
          assert.strictEqual(both.size, 1)
          assert.isTrue(yield* verifies(both, ed))
        }).pipe(Effect.provide(source.layer))
      })
    }
  })

  describe("a set", () => {
    it.effect("finds by exactly the kid and the alg", () =>
      Effect.gen(function* () {
        const keys = yield* keysOf(rsa.jwk, ec.jwk, ed.jwk)
        assert.strictEqual(keys.size, 3)
        assert.strictEqual(keys.find("RS256", "rsa").length, 1)
        for (const kid of ["ec", "RSA", "rsa ", " rsa", "", "r", "__proto__", "constructor"]) {
          assert.strictEqual(keys.find("RS256", kid).length, 0, kid)
        }
        for (const alg of ["none", "HS256", "rs256", "RS512", "__proto__", ""]) {
          assert.strictEqual(keys.find(alg, "rsa").length, 0, alg)
          assert.strictEqual(keys.find(alg, undefined).length, 0, alg)
        }
      })
    )

    it.effect("finds a key called like a member of every object, and no other", () =>
      Effect.gen(function* () {
        const keys = yield* keysOf({ ...ec.jwk, kid: "__proto__" })
        assert.strictEqual(keys.find("ES256", "__proto__").length, 1)
        assert.strictEqual(keys.find("ES256", "toString").length, 0)
      })
    )

    it.effect("finds the few keys of an alg for a token without kid, not many", () =>
      Effect.gen(function* () {
        const few = Array.from({ length: 4 }, (_, index) => pair("EdDSA", `k${index}`).jwk)
        const keys = yield* keysOf(...few, ec.jwk)
        assert.strictEqual(keys.find("EdDSA", undefined).length, 4)
        assert.strictEqual(keys.find("ES256", undefined).length, 1)
        const more = yield* keysOf(...few, ed.jwk)
        assert.strictEqual(more.find("EdDSA", undefined).length, 0)
        assert.strictEqual(more.find("EdDSA", "ed").length, 1)
      })
    )

    it.effect("finds a key without kid only for a token without one", () =>
      Effect.gen(function* () {
        const keys = yield* keysOf(without(ec.jwk, "kid"))
        assert.strictEqual(keys.find("ES256", undefined).length, 1)
        assert.strictEqual(keys.find("ES256", "ec").length, 0)
      })
    )

    it.effect("takes a key that is there twice for one, and two of one name for none", () =>
      Effect.gen(function* () {
        const twice = yield* keysOf(ec.jwk, { ...ec.jwk, use: "sig" })
        assert.strictEqual(twice.size, 1)
        assert.isTrue(yield* verifies(twice, ec))
        const two = yield* keysOf(ec.jwk, pair("ES256", "ec").jwk, rsa.jwk)
        assert.strictEqual(two.find("ES256", "ec").length, 0)
        assert.strictEqual(two.find("ES256", undefined).length, 0)
        assert.strictEqual(two.find("RS256", "rsa").length, 1)
      })
    )

    it.effect("may use a name once for each algorithm", () =>
      Effect.gen(function* () {
        const keys = yield* keysOf(rsa.jwk, { ...rsa.jwk, alg: "PS256" }, { ...ec.jwk, kid: "rsa" })
        assert.strictEqual(keys.find("RS256", "rsa").length, 1)
        assert.strictEqual(keys.find("PS256", "rsa").length, 1)
        assert.strictEqual(keys.find("ES256", "rsa").length, 1)
      })
    )

    it("throws for what is none", () => {
      assert.throws(() => Jwks.fromJson({ keys: [] }), /it has no key at all/)
      assert.throws(() => Jwks.fromJson({} as Jwks.JsonWebKeySet), /an array of keys/)
    })

    it("can't hold both kinds, and secrets only Redacted", () => {
      const secret = { kty: "oct", k: base64url("x".repeat(32)) }
      const mixed = Redacted.make({ keys: [secret, ec.jwk] })
      assert.throws(() => Jwks.fromJson(mixed), /both public keys and secrets/)
      assert.throws(() => Jwks.fromJson({ keys: [secret] }), /has to be Redacted/)
      assert.isTrue(Jwks.fromJson(Redacted.make({ keys: [secret] })).isSymmetric)
      assert.isFalse(Jwks.fromJson(Redacted.make({ keys: [ec.jwk] })).isSymmetric)
    })

    it.effect("is at hand once it was asked for", () =>
      Effect.gen(function* () {
        const jwks = Jwks.fromJson({ keys: [ec.jwk] })
        const keys = yield* jwks.get
        assert.strictEqual(jwks.peek(0), keys)
        assert.strictEqual(yield* jwks.refresh, keys)
      })
    )
  })

  describe("fromUrl", () => {
    it.effect("fetches once, and what was removed is gone after a refresh", () => {
      const source = server(() => json({ keys: [rsa.jwk, ec.jwk] }))
      const jwks = Jwks.fromUrl(url)
      return Effect.gen(function* () {
        assert.strictEqual(yield* found(jwks, "RS256", "rsa"), 1)
        assert.strictEqual(yield* found(jwks, "ES256", "ec"), 1)
        assert.deepStrictEqual(source.asked, [url])
        source.answer = () => json({ keys: [ec.jwk] })
        yield* jwks.refresh
        assert.strictEqual(yield* found(jwks, "RS256", "rsa"), 0)
        assert.strictEqual(yield* found(jwks, "ES256", "ec"), 1)
      }).pipe(Effect.provide(source.layer))
    })

    it.effect("reads no secrets from a place that is public", () => {
      const secret = { kty: "oct", kid: "s", alg: "HS256", k: base64url("x".repeat(32)) }
      const source = server(() => json({ keys: [secret, ec.jwk] }))
      const jwks = Jwks.fromUrl(url)
      return Effect.gen(function* () {
        assert.strictEqual(yield* found(jwks, "HS256", "s"), 0)
        assert.strictEqual(yield* found(jwks, "ES256", "ec"), 1)
        source.answer = () => json({ keys: [secret] })
        assert.match((yield* Effect.flip(jwks.refresh)).message, /no key that can be used/)
      }).pipe(Effect.provide(source.layer))
    })

    const sources: ReadonlyArray<readonly [string, () => Effect.Effect<Response>]> = [
      ["is down", () => Effect.die(unreachable)],
      ["answers 500", () => json({ keys: [ec.jwk] }, { status: 500 })],
      ["answers HTML", () => text("<!doctype html>")],
      ["redirects", () => text("", { status: 307, headers: { location: "https://evil.example" } })],
      ["answers too much", () => text(`{"keys":[${" ".repeat(262_144)}]}`)],
      ["has an empty set", () => json({ keys: [] })],
      ["has no set", () => json({})],
      ["has keys that are no array", () => json({ keys: { 0: ec.jwk } })],
      ["has no good key", () => json({ keys: [{ ...ec.jwk, use: "enc" }] })]
    ]
    for (const [name, answer] of sources) {
      it.effect(`has no keys when the source ${name}, or the older ones`, () => {
        const source = server(answer)
        const jwks = Jwks.fromUrl(url)
        return Effect.gen(function* () {
          for (let time = 0; time < 20; time++) {
            assert.isTrue(Either.isLeft(yield* Effect.either(jwks.get)))
            assert.isTrue(Either.isLeft(yield* Effect.either(jwks.refresh)))
          }
          assert.strictEqual(source.asked.length, 1)
          source.answer = () => json({ keys: [ec.jwk] })
          yield* TestClock.adjust("1 second")
          assert.strictEqual(yield* found(jwks, "ES256", "ec"), 1)
          source.answer = answer
          yield* Effect.flip(jwks.refresh)
          assert.strictEqual(yield* found(jwks, "ES256", "ec"), 1)
          assert.strictEqual(source.asked.length, 3)
        }).pipe(Effect.provide(source.layer))
      })
    }

    it.effect("logs which keys it left out, at debug level", () => {
      const lines: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => {
        lines.push(`${logLevel.label} ${String(message)}`)
      })
      const source = server(() => json({ keys: [ec.jwk, { ...rsa.jwk, use: "enc" }] }))
      return Effect.gen(function* () {
        yield* Jwks.fromUrl(url).get
        assert.deepStrictEqual(lines, [
          `DEBUG ${url}: keys that can't be used: "rsa" has another use than sig`
        ])
      }).pipe(
        Logger.withMinimumLogLevel(LogLevel.Debug),
        Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
        Effect.provide(source.layer)
      )
    })

    it("throws for a URL that is not https", () => {
      assert.throws(() => Jwks.fromUrl("http://id.example/jwks"), /has to be an https URL/)
      assert.throws(() => Jwks.fromUrl("file:///etc/jwks.json"), /has to be an https URL/)
      assert.throws(() => Jwks.fromUrl("jwks.json"), /has to be an absolute URL/)
      Jwks.fromUrl("http://localhost/jwks", { allowHttp: true })
    })
  })

  describe("fromUrl over a socket", () => {
    const large = Buffer.alloc(65_536, " ")
    const routes: Record<string, (response: NodeHttp.ServerResponse) => void> = {
      "/good": (response) => response.end(JSON.stringify({ keys: [ec.jwk] })),
      "/redirect": (response) => response.writeHead(302, { location: "/elsewhere" }).end(),
      "/redirect-kept": (response) => response.writeHead(308, { location: "/elsewhere" }).end(),
      "/endless": (response) => {
        response.write("{")
        const more = () => {
          while (!response.destroyed && response.write(large)) continue
        }
        response.on("drain", more)
        more()
      },
      "/long": (response) => {
        response.writeHead(200, { "content-length": String(10 * 1024 * 1024) })
        response.write(large)
      },
      "/silent": () => {},
      "/slow": (response) => void response.write("{"),
      "/broken": (response) => {
        response.writeHead(200, { "content-length": "100" })
        response.write("{")
        setTimeout(() => response.destroy(), 20)
      },
      "/elsewhere": (response) => response.end(JSON.stringify({ keys: [ec.jwk] }))
    }
    const listening = Effect.acquireRelease(
      Effect.async<{ readonly origin: string; readonly asked: Array<string>; stop(): void }>(
        (resume) => {
          const asked: Array<string> = []
          const listener = NodeHttp.createServer((request, response) => {
            asked.push(request.url ?? "")
            routes[request.url ?? ""]?.(response)
          })
          listener.listen(0, "127.0.0.1", () => {
            const { port } = listener.address() as AddressInfo
            const stop = () => {
              listener.closeAllConnections()
              listener.close()
            }
            resume(Effect.succeed({ origin: `http://127.0.0.1:${port}`, asked, stop }))
          })
        }
      ),
      (made) => Effect.sync(() => made.stop())
    )
    const expected: Record<string, RegExp | undefined> = {
      "/good": undefined,
      "/redirect": /status 302/,
      "/redirect-kept": /status 308/,
      "/endless": /more than 262144 bytes/,
      "/long": /more than 262144 bytes/,
      "/silent": /no answer within/,
      "/slow": /no answer within/,
      "/broken": /can't be read/
    }
    const silent = Logger.remove(Logger.defaultLogger)
    for (const [client, layer] of [
      ["fetch", FetchHttpClient.layer],
      ["node:http", NodeHttpClient.layer]
    ] as const) {
      for (const [path, message] of Object.entries(expected)) {
        it.scopedLive(`asks once and no further: ${path} by ${client}`, () =>
          Effect.gen(function* () {
            const { asked, origin } = yield* listening
            const isSilent = message?.test("no answer within") === true
            const timeout = isSilent ? "300 millis" : "1 minute"
            const jwks = Jwks.fromUrl(origin + path, { allowHttp: true, timeout })
            const result = yield* Effect.either(jwks.get)
            if (message === undefined) {
              assert.isTrue(Either.isRight(result))
            } else {
              assert.isTrue(Either.isLeft(result))
              if (Either.isLeft(result)) assert.match(result.left.message, message)
            }
            assert.deepStrictEqual(asked, [path])
          }).pipe(Effect.provide([layer, silent]))
        )
      }
    }

    it.scopedLive("is told when nobody listens", () =>
      Effect.gen(function* () {
        const { origin, stop } = yield* listening
        stop()
        const error = yield* Effect.flip(Jwks.fromUrl(`${origin}/`, { allowHttp: true }).get)
        assert.match(error.message, /can't be reached/)
      }).pipe(Effect.provide([FetchHttpClient.layer, silent]))
    )
  })

  describe("fromPem", () => {
    const pemOf = ({ publicKey }: Pair): string =>
      publicKey.export({ format: "pem", type: "spki" }).toString()

    for (const own of [rsa, ec, ed]) {
      it.effect(`reads a key of ${own.alg}, for tokens of any kid`, () =>
        Effect.gen(function* () {
          const jwks = Jwks.fromPem(`\n${pemOf(own).replaceAll("\n", "\r\n")}`)
          const keys = yield* jwks.get
          assert.isTrue(yield* verifies(keys, own))
          assert.strictEqual(keys.find(own.alg, "another").length, 1)
          assert.strictEqual(keys.find(own.alg, undefined).length, 1)
          assert.strictEqual(keys.find("HS256", undefined).length, 0)
        })
      )
    }

    it.effect("binds it to the algorithm and the kid that are said", () =>
      Effect.gen(function* () {
        const jwks = Jwks.fromPem(pemOf(rsa), { algorithm: "PS512", kid: "a" })
        assert.strictEqual(yield* found(jwks, "PS512", "a"), 1)
        assert.strictEqual(yield* found(jwks, "PS512", "b"), 0)
        assert.strictEqual(yield* found(jwks, "RS256", "a"), 0)
      })
    )

    it("throws for anything else", () => {
      const privatePem = rsa.privateKey.export({ format: "pem", type: "pkcs8" }).toString()
      const pkcs1 = rsa.publicKey.export({ format: "pem", type: "pkcs1" }).toString()
      for (const pem of [
        "",
        "secret",
        privatePem,
        pkcs1,
        pemOf(ec) + pemOf(rsa),
        `x${pemOf(ec)}`
      ]) {
        assert.throws(() => Jwks.fromPem(pem), /a public key in PEM/)
      }
      const broken = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"
      assert.throws(() => Jwks.fromPem(broken), /holds no public key/)
      assert.throws(() => Jwks.fromPem(pemOf(pair("RS256", "", 1024))), /less than 2048 bits/)
      assert.throws(() => Jwks.fromPem(pemOf(rsa), { algorithm: "ES256" }), /not its kty's/)
    })
  })

  describe("fromSecret", () => {
    it("throws for one that is too short, without showing it", () => {
      const attempt = () => Jwks.fromSecret(Redacted.make("correct horse battery staple"))
      assert.throws(attempt, /28 bytes, and HS256 needs at least 32/)
      assert.throws(attempt, /^(?!.*horse)/)
      assert.throws(() => Jwks.fromSecret(Redacted.make("")), /can't be used/)
      const long = Redacted.make("x".repeat(63))
      assert.throws(() => Jwks.fromSecret(long, { algorithm: "HS512" }), /at least 64/)
    })

    it.effect("takes a text for its bytes in UTF-8", () =>
      Effect.gen(function* () {
        const secret = "é".repeat(16)
        const [key] = (yield* Jwks.fromSecret(Redacted.make(secret)).get).find("HS256", "any")
        assert.isTrue(key?.verifies(sign({}, {}, Buffer.from(secret, "utf8"), "HS256")))
      })
    )

    it.effect("is bound to a kid that is said", () =>
      Effect.gen(function* () {
        const jwks = Jwks.fromSecret(Redacted.make("x".repeat(32)), { kid: "a" })
        assert.strictEqual(yield* found(jwks, "HS256", "a"), 1)
        assert.strictEqual(yield* found(jwks, "HS256", "b"), 0)
      })
    )
  })

  describe("fromConfig", () => {
    const read = (value: string | undefined) =>
      Effect.withConfigProvider(
        Jwks.fromConfig("KEYS"),
        ConfigProvider.fromMap(new Map(value === undefined ? [] : [["KEYS", value]]))
      )

    it.effect("reads a set, or where one is", () => {
      const source = server(() => json({ keys: [ec.jwk] }))
      return Effect.gen(function* () {
        const set = yield* read(` ${JSON.stringify({ keys: [rsa.jwk] })}\n`)
        assert.strictEqual(yield* found(set, "RS256", "rsa"), 1)
        const elsewhere = yield* read(url)
        assert.strictEqual(yield* found(elsewhere, "ES256", "ec"), 1)
        const secret = { kty: "oct", k: base64url("x".repeat(32)) }
        assert.isTrue((yield* read(JSON.stringify({ keys: [secret] }))).isSymmetric)
      }).pipe(Effect.provide(source.layer))
    })

    for (const value of [
      undefined,
      "",
      "secret",
      "http://id.example/secret",
      "{secret",
      '{"keys":"secret"}',
      '{"keys":[{"kty":"secret"}]}'
    ]) {
      it.effect(`fails for ${JSON.stringify(value)}, and shows nothing of it`, () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(read(value))
          assert.notInclude(JSON.stringify(error), "secret")
          assert.notInclude(String(error), "secret")
        })
      )
    }
  })

  it("is told from other values", () => {
    assert.isTrue(Jwks.isJwks(Jwks.fromSecret(Redacted.make("x".repeat(32)))))
    for (const other of [undefined, null, {}, "keys", { keys: [] }]) {
      assert.isFalse(Jwks.isJwks(other))
    }
  })

  it("needs an HttpClient only for a URL", () => {
    const remote: Jwks.Jwks<HttpClient.HttpClient> = Jwks.fromUrl(url)
    const here: Jwks.Jwks<never> = Jwks.fromJson({ keys: [ec.jwk] })
    assert.isTrue(Jwks.isJwks(remote) && Jwks.isJwks(here))
  })
})

/** A modulus of 2048 bits less one, written with a leading zero bit. */
function shrunk(): object {
  const modulus = Buffer.from(String(rsa.jwk["n"]), "base64url")
  modulus[0] = 0x7f
  return { ...rsa.jwk, n: base64url(modulus) }
}

/** A number of 2048 bits that is a power of 65537 modulo each of many primes. */
function roca(): string {
  const product = [
    2n,
    3n,
    5n,
    7n,
    11n,
    13n,
    17n,
    19n,
    23n,
    29n,
    31n,
    37n,
    41n,
    43n,
    47n,
    53n,
    59n,
    61n,
    67n,
    71n,
    73n,
    79n,
    83n,
    89n,
    97n,
    101n,
    103n,
    107n,
    109n,
    113n,
    127n,
    131n,
    137n,
    139n,
    149n,
    151n,
    157n
  ].reduce((left, right) => left * right)
  let power = 1n
  for (let count = 0; count < 1234; count++) power = (power * 65_537n) % product
  const modulus = ((1n << 2047n) / product + 1n) * product + power
  return base64url(Buffer.from(modulus.toString(16), "hex"))
}

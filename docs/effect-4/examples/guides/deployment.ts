/** What several machines share, and what stands before them. */
import {
  ApiKey,
  DigestNonces,
  HttpBasic,
  HttpBearer,
  HttpDigest,
  Jwks,
  Jwt,
  MutualTls
} from "effect-security"
import * as Throttle from "effect-security/Throttle"
import { Config, ConfigProvider, Effect, Layer, Option, Redacted } from "effect"
import * as assert from "node:assert"

/** What `Throttle.make()` and `HttpDigest.authenticate` need, for one machine, and for tests. */
export const MemoryLive = Layer.merge(Throttle.layerMemory(), DigestNonces.layerMemory())

// ----------------------------------------------------------------------------
// secrets
// ----------------------------------------------------------------------------

/** A scheme is a value: what it takes from the configuration is read before it is made. */
export const digest = Effect.map(
  DigestNonces.makeConfig({ secret: Config.Redacted("DIGEST_SECRET") }),
  (nonces) => HttpDigest.make({ realm: "items", nonces })
)

/** `SESSION_KEYS`: a JWK set with the new secret and the old one, by their `kid`. */
export const sessions = Effect.map(Jwks.fromConfig("SESSION_KEYS"), (keys) =>
  HttpBearer.make().pipe(
    Jwt.authenticate({ issuer: "https://api.example", audience: "https://api.example", keys })
  )
)

/** Two hashes while a key is changed over. */
export const robots = (hashes: ReadonlyArray<string>) =>
  ApiKey.header("X-API-Key").pipe(
    ApiKey.authenticate({ keys: [{ principal: { name: "robot" }, hash: hashes }] })
  )

// ----------------------------------------------------------------------------
// behind a proxy
// ----------------------------------------------------------------------------

const proxies = ["10.0.0.0/8"]

/** One proxy adds the client's address to `X-Forwarded-For`. */
export const people = HttpBasic.make().pipe(
  HttpBasic.authenticate({
    findUser: () => Effect.succeed(Option.none<HttpBasic.User<string>>()),
    throttle: Throttle.make({ proxies: 1 })
  })
)

/** It ends TLS, and tells the client's certificate by `Client-Cert` (RFC 9440). */
export const machines = MutualTls.make({ proxy: { addresses: proxies } })

/** Tokens that are bound to that certificate. */
export const bound = HttpBearer.make().pipe(
  Jwt.authenticate({
    issuer: "https://id.example",
    audience: "https://api.example",
    keys: Jwks.fromUrl("https://id.example/jwks"),
    certificate: MutualTls.readerBehind({ addresses: proxies })
  })
)

// ----------------------------------------------------------------------------
// it runs
// ----------------------------------------------------------------------------

export const main = Effect.gen(function* () {
  const scheme = yield* digest
  assert.deepEqual(scheme.requirement, [{ HTTPDigest: [] }])
  const session = yield* sessions
  assert.deepEqual(session.requirement, [{ HTTPBearer: [] }])
  assert.throws(() => robots(["no hash"]))
  robots([ApiKey.hash(Redacted.make("new")), ApiKey.hash(Redacted.make("old"))])
  yield* Layer.build(MemoryLive).pipe(Effect.scoped)
}).pipe(
  Effect.provideService(
    ConfigProvider.ConfigProvider,
    ConfigProvider.fromUnknown(
      Object.fromEntries(
        new Map([
          ["DIGEST_SECRET", "0123456789abcdef0123456789abcdef"],
          [
            "SESSION_KEYS",
            JSON.stringify({
              keys: ["2026-02", "2026-01"].map((kid) => ({
                kty: "oct",
                alg: "HS256",
                kid,
                k: "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
              }))
            })
          ]
        ])
      )
    )
  )
)

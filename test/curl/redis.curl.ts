/** The nonces that several servers share, in a real Redis. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { Redis } from "ioredis"
import type { ChildProcess } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as DigestNonces from "../../src/DigestNonces.ts"
import * as DigestNoncesRedis from "../../src/DigestNoncesRedis.ts"
import * as HttpDigest from "../../src/HttpDigest.ts"
import * as Client from "../support/digest.ts"
import { curl, freePort, serve, type Server, startRedis, stop } from "./support.ts"

let port = 0
let redis: ChildProcess

beforeAll(async () => {
  port = await freePort()
  redis = await startRedis(port)
})
afterAll(() => stop(redis))

// ----------------------------------------------------------------------------
// servers
// ----------------------------------------------------------------------------

/** Each call makes what a machine of its own would make. */
const startServer = (): Promise<Server> => {
  const secret = Redacted.make("a secret that all machines share.")
  const digest = HttpDigest.make({ nonces: DigestNonces.make({ secret }) })
  const { ha1 } = HttpDigest.hashUser(digest, {
    username: "johndoe",
    password: Redacted.make("secret")
  })
  return serve(
    digest.pipe(
      HttpDigest.authenticate({
        findUser: (username) =>
          Effect.succeed(
            username === "johndoe" ? Option.some({ principal: username, ha1 }) : Option.none()
          )
      })
    ),
    DigestNoncesRedis.layer({ host: "127.0.0.1", port, timeout: "1 second" })
  )
}

/** What johndoe answers to a nonce. */
const authorizationFor = (nonce: string, count = 1): string =>
  Client.authorization({
    username: "johndoe",
    password: "secret",
    realm: "api",
    nonce,
    uri: "/",
    method: "GET",
    algorithm: "SHA-256",
    qop: "auth",
    nc: count.toString(16).padStart(8, "0"),
    cnonce: "c",
    opaque: undefined,
    userhash: false,
    body: ""
  })

/** A nonce that nothing was answered to. */
const freshNonce = async (server: Server): Promise<string> => {
  const response = await fetch(server.url)
  await response.text()
  const [challenge] = Client.challengesIn(response.headers.get("www-authenticate"))
  return challenge?.nonce ?? ""
}

/** What curl sent to a path that a server let in. */
const sentTo = async (server: Server): Promise<string> => {
  const answer = await curl("--digest", "-u", "johndoe:secret", `${server.url}/`)
  // a nonce from before the server has reached Redis is stale
  assert.strictEqual(answer.status, 200)
  return answer.sent.at(-1) ?? ""
}

const replay = async (server: Server, authorization: string) => {
  const response = await fetch(`${server.url}/`, { headers: { authorization } })
  await response.text()
  return {
    status: response.status,
    isStale: (response.headers.get("www-authenticate") ?? "").includes("stale=true")
  }
}

describe("two servers that share a Redis", () => {
  let first: Server
  let second: Server
  beforeAll(async () => {
    first = await startServer()
    second = await startServer()
  })
  afterAll(() => Promise.all([first.close(), second.close()]))

  it("refuse what the other has let in", async () => {
    const authorization = await sentTo(first)
    const refused = { status: 401, isStale: true }
    assert.deepStrictEqual(await replay(second, authorization), refused)
    assert.deepStrictEqual(await replay(first, authorization), refused)
  })

  it("count on, one after the other", async () => {
    const nonce = await freshNonce(first)
    for (const [server, count, status] of [
      [first, 1, 200],
      [second, 2, 200],
      [first, 2, 401],
      [second, 1, 401],
      [first, 10, 200],
      [second, 9, 401],
      [second, 11, 200]
    ] as const) {
      const answer = await replay(server, authorizationFor(nonce, count))
      assert.deepStrictEqual(answer, { status, isStale: status === 401 })
    }
  })

  it("let one of many in", async () => {
    const nonce = await freshNonce(first)
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        replay(index % 2 === 0 ? first : second, authorizationFor(nonce))
      )
    )
    assert.lengthOf(
      answers.filter(({ status }) => status === 200),
      1
    )
  })

  it("answer 503 while it is down, and go on when it is back, letting in nothing twice", async () => {
    const authorization = await sentTo(first)
    const nonce = await freshNonce(first)
    await stop(redis)
    assert.strictEqual((await replay(first, authorizationFor(nonce))).status, 503)
    redis = await startRedis(port)
    // the client comes back by itself
    const deadline = Date.now() + 30_000
    let status = 503
    while (status === 503 && Date.now() < deadline) {
      ;({ status } = await curl("--digest", "-u", "johndoe:secret", first.url))
    }
    assert.strictEqual(status, 200)
    // it has lost all it knew: what is older is refused
    const refused = { status: 401, isStale: true }
    assert.deepStrictEqual(await replay(first, authorization), refused)
    assert.deepStrictEqual(await replay(second, authorizationFor(nonce, 2)), refused)
  })

  it("answer 503 while it hangs", async () => {
    const nonce = await freshNonce(second)
    redis.kill("SIGSTOP")
    try {
      assert.strictEqual((await replay(second, authorizationFor(nonce))).status, 503)
    } finally {
      redis.kill("SIGCONT")
    }
  })
})

// ----------------------------------------------------------------------------
// the store
// ----------------------------------------------------------------------------

describe("the store in Redis", () => {
  const withStores = async <A>(
    layer: Layer.Layer<DigestNonces.Store, unknown>,
    use: (store: DigestNonces.StoreService) => Promise<A>
  ): Promise<A> => {
    const runtime = ManagedRuntime.make(layer)
    try {
      return await use(Context.get((await runtime.runtime()).context, DigestNonces.Store))
    } finally {
      await runtime.dispose()
    }
  }

  it("decides as the one in memory does", () =>
    withStores(DigestNoncesRedis.layer({ host: "127.0.0.1", port }), (store) => {
      let run = 0
      return fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 40 }))),
          fc.integer({ min: 0, max: 12 }),
          fc.constantFrom(0, 2 ** 32 - 41),
          async (sequence, window, base) => {
            run++
            const memory = Effect.runSync(DigestNonces.makeMemory())
            const now = Date.now()
            for (const [nonce, count] of sequence) {
              const use = {
                nonce: `${run} ${nonce}`,
                nc: base + count,
                window,
                issuedAt: now,
                serial: Number.MAX_SAFE_INTEGER,
                expiresAt: now + 60_000,
                now
              }
              assert.strictEqual(
                await Effect.runPromise(store.use(use)),
                await Effect.runPromise(memory.use(use))
              )
            }
          }
        ),
        { numRuns: 100 }
      )
    }))

  it("refuses what is older than itself, and takes its prefix from a Config", () => {
    const provider = ConfigProvider.fromMap(
      new Map([
        ["PORT", String(port)],
        ["PREFIX", "other:"]
      ])
    )
    const layer = DigestNoncesRedis.layerConfig({
      host: Config.succeed("127.0.0.1"),
      port: Config.integer("PORT"),
      prefix: Config.string("PREFIX")
    }).pipe(Layer.provide(Layer.setConfigProvider(provider)))
    const before = Date.now()
    return withStores(layer, async (store) => {
      const use = (issuedAt: number, nonce: string) => {
        const now = Date.now()
        return Effect.runPromise(
          store.use({
            nonce,
            nc: 1,
            window: 0,
            issuedAt,
            serial: 0,
            expiresAt: issuedAt + 60_000,
            now
          })
        )
      }
      assert.isFalse(await use(before - 1, "old"))
      assert.isTrue(await use(Date.now() + 1000, "new"))
      assert.isFalse(await use(Date.now() + 1000, "new"))
    })
  })

  it("makes nothing replayable when Redis comes back with a part of what it had", async () => {
    const directory = mkdtempSync(join(tmpdir(), "redis-"))
    const own = await freePort()
    let server = await startRedis(own, directory)
    const options = { host: "127.0.0.1", port: own, retryStrategy: () => 50 }
    try {
      await withStores(DigestNoncesRedis.layer(options), async (store) => {
        let serial = 0
        const use = (nonce: string, issuedAt: number) => {
          const expiresAt = issuedAt + 60_000
          const now = Date.now()
          return Effect.runPromise(
            store.use({ nonce, nc: 1, window: 0, issuedAt, serial: serial++, expiresAt, now })
          )
        }
        // the first use may be before the store has reached Redis
        const later = Date.now() + 1000
        assert.isTrue(await use("in the snapshot", later))
        const client = new Redis(options)
        await client.save()
        client.disconnect()
        const issuedAt = Date.now()
        assert.isTrue(await use("lost", issuedAt))
        assert.isFalse(await use("lost", issuedAt))
        await stop(server)
        server = await startRedis(own, directory)
        assert.isFalse(await use("lost", issuedAt))
        assert.isFalse(await use("never used", issuedAt))
        // its snapshot was read
        assert.isFalse(await use("in the snapshot", later))
        assert.isTrue(await use("fresh", Date.now() + 1000))
      })
    } finally {
      await stop(server)
      rmSync(directory, { recursive: true })
    }
  })

  it("tells no secret when it can't connect", async () => {
    const none = await freePort()
    const layer = DigestNoncesRedis.layer({ host: "127.0.0.1", port: none, timeout: 200 })
    await withStores(layer, async (store) => {
      const now = Date.now()
      const use = {
        nonce: "a nonce",
        nc: 1,
        window: 0,
        issuedAt: now,
        serial: 0,
        expiresAt: now + 1000,
        now
      }
      const error = await Effect.runPromise(Effect.flip(store.use(use)))
      assert.strictEqual(error.message, "Redis did not answer within 200ms")
      assert.notInclude(JSON.stringify(error), "a nonce")
    })
  })
})

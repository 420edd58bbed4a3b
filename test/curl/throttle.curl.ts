/** A throttle whose counters several servers share, in a real Redis. */
import { layer as rateLimiterLayer } from "@effect/experimental/RateLimiter"
import { layerStore } from "@effect/experimental/RateLimiter/Redis"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { ChildProcess } from "node:child_process"
import * as HttpBasic from "../../src/HttpBasic.ts"
import * as PasswordHash from "../../src/PasswordHash.ts"
import * as Throttle from "../../src/Throttle.ts"
import { curl, freePort, serve, type Server, startRedis, stop } from "./support.ts"

let port = 0
let redis: ChildProcess
let servers: ReadonlyArray<Server> = []

const passwordHash = PasswordHash.scrypt({ ln: 8 })

/** Each call makes what a machine of its own would make. */
const startServer = async (): Promise<Server> => {
  const stored = await Effect.runPromise(passwordHash.hash(Redacted.make("secret")))
  const users = HttpBasic.make().pipe(
    HttpBasic.authenticate({
      passwordHash,
      findUser: (username) =>
        Effect.succeed(
          username === "nobody" ?
            Option.none()
          : Option.some({ principal: username, passwordHash: stored })
        ),
      throttle: Throttle.make({
        account: { limit: 3, window: "1 minute" },
        address: { limit: 1000, window: "1 minute" },
        timeout: "1 second"
      })
    })
  )
  return serve(
    users,
    Layer.provide(
      rateLimiterLayer,
      layerStore({ host: "127.0.0.1", port, maxRetriesPerRequest: 1 })
    )
  )
}

beforeAll(async () => {
  port = await freePort()
  redis = await startRedis(port)
  servers = await Promise.all([startServer(), startServer()])
})
afterAll(async () => {
  redis.kill("SIGCONT")
  await Promise.all(servers.map((server) => server.close()))
  await stop(redis)
})

const login = async (machine: number, user: string): Promise<number> => {
  const { status } = await curl("-u", user, `${servers[machine]?.url}/`)
  return status
}

describe("two servers that share a Redis", () => {
  it("count the guesses at an account together, known or not", async () => {
    for (const account of ["johndoe", "nobody"]) {
      const statuses = []
      for (const machine of [0, 1, 0, 1, 0]) statuses.push(await login(machine, `${account}:wrong`))
      assert.deepStrictEqual(statuses, [401, 401, 401, 429, 429])
    }
    // whoever did not come before can't be told from a guesser
    assert.strictEqual(await login(1, "johndoe:secret"), 429)
  })

  it("count no right password that is remembered", async () => {
    const statuses = []
    for (let time = 0; time < 6; time++) statuses.push(await login(0, "jill:secret"))
    assert.deepStrictEqual(statuses, [200, 200, 200, 200, 200, 200])
    // it was one attempt of three
    assert.strictEqual(await login(1, "jill:wrong"), 401)
    assert.strictEqual(await login(1, "jill:wrong"), 401)
    assert.strictEqual(await login(1, "jill:wrong"), 429)
    assert.strictEqual(await login(0, "jill:secret"), 200)
  })

  it("let nobody new in while it hangs, and go on afterwards", async () => {
    redis.kill("SIGSTOP")
    assert.strictEqual(await login(0, "new:secret"), 503)
    redis.kill("SIGCONT")
    assert.strictEqual(await login(0, "new:secret"), 200)
  })
})

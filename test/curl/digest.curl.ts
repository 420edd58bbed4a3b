/** curl as a client of Digest and Basic. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as DigestNonces from "../../src/DigestNonces.ts"
import * as HttpBasic from "../../src/HttpBasic.ts"
import * as HttpDigest from "../../src/HttpDigest.ts"
import * as Security from "../../src/Security.ts"
import * as SecurityError from "../../src/SecurityError.ts"
import { curl, curlVersion, serve, type Server, startDemo } from "./support.ts"
import { clockAt } from "../support/line.ts"

// ----------------------------------------------------------------------------
// users
// ----------------------------------------------------------------------------

const passwords: ReadonlyMap<string, string> = new Map([
  ["johndoe", "secret"],
  ["J\u00E4s\u00F8n \u5F20", "Pa\u00DF:w\u00F6rt \u20AC\u{1F511}"],
  ['a"b\\c, d=e', 'p"\\:']
])

const digestOf = (options: HttpDigest.Options<"HTTPDigest", never>) => {
  const digest = HttpDigest.make({ realm: "items", ...options })
  const users = [...passwords].map(([username, password]) => ({
    principal: username,
    ...HttpDigest.hashUser(digest, { username, password: Redacted.make(password) })
  }))
  return digest.pipe(
    HttpDigest.authenticate({
      findUser: (username) =>
        Effect.succeed(Option.fromNullable(users.find(({ principal }) => principal === username))),
      findUserByHash: (userhash, { algorithm }) =>
        Effect.succeed(
          Option.fromNullable(users.find((user) => user.userhash[algorithm] === userhash))
        )
    })
  )
}

const basic = HttpBasic.make({ realm: "items" }).pipe(
  Security.authenticate(({ password, username }) =>
    passwords.get(username) === Redacted.value(password) ?
      Effect.succeed(Security.grant(username))
    : Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))
  )
)

const memory = DigestNonces.layerMemory()

/** What curl is let in as, after the challenge that it asks for first. */
const checkPasses = async (server: Server, username: string, ...args: ReadonlyArray<string>) => {
  const answer = await curl(
    ...args,
    "-u",
    `${username}:${passwords.get(username)}`,
    `${server.url}/a/b?c=d&e=%20`
  )
  assert.deepStrictEqual(answer.statuses, [401, 200], answer.body)
  assert.deepStrictEqual(JSON.parse(answer.body), { username })
  return answer.sent.at(-1) ?? ""
}

// ----------------------------------------------------------------------------
// Digest
// ----------------------------------------------------------------------------

const offers: Readonly<
  Record<string, readonly [HttpDigest.Options<"HTTPDigest", never>, sent: RegExp]>
> = {
  default: [{}, /algorithm=SHA-256\b/],
  "SHA-256 before MD5": [{ algorithms: ["SHA-256", "MD5"] }, /algorithm=SHA-256\b/],
  MD5: [{ algorithms: ["MD5"] }, /algorithm=MD5\b/],
  "SHA-256-sess": [{ algorithms: ["SHA-256-sess"] }, /algorithm=SHA-256-sess\b/i],
  "MD5-sess": [{ algorithms: ["MD5-sess"] }, /algorithm=MD5-sess\b/i],
  "SHA-512-256 after SHA-256": [{ algorithms: ["SHA-256", "SHA-512-256"] }, /algorithm=SHA-256\b/],
  "auth and auth-int": [{ qop: ["auth", "auth-int"] }, /qop=auth\b/],
  "auth-int alone": [{ qop: ["auth-int"] }, /qop=auth-int\b/],
  opaque: [{ opaque: "FQhe/qaU925+==" }, /opaque="FQhe\/qaU925\+=="/],
  userhash: [{ userhash: true }, /userhash=true/],
  "a realm to be escaped": [{ realm: 'the "old" \\ api' }, /realm="the \\"old\\" \\\\ api"/]
}

describe("curl --digest", () => {
  for (const [name, [options, sent]] of Object.entries(offers)) {
    it(name, async () => {
      const server = await serve(digestOf(options), memory)
      try {
        for (const username of passwords.keys()) {
          assert.match(await checkPasses(server, username, "--digest"), sent)
        }
        const wrong = await curl("--digest", "-u", "johndoe:wrong", server.url)
        assert.deepStrictEqual(wrong.statuses, [401, 401])
        const unknown = await curl("--digest", "-u", "nobody:secret", server.url)
        assert.deepStrictEqual(unknown.statuses, [401, 401])
      } finally {
        await server.close()
      }
    })
  }

  it("SHA-512-256 alone, which curl before 8.7 sums wrongly", async () => {
    const [major, minor] = await curlVersion()
    const isRight = major > 8 || (major === 8 && minor >= 7)
    const server = await serve(digestOf({ algorithms: ["SHA-512-256"] }), memory)
    const answer = await curl("--digest", "-u", "johndoe:secret", server.url)
    await server.close()
    assert.deepStrictEqual(answer.statuses, [401, isRight ? 200 : 401])
  })

  it("counts up, and its header can't be sent again", async () => {
    const server = await serve(digestOf({}), memory)
    const url = `${server.url}/redirect/2`
    const { sent, statuses } = await curl("--digest", "-L", "-u", "johndoe:secret", url)
    assert.deepStrictEqual(statuses, [401, 302, 302, 200])
    assert.deepStrictEqual(
      sent.map((value) => /nc=(\d+)/.exec(value)?.[1]),
      ["00000001", "00000002", "00000003"]
    )
    for (const value of sent) {
      const [, path = ""] = /uri="([^"]*)"/.exec(value) ?? []
      const replayed = await curl("-H", `Authorization: ${value}`, server.url + path)
      assert.deepStrictEqual(replayed.statuses, [401])
    }
    await server.close()
  })

  it("goes on with a fresh nonce when its own is stale", async () => {
    let offset = 0
    const clock = clockAt(() => Date.now() + offset)
    const aging = Effect.tap(
      Effect.withClock(digestOf({ nonces: DigestNonces.make({ lifetime: "1 minute" }) }), clock),
      () => Effect.sync(() => (offset += 60_000))
    )
    const server = await serve(aging, memory)
    const url = `${server.url}/redirect/2`
    const { sent, statuses } = await curl("--digest", "-L", "-u", "johndoe:secret", url)
    await server.close()
    assert.deepStrictEqual(statuses, [401, 302, 401, 302, 401, 200])
    assert.deepStrictEqual(
      sent.map((value) => /nc=(\d+)/.exec(value)?.[1]),
      ["00000001", "00000002", "00000001", "00000002", "00000001"]
    )
  })

  it("with a body", async () => {
    const server = await serve(digestOf({}), memory)
    for (const args of [
      ["-d", "a=1"],
      ["-X", "PUT", "--data-binary", "x".repeat(10_000)],
      ["-X", "DELETE"],
      ["-I"]
    ]) {
      const answer = await curl(...args, "--digest", "-u", "johndoe:secret", server.url)
      assert.deepStrictEqual(answer.statuses, [401, 200])
    }
    await server.close()
  })
})

// ----------------------------------------------------------------------------
// Basic
// ----------------------------------------------------------------------------

describe("curl --basic", () => {
  let server: Server
  beforeAll(async () => {
    server = await serve(basic, Layer.empty)
  })
  afterAll(() => server.close())

  it("is let in with the right password", async () => {
    for (const [username, password] of passwords) {
      const answer = await curl("--basic", "-u", `${username}:${password}`, server.url)
      assert.deepStrictEqual(answer.statuses, [200])
      assert.deepStrictEqual(JSON.parse(answer.body), { username })
    }
  })

  it("is refused with a wrong one", async () => {
    for (const user of ["johndoe:wrong", "nobody:secret", "johndoe:", ":"]) {
      assert.deepStrictEqual((await curl("--basic", "-u", user, server.url)).statuses, [401])
    }
  })
})

describe("curl --anyauth", () => {
  it("takes Digest where Basic is offered as well", async () => {
    const server = await serve(Security.anyOf(basic, digestOf({})), memory)
    assert.match(await checkPasses(server, "johndoe", "--anyauth"), /^Digest /)
    await server.close()
  })
})

// ----------------------------------------------------------------------------
// the demo
// ----------------------------------------------------------------------------

describe("the demo", () => {
  let server: Server
  beforeAll(async () => {
    server = await startDemo()
  }, 60_000)
  afterAll(() => server.close())

  it("GET /digest", async () => {
    const url = `${server.url}/digest`
    const right = await curl("--digest", "-u", "johndoe:secret", url)
    assert.deepStrictEqual(right.statuses, [401, 200])
    assert.deepStrictEqual(JSON.parse(right.body), { username: "johndoe" })
    const [sent = ""] = right.sent
    assert.match(sent, /algorithm=SHA-256\b/)
    assert.deepStrictEqual((await curl("-H", `Authorization: ${sent}`, url)).statuses, [401])
    const wrong = await curl("--digest", "-u", "johndoe:wrong", url)
    assert.deepStrictEqual(wrong.statuses, [401, 401])
  })

  it("GET /basic", async () => {
    const url = `${server.url}/basic`
    assert.strictEqual((await curl("--basic", "-u", "johndoe:secret", url)).status, 200)
    assert.strictEqual((await curl("--basic", "-u", "johndoe:wrong", url)).status, 401)
  })
})

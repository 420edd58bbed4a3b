import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { NodeContext } from "@effect/platform-node"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { createHmac } from "node:crypto"
import { createServer } from "node:http"
import * as DigestNonces from "../src/DigestNonces.ts"
import * as HttpDigest from "../src/HttpDigest.ts"
import * as HttpBasic from "../src/HttpBasic.ts"
import * as Security from "../src/Security.ts"
import * as SecurityMiddleware from "../src/SecurityMiddleware.ts"
import { exchange, parseAnswer, serve, utf8, valuesOf } from "./schemes/support.ts"
import * as Client from "./support/digest.ts"
import { clockAt } from "./support/line.ts"

// ----------------------------------------------------------------------------
// a server
// ----------------------------------------------------------------------------

const algorithms = [
  "SHA-256",
  "SHA-256-sess",
  "SHA-512-256",
  "SHA-512-256-sess",
  "MD5",
  "MD5-sess"
] as const

const passwords: ReadonlyMap<string, string> = new Map([
  ["johndoe", "secret"],
  ["J\u00E4s\u00F8n Doe", "Secret, or not? \u20AC\u{1F511}"],
  ['a"b\\c, d=e:f', 'p"\\:'],
  ["", ""]
])

/** The users of a scheme, as they are stored. */
const usersOf = (scheme: Security.Top) => {
  const users = [...passwords].map(([username, password]) => ({
    principal: username,
    ...HttpDigest.hashUser(scheme, { username, password: Redacted.make(password) })
  }))
  return {
    findUser: (username: string) =>
      Effect.succeed(Option.fromNullable(users.find(({ principal }) => principal === username))),
    findUserByHash: (userhash: string, { algorithm }: HttpDigest.Lookup) =>
      Effect.succeed(
        Option.fromNullable(users.find((user) => user.userhash[algorithm] === userhash))
      )
  }
}

/** A clock that stands still until it is set. */
class Time {
  now = 1_700_000_000_000
  readonly clock: Clock.Clock = clockAt(() => this.now)
}

interface Setup {
  readonly scheme?: HttpDigest.Options<"HTTPDigest", never>
  readonly verifier?: Partial<HttpDigest.VerifierOptions<string, never, never>>
  readonly capacity?: number
  readonly store?: DigestNonces.StoreService
  readonly respond?: (
    username: string
  ) => Effect.Effect<
    HttpServerResponse.HttpServerResponse,
    never,
    HttpServerRequest.HttpServerRequest
  >
  readonly time?: Time
}

const greet = (username: string) => Effect.succeed(HttpServerResponse.unsafeJson({ username }))

const appOf = ({
  capacity,
  respond = greet,
  scheme,
  store,
  time = new Time(),
  verifier
}: Setup) => {
  const digest = HttpDigest.make(scheme ?? {})
  const user = digest.pipe(HttpDigest.authenticate({ ...usersOf(digest), ...verifier }))
  const service =
    store ??
    Effect.runSync(
      Effect.withClock(
        DigestNonces.makeMemory(capacity === undefined ? {} : { capacity }),
        time.clock
      )
    )
  return Effect.flatMap(user, respond).pipe(
    Effect.provideService(DigestNonces.Store, service),
    Effect.withClock(time.clock)
  )
}

const handlerOf = (setup: Setup = {}) => HttpApp.toWebHandler(appOf(setup))

type Handler = ReturnType<typeof handlerOf>

const target = "/dir/index.html?a=1&b=%20"

const get = (handler: Handler, authorization?: string, init: RequestInit = {}, path = target) =>
  handler(
    new Request(`http://localhost${path}`, {
      ...init,
      ...(authorization !== undefined && { headers: { ...init.headers, authorization } })
    })
  )

const challengesOf = (response: Response) =>
  Client.challengesIn(response.headers.get("www-authenticate"))

/** What a right client answers to the challenge of an algorithm. */
const answerTo = (
  [first, ...others]: ReadonlyArray<Client.Challenge>,
  changes: Partial<Client.Answer> = {}
): Client.Answer => {
  const chosen = [first, ...others].find((each) => each?.algorithm === changes.algorithm) ?? first
  assert(chosen !== undefined)
  return {
    username: "johndoe",
    password: "secret",
    realm: chosen.realm,
    nonce: chosen.nonce,
    uri: target,
    method: "GET",
    algorithm: chosen.algorithm,
    qop: "auth",
    nc: "00000001",
    cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv",
    opaque: chosen.opaque,
    userhash: false,
    body: "",
    ...changes
  }
}

const challenged = async (handler: Handler): Promise<ReadonlyArray<Client.Challenge>> => {
  const refused = await get(handler)
  assert.strictEqual(refused.status, 401)
  return challengesOf(refused)
}

const check = async (response: Response, status: number, stale?: "true") => {
  assert.strictEqual(response.status, status, await response.clone().text())
  if (status !== 401) return
  const [challenge] = challengesOf(response)
  assert.strictEqual(challenge?.stale, stale)
  assert.deepInclude(await response.json(), { reason: "invalid" })
  assert.isNull(response.headers.get("authentication-info"))
}

// ----------------------------------------------------------------------------
// vectors
// ----------------------------------------------------------------------------

describe("RFC 7616, section 3.9", () => {
  const mufasa = {
    nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    nc: "00000001",
    cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    qop: "auth",
    method: "GET",
    uri: "/dir/index.html"
  } as const
  const user = {
    username: "Mufasa",
    realm: "http-auth@example.org",
    password: Redacted.make("Circle of Life")
  }

  it("3.9.1, SHA-256", () => {
    assert.strictEqual(
      HttpDigest.response(HttpDigest.ha1(user), { ...mufasa, algorithm: "SHA-256" }),
      "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    )
  })

  it("3.9.1, MD5", () => {
    assert.strictEqual(
      HttpDigest.response(HttpDigest.ha1({ ...user, algorithm: "MD5" }), {
        ...mufasa,
        algorithm: "MD5"
      }),
      "8ca523f5e9506fed4657c9700eebdbec"
    )
  })

  it("3.9.2, SHA-512-256 and userhash, as erratum 4897 corrects it", () => {
    const algorithm = "SHA-512-256"
    const jason = { username: "J\u00E4s\u00F8n Doe", realm: "api@example.org", algorithm } as const
    assert.strictEqual(
      HttpDigest.userhash(jason),
      "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    )
    assert.strictEqual(
      HttpDigest.response(
        HttpDigest.ha1({ ...jason, password: Redacted.make("Secret, or not?") }),
        {
          algorithm,
          nonce: "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
          nc: "00000001",
          cnonce: "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
          qop: "auth",
          method: "GET",
          uri: "/doe.json"
        }
      ),
      "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"
    )
  })

  it("normalises what is stored", () => {
    const stored = (username: string, password: string) =>
      Redacted.value(HttpDigest.ha1({ username, realm: "r", password: Redacted.make(password) }))
    assert.strictEqual(stored("\u00E4", "\u00F8\u00E9"), stored("a\u0308", "\u00F8e\u0301"))
    assert.notStrictEqual(stored("\u00E4", ""), stored("a", ""))
    assert.notStrictEqual(stored("\uFB01", ""), stored("fi", ""))
    assert.strictEqual(
      HttpDigest.userhash({ username: "\u00E4", realm: "r" }),
      HttpDigest.userhash({ username: "a\u0308", realm: "r" })
    )
  })
})

// ----------------------------------------------------------------------------
// right digests
// ----------------------------------------------------------------------------

describe("a right digest", () => {
  const handler = handlerOf({
    scheme: {
      realm: "items",
      algorithms,
      qop: ["auth", "auth-int"],
      userhash: true,
      opaque: "FQhe/qaU925"
    }
  })

  for (const algorithm of algorithms) {
    for (const qop of ["auth", "auth-int"]) {
      for (const userhash of [false, true]) {
        it(`${algorithm}, ${qop}${userhash ? ", userhash" : ""}`, async () => {
          for (const [username, password] of passwords) {
            const answer = answerTo(await challenged(handler), {
              algorithm,
              qop,
              userhash,
              username,
              password,
              method: "POST",
              body: "a body \u20AC"
            })
            const response = await get(handler, Client.authorization(answer), {
              method: "POST",
              body: answer.body
            })
            await check(response, 200)
            const body = await response.text()
            assert.deepStrictEqual(JSON.parse(body), { username })
            assert.strictEqual(
              response.headers.get("authentication-info"),
              `qop=${qop}, rspauth="${Client.rspauth(answer, body)}", cnonce="${answer.cnonce}", nc=00000001`
            )
          }
        })
      }
    }
  }

  it("passes, and with any one field changed does not", async () => {
    const changes: Readonly<Record<string, (value: string) => string>> = {
      username: () => '"alice"',
      realm: () => '"other"',
      nonce: (value) =>
        value.replace(/.(.)$/, (_, mark) => `${value.at(-2) === "A" ? "B" : "A"}${mark}`),
      uri: (value) => value.replace("index", "other"),
      algorithm: (value) => (value === "MD5" ? "SHA-256" : "MD5"),
      qop: (value) => (value === "auth" ? "auth-int" : "auth"),
      nc: (value) => value.replace(/.$/, (digit) => (digit === "f" ? "e" : "f")),
      cnonce: () => '"other"',
      opaque: () => '"other"',
      response: (value) =>
        value.replace(/.(.)$/, (_, mark) => `${value.at(-2) === "a" ? "b" : "a"}${mark}`),
      userhash: () => "true",
      none: (value) => value
    }
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...algorithms),
        fc.constantFrom("auth", "auth-int"),
        fc.constantFrom(...passwords),
        fc.constantFrom(...Object.keys(changes)),
        fc.string({ minLength: 1 }).filter((text) => /^[ -~]+$/.test(text)),
        fc.integer({ min: 1, max: 0xffffffff }),
        async (algorithm, qop, [username, password], field, cnonce, count) => {
          const sent = Client.parameters(
            answerTo(await challenged(handler), {
              algorithm,
              qop,
              username,
              password,
              cnonce,
              nc: count.toString(16).padStart(8, "0")
            })
          )
          const changed = { ...sent, [field]: changes[field]?.(sent[field] ?? "") }
          if (field === "none") delete changed["none"]
          const isSame = JSON.stringify(changed) === JSON.stringify(sent)
          await check(await get(handler, Client.print(changed)), isSame ? 200 : 401)
        }
      ),
      { numRuns: 500 }
    )
  })

  it("is asked for by the first challenge, SHA-256", async () => {
    const [first, ...others] = await challenged(handlerOf())
    assert.strictEqual(first?.algorithm, "SHA-256")
    assert.deepStrictEqual(others, [])
  })

  it("takes hexadecimal digits and names in capitals", async () => {
    const sent = Client.parameters(answerTo(await challenged(handler)))
    const response = `"${(sent["response"] ?? "").replaceAll('"', "").toUpperCase()}"`
    const capitals = { ...sent, response, algorithm: "sha-256", qop: "AUTH" }
    // the name of the qop is summed as it is defined
    await check(await get(handler, Client.print(capitals)), 200)
  })

  it("takes the absolute form of the target", async () => {
    const answer = answerTo(await challenged(handler), { uri: `http://localhost${target}` })
    await check(await get(handler, Client.authorization(answer)), 200)
  })

  it("gives scopes", async () => {
    const digest = HttpDigest.make({ scopes: { read: "Read", write: "Write" } })
    const stored = HttpDigest.hashUser(digest, {
      username: "johndoe",
      password: Redacted.make("secret")
    })
    const user = digest.pipe(
      HttpDigest.authenticate({
        findUser: () =>
          Effect.succeedSome({ principal: "johndoe", ha1: stored.ha1, scopes: ["read"] })
      })
    )
    const store = Effect.runSync(DigestNonces.makeMemory())
    for (const [expression, status] of [
      [Security.scopes(user, "read"), 200],
      [Security.scopes(user, "write"), 403]
    ] as const) {
      const handler = HttpApp.toWebHandler(
        Effect.provideService(Effect.flatMap(expression, greet), DigestNonces.Store, store)
      )
      const answer = answerTo(await challenged(handler))
      const response = await get(handler, Client.authorization(answer))
      await check(response, status)
      // the digest was right
      assert.include(response.headers.get("authentication-info") ?? "", "rspauth=")
    }
  })
})

// ----------------------------------------------------------------------------
// wrong digests
// ----------------------------------------------------------------------------

/** Everything that a client can get wrong, with a response that is right for what it sends. */
const wrong: Readonly<Record<string, Partial<Client.Answer>>> = {
  "another password": { password: "Secret" },
  "no password": { password: "" },
  "an unknown user": { username: "nobody" },
  "a user of a prototype": { username: "__proto__" },
  "a user in another case": { username: "JOHNDOE" },
  "a user of another's password": { username: "", password: "secret" },
  "another realm": { realm: "other" },
  "a realm in another case": { realm: "Items" },
  "no realm": { realm: "" },
  "another algorithm": { algorithm: "MD5" },
  "another algorithm, in session": { algorithm: "SHA-256-sess" },
  "an unknown algorithm": { algorithm: "SHA-1" },
  "an algorithm of a prototype": { algorithm: "constructor" },
  "another qop": { qop: "auth-int" },
  "an unknown qop": { qop: "auth-conf" },
  "another method": { method: "POST" },
  "a method in another case": { method: "get" },
  "another path": { uri: "/dir/other.html?a=1&b=%20" },
  "another query": { uri: "/dir/index.html?a=2&b=%20" },
  "no query": { uri: "/dir/index.html" },
  "more query": { uri: `${target}&c=3` },
  "an escape undone": { uri: "/%64ir/index.html?a=1&b=%20" },
  "an escape in another case": { uri: "/dir/index.html?a=1&b=%20#" },
  "a dot segment": { uri: `/dir/.${target.slice(4)}` },
  "a path beside": { uri: `/x/..${target}` },
  "another host": { uri: `http://example.org${target}` },
  "any host": { uri: `//localhost${target}` },
  "an asterisk": { uri: "*" },
  "nc of 0": { nc: "00000000" },
  "no opaque": { opaque: undefined },
  "another opaque": { opaque: "other" },
  "an empty opaque": { opaque: "" },
  userhash: { userhash: true }
}

/** What can't be right, whatever its response. */
const broken: Readonly<Record<string, Record<string, string | undefined>>> = {
  "no algorithm, which is MD5": { algorithm: undefined },
  "no qop": { qop: undefined },
  "the form of RFC 2069": { qop: undefined, nc: undefined, cnonce: undefined },
  "an empty response": { response: '""' },
  "a response of zeros": { response: `"${"0".repeat(64)}"` },
  "a short response": { response: '"00"' },
  "a long response": { response: `"${"0".repeat(4096)}"` },
  "a response of MD5's length": { response: `"${"0".repeat(32)}"` },
  "a list of qops": { qop: '"auth,auth-int"' },
  "nc twice": { NC: "00000001" },
  "nc of nine digits": { nc: "000000001" },
  "nc with a sign": { nc: '"+0000001"' },
  "a name and an extended name": { "username*": "UTF-8''johndoe" },
  "an extended name for a hash": {
    username: undefined,
    "username*": "UTF-8''johndoe",
    userhash: "true"
  },
  "userhash of neither": { userhash: "maybe" },
  "an empty nonce": { nonce: '""' },
  "a nonce of one character": { nonce: '"x"' },
  "a nonce of another's shape": { nonce: '"dcd98b7102dd2f0e8b11d0f600bfb0c093"' },
  "a nonce of zeros": { nonce: `"${"A".repeat(72)}"` },
  "a nonce in another alphabet": { nonce: `"${"+/".repeat(36)}"` },
  "a long nonce": { nonce: `"${"n".repeat(8192)}"` },
  "a nonce beyond ASCII": { nonce: '"\u00FF"' },
  "a cnonce with a line break": { cnonce: '"a\tb"' },
  "a name that is no UTF-8": { username: '"\u00FF\u00FE"' },
  "a name with a NUL's escape": { username: undefined, "username*": "UTF-8''a%00" },
  "a long name": { username: `"${"u".repeat(8192)}"` },
  "a uri that is a prototype's": { uri: '"__proto__"' },
  "an empty uri": { uri: '""' },
  "nothing but unknown parameters": {
    ...Object.fromEntries(
      [
        "username",
        "realm",
        "nonce",
        "uri",
        "algorithm",
        "qop",
        "nc",
        "cnonce",
        "response",
        "opaque"
      ].map((name) => [name, undefined])
    ),
    x: "1"
  }
}

describe("a wrong digest", () => {
  const setup: Setup = { scheme: { realm: "items", opaque: "o" } }
  const handler = handlerOf(setup)
  let server: Awaited<ReturnType<typeof serve>>
  beforeAll(async () => {
    server = await serve(appOf(setup), createServer)
  })
  afterAll(() => server.close())

  /** Through node:http, over a socket. */
  const send = async (authorization?: string) =>
    parseAnswer(
      await exchange(
        server.port,
        [
          `GET ${target} HTTP/1.1`,
          "Host: localhost",
          "Connection: close",
          ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
          "\r\n"
        ].join("\r\n")
      )
    )
  const sendable = (authorization: string) => !/[^\t -~\u0080-\u00FF]/.test(authorization)
  const challengesOver = async () => Client.challengesIn((await send()).challenges.join(", "))

  const checkBoth = async (
    make: (challenges: ReadonlyArray<Client.Challenge>) => string,
    status: number
  ) => {
    const overFetch = make(await challenged(handler))
    assert.isTrue(sendable(overFetch))
    const response = await get(handler, overFetch)
    const answer = await send(make(await challengesOver()))
    assert.strictEqual(answer.status, status, answer.body)
    assert.strictEqual(response.status, status)
    if (status !== 401) return
    for (const challenges of [
      challengesOf(response),
      Client.challengesIn(answer.challenges.join(", "))
    ]) {
      assert.deepInclude(challenges[0], { algorithm: "SHA-256", stale: undefined, opaque: "o" })
    }
    assert.deepStrictEqual(valuesOf(answer.headers, "authentication-info"), [])
    assert.notInclude(answer.body, "stack")
  }

  /** What who signs with a text is answered, where a lookup finds a row of anything. */
  const overRow = async (row: unknown, key: string) => {
    const lines: Array<string> = []
    const logger = Logger.map(Logger.logfmtLogger, (line) => void lines.push(line))
    const app = appOf({
      verifier: {
        // what a table of no types holds
        findUser: () => Effect.succeedSome(row as HttpDigest.User<string>)
      }
    })
    const rows = HttpApp.toWebHandler(
      Effect.provide(app, Logger.replace(Logger.defaultLogger, logger))
    )
    const answer = answerTo(await challenged(rows))
    const response = HttpDigest.response(Redacted.make(key), {
      ...answer,
      algorithm: "SHA-256",
      qop: "auth",
      body: undefined
    })
    const sent = Client.print({ ...Client.parameters(answer), response: `"${response}"` })
    return { lines, response: await get(rows, sent) }
  }

  it("is told from a right one", async () => {
    await checkBoth((challenges) => Client.authorization(answerTo(challenges)), 200)
  })

  it.for(Object.entries(wrong))("%s", async ([, changes]) => {
    await checkBoth((challenges) => Client.authorization(answerTo(challenges, changes)), 401)
  })

  it.for(Object.entries(broken))("%s", async ([, changes]) => {
    await checkBoth(
      (challenges) => Client.print({ ...Client.parameters(answerTo(challenges)), ...changes }),
      401
    )
  })

  it("of a method that the request has not", async () => {
    for (const method of ["POST", "HEAD", "PUT", "OPTIONS"]) {
      const answer = answerTo(await challenged(handler))
      const response = await get(handler, Client.authorization(answer), { method })
      assert.strictEqual(response.status, 401)
    }
  })

  it("of a user without H(A1) for the algorithm", async () => {
    const { ha1 } = HttpDigest.hashUser(HttpDigest.make({ algorithms: ["MD5"] }), {
      username: "johndoe",
      password: Redacted.make("secret")
    })
    const both = handlerOf({
      scheme: { algorithms: ["SHA-256", "MD5"] },
      verifier: { findUser: () => Effect.succeedSome({ principal: "johndoe", ha1 }) }
    })
    const challenges = await challenged(both)
    await check(await get(both, Client.authorization(answerTo(challenges))), 401)
    const old = answerTo(challenges, { algorithm: "MD5" })
    await check(await get(both, Client.authorization(old)), 200)
  })

  it("whose H(A1) is the password", async () => {
    const plain = handlerOf({
      verifier: {
        findUser: () =>
          Effect.succeedSome({ principal: "x", ha1: { "SHA-256": Redacted.make("secret") } })
      }
    })
    await check(await get(plain, Client.authorization(answerTo(await challenged(plain)))), 401)
  })

  it("over what is stored, if that is no H(A1): it is refused, and the log is told", async () => {
    const stored: Readonly<Record<string, unknown>> = {
      "an empty text": Redacted.make(""),
      "null in words": Redacted.make("null"),
      "undefined in words": Redacted.make("undefined"),
      "null that is redacted": Redacted.make(null),
      "an object": Redacted.make({}),
      "a digit too few": Redacted.make("a".repeat(63)),
      "a digit too many": Redacted.make("a".repeat(65)),
      "a line more": Redacted.make(`${"a".repeat(64)}\n`),
      "no hexadecimal digit": Redacted.make("g".repeat(64)),
      "of MD5's length": Redacted.make("a".repeat(32)),
      "a text that is not redacted": "a".repeat(64)
    }
    for (const [name, ha1] of Object.entries(stored)) {
      const key = Redacted.isRedacted(ha1) ? String(Redacted.value(ha1)) : String(ha1)
      const { lines, response } = await overRow({ principal: "x", ha1: { "SHA-256": ha1 } }, key)
      await check(response, 401)
      assert.lengthOf(lines, 1, name)
      assert.include(lines[0], "store what HttpDigest.hashUser makes")
      if (key.length > 30) assert.notInclude(lines[0], key)
    }
  })

  it("over a row that is none: it is refused, and the log is told", async () => {
    for (const row of [Object, {}, { ha1: null }, { ha1: "a".repeat(64) }]) {
      const { lines, response } = await overRow(row, "undefined")
      await check(response, 401)
      assert.lengthOf(lines, 1)
    }
  })

  it("over no H(A1) for the algorithm, of which the log is not told", async () => {
    for (const ha1 of [{}, { "SHA-256": undefined }, { "SHA-256": null }]) {
      const { lines, response } = await overRow({ principal: "x", ha1 }, "undefined")
      await check(response, 401)
      assert.deepStrictEqual(lines, [])
    }
  })

  it("is told from a right one over H(A1) in capitals", async () => {
    const { ha1 } = HttpDigest.hashUser(HttpDigest.make(), {
      username: "johndoe",
      password: Redacted.make("secret")
    })
    assert(ha1["SHA-256"] !== undefined)
    const stored = Redacted.make(Redacted.value(ha1["SHA-256"]).toUpperCase())
    const capitals = handlerOf({
      verifier: {
        findUser: () => Effect.succeedSome({ principal: "x", ha1: { "SHA-256": stored } })
      }
    })
    const answer = answerTo(await challenged(capitals))
    await check(await get(capitals, Client.authorization(answer)), 200)
  })

  it("asks for a user by hash with the digits in lower case, and by name else", async () => {
    const asked: Array<string> = []
    const hashing = handlerOf({
      scheme: { userhash: true },
      verifier: {
        findUser: (username) => Effect.sync(() => (asked.push(username), Option.none())),
        findUserByHash: (userhash, lookup) =>
          Effect.sync(
            () => (asked.push(`${userhash} ${lookup.realm} ${lookup.algorithm}`), Option.none())
          )
      }
    })
    const answer = answerTo(await challenged(hashing), { userhash: true })
    const sent = Client.parameters(answer)
    const name = sent["username"] ?? ""
    await get(hashing, Client.print({ ...sent, username: name.toUpperCase() }))
    await get(hashing, Client.print({ ...sent, username: '"J%C3%A4s"', userhash: "false" }))
    assert.deepStrictEqual(asked, [`${name.replaceAll('"', "")} api SHA-256`, "J%C3%A4s"])
  })

  it("compares the target that a proxy tells", async () => {
    const behind = handlerOf({
      verifier: {
        target: (request) => request.headers["x-original-uri"]
      }
    })
    const answer = () =>
      challenged(behind).then((challenges) => Client.authorization(answerTo(challenges)))
    const rewritten = (headers: Record<string, string>) => async () =>
      get(behind, await answer(), { headers }, "/internal")
    await check(await rewritten({ "x-original-uri": target })(), 200)
    await check(await rewritten({ "x-original-uri": "/internal" })(), 401)
    await check(await rewritten({})(), 401)
    await check(await get(behind, await answer()), 401)
  })
})

// ----------------------------------------------------------------------------
// nonces
// ----------------------------------------------------------------------------

const nc = (count: number) => count.toString(16).padStart(8, "0")

describe("a nonce", () => {
  it("is used once for each count, and only upwards", async () => {
    const handler = handlerOf()
    const challenges = await challenged(handler)
    const use = async (count: number) =>
      get(handler, Client.authorization(answerTo(challenges, { nc: nc(count) })))
    await check(await use(1), 200)
    await check(await use(1), 401, "true")
    await check(await use(2), 200)
    await check(await use(16), 200)
    await check(await use(3), 401, "true")
    await check(await use(16), 401, "true")
    await check(await use(17), 200)
    await check(await use(0xffffffff), 200)
    await check(await use(0xffffffff), 401, "true")
  })

  it("is not used by a wrong digest", async () => {
    const handler = handlerOf()
    const challenges = await challenged(handler)
    await check(
      await get(handler, Client.authorization(answerTo(challenges, { password: "x" }))),
      401
    )
    await check(await get(handler, Client.authorization(answerTo(challenges))), 200)
  })

  it("is replaced by a fresh one, which the client goes on with", async () => {
    const handler = handlerOf()
    const authorization = Client.authorization(answerTo(await challenged(handler)))
    await check(await get(handler, authorization), 200)
    const replayed = await get(handler, authorization)
    await check(replayed.clone(), 401, "true")
    await check(await get(handler, Client.authorization(answerTo(challengesOf(replayed)))), 200)
  })

  it("is stale for every algorithm", async () => {
    const handler = handlerOf({ scheme: { algorithms: ["SHA-256", "MD5"] } })
    const authorization = Client.authorization(answerTo(await challenged(handler)))
    await get(handler, authorization)
    const challenges = challengesOf(await get(handler, authorization))
    assert.deepStrictEqual(
      challenges.map(({ algorithm, stale }) => [algorithm, stale]),
      [
        ["SHA-256", "true"],
        ["MD5", "true"]
      ]
    )
  })

  it("may be used in parallel, each count once", async () => {
    const handler = handlerOf({ verifier: { ncWindow: 16 } })
    const challenges = await challenged(handler)
    const counts = Array.from({ length: 16 }, (_, index) => 16 - index)
    const send = () =>
      Promise.all(
        counts.map((count) =>
          get(handler, Client.authorization(answerTo(challenges, { nc: nc(count) })))
        )
      )
    assert.deepStrictEqual(new Set((await send()).map(({ status }) => status)), new Set([200]))
    assert.deepStrictEqual(new Set((await send()).map(({ status }) => status)), new Set([401]))
  })

  it("lets one of many that are the same in", async () => {
    const handler = handlerOf({ verifier: { ncWindow: 256 } })
    const authorization = Client.authorization(answerTo(await challenged(handler)))
    const responses = await Promise.all(
      Array.from({ length: 50 }, () => get(handler, authorization))
    )
    assert.lengthOf(
      responses.filter(({ status }) => status === 200),
      1
    )
  })

  it("expires, and a wrong digest over it is not told so", async () => {
    const time = new Time()
    const handler = handlerOf({
      time,
      scheme: { nonces: DigestNonces.make({ lifetime: "1 minute" }) }
    })
    const challenges = await challenged(handler)
    const use = async (count: number, changes: Partial<Client.Answer> = {}) =>
      get(handler, Client.authorization(answerTo(challenges, { nc: nc(count), ...changes })))
    time.now += 59_999
    await check(await use(1), 200)
    time.now += 1
    await check(await use(2, { password: "x" }), 401)
    await check(await use(2, { username: "nobody" }), 401)
    const stale = await use(2)
    await check(stale.clone(), 401, "true")
    await check(await get(handler, Client.authorization(answerTo(challengesOf(stale)))), 200)
  })

  it("is followed by another in the last quarter of its life", async () => {
    const time = new Time()
    const handler = handlerOf({
      time,
      scheme: { nonces: DigestNonces.make({ lifetime: "4 minutes" }) }
    })
    const challenges = await challenged(handler)
    const infoOf = async (answer: Client.Answer) => {
      const response = await get(handler, Client.authorization(answer))
      await check(response, 200)
      return response.headers.get("authentication-info") ?? ""
    }
    time.now += 179_999
    assert.notInclude(await infoOf(answerTo(challenges)), "nextnonce")
    time.now += 1
    const info = await infoOf(answerTo(challenges, { nc: nc(2) }))
    const [, nonce = ""] = /^nextnonce="([\w-]{72})", qop=auth, rspauth=/.exec(info) ?? []
    time.now += 120_000
    assert.notInclude(await infoOf(answerTo(challenges, { nonce })), "nextnonce")
  })

  it("from the future is stale, from a clock that is a little ahead is not", async () => {
    const time = new Time()
    const handler = handlerOf({ time })
    const challenges = await challenged(handler)
    time.now -= 60_001
    await check(await get(handler, Client.authorization(answerTo(challenges))), 401, "true")
    time.now += 1
    await check(await get(handler, Client.authorization(answerTo(challenges))), 200)
  })

  it("that another made is stale for who knows the password, and nothing else", async () => {
    const secret = Redacted.make("0123456789abcdef0123456789abcdef")
    const ours = handlerOf({ scheme: { realm: "a", nonces: DigestNonces.make({ secret }) } })
    const stranger = (setup: HttpDigest.Options<"HTTPDigest", never>) =>
      challenged(handlerOf({ scheme: setup }))
    for (const challenges of [
      await stranger({ realm: "a" }),
      await stranger({
        realm: "a",
        nonces: DigestNonces.make({ secret: Redacted.make("another secret of 32 bytes or more") })
      }),
      await stranger({ realm: "b", nonces: DigestNonces.make({ secret }) }),
      await stranger({ realm: "a", opaque: "o", nonces: DigestNonces.make({ secret }) })
    ]) {
      const changes = { realm: "a", opaque: undefined }
      const right = answerTo(challenges, changes)
      await check(await get(ours, Client.authorization(right)), 401, "true")
      const wrong = answerTo(challenges, { ...changes, password: "x" })
      await check(await get(ours, Client.authorization(wrong)), 401)
    }
    // another machine that shares the secret
    const [known] = await stranger({ realm: "a", nonces: DigestNonces.make({ secret }) })
    assert(known !== undefined)
    await check(await get(ours, Client.authorization(answerTo([known]))), 200)
  })

  it("is its own with every bit as it was, and else is not", () => {
    const issuer = DigestNonces.make().bind("realm", "opaque")
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 8.64e15 }),
        fc.integer({ min: 0, max: 54 * 8 - 1 }),
        (now, bit) => {
          const nonce = issuer.issue(now)
          assert.match(nonce, /^[\w-]{72}$/)
          assert.strictEqual(issuer.read(nonce)?.issuedAt, now)
          const bytes = Buffer.from(nonce, "base64url")
          const byte = bit >> 3
          bytes.writeUInt8(bytes.readUInt8(byte) ^ (1 << (bit & 7)), byte)
          assert.isUndefined(issuer.read(bytes.toString("base64url")))
        }
      )
    )
    const nonce = issuer.issue(0)
    const others = [`${nonce}=`, ` ${nonce}`, `${nonce}\n`, nonce.slice(1), `${nonce}A`, ""]
    for (const other of others) assert.isUndefined(issuer.read(other))
  })

  it("has a secret that no one is shown, and that a Config can give", async () => {
    const secret = "0123456789abcdef0123456789abcdef"
    const provider = ConfigProvider.fromMap(new Map([["DIGEST_SECRET", secret]]))
    const made = await Effect.runPromise(
      Effect.withConfigProvider(
        DigestNonces.makeConfig({ secret: Config.redacted("DIGEST_SECRET") }),
        provider
      )
    )
    const same = DigestNonces.make({ secret: Redacted.make(secret) })
    assert.strictEqual(same.bind("a").read(made.bind("a").issue(5))?.issuedAt, 5)
    assert.notInclude(JSON.stringify(made), secret)
  })
})

// ----------------------------------------------------------------------------
// the store
// ----------------------------------------------------------------------------

const issuer = DigestNonces.make().bind("the store")

/** What a fresh nonce says. */
const issuedAt = (now: number): DigestNonces.Issued => {
  const issued = issuer.read(issuer.issue(now))
  assert(issued !== undefined)
  return issued
}

const memoryOf = (capacity?: number): DigestNonces.StoreService =>
  Effect.runSync(DigestNonces.makeMemory(capacity === undefined ? {} : { capacity }))

/** A store that forgets nothing: what another may let in, this one has to. */
class Model {
  private readonly used = new Map<string, Set<number>>()
  use({ nc, nonce, window }: DigestNonces.Use): boolean {
    const used = this.used.get(nonce) ?? new Set()
    this.used.set(nonce, used)
    const top = Math.max(0, ...used)
    const isFirst = nc > 0 && nc >= top - window && !used.has(nc)
    if (isFirst) used.add(nc)
    return isFirst
  }
}

const uses = (nonces: number) =>
  fc.array(
    fc.record({
      nonce: fc.integer({ min: 0, max: nonces - 1 }),
      nc: fc.integer({ min: 0, max: 40 }),
      wait: fc.integer({ min: 0, max: 50 })
    }),
    { maxLength: 200 }
  )

describe("the store in memory", () => {
  it("decides as one that forgets nothing, while it has room", () =>
    fc.assert(
      fc.property(uses(8), fc.integer({ min: 0, max: 12 }), (sequence, window) => {
        const store = memoryOf()
        const model = new Model()
        const { now } = new Time()
        const issued = Array.from({ length: 8 }, () => issuedAt(now))
        for (const { nc, nonce } of sequence) {
          const says = issued[nonce] ?? issuedAt(now)
          const use = { nonce: `${nonce}`, nc, window, ...says, expiresAt: now + 1e9, now }
          assert.strictEqual(Effect.runSync(store.use(use)), model.use(use))
        }
      })
    ))

  it("lets in nothing twice, however little room it has", () =>
    fc.assert(
      fc.property(
        uses(64),
        fc.integer({ min: 2, max: 16 }),
        fc.integer({ min: 0, max: 12 }),
        (sequence, capacity, window) => {
          const time = new Time()
          const store = memoryOf(capacity)
          const model = new Model()
          const issued = new Map<number, DigestNonces.Issued>()
          for (const { nc, nonce, wait } of sequence) {
            // half of the time back, less than forth
            time.now += wait % 2 === 0 ? 2 * wait : -wait
            const { now } = time
            const says = issued.get(nonce) ?? issuedAt(now)
            issued.set(nonce, says)
            const expiresAt = says.issuedAt + 100
            if (now >= expiresAt) continue
            const use = { nonce: `${nonce}`, nc, window, ...says, expiresAt, now }
            if (Effect.runSync(store.use(use))) assert.isTrue(model.use(use))
          }
        }
      )
    ))

  it("when full refuses what it had to forget, and takes what is fresh", async () => {
    const time = new Time()
    const handler = handlerOf({ time, capacity: 8 })
    const answers: Array<Client.Answer> = []
    for (let index = 0; index < 100; index++) {
      time.now++
      const answer = answerTo(await challenged(handler))
      await check(await get(handler, Client.authorization(answer)), 200)
      answers.push(answer)
    }
    for (const answer of answers) {
      await check(await get(handler, Client.authorization(answer)), 401, "true")
    }
    for (const answer of answers.slice(0, 90)) {
      const next = { ...answer, nc: nc(2) }
      await check(await get(handler, Client.authorization(next)), 401, "true")
    }
    const next = answerTo(challengesOf(await get(handler)))
    await check(await get(handler, Client.authorization(next)), 200)
  })

  it("makes room by what has expired, and forgets nothing else", () => {
    const time = new Time()
    const store = memoryOf(8)
    const use = (
      nonce: string,
      count: number,
      lifetime: number,
      says: DigestNonces.Issued = issuedAt(time.now)
    ) => {
      const { now } = time
      const expiresAt = says.issuedAt + lifetime
      return Effect.runSync(store.use({ nonce, nc: count, window: 0, ...says, expiresAt, now }))
    }
    const long = issuedAt(time.now)
    assert.isTrue(use("long", 1, 1e9, long))
    for (let index = 0; index < 1000; index++) {
      assert.isTrue(use(`short ${index}`, 1, 1))
      time.now++
    }
    assert.isFalse(use("long", 1, 1e9, long))
    assert.isTrue(use("long", 2, 1e9, long))
  })

  it("refuses what has expired when the clock is set back, and goes on with what is fresh", async () => {
    const time = new Time()
    const nonces = DigestNonces.make({ lifetime: "1 minute" })
    const handler = handlerOf({ time, capacity: 8, scheme: { nonces } })
    const use = async () => {
      const authorization = Client.authorization(answerTo(await challenged(handler)))
      await check(await get(handler, authorization), 200)
      return authorization
    }
    const first = await use()
    time.now += 60_000
    // they take its room
    for (let index = 0; index < 8; index++) await use()
    time.now -= 1000
    await check(await get(handler, first), 401, "true")
    await check(await get(handler, await use()), 401, "true")
    // a clock that was an hour ahead keeps nobody out
    time.now += 3_600_000
    for (let index = 0; index < 8; index++) await use()
    time.now -= 3_600_000
    await use()
  })

  it("refuses what is older than itself, whatever the clock says", async () => {
    for (const passed of [0, 1, 30_000, -30_000]) {
      const time = new Time()
      const scheme = { nonces: DigestNonces.make() }
      const before = handlerOf({ time, scheme })
      const answer = answerTo(await challenged(before))
      await check(await get(before, Client.authorization(answer)), 200)
      time.now += passed
      const after = handlerOf({ time, scheme })
      await check(await get(after, Client.authorization(answer)), 401, "true")
      time.now += 30_000
      await check(await get(after, Client.authorization(answer)), 401, "true")
      await check(await get(after, Client.authorization(answerTo(await challenged(after)))), 200)
    }
  })

  it("refuses what this process made before it was restarted, whatever the clock says", async () => {
    const time = new Time()
    const text = "0123456789abcdef0123456789abcdef"
    const handler = handlerOf({
      time,
      scheme: { realm: "a", nonces: DigestNonces.make({ secret: Redacted.make(text) }) }
    })
    const [challenge] = await challenged(handler)
    assert(challenge !== undefined)
    // the same time and serial, another process
    const head = Buffer.from(challenge.nonce, "base64url").subarray(0, 22)
    head[8] = (head[8] ?? 0) ^ 1
    const hmac = (key: string | Buffer, data: string | Buffer) =>
      createHmac("sha256", key).update(data).digest()
    const key = hmac(text, JSON.stringify(["effect-security/DigestNonces", "a", ""]))
    const nonce = Buffer.concat([head, hmac(key, head)]).toString("base64url")
    for (const passed of [0, -30_000, 60_000]) {
      time.now += passed
      const other = Client.authorization(answerTo([{ ...challenge, nonce }]))
      await check(await get(handler, other), 401, "true")
    }
    await check(await get(handler, Client.authorization(answerTo([challenge]))), 200)
  })
})

describe("a store that fails", () => {
  const logged: Array<string> = []
  const logger = Logger.replace(
    Logger.defaultLogger,
    Logger.map(Logger.logfmtLogger, (line) => void logged.push(line))
  )
  const failing: DigestNonces.StoreService = {
    use: () => Effect.fail(new DigestNonces.StoreError({ message: "Redis failed" }))
  }

  it("is 503 for a right digest, never a pass, and 401 for a wrong one", async () => {
    const handler = HttpApp.toWebHandler(Effect.provide(appOf({ store: failing }), logger))
    const answer = answerTo(await challenged(handler))
    const response = await get(handler, Client.authorization(answer))
    await check(response, 503)
    assert.strictEqual(response.headers.get("retry-after"), "5")
    assert.isNull(response.headers.get("authentication-info"))
    await check(await get(handler, Client.authorization({ ...answer, password: "x" })), 401)
    assert.lengthOf(logged, 1)
    assert.include(logged[0], "Digest nonces: Redis failed")
    for (const secret of [answer.nonce, answer.username, Client.response(answer)]) {
      assert.notInclude(logged.join(), secret)
    }
  })
})

// ----------------------------------------------------------------------------
// expressions
// ----------------------------------------------------------------------------

describe("in an expression", () => {
  const digest = HttpDigest.make()
  const user = digest.pipe(HttpDigest.authenticate(usersOf(digest)))
  const provided = <A, E>(
    app: Effect.Effect<A, E, HttpServerRequest.HttpServerRequest | DigestNonces.Store>
  ) =>
    Effect.provideService(
      app,
      DigestNonces.Store,
      Effect.runSync(Effect.withClock(DigestNonces.makeMemory(), new Time().clock))
    )

  it("a request is let in however often it is evaluated, and its replay is not", async () => {
    const twice = Effect.zipRight(user, Effect.flatMap(user, greet))
    const handler = HttpApp.toWebHandler(
      provided(Effect.zipRight(twice, Effect.flatMap(user, greet)))
    )
    const authorization = Client.authorization(answerTo(await challenged(handler)))
    await check(await get(handler, authorization), 200)
    await check(await get(handler, authorization), 401, "true")
  })

  it("a request is let in by several of one scheme, and as whatever it was modified to", async () => {
    const other = digest.pipe(HttpDigest.authenticate(usersOf(digest)))
    const mounted = HttpRouter.empty.pipe(
      HttpRouter.mountApp(
        "/dir",
        HttpRouter.empty.pipe(
          HttpRouter.get(
            "/index.html",
            Security.guard(other, (username) => greet(username))
          )
        )
      )
    )
    const handler = HttpApp.toWebHandler(provided(Effect.zipRight(user, mounted)))
    const authorization = Client.authorization(answerTo(await challenged(handler)))
    await check(await get(handler, authorization), 200)
    await check(await get(handler, authorization), 401, "true")
  })

  it("a request is let in by many at once, and asks each store once", async () => {
    const other = digest.pipe(HttpDigest.authenticate(usersOf(digest)))
    const memory = Effect.runSync(DigestNonces.makeMemory())
    let asked = 0
    const slow: DigestNonces.StoreService = {
      use: (use) =>
        Effect.suspend(() => {
          asked++
          return Effect.zipRight(Effect.yieldNow(), memory.use(use))
        })
    }
    const handler = HttpApp.toWebHandler(
      Effect.all([user, other, user, other], { concurrency: "unbounded" }).pipe(
        Effect.flatMap(([username]) => greet(username)),
        Effect.provideService(DigestNonces.Store, slow)
      )
    )
    const authorization = Client.authorization(answerTo(await challenged(handler)))
    await check(await get(handler, authorization), 200)
    assert.strictEqual(asked, 1)
    await check(await get(handler, authorization), 401, "true")
  })

  it("a request that a store could not decide is asked for again, and another store is asked too", async () => {
    let asked = 0
    const memory = Effect.runSync(DigestNonces.makeMemory())
    const failingOnce: DigestNonces.StoreService = {
      use: (use) =>
        Effect.suspend(() =>
          asked++ === 0 ? new DigestNonces.StoreError({ message: "down" }) : memory.use(use)
        )
    }
    const inStore = (store: DigestNonces.StoreService) =>
      Effect.provideService(user, DigestNonces.Store, store)
    const silent = Logger.remove(Logger.defaultLogger)
    const handler = HttpApp.toWebHandler(
      inStore(failingOnce).pipe(
        Effect.catchTag("ServiceUnavailable", () => inStore(failingOnce)),
        Effect.zipRight(inStore({ use: () => Effect.succeed(false) })),
        Effect.flatMap(greet),
        Effect.provide(silent)
      )
    )
    const authorization = Client.authorization(answerTo(await challenged(handler)))
    await check(await get(handler, authorization), 401, "true")
    assert.strictEqual(asked, 2)
  })

  it("beside another scheme", async () => {
    const basic = HttpBasic.make().pipe(
      Security.authenticate(({ username }) => Effect.succeed(Security.grant(username)))
    )
    const handler = HttpApp.toWebHandler(
      provided(Effect.flatMap(Security.anyOf(user, basic), greet))
    )
    const refused = await get(handler)
    assert.match(refused.headers.get("www-authenticate") ?? "", /^Digest .*, Basic realm="api"/)
    const authorization = Client.authorization(answerTo(challengesOf(refused)))
    await check(await get(handler, authorization), 200)
    const replayed = await get(handler, authorization)
    assert.match(
      replayed.headers.get("www-authenticate") ?? "",
      /^Digest .*, stale=true, Basic realm="api"/
    )
    await check(await get(handler, `Basic ${btoa("a:b")}`), 200)
  })

  it("asks in a field line for each challenge, for clients that read no lists", async () => {
    const basic = HttpBasic.make()
    const both = HttpDigest.make({ algorithms: ["SHA-256", "MD5"] })
    const ask = Effect.as(Security.anyOf(both, basic), HttpServerResponse.empty())
    const { close, port } = await serve(ask, createServer)
    const request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    const { challenges } = parseAnswer(await exchange(port, request))
    await close()
    assert.deepStrictEqual(
      challenges.map((challenge) => /^Digest .*(algorithm=[^,]*)|^Basic/.exec(challenge)?.[1]),
      ["algorithm=SHA-256", "algorithm=MD5", undefined]
    )
    // a Fetch response has joined them
    const joined = (await get(HttpApp.toWebHandler(ask))).headers.get("www-authenticate")
    assert.match(
      joined ?? "",
      /^Digest .*algorithm=SHA-256, .*, Digest .*algorithm=MD5, .*, Basic realm="api"/
    )
  })

  it("after whose pass something else answers", async () => {
    for (const status of [204, 404, 500]) {
      const handler = HttpApp.toWebHandler(
        provided(Effect.map(user, () => HttpServerResponse.empty({ status })))
      )
      const response = await get(handler, Client.authorization(answerTo(await challenged(handler))))
      await check(response, status)
      assert.isNotNull(response.headers.get("authentication-info"))
    }
  })

  it("in an HttpApi", async () => {
    class Digest extends SecurityMiddleware.Tag<Digest>()("test/Digest", { security: user }) {}
    const api = HttpApi.make("api").add(
      HttpApiGroup.make("group").add(
        HttpApiEndpoint.get("digest", "/dir/index.html")
          .addSuccess(Schema.String)
          .middleware(Digest)
      )
    )
    const { dispose, handler } = HttpApiBuilder.toWebHandler(
      HttpApiBuilder.api(api).pipe(
        Layer.provide(
          HttpApiBuilder.group(api, "group", (handlers) =>
            handlers.handle("digest", () => Effect.succeed("in"))
          )
        ),
        Layer.provide(SecurityMiddleware.layer(Digest)),
        Layer.provide(DigestNonces.layerMemory()),
        Layer.merge(HttpServer.layerContext)
      )
    )
    const answer = answerTo(await challenged(handler))
    const response = await get(handler, Client.authorization(answer))
    await check(response, 200)
    assert.include(response.headers.get("authentication-info") ?? "", Client.rspauth(answer, ""))
    await check(await get(handler, Client.authorization(answer)), 401, "true")
    await dispose()
  })
})

// ----------------------------------------------------------------------------
// auth-int
// ----------------------------------------------------------------------------

const readers: Readonly<
  Record<string, (request: HttpServerRequest.HttpServerRequest) => Effect.Effect<unknown, unknown>>
> = {
  text: (request) => request.text,
  json: (request) => request.json,
  urlParamsBody: (request) => Effect.map(request.urlParamsBody, (parameters) => [...parameters]),
  arrayBuffer: (request) =>
    Effect.map(request.arrayBuffer, (bytes) => Buffer.from(bytes).toString("utf8")),
  stream: (request) => Stream.mkString(Stream.decodeText(request.stream)),
  "text, twice": (request) => Effect.zipRight(request.text, request.text),
  "text, then arrayBuffer": (request) =>
    Effect.zipRight(
      request.text,
      Effect.map(request.arrayBuffer, (bytes) => Buffer.from(bytes).toString("utf8"))
    ),
  multipart: (request) =>
    request.multipart.pipe(
      Effect.map(({ field }) => field),
      Effect.scoped,
      Effect.provide(NodeContext.layer)
    )
}

describe("auth-int", () => {
  const json = JSON.stringify({ "J\u00E4s\u00F8n": [1, "\u20AC"] })
  const form = "a=1&b=%E2%82%AC"
  const parts = '--b\r\nContent-Disposition: form-data; name="field"\r\n\r\nvalue\r\n--b--\r\n'
  const setup = (name: string): Setup => ({
    scheme: { qop: ["auth-int"] },
    verifier: { maxBodyBytes: 1000 },
    respond: () =>
      Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
        const [reader = "", isModified] = name.split(", modified")
        // as a router does that has a prefix
        const read =
          isModified === undefined ? request : request.modify({ url: "/" }).modify({ url: "/x" })
        return Effect.map(readers[reader]?.(read) ?? Effect.void, (value) =>
          HttpServerResponse.unsafeJson({ value })
        )
      }).pipe(Effect.orDie)
  })
  type Case = readonly [reader: string, type: string, body: string, value: unknown]
  const unmodified: ReadonlyArray<Case> = [
    ["text", "text/plain", "a text \u20AC", "a text \u20AC"],
    ["text, twice", "text/plain", "a text", "a text"],
    ["text, then arrayBuffer", "text/plain", "a text", "a text"],
    ["json", "application/json", json, JSON.parse(json)],
    [
      "urlParamsBody",
      "application/x-www-form-urlencoded",
      form,
      [
        ["a", "1"],
        ["b", "\u20AC"]
      ]
    ],
    ["arrayBuffer", "application/octet-stream", "bytes \u20AC", "bytes \u20AC"],
    ["stream", "application/octet-stream", "bytes \u20AC", "bytes \u20AC"],
    ["multipart", "multipart/form-data; boundary=b", parts, "value"]
  ]
  const cases = unmodified.flatMap((each): ReadonlyArray<Case> => {
    const [name, ...rest] = each
    return [each, [`${name}, modified`, ...rest]]
  })

  const digestOf = (challenges: ReadonlyArray<Client.Challenge>, body: string) =>
    answerTo(challenges, { qop: "auth-int", method: "POST", body })

  it.for(cases)("leaves the body to %s, of a Fetch request", async ([name, type, body, value]) => {
    const handler = handlerOf(setup(name))
    const answer = digestOf(await challenged(handler), body)
    const init = { method: "POST", body, headers: { "content-type": type } }
    const response = await get(handler, Client.authorization(answer), init)
    await check(response, 200)
    const text = await response.text()
    assert.deepStrictEqual(JSON.parse(text), { value })
    assert.include(response.headers.get("authentication-info") ?? "", Client.rspauth(answer, text))
    // the same with another body
    const changed = digestOf(await challenged(handler), body)
    await check(
      await get(handler, Client.authorization(changed), { ...init, body: `${body} ` }),
      401
    )
  })

  it.for(cases)("leaves the body to %s, of node:http", async ([name, type, body, value]) => {
    const { close, port } = await serve(appOf(setup(name)), createServer)
    const send = (authorization: string, sent: string, chunked: boolean) =>
      exchange(
        port,
        [
          `POST ${target} HTTP/1.1`,
          "Host: localhost",
          "Connection: close",
          `Content-Type: ${type}`,
          `Authorization: ${authorization}`,
          ...(chunked ?
            ["Transfer-Encoding: chunked", "", sent.length.toString(16), sent, "0", "", ""]
          : [`Content-Length: ${sent.length}`, "", sent])
        ].join("\r\n")
      ).then(parseAnswer)
    const challenges = async () =>
      Client.challengesIn((await send("Other", "", false)).challenges.join(", "))
    for (const chunked of [false, true]) {
      const right = digestOf(await challenges(), body)
      const passed = await send(Client.authorization(right), utf8(body), chunked)
      assert.strictEqual(passed.status, 200, passed.body)
      assert.deepStrictEqual(JSON.parse(passed.body), { value })
      const wrong = digestOf(await challenges(), body)
      const refused = await send(Client.authorization(wrong), `${utf8(body)} `, chunked)
      assert.strictEqual(refused.status, 401)
    }
    await close()
  })

  it("leaves the body to whatever has the same source", async () => {
    const digest = HttpDigest.make({ qop: ["auth-int"] })
    const user = digest.pipe(HttpDigest.authenticate(usersOf(digest)))
    const app = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
      const inner = Effect.provideService(
        user,
        HttpServerRequest.HttpServerRequest,
        request.modify({ url: "/inner" })
      )
      const text = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ text }) => text)
      return Effect.flatMap(Effect.zipRight(inner, Effect.zipRight(user, text)), greet)
    }).pipe(Effect.provideService(DigestNonces.Store, Effect.runSync(DigestNonces.makeMemory())))
    const { close, port } = await serve(app, createServer)
    const send = (...lines: ReadonlyArray<string>) =>
      exchange(
        port,
        [`POST ${target} HTTP/1.1`, "Host: x", "Connection: close", ...lines].join("\r\n")
      ).then(parseAnswer)
    const { challenges } = await send("", "")
    const answer = digestOf(Client.challengesIn(challenges.join(", ")), "abc")
    const authorization = Client.authorization(answer)
    const passed = await send(`Authorization: ${authorization}`, "Content-Length: 3", "", "abc")
    assert.deepStrictEqual([passed.status, passed.body], [200, '{"username":"abc"}'])
    await close()
  })

  it("bounds the body", async () => {
    const { close, port } = await serve(appOf(setup("text")), createServer)
    const handler = handlerOf(setup("text"))
    for (const [length, status] of [
      [0, 200],
      [1000, 200],
      [1001, 401],
      [100_000, 401]
    ] as const) {
      const body = "x".repeat(length)
      const answer = digestOf(await challenged(handler), body)
      const response = await get(handler, Client.authorization(answer), { method: "POST", body })
      await check(response, status)
      // chunked, so that only reading tells
      const { challenges } = parseAnswer(
        await exchange(port, `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
      )
      const sent = digestOf(Client.challengesIn(challenges.join(", ")), body)
      const answered = parseAnswer(
        await exchange(
          port,
          [
            `POST ${target} HTTP/1.1`,
            "Host: localhost",
            "Connection: close",
            "Transfer-Encoding: chunked",
            `Authorization: ${Client.authorization(sent)}`,
            "",
            ...(length === 0 ? [] : [length.toString(16), body]),
            "0",
            "",
            ""
          ].join("\r\n")
        )
      )
      assert.strictEqual(answered.status, status, answered.body)
    }
    await close()
  })

  it("bounds the body as the platform is told", async () => {
    const handler = HttpApp.toWebHandler(
      HttpIncomingMessage.withMaxBodySize(appOf(setup("text")), Option.some(10))
    )
    for (const [body, status] of [
      ["0123456789", 200],
      ["0123456789a", 401]
    ] as const) {
      const answer = digestOf(await challenged(handler), body)
      const response = await get(handler, Client.authorization(answer), { method: "POST", body })
      await check(response, status)
    }
  })

  it("refuses a body that breaks off, or was read before", async () => {
    const handler = handlerOf(setup("text"))
    const answer = digestOf(await challenged(handler), "abc")
    const body = new ReadableStream({
      pull: (controller) => controller.error(new Error("gone"))
    })
    const init = { method: "POST", body, duplex: "half" }
    await check(await get(handler, Client.authorization(answer), init), 401)
    const reading = HttpApp.toWebHandler(
      Effect.zipRight(
        Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => request.arrayBuffer),
        appOf(setup("text"))
      )
    )
    const again = digestOf(await challenged(reading), "abc")
    await check(
      await get(reading, Client.authorization(again), { method: "POST", body: "abc" }),
      401
    )
  })

  it("is not proven by rspauth where the response is a stream", async () => {
    const handler = handlerOf({
      scheme: { qop: ["auth", "auth-int"] },
      respond: () => Effect.succeed(HttpServerResponse.stream(Stream.make(new Uint8Array([1]))))
    })
    const challenges = await challenged(handler)
    const int = await get(handler, Client.authorization(answerTo(challenges, { qop: "auth-int" })))
    await check(int, 200)
    assert.isNull(int.headers.get("authentication-info"))
    const auth = await get(handler, Client.authorization(answerTo(challenges, { nc: nc(2) })))
    assert.include(auth.headers.get("authentication-info") ?? "", "rspauth")
  })

  it("proves an empty body to HEAD", async () => {
    const handler = handlerOf({ scheme: { qop: ["auth-int"] } })
    const answer = answerTo(await challenged(handler), { qop: "auth-int", method: "HEAD" })
    const response = await get(handler, Client.authorization(answer), { method: "HEAD" })
    assert.strictEqual(response.status, 200)
    assert.include(response.headers.get("authentication-info") ?? "", Client.rspauth(answer, ""))
  })
})

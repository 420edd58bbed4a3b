/** What a million distinct tokens, passwords, keys and nonces leave behind: no more than the bounds that the options say. */
import {
  FetchHttpClient,
  Headers as PlatformHeaders,
  HttpApp,
  HttpClient,
  HttpClientResponse,
  HttpServerRequest
} from "@effect/platform"
import { Context, Effect, Exit, ManagedRuntime, Option, Redacted } from "effect"
import {
  ApiKey,
  DigestNonces,
  HttpBasic,
  HttpBearer,
  HttpDigest,
  Introspection,
  Jwks,
  Jwt,
  type PasswordHash,
  Security,
  SecurityError
} from "effect-security"
import * as Throttle from "effect-security/Throttle"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { authorization } from "../support/digest.ts"
import { base64url } from "../support/tokens.ts"
import { audience, bearer, type Headers, issuer, makeKeys, token } from "./credentials.ts"
import { type Options, partOf } from "./harness.ts"
import * as Progress from "./progress.ts"
import { type Mark, number, type Report } from "./report.ts"
import { jwtExpression, url } from "./servers.ts"

interface Flood {
  readonly name: string
  /** The option that bounds it, and what it is here. */
  readonly bound: string
  readonly start: () => Promise<Started>
  /** What it does of the whole count, where each costs much: all of it by default. */
  readonly part?: number
}

interface Started {
  readonly send: (number: number) => Effect.Effect<unknown>
  /** What else has to be bounded, told at the end. */
  readonly marks?: () => ReadonlyArray<Mark>
  readonly stop?: () => void
}

const million = 1_000_000

/** The heap is looked at after each tenth. What is bounded is full after the first: no bound here is above 65,536. */
const parts = 10

/**
 * How much higher the second half of a flood may rise than the first, in MiB or as a part: what forgets a quarter of its
 * entries at a time is now here, now there.
 */
const allowance = { least: 2, part: 0.25 }

export const run = async (options: Options): Promise<Report> => {
  const count = Math.round(million * partOf(options))
  const rows = new Array<ReadonlyArray<string>>()
  const marks = new Array<Mark>()
  for (const flood of floods(count)) {
    const { row, told } = await measured(flood, Math.round(count * (flood.part ?? 1)))
    rows.push(row)
    marks.push(...told)
  }
  return {
    section: "memory",
    tables: [
      {
        title:
          "heap after distinct credentials (MiB over the start, after a collection, buffers included)",
        columns: [
          "credentials",
          "how many",
          "bounded by",
          "at a tenth",
          "at a half",
          "at the end",
          "highest, first half",
          "highest, second half",
          "seconds"
        ],
        rows
      }
    ],
    marks
  }
}

const measured = async (
  flood: Flood,
  count: number
): Promise<{ readonly row: ReadonlyArray<string>; readonly told: ReadonlyArray<Mark> }> => {
  const { marks, send, stop } = await flood.start()
  // what is loaded and compiled by the first ones is no credential
  await sendAll(send, -1000, 0)
  const before = heap()
  const sizes = new Array<number>()
  const progress = Progress.counter(`memory, ${flood.name}`, count)
  let seconds = 0
  for (let part = 0; part < parts; part++) {
    const [from, to] = [part, part + 1].map((each) => Math.round((count * each) / parts))
    const started = performance.now()
    await sendAll(send, from ?? 0, to ?? 0)
    seconds += (performance.now() - started) / 1000
    sizes.push(heap() - before)
    progress(to ?? 0)
  }
  const more = marks?.() ?? []
  stop?.()
  const half = parts / 2
  const [first, second] = [Math.max(...sizes.slice(0, half)), Math.max(...sizes.slice(half))]
  const allowed = Math.max(first + allowance.least, first * (1 + allowance.part))
  const told = [sizes[0], sizes[half - 1], sizes[parts - 1], first, second]
  return {
    row: [
      flood.name,
      shown(count),
      flood.bound,
      ...told.map((size = Number.NaN) => number(size)),
      number(seconds, 0)
    ],
    told: [
      {
        mark: "6 memory",
        case: `${flood.name}, ${shown(count)}`,
        measured: `at most ${number(first)} MiB in the first half, ${number(second)} in the second`,
        limit: `${number(allowed)} MiB`,
        verdict:
          globalThis.gc === undefined ? "unresolved"
          : second <= allowed ? "pass"
          : "miss"
      },
      ...more
    ]
  }
}

const heap = (): number => {
  globalThis.gc?.()
  globalThis.gc?.()
  const { external, heapUsed } = process.memoryUsage()
  return (heapUsed + external) / 2 ** 20
}

const sendAll = (
  send: (number: number) => Effect.Effect<unknown>,
  from: number,
  to: number
): Promise<void> => {
  let number = from
  return Effect.runPromise(
    Effect.whileLoop({
      while: () => number < to,
      body: () => send(number),
      step: () => {
        number++
      }
    })
  )
}

// ----------------------------------------------------------------------------
// requests
// ----------------------------------------------------------------------------

type Expression<E = unknown> = Effect.Effect<unknown, E, HttpServerRequest.HttpServerRequest>

type Expected = "passes" | "is refused"

/** Asks, each time with another request, and throws when the answer is not the expected one: the flood would be none. */
const asking = <E>(
  security: Expression<E>,
  expected: Expected,
  headers: (number: number) => Headers
): ((number: number) => Effect.Effect<unknown>) => {
  const asked = asker(security)
  return (number) =>
    Effect.map(asked(headers(number)), (exit) => {
      const isExpected =
        Exit.isSuccess(exit) ?
          expected === "passes"
        : expected === "is refused" && refusalOf(exit) instanceof SecurityError.Unauthorized
      if (!isExpected) throw new Error(`request ${number} has to be one that ${expected}`)
    })
}

/** A request that is `new` has a source of its own: what it used is remembered with that. */
const asker = <E>(
  security: Expression<E>,
  source: "new" | "one" = "one"
): ((headers: Headers) => Effect.Effect<Exit.Exit<unknown, E>>) => {
  // what a response is to get besides would pile up in the one fiber
  const asked = Effect.locally(
    Effect.exit(security),
    HttpApp.currentPreResponseHandlers,
    Option.none()
  )
  const request = (): HttpServerRequest.HttpServerRequest =>
    HttpServerRequest.fromWeb(new Request(url))
  const one = request()
  return (headers) =>
    Effect.suspend(() =>
      Effect.provideService(
        asked,
        HttpServerRequest.HttpServerRequest,
        (source === "one" ? one : request()).modify({
          headers: PlatformHeaders.fromInput(headers)
        })
      )
    )
}

const refusalOf = <E>(exit: Exit.Exit<unknown, E>): E | undefined =>
  Exit.isFailure(exit) && exit.cause._tag === "Fail" ? exit.cause.error : undefined

/** A hash that costs nothing: what is remembered of passwords is measured, not the hashing. */
const instant = (isRight: boolean): PasswordHash.PasswordHash => ({
  hash: () => Effect.succeed("instant"),
  verify: () => Effect.succeed(isRight),
  needsRehash: () => false
})

const basic = (number: number): Headers => ({
  authorization: `Basic ${Buffer.from(`user${number}:secret`).toString("base64")}`
})

const keyOf = (number: number): Headers => ({
  "x-api-key": `key_${String(number).padStart(16, "0")}_${"s".repeat(32)}`
})

// ----------------------------------------------------------------------------
// floods
// ----------------------------------------------------------------------------

const floods = (count: number): ReadonlyArray<Flood> => {
  const opaqueCapacity = capacityOf(10_000, count * opaquePart)
  const nonceCapacity = capacityOf(65_536, count)
  return [
    {
      name: "JWTs, right",
      bound: "Jwt: cache.capacity, 10,000",
      start: async () => {
        const keys = await makeKeys("HS256")
        return {
          send: asking(jwtExpression(keys), "passes", (number) => bearer(token(keys, number)))
        }
      }
    },
    {
      name: "JWTs, wrong",
      bound: "none is remembered",
      start: async () => {
        const expression = jwtExpression(await makeKeys("HS256"))
        const head = base64url(JSON.stringify({ alg: "HS256", typ: "at+jwt", kid: "bench-HS256" }))
        return {
          send: asking(expression, "is refused", (number) =>
            bearer(`${head}.e30.${(number >>> 0).toString(16).padStart(43, "A")}`)
          )
        }
      }
    },
    { name: "JWTs of unknown kid", bound: "none is remembered", start: unknownKids },
    {
      name: "opaque tokens, active",
      part: opaquePart,
      bound: `Introspection: cache.capacity, ${shown(opaqueCapacity)}`,
      start: () => opaque("passes", opaqueCapacity)
    },
    {
      name: "opaque tokens, inactive",
      part: opaquePart,
      bound: `Introspection: cache.capacity, ${shown(opaqueCapacity)}`,
      start: () => opaque("is refused", opaqueCapacity)
    },
    {
      name: "passwords, right",
      bound: "HttpBasic: remember.capacity, 1,000",
      start: async () => ({
        send: asking(
          HttpBasic.make({ realm: "api" }).pipe(
            HttpBasic.authenticate({
              findUser: (username) =>
                Effect.succeed(Option.some({ principal: username, passwordHash: "instant" })),
              passwordHash: instant(true)
            })
          ),
          "passes",
          basic
        )
      })
    },
    {
      name: "passwords, wrong, throttled: each another account and address",
      bound: "Throttle.layerMemory: capacity, 10,000",
      start: throttled
    },
    {
      name: "API keys, right",
      bound: "none is remembered",
      start: async () => ({
        send: asking(
          ApiKey.header("X-API-Key").pipe(
            Security.authenticate((key) => Effect.succeed(Security.grant(Redacted.value(key))))
          ),
          "passes",
          keyOf
        )
      })
    },
    {
      name: "API keys, unknown",
      bound: "none is remembered",
      start: async () => ({
        send: asking(
          ApiKey.header("X-API-Key").pipe(
            ApiKey.authenticate({ findKey: () => Effect.succeed(Option.none()) })
          ),
          "is refused",
          keyOf
        )
      })
    },
    {
      name: "refusals of one's own, each another",
      bound: "one is remembered of each expression",
      start: async () => ({
        send: asking(
          ApiKey.header("X-API-Key").pipe(
            Security.authenticate((key) =>
              Effect.fail(
                new SecurityError.Unauthorized({ reason: "invalid", message: Redacted.value(key) })
              )
            )
          ),
          "is refused",
          keyOf
        )
      })
    },
    {
      name: "Digest nonces, asked for",
      bound: "none is remembered",
      start: () => digests("asked")
    },
    {
      name: "Digest nonces, used",
      bound: `DigestNonces.layerMemory: capacity, ${shown(nonceCapacity)}`,
      start: () => digests("used", nonceCapacity)
    }
  ]
}

const shown = (count: number): string => count.toLocaleString("en-US")

/** The default, unless a short run would not fill it in its first tenth. */
const capacityOf = (byDefault: number, count: number): number =>
  Math.min(byDefault, Math.floor(count / 12))

/** Each is asked for by a request of its own, which costs ten times what the others do. */
const opaquePart = 0.1

/** A key set at a server of the loopback, which counts how often it is asked, and tokens that name other keys. */
const unknownKids = async (): Promise<Started> => {
  const keys = await makeKeys("RS256")
  const coolDown = 1
  let fetches = 0
  const server = createServer((_request, response) => {
    fetches++
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ keys: [keys.jwk] }))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve)
  })
  const { port } = server.address() as AddressInfo
  const runtime = ManagedRuntime.make(FetchHttpClient.layer)
  const { context } = await runtime.runtime()
  const expression = HttpBearer.make().pipe(
    Jwt.authenticate({
      issuer,
      audience,
      algorithms: ["RS256"],
      keys: Jwks.fromUrl(`http://127.0.0.1:${port}/jwks`, {
        allowHttp: true,
        coolDown: `${coolDown} seconds`
      })
    })
  )
  const [, claims = "", signature = ""] = token(keys, 0).split(".")
  const began = performance.now()
  const known = asker(Effect.provide(expression, context))
  if (Exit.isFailure(await Effect.runPromise(known(bearer(token(keys, 0)))))) {
    throw new Error("a token of the key that is there has to pass")
  }
  return {
    send: asking(Effect.provide(expression, context), "is refused", (number) =>
      bearer(
        `${base64url(JSON.stringify({ alg: "RS256", typ: "at+jwt", kid: `other-${number}` }))}.${claims}.${signature}`
      )
    ),
    marks: () => {
      const seconds = (performance.now() - began) / 1000
      // the first, and one for each cool-down that has begun
      const allowed = Math.floor(seconds / coolDown) + 2
      return [
        {
          mark: "6 fetches of a key set",
          case: "JWTs of unknown kid",
          measured: `${fetches} in ${number(seconds, 0)} s`,
          limit: `${allowed}: coolDown, ${coolDown} s here`,
          // without any the flood would be none
          verdict: fetches > 1 && fetches <= allowed ? "pass" : "miss"
        }
      ]
    },
    stop: () => server.close()
  }
}

/** An authorization server in the same process. */
const opaque = async (expected: Expected, capacity: number): Promise<Started> => {
  const answer = JSON.stringify(
    expected === "passes" ?
      { active: true, sub: "johndoe", aud: audience, token_type: "Bearer" }
    : { active: false }
  )
  const client = HttpClient.make((request) =>
    Effect.sync(() =>
      HttpClientResponse.fromWeb(
        request,
        new Response(answer, { headers: { "content-type": "application/json" } })
      )
    )
  )
  return {
    send: asking(
      HttpBearer.make().pipe(
        Introspection.authenticate({
          url: "https://id.example/introspect",
          client: { clientId: "bench", clientSecret: Redacted.make("secret") },
          audience,
          cache: { capacity }
        }),
        Effect.provideService(HttpClient.HttpClient, client)
      ),
      expected,
      (number) => bearer(`opaque-${number}`)
    )
  }
}

const throttled = async (): Promise<Started> => {
  const runtime = ManagedRuntime.make(Throttle.layerMemory())
  const { context } = await runtime.runtime()
  return {
    send: asking(
      HttpBasic.make({ realm: "api" }).pipe(
        HttpBasic.authenticate({
          findUser: () => Effect.succeed(Option.none()),
          passwordHash: instant(false),
          throttle: Throttle.make({ proxies: 1 })
        }),
        Effect.provide(context)
      ),
      "is refused",
      (number) => ({ ...basic(number), "x-forwarded-for": addressOf(number) })
    )
  }
}

/** Another IPv4 address each. */
const addressOf = (number: number): string =>
  [16, (number >>> 16) & 255, (number >>> 8) & 255, number & 255].join(".")

/** Nonces that clients are challenged with, and right digests over them. */
const digests = async (until: "asked" | "used", capacity?: number): Promise<Started> => {
  const scheme = HttpDigest.make({ realm: "api" })
  const password = "correct horse battery staple"
  const { ha1 } = HttpDigest.hashUser(scheme, {
    username: "johndoe",
    password: Redacted.make(password)
  })
  const runtime = ManagedRuntime.make(
    DigestNonces.layerMemory(capacity === undefined ? {} : { capacity })
  )
  const { context } = await runtime.runtime()
  const expression = scheme.pipe(
    HttpDigest.authenticate({
      findUser: (username) => Effect.succeed(Option.some({ principal: username, ha1 }))
    }),
    Effect.provide(Context.pick(DigestNonces.Store)(context))
  )
  const asked = asker(expression, "new")
  const challenged = Effect.map(asked({}), (exit) => {
    const refusal = refusalOf(exit)
    if (!(refusal instanceof SecurityError.Unauthorized)) throw new Error("no challenge")
    const nonce = refusal.challenges[0]?.parameters.find(({ name }) => name === "nonce")
    if (nonce === undefined) throw new Error("no nonce")
    return nonce.value
  })
  if (until === "asked") return { send: () => challenged }
  return {
    send: () =>
      Effect.flatMap(challenged, (nonce) =>
        Effect.map(
          asked({
            authorization: authorization({
              username: "johndoe",
              password,
              realm: "api",
              nonce,
              uri: "/me",
              method: "GET",
              algorithm: "SHA-256",
              qop: "auth",
              nc: "00000001",
              cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
              opaque: undefined,
              userhash: false,
              body: ""
            })
          }),
          (exit) => {
            if (Exit.isFailure(exit)) throw new Error("a right digest has to pass")
          }
        )
      )
  }
}

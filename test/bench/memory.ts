/** What a million distinct tokens, passwords, keys and nonces leave behind: no more than the bounds that the options say. */
import { HttpServerRequest, Headers as PlatformHeaders } from "@effect/platform"
import { Effect, Option, Redacted } from "effect"
import { ApiKey, HttpBasic, PasswordHash, Security, SecurityError } from "effect-security"
import * as ExpiringMap from "effect-security/ExpiringMap"
import { type Headers, makeKeys, token } from "./credentials.ts"
import type { Options } from "./harness.ts"
import { type Mark, number, type Report } from "./report.ts"
import { jwtExpression, url } from "./servers.ts"

interface Flood {
  readonly name: string
  /** The option that bounds it, and its default. */
  readonly bound: string
  readonly send: (number: number) => Effect.Effect<unknown>
}

const million = 1_000_000

/** How far the heap may grow from a tenth of the flood to its end, in MiB: what is bounded is full by then. */
const allowance = 2

export const run = async ({ rounds }: Options): Promise<Report> => {
  // a short run is told by few rounds
  const count = rounds >= 21 ? million : Math.round((million * rounds) / 21)
  const rows = new Array<ReadonlyArray<string>>()
  const marks = new Array<Mark>()
  for (const flood of await floods()) {
    const before = heap()
    const grown = [0.1, 0.5, 1].map((part) => Math.round(part * count))
    const sizes = new Array<number>()
    let sent = 0
    for (const until of grown) {
      await send(flood, sent, until)
      sent = until
      sizes.push(heap() - before)
    }
    rows.push([flood.name, flood.bound, ...sizes.map((size) => number(size))])
    const [early = Number.NaN, , late = Number.NaN] = sizes
    marks.push({
      mark: "6 memory",
      case: `${flood.name}, ${count.toLocaleString("en-US")}`,
      measured: `${number(late - early)} MiB more at the end than at a tenth`,
      limit: `${allowance} MiB`,
      verdict:
        globalThis.gc === undefined ? "unresolved"
        : late - early <= allowance ? "pass"
        : "miss"
    })
  }
  return {
    section: "memory",
    tables: [
      {
        title: `heap after ${count.toLocaleString("en-US")} distinct credentials (MiB over the start, after a collection)`,
        columns: ["credentials", "bounded by", "at a tenth", "at a half", "at the end"],
        rows
      }
    ],
    marks
  }
}

const heap = (): number => {
  globalThis.gc?.()
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 2 ** 20
}

const send = ({ send }: Flood, from: number, to: number): Promise<void> => {
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
// floods
// ----------------------------------------------------------------------------

const asking = (
  security: Effect.Effect<unknown, unknown, HttpServerRequest.HttpServerRequest>,
  headers: (number: number) => Headers
): ((number: number) => Effect.Effect<unknown>) => {
  const asked = Effect.exit(security)
  const request = HttpServerRequest.fromWeb(new Request(url))
  return (number) =>
    Effect.provideService(
      asked,
      HttpServerRequest.HttpServerRequest,
      request.modify({ headers: PlatformHeaders.fromInput(headers(number)) })
    )
}

/** A hash that costs nothing: what is remembered of passwords is measured, not the hashing. */
const instant: PasswordHash.PasswordHash = {
  hash: () => Effect.succeed("instant"),
  verify: () => Effect.succeed(true),
  needsRehash: () => false
}

const floods = async (): Promise<ReadonlyArray<Flood>> => {
  const keys = await makeKeys("HS256")
  const nonces = ExpiringMap.make<true>(10_000)
  return [
    {
      name: "tokens, right",
      bound: "Jwt: cache.capacity, 10,000",
      send: asking(jwtExpression(keys), (number) => ({
        authorization: `Bearer ${token(keys, number)}`
      }))
    },
    {
      name: "tokens, wrong",
      bound: "none is remembered",
      send: asking(jwtExpression(keys), (number) => ({
        authorization: `Bearer eyJhbGciOiJIUzI1NiJ9.e30.${number.toString(16).padStart(43, "A")}`
      }))
    },
    {
      name: "passwords, right",
      bound: "HttpBasic: remember.capacity, 1,000",
      send: asking(
        HttpBasic.make({ realm: "api" }).pipe(
          HttpBasic.authenticate({
            findUser: (username) =>
              Effect.succeed(Option.some({ principal: username, passwordHash: "instant" })),
            passwordHash: instant
          })
        ),
        (number) => ({
          authorization: `Basic ${Buffer.from(`user${number}:secret`).toString("base64")}`
        })
      )
    },
    {
      name: "keys, unknown",
      bound: "none is remembered",
      send: asking(
        ApiKey.header("X-API-Key").pipe(
          ApiKey.authenticate({ findKey: () => Effect.succeed(Option.none()) })
        ),
        (number) => ({ "x-api-key": `key_${String(number).padStart(16, "0")}_${"s".repeat(32)}` })
      )
    },
    {
      name: "refusals of one's own, each another",
      bound: "one is remembered of each expression",
      send: asking(
        ApiKey.header("X-API-Key").pipe(
          Security.authenticate((key) =>
            Effect.fail(
              new SecurityError.Unauthorized({ reason: "invalid", message: Redacted.value(key) })
            )
          )
        ),
        (number) => ({ "x-api-key": `key-${number}` })
      )
    },
    {
      name: "nonces",
      bound: "ExpiringMap: capacity, 10,000 here",
      send: (number) =>
        Effect.sync(() =>
          nonces.set(`nonce-${number}-${"n".repeat(32)}`, true, Date.now() + 60_000, Date.now())
        )
    }
  ]
}

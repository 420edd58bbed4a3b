/** What a guard costs: guarded minus unguarded, inside one fiber, and from a Request to a Response. */
import {
  algorithms,
  type Case,
  type Headers,
  type Keys,
  makeKeys,
  simple,
  tokenCase
} from "./credentials.ts"
import * as Gate from "./gate.ts"
import {
  clock,
  type Contender,
  difference,
  type Estimate,
  measure,
  noise,
  type Options,
  resolution,
  type Samples
} from "./harness.ts"
import { atMost, type Mark, number, type Report, type Table } from "./report.ts"
import {
  apis,
  fastifies,
  floors,
  forgetting,
  honos,
  inFiber,
  injected,
  overFetch,
  routers,
  type Server,
  type Simple,
  toWeb
} from "./servers.ts"

interface Guarded {
  readonly server: Server
  readonly base: string
}

const schemes: ReadonlyArray<Simple> = ["API key", "Basic", "Bearer"]

/** How many tokens go around where each is to be a new one. */
const distinct = 256

export const run = async (options: Options): Promise<Report> => {
  const tables = new Array<Table>()
  const marks = new Array<Mark>()
  const table = inFiberTable()
  for (const scheme of schemes) {
    const guarded = await inFiberSimple(scheme)
    const samples = await measured(
      guarded,
      await fiberBases(),
      simple[scheme],
      simple[scheme].right,
      options,
      new Set(),
      isFine
    )
    table.add(scheme, guarded, samples)
    marks.push(...guardMarks(scheme, samples))
  }
  tables.push(table.made(`guard, inside one fiber (µs of ${clock} that the guard adds)`))

  const tokens = inFiberTable()
  for (const alg of algorithms) {
    const keys = await makeKeys(alg)
    const credentials = tokenCase(keys, distinct)
    const guarded = await inFiberJwt(keys)
    const samples = await measured(
      guarded,
      await fiberBases(),
      credentials,
      credentials.right,
      options,
      new Set(["same token"])
    )
    tokens.add(alg, guarded, samples)
    marks.push(jwtMark(alg, samples))
    if (alg === "RS256") marks.push(cachedMark(alg, samples))
  }
  tables.push(
    tokens.made(
      `guard with a JWT, one at a time inside one fiber (µs of ${clock} that the guard adds)`
    )
  )

  const web = inFiberTable()
  for (const scheme of schemes) {
    const guarded = await webSimple(scheme)
    const samples = await measured(
      guarded,
      await webBases(),
      simple[scheme],
      simple[scheme].right,
      options
    )
    web.add(scheme, guarded, samples)
    await closed(guarded)
  }
  for (const alg of algorithms) {
    const keys = await makeKeys(alg)
    const credentials = tokenCase(keys, distinct)
    const guarded = await webJwt(keys)
    const samples = await measured(
      guarded,
      await webBases(),
      credentials,
      credentials.right,
      options,
      new Set(["same token"])
    )
    web.add(alg, guarded, samples)
    await closed(guarded)
  }
  tables.push(
    web.made(
      `guard, Request to Response, one at a time (µs of ${clock} that the guard adds)`,
      "Hono's jwk imports the key for each request. @fastify/jwt gives its application the error of a token of another algorithm without a status, which Fastify answers with 500: here an error handler makes it 401."
    )
  )
  return { section: "guard", tables, marks }
}

const closed = async (guarded: ReadonlyArray<Guarded>): Promise<void> => {
  for (const { server } of guarded) await server.close?.()
}

// ----------------------------------------------------------------------------
// contenders
// ----------------------------------------------------------------------------

const fiberBases = async (): Promise<ReadonlyArray<Server>> => [
  inFiber("HttpRouter", await routers.unguarded()),
  inFiber("HttpRouter again", await routers.unguarded()),
  inFiber("HttpApi", await apis.unguarded()),
  inFiber("HttpApi again", await apis.unguarded())
]

const inFiberSimple = async (scheme: Simple): Promise<ReadonlyArray<Guarded>> => [
  { server: inFiber("HttpRouter, by hand", await routers.byHand(scheme)), base: "HttpRouter" },
  { server: inFiber("HttpRouter, ours", await routers.ours(scheme)), base: "HttpRouter" },
  { server: inFiber("HttpApi, HttpApiSecurity", await apis.native(scheme)), base: "HttpApi" },
  { server: inFiber("HttpApi, ours", await apis.ours(scheme)), base: "HttpApi" },
  { server: inFiber("HttpApi, by hand", await apis.byHand(scheme)), base: "HttpApi" },
  { server: inFiber("HttpApi, a constant", await apis.constant()), base: "HttpApi" }
]

const inFiberJwt = async (keys: Keys): Promise<ReadonlyArray<Guarded>> => [
  { server: inFiber("HttpRouter, by hand, jose", await routers.jose(keys)), base: "HttpRouter" },
  { server: inFiber("HttpRouter, ours", await routers.jwt(keys, forgetting)), base: "HttpRouter" },
  { server: inFiber("HttpRouter, ours, same token", await routers.jwt(keys)), base: "HttpRouter" },
  { server: inFiber("HttpApi, HttpApiSecurity, jose", await apis.jose(keys)), base: "HttpApi" },
  { server: inFiber("HttpApi, ours", await apis.jwt(keys, forgetting)), base: "HttpApi" },
  { server: inFiber("HttpApi, ours, same token", await apis.jwt(keys)), base: "HttpApi" }
]

const webBases = async (): Promise<ReadonlyArray<Server>> => [
  overFetch("no framework", floors.unguarded()),
  overFetch("no framework again", floors.unguarded()),
  overFetch("Hono", honos.unguarded()),
  injected("Fastify", await fastifies.unguarded()),
  toWeb("HttpRouter", await routers.unguarded()),
  toWeb("HttpApi", await apis.unguarded())
]

const webSimple = async (scheme: Simple): Promise<ReadonlyArray<Guarded>> => [
  { server: overFetch("no framework, by hand", floors.simple(scheme)), base: "no framework" },
  { server: overFetch("Hono, its own", honos.simple(scheme)), base: "Hono" },
  { server: injected("Fastify, its plugin", await fastifies.simple(scheme)), base: "Fastify" },
  { server: toWeb("HttpRouter, by hand", await routers.byHand(scheme)), base: "HttpRouter" },
  { server: toWeb("HttpRouter, ours", await routers.ours(scheme)), base: "HttpRouter" },
  { server: toWeb("HttpApi, HttpApiSecurity", await apis.native(scheme)), base: "HttpApi" },
  { server: toWeb("HttpApi, ours", await apis.ours(scheme)), base: "HttpApi" }
]

const webJwt = async (keys: Keys): Promise<ReadonlyArray<Guarded>> => [
  { server: overFetch("no framework, node:crypto", floors.jwt(keys)), base: "no framework" },
  { server: overFetch("Hono, jwt", honos.jwt(keys)), base: "Hono" },
  ...[honos.jwk(keys)].flatMap((handle) =>
    handle === undefined ? [] : [{ server: overFetch("Hono, jwk", handle), base: "Hono" }]
  ),
  { server: injected("Fastify, jwt", await fastifies.jwt(keys, false)), base: "Fastify" },
  {
    server: injected("Fastify, jwt, same token", await fastifies.jwt(keys, true)),
    base: "Fastify"
  },
  { server: toWeb("HttpRouter, by hand, jose", await routers.jose(keys)), base: "HttpRouter" },
  { server: toWeb("HttpRouter, ours", await routers.jwt(keys, forgetting)), base: "HttpRouter" },
  { server: toWeb("HttpRouter, ours, same token", await routers.jwt(keys)), base: "HttpRouter" },
  { server: toWeb("HttpApi, HttpApiSecurity, jose", await apis.jose(keys)), base: "HttpApi" },
  { server: toWeb("HttpApi, ours", await apis.jwt(keys, forgetting)), base: "HttpApi" }
]

/** Sends every contender through the gate and measures none; how many there were. */
export const checkAll = async (): Promise<number> => {
  let checked = 0
  const check = async (guarded: ReadonlyArray<Guarded>, credentials: Case): Promise<void> => {
    await checkEach(guarded, credentials)
    await closed(guarded)
    checked += guarded.length
  }
  for (const scheme of schemes) {
    await check(await inFiberSimple(scheme), simple[scheme])
    await check(await webSimple(scheme), simple[scheme])
  }
  for (const alg of algorithms) {
    const keys = await makeKeys(alg)
    const credentials = tokenCase(keys, 3)
    await check(await inFiberJwt(keys), credentials)
    await check(await webJwt(keys), credentials)
  }
  return checked
}

const checkEach = async (guarded: ReadonlyArray<Guarded>, credentials: Case): Promise<void> => {
  for (const { server } of guarded) {
    if (!server.name.endsWith("a constant")) await Gate.check(server, credentials)
  }
}

/** Through the gate, then measured: those whose name ends in one of `repeating` get one token again and again. */
const measured = async (
  guarded: ReadonlyArray<Guarded>,
  bases: ReadonlyArray<Server>,
  credentials: Case,
  pool: ReadonlyArray<Headers>,
  options: Options,
  repeating: ReadonlySet<string> = new Set(),
  isEnough?: (samples: Samples) => boolean
): Promise<Samples> => {
  await checkEach(guarded, credentials)
  const where =
    bases.some(({ name }) => name.startsWith("no framework")) ? "over Request" : "in one fiber"
  const contenders = [...bases, ...guarded.map(({ server }) => server)].map(
    (server): Contender => ({
      name: server.name,
      run: server.run(
        [...repeating].some((end) => server.name.endsWith(end)) ? pool.slice(0, 1) : pool
      )
    })
  )
  const samples = await measure(
    {
      of: `guard, ${credentials.scheme} ${where}`,
      alike: true,
      ...(isEnough !== undefined && { isEnough })
    },
    contenders,
    options
  )
  for (const base of bases) if (base.name.startsWith("Fastify")) await base.close?.()
  return samples
}

// ----------------------------------------------------------------------------
// tables
// ----------------------------------------------------------------------------

const inFiberTable = () => {
  const rows = new Array<ReadonlyArray<string>>()
  const notes = new Array<string>()
  const resolutions = new Array<string>()
  return {
    add: (scheme: string, guarded: ReadonlyArray<Guarded>, samples: Samples): void => {
      for (const { base, server } of guarded) {
        const own = resolutionOf(samples, base)
        const added = difference(samples, server.name, base)
        const wall = difference(samples, server.name, base, "wall")
        rows.push([
          `${scheme}: ${server.name}`,
          number(samplesMedian(samples, base)),
          Math.abs(added.median) < own ?
            `${number(added.median)} (unresolved)`
          : number(added.median),
          `${number(added.p25)} – ${number(added.p75)}`,
          number(wall.median)
        ])
      }
      for (const [first, second] of found(samples)) {
        const noisy = noise(`${scheme}, ${first}`, samples, first, second)
        if (noisy !== undefined) notes.push(noisy)
      }
      resolutions.push(
        `${scheme}: ${found(samples)
          .map(([first, second]) => `${first} ± ${number(resolution(samples, first, second))} µs`)
          .join(", ")}`
      )
    },
    made: (title: string, ...more: ReadonlyArray<string>): Table => ({
      title,
      columns: ["case", "unguarded", "guard", "p25 – p75", "guard, wall"],
      rows,
      notes: [`Resolution reached: ${resolutions.join("; ")}.`, ...notes, ...more]
    })
  }
}

const pairs = [
  ["HttpRouter", "HttpRouter again"],
  ["HttpApi", "HttpApi again"],
  ["no framework", "no framework again"]
] as const

/** Those contenders of a run that are there twice. */
const found = (samples: Samples): ReadonlyArray<(typeof pairs)[number]> =>
  pairs.filter(([first, second]) => samples.has(first) && samples.has(second))

const samplesMedian = (samples: Samples, name: string): number => {
  const sorted = (samples.get(name) ?? [])
    .map(({ main }) => main)
    .sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Of the pair of that base, else of the one there is. */
const resolutionOf = (samples: Samples, base: string): number => {
  const pair = found(samples).find(([first]) => first === base) ?? found(samples)[0]
  return pair === undefined ? Number.NaN : resolution(samples, pair[0], pair[1])
}

// ----------------------------------------------------------------------------
// marks
// ----------------------------------------------------------------------------

/** In µs: a coarser measurement does not decide the first mark. */
const needed = 0.3

/** What a difference is known to: what a contender differs by from itself, and how far the rounds are apart. */
const known = (samples: Samples, base: string, { error }: Estimate): number =>
  Math.max(resolutionOf(samples, base), 2 * error)

interface Compared {
  readonly over: Estimate
  readonly within: number
}

const compared = (samples: Samples, name: string, than: string, base: string): Compared => {
  const over = difference(samples, name, than)
  return { over, within: known(samples, base, over) }
}

const inRouter = (samples: Samples): Compared =>
  compared(samples, "HttpRouter, ours", "HttpRouter, by hand", "HttpRouter")

const inApi = (samples: Samples): Compared =>
  compared(samples, "HttpApi, ours", "HttpApi, a constant", "HttpApi")

const isFine = (samples: Samples): boolean =>
  inRouter(samples).within <= needed && inApi(samples).within <= needed

const guardMarks = (scheme: string, samples: Samples): ReadonlyArray<Mark> => {
  const [router, api] = [inRouter(samples), inApi(samples)]
  const byHand = difference(samples, "HttpApi, by hand", "HttpApi, a constant").median
  return [
    {
      mark: "1 guard, HttpRouter",
      case: scheme,
      measured: `${number(router.over.median)} ± ${number(router.within)} µs over the check by hand`,
      limit: `0 within a resolution of ${needed}`,
      verdict: atMost(router.over.median, 0, {
        resolution: router.within,
        neededResolution: needed,
        passesWithin: needed
      })
    },
    {
      mark: "1 guard, HttpApi",
      case: scheme,
      measured: `${number(api.over.median)} ± ${number(api.within)} µs over a constant (by hand: ${number(byHand)})`,
      limit: `1, resolution ${needed}`,
      verdict: atMost(api.over.median, 1, { resolution: api.within, neededResolution: needed })
    }
  ]
}

const jwtMark = (alg: string, samples: Samples): Mark => {
  const jose = "HttpRouter, by hand, jose"
  const over = difference(samples, "HttpRouter, ours", jose)
  const own = known(samples, "HttpRouter", over)
  return {
    mark: "2 guard with a JWT, one at a time",
    case: alg,
    measured: `${number(over.median)} ± ${number(own)} µs over jose by hand`,
    limit: "0 within the resolution",
    verdict: atMost(over.median, 0, {
      resolution: own,
      // a tenth of what it is compared with
      passesWithin: 0.1 * difference(samples, jose, "HttpRouter").median
    })
  }
}

const cachedMark = (alg: string, samples: Samples): Mark => {
  const same = difference(samples, "HttpRouter, ours, same token", "HttpRouter")
  const uncached = difference(samples, "HttpRouter, ours", "HttpRouter")
  const part = same.median / uncached.median
  const own =
    part *
    Math.hypot(
      known(samples, "HttpRouter", same) / same.median,
      known(samples, "HttpRouter", uncached) / uncached.median
    )
  return {
    mark: "2 guard with a JWT seen before",
    case: alg,
    measured: `${number(part, 3)} ± ${number(own, 3)} of the uncached guard`,
    limit: "0.1",
    verdict: atMost(part, 0.1, { resolution: own })
  }
}

/** What a refusal costs: it must not be dearer than the pass. */
import { algorithms, type Case, type Headers, makeKeys, simple, tokenCase } from "./credentials.ts"
import * as Gate from "./gate.ts"
import {
  clock,
  type Contender,
  difference,
  estimate,
  measure,
  noise,
  type Options,
  resolution,
  type Samples,
  valuesOf
} from "./harness.ts"
import { atMost, type Mark, number, type Report } from "./report.ts"
import { apis, forgetting, inFiber, routers, type Server, type Simple } from "./servers.ts"

const schemes: ReadonlyArray<Simple> = ["API key", "Basic", "Bearer"]

interface Guarded {
  readonly where: "HttpRouter" | "HttpApi"
  readonly server: Server
  /** The platform's own, which the refusals are compared with. */
  readonly native?: Server
}

export const run = async (options: Options): Promise<Report> => {
  const rows = new Array<ReadonlyArray<string>>()
  const marks = new Array<Mark>()
  const notes = new Array<string>()
  const noisy = new Array<string | undefined>()
  const add = async (credentials: Case, guarded: ReadonlyArray<Guarded>): Promise<void> => {
    for (const { native, server, where } of guarded) {
      await Gate.check(server, credentials)
      const samples = await measured(where, server, native, credentials, options)
      const own = resolution(samples, pass, passAgain)
      noisy.push(noise(`${credentials.scheme} in ${where}`, samples, pass, passAgain))
      notes.push(`${credentials.scheme} in ${where} ± ${number(own)} µs`)
      for (const kind of ["pass", ...Object.keys(credentials.wrong)]) {
        const values = estimate(valuesOf(samples, kind))
        rows.push([
          `${credentials.scheme}, ${where}: ${kind}`,
          number(values.median),
          `${number(values.p25)} – ${number(values.p75)}`,
          kind === pass ? "–" : number(difference(samples, kind, pass).median),
          native === undefined ? "–" : number(difference(samples, kind, `platform: ${kind}`).median)
        ])
      }
      marks.push(...marksOf(credentials, where, samples, native !== undefined))
    }
  }
  for (const scheme of schemes) {
    await add(simple[scheme], [
      { where: "HttpRouter", server: inFiber("HttpRouter, ours", await routers.ours(scheme)) },
      {
        where: "HttpApi",
        server: inFiber("HttpApi, ours", await apis.ours(scheme)),
        native: inFiber("HttpApi, HttpApiSecurity", await apis.native(scheme))
      }
    ])
  }
  for (const alg of algorithms) {
    const keys = await makeKeys(alg)
    await add(tokenCase(keys, 64), [
      {
        where: "HttpRouter",
        server: inFiber("HttpRouter, ours", await routers.jwt(keys, forgetting))
      },
      {
        where: "HttpApi",
        server: inFiber("HttpApi, ours", await apis.jwt(keys, forgetting)),
        native: inFiber("HttpApi, HttpApiSecurity, jose", await apis.jose(keys))
      }
    ])
  }
  return {
    section: "refusal",
    tables: [
      {
        title: `refusals, inside one fiber (µs of ${clock} for the whole request)`,
        columns: ["request", "µs", "p25 – p75", "over the pass", "over the platform's"],
        rows,
        notes: [`Resolution: ${notes.join("; ")}.`, ...noisy.filter((note) => note !== undefined)]
      }
    ],
    marks
  }
}

const pass = "pass"
const passAgain = "pass again"

const measured = (
  where: string,
  server: Server,
  native: Server | undefined,
  { right, scheme, wrong }: Case,
  options: Options
): Promise<Samples> => {
  const pools: ReadonlyArray<readonly [string, ReadonlyArray<Headers>]> = [
    [pass, right],
    ...Object.entries(wrong).map(([kind, headers]) => [kind, [headers]] as const)
  ]
  return measure(
    { of: `refusal, ${scheme} in ${where}`, alike: true },
    [
      ...pools.map(([name, pool]): Contender => ({ name, run: server.run(pool) })),
      { name: passAgain, run: server.run(right) },
      ...(native === undefined ?
        []
      : pools.map(([name, pool]): Contender => ({
          name: `platform: ${name}`,
          run: native.run(pool)
        })))
    ],
    options
  )
}

const marksOf = (
  { scheme, wrong }: Case,
  where: string,
  samples: Samples,
  hasNative: boolean
): ReadonlyArray<Mark> =>
  Object.keys(wrong).flatMap((kind): ReadonlyArray<Mark> => {
    const own = resolution(samples, pass, passAgain)
    const passesWithin = Math.max(0.5, 0.1 * estimate(valuesOf(samples, pass)).median)
    const over = difference(samples, kind, pass)
    const within = Math.max(own, 2 * over.error)
    const marks: Array<Mark> = [
      {
        mark: `3 refusal, ${where}`,
        case: `${scheme}, ${kind}`,
        measured: `${number(over.median)} ± ${number(within)} µs over the pass`,
        limit: "0 within the resolution",
        verdict: atMost(over.median, 0, { resolution: within, passesWithin })
      }
    ]
    if (hasNative) {
      const overNative = difference(samples, kind, `platform: ${kind}`)
      const resolved = Math.max(own, 2 * overNative.error)
      marks.push({
        mark: "3 refusal, HttpApi",
        case: `${scheme}, ${kind}`,
        measured: `${number(overNative.median)} ± ${number(resolved)} µs over the platform's refusal`,
        limit: "0 within the resolution",
        verdict: atMost(overNative.median, 0, { resolution: resolved, passesWithin })
      })
    }
    return marks
  })

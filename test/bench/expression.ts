/** What alternatives cost: anyOf and allOf of 1, 4 and 16 schemes, the first or the last of which matches. */
import { allOf, anyOf, key, marks as countedMarks, presenting } from "./counted.ts"
import type { Headers } from "./credentials.ts"
import * as Gate from "./gate.ts"
import {
  clock,
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
import { inFiber, routers, type Server } from "./servers.ts"

const keys = Array.from({ length: 16 }, (_, number) => key(number))

const sizes = [1, 4, 16]

interface Row {
  readonly server: Server
  readonly headers: Headers
}

export const run = async (options: Options): Promise<Report> => {
  const rows = new Array<Row>()
  for (const size of sizes) {
    const members = keys.slice(0, size)
    const app = await routers.expression(anyOf(...members))
    rows.push({ server: inFiber(`anyOf ${size}, first`, app), headers: presenting([0]) })
    rows.push({ server: inFiber(`anyOf ${size}, last`, app), headers: presenting([size - 1]) })
    rows.push({
      server: inFiber(`allOf ${size}`, await routers.expression(allOf(...members))),
      headers: presenting([...members.keys()])
    })
  }
  for (const { headers, server } of rows) {
    await Gate.check(server, {
      scheme: server.name,
      right: [headers],
      wrong: {
        absent: {},
        wrong: Object.fromEntries(Object.keys(headers).map((name) => [name, "wrong"]))
      }
    })
  }
  const bases = [base, baseAgain].map(async (name) => inFiber(name, await routers.unguarded()))
  const samples = await measure(
    { of: "expressions", alike: true },
    [
      ...(await Promise.all(bases)).map((server) => ({ name: server.name, run: server.run([{}]) })),
      ...rows.map(({ headers, server }) => ({ name: server.name, run: server.run([headers]) }))
    ],
    options
  )
  return {
    section: "expression",
    tables: [
      {
        title: `expressions, in HttpRouter inside one fiber (µs of ${clock} that the guard adds)`,
        columns: ["expression", "guard", "p25 – p75"],
        rows: rows.map(({ server }) => {
          const { median, p25, p75 } = difference(samples, server.name, base)
          return [server.name, number(median), `${number(p25)} – ${number(p75)}`]
        }),
        notes: [
          `Resolution ± ${number(resolution(samples, base, baseAgain))} µs.`,
          noise("HttpRouter", samples, base, baseAgain) ?? ""
        ]
      }
    ],
    marks: [lastMark(samples), ...(await countedMarks())]
  }
}

const base = "HttpRouter"
const baseAgain = "HttpRouter again"

const lastMark = (samples: Samples): Mark => {
  const bases = valuesOf(samples, base)
  const added = (name: string): ReadonlyArray<number> =>
    valuesOf(samples, name).map((value, round) => value - (bases[round] ?? Number.NaN))
  const first = added("anyOf 16, first")
  const ratios = estimate(
    added("anyOf 16, last").map((value, round) => value / (first[round] ?? Number.NaN))
  )
  return {
    mark: "4 anyOf of 16",
    case: "last to first, the others absent",
    measured: `${number(ratios.median)} ± ${number(2 * ratios.error)}`,
    limit: "2",
    verdict: atMost(ratios.median, 2, { resolution: 2 * ratios.error })
  }
}

/** What alternatives cost: anyOf and allOf of 1, 4 and 16 schemes, the first or the last of which matches. */
import type { HttpServerRequest } from "@effect/platform"
import { Effect, Redacted } from "effect"
import { ApiKey, Security, SecurityError } from "effect-security"
import { type Headers, secret } from "./credentials.ts"
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
import { inFiber, routers, type Server, type User } from "./servers.ts"

type Expression = Security.Security<
  User,
  SecurityError.Unauthorized,
  HttpServerRequest.HttpServerRequest,
  any,
  any
>

const header = (number: number): string => `x-api-key-${number}`

const john: User = { name: "johndoe" }

/** How often a verifier has run. */
let verifications = 0

const key = (number: number): Expression =>
  ApiKey.header(header(number), { schemeName: `key${number}` as "key" }).pipe(
    Security.authenticate((credential) => {
      verifications++
      return Redacted.value(credential) === secret ?
          Effect.succeed(Security.grant(john))
        : Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))
    })
  )

const keys = Array.from({ length: 16 }, (_, number) => key(number))

// what is made in a loop has no literal types
const anyOf = Security.anyOf as object as (...members: ReadonlyArray<Expression>) => Expression
const allOf = Security.allOf as object as (...members: ReadonlyArray<Expression>) => Expression

const sizes = [1, 4, 16]

const presenting = (...numbers: ReadonlyArray<number>): Headers =>
  Object.fromEntries(numbers.map((number) => [header(number), secret]))

interface Row {
  readonly server: Server
  readonly headers: Headers
}

export const run = async (options: Options): Promise<Report> => {
  const rows = new Array<Row>()
  for (const size of sizes) {
    const members = keys.slice(0, size)
    const app = await routers.expression(anyOf(...members))
    rows.push({ server: inFiber(`anyOf ${size}, first`, app), headers: presenting(0) })
    rows.push({ server: inFiber(`anyOf ${size}, last`, app), headers: presenting(size - 1) })
    rows.push({
      server: inFiber(
        `allOf ${size}`,
        await routers.expression(Security.map(allOf(...members), () => john))
      ),
      headers: presenting(...members.keys())
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
    marks: [lastMark(samples), await onceMark()]
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

/** The one scheme occurs in each of sixteen alternatives, none of which passes before the last. */
const onceMark = async (): Promise<Mark> => {
  const [shared = key(0), ...others] = keys
  const expression = anyOf(
    ...others.map((other) => Security.map(allOf(shared, other), () => john)),
    shared.pipe(Security.map(() => john))
  )
  const server = inFiber("once", await routers.expression(expression))
  const wrong = Object.fromEntries(others.map((_, number) => [header(number + 1), "wrong"]))
  verifications = 0
  const refused = await server.status({ ...wrong, [header(0)]: secret })
  const perScheme = verifications / keys.length
  return {
    mark: "4 a scheme that occurs n times",
    case: "16 alternatives",
    measured: `verified ${perScheme} times each, answered ${refused}`,
    limit: "1",
    verdict: perScheme <= 1 ? "pass" : "miss"
  }
}

/**
 * How often a scheme is verified for one request, wherever it occurs in an expression: counted, for each scheme.
 *
 * In the large shapes every scheme decides something, so each has to be verified exactly once. In the small ones, which are all
 * there are of their kind, a scheme is left out where the others have decided: those that were asked have to suffice.
 */
import type { HttpServerRequest } from "@effect/platform"
import { Effect, Redacted } from "effect"
import { ApiKey, OAuth2, Security, SecurityError } from "effect-security"
import { type Headers, secret } from "./credentials.ts"
import { type Mark } from "./report.ts"
import { inFiber, routers, type User } from "./servers.ts"

export type Expression = Security.Security<
  User,
  SecurityError.Unauthorized,
  HttpServerRequest.HttpServerRequest,
  any,
  any
>

const john: User = { name: "johndoe" }

/** How often the verifier of each scheme has run. */
const verified = new Map<string, number>()

const note = (scheme: string): void => {
  verified.set(scheme, (verified.get(scheme) ?? 0) + 1)
}

const nameOf = (number: number): string => `x-api-key-${number}`

export const key = (number: number): Expression =>
  ApiKey.header(nameOf(number), { schemeName: `key${number}` as "key" }).pipe(
    Security.authenticate((credential) => {
      note(nameOf(number))
      return Redacted.value(credential) === secret ?
          Effect.succeed(Security.grant(john))
        : Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))
    })
  )

/** The headers of keys: a number is a right one. */
export const presenting = (
  right: ReadonlyArray<number>,
  wrong: ReadonlyArray<number> = []
): Headers =>
  Object.fromEntries([
    ...right.map((number) => [nameOf(number), secret]),
    ...wrong.map((number) => [nameOf(number), "wrong"])
  ])

// what is made in a loop has no literal types
export const anyOf = Security.anyOf as object as (
  ...members: ReadonlyArray<Expression>
) => Expression
const allOfTuple = Security.allOf as object as (...members: ReadonlyArray<Expression>) => Expression
export const allOf = (...members: ReadonlyArray<Expression>): Expression =>
  Security.map(allOfTuple(...members), () => john)

interface Answer {
  readonly status: number
  readonly verified: ReadonlyMap<string, number>
}

/** What a request is answered with, and who was verified for it. */
const asking = async (expression: Expression): Promise<(headers: Headers) => Promise<Answer>> => {
  const server = inFiber("counted", await routers.expression(expression))
  return async (headers) => {
    verified.clear()
    const status = await server.status(headers)
    return { status, verified: new Map(verified) }
  }
}

export const marks = async (): Promise<ReadonlyArray<Mark>> => [await large(), await small()]

const mark = (of: string, requests: number, wrong: ReadonlyArray<string>): Mark => ({
  mark: "4 a scheme that occurs n times",
  case: of,
  measured:
    wrong.length === 0 ?
      `${requests.toLocaleString("en-US")} requests, as it has to be`
    : `${wrong.length} of ${requests} requests not, such as ${wrong[0]}`,
  limit: "verified once",
  verdict: wrong.length === 0 ? "pass" : "miss"
})

// ----------------------------------------------------------------------------
// large shapes
// ----------------------------------------------------------------------------

interface Case {
  readonly of: string
  readonly expression: Expression
  readonly schemes: ReadonlyArray<string>
  readonly requests: ReadonlyArray<readonly [headers: Headers, status: number]>
}

const size = 16
const numbers = Array.from({ length: size }, (_, number) => number)
const last = size - 1
const others = numbers.slice(0, last)

const large = async (): Promise<Mark> => {
  const wrong = new Array<string>()
  let requests = 0
  for (const { expression, of, requests: asked, schemes } of largeCases()) {
    const ask = await asking(expression)
    for (const [headers, status] of asked) {
      requests++
      const answer = await ask(headers)
      const counts = schemes.map((scheme) => answer.verified.get(scheme) ?? 0)
      const isOnce = counts.every((count) => count === 1) && answer.verified.size === schemes.length
      if (!isOnce || answer.status !== status) {
        wrong.push(`${of}: ${answer.status}, verified ${counts.join(" ")} times`)
      }
    }
  }
  return mark(`each of ${size} schemes or alternatives, passed and refused`, requests, wrong)
}

const largeCases = (): ReadonlyArray<Case> => {
  const keys = numbers.map(key)
  const [first = key(0), ...rest] = keys
  const schemes = numbers.map(nameOf)
  const one = [nameOf(0)]
  // by the last, by none
  const byLast = [
    [presenting([last], others), 200],
    [presenting([], numbers), 401]
  ] as const
  const pairs = rest.map((other) => allOf(first, other))
  return [
    { of: "anyOf of all", expression: anyOf(...keys), schemes, requests: byLast },
    {
      of: "anyOf in anyOf",
      expression: anyOf(anyOf(...keys.slice(0, 8)), anyOf(...keys.slice(4)), anyOf(...keys)),
      schemes,
      requests: byLast
    },
    {
      of: "allOf of all",
      expression: allOf(...keys),
      schemes,
      requests: [
        [presenting(numbers), 200],
        [presenting(others, [last]), 401]
      ]
    },
    {
      of: "allOf in allOf",
      expression: allOf(allOf(...keys.slice(0, 8)), allOf(...keys.slice(4)), allOf(...keys)),
      schemes,
      requests: [
        [presenting(numbers), 200],
        [presenting(others, [last]), 401]
      ]
    },
    {
      of: "one scheme in each alternative",
      expression: anyOf(...pairs),
      schemes,
      requests: [
        [presenting([0, last], numbers.slice(1, last)), 200],
        [presenting([0], numbers.slice(1)), 401]
      ]
    },
    {
      of: "one scheme beside an anyOf",
      expression: allOf(first, anyOf(...rest)),
      schemes,
      requests: [
        [presenting([0, last], numbers.slice(1, last)), 200],
        [presenting([0], numbers.slice(1)), 401]
      ]
    },
    {
      of: "one scheme again and again, anyOf",
      expression: anyOf(...numbers.map(() => Security.map(first, () => john))),
      schemes: one,
      requests: [
        [presenting([0]), 200],
        [presenting([], [0]), 401]
      ]
    },
    {
      of: "one scheme again and again, allOf",
      expression: allOf(...numbers.map(() => Security.map(first, () => john))),
      schemes: one,
      requests: [
        [presenting([0]), 200],
        [presenting([], [0]), 401]
      ]
    },
    ...scopeCases()
  ]
}

/** The same scheme in each alternative, with other scopes. */
const scopeCases = (): ReadonlyArray<Case> => {
  const scheme = "OAuth2"
  const scopes = numbers.map((number) => `s${number}`)
  const user = OAuth2.clientCredentials({
    tokenUrl: "https://id.example/token",
    scopes: Object.fromEntries(scopes.map((scope) => [scope, scope])) as Record<"s0", string>
  }).pipe(
    Security.authenticate((token) => {
      note(scheme)
      const [name, ...granted] = Redacted.value(token).split(".")
      return name === secret ?
          Effect.succeed(Security.grant(john, granted))
        : Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))
    })
  )
  const withScope = scopes.map(
    (scope) => user.pipe(Security.scopes(scope as "s0")) as object as Expression
  )
  const bearing = (token: string): Headers => ({ authorization: `Bearer ${token}` })
  return [
    {
      of: "scopes, anyOf",
      expression: anyOf(...withScope),
      schemes: [scheme],
      requests: [
        [bearing(`${secret}.s${last}`), 200],
        [bearing(`${secret}.other`), 403],
        [bearing("wrong"), 401]
      ]
    },
    {
      of: "scopes, allOf",
      expression: allOf(...withScope),
      schemes: [scheme],
      requests: [
        [bearing([secret, ...scopes].join(".")), 200],
        [bearing(`${secret}.s0`), 403],
        [bearing("wrong"), 401]
      ]
    }
  ]
}

// ----------------------------------------------------------------------------
// small shapes
// ----------------------------------------------------------------------------

/** Schemes that are needed together. */
type Clause = ReadonlySet<number>

interface Shape {
  readonly of: string
  readonly expression: Expression
  readonly clauses: ReadonlyArray<Clause>
}

const few = [0, 1, 2]

/** Every expression of two members, each of two out of three schemes, all of them presented: right and wrong in every way. */
const small = async (): Promise<Mark> => {
  const wrong = new Array<string>()
  let requests = 0
  for (const { clauses, expression, of } of shapes()) {
    const ask = await asking(expression)
    for (const right of subsets(few)) {
      requests++
      const presented = few.filter((number) => !right.includes(number))
      const answer = await ask(presenting(right, presented))
      const asked = few.filter((number) => answer.verified.has(nameOf(number)))
      const problem = problemOf(clauses, right, asked, answer)
      if (problem !== undefined) wrong.push(`${of} with ${right.join(" ")} right: ${problem}`)
    }
  }
  return mark("every anyOf and allOf of two of two of three schemes", requests, wrong)
}

const problemOf = (
  clauses: ReadonlyArray<Clause>,
  right: ReadonlyArray<number>,
  asked: ReadonlyArray<number>,
  { status, verified }: Answer
): string | undefined => {
  // a clause is left out where the request presents what a larger one adds to it
  const tried = clauses.filter((clause) => !clauses.some((other) => isLarger(other, clause)))
  const holds = (isRight: (scheme: number) => boolean): boolean =>
    tried.some((clause) => [...clause].every(isRight))
  const isLetIn = holds((scheme) => right.includes(scheme))
  if (status !== (isLetIn ? 200 : 401)) return `answered ${status}`
  for (const [scheme, count] of verified) {
    if (count !== 1) return `${scheme} verified ${count} times`
  }
  const isProven = holds((scheme) => right.includes(scheme) && asked.includes(scheme))
  const isDisproven = !holds((scheme) => right.includes(scheme) || !asked.includes(scheme))
  return (
      isLetIn ? isProven : isDisproven
    ) ?
      undefined
    : `verified ${asked.map(nameOf).join(", ")}, which does not decide it`
}

const isLarger = (clause: Clause, than: Clause): boolean =>
  clause.size > than.size && [...than].every((scheme) => clause.has(scheme))

const shapes = (): ReadonlyArray<Shape> => {
  const leaves = few.map((number): Shape => ({
    of: String(number),
    expression: key(number),
    clauses: [new Set([number])]
  }))
  const inner = leaves.flatMap((left) => leaves.flatMap((right) => both(left, right)))
  return inner.flatMap((left) => inner.flatMap((right) => both(left, right)))
}

const both = (left: Shape, right: Shape): ReadonlyArray<Shape> => [
  {
    of: `anyOf(${left.of}, ${right.of})`,
    expression: anyOf(left.expression, right.expression),
    clauses: [...left.clauses, ...right.clauses]
  },
  {
    of: `allOf(${left.of}, ${right.of})`,
    expression: allOf(left.expression, right.expression),
    clauses: left.clauses.flatMap((one) =>
      right.clauses.map((other) => new Set([...one, ...other]))
    )
  }
]

const subsets = ([first, ...rest]: ReadonlyArray<number>): ReadonlyArray<ReadonlyArray<number>> =>
  first === undefined ? [[]] : subsets(rest).flatMap((set) => [set, [first, ...set]])

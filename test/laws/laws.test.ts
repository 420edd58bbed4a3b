/**
 * The laws, as properties of random expressions and random requests.
 */
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { afterAll, assert, describe, expect, it, vi } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import {
  ApiKey,
  Challenge,
  Credential,
  HttpBasic,
  HttpBearer,
  OAuth2,
  Scheme,
  Security,
  SecurityError,
  SecurityRequirement
} from "../../src/index.ts"
import * as Laws from "./expressions.ts"
import type { Expression, RequestData, SchemeName, ScopeName, Value } from "./expressions.ts"
import { type Alternative, type Facts, isAddressed, judge, outcomeOf, resultOf } from "./judge.ts"

// ----------------------------------------------------------------------------
// running
// ----------------------------------------------------------------------------

vi.setConfig({ testTimeout: 60_000 })

/** Every property reports the seed and the smallest failing example; the seed is a new one for each run. */
const check = <Values extends [unknown, ...ReadonlyArray<unknown>]>(
  arbitraries: { [I in keyof Values]: FastCheck.Arbitrary<Values[I]> },
  numRuns: number,
  holds: (...values: Values) => void
): void =>
  FastCheck.assert(
    FastCheck.property(FastCheck.tuple(...arbitraries), (values) => holds(...(values as Values))),
    { numRuns }
  )

/** The same for one expression and several requests: what one request was answered says nothing to the next. */
const checkEach = (
  {
    expressions,
    requests,
    runs
  }: {
    readonly expressions: FastCheck.Arbitrary<Expression>
    readonly requests: FastCheck.Arbitrary<RequestData>
    readonly runs: number
  },
  holds: (value: Value, data: RequestData, expression: Expression) => void
): void =>
  check([expressions, several(requests)], runs, (expression, many) => {
    const value = Laws.toValue(expression)
    for (const data of many) holds(value, data, expression)
  })

const several = (requests: FastCheck.Arbitrary<RequestData>) =>
  FastCheck.array(requests, { minLength: 1, maxLength: 6, size: "max" })

const run = (value: Value, data: RequestData): Exit.Exit<unknown, unknown> => {
  Laws.startCounting()
  return evaluate(value, data)
}

const evaluate = (
  value: Effect.Effect<unknown, unknown, HttpServerRequest.HttpServerRequest>,
  data: RequestData
): Exit.Exit<unknown, unknown> =>
  Effect.runSyncExit(
    Effect.provideService(
      value,
      HttpServerRequest.HttpServerRequest,
      HttpServerRequest.fromWeb(Laws.toRequest(data))
    )
  )

const errorOf = (exit: Exit.Exit<unknown, unknown>): unknown =>
  Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined

const isDefect = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && Cause.isDie(exit.cause)

const statusOf = (exit: Exit.Exit<unknown, unknown>): number =>
  Exit.isSuccess(exit) ? 200
  : isDefect(exit) ? 500
  : Laws.statusOfError(errorOf(exit))

const printed = (value: Value): string => JSON.stringify(value.requirement)

/** The route of an expression, as a server would answer it. */
const route = (value: Value): ((data: RequestData) => Promise<Response>) => {
  const handler = HttpApp.toWebHandler(
    HttpRouter.empty.pipe(
      HttpRouter.get(
        "/",
        Security.guard(
          value as Security.Security<unknown, unknown, HttpServerRequest.HttpServerRequest, [], {}>,
          () => HttpServerResponse.empty({ status: 200 })
        )
      )
    )
  )
  return (data) => handler(Laws.toRequest(data))
}

// ----------------------------------------------------------------------------
// challenges
// ----------------------------------------------------------------------------

interface Shown {
  readonly scheme: string
  readonly realm: string
  readonly error?: string
  readonly scope?: string
}

const shown = (challenge: Challenge.Challenge): Shown => {
  const error = Challenge.parameter(challenge, "error")
  const scope = Challenge.parameter(challenge, "scope")
  return {
    scheme: challenge.scheme,
    realm: Challenge.parameter(challenge, "realm") ?? "",
    ...(error !== undefined && { error }),
    ...(scope !== undefined && { scope: scope.split(" ").sort().join(" ") })
  }
}

const challengesOf = (error: unknown): ReadonlyArray<Shown> => {
  assert(SecurityError.isRefusal(error))
  const field = SecurityError.headers(error)["www-authenticate"]
  return field === undefined ? [] : inField(field)
}

const inField = (field: string): ReadonlyArray<Shown> => {
  const parsed = Challenge.parse(field)
  assert(parsed !== undefined, field)
  return parsed.map(shown)
}

const plainChallenge = (name: SchemeName): Shown => {
  const { realm, scheme } = Laws.facts[name].challenge
  return { scheme, realm }
}

const distinct = (challenges: ReadonlyArray<Shown>): ReadonlyArray<Shown> => [
  ...new Map(challenges.map((challenge) => [keyOfShown(challenge), challenge])).values()
]

/** One challenge for each scheme in order; `error` where one was presented and refused. */
const expected401 = (
  alternatives: ReadonlyArray<Alternative>,
  isRefused: (name: SchemeName) => boolean
): ReadonlyArray<Shown> =>
  distinct(
    namesOf(alternatives).map((name) => ({
      ...plainChallenge(name),
      ...(Laws.facts[name].challenge.saysError && isRefused(name) && { error: "invalid_token" })
    }))
  )

/** For each alternative that lacked scopes, the challenges that say so: its full scope, by a scheme that lacked some. */
const lackedScopes = (
  addressed: ReadonlyArray<Alternative>,
  facts: Facts
): ReadonlyArray<ReadonlyArray<Shown>> =>
  addressed
    .filter((alternative) => outcomeOf(alternative, facts) === "Forbidden")
    .map((alternative) => {
      const scope = [...new Set(Object.values(alternative).flat())].sort().join(" ")
      return namesOf([alternative])
        .filter((name) => {
          const state = facts.states.get(name)
          return (
            state?.is === "Proven" &&
            !(alternative[name] ?? []).every((each) => state.granted.includes(each))
          )
        })
        .map((name) => ({ ...plainChallenge(name), error: "insufficient_scope", scope }))
    })

const expectLacked = (
  challenges: ReadonlyArray<Shown>,
  lacked: ReadonlyArray<ReadonlyArray<Shown>>
): void => {
  for (const challenge of challenges) expect(lacked.flat()).toContainEqual(challenge)
  for (const options of lacked) {
    expect(challenges.map(keyOfShown).some((key) => options.map(keyOfShown).includes(key))).toBe(
      true
    )
  }
}

const keyOfShown = ({ error, realm, scheme, scope }: Shown): string =>
  [scheme, realm, error, scope].join(" ")

const namesOf = (alternatives: ReadonlyArray<Alternative>): ReadonlyArray<SchemeName> => [
  ...new Set(alternatives.flatMap((alternative) => Object.keys(alternative) as Array<SchemeName>))
]

// ----------------------------------------------------------------------------
// the laws
// ----------------------------------------------------------------------------

describe("law 1: an expression is an Effect", () => {
  it("is one, whatever runs it", () => {
    check([Laws.expressions(), Laws.requests()], 300, (expression, data) => {
      const value = Laws.toValue(expression)
      assert.isTrue(Effect.isEffect(value))
      const exit = run(value, data)
      expect(
        evaluate(
          Effect.gen(function* () {
            return yield* value
          }),
          data
        )
      ).toEqual(exit)
      expect(evaluate(Effect.flatMap(value, Effect.succeed), data)).toEqual(exit)
      expect(evaluate(value.pipe(Effect.either, Effect.flatMap(Either.match(back))), data)).toEqual(
        exit
      )
      const request = HttpServerRequest.fromWeb(Laws.toRequest(data))
      expect(
        Effect.runSyncExit(
          Effect.provide(value, Context.make(HttpServerRequest.HttpServerRequest, request))
        )
      ).toEqual(exit)
    })
  })
})

const back = { onLeft: (error: unknown) => Effect.fail(error), onRight: Effect.succeed }

describe("law 2: the requirement is what the clauses need", () => {
  it("in order, each alternative once, the first kept", () => {
    check([Laws.expressions()], 1000, (expression) => {
      const clauses = Laws.clausesOf(expression)
      const value = Laws.toValue(expression)
      expect(printed(value)).toBe(JSON.stringify(Laws.requirementOf(clauses)))
      expect(Object.keys(value.schemes)).toEqual(namesOf(value.requirement))
    })
  })

  it("and what the pure functions make of the members' requirements", () => {
    const some = Laws.expressions({ maxDepth: 2, mixed: false })
    check([some, some, someScopes], 300, (a, b, scopes) => {
      const [left, right] = [Laws.toValue(a), Laws.toValue(b)]
      const anyOf: Expression = { tag: "anyOf", members: [a, b] }
      const allOf: Expression = { tag: "allOf", members: [a, b] }
      if (Laws.isMakeable(anyOf)) {
        expect(SecurityRequirement.anyOf(left.requirement, right.requirement)).toEqual(
          Laws.toValue(anyOf).requirement
        )
      }
      if (Laws.isMakeable(allOf)) {
        expect(SecurityRequirement.allOf(left.requirement, right.requirement)).toEqual(
          Laws.toValue(allOf).requirement
        )
      }
      const asked = scopes.filter((scope) => Laws.isProvable(a, scope))
      expect(
        SecurityRequirement.withScopes(
          left.requirement,
          (name, scope) => Laws.provableBy(a)(name as SchemeName, scope as ScopeName),
          asked
        )
      ).toEqual(Laws.toValue({ tag: "scopes", scopes: asked, self: a }).requirement)
    })
  })

  it("what scopes make equal is one alternative, the first kept", () => {
    expect(
      SecurityRequirement.withScopes(
        [{ a: ["read"] }, { b: [] }, { a: [] }, { a: ["write", "read"] }],
        (name) => name === "a",
        ["read", "write"]
      )
    ).toEqual([{ a: ["read", "write"] }, { b: [] }])
  })
})

const someScopes = FastCheck.array(FastCheck.constantFrom(...Laws.scopeNames), {
  minLength: 1,
  maxLength: 2
})

const reached = new Map<number, number>()

describe("law 3: document = enforcement", () => {
  it("a request passes if and only if the document says so, and is refused as it says", () => {
    checkEach(
      { expressions: Laws.expressions(), requests: Laws.requests(), runs: 900 },
      (value, data, expression) => {
        const facts = Laws.factsOf(expression, data)
        const { status } = judge(printed(value), facts)
        const exit = run(value, data)
        expect(statusOf(exit)).toBe(status)
        reached.set(status, (reached.get(status) ?? 0) + 1)
        if (Exit.isSuccess(exit)) {
          // the first clause that passes builds the value
          const clauses = Laws.clausesOf(expression)
          const first = clauses.find(
            (clause) =>
              isAddressed(needOf(clause), clauses.map(needOf), facts) &&
              outcomeOf(needOf(clause), facts) === "Pass"
          )
          expect(exit.value).toEqual(first?.value)
        }
      }
    )
  })

  afterAll(() => {
    for (const status of [200, 401, 403, 503]) {
      assert((reached.get(status) ?? 0) > 100, `too few requests came to ${status}`)
    }
  })

  it("through a router, challenges included", async () => {
    await FastCheck.assert(
      FastCheck.asyncProperty(
        Laws.expressions(),
        several(Laws.requests()),
        async (expression, many) => {
          const value = Laws.toValue(expression)
          const fetch = route(value)
          for (const data of many) {
            const facts = Laws.factsOf(expression, data)
            const { addressed, status } = judge(printed(value), facts)
            Laws.startCounting()
            const response = await fetch(data)
            expect(response.status).toBe(status)
            const field = response.headers.get("www-authenticate")
            const challenges = field === null ? [] : inField(field)
            expect(response.headers.get("retry-after")).toBe(status === 503 ? "7" : null)
            if (status === 401) {
              expect(challenges).toEqual(expected401(value.requirement, wasRefused(facts)))
            } else if (status === 403) {
              expectLacked(
                challenges,
                lackedScopes(
                  addressed.map(({ alternative }) => alternative),
                  facts
                )
              )
            } else {
              expect(challenges).toEqual([])
            }
          }
        }
      ),
      { numRuns: 200 }
    )
  })
})

const needOf = (clause: Laws.Clause): Alternative => Object.fromEntries(clause.need)

/** What was presented was refused: it can't be read, or its verifier was asked and said so. */
const wasRefused =
  (facts: Facts) =>
  (name: SchemeName): boolean => {
    const state = facts.states.get(name)?.is
    return (
      state === "Malformed" ||
      (state === "Invalid" && Laws.verified.some(({ scheme }) => scheme === name))
    )
  }

describe("law 4: algebra", () => {
  const some = Laws.expressions({ maxDepth: 2, mixed: false })
  const anyOf = (...members: ReadonlyArray<Expression>): Expression => ({ tag: "anyOf", members })
  const allOf = (...members: ReadonlyArray<Expression>): Expression => ({ tag: "allOf", members })
  const open: Expression = { tag: "public" }
  const deny: Expression = { tag: "deny" }

  const identity = (
    name: string,
    sides: (
      a: Expression,
      b: Expression,
      c: Expression
    ) => readonly [left: Expression, right: Expression],
    { inOrder }: { readonly inOrder: boolean }
  ): void => {
    it(name, () => {
      check([some, some, some, Laws.requests()], 100, (a, b, c, data) => {
        const [left, right] = sides(a, b, c)
        FastCheck.pre(Laws.isMakeable(left) && Laws.isMakeable(right))
        expectSame(left, right, data, inOrder)
      })
    })
  }

  const expectSame = (
    left: Expression,
    right: Expression,
    data: RequestData,
    inOrder: boolean
  ): void => {
    const [a, b] = [Laws.toValue(left), Laws.toValue(right)]
    const [keysOfA, keysOfB] = [a, b].map(({ requirement }) => requirement.map(keyOf))
    expect(inOrder ? keysOfA : new Set(keysOfA)).toEqual(inOrder ? keysOfB : new Set(keysOfB))
    expect(statusOf(run(a, data))).toBe(statusOf(run(b, data)))
  }

  const keyOf = (alternative: Alternative): string =>
    JSON.stringify(
      Object.entries(alternative)
        .map(([name, scopes]) => [name, [...scopes].sort()])
        .sort()
    )

  const inOrder = { inOrder: true }
  const asSets = { inOrder: false }
  identity("anyOf is associative", (a, b, c) => [anyOf(a, anyOf(b, c)), anyOf(a, b, c)], inOrder)
  identity("in both ways", (a, b, c) => [anyOf(anyOf(a, b), c), anyOf(a, b, c)], inOrder)
  identity("anyOf is commutative", (a, b) => [anyOf(a, b), anyOf(b, a)], asSets)
  identity("anyOf is idempotent", (a) => [anyOf(a, a), a], inOrder)
  identity("a duplicate changes nothing", (a, b) => [anyOf(a, b, a), anyOf(a, b)], inOrder)
  identity("allOf is associative", (a, b, c) => [allOf(a, allOf(b, c)), allOf(a, b, c)], inOrder)
  identity("in both ways, too", (a, b, c) => [allOf(allOf(a, b), c), allOf(a, b, c)], inOrder)
  identity("allOf is commutative", (a, b) => [allOf(a, b), allOf(b, a)], asSets)
  identity(
    "allOf distributes over anyOf on its left, in order",
    (a, b, c) => [allOf(anyOf(a, b), c), anyOf(allOf(a, c), allOf(b, c))],
    inOrder
  )
  identity(
    "and on its right",
    (a, b, c) => [allOf(a, anyOf(b, c)), anyOf(allOf(a, b), allOf(a, c))],
    asSets
  )
  identity("deny is the unit of anyOf", (a) => [anyOf(a, deny), a], inOrder)
  identity("on either side", (a) => [anyOf(deny, a), a], inOrder)
  identity("deny is the zero of allOf", (a) => [allOf(a, deny), deny], inOrder)
  identity("on either side, too", (a) => [allOf(deny, a), deny], inOrder)
  identity("public is the unit of allOf", (a) => [allOf(a, open), a], inOrder)
  identity("on either side, again", (a) => [allOf(open, a), a], inOrder)
  identity("anyOf() is deny", () => [anyOf(), deny], inOrder)
  identity("allOf() is public", () => [allOf(), open], inOrder)
  identity(
    "optional(x) is anyOf(x, public)",
    (a) => [{ tag: "optional", self: a }, anyOf(a, open)],
    inOrder
  )
  identity(
    "a record is allOf of its members by name",
    (a, b, c) => [
      {
        tag: "record",
        members: [
          ["b", b],
          ["a", c],
          ["B", a]
        ]
      },
      allOf(a, c, b)
    ],
    inOrder
  )

  const scoped = (
    name: string,
    sides: (
      a: Expression,
      b: Expression,
      ask: (self: Expression) => Expression
    ) => readonly [left: Expression, right: Expression],
    { inOrder }: { readonly inOrder: boolean }
  ): void => {
    it(name, () => {
      check([some, some, someScopes, Laws.requests()], 200, (a, b, scopes, data) => {
        // scopes that each member can prove
        const provable = scopes.filter((scope) =>
          [a, b].every((self) => Laws.isProvable(self, scope))
        )
        const [left, right] = sides(a, b, (self) => ({ tag: "scopes", scopes: provable, self }))
        FastCheck.pre(Laws.isMakeable(left) && Laws.isMakeable(right))
        expectSame(left, right, data, inOrder)
      })
    })
  }
  scoped("scopes is idempotent", (a, _, ask) => [ask(ask(a)), ask(a)], inOrder)
  scoped("and goes through anyOf", (a, b, ask) => [ask(anyOf(a, b)), anyOf(ask(a), ask(b))], {
    inOrder: true
  })
  scoped("and through allOf", (a, b, ask) => [ask(allOf(a, b)), allOf(ask(a), ask(b))], inOrder)

  describe("at most 64 clauses, counted before duplicates are dropped", () => {
    const key = ApiKey.header("X-Key")
    const many = (count: number) => Security.anyOf(...Array.from({ length: count }, () => key))
    const expectTooMany = (make: () => unknown): void =>
      expect(make).toThrow("more than 64 alternatives")

    it("64 are fine, and one way in", () => {
      expect(many(64).requirement).toEqual([{ APIKeyHeader: [] }])
      expect(Security.allOf(many(8), many(8)).requirement).toEqual([{ APIKeyHeader: [] }])
      expect(Security.allOf({ a: many(8), b: many(8) }).requirement).toEqual([{ APIKeyHeader: [] }])
      expect(Security.optional(many(63)).requirement).toEqual([{ APIKeyHeader: [] }, {}])
    })

    it("65 throw", () => {
      expectTooMany(() => many(65))
      expectTooMany(() => Security.anyOf(many(32), many(33)))
      expectTooMany(() => Security.anyOf(Security.anyOf(many(32), many(32)), key))
      expectTooMany(() => Security.allOf(many(13), many(5)))
      expectTooMany(() => Security.allOf(Security.allOf(many(4), many(4)), many(5)))
      expectTooMany(() => Security.allOf({ a: many(13), b: many(5) }))
      expectTooMany(() => Security.optional(many(64)))
      // and no product is made to find out
      expectTooMany(() => Security.allOf(...Array.from({ length: 12 }, () => many(8))))
    })

    it("the pure functions throw, too", () => {
      const alternatives = (count: number) =>
        Array.from({ length: count }, (_, index) => ({ [`k${index}`]: [] }))
      expect(SecurityRequirement.anyOf(alternatives(64))).toHaveLength(64)
      expectTooMany(() => SecurityRequirement.anyOf(alternatives(64), [{ k0: [] }]))
      expectTooMany(() => SecurityRequirement.allOf(alternatives(13), alternatives(5)))
      expectTooMany(() => SecurityRequirement.optional(alternatives(64)))
    })
  })
})

describe("law 5: every way in proves the scope", () => {
  it("a passing request was granted each scope that was asked for last", () => {
    check(
      [Laws.expressions({ maxDepth: 3 }), someScopes, Laws.requests()],
      800,
      (self, scopes, data) => {
        const asked = scopes.filter((scope) => Laws.isProvable(self, scope))
        const scoped: Expression = { tag: "scopes", scopes: asked, self }
        const value = Laws.toValue(scoped)
        expect(SecurityRequirement.guaranteed(value.requirement)).toEqual(
          value.requirement.length === 0 ? [] : expect.arrayContaining(asked)
        )
        if (Exit.isFailure(run(value, data))) return
        const granted = [...Laws.factsOf(scoped, data).states].flatMap(([name, state]) =>
          state.is === "Proven" && Laws.verified.some(({ scheme }) => scheme === name) ?
            state.granted.filter((scope) => isDeclared(name, scope))
          : []
        )
        expect(granted).toEqual(expect.arrayContaining(asked))
      }
    )
  })

  const isDeclared = (name: string, scope: string): boolean =>
    Laws.facts[name as SchemeName].declares.some((each) => each === scope)

  it("a scope that some way in can't prove is an error", () => {
    const untyped: any = Security
    check(
      [Laws.expressions({ maxDepth: 3 }), FastCheck.constantFrom(...Laws.scopeNames)],
      300,
      (self, scope) => {
        FastCheck.pre(!Laws.isProvable(self, scope))
        expect(() => untyped.scopes(Laws.toValue(self), scope)).toThrow(`the scope "${scope}"`)
      }
    )
  })
})

describe("law 6: anonymous means nothing was presented", () => {
  it("optional lets nobody in as anonymous who presents one of its credentials", () => {
    check([Laws.expressions(), Laws.requests()], 800, (self, data) => {
      FastCheck.pre(Laws.isMakeable({ tag: "optional", self }))
      const expression: Expression = { tag: "optional", self }
      const value = Laws.toValue(expression)
      const exit = run(value, data)
      if (Exit.isFailure(exit) || !Option.isNone(exit.value as Option.Option<unknown>)) return
      const { hasAuthorization, states } = Laws.factsOf(expression, data)
      const names = namesOf(value.requirement)
      for (const name of names) {
        expect(states.get(name)?.is).toBe("Absent")
      }
      if (names.length > 0) expect(hasAuthorization).toBe(false)
    })
  })

  it("what a request presents besides never lets it in by a smaller clause", () => {
    check([Laws.expressions(), Laws.requests(), anyName], 800, (expression, data, name) => {
      const value = Laws.toValue(expression)
      const added = value.requirement.some((alternative) => name in alternative)
      FastCheck.pre(added)
      const without = { ...data, ...absentIn(name) }
      if (statusOf(run(value, without)) === 200) return
      // a wrong credential lets nobody in who was not let in without it
      expect(statusOf(run(value, { ...data, ...wrongIn(name) }))).not.toBe(200)
    })
  })

  it("in anyOf a wrong credential never blocks a right one", () => {
    check(
      [
        Laws.expressions({ maxDepth: 3, mixed: false }),
        Laws.expressions({ maxDepth: 3, mixed: false }),
        Laws.requests()
      ],
      800,
      (a, b, data) => {
        const either: Expression = { tag: "anyOf", members: [a, b] }
        FastCheck.pre(Laws.isMakeable(either))
        if (statusOf(run(Laws.toValue(b), data)) !== 200) return
        // unless what let it in needs less than a credential that is there
        const value = Laws.toValue(either)
        const facts = Laws.factsOf(either, data)
        const right = Laws.toValue(b).requirement.filter(
          (alternative) => outcomeOf(alternative, facts) === "Pass"
        )
        FastCheck.pre(
          right.some((alternative) => isAddressed(alternative, value.requirement, facts))
        )
        expect(statusOf(run(value, data))).toBe(200)
      }
    )
  })

  const anyName = FastCheck.constantFrom(...Laws.schemeNames)
  const absentIn = (name: SchemeName): Partial<RequestData> =>
    name === "basic" || name === "oauth" || name === "token" ?
      { authorization: { tag: "none" } }
    : { [name]: "absent" }
  const wrongIn = (name: SchemeName): Partial<RequestData> =>
    name === "basic" ? { authorization: { tag: "malformedBasic" } }
    : name === "oauth" || name === "token" ? { authorization: { tag: "malformedBearer" } }
    : { [name]: "malformed" }
})

describe("law 7: the most telling failure wins, and all challenges are sent", () => {
  const holds = (value: Value, data: RequestData, expression: Expression): void => {
    const error = errorOf(run(value, data))
    if (error === undefined) return
    assert(SecurityError.isRefusal(error))
    const facts = Laws.factsOf(expression, data)
    const { addressed } = judge(printed(value), facts)
    const challenges = challengesOf(error)
    if ("challenges" in error) {
      const each = error.challenges.map(Challenge.print)
      expect(each).toEqual([...new Set(each)])
    }
    switch (error._tag) {
      case "Unauthorized": {
        expect(challenges).toEqual(expected401(value.requirement, wasRefused(facts)))
        const invalid = addressed.find(({ outcome }) => outcome === "Invalid")
        expect(error.reason).toBe(
          invalid === undefined ? "absent"
          : (
            namesOf([invalid.alternative]).some(
              (name) => facts.states.get(name)?.is === "Malformed"
            )
          ) ?
            "malformed"
          : "invalid"
        )
        // each clause that was refused was refused for a reason that is told
        for (const { alternative, outcome } of addressed) {
          if (outcome === "Invalid") {
            assert(namesOf([alternative]).some(wasRefused(facts)))
          }
        }
        return
      }
      case "Forbidden":
        expectLacked(
          challenges,
          lackedScopes(
            addressed.map(({ alternative }) => alternative),
            facts
          )
        )
        return
      case "ServiceUnavailable":
        expect(SecurityError.headers(error)).toEqual({ "retry-after": "7" })
    }
  }

  it("401, 403 and 503 say what they have to", () => {
    checkEach({ expressions: Laws.expressions(), requests: Laws.requests(), runs: 500 }, holds)
  })

  it("where many scopes lack, whatever was answered before", () => {
    checkEach(
      { expressions: Laws.demanding(), requests: Laws.requests({ few: true }), runs: 500 },
      holds
    )
  })
})

describe("law 8: once per evaluation", () => {
  it("a scheme is read and verified at most once, and only where all of a clause is presented", () => {
    checkEach(
      { expressions: Laws.expressions(), requests: Laws.requests(), runs: 500 },
      (value, data, expression) => {
        run(value, data)
        const ran = Laws.verified.map(({ scheme }) => scheme)
        expect(ran).toEqual([...new Set(ran)])
        expect(Laws.extracted.signature).toBeLessThanOrEqual(1)
        const facts = Laws.factsOf(expression, data)
        const { addressed } = judge(printed(value), facts)
        const complete = addressed.filter(({ outcome }) => outcome !== "Absent")
        expect(namesOf(complete.map(({ alternative }) => alternative))).toEqual(
          expect.arrayContaining(ran)
        )
        // and each verifier is told every scope that the expression asks of its scheme
        for (const { scheme, scopes } of Laws.verified) {
          expect(scopes).toEqual(SecurityRequirement.scopes(value.requirement, scheme))
        }
        // nothing is remembered
        const [before] = [[...Laws.verified]]
        evaluate(value, data)
        expect(Laws.verified).toEqual([...before, ...before])
      }
    )
  })

  it("stops at the first clause that passes", () => {
    checkEach(
      { expressions: Laws.expressions(), requests: Laws.requests(), runs: 150 },
      (value, data, expression) => {
        if (Exit.isFailure(run(value, data))) return
        const { addressed } = judge(printed(value), Laws.factsOf(expression, data))
        const first = addressed.findIndex(({ outcome }) => outcome === "Pass")
        const tried = namesOf(addressed.slice(0, first + 1).map(({ alternative }) => alternative))
        expect(tried).toEqual(expect.arrayContaining(Laws.verified.map(({ scheme }) => scheme)))
      }
    )
  })

  const key = ApiKey.header("X-Key")
  const verifier = () => Effect.succeed(Security.grant("robot"))

  it("a second verifier of one scheme is an error when the value is made", () => {
    const once = Security.authenticate(key, verifier)
    const twice = Security.authenticate(key, () => Effect.succeed(Security.grant("other")))
    expect(Security.anyOf(once, once, Security.authenticate(key, verifier)).requirement).toEqual([
      { APIKeyHeader: [] }
    ])
    for (const make of [
      () => Security.anyOf(once, twice),
      () => Security.allOf(once, twice),
      () => Security.allOf({ once, twice }),
      () => Security.anyOf(Security.allOf(once, HttpBasic.make()), Security.optional(twice)),
      () => Security.anyOf(once, Security.provide(once, Context.empty())),
      () =>
        Security.anyOf(
          key.pipe(
            Security.map(() => 1),
            Security.authenticate(verifier)
          ),
          key.pipe(
            Security.map(() => 2),
            Security.authenticate(verifier)
          )
        )
    ]) {
      expect(make).toThrow('the scheme "APIKeyHeader" has two verifiers')
    }
  })

  it("what two occurrences of a scheme can prove is what both can", () => {
    const own = (scopes: Record<string, string>) =>
      Scheme.make({
        schemeName: "own",
        scheme: { type: "apiKey", in: "header", name: "X" },
        scopes,
        identity: "own",
        extract: () => Credential.Absent
      }).pipe(Security.authenticate(verifier))
    const either = Security.anyOf(own({ read: "" }), own({ read: "", write: "" }))
    const ask = (scope: "read") =>
      Security.scopes(
        either as never as Security.Security<
          string,
          never,
          never,
          readonly [{ readonly own: readonly [] }],
          { readonly own: "read" }
        >,
        scope
      )
    expect(() => ask("write" as "read")).toThrow('the scope "write"')
    expect(ask("read").requirement).toEqual([{ own: ["read"] }])
  })

  it("two different schemes of one name are an error that shows both", () => {
    const other = ApiKey.header("X-Other-Key")
    for (const make of [
      () => Security.anyOf(key, other),
      () => Security.allOf(key, other),
      () => Security.optional(Security.anyOf(HttpBasic.make(), Security.allOf({ key, other })))
    ]) {
      expect(make).toThrow(/"APIKeyHeader".*"X-Key".*"X-Other-Key"/)
    }
    expect(() =>
      Security.anyOf(
        HttpBearer.make({ schemeName: "user" }),
        OAuth2.passwordBearer({ schemeName: "user", tokenUrl: "token" })
      )
    ).toThrow(/"user".*"http".*"oauth2"/)
    // what differs is not in the OpenAPI object
    expect(() =>
      Security.anyOf(HttpBasic.make({ realm: "a" }), HttpBasic.make({ realm: "b" }))
    ).toThrow('"HTTPBasic"')
    expect(Security.anyOf(key, ApiKey.header("X-Key")).requirement).toEqual([{ APIKeyHeader: [] }])
  })

  it("allOf of two auth-schemes of Authorization is an error, anyOf is not", () => {
    const [basic, bearer] = [HttpBasic.make(), HttpBearer.make()]
    for (const make of [
      () => Security.allOf(basic, bearer),
      () => Security.allOf({ basic, bearer }),
      () => Security.allOf(Security.optional(basic), key, Security.anyOf(key, bearer))
    ]) {
      expect(make).toThrow(/HTTPBasic and HTTPBearer|HTTPBearer and HTTPBasic/)
    }
    expect(Security.anyOf(basic, bearer).requirement).toEqual([
      { HTTPBasic: [] },
      { HTTPBearer: [] }
    ])
    expect(
      Security.allOf(bearer, OAuth2.passwordBearer({ tokenUrl: "token" })).requirement
    ).toEqual([{ HTTPBearer: [], OAuth2PasswordBearer: [] }])
  })
})

describe("law 9: fail closed, and say so truly", () => {
  const isCrash = (name: SchemeName, data: RequestData): "other" | "defect" | undefined => {
    const { authorization } = data
    const state =
      name === "basic" ?
        authorization.tag === "basic" ?
          authorization.basic
        : undefined
      : name === "oauth" || name === "token" ?
        authorization.tag === "bearer" ?
          authorization[name]
        : undefined
      : data[name]
    return state === "other" || state === "defect" ? state : undefined
  }

  it("a verifier that crashes ends the evaluation, and is never a pass", () => {
    checkEach(
      { expressions: Laws.expressions(), requests: Laws.requests({ broken: true }), runs: 500 },
      (value, data) => {
        const exit = run(value, data)
        const crashes = Laws.verified.flatMap(
          ({ scheme }) => isCrash(scheme as SchemeName, data) ?? []
        )
        const [crash] = crashes
        if (crash === undefined) return
        expect(crashes).toHaveLength(1)
        // nothing ran after it
        expect(isCrash(Laws.verified.at(-1)?.scheme as SchemeName, data)).toBe(crash)
        if (crash === "defect") assert.isTrue(isDefect(exit))
        else assert.instanceOf(errorOf(exit), Laws.Other)
      }
    )
  })

  it("unavailability lets the rest try, and is the answer when nothing passes", () => {
    check([Laws.expressions({ maxDepth: 3 }), Laws.requests()], 600, (rest, data) => {
      const key: Expression = { tag: "scheme", name: "header", isVerified: true }
      const optional: Expression = { tag: "optional", self: key }
      const either: Expression = { tag: "anyOf", members: [key, rest] }
      const down: RequestData = { ...data, header: "unavailable" }
      FastCheck.pre(Laws.isMakeable(either))
      FastCheck.pre(Laws.leaves(rest).every(({ name }) => name !== "header"))
      expect(statusOf(run(Laws.toValue(optional), down))).toBe(503)
      const alone = statusOf(run(Laws.toValue(rest), down))
      const isOpen = Laws.clausesOf(rest).some(({ need }) => need.size === 0)
      FastCheck.pre(!isOpen)
      expect(statusOf(run(Laws.toValue(either), down))).toBe(alone === 200 ? 200 : 503)
    })
  })

  it("a defect is a 500 in a router, as is an error without a status", async () => {
    await FastCheck.assert(
      FastCheck.asyncProperty(
        Laws.expressions({ maxDepth: 3 }),
        Laws.requests({ broken: true }),
        async (expression, data) => {
          Laws.startCounting()
          const response = await route(Laws.toValue(expression))(data)
          const isCrashed = Laws.verified.some(
            ({ scheme }) => isCrash(scheme as SchemeName, data) !== undefined
          )
          expect(response.status === 500).toBe(isCrashed)
        }
      ),
      { numRuns: 200 }
    )
  })
})

// ----------------------------------------------------------------------------
// policies
// ----------------------------------------------------------------------------

type Ending =
  | { readonly is: "pass"; readonly value: unknown }
  | { readonly is: "other" | "defect" }
  | { readonly is: "refused"; readonly status: number; readonly refused: ReadonlySet<string> }

/** What the clauses and their policies come to, by `docs/meaning.md`. */
const endingOf = (clauses: ReadonlyArray<Laws.Clause>, facts: Facts): Ending => {
  const outcomes: Array<Parameters<typeof resultOf>[0][number]> = []
  const refused = new Set<string>()
  const needs = clauses.map(needOf)
  for (const clause of clauses) {
    const need = needOf(clause)
    if (!isAddressed(need, needs, facts)) continue
    const outcome = outcomeOf(need, facts)
    const policy =
      outcome === "Pass" ? clause.policies.find((policy) => policy !== "pass") : undefined
    switch (policy) {
      case "other":
      case "defect":
        return { is: policy }
      case "unauthorized":
        outcomes.push("Invalid")
        for (const name of clause.need.keys()) refused.add(name)
        break
      case "forbidden":
        outcomes.push("Forbidden")
        break
      case "unavailable":
        outcomes.push("Unavailable")
        break
      default:
        if (outcome === "Pass") return { is: "pass", value: clause.value }
        outcomes.push(outcome)
    }
  }
  return { is: "refused", status: resultOf(outcomes), refused }
}

const unwrapped = (error: unknown): unknown =>
  error instanceof Laws.Mine ? unwrapped(error.of) : error

describe("policies", () => {
  const withPolicies = Laws.expressions({ policies: true })

  it("let in only what the document lets in", () => {
    checkEach(
      { expressions: withPolicies, requests: Laws.requests({ broken: true }), runs: 600 },
      (value, data, expression) => {
        const exit = run(value, data)
        if (Exit.isFailure(exit)) return
        const facts = Laws.factsOf(expression, data)
        // of a verifier that crashed nothing is known: it was not asked
        const states = new Map(
          Laws.schemeNames.map((name) => [
            name,
            facts.states.get(name) ?? { is: "Invalid" as const }
          ])
        )
        expect(judge(printed(value), { ...facts, states }).status).toBe(200)
      }
    )
  })

  it("do what their clauses do, in order", () => {
    checkEach(
      { expressions: withPolicies, requests: Laws.requests(), runs: 700 },
      (value, data, expression) => {
        const clauses = Laws.clausesOf(expression)
        expect(printed(value)).toBe(JSON.stringify(Laws.requirementOf(clauses)))
        const facts = Laws.factsOf(expression, data)
        const exit = run(value, data)
        const ending = endingOf(clauses, facts)
        switch (ending.is) {
          case "pass":
            assert(Exit.isSuccess(exit))
            expect(exit.value).toEqual(ending.value)
            return
          case "defect":
            assert.isTrue(isDefect(exit))
            return
          case "other":
            assert.instanceOf(unwrapped(errorOf(exit)), Laws.Other)
            return
          case "refused": {
            expect(statusOf(exit)).toBe(ending.status)
            const error = unwrapped(errorOf(exit))
            if (ending.status === 401) {
              expect(challengesOf(error)).toEqual(
                expected401(
                  value.requirement,
                  (name) => wasRefused(facts)(name) || ending.refused.has(name)
                )
              )
            } else if (ending.status === 403) {
              const needs = clauses.map(needOf)
              expectLacked(
                challengesOf(error),
                lackedScopes(
                  needs.filter((need) => isAddressed(need, needs, facts)),
                  facts
                )
              )
            } else {
              expect(challengesOf(error)).toEqual([])
            }
          }
        }
      }
    )
  })

  it("answer through a router with the same status, and challenges whatever error answers", async () => {
    await FastCheck.assert(
      FastCheck.asyncProperty(withPolicies, several(Laws.requests()), async (expression, many) => {
        const value = Laws.toValue(expression)
        const fetch = route(value)
        for (const data of many) {
          const exit = run(value, data)
          const error = unwrapped(errorOf(exit))
          const response = await fetch(data)
          expect(response.status).toBe(statusOf(exit))
          const field = response.headers.get("www-authenticate")
          expect(field === null ? [] : inField(field)).toEqual(
            SecurityError.isRefusal(error) ? challengesOf(error) : []
          )
          expect(response.headers.has("retry-after")).toBe(response.status === 503)
          expect(await response.text()).not.toContain(Laws.secret)
        }
      }),
      { numRuns: 200 }
    )
  })
})

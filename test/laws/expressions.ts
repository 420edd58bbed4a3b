/**
 * Random security expressions and random requests, as data; what the data mean; and the values they stand for.
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerRespondable from "@effect/platform/HttpServerRespondable"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import {
  ApiKey,
  Credential,
  HttpBasic,
  HttpBearer,
  OAuth2,
  Scheme,
  Security,
  SecurityError
} from "../../src/index.ts"
import type { SecurityRequirement } from "../../src/SecurityRequirement.ts"
import type { Facts, State } from "./judge.ts"

// ----------------------------------------------------------------------------
// schemes
// ----------------------------------------------------------------------------

const read = { read: "Read" }
const write = { write: "Write" }
const admin = { admin: "Administer" }

/** How often `extract` of the scheme of our own was called. */
export const extracted = { signature: 0 }

export const schemes = {
  header: ApiKey.header("X-Key", { schemeName: "header" }),
  query: ApiKey.query("key", { schemeName: "query" }),
  cookie: ApiKey.cookie("session", { schemeName: "cookie", scopes: { ...read, ...admin } }),
  basic: HttpBasic.make({ schemeName: "basic", scopes: write }),
  oauth: OAuth2.authorizationCode({
    schemeName: "oauth",
    authorizationUrl: "https://id.example/auth",
    tokenUrl: "https://id.example/token",
    scopes: { ...read, ...write }
  }),
  token: HttpBearer.make({ schemeName: "token", realm: "tokens", scopes: { ...read, ...admin } }),
  signature: Scheme.make({
    schemeName: "signature",
    scheme: { type: "apiKey", in: "header", name: "X-Signature" },
    scopes: { ...write, ...admin },
    extract: (request) => {
      extracted.signature++
      const signature = Credential.header(request, "x-signature")
      return typeof signature === "string" ? Redacted.make(signature) : signature
    },
    challenge: Scheme.challenge("Signature", { realm: "signed" }, { saysError: true })
  })
}

export type SchemeName = keyof typeof schemes

export const schemeNames = Object.keys(schemes) as ReadonlyArray<SchemeName>

export const scopeNames = ["read", "write", "admin"] as const
export type ScopeName = (typeof scopeNames)[number]

/** What each scheme declares, and the challenge it makes: told here once more, not asked of the library. */
export const facts: Record<
  SchemeName,
  {
    readonly declares: ReadonlyArray<ScopeName>
    readonly authScheme: "Basic" | "Bearer" | undefined
    readonly challenge: {
      readonly scheme: string
      readonly realm: string
      readonly saysError: boolean
    }
  }
> = {
  header: {
    declares: [],
    authScheme: undefined,
    challenge: { scheme: "ApiKey", realm: "api", saysError: false }
  },
  query: {
    declares: [],
    authScheme: undefined,
    challenge: { scheme: "ApiKey", realm: "api", saysError: false }
  },
  cookie: {
    declares: ["read", "admin"],
    authScheme: undefined,
    challenge: { scheme: "ApiKey", realm: "api", saysError: false }
  },
  basic: {
    declares: ["write"],
    authScheme: "Basic",
    challenge: { scheme: "Basic", realm: "api", saysError: false }
  },
  oauth: {
    declares: ["read", "write"],
    authScheme: "Bearer",
    challenge: { scheme: "Bearer", realm: "api", saysError: true }
  },
  token: {
    declares: ["read", "admin"],
    authScheme: "Bearer",
    challenge: { scheme: "Bearer", realm: "tokens", saysError: true }
  },
  signature: {
    declares: ["write", "admin"],
    authScheme: undefined,
    challenge: { scheme: "Signature", realm: "signed", saysError: true }
  }
}

// ----------------------------------------------------------------------------
// expressions as data
// ----------------------------------------------------------------------------

/** What a policy does with every proof it sees. */
export type PolicyOutcome =
  "pass" | "unauthorized" | "forbidden" | "unavailable" | "other" | "defect"

export type Policy =
  | { readonly tag: "mapEffect" | "filterOrFail" | "tap"; readonly outcome: PolicyOutcome }
  | { readonly tag: "mapError" | "orDie" | "withSpan" }

export type Expression =
  | { readonly tag: "scheme"; readonly name: SchemeName; readonly isVerified: boolean }
  /** One verifier for whichever of some schemes is presented. */
  | { readonly tag: "verifiedAny"; readonly names: ReadonlyArray<SchemeName> }
  | { readonly tag: "public" | "deny" }
  | { readonly tag: "anyOf" | "allOf"; readonly members: ReadonlyArray<Expression> }
  | { readonly tag: "record"; readonly members: ReadonlyArray<readonly [string, Expression]> }
  | { readonly tag: "optional" | "map"; readonly self: Expression }
  | { readonly tag: "scopes"; readonly scopes: ReadonlyArray<ScopeName>; readonly self: Expression }
  | { readonly tag: "policy"; readonly policy: Policy; readonly self: Expression }

// ----------------------------------------------------------------------------
// meaning: the clauses of docs/meaning.md
// ----------------------------------------------------------------------------

export interface Clause {
  readonly need: ReadonlyMap<SchemeName, ReadonlyArray<ScopeName>>
  /** The schemes to which the clause gives a verifier. */
  readonly verified: ReadonlySet<SchemeName>
  /** What the policies do, in the order in which they run. */
  readonly policies: ReadonlyArray<PolicyOutcome>
  readonly value: unknown
}

/** The most clauses that an expression may have. */
export const maxClauses = 64

export const clausesOf = (self: Expression): ReadonlyArray<Clause> => {
  switch (self.tag) {
    case "scheme":
      return [schemeClause(self.name, self.isVerified)]
    case "verifiedAny":
      return self.names.map((name) => schemeClause(name, true))
    case "public":
      return [{ need: new Map(), verified: new Set(), policies: [], value: undefined }]
    case "deny":
      return []
    case "anyOf":
      return self.members.flatMap(clausesOf)
    case "allOf":
      return cross(self.members.map(clausesOf), (values) => values)
    case "record": {
      const members = inCodeUnitOrder(self.members)
      return cross(
        members.map(([, member]) => clausesOf(member)),
        (values) => Object.fromEntries(members.map(([name], index) => [name, values[index]]))
      )
    }
    case "optional":
      return [
        ...clausesOf(self.self).map((clause) => ({ ...clause, value: Option.some(clause.value) })),
        { need: new Map(), verified: new Set(), policies: [], value: Option.none() }
      ]
    case "map":
      return clausesOf(self.self).map((clause) => ({ ...clause, value: mapped(clause.value) }))
    case "scopes": {
      const provable = provableBy(self.self)
      return clausesOf(self.self).map((clause) => ({
        ...clause,
        need: new Map(
          [...clause.need].map(([name, scopes]) => [
            name,
            union(
              scopes,
              self.scopes.filter((scope) => provable(name, scope))
            )
          ])
        )
      }))
    }
    case "policy": {
      const { policy } = self
      return clausesOf(self.self).map((clause) =>
        "outcome" in policy ? { ...clause, policies: [...clause.policies, policy.outcome] }
        : policy.tag === "orDie" ?
          {
            ...clause,
            policies: clause.policies.map((outcome) => (outcome === "other" ? "defect" : outcome))
          }
        : clause
      )
    }
  }
}

/** Whether a scheme can prove a scope: it declares it, and is bare nowhere. */
export const provableBy = (self: Expression) => {
  const bare = new Set(leaves(self).flatMap((leaf) => (leaf.isVerified ? [] : [leaf.name])))
  return (name: SchemeName, scope: ScopeName): boolean =>
    !bare.has(name) && facts[name].declares.includes(scope)
}

/** Every scheme of an expression, also of a part that no clause has. */
export const leaves = (
  self: Expression
): ReadonlyArray<{ readonly name: SchemeName; readonly isVerified: boolean }> => {
  switch (self.tag) {
    case "scheme":
      return [self]
    case "verifiedAny":
      return self.names.map((name) => ({ name, isVerified: true }))
    default:
      return parts(self).flatMap(leaves)
  }
}

/** The requirement without duplicates, as entries: in order of the clauses, of the schemes, of the scopes. */
export const requirementOf = (clauses: ReadonlyArray<Clause>): SecurityRequirement => {
  const kept = new Map<string, { readonly [name: string]: ReadonlyArray<string> }>()
  for (const { need } of clauses) {
    const key = JSON.stringify([...need].map(([name, scopes]) => [name, [...scopes].sort()]).sort())
    if (!kept.has(key)) kept.set(key, Object.fromEntries(need))
  }
  return [...kept.values()]
}

const schemeClause = (name: SchemeName, isVerified: boolean): Clause => ({
  need: new Map([[name, []]]),
  verified: new Set(isVerified ? [name] : []),
  policies: [],
  value: isVerified ? principal(name) : credential(name)
})

const principal = (name: string): string => `the principal of ${name}`
const credential = (name: string): string => `the credential of ${name}`
const mapped = (value: unknown): unknown => ({ mapped: value })

const inCodeUnitOrder = <Value>(
  members: ReadonlyArray<readonly [string, Value]>
): ReadonlyArray<readonly [string, Value]> =>
  [...members].sort(([left], [right]) => (left < right ? -1 : 1))

const union = (
  left: ReadonlyArray<ScopeName>,
  right: ReadonlyArray<ScopeName>
): ReadonlyArray<ScopeName> => [...new Set([...left, ...right])]

const cross = (
  members: ReadonlyArray<ReadonlyArray<Clause>>,
  join: (values: ReadonlyArray<unknown>) => unknown
): ReadonlyArray<Clause> => {
  const [first, ...rest] = members
  if (first === undefined)
    return [{ need: new Map(), verified: new Set(), policies: [], value: join([]) }]
  return first.flatMap((left) =>
    cross(rest, (values) => values).map((right) => ({
      need: [...right.need].reduce(
        (need, [name, scopes]) => need.set(name, union(need.get(name) ?? [], scopes)),
        new Map(left.need)
      ),
      verified: new Set([...left.verified, ...right.verified]),
      policies: [...left.policies, ...right.policies],
      value: join([left.value, ...(right.value as ReadonlyArray<unknown>)])
    }))
  )
}

// ----------------------------------------------------------------------------
// generators
// ----------------------------------------------------------------------------

export interface Choices {
  /** Policies, too. */
  readonly policies?: boolean
  /** A scheme may be bare in one place and verified in another. */
  readonly mixed?: boolean
  readonly maxDepth?: number
}

/** Random expressions, none of which throws: most are `maxDepth` deep. */
export const expressions = ({
  maxDepth = 3,
  mixed = true,
  policies = false
}: Choices = {}): FastCheck.Arbitrary<Expression> =>
  FastCheck.noBias(
    deep(maxDepth, policies).map((expression) => repaired(mixed ? expression : unmixed(expression)))
  )

const deep = (depth: number, policies: boolean): FastCheck.Arbitrary<Expression> => {
  const leaf = FastCheck.oneof(
    { weight: 12, arbitrary: schemeName.map((name) => scheme(name, true)) },
    { weight: 1, arbitrary: schemeName.map((name) => scheme(name, false)) },
    {
      weight: 2,
      arbitrary: listOf(schemeName, 1).map((names): Expression => ({ tag: "verifiedAny", names }))
    },
    { weight: 1, arbitrary: FastCheck.constant<Expression>({ tag: "public" }) },
    { weight: 1, arbitrary: FastCheck.constant<Expression>({ tag: "deny" }) }
  )
  if (depth === 0) return leaf
  const self = deep(depth - 1, policies)
  const members = FastCheck.oneof(
    { weight: 10, arbitrary: listOf(self, 2) },
    { weight: 1, arbitrary: listOf(self, 0) }
  )
  return FastCheck.oneof(
    { withCrossShrink: true },
    { weight: 2, arbitrary: leaf },
    { weight: 5, arbitrary: members.map((members): Expression => ({ tag: "anyOf", members })) },
    { weight: 5, arbitrary: members.map((members): Expression => ({ tag: "allOf", members })) },
    {
      weight: 2,
      arbitrary: FastCheck.uniqueArray(FastCheck.tuple(memberNames, self), {
        minLength: 1,
        maxLength: 3,
        size: "max",
        selector: ([name]) => name
      }).map((members): Expression => ({ tag: "record", members }))
    },
    { weight: 3, arbitrary: self.map((self): Expression => ({ tag: "optional", self })) },
    { weight: 1, arbitrary: self.map((self): Expression => ({ tag: "map", self })) },
    {
      weight: 6,
      arbitrary: FastCheck.tuple(listOf(FastCheck.constantFrom(...scopeNames), 1), self).map(
        ([scopes, self]): Expression => ({ tag: "scopes", scopes, self })
      )
    },
    ...(policies ?
      [
        {
          weight: 8,
          arbitrary: FastCheck.tuple(somePolicy, self).map(([policy, self]): Expression => ({
            tag: "policy",
            policy,
            self
          }))
        }
      ]
    : [])
  )
}

/** Random expressions that ask for scopes in every clause, the same of several schemes or several of the same. */
export const demanding = (): FastCheck.Arbitrary<Expression> =>
  FastCheck.noBias(
    FastCheck.constantFrom(...scopeNames).chain((scope) => {
      const able = FastCheck.constantFrom(
        ...schemeNames.filter((name) => facts[name].declares.includes(scope))
      ).map((name) => scheme(name, true))
      const clause = FastCheck.oneof(
        able,
        FastCheck.tuple(able, schemeName).map(([left, name]): Expression => ({
          tag: "allOf",
          members: [left, scheme(name, true)]
        }))
      )
      const asking = FastCheck.tuple(
        clause,
        FastCheck.oneof(FastCheck.constant(scope), FastCheck.constantFrom(...scopeNames))
      ).map(([self, other]): Expression => ({ tag: "scopes", scopes: [scope, other], self }))
      return listOf(asking, 2).map((members) => repaired({ tag: "anyOf", members }))
    })
  )

const schemeName = FastCheck.constantFrom(...schemeNames)

const scheme = (name: SchemeName, isVerified: boolean): Expression => ({
  tag: "scheme",
  name,
  isVerified
})

const listOf = <Value>(
  value: FastCheck.Arbitrary<Value>,
  minLength: number
): FastCheck.Arbitrary<Array<Value>> =>
  FastCheck.array(value, { minLength, maxLength: 3, size: "max" })

/** ASCII order is neither alphabetical nor that of insertion for these. */
export const memberNames = FastCheck.constantFrom("b", "a", "B", "_", "a2", "a10", "x-1", "aB")

const outcomes = FastCheck.oneof(
  { weight: 4, arbitrary: FastCheck.constant<PolicyOutcome>("pass") },
  {
    weight: 5,
    arbitrary: FastCheck.constantFrom<PolicyOutcome>(
      "unauthorized",
      "forbidden",
      "unavailable",
      "other",
      "defect"
    )
  }
)

const somePolicy: FastCheck.Arbitrary<Policy> = FastCheck.oneof(
  {
    weight: 3,
    arbitrary: FastCheck.tuple(
      FastCheck.constantFrom("mapEffect" as const, "filterOrFail" as const, "tap" as const),
      outcomes
    ).map(([tag, outcome]): Policy => ({ tag, outcome }))
  },
  {
    weight: 1,
    arbitrary: FastCheck.constantFrom<Policy>(
      { tag: "mapError" },
      { tag: "orDie" },
      { tag: "withSpan" }
    )
  }
)

/** Verifies every scheme. */
const unmixed = (self: Expression): Expression => {
  switch (self.tag) {
    case "scheme":
      return { ...self, isVerified: true }
    case "verifiedAny":
    case "public":
    case "deny":
      return self
    case "anyOf":
    case "allOf":
      return { ...self, members: self.members.map(unmixed) }
    case "record":
      return {
        ...self,
        members: self.members.map(([name, member]) => [name, unmixed(member)] as const)
      }
    default:
      return { ...self, self: unmixed(self.self) }
  }
}

/** Leaves out what throws when it is made, and asks only for scopes that can be proven. */
export const repaired = (self: Expression): Expression => {
  switch (self.tag) {
    case "scheme":
    case "verifiedAny":
    case "public":
    case "deny":
      return self
    case "anyOf":
    case "allOf": {
      const { tag } = self
      return { tag, members: allowed(self.members.map(repaired), (members) => ({ tag, members })) }
    }
    case "record": {
      const repairedMembers = self.members.map(
        ([name, member]) => [name, repaired(member)] as const
      )
      return {
        tag: "record",
        members: allowed(repairedMembers, (members) => ({ tag: "record", members }))
      }
    }
    case "optional":
    case "map": {
      const inner = repaired(self.self)
      const outer: Expression = { tag: self.tag, self: inner }
      return isAllowed(outer) ? outer : inner
    }
    case "scopes": {
      const inner = repaired(self.self)
      const scopes = self.scopes.filter((scope) => isProvable(inner, scope))
      return scopes.length === 0 ? inner : { tag: "scopes", scopes, self: inner }
    }
    case "policy": {
      const inner = repaired(self.self)
      // what `mapError` made of a refusal would be a defect
      return self.policy.tag === "orDie" && hasMapError(inner) ? inner : { ...self, self: inner }
    }
  }
}

/** Whether no part of an expression throws when it is made. */
export const isMakeable = (self: Expression): boolean =>
  isAllowed(self) && parts(self).every(isMakeable)

const parts = (self: Expression): ReadonlyArray<Expression> =>
  "self" in self ? [self.self]
  : self.tag === "record" ? self.members.map(([, member]) => member)
  : self.tag === "anyOf" || self.tag === "allOf" ? self.members
  : []

/** Whether each clause has a scheme that can prove the scope. */
export const isProvable = (self: Expression, scope: ScopeName): boolean => {
  const provable = provableBy(self)
  return clausesOf(self).every(({ need }) => [...need.keys()].some((name) => provable(name, scope)))
}

/** Leaves out the members that would make the whole throw. */
const allowed = <Member>(
  members: ReadonlyArray<Member>,
  join: (members: ReadonlyArray<Member>) => Expression
): ReadonlyArray<Member> => {
  const done: Array<Member> = []
  for (const member of members) {
    if (isAllowed(join([...done, member]))) done.push(member)
  }
  return done
}

const hasMapError = (self: Expression): boolean => JSON.stringify(self).includes("mapError")

const isAllowed = (self: Expression): boolean => {
  const clauses = clausesOf(self)
  return (
    clauses.length <= maxClauses &&
    clauses.every(
      ({ need }) =>
        new Set([...need.keys()].flatMap((name) => facts[name].authScheme ?? [])).size < 2
    )
  )
}

// ----------------------------------------------------------------------------
// values
// ----------------------------------------------------------------------------

/** Any expression, run without what its types say. */
export type Value = Security.Top &
  Effect.Effect<unknown, unknown, HttpServerRequest.HttpServerRequest>

/** An error that is no refusal. */
export class Other extends Data.TaggedError("Other") {}

/** What `mapError` makes of an error: it answers by itself, with the status of what it was made of. */
export class Mine extends Data.TaggedError("Mine")<{ readonly of: unknown }> {
  [HttpServerRespondable.symbol](): Effect.Effect<HttpServerResponse.HttpServerResponse> {
    return Effect.succeed(
      HttpServerResponse.unsafeJson({ mine: true }, { status: statusOfError(this) })
    )
  }
}

/** The status that an error answers with. */
export const statusOfError = (error: unknown): number =>
  error instanceof Mine ? statusOfError(error.of)
  : SecurityError.isRefusal(error) ? SecurityError.statuses[error._tag]
  : 500

/** How often each verifier ran, and what it was told, since the last `startCounting`. */
export const verified: Array<{ readonly scheme: string; readonly scopes: ReadonlyArray<string> }> =
  []

export const startCounting = (): void => {
  verified.length = 0
  extracted.signature = 0
}

/** The one verifier: the credential says what it is. */
export const verify = (
  presented: unknown,
  context: Security.VerifierContext
): Effect.Effect<
  Security.Grant<string>,
  SecurityError.Unauthorized | SecurityError.ServiceUnavailable | Other
> =>
  Effect.gen(function* () {
    verified.push({ scheme: context.scheme, scopes: context.scopes })
    const [oauth = "", token = oauth] = textOf(presented).split("/")
    const [, kind, ...scopes] = (context.scheme === "token" ? token : oauth).split(".")
    switch (kind) {
      case "granted":
        return Security.grant(principal(context.scheme), scopes)
      case "unavailable":
        return yield* new SecurityError.ServiceUnavailable({ retryAfter: 7 })
      case "other":
        return yield* new Other()
      case "defect":
        return yield* Effect.die(new Error("the verifier is broken"))
      default:
        return yield* new SecurityError.Unauthorized({ reason: "invalid" })
    }
  })

const textOf = (presented: unknown): string => {
  if (Redacted.isRedacted(presented)) return String(Redacted.value(presented))
  const { credentials, password } = presented as {
    readonly credentials?: Redacted.Redacted<string>
    readonly password?: Redacted.Redacted<string>
  }
  return Redacted.value(credentials ?? password ?? Redacted.make(""))
}

// the combinators without their types: what is built here is known at run time only
const untyped: any = Security

/** The real expression that the data stand for. */
export const toValue = (self: Expression): Value => {
  switch (self.tag) {
    case "scheme":
      return self.isVerified ?
          untyped.authenticate(schemes[self.name], verify)
        : untyped.map(schemes[self.name], () => credential(self.name))
    case "verifiedAny":
      return untyped.authenticate(untyped.anyOf(...self.names.map((name) => schemes[name])), verify)
    case "public":
    case "deny":
      return untyped[self.tag]
    case "anyOf":
    case "allOf":
      return untyped[self.tag](...self.members.map(toValue))
    case "record":
      return untyped.allOf(
        Object.fromEntries(self.members.map(([name, member]) => [name, toValue(member)]))
      )
    case "optional":
      return untyped.optional(toValue(self.self))
    case "map":
      return untyped.map(toValue(self.self), mapped)
    case "scopes":
      return untyped.scopes(toValue(self.self), ...self.scopes)
    case "policy":
      return withPolicy(self.policy, toValue(self.self))
  }
}

const withPolicy = (policy: Policy, self: Value): Value => {
  switch (policy.tag) {
    case "mapEffect":
      return untyped.mapEffect(self, (value: unknown) => Effect.as(toEffect(policy.outcome), value))
    case "tap":
      return untyped.tap(self, () => toEffect(policy.outcome))
    case "filterOrFail":
      return untyped.filterOrFail(
        self,
        () => policy.outcome === "pass",
        () => {
          if (policy.outcome === "defect") throw new Error("the policy is broken")
          return errors[policy.outcome]()
        }
      )
    case "mapError":
      return untyped.mapError(self, (of: unknown) => new Mine({ of }))
    case "orDie":
      return untyped.orDie(self)
    case "withSpan":
      return untyped.withSpan(self, "policy")
  }
}

const errors: Record<Exclude<PolicyOutcome, "defect">, () => unknown> = {
  pass: () => undefined,
  // no error value can mean that nothing was presented
  unauthorized: () => new SecurityError.Unauthorized({ reason: "absent" }),
  forbidden: () => new SecurityError.Forbidden(),
  unavailable: () => new SecurityError.ServiceUnavailable(),
  other: () => new Other()
}

const toEffect = (outcome: PolicyOutcome): Effect.Effect<void, unknown> =>
  outcome === "pass" ? Effect.void
  : outcome === "defect" ? Effect.die(new Error("the policy is broken"))
  : Effect.suspend(() => Effect.fail(errors[outcome]()))

// ----------------------------------------------------------------------------
// requests
// ----------------------------------------------------------------------------

/** What the verifier makes of a credential that can be read. */
export type Presented =
  "invalid" | "unavailable" | "other" | "defect" | { readonly granted: ReadonlyArray<ScopeName> }

export type InRequest = "absent" | "malformed" | Presented

export interface RequestData {
  readonly header: InRequest
  readonly query: InRequest
  readonly cookie: InRequest
  readonly signature: InRequest
  readonly authorization:
    | { readonly tag: "none" | "other" | "malformedBasic" | "malformedBearer" }
    | { readonly tag: "basic"; readonly basic: Presented }
    | { readonly tag: "bearer"; readonly oauth: Presented; readonly token: Presented }
}

const presented = ({ broken, few }: Requests): FastCheck.Arbitrary<Presented> => {
  const granted = (scopes: ReadonlyArray<ScopeName>): Presented => ({ granted: scopes })
  return FastCheck.oneof(
    { weight: few ? 0 : 4, arbitrary: FastCheck.constant(granted(scopeNames)) },
    { weight: few ? 8 : 0, arbitrary: FastCheck.constant(granted([])) },
    { weight: 3, arbitrary: FastCheck.subarray([...scopeNames]).map(granted) },
    { weight: 2, arbitrary: FastCheck.constant<Presented>("invalid") },
    { weight: 2, arbitrary: FastCheck.constant<Presented>("unavailable") },
    ...(broken ?
      [{ weight: 3, arbitrary: FastCheck.constantFrom<Presented>("other", "defect") }]
    : [])
  )
}

interface Requests {
  /** Some crash their verifiers. */
  readonly broken: boolean
  /** Few scopes are granted, and few schemes presented. */
  readonly few: boolean
}

/** Random requests. */
export const requests = ({
  broken = false,
  few = false
}: Partial<Requests> = {}): FastCheck.Arbitrary<RequestData> => {
  const credential = presented({ broken, few })
  const anything: FastCheck.Arbitrary<InRequest> = FastCheck.oneof(
    { weight: few ? 8 : 4, arbitrary: FastCheck.constant<InRequest>("absent") },
    { weight: 1, arbitrary: FastCheck.constant<InRequest>("malformed") },
    { weight: 6, arbitrary: credential }
  )
  return FastCheck.record({
    header: anything,
    query: anything,
    cookie: anything,
    signature: anything,
    authorization: FastCheck.oneof(
      {
        weight: 4,
        arbitrary: FastCheck.constantFrom(
          { tag: "none" as const },
          { tag: "none" as const },
          { tag: "other" as const },
          { tag: "malformedBasic" as const },
          { tag: "malformedBearer" as const }
        )
      },
      {
        weight: 2,
        arbitrary: FastCheck.record({
          tag: FastCheck.constant("basic" as const),
          basic: credential
        })
      },
      {
        weight: 5,
        arbitrary: FastCheck.record({
          tag: FastCheck.constant("bearer" as const),
          oauth: credential,
          token: credential
        })
      }
    )
  })
}

/** Occurs in every credential, and nowhere else. */
export const secret = "s3cret"

const textFor = (state: Presented): string =>
  typeof state === "string" ?
    `${secret}.${state}`
  : [`${secret}.granted`, ...state.granted].join(".")

export const toRequest = (data: RequestData): Request => {
  const url = new URL("http://api.example/")
  const headers = new Headers()
  const field = (name: string, state: InRequest): void => {
    if (state === "absent") return
    headers.set(name, state === "malformed" ? `${secret},${secret}` : textFor(state))
  }
  field("x-key", data.header)
  field("x-signature", data.signature)
  if (data.query !== "absent") {
    url.searchParams.append("key", data.query === "malformed" ? "" : textFor(data.query))
  }
  if (data.cookie !== "absent") {
    const value = data.cookie === "malformed" ? `1; session=2` : textFor(data.cookie)
    headers.set("cookie", `theme=dark; session=${value}`)
  }
  const authorization = authorizationFor(data.authorization)
  if (authorization !== undefined) headers.set("authorization", authorization)
  return new Request(url, { headers })
}

const authorizationFor = (data: RequestData["authorization"]): string | undefined => {
  switch (data.tag) {
    case "none":
      return undefined
    case "other":
      return `Digest username="${secret}"`
    case "malformedBasic":
      return `Basic ${secret}!`
    case "malformedBearer":
      return `Bearer ${secret} ${secret}`
    case "basic":
      return `Basic ${btoa(`user:${textFor(data.basic)}`)}`
    case "bearer":
      return `bearer ${textFor(data.oauth)}/${textFor(data.token)}`
  }
}

/** What the judge is told of a request; of a verifier that crashes, that it is `undefined`. */
export const factsOf = (self: Expression, data: RequestData): Facts => {
  const withVerifier = new Set(clausesOf(self).flatMap(({ verified }) => [...verified]))
  const { authorization } = data
  const found: Record<SchemeName, InRequest> = {
    header: data.header,
    query: data.query,
    cookie: data.cookie,
    signature: data.signature,
    basic:
      authorization.tag === "basic" ? authorization.basic
      : authorization.tag === "malformedBasic" ? "malformed"
      : "absent",
    oauth:
      authorization.tag === "bearer" ? authorization.oauth
      : authorization.tag === "malformedBearer" ? "malformed"
      : "absent",
    token:
      authorization.tag === "bearer" ? authorization.token
      : authorization.tag === "malformedBearer" ? "malformed"
      : "absent"
  }
  const states = new Map<string, State>()
  for (const name of schemeNames) {
    const state = toState(found[name], withVerifier.has(name))
    if (state !== undefined) states.set(name, state)
  }
  return {
    states,
    hasAuthorization: authorization.tag !== "none"
  }
}

const toState = (found: InRequest, isVerified: boolean): State | undefined => {
  if (found === "absent") return { is: "Absent" }
  if (found === "malformed") return { is: "Malformed" }
  if (!isVerified) return { is: "Proven", granted: [] }
  if (typeof found === "object") return { is: "Proven", granted: found.granted }
  return (
    found === "invalid" ? { is: "Invalid" }
    : found === "unavailable" ? { is: "Unavailable" }
    : undefined
  )
}

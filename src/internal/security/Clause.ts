/**
 * What a security expression denotes: an ordered list of clauses, each a set of needs and what they build.
 *
 * The combinators of `Security` are thin types over the functions of this module, which know no types. Everything that
 * can be wrong with an expression is found here, when the expression is made.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Build from "./Build.ts"
import type { Definition } from "./Definition.ts"
import * as Need from "./Need.ts"
import * as Outcome from "./Outcome.ts"
import * as Refusal from "../refusal/Refusal.ts"
import * as SecurityRequirement from "../../SecurityRequirement.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * One way in.
 *
 * @category models
 * @since 0.1.0
 */
export interface Clause {
  readonly needs: ReadonlyArray<Need.Need>
  readonly build: Build.Build
}

/**
 * An expression: its clauses, what it can prove, and what it does as a whole.
 *
 * @category models
 * @since 0.1.0
 */
export interface Expression {
  readonly clauses: ReadonlyArray<Clause>
  /** For each scheme the scopes it can prove; `undefined` for a scheme that is bare somewhere. */
  readonly grantable: ReadonlyMap<string, ReadonlySet<string> | undefined>
  /** What becomes of the refusal of an expression without clauses. */
  readonly recover: Need.Recover | undefined
  /** Runs around the evaluation of the whole expression. */
  readonly around: ((evaluation: Outcome.Erased) => Outcome.Erased) | undefined
}

/**
 * A policy's refusal on its way through `mapError`: which it was, and what it is to become.
 *
 * @category models
 * @since 0.1.0
 */
export class Recovered {
  constructor(refusal: Refusal.Refusal, recover: Need.Recover) {
    this.refusal = refusal
    this.recover = recover
  }
  readonly refusal: Refusal.Refusal
  readonly recover: Need.Recover
}

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * One clause that needs nothing, or no clause at all.
 *
 * @category constructors
 * @since 0.1.0
 */
export const constant = (clauses: ReadonlyArray<Clause>): Expression => ({
  clauses,
  grantable: new Map(),
  recover: undefined,
  around: undefined
})

/**
 * The clause that needs nothing and builds `value`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const open = (value: unknown): Clause => ({
  needs: [],
  build: { _tag: "Plain", read: () => value }
})

/**
 * One bare scheme: it builds the credential.
 *
 * @category constructors
 * @since 0.1.0
 */
export const bare = (definition: Definition<unknown>): Expression => ({
  ...constant([
    {
      needs: [{ definition, verifier: undefined, scopes: [], recover: Need.unchanged }],
      build: {
        _tag: "Plain",
        read: (proofs) => proofs.credential(definition),
        of: "credential"
      }
    }
  ]),
  grantable: new Map([[definition.name, undefined]])
})

// ----------------------------------------------------------------------------
// combinators
// ----------------------------------------------------------------------------

/**
 * The clauses of every member, in order.
 *
 * @category combinators
 * @since 0.1.0
 */
export const anyOf = (members: ReadonlyArray<Expression>): Expression => {
  checkCount(members.reduce((count, member) => count + member.clauses.length, 0))
  return {
    clauses: members.flatMap((member) => asMember(member)),
    grantable: mergeGrantable(members),
    recover: members.find((member) => member.clauses.length === 0)?.recover,
    around: undefined
  }
}

/**
 * Every choice of one clause from each member, the leftmost varying slowest; `join` makes one value of the members'.
 *
 * @category combinators
 * @since 0.1.0
 */
export const allOf = (
  members: ReadonlyArray<Expression>,
  join: (values: ReadonlyArray<unknown>) => unknown
): Expression => {
  checkCount(members.reduce((count, member) => count * member.clauses.length, 1))
  const choices = members.reduce<ReadonlyArray<ReadonlyArray<Clause>>>(
    (done, member) => {
      const clauses = asMember(member)
      return done.flatMap((left) => clauses.map((right) => [...left, right]))
    },
    [[]]
  )
  return {
    clauses: choices.map((chosen) => ({
      needs: Need.merge(chosen.flatMap((clause) => clause.needs)),
      build: Build.join(
        chosen.map((clause) => clause.build),
        join
      )
    })),
    grantable: mergeGrantable(members),
    recover: members.find((member) => member.clauses.length === 0)?.recover,
    around: undefined
  }
}

/**
 * In every clause, asks each scope of every scheme that can prove it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withScopes = (self: Expression, scopes: ReadonlyArray<string>): Expression => {
  const canProve = (scheme: string, scope: string): boolean =>
    self.grantable.get(scheme)?.has(scope) ?? false
  const [missing] = SecurityRequirement.unproven(requirement(self), canProve, scopes)
  if (missing !== undefined) {
    throw new Error(notProvable(self, ...missing))
  }
  return {
    ...self,
    clauses: self.clauses.map((clause) => ({
      ...clause,
      needs: clause.needs.map((need) => ({
        ...need,
        scopes: Need.unique([
          ...need.scopes,
          ...scopes.filter((scope) => canProve(need.definition.name, scope))
        ])
      }))
    }))
  }
}

/**
 * Gives each bare scheme of the expression its verifier, which sees what the scheme's clause builds.
 *
 * @category combinators
 * @since 0.1.0
 */
export const authenticate = (
  self: Expression,
  verify: (value: unknown, context: Need.VerifierContext) => Outcome.Erased<Need.Grant<unknown>>,
  throttles: boolean
): Expression => {
  const clauses = self.clauses.map(({ build, needs }): Clause => {
    const [need, ...others] = needs
    if (need === undefined || others.length > 0 || need.verifier !== undefined) {
      throw new Error(
        "authenticate applies to a scheme, or to anyOf of schemes, that no verifier has seen: use mapEffect for what comes after"
      )
    }
    const { definition } = need
    const isCredential = build._tag === "Plain" && build.of === "credential"
    const callback = `the verifier of ${definition.name}`
    const asked: Need.Verifier["run"] = (value, context) =>
      Outcome.effectOf(verify(value, context), callback)
    const run: Need.Verifier["run"] =
      isCredential ? asked
      : build._tag === "Plain" ?
        (credential, context) => asked(build.read(Build.unverified(credential)), context)
      : (credential, context) =>
          Effect.flatMap(build.run(Build.unverified(credential)), (value) => asked(value, context))
    // what a policy makes of the credential first is part of the verifier
    const identity = isCredential ? verify : [build, verify]
    return {
      needs: [
        {
          ...need,
          verifier: { identity, throttles, run },
          recover: { ...need.recover, verifier: undefined }
        }
      ],
      build: { _tag: "Plain", read: (proofs) => proofs.principal(definition), of: "principal" }
    }
  })
  return {
    ...self,
    clauses,
    grantable: new Map(
      clauses.flatMap(({ needs }) =>
        needs.map(({ definition }) => [definition.name, new Set(Object.keys(definition.scopes))])
      )
    )
  }
}

/**
 * Changes what every clause builds: a policy.
 *
 * @category combinators
 * @since 0.1.0
 */
export const mapBuild = (self: Expression, f: (build: Build.Build) => Build.Build): Expression => ({
  ...self,
  clauses: self.clauses.map((clause) => ({ ...clause, build: f(clause.build) }))
})

/**
 * Decides what becomes of the errors of the expression, of its verifiers and of its policies.
 *
 * @category combinators
 * @since 0.1.0
 */
export const recover = (self: Expression, handle: Need.Recover): Expression => {
  const policies = mapBuild(self, (build) =>
    build._tag === "Plain" ?
      build
    : {
        _tag: "Effect",
        run: (proofs) => Outcome.catchErrors(build.run(proofs), recovering(handle))
      }
  )
  return {
    ...policies,
    clauses: policies.clauses.map((clause) => ({
      ...clause,
      needs: clause.needs.map((need) => ({
        ...need,
        recover: {
          credential: Need.after(need.recover.credential, handle),
          verifier: need.verifier && Need.after(need.recover.verifier, handle),
          scopes: new Map(
            need.scopes.map((scope) => [scope, Need.after(need.recover.scopes.get(scope), handle)])
          )
        }
      }))
    })),
    recover: Need.after(self.recover, handle)
  }
}

/**
 * Runs every verifier and every policy through `f`, for instance to provide what they need.
 *
 * @category combinators
 * @since 0.1.0
 */
export const mapEffects = (
  self: Expression,
  f: <A>(effect: Outcome.Erased<A>) => Outcome.Erased<A>
): Expression => {
  const verifiers = new Map<Need.Verifier, Need.Verifier>()
  const wrapped = (verifier: Need.Verifier): Need.Verifier => {
    const known = verifiers.get(verifier)
    if (known !== undefined) return known
    const made: Need.Verifier = {
      identity: [f, verifier.identity],
      throttles: verifier.throttles,
      run: (credential, context) => f(verifier.run(credential, context))
    }
    verifiers.set(verifier, made)
    return made
  }
  return {
    ...self,
    clauses: mapBuild(self, Build.wrap(f)).clauses.map((clause) => ({
      ...clause,
      needs: clause.needs.map((need) => ({
        ...need,
        verifier: need.verifier && wrapped(need.verifier)
      }))
    }))
  }
}

// ----------------------------------------------------------------------------
// folds
// ----------------------------------------------------------------------------

/**
 * The needs of the clauses without duplicates: what OpenAPI writes as `security`.
 *
 * @category folds
 * @since 0.1.0
 */
export const requirement = (self: Expression): SecurityRequirement.SecurityRequirement =>
  SecurityRequirement.anyOf(
    self.clauses.map((clause) => {
      const alternative: Record<string, ReadonlyArray<string>> = Object.create(null)
      for (const need of clause.needs) {
        alternative[need.definition.name] = need.scopes
      }
      return alternative
    })
  )

/**
 * The schemes of the expression by name, in order of first appearance.
 *
 * Throws when two different schemes have one name, or one scheme has two verifiers.
 *
 * @category folds
 * @since 0.1.0
 */
export const needs = (self: Expression): ReadonlyMap<string, Need.Need> =>
  new Map(
    Need.merge(self.clauses.flatMap((clause) => clause.needs)).map((need) => [
      need.definition.name,
      need
    ])
  )

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const checkCount = (count: number): void => {
  if (count > SecurityRequirement.maxAlternatives) {
    throw new Error(SecurityRequirement.tooManyAlternatives)
  }
}

// Inside a larger expression what runs around an expression runs around its policies.
const asMember = ({ around, clauses }: Expression): ReadonlyArray<Clause> =>
  around === undefined ? clauses : (
    clauses.map((clause) => ({
      ...clause,
      build: Build.wrap(showingRefusals(around))(clause.build)
    }))
  )

/** What runs around sees the refusal itself. */
const showingRefusals =
  (around: (effect: Outcome.Erased) => Outcome.Erased) =>
  (effect: Outcome.Erased): Outcome.Erased =>
    Effect.suspend(() => {
      let recovered: Recovered | undefined
      const shown = Effect.mapError(effect, (error) => {
        if (!(error instanceof Recovered)) return error
        recovered = error
        return error.refusal
      })
      return Effect.mapError(around(shown), (error) =>
        recovered !== undefined && error === recovered.refusal ? recovered : error
      )
    })

const mergeGrantable = (members: ReadonlyArray<Expression>): Expression["grantable"] => {
  const merged = new Map<string, ReadonlySet<string> | undefined>()
  for (const { grantable } of members) {
    for (const [name, scopes] of grantable) {
      const known = merged.get(name)
      merged.set(
        name,
        !merged.has(name) ? scopes
        : known && scopes ? new Set([...known].filter((scope) => scopes.has(scope)))
        : undefined
      )
    }
  }
  return merged
}

const notProvable = (self: Expression, names: ReadonlyArray<string>, scope: string): string => {
  if (names.length === 0) {
    return `the scope ${JSON.stringify(scope)} can't be proven: one alternative is public`
  }
  const declared = names.map((name) => {
    const scopes = self.grantable.get(name)
    return scopes === undefined ?
        `${name} is not authenticated`
      : `${name} declares ${[...scopes].map((each) => JSON.stringify(each)).join(", ") || "no scope"}`
  })
  return `the scope ${JSON.stringify(scope)} can't be proven through ${names.join(" and ")}: ${declared.join("; ")}`
}

// A refusal has to stay known as one until the expression has decided: it is changed last.
const recovering =
  (handle: Need.Recover): Need.Recover =>
  (error) =>
    error instanceof Recovered ?
      Effect.fail(new Recovered(error.refusal, Need.after(error.recover, handle)))
    : Refusal.isRefusal(error) ? Effect.fail(new Recovered(error, handle))
    : handle(error)

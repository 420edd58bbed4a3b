/**
 * What a security expression denotes: an ordered list of clauses, each a set of needs and what they build.
 *
 * The combinators of `Security` are thin types over the functions of this module, which know no types. Everything that
 * can be wrong with an expression is found here, when the expression is made.
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerRespondable from "@effect/platform/HttpServerRespondable"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { type Definition, isSame, shown } from "./Definition.ts"
import * as Refusal from "../refusal/Refusal.ts"
import * as SecurityRequirement from "../../SecurityRequirement.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * What a verifier grants: the principal, and the scopes the credential proves.
 *
 * @category models
 * @since 0.1.0
 */
export interface Grant<out Principal> {
  readonly principal: Principal
  readonly scopes: ReadonlyArray<string>
}

/**
 * What a verifier is told besides the credential.
 *
 * @category models
 * @since 0.1.0
 */
export interface VerifierContext {
  /** The name of the scheme whose credential it is. */
  readonly scheme: string
  /** Every scope that some alternative of the whole expression asks of the scheme, in order. */
  readonly scopes: ReadonlyArray<string>
  readonly request: HttpServerRequest.HttpServerRequest
}

/**
 * An Effect whose types the public signatures carry.
 *
 * @category models
 * @since 0.1.0
 */
export type Erased<A = unknown> = Effect.Effect<A, unknown, never>

/**
 * Decides whether a credential is right. Two verifiers are the same when their `identity` is.
 *
 * @category models
 * @since 0.1.0
 */
export interface Verifier {
  readonly identity: unknown
  /** Whether it can fail with `TooManyRequests`. */
  readonly throttles: boolean
  readonly run: (credential: unknown, context: VerifierContext) => Erased<Grant<unknown>>
}

/**
 * What becomes of an error: `mapError` and `orDie` leave one on the needs they cover.
 *
 * @category models
 * @since 0.1.0
 */
export type Recover = (error: unknown) => Erased<never>

/**
 * One scheme that a clause needs, and the scopes it needs there.
 *
 * @category models
 * @since 0.1.0
 */
export interface Need {
  readonly definition: Definition<unknown>
  readonly verifier: Verifier | undefined
  readonly scopes: ReadonlyArray<string>
  readonly recover: NeedRecover
}

/**
 * What becomes of the errors of one need: each is changed by the `mapError`s that came after what made it.
 *
 * @category models
 * @since 0.1.0
 */
export interface NeedRecover {
  /** Of the refusal of a credential that is absent or malformed. */
  readonly credential: Recover | undefined
  /** Of the errors of the verifier. */
  readonly verifier: Recover | undefined
  /** Of the refusal for want of a scope, where that is changed. */
  readonly scopes: ReadonlyMap<string, Recover>
}

/**
 * What the needs of a clause came to, once all are proven.
 *
 * @category models
 * @since 0.1.0
 */
export interface Proofs {
  readonly credential: (definition: Definition<unknown>) => unknown
  readonly principal: (definition: Definition<unknown>) => unknown
}

/**
 * What a clause builds of its proofs: plainly, or by an Effect when a policy is one.
 *
 * @category models
 * @since 0.1.0
 */
export type Build =
  | {
      readonly _tag: "Plain"
      readonly read: (proofs: Proofs) => unknown
      /** It builds the credential or the principal itself: no policy has changed it. */
      readonly of?: "credential" | "principal"
    }
  | { readonly _tag: "Effect"; readonly run: (proofs: Proofs) => Erased }

/**
 * One way in.
 *
 * @category models
 * @since 0.1.0
 */
export interface Clause {
  readonly needs: ReadonlyArray<Need>
  readonly build: Build
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
  readonly recover: Recover | undefined
  /** Runs around the evaluation of the whole expression. */
  readonly around: ((evaluation: Erased) => Erased) | undefined
}

/**
 * A policy's refusal on its way through `mapError`: which it was, and what it is to become.
 *
 * @category models
 * @since 0.1.0
 */
export class Recovered {
  constructor(refusal: Refusal.Refusal, recover: Recover) {
    this.refusal = refusal
    this.recover = recover
  }
  readonly refusal: Refusal.Refusal
  readonly recover: Recover
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
      needs: [{ definition, verifier: undefined, scopes: [], recover: unchanged }],
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
      needs: mergeNeeds(chosen.flatMap((clause) => clause.needs)),
      build: joinBuilds(
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
        scopes: unique([
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
  verify: (value: unknown, context: VerifierContext) => Erased<Grant<unknown>>,
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
    const run: Verifier["run"] =
      isCredential ? verify
      : build._tag === "Plain" ?
        (credential, context) => verify(build.read(only(credential)), context)
      : (credential, context) =>
          Effect.flatMap(build.run(only(credential)), (value) => verify(value, context))
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
export const mapBuild = (self: Expression, f: (build: Build) => Build): Expression => ({
  ...self,
  clauses: self.clauses.map((clause) => ({ ...clause, build: f(clause.build) }))
})

/**
 * A policy that is plain.
 *
 * @category combinators
 * @since 0.1.0
 */
export const mapPlain =
  (f: (value: unknown) => unknown) =>
  (build: Build): Build =>
    build._tag === "Plain" ?
      { _tag: "Plain", read: (proofs) => f(build.read(proofs)) }
    : { _tag: "Effect", run: (proofs) => Effect.map(build.run(proofs), f) }

/**
 * A policy that is an Effect.
 *
 * @category combinators
 * @since 0.1.0
 */
export const mapRun =
  (f: (value: unknown) => Erased) =>
  (build: Build): Build => ({
    _tag: "Effect",
    run:
      build._tag === "Plain" ?
        (proofs) => f(build.read(proofs))
      : (proofs) => Effect.flatMap(build.run(proofs), f)
  })

/**
 * Decides what becomes of the errors of the expression, of its verifiers and of its policies.
 *
 * @category combinators
 * @since 0.1.0
 */
export const recover = (self: Expression, handle: Recover): Expression => {
  const policies = mapBuild(self, (build) =>
    build._tag === "Plain" ?
      build
    : { _tag: "Effect", run: (proofs) => catchErrors(build.run(proofs), recovering(handle)) }
  )
  return {
    ...policies,
    clauses: policies.clauses.map((clause) => ({
      ...clause,
      needs: clause.needs.map((need) => ({
        ...need,
        recover: {
          credential: after(need.recover.credential, handle),
          verifier: need.verifier && after(need.recover.verifier, handle),
          scopes: new Map(
            need.scopes.map((scope) => [scope, after(need.recover.scopes.get(scope), handle)])
          )
        }
      }))
    })),
    recover: after(self.recover, handle)
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
  f: <A>(effect: Erased<A>) => Erased<A>
): Expression => {
  const verifiers = new Map<Verifier, Verifier>()
  const wrapped = (verifier: Verifier): Verifier => {
    const known = verifiers.get(verifier)
    if (known !== undefined) return known
    const made: Verifier = {
      identity: [f, verifier.identity],
      throttles: verifier.throttles,
      run: (credential, context) => f(verifier.run(credential, context))
    }
    verifiers.set(verifier, made)
    return made
  }
  return {
    ...self,
    clauses: mapBuild(self, wrapBuild(f)).clauses.map((clause) => ({
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
export const needs = (self: Expression): ReadonlyMap<string, Need> =>
  new Map(
    mergeNeeds(self.clauses.flatMap((clause) => clause.needs)).map((need) => [
      need.definition.name,
      need
    ])
  )

// ----------------------------------------------------------------------------
// errors
// ----------------------------------------------------------------------------

/**
 * The error of a cause without a defect; of several fibers the others may have been interrupted for it.
 *
 * @category errors
 * @since 0.1.0
 */
export const errorOf = (cause: Cause.Cause<unknown>): Option.Option<unknown> =>
  cause._tag === "Fail" ? Option.some(cause.error)
  : Cause.isDie(cause) ? Option.none()
  : Cause.failureOption(cause)

/**
 * Handles the errors of an Effect, not one that stands beside a defect.
 *
 * @category errors
 * @since 0.1.0
 */
export const catchErrors = <A>(
  effect: Erased<A>,
  handle: (error: unknown) => Erased<A>
): Erased<A> =>
  Effect.catchAllCause(effect, (cause) =>
    Option.match(errorOf(cause), { onNone: () => Effect.failCause(cause), onSome: handle })
  )

/**
 * The same cause, none of whose defects is taken for an answer: a router answers a defect that is respondable, such as a
 * refusal, as if the Effect had failed with it. A defect is a 500.
 *
 * @category errors
 * @since 0.1.0
 */
export const asDefects = <E>(
  cause: Cause.Cause<E>,
  isAnswer: (defect: unknown) => boolean = HttpServerRespondable.isRespondable
): Cause.Cause<E> =>
  Cause.isDie(cause) ?
    Cause.match(cause, {
      onEmpty: Cause.empty,
      onFail: (error) => Cause.fail(error),
      onDie: (defect) => Cause.die(isAnswer(defect) ? wrapped(defect) : defect),
      onInterrupt: (fiber) => Cause.interrupt(fiber),
      onSequential: (left, right) => Cause.sequential(left, right),
      onParallel: (left, right) => Cause.parallel(left, right)
    })
  : cause

/**
 * Both, one after the other, where there is one.
 *
 * @category errors
 * @since 0.1.0
 */
export const andThen = (
  first: Recover | undefined,
  then: Recover | undefined
): Recover | undefined => (then === undefined ? first : after(first, then))

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const wrapped = (defect: unknown): Error =>
  new Error(`died of what it could have failed with: ${String(defect)}`, { cause: defect })

/**
 * Whether an Effect of a user is its own result. An error that is an Effect may be called Success.
 *
 * @category guards
 * @since 0.1.0
 */
export const isDone = <A, E>(effect: Effect.Effect<A, E>): effect is Exit.Exit<A, E> =>
  Exit.isExit(effect) && !(effect instanceof Error)

const only = (credential: unknown): Proofs => ({
  credential: () => credential,
  principal: () => credential
})

const unique = (scopes: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set(scopes)]

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
      build: wrapBuild(showingRefusals(around))(clause.build)
    }))
  )

/** What runs around sees the refusal itself. */
const showingRefusals =
  (around: (effect: Erased) => Erased) =>
  (effect: Erased): Erased =>
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

const wrapBuild =
  (f: (effect: Erased) => Erased) =>
  (build: Build): Build =>
    build._tag === "Plain" ? build : { _tag: "Effect", run: (proofs) => f(build.run(proofs)) }

const joinBuilds = (
  builds: ReadonlyArray<Build>,
  join: (values: ReadonlyArray<unknown>) => unknown
): Build => {
  const plain = builds.flatMap((build) => (build._tag === "Plain" ? [build.read] : []))
  return plain.length === builds.length ?
      { _tag: "Plain", read: (proofs) => join(plain.map((read) => read(proofs))) }
    : {
        _tag: "Effect",
        run: (proofs) =>
          Effect.map(
            Effect.forEach(builds, (build) =>
              build._tag === "Plain" ? Effect.sync(() => build.read(proofs)) : build.run(proofs)
            ),
            join
          )
      }
}

const mergeNeeds = (needs: ReadonlyArray<Need>): ReadonlyArray<Need> => {
  const merged = new Map<string, Need>()
  for (const need of needs) {
    const { name } = need.definition
    const known = merged.get(name)
    merged.set(name, known === undefined ? need : mergeNeed(known, need))
  }
  return [...merged.values()]
}

const mergeNeed = (left: Need, right: Need): Need => {
  if (!isSame(left.definition, right.definition)) {
    throw new Error(
      `two different schemes are called ${JSON.stringify(left.definition.name)}: ${shown(left.definition)} and ` +
        `${shown(right.definition)}; give one of them another schemeName`
    )
  }
  if (
    left.verifier &&
    right.verifier &&
    !sameIdentity(left.verifier.identity, right.verifier.identity)
  ) {
    throw new Error(
      `the scheme ${JSON.stringify(left.definition.name)} has two verifiers in one expression: authenticate (and provide) ` +
        "it once, and use that value everywhere"
    )
  }
  return {
    ...left,
    verifier: left.verifier ?? right.verifier,
    scopes: unique([...left.scopes, ...right.scopes]),
    recover: {
      credential: left.recover.credential,
      verifier: left.verifier ? left.recover.verifier : right.recover.verifier,
      scopes: new Map([
        ...[...right.recover.scopes].filter(([scope]) => !left.scopes.includes(scope)),
        ...left.recover.scopes
      ])
    }
  }
}

const sameIdentity = (left: unknown, right: unknown): boolean =>
  left === right ||
  (Array.isArray(left) &&
    Array.isArray(right) &&
    left[0] === right[0] &&
    sameIdentity(left[1], right[1]))

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

const unchanged: NeedRecover = { credential: undefined, verifier: undefined, scopes: new Map() }

const after = (first: Recover | undefined, then: Recover): Recover =>
  first === undefined ? then : (error) => catchErrors(first(error), then)

// A refusal has to stay known as one until the expression has decided: it is changed last.
const recovering =
  (handle: Recover): Recover =>
  (error) =>
    error instanceof Recovered ?
      Effect.fail(new Recovered(error.refusal, after(error.recover, handle)))
    : Refusal.isRefusal(error) ? Effect.fail(new Recovered(error, handle))
    : handle(error)

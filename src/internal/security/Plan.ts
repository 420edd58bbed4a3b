/**
 * An expression as an evaluation wants it, planned once, when it is made.
 *
 * @since 0.1.0
 */
import * as SecurityRequirement from "../../SecurityRequirement.ts"
import type * as Refusal from "../refusal/Refusal.ts"
import type { Build } from "./Build.ts"
import * as Clause from "./Clause.ts"
import type { Definition } from "./Definition.ts"
import type * as Need from "./Need.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * An expression as an evaluation wants it: schemes by number, and for each clause what the larger ones add.
 *
 * @category models
 * @since 0.1.0
 */
export interface Plan {
  readonly schemes: ReadonlyArray<PlannedScheme>
  readonly clauses: ReadonlyArray<PlannedClause>
  /** The one scheme of the one clause, where nothing but plain policies comes after it. */
  readonly only: Only | undefined
  readonly recover: Need.Recover | undefined
  /** One `undefined` for each scheme. */
  readonly blank: ReadonlyArray<undefined>
  /** Whether every challenge is the same for every request. */
  readonly isFixed: boolean
  /** Refusals that were made before. */
  readonly refusals: Map<string, Refusal.Refusal>
  /** What the last refusal of a verifier or a policy was completed to: many fail with one and the same. */
  completed: Completed | undefined
}

/**
 * A refusal of a verifier or a policy, and what it was completed to.
 *
 * @category models
 * @since 0.1.0
 */
export interface Completed {
  readonly refusal: Refusal.Unauthorized
  readonly refused: string
  readonly completed: Refusal.Unauthorized
}

/**
 * The one scheme of a plan that needs no more than that.
 *
 * @category models
 * @since 0.1.0
 */
export interface Only {
  readonly scheme: PlannedScheme
  readonly need: PlannedNeed
  readonly build: Build & { readonly _tag: "Plain" }
}

/**
 * A scheme of a plan.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlannedScheme {
  readonly definition: Definition<unknown>
  readonly verifier: Need.Verifier | undefined
  /** Every scope that some clause asks of the scheme. */
  readonly scopes: ReadonlyArray<string>
}

/**
 * A clause of a plan.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlannedClause {
  readonly needs: ReadonlyArray<PlannedNeed>
  readonly build: Build
  /** The schemes that strictly larger clauses add to this one. */
  readonly added: ReadonlyArray<number>
  /** It needs nothing, and a larger clause something: any `Authorization` field counts as presented. */
  readonly yieldsToAuthorization: boolean
  /** All scopes of the clause, as a challenge writes them. */
  readonly scope: string
}

/**
 * A need of a clause, its scheme by number.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlannedNeed {
  readonly scheme: number
  readonly scopes: ReadonlyArray<string>
  readonly recover: Need.NeedRecover
}

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * Plans an expression. Throws when it can't be: two schemes of one name, two verifiers of one scheme, two auth-schemes in
 * the one `Authorization` field of a request.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (expression: Clause.Expression): Plan => {
  const needs = [...Clause.needs(expression).values()]
  const numbers = new Map(needs.map((need, number) => [need.definition.name, number]))
  const numberOf = (need: Need.Need): number => numbers.get(need.definition.name) ?? -1
  const requirement = Clause.requirement(expression)
  const clauses = expression.clauses.map((clause): PlannedClause => {
    checkAuthorization(clause)
    const own = new Set(clause.needs.map(numberOf))
    const larger = expression.clauses
      .map((other) => new Set(other.needs.map(numberOf)))
      .filter((other) => other.size > own.size && [...own].every((scheme) => other.has(scheme)))
    const added = [...new Set(larger.flatMap((other) => [...other]))].filter(
      (scheme) => !own.has(scheme)
    )
    return {
      needs: clause.needs.map((need) => ({
        scheme: numberOf(need),
        scopes: need.scopes,
        recover: need.recover
      })),
      build: clause.build,
      added,
      yieldsToAuthorization: own.size === 0 && added.length > 0,
      scope: [...new Set(clause.needs.flatMap((need) => need.scopes))].join(" ")
    }
  })
  const schemes = needs.map(({ definition, verifier }) => ({
    definition,
    verifier,
    scopes: SecurityRequirement.scopes(requirement, definition.name)
  }))
  return {
    schemes,
    clauses,
    only: onlyNeed(schemes, clauses),
    recover: expression.recover,
    blank: needs.map(() => undefined),
    isFixed: needs.every(({ definition }) => definition.isChallengeFixed),
    refusals: new Map(),
    completed: undefined
  }
}

const onlyNeed = (
  schemes: ReadonlyArray<PlannedScheme>,
  clauses: ReadonlyArray<PlannedClause>
): Only | undefined => {
  const [scheme] = schemes
  const [clause] = clauses
  const [need] = clause?.needs ?? []
  return (
      clauses.length === 1 &&
        clause?.needs.length === 1 &&
        scheme !== undefined &&
        need !== undefined &&
        clause.build._tag === "Plain"
    ) ?
      { scheme, need, build: clause.build }
    : undefined
}

const checkAuthorization = (clause: Clause.Clause): void => {
  const readers = clause.needs.filter((need) =>
    need.definition.reads.headers.includes("authorization")
  )
  const [first] = readers
  // of a scheme of one's own nobody knows what it reads there
  const other = readers.find(
    ({ definition }) =>
      definition !== first?.definition &&
      (definition.authScheme === undefined ||
        definition.authScheme !== first?.definition.authScheme)
  )
  if (first !== undefined && other !== undefined) {
    throw new Error(
      `no request can satisfy both ${first.definition.name} and ${other.definition.name}: each needs the one Authorization ` +
        "field, with another auth-scheme; use anyOf, or send one of them in a header of its own"
    )
  }
}

/**
 * Decides whether a request is let in: an expression is planned once, when it is made, and evaluated for each request.
 *
 * The decision reads each scheme and runs each verifier at most once, and as late as it can. Its order is the meaning of
 * an expression: see `docs/meaning.md`.
 *
 * @since 0.1.0
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Challenge from "./Challenge.ts"
import * as Clause from "./Clause.ts"
import * as Credential from "./Credential.ts"
import type { Definition } from "./Definition.ts"
import * as SecurityError from "./SecurityError.ts"
import * as SecurityRequirement from "./SecurityRequirement.ts"

// ----------------------------------------------------------------------------
// plans
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
  readonly recover: Clause.Recover | undefined
  /** Whether every challenge is the same for every request. */
  readonly isFixed: boolean
  /** Refusals that were made before. */
  readonly refusals: Map<string, SecurityError.Refusal>
}

interface PlannedScheme {
  readonly definition: Definition<unknown>
  readonly verifier: Clause.Verifier | undefined
  /** Every scope that some clause asks of the scheme. */
  readonly scopes: ReadonlyArray<string>
}

interface PlannedClause {
  readonly needs: ReadonlyArray<PlannedNeed>
  readonly build: Clause.Build
  /** The schemes that strictly larger clauses add to this one. */
  readonly added: ReadonlyArray<number>
  /** It needs nothing, and a larger clause reads `Authorization`: any such field counts as presented. */
  readonly yieldsToAuthorization: boolean
  /** All scopes of the clause, as a challenge writes them. */
  readonly scope: string
}

interface PlannedNeed {
  readonly scheme: number
  readonly scopes: ReadonlyArray<string>
  readonly recover: Clause.Recover | undefined
}

/**
 * Plans an expression. Throws when it can't be: two schemes of one name, two verifiers of one scheme, two auth-schemes in
 * the one `Authorization` field of a request.
 *
 * @category constructors
 * @since 0.1.0
 */
export const plan = (expression: Clause.Expression): Plan => {
  const needs = [...Clause.needs(expression).values()]
  const numbers = new Map(needs.map((need, number) => [need.definition.name, number]))
  const numberOf = (need: Clause.Need): number => numbers.get(need.definition.name) ?? -1
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
      yieldsToAuthorization:
        own.size === 0 &&
        added.some((scheme) => needs[scheme]?.definition.authScheme !== undefined),
      scope: [...new Set(clause.needs.flatMap((need) => need.scopes))].join(" ")
    }
  })
  return {
    schemes: needs.map(({ definition, verifier }) => ({
      definition,
      verifier,
      scopes: SecurityRequirement.scopes(requirement, definition.name)
    })),
    clauses,
    recover: expression.recover,
    isFixed: needs.every(({ definition }) => definition.isChallengeFixed),
    refusals: new Map()
  }
}

const checkAuthorization = (clause: Clause.Clause): void => {
  const readers = clause.needs.filter((need) => need.definition.authScheme !== undefined)
  const [first] = readers
  const other = readers.find((need) => need.definition.authScheme !== first?.definition.authScheme)
  if (first !== undefined && other !== undefined) {
    throw new Error(
      `no request can satisfy both ${first.definition.name} and ${other.definition.name}: each needs the one Authorization ` +
        "field, with another auth-scheme; use anyOf, or send one of them in a header of its own"
    )
  }
}

// ----------------------------------------------------------------------------
// evaluation
// ----------------------------------------------------------------------------

/**
 * Evaluates a plan against the request in the context.
 *
 * @category folds
 * @since 0.1.0
 */
export const evaluate = (plan: Plan): Clause.Erased =>
  plan.schemes.length === 0 ?
    Effect.suspend(() => attempt(new Evaluation(plan, undefined), 0))
  : Effect.withFiberRuntime((fiber) =>
      attempt(
        new Evaluation(
          plan,
          Context.unsafeGet(fiber.currentContext, HttpServerRequest.HttpServerRequest)
        ),
        0
      )
    )

type Kind = "absent" | "invalid" | "forbidden" | "unavailable"

const rank: Record<Kind, number> = { absent: 0, invalid: 1, forbidden: 2, unavailable: 3 }

/** How a clause failed: the first of the most telling kind decides the answer. */
interface Failure {
  readonly kind: Kind
  readonly refusal: SecurityError.Refusal | undefined
  readonly isMalformed: boolean
  readonly recover: Clause.Recover | undefined
}

type Verdict = Clause.Grant<unknown> | SecurityError.Refusal

class Evaluation implements Clause.Proofs {
  readonly plan: Plan
  readonly request: HttpServerRequest.HttpServerRequest | undefined
  readonly found: Array<unknown> = []
  readonly verdicts: Array<Verdict | undefined> = []
  /** The schemes whose proof a policy refused. */
  readonly refused: Array<true | undefined> = []
  readonly lacking: Array<readonly [clause: PlannedClause, need: PlannedNeed]> = []
  failure: Failure | undefined = undefined

  constructor(plan: Plan, request: HttpServerRequest.HttpServerRequest | undefined) {
    this.plan = plan
    this.request = request
  }

  credential(definition: Definition<unknown>): unknown {
    return this.found[this.numberOf(definition)]
  }

  principal(definition: Definition<unknown>): unknown {
    const verdict = this.verdicts[this.numberOf(definition)]
    return verdict !== undefined && isGrant(verdict) ? verdict.principal : undefined
  }

  /** What the request presents of a scheme, read once. */
  find(scheme: number): unknown {
    const known = this.found[scheme]
    if (known !== undefined) return known
    const planned = this.plan.schemes[scheme]
    const found =
      planned === undefined || this.request === undefined ?
        Credential.Absent
        // a scheme of one's own that returns nothing has found nothing
      : (planned.definition.extract(this.request) ?? Credential.Absent)
    this.found[scheme] = found
    return found
  }

  isSkipped(clause: PlannedClause): boolean {
    for (const scheme of clause.added) {
      if (this.find(scheme) !== Credential.Absent) return true
    }
    return (
      clause.yieldsToAuthorization &&
      this.request !== undefined &&
      Credential.hasAuthorization(this.request)
    )
  }

  /** The first need that the request does not present, else the first that can't be read. */
  unreadable(clause: PlannedClause): PlannedNeed | undefined {
    return (
      clause.needs.find((need) => this.find(need.scheme) === Credential.Absent) ??
      clause.needs.find((need) => this.find(need.scheme) === Credential.Malformed)
    )
  }

  note(failure: Failure): void {
    if (this.failure === undefined || rank[failure.kind] > rank[this.failure.kind]) {
      this.failure = failure
    }
  }

  noteRefusal(refusal: SecurityError.Refusal, recover: Clause.Recover | undefined): void {
    this.note({ kind: kindOf(refusal), refusal, isMalformed: false, recover })
  }

  private numberOf(definition: Definition<unknown>): number {
    const { schemes } = this.plan
    for (let number = 0; number < schemes.length; number++) {
      if (schemes[number]?.definition.name === definition.name) return number
    }
    return -1
  }
}

/** Tries the clauses from `from` on; comes back to the same clause after each verifier it had to run. */
const attempt = (evaluation: Evaluation, from: number): Clause.Erased => {
  const { clauses } = evaluation.plan
  for (let at = from; at < clauses.length; at++) {
    const clause = clauses[at]
    if (clause === undefined || evaluation.isSkipped(clause)) continue
    const unreadable = evaluation.unreadable(clause)
    if (unreadable !== undefined) {
      const isMalformed = evaluation.find(unreadable.scheme) === Credential.Malformed
      evaluation.note({
        kind: isMalformed ? "invalid" : "absent",
        refusal: undefined,
        isMalformed,
        recover: unreadable.recover
      })
      continue
    }
    const outcome = judge(evaluation, clause)
    if (outcome === "proven") {
      return build(evaluation, clause, at)
    }
    if (outcome !== "refused") {
      return Effect.flatMap(verify(evaluation, outcome), () => attempt(evaluation, at))
    }
  }
  return refuse(evaluation)
}

/** What the verdicts say of a clause, or the need whose verifier has to be asked first. */
const judge = (
  evaluation: Evaluation,
  clause: PlannedClause
): "proven" | "refused" | PlannedNeed => {
  let worst: { readonly refusal: SecurityError.Refusal; readonly need: PlannedNeed } | undefined
  let lacking: PlannedNeed | undefined
  for (const need of clause.needs) {
    if (evaluation.plan.schemes[need.scheme]?.verifier === undefined) continue
    const verdict = evaluation.verdicts[need.scheme]
    if (verdict === undefined) return need
    if (isGrant(verdict)) {
      lacking ??= need.scopes.every((scope) => verdict.scopes.includes(scope)) ? undefined : need
    } else if (verdict._tag === "Unauthorized") {
      evaluation.noteRefusal(verdict, need.recover)
      return "refused"
    } else if (worst === undefined || rank[kindOf(verdict)] > rank[kindOf(worst.refusal)]) {
      worst = { refusal: verdict, need }
    }
  }
  if (worst !== undefined) {
    evaluation.noteRefusal(worst.refusal, worst.need.recover)
    return "refused"
  }
  if (lacking !== undefined) {
    evaluation.lacking.push([clause, lacking])
    evaluation.note({
      kind: "forbidden",
      refusal: undefined,
      isMalformed: false,
      recover: lacking.recover
    })
    return "refused"
  }
  return "proven"
}

/** Runs a scheme's verifier and keeps its verdict; any other error or a defect ends the evaluation. */
const verify = (evaluation: Evaluation, need: PlannedNeed): Clause.Erased<void> => {
  const scheme = evaluation.plan.schemes[need.scheme]
  if (scheme?.verifier === undefined || evaluation.request === undefined) return Effect.void
  const verified = scheme.verifier.run(evaluation.find(need.scheme), {
    scheme: scheme.definition.name,
    scopes: scheme.scopes,
    request: evaluation.request
  })
  return Effect.matchCauseEffect(verified, {
    onSuccess: (grant) => {
      if (!Array.isArray(grant?.scopes)) {
        return Effect.dieMessage(
          `the verifier of ${scheme.definition.name} has to succeed with Security.grant(principal, scopes)`
        )
      }
      evaluation.verdicts[need.scheme] = grant
      return Effect.void
    },
    onFailure: (cause) => {
      const error = failureOf(cause)
      const refusal = error instanceof Clause.Recovered ? error.refusal : error
      if (SecurityError.isRefusal(refusal)) {
        evaluation.verdicts[need.scheme] = refusal
        return Effect.void
      }
      return error === undefined || need.recover === undefined ?
          Effect.failCause(cause)
        : need.recover(error)
    }
  })
}

/** Builds the value of a proven clause; a policy that refuses lets the next clause try. */
const build = (evaluation: Evaluation, clause: PlannedClause, at: number): Clause.Erased => {
  if (clause.build._tag === "Plain") {
    return Exit.succeed(clause.build.read(evaluation))
  }
  return Effect.matchCauseEffect(clause.build.run(evaluation), {
    onSuccess: Effect.succeed,
    onFailure: (cause) => {
      const error = failureOf(cause)
      const refusal = error instanceof Clause.Recovered ? error.refusal : error
      if (!SecurityError.isRefusal(refusal)) {
        return Effect.failCause(cause)
      }
      if (refusal._tag === "Unauthorized") {
        for (const need of clause.needs) evaluation.refused[need.scheme] = true
      }
      evaluation.noteRefusal(refusal, error instanceof Clause.Recovered ? error.recover : undefined)
      return attempt(evaluation, at + 1)
    }
  })
}

// ----------------------------------------------------------------------------
// refusals
// ----------------------------------------------------------------------------

const refuse = (evaluation: Evaluation): Clause.Erased<never> => {
  const { failure, plan } = evaluation
  const refusal = toRefusal(evaluation, failure)
  const recover = failure === undefined ? plan.recover : failure.recover
  return recover === undefined ?
      Effect.fail(refusal)
    : Effect.zipRight(SecurityError.appendHeaders(refusal), recover(refusal))
}

const toRefusal = (evaluation: Evaluation, failure: Failure | undefined): SecurityError.Refusal => {
  if (failure === undefined) {
    return new SecurityError.Forbidden()
  }
  const { kind, refusal } = failure
  const { plan } = evaluation
  switch (kind) {
    case "unavailable":
      return refusal ?? new SecurityError.ServiceUnavailable()
    case "forbidden":
      return refusal?._tag === "Forbidden" ?
          SecurityError.withChallenges(refusal, scopeChallenges(evaluation))
        : remembered(
            plan,
            evaluation.lacking
              .map(([clause, need]) => `${plan.clauses.indexOf(clause)} ${need.scheme}`)
              .join(),
            () =>
              new SecurityError.Forbidden(
                { message: "Insufficient scope" },
                true,
                scopeChallenges(evaluation)
              )
          )
    case "absent":
    case "invalid": {
      const refused = evaluation.plan.schemes.map((_, scheme) => isRefused(evaluation, scheme))
      if (refusal?._tag === "Unauthorized") {
        return SecurityError.withChallenges(presented(refusal), challenges(evaluation, refused))
      }
      const reason =
        kind === "absent" ? "absent"
        : failure.isMalformed ? "malformed"
        : "invalid"
      return remembered(
        plan,
        `${reason} ${refused.map(Number).join("")}`,
        () => new SecurityError.Unauthorized({ reason }, true, challenges(evaluation, refused))
      )
    }
  }
}

/** The most refusals that a plan remembers: they carry nothing of a request, but requests choose among them. */
const maxRemembered = 64

/** A refusal whose challenges are always the same is made once. */
const remembered = <Self extends SecurityError.Refusal>(
  plan: Plan,
  key: string,
  make: () => Self
): SecurityError.Refusal => {
  if (!plan.isFixed) return make()
  const known = plan.refusals.get(key)
  if (known !== undefined) return known
  const made = make()
  if (plan.refusals.size < maxRemembered) plan.refusals.set(key, made)
  return made
}

/** What a verifier or a policy refused was presented, whatever its error says. */
const presented = (refusal: SecurityError.Unauthorized): SecurityError.Unauthorized =>
  refusal.reason === "absent" ? new SecurityError.Unauthorized({ reason: "invalid" }) : refusal

/** One challenge for each scheme, identical ones once; `error` where what was presented was refused. */
const challenges = (
  evaluation: Evaluation,
  refused: ReadonlyArray<boolean>
): ReadonlyArray<Challenge.Challenge> =>
  distinct(
    evaluation.plan.schemes.map(({ definition }, scheme) =>
      definition.challenge(refused[scheme] === true ? { error: "invalid_token" } : undefined)
    )
  )

const isRefused = (evaluation: Evaluation, scheme: number): boolean => {
  const verdict = evaluation.verdicts[scheme]
  return (
    evaluation.find(scheme) === Credential.Malformed ||
    evaluation.refused[scheme] === true ||
    (verdict !== undefined && !isGrant(verdict) && verdict._tag === "Unauthorized")
  )
}

/** One challenge for each clause that lacked scopes, with all the scopes of that clause. */
const scopeChallenges = (evaluation: Evaluation): ReadonlyArray<Challenge.Challenge> =>
  distinct(
    evaluation.lacking.flatMap(([{ scope }, need]) => {
      const definition = evaluation.plan.schemes[need.scheme]?.definition
      return definition === undefined ?
          []
        : [definition.challenge({ error: "insufficient_scope", scope })]
    })
  )

const distinct = (
  challenges: ReadonlyArray<Challenge.Challenge>
): ReadonlyArray<Challenge.Challenge> => {
  if (challenges.length < 2) return challenges
  return [
    ...new Map(challenges.map((challenge) => [Challenge.print(challenge), challenge])).values()
  ]
}

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const isGrant = (verdict: Verdict): verdict is Clause.Grant<unknown> =>
  !SecurityError.isRefusal(verdict)

const kindOf = (refusal: SecurityError.Refusal): Kind =>
  refusal._tag === "Unauthorized" ? "invalid"
  : refusal._tag === "Forbidden" ? "forbidden"
  : "unavailable"

/** The one error of a cause that is nothing but errors: a defect or an interruption is never a refusal. */
const failureOf = (cause: Cause.Cause<unknown>): unknown =>
  Cause.isDie(cause) || Cause.isInterrupted(cause) ?
    undefined
  : Option.getOrUndefined(Cause.failureOption(cause))

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
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Challenge from "../../Challenge.ts"
import * as Clause from "./Clause.ts"
import * as Credential from "../../Credential.ts"
import type { Definition } from "./Definition.ts"
import * as Refusal from "../refusal/Refusal.ts"
import * as RefusalAnswer from "../refusal/RefusalAnswer.ts"
import * as SecurityRequirement from "../../SecurityRequirement.ts"

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
  /** The one scheme of the one clause, where nothing but plain policies comes after it. */
  readonly only: Only | undefined
  readonly recover: Clause.Recover | undefined
  /** One `undefined` for each scheme. */
  readonly blank: ReadonlyArray<undefined>
  /** Whether every challenge is the same for every request. */
  readonly isFixed: boolean
  /** Refusals that were made before. */
  readonly refusals: Map<string, Refusal.Refusal>
  /** What the last refusal of a verifier or a policy was completed to: many fail with one and the same. */
  completed: Completed | undefined
}

interface Completed {
  readonly refusal: Refusal.Unauthorized
  readonly refused: string
  readonly completed: Refusal.Unauthorized
}

interface Only {
  readonly scheme: PlannedScheme
  readonly need: PlannedNeed
  readonly build: Clause.Build & { readonly _tag: "Plain" }
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
  /** It needs nothing, and a larger clause something: any `Authorization` field counts as presented. */
  readonly yieldsToAuthorization: boolean
  /** All scopes of the clause, as a challenge writes them. */
  readonly scope: string
}

interface PlannedNeed {
  readonly scheme: number
  readonly scopes: ReadonlyArray<string>
  readonly recover: Clause.NeedRecover
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

// ----------------------------------------------------------------------------
// evaluation
// ----------------------------------------------------------------------------

/**
 * Evaluates a plan against the request in the context of a running fiber, at once: the result is an Exit where there was nothing to
 * wait for.
 *
 * @category folds
 * @since 0.1.0
 */
export const decide = (plan: Plan, fiber: Fiber.RuntimeFiber<unknown, unknown>): Clause.Erased => {
  if (plan.schemes.length === 0) return attempt(new Evaluation(plan, undefined), 0)
  const request = Context.unsafeGet(fiber.currentContext, HttpServerRequest.HttpServerRequest)
  return plan.only === undefined ?
      attempt(new Evaluation(plan, request), 0)
    : attemptOnly(plan, plan.only, request)
}

/**
 * Evaluates a plan against the request in the context.
 *
 * @category folds
 * @since 0.1.0
 */
export const evaluate = (plan: Plan): Clause.Erased =>
  Effect.withFiberRuntime((fiber) => decide(plan, fiber))

type Kind = "absent" | "invalid" | "forbidden" | "unavailable"

const rank: Record<Kind, number> = { absent: 0, invalid: 1, forbidden: 2, unavailable: 3 }

/** How a clause failed: the first of the most telling kind decides the answer. */
interface Failure {
  readonly kind: Kind
  readonly refusal: Refusal.Refusal | undefined
  readonly isMalformed: boolean
  readonly recover: Clause.Recover | undefined
}

/** What a verifier or a policy refused with, and what is still to become of that. */
interface Refused {
  readonly refusal: Refusal.Refusal
  readonly recover: Clause.Recover | undefined
  /** It is what `mapError` made of another error. */
  readonly isMade: boolean
}

class Evaluation implements Clause.Proofs {
  readonly plan: Plan
  readonly request: HttpServerRequest.HttpServerRequest | undefined
  readonly found: Array<unknown>
  /** What the verifiers that were asked have granted. */
  readonly granted: Array<Clause.Grant<unknown> | undefined>
  /** What the verifiers that were asked have refused; most requests are not refused. */
  refusals: Array<Refused | undefined> | undefined = undefined
  /** The schemes whose proof a policy refused, each with the challenges that the policy gave. */
  refused: Array<ReadonlyArray<Challenge.Challenge> | undefined> | undefined = undefined
  lacking: Array<readonly [clause: PlannedClause, need: PlannedNeed]> | undefined = undefined
  failure: Failure | undefined = undefined

  constructor(
    plan: Plan,
    request: HttpServerRequest.HttpServerRequest | undefined,
    found?: unknown
  ) {
    this.plan = plan
    this.request = request
    this.found = found === undefined ? plan.blank.slice() : [found]
    this.granted = plan.blank.slice()
  }

  credential(definition: Definition<unknown>): unknown {
    return this.found[this.numberOf(definition)]
  }

  principal(definition: Definition<unknown>): unknown {
    return this.granted[this.numberOf(definition)]?.principal
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
    let malformed: PlannedNeed | undefined
    for (const need of clause.needs) {
      const found = this.find(need.scheme)
      if (found === Credential.Absent) return need
      if (found === Credential.Malformed) malformed ??= need
    }
    return malformed
  }

  note(failure: Failure): void {
    if (this.failure === undefined || rank[failure.kind] > rank[this.failure.kind]) {
      this.failure = failure
    }
  }

  noteRefused({ isMade, recover, refusal }: Refused, need: PlannedNeed): void {
    this.note({
      kind: kindOf(refusal),
      refusal,
      isMalformed: false,
      recover: isMade ? undefined : Clause.andThen(recover, need.recover.verifier)
    })
  }

  refuse(scheme: number, refused: Refused): void {
    this.refusals ??= []
    this.refusals[scheme] = refused
  }

  private numberOf(definition: Definition<unknown>): number {
    const { schemes } = this.plan
    for (let number = 0; number < schemes.length; number++) {
      if (schemes[number]?.definition.name === definition.name) return number
    }
    return -1
  }
}

/** Tries the clauses from `from` on. What a scheme or a policy throws is a defect, whatever it is. */
const attempt = (evaluation: Evaluation, from: number): Clause.Erased => {
  try {
    return attemptFrom(evaluation, from)
  } catch (thrown) {
    return thrownDefect(thrown)
  }
}

const thrownDefect = (thrown: unknown): Clause.Erased =>
  Exit.failCause(Clause.asDefects(Cause.die(thrown)))

/** Tries the only clause there is. Whatever is not a pass at once is an evaluation like any other. */
const attemptOnly = (
  plan: Plan,
  { build, need, scheme }: Only,
  request: HttpServerRequest.HttpServerRequest
): Clause.Erased => {
  try {
    const found = scheme.definition.extract(request) ?? Credential.Absent
    if (found === Credential.Absent || found === Credential.Malformed) {
      return attemptFrom(new Evaluation(plan, request, found), 0)
    }
    if (scheme.verifier === undefined) {
      return Exit.succeed(build.read(new OnlyProof(found, undefined)))
    }
    const verified = runVerifier(scheme, scheme.verifier, found, request)
    if (
      Clause.isDone(verified) &&
      verified._tag === "Success" &&
      isGrant(verified.value) &&
      firstLacking(need.scopes, verified.value.scopes) === undefined
    ) {
      const { principal } = verified.value
      return Exit.succeed(
        build.of === "principal" ? principal : build.read(new OnlyProof(found, principal))
      )
    }
    const evaluation = new Evaluation(plan, request, found)
    return receive(evaluation, need, verified, 0) ?? attemptFrom(evaluation, 0)
  } catch (thrown) {
    return thrownDefect(thrown)
  }
}

class OnlyProof implements Clause.Proofs {
  constructor(found: unknown, proven: unknown) {
    this.found = found
    this.proven = proven
  }
  private readonly found: unknown
  private readonly proven: unknown

  credential(): unknown {
    return this.found
  }

  principal(): unknown {
    return this.proven
  }
}

/** Comes back to the same clause after each verifier whose verdict it had to wait for. */
const attemptFrom = (evaluation: Evaluation, from: number): Clause.Erased => {
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
        recover: unreadable.recover.credential
      })
      continue
    }
    let outcome = judge(evaluation, clause)
    while (typeof outcome === "object") {
      const pending = verify(evaluation, outcome, at)
      if (pending !== undefined) return pending
      outcome = judge(evaluation, clause)
    }
    if (outcome === "proven") return build(evaluation, clause, at)
  }
  return refuse(evaluation)
}

/** What the verdicts say of a clause, or the need whose verifier has to be asked first. */
const judge = (
  evaluation: Evaluation,
  clause: PlannedClause
): "proven" | "refused" | PlannedNeed => {
  let worst: { readonly refused: Refused; readonly need: PlannedNeed } | undefined
  let lacking: { readonly need: PlannedNeed; readonly scope: string } | undefined
  for (const need of clause.needs) {
    if (evaluation.plan.schemes[need.scheme]?.verifier === undefined) continue
    const grant = evaluation.granted[need.scheme]
    const refused = evaluation.refusals?.[need.scheme]
    if (grant !== undefined) {
      const scope = firstLacking(need.scopes, grant.scopes)
      if (scope !== undefined) lacking ??= { need, scope }
    } else if (refused === undefined) {
      return need
    } else if (refused.refusal._tag === "Unauthorized") {
      evaluation.noteRefused(refused, need)
      return "refused"
    } else if (
      worst === undefined ||
      rank[kindOf(refused.refusal)] > rank[kindOf(worst.refused.refusal)]
    ) {
      worst = { refused, need }
    }
  }
  if (worst !== undefined) {
    evaluation.noteRefused(worst.refused, worst.need)
    return "refused"
  }
  if (lacking !== undefined) {
    const { need, scope } = lacking
    evaluation.lacking ??= []
    evaluation.lacking.push([clause, need])
    evaluation.note({
      kind: "forbidden",
      refusal: undefined,
      isMalformed: false,
      recover: need.recover.scopes.get(scope)
    })
    return "refused"
  }
  return "proven"
}

const firstLacking = (
  wanted: ReadonlyArray<string>,
  granted: ReadonlyArray<string>
): string | undefined => {
  for (const scope of wanted) {
    if (!granted.includes(scope)) return scope
  }
  return undefined
}

/**
 * Runs a scheme's verifier and keeps its verdict; any other error or a defect ends the evaluation. `undefined` when the verdict is
 * there at once, else what goes on with the clause `at` once it is.
 */
const verify = (
  evaluation: Evaluation,
  need: PlannedNeed,
  at: number
): Clause.Erased | undefined => {
  const scheme = evaluation.plan.schemes[need.scheme]
  if (scheme?.verifier === undefined || evaluation.request === undefined) {
    return Effect.dieMessage(`no verifier for a need of ${scheme?.definition.name}`)
  }
  const found = evaluation.find(need.scheme)
  return receive(
    evaluation,
    need,
    runVerifier(scheme, scheme.verifier, found, evaluation.request),
    at
  )
}

const runVerifier = (
  { definition, scopes }: PlannedScheme,
  verifier: Clause.Verifier,
  credential: unknown,
  request: HttpServerRequest.HttpServerRequest
): Clause.Erased<Clause.Grant<unknown>> =>
  verifier.run(credential, { scheme: definition.name, scopes, request })

/** The second half of {@link verify}. */
const receive = (
  evaluation: Evaluation,
  need: PlannedNeed,
  verified: Clause.Erased<Clause.Grant<unknown>>,
  at: number
): Clause.Erased | undefined => {
  // an Effect that has nothing to do is its own result
  if (Clause.isDone(verified)) {
    const ending =
      verified._tag === "Success" ?
        keepGrant(evaluation, need, verified.value)
      : keepFailure(evaluation, need, verified.cause)
    return ending && Effect.flatMap(ending, () => attempt(evaluation, at))
  }
  const resume = (ending: Clause.Erased<void> | undefined): Clause.Erased =>
    ending === undefined ?
      attempt(evaluation, at)
    : Effect.flatMap(ending, () => attempt(evaluation, at))
  return Effect.matchCauseEffect(verified, {
    onSuccess: (grant) => resume(keepGrant(evaluation, need, grant)),
    onFailure: (cause) => resume(keepFailure(evaluation, need, cause))
  })
}

const keepGrant = (
  evaluation: Evaluation,
  need: PlannedNeed,
  grant: unknown
): Clause.Erased<void> | undefined => {
  if (!isGrant(grant)) {
    const name = evaluation.plan.schemes[need.scheme]?.definition.name
    return Effect.dieMessage(
      `the verifier of ${name} has to succeed with Security.grant(principal, scopes)`
    )
  }
  evaluation.granted[need.scheme] = grant
  return undefined
}

const isGrant = (grant: unknown): grant is Clause.Grant<unknown> =>
  typeof grant === "object" && grant !== null && "scopes" in grant && Array.isArray(grant.scopes)

const keepFailure = (
  evaluation: Evaluation,
  need: PlannedNeed,
  cause: Cause.Cause<unknown>
): Clause.Erased<void> | undefined => {
  const refused = refusedIn(cause)
  if (refused !== undefined) {
    evaluation.refuse(need.scheme, refused)
    return undefined
  }
  const error = Clause.errorOf(cause)
  const recover = need.recover.verifier
  return error._tag === "None" || recover === undefined ?
      Effect.failCause(Clause.asDefects(cause))
      // what has become a refusal is one
    : Clause.catchErrors(recover(error.value), (changed) => {
        if (!Refusal.isRefusal(changed)) return Effect.fail(changed)
        evaluation.refuse(need.scheme, { refusal: changed, recover: undefined, isMade: true })
        return Effect.void
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
      const refused = refusedIn(cause)
      if (refused === undefined) {
        return Effect.failCause(Clause.asDefects(cause))
      }
      const { recover, refusal } = refused
      if (refusal._tag === "Unauthorized") {
        evaluation.refused ??= []
        for (const need of clause.needs) evaluation.refused[need.scheme] = refusal.challenges
      }
      evaluation.note({ kind: kindOf(refusal), refusal, isMalformed: false, recover })
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
      Exit.fail(refusal)
    : Effect.zipRight(RefusalAnswer.appendHeaders(refusal), recover(refusal))
}

const toRefusal = (evaluation: Evaluation, failure: Failure | undefined): Refusal.Refusal => {
  if (failure === undefined) {
    return new Refusal.Forbidden()
  }
  const { kind, refusal } = failure
  const { plan } = evaluation
  switch (kind) {
    case "unavailable":
      return refusal ?? new Refusal.ServiceUnavailable()
    case "forbidden":
      return refusal?._tag === "Forbidden" ?
          Refusal.withChallenges(
            refusal,
            distinct([...refusal.challenges, ...scopeChallenges(evaluation)])
          )
        : remembered(
            plan,
            (evaluation.lacking ?? [])
              .map(([clause, need]) => `${plan.clauses.indexOf(clause)} ${need.scheme}`)
              .join(),
            () =>
              new Refusal.Forbidden(
                { message: "Insufficient scope" },
                true,
                scopeChallenges(evaluation)
              )
          )
    case "absent":
    case "invalid": {
      if (refusal?._tag === "Unauthorized") return completed(evaluation, presented(refusal))
      const reason =
        kind === "absent" ? "absent"
        : failure.isMalformed ? "malformed"
        : "invalid"
      const make = (): Refusal.Unauthorized =>
        new Refusal.Unauthorized({ reason }, true, challenges(evaluation))
      return hasOwnChallenges(evaluation) ? make() : (
          remembered(plan, `${reason} ${refusedSchemes(evaluation)}`, make)
        )
    }
  }
}

/** The refusal of a verifier or a policy with the challenges of the expression. */
const completed = (evaluation: Evaluation, refusal: Refusal.Unauthorized): Refusal.Unauthorized => {
  const { plan } = evaluation
  if (!plan.isFixed || hasOwnChallenges(evaluation)) {
    return Refusal.withChallenges(refusal, challenges(evaluation))
  }
  const refused = refusedSchemes(evaluation)
  const last = plan.completed
  if (last !== undefined && last.refusal === refusal && last.refused === refused) {
    return RefusalAnswer.prepared(last.completed)
  }
  const made = Refusal.withChallenges(refusal, challenges(evaluation))
  plan.completed = { refusal, refused, completed: made }
  return made
}

/** Which schemes were refused, one digit each. */
const refusedSchemes = (evaluation: Evaluation): string => {
  let digits = ""
  for (let scheme = 0; scheme < evaluation.plan.schemes.length; scheme++) {
    digits += isRefused(evaluation, scheme) ? "1" : "0"
  }
  return digits
}

const hasOwnChallenges = (evaluation: Evaluation): boolean =>
  (evaluation.refusals !== undefined || evaluation.refused !== undefined) &&
  evaluation.plan.schemes.some((_, scheme) => ownChallenges(evaluation, scheme).length > 0)

/** The most refusals that a plan remembers: they carry nothing of a request, but requests choose among them. */
const maxRemembered = 64

/** A refusal whose challenges are always the same is made once. */
const remembered = <Self extends Refusal.Refusal>(
  plan: Plan,
  key: string,
  make: () => Self
): Refusal.Refusal => {
  if (!plan.isFixed) return make()
  const known = plan.refusals.get(key)
  if (known !== undefined) return RefusalAnswer.prepared(known)
  const made = make()
  if (plan.refusals.size < maxRemembered) plan.refusals.set(key, made)
  return made
}

/** What a verifier or a policy refused was presented, whatever its error says. */
const presented = (refusal: Refusal.Unauthorized): Refusal.Unauthorized =>
  refusal.reason === "absent" ? Refusal.asInvalid(refusal) : refusal

/** One challenge for each scheme, identical ones once; `error` where what was presented was refused. */
const challenges = (evaluation: Evaluation): ReadonlyArray<Challenge.Challenge> =>
  distinct(
    evaluation.plan.schemes.flatMap(({ definition }, scheme) => {
      const own = ownChallenges(evaluation, scheme)
      return own.length > 0 ?
          own
        : definition.challenges(
            isRefused(evaluation, scheme) ? { error: "invalid_token" } : undefined
          )
    })
  )

/** The challenges that a scheme's verifier, or a policy, gave its refusal. */
const ownChallenges = (
  evaluation: Evaluation,
  scheme: number
): ReadonlyArray<Challenge.Challenge> => {
  const refusal = evaluation.refusals?.[scheme]?.refusal
  return refusal?._tag === "Unauthorized" ?
      refusal.challenges
    : (evaluation.refused?.[scheme] ?? none)
}

const none: ReadonlyArray<Challenge.Challenge> = []

const isRefused = (evaluation: Evaluation, scheme: number): boolean =>
  evaluation.find(scheme) === Credential.Malformed ||
  evaluation.refused?.[scheme] !== undefined ||
  evaluation.refusals?.[scheme]?.refusal._tag === "Unauthorized"

/** One challenge for each clause that lacked scopes, with all the scopes of that clause. */
const scopeChallenges = (evaluation: Evaluation): ReadonlyArray<Challenge.Challenge> =>
  distinct(
    (evaluation.lacking ?? []).flatMap(([{ scope }, need]) => {
      const definition = evaluation.plan.schemes[need.scheme]?.definition
      return definition === undefined ?
          []
        : definition.challenges({ error: "insufficient_scope", scope })
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

const kindOf = (refusal: Refusal.Refusal): Kind =>
  refusal._tag === "Unauthorized" ? "invalid"
  : refusal._tag === "Forbidden" ? "forbidden"
  : "unavailable"

/** The refusal that a cause is, if it is one: a defect or an interruption never is. */
const refusedIn = (cause: Cause.Cause<unknown>): Refused | undefined => {
  // in a span `Effect.fail` fails with a proxy, another one each time
  const error = Cause.originalError(Option.getOrUndefined(Clause.errorOf(cause)))
  return (
    error instanceof Clause.Recovered ?
      { refusal: error.refusal, recover: error.recover, isMade: false }
    : Refusal.isRefusal(error) ? { refusal: error, recover: undefined, isMade: false }
    : undefined
  )
}

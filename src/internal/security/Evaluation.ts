/**
 * Decides whether a request is let in: a plan is evaluated for each request.
 *
 * The decision reads each scheme and runs each verifier at most once, and as late as it can. Its order is the meaning of
 * an expression: see `docs/meaning.md`.
 *
 * @since 0.1.0
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Credential from "../../Credential.ts"
import * as Refusal from "../refusal/Refusal.ts"
import type { Proofs } from "./Build.ts"
import type { Grant, Verifier } from "./Need.ts"
import * as Outcome from "./Outcome.ts"
import type { Only, Plan, PlannedClause, PlannedNeed, PlannedScheme } from "./Plan.ts"
import { refuse } from "./Refusing.ts"
import { kindOf, rank, type Refused, refusedIn, Verdicts } from "./Verdicts.ts"

/**
 * Evaluates a plan against the request in the context of a running fiber, at once: the result is an Exit where there was nothing to
 * wait for.
 *
 * @category folds
 * @since 0.1.0
 */
export const decide = (plan: Plan, fiber: Fiber.RuntimeFiber<unknown, unknown>): Outcome.Erased => {
  if (plan.schemes.length === 0) return attempt(new Verdicts(plan, undefined), 0)
  const request = Context.unsafeGet(fiber.currentContext, HttpServerRequest.HttpServerRequest)
  return plan.only === undefined ?
      attempt(new Verdicts(plan, request), 0)
    : attemptOnly(plan, plan.only, request)
}

/**
 * Evaluates a plan against the request in the context.
 *
 * @category folds
 * @since 0.1.0
 */
export const evaluate = (plan: Plan): Outcome.Erased =>
  Effect.withFiberRuntime((fiber) => decide(plan, fiber))

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

/** Tries the clauses from `from` on. What a scheme or a policy throws is a defect, whatever it is. */
const attempt = (verdicts: Verdicts, from: number): Outcome.Erased => {
  try {
    return attemptFrom(verdicts, from)
  } catch (thrown) {
    return Outcome.dieOf(thrown)
  }
}

/** Tries the only clause there is. Whatever is not a pass at once is an verdicts like any other. */
const attemptOnly = (
  plan: Plan,
  { build, need, scheme }: Only,
  request: HttpServerRequest.HttpServerRequest
): Outcome.Erased => {
  try {
    const found = scheme.definition.extract(request) ?? Credential.Absent
    if (found === Credential.Absent || found === Credential.Malformed) {
      return attemptFrom(new Verdicts(plan, request, found), 0)
    }
    if (scheme.verifier === undefined) {
      return Exit.succeed(build.read(new OnlyProof(found, undefined)))
    }
    const verified = runVerifier(scheme, scheme.verifier, found, request)
    if (
      Outcome.isDone(verified) &&
      verified._tag === "Success" &&
      isGrant(verified.value) &&
      firstLacking(need.scopes, verified.value.scopes) === undefined
    ) {
      const { principal } = verified.value
      return Exit.succeed(
        build.of === "principal" ? principal : build.read(new OnlyProof(found, principal))
      )
    }
    const verdicts = new Verdicts(plan, request, found)
    return receive(verdicts, need, verified, 0) ?? attemptFrom(verdicts, 0)
  } catch (thrown) {
    return Outcome.dieOf(thrown)
  }
}

class OnlyProof implements Proofs {
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
const attemptFrom = (verdicts: Verdicts, from: number): Outcome.Erased => {
  const { clauses } = verdicts.plan
  for (let at = from; at < clauses.length; at++) {
    const clause = clauses[at]
    if (clause === undefined || verdicts.isSkipped(clause)) continue
    const unreadable = verdicts.unreadable(clause)
    if (unreadable !== undefined) {
      const isMalformed = verdicts.find(unreadable.scheme) === Credential.Malformed
      verdicts.note({
        kind: isMalformed ? "invalid" : "absent",
        refusal: undefined,
        isMalformed,
        recover: unreadable.recover.credential
      })
      continue
    }
    let outcome = judge(verdicts, clause)
    while (typeof outcome === "object") {
      const pending = verify(verdicts, outcome, at)
      if (pending !== undefined) return pending
      outcome = judge(verdicts, clause)
    }
    if (outcome === "proven") return build(verdicts, clause, at)
  }
  return refuse(verdicts)
}

/** What the verdicts say of a clause, or the need whose verifier has to be asked first. */
const judge = (verdicts: Verdicts, clause: PlannedClause): "proven" | "refused" | PlannedNeed => {
  let worst: { readonly refused: Refused; readonly need: PlannedNeed } | undefined
  let lacking: { readonly need: PlannedNeed; readonly scope: string } | undefined
  for (const need of clause.needs) {
    if (verdicts.plan.schemes[need.scheme]?.verifier === undefined) continue
    const grant = verdicts.granted[need.scheme]
    const refused = verdicts.refusals?.[need.scheme]
    if (grant !== undefined) {
      const scope = firstLacking(need.scopes, grant.scopes)
      if (scope !== undefined) lacking ??= { need, scope }
    } else if (refused === undefined) {
      return need
    } else if (refused.refusal._tag === "Unauthorized") {
      verdicts.noteRefused(refused, need)
      return "refused"
    } else if (
      worst === undefined ||
      rank[kindOf(refused.refusal)] > rank[kindOf(worst.refused.refusal)]
    ) {
      worst = { refused, need }
    }
  }
  if (worst !== undefined) {
    verdicts.noteRefused(worst.refused, worst.need)
    return "refused"
  }
  if (lacking !== undefined) {
    const { need, scope } = lacking
    verdicts.lacking ??= []
    verdicts.lacking.push([clause, need])
    verdicts.note({
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
 * Runs a scheme's verifier and keeps its verdict; any other error or a defect ends the verdicts. `undefined` when the verdict is
 * there at once, else what goes on with the clause `at` once it is.
 */
const verify = (verdicts: Verdicts, need: PlannedNeed, at: number): Outcome.Erased | undefined => {
  const scheme = verdicts.plan.schemes[need.scheme]
  if (scheme?.verifier === undefined || verdicts.request === undefined) {
    return Effect.dieMessage(`no verifier for a need of ${scheme?.definition.name}`)
  }
  const found = verdicts.find(need.scheme)
  return receive(verdicts, need, runVerifier(scheme, scheme.verifier, found, verdicts.request), at)
}

const runVerifier = (
  { definition, scopes }: PlannedScheme,
  verifier: Verifier,
  credential: unknown,
  request: HttpServerRequest.HttpServerRequest
): Outcome.Erased<Grant<unknown>> =>
  verifier.run(credential, { scheme: definition.name, scopes, request })

/** The second half of {@link verify}. */
const receive = (
  verdicts: Verdicts,
  need: PlannedNeed,
  verified: Outcome.Erased<Grant<unknown>>,
  at: number
): Outcome.Erased | undefined => {
  // an Effect that has nothing to do is its own result
  if (Outcome.isDone(verified)) {
    const ending =
      verified._tag === "Success" ?
        keepGrant(verdicts, need, verified.value)
      : keepFailure(verdicts, need, verified.cause)
    return ending && Effect.flatMap(ending, () => attempt(verdicts, at))
  }
  const resume = (ending: Outcome.Erased<void> | undefined): Outcome.Erased =>
    ending === undefined ?
      attempt(verdicts, at)
    : Effect.flatMap(ending, () => attempt(verdicts, at))
  return Effect.matchCauseEffect(verified, {
    onSuccess: (grant) => resume(keepGrant(verdicts, need, grant)),
    onFailure: (cause) => resume(keepFailure(verdicts, need, cause))
  })
}

const keepGrant = (
  verdicts: Verdicts,
  need: PlannedNeed,
  grant: unknown
): Outcome.Erased<void> | undefined => {
  if (!isGrant(grant)) {
    const name = verdicts.plan.schemes[need.scheme]?.definition.name
    return Effect.dieMessage(
      `the verifier of ${name} has to succeed with Security.grant(principal, scopes)`
    )
  }
  verdicts.granted[need.scheme] = grant
  return undefined
}

const isGrant = (grant: unknown): grant is Grant<unknown> =>
  typeof grant === "object" && grant !== null && "scopes" in grant && Array.isArray(grant.scopes)

const keepFailure = (
  verdicts: Verdicts,
  need: PlannedNeed,
  cause: Cause.Cause<unknown>
): Outcome.Erased<void> | undefined => {
  const refused = refusedIn(cause)
  if (refused !== undefined) {
    verdicts.refuse(need.scheme, refused)
    return undefined
  }
  const error = Outcome.errorOf(cause)
  const recover = need.recover.verifier
  return error._tag === "None" || recover === undefined ?
      Effect.failCause(Outcome.asDefects(cause))
      // what has become a refusal is one
    : Outcome.catchErrors(recover(error.value), (changed) => {
        if (!Refusal.isRefusal(changed)) return Effect.fail(changed)
        verdicts.refuse(need.scheme, { refusal: changed, recover: undefined, isMade: true })
        return Effect.void
      })
}

/** Builds the value of a proven clause; a policy that refuses lets the next clause try. */
const build = (verdicts: Verdicts, clause: PlannedClause, at: number): Outcome.Erased => {
  if (clause.build._tag === "Plain") {
    return Exit.succeed(clause.build.read(verdicts))
  }
  return Effect.matchCauseEffect(clause.build.run(verdicts), {
    onSuccess: Effect.succeed,
    onFailure: (cause) => {
      const refused = refusedIn(cause)
      if (refused === undefined) {
        return Effect.failCause(Outcome.asDefects(cause))
      }
      const { recover, refusal } = refused
      if (refusal._tag === "Unauthorized") {
        verdicts.refused ??= []
        for (const need of clause.needs) verdicts.refused[need.scheme] = refusal.challenges
      }
      verdicts.note({ kind: kindOf(refusal), refusal, isMalformed: false, recover })
      return attempt(verdicts, at + 1)
    }
  })
}

/**
 * What is known of a request while it is decided: what it presents of each scheme, what verifiers and policies said, and why a clause
 * failed.
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import type * as Challenge from "../../Challenge.ts"
import * as Credential from "../../Credential.ts"
import * as Line from "../line/Line.ts"
import * as Refusal from "../refusal/Refusal.ts"
import type { Proofs } from "./Build.ts"
import * as Clause from "./Clause.ts"
import type { Definition } from "./Definition.ts"
import * as Need from "./Need.ts"
import * as Outcome from "./Outcome.ts"
import type { Plan, PlannedClause, PlannedNeed } from "./Plan.ts"

// ----------------------------------------------------------------------------
// failures
// ----------------------------------------------------------------------------

/**
 * The kinds of failure.
 *
 * @category models
 * @since 0.1.0
 */
export type Kind = "absent" | "invalid" | "forbidden" | "unavailable"

/**
 * How telling a kind is.
 *
 * @category constants
 * @since 0.1.0
 */
export const rank: Record<Kind, number> = { absent: 0, invalid: 1, forbidden: 2, unavailable: 3 }

/**
 * How a clause failed: the first of the most telling kind decides the answer.
 *
 * @category models
 * @since 0.1.0
 */
export interface Failure {
  readonly kind: Kind
  readonly refusal: Refusal.Refusal | undefined
  readonly isMalformed: boolean
  readonly recover: Need.Recover | undefined
}

/**
 * What a verifier or a policy refused with, and what is still to become of that.
 *
 * @category models
 * @since 0.1.0
 */
export interface Refused {
  readonly refusal: Refusal.Refusal
  readonly recover: Need.Recover | undefined
  /** It is what `mapError` made of another error. */
  readonly isMade: boolean
}

/**
 * The kind of failure that a refusal is.
 *
 * @category folds
 * @since 0.1.0
 */
export const kindOf = (refusal: Refusal.Refusal): Kind =>
  refusal._tag === "Unauthorized" ? "invalid"
  : refusal._tag === "Forbidden" ? "forbidden"
  : "unavailable"

/**
 * The refusal that a cause is, if it is one: a defect or an interruption never is.
 *
 * @category folds
 * @since 0.1.0
 */
export const refusedIn = (cause: Cause.Cause<unknown>): Refused | undefined => {
  // in a span `Effect.fail` fails with a proxy, another one each time
  const error = Line.original(Option.getOrUndefined(Outcome.errorOf(cause)))
  return (
    error instanceof Clause.Recovered ?
      { refusal: error.refusal, recover: error.recover, isMade: false }
    : Refusal.isRefusal(error) ? { refusal: error, recover: undefined, isMade: false }
    : undefined
  )
}

// ----------------------------------------------------------------------------
// verdicts
// ----------------------------------------------------------------------------

/**
 * What is known of a request, in one verdicts.
 *
 * @category models
 * @since 0.1.0
 */
export class Verdicts implements Proofs {
  readonly plan: Plan
  readonly request: HttpServerRequest.HttpServerRequest | undefined
  readonly found: Array<unknown>
  /** What the verifiers that were asked have granted. */
  readonly granted: Array<Need.Grant<unknown> | undefined>
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
      recover: isMade ? undefined : Need.andThen(recover, need.recover.verifier)
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

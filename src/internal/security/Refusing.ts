/**
 * Makes the refusal of a request: which error it is, and the challenges that go with it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Challenge from "../../Challenge.ts"
import * as Credential from "../../Credential.ts"
import * as Line from "../line/Line.ts"
import * as Refusal from "../refusal/Refusal.ts"
import * as RefusalAnswer from "../refusal/RefusalAnswer.ts"
import type * as Outcome from "./Outcome.ts"
import type { Plan } from "./Plan.ts"
import type { Failure, Verdicts } from "./Verdicts.ts"

/**
 * Refuses a request that no clause let in: the greatest failure's refusal, with the challenges of the whole expression.
 *
 * @category folds
 * @since 0.1.0
 */
export const refuse = (verdicts: Verdicts): Outcome.Erased<never> => {
  const { failure, plan } = verdicts
  const refusal = toRefusal(verdicts, failure)
  const recover = failure === undefined ? plan.recover : failure.recover
  return recover === undefined ?
      Exit.fail(refusal)
    : Effect.zipRight(RefusalAnswer.appendHeaders(refusal), recover(refusal))
}

const toRefusal = (verdicts: Verdicts, failure: Failure | undefined): Refusal.Refusal => {
  if (failure === undefined) {
    return new Refusal.Forbidden()
  }
  const { kind, refusal } = failure
  const { plan } = verdicts
  switch (kind) {
    case "unavailable":
      return refusal ?? new Refusal.ServiceUnavailable()
    case "forbidden":
      return refusal?._tag === "Forbidden" ?
          Refusal.withChallenges(
            refusal,
            distinct([...refusal.challenges, ...scopeChallenges(verdicts)])
          )
        : remembered(
            plan,
            (verdicts.lacking ?? [])
              .map(([clause, need]) => `${plan.clauses.indexOf(clause)} ${need.scheme}`)
              .join(),
            () =>
              new Refusal.Forbidden(
                { message: "Insufficient scope" },
                Line.unchecked,
                scopeChallenges(verdicts)
              )
          )
    case "absent":
    case "invalid": {
      if (refusal?._tag === "Unauthorized") return completed(verdicts, presented(refusal))
      const reason =
        kind === "absent" ? "absent"
        : failure.isMalformed ? "malformed"
        : "invalid"
      const make = (): Refusal.Unauthorized =>
        new Refusal.Unauthorized({ reason }, Line.unchecked, challenges(verdicts))
      return hasOwnChallenges(verdicts) ? make() : (
          remembered(plan, `${reason} ${refusedSchemes(verdicts)}`, make)
        )
    }
  }
}

/** The refusal of a verifier or a policy with the challenges of the expression. */
const completed = (verdicts: Verdicts, refusal: Refusal.Unauthorized): Refusal.Unauthorized => {
  const { plan } = verdicts
  if (!plan.isFixed || hasOwnChallenges(verdicts)) {
    return Refusal.withChallenges(refusal, challenges(verdicts))
  }
  const refused = refusedSchemes(verdicts)
  const last = plan.completed
  if (last !== undefined && last.refusal === refusal && last.refused === refused) {
    return RefusalAnswer.prepared(last.completed)
  }
  const made = Refusal.withChallenges(refusal, challenges(verdicts))
  plan.completed = { refusal, refused, completed: made }
  return made
}

/** Which schemes were refused, one digit each. */
const refusedSchemes = (verdicts: Verdicts): string => {
  let digits = ""
  for (let scheme = 0; scheme < verdicts.plan.schemes.length; scheme++) {
    digits += isRefused(verdicts, scheme) ? "1" : "0"
  }
  return digits
}

const hasOwnChallenges = (verdicts: Verdicts): boolean =>
  (verdicts.refusals !== undefined || verdicts.refused !== undefined) &&
  verdicts.plan.schemes.some((_, scheme) => ownChallenges(verdicts, scheme).length > 0)

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
const challenges = (verdicts: Verdicts): ReadonlyArray<Challenge.Challenge> =>
  distinct(
    verdicts.plan.schemes.flatMap(({ definition }, scheme) => {
      const own = ownChallenges(verdicts, scheme)
      return own.length > 0 ?
          own
        : definition.challenges(
            isRefused(verdicts, scheme) ? { error: "invalid_token" } : undefined
          )
    })
  )

/** The challenges that a scheme's verifier, or a policy, gave its refusal. */
const ownChallenges = (verdicts: Verdicts, scheme: number): ReadonlyArray<Challenge.Challenge> => {
  const refusal = verdicts.refusals?.[scheme]?.refusal
  return refusal?._tag === "Unauthorized" ?
      refusal.challenges
    : (verdicts.refused?.[scheme] ?? none)
}

const none: ReadonlyArray<Challenge.Challenge> = []

const isRefused = (verdicts: Verdicts, scheme: number): boolean =>
  verdicts.find(scheme) === Credential.Malformed ||
  verdicts.refused?.[scheme] !== undefined ||
  verdicts.refusals?.[scheme]?.refusal._tag === "Unauthorized"

/** One challenge for each clause that lacked scopes, with all the scopes of that clause. */
const scopeChallenges = (verdicts: Verdicts): ReadonlyArray<Challenge.Challenge> =>
  distinct(
    (verdicts.lacking ?? []).flatMap(([{ scope }, need]) => {
      const definition = verdicts.plan.schemes[need.scheme]?.definition
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

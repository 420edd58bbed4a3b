/**
 * Judges a request from the document alone: the printed requirement and the states of its schemes.
 *
 * Written from `docs/meaning.md`, and from nothing of the library.
 */

/** What a scheme comes to in a request. */
export type State =
  | { readonly is: "Absent" | "Malformed" | "Invalid" | "Unavailable" }
  | { readonly is: "Proven"; readonly granted: ReadonlyArray<string> }

export interface Facts {
  readonly states: ReadonlyMap<string, State>
  /** Whether the request has an `Authorization` field, of whatever auth-scheme. */
  readonly hasAuthorization: boolean
}

export type Outcome = "Pass" | "Absent" | "Invalid" | "Forbidden" | "Unavailable"

export type Alternative = { readonly [scheme: string]: ReadonlyArray<string> }

export interface Judged {
  readonly alternative: Alternative
  readonly outcome: Outcome
}

export interface Judgement {
  readonly status: 200 | 401 | 403 | 503
  /** The addressed alternatives, in order. */
  readonly addressed: ReadonlyArray<Judged>
}

/** `printed` is the JSON of the requirement. */
export const judge = (printed: string, facts: Facts): Judgement => {
  const alternatives: ReadonlyArray<Alternative> = JSON.parse(printed)
  const addressed = alternatives
    .filter((alternative) => isAddressed(alternative, alternatives, facts))
    .map((alternative) => ({ alternative, outcome: outcomeOf(alternative, facts) }))
  return { status: resultOf(addressed.map(({ outcome }) => outcome)), addressed }
}

export const isAddressed = (
  alternative: Alternative,
  alternatives: ReadonlyArray<Alternative>,
  facts: Facts
): boolean => {
  const own = Object.keys(alternative)
  const added = alternatives
    .map((other) => Object.keys(other))
    .filter((other) => other.length > own.length && own.every((name) => other.includes(name)))
    .flatMap((other) => other.filter((name) => !own.includes(name)))
  const presentsMore = added.some((name) => stateOf(name, facts).is !== "Absent")
  const presentsAuthorization = own.length === 0 && facts.hasAuthorization && added.length > 0
  return !presentsMore && !presentsAuthorization
}

export const outcomeOf = (alternative: Alternative, facts: Facts): Outcome => {
  const states = Object.keys(alternative).map((name) => stateOf(name, facts))
  const some = (...kinds: ReadonlyArray<State["is"]>): boolean =>
    states.some((state) => kinds.includes(state.is))
  if (some("Absent")) return "Absent"
  if (some("Malformed", "Invalid")) return "Invalid"
  if (some("Unavailable")) return "Unavailable"
  const isProven = Object.entries(alternative).every(([name, scopes]) => {
    const state = stateOf(name, facts)
    return state.is === "Proven" && scopes.every((scope) => state.granted.includes(scope))
  })
  return isProven ? "Pass" : "Forbidden"
}

/** The first pass, else the most telling failure; nobody passes where there is no way in. */
export const resultOf = (outcomes: ReadonlyArray<Outcome>): Judgement["status"] =>
  outcomes.includes("Pass") ? 200
  : outcomes.includes("Unavailable") ? 503
  : outcomes.includes("Forbidden") ? 403
  : outcomes.includes("Invalid") || outcomes.includes("Absent") ? 401
  : 403

const stateOf = (name: string, facts: Facts): State => {
  const state = facts.states.get(name)
  if (state === undefined) throw new Error(`nothing is known of ${name}`)
  return state
}

/**
 * What a clause builds of its proofs: a value, or what policies make of it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Definition } from "./Definition.ts"
import * as Outcome from "./Outcome.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

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
  | { readonly _tag: "Effect"; readonly run: (proofs: Proofs) => Outcome.Erased }

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * The proofs of a credential that is yet to be verified.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unverified = (credential: unknown): Proofs => ({
  credential: () => credential,
  principal: () => credential
})

// ----------------------------------------------------------------------------
// combinators
// ----------------------------------------------------------------------------

/**
 * A policy that is plain.
 *
 * @category combinators
 * @since 0.1.0
 */
export const map =
  (f: (value: unknown) => unknown) =>
  (build: Build): Build =>
    build._tag === "Plain" ?
      { _tag: "Plain", read: (proofs) => f(build.read(proofs)) }
    : { _tag: "Effect", run: (proofs) => Effect.map(build.run(proofs), f) }

/**
 * A policy that is an Effect; `callback` is what `f` is called where it returns none.
 *
 * @category combinators
 * @since 0.1.0
 */
export const mapEffect =
  (f: (value: unknown) => Outcome.Erased, callback: string) =>
  (build: Build): Build => {
    const asked = (value: unknown): Outcome.Erased => Outcome.effectOf(f(value), callback)
    return {
      _tag: "Effect",
      run:
        build._tag === "Plain" ?
          (proofs) => asked(build.read(proofs))
        : (proofs) => Effect.flatMap(build.run(proofs), asked)
    }
  }

/**
 * Runs what is an Effect through `f`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const wrap =
  (f: (effect: Outcome.Erased) => Outcome.Erased) =>
  (build: Build): Build =>
    build._tag === "Plain" ? build : { _tag: "Effect", run: (proofs) => f(build.run(proofs)) }

/**
 * Makes one value of what several build.
 *
 * @category combinators
 * @since 0.1.0
 */
export const join = (
  builds: ReadonlyArray<Build>,
  f: (values: ReadonlyArray<unknown>) => unknown
): Build => {
  const plain = builds.flatMap((build) => (build._tag === "Plain" ? [build.read] : []))
  return plain.length === builds.length ?
      { _tag: "Plain", read: (proofs) => f(plain.map((read) => read(proofs))) }
    : {
        _tag: "Effect",
        run: (proofs) =>
          Effect.map(
            Effect.forEach(builds, (build) =>
              build._tag === "Plain" ? Effect.sync(() => build.read(proofs)) : build.run(proofs)
            ),
            f
          )
      }
}

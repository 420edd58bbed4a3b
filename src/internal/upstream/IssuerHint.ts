/**
 * The `/` at the end of an issuer, which is easy to miss: issuers are compared as they are written (RFC 8414, section 3.3; RFC 9068,
 * section 4), so with it and without it they are two, and whoever configured the wrong one is told.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Upstream from "./Upstream.ts"

/**
 * What to tell of an issuer that is not the expected one: something if they differ by a `/` at the end and by nothing else.
 *
 * @category folds
 * @since 0.1.0
 */
export const adviceOf = (
  said: string,
  isExpected: (issuer: string) => boolean
): string | undefined => {
  const isLonger = said.endsWith("/")
  const expected = isLonger ? said.slice(0, -1) : `${said}/`
  return isExpected(expected) ?
      `is ${JSON.stringify(Upstream.shown(expected))} ${isLonger ? "with a" : "without the"} / at its end: if that is how the server writes it, set the option issuer to it`
    : undefined
}

/**
 * Makes what warns of a refused token's issuer, once and no more: anyone can send such tokens.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeWarning = (): ((
  said: unknown,
  isExpected: (issuer: string) => boolean
) => Effect.Effect<void>) => {
  let isTold = false
  return (said, isExpected) => {
    const advice = isTold || typeof said !== "string" ? undefined : adviceOf(said, isExpected)
    if (advice === undefined) return Effect.void
    isTold = true
    return Effect.logWarning(`a token is refused: its issuer ${advice} (told once)`)
  }
}

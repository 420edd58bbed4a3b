/**
 * Numbers and durations of a configuration, checked when a value is made.
 *
 * What is no number (`Number("")`, a variable that is not set) would otherwise be no bound at all.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"

/**
 * A positive duration, in milliseconds. It may be without end. Throws for anything else, and names it by `name`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const positive = (name: string, input: Duration.DurationInput): number => {
  const millis = Duration.toMillis(input)
  // a duration of what is no number is 0
  if (!(millis > 0)) throw new Error(`${name} has to be a positive duration`)
  return millis
}

/**
 * A positive duration that ends, in milliseconds: what somebody waits for. Throws for anything else.
 *
 * @category constructors
 * @since 0.1.0
 */
export const finite = (name: string, input: Duration.DurationInput): number => {
  const millis = positive(name, input)
  if (millis === Number.POSITIVE_INFINITY) {
    throw new Error(`${name} has to be a duration that ends`)
  }
  return millis
}

/**
 * A whole number of at least 1. Throws for anything else.
 *
 * @category constructors
 * @since 0.1.0
 */
export const whole = (name: string, value: number): number => {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new Error(`${name} has to be a whole number of at least 1: got ${value}`)
  }
  return value
}

/**
 * Data without behaviour: objects and arrays as JSON has them, and what is in them.
 *
 * @since 0.1.0
 */

/**
 * Freezes plain data, however deep, and returns it: what several requests are given, none of them can change for the others.
 *
 * Instances of classes, functions and whatever else is no object with the prototype of `{}` (or none) and no array are left as they are,
 * and so is what they hold.
 *
 * @category combinators
 * @since 0.1.0
 */
export const freeze = <A>(value: A): A => {
  freezeAll(value, new Set())
  return value
}

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const freezeAll = (value: unknown, seen: Set<object>): void => {
  if (!isPlain(value) || seen.has(value)) return
  seen.add(value)
  Object.freeze(value)
  for (const key of Reflect.ownKeys(value)) {
    // a getter is not run
    freezeAll(Reflect.getOwnPropertyDescriptor(value, key)?.value, seen)
  }
}

const isPlain = (value: unknown): value is object => {
  if (typeof value !== "object" || value === null) return false
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

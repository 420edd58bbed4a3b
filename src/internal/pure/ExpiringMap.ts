/**
 * A map whose entries expire and whose size is bounded: what is remembered of requests is kept in one.
 *
 * The module knows nothing of Effect or of requests: the caller says what time it is, in milliseconds.
 *
 * @since 0.1.0
 */

/**
 * A map of at most `capacity` entries, each of which has a last moment.
 *
 * When it is full, entries that were not asked for lately go first. When the clock is set back by more than a second, all go: none
 * lives longer for it.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExpiringMap<in out Value> {
  readonly capacity: number
  /** At most `capacity`; entries that have expired count until they go. */
  readonly size: number
  /** The value of a key, unless it has expired at `now`. */
  readonly get: (key: string, now: number) => Value | undefined
  /** Keeps a value from `now` until just before `expiresAt`. */
  readonly set: (key: string, value: Value, expiresAt: number, now: number) => void
  readonly delete: (key: string) => void
  readonly clear: () => void
}

interface Entry<Value> {
  readonly value: Value
  readonly expiresAt: number
}

/**
 * Makes an empty map. Throws when `capacity` is not a whole number of at least 2.
 *
 * It keeps two generations of half its capacity: a full young one becomes the old one, whose entries go unless they are asked
 * for. No operation takes longer when the map is full.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <Value>(capacity: number): ExpiringMap<Value> => {
  if (!Number.isSafeInteger(capacity) || capacity < 2) {
    throw new Error(`the capacity has to be a whole number of at least 2: got ${capacity}`)
  }
  const half = Math.floor(capacity / 2)
  let young = new Map<string, Entry<Value>>()
  let old = new Map<string, Entry<Value>>()
  let latest = Number.NEGATIVE_INFINITY
  const clear = (): void => {
    young.clear()
    old.clear()
  }
  const observe = (now: number): void => {
    if (now > latest) {
      latest = now
    } else if (now < latest - tolerance) {
      clear()
      latest = now
    }
  }
  const put = (key: string, entry: Entry<Value>): void => {
    if (young.size >= half && !young.has(key)) {
      old = young
      young = new Map()
    }
    young.set(key, entry)
    old.delete(key)
  }
  return {
    capacity,
    get size() {
      return young.size + old.size
    },
    get: (key, now) => {
      observe(now)
      const recent = young.get(key)
      const entry = recent ?? old.get(key)
      if (entry === undefined) return undefined
      // not `<=`: a moment that is no number keeps nothing
      if (!(now < entry.expiresAt)) {
        young.delete(key)
        old.delete(key)
        return undefined
      }
      if (recent === undefined) put(key, entry)
      return entry.value
    },
    set: (key, value, expiresAt, now) => {
      observe(now)
      put(key, { value, expiresAt })
    },
    delete: (key) => {
      young.delete(key)
      old.delete(key)
    },
    clear
  }
}

/** In milliseconds: a caller may have asked for the time a little before another did. */
const tolerance = 1000

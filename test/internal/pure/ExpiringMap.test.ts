import * as FastCheck from "effect/FastCheck"
import { assert, describe, it } from "vitest"
import * as ExpiringMap from "../../../src/internal/pure/ExpiringMap.ts"

type Step =
  | readonly ["set", key: string, value: number, lives: number]
  | readonly ["get", key: string]
  | readonly ["delete", key: string]
  | readonly ["wait", millis: number]

const key = FastCheck.constantFrom(..."abcdefghijkl")
const steps: FastCheck.Arbitrary<ReadonlyArray<Step>> = FastCheck.array(
  FastCheck.oneof(
    FastCheck.tuple(FastCheck.constant("set" as const), key, FastCheck.nat(), FastCheck.nat(50)),
    FastCheck.tuple(FastCheck.constant("get" as const), key),
    FastCheck.tuple(FastCheck.constant("delete" as const), key),
    FastCheck.tuple(FastCheck.constant("wait" as const), FastCheck.nat(20))
  ),
  { maxLength: 200 }
)

describe("ExpiringMap", () => {
  it("yields what was set last and has not expired, or nothing; and is never larger than its capacity", () => {
    FastCheck.assert(
      FastCheck.property(steps, FastCheck.integer({ min: 2, max: 9 }), (all, capacity) => {
        const map = ExpiringMap.make<number>(capacity)
        const model = new Map<string, readonly [value: number, expiresAt: number]>()
        let now = 0
        for (const step of all) {
          if (step[0] === "set") {
            map.set(step[1], step[2], now + step[3], now)
            model.set(step[1], [step[2], now + step[3]])
          } else if (step[0] === "delete") {
            map.delete(step[1])
            model.delete(step[1])
          } else if (step[0] === "wait") {
            now += step[1]
          } else {
            const found = map.get(step[1], now)
            const known = model.get(step[1])
            if (found !== undefined) {
              assert.strictEqual(found, known?.[0])
              assert.isBelow(now, known?.[1] ?? 0)
            }
          }
          assert.isAtMost(map.size, capacity)
        }
      }),
      { numRuns: 500 }
    )
  })

  it("keeps as many as half its capacity for sure, and whatever is asked for", () => {
    const map = ExpiringMap.make<number>(100)
    map.set("asked", 0, Infinity, 0)
    for (let number = 1; number <= 10_000; number++) {
      map.set(`${number}`, number, Infinity, 0)
      if (number % 40 === 0) assert.strictEqual(map.get("asked", 0), 0)
      if (number % 99 === 98) assert.strictEqual(map.get(`${number - 40}`, 0), number - 40)
    }
    assert.isAtMost(map.size, 100)
    assert.isUndefined(map.get("1", 0))
  })

  it("keeps nothing until a moment that is no number", () => {
    const map = ExpiringMap.make<number>(2)
    map.set("a", 1, Number.NaN, 0)
    assert.isUndefined(map.get("a", 0))
  })

  it("forgets all when the clock is set back, so that nothing lives longer for it", () => {
    const hour = 3_600_000
    const map = ExpiringMap.make<number>(10)
    map.set("a", 1, hour + 60_000, hour)
    map.set("b", 2, hour + 60_000, hour)
    // a caller that was a little late
    assert.strictEqual(map.get("a", hour - 1000), 1)
    assert.isUndefined(map.get("a", 0))
    assert.strictEqual(map.size, 0)
    map.set("c", 3, 60_000, 0)
    assert.strictEqual(map.get("c", 59_999), 3)
    // what was there before the clock went back is not there when that time comes again
    assert.isUndefined(map.get("b", hour))
    map.set("d", 4, 2 * hour, hour)
    map.set("e", 5, 60_000, 0)
    assert.isUndefined(map.get("d", 0))
    assert.strictEqual(map.get("e", 0), 5)
  })

  it.each([0, 1, 1.5, -2, Number.NaN, Infinity])("has no capacity of %s", (capacity) => {
    assert.throws(() => ExpiringMap.make(capacity), /whole number of at least 2/)
  })
})

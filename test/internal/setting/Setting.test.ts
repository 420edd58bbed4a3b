import { assert, describe, it } from "vitest"
import * as Setting from "../../../src/internal/setting/Setting.ts"

const broken = [Number.NaN, 0, -1, "0 seconds", "-1 seconds"] as const

describe("positive", () => {
  it.each(broken)("is not %s", (input) => {
    assert.throws(() => Setting.positive("it", input), "it has to be a positive duration")
  })

  it("is in milliseconds", () => {
    assert.strictEqual(Setting.positive("it", "2 seconds"), 2000)
    assert.strictEqual(Setting.positive("it", 1), 1)
    assert.strictEqual(Setting.positive("it", Infinity), Infinity)
  })
})

describe("finite", () => {
  it.each(broken)("is not %s", (input) => {
    assert.throws(() => Setting.finite("it", input), "it has to be a positive duration")
  })

  it("ends", () => {
    assert.strictEqual(Setting.finite("it", "2 seconds"), 2000)
    assert.throws(() => Setting.finite("it", Infinity), "it has to be a duration that ends")
  })
})

describe("whole", () => {
  it.each([Number.NaN, 0, -1, 0.5, 1.5, Infinity, 2 ** 53])("is not %s", (value) => {
    assert.throws(() => Setting.whole("it", value), `whole number of at least 1: got ${value}`)
  })

  it("is at least 1", () => {
    assert.strictEqual(Setting.whole("it", 1), 1)
  })
})

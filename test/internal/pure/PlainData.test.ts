import { assert, describe, it } from "vitest"
import * as PlainData from "../../../src/internal/pure/PlainData.ts"

describe("freeze", () => {
  it("freezes objects and arrays, however deep, and returns what it was given", () => {
    const bare: object = Object.assign(Object.create(null), { list: [] })
    const value = { a: [{ b: { c: 1 } }], bare, [Symbol.for("d")]: {}, frozen: Object.freeze([{}]) }
    assert.strictEqual(PlainData.freeze(value), value)
    for (const each of [
      value,
      value.a,
      value.a[0],
      value.a[0]?.b,
      bare,
      Reflect.get(bare, "list"),
      value[Symbol.for("d")],
      value.frozen[0]
    ]) {
      assert.strictEqual(typeof each, "object")
      assert.isTrue(Object.isFrozen(each))
    }
  })

  it("ends in a circle", () => {
    const circle: { self?: object; list: Array<object> } = { list: [] }
    circle.self = circle
    circle.list.push(circle)
    assert.isTrue(Object.isFrozen(PlainData.freeze(circle).list))
  })

  it("leaves what is no plain data, and runs no getter", () => {
    class Box {
      readonly inner = {}
    }
    const value = {
      box: new Box(),
      date: new Date(0),
      map: new Map(),
      bytes: new Uint8Array(1),
      get broken(): never {
        throw new Error("it was run")
      }
    }
    PlainData.freeze(value)
    for (const each of [value.box, value.box.inner, value.date, value.map, value.bytes]) {
      assert.isFalse(Object.isFrozen(each))
    }
  })

  it.each([undefined, null, 0, "text", Symbol.iterator, true, 1n])("returns %s", (value) => {
    assert.strictEqual(PlainData.freeze(value), value)
  })
})

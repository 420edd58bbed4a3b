import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as SingleFlight from "../../../src/internal/setting/SingleFlight.ts"

const counted = Effect.gen(function* () {
  const gate = yield* Deferred.make<number, string>()
  const counts = { started: 0, interrupted: 0 }
  const effect = Effect.suspend(() => {
    counts.started++
    return Effect.onInterrupt(Deferred.await(gate), () =>
      Effect.sync(() => {
        counts.interrupted++
      })
    )
  })
  return { gate, counts, effect }
})

const settle = Effect.yieldNow().pipe(Effect.repeatN(20))

describe("SingleFlight", () => {
  it.effect("runs once for all who ask at the same time, and anew for who asks later", () =>
    Effect.gen(function* () {
      const { counts, effect, gate } = yield* counted
      const flights = SingleFlight.make<number, string>()
      const fibers = yield* Effect.forEach([1, 2, 3], () => Effect.fork(flights.run("a", effect)))
      const other = yield* Effect.fork(flights.run("b", effect))
      yield* settle
      assert.strictEqual(flights.size, 2)
      yield* Deferred.succeed(gate, 7)
      assert.deepStrictEqual(yield* Effect.forEach(fibers, Fiber.join), [7, 7, 7])
      assert.strictEqual(yield* Fiber.join(other), 7)
      assert.strictEqual(counts.started, 2)
      assert.strictEqual(flights.size, 0)
      yield* flights.run("a", effect)
      assert.strictEqual(counts.started, 3)
    })
  )

  it.effect("fails and dies for all", () =>
    Effect.gen(function* () {
      const { effect, gate } = yield* counted
      const flights = SingleFlight.make<number, string>()
      const fibers = yield* Effect.forEach([1, 2], () => Effect.fork(flights.run("a", effect)))
      yield* settle
      yield* Deferred.fail(gate, "no")
      for (const fiber of fibers) {
        assert.deepStrictEqual(yield* Fiber.await(fiber), Exit.fail("no"))
      }
      const exit = yield* Effect.exit(flights.run("a", Effect.die("broken")))
      assert.deepStrictEqual(exit, Exit.die("broken"))
      assert.strictEqual(flights.size, 0)
    })
  )

  it.effect("goes on while somebody waits, and is interrupted when nobody does", () =>
    Effect.gen(function* () {
      const { counts, effect, gate } = yield* counted
      const flights = SingleFlight.make<number, string>()
      const first = yield* Effect.fork(flights.run("a", effect))
      const second = yield* Effect.fork(flights.run("a", effect))
      yield* settle
      yield* Fiber.interrupt(first)
      yield* settle
      assert.deepStrictEqual(counts, { started: 1, interrupted: 0 })
      yield* Fiber.interrupt(second)
      yield* settle
      assert.deepStrictEqual(counts, { started: 1, interrupted: 1 })
      assert.strictEqual(flights.size, 0)
      yield* Deferred.succeed(gate, 1)
      assert.strictEqual(yield* flights.run("a", effect), 1)
    })
  )

  it.effect("outlives its callers where that is asked for", () =>
    Effect.gen(function* () {
      const { counts, effect, gate } = yield* counted
      const flights = SingleFlight.make<number, string>({ outlives: true })
      const first = yield* Effect.fork(flights.run("a", effect))
      yield* settle
      yield* Fiber.interrupt(first)
      const second = yield* Effect.fork(flights.run("a", effect))
      yield* settle
      assert.deepStrictEqual(counts, { started: 1, interrupted: 0 })
      yield* Deferred.succeed(gate, 5)
      assert.strictEqual(yield* Fiber.join(second), 5)
    })
  )

  it.effect("is interruptible from the start", () =>
    Effect.gen(function* () {
      const flights = SingleFlight.make<number, string>()
      const fiber = yield* Effect.fork(flights.run("a", Effect.never))
      yield* Fiber.interrupt(fiber)
      yield* settle
      assert.strictEqual(flights.size, 0)
    })
  )
})

import { assert, describe, it } from "@effect/vitest"
import * as Array from "effect/Array"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/TestClock"
import * as RemoteDocument from "../../../src/internal/upstream/RemoteDocument.ts"
import * as Upstream from "../../../src/internal/upstream/Upstream.ts"
import { json, type Server, server, settle, text, unreachable } from "../../support/upstream.ts"

const url = "https://id.example/document"

const documentOf = (options: Partial<RemoteDocument.Options<unknown>> = {}) =>
  RemoteDocument.make<unknown>({
    url,
    limits: { maxBytes: 1000 },
    freshFor: "10 minutes",
    staleFor: "1 hour",
    coolDown: "30 seconds",
    decode: (document, from) =>
      "value" in document ?
        Effect.succeed(document["value"])
      : Effect.fail(new Upstream.UpstreamError({ url: from, description: "has no value" })),
    ...options
  })

const counting = (): Server => {
  let count = 0
  return server(() => json({ value: ++count }))
}

const down = Effect.die(unreachable)

describe("RemoteDocument", () => {
  it.effect("fetches when it is first asked, and serves from memory while it is fresh", () => {
    const source = counting()
    const document = documentOf()
    return Effect.gen(function* () {
      assert.deepStrictEqual(source.asked, [])
      assert.strictEqual(yield* document.get, 1)
      yield* TestClock.adjust("599 seconds")
      assert.strictEqual(yield* document.get, 1)
      assert.deepStrictEqual(source.asked, [url])
    }).pipe(Effect.provide(source.layer))
  })

  it.effect("fetches once for all who ask at the same time, though the first goes away", () => {
    const gate = Deferred.unsafeMake<void>(FiberId.none)
    const source = server(() => Effect.zipRight(Deferred.await(gate), json({ value: "a" })))
    const document = documentOf()
    return Effect.gen(function* () {
      const first = yield* Effect.fork(document.get)
      yield* settle
      const others = yield* Effect.forEach(Array.range(1, 50), () => Effect.fork(document.get))
      yield* settle
      yield* Fiber.interrupt(first)
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual(yield* Effect.forEach(others, Fiber.join), Array.replicate("a", 50))
      assert.strictEqual(source.asked.length, 1)
    }).pipe(Effect.provide(source.layer))
  })

  it.effect("keeps a document that nobody waits for any more", () => {
    const gate = Deferred.unsafeMake<void>(FiberId.none)
    const source = server(() => Effect.zipRight(Deferred.await(gate), json({ value: "a" })))
    const document = documentOf()
    return Effect.gen(function* () {
      const only = yield* Effect.fork(document.get)
      yield* settle
      yield* Fiber.interrupt(only)
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.strictEqual(document.peek(0), "a")
    }).pipe(Effect.provide(source.layer))
  })

  it.effect("refreshes in the background, and nobody waits", () => {
    const gate = Deferred.unsafeMake<void>(FiberId.none)
    const source = server(() => json({ value: 1 }))
    const document = documentOf()
    return Effect.gen(function* () {
      yield* document.get
      source.answer = () => Effect.zipRight(Deferred.await(gate), json({ value: 2 }))
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(document.peek(600_000), undefined)
      for (let time = 0; time < 10; time++) assert.strictEqual(yield* document.get, 1)
      yield* settle
      assert.strictEqual(source.asked.length, 2)
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.strictEqual(yield* document.get, 2)
      assert.strictEqual(document.peek(600_000), 2)
    }).pipe(Effect.provide(source.layer))
  })

  it.effect("refreshes behind a request that is over before the answer comes", () => {
    const source = counting()
    const document = documentOf()
    return Effect.gen(function* () {
      yield* document.get
      yield* TestClock.adjust("10 minutes")
      yield* Effect.scoped(Effect.forkScoped(document.get).pipe(Effect.flatMap(Fiber.join)))
      yield* settle
      assert.strictEqual(yield* document.get, 2)
    }).pipe(Effect.provide(source.layer))
  })

  it.effect("serves what is there while the server is down, up to an age", () => {
    const source = counting()
    const document = documentOf()
    return Effect.gen(function* () {
      yield* document.get
      source.answer = () => down
      for (let minute = 1; minute < 60; minute++) {
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* document.get, 1)
        yield* settle
      }
      // one for each minute from the tenth on, and the first
      assert.strictEqual(source.asked.length, 51)
      yield* TestClock.adjust("1 minute")
      const error = yield* Effect.flip(document.get)
      assert.strictEqual(error.message, `${url}: can't be reached`)
      source.answer = () => json({ value: "back" })
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* document.get, "back")
    }).pipe(Effect.provide(source.layer))
  })

  it.effect(
    "fetches first what nobody has asked for in a long time, and serves it if that fails",
    () => {
      const source = counting()
      const document = documentOf()
      return Effect.gen(function* () {
        yield* document.get
        yield* TestClock.adjust("20 minutes")
        assert.strictEqual(yield* document.get, 2)
        source.answer = () => down
        yield* TestClock.adjust("20 minutes")
        assert.strictEqual(yield* document.get, 2)
        assert.strictEqual(source.asked.length, 3)
        yield* Effect.repeatN(document.get, 100)
        yield* settle
        assert.strictEqual(source.asked.length, 3)
      }).pipe(Effect.provide(source.layer))
    }
  )

  it.effect("asks seldom while the first fetch fails, and is back within the pause", () => {
    const source = server(() => down)
    const document = documentOf()
    return Effect.gen(function* () {
      for (let second = 0; second < 60; second++) {
        for (let request = 0; request < 20; request++) {
          assert.isTrue(Either.isLeft(yield* Effect.either(document.get)))
          assert.isTrue(Either.isLeft(yield* Effect.either(document.refresh)))
        }
        yield* TestClock.adjust("1 second")
      }
      // at 0, 1, 3, 7, 15, 31
      assert.strictEqual(source.asked.length, 6)
      source.answer = () => json({ value: "up" })
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* document.get, "up")
    }).pipe(Effect.provide(source.layer))
  })

  it.effect("is back a second after one failure", () => {
    const source = server(() => down)
    const document = documentOf()
    return Effect.gen(function* () {
      yield* Effect.flip(document.get)
      source.answer = () => json({ value: "up" })
      yield* TestClock.adjust("999 millis")
      yield* Effect.flip(document.get)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* document.get, "up")
    }).pipe(Effect.provide(source.layer))
  })

  describe("when the clock is set back", () => {
    const hour = 3_600_000

    it.effect("asks at once, however long it was to pause or to cool down", () => {
      const source = counting()
      const document = documentOf()
      return Effect.gen(function* () {
        yield* TestClock.setTime(hour)
        yield* document.get
        source.answer = () => down
        yield* Effect.flip(document.refresh)
        yield* TestClock.setTime(0)
        source.answer = () => json({ value: "up" })
        assert.strictEqual(yield* document.get, "up")
        yield* TestClock.adjust("1 second")
        source.answer = () => json({ value: "newer" })
        assert.strictEqual(yield* document.refresh, "newer")
      }).pipe(Effect.provide(source.layer))
    })

    it.effect("asks at once where there is no document", () => {
      const source = server(() => down)
      const document = documentOf()
      return Effect.gen(function* () {
        yield* TestClock.setTime(hour)
        yield* Effect.flip(document.get)
        yield* TestClock.setTime(0)
        source.answer = () => json({ value: "up" })
        assert.strictEqual(yield* document.get, "up")
      }).pipe(Effect.provide(source.layer))
    })

    it.effect("serves what is there while the server is down, no longer than what is stale", () => {
      const source = counting()
      const document = documentOf()
      return Effect.gen(function* () {
        yield* TestClock.setTime(10 * hour)
        yield* document.get
        source.answer = () => down
        yield* TestClock.setTime(0)
        // an hour less ten minutes
        for (let minute = 0; minute < 50; minute++) {
          assert.strictEqual(yield* document.get, 1)
          assert.isUndefined(document.peek(minute * 60_000))
          yield* settle
          yield* TestClock.adjust("1 minute")
        }
        yield* Effect.flip(document.get)
        assert.isAbove(source.asked.length, 40)
      }).pipe(Effect.provide(source.layer))
    })
  })

  describe("a fetch that breaks", () => {
    const causes: ReadonlyArray<readonly [string, () => Effect.Effect<never>]> = [
      ["by a defect", () => Effect.dieMessage("secret")],
      ["by an interruption", () => Effect.interrupt]
    ]
    for (const [name, broken] of causes) {
      it.effect(`${name} is one that failed: it is told, paused after, and served over`, () => {
        const source = server(broken)
        const document = documentOf({ url: `${url}?key=secret` })
        return Effect.gen(function* () {
          const error = yield* Effect.flip(document.get)
          assert.strictEqual(error.message, `${url}: its fetch broke`)
          yield* Effect.flip(document.get)
          assert.strictEqual(source.asked.length, 1)
          source.answer = () => json({ value: "good" })
          yield* TestClock.adjust("1 second")
          assert.strictEqual(yield* document.get, "good")
          source.answer = broken
          // nobody has asked in a long time: the fetch comes first
          yield* TestClock.adjust("25 minutes")
          assert.strictEqual(yield* document.get, "good")
          assert.strictEqual(source.asked.length, 3)
        }).pipe(Effect.provide(source.layer))
      })
    }

    it.effect("leaves a caller that is interrupted interrupted", () => {
      const source = counting()
      const document = documentOf()
      return Effect.gen(function* () {
        yield* document.get
        source.answer = () => Effect.never
        yield* TestClock.adjust("25 minutes")
        const fiber = yield* Effect.fork(document.get)
        yield* settle
        yield* Fiber.interrupt(fiber)
        assert.isTrue(Exit.isInterrupted(yield* Fiber.await(fiber)))
      }).pipe(Effect.provide(source.layer))
    })
  })

  describe("refresh", () => {
    it.effect("asks once each cool-down, whoever asks", () => {
      const source = counting()
      const document = documentOf()
      return Effect.gen(function* () {
        yield* document.get
        const fibers = yield* Effect.forEach(Array.range(1, 50), () =>
          Effect.fork(document.refresh)
        )
        assert.deepStrictEqual(yield* Effect.forEach(fibers, Fiber.join), Array.replicate(2, 50))
        yield* TestClock.adjust("29 seconds")
        assert.strictEqual(yield* document.refresh, 2)
        assert.strictEqual(source.asked.length, 2)
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* document.refresh, 3)
        assert.strictEqual(source.asked.length, 3)
      }).pipe(Effect.provide(source.layer))
    })

    it.effect("cools down after a failure as well, and leaves what is there", () => {
      const source = counting()
      const document = documentOf()
      return Effect.gen(function* () {
        yield* document.get
        source.answer = () => text("<html>", { status: 200 })
        yield* Effect.flip(document.refresh)
        for (let second = 0; second < 29; second++) {
          yield* TestClock.adjust("1 second")
          yield* Effect.flip(document.refresh)
          assert.strictEqual(yield* document.get, 1)
        }
        assert.strictEqual(source.asked.length, 2)
        yield* TestClock.adjust("1 second")
        source.answer = () => json({ value: "new" })
        assert.strictEqual(yield* document.refresh, "new")
        assert.strictEqual(source.asked.length, 3)
      }).pipe(Effect.provide(source.layer))
    })

    it.effect("makes no fetch of its own while one is under way", () => {
      const gate = Deferred.unsafeMake<void>(FiberId.none)
      const source = server(() => Effect.zipRight(Deferred.await(gate), json({ value: "a" })))
      const document = documentOf()
      return Effect.gen(function* () {
        const got = yield* Effect.fork(document.get)
        yield* settle
        const refreshed = yield* Effect.fork(document.refresh)
        yield* settle
        yield* Deferred.succeed(gate, undefined)
        assert.strictEqual(yield* Fiber.join(got), "a")
        assert.strictEqual(yield* Fiber.join(refreshed), "a")
        assert.strictEqual(source.asked.length, 1)
      }).pipe(Effect.provide(source.layer))
    })
  })

  describe("a source that is broken", () => {
    const big = JSON.stringify({ value: "x".repeat(2000) })
    const sources: ReadonlyArray<readonly [string, () => Effect.Effect<Response>, RegExp]> = [
      ["unreachable", () => down, /can't be reached/],
      ["500", () => json({ value: 1 }, { status: 500 }), /status 500/],
      ["404", () => json({ value: 1 }, { status: 404 }), /status 404/],
      [
        "a redirect",
        () => text("", { status: 302, headers: { location: "https://evil.example/" } }),
        /status 302/
      ],
      ["HTML", () => text("<html></html>"), /no JSON object/],
      ["an array", () => json([1]), /no JSON object/],
      ["null", () => json(null), /no JSON object/],
      ["nothing", () => text(""), /no JSON object/],
      ["broken UTF-8", () => Effect.sync(() => new Response(new Uint8Array([0xff]))), /no JSON/],
      ["too much", () => text(big), /more than 1000 bytes/],
      ["a document without a value", () => json({}), /has no value/]
    ]
    for (const [name, answer, message] of sources) {
      it.effect(`that gives ${name}`, () => {
        const source = server(answer)
        const document = documentOf()
        return Effect.gen(function* () {
          const error = yield* Effect.flip(document.get)
          assert.match(error.message, message)
          assert.strictEqual(source.asked.length, 1)
          source.answer = () => json({ value: "good" })
          yield* TestClock.adjust("1 second")
          assert.strictEqual(yield* document.get, "good")
          source.answer = answer
          yield* Effect.flip(document.refresh)
          assert.strictEqual(yield* document.get, "good")
        }).pipe(Effect.provide(source.layer))
      })
    }

    it.effect("that hangs is given up in time, and asked by one fetch only", () => {
      const source = server(() => Effect.never)
      const document = documentOf({ limits: { maxBytes: 1000, timeout: "2 seconds" } })
      return Effect.gen(function* () {
        const fibers = yield* Effect.forEach(Array.range(1, 20), () =>
          Effect.fork(Effect.flip(document.get))
        )
        yield* TestClock.adjust("2 seconds")
        for (const fiber of fibers) {
          assert.strictEqual((yield* Fiber.join(fiber)).message, `${url}: no answer within 2s`)
        }
        assert.strictEqual(source.asked.length, 1)
      }).pipe(Effect.provide(source.layer))
    })

    it.effect("is logged once a fetch, without what the URL may hold", () => {
      const lines: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => {
        lines.push(`${logLevel.label} ${String(message)}`)
      })
      const source = server(() => down)
      const document = documentOf({ url: `${url}?key=secret` })
      return Effect.gen(function* () {
        yield* Effect.flip(document.get)
        yield* Effect.flip(document.get)
        assert.deepStrictEqual(lines, [
          `WARN a document can't be fetched: ${url}: can't be reached`
        ])
        source.answer = () => json({ value: 1 })
        yield* TestClock.adjust("1 second")
        yield* document.get
        source.answer = () => down
        yield* TestClock.adjust("10 minutes")
        yield* document.get
        yield* settle
        assert.strictEqual(lines.length, 2)
      }).pipe(
        Effect.provide(source.layer),
        Effect.provide(Logger.replace(Logger.defaultLogger, logger))
      )
    })
  })

  describe("a URL that is found out", () => {
    it.effect("is asked for before each fetch", () => {
      const source = counting()
      let found = 0
      const document = documentOf({ url: Effect.sync(() => `${url}/${++found}`) })
      return Effect.gen(function* () {
        yield* document.get
        yield* document.refresh
        assert.deepStrictEqual(source.asked, [`${url}/1`, `${url}/2`])
      }).pipe(Effect.provide(source.layer))
    })

    for (const bad of [
      "http://id.example/",
      "file:///etc/passwd",
      "data:application/json,{}",
      "ftp://id.example/",
      "/relative",
      "https://user:secret@id.example/"
    ]) {
      it.effect(`is not fetched when it is ${bad}`, () => {
        const source = counting()
        const document = documentOf({ url: Effect.succeed(bad) })
        return Effect.gen(function* () {
          const error = yield* Effect.flip(document.get)
          assert.match(error.message, /has to be|can't hold/)
          assert.notInclude(error.message, "secret")
          assert.deepStrictEqual(source.asked, [])
        }).pipe(Effect.provide(source.layer))
      })
    }
  })

  it("throws for what can't be meant", () => {
    assert.throws(() => documentOf({ url: "http://id.example" }), /has to be an https URL/)
    assert.throws(() => documentOf({ freshFor: 0 }), /freshFor has to be a positive duration/)
    assert.throws(() => documentOf({ coolDown: 0 }), /coolDown has to be a positive duration/)
    assert.throws(() => documentOf({ staleFor: "1 minute" }), /staleFor has to be at least/)
    for (const maxBytes of [Number.NaN, 0, -1, 0.5, Infinity]) {
      assert.throws(() => documentOf({ limits: { maxBytes } }), /maxBytes has to be a whole number/)
    }
    for (const timeout of [Number.NaN, 0, -1]) {
      assert.throws(() => documentOf({ limits: { maxBytes: 1, timeout } }), /timeout has to be/)
    }
    assert.throws(() => documentOf({ limits: { maxBytes: 1, timeout: Infinity } }), /that ends/)
    documentOf({ url: "http://localhost:1/", allowHttp: true })
  })
})

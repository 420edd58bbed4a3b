/** Keys as they are made, stored, changed over and revoked. */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Crypto from "node:crypto"
import { vi } from "vitest"
import * as ApiKey from "../src/ApiKey.ts"
import type { AttemptThrottle } from "../src/AttemptThrottle.ts"
import * as Security from "../src/Security.ts"
import * as SecurityError from "../src/SecurityError.ts"

/** How often digests were compared. */
const compared = vi.hoisted(() => ({ count: 0 }))
vi.mock("node:crypto", async (original) => {
  const module = await original<typeof import("node:crypto")>()
  return {
    ...module,
    timingSafeEqual: (left: Uint8Array, right: Uint8Array) => {
      compared.count++
      return module.timingSafeEqual(left, right)
    }
  }
})

const header = ApiKey.header("X-API-Key", { scopes: { write: "Write" } })

const ask = <A, E, R>(self: Effect.Effect<A, E, R>, key?: Redacted.Redacted<string> | string) =>
  Effect.provideService(
    self,
    HttpServerRequest.HttpServerRequest,
    HttpServerRequest.fromWeb(
      new Request("http://localhost/", {
        headers:
          key === undefined ?
            {}
          : { "x-api-key": typeof key === "string" ? key : Redacted.value(key) }
      })
    )
  )

const refusal = <A, E extends { readonly _tag: string }, R>(
  self: Effect.Effect<A, E, R>,
  key?: Redacted.Redacted<string> | string
) =>
  Effect.map(Effect.flip(ask(self, key)), (error) =>
    error instanceof SecurityError.Unauthorized ? error.reason : error._tag
  )

const makeStore = () => {
  const keys = new Map<string, ApiKey.StoredKey<string>>()
  const asked: Array<string> = []
  return {
    keys,
    asked,
    findKey: (id: string) =>
      Effect.sync(() => {
        asked.push(id)
        return Option.fromNullable(keys.get(id))
      })
  }
}

const logged = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const lines: Array<string> = []
    const logger = Logger.make(({ message }) => lines.push(JSON.stringify(message)))
    return Effect.map(
      Effect.provide(effect, Logger.replace(Logger.defaultLogger, logger)),
      (value) => ({ value, lines })
    )
  })

// ----------------------------------------------------------------------------
// keys
// ----------------------------------------------------------------------------

describe("generate", () => {
  it.effect("makes keys of one form, each another", () =>
    Effect.gen(function* () {
      const made = yield* Effect.all(Array.from({ length: 200 }, () => ApiKey.generate()))
      for (const { hash, id, key } of made) {
        const text = Redacted.value(key)
        assert.match(text, /^key_[0-9A-Za-z]{16}_[0-9A-Za-z]{32}$/)
        assert.strictEqual(text.split("_")[1], id)
        assert.strictEqual(hash, Crypto.createHash("sha256").update(text).digest("hex"))
        assert.notInclude(hash, text)
      }
      for (const member of ["id", "hash"] as const) {
        assert.strictEqual(new Set(made.map((each) => each[member])).size, 200)
      }
      // every character occurs, none much more often than another
      const counts = new Map<string, number>()
      for (const { key } of made) {
        for (const character of Redacted.value(key).slice(4).replaceAll("_", "")) {
          counts.set(character, (counts.get(character) ?? 0) + 1)
        }
      }
      assert.strictEqual(counts.size, 62)
      assert.isBelow(Math.max(...counts.values()), 3 * Math.min(...counts.values()))
    })
  )

  it.effect("makes another secret for an id", () =>
    Effect.gen(function* () {
      const one = yield* ApiKey.generate({ prefix: "acme_live" })
      const other = yield* ApiKey.generate({ prefix: "acme_live", id: one.id })
      assert.strictEqual(other.id, one.id)
      assert.notStrictEqual(other.hash, one.hash)
      assert.match(Redacted.value(other.key), new RegExp(`^acme_live_${one.id}_`))
    })
  )

  it("refuses what could not be read back", () => {
    for (const prefix of ["", "_", "a_", "_a", "a__b", "a-b", "a b", "a,b", "\u00E9", "a\n"]) {
      assert.throws(() => ApiKey.generate({ prefix }), /can't be the prefix of a key: use/)
    }
    for (const id of ["", "a_b", "a b", "x".repeat(65), "\u00E9", "a\n"]) {
      assert.throws(() => ApiKey.generate({ id }), /can't be the id of a key: use/)
    }
  })
})

// ----------------------------------------------------------------------------
// keys that are found by their id
// ----------------------------------------------------------------------------

describe("findKey", () => {
  it("lets in each key that was made, and no other", () =>
    FastCheck.assert(
      FastCheck.asyncProperty(
        FastCheck.constantFrom("key", "acme", "acme_live", "a_b_c"),
        FastCheck.option(FastCheck.uuid(), { nil: undefined }),
        FastCheck.nat(100),
        (prefix, uuid, at) =>
          Effect.runPromise(
            Effect.gen(function* () {
              const { asked, findKey, keys } = makeStore()
              const robot = header.pipe(ApiKey.authenticate({ findKey }))
              const { hash, id, key } = yield* ApiKey.generate({
                prefix,
                ...(uuid !== undefined && { id: uuid })
              })
              keys.set(id, { principal: "robot", hash })
              assert.strictEqual(yield* ask(robot, key), "robot")
              assert.deepStrictEqual(asked, [id])
              const text = Redacted.value(key)
              const place = at % text.length
              const changed = text.charAt(place) === "0" ? "1" : "0"
              const wrong = text.slice(0, place) + changed + text.slice(place + 1)
              assert.strictEqual(yield* refusal(robot, wrong), "invalid")
            })
          )
      ),
      { numRuns: 300 }
    ))

  it.effect("grants the scopes of the key", () =>
    Effect.gen(function* () {
      const { findKey, keys } = makeStore()
      const writer = header.pipe(ApiKey.authenticate({ findKey }), Security.scopes("write"))
      const { hash, id, key } = yield* ApiKey.generate()
      keys.set(id, { principal: "robot", hash, scopes: ["write", "undeclared"] })
      assert.strictEqual(yield* ask(writer, key), "robot")
      keys.set(id, { principal: "robot", hash })
      assert.strictEqual(yield* refusal(writer, key), "Forbidden")
    })
  )

  it.effect("takes two while a key is changed over, then one", () =>
    Effect.gen(function* () {
      const { findKey, keys } = makeStore()
      const robot = header.pipe(ApiKey.authenticate({ findKey }))
      const old = yield* ApiKey.generate()
      const { id } = old
      const young = yield* ApiKey.generate({ id })
      keys.set(id, { principal: "robot", hash: [old.hash, young.hash] })
      assert.strictEqual(yield* ask(robot, old.key), "robot")
      assert.strictEqual(yield* ask(robot, young.key), "robot")
      keys.set(id, { principal: "robot", hash: [young.hash] })
      assert.strictEqual(yield* refusal(robot, old.key), "invalid")
      assert.strictEqual(yield* ask(robot, young.key), "robot")
      keys.set(id, { principal: "robot", hash: [] })
      assert.strictEqual(yield* refusal(robot, young.key), "invalid")
    })
  )

  it.effect("refuses a key that is revoked, or has expired, from that moment on", () =>
    Effect.gen(function* () {
      const { findKey, keys } = makeStore()
      const robot = header.pipe(ApiKey.authenticate({ findKey }))
      const { hash, id, key } = yield* ApiKey.generate()
      const store = (changes: Partial<ApiKey.StoredKey<string>>) =>
        keys.set(id, { principal: "robot", hash, ...changes })
      store({ revoked: true })
      assert.strictEqual(yield* refusal(robot, key), "invalid")
      store({ revoked: false })
      assert.strictEqual(yield* ask(robot, key), "robot")
      const at = 1_800_000_000_000
      for (const expiresAt of [new Date(at), DateTime.unsafeMake(at)]) {
        store({ expiresAt })
        yield* TestClock.setTime(at - 1)
        assert.strictEqual(yield* ask(robot, key), "robot")
        yield* TestClock.setTime(at)
        assert.strictEqual(yield* refusal(robot, key), "invalid")
      }
      for (const expiresAt of [undefined, null]) {
        store({ expiresAt })
        assert.strictEqual(yield* ask(robot, key), "robot")
      }
      // what is no moment is past
      for (const expiresAt of [new Date(NaN), "2999-01-01" as never, {} as never]) {
        store({ expiresAt })
        assert.strictEqual(yield* refusal(robot, key), "invalid")
      }
    })
  )

  const secret = "s".repeat(32)
  const formless: Readonly<Record<string, string>> = {
    "a word": "secret",
    "no secret": "key_id_",
    "no id": `key__${secret}`,
    "no separator": secret,
    "one separator and no id": `_${secret}`,
    "separators alone": "___",
    "a short secret": `key_id_${"s".repeat(21)}`,
    "a secret with a hyphen": `key_id_${secret}-`,
    "a secret beyond ASCII": `key_id_${secret}\u00E9`,
    "a long id": `key_${"i".repeat(65)}_${secret}`,
    "an id with a dot": `key_a.b_${secret}`,
    "an id with a slash": `key_../x_${secret}`,
    "an id with a quote": `key_'--_${secret}`,
    "16,384 characters": "k".repeat(16_384),
    "16,384 separators": "_".repeat(16_384)
  }
  it.effect.each(Object.entries(formless))("is not asked for %s", ([, key]) =>
    Effect.gen(function* () {
      const { asked, findKey } = makeStore()
      const robot = header.pipe(ApiKey.authenticate({ findKey }))
      assert.strictEqual(yield* refusal(robot, key), "invalid")
      assert.deepStrictEqual(asked, [])
    })
  )

  it.effect("knows no prototype", () =>
    Effect.gen(function* () {
      const { asked, findKey } = makeStore()
      const robot = header.pipe(ApiKey.authenticate({ findKey }))
      const names = ["constructor", "toString", "hasOwnProperty", "valueOf"]
      for (const id of names) {
        assert.strictEqual(yield* refusal(robot, `key_${id}_${secret}`), "invalid")
      }
      assert.deepStrictEqual(asked, names)
      assert.strictEqual(yield* refusal(robot, `key___proto___${secret}`), "invalid")
    })
  )

  it.effect("costs the same for an unknown id, and for a key of another form", () =>
    Effect.gen(function* () {
      const { findKey, keys } = makeStore()
      const robot = header.pipe(ApiKey.authenticate({ findKey }))
      const { hash, id } = yield* ApiKey.generate()
      keys.set(id, { principal: "robot", hash })
      const wrong = `key_${id}_${secret}`
      for (const key of [wrong, `key_unknown_${secret}`, "secret"]) {
        compared.count = 0
        assert.strictEqual(yield* refusal(robot, key), "invalid")
        assert.strictEqual(compared.count, 1)
      }
    })
  )

  const unreadable: Readonly<Record<string, unknown>> = {
    nothing: "",
    undefined,
    null: null,
    "a number": 7,
    "half a digest": "ab".repeat(16),
    "not hexadecimal": "xy".repeat(32),
    base64: "A".repeat(43),
    "a line break": `${"ab".repeat(32)}\n`,
    "a list with a hole": [null]
  }
  it.effect.each(Object.entries(unreadable))(
    "that finds a hash that is %s lets nobody in",
    ([, hash]) =>
      Effect.gen(function* () {
        const { key } = yield* ApiKey.generate()
        const robot = header.pipe(
          ApiKey.authenticate({
            // a column of a database is whatever it is
            findKey: () => Effect.succeedSome({ principal: "robot", hash: hash as string })
          })
        )
        const { lines, value } = yield* logged(refusal(robot, key))
        assert.strictEqual(value, "invalid")
        assert.strictEqual(lines.length, 1)
        assert.notInclude(lines[0], Redacted.value(key))
      })
  )

  it.effect("passes on what it fails with, and needs what it needs", () =>
    Effect.gen(function* () {
      class Keys extends Context.Tag("Keys")<Keys, { readonly isUp: boolean }>() {}
      const { hash, key } = yield* ApiKey.generate()
      const robot = header.pipe(
        ApiKey.authenticate({
          findKey: (_id, { scheme }) =>
            Effect.flatMap(Keys, ({ isUp }) =>
              isUp ?
                Effect.succeedSome({ principal: scheme, hash: hash.toUpperCase() })
              : Effect.fail(new SecurityError.ServiceUnavailable())
            )
        })
      )
      const up = Effect.provideService(robot, Keys, { isUp: true })
      const down = Effect.provideService(robot, Keys, { isUp: false })
      assert.strictEqual(yield* ask(up, key), "APIKeyHeader")
      assert.strictEqual(yield* refusal(down, key), "ServiceUnavailable")
    })
  )

  it.effect("serves keys wherever they are sent", () =>
    Effect.gen(function* () {
      const { findKey, keys } = makeStore()
      const { hash, id, key } = yield* ApiKey.generate()
      keys.set(id, { principal: "robot", hash })
      const anywhere = Security.anyOf(
        ApiKey.header("X-API-Key"),
        ApiKey.query("api_key"),
        ApiKey.cookie("session")
      ).pipe(ApiKey.authenticate({ findKey }))
      const text = Redacted.value(key)
      for (const request of [
        new Request("http://localhost/", { headers: { "x-api-key": text } }),
        new Request(`http://localhost/?api_key=${text}`),
        new Request("http://localhost/", { headers: { cookie: `session=${text}` } })
      ]) {
        const passed = Effect.provideService(
          anywhere,
          HttpServerRequest.HttpServerRequest,
          HttpServerRequest.fromWeb(request)
        )
        assert.strictEqual(yield* passed, "robot")
      }
    })
  )
})

// ----------------------------------------------------------------------------
// a few keys
// ----------------------------------------------------------------------------

describe("keys", () => {
  const hashOf = (key: string) => ApiKey.hash(Redacted.make(key))

  it.effect("are keys of whatever form, each with its principal and scopes", () =>
    Effect.gen(function* () {
      const robot = header.pipe(
        ApiKey.authenticate({
          keys: [
            { principal: "r2", hash: hashOf("beep"), scopes: ["write"] },
            { principal: "c3", hash: [hashOf("human"), hashOf("cyborg")] },
            { principal: "old", hash: hashOf("rust"), revoked: true }
          ]
        })
      )
      assert.strictEqual(yield* ask(robot, "beep"), "r2")
      assert.strictEqual(yield* ask(robot, "human"), "c3")
      assert.strictEqual(yield* ask(robot, "cyborg"), "c3")
      for (const key of ["rust", "bee", "beep2", "Beep", "constructor", hashOf("beep")]) {
        compared.count = 0
        assert.strictEqual(yield* refusal(robot, key), "invalid")
        assert.strictEqual(compared.count, 4, "all are compared")
      }
      compared.count = 0
      yield* ask(robot, "beep")
      assert.strictEqual(compared.count, 4, "all are compared")
      assert.strictEqual(yield* refusal(Security.scopes(robot, "write"), "human"), "Forbidden")
    })
  )

  it.effect("come from the configuration", () =>
    Effect.gen(function* () {
      const robot = header.pipe(
        ApiKey.authenticate({
          keys: Effect.map(Config.redacted("ROBOT_KEY"), (key) => [
            { principal: "robot", hash: ApiKey.hash(key) }
          ])
        })
      )
      const configured = (entries: ReadonlyArray<readonly [string, string]>) =>
        Effect.withConfigProvider(robot, ConfigProvider.fromMap(new Map(entries)))
      assert.strictEqual(yield* ask(configured([["ROBOT_KEY", "beep"]]), "beep"), "robot")
      assert.strictEqual(yield* refusal(configured([["ROBOT_KEY", "x"]]), "beep"), "invalid")
      const missing = yield* Effect.flip(ask(configured([]), "beep"))
      assert.include(String(missing), "ROBOT_KEY")
    })
  )

  it.effect("that are none let nobody in", () =>
    Effect.gen(function* () {
      const robot = header.pipe(ApiKey.authenticate({ keys: [] }))
      assert.strictEqual(yield* refusal(robot, "beep"), "invalid")
    })
  )

  it("whose hash can't be read are refused when the expression is made", () => {
    for (const hash of ["", "beep", [hashOf("beep"), "x"]]) {
      assert.throws(
        () => ApiKey.authenticate({ keys: [{ principal: 1, hash }] }),
        /^the hash of keys\[0\] has to be 64 hexadecimal digits: store what/
      )
    }
  })
})

// ----------------------------------------------------------------------------
// a throttle
// ----------------------------------------------------------------------------

describe("a throttle", () => {
  it.effect("is asked about wrong keys only, and never keeps out a right one", () =>
    Effect.gen(function* () {
      const { findKey, keys } = makeStore()
      let left = 2
      const throttle: AttemptThrottle<SecurityError.TooManyRequests> = {
        attempt: ({ account }) =>
          account === undefined && left-- > 0 ?
            Effect.void
          : Effect.fail(new SecurityError.TooManyRequests())
      }
      const robot = header.pipe(ApiKey.authenticate({ findKey, throttle }))
      const { hash, id, key } = yield* ApiKey.generate()
      keys.set(id, { principal: "robot", hash })
      yield* Effect.repeatN(ask(robot, key), 5)
      assert.strictEqual(yield* refusal(robot), "absent")
      assert.strictEqual(yield* refusal(robot, "wrong"), "invalid")
      assert.strictEqual(yield* refusal(robot, `key_${id}_${"s".repeat(32)}`), "invalid")
      assert.strictEqual(yield* refusal(robot, "wrong"), "TooManyRequests")
      assert.strictEqual(yield* ask(robot, key), "robot")
      assert.deepStrictEqual(Security.statuses(robot), [401, 429, 503])
    })
  )
})

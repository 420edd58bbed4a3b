/** Claims as they are, or as a schema reads them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Principal from "../../../src/internal/token/Principal.ts"

interface Claims {
  readonly sub: string
}

const claims: Claims = { sub: "1" }

const One = Schema.transform(Schema.Literal("1"), Schema.Number, {
  strict: true,
  decode: () => 1,
  encode: () => "1" as const
})

const User = Schema.transform(
  Schema.Struct({ sub: Schema.Literal("1") }),
  Schema.Struct({ id: Schema.Number }),
  { strict: true, decode: () => ({ id: 1 }), encode: () => ({ sub: "1" as const }) }
)

const run = <A>(self: Effect.Effect<A, unknown>) => Effect.runSync(Effect.either(self))

describe("decoder", () => {
  it("gives the claims themselves without a schema", () => {
    for (const make of [Principal.decoder, Principal.frozenDecoder]) {
      const read = make<Claims, never>(undefined)
      assert.strictEqual(Either.getOrThrow(run(read(claims))), claims)
    }
    assert.isFalse(Object.isFrozen(claims))
  })

  it("gives what the schema makes of them, which is frozen where it is shared", () => {
    const own = Either.getOrThrow(run(Principal.decoder(User)(claims)))
    const shared = Either.getOrThrow(run(Principal.frozenDecoder(User)(claims)))
    assert.deepStrictEqual([own, shared], [{ id: 1 }, { id: 1 }])
    assert.deepStrictEqual([own, shared].map(Object.isFrozen), [false, true])
  })

  it("fails of what the schema refuses", () => {
    for (const make of [Principal.decoder, Principal.frozenDecoder]) {
      for (const wrong of [{ sub: "x" }, {}, null, undefined, "1"]) {
        assert.isTrue(Either.isLeft(run(make(User)(wrong))))
      }
    }
  })
})

describe("after", () => {
  const first = Schema.Unknown.pipe(Schema.filter((value) => value !== null && value !== "no"))

  it("reads what the first schema lets through", () => {
    const plain = Schema.decodeUnknownEither(Principal.after<Claims, never>(first, undefined))
    assert.strictEqual(Either.getOrThrow(plain(claims)), claims)
    assert.isTrue(Either.isLeft(plain("no")))
    const number = Schema.decodeUnknownEither(Principal.after(first, One))
    assert.deepStrictEqual(number("1"), Either.right(1))
    assert.isTrue(Either.isLeft(number("x")))
  })

  it("asks the first schema first", () => {
    let isAsked = false
    const second = Schema.Unknown.pipe(
      Schema.filter(() => {
        isAsked = true
        return true
      })
    )
    assert.isTrue(Either.isLeft(Schema.decodeUnknownEither(Principal.after(first, second))("no")))
    assert.isFalse(isAsked)
  })
})

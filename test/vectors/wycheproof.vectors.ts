/**
 * Project Wycheproof's vectors of JOSE against keys and signatures as `Jwt` uses them.
 *
 * The folder of the vectors is read from the environment: `WYCHEPROOF=… npm run test:vectors`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Jwks from "../../src/Jwks.ts"
import * as Jws from "../../src/internal/token/Jws.ts"

// ----------------------------------------------------------------------------
// vectors
// ----------------------------------------------------------------------------

interface Group {
  readonly comment: string
  readonly public?: object
  readonly private?: object
  readonly tests: ReadonlyArray<{
    readonly tcId: number
    readonly comment: string
    readonly result: "valid" | "invalid"
    /** A compact JWS, or a JWS or JWE in another form. */
    readonly jws?: unknown
    readonly flags: ReadonlyArray<string>
  }>
}

/** Where this library means to differ: the file, the test, and why. */
const differences = new Map<string, string>([
  ["json_web_signature_test 346", "since the key says PS256 and the token PS384"],
  ["json_web_signature_test 347", "since the key says ES521, which is no algorithm"],
  ["json_web_signature_test 350", "since the key says PS256 and the token PS384"],
  ["json_web_signature_test 351", "since the key says ES521, which is no algorithm"],
  ["json_web_signature_test 367", "since it is letter for letter the valid 357"],
  ["json_web_signature_test 370", "since it is letter for letter the valid 357"],
  ["json_web_signature_test 372", "since it holds a question mark"],
  ["json_web_signature_test 373", "since it holds a question mark"],
  ["json_web_key_test 4", "since the other key of the name is no canonical base64url: left out"]
])

const files = ["json_web_signature_test", "json_web_key_test", "json_web_crypto_test"]

const groupsOf = (file: string): ReadonlyArray<Group> => {
  const folder = process.env["WYCHEPROOF"]
  if (folder === undefined) throw new Error("WYCHEPROOF has to be the folder of the vectors")
  return JSON.parse(readFileSync(join(folder, `${file}.json`), "utf8")).testGroups
}

// ----------------------------------------------------------------------------
// the signature of a token, without its claims
// ----------------------------------------------------------------------------

const setOf = (keys: object): Jwks.JsonWebKeySet =>
  "keys" in keys && Array.isArray(keys.keys) ? { keys: keys.keys } : { keys: [keys] }

const isAccepted = (group: Group, token: unknown): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    const jws = typeof token === "string" ? Jws.parse(token) : "no compact serialization"
    if (typeof token !== "string" || typeof jws === "string") return false
    const source = yield* Effect.option(
      Effect.try(() => Jwks.fromJson(Redacted.make(setOf(group.public ?? group.private ?? {}))))
    )
    if (source._tag === "None") return false
    const keys = yield* Effect.orDie(source.value.get)
    return yield* Effect.exists(keys.find(jws.alg, jws.kid), (key) =>
      Effect.promise(async () => key.verifies(token))
    )
  })

for (const file of files) {
  describe(file, () => {
    for (const group of groupsOf(file)) {
      for (const { comment, flags, jws, result, tcId } of group.tests) {
        // encrypted tokens are refused whatever is in them
        const isExpected = result === "valid" && jws !== undefined
        const difference = differences.get(`${file} ${tcId}`)
        const name = `${tcId}: ${comment} (${[group.comment, ...flags].join(", ")})`
        it.effect(difference === undefined ? name : `${name}: differs, ${difference}`, () =>
          Effect.map(isAccepted(group, jws), (accepted) =>
            assert.strictEqual(accepted, isExpected === (difference === undefined))
          )
        )
      }
    }
  })
}

/** Verifiers of stored passwords and keys, over the wire: what is wrong is 401, and never 500. */
import { describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as ApiKey from "../../src/ApiKey.ts"
import * as HttpBasic from "../../src/HttpBasic.ts"
import * as PasswordHash from "../../src/PasswordHash.ts"
import { authorization, base64, type Case, ok, runTables, utf8 } from "./support.ts"

// ----------------------------------------------------------------------------
// what is stored
// ----------------------------------------------------------------------------

const passwordHash = PasswordHash.scrypt({ ln: 1, waiting: 1000 })
const stored: Readonly<Record<string, string>> = {
  johndoe: await Effect.runPromise(passwordHash.hash(Redacted.make("s3:cret p\u00E4ss"))),
  "jos\u00E9": await Effect.runPromise(passwordHash.hash(Redacted.make("secret"))),
  broken: "$scrypt$ln=1,r=8,p=1$",
  huge: `$scrypt$ln=30,r=8,p=1$${"A".repeat(22)}$${"A".repeat(43)}`,
  empty: ""
}
const users = new Map(Object.entries(stored))
const user = HttpBasic.make().pipe(
  HttpBasic.authenticate({
    passwordHash,
    findUser: (username) =>
      Effect.succeed(
        Option.map(Option.fromNullable(users.get(username)), (hash) => ({
          principal: username,
          passwordHash: Redacted.make(hash)
        }))
      )
  })
)

const good = await Effect.runPromise(ApiKey.generate({ prefix: "acme" }))
const other = await Effect.runPromise(ApiKey.generate({ prefix: "acme", id: good.id }))
const keys = new Map<string, ApiKey.StoredKey<string>>([
  [good.id, { principal: "robot", hash: good.hash }],
  ["expired", { principal: "old", hash: good.hash, expiresAt: new Date(0) }],
  ["broken", { principal: "broken", hash: "x" }]
])
const robot = ApiKey.header("X-API-Key").pipe(
  ApiKey.authenticate({ findKey: (id) => Effect.succeed(Option.fromNullable(keys.get(id))) })
)

// ----------------------------------------------------------------------------
// what is sent
// ----------------------------------------------------------------------------

const basic = (
  name: string,
  credentials: string,
  expect: Case["expect"],
  changes: Partial<Case> = {}
): Case => ({ name, ...authorization(`Basic ${base64(credentials)}`), expect, ...changes })

const invalid: Readonly<Record<string, string>> = {
  "a wrong password": "johndoe:secret",
  "half of the password": "johndoe:s3",
  "another case": "johndoe:S3:cret p\u00E4ss",
  "a space more": "johndoe:s3:cret p\u00E4ss ",
  "no password": "johndoe:",
  "no user": ":s3:cret p\u00E4ss",
  nothing: ":",
  "an unknown user": "jill:s3:cret p\u00E4ss",
  "another case of the user": "JohnDoe:s3:cret p\u00E4ss",
  "a compatible form of the user": "\uFF4Aohndoe:s3:cret p\u00E4ss",
  "a user whose hash is broken": "broken:secret",
  "a user whose hash is huge": "huge:secret",
  "a user without a hash": "empty:",
  __proto__: "__proto__:x",
  constructor: "constructor:x",
  toString: "toString:x",
  "the hash itself": `johndoe:${stored["johndoe"]}`,
  "a query": "johndoe' OR '1'='1:x",
  "a pattern": "john*:s3:cret p\u00E4ss",
  "an emoji": "\u{1F600}:\u{1F600}",
  "a byte order mark": "\uFEFFjohndoe:s3:cret p\u00E4ss",
  "1,025 bytes": `johndoe:${"x".repeat(1025)}`,
  "8,000 bytes": `johndoe:${"x".repeat(8000)}`,
  "a long user": `${"x".repeat(8000)}:secret`
}

const key = Redacted.value(good.key)
const keyed = (name: string, text: string, expect: Case["expect"] = "invalid"): Case => ({
  name,
  headers: [["X-API-Key", text]],
  expect
})
const secret = "s".repeat(32)

describe("stored", () => {
  runTables({
    "HttpBasic.authenticate": {
      scheme: user,
      challenge: 'Basic realm="api", charset="UTF-8"',
      cases: [
        { name: "nothing", expect: "absent" },
        { name: "another scheme", ...authorization("Bearer x"), expect: "absent" },
        basic("a password", "johndoe:s3:cret p\u00E4ss", ok("johndoe")),
        basic("in another form of Unicode", "johndoe:s3:cret pa\u0308ss", ok("johndoe")),
        basic("with another space", "johndoe:s3:cret\u2003p\u00E4ss", ok("johndoe")),
        basic("a user beyond ASCII", "jose\u0301:secret", ok("jos\u00E9")),
        ...Object.entries(invalid).map(([name, credentials]) =>
          basic(name, credentials, "invalid")
        ),
        basic("a NUL", "johndoe:s3:cret p\u00E4ss\0", "malformed"),
        {
          name: "ISO 8859-1",
          ...authorization(`Basic ${btoa("johndoe:s3:cret p\u00E4ss")}`),
          expect: "malformed"
        },
        {
          name: "no base64",
          ...authorization("Basic johndoe:s3:cret"),
          expect: "malformed"
        },
        {
          name: "two fields",
          ...authorization(
            `Basic ${base64("johndoe:s3:cret p\u00E4ss")}`,
            `Basic ${base64("johndoe:s3:cret p\u00E4ss")}`
          ),
          expect: "malformed"
        }
      ]
    },
    "ApiKey.authenticate": {
      scheme: robot,
      challenge: 'ApiKey realm="api"',
      cases: [
        { name: "nothing", expect: "absent" },
        keyed("a key", key, ok("robot")),
        keyed("another secret of its id", Redacted.value(other.key)),
        keyed("another prefix", key.replace("acme", "acne")),
        keyed("no prefix", key.replace("acme_", "")),
        keyed("lower case", key.toLowerCase()),
        keyed("upper case", key.toUpperCase()),
        keyed("a character less", key.slice(0, -1)),
        keyed("a character more", `${key}0`),
        keyed("a separator more", `${key}_`),
        keyed("the id alone", good.id),
        keyed("the stored hash", good.hash),
        keyed("the stored hash as its secret", `acme_${good.id}_${good.hash}`),
        keyed("an expired id", key.replace(good.id, "expired")),
        keyed("an id whose hash is broken", `acme_broken_${secret}`),
        keyed("an unknown id", `acme_unknown_${secret}`),
        ...["__proto__", "constructor", "toString", "hasOwnProperty"].map((id) =>
          keyed(id, `acme_${id}_${secret}`)
        ),
        keyed("a word", "key"),
        keyed("separators", "_____"),
        keyed("a path", `acme_../${good.id}_${secret}`),
        keyed("quoted", `"${key}"`),
        keyed("with its scheme", `ApiKey ${key}`),
        keyed("beyond ASCII", utf8(`acme_${good.id}_${"\u00E9".repeat(32)}`)),
        keyed("16,000 characters", "x".repeat(16_000)),
        keyed("16,385 characters", "x".repeat(16_385), "malformed"),
        keyed("a comma", `${key},${key}`, "malformed"),
        keyed("an empty field", "", "malformed"),
        {
          name: "two fields",
          headers: [
            ["X-API-Key", key],
            ["X-API-Key", key]
          ],
          expect: "malformed"
        }
      ]
    }
  })
})

import { describe, it } from "@effect/vitest"
import { assert } from "vitest"
import * as fc from "effect/FastCheck"
import * as Challenge from "../src/Challenge.ts"

// ----------------------------------------------------------------------------
// arbitraries
// ----------------------------------------------------------------------------

const tokenChars = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
const visible = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index)).join("")
const chars = (from: string, minLength: number) =>
  fc.string({ unit: fc.constantFrom(...from), minLength, maxLength: 12 })

const reserved = new Set(["error", "error_description", "error_uri", "scope"])
const arbToken = chars(tokenChars, 1)
const arbName = arbToken.filter((name) => !reserved.has(name.toLowerCase()))
const arbValue = fc.oneof(
  chars(`\t${visible}`, 0),
  chars(`"\\,= `, 0),
  arbToken.map((value) => Challenge.token(value))
)
const arbParameters = fc
  .uniqueArray(fc.tuple(arbName, arbValue), {
    selector: ([name]) => name.toLowerCase(),
    maxLength: 4
  })
  .map((entries) => Object.fromEntries(entries))
const arbChallenge = fc.oneof(
  fc
    .tuple(arbToken, arbParameters)
    .filter(
      ([scheme, parameters]) =>
        scheme.toLowerCase() !== "bearer" || Object.keys(parameters).length > 0
    )
    .map(([scheme, parameters]) => Challenge.make(scheme, parameters)),
  fc
    .tuple(arbToken, fc.stringMatching(/^[A-Za-z0-9._~+/-]{1,8}={0,3}$/))
    .map(([scheme, token68]) => Challenge.makeToken68(scheme, token68))
)

const soup = fc.string({
  unit: fc.constantFrom(
    ...'aZ0="\\, \t-~/:\r\n\u0000\u007f\u00a0\u00ff\u2028',
    "Basic ",
    'realm="x"',
    "a=b"
  ),
  maxLength: 40
})

const unique = (challenges: ReadonlyArray<Challenge.Challenge>) =>
  challenges.filter(
    (challenge, index) =>
      challenges.findIndex((other) => Challenge.print(other) === Challenge.print(challenge)) ===
      index
  )

// ----------------------------------------------------------------------------
// make and print
// ----------------------------------------------------------------------------

describe("make and print", () => {
  const printed: ReadonlyArray<readonly [Challenge.Challenge, string]> = [
    [Challenge.make("Negotiate"), "Negotiate"],
    [Challenge.make("Bearer", { realm: "api" }), 'Bearer realm="api"'],
    [Challenge.make("Basic", { realm: "" }), 'Basic realm=""'],
    [Challenge.make("Basic", { realm: 'a "b" \\ c' }), 'Basic realm="a \\"b\\" \\\\ c"'],
    [Challenge.make("Basic", { REALM: Challenge.token("api") }), 'Basic REALM="api"'],
    [Challenge.make("Basic", { realm: "a\tb, c=d" }), 'Basic realm="a\tb, c=d"'],
    [
      Challenge.make("Digest", { realm: "r", algorithm: Challenge.token("SHA-256"), qop: "auth" }),
      'Digest realm="r", algorithm=SHA-256, qop="auth"'
    ],
    [
      Challenge.make("Bearer", { error: "insufficient_scope", scope: "items:read items:write" }),
      'Bearer error="insufficient_scope", scope="items:read items:write"'
    ],
    [
      Challenge.make("Bearer", {
        error_description: "It's over",
        error_uri: "https://e.example/#a"
      }),
      'Bearer error_description="It\'s over", error_uri="https://e.example/#a"'
    ],
    [Challenge.makeToken68("Negotiate", "a874=="), "Negotiate a874=="]
  ]
  for (const [challenge, expected] of printed) {
    it(`prints ${expected}`, () => assert.strictEqual(Challenge.print(challenge), expected))
  }

  const refused: ReadonlyArray<readonly [string, () => unknown, RegExp]> = [
    ["an empty scheme", () => Challenge.make(""), /scheme ""/],
    ["a scheme with a space", () => Challenge.make("Be arer", { realm: "a" }), /scheme "Be arer"/],
    ["a scheme that is not ASCII", () => Challenge.make("Bäsic", { realm: "a" }), /scheme/],
    ["a name with CRLF", () => Challenge.make("Basic", { "realm\r\n": "a" }), /name "realm\\r\\n"/],
    [
      "a realm with CRLF",
      () => Challenge.make("Basic", { realm: "a\r\nSet-Cookie: b" }),
      /realm.*take it out/
    ],
    ["a realm with NUL", () => Challenge.make("Basic", { realm: "a\u0000" }), /realm/],
    ["a realm with DEL", () => Challenge.make("Basic", { realm: "a\u007f" }), /realm/],
    [
      "a realm that is not ASCII",
      () => Challenge.make("Basic", { realm: "caf\u00e9" }),
      /encode it/
    ],
    ["a trailing newline", () => Challenge.make("Basic", { realm: "a\n" }), /realm/],
    [
      "two names that differ in case",
      () => Challenge.make("Basic", { realm: "a", Realm: "b" }),
      /twice/
    ],
    ["a token with a space", () => Challenge.token("SHA 256"), /not a token/],
    [
      "a forged token",
      () => Challenge.make("Digest", { algorithm: { token: "a\r\n" } }),
      /not a token/
    ],
    ["an empty token", () => Challenge.token(""), /not a token/],
    ["a bare Bearer", () => Challenge.make("bearer"), /realm/],
    ["an error with a quotation mark", () => Challenge.make("Bearer", { error: 'a"' }), /RFC 6750/],
    [
      "an error_description with a backslash",
      () => Challenge.make("Bearer", { error_description: "\\" }),
      /RFC 6750/
    ],
    [
      "an error_description with a TAB",
      () => Challenge.make("Bearer", { Error_Description: "a\tb" }),
      /RFC 6750/
    ],
    ["an empty error", () => Challenge.make("Bearer", { error: "" }), /RFC 6750/],
    ["an error_uri with a space", () => Challenge.make("Bearer", { error_uri: "a b" }), /RFC 6750/],
    ["a scope with two spaces", () => Challenge.make("Bearer", { scope: "a  b" }), /one space/],
    ["a scope with a space before", () => Challenge.make("Bearer", { scope: " a" }), /one space/],
    ["an empty scope", () => Challenge.make("Bearer", { scope: "" }), /one space/],
    ["an empty token68", () => Challenge.makeToken68("Negotiate", ""), /token68/],
    ["a token68 with a space", () => Challenge.makeToken68("Negotiate", "a b"), /token68/],
    ["a token68 with = inside", () => Challenge.makeToken68("Negotiate", "a=b"), /token68/]
  ]
  for (const [what, make, message] of refused) {
    it(`refuses ${what}`, () => assert.throws(make, message))
  }

  it("what it makes can be sent", () =>
    fc.assert(
      fc.property(arbChallenge, (challenge) => {
        assert.match(Challenge.print(challenge), /^[\t -~]+$/)
        const headers = new Headers({ "www-authenticate": Challenge.print(challenge) })
        assert.isTrue(headers.has("www-authenticate"))
      })
    ))

  it("a value it takes is one that can be sent", () =>
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 8 }), (value) => {
        const sendable = /^[\t -~]*$/.test(value)
        const make = () => Challenge.make("Basic", { realm: value })
        if (sendable) assert.strictEqual(Challenge.parameter(make(), "realm"), value)
        else assert.throws(make)
      })
    ))
})

// ----------------------------------------------------------------------------
// parse
// ----------------------------------------------------------------------------

const quoted = (name: string, value: string) => ({ name, value, quoted: true })
const bare = (name: string, value: string) => ({ name, value, quoted: false })
const c = (scheme: string, ...parameters: ReadonlyArray<Challenge.Parameter>) => ({
  scheme,
  parameters
})
const c68 = (scheme: string, token68: string) => ({ scheme, parameters: [], token68 })

describe("parse", () => {
  const parsed: ReadonlyArray<readonly [string, ReadonlyArray<Challenge.Challenge>]> = [
    ["", []],
    [" , ,\t", []],
    ["Negotiate", [c("Negotiate")]],
    ["Negotiate ", [c("Negotiate")]],
    ["Negotiate a=", [c68("Negotiate", "a=")]],
    ["Negotiate  a", [c68("Negotiate", "a")]],
    ['Basic realm="a, b"', [c("Basic", quoted("realm", "a, b"))]],
    ["Basic realm=a", [c("Basic", bare("realm", "a"))]],
    ['Basic realm=""', [c("Basic", quoted("realm", ""))]],
    ['Basic realm="\\"\\\\\\a"', [c("Basic", quoted("realm", '"\\a'))]],
    ['Basic realm="caf\u00e9"', [c("Basic", quoted("realm", "caf\u00e9"))]],
    ['Basic realm \t=\t "a"', [c("Basic", quoted("realm", "a"))]],
    ['Basic , realm="a"', [c("Basic", quoted("realm", "a"))]],
    ['Basic realm="a",,b=c, ,', [c("Basic", quoted("realm", "a"), bare("b", "c"))]],
    ['Basic realm="a",b=c', [c("Basic", quoted("realm", "a"), bare("b", "c"))]],
    ['Basic realm="a"\t,\tNegotiate', [c("Basic", quoted("realm", "a")), c("Negotiate")]],
    ['Negotiate, Basic realm="a"', [c("Negotiate"), c("Basic", quoted("realm", "a"))]],
    ["Negotiate,NTLM", [c("Negotiate"), c("NTLM")]],
    ["Negotiate a==, NTLM b", [c68("Negotiate", "a=="), c68("NTLM", "b")]],
    // the example of RFC 9110, section 11.6.1
    [
      'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""',
      [
        c("Basic", quoted("realm", "simple")),
        c("Newauth", quoted("realm", "apps"), bare("type", "1"), quoted("title", 'Login to "apps"'))
      ]
    ],
    // two fields joined by a server
    ['Digest a="b", Digest a="c"', [c("Digest", quoted("a", "b")), c("Digest", quoted("a", "c"))]],
    ["X a=b, Y c=", [c("X", bare("a", "b")), c68("Y", "c=")]]
  ]
  for (const [value, expected] of parsed) {
    it(`reads ${JSON.stringify(value)}`, () =>
      assert.deepStrictEqual(Challenge.parse(value), expected))
  }

  const malformed = [
    "=",
    '"a"',
    'realm="a"',
    "Basic\trealm=a",
    "Basic \trealm=a",
    "Basic\u00a0realm=a",
    'Basic, realm="a"',
    'Basic realm="a',
    'Basic realm="a\\',
    'Basic realm="a\\"',
    'Basic realm="a" b="c"',
    'Basic realm="a"b',
    "Basic realm=a b",
    'Basic realm=a"b"',
    'Basic realm="a", Realm="b"',
    "Basic a b",
    "Basic a=b=c",
    "Basic a=, b=c, d",
    "Negotiate a==, realm=b",
    "Negotiate Basic realm=a",
    'Basic realm="a\nb"',
    'Basic realm="\u0000"',
    'Basic realm="\\\u0000"',
    'Basic realm="\u2028"',
    "Basic realm=\u00e9",
    "Basic; realm=a",
    `Basic realm="${"a".repeat(16_384)}"`
  ]
  for (const value of malformed) {
    it(`refuses ${JSON.stringify(value.slice(0, 40))}`, () =>
      assert.strictEqual(Challenge.parse(value), undefined))
  }

  it("reads what printAll prints, without duplicates", () =>
    fc.assert(
      fc.property(fc.array(arbChallenge, { maxLength: 5 }), (challenges) =>
        assert.deepStrictEqual(Challenge.parse(Challenge.printAll(challenges)), unique(challenges))
      )
    ))

  it("printAll keeps the order and the first of identical ones", () => {
    const a = Challenge.make("Bearer", { realm: "a" })
    const b = Challenge.make("Bearer", { realm: "b" })
    assert.strictEqual(Challenge.printAll([b, a, b, a]), 'Bearer realm="b", Bearer realm="a"')
    assert.strictEqual(Challenge.printAll([]), "")
  })

  it("reads what it printed of anything it read, and never throws", () =>
    fc.assert(
      fc.property(soup, (text) => {
        const challenges = Challenge.parse(text)
        if (challenges === undefined) return
        assert.deepStrictEqual(Challenge.parse(Challenge.printAll(challenges)), unique(challenges))
      }),
      { numRuns: 5_000 }
    ))

  it("takes linear time", () => {
    const length = 16_384
    const hard = [
      "a",
      " ",
      ",",
      "=",
      '"',
      "\\",
      "a ",
      "a=",
      "a,",
      "a =",
      "X a=b,",
      "X ,",
      'X a="\\"',
      "X a=,"
    ]
      .flatMap((part) =>
        [part, `X ${part}`, `X a="`, `X a=b, ${part}`].map((head) => head + part.repeat(length))
      )
      .map((text) => text.slice(0, length))
    const started = performance.now()
    for (const text of hard) {
      Challenge.parse(text)
      Challenge.parseCredentials(text)
      Challenge.scheme(text)
    }
    // 168 readings of 16 kB: tens of milliseconds when linear, minutes when quadratic
    assert.isBelow(performance.now() - started, 2_000)
  })
})

// ----------------------------------------------------------------------------
// credentials
// ----------------------------------------------------------------------------

describe("parseCredentials", () => {
  const parsed: ReadonlyArray<readonly [string, Challenge.Credentials]> = [
    ["Basic dTpw", c68("Basic", "dTpw")],
    ["Basic  dTpw", c68("Basic", "dTpw")],
    ["bearer mF_9.B5f-4.1JqM", c68("bearer", "mF_9.B5f-4.1JqM")],
    ["Bearer a==", c68("Bearer", "a==")],
    ["Negotiate", c("Negotiate")],
    ["Bearer ", c("Bearer")],
    [
      'Digest username="a", nc=00000001, uri="/?a=b,c"',
      c("Digest", quoted("username", "a"), bare("nc", "00000001"), quoted("uri", "/?a=b,c"))
    ],
    ["Digest a=b,", c("Digest", bare("a", "b"))],
    ["Basic dT=pw", c("Basic", bare("dT", "pw"))]
  ]
  for (const [value, expected] of parsed) {
    it(`reads ${JSON.stringify(value)}`, () =>
      assert.deepStrictEqual(Challenge.parseCredentials(value), expected))
  }

  const malformed = [
    "",
    " ",
    " Basic dTpw",
    ", Basic dTpw",
    "Basic dTpw ",
    "Basic dTpw,",
    "Basic\tdTpw",
    "Basic \tdTpw",
    "Basic\u00a0dTpw",
    "Basic dTpw dTpw",
    "Basic =",
    "Basic dTp\u00e9",
    "Basic dTpw, Basic dTpw",
    "Basic dTpw,Basic dTpw",
    "Basic dTp3=, Basic dTpw",
    "Bearer a, Basic dTpw",
    "Digest a=b, Basic dTpw",
    'Digest a="b", Digest c="d"',
    "Digest a=b, Negotiate",
    "Digest a=b, A=c",
    `Bearer ${"a".repeat(16_384)}`
  ]
  for (const value of malformed) {
    it(`refuses ${JSON.stringify(value.slice(0, 40))}`, () =>
      assert.strictEqual(Challenge.parseCredentials(value), undefined))
  }

  it("accepts exactly the token68 of RFC 9110", () =>
    fc.assert(
      fc.property(soup, (text) => {
        const [, expected] = /^ *([A-Za-z0-9._~+/-]+=*)$/.exec(text) ?? []
        assert.strictEqual(Challenge.parseCredentials(`Bearer ${text}`)?.token68, expected)
      }),
      { numRuns: 2_000 }
    ))

  it("reads every challenge as credentials", () =>
    fc.assert(
      fc.property(arbChallenge, (challenge) =>
        assert.deepStrictEqual(Challenge.parseCredentials(Challenge.print(challenge)), challenge)
      )
    ))

  it("two credentials joined by a comma are malformed", () =>
    fc.assert(
      fc.property(arbChallenge, arbChallenge, (one, two) =>
        assert.strictEqual(
          Challenge.parseCredentials(`${Challenge.print(one)}, ${Challenge.print(two)}`),
          undefined
        )
      )
    ))
})

describe("scheme, isScheme, parameter", () => {
  const schemes: ReadonlyArray<readonly [string, string | undefined]> = [
    ["Bearer a", "Bearer"],
    ["bEARER", "bEARER"],
    ["Bearer  a", "Bearer"],
    ["Digest a=b, Basic c", "Digest"],
    ["", undefined],
    [" Bearer a", undefined],
    ["Bearer\ta", undefined],
    ["Bearer\u00a0a", undefined],
    ["Bearer, a", undefined],
    ["Bearer=a", undefined],
    ["B\u00e9arer a", undefined]
  ]
  for (const [value, expected] of schemes) {
    it(`scheme(${JSON.stringify(value)})`, () =>
      assert.strictEqual(Challenge.scheme(value), expected))
  }

  it("is the scheme of well-formed credentials", () =>
    fc.assert(
      fc.property(soup, (text) => {
        const credentials = Challenge.parseCredentials(text)
        if (credentials !== undefined)
          assert.strictEqual(Challenge.scheme(text), credentials.scheme)
      })
    ))

  it("compares without regard to case", () => {
    const challenge = Challenge.make("BASIC", { Realm: "api" })
    assert.isTrue(Challenge.isScheme(challenge, "basic"))
    assert.isFalse(Challenge.isScheme(challenge, "basi"))
    assert.strictEqual(Challenge.parameter(challenge, "realm"), "api")
    assert.strictEqual(Challenge.parameter(challenge, "__proto__"), undefined)
  })
})

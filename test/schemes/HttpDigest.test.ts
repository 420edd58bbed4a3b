import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { createHash } from "node:crypto"
import * as Challenge from "../../src/Challenge.ts"
import * as Credential from "../../src/Credential.ts"
import * as HttpDigest from "../../src/HttpDigest.ts"
import * as Security from "../../src/Security.ts"
import * as SecurityError from "../../src/SecurityError.ts"
import { authorization, authorizationCases, type Case, ok, runTables, utf8 } from "./support.ts"

// ----------------------------------------------------------------------------
// fields: RFC 7616, section 3.4
// ----------------------------------------------------------------------------

const response = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"

/** Section 3.9.1, as it is sent. */
const example: Readonly<Record<string, string | undefined>> = {
  username: '"Mufasa"',
  realm: '"http-auth@example.org"',
  uri: '"/dir/index.html"',
  algorithm: "SHA-256",
  nonce: '"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"',
  nc: "00000001",
  cnonce: '"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"',
  qop: "auth",
  response: `"${response}"`,
  opaque: '"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
}

const value = {
  username: "Mufasa",
  realm: "http-auth@example.org",
  nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
  uri: "/dir/index.html",
  response,
  algorithm: "SHA-256",
  cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
  opaque: "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
  qop: "auth",
  nc: "00000001"
}

/** The example with other parameters; `undefined` leaves one out. */
const digest = (
  changes: Readonly<Record<string, string | undefined>> = {},
  separator = ", "
): string =>
  Object.entries({ ...example, ...changes })
    .flatMap(([name, text]) => (text === undefined ? [] : [`${name}=${text}`]))
    .join(separator)

const sent = (credentials: string) => authorization(`Digest ${credentials}`)

const without = (...names: ReadonlyArray<keyof typeof value>) =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !names.some((left) => left === name)))

const minimal = digest({
  algorithm: undefined,
  nc: undefined,
  cnonce: undefined,
  qop: undefined,
  opaque: undefined
})

const accepted: Readonly<Record<string, readonly [credentials: string, value: unknown]>> = {
  "the example of the RFC": [digest(), value],
  "no blank after commas": [digest({}, ","), value],
  "blanks before commas": [digest({}, " ,\t"), value],
  "empty list elements": [`,, ${digest()} , ,`, value],
  "blanks around equals signs": [digest().replaceAll("=", " = "), value],
  "names in capitals": [digest().replace(/(\w+)=/g, (name) => name.toUpperCase()), value],
  "another order": [digest().split(", ").reverse().join(", "), value],
  "the form of RFC 2069": [minimal, without("algorithm", "nc", "cnonce", "qop", "opaque")],
  "no algorithm": [digest({ algorithm: undefined }), without("algorithm")],
  "another algorithm": [digest({ algorithm: "MD5-sess" }), { ...value, algorithm: "MD5-sess" }],
  "another qop": [digest({ qop: "auth-int" }), { ...value, qop: "auth-int" }],
  "cnonce without qop": [digest({ qop: undefined }), without("qop")],
  "quoted where the RFC sends tokens": [
    digest({ algorithm: '"SHA-256"', qop: '"auth"', nc: '"00000001"' }),
    value
  ],
  "unquoted where the RFC sends quoted": [
    digest({ username: "Mufasa", response, cnonce: "abc", nonce: "n", opaque: "o", realm: "r" }),
    { ...value, cnonce: "abc", nonce: "n", opaque: "o", realm: "r" }
  ],
  "escapes in quotes": [
    digest({ username: '"a\\"b\\\\c\\d"', uri: '"\\/dir/index.html"' }),
    { ...value, username: 'a"b\\cd' }
  ],
  "commas and equals signs in quotes": [
    digest({ username: '"a, response=\\"x\\", b"' }),
    { ...value, username: 'a, response="x", b' }
  ],
  "an empty user name": [digest({ username: '""' }), { ...value, username: "" }],
  "an empty realm": [digest({ realm: '""' }), { ...value, realm: "" }],
  "an empty opaque": [digest({ opaque: '""' }), { ...value, opaque: "" }],
  "a user name in UTF-8": [
    digest({ username: utf8('"J\u00E4s\u00F8n \u5F20 \u{1F511}"') }),
    { ...value, username: "J\u00E4s\u00F8n \u5F20 \u{1F511}" }
  ],
  "a user name in UTF-8 with bytes 0x80 to 0x9F": [
    digest({ username: utf8('"\u00C0\u0160"') }),
    { ...value, username: "\u00C0\u0160" }
  ],
  "a user name in Latin-1": [
    digest({ username: '"J\u00E4s\u00F8n"' }),
    { ...value, username: "J\u00E4s\u00F8n" }
  ],
  "a byte order mark is of the name": [
    digest({ username: utf8('"\uFEFFa"') }),
    { ...value, username: "\uFEFFa" }
  ],
  "percent escapes in a plain name": [
    digest({ username: '"J%C3%A4s"' }),
    { ...value, username: "J%C3%A4s" }
  ],
  "an extended name": [
    digest({ username: undefined, "username*": "UTF-8''J%C3%A4s%C3%B8n%20Doe" }),
    { ...value, username: "J\u00E4s\u00F8n Doe" }
  ],
  "an extended name with a language": [
    digest({ username: undefined, "username*": "utf-8'en-GB'%e5%bc%a0" }),
    { ...value, username: "\u5F20" }
  ],
  "an empty extended name": [
    digest({ username: undefined, "username*": "UTF-8''" }),
    { ...value, username: "" }
  ],
  "an extended name of plain characters": [
    digest({ username: undefined, "USERNAME*": "UTF-8''a!#$&+-.^_`|~Z9" }),
    { ...value, username: "a!#$&+-.^_`|~Z9" }
  ],
  "an extended name, userhash false": [
    digest({ username: undefined, "username*": "UTF-8''a", userhash: "false" }),
    { ...value, username: "a", userhash: "false" }
  ],
  "a hashed name": [
    digest({ username: `"${response}"`, userhash: "true" }),
    { ...value, username: response, userhash: "true" }
  ],
  "userhash quoted": [digest({ userhash: '"false"' }), { ...value, userhash: "false" }],
  "prototype names as names": [
    digest({ username: '"__proto__"', realm: "constructor", cnonce: "toString" }),
    { ...value, username: "__proto__", realm: "constructor", cnonce: "toString" }
  ],
  "unknown parameters": [
    `${digest()}, __proto__="x", constructor=y, charset=UTF-8, auth-param="\u00E9"`,
    value
  ],
  "a query in the uri": [
    digest({ uri: '"/dir?a=1,b=%222%22#f"' }),
    { ...value, uri: "/dir?a=1,b=%222%22#f" }
  ],
  "an absolute uri": [digest({ uri: '"http://h/dir"' }), { ...value, uri: "http://h/dir" }],
  "hexadecimal digits in capitals": [
    digest({ nc: "0000000A", response: '"ABCDEF"' }),
    { ...value, nc: "0000000A", response: "ABCDEF" }
  ],
  "12 kB of user name": [
    digest({ username: `"${"u".repeat(12_000)}"` }),
    { ...value, username: "u".repeat(12_000) }
  ]
}

const refused: Readonly<Record<string, string>> = {
  "no username": digest({ username: undefined }),
  "no realm": digest({ realm: undefined }),
  "no nonce": digest({ nonce: undefined }),
  "no uri": digest({ uri: undefined }),
  "no response": digest({ response: undefined }),
  "qop without cnonce": digest({ cnonce: undefined }),
  "qop without nc": digest({ nc: undefined }),
  "qop without both": digest({ nc: undefined, cnonce: undefined }),
  "an empty nonce": digest({ nonce: '""' }),
  "an empty uri": digest({ uri: '""' }),
  "an empty response": digest({ response: '""' }),
  "an empty cnonce": digest({ cnonce: '""' }),
  "an empty qop": digest({ qop: '""' }),
  "an empty algorithm": digest({ algorithm: '""' }),
  "nothing after an equals sign": digest({ qop: "" }),
  "a duplicate username": `${digest()}, username="admin"`,
  "a duplicate username, by case": `${digest()}, UserName="admin"`,
  "a duplicate realm": `${digest()}, realm="x"`,
  "a duplicate nonce": `${digest()}, nonce="x"`,
  "a duplicate uri": `${digest()}, uri="/"`,
  "a duplicate response": `${digest()}, response="00"`,
  "a duplicate response, the same": `${digest()}, response="${response}"`,
  "a duplicate nc": `${digest()}, nc=00000002`,
  "a duplicate algorithm": `${digest()}, algorithm=MD5`,
  "a duplicate unknown parameter": `${digest()}, x=1, x=2`,
  "username and username*": digest({ "username*": "UTF-8''Mufasa" }),
  "username* and username": digest({ username: undefined, "username*": "UTF-8''a" }).concat(
    ', username="a"'
  ),
  "username* twice": digest({ username: undefined, "username*": "UTF-8''a" }).concat(
    ", username*=UTF-8''b"
  ),
  "username* of a hash": digest({
    username: undefined,
    "username*": "UTF-8''a",
    userhash: "true"
  }),
  "username* quoted": digest({ username: undefined, "username*": "\"UTF-8''a\"" }),
  "username* without charset": digest({ username: undefined, "username*": "''a" }),
  "username* in Latin-1": digest({ username: undefined, "username*": "ISO-8859-1''J%E4s" }),
  "username* with one quote": digest({ username: undefined, "username*": "UTF-8'a" }),
  "username* with three quotes": digest({ username: undefined, "username*": "UTF-8''a'b" }),
  "username* without quotes": digest({ username: undefined, "username*": "Mufasa" }),
  "username* of invalid UTF-8": digest({ username: undefined, "username*": "UTF-8''%FF" }),
  "username* of overlong UTF-8": digest({ username: undefined, "username*": "UTF-8''%C0%80" }),
  "username* with a cut escape": digest({ username: undefined, "username*": "UTF-8''a%2" }),
  "username* with a wrong escape": digest({ username: undefined, "username*": "UTF-8''a%ZZ" }),
  "username* with a lone percent sign": digest({ username: undefined, "username*": "UTF-8''%" }),
  "username* with an escaped NUL": digest({ username: undefined, "username*": "UTF-8''a%00" }),
  "username* with an escaped line break": digest({
    username: undefined,
    "username*": "UTF-8''a%0D%0A"
  }),
  "username* with an escaped C1 control": digest({
    username: undefined,
    "username*": "UTF-8''a%C2%85"
  }),
  "username* with an asterisk": digest({ username: undefined, "username*": "UTF-8''a*" }),
  "a TAB in the user name": digest({ username: '"a\tb"' }),
  "a C1 control in the user name": digest({ username: utf8('"a\u0085b"') }),
  "a lone byte 0x85 in the user name": digest({ username: '"a\u0085b"' }),
  "a TAB in the realm": digest({ realm: '"a\tb"' }),
  "a TAB in the nonce": digest({ nonce: '"a\tb"' }),
  "a realm beyond ASCII": digest({ realm: utf8('"caf\u00E9"') }),
  "a nonce beyond ASCII": digest({ nonce: '"\u00FF"' }),
  "an opaque beyond ASCII": digest({ opaque: '"\u00FF"' }),
  "a cnonce beyond ASCII": digest({ cnonce: '"\u00FF"' }),
  "a uri beyond ASCII": digest({ uri: utf8('"/caf\u00E9"') }),
  "a space in the uri": digest({ uri: '"/a b"' }),
  "an unquoted uri": digest({ uri: "/dir/index.html" }),
  "nc of seven digits": digest({ nc: "0000001" }),
  "nc of nine digits": digest({ nc: "000000001" }),
  "nc that is not hexadecimal": digest({ nc: "0000000g" }),
  "nc with a sign": digest({ nc: "-0000001" }),
  "nc with a prefix": digest({ nc: "0x000001" }),
  "nc with a line break's escape": digest({ nc: '"00000001\\n"' }),
  "nc without qop that is none": digest({ qop: undefined, nc: "1" }),
  "nc in capitals that is not hexadecimal": digest({ nc: undefined, NC: "0000000g" }),
  "a response in capitals that is not hexadecimal": digest({
    response: undefined,
    RESPONSE: "xyz"
  }),
  "a response that is not hexadecimal": digest({ response: '"xyz"' }),
  "a response in base64": digest({ response: '"dTkn+g6F0VVWTi4n"' }),
  "a response with blanks": digest({ response: `" ${response}"` }),
  "an algorithm with a space": digest({ algorithm: '"SHA 256"' }),
  "a list of qops": digest({ qop: '"auth,auth-int"' }),
  "userhash yes": digest({ userhash: "yes" }),
  "userhash in capitals": digest({ userhash: "TRUE" }),
  "userhash empty": digest({ userhash: '""' }),
  "an open quotation mark": digest({ opaque: '"abc' }),
  "an escape at the end": digest({ opaque: '"abc\\' }),
  "an escaped closing mark": digest({ opaque: '"abc\\"' }),
  "single quotes": digest({ username: "'Mufasa'", uri: "'/dir'" }),
  "text after a quoted value": digest({ username: '"Mufasa"x' }),
  "two quoted values": digest({ username: '"Mufasa" "x"' }),
  "semicolons between": digest({}, "; "),
  "blanks between": digest({}, " "),
  "a name without a value": `${digest()}, stale`,
  "a value without a name": `${digest()}, ="x"`,
  "another credential after it": `${digest()}, Basic YTpi`,
  "another credential's parameters after it": `${digest()}, Digest username="admin"`,
  "a token68": "YWxpY2U6c2VjcmV0",
  "a token68 with padding": "dXNlcm5hbWU=",
  "a name and two equals signs": "username==",
  "parameters and a token68": `${digest()}, abc==`,
  "a token68 and parameters": `abc ${digest()}`,
  "an equals sign": "=",
  "a lone quotation mark": '"',
  "more than 16 kB": digest({ opaque: `"${"o".repeat(16_384)}"` }),
  "16 kB of empty elements": `${digest()}${",".repeat(16_384)}`,
  "60 kB of escapes": digest({ opaque: `"${"\\a".repeat(30_000)}"` }),
  "60 kB of parameters": `${digest()}${Array.from({ length: 8_000 }, (_, index) => `,p${index}=1`).join("")}`,
  "15 kB of percent signs": `username*=UTF-8''${"%41".repeat(5_000)}%`
}

const challenge =
  /^Digest realm="api", nonce="[\w-]{72}", qop="auth", algorithm=SHA-256, charset=UTF-8$/

describe("Digest", () => {
  runTables({
    HttpDigest: {
      scheme: HttpDigest.make(),
      challenge,
      cases: [
        ...authorizationCases("Digest", digest(), digest({ username: '"Nala"' }), value),
        ...Object.entries(accepted).map(([name, [credentials, value]]): Case => ({
          name,
          ...sent(credentials),
          expect: ok(value)
        })),
        ...Object.entries(refused).map(([name, credentials]): Case => ({
          name,
          ...sent(credentials),
          expect: "malformed"
        }))
      ]
    },
    "HttpDigest with options": {
      scheme: HttpDigest.make({
        realm: 'the "old" api',
        algorithms: ["MD5-sess"],
        qop: ["auth", "auth-int"],
        opaque: "o\\p",
        userhash: true
      }),
      challenge:
        /^Digest realm="the \\"old\\" api", nonce="[\w-]{72}", qop="auth, auth-int", algorithm=MD5-sess, opaque="o\\\\p", charset=UTF-8, userhash=true$/,
      cases: [
        { name: "nothing", expect: "absent" },
        { name: "broken", ...sent("x"), expect: "malformed" }
      ]
    },
    "HttpDigest without userhash": {
      scheme: HttpDigest.make({ userhash: false, algorithms: ["SHA-512-256"] }),
      challenge:
        /^Digest realm="api", nonce="[\w-]{72}", qop="auth", algorithm=SHA-512-256, charset=UTF-8, userhash=false$/,
      cases: [{ name: "nothing", expect: "absent" }]
    }
  })
})

// ----------------------------------------------------------------------------
// challenges
// ----------------------------------------------------------------------------

const refuse = <A>(
  scheme: Effect.Effect<A, unknown, HttpServerRequest.HttpServerRequest>,
  headers: Record<string, string> = {}
) =>
  Effect.flip(scheme).pipe(
    Effect.provideService(
      HttpServerRequest.HttpServerRequest,
      HttpServerRequest.fromWeb(new Request("http://localhost/", { headers }))
    ),
    Effect.runPromise
  )

const nonceOf = (error: unknown): string => {
  assert(error instanceof SecurityError.Unauthorized)
  const [only] = error.challenges
  return only === undefined ? "" : (Challenge.parameter(only, "nonce") ?? "")
}

describe("a Digest challenge", () => {
  it("has a fresh nonce each time", async () => {
    const scheme = HttpDigest.make()
    const errors = await Promise.all(Array.from({ length: 100 }, () => refuse(scheme)))
    assert.strictEqual(new Set(errors.map(nonceOf)).size, 100)
  })

  it("is one for each algorithm, in order, all with one nonce", async () => {
    const error = await refuse(HttpDigest.make({ algorithms: ["SHA-256", "SHA-512-256", "MD5"] }))
    assert(error instanceof SecurityError.Unauthorized)
    assert.deepStrictEqual(
      error.challenges.map((challenge) => Challenge.parameter(challenge, "algorithm")),
      ["SHA-256", "SHA-512-256", "MD5"]
    )
    const nonces = error.challenges.map((challenge) => Challenge.parameter(challenge, "nonce"))
    assert.strictEqual(new Set(nonces).size, 1)
  })

  it("says which scopes lack", async () => {
    const scheme = HttpDigest.make({ scopes: { read: "Read", write: "Write" } })
    const error = await refuse(
      scheme.pipe(
        Security.authenticate(({ username }) => Effect.succeed(Security.grant(username, ["read"]))),
        Security.scopes("read", "write")
      ),
      { authorization: `Digest ${digest()}` }
    )
    assert(error instanceof SecurityError.Forbidden)
    assert.match(
      error.challenges.map(Challenge.print).join(),
      /^Digest realm="api", nonce="[\w-]{72}", qop="auth", algorithm=SHA-256, charset=UTF-8, error="insufficient_scope", scope="read write"$/
    )
  })

  it("says nothing of a refused digest", async () => {
    const error = await refuse(
      HttpDigest.make().pipe(
        Security.authenticate(() =>
          Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))
        )
      ),
      { authorization: `Digest ${digest()}` }
    )
    assert(error instanceof SecurityError.Unauthorized)
    assert.match(error.challenges.map(Challenge.print).join(), challenge)
  })
})

// ----------------------------------------------------------------------------
// what a verifier is given
// ----------------------------------------------------------------------------

describe("a Digest verifier", () => {
  it("can compute the example of RFC 7616, section 3.9.1", () => {
    const parsed = HttpDigest.parse(digest())
    assert(parsed !== Credential.Malformed)
    const hash = (...parts: ReadonlyArray<string | undefined>) =>
      createHash("sha256").update(parts.join(":")).digest("hex")
    const { cnonce, nc, nonce, qop, realm, uri, username } = parsed
    const expected = hash(
      hash(username, realm, "Circle of Life"),
      nonce,
      nc,
      cnonce,
      qop,
      hash("GET", uri)
    )
    assert.strictEqual(Redacted.value(parsed.response), expected)
  })

  it("is given nothing of more than 16,384 characters", () => {
    const filled = (length: number) => `${digest()}, x="${"x".repeat(length)}"`
    const room = 16_384 - `Digest ${filled(0)}`.length
    assert.notStrictEqual(HttpDigest.parse(filled(room)), Credential.Malformed)
    assert.strictEqual(HttpDigest.parse(filled(room + 1)), Credential.Malformed)
  })

  it("shows no response", () => {
    const parsed = HttpDigest.parse(digest())
    assert.notInclude(JSON.stringify(parsed), response)
    assert.notInclude(String(parsed), response)
  })
})

import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as NodeHttp from "node:http"
import * as ApiKey from "../../src/ApiKey.ts"
import {
  type Case,
  exchange,
  methods,
  ok,
  parseAnswer,
  reveal,
  runTables,
  serve,
  utf8,
  valuesOf
} from "./support.ts"

const challenge = 'ApiKey realm="api"'

// ----------------------------------------------------------------------------
// headers
// ----------------------------------------------------------------------------

const inHeader = (...values: ReadonlyArray<string>): Pick<Case, "headers"> => ({
  headers: values.map((value) => ["X-API-Key", value])
})

const headerCases: ReadonlyArray<Case> = [
  { name: "nothing", expect: "absent" },
  { name: "a key", ...inHeader("k1"), expect: ok("k1") },
  { name: "lower case name", headers: [["x-api-key", "k1"]], expect: ok("k1") },
  { name: "upper case name", headers: [["X-API-KEY", "k1"]], expect: ok("k1") },
  { name: "white space around", ...inHeader(" \t k1 \t"), expect: ok("k1") },
  { name: "a space inside", ...inHeader("k 1"), expect: ok("k 1") },
  { name: "punctuation", ...inHeader('a"b\\c;d=e%20f+/'), expect: ok('a"b\\c;d=e%20f+/') },
  { name: "quotes are of the key", ...inHeader('"k1"'), expect: ok('"k1"') },
  { name: "percent escapes are of the key", ...inHeader("%6B1%00"), expect: ok("%6B1%00") },
  { name: "a prototype's member as a key", ...inHeader("__proto__"), expect: ok("__proto__") },
  { name: "constructor as a key", ...inHeader("constructor"), expect: ok("constructor") },
  { name: "toString as a key", ...inHeader("toString"), expect: ok("toString") },
  { name: "an auth-scheme as a key", ...inHeader("Bearer abc"), expect: ok("Bearer abc") },
  { name: "bytes beyond ASCII are Latin-1", ...inHeader("caf\u00E9"), expect: ok("caf\u00E9") },
  { name: "a no-break space around", ...inHeader("\u00A0k1"), expect: ok("\u00A0k1") },
  {
    name: "a lone byte order mark, its bytes",
    ...inHeader(utf8("\uFEFFk1")),
    expect: ok(utf8("\uFEFFk1"))
  },
  { name: "16,384 characters", ...inHeader("k".repeat(16_384)), expect: ok("k".repeat(16_384)) },
  { name: "16,385 characters", ...inHeader("k".repeat(16_385)), expect: "malformed" },
  { name: "64 kB", ...inHeader("k".repeat(65_536)), expect: "malformed" },
  { name: "an empty value", ...inHeader(""), expect: "malformed" },
  { name: "blanks", ...inHeader(" \t "), expect: "malformed" },
  { name: "two fields, the same", ...inHeader("k1", "k1"), expect: "malformed" },
  { name: "two fields", ...inHeader("k1", "k2"), expect: "malformed" },
  { name: "two fields, an empty one first", ...inHeader("", "k1"), expect: "malformed" },
  { name: "two fields, an empty one last", ...inHeader("k1", ""), expect: "malformed" },
  {
    name: "two fields of different case",
    headers: [
      ["X-API-Key", "k1"],
      ["x-api-key", "k2"]
    ],
    expect: "malformed"
  },
  {
    name: "100 fields",
    ...inHeader(...Array.from({ length: 100 }, () => "k1")),
    expect: "malformed"
  },
  { name: "a comma", ...inHeader("k1,k2"), expect: "malformed" },
  { name: "a comma and a space", ...inHeader("k1, k2"), expect: "malformed" },
  { name: "a comma first", ...inHeader(",k1"), expect: "malformed" },
  { name: "a TAB inside", ...inHeader("k\t1"), expect: "malformed" },
  { name: "a C1 control", ...inHeader("k\u00851"), expect: "malformed" },
  {
    name: "a NUL",
    ...inHeader("k\0"),
    expect: "malformed",
    node: "refused",
    web: "unsendable"
  },
  { name: "an escape character", ...inHeader("k\x1B1"), expect: "malformed", node: "refused" },
  { name: "a DEL", ...inHeader("k\x7F1"), expect: "malformed", node: "refused" },
  {
    name: "a folded line",
    ...inHeader("k\r\n 1"),
    expect: ok("k 1"),
    node: "refused",
    web: "unsendable"
  },
  { name: "another header", headers: [["X-API-Key2", "k1"]], expect: "absent" },
  { name: "a shorter header", headers: [["X-API-Ke", "k1"]], expect: "absent" },
  { name: "an underscore for a hyphen", headers: [["X_API_Key", "k1"]], expect: "absent" },
  { name: "Authorization", headers: [["Authorization", "ApiKey k1"]], expect: "absent" },
  { name: "the query", target: "?X-API-Key=k1&x-api-key=k1", expect: "absent" },
  { name: "a cookie", headers: [["Cookie", "X-API-Key=k1"]], expect: "absent" },
  { name: "a prototype's member", headers: [["__proto__", "k1"]], expect: "absent" },
  { name: "a constructor", headers: [["constructor", "k1"]], expect: "absent" },
  ...methods({ ...inHeader("k1"), value: "k1" }, inHeader("k1", "k2"))
]

/** Schemes that are named like a member of every object. */
const headerOf = (name: string): ReadonlyArray<Case> => [
  { name: "nothing", expect: "absent" },
  { name: "a key", headers: [[name, "k1"]], expect: ok("k1") },
  {
    name: "twice",
    headers: [
      [name, "k1"],
      [name, "k2"]
    ],
    expect: "malformed"
  }
]

// ----------------------------------------------------------------------------
// query
// ----------------------------------------------------------------------------

const queryCases: ReadonlyArray<Case> = [
  { name: "no query", expect: "absent" },
  { name: "an empty query", target: "?", expect: "absent" },
  { name: "a key", target: "?api_key=k1", expect: ok("k1") },
  { name: "among others", target: "?a=1&api_key=k1&b=2", expect: ok("k1") },
  { name: "after an ampersand", target: "?&&api_key=k1&", expect: ok("k1") },
  { name: "an escape", target: "?api_key=%6B%31", expect: ok("k1") },
  { name: "an escaped name", target: "?api%5Fkey=k1", expect: ok("k1") },
  { name: "a plus", target: "?api_key=a+b", expect: ok("a b") },
  { name: "an escaped plus", target: "?api_key=a%2Bb", expect: ok("a+b") },
  { name: "a comma", target: "?api_key=a,b", expect: ok("a,b") },
  { name: "an equals sign", target: "?api_key=a=b=", expect: ok("a=b=") },
  { name: "a question mark", target: "?api_key=a?b", expect: ok("a?b") },
  { name: "an escaped ampersand", target: "?api_key=a%26b", expect: ok("a&b") },
  { name: "an escaped hash", target: "?api_key=a%23b", expect: ok("a#b") },
  { name: "a double escape", target: "?api_key=a%2520b", expect: ok("a%20b") },
  { name: "an escape that is none", target: "?api_key=%ZZ%", expect: ok("%ZZ%") },
  { name: "UTF-8", target: "?api_key=%E5%BC%A0", expect: ok("\u5F20") },
  { name: "a byte order mark", target: "?api_key=%EF%BB%BFk", expect: ok("\uFEFFk") },
  { name: "invalid UTF-8 is no byte", target: "?api_key=%FF", expect: ok("\uFFFD") },
  { name: "a semicolon", target: "?api_key=a;b=c", expect: ok("a;b=c") },
  { name: "a prototype's member as a key", target: "?api_key=__proto__", expect: ok("__proto__") },
  { name: "constructor as a key", target: "?api_key=constructor", expect: ok("constructor") },
  {
    name: "prototype names beside it",
    target: "?__proto__=x&constructor=y&toString=z&api_key=k1",
    expect: ok("k1")
  },
  {
    name: "16,384 characters",
    target: `?api_key=${"k".repeat(16_384)}`,
    expect: ok("k".repeat(16_384))
  },
  { name: "16,385 characters", target: `?api_key=${"k".repeat(16_385)}`, expect: "malformed" },
  { name: "60 kB of parameters", target: `?${"a&".repeat(30_000)}api_key=k1`, expect: ok("k1") },
  { name: "60 kB of the key", target: `?${"api_key=k&".repeat(6_000)}`, expect: "malformed" },
  { name: "an empty value", target: "?api_key=", expect: "malformed" },
  { name: "no value", target: "?api_key", expect: "malformed" },
  { name: "twice", target: "?api_key=k1&api_key=k2", expect: "malformed" },
  { name: "twice the same", target: "?api_key=k1&api_key=k1", expect: "malformed" },
  { name: "twice, an empty one first", target: "?api_key=&api_key=k1", expect: "malformed" },
  { name: "twice, one without a value", target: "?api_key=k1&api_key", expect: "malformed" },
  { name: "twice, once escaped", target: "?api_key=k1&api%5fkey=k2", expect: "malformed" },
  { name: "an escaped NUL", target: "?api_key=k%00", expect: "malformed" },
  { name: "an escaped line break", target: "?api_key=k%0D%0A", expect: "malformed" },
  { name: "an escaped TAB", target: "?api_key=k%09", expect: "malformed" },
  { name: "an escaped DEL", target: "?api_key=k%7F", expect: "malformed" },
  { name: "an escaped C1 control", target: "?api_key=k%C2%85", expect: "malformed" },
  { name: "another case", target: "?API_KEY=k1", expect: "absent" },
  { name: "a longer name", target: "?api_key2=k1", expect: "absent" },
  { name: "brackets", target: "?api_key[]=k1&api_key[0]=k2", expect: "absent" },
  { name: "a dot", target: "?a.api_key=k1", expect: "absent" },
  { name: "a semicolon before", target: "?a=b;api_key=k1", expect: "absent" },
  { name: "an escaped ampersand before", target: "?a=b%26api_key=k1", expect: "absent" },
  { name: "a question mark before", target: "??api_key=k1", expect: "absent" },
  { name: "a space before", target: "?+api_key=k1", expect: "absent" },
  { name: "a fragment", target: "#api_key=k1", expect: "absent" },
  { name: "a query inside the fragment", target: "#?api_key=k1", expect: "absent" },
  { name: "a fragment after", target: "?api_key=k1#&api_key=k2", expect: ok("k1") },
  { name: "a header", headers: [["api_key", "k1"]], expect: "absent" },
  { name: "a cookie", headers: [["Cookie", "api_key=k1"]], expect: "absent" },
  { name: "X-Original-URL", headers: [["X-Original-URL", "/?api_key=k1"]], expect: "absent" },
  ...methods({ target: "?api_key=k1", value: "k1" }, { target: "?api_key=" })
]

const queryOf = (name: string): ReadonlyArray<Case> => [
  { name: "no query", expect: "absent" },
  { name: "a key", target: `?${name}=k1`, expect: ok("k1") },
  { name: "twice", target: `?${name}=k1&${name}=k2`, expect: "malformed" }
]

// ----------------------------------------------------------------------------
// cookies
// ----------------------------------------------------------------------------

const inCookie = (...values: ReadonlyArray<string>): Pick<Case, "headers"> => ({
  headers: values.map((value) => ["Cookie", value])
})

const cookieCases: ReadonlyArray<Case> = [
  { name: "no cookie", expect: "absent" },
  { name: "an empty field", ...inCookie(""), expect: "absent" },
  { name: "a key", ...inCookie("session=k1"), expect: ok("k1") },
  { name: "among others", ...inCookie("a=1; session=k1; b=2"), expect: ok("k1") },
  { name: "no space between", ...inCookie("a=1;session=k1;b=2"), expect: ok("k1") },
  { name: "blanks around", ...inCookie("a=1; \t session \t=\t k1 \t; b=2"), expect: ok("k1") },
  { name: "quotes", ...inCookie('session="k1"'), expect: ok("k1") },
  { name: "one quotation mark", ...inCookie('session="k1'), expect: ok('"k1') },
  { name: "only a quotation mark", ...inCookie('session="'), expect: ok('"') },
  { name: "quotes inside", ...inCookie('session=a"b"c'), expect: ok('a"b"c') },
  { name: "quotes inside quotes", ...inCookie('session=""k1""'), expect: ok('"k1"') },
  { name: "escaped quotes stay", ...inCookie("session=%22k1%22"), expect: ok('"k1"') },
  { name: "a semicolon inside quotes", ...inCookie('session="a;b"'), expect: ok('"a') },
  { name: "an equals sign", ...inCookie("session=a=b=="), expect: ok("a=b==") },
  { name: "an escape", ...inCookie("session=a%20b"), expect: ok("a b") },
  { name: "a double escape", ...inCookie("session=a%2520b"), expect: ok("a%20b") },
  { name: "an escape that is none", ...inCookie("session=a%ZZ"), expect: ok("a%ZZ") },
  { name: "an escape cut short", ...inCookie("session=a%2"), expect: ok("a%2") },
  { name: "an escape of invalid UTF-8", ...inCookie("session=a%FF"), expect: ok("a%FF") },
  { name: "an escape of UTF-8", ...inCookie("session=%E5%BC%A0"), expect: ok("\u5F20") },
  { name: "a plus", ...inCookie("session=a+b"), expect: ok("a+b") },
  { name: "a comma", ...inCookie("session=a,b"), expect: ok("a,b") },
  { name: "a backslash", ...inCookie("session=a\\b"), expect: ok("a\\b") },
  { name: "a space inside", ...inCookie("session=a b"), expect: ok("a b") },
  {
    name: "a no-break space of the value",
    ...inCookie("session=\u00A0k1"),
    expect: ok("\u00A0k1")
  },
  {
    name: "a prototype's member as a key",
    ...inCookie("session=__proto__"),
    expect: ok("__proto__")
  },
  {
    name: "prototype names beside it",
    ...inCookie("__proto__=x; constructor=y; toString=z; session=k1"),
    expect: ok("k1")
  },
  { name: "pairs without a name", ...inCookie("=x; ; y; session=k1;"), expect: ok("k1") },
  { name: "two fields, one of them its", ...inCookie("a=1", "session=k1"), expect: ok("k1") },
  { name: "60 kB of semicolons", ...inCookie(`${";".repeat(60_000)}session=k1`), expect: ok("k1") },
  { name: "60 kB of blanks", ...inCookie(`a=${" ".repeat(60_000)}; session=k1`), expect: ok("k1") },
  {
    name: "60 kB of other cookies",
    ...inCookie(`${"a=1; ".repeat(12_000)}session=k1`),
    expect: ok("k1")
  },
  { name: "60 kB of escapes", ...inCookie(`session=${"%41".repeat(20_000)}`), expect: "malformed" },
  { name: "16,385 characters", ...inCookie(`session=${"k".repeat(16_385)}`), expect: "malformed" },
  {
    name: "16,384 characters",
    ...inCookie(`session=${"k".repeat(16_384)}`),
    expect: ok("k".repeat(16_384))
  },
  { name: "an empty value", ...inCookie("session="), expect: "malformed" },
  { name: "an empty quoted value", ...inCookie('session=""'), expect: "malformed" },
  { name: "blanks as a value", ...inCookie("session=  ; a=1"), expect: "malformed" },
  { name: "twice", ...inCookie("session=k1; session=k2"), expect: "malformed" },
  { name: "twice the same", ...inCookie("session=k1; session=k1"), expect: "malformed" },
  { name: "twice, an empty one first", ...inCookie("session=; session=k1"), expect: "malformed" },
  { name: "twice in two fields", ...inCookie("session=k1", "session=k2"), expect: "malformed" },
  { name: "twice, blanks around one", ...inCookie("session =k1; session=k2"), expect: "malformed" },
  { name: "an escaped NUL", ...inCookie("session=k%00"), expect: "malformed" },
  { name: "an escaped line break", ...inCookie("session=k%0D%0A"), expect: "malformed" },
  { name: "an escaped DEL", ...inCookie("session=%7F"), expect: "malformed" },
  { name: "an escaped C1 control", ...inCookie("session=%C2%80"), expect: "malformed" },
  { name: "a TAB inside", ...inCookie("session=a\tb"), expect: "malformed" },
  { name: "a raw C1 control", ...inCookie("session=a\u0085b"), expect: "malformed" },
  {
    name: "a raw control",
    ...inCookie("session=a\x01b"),
    expect: "malformed",
    node: "refused"
  },
  { name: "another case", ...inCookie("Session=k1"), expect: "absent" },
  { name: "a longer name", ...inCookie("session2=k1; xsession=k1"), expect: "absent" },
  { name: "a prefix", ...inCookie("__Host-session=k1"), expect: "absent" },
  { name: "no equals sign", ...inCookie("session"), expect: "absent" },
  { name: "an escaped name", ...inCookie("sessio%6E=k1"), expect: "absent" },
  { name: "a quoted name", ...inCookie('"session"=k1'), expect: "absent" },
  { name: "a name after a comma", ...inCookie("a=1, session=k1"), expect: "absent" },
  { name: "a cookie without a name", ...inCookie("=session=k1"), expect: "absent" },
  { name: "a no-break space before the name", ...inCookie("\u00A0session=k1"), expect: "absent" },
  { name: "a no-break space after the name", ...inCookie("session\u00A0=k1"), expect: "absent" },
  {
    name: "another site's cookie with a no-break space",
    ...inCookie("session=k1; \u00A0session=evil"),
    expect: ok("k1")
  },
  { name: "Cookie2", headers: [["Cookie2", "session=k1"]], expect: "absent" },
  { name: "Set-Cookie", headers: [["Set-Cookie", "session=k1"]], expect: "absent" },
  { name: "a header", headers: [["session", "k1"]], expect: "absent" },
  { name: "the query", target: "?session=k1", expect: "absent" },
  ...methods({ ...inCookie("session=k1"), value: "k1" }, inCookie("session="))
]

const cookieOf = (name: string): ReadonlyArray<Case> => [
  { name: "no cookie", expect: "absent" },
  { name: "another cookie", ...inCookie("a=1"), expect: "absent" },
  { name: "a key", ...inCookie(`${name}=k1`), expect: ok("k1") },
  { name: "twice", ...inCookie(`${name}=k1; ${name}=k2`), expect: "malformed" }
]

describe("API keys", () => {
  runTables({
    header: { scheme: ApiKey.header("X-API-Key"), challenge, cases: headerCases },
    "header constructor": {
      scheme: ApiKey.header("constructor"),
      challenge,
      cases: headerOf("constructor")
    },
    "header toString": {
      scheme: ApiKey.header("toString"),
      challenge,
      cases: headerOf("tostring")
    },
    // node:http keeps the first of these
    "header From": { scheme: ApiKey.header("From"), challenge, cases: headerOf("from") },
    query: { scheme: ApiKey.query("api_key"), challenge, cases: queryCases },
    "query __proto__": {
      scheme: ApiKey.query("__proto__"),
      challenge,
      cases: queryOf("__proto__")
    },
    "query constructor": {
      scheme: ApiKey.query("constructor"),
      challenge,
      cases: queryOf("constructor")
    },
    "query with a name to escape": {
      scheme: ApiKey.query("a b&c"),
      challenge,
      cases: [
        { name: "a key", target: "?a%20b%26c=k1", expect: ok("k1") },
        { name: "a key by plus", target: "?a+b%26c=k1", expect: ok("k1") },
        { name: "nothing", target: "?a=k1", expect: "absent" }
      ]
    },
    cookie: { scheme: ApiKey.cookie("session"), challenge, cases: cookieCases },
    "cookie __proto__": {
      scheme: ApiKey.cookie("__proto__"),
      challenge,
      cases: cookieOf("__proto__")
    },
    "cookie constructor": {
      scheme: ApiKey.cookie("constructor"),
      challenge,
      cases: cookieOf("constructor")
    },
    "with a realm": {
      scheme: ApiKey.header("X-API-Key", { realm: 'the "robots"' }),
      challenge: 'ApiKey realm="the \\"robots\\""',
      cases: [
        { name: "nothing", expect: "absent" },
        { name: "broken", ...inHeader(""), expect: "malformed" }
      ]
    }
  })
})

// ----------------------------------------------------------------------------
// setCookie
// ----------------------------------------------------------------------------

const attributes: ReadonlyArray<
  readonly [name: string, options: ApiKey.CookieOptions, line: string]
> = [
  ["by default", {}, "session=k1; Path=/; HttpOnly; Secure; SameSite=Lax"],
  [
    "with an age",
    { maxAge: "1 hour" },
    "session=k1; Max-Age=3600; Path=/; HttpOnly; Secure; SameSite=Lax"
  ],
  ["removed", { maxAge: 0 }, "session=k1; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax"],
  [
    "with everything",
    {
      maxAge: Duration.seconds(90),
      path: "/items",
      domain: "example.com",
      sameSite: "strict",
      secure: false
    },
    "session=k1; Max-Age=90; Domain=example.com; Path=/items; HttpOnly; SameSite=Strict"
  ],
  ["for other sites", { sameSite: "none" }, "session=k1; Path=/; HttpOnly; Secure; SameSite=None"]
]

const keys = [
  "k1",
  "a b",
  " around ",
  'quotes "inside"',
  '"quoted"',
  '"',
  "semi;colon",
  "com,ma",
  "equals=sign==",
  "back\\slash",
  "100%",
  "%41",
  "%ZZ",
  "a+b/c",
  "\u00E9\u5F20\u{1F511}",
  "\u00A0no break\u00A0",
  "\uFEFFbom",
  "__proto__",
  "~!@#$^&*()_-=[]{}|:'<>?`"
]

const unsettable: ReadonlyArray<
  readonly [name: string, cookie: string, key: string, reason: string]
> = [
  ["a line break", "session", "a\r\nSet-Cookie: x=y", "InvalidValue"],
  ["a NUL", "session", "a\0", "InvalidValue"],
  ["a C1 control", "session", "a\u0085", "InvalidValue"],
  ["half a surrogate pair", "session", "a\uD83D", "InvalidValue"],
  ["the other half", "session", "\uDD11a", "InvalidValue"],
  ["a space in the name", "a b", "k1", "InvalidName"],
  ["a semicolon in the name", "a;b", "k1", "InvalidName"],
  ["an empty name", "", "k1", "InvalidName"]
]

describe("setCookie", () => {
  const session = ApiKey.cookie("session")
  const app = Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const number = Number(new URL(request.originalUrl, "http://localhost").pathname.slice(1))
    if (Number.isNaN(number)) return yield* reveal(session)
    return yield* ApiKey.setCookie(
      HttpServerResponse.empty(),
      "session",
      Redacted.make(keys[number] ?? "k1"),
      attributes[number - keys.length]?.[1]
    )
  })
  const handler = HttpApp.toWebHandler(app)
  let server: Awaited<ReturnType<typeof serve>>
  beforeAll(async () => {
    server = await serve(app, () => NodeHttp.createServer())
  })
  afterAll(() => server.close())

  const overSocket = async (path: string, cookie?: string) =>
    parseAnswer(
      await exchange(
        server.port,
        `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${cookie === undefined ? "" : `Cookie: ${cookie}\r\n`}\r\n`
      )
    )

  it.for(attributes.map((each, index) => [...each, index] as const))(
    "$0",
    async ([, , line, index]) => {
      const answer = await overSocket(`/${keys.length + index}`)
      assert.deepStrictEqual(valuesOf(answer.headers, "set-cookie"), [line])
      assert.deepStrictEqual(valuesOf(answer.headers, "cache-control"), ["no-store"])
      const response = await handler(new Request(`http://localhost/${keys.length + index}`))
      assert.deepStrictEqual(response.headers.getSetCookie(), [line])
      assert.strictEqual(response.headers.get("cache-control"), "no-store")
    }
  )

  it.for(keys.map((key, index) => ({ key, index })))(
    "round trip of $key",
    async ({ index, key }) => {
      const [line = ""] = valuesOf((await overSocket(`/${index}`)).headers, "set-cookie")
      const [pair = ""] = line.split(";")
      assert.match(pair, /^session=[!#-+\--:<-[\]-~]+$/)
      const answer = await overSocket("/me", pair)
      assert.deepStrictEqual(JSON.parse(answer.body), { value: key })
      const response = await handler(
        new Request("http://localhost/me", { headers: { cookie: pair } })
      )
      assert.deepStrictEqual(await response.json(), { value: key })
    }
  )

  it.for(unsettable)("refuses %s", ([, name, key, reason]) => {
    const set = ApiKey.setCookie(HttpServerResponse.empty(), name, Redacted.make(key))
    const said = JSON.stringify(Effect.runSync(Effect.flip(set)).reason)
    assert.include(said.replace("Cookie", ""), reason)
  })

  it("is data-last as well", () => {
    const response = HttpServerResponse.empty().pipe(
      ApiKey.setCookie("session", Redacted.make("k1"), { path: "/a" }),
      Effect.runSync
    )
    assert.deepStrictEqual(HttpServerResponse.toWeb(response).headers.getSetCookie(), [
      "session=k1; Path=/a; HttpOnly; Secure; SameSite=Lax"
    ])
  })
})

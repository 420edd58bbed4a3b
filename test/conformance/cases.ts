/**
 * Bad input, by route and by class: what no API may let in, and what each is answered.
 *
 * `reason` is `absent` where nothing was presented, `malformed` where it can't be read, `invalid` where it is wrong.
 */
import { authorizationCases, base64, utf8 } from "../schemes/support.ts"
import { badTokens, without } from "../support/badTokens.ts"
import * as Digest from "../support/digest.ts"
import { sign } from "../support/tokens.ts"
import {
  audience,
  certificate,
  type Introspected,
  issuer,
  nonceAt,
  proxyHeader,
  right,
  secondAudience,
  thumbprint,
  upstream,
  wrongKeys
} from "./app.ts"
import { authorization, type Case, type Fields, fromScheme, group, unauthorized } from "./case.ts"

// ----------------------------------------------------------------------------
// answers
// ----------------------------------------------------------------------------

const apiKey = unauthorized('ApiKey realm="api"')
const basic = unauthorized('Basic realm="api", charset="UTF-8"')
const bearer = unauthorized('Bearer realm="api"', 'Bearer realm="api", error="invalid_token"')
const mutualTls = unauthorized('MutualTLS realm="api"')
const digest = unauthorized(
  /^Digest realm="api", nonce="[\w-]{72}", qop="auth", algorithm=SHA-256, charset=UTF-8, Digest realm="api", nonce="[\w-]{72}", qop="auth", algorithm=SHA-256-sess, charset=UTF-8$/
)
const stale = {
  status: 401,
  challenge: /^Digest [^,]+, nonce="[\w-]{72}", .*, stale=true, Digest .*, stale=true$/,
  says: "invalid"
}
const forbidden = (scope: string) => ({
  status: 403,
  challenge: `Bearer realm="api", error="insufficient_scope", scope="${scope}"`
})
const unavailable = { status: 503 }
const refusedForm = (says: string) => ({ status: 400, says })

// ----------------------------------------------------------------------------
// requests that are right
// ----------------------------------------------------------------------------

const userPass = base64(`${right.username}:${right.password}`)
const withBasic = authorization(`Basic ${userPass}`)
const withKey = { headers: [["X-API-Key", right.key]] } as const
const withToken = (text: string) => authorization(`Bearer ${text}`)
const sent = (bytes: Uint8Array): string => `:${Buffer.from(bytes).toString("base64")}:`
const clientCert = ["Client-Cert", sent(certificate("client"))] as const
const bound = (name: string, claims: object = {}) =>
  issuer.token({ ...claims, cnf: { "x5t#S256": thumbprint(name) } })
const forSecond = issuer.token({ aud: secondAudience })
const idClaims = without({ ...issuer.good, aud: "app", nonce: "n" }, "scope", "client_id")
const idToken = (claims: object = {}) => issuer.tokenOf({ ...idClaims, ...claims }, { typ: "JWT" })

/** A token whose introspection answers this. */
const introspected = (answer: object | string, rest: Omit<Introspected, "body"> = {}): string => {
  const name = `opaque-${upstream.introspected.size}`
  const body = typeof answer === "string" ? answer : JSON.stringify(answer)
  upstream.introspected.set(name, { ...rest, body })
  return name
}

const active = {
  active: true,
  iss: issuer.issuer,
  aud: audience,
  sub: "johndoe",
  scope: "items:read",
  token_type: "Bearer",
  exp: issuer.now + 600
}

const answer = (changes: Partial<Digest.Answer> = {}): Digest.Answer => ({
  username: right.username,
  password: right.password,
  realm: "api",
  nonce: nonceAt(),
  uri: "/digest",
  method: "GET",
  algorithm: "SHA-256",
  qop: "auth",
  nc: "00000001",
  cnonce: "client",
  opaque: undefined,
  userhash: false,
  body: "",
  ...changes
})

/** A digest that is right, but for parameters that are sent otherwise than they were computed. */
const digestWith = (
  changes: Readonly<Record<string, string | undefined>>,
  computed: Partial<Digest.Answer> = {}
) => authorization(Digest.print({ ...Digest.parameters(answer(computed)), ...changes }))

const digestOf = (computed: Partial<Digest.Answer>) => digestWith({}, computed)

const form = (fields: string): Pick<Case, "body" | "headers" | "method"> => ({
  method: "POST",
  headers: [["Content-Type", "application/x-www-form-urlencoded"]],
  body: fields
})

const login = `username=${right.username}&password=${encodeURIComponent(right.password)}`

/** What each route lets in, so that nothing below is refused for another reason than it says. */
export const rightRequests: ReadonlyArray<Case> = [
  ...group(
    "let in",
    { target: "", expect: { status: 200 } },
    {
      "key in a header": { target: "/key/header", ...withKey },
      "key in the query": { target: `/key/query?api_key=${right.key}` },
      "key in a cookie": {
        target: "/key/cookie",
        headers: [["Cookie", `a=b; session_id=${right.key}`]]
      },
      Basic: { target: "/basic", ...withBasic },
      "Basic, throttled": { target: "/throttled", ...withBasic },
      "JWT, ES256": { target: "/bearer", ...withToken(issuer.token()) },
      "JWT, RS256": { target: "/bearer", ...withToken(issuer.token({}, {}, issuer.rsa)) },
      "JWT, RS512 by a key of RS512": {
        target: "/bearer",
        ...withToken(issuer.token({}, {}, wrongKeys.rs512))
      },
      "JWT, bound to the certificate": {
        target: "/bearer",
        headers: [...withToken(bound("client")).headers, proxyHeader, clientCert]
      },
      "OAuth 2": { target: "/oauth2", ...withToken(issuer.token()) },
      "OAuth 2, for the second API": {
        target: "/oauth2",
        ...withToken(forSecond)
      },
      "OAuth 2, with the scopes": {
        target: "/oauth2/admin",
        ...withToken(issuer.token({ scope: "admin items:read" }))
      },
      "OpenID Connect": { target: "/oidc", ...withToken(issuer.token()) },
      "an ID token": { target: "/oidc/id", ...withToken(idToken()) },
      introspection: { target: "/introspected", ...withToken(introspected(active)) },
      "introspection, with the scope": {
        target: "/introspected/admin",
        ...withToken(introspected({ ...active, scope: "admin" }))
      },
      "introspection, bound to the certificate": {
        target: "/introspected",
        headers: [
          ...withToken(introspected({ ...active, cnf: { "x5t#S256": thumbprint("client") } }))
            .headers,
          proxyHeader,
          clientCert
        ]
      },
      Digest: { target: "/digest", ...digestOf({}) },
      "Digest, SHA-256-sess": { target: "/digest", ...digestOf({ algorithm: "SHA-256-sess" }) },
      "a certificate": { target: "/mtls", headers: [proxyHeader, clientCert] },
      "one of three: a token": { target: "/any", ...withToken(issuer.token()) },
      "one of three: a password": { target: "/any", ...withBasic },
      "one of three: a key": { target: "/any", ...withKey },
      "one of three: a wrong token, and a key": {
        target: "/any",
        headers: [...withToken("x.y.z").headers, ...withKey.headers]
      },
      both: { target: "/all", headers: [...withBasic.headers, ...withKey.headers] },
      nobody: { target: "/optional" },
      somebody: { target: "/optional", ...withToken(issuer.token()) },
      "nobody, without a key": { target: "/optional/key" },
      "somebody, with a key": { target: "/optional/key", ...withKey },
      "a login": { target: "/token", ...form(login) }
    }
  )
]

// ----------------------------------------------------------------------------
// HTTP
// ----------------------------------------------------------------------------

const notFound = { status: 404 }

const http: ReadonlyArray<Case> = [
  ...group(
    "RFC 9110, section 15.5.2, nothing presented is 401 with a challenge (never 403)",
    { target: "", expect: apiKey.absent },
    {
      "key in a header": { target: "/key/header" },
      "key in the query": { target: "/key/query" },
      "key in a cookie": { target: "/key/cookie" },
      Basic: { target: "/basic", expect: basic.absent },
      JWT: { target: "/bearer", expect: bearer.absent },
      "OAuth 2": { target: "/oauth2", expect: bearer.absent },
      "OAuth 2, with scopes": { target: "/oauth2/admin", expect: bearer.absent },
      "OpenID Connect": { target: "/oidc", expect: bearer.absent },
      "an ID token": { target: "/oidc/id", expect: bearer.absent },
      introspection: { target: "/introspected", expect: bearer.absent },
      Digest: { target: "/digest", expect: digest.absent },
      "a certificate": { target: "/mtls", expect: mutualTls.absent }
    }
  ),
  ...group(
    "RFC 9110, section 9, the same decision for each method",
    { target: "/bearer", expect: bearer.absent },
    {
      HEAD: { method: "HEAD" },
      POST: { method: "POST", body: "" },
      PUT: { method: "PUT", body: "{}" },
      DELETE: { method: "DELETE" },
      OPTIONS: { method: "OPTIONS" },
      "a preflight without CORS": {
        method: "OPTIONS",
        headers: [
          ["Origin", "https://evil.example"],
          ["Access-Control-Request-Method", "GET"]
        ]
      },
      PATCH: { method: "PATCH" },
      "a method that HTTP does not know": { method: "FOO", node: 400, web: notFound },
      "an override of the method": {
        method: "POST",
        body: "",
        headers: [["X-HTTP-Method-Override", "OPTIONS"]]
      }
    }
  ),
  ...group(
    "CVE-2025-29927, CVE-2025-64484, CVE-2026-33768, CVE-2026-40575, headers that some believe",
    { target: "/bearer", expect: bearer.absent },
    Object.fromEntries(
      [
        ["x-middleware-subrequest", "middleware:middleware:middleware:middleware:middleware"],
        ["x-astro-path", "/health"],
        ["X-Original-URL", "/health"],
        ["X-Rewrite-URL", "/health"],
        ["X-Forwarded-Uri", "/health"],
        ["X-Forwarded-User", "johndoe"],
        ["X_Forwarded_User", "johndoe"],
        ["X-Remote-User", "johndoe"],
        ["Remote-User", "johndoe"],
        ["X-Forwarded-For", "127.0.0.1"],
        ["X-Real-IP", "127.0.0.1"],
        ["Forwarded", "for=127.0.0.1"],
        ["X-Forwarded-Proto", "https"],
        ["X-SSL-Client-Verify", "SUCCESS"],
        ["X-SSL-Client-S-DN", "CN=client"],
        ["Proxy-Authorization", `Basic ${userPass}`],
        ["X-Authorization", `Bearer ${issuer.token()}`],
        ["X-Forwarded-Authorization", `Bearer ${issuer.token()}`],
        ["Authentication", `Bearer ${issuer.token()}`],
        ["Access-Token", issuer.token()]
      ].map(([name = "", value = ""]) => [name, { headers: [[name, value]] as const }])
    )
  ),
  ...group(
    "CVE-2026-22031, CVE-2026-29087, CVE-2025-71399, a path spelled otherwise",
    { target: "", expect: notFound },
    {
      "two slashes": { target: "//bearer", expect: bearer.absent },
      "a slash more": { target: "/bearer/", expect: bearer.absent },
      "a dot": { target: "/./bearer", web: bearer.absent },
      "two dots": { target: "/x/../bearer", web: bearer.absent },
      "encoded dots": { target: "/x/%2e%2e/bearer", web: bearer.absent },
      "an encoded letter": { target: "/%62earer", expect: bearer.absent },
      "an encoded slash": { target: "/bearer%2f" },
      "a parameter": { target: "/bearer;a=b", expect: bearer.absent },
      capitals: { target: "/BEARER", expect: bearer.absent },
      "an encoded NUL": { target: "/bearer%00" },
      "a broken escape": { target: "/bearer%" },
      "an encoded line break": { target: "/bearer%0a" },
      "an encoded question mark": { target: "/bearer%3fa" },
      // Fetch makes it a slash
      "a backslash": { target: "/bearer\\", web: bearer.absent },
      // for Fetch it is a part of the path
      "absolute-form": { target: "http://localhost/bearer", expect: bearer.absent, web: notFound },
      "a fragment": { target: "/bearer#a", expect: bearer.absent }
    }
  ),
  ...group(
    "CVE-2025-61928, fields of a body or a query that nobody asked for",
    { target: "/bearer", expect: bearer.absent },
    {
      "userId in the body": {
        method: "POST",
        headers: [["Content-Type", "application/json"]],
        body: '{"userId":"johndoe"}'
      },
      "a token in the body": {
        method: "POST",
        headers: [["Content-Type", "application/x-www-form-urlencoded"]],
        body: `access_token=${issuer.token()}`
      },
      "a token in the query (RFC 9700, section 4.3.2)": {
        target: `/bearer?access_token=${issuer.token()}`
      },
      "userId in the query": { target: "/bearer?userId=johndoe&user=johndoe&admin=true" },
      "a token in a cookie": { headers: [["Cookie", `access_token=${issuer.token()}`]] },
      "prototype names in the query": { target: "/bearer?__proto__[user]=johndoe&constructor=1" }
    }
  ),
  ...group(
    "RFC 9112, what is no HTTP is node's to refuse",
    { target: "/bearer", expect: bearer.absent, node: 400, web: "unsendable" },
    {
      "a space in a field's name": { headers: [["Authorization ", "Bearer x"]] },
      "a field without a name": { headers: [["", "x"]] },
      "a NUL in a field": { headers: [["X", "a\0b"]] },
      "a bare carriage return in a field": { headers: [["X", "a\rb"]] },
      "a line that is folded": { headers: [["Authorization", "Bearer\r\n x"]] },
      "two lengths": {
        method: "POST",
        body: "",
        headers: [["Content-Length", "5"]],
        // Fetch computes the length itself
        web: bearer.absent
      },
      "a length and chunks": {
        method: "POST",
        body: "0",
        headers: [["Transfer-Encoding", "chunked"]],
        web: bearer.absent
      },
      "a length that is no number": {
        method: "POST",
        headers: [["Content-Length", "five"]],
        web: bearer.absent
      }
    }
  )
]

// ----------------------------------------------------------------------------
// Authorization, whatever the scheme
// ----------------------------------------------------------------------------

const framework: ReadonlyArray<Case> = [
  ...fromScheme(
    "RFC 9110, sections 5.3 and 11 (CVE-2026-47673), Bearer",
    "/bearer",
    bearer,
    authorizationCases("Bearer", issuer.token(), issuer.token({ jti: "2" }), undefined)
  ),
  ...fromScheme(
    "RFC 9110, sections 5.3 and 11, Basic",
    "/basic",
    basic,
    authorizationCases("Basic", userPass, base64(`jill:${right.password}`), undefined)
  ),
  ...group(
    "RFC 6750, section 2.1, the syntax of a token",
    { target: "/bearer", expect: bearer.malformed },
    {
      quotes: withToken(`"${issuer.token()}"`),
      "a parameter": withToken(`token="${issuer.token()}"`),
      "a comma behind": withToken(`${issuer.token()},`),
      "an escape": withToken("a%20b"),
      "a space inside": withToken(issuer.token().replace(".", " .")),
      "UTF-8": withToken(utf8("t\u00F6ken")),
      "Latin-1": withToken("t\u00F6ken"),
      "a byte order mark": withToken(utf8(`\uFEFF${issuer.token()}`)),
      "only padding": withToken("=="),
      "60 kB that nearly match": {
        ...withToken(`${"a".repeat(60_000)}!`),
        node: 431
      },
      "16,385 characters": { ...withToken("a".repeat(16_385)), node: 431 }
    }
  ),
  ...group(
    "RFC 6750, section 3.1, a token that is no JWT",
    { target: "/bearer", expect: bearer.invalid },
    {
      "an opaque one": withToken("2YotnFZFEjr1zCsicMWpAA"),
      undefined: withToken("undefined"),
      null: withToken("null"),
      "[object Object]": withToken("object-Object"),
      __proto__: withToken("__proto__"),
      constructor: withToken("constructor"),
      "the key": withToken(right.key),
      "name and password": withToken(userPass)
    }
  )
]

// ----------------------------------------------------------------------------
// API keys
// ----------------------------------------------------------------------------

const keys: ReadonlyArray<Case> = [
  ...group(
    "API key in a header",
    { target: "/key/header", expect: apiKey.malformed },
    {
      empty: { headers: [["X-API-Key", ""]] },
      blank: { headers: [["X-API-Key", "  \t "]] },
      "twice, the same (RFC 9110, section 5.3)": {
        headers: [...withKey.headers, ...withKey.headers]
      },
      "twice, the right one first": { headers: [...withKey.headers, ["x-api-key", "other"]] },
      "twice, the right one last": { headers: [["x-api-key", "other"], ...withKey.headers] },
      "a list": { headers: [["X-API-Key", `${right.key}, other`]] },
      "a comma behind": { headers: [["X-API-Key", `${right.key},`]] },
      "a TAB inside": { headers: [["X-API-Key", "right\tapi-key"]] },
      "a zero-width space behind": { headers: [["X-API-Key", utf8(`${right.key}\u200B`)]] },
      "a C1 control": { headers: [["X-API-Key", `${right.key}\x85`]] },
      "a control character": { headers: [["X-API-Key", `${right.key}\x01`]], node: 400 },
      "a NUL": { headers: [["X-API-Key", `${right.key}\0`]], node: 400, web: "unsendable" },
      "17,000 characters": { headers: [["X-API-Key", "k".repeat(17_000)]], node: 431 },
      "64 kB": { headers: [["X-API-Key", "k".repeat(65_536)]], node: 431 }
    }
  ),
  ...group(
    "API key that is no stored key",
    { target: "/key/header", expect: apiKey.invalid },
    Object.fromEntries(
      [
        "wrong",
        right.key.toUpperCase(),
        right.key.slice(0, -1),
        `${right.key}x`,
        `"${right.key}"`,
        `Bearer ${right.key}`,
        `ApiKey ${right.key}`,
        right.key.replace("-", "%2D"),
        "undefined",
        "null",
        "true",
        "0",
        "{}",
        "__proto__",
        "constructor",
        "toString",
        "hasOwnProperty",
        "' OR '1'='1",
        "*",
        "robot",
        utf8("cl\u00E9"),
        "cl\u00E9",
        "5".repeat(64)
      ].map((key) => [JSON.stringify(key), { headers: [["X-API-Key", key]] as const }])
    )
  ),
  ...group(
    "API key in another place than it belongs",
    { target: "/key/header", expect: apiKey.absent },
    {
      "in the query": { target: `/key/header?X-API-Key=${right.key}&api_key=${right.key}` },
      "in a cookie": { headers: [["Cookie", `X-API-Key=${right.key}`]] },
      "in Authorization": authorization(`ApiKey ${right.key}`),
      "as a token": withToken(right.key),
      "with underscores (CVE-2025-64484)": { headers: [["X_API_Key", right.key]] },
      "without hyphens": { headers: [["XAPIKey", right.key]] },
      "in a body": {
        method: "POST",
        headers: [["Content-Type", "application/json"]],
        body: `{"X-API-Key":"${right.key}"}`
      },
      "a header for the query's": {
        target: "/key/query",
        headers: [["api_key", right.key]]
      },
      "the query for the cookie's": { target: `/key/cookie?session_id=${right.key}` },
      "a header for the cookie's": { target: "/key/cookie", headers: [["session_id", right.key]] }
    }
  ),
  ...group(
    "API key in the query",
    { target: "/key/query", expect: apiKey.malformed },
    {
      empty: { target: "/key/query?api_key=" },
      "no value": { target: "/key/query?api_key" },
      "twice, the same": { target: `/key/query?api_key=${right.key}&api_key=${right.key}` },
      "twice, the right one first": { target: `/key/query?api_key=${right.key}&api_key=other` },
      "twice, the right one last": { target: `/key/query?api_key=other&api_key=${right.key}` },
      "twice, once encoded": { target: `/key/query?api_key=${right.key}&%61pi_key=other` },
      "twice, once without a value": { target: `/key/query?api_key=${right.key}&api_key` },
      "an encoded NUL": { target: `/key/query?api_key=${right.key}%00` },
      "an encoded line break": { target: `/key/query?api_key=${right.key}%0D%0A` },
      "an encoded C1 control": { target: `/key/query?api_key=${right.key}%C2%85` },
      "17,000 characters": { target: `/key/query?api_key=${"k".repeat(17_000)}`, node: 431 }
    }
  ),
  ...group(
    "API key in the query, wrong",
    { target: "/key/query", expect: apiKey.invalid },
    {
      another: { target: "/key/query?api_key=wrong" },
      "a plus behind": { target: `/key/query?api_key=${right.key}+` },
      "a broken escape": { target: `/key/query?api_key=${right.key}%` },
      "a broken escape of UTF-8": { target: `/key/query?api_key=${right.key}%ff` },
      "a list": { target: `/key/query?api_key=${right.key},other` },
      "encoded twice": { target: "/key/query?api_key=right%252Dapi-key" },
      "a semicolon behind": { target: `/key/query?api_key=${right.key};a=b` },
      "a second question mark": { target: `/key/query?api_key=${right.key}?a=b` }
    }
  ),
  ...group(
    "API key in the query, under another name",
    { target: "/key/query", expect: apiKey.absent },
    {
      capitals: { target: `/key/query?API_KEY=${right.key}` },
      "an array's": { target: `/key/query?api_key[]=${right.key}` },
      "an object's": { target: `/key/query?api_key[key]=${right.key}` },
      "a question mark before": { target: `/key/query??api_key=${right.key}` },
      "a space before": { target: `/key/query?%20api_key=${right.key}` },
      "parted by a semicolon": { target: `/key/query?a=b;api_key=${right.key}` },
      "behind a fragment": { target: `/key/query#?api_key=${right.key}` },
      "a prototype's": { target: `/key/query?__proto__=${right.key}` }
    }
  ),
  ...group(
    "RFC 6265, API key in a cookie",
    { target: "/key/cookie", expect: apiKey.malformed },
    {
      empty: { headers: [["Cookie", "session_id="]] },
      "empty quotes": { headers: [["Cookie", 'session_id=""']] },
      "twice, the same": {
        headers: [["Cookie", `session_id=${right.key}; session_id=${right.key}`]]
      },
      "twice, the right one first": {
        headers: [["Cookie", `session_id=${right.key}; session_id=other`]]
      },
      "twice, the right one last": {
        headers: [["Cookie", `session_id=other; session_id=${right.key}`]]
      },
      "twice, in two fields": {
        headers: [
          ["Cookie", `session_id=${right.key}`],
          ["Cookie", "session_id=other"]
        ]
      },
      "an encoded NUL": { headers: [["Cookie", `session_id=${right.key}%00`]] },
      "a control character": {
        headers: [["Cookie", `session_id=${right.key}\x02`]],
        node: 400
      },
      "17,000 characters": { headers: [["Cookie", `session_id=${"k".repeat(17_000)}`]], node: 431 }
    }
  ),
  ...group(
    "RFC 6265, API key in a cookie, wrong",
    { target: "/key/cookie", expect: apiKey.invalid },
    {
      another: { headers: [["Cookie", "session_id=wrong"]] },
      "a broken escape": { headers: [["Cookie", `session_id=${right.key}%`]] },
      "a broken escape of UTF-8": { headers: [["Cookie", `session_id=${right.key}%ff`]] },
      "a quote before": { headers: [["Cookie", `session_id="${right.key}`]] },
      "a comma behind": { headers: [["Cookie", `session_id=${right.key},a=b`]] },
      "a prototype's name": { headers: [["Cookie", "session_id=__proto__"]] },
      "an equals sign more": { headers: [["Cookie", `session_id==${right.key}`]] },
      "encoded twice": { headers: [["Cookie", "session_id=right%252Dapi-key"]] }
    }
  ),
  ...group(
    "RFC 6265, API key in a cookie, under another name",
    { target: "/key/cookie", expect: apiKey.absent },
    {
      capitals: { headers: [["Cookie", `SESSION_ID=${right.key}`]] },
      "a prefix": { headers: [["Cookie", `__Host-session_id=${right.key}`]] },
      "a no-break space before": { headers: [["Cookie", `\xA0session_id=${right.key}`]] },
      "after a comma": { headers: [["Cookie", `a=b, session_id=${right.key}`]] },
      "a value's": { headers: [["Cookie", `a="session_id=${right.key}"`]] },
      "without an equals sign": { headers: [["Cookie", "session_id"]] },
      "a prototype's": { headers: [["Cookie", `__proto__=${right.key}`]] },
      "Set-Cookie": { headers: [["Set-Cookie", `session_id=${right.key}`]] },
      Cookie2: { headers: [["Cookie2", `session_id=${right.key}`]] }
    }
  )
]

// ----------------------------------------------------------------------------
// Basic
// ----------------------------------------------------------------------------

const withPair = (text: string) => authorization(`Basic ${base64(text)}`)
const withBytes = (text: string) =>
  authorization(`Basic ${Buffer.from(text, "latin1").toString("base64")}`)

const basics: ReadonlyArray<Case> = [
  ...group(
    "RFC 7617, section 2 and RFC 4648, section 3, what can't be read",
    { target: "/basic", expect: basic.malformed },
    {
      "no colon": withPair("johndoe"),
      "a full-width colon": withPair("johndoe\uFF1Apass:word".replace(":", "")),
      "not encoded": authorization(`Basic ${right.username}:${right.password}`),
      "no padding": authorization(`Basic ${userPass.replace(/=+$/, "")}`),
      "too much padding": authorization(`Basic ${userPass}=`),
      "padding first": authorization(`Basic =${userPass}`),
      "bits left over": authorization(`Basic ${userPass.replace(/.(=+)$/, "B$1")}`),
      "the URL-safe alphabet": authorization("Basic Pz8_Pjo-Pj4="),
      "a space inside": authorization(`Basic ${userPass.slice(0, 8)} ${userPass.slice(8)}`),
      "text behind": authorization(`Basic ${userPass}x`),
      "a parameter": authorization(`Basic realm="api", credentials="${userPass}"`),
      "Latin-1": withBytes("jo\xE9:x"),
      "overlong UTF-8": withBytes("johndoe\xC0\xBApass:word"),
      "a surrogate": withBytes("johndoe:\xED\xA0\x80"),
      "UTF-8 that is cut": withBytes("johndoe:\xE2\x82"),
      "UTF-16": authorization(
        `Basic ${Buffer.from("johndoe:pass:word", "utf16le").toString("base64")}`
      ),
      "a NUL": withPair(`${right.username}\0:${right.password}`),
      "a NUL behind": withPair(`${right.username}:${right.password}\0`),
      "a line break": withPair(`${right.username}:${right.password}\r\n`),
      "a DEL": withPair(`${right.username}\x7F:x`),
      "a C1 control": withPair(`${right.username}:x\u0085`),
      "64 kB": { ...authorization(`Basic ${"A".repeat(65_536)}`), node: 431 }
    }
  ),
  ...group(
    "RFC 7617, section 2, name or password wrong",
    { target: "/basic", expect: basic.invalid },
    Object.fromEntries(
      [
        "johndoe:wrong",
        "johndoe:",
        "johndoe:pass",
        "johndoe:word",
        "johndoe:PASS:WORD",
        "johndoe:pass:word ",
        "johndoe: pass:word",
        "johndoe:pass:word:",
        "johndoe:pass:wordpass:word",
        "JOHNDOE:pass:word",
        " johndoe:pass:word",
        "johndoe :pass:word",
        "nobody:pass:word",
        ":pass:word",
        ":",
        "::",
        "__proto__:pass:word",
        "constructor:pass:word",
        "toString:pass:word",
        "undefined:undefined",
        "null:null",
        "admin'--:x",
        "*:*",
        "\uFEFFjohndoe:pass:word",
        "johndoe\u200B:pass:word",
        "\u0458ohndoe:pass:word",
        "\uFF4Aohndoe:pass:word",
        `johndoe:${"p".repeat(5000)}`,
        `${"j".repeat(5000)}:pass:word`,
        // CVE-2025-22228: 72 bytes are not enough
        `johndoe:${"pass:word".padEnd(72, "x")}y`,
        "johndoe:$scrypt$ln=4,r=8,p=1$AAAA$AAAA"
      ].map((text) => [
        text.length > 100 ? `${text.slice(0, 20)}… (${text.length})` : JSON.stringify(text),
        withPair(text)
      ])
    )
  ),
  ...group(
    "RFC 6585, section 4, guesses are counted",
    { target: "/throttled", expect: { status: 429 }, times: 4 },
    {
      "the fourth at a user": withPair("jill:wrong"),
      "the fourth at nobody": withPair("nobody:wrong"),
      "the fourth at a prototype's name": withPair("__proto__:wrong")
    }
  )
]

// ----------------------------------------------------------------------------
// JWT
// ----------------------------------------------------------------------------

/** Of two spaces in a row, of white space at an end and of what is no ASCII other tables tell. */
const isSendable = (token: string): boolean => /^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(token)

const isToken68 = (token: string): boolean => /^[A-Za-z0-9\-._~+/]+=*$/.test(token)

const tokens = (target: string): ReadonlyArray<Case> =>
  Object.entries(badTokens(issuer)).flatMap(([title, bad]) =>
    bad
      // by the time it is sent, that one is valid
      .filter(([name, token]) => isSendable(token) && name !== "that is valid in a second")
      .map(([name, token]): Case => {
        const isLong = token.length > 16_000
        return {
          title: `${title}: ${target}, a token ${name}`,
          target,
          ...withToken(token),
          expect: isToken68(token) && !isLong ? bearer.invalid : bearer.malformed,
          ...(isLong && { node: 431 as const })
        }
      })
  )

const byWrongKey = ({ alg, kid, privateKey }: (typeof wrongKeys)["weak"]): string =>
  sign({ alg, kid, typ: "at+jwt" }, issuer.good, privateKey, alg)

const jwts: ReadonlyArray<Case> = [
  ...tokens("/bearer"),
  ...tokens("/oidc"),
  ...group(
    "RFC 7517, section 5, keys of a set that are good for nothing",
    { target: "/bearer", expect: bearer.invalid },
    {
      "RSA of 1024 bits (CVE-2022-23541)": withToken(byWrongKey(wrongKeys.weak)),
      "a key for encryption": withToken(byWrongKey(wrongKeys.encryption)),
      "RS256 by a key of RS512 (CVE-2026-48523)": withToken(
        issuer.token({}, { alg: "RS256" }, { ...wrongKeys.rs512, alg: "RS256" })
      ),
      "a secret that is published (CVE-2026-22817)": withToken(
        sign({ alg: "HS256", kid: "secret", typ: "at+jwt" }, issuer.good, wrongKeys.secret, "HS256")
      ),
      "a broken key": withToken(issuer.token({}, { kid: "broken" })),
      "a key of an unknown type": withToken(issuer.token({}, { kid: "unknown-type" })),
      "an unknown key, HS256 with nothing (CVE-2026-44351)": withToken(
        sign({ alg: "HS256", kid: "nobody", typ: "at+jwt" }, issuer.good, "", "HS256")
      )
    }
  ),
  ...group(
    "CVE-2026-35039, a token that another verifier remembers",
    { target: "", expect: bearer.invalid },
    {
      "for the second API, at the first": { target: "/bearer", ...withToken(forSecond) },
      "for the second API, at OpenID Connect": { target: "/oidc", ...withToken(forSecond) },
      "with another signature": {
        target: "/oauth2",
        ...withToken(forSecond.replace(/[^.]*$/, issuer.token().split(".")[2] ?? ""))
      },
      "with another payload": {
        target: "/oauth2",
        ...withToken(
          [forSecond.split(".")[0], issuer.token().split(".")[1], forSecond.split(".")[2]].join(".")
        )
      }
    }
  ),
  ...group(
    "CVE-2026-22818, keys that do not say their algorithm",
    { target: "/oauth2", expect: bearer.invalid },
    {
      RS384: withToken(issuer.token({}, { alg: "RS384" }, { ...issuer.rsa, alg: "RS384" })),
      PS256: withToken(issuer.token({}, { alg: "PS256" }, { ...issuer.rsa, alg: "PS256" })),
      "HS256 with n": withToken(
        sign(
          { alg: "HS256", kid: "rsa", typ: "at+jwt" },
          issuer.good,
          Buffer.from(String(issuer.rsa.jwk["n"]), "base64url"),
          "HS256"
        )
      ),
      "HS256 with the JWK": withToken(
        sign(
          { alg: "HS256", kid: "ec", typ: "at+jwt" },
          issuer.good,
          JSON.stringify(without(issuer.ec.jwk, "alg")),
          "HS256"
        )
      ),
      none: withToken(issuer.token({}, { alg: "none" }))
    }
  ),
  ...group(
    "RFC 8705, section 3 (and what others never verified), a token that is bound to a certificate",
    { target: "/bearer", expect: bearer.invalid },
    {
      "no certificate": withToken(bound("client")),
      "no certificate, through the proxy": {
        headers: [...withToken(bound("client")).headers, proxyHeader]
      },
      "another certificate": {
        headers: [...withToken(bound("stranger")).headers, proxyHeader, clientCert]
      },
      "its certificate, but not from the proxy": {
        headers: [...withToken(bound("client")).headers, clientCert]
      },
      "its certificate, expired": {
        headers: [
          ...withToken(bound("expired")).headers,
          proxyHeader,
          ["Client-Cert", sent(certificate("expired"))]
        ]
      },
      "its certificate, twice": {
        headers: [...withToken(bound("client")).headers, proxyHeader, clientCert, clientCert]
      },
      "a thumbprint with padding": {
        headers: [
          ...withToken(issuer.token({ cnf: { "x5t#S256": `${thumbprint("client")}=` } })).headers,
          proxyHeader,
          clientCert
        ]
      },
      "a thumbprint that is an array": {
        headers: [
          ...withToken(issuer.token({ cnf: { "x5t#S256": [thumbprint("client")] } })).headers,
          proxyHeader,
          clientCert
        ]
      },
      "a key of DPoP besides (RFC 9449, section 7.2)": {
        headers: [
          ...withToken(issuer.token({ cnf: { "x5t#S256": thumbprint("client"), jkt: "x" } }))
            .headers,
          proxyHeader,
          clientCert
        ]
      }
    }
  ),
  ...group(
    "RFC 6749, section 3.3 and RFC 6750, section 3.1, scopes that are not enough",
    { target: "/oauth2/admin", expect: forbidden("items:read admin") },
    Object.fromEntries(
      (
        [
          [undefined],
          [""],
          ["admin"],
          ["items:read"],
          ["items:read Admin"],
          ["items:read admins"],
          ["items:read admi"],
          ["items:read,admin"],
          ["items:read\tadmin"],
          ["items:read\nadmin"],
          ["items:read\u00A0admin"],
          ["items:read *"],
          ["items:* admin"],
          ["items:read __proto__"],
          // nothing of it gets into a header
          ['items:read "admin", x="y'],
          ["items:read\r\nSet-Cookie: a=b"],
          ["items:read \u0161\u0000"],
          [true],
          [{ admin: true, "items:read": true }],
          [[["items:read", "admin"]]],
          [["items:read admin"]]
        ] as const
      ).map(([scope]) => [JSON.stringify(scope) ?? "none", withToken(issuer.token({ scope }))])
    )
  )
]

// ----------------------------------------------------------------------------
// OpenID Connect
// ----------------------------------------------------------------------------

const oidc: ReadonlyArray<Case> = [
  ...group(
    "RFC 9068, section 5 (token confusion), another kind of token as an access token",
    { target: "/oidc", expect: bearer.invalid },
    {
      "an ID token": withToken(idToken()),
      "an ID token for this API": withToken(idToken({ aud: audience })),
      "an ID token that says at+jwt": withToken(
        issuer.tokenOf({ ...idClaims, aud: audience }, { typ: "at+jwt" })
      ),
      "with a nonce": withToken(issuer.token({ nonce: "n" })),
      "with at_hash": withToken(issuer.token({ at_hash: "h" })),
      "with the events of a logout": withToken(issuer.token({ events: {} })),
      "that says token_use id": withToken(issuer.token({ token_use: "id" })),
      "that says typ Refresh": withToken(issuer.token({ typ: "Refresh" })),
      "a logout token": withToken(issuer.token({}, { typ: "logout+jwt" })),
      "a proof of DPoP": withToken(issuer.token({}, { typ: "dpop+jwt" })),
      "an algorithm that only discovery advertises (HS256)": withToken(
        sign({ alg: "HS256", typ: "at+jwt" }, issuer.good, "secret", "HS256")
      ),
      "an algorithm that only discovery advertises (none)": withToken(
        issuer.token({}, { alg: "none" }).replace(/[^.]*$/, "")
      )
    }
  ),
  ...group(
    "OpenID Connect Core, section 3.1.3.7, an ID token that is not for this client",
    { target: "/oidc/id", expect: bearer.invalid },
    {
      "an access token": withToken(issuer.token()),
      "an access token for the client": withToken(issuer.token({ aud: "app" })),
      "for another client": withToken(idToken({ aud: "other" })),
      "for nobody": withToken(idToken({ aud: [] })),
      "without aud": withToken(issuer.tokenOf(without(idClaims, "aud"), { typ: "JWT" })),
      "azp of another client": withToken(idToken({ azp: "other" })),
      "azp that is an array": withToken(idToken({ azp: ["app"] })),
      "for others as well, without azp": withToken(idToken({ aud: ["app", "other"] })),
      "for others as well, azp of another": withToken(
        idToken({ aud: ["app", "other"], azp: "other" })
      ),
      "without iat": withToken(issuer.tokenOf(without(idClaims, "iat"), { typ: "JWT" })),
      "without exp": withToken(issuer.tokenOf(without(idClaims, "exp"), { typ: "JWT" })),
      "without sub": withToken(issuer.tokenOf(without(idClaims, "sub"), { typ: "JWT" })),
      "of another issuer": withToken(idToken({ iss: "https://evil.example" })),
      "that has expired": withToken(idToken({ exp: issuer.now - 1 })),
      "a logout token": withToken(idToken({ events: {} })),
      "a logout token by its typ": withToken(issuer.tokenOf(idClaims, { typ: "logout+jwt" }))
    }
  )
]

// ----------------------------------------------------------------------------
// introspection
// ----------------------------------------------------------------------------

const introspections: ReadonlyArray<Case> = [
  ...group(
    "RFC 7662, section 2.2, anything but active: true",
    { target: "/introspected", expect: bearer.invalid },
    {
      unknown: withToken("unknown"),
      ...Object.fromEntries(
        [false, "true", "false", 1, 0, null, [], [true], {}, "yes"].map((value) => [
          `active: ${JSON.stringify(value)}`,
          withToken(introspected({ ...active, active: value }))
        ])
      ),
      "no active": withToken(introspected(without(active, "active"))),
      "active inside __proto__": withToken(introspected('{"__proto__":{"active":true}}')),
      "Active in capitals": withToken(introspected({ ...without(active, "active"), Active: true })),
      "the last of two is false": withToken(introspected('{"active":true,"active":false}')),
      "a JWT of this issuer, which introspection does not know": withToken(issuer.token()),
      "a token called __proto__": withToken("__proto__"),
      "a token like a form": withToken("a~b-c.d_e+f/g=="),
      "400 unsupported_token_type": withToken(
        introspected({ error: "unsupported_token_type" }, { status: 400 })
      )
    }
  ),
  ...group(
    "RFC 7662, section 4 (CVE-2026-37979), active, but not for this API or not now",
    { target: "/introspected", expect: bearer.invalid },
    Object.fromEntries(
      Object.entries({
        expired: { exp: issuer.now - 1 },
        "exp in text": { exp: String(issuer.now + 600) },
        "exp null": { exp: null },
        "exp in an array": { exp: [issuer.now + 600] },
        "not yet": { nbf: issuer.now + 600 },
        "nbf in text": { nbf: "0" },
        "iat in text": { iat: "0" },
        "no aud": { aud: undefined },
        "aud of another": { aud: "https://other.example" },
        "aud a part": { aud: "https://api" },
        "aud longer": { aud: `${audience}/` },
        "aud empty": { aud: [] },
        "aud nested": { aud: [[audience]] },
        "aud an object": { aud: { [audience]: true } },
        "aud a list in text": { aud: `${audience} other` },
        "no iss": { iss: undefined },
        "iss of another": { iss: "https://evil.example" },
        "iss longer": { iss: `${issuer.issuer}/` },
        "token_type refresh_token": { token_type: "refresh_token" },
        "token_type DPoP": { token_type: "DPoP" },
        "token_type a number": { token_type: 1 },
        "token_use id": { token_use: "id" },
        "typ Refresh": { typ: "Refresh" },
        "typ ID": { typ: "ID" },
        "sub a number": { sub: 1 },
        "scope an array": { scope: ["admin"] },
        "cnf of DPoP": { cnf: { jkt: "x" } },
        "cnf of a certificate": { cnf: { "x5t#S256": thumbprint("client") } },
        "cnf empty": { cnf: {} },
        "cnf null": { cnf: null },
        "cnf of something unheard of": { cnf: { magic: 1 } }
      }).map(([name, changes]) => [name, withToken(introspected({ ...active, ...changes }))])
    )
  ),
  ...group(
    "RFC 7662, section 2.3, the endpoint fails (503, never 401 and never a pass)",
    { target: "/introspected", expect: unavailable },
    {
      "400": withToken(introspected({ error: "invalid_request" }, { status: 400 })),
      "401, our credentials are wrong": withToken(
        introspected({ error: "invalid_client" }, { status: 401 })
      ),
      "403": withToken(introspected(active, { status: 403 })),
      "404": withToken(introspected(active, { status: 404 })),
      "429": withToken(introspected(active, { status: 429 })),
      "500": withToken(introspected(active, { status: 500 })),
      "502": withToken(introspected(active, { status: 502 })),
      "201": withToken(introspected(active, { status: 201 })),
      "206": withToken(introspected(active, { status: 206 })),
      HTML: withToken(introspected("<html>active: true</html>", { type: "text/html" })),
      "JSON that says text/plain": withToken(introspected(active, { type: "text/plain" })),
      "a JWT (RFC 9701)": withToken(
        introspected(issuer.token({ token_introspection: active }), {
          type: "application/token-introspection+jwt"
        })
      ),
      "no JSON": withToken(introspected("active=true")),
      "JSON that is cut": withToken(introspected('{"active":true')),
      nothing: withToken(introspected("")),
      true: withToken(introspected("true")),
      null: withToken(introspected("null")),
      "an array": withToken(introspected(`[${JSON.stringify(active)}]`)),
      "too large": withToken(introspected({ ...active, x: "x".repeat(70_000) })),
      "nested far too deep": withToken(
        introspected(`{"active":true,"x":${"[".repeat(30_000)}${"]".repeat(30_000)}}`)
      )
    }
  ),
  ...group(
    "RFC 6750, section 3.1, scopes of introspection that are not enough",
    { target: "/introspected/admin", expect: forbidden("admin") },
    Object.fromEntries(
      [undefined, "", "items:read", "Admin", "administrator", "admin,items:read"].map((scope) => [
        JSON.stringify(scope) ?? "none",
        withToken(introspected({ ...active, scope }))
      ])
    )
  )
]

// ----------------------------------------------------------------------------
// Digest
// ----------------------------------------------------------------------------

const parameters = Digest.parameters(answer())

const digests: ReadonlyArray<Case> = [
  ...group(
    "RFC 7616, section 3.4, what can't be read",
    { target: "/digest", expect: digest.malformed },
    {
      ...Object.fromEntries(
        ["username", "realm", "nonce", "uri", "response", "nc", "cnonce"].map((name) => [
          `no ${name}`,
          digestWith({ [name]: undefined })
        ])
      ),
      "no parameters": authorization("Digest"),
      "a token68": authorization(`Digest ${userPass}`),
      ...Object.fromEntries(
        ["username", "nonce", "response", "qop", "nc", "uri", "algorithm"].map((name) => [
          `${name} twice`,
          authorization(`${Digest.print(parameters)}, ${name}=${parameters[name]}`)
        ])
      ),
      "two fields": authorization(Digest.authorization(answer()), Digest.authorization(answer())),
      "username and username*": digestWith({ "username*": "UTF-8''johndoe" }),
      "username* in quotes": digestWith({
        username: undefined,
        "username*": "\"UTF-8''johndoe\""
      }),
      "username* of another charset": digestWith({
        username: undefined,
        "username*": "ISO-8859-1''johndoe"
      }),
      "username* that is no UTF-8": digestWith({ username: undefined, "username*": "UTF-8''%ff" }),
      "nc of seven digits": digestWith({ nc: "0000001" }),
      "nc of nine digits": digestWith({ nc: "000000001" }),
      "nc that is no number": digestWith({ nc: "0000000g" }),
      "nc negative": digestWith({ nc: "-0000001" }),
      "a response that is no hexadecimal": digestWith({ response: '"z"' }),
      "an empty response": digestWith({ response: '""' }),
      "a quote that does not end": digestWith({ realm: '"api' }),
      "a parameter without a value": authorization(`${Digest.print(parameters)}, opaque`),
      "userhash maybe": digestWith({ userhash: "maybe" }),
      "a space in uri": digestWith({ uri: '"/digest x"' }),
      "a C1 control in the username": digestWith({ username: '"john\x85doe"' }),
      "64 kB of parameters": {
        ...authorization(`${Digest.print(parameters)}${", a=b".repeat(13_000)}`),
        node: 431
      }
    }
  ),
  ...group(
    "RFC 7616, section 3.4.1, a digest that is wrong",
    { target: "/digest", expect: digest.invalid },
    {
      "another password": digestOf({ password: "wrong" }),
      "an empty password": digestOf({ password: "" }),
      "an unknown user": digestOf({ username: "nobody" }),
      "a user called __proto__": digestOf({ username: "__proto__" }),
      "a user called constructor": digestOf({ username: "constructor" }),
      "a user in capitals": digestOf({ username: "JOHNDOE" }),
      "another realm": digestOf({ realm: "other" }),
      "another username than was computed": digestWith({ username: '"jill"' }),
      "MD5, which is not offered": digestOf({ algorithm: "MD5" }),
      "no algorithm, which is MD5": digestWith({ algorithm: undefined }),
      "SHA-512-256, which is not offered": digestOf({ algorithm: "SHA-512-256" }),
      "an unknown algorithm": digestWith({ algorithm: "SHA-1" }),
      "an algorithm called __proto__": digestWith({ algorithm: "__proto__" }),
      "SHA-256 sums as SHA-256-sess": digestWith({ algorithm: "SHA-256-sess" }),
      "auth-int, which is not offered": digestOf({ qop: "auth-int" }),
      "an unknown qop": digestWith({ qop: "auth-all" }),
      "no qop (RFC 2069)": digestWith({ qop: undefined, nc: undefined, cnonce: undefined }),
      "nc of zero": digestOf({ nc: "00000000" }),
      "another nc than was computed": digestWith({ nc: "00000002" }),
      "another cnonce than was computed": digestWith({ cnonce: '"other"' }),
      "another method than was computed": { ...digestOf({}), method: "POST", body: "" },
      "the digest of a POST": digestOf({ method: "POST" }),
      "another path": digestOf({ uri: "/other" }),
      "a query that was not sent": digestOf({ uri: "/digest?a=b" }),
      "a query that was not signed": { ...digestOf({}), target: "/digest?a=b" },
      "another query": { ...digestOf({ uri: "/digest?a=b" }), target: "/digest?a=c" },
      "a uri in capitals": digestOf({ uri: "/DIGEST" }),
      "a uri that is empty in its path": digestOf({ uri: "*" }),
      "a uri of another host": digestOf({ uri: "http://evil.example/other" }),
      "a hashed username, which is not offered": digestOf({ userhash: true }),
      "an opaque that was not sent": digestWith({ opaque: '"other"' }),
      "half a response": digestWith({ response: parameters["response"]?.slice(0, 33) + '"' }),
      "a response of zeros": digestWith({ response: `"${"0".repeat(64)}"` }),
      "the H(A1) as response": digestWith({
        response: `"${Digest.hash("SHA-256", `johndoe:api:${right.password}`)}"`
      }),
      "a long response": digestWith({ response: `"${"a".repeat(5000)}"` })
    }
  ),
  ...group(
    "RFC 7616, sections 3.3 and 5.4, a nonce that can't be used (a right digest: stale)",
    { target: "/digest", expect: stale },
    {
      "sent again": { ...digestOf({}), times: 2 },
      "sent often": { ...digestOf({}), times: 5 },
      "too old": digestOf({ nonce: nonceAt(Date.now() - 3_700_000) }),
      "of a future": digestOf({ nonce: nonceAt(Date.now() + 3_700_000) }),
      "made up": digestOf({ nonce: "made-up" }),
      "made up, of the right shape": digestOf({ nonce: "A".repeat(64) }),
      changed: digestOf({ nonce: nonceAt().replace(/^./, (c) => (c === "A" ? "B" : "A")) }),
      cut: digestOf({ nonce: nonceAt().slice(0, 40) })
    }
  ),
  ...group(
    "RFC 9110, section 11.4, another auth-scheme than Digest",
    { target: "/digest", expect: digest.absent },
    {
      Basic: withBasic,
      Bearer: withToken(issuer.token()),
      "Digest with a hyphen": authorization(
        Digest.authorization(answer()).replace("Digest", "Digest-2")
      ),
      "in Proxy-Authorization": {
        headers: [["Proxy-Authorization", Digest.authorization(answer())]]
      }
    }
  )
]

// ----------------------------------------------------------------------------
// certificates
// ----------------------------------------------------------------------------

const told = (...values: ReadonlyArray<string>): { readonly headers: Fields } => ({
  headers: [proxyHeader, ...values.map((value) => ["Client-Cert", value] as const)]
})

const inBase64 = clientCert[1].slice(1, -1)

const certificates: ReadonlyArray<Case> = [
  ...group(
    "RFC 9440, section 4 (CVE-2026-35616), a certificate that not the proxy tells",
    { target: "/mtls", expect: mutualTls.absent },
    {
      "from anybody": { headers: [clientCert] },
      "from anybody who says to be the proxy": { headers: [["X-Proxy", "proxy"], clientCert] },
      "twice says to be the proxy": {
        headers: [["X-Proxy", "proxy"], proxyHeader, clientCert]
      },
      "of the proxy, without one": { headers: [proxyHeader] },
      "with an underscore": { headers: [proxyHeader, ["Client_Cert", clientCert[1]]] },
      "in X-Forwarded-Client-Cert": {
        headers: [proxyHeader, ["X-Forwarded-Client-Cert", `Cert="${inBase64}"`]]
      },
      "in X-SSL-Cert": { headers: [proxyHeader, ["X-SSL-Cert", inBase64]] },
      "a distinguished name": { headers: [proxyHeader, ["X-SSL-Client-S-DN", "CN=client"]] },
      "the chain alone": { headers: [proxyHeader, ["Client-Cert-Chain", clientCert[1]]] },
      "a token": withToken(issuer.token())
    }
  ),
  ...group(
    "RFC 9440, section 2.2, a certificate that can't be read",
    { target: "/mtls", expect: mutualTls.malformed },
    {
      empty: told(""),
      "an empty sequence": told("::"),
      "no colons": told(inBase64),
      "one colon": told(`:${inBase64}`),
      "a space inside": told(`: ${inBase64}:`),
      "a parameter": told(`${clientCert[1]};a=1`),
      "a list": told(`${clientCert[1]}, ${clientCert[1]}`),
      "two fields": told(clientCert[1], clientCert[1]),
      "a string": told(`"${inBase64}"`),
      "a byte": told(":AA==:"),
      "half of it": told(sent(certificate("client").subarray(0, 200))),
      "a byte more": told(sent(Buffer.concat([certificate("client"), Buffer.from([0])]))),
      "a text": told(sent(Buffer.from("CN=client"))),
      NULs: told(sent(new Uint8Array(64))),
      "PEM in percent-encoding": told(encodeURIComponent("-----BEGIN CERTIFICATE-----\n")),
      base64url: told(`:${inBase64.replaceAll("+", "-").replaceAll("/", "_").slice(0, -4)}-_==:`),
      expired: told(sent(certificate("expired"))),
      __proto__: told("__proto__"),
      "64 kB": { ...told(`:${"A".repeat(65_536)}:`), node: 431 }
    }
  )
]

// ----------------------------------------------------------------------------
// and, or, optional
// ----------------------------------------------------------------------------

const challengesOfAny = 'Basic realm="api", charset="UTF-8", ApiKey realm="api"'
const any = unauthorized(
  `Bearer realm="api", ${challengesOfAny}`,
  `Bearer realm="api", error="invalid_token", ${challengesOfAny}`
)
const anyKey = unauthorized(any.absent.challenge)
const all = unauthorized('ApiKey realm="api", Basic realm="api", charset="UTF-8"')
const wrongKey = ["X-API-Key", "wrong"] as const

const combinations: ReadonlyArray<Case> = [
  ...group(
    "any of three: all of them refused, one challenge each",
    { target: "/any", expect: any.invalid },
    {
      nothing: { expect: any.absent },
      "an unknown auth-scheme": { ...authorization("Custom x"), expect: any.absent },
      "a wrong token": withToken("x.y.z"),
      "a malformed token": { ...withToken('"x"'), expect: any.malformed },
      "a wrong key": { headers: [wrongKey], expect: anyKey.invalid },
      "a wrong password": { ...withPair("johndoe:wrong"), expect: anyKey.invalid },
      "a malformed password": { ...authorization("Basic !"), expect: anyKey.malformed },
      "a wrong token and a wrong key": { headers: [...withToken("x.y.z").headers, wrongKey] },
      "a wrong password and a wrong key": {
        headers: [...withPair("johndoe:wrong").headers, wrongKey],
        expect: anyKey.invalid
      },
      "a token and a password in one field": {
        ...authorization(`Bearer ${issuer.token()}, Basic ${userPass}`),
        expect: any.malformed
      },
      "a token and a password in two fields": {
        headers: [...withToken(issuer.token()).headers, ...withBasic.headers],
        expect: any.malformed
      }
    }
  ),
  ...group(
    "both of two: one is not enough",
    { target: "/all", expect: all.invalid },
    {
      nothing: { expect: all.absent },
      "the key alone": { ...withKey, expect: all.absent },
      "the password alone": { ...withBasic, expect: all.absent },
      "a wrong key alone": { headers: [wrongKey], expect: all.absent },
      "the password and a wrong key": { headers: [...withBasic.headers, wrongKey] },
      "a wrong password and the key": {
        headers: [...withPair("johndoe:wrong").headers, ...withKey.headers]
      },
      "both wrong": { headers: [...withPair("johndoe:wrong").headers, wrongKey] },
      "a malformed password and the key": {
        headers: [...authorization("Basic !").headers, ...withKey.headers],
        expect: all.malformed
      },
      "the password and two keys": {
        headers: [...withBasic.headers, ...withKey.headers, wrongKey],
        expect: all.malformed
      },
      "a token and the key": {
        headers: [...withToken(issuer.token()).headers, ...withKey.headers],
        expect: all.absent
      },
      "the key as password": {
        headers: [...withPair(`johndoe:${right.key}`).headers, ...withKey.headers]
      }
    }
  ),
  ...group(
    "optional (fail-open middleware): whoever presents something is not nobody",
    { target: "/optional", expect: bearer.invalid },
    {
      "a wrong token": withToken("x.y.z"),
      "an expired token": withToken(issuer.token({ exp: issuer.now - 1 })),
      "a token of a stranger": withToken(issuer.token({ iss: "https://evil.example" })),
      "a token for another": withToken(issuer.token({ aud: "other" })),
      "alg none": withToken(`${issuer.token({}, { alg: "none" }).replace(/[^.]*$/, "")}`),
      "a bound token": withToken(bound("client")),
      "a malformed token": { ...withToken("a b"), expect: bearer.malformed },
      "Bearer alone": { ...authorization("Bearer"), expect: bearer.malformed },
      "two tokens": {
        ...authorization(`Bearer ${issuer.token()}`, `Bearer ${issuer.token()}`),
        expect: bearer.malformed
      },
      "another auth-scheme": { ...withBasic, expect: bearer.absent },
      "an unknown auth-scheme": { ...authorization("Custom x"), expect: bearer.absent },
      "an empty field": { ...authorization(""), expect: bearer.absent },
      "a wrong key": { target: "/optional/key", headers: [wrongKey], expect: apiKey.invalid },
      "an empty key": {
        target: "/optional/key",
        headers: [["X-API-Key", ""]],
        expect: apiKey.malformed
      },
      "two keys": {
        target: "/optional/key",
        headers: [...withKey.headers, ...withKey.headers],
        expect: apiKey.malformed
      }
    }
  )
]

// ----------------------------------------------------------------------------
// the password form
// ----------------------------------------------------------------------------

const invalidRequest = refusedForm("invalid_request")
const invalidClient = {
  status: 401,
  challenge: 'Basic realm="token endpoint", charset="UTF-8"',
  says: "invalid_client"
}

const forms: ReadonlyArray<Case> = [
  ...group(
    "RFC 6749, section 4.3.2, a login that is no form",
    { target: "/token", expect: invalidRequest },
    {
      GET: { method: "GET", target: `/token?${login}` },
      PUT: { ...form(login), method: "PUT" },
      nothing: form(""),
      "no content-type": { method: "POST", body: login },
      JSON: {
        method: "POST",
        headers: [["Content-Type", "application/json"]],
        body: `{"username":"johndoe","password":"${right.password}"}`
      },
      "a form as text/plain": { ...form(login), headers: [["Content-Type", "text/plain"]] },
      multipart: {
        method: "POST",
        headers: [["Content-Type", "multipart/form-data; boundary=x"]],
        body: '--x\r\nContent-Disposition: form-data; name="username"\r\n\r\njohndoe\r\n--x--\r\n'
      },
      "in the query": { ...form(""), target: `/token?${login}` },
      "no username": form(`password=${right.password}`),
      "no password": form("username=johndoe"),
      "an empty username": form(`username=&password=${right.password}`),
      "an empty password": form("username=johndoe&password="),
      "username twice": form(`${login}&username=jill`),
      "password twice": form(`${login}&password=x`),
      "scope twice": form(`${login}&scope=a&scope=b`),
      "a broken escape": form(`${login}&scope=%`),
      "a broken escape of UTF-8": form("username=%ff&password=x"),
      "bytes that are no UTF-8": form("username=\xFF&password=x"),
      "a NUL in the username": form(`username=johndoe%00&password=${right.password}`),
      "a NUL in the password": form(`username=johndoe&password=${right.password}%00`),
      "a line break in the username": form(`username=john%0Adoe&password=${right.password}`),
      "an array": form("username[]=johndoe&password[]=x"),
      "100 kB": form(`${login}&x=${"x".repeat(100_000)}`),
      "two content-types": {
        ...form(login),
        headers: [
          ["Content-Type", "application/x-www-form-urlencoded"],
          ["Content-Type", "application/json"]
        ]
      },
      "a secret without a client": form(`${login}&client_secret=x`),
      "a client in two places (section 2.3)": {
        ...form(`${login}&client_id=a&client_secret=b`),
        headers: [...(form("").headers ?? []), ...authorization(`Basic ${base64("a:b")}`).headers]
      }
    }
  ),
  ...group(
    "RFC 6749, section 5.2, a login that is wrong",
    { target: "/token", expect: refusedForm("invalid_grant") },
    {
      "a wrong password": form("username=johndoe&password=wrong"),
      "an unknown user": form(`username=nobody&password=${right.password}`),
      "a user called __proto__": form(`username=__proto__&password=${right.password}`),
      "a user called constructor": form(`username=constructor&password=${right.password}`),
      "a password with a space behind": form(`${login}+`),
      "a user in capitals": form(`username=JOHNDOE&password=${right.password}`),
      "72 bytes and more (CVE-2025-22228)": form(
        `username=johndoe&password=${encodeURIComponent(right.password.padEnd(73, "x"))}`
      ),
      "a user with a byte order mark": form(`username=%EF%BB%BFjohndoe&password=${right.password}`),
      "another grant": {
        ...form(`${login}&grant_type=client_credentials`),
        expect: refusedForm("unsupported_grant_type")
      },
      "a grant in capitals": {
        ...form(`${login}&grant_type=PASSWORD`),
        expect: refusedForm("unsupported_grant_type")
      },
      "a scope that it may not have": {
        ...form(`${login}&scope=admin`),
        expect: refusedForm("invalid_scope")
      },
      "two spaces in scope": {
        ...form(`${login}&scope=a++b`),
        expect: refusedForm("invalid_scope")
      },
      "a quote in scope and a line break": {
        ...form(`${login}&scope=%22%0D%0AX:1`),
        expect: refusedForm("invalid_scope")
      }
    }
  ),
  ...group(
    "RFC 6749, section 2.3.1, a client that can't be read",
    { target: "/token", expect: invalidClient },
    Object.fromEntries(
      ["Basic", "Basic !", "Basic YQ", `Basic ${base64("a")}`, "Bearer x", "Custom x"].map(
        (value): readonly [string, Partial<Case>] => [
          value,
          {
            ...form(login),
            headers: [...(form("").headers ?? []), ...authorization(value).headers]
          }
        ]
      )
    )
  )
]

// ----------------------------------------------------------------------------
// the table
// ----------------------------------------------------------------------------

export const cases: ReadonlyArray<Case> = [
  ...http,
  ...framework,
  ...keys,
  ...basics,
  ...jwts,
  ...oidc,
  ...introspections,
  ...digests,
  ...certificates,
  ...combinations,
  ...forms
]

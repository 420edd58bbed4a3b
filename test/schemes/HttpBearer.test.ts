import { describe } from "@effect/vitest"
import * as HttpBearer from "../../src/HttpBearer.ts"
import * as OAuth2 from "../../src/OAuth2.ts"
import * as OpenIdConnect from "../../src/OpenIdConnect.ts"
import { authorization, authorizationCases, type Case, ok, runTables, utf8 } from "./support.ts"

// ----------------------------------------------------------------------------
// tokens: RFC 6750, section 2.1 and RFC 9110, section 11.2
// ----------------------------------------------------------------------------

const good = "mF_9.B5f-4.1JqM"

const tokens = (show: (token: string) => unknown): ReadonlyArray<Case> => {
  const accepted = {
    "every character of token68": "AZaz09-._~+/==",
    "one character": "x",
    "a JWT": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
    "many equals signs": "a======",
    "a prototype's member": "__proto__",
    "a constructor": "constructor",
    toString: "toString",
    "another scheme's name": "Bearer",
    "16,377 characters": "a".repeat(16_377)
  }
  const refused = {
    "a space inside": "a b",
    "two tokens": `${good} ${good}`,
    "a trailing parameter": `${good} realm="x"`,
    "only equals signs": "==",
    "an equals sign inside": "a=b",
    "a parameter": 'token="abc"',
    quotes: `"${good}"`,
    "a comma inside": "a,b",
    "a trailing comma": `${good},`,
    "a semicolon": "a;b",
    "a colon": "a:b",
    "an asterisk": "a*b",
    "an escape": "a%20b",
    "an escaped NUL": "abc%00",
    "a backslash": "a\\b",
    "an at sign": "a@b",
    brackets: "<token>",
    "a no-break space": "abc\u00A0",
    "a next line": "abc\u0085",
    "a Latin letter": "caf\u00E9",
    "UTF-8": utf8("caf\u00E9"),
    "a zero-width space": utf8("abc\u200B"),
    "a byte order mark": utf8("\uFEFFabc"),
    "full-width letters": utf8("\uFF41\uFF42"),
    "a Kelvin sign": utf8("\u212A"),
    "a byte 0xFF": "\u00FF",
    "a TAB inside": "a\tb",
    "16,378 characters": "a".repeat(16_378),
    "60 kB that nearly match": `${"a".repeat(30_000)}${"=".repeat(30_000)}!`,
    "60 kB of equals signs and letters": "a=".repeat(30_000)
  }
  return [
    ...authorizationCases("Bearer", good, "another.token", show(good)),
    ...Object.entries(accepted).map(([name, token]): Case => ({
      name,
      ...authorization(`Bearer ${token}`),
      expect: ok(show(token))
    })),
    ...Object.entries(refused).map(([name, token]): Case => ({
      name,
      ...authorization(`Bearer ${token}`),
      expect: "malformed"
    })),
    {
      name: "a control character DEL",
      ...authorization("Bearer abc\x7Fd"),
      expect: "malformed",
      node: "refused"
    },
    {
      name: "a vertical tab after the scheme",
      ...authorization("Bearer\x0Babc"),
      expect: "malformed",
      node: "refused"
    },
    { name: "Basic", ...authorization("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), expect: "absent" },
    { name: "Digest", ...authorization('Digest username="a"'), expect: "absent" },
    { name: "DPoP", ...authorization(`DPoP ${good}`), expect: "absent" },
    { name: "Negotiate", ...authorization(`Negotiate ${good}`), expect: "absent" },
    {
      name: "a token in the body's place",
      method: "POST",
      headers: [
        ["Content-Type", "application/x-www-form-urlencoded"],
        ["Content-Length", "0"]
      ],
      target: `?access_token=${good}`,
      expect: "absent"
    },
    { name: "the fixed offset", ...authorization(`1234567${good}`), expect: "absent" },
    { name: "the fixed offset with a space", ...authorization(`123456 ${good}`), expect: "absent" },
    { name: "BearerX", ...authorization(`BearerX ${good}`), expect: "absent" },
    { name: "Bearer_", ...authorization(`Bearer_ ${good}`), expect: "absent" },
    { name: "Bearer.", ...authorization(`Bearer. ${good}`), expect: "absent" },
    { name: "Bearer/", ...authorization(`Bearer/ ${good}`), expect: "malformed" },
    { name: "Bearer;", ...authorization(`Bearer; ${good}`), expect: "malformed" },
    { name: "Bearer(", ...authorization(`Bearer(${good})`), expect: "malformed" }
  ]
}

const challenges = {
  challenge: 'Bearer realm="api"',
  refusal: 'Bearer realm="api", error="invalid_token"'
}

describe("bearer tokens", () => {
  runTables({
    HttpBearer: {
      scheme: HttpBearer.make(),
      ...challenges,
      cases: tokens((token) => ({ scheme: "Bearer", credentials: token }))
    },
    OAuth2: {
      scheme: OAuth2.passwordBearer({ tokenUrl: "token" }),
      ...challenges,
      cases: tokens((token) => token)
    },
    OpenIdConnect: {
      scheme: OpenIdConnect.make({ openIdConnectUrl: "https://id.example/" }),
      ...challenges,
      cases: tokens((token) => token)
    },
    "HttpBearer with a realm": {
      scheme: HttpBearer.make({ realm: 'the "new" \\ api, 2' }),
      challenge: 'Bearer realm="the \\"new\\" \\\\ api, 2"',
      refusal: 'Bearer realm="the \\"new\\" \\\\ api, 2", error="invalid_token"',
      cases: [
        { name: "nothing", expect: "absent" },
        { name: "broken", ...authorization("Bearer"), expect: "malformed" }
      ]
    }
  })
})

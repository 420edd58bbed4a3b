import { describe } from "@effect/vitest"
import * as HttpBasic from "../../src/HttpBasic.ts"
import { authorization, authorizationCases, base64, type Case, ok, runTables } from "./support.ts"

// ----------------------------------------------------------------------------
// user-id and password: RFC 7617, section 2
// ----------------------------------------------------------------------------

const pair = (username: string, password: string) => ({ username, password })

const accepted: Readonly<
  Record<string, readonly [encoded: string, value: ReturnType<typeof pair>]>
> = {
  "the example of the RFC": ["QWxhZGRpbjpvcGVuIHNlc2FtZQ==", pair("Aladdin", "open sesame")],
  "the example in UTF-8": ["dGVzdDoxMjPCow==", pair("test", "123\u00A3")],
  "a colon in the password": [base64("alice:pa:ss"), pair("alice", "pa:ss")],
  "a password of colons": [base64("alice:::"), pair("alice", "::")],
  "an empty password": [base64("alice:"), pair("alice", "")],
  "an empty user-id": [base64(":secret"), pair("", "secret")],
  "both empty": [base64(":"), pair("", "")],
  "spaces around": [base64(" alice : secret "), pair(" alice ", " secret ")],
  "a user-id beyond Latin": [base64("\u5F20\u4F1F:\u{1F511}"), pair("\u5F20\u4F1F", "\u{1F511}")],
  "a decomposed letter": [base64("Zoe\u0308:x"), pair("Zoe\u0308", "x")],
  "a byte order mark": [base64("\uFEFFalice:x"), pair("\uFEFFalice", "x")],
  "a prototype's member": [base64("__proto__:constructor"), pair("__proto__", "constructor")],
  "a member of every object": [base64("toString:valueOf"), pair("toString", "valueOf")],
  "percent escapes": [base64("a%3Ab:%00"), pair("a%3Ab", "%00")],
  quotes: [base64('"alice":"x"'), pair('"alice"', '"x"')],
  "plus and slash in base64": ["Pz8/Pjo+Pj4=", pair("???>", ">>>")],
  "no padding needed": [base64("ab:cde"), pair("ab", "cde")],
  "12 kB of password": [base64(`a:${"p".repeat(12_000)}`), pair("a", "p".repeat(12_000))]
}

const refused: Readonly<Record<string, string>> = {
  "no colon": base64("alice"),
  "a full-width colon": base64("alice\uFF1Asecret"),
  "missing padding": "QWxhZGRpbjpvcGVuIHNlc2FtZQ",
  "half the padding": "QWxhZGRpbjpvcGVuIHNlc2FtZQ=",
  "too much padding": "QWxhZGRpbjpvcGVuIHNlc2FtZQ===",
  "padding where none belongs": `${base64("ab:cde")}====`,
  "padding inside": "YTpi=YTpi",
  "padding first": "=YTpi",
  "only padding": "====",
  "one character": "Q",
  "the URL-safe alphabet": "Pz8_Pjo-Pj4=",
  "trailing bits": "QWxhZGRpbjpvcGVuIHNlc2FtZR==",
  "trailing bits, one pad": "YWxpY2U6eHl6enl6enm=",
  "white space inside": "QWxhZGRpbjpv cGVuIHNlc2FtZQ==",
  "two spaces inside": "QWxhZGRpbjpv  cGVuIHNlc2FtZQ==",
  "a TAB inside": "QWxhZGRpbjpv\tcGVuIHNlc2FtZQ==",
  "a form of credentials after it": "QWxhZGRpbjpvcGVuIHNlc2FtZQ== x",
  "not encoded": "alice:secret",
  "a foreign character": "QWxhZGRpbjpvcGVuIHNlc2FtZ!==",
  "a foreign character that some drop": "QWxh.ZGRpbjpvcGVuIHNlc2FtZQ==",
  "a comma": "YTpi,YTpi",
  "a percent escape": "YTpi%3D",
  quotes: '"YTpi"',
  "a parameter": 'realm="api"',
  "a letter outside ASCII": "YTp\u00E9",
  "invalid UTF-8": Buffer.from("alice:\xFF", "latin1").toString("base64"),
  "Latin-1": Buffer.from("caf\xE9:x", "latin1").toString("base64"),
  "cut UTF-8": Buffer.from("alice:\xE2\x82", "latin1").toString("base64"),
  "overlong UTF-8": Buffer.from("alice\xC0\xBAx", "latin1").toString("base64"),
  "a surrogate in UTF-8": Buffer.from("alice:\xED\xA0\x80", "latin1").toString("base64"),
  "UTF-16": Buffer.from("alice:secret", "utf16le").toString("base64"),
  "a NUL": base64("alice\0:secret"),
  "a NUL in the password": base64("alice:sec\0ret"),
  "a line break": base64("alice:sec\r\nret"),
  "a TAB in the user-id": base64("al\tice:secret"),
  "a DEL": base64("alice:\x7F"),
  "a C1 control": base64("alice:\u0085"),
  "60 kB of padding": `YTpi${"=".repeat(60_000)}`,
  "60 kB that nearly match": `${"A".repeat(60_000)}!`
}

describe("Basic", () => {
  runTables({
    HttpBasic: {
      scheme: HttpBasic.make(),
      challenge: 'Basic realm="api", charset="UTF-8"',
      cases: [
        ...authorizationCases(
          "Basic",
          "QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
          base64("bob:x"),
          pair("Aladdin", "open sesame")
        ),
        ...Object.entries(accepted).map(([name, [encoded, value]]): Case => ({
          name,
          ...authorization(`Basic ${encoded}`),
          expect: ok(value)
        })),
        ...Object.entries(refused).map(([name, encoded]): Case => ({
          name,
          ...authorization(`Basic ${encoded}`),
          expect: "malformed"
        })),
        { name: "the fixed offset", ...authorization("123456YTpi"), expect: "absent" },
        { name: "Bearer", ...authorization("Bearer YTpi"), expect: "absent" }
      ]
    },
    "HttpBasic with a realm": {
      scheme: HttpBasic.make({ realm: 'a "b" \\c' }),
      challenge: 'Basic realm="a \\"b\\" \\\\c", charset="UTF-8"',
      cases: [
        { name: "nothing", expect: "absent" },
        { name: "broken", ...authorization("Basic !"), expect: "malformed" }
      ]
    }
  })
})

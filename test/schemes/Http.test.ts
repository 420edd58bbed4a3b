import { describe } from "@effect/vitest"
import * as Http from "../../src/Http.ts"
import { authorization, authorizationCases, type Case, ok, runTables, utf8 } from "./support.ts"

// ----------------------------------------------------------------------------
// token68 or parameters: RFC 9110, section 11.4
// ----------------------------------------------------------------------------

const accepted: Readonly<Record<string, string>> = {
  "a token68": "abc.DEF-123_~+/==",
  "a parameter": "a=b",
  "a quoted parameter": 'a="b c, d"',
  "several parameters": 'id="1", nonce="2",mac=3 ,\text="x"',
  "blanks around the equals sign": 'a = "b"',
  "a quoted pair": 'a="\\"b\\\\"',
  "an empty value": 'a=""',
  "bytes beyond ASCII": `a="${utf8("\u00E9")}"`,
  "prototype names": '__proto__=1, constructor=2, toString="3"',
  "empty list elements": "a=1,, ,b=2"
}

const refused: Readonly<Record<string, string>> = {
  "two token68": "abc def",
  "a token68 and a parameter": "abc== a=b",
  "a token68, a comma and a parameter": "abc, a=b",
  "a parameter twice": "a=1, a=2",
  "a parameter twice, by case": "a=1, A=2",
  "an open quotation mark": 'a="b',
  "an escape at the end": 'a="b\\"',
  "text after a quoted value": 'a="b"c',
  "parameters without a comma": "a=1 b=2",
  "a parameter without a name": '="b"',
  "a second credential": 'a="1", Other b="2"',
  "a semicolon between": "a=1; b=2",
  "a letter beyond ASCII outside quotes": "a=\u00E9",
  "a lone comma": ",",
  "commas and blanks": ", ,\t,",
  "a lone quotation mark": '"',
  brackets: "<a>",
  "30 kB of open quotes": `a="${'\\"'.repeat(30_000)}`,
  "60 kB of parameters": "a=b,".repeat(15_000)
}

const credentials = (scheme: string) => (text: string) => ({ scheme, credentials: text })

describe("Http.scheme", () => {
  const dpop = credentials("DPoP")
  const hoba = credentials("HOBA")
  runTables({
    DPoP: {
      scheme: Http.scheme("DPoP"),
      challenge: 'DPoP realm="api"',
      cases: [
        ...authorizationCases("DPoP", "abc.def", "ghi", dpop("abc.def")),
        ...Object.entries(accepted).map(([name, text]): Case => ({
          name,
          ...authorization(`DPoP ${text}`),
          expect: ok(dpop(text))
        })),
        ...Object.entries(refused).map(([name, text]): Case => ({
          name,
          ...authorization(`DPoP ${text}`),
          expect: "malformed"
        }))
      ]
    },
    "HOBA with parameters": {
      scheme: Http.scheme("HOBA", { realm: "x" }),
      challenge: 'HOBA realm="x"',
      cases: authorizationCases("HOBA", 'result="abc"', 'result="d"', hoba('result="abc"'))
    }
  })
})

/** Every way to make a bearer scheme finds the same tokens; their syntax is in `HttpBearer.test.ts`. */
import { describe } from "@effect/vitest"
import * as OAuth2 from "../../src/OAuth2.ts"
import * as OpenIdConnect from "../../src/OpenIdConnect.ts"
import { authorization, type Case, methods, ok, runTables } from "./support.ts"

const cases: ReadonlyArray<Case> = [
  { name: "nothing", expect: "absent" },
  { name: "a token", ...authorization("Bearer abc"), expect: ok("abc") },
  { name: "lower case", ...authorization("bearer abc"), expect: ok("abc") },
  { name: "an empty token", ...authorization("Bearer"), expect: "malformed" },
  { name: "two tokens", ...authorization("Bearer abc def"), expect: "malformed" },
  { name: "two fields", ...authorization("Bearer abc", "Bearer def"), expect: "malformed" },
  { name: "joined fields", ...authorization("Bearer abc, Bearer def"), expect: "malformed" },
  { name: "a TAB", ...authorization("Bearer\tabc"), expect: "malformed" },
  { name: "another scheme", ...authorization("DPoP abc"), expect: "absent" },
  { name: "no scheme", ...authorization("1234567abc"), expect: "absent" },
  { name: "access_token", target: "?access_token=abc", expect: "absent" },
  ...methods({ ...authorization("Bearer abc"), value: "abc" }, authorization("Bearer ,"))
]

const url = "https://id.example/"
const challenge = 'Bearer realm="api"'
const refusal = 'Bearer realm="api", error="invalid_token"'
const schemes = {
  passwordBearer: OAuth2.passwordBearer({ tokenUrl: "token" }),
  authorizationCode: OAuth2.authorizationCode({ authorizationUrl: url, tokenUrl: url }),
  clientCredentials: OAuth2.clientCredentials({ tokenUrl: url }),
  implicit: OAuth2.implicit({ authorizationUrl: url }),
  deviceAuthorization: OAuth2.deviceAuthorization({ deviceAuthorizationUrl: url, tokenUrl: url }),
  make: OAuth2.make({ flows: { implicit: { authorizationUrl: url } } }),
  openIdConnect: OpenIdConnect.make({ openIdConnectUrl: url })
}

describe("OAuth 2 and OpenID Connect", () => {
  runTables({
    ...Object.fromEntries(
      Object.entries(schemes).map(([name, scheme]) => [name, { scheme, challenge, refusal, cases }])
    ),
    "with a realm": {
      scheme: OAuth2.make({ realm: "x", flows: { implicit: { authorizationUrl: url } } }),
      challenge: 'Bearer realm="x"',
      refusal: 'Bearer realm="x", error="invalid_token"',
      cases: [
        { name: "nothing", expect: "absent" },
        { name: "broken", ...authorization("Bearer"), expect: "malformed" }
      ]
    }
  })
})

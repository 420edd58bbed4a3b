import { describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Challenge from "../../src/Challenge.ts"
import * as Credential from "../../src/Credential.ts"
import * as Scheme from "../../src/Scheme.ts"
import * as Security from "../../src/Security.ts"
import * as SecurityError from "../../src/SecurityError.ts"
import { authorization, authorizationCases, type Case, methods, ok, runTables } from "./support.ts"

/** A signature in a header: `t=1,v1=abc`, in which commas are its own. */
const signature = Scheme.make({
  schemeName: "Webhook",
  scheme: { type: "apiKey", in: "header", name: "X-Signature" },
  extract: (request) => {
    const value = Credential.header(request, "x-signature")
    if (typeof value !== "string") return value
    return /^[0-9a-f]{4}$/.test(value) ? Redacted.make(value) : Credential.Malformed
  }
})

const sent = (...values: ReadonlyArray<string>): Pick<Case, "headers"> => ({
  headers: values.map((value) => ["X-Signature", value])
})

/** Parameters of an auth-scheme, with a challenge of its own. */
const aws = Scheme.make({
  schemeName: "SigV4",
  scheme: { type: "http", scheme: "AWS4-HMAC-SHA256" },
  extract: (request) => {
    const credentials = Credential.authorization(request, "aws4-hmac-sha256")
    if (typeof credentials !== "string") return credentials
    const parsed = Challenge.parseCredentials(`AWS4-HMAC-SHA256 ${credentials}`)
    const id = parsed && Challenge.parameter(parsed, "Credential")
    const signed = parsed && Challenge.parameter(parsed, "Signature")
    return id === undefined || signed === undefined ?
        Credential.Malformed
      : { id, signature: Redacted.make(signed) }
  },
  challenge: (problem) =>
    Challenge.make("AWS4-HMAC-SHA256", { realm: "s3", ...(problem && { error: problem.error }) })
})

/** The address that a proxy which we trust writes. */
const proxy = Scheme.make({
  schemeName: "Proxy",
  scheme: { type: "mutualTLS", description: "Verified by the proxy" },
  reads: { headers: ["X-Client-Cert"] },
  extract: (request) => Credential.header(request, "x-client-cert")
})

describe("schemes of one's own", () => {
  runTables({
    signature: {
      scheme: signature,
      challenge: 'ApiKey realm="api"',
      cases: [
        { name: "nothing", expect: "absent" },
        { name: "a signature", ...sent("00ff"), expect: ok("00ff") },
        { name: "one of another form", ...sent("00fg"), expect: "malformed" },
        { name: "an empty one", ...sent(""), expect: "malformed" },
        { name: "two", ...sent("00ff", "00fe"), expect: "malformed" },
        { name: "a list", ...sent("00ff,00fe"), expect: "malformed" },
        ...methods({ ...sent("00ff"), value: "00ff" }, sent("x"))
      ]
    },
    "an auth-scheme": {
      scheme: aws,
      challenge: 'AWS4-HMAC-SHA256 realm="s3"',
      refusal: 'AWS4-HMAC-SHA256 realm="s3", error="invalid_token"',
      cases: [
        ...authorizationCases(
          "AWS4-HMAC-SHA256",
          'Credential="a/b", Signature=00ff',
          "Credential=c, Signature=00fe",
          { id: "a/b", signature: "00ff" }
        ),
        {
          name: "no signature",
          ...authorization("AWS4-HMAC-SHA256 Credential=a"),
          expect: "malformed"
        }
      ]
    },
    "a proxy's header": {
      scheme: proxy,
      challenge: 'MutualTLS realm="api"',
      cases: [
        { name: "nothing", expect: "absent" },
        { name: "a header", headers: [["X-Client-Cert", ":YTpi:"]], expect: ok(":YTpi:") },
        {
          name: "two headers",
          headers: [
            ["X-Client-Cert", ":YTpi:"],
            ["x-client-cert", ":YTpj:"]
          ],
          expect: "malformed"
        }
      ]
    },
    "a member of anyOf": {
      // the types of the two credentials don't matter here
      scheme: Security.anyOf(signature, aws),
      challenge: 'ApiKey realm="api", AWS4-HMAC-SHA256 realm="s3"',
      cases: [
        { name: "nothing", expect: "absent" },
        { name: "the first", ...sent("00ff"), expect: ok("00ff") },
        {
          name: "the second beside a broken first",
          headers: [
            ["X-Signature", "x"],
            ["Authorization", "AWS4-HMAC-SHA256 Credential=a, Signature=b"]
          ],
          expect: ok({ id: "a", signature: "b" })
        }
      ]
    },
    "with a verifier that refuses nobody": {
      scheme: signature.pipe(
        Security.authenticate((found, { scheme }) =>
          Effect.succeed(Security.grant({ scheme, found }))
        )
      ),
      challenge: 'ApiKey realm="api"',
      cases: [
        { name: "nothing", expect: "absent" },
        { name: "broken", ...sent("x"), expect: "malformed" },
        { name: "a signature", ...sent("00ff"), expect: ok({ scheme: "Webhook", found: "00ff" }) }
      ]
    },
    "with a verifier that is never reached": {
      scheme: signature.pipe(
        Security.authenticate(() =>
          Effect.fail(new SecurityError.Unauthorized({ reason: "absent" }))
        )
      ),
      challenge: 'ApiKey realm="api"',
      cases: [
        { name: "nothing", expect: "absent" },
        { name: "broken", ...sent("x"), expect: "malformed" }
      ]
    }
  })
})

/** Whatever is sent, the answer is 200 or 401 with a challenge: never 500. */
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as ApiKey from "../../src/ApiKey.ts"
import * as Credential from "../../src/Credential.ts"
import * as Http from "../../src/Http.ts"
import * as HttpBasic from "../../src/HttpBasic.ts"
import * as HttpBearer from "../../src/HttpBearer.ts"
import * as HttpDigest from "../../src/HttpDigest.ts"
import * as MutualTls from "../../src/MutualTls.ts"
import * as Challenge from "../../src/Challenge.ts"
import { base64, reveal } from "./support.ts"

const schemes = {
  header: ApiKey.header("X-API-Key"),
  query: ApiKey.query("key"),
  cookie: ApiKey.cookie("key"),
  bearer: HttpBearer.make(),
  http: Http.scheme("DPoP"),
  basic: HttpBasic.make(),
  digest: HttpDigest.make(),
  mutualTls: MutualTls.make()
}
const handlers = Object.entries(schemes).map(
  ([name, scheme]) => [name, HttpApp.toWebHandler(reveal(scheme))] as const
)

/** Bytes that a Fetch request can hold, mixed with what means something. */
const soup = (...words: ReadonlyArray<string>) =>
  fc
    .array(
      fc.oneof(
        fc.constantFrom(...words, ",", ";", "=", '"', "\\", "%", " ", "\t", "*", "'", "__proto__"),
        fc
          .integer({ min: 1, max: 255 })
          .filter((code) => code !== 10 && code !== 13)
          .map((code) => String.fromCharCode(code))
      ),
      { maxLength: 24 }
    )
    .map((parts) => parts.join(""))

const arbAuthorization = fc.oneof(
  soup("Bearer ", "Basic ", "Digest ", "DPoP ", "username=", "nonce=", "UTF-8''", "YTpi"),
  soup("a", "realm=", "uri=", "response=", "nc=00000001", 'qop="auth"', "%FF").map(
    (text) => `Digest username="a", realm="b", nonce="c", uri="/", response="00", ${text}`
  ),
  soup("%C3%A4", "%00", "UTF-8'", "en").map(
    (text) => `Digest username*=UTF-8''${text}, realm="b", nonce="c", uri="/", response="00"`
  ),
  fc.string().map((text) => `Basic ${base64(text)}`),
  fc.uint8Array().map((bytes) => `Basic ${Buffer.from(bytes).toString("base64")}`)
)

describe("any request", () => {
  it.for(handlers)("%s answers 200 or 401", async ([, handler]) => {
    await fc.assert(
      fc.asyncProperty(
        arbAuthorization,
        soup("key=", "key", "; ", "%00", "%C3"),
        soup("k"),
        soup("key=", "&", "%00", "%FF", "+").map(encodeURI),
        async (authorization, cookie, key, query) => {
          const response = await handler(
            new Request(`http://localhost/?${query}`, {
              headers: { authorization, cookie, "x-api-key": key }
            })
          )
          const challenge = response.headers.get("www-authenticate")
          assert.include([200, 401], response.status)
          assert.strictEqual(challenge !== null, response.status === 401)
          assert.isDefined(Challenge.parse(challenge ?? ""))
        }
      ),
      { numRuns: 300 }
    )
  })
})

describe("a request whose headers have a prototype", () => {
  const plain = HttpServerRequest.fromWeb(new Request("http://localhost/"))
  const inherited = {
    "x-api-key": "k1",
    authorization: "Bearer abc",
    cookie: "key=k1"
  }
  // what a polluted `Object.prototype` would look like
  const request = plain.modify({ headers: Object.create(inherited) })

  it("presents nothing by it", () => {
    assert.strictEqual(Credential.header(request, "x-api-key"), Credential.Absent)
    assert.strictEqual(Credential.authorization(request, "bearer"), Credential.Absent)
    assert.strictEqual(Credential.cookie(request, "key"), Credential.Absent)
    assert.isFalse(Credential.hasAuthorization(request))
  })

  it("presents no field that is not one text", () => {
    // node:http shows `set-cookie` so
    const several = plain.modify({
      headers: Object.assign(Object.create(null), { "set-cookie": ["a=1", "b=2"] })
    })
    assert.strictEqual(Credential.header(several, "set-cookie"), Credential.Absent)
  })
})

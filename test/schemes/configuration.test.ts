/** What can't be right is refused when the scheme is made, by a sentence that says what to change. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as ApiKey from "../../src/ApiKey.ts"
import * as Credential from "../../src/Credential.ts"
import * as DigestNonces from "../../src/DigestNonces.ts"
import * as Http from "../../src/Http.ts"
import * as HttpBasic from "../../src/HttpBasic.ts"
import * as HttpBearer from "../../src/HttpBearer.ts"
import * as HttpDigest from "../../src/HttpDigest.ts"
import * as MutualTls from "../../src/MutualTls.ts"
import * as OAuth2 from "../../src/OAuth2.ts"
import * as OpenIdConnect from "../../src/OpenIdConnect.ts"
import * as Scheme from "../../src/Scheme.ts"

type Options<Name extends string = "mine"> = {
  readonly schemeName?: Name
  readonly realm?: string
  readonly scopes?: { readonly [scope: string]: string }
}

/** What the types take: a name that may be left out has to be the default. */
type Named = Options & { readonly schemeName: "mine" }

const url = "https://id.example/token"

/** Every constructor that takes the common options. */
const constructors: Readonly<Record<string, (options: Named) => unknown>> = {
  "ApiKey.header": (options) => ApiKey.header("X-API-Key", options),
  "ApiKey.query": (options) => ApiKey.query("api_key", options),
  "ApiKey.cookie": (options) => ApiKey.cookie("session", options),
  HttpBearer: (options) => HttpBearer.make(options),
  HttpBasic: (options) => HttpBasic.make(options),
  HttpDigest: (options) => HttpDigest.make(options),
  "Http.scheme": (options) => Http.scheme("DPoP", options),
  MutualTls: (options) => MutualTls.make(options),
  "OAuth2.passwordBearer": (options) => OAuth2.passwordBearer({ ...options, tokenUrl: url }),
  "OAuth2.authorizationCode": (options) =>
    OAuth2.authorizationCode({ ...options, authorizationUrl: url, tokenUrl: url }),
  "OAuth2.clientCredentials": (options) => OAuth2.clientCredentials({ ...options, tokenUrl: url }),
  "OAuth2.implicit": (options) => OAuth2.implicit({ ...options, authorizationUrl: url }),
  "OAuth2.deviceAuthorization": (options) =>
    OAuth2.deviceAuthorization({ ...options, deviceAuthorizationUrl: url, tokenUrl: url }),
  "OAuth2.make": ({ scopes, ...options }) =>
    OAuth2.make({ ...options, flows: { password: { tokenUrl: url, ...(scopes && { scopes }) } } }),
  OpenIdConnect: (options) => OpenIdConnect.make({ ...options, openIdConnectUrl: url })
}

/** A name that the types would take. */
const name = (text: string) => text as "mine"

const common: ReadonlyArray<readonly [what: string, options: Options, sentence: RegExp]> = [
  ["an empty name", { schemeName: name("") }, /^"" can't be a scheme's name: use letters/],
  ["__proto__", { schemeName: name("__proto__") }, /^"__proto__" can't be a scheme's name: use/],
  ["a number", { schemeName: name("1") }, /^"1" can't be a scheme's name: use/],
  ["a longer number", { schemeName: name("0042") }, /^"0042" can't be a scheme's name: use/],
  ["a space", { schemeName: name("a b") }, /^"a b" can't be a scheme's name: use/],
  ["a slash", { schemeName: name("a/b") }, /^"a\/b" can't be a scheme's name: use/],
  ["a letter beyond ASCII", { schemeName: name("caf\u00E9") }, /can't be a scheme's name: use/],
  ["a line break after it", { schemeName: name("mine\n") }, /^"mine\\n" can't be a scheme's name/],
  ["a realm with CRLF", { realm: "a\r\nSet-Cookie: x=y" }, /the value of realm, .* take it out/],
  ["a realm with a NUL", { realm: "a\0" }, /the value of realm, .* take it out/],
  ["a realm beyond ASCII", { realm: "caf\u00E9" }, /the value of realm, .* take it out/],
  ["a scope with a space", { scopes: { "a b": "" } }, /^"a b" can't be a scope: use printable/],
  ["an empty scope", { scopes: { "": "" } }, /^"" can't be a scope: use printable/],
  ["a scope with a quotation mark", { scopes: { 'a"': "" } }, /can't be a scope: use printable/],
  ["a scope with a backslash", { scopes: { "a\\": "" } }, /can't be a scope: use printable/],
  ["a scope with a line break", { scopes: { "a\n": "" } }, /can't be a scope: use printable/],
  ["a scope beyond ASCII", { scopes: { "caf\u00E9": "" } }, /can't be a scope: use printable/],
  ["a scope __proto__", { scopes: { ["__proto__"]: "" } }, /"__proto__" can't be a scope/]
]

const findUser = () => Effect.succeedNone

const particular: ReadonlyArray<readonly [what: string, make: () => unknown, sentence: RegExp]> = [
  ["an empty header", () => ApiKey.header(""), /^"" can't be a header's name: use letters/],
  ["a header with a space", () => ApiKey.header("X API"), /^"X API" can't be a header's name/],
  ["a header with a colon", () => ApiKey.header("X:"), /^"X:" can't be a header's name: use/],
  ["a header with CRLF", () => ApiKey.header("X\r\nY"), /can't be a header's name: use/],
  ["a header beyond ASCII", () => ApiKey.header("\u00E9"), /can't be a header's name: use/],
  ["Authorization", () => ApiKey.header("Authorization"), /can't be the header Authorization: use/],
  ["AUTHORIZATION", () => ApiKey.header("AUTHORIZATION"), /can't be the header AUTHORIZATION/],
  ["the header Cookie", () => ApiKey.header("Cookie"), /can't be the header Cookie: use/],
  [
    "the header Set-Cookie",
    () => ApiKey.header("Set-Cookie"),
    /the header Set-Cookie: .* use another/
  ],
  [
    "the header __proto__",
    () => ApiKey.header("__proto__"),
    /the header __proto__: .* use another/
  ],
  ["an empty parameter", () => ApiKey.query(""), /needs the name .*: got an empty one/],
  ["an empty cookie", () => ApiKey.cookie(""), /^"" can't be a cookie's name: use letters/],
  ["a cookie with a semicolon", () => ApiKey.cookie("a;b"), /^"a;b" can't be a cookie's name: use/],
  ["a cookie with a space", () => ApiKey.cookie("a b"), /^"a b" can't be a cookie's name: use/],
  ["a cookie with an equals sign", () => ApiKey.cookie("a="), /can't be a cookie's name: use/],
  ["an empty auth-scheme", () => Http.scheme(""), /the scheme "" is not a token of RFC 9110: use/],
  [
    "an auth-scheme of two words",
    () => Http.scheme("a b"),
    /the scheme "a b" is not a token of RFC 9110: use/
  ],
  [
    "an auth-scheme as name",
    () => Http.scheme("a!"),
    /^"a!" can't be a scheme's name: use letters/
  ],
  [
    "an auth-scheme with CRLF",
    () => Http.scheme("a\r\n", { schemeName: "mine" }),
    /the scheme "a\\r\\n" is not a token of RFC 9110: use/
  ],
  [
    "an unknown algorithm",
    () => HttpDigest.make({ algorithms: ["SHA 256" as "SHA-256"] }),
    /^"SHA 256" is no algorithm of RFC 7616: use/
  ],
  ["no algorithm", () => HttpDigest.make({ algorithms: [] }), /^algorithms has to name at least/],
  [
    "an algorithm twice",
    () => HttpDigest.make({ algorithms: ["MD5", "MD5"] }),
    /^algorithms has to name each once: got MD5, MD5/
  ],
  [
    "MD5 before a better one",
    () => HttpDigest.make({ algorithms: ["MD5", "SHA-256"] }),
    /^MD5 has to come last/
  ],
  ["no qop", () => HttpDigest.make({ qop: [] }), /^qop has to be a list of "auth" and/],
  ["a qop twice", () => HttpDigest.make({ qop: ["auth", "auth"] }), /^qop has to name each once/],
  [
    "an unknown qop",
    () => HttpDigest.make({ qop: ["auth-conf" as "auth"] }),
    /^qop has to be a list of "auth" and "auth-int": got \["auth-conf"\]/
  ],
  [
    "a short secret",
    () => DigestNonces.make({ secret: Redacted.make("0123456789abcdef") }),
    /^the secret of nonces has to have at least 32 bytes: got 16; make one with/
  ],
  [
    "a lifetime without end",
    () => DigestNonces.make({ lifetime: Infinity }),
    /^the lifetime of nonces has to be a finite time of at least a second: got Infinity ms/
  ],
  [
    "a lifetime of nothing",
    () => DigestNonces.make({ lifetime: 0 }),
    /^the lifetime of nonces has to be a finite time of at least a second: got 0 ms/
  ],
  [
    "a store of one nonce",
    () => DigestNonces.layerMemory({ capacity: 1 }),
    /^the capacity has to be a whole number of at least 2: got 1/
  ],
  [
    "a window below 0",
    () => HttpDigest.make().pipe(HttpDigest.authenticate({ findUser, ncWindow: -1 })),
    /^ncWindow has to be a whole number from 0 to 256: got -1/
  ],
  [
    "a window that is too large",
    () => HttpDigest.make().pipe(HttpDigest.authenticate({ findUser, ncWindow: 257 })),
    /^ncWindow has to be a whole number from 0 to 256: got 257/
  ],
  [
    "a body of half a byte",
    () => HttpDigest.make().pipe(HttpDigest.authenticate({ findUser, maxBodyBytes: 0.5 })),
    /^maxBodyBytes has to be a whole number from 0 to /
  ],
  [
    "userhash without who finds a user by it",
    () => HttpDigest.make({ userhash: true }).pipe(HttpDigest.authenticate({ findUser })),
    /^the scheme offers userhash: give findUserByHash, or leave userhash out/
  ],
  [
    "the verifier of Digest for another scheme",
    // the types say so too
    () => HttpBasic.make().pipe(HttpDigest.authenticate({ findUser }) as never),
    /^the scheme "HTTPBasic" was not made by HttpDigest.make: verify it with Security.authenticate/
  ],
  [
    "an opaque with CRLF",
    () => HttpDigest.make({ opaque: "\r\n" }),
    /the value of opaque, .* take/
  ],
  ["an opaque beyond ASCII", () => HttpDigest.make({ opaque: "\u00E9" }), /the value of opaque, /],
  ["no flows", () => OAuth2.make({ flows: {} }), /needs at least one flow of password, /],
  [
    "flows that are undefined",
    () => OAuth2.make({ flows: { password: undefined } }),
    /needs at least one flow of password, /
  ],
  [
    "an empty tokenUrl",
    () => OAuth2.passwordBearer({ tokenUrl: "" }),
    /^password.tokenUrl has to be a URL, absolute or relative: got ""/
  ],
  [
    "a tokenUrl without host",
    () => OAuth2.clientCredentials({ tokenUrl: "https://" }),
    /^clientCredentials.tokenUrl has to be a URL, .* got "https:\/\/"/
  ],
  [
    "a tokenUrl with a space",
    () => OAuth2.passwordBearer({ tokenUrl: "to ken" }),
    /^password.tokenUrl has to be a URL, .* got "to ken"/
  ],
  [
    "a bad refreshUrl",
    () => OAuth2.passwordBearer({ tokenUrl: "token", refreshUrl: "http://[" }),
    /^password.refreshUrl has to be a URL/
  ],
  [
    "a bad authorizationUrl",
    () => OAuth2.authorizationCode({ authorizationUrl: "", tokenUrl: url }),
    /^authorizationCode.authorizationUrl has to be a URL/
  ],
  [
    "a bad authorizationUrl of the implicit flow",
    () => OAuth2.implicit({ authorizationUrl: "https://a b/" }),
    /^implicit.authorizationUrl has to be a URL/
  ],
  [
    "a bad deviceAuthorizationUrl",
    () => OAuth2.deviceAuthorization({ deviceAuthorizationUrl: "", tokenUrl: url }),
    /^deviceAuthorization.deviceAuthorizationUrl has to be a URL/
  ],
  [
    "a bad oauth2MetadataUrl",
    () => OAuth2.make({ oauth2MetadataUrl: "", flows: { password: { tokenUrl: url } } }),
    /^oauth2MetadataUrl has to be a URL/
  ],
  [
    "an empty openIdConnectUrl",
    () => OpenIdConnect.make({ openIdConnectUrl: "" }),
    /^openIdConnectUrl has to be a URL, absolute or relative: got ""/
  ],
  [
    "a bad port in openIdConnectUrl",
    () => OpenIdConnect.make({ openIdConnectUrl: "https://id.example:x/" }),
    /^openIdConnectUrl has to be a URL/
  ],
  [
    "a scheme of one's own with a bad name",
    () =>
      Scheme.make({
        schemeName: "a b",
        scheme: { type: "mutualTLS" },
        extract: () => Credential.Absent
      }),
    /^"a b" can't be a scheme's name: use/
  ],
  [
    "a scheme of one's own with a bad scope",
    () =>
      Scheme.make({
        schemeName: "mine",
        scheme: { type: "mutualTLS" },
        scopes: { "a b": "" },
        extract: () => Credential.Absent
      }),
    /^"a b" can't be a scope: use/
  ],
  [
    "a scheme of one's own with an empty header",
    () =>
      Scheme.make({
        schemeName: "mine",
        scheme: { type: "apiKey", in: "header", name: "" },
        extract: () => Credential.Absent
      }),
    /needs the name .*: got an empty one/
  ]
]

describe("configuration errors", () => {
  for (const [constructor, make] of Object.entries(constructors)) {
    it.for(common)(`${constructor}: %s`, ([, options, sentence]) => {
      assert.throws(() => make(options as Named), sentence)
    })
    it(`${constructor}: none`, () => {
      assert.doesNotThrow(() =>
        make({ schemeName: "mine", realm: "", scopes: { "a:b/c.*": "", constructor: "" } })
      )
      assert.doesNotThrow(() => make({} as Named))
    })
  }
  it.for(particular)("%s", ([, make, sentence]) => {
    assert.throws(make, sentence)
  })
})

/** What each scheme is called, and what it documents. */
import { assert, describe, it } from "@effect/vitest"
import * as ApiKey from "../../src/ApiKey.ts"
import * as Credential from "../../src/Credential.ts"
import * as Http from "../../src/Http.ts"
import * as HttpBasic from "../../src/HttpBasic.ts"
import * as HttpBearer from "../../src/HttpBearer.ts"
import * as DigestNonces from "../../src/DigestNonces.ts"
import * as HttpDigest from "../../src/HttpDigest.ts"
import * as MutualTls from "../../src/MutualTls.ts"
import * as OAuth2 from "../../src/OAuth2.ts"
import * as OpenIdConnect from "../../src/OpenIdConnect.ts"
import * as Scheme from "../../src/Scheme.ts"
import * as Security from "../../src/Security.ts"

const named = { schemeName: "mine", description: "Text", deprecated: true } as const
const described = { description: "Text", deprecated: true }
const authorizationUrl = "https://id.example/auth"
const tokenUrl = "https://id.example/token"
const refreshUrl = "https://id.example/refresh"
const deviceAuthorizationUrl = "https://id.example/device"
const oauth2MetadataUrl = "https://id.example/.well-known/oauth-authorization-server"
const scopes = { "items:read": "Read items", "items:write": "Create items" }
const extract = () => Credential.Absent

/** A scheme, its name and its object under `components.securitySchemes`. */
type Row = readonly [scheme: Security.Top, name: string, document: object]

const rows = {
  "ApiKey.header": [
    ApiKey.header("X-API-Key"),
    "APIKeyHeader",
    { type: "apiKey", name: "X-API-Key", in: "header" }
  ],
  "ApiKey.header, named": [
    ApiKey.header("X-API-Key", named),
    "mine",
    { type: "apiKey", name: "X-API-Key", in: "header", ...described }
  ],
  "ApiKey.query": [
    ApiKey.query("api_key"),
    "APIKeyQuery",
    { type: "apiKey", name: "api_key", in: "query" }
  ],
  "ApiKey.query, named": [
    ApiKey.query("api_key", named),
    "mine",
    { type: "apiKey", name: "api_key", in: "query", ...described }
  ],
  "ApiKey.cookie": [
    ApiKey.cookie("session"),
    "APIKeyCookie",
    { type: "apiKey", name: "session", in: "cookie" }
  ],
  "ApiKey.cookie, named": [
    ApiKey.cookie("session", named),
    "mine",
    { type: "apiKey", name: "session", in: "cookie", ...described }
  ],
  HttpBearer: [HttpBearer.make(), "HTTPBearer", { type: "http", scheme: "bearer" }],
  "HttpBearer, named": [
    HttpBearer.make({ ...named, bearerFormat: "JWT" }),
    "mine",
    { type: "http", scheme: "bearer", bearerFormat: "JWT", ...described }
  ],
  "Http.scheme": [Http.scheme("DPoP"), "DPoP", { type: "http", scheme: "dpop" }],
  "Http.scheme, named": [
    Http.scheme("Negotiate", named),
    "mine",
    { type: "http", scheme: "negotiate", ...described }
  ],
  HttpBasic: [HttpBasic.make(), "HTTPBasic", { type: "http", scheme: "basic" }],
  "HttpBasic, named": [
    HttpBasic.make(named),
    "mine",
    { type: "http", scheme: "basic", ...described }
  ],
  HttpDigest: [HttpDigest.make(), "HTTPDigest", { type: "http", scheme: "digest" }],
  "HttpDigest, named": [
    HttpDigest.make({ ...named, algorithms: ["MD5"], opaque: "o", userhash: true }),
    "mine",
    { type: "http", scheme: "digest", ...described }
  ],
  MutualTls: [MutualTls.make(), "MutualTLS", { type: "mutualTLS" }],
  "MutualTls, named": [MutualTls.make(named), "mine", { type: "mutualTLS", ...described }],
  "OAuth2.passwordBearer": [
    OAuth2.passwordBearer({ tokenUrl: "token" }),
    "OAuth2PasswordBearer",
    { type: "oauth2", flows: { password: { tokenUrl: "token", scopes: {} } } }
  ],
  "OAuth2.passwordBearer, named": [
    OAuth2.passwordBearer({ ...named, tokenUrl, refreshUrl, scopes, oauth2MetadataUrl }),
    "mine",
    {
      type: "oauth2",
      flows: { password: { tokenUrl, refreshUrl, scopes } },
      oauth2MetadataUrl,
      ...described
    }
  ],
  "OAuth2.authorizationCode": [
    OAuth2.authorizationCode({ authorizationUrl, tokenUrl, scopes }),
    "OAuth2AuthorizationCodeBearer",
    { type: "oauth2", flows: { authorizationCode: { authorizationUrl, tokenUrl, scopes } } }
  ],
  "OAuth2.authorizationCode, named": [
    OAuth2.authorizationCode({ ...named, authorizationUrl, tokenUrl, refreshUrl }),
    "mine",
    {
      type: "oauth2",
      flows: { authorizationCode: { authorizationUrl, tokenUrl, refreshUrl, scopes: {} } },
      ...described
    }
  ],
  "OAuth2.clientCredentials": [
    OAuth2.clientCredentials({ tokenUrl }),
    "OAuth2ClientCredentialsBearer",
    { type: "oauth2", flows: { clientCredentials: { tokenUrl, scopes: {} } } }
  ],
  "OAuth2.implicit": [
    OAuth2.implicit({ authorizationUrl: "/auth", scopes }),
    "OAuth2ImplicitBearer",
    { type: "oauth2", flows: { implicit: { authorizationUrl: "/auth", scopes } } }
  ],
  "OAuth2.deviceAuthorization": [
    OAuth2.deviceAuthorization({ deviceAuthorizationUrl, tokenUrl }),
    "OAuth2DeviceAuthorizationBearer",
    {
      type: "oauth2",
      flows: { deviceAuthorization: { deviceAuthorizationUrl, tokenUrl, scopes: {} } }
    }
  ],
  "OAuth2.make": [
    OAuth2.make({
      flows: { clientCredentials: { tokenUrl, scopes }, implicit: { authorizationUrl } }
    }),
    "OAuth2",
    {
      type: "oauth2",
      flows: { clientCredentials: { tokenUrl, scopes }, implicit: { authorizationUrl, scopes: {} } }
    }
  ],
  "OAuth2.make, named": [
    OAuth2.make({
      ...named,
      oauth2MetadataUrl,
      flows: {
        password: { tokenUrl },
        clientCredentials: { tokenUrl },
        authorizationCode: { authorizationUrl, tokenUrl },
        implicit: { authorizationUrl, refreshUrl },
        deviceAuthorization: { deviceAuthorizationUrl, tokenUrl }
      }
    }),
    "mine",
    {
      type: "oauth2",
      flows: {
        password: { tokenUrl, scopes: {} },
        clientCredentials: { tokenUrl, scopes: {} },
        authorizationCode: { authorizationUrl, tokenUrl, scopes: {} },
        implicit: { authorizationUrl, refreshUrl, scopes: {} },
        deviceAuthorization: { deviceAuthorizationUrl, tokenUrl, scopes: {} }
      },
      oauth2MetadataUrl,
      ...described
    }
  ],
  OpenIdConnect: [
    OpenIdConnect.make({ openIdConnectUrl: "/.well-known/openid-configuration" }),
    "OpenIdConnect",
    { type: "openIdConnect", openIdConnectUrl: "/.well-known/openid-configuration" }
  ],
  "OpenIdConnect, named": [
    OpenIdConnect.make({ ...named, openIdConnectUrl: "https://id.example/", scopes }),
    "mine",
    { type: "openIdConnect", openIdConnectUrl: "https://id.example/", ...described }
  ],
  "Scheme.make": [
    Scheme.make({
      schemeName: "Signed",
      scheme: { type: "apiKey", in: "header", name: "X-Signature" },
      extract
    }),
    "Signed",
    { type: "apiKey", in: "header", name: "X-Signature" }
  ]
} as const satisfies Readonly<Record<string, readonly [unknown, string, object]>>

describe("documents", () => {
  it.for(Object.entries<Row>(rows))("%s", ([, [scheme, name, document]]) => {
    assert.deepStrictEqual(scheme.requirement, [{ [name]: [] }])
    assert.deepStrictEqual(Object.entries(scheme.schemes), [[name, document]])
    assert.deepStrictEqual(JSON.parse(JSON.stringify(scheme.schemes)), { [name]: document })
  })
})

// ----------------------------------------------------------------------------
// scopes
// ----------------------------------------------------------------------------

describe("scopes", () => {
  it("are declared on every kind of scheme", () => {
    const declaring = [
      ApiKey.header("X-API-Key", { scopes }),
      ApiKey.query("api_key", { scopes }),
      ApiKey.cookie("session", { scopes }),
      HttpBearer.make({ scopes }),
      Http.scheme("DPoP", { scopes }),
      HttpBasic.make({ scopes }),
      HttpDigest.make({ scopes }),
      MutualTls.make({ scopes }),
      OAuth2.passwordBearer({ tokenUrl, scopes }),
      OAuth2.make({ flows: { clientCredentials: { tokenUrl, scopes } } }),
      OpenIdConnect.make({ openIdConnectUrl: tokenUrl, scopes })
    ]
    for (const scheme of declaring) {
      const [definition] = Security.definitions(scheme)
      assert.deepStrictEqual(Object.entries({ ...definition?.scopes }), Object.entries(scopes))
    }
  })

  it("of several flows are united", () => {
    const scheme = OAuth2.make({
      flows: {
        clientCredentials: { tokenUrl, scopes: { sync: "Synchronise", both: "First" } },
        authorizationCode: { authorizationUrl, tokenUrl, scopes: { read: "Read", both: "Second" } }
      }
    })
    const [definition] = Security.definitions(scheme)
    assert.deepStrictEqual(Object.keys({ ...definition?.scopes }), ["sync", "both", "read"])
  })
})

// ----------------------------------------------------------------------------
// two schemes of one name
// ----------------------------------------------------------------------------

describe("two schemes of one name", () => {
  const nonces = DigestNonces.make()
  const same = {
    "the same API key": [ApiKey.header("X-A"), ApiKey.header("X-A")],
    "the same digest": [HttpDigest.make({ opaque: "o" }), HttpDigest.make({ opaque: "o" })],
    "the same nonces": [HttpDigest.make({ nonces }), HttpDigest.make({ nonces })],
    "the same certificate": [MutualTls.make(), MutualTls.make()]
  } as const
  const other = {
    "another header": [ApiKey.header("X-A"), ApiKey.header("X-B")],
    "another realm": [HttpBasic.make(), HttpBasic.make({ realm: "x" })],
    "another realm of a certificate": [MutualTls.make(), MutualTls.make({ realm: "x" })],
    "another realm of a header's key": [ApiKey.header("X"), ApiKey.header("X", { realm: "x" })],
    "another realm of a query's key": [ApiKey.query("x"), ApiKey.query("x", { realm: "x" })],
    "another realm of Bearer": [HttpBearer.make(), HttpBearer.make({ realm: "x" })],
    "another realm of DPoP": [Http.scheme("DPoP"), Http.scheme("DPoP", { realm: "x" })],
    "another realm of Digest": [HttpDigest.make(), HttpDigest.make({ realm: "x" })],
    "another realm of OAuth2": [
      OAuth2.passwordBearer({ tokenUrl }),
      OAuth2.passwordBearer({ tokenUrl, realm: "x" })
    ],
    "other scopes of a header's key": [ApiKey.header("X"), ApiKey.header("X", { scopes })],
    "other scopes of a query's key": [ApiKey.query("x"), ApiKey.query("x", { scopes })],
    "other scopes of Basic": [HttpBasic.make(), HttpBasic.make({ scopes })],
    "other scopes of Bearer": [HttpBearer.make(), HttpBearer.make({ scopes })],
    "other scopes of DPoP": [Http.scheme("DPoP"), Http.scheme("DPoP", { scopes })],
    "other scopes of Digest": [HttpDigest.make({ nonces }), HttpDigest.make({ nonces, scopes })],
    "other scopes": [MutualTls.make(), MutualTls.make({ scopes })],
    "another kind of scheme": [HttpBasic.make(), Http.scheme("Basic", { schemeName: "HTTPBasic" })],
    "another kind of token": [
      HttpBearer.make(),
      Http.scheme("Bearer", { schemeName: "HTTPBearer" })
    ],
    "another algorithm": [HttpDigest.make(), HttpDigest.make({ algorithms: ["MD5"] })],
    "another qop": [HttpDigest.make(), HttpDigest.make({ qop: ["auth-int"] })],
    "another opaque": [HttpDigest.make(), HttpDigest.make({ opaque: "" })],
    "another userhash": [HttpDigest.make(), HttpDigest.make({ userhash: false })],
    "other nonces": [HttpDigest.make({ nonces }), HttpDigest.make()]
  } as const
  type Pair = readonly [Security.Top, Security.Top]
  const both = ([left, right]: Pair) =>
    // the table has no types, and the check is of values
    Security.anyOf(left as never, right as never)

  it.for(Object.entries<Pair>(same))("%s", ([, pair]) => {
    assert.doesNotThrow(() => both(pair))
  })
  it.for(Object.entries<Pair>(other))("%s", ([, pair]) => {
    assert.throws(() => both(pair), /two different schemes are called/)
  })
})

/**
 * Every kind of scheme, with what each version of OpenAPI writes for it.
 */
import {
  ApiKey,
  Http,
  HttpBasic,
  HttpBearer,
  HttpDigest,
  MutualTls,
  OAuth2,
  OpenIdConnect
} from "../../src/index.ts"

const scopes = { "items:read": "Read items", "items:write": "Write items" } as const

export const all = {
  header: ApiKey.header("X-Key", { schemeName: "header", description: "In a header" }),
  query: ApiKey.query("api_key", { schemeName: "query" }),
  cookie: ApiKey.cookie("session", { schemeName: "cookie", deprecated: true }),
  basic: HttpBasic.make({ schemeName: "basic" }),
  bearer: HttpBearer.make({ schemeName: "bearer", bearerFormat: "JWT" }),
  custom: Http.scheme("DPoP", { schemeName: "custom" }),
  digest: HttpDigest.make({ schemeName: "digest" }),
  mutual: MutualTls.make({ schemeName: "mutual" }),
  oidc: OpenIdConnect.make({
    schemeName: "oidc",
    openIdConnectUrl: "https://id.example/.well-known/openid-configuration"
  }),
  password: OAuth2.passwordBearer({ schemeName: "password", tokenUrl: "token", scopes }),
  code: OAuth2.authorizationCode({
    schemeName: "code",
    authorizationUrl: "https://id.example/auth",
    tokenUrl: "https://id.example/token",
    refreshUrl: "https://id.example/refresh",
    oauth2MetadataUrl: "https://id.example/.well-known/oauth-authorization-server",
    scopes
  }),
  client: OAuth2.clientCredentials({ schemeName: "client", tokenUrl: "token" }),
  implicit: OAuth2.implicit({
    schemeName: "implicit",
    authorizationUrl: "https://id.example/auth",
    scopes
  }),
  device: OAuth2.deviceAuthorization({
    schemeName: "device",
    deviceAuthorizationUrl: "https://id.example/device",
    tokenUrl: "https://id.example/token",
    scopes
  }),
  flows: OAuth2.make({
    schemeName: "flows",
    flows: {
      password: { tokenUrl: "token", scopes },
      deviceAuthorization: { deviceAuthorizationUrl: "/device", tokenUrl: "/token" }
    }
  })
}

const device = {
  deviceAuthorizationUrl: "https://id.example/device",
  tokenUrl: "https://id.example/token",
  scopes
}
const flowsDevice = { deviceAuthorizationUrl: "/device", tokenUrl: "/token", scopes: {} }
const codeFlow = {
  authorizationUrl: "https://id.example/auth",
  tokenUrl: "https://id.example/token",
  refreshUrl: "https://id.example/refresh",
  scopes
}
const metadata = "https://id.example/.well-known/oauth-authorization-server"

const common = {
  header: { type: "apiKey", in: "header", name: "X-Key", description: "In a header" },
  query: { type: "apiKey", in: "query", name: "api_key" },
  basic: { type: "http", scheme: "basic" },
  bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
  custom: { type: "http", scheme: "dpop" },
  digest: { type: "http", scheme: "digest" },
  mutual: { type: "mutualTLS" },
  oidc: {
    type: "openIdConnect",
    openIdConnectUrl: "https://id.example/.well-known/openid-configuration"
  },
  password: { type: "oauth2", flows: { password: { tokenUrl: "token", scopes } } },
  client: { type: "oauth2", flows: { clientCredentials: { tokenUrl: "token", scopes: {} } } },
  implicit: {
    type: "oauth2",
    flows: { implicit: { authorizationUrl: "https://id.example/auth", scopes } }
  }
}

export const written: Readonly<Record<"3.1.0" | "3.2.0", object>> = {
  "3.1.0": {
    ...common,
    cookie: { type: "apiKey", in: "cookie", name: "session", "x-deprecated": true },
    code: {
      type: "oauth2",
      flows: { authorizationCode: codeFlow },
      "x-oauth2MetadataUrl": metadata
    },
    device: { type: "oauth2", flows: { "x-deviceAuthorization": device } },
    flows: {
      type: "oauth2",
      flows: { password: { tokenUrl: "token", scopes }, "x-deviceAuthorization": flowsDevice }
    }
  },
  "3.2.0": {
    ...common,
    cookie: { type: "apiKey", in: "cookie", name: "session", deprecated: true },
    code: { type: "oauth2", flows: { authorizationCode: codeFlow }, oauth2MetadataUrl: metadata },
    device: { type: "oauth2", flows: { deviceAuthorization: device } },
    flows: {
      type: "oauth2",
      flows: { password: { tokenUrl: "token", scopes }, deviceAuthorization: flowsDevice }
    }
  }
}

export const omissions: Readonly<Record<"3.1.0" | "3.2.0", ReadonlyArray<object>>> = {
  "3.1.0": [
    ["cookie", "deprecated"],
    ["code", "oauth2MetadataUrl"],
    ["device", "deviceAuthorization"],
    ["flows", "deviceAuthorization"]
  ].map(([subject, omission]) => ({
    subject,
    message: `OpenAPI 3.1.0 has no ${omission}: it is kept as x-${omission}`
  })),
  "3.2.0": []
}

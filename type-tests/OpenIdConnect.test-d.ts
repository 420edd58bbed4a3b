import type { HttpClient } from "@effect/platform/HttpClient"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import { HttpBasic, OpenIdConnect, Security } from "effect-security"
import type { Jwt, SecurityError } from "effect-security"
import { Schema } from "effect"
import { expectAssignable, expectError, expectType } from "tsd"

const oidc = OpenIdConnect.make({
  schemeName: "oidc",
  openIdConnectUrl: "https://id.example/.well-known/openid-configuration",
  scopes: { read: "Read" }
})

// all it takes: the principal is the claims, and the verifier's failures and services are told
const user = oidc.pipe(OpenIdConnect.authenticate({ audience: "items" }))
expectType<
  Security.Security<
    Jwt.Claims,
    SecurityError.Unauthorized | SecurityError.ServiceUnavailable,
    HttpServerRequest | HttpClient,
    readonly [{ readonly oidc: readonly [] }],
    { readonly oidc: "read" }
  >
>(user)
expectType<readonly [{ readonly oidc: readonly ["read"] }]>(
  user.pipe(Security.scopes("read")).requirement
)
expectError(user.pipe(Security.scopes("write")))

// the principal is the schema's
const named = oidc.pipe(
  OpenIdConnect.authenticate({
    token: "id",
    clientId: "app",
    claims: Schema.Struct({ sub: Schema.String, email: Schema.String })
  })
)
declare const principal: Security.Success<typeof named>
expectType<{ readonly sub: string; readonly email: string }>(principal)

// an access token has an audience, or a client where there is none; an ID token has a client
expectError(OpenIdConnect.authenticate({}))
expectError(OpenIdConnect.authenticate({ token: "id", audience: "items" }))
expectError(OpenIdConnect.authenticate({ token: "id" }))
expectError(OpenIdConnect.authenticate({ audience: false }))
expectError(OpenIdConnect.authenticate({ clientId: "app" }))
oidc.pipe(OpenIdConnect.authenticate({ audience: false, clientId: "app", typ: false }))
oidc.pipe(OpenIdConnect.authenticate({ audience: "items", clientId: ["app", "other"] }))

// schemes that find no token have no such verifier
expectError(HttpBasic.make().pipe(OpenIdConnect.authenticate({ audience: "items" })))
expectError(user.pipe(OpenIdConnect.authenticate({ audience: "items" })))

// UserInfo is for principals that have a sub
const informed = user.pipe(Security.mapEffect(OpenIdConnect.userInfo(oidc)))
declare const info: Security.Success<typeof informed>
expectType<OpenIdConnect.UserInfo>(info)
expectAssignable<Security.Failure<typeof informed>>(null as never as SecurityError.Unauthorized)
expectType<HttpServerRequest | HttpClient>(null as never as Security.Services<typeof informed>)
expectError(
  user.pipe(
    Security.map(() => "johndoe"),
    Security.mapEffect(OpenIdConnect.userInfo(oidc))
  )
)
expectError(OpenIdConnect.userInfo(user))

import type { HttpClient } from "@effect/platform/HttpClient"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import {
  ApiKey,
  Http,
  HttpBasic,
  HttpBearer,
  Introspection,
  OAuth2,
  Security
} from "effect-security"
import type { SecurityError } from "effect-security"
import { Redacted, Schema } from "effect"
import { expectError, expectType } from "tsd"

const options = {
  url: "https://id.example/introspect",
  client: { clientId: "items", clientSecret: Redacted.make("secret") },
  audience: "https://api.example"
}

const oauth2 = OAuth2.clientCredentials({
  schemeName: "oauth2",
  tokenUrl: "https://id.example/token",
  scopes: { read: "Read" }
})

// the principal is the claims, and the verifier's failures and services are told
expectType<
  Security.Security<
    Introspection.Claims,
    SecurityError.Unauthorized | SecurityError.ServiceUnavailable,
    HttpServerRequest | HttpClient,
    readonly [{ readonly oauth2: readonly [] }],
    { readonly oauth2: "read" }
  >
>(oauth2.pipe(Introspection.authenticate(options)))

// the principal is the schema's
const User = Schema.Struct({ sub: Schema.String, exp: Schema.Number })
const user = oauth2.pipe(Introspection.authenticate({ ...options, claims: User }))
declare const principal: Security.Success<typeof user>
expectType<{ readonly sub: string; readonly exp: number }>(principal)

// what it verifies can prove the scopes that its scheme declares
expectType<readonly [{ readonly oauth2: readonly ["read"] }]>(
  user.pipe(Security.scopes("read")).requirement
)
expectError(user.pipe(Security.scopes("write")))

// schemes that find a token, and no others
HttpBearer.make().pipe(Introspection.authenticate(options))
Security.anyOf(oauth2, HttpBearer.make()).pipe(Introspection.authenticate(options))
ApiKey.cookie("token").pipe(Introspection.authenticate(options))
expectError(HttpBasic.make().pipe(Introspection.authenticate(options)))
expectError(user.pipe(Introspection.authenticate(options)))
expectError(Security.optional(oauth2).pipe(Introspection.authenticate(options)))
// the value refuses another auth-scheme; the type can't tell it
Http.scheme("Bearer").pipe(Introspection.authenticate(options))

// the audience is not forgotten
expectError(Introspection.authenticate({ url: options.url, client: options.client }))
// a secret is Redacted
expectError(
  Introspection.authenticate({ ...options, client: { clientId: "a", clientSecret: "b" } })
)
// a schema that needs services would remember those of one request for others
declare const needy: Schema.Schema<string, object, "service">
expectError(Introspection.authenticate({ ...options, claims: needy }))

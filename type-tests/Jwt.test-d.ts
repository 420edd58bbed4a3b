/** What verifiers of JWTs make of a scheme's type, and what they do not apply to. */
import type { HttpClient } from "@effect/platform/HttpClient"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import {
  ApiKey,
  Http,
  HttpBasic,
  HttpBearer,
  Jwks,
  Jwt,
  OAuth2,
  OpenIdConnect,
  Security,
  type SecurityError
} from "effect-security"
import { type Config, Context, type Effect, pipe, Redacted, Schema } from "effect"
import { expectAssignable, expectError, expectType } from "tsd"

type Refusal = SecurityError.Unauthorized | SecurityError.ServiceUnavailable

const remote = Jwks.fromUrl("https://id.example/jwks")
const here = Jwks.fromJson({ keys: [] })
const secret = Redacted.make("x".repeat(32))
const oauth2 = OAuth2.clientCredentials({
  tokenUrl: "token",
  schemeName: "oauth2",
  scopes: { read: "Read", write: "Write" }
})

// ----------------------------------------------------------------------------
// keys
// ----------------------------------------------------------------------------

expectType<Jwks.Jwks<HttpClient>>(remote)
expectType<Jwks.Jwks<never>>(here)
expectType<Jwks.Jwks<never>>(Jwks.fromSecret(secret))
expectType<Jwks.Jwks<never>>(Jwks.fromPem(""))
expectType<Config.Config<Jwks.Jwks<HttpClient>>>(Jwks.fromConfig("KEYS"))
expectAssignable<Jwks.Jwks<HttpClient>>(here)
expectError<Jwks.Jwks<never>>(remote)

// ----------------------------------------------------------------------------
// the expression
// ----------------------------------------------------------------------------

const common = { issuer: "https://id.example", audience: "items" }

// the principal is the claims, and an HttpClient is needed where keys are fetched
const user = oauth2.pipe(Jwt.authenticate({ ...common, keys: remote }))
expectType<
  Security.Security<
    Jwt.Claims,
    Refusal,
    HttpServerRequest | HttpClient,
    readonly [{ readonly oauth2: readonly [] }],
    { readonly oauth2: "read" | "write" }
  >
>(user)
expectType<typeof user>(Jwt.authenticate(oauth2, { ...common, keys: remote }))

// and not where they are there already
const local = Jwt.authenticate(oauth2, { ...common, keys: here })
expectType<HttpServerRequest>({} as Security.Services<typeof local>)
const shared = pipe(oauth2, Jwt.authenticate({ ...common, secret }))
expectType<HttpServerRequest>({} as Security.Services<typeof shared>)
expectType<Jwt.Claims>({} as Security.Success<typeof shared>)

// the principal is the schema's, which serves several requests: it can need no service of one
class Database extends Context.Tag("test/Database")<Database, { readonly find: string }>() {}
interface User {
  readonly sub: string
}
declare const Users: Schema.Schema<User, { readonly sub: string }>
declare const Serviced: Schema.Schema<User, { readonly sub: string }, Database>
expectError(Jwt.make({ ...common, keys: here, claims: Serviced }))
const known = oauth2.pipe(Jwt.authenticate({ ...common, keys: remote, claims: Users }))
expectType<User>({} as Security.Success<typeof known>)
expectType<HttpServerRequest | HttpClient>({} as Security.Services<typeof known>)
const struct = Jwt.authenticate(oauth2, {
  ...common,
  keys: here,
  claims: Schema.Struct({ sub: Schema.String, exp: Schema.Number })
})
expectType<{ readonly sub: string; readonly exp: number }>({} as Security.Success<typeof struct>)

// tenants may have keys of several kinds
const tenants = Jwt.authenticate(oauth2, {
  audience: "items",
  issuers: [
    { issuer: "a", keys: remote },
    { issuer: "b", keys: here }
  ]
})
expectType<HttpServerRequest | HttpClient>({} as Security.Services<typeof tenants>)

// it proves the scopes that the scheme declares, and no other
const readers = user.pipe(Security.scopes("read"))
expectType<readonly [{ readonly oauth2: readonly ["read"] }]>(readers.requirement)
expectError(user.pipe(Security.scopes("delete")))

// every scheme whose credential is a token
Jwt.authenticate(HttpBearer.make(), { ...common, keys: here })
Jwt.authenticate(ApiKey.header("X-Token"), { ...common, keys: here })
Jwt.authenticate(Http.scheme("Token"), { ...common, keys: here })
Jwt.authenticate(OpenIdConnect.make({ openIdConnectUrl: "/oidc" }), { ...common, keys: here })
const either = Security.anyOf(HttpBearer.make(), ApiKey.cookie("token")).pipe(
  Jwt.authenticate({ ...common, keys: here })
)
expectType<readonly [{ readonly HTTPBearer: readonly [] }, { readonly APIKeyCookie: readonly [] }]>(
  either.requirement
)

// and no other, and none that has a verifier
expectError(Jwt.authenticate(HttpBasic.make(), { ...common, keys: here }))
expectError(HttpBasic.make().pipe(Jwt.authenticate({ ...common, keys: here })))
expectError(Jwt.authenticate(user, { ...common, keys: here }))
expectError(
  Jwt.authenticate(Security.allOf(HttpBearer.make(), ApiKey.cookie("a")), { ...common, keys: here })
)

// ----------------------------------------------------------------------------
// options
// ----------------------------------------------------------------------------

expectError(Jwt.make({ issuer: "a", keys: here }))
expectError(Jwt.make({ audience: "a", keys: here }))
expectError(Jwt.make({ audience: "a", issuer: "a" }))
expectError(Jwt.make({ ...common, keys: here, secret }))
expectError(Jwt.make({ ...common, secret: "a text that is not Redacted, but long enough" }))
expectError(Jwt.make({ ...common, keys: here, algorithms: ["none"] }))
expectError(Jwt.make({ ...common, keys: here, typ: true }))

// ----------------------------------------------------------------------------
// outside of a scheme
// ----------------------------------------------------------------------------

expectType<Jwt.Verifier<Jwt.Claims, HttpClient>>(Jwt.make({ ...common, keys: remote }))
expectType<Jwt.Verifier<User, never>>(Jwt.make({ ...common, keys: here, claims: Users }))
expectType<Effect.Effect<Security.Grant<Jwt.Claims>, Refusal>>(
  Jwt.make({ ...common, keys: here }).verify(secret)
)

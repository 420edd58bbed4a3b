import type { RateLimiter } from "@effect/experimental/RateLimiter"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import { ApiKey, HttpBasic, HttpBearer, MutualTls, PasswordHash, Security } from "effect-security"
import type { AttemptThrottle, SecurityError } from "effect-security"
import * as Throttle from "effect-security/Throttle"
import { type Config, type ConfigError, Context, type Effect, type Option, pipe } from "effect"
import { expectAssignable, expectError, expectType } from "tsd"

// ----------------------------------------------------------------------------
// fixtures
// ----------------------------------------------------------------------------

type Unauthorized = SecurityError.Unauthorized
type Unavailable = SecurityError.ServiceUnavailable
type TooMany = SecurityError.TooManyRequests

interface User {
  readonly name: string
}

class Users extends Context.Tag("Users")<Users, { readonly users: ReadonlyArray<User> }>() {}

class DatabaseError {
  readonly _tag = "DatabaseError"
}

declare const findUser: (
  username: string
) => Effect.Effect<Option.Option<HttpBasic.User<User>>, DatabaseError, Users>
declare const findPlain: (
  username: string
) => Effect.Effect<Option.Option<{ principal: number; passwordHash: string }>>
declare const findKey: (
  id: string
) => Effect.Effect<Option.Option<ApiKey.StoredKey<User>>, DatabaseError, Users>
declare const one: ApiKey.StoredKey<"robot">

const basic = HttpBasic.make({ scopes: { admin: "Administrate" } })
const header = ApiKey.header("X-API-Key", { scopes: { write: "Write" } })
const throttle = Throttle.make()

type OfBasic<A, E, R> = Security.Security<
  A,
  E,
  R,
  readonly [{ readonly HTTPBasic: readonly [] }],
  { readonly HTTPBasic: "admin" }
>
type OfKey<A, E, R> = Security.Security<
  A,
  E,
  R,
  readonly [{ readonly APIKeyHeader: readonly [] }],
  { readonly APIKeyHeader: "write" }
>

// ----------------------------------------------------------------------------
// HttpBasic.authenticate
// ----------------------------------------------------------------------------

expectType<OfBasic<User, Unauthorized | Unavailable | DatabaseError, HttpServerRequest | Users>>(
  basic.pipe(HttpBasic.authenticate({ findUser }))
)
expectType<OfBasic<number, Unauthorized | Unavailable, HttpServerRequest>>(
  basic.pipe(HttpBasic.authenticate({ findUser: findPlain, remember: false }))
)
// 429 only where there is a throttle, with what it needs
expectType<
  OfBasic<
    User,
    Unauthorized | Unavailable | TooMany | DatabaseError,
    HttpServerRequest | Users | RateLimiter
  >
>(basic.pipe(HttpBasic.authenticate({ findUser, throttle })))

// it proves what the scheme declares
const admin = basic.pipe(HttpBasic.authenticate({ findUser }), Security.scopes("admin"))
expectType<readonly [{ readonly HTTPBasic: readonly ["admin"] }]>(admin.requirement)
expectError(basic.pipe(HttpBasic.authenticate({ findUser }), Security.scopes("other")))

// of Basic schemes that no verifier has seen
expectError(HttpBearer.make().pipe(HttpBasic.authenticate({ findUser })))
expectError(header.pipe(HttpBasic.authenticate({ findUser })))
expectError(
  basic.pipe(
    HttpBasic.authenticate({ findUser }),
    Security.map(() => ({ username: "", password: of<HttpBasic.BasicCredentials>().password })),
    HttpBasic.authenticate({ findUser })
  )
)
declare const of: <A>() => A

// ----------------------------------------------------------------------------
// ApiKey.authenticate
// ----------------------------------------------------------------------------

expectType<OfKey<User, Unauthorized | DatabaseError, HttpServerRequest | Users>>(
  header.pipe(ApiKey.authenticate({ findKey }))
)
expectType<OfKey<"robot", Unauthorized, HttpServerRequest>>(
  header.pipe(ApiKey.authenticate({ keys: [one] }))
)
expectType<OfKey<"robot", Unauthorized | ConfigError.ConfigError, HttpServerRequest>>(
  header.pipe(ApiKey.authenticate({ keys: of<Config.Config<ReadonlyArray<typeof one>>>() }))
)
expectType<OfKey<"robot", Unauthorized | Unavailable | TooMany, HttpServerRequest | RateLimiter>>(
  header.pipe(ApiKey.authenticate({ keys: [one], throttle }))
)
const anywhere = Security.anyOf(ApiKey.header("X-API-Key"), ApiKey.query("key")).pipe(
  ApiKey.authenticate({ keys: [one] })
)
expectType<
  readonly [{ readonly APIKeyHeader: readonly [] }, { readonly APIKeyQuery: readonly [] }]
>(anywhere.requirement)
expectError(ApiKey.authenticate({}))
expectError(ApiKey.authenticate({ findKey, keys: [one] }))
expectError(basic.pipe(ApiKey.authenticate({ keys: [one] })))

// ----------------------------------------------------------------------------
// throttles
// ----------------------------------------------------------------------------

expectAssignable<AttemptThrottle.AttemptThrottle<TooMany | Unavailable, RateLimiter>>(throttle)
expectType<Effect.Effect<void, TooMany | Unavailable, RateLimiter | HttpServerRequest>>(
  Throttle.attempt(throttle, { account: "johndoe" })
)
expectType<Effect.Effect<void, TooMany | Unavailable, RateLimiter | HttpServerRequest>>(
  pipe(throttle, Throttle.attempt({}))
)
expectError(Throttle.make({ account: { limit: 3 } }))

// ----------------------------------------------------------------------------
// password hashes and certificates
// ----------------------------------------------------------------------------

expectAssignable<PasswordHash.PasswordHash>(PasswordHash.scrypt())
expectType<Security.Scheme<"fleet", MutualTls.PeerCertificate>>(
  MutualTls.make({ schemeName: "fleet", proxy: { addresses: ["10.0.0.7"] } })
)

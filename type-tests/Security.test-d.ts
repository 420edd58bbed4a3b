import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import {
  ApiKey,
  type DigestNonces,
  Granted,
  Http,
  HttpBasic,
  HttpBearer,
  HttpDigest,
  MutualTls,
  OAuth2,
  OpenIdConnect,
  Scheme,
  Security,
  SecurityError,
  SecurityRequirement
} from "effect-security"
import type { SecurityScheme } from "effect-security"
import { Context, Effect, Either, flow, Layer, Option, pipe, type Redacted, Unify } from "effect"
import { expectAssignable, expectError, expectNotAssignable, expectType } from "tsd"

// ----------------------------------------------------------------------------
// fixtures
// ----------------------------------------------------------------------------

/** A value of a type, which is all that `expectType` needs. */
declare const of: <A>() => A

type Unauthorized = SecurityError.Unauthorized
type Forbidden = SecurityError.Forbidden
type Wide = SecurityRequirement.SecurityRequirement
type Bare<Declared extends string> = SecurityRequirement.Bare<Declared>
type Secret = Redacted.Redacted<string>

interface User {
  readonly name: string
}

interface Admin extends User {
  readonly name: "admin"
}

interface Robot {
  readonly id: number
}

class Users extends Context.Tag("Users")<Users, { readonly users: ReadonlyArray<User> }>() {}

class Robots extends Context.Tag("Robots")<Robots, { readonly robots: ReadonlyArray<Robot> }>() {}

class Database extends Context.Tag("Database")<Database, { readonly url: string }>() {}

interface Unknown {
  readonly _tag: "Unknown"
}

declare const findUser: (
  token: OAuth2.Token
) => Effect.Effect<Security.Grant<User>, Unauthorized, Users>
declare const findRobot: (
  key: Secret
) => Effect.Effect<Security.Grant<Robot>, SecurityError.ServiceUnavailable, Robots>

const oauth2 = OAuth2.authorizationCode({
  schemeName: "oauth2",
  authorizationUrl: "https://example.com/auth",
  tokenUrl: "https://example.com/token",
  scopes: { "items:read": "Read items", "items:write": "Create items" }
})
const apiKey = ApiKey.header("X-API-Key", { schemeName: "apiKey" })
const user = oauth2.pipe(Security.authenticate(findUser))
const robot = apiKey.pipe(Security.authenticate(findRobot))
const readers = user.pipe(Security.scopes("items:read"))
const writers = user.pipe(Security.scopes("items:read", "items:write"))
const either = Security.anyOf(readers, robot)

type NeedOAuth2 = readonly [{ readonly oauth2: readonly [] }]
type NeedRead = readonly [{ readonly oauth2: readonly ["items:read"] }]
type NeedEither = readonly [
  { readonly oauth2: readonly ["items:read"] },
  { readonly apiKey: readonly [] }
]
type ProvesOAuth2 = { readonly oauth2: "items:read" | "items:write" }
type ProvesBoth = { readonly oauth2: "items:read" | "items:write"; readonly apiKey: never }
type Of<A, E, R> = Security.Security<A, E, R, NeedOAuth2, ProvesOAuth2>

// ----------------------------------------------------------------------------
// schemes
// ----------------------------------------------------------------------------

type SchemeOf<Name extends string, Credential, Declared extends string = never> = Security.Security<
  Credential,
  Unauthorized,
  HttpServerRequest,
  readonly [{ readonly [N in Name]: readonly [] }],
  { readonly [N in Name]: Bare<Declared> }
>

expectType<SchemeOf<"oauth2", Secret, "items:read" | "items:write">>(oauth2)
expectType<Security.Scheme<"oauth2", OAuth2.Token, "items:read" | "items:write">>(oauth2)
expectType<SchemeOf<"apiKey", Secret>>(apiKey)

// by FastAPI's names, when none is given
expectType<SchemeOf<"APIKeyHeader", Secret>>(ApiKey.header("X-API-Key"))
expectType<SchemeOf<"APIKeyHeader", Secret>>(ApiKey.header("X-API-Key", {}))
expectType<SchemeOf<"APIKeyHeader", Secret, "r">>(ApiKey.header("X", { scopes: { r: "Read" } }))
expectType<SchemeOf<"APIKeyQuery", Secret>>(ApiKey.query("key"))
expectType<SchemeOf<"APIKeyCookie", Secret>>(ApiKey.cookie("key"))
expectType<SchemeOf<"HTTPBasic", HttpBasic.BasicCredentials>>(HttpBasic.make())
expectType<SchemeOf<"HTTPBearer", Http.HttpCredentials>>(HttpBearer.make())
expectType<SchemeOf<"HTTPDigest", HttpDigest.DigestCredentials>>(HttpDigest.make())
const digest = HttpDigest.make({ scopes: { read: "Read" } }).pipe(
  HttpDigest.authenticate({
    findUser: (username) =>
      Effect.as(Database, Option.some({ principal: { username }, ha1: {}, scopes: ["read"] }))
  })
)
expectType<
  Security.Security<
    { username: string },
    SecurityError.Unauthorized | SecurityError.ServiceUnavailable,
    HttpServerRequest | Database | DigestNonces.Store,
    readonly [{ readonly HTTPDigest: readonly [] }],
    { readonly HTTPDigest: "read" }
  >
>(digest)
expectType<readonly [{ readonly HTTPDigest: readonly ["read"] }]>(
  digest.pipe(Security.scopes("read")).requirement
)
// another scheme's credential, and a scheme that is verified
expectError(HttpBasic.make().pipe(HttpDigest.authenticate({ findUser: () => Effect.succeedNone })))
expectError(digest.pipe(HttpDigest.authenticate({ findUser: () => Effect.succeedNone })))
expectType<SchemeOf<"MutualTLS", MutualTls.PeerCertificate>>(MutualTls.make())
expectType<SchemeOf<"DPoP", Http.HttpCredentials>>(Http.scheme("DPoP"))
expectType<SchemeOf<"OpenIdConnect", Secret>>(OpenIdConnect.make({ openIdConnectUrl: "/oidc" }))
expectType<SchemeOf<"OAuth2PasswordBearer", Secret>>(OAuth2.passwordBearer({ tokenUrl: "token" }))
expectType<SchemeOf<"OAuth2AuthorizationCodeBearer", Secret>>(
  OAuth2.authorizationCode({ authorizationUrl: "auth", tokenUrl: "token" })
)
expectType<SchemeOf<"OAuth2ClientCredentialsBearer", Secret>>(
  OAuth2.clientCredentials({ tokenUrl: "token" })
)
expectType<SchemeOf<"OAuth2ImplicitBearer", Secret>>(OAuth2.implicit({ authorizationUrl: "auth" }))
expectType<SchemeOf<"OAuth2DeviceAuthorizationBearer", Secret>>(
  OAuth2.deviceAuthorization({ deviceAuthorizationUrl: "device", tokenUrl: "token" })
)
expectType<SchemeOf<"OAuth2", Secret>>(OAuth2.make({ flows: {} }))

// by one's own
expectType<SchemeOf<"q", Secret, "r">>(
  ApiKey.query("key", { schemeName: "q", scopes: { r: "Read" } })
)
expectType<SchemeOf<"c", Secret, "r">>(
  ApiKey.cookie("key", { schemeName: "c", scopes: { r: "Read" } })
)
expectType<SchemeOf<"b", HttpBasic.BasicCredentials, "admin">>(
  HttpBasic.make({ schemeName: "b", scopes: { admin: "Everything" } })
)
expectType<SchemeOf<"t", Http.HttpCredentials, "r" | "w">>(
  HttpBearer.make({ schemeName: "t", bearerFormat: "JWT", scopes: { r: "Read", w: "Write" } })
)
expectType<SchemeOf<"dpop", Http.HttpCredentials, "r">>(
  Http.scheme("DPoP", { schemeName: "dpop", scopes: { r: "Read" } })
)
expectType<SchemeOf<"oidc", Secret, "openid">>(
  OpenIdConnect.make({
    schemeName: "oidc",
    openIdConnectUrl: "/oidc",
    scopes: { openid: "Who you are" }
  })
)
expectType<SchemeOf<"flows", Secret, "a" | "b" | "c">>(
  OAuth2.make({
    schemeName: "flows",
    flows: {
      password: { tokenUrl: "token", scopes: { a: "A", b: "B" } },
      implicit: { authorizationUrl: "auth", scopes: { b: "B", c: "C" } },
      clientCredentials: { tokenUrl: "token" }
    }
  })
)
expectType<SchemeOf<"webhook", { readonly signature: string }, "r">>(
  Scheme.make({
    schemeName: "webhook",
    scheme: { type: "apiKey", in: "header", name: "X-Signature" },
    extract: (request) => {
      expectType<HttpServerRequest>(request)
      return of<{ readonly signature: string }>()
    },
    scopes: { r: "Read" }
  })
)

// ----------------------------------------------------------------------------
// authenticate
// ----------------------------------------------------------------------------

expectType<Of<User, Unauthorized, HttpServerRequest | Users>>(user)
expectType<Of<User, Unauthorized, HttpServerRequest | Users>>(
  Security.authenticate(oauth2, findUser)
)
expectType<
  Security.Security<
    Robot,
    Unauthorized | SecurityError.ServiceUnavailable,
    HttpServerRequest | Robots,
    readonly [{ readonly apiKey: readonly [] }],
    { readonly apiKey: never }
  >
>(robot)

// callbacks need no annotations
oauth2.pipe(
  Security.authenticate((token, context) => {
    expectType<OAuth2.Token>(token)
    expectType<Security.VerifierContext>(context)
    expectType<ReadonlyArray<string>>(context.scopes)
    expectType<string>(context.scheme)
    expectType<HttpServerRequest>(context.request)
    return Effect.succeed(Security.grant(1))
  })
)
Security.authenticate(oauth2, (token, { request, scheme, scopes }) => {
  expectType<OAuth2.Token>(token)
  expectType<ReadonlyArray<string>>(scopes)
  expectType<string>(scheme)
  expectType<HttpServerRequest>(request)
  return Effect.succeed(Security.grant(1))
})

// branches that are different Effects, as in `Effect.gen`
type Branches = Security.Security<
  User | Robot,
  Unauthorized | Unknown | SecurityError.ServiceUnavailable,
  HttpServerRequest | Users | Robots,
  readonly [{ readonly apiKey: readonly [] }],
  { readonly apiKey: never }
>
declare const condition: boolean
expectType<Branches>(
  apiKey.pipe(
    Security.authenticate((key) => {
      if (condition) return Effect.fail(of<Unknown>())
      return condition ? findUser(key) : findRobot(key)
    })
  )
)
expectType<Branches>(
  Security.authenticate(apiKey, (key) =>
    condition ? findUser(key)
    : condition ? Effect.fail(of<Unknown>())
    : findRobot(key)
  )
)
// one that lets nobody in
expectType<never>(of<Security.Success<typeof nobody>>())
const nobody = apiKey.pipe(Security.authenticate(() => Effect.fail(of<Unknown>())))
// and of which nothing is known
const anyone = apiKey.pipe(Security.authenticate(() => of<any>()))
expectType<unknown>(of<Security.Success<typeof anyone>>())
expectType<unknown>(of<Security.Services<typeof anyone>>())
// the principal of a type parameter
const found = <Principal>(principal: Principal) =>
  apiKey.pipe(Security.authenticate(() => Effect.succeed(Security.grant(principal))))
expectType<User>(of<Security.Success<ReturnType<typeof found<User>>>>())

// over `anyOf` of schemes: one token in a header or a cookie
expectType<
  Security.Security<
    string,
    Unauthorized,
    HttpServerRequest,
    readonly [{ readonly APIKeyHeader: readonly [] }, { readonly APIKeyCookie: readonly [] }],
    { readonly APIKeyHeader: "r" | "w"; readonly APIKeyCookie: "r" }
  >
>(
  Security.anyOf(
    ApiKey.header("X", { scopes: { r: "Read", w: "Write" } }),
    ApiKey.cookie("x", { scopes: { r: "Read" } })
  ).pipe(
    Security.authenticate((key) => {
      expectType<Secret>(key)
      return Effect.succeed(Security.grant("robot"))
    })
  )
)

// a credential may be changed before it is verified
expectType<Of<number, Unauthorized, HttpServerRequest>>(
  oauth2.pipe(
    Security.map(() => 1),
    Security.authenticate((n) => Effect.succeed(Security.grant(n)))
  )
)

expectType<Security.Grant<User>>(Security.grant(of<User>()))
expectType<Security.Grant<User>>(Security.grant(of<User>(), ["items:read"]))
expectType<Security.Grant<{ readonly robot: string }>>(
  Security.grant(of<{ readonly robot: string }>())
)

// ----------------------------------------------------------------------------
// scopes
// ----------------------------------------------------------------------------

type Readers = Security.Security<
  User,
  Unauthorized | Forbidden,
  HttpServerRequest | Users,
  NeedRead,
  ProvesOAuth2
>

expectType<Readers>(readers)
expectType<Readers>(Security.scopes(user, "items:read"))
expectType<Readers>(pipe(user, Security.scopes("items:read")))
expectType<NeedRead>(readers.requirement)
expectType<readonly [{ readonly oauth2: readonly ["items:read", "items:write"] }]>(
  writers.requirement
)
expectType<readonly [{ readonly oauth2: readonly ["items:write", "items:read"] }]>(
  Security.scopes(user, "items:write", "items:read").requirement
)
// they add up, in order, and asking twice changes nothing
expectType<typeof writers>(user.pipe(Security.scopes("items:read"), Security.scopes("items:write")))
expectType<Readers>(readers.pipe(Security.scopes("items:read")))
expectType<Readers>(user.pipe(Security.scopes("items:read", "items:read")))
expectType<NeedOAuth2>(user.pipe(Security.scopes()).requirement)

// wherever the expression is known, and where it is not yet
const readable = Security.scopes("items:read")
expectType<Readers>(user.pipe(readable))
expectType<Readers>(readable(user))
expectType<Readers>(flow(Security.scopes("items:read"))(user))
expectType<Readers>(flow((self: typeof user) => self, Security.scopes("items:read"))(user))
const asReaders: (self: typeof user) => Readers = Security.scopes("items:read")
expectType<Readers>(asReaders(user))
expectType<
  Security.Security<string, Unauthorized | Forbidden, HttpServerRequest, NeedRead, ProvesOAuth2>
>(
  oauth2.pipe(
    Security.authenticate(() => Effect.succeed(Security.grant("johndoe"))),
    Security.scopes("items:read")
  )
)
// three and more, and one of them twice
expectType<readonly [{ readonly oauth2: readonly ["items:write", "items:read"] }]>(
  user.pipe(Security.scopes("items:write", "items:read", "items:write")).requirement
)

// asked of every scheme that declares it
const scopedKey = ApiKey.cookie("key", {
  schemeName: "scopedKey",
  scopes: { "items:read": "Read items" }
}).pipe(Security.authenticate(() => Effect.succeed(Security.grant("robot", ["items:read"]))))
expectType<
  readonly [
    { readonly oauth2: readonly ["items:read"] },
    { readonly scopedKey: readonly ["items:read"] }
  ]
>(Security.anyOf(user, scopedKey).pipe(Security.scopes("items:read")).requirement)
const bothProve = Security.allOf(user, scopedKey).pipe(Security.scopes("items:read"))
expectType<
  readonly [
    { readonly oauth2: readonly ["items:read"]; readonly scopedKey: readonly ["items:read"] }
  ]
>(bothProve.requirement)
expectType<
  readonly [{ readonly oauth2: readonly ["items:write"]; readonly scopedKey: readonly [] }]
>(Security.allOf(user, scopedKey).pipe(Security.scopes("items:write")).requirement)
// an alternative of `allOf(x, optional(y))` that has only `x` proves it, too
expectType<
  readonly [
    { readonly oauth2: readonly ["items:read"]; readonly apiKey: readonly [] },
    { readonly oauth2: readonly ["items:read"] }
  ]
>(Security.allOf(user, Security.optional(robot)).pipe(Security.scopes("items:read")).requirement)
// nobody gets in, and everyone who does has the scope
expectType<readonly []>(Security.deny.pipe(Security.scopes("items:read")).requirement)

// ----------------------------------------------------------------------------
// anyOf
// ----------------------------------------------------------------------------

expectType<
  Security.Security<
    User | Robot,
    Unauthorized | Forbidden | SecurityError.ServiceUnavailable,
    HttpServerRequest | Users | Robots,
    NeedEither,
    ProvesBoth
  >
>(either)
expectType<Readers>(Security.anyOf(readers))
expectType<Security.Security<never, Forbidden, never, readonly [], {}>>(Security.anyOf())
expectType<typeof readers>(Security.anyOf(readers, readers))
// associative, idempotent, `deny` is its unit
expectType<NeedEither>(Security.anyOf(either, readers, robot).requirement)
expectType<NeedEither>(Security.anyOf(Security.deny, readers, Security.deny, robot).requirement)
expectType<typeof either>(Security.anyOf(either, Security.anyOf(readers, robot)))
expectType<
  readonly [{ readonly apiKey: readonly [] }, { readonly oauth2: readonly ["items:read"] }]
>(Security.anyOf(robot, readers).requirement)
// bare in one member and authenticated in another: it proves nothing
const mixed = Security.anyOf(user, oauth2)
expectType<{ readonly oauth2: never }>(of<Security.Grantable<typeof mixed>>())
const mixedNested = Security.anyOf(Security.optional(oauth2), Security.allOf(user, robot))
expectType<{ readonly oauth2: never; readonly apiKey: never }>(
  of<Security.Grantable<typeof mixedNested>>()
)
// of two schemes of one name only what both declare
const narrower = OAuth2.passwordBearer({
  tokenUrl: "token",
  schemeName: "oauth2",
  scopes: { "items:read": "Read items", other: "Something else" }
})
expectType<{ readonly oauth2: Bare<"items:read"> }>(
  of<Security.Grantable<ReturnType<typeof Security.anyOf<[typeof oauth2, typeof narrower]>>>>()
)

// of an unknown number of members the requirement is wide, and `deny` is possible
const spread = Security.anyOf(...of<ReadonlyArray<typeof writers>>())
expectType<Wide>(spread.requirement)
expectType<User>(of<Security.Success<typeof spread>>())
expectType<Unauthorized | Forbidden>(of<Security.Failure<typeof spread>>())
expectError(spread.pipe(Security.scopes("items:read")))
const spreadBare = Security.anyOf(...of<ReadonlyArray<typeof oauth2>>())
expectType<Wide>(spreadBare.requirement)
expectType<Unauthorized | Forbidden>(of<Security.Failure<typeof spreadBare>>())
expectError(spreadBare.pipe(Security.authenticate(findUser)))
expectType<Wide>(Security.anyOf(readers, ...of<ReadonlyArray<typeof readers>>()).requirement)

// ----------------------------------------------------------------------------
// allOf
// ----------------------------------------------------------------------------

const pair = Security.allOf(readers, robot)
expectType<
  Security.Security<
    readonly [User, Robot],
    Unauthorized | Forbidden | SecurityError.ServiceUnavailable,
    HttpServerRequest | Users | Robots,
    readonly [{ readonly oauth2: readonly ["items:read"]; readonly apiKey: readonly [] }],
    ProvesBoth
  >
>(pair)
expectType<Security.Security<readonly [], never, never, readonly [{}], {}>>(Security.allOf())
expectType<
  Security.Security<
    readonly [User],
    Unauthorized | Forbidden,
    HttpServerRequest | Users,
    NeedRead,
    ProvesOAuth2
  >
>(Security.allOf(readers))
// the scopes of both; `public` is its unit, `deny` its zero
expectType<typeof writers.requirement>(
  Security.allOf(readers, user.pipe(Security.scopes("items:write"))).requirement
)
expectType<NeedRead>(Security.allOf(Security.public, readers, Security.public).requirement)
expectType<readonly []>(Security.allOf(readers, Security.deny).requirement)
// the leftmost member varies slowest
expectType<
  readonly [
    { readonly HTTPBasic: readonly []; readonly APIKeyHeader: readonly [] },
    { readonly HTTPBasic: readonly []; readonly APIKeyQuery: readonly [] },
    { readonly MutualTLS: readonly []; readonly APIKeyHeader: readonly [] },
    { readonly MutualTLS: readonly []; readonly APIKeyQuery: readonly [] }
  ]
>(
  Security.allOf(
    Security.anyOf(HttpBasic.make(), MutualTls.make()),
    Security.anyOf(ApiKey.header("X"), ApiKey.query("x"))
  ).requirement
)
expectType<Wide>(Security.allOf(...of<ReadonlyArray<typeof readers>>()).requirement)

// a record gives a record
expectType<
  Security.Security<
    { readonly user: User; readonly robot: Robot },
    Unauthorized | Forbidden | SecurityError.ServiceUnavailable,
    HttpServerRequest | Users | Robots,
    readonly [{ readonly oauth2: readonly ["items:read"]; readonly apiKey: readonly [] }],
    ProvesBoth
  >
>(Security.allOf({ user: readers, robot }))
expectType<Security.Security<{}, never, never, readonly [{}], {}>>(Security.allOf({}))

// its members are taken in the order of their names, whatever the order they were written in
const left = Security.anyOf(HttpBasic.make(), MutualTls.make())
const right = Security.anyOf(ApiKey.header("X"), ApiKey.query("x"))
type LeftFirst = readonly [
  { readonly HTTPBasic: readonly []; readonly APIKeyHeader: readonly [] },
  { readonly HTTPBasic: readonly []; readonly APIKeyQuery: readonly [] },
  { readonly MutualTLS: readonly []; readonly APIKeyHeader: readonly [] },
  { readonly MutualTLS: readonly []; readonly APIKeyQuery: readonly [] }
]
type RightFirst = readonly [
  { readonly HTTPBasic: readonly []; readonly APIKeyHeader: readonly [] },
  { readonly MutualTLS: readonly []; readonly APIKeyHeader: readonly [] },
  { readonly HTTPBasic: readonly []; readonly APIKeyQuery: readonly [] },
  { readonly MutualTLS: readonly []; readonly APIKeyQuery: readonly [] }
]
expectType<LeftFirst>(Security.allOf({ a: left, b: right }).requirement)
expectType<LeftFirst>(Security.allOf({ b: right, a: left }).requirement)
expectType<RightFirst>(Security.allOf({ a: right, b: left }).requirement)
// by UTF-16 code units: capitals first, a prefix before what it begins
expectType<LeftFirst>(Security.allOf({ a: right, B: left }).requirement)
expectType<LeftFirst>(Security.allOf({ ab: right, a: left }).requirement)
expectType<LeftFirst>(Security.allOf({ "a.b": right, "a-b": left }).requirement)
expectType<LeftFirst>(Security.allOf({ a: right, "": left }).requirement)
expectType<RightFirst>(Security.allOf({ _: right, a: left }).requirement)
expectType<LeftFirst>(Security.allOf({ a10: left, a2: right }).requirement)
// where the type can't tell the order, the requirement is wide
expectType<Wide>(Security.allOf({ é: left, è: right }).requirement)
expectType<Wide>(Security.allOf({ 10: left, 2: right }).requirement)
expectType<Wide>(Security.allOf({ a: left, 2: right }).requirement)
expectType<Wide>(Security.allOf({ a: left, [of<symbol>()]: right }).requirement)
expectType<Wide>(Security.allOf(of<Record<string, typeof left>>()).requirement)
expectType<Wide>(Security.allOf(of<Record<`a${string}`, typeof left>>()).requirement)

// ----------------------------------------------------------------------------
// optional, public, deny
// ----------------------------------------------------------------------------

expectType<
  Security.Security<
    Option.Option<User>,
    Unauthorized | Forbidden,
    HttpServerRequest | Users,
    readonly [{ readonly oauth2: readonly ["items:read"] }, {}],
    ProvesOAuth2
  >
>(Security.optional(readers))
expectType<Security.Security<Option.Option<void>, never, never, readonly [{}], {}>>(
  Security.optional(Security.public)
)
expectType<readonly [{}]>(Security.optional(Security.deny).requirement)
expectType<readonly [{ readonly oauth2: readonly ["items:read"] }, {}]>(
  Security.anyOf(readers, Security.public).requirement
)

// no request is needed, and nothing can fail
expectType<Security.Security<void, never, never, readonly [{}], {}>>(Security.public)
expectType<Security.Security<never, Forbidden, never, readonly [], {}>>(Security.deny)

// ----------------------------------------------------------------------------
// policies
// ----------------------------------------------------------------------------

expectType<Of<string, Unauthorized, HttpServerRequest | Users>>(
  user.pipe(
    Security.map((user) => {
      expectType<User>(user)
      return user.name
    })
  )
)
expectType<Of<string, Unauthorized, HttpServerRequest | Users>>(
  Security.map(user, ({ name }) => name)
)

expectType<Of<Robot, Unauthorized | Unknown, HttpServerRequest | Users | Robots>>(
  user.pipe(
    Security.mapEffect((user) => {
      expectType<User>(user)
      return of<Effect.Effect<Robot, Unknown, Robots>>()
    })
  )
)
expectType<Of<Robot, Unauthorized | Unknown, HttpServerRequest | Users | Robots>>(
  Security.mapEffect(user, ({ name: _ }) => of<Effect.Effect<Robot, Unknown, Robots>>())
)

expectType<Of<User, Unauthorized | Unknown, HttpServerRequest | Users | Robots>>(
  user.pipe(
    Security.tap((user) => {
      expectType<User>(user)
      return of<Effect.Effect<Robot, Unknown, Robots>>()
    })
  )
)
expectType<Of<User, Unauthorized | Unknown, HttpServerRequest | Users | Robots>>(
  Security.tap(user, ({ name: _ }) => of<Effect.Effect<Robot, Unknown, Robots>>())
)

const isAdmin = (user: User): user is Admin => user.name === "admin"
expectType<Of<User, Unauthorized | Forbidden, HttpServerRequest | Users>>(
  user.pipe(
    Security.filterOrFail(
      (user) => {
        expectType<User>(user)
        return user.name === "admin"
      },
      (user) => {
        expectType<User>(user)
        return new SecurityError.Forbidden({ message: user.name })
      }
    )
  )
)
expectType<Of<Admin, Unauthorized | Forbidden, HttpServerRequest | Users>>(
  user.pipe(
    Security.filterOrFail(isAdmin, (user) => {
      expectType<User>(user)
      return new SecurityError.Forbidden({ message: user.name })
    })
  )
)
expectType<Of<Admin, Unauthorized | Unknown, HttpServerRequest | Users>>(
  user.pipe(
    Security.filterOrFail(
      (user): user is Admin => user.name === "admin",
      () => of<Unknown>()
    )
  )
)
expectType<Of<User, Unauthorized | Unknown, HttpServerRequest | Users>>(
  Security.filterOrFail(
    user,
    ({ name }) => name === "admin",
    ({ name: _ }) => of<Unknown>()
  )
)
expectType<Of<Admin, Unauthorized | Unknown, HttpServerRequest | Users>>(
  Security.filterOrFail(user, isAdmin, ({ name: _ }) => of<Unknown>())
)

// ----------------------------------------------------------------------------
// errors
// ----------------------------------------------------------------------------

expectType<Of<User, Unknown, HttpServerRequest | Users>>(
  user.pipe(
    Security.mapError((error) => {
      expectType<Unauthorized>(error)
      return of<Unknown>()
    })
  )
)
expectType<Of<User, "absent" | "malformed" | "invalid", HttpServerRequest | Users>>(
  Security.mapError(user, ({ reason }) => reason)
)

const failing = user.pipe(Security.mapEffect(() => of<Effect.Effect<1, Unknown | Forbidden>>()))
expectType<Of<1, Unauthorized | Forbidden | Unknown, HttpServerRequest | Users>>(failing)
expectType<Of<1, Unauthorized | Forbidden, HttpServerRequest | Users>>(failing.pipe(Security.orDie))
expectType<Of<1, Unauthorized | Forbidden, HttpServerRequest | Users>>(Security.orDie(failing))
expectType<Of<User, never, HttpServerRequest | Users>>(
  Security.orDie(Security.mapError(user, () => of<Unknown>()))
)
expectType<typeof user>(Security.orDie(user))
// of an error that nobody knows it may be any of the refusals
expectType<Of<User, SecurityError.Refusal, HttpServerRequest | Users>>(
  Security.orDie(Security.mapError(user, () => of<unknown>()))
)

// ----------------------------------------------------------------------------
// services and spans
// ----------------------------------------------------------------------------

const users: Context.Tag.Service<Users> = { users: [] }
type Provided = Of<User, Unauthorized, HttpServerRequest>

expectType<Provided>(user.pipe(Security.provide(Layer.succeed(Users, users))))
expectType<Provided>(Security.provide(user, Layer.succeed(Users, users)))
expectType<Provided>(user.pipe(Security.provide(Context.make(Users, users))))
expectType<Of<User, Unauthorized | Unknown, HttpServerRequest | Database>>(
  user.pipe(Security.provide(of<Layer.Layer<Users, Unknown, Database>>()))
)
expectType<Of<User, Unauthorized | Unknown, HttpServerRequest | Database>>(
  Security.provide(user, of<Layer.Layer<Users, Unknown, Database>>())
)
expectType<Provided>(user.pipe(Security.provideService(Users, { users: [] })))
expectType<Provided>(Security.provideService(user, Users, { users: [] }))
expectError(user.pipe(Security.provideService(Users, { users: 1 })))
// the request stays the route's
expectType<typeof user>(user.pipe(Security.provide(of<Layer.Layer<HttpServerRequest>>())))
expectType<typeof user>(Security.provide(user, of<Context.Context<HttpServerRequest>>()))

expectType<typeof user>(user.pipe(Security.withSpan("user")))
expectType<typeof user>(Security.withSpan(user, "user"))

// in one pipe
expectType<
  Security.Security<
    string,
    Unknown,
    HttpServerRequest,
    readonly [{ readonly oauth2: readonly ["items:read"] }],
    ProvesOAuth2
  >
>(
  pipe(
    oauth2,
    Security.authenticate(findUser),
    Security.map(({ name }) => name),
    Security.scopes("items:read"),
    Security.filterOrFail(
      (name) => name !== "",
      (name) => new SecurityError.Forbidden({ message: name })
    ),
    Security.provideService(Users, users),
    Security.mapError(({ message: _ }) => of<Unknown>()),
    Security.withSpan("user")
  )
)

// ----------------------------------------------------------------------------
// guard and evidence
// ----------------------------------------------------------------------------

expectType<Effect.Effect<void, never, Granted.Granted<"items:write">>>(
  Security.granted("items:write")
)
expectType<Effect.Effect<void, never, Security.Granted<"items:write">>>(
  Granted.granted("items:write")
)

const write = Effect.as(Security.granted("items:write"), 1)
type Guarded<R> = Effect.Effect<number, Unauthorized | Forbidden, HttpServerRequest | Users | R>

expectType<Guarded<never>>(Security.guard(writers, () => write))
expectType<Guarded<never>>(writers.pipe(Security.guard(() => write)))
expectType<Guarded<never>>(
  pipe(
    writers,
    Security.guard(() => write)
  )
)
expectType<Guarded<Granted.Granted<"items:write">>>(Security.guard(readers, () => write))
expectType<Guarded<Granted.Granted<"items:write">>>(readers.pipe(Security.guard(() => write)))
// a scope that some alternative asks for, and not each
const someWriters = Security.anyOf(writers, user)
expectType<Guarded<Granted.Granted<"items:write">>>(Security.guard(someWriters, () => write))
expectType<Guarded<Granted.Granted<"items:write">>>(someWriters.pipe(Security.guard(() => write)))

// principal and context need no annotations
expectType<Effect.Effect<string, Unauthorized | Unknown, HttpServerRequest | Users | Robots>>(
  Security.guard(user, (user, context) => {
    expectType<User>(user)
    expectType<Security.GuardContext>(context)
    expectType<Wide>(context.requirement)
    expectType<ReadonlyArray<string>>(context.scopes)
    return of<Effect.Effect<string, Unknown, Robots>>()
  })
)
user.pipe(
  Security.guard((user, { requirement, scopes }) => {
    expectType<User>(user)
    expectType<Wide>(requirement)
    expectType<ReadonlyArray<string>>(scopes)
    return Effect.void
  })
)

// branches that are different Effects
const branches = (_: User) =>
  condition ? write
  : condition ? Effect.fail(of<Unknown>())
  : of<Effect.Effect<User, SecurityError.ServiceUnavailable, Robots>>()
type OfBranches<R> = Effect.Effect<
  number | User,
  Unauthorized | Forbidden | Unknown | SecurityError.ServiceUnavailable,
  HttpServerRequest | Users | Robots | R
>
expectType<OfBranches<never>>(Security.guard(writers, branches))
expectType<OfBranches<never>>(writers.pipe(Security.guard((user) => branches(user))))
expectType<OfBranches<Granted.Granted<"items:write">>>(Security.guard(readers, branches))
expectType<
  Security.Security<
    number | User,
    Unauthorized | Unknown | SecurityError.ServiceUnavailable,
    HttpServerRequest | Users | Robots | Granted.Granted<"items:write">,
    NeedOAuth2,
    ProvesOAuth2
  >
>(user.pipe(Security.mapEffect(branches)))
expectType<
  Of<
    User,
    Unauthorized | Unknown | SecurityError.ServiceUnavailable,
    HttpServerRequest | Users | Robots | Granted.Granted<"items:write">
  >
>(user.pipe(Security.tap((user) => branches(user))))
expectError(Security.guard(user, () => 1))
// it would take the context for its options
expectError(Security.guard(user, HttpServerResponse.json))
Security.guard(user, (who) => HttpServerResponse.json(who))

// the scopes that hold in every alternative, and no other
const readOrBoth = Security.anyOf(writers, Security.allOf(readers, robot))
const read = Effect.as(Security.granted("items:read"), 1)
type LeftOver<Self> =
  Self extends Effect.Effect<unknown, unknown, infer R> ?
    Extract<R, { readonly [N in keyof Granted.Granted<string>]: unknown }>
  : never
declare const leftOver: <Self>(self: Self) => LeftOver<Self>

expectType<never>(leftOver(Security.guard(readOrBoth, () => read)))
expectType<Granted.Granted<"items:write">>(leftOver(Security.guard(readOrBoth, () => write)))
expectType<Granted.Granted<"items:write">>(
  leftOver(Security.guard(readOrBoth, () => Effect.zipRight(read, write)))
)
expectType<never>(leftOver(Security.guard(bothProve, () => read)))
expectType<Granted.Granted<"items:read">>(leftOver(Security.guard(either, () => read)))
expectType<never>(
  leftOver(Security.guard(Security.allOf(writers, Security.optional(robot)), () => write))
)
expectType<Granted.Granted<"items:write">>(leftOver(Security.guard(Security.public, () => write)))
expectType<Granted.Granted<"items:write">>(
  leftOver(Security.guard(Security.optional(writers), () => write))
)

// the evidence of a requirement is taken out of an `R`, and nothing else
type Write = Granted.Granted<"items:write">
type Read = Granted.Granted<"items:read">
type NeedWrite = typeof writers.requirement
expectType<Users>(of<Granted.LeftOver<Users | Read | Write, NeedWrite>>())
expectType<Users | Write>(of<Granted.LeftOver<Users | Read | Write, NeedRead>>())
expectType<Users>(of<Granted.LeftOver<Users, NeedRead>>())
expectType<never>(of<Granted.LeftOver<never, NeedRead>>())
expectType<unknown>(of<Granted.LeftOver<unknown, NeedRead>>())
expectType<any>(of<Granted.LeftOver<any, NeedRead>>())
expectType<Read | Write>(of<Granted.LeftOver<Read | Write, NeedEither>>())
expectType<Read | Write>(of<Granted.LeftOver<Read | Write, Wide>>())
expectType<Read | Write>(of<Granted.LeftOver<Read | Write, any>>())
expectType<Read | Write>(of<Granted.LeftOver<Read | Write, unknown>>())
expectType<Read | Write>(of<Granted.LeftOver<Read | Write, never>>())
expectType<Granted.Granted<"items:read" | "items:write">>(
  of<Granted.LeftOver<Granted.Granted<"items:read" | "items:write">, NeedWrite>>()
)

// a policy keeps what was proven
expectType<never>(
  leftOver(
    writers.pipe(
      Security.map(({ name }) => name),
      Security.mapEffect((name) => Effect.succeed(name.length)),
      Security.mapError(() => of<Unknown>()),
      Security.guard(() => write)
    )
  )
)

// ----------------------------------------------------------------------------
// an expression is an Effect
// ----------------------------------------------------------------------------

expectAssignable<Effect.Effect<User, Unauthorized | Forbidden, HttpServerRequest | Users>>(readers)
expectType<Effect.Effect<string, Unauthorized | Forbidden, HttpServerRequest | Users>>(
  Effect.flatMap(readers, (user) => {
    expectType<User>(user)
    return Effect.succeed(user.name)
  })
)
expectType<
  Effect.Effect<Either.Either<User, Unauthorized | Forbidden>, never, HttpServerRequest | Users>
>(Effect.either(readers))
expectType<Effect.Effect<Either.Either<User, Unauthorized>, never, HttpServerRequest | Users>>(
  user.pipe(Effect.either)
)
expectType<Effect.Effect<User, Unauthorized | Forbidden, HttpServerRequest>>(
  readers.pipe(Effect.provide(Layer.succeed(Users, users)))
)
expectType<Effect.Effect<User, Unauthorized, Users>>(
  Effect.provide(user, of<Layer.Layer<HttpServerRequest>>())
)
expectType<Effect.Effect<User, Forbidden, HttpServerRequest | Users>>(
  Effect.catchTag(readers, "Unauthorized", () => Effect.succeed(of<User>()))
)
expectType<
  Effect.Effect<
    readonly [User, Robot],
    Unauthorized | Forbidden | SecurityError.ServiceUnavailable,
    HttpServerRequest | Users | Robots
  >
>(
  Effect.gen(function* () {
    const user = yield* readers
    expectType<User>(user)
    return [user, yield* robot] as const
  })
)
expectType<Effect.Effect<void>>(
  Effect.gen(function* () {
    return yield* Security.public
  })
)

// `Unify` finds the Effect that it is
expectType<Effect.Effect<User, Unauthorized | Forbidden, HttpServerRequest | Users>>(
  Unify.unify(readers)
)

// ----------------------------------------------------------------------------
// extractors
// ----------------------------------------------------------------------------

expectType<User | Robot>(of<Security.Success<typeof either>>())
expectType<void>(of<Security.Success<typeof Security.public>>())
expectType<never>(of<Security.Success<typeof Security.deny>>())
expectType<never>(of<Security.Success<never>>())
expectType<unknown>(of<Security.Success<any>>())
expectType<unknown>(of<Security.Success<Security.Top>>())
expectType<never>(of<Security.Success<1>>())

expectType<Unauthorized | Forbidden | SecurityError.ServiceUnavailable>(
  of<Security.Failure<typeof either>>()
)
expectType<never>(of<Security.Failure<typeof Security.public>>())
expectType<Forbidden>(of<Security.Failure<typeof Security.deny>>())
expectType<never>(of<Security.Failure<never>>())
expectType<unknown>(of<Security.Failure<any>>())
expectType<unknown>(of<Security.Failure<Security.Top>>())

expectType<HttpServerRequest | Users | Robots>(of<Security.Services<typeof either>>())
expectType<never>(of<Security.Services<typeof Security.public>>())
expectType<never>(of<Security.Services<typeof Security.deny>>())
expectType<never>(of<Security.Services<never>>())
expectType<unknown>(of<Security.Services<any>>())
expectType<unknown>(of<Security.Services<Security.Top>>())

expectType<NeedEither>(of<Security.Requirement<typeof either>>())
expectType<never>(of<Security.Requirement<never>>())
expectType<any>(of<Security.Requirement<any>>())
expectType<Wide>(of<Security.Requirement<Security.Top>>())

type SchemeObject = SecurityScheme.SecurityScheme
expectType<{ readonly oauth2: SchemeObject; readonly apiKey: SchemeObject }>(
  of<Security.Schemes<typeof either>>()
)
expectType<{}>(of<Security.Schemes<typeof Security.public>>())
expectType<{}>(of<Security.Schemes<typeof Security.deny>>())
expectType<never>(of<Security.Schemes<never>>())
expectType<any>(of<Security.Schemes<any>>())
expectType<{ readonly [name: string]: SchemeObject }>(of<Security.Schemes<Security.Top>>())
expectType<SchemeObject>(either.schemes.apiKey)
expectError(either.schemes.other)

expectType<"items:read">(of<Security.Scopes<typeof either>>())
expectType<"items:read" | "items:write">(of<Security.Scopes<typeof writers>>())
expectType<never>(of<Security.Scopes<typeof user>>())
expectType<never>(of<Security.Scopes<never>>())
expectType<any>(of<Security.Scopes<any>>())
expectType<string>(of<Security.Scopes<Security.Top>>())

expectType<ProvesBoth>(of<Security.Grantable<typeof either>>())
expectType<{ readonly oauth2: Bare<"items:read" | "items:write"> }>(
  of<Security.Grantable<typeof oauth2>>()
)
expectType<{}>(of<Security.Grantable<typeof Security.public>>())
expectType<never>(of<Security.Grantable<never>>())
expectType<SecurityRequirement.Grantable>(of<Security.Grantable<any>>())
expectType<never>(of<Security.Grantable<Security.Top>>())
expectType<never>(of<Security.Grantable<1>>())

// ----------------------------------------------------------------------------
// Top, and variance
// ----------------------------------------------------------------------------

expectAssignable<Security.Top>(oauth2)
expectAssignable<Security.Top>(user)
expectAssignable<Security.Top>(either)
expectAssignable<Security.Top>(pair)
expectAssignable<Security.Top>(Security.public)
expectAssignable<Security.Top>(Security.deny)
expectAssignable<Security.Top>(Security.optional(readers))
expectAssignable<Security.Top>(failing)
expectAssignable<Security.Top>(spread)
expectAssignable<Security.Top>(of<Security.Security<User, Unknown, Users, Wide, {}>>())
expectAssignable<Security.Top>(
  of<Security.Security<never, never, never, never, SecurityRequirement.Grantable>>()
)
expectNotAssignable<Security.Top>(Effect.void)
expectNotAssignable<Security.Top>(of<Effect.Effect<User, Unauthorized, HttpServerRequest>>())
expectNotAssignable<typeof user>(of<Security.Top>())
expectNotAssignable<typeof user>(of<Effect.Effect<User, Unauthorized, HttpServerRequest | Users>>())

type UserAs<Need extends Wide, Proves extends SecurityRequirement.Grantable> = Security.Security<
  User,
  Unauthorized,
  HttpServerRequest | Users,
  Need,
  Proves
>
// covariant in what an Effect is covariant in
expectAssignable<Of<unknown, unknown, HttpServerRequest | Users | Robots>>(user)
expectAssignable<UserAs<NeedOAuth2, ProvesOAuth2>>(user)
expectNotAssignable<Of<Admin, Unauthorized, HttpServerRequest | Users>>(user)
expectNotAssignable<Of<User, never, HttpServerRequest | Users>>(user)
expectNotAssignable<Of<User, Unauthorized, HttpServerRequest>>(user)
// by annotation alone nothing comes to prove more, or less
expectNotAssignable<UserAs<NeedOAuth2, { readonly oauth2: "items:read" | "items:write" | "x" }>>(
  user
)
expectNotAssignable<UserAs<NeedOAuth2, { readonly oauth2: "items:read" }>>(user)
expectNotAssignable<UserAs<NeedOAuth2, { readonly oauth2: string }>>(user)
expectNotAssignable<UserAs<NeedOAuth2, { readonly oauth2?: "items:read" | "items:write" }>>(user)
expectNotAssignable<UserAs<NeedOAuth2, ProvesBoth>>(user)
expectNotAssignable<UserAs<NeedOAuth2, {}>>(user)
expectNotAssignable<UserAs<NeedOAuth2, SecurityRequirement.Grantable>>(user)
expectNotAssignable<UserAs<NeedRead, ProvesOAuth2>>(user)
expectNotAssignable<UserAs<Wide, ProvesOAuth2>>(user)
expectNotAssignable<UserAs<readonly [{ readonly oauth2: ReadonlyArray<string> }], ProvesOAuth2>>(
  user
)
expectNotAssignable<UserAs<readonly [{ readonly oauth2: readonly [] }, {}], ProvesOAuth2>>(user)
expectNotAssignable<UserAs<readonly [{}], ProvesOAuth2>>(user)
expectNotAssignable<UserAs<[{ oauth2: [] }], ProvesOAuth2>>(user)
expectNotAssignable<Security.Scheme<"oauth2", OAuth2.Token, "items:read">>(oauth2)
expectNotAssignable<Security.Scheme<"other", OAuth2.Token, "items:read" | "items:write">>(oauth2)

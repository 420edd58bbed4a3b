// What must not compile, and what compiles and proves nothing: each way to fool the types.
// The texts of the errors are checked by test/type-errors.test.ts.
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import {
  ApiKey,
  Granted,
  Http,
  HttpBasic,
  HttpBearer,
  OAuth2,
  OpenIdConnect,
  Scheme,
  Security,
  SecurityRequirement
} from "effect-security"
import { Effect, Option, pipe } from "effect"
import { expectError, expectNotAssignable, expectType } from "tsd"

// ----------------------------------------------------------------------------
// fixtures
// ----------------------------------------------------------------------------

/** A value of a type, which is all that `expectType` needs. */
declare const of: <A>() => A

declare const condition: boolean
declare const text: string
declare const pattern: `items:${string}`
declare const union: "items:read" | "items:write"

const verify = () => Effect.succeed(Security.grant({ name: "johndoe" }))

const oauth2 = OAuth2.authorizationCode({
  schemeName: "oauth2",
  authorizationUrl: "https://example.com/auth",
  tokenUrl: "https://example.com/token",
  scopes: { "items:read": "Read items", "items:write": "Create items" }
})
const apiKey = ApiKey.header("X-API-Key", { schemeName: "apiKey" })
const user = oauth2.pipe(Security.authenticate(verify))
const robot = apiKey.pipe(Security.authenticate(verify))
const readers = user.pipe(Security.scopes("items:read"))
const writers = user.pipe(Security.scopes("items:read", "items:write"))

/** The evidence that is left in the `R` of a handler. */
declare const leftOver: <A, E, R>(
  self: Effect.Effect<A, E, R>
) => Extract<R, { readonly [N in keyof Granted.Granted<string>]: unknown }>

const write = () => Security.granted("items:write")
type Write = Granted.Granted<"items:write">

expectType<never>(leftOver(Security.guard(writers, write)))
expectType<Write>(leftOver(Security.guard(readers, write)))

// ----------------------------------------------------------------------------
// scopes that can't be proven
// ----------------------------------------------------------------------------

expectError(user.pipe(Security.scopes("items:delete")))
expectError(user.pipe(Security.scopes("items:read", "items:delete")))
expectError(Security.scopes(user, "items:delete"))
expectError(Security.scopes(user, "items:read", "items:delete"))
// one alternative can't
expectError(Security.anyOf(user, robot).pipe(Security.scopes("items:read")))
expectError(Security.scopes(Security.anyOf(user, robot), "items:read"))
// no verifier has seen the scheme
expectError(oauth2.pipe(Security.scopes("items:read")))
expectError(Security.scopes(oauth2, "items:read"))
// nobody has to present anything
expectError(Security.optional(user).pipe(Security.scopes("items:read")))
expectError(Security.public.pipe(Security.scopes("items:read")))
expectError(Security.anyOf(user, Security.public).pipe(Security.scopes("items:read")))
expectError(
  Security.anyOf(user, Security.allOf(robot, Security.optional(user))).pipe(
    Security.scopes("items:read")
  )
)

// bare in one member and authenticated in another
expectError(Security.anyOf(user, oauth2).pipe(Security.scopes("items:read")))
expectError(Security.anyOf(oauth2, user).pipe(Security.scopes("items:read")))
expectError(Security.scopes(Security.anyOf(oauth2, user), "items:read"))
expectError(Security.allOf(oauth2, user).pipe(Security.scopes("items:read")))
expectError(Security.allOf({ a: oauth2, b: user }).pipe(Security.scopes("items:read")))
expectError(Security.anyOf(user, Security.anyOf(robot, oauth2)).pipe(Security.scopes("items:read")))
expectError(Security.anyOf(user, Security.optional(oauth2)).pipe(Security.scopes("items:read")))

// a name that two schemes share proves only what both declare
const reader = OAuth2.passwordBearer({
  tokenUrl: "token",
  schemeName: "oauth2",
  scopes: { "items:read": "Read items" }
}).pipe(Security.authenticate(verify))
expectError(Security.anyOf(user, reader).pipe(Security.scopes("items:write")))

// one of several expressions, or any
expectError(pipe(condition ? user : oauth2, Security.scopes("items:read")))
expectError(pipe(condition ? user : robot, Security.scopes("items:read")))
expectError(pipe(condition ? user : readers, Security.scopes("items:read")))
expectError(pipe(condition ? user : reader, Security.scopes("items:write")))
expectError(pipe(of<Security.Top>(), Security.scopes("items:read")))
expectError(Security.scopes("items:delete")(user))
expectError<(self: typeof robot) => unknown>(Security.scopes("items:read"))

// ----------------------------------------------------------------------------
// scopes that are not single literals
// ----------------------------------------------------------------------------

expectError(user.pipe(Security.scopes(union)))
expectError(user.pipe(Security.scopes(condition ? "items:read" : "items:write")))
expectError(user.pipe(Security.scopes("items:read", union)))
expectError(user.pipe(Security.scopes(text)))
expectError(user.pipe(Security.scopes(pattern)))
expectError(user.pipe(Security.scopes(of<any>())))
expectError(Security.scopes(user, union))
expectError(Security.scopes(user, condition ? "items:read" : "items:write"))
expectError(Security.scopes(user, text))
expectError(Security.scopes(user, pattern))
expectError(Security.scopes(user, of<any>()))
expectError(Security.scopes(user, "items:read", of<any>()))
expectError(Security.scopes(user, "items:read", "items:write", "items:read", of<any>()))
expectError(Security.scopes(user, "items:read", "items:write", "items:read", union))
expectError(user.pipe(Security.scopes("items:read", "items:write", "items:read", union)))
expectError(user.pipe(Security.scopes<readonly ["items:read" | "items:write"]>("items:read")))
expectError(user.pipe(Security.scopes<typeof user, "items:read" | "items:write">("items:read")))

// of an unknown number, or one of several tuples
expectError(user.pipe(Security.scopes(...of<ReadonlyArray<"items:read">>())))
expectError(user.pipe(Security.scopes(...of<ReadonlyArray<string>>())))
expectError(user.pipe(Security.scopes(...of<["items:read", ...Array<"items:write">]>())))
expectError(user.pipe(Security.scopes(...of<[...Array<"items:write">, "items:read"]>())))
expectError(user.pipe(Security.scopes(...of<["items:read", "items:write"?]>())))
expectError(user.pipe(Security.scopes(...of<["items:read"] | ["items:write"]>())))
expectError(user.pipe(Security.scopes(...of<["items:read"] | ["items:read", "items:write"]>())))
expectError(user.pipe(Security.scopes(...of<any>())))
expectError(Security.scopes(user, ...of<ReadonlyArray<"items:read">>()))
expectError(Security.scopes(user, ...of<["items:read", ...Array<"items:write">]>()))
expectError(Security.scopes(user, ...of<["items:read", "items:write"?]>()))
expectError(Security.scopes(user, ...of<["items:read"] | ["items:write"]>()))

// whatever is known of the expression
expectError(pipe(user, Security.scopes(union)))
expectError(pipe(user, Security.scopes("items:read", union)))
expectError(pipe(user, Security.scopes(union, "items:read")))
expectError(pipe(user, Security.scopes("items:read", "items:write", union)))
expectError(Security.scopes(union))
expectError(Security.scopes("items:read", text))

// of a type parameter
const generic = <S extends "items:read" | "items:write">(scope: S) => {
  expectError(user.pipe(Security.scopes(scope)))
  expectError(Security.scopes(user, scope))
  expectError(Security.granted(scope))
}
expectType<void>(generic("items:read"))

// ----------------------------------------------------------------------------
// scopes that are not declared one by one
// ----------------------------------------------------------------------------

const anything = OAuth2.passwordBearer({
  tokenUrl: "token",
  scopes: of<Record<string, string>>()
}).pipe(Security.authenticate(verify))
expectError(anything.pipe(Security.scopes("items:read")))
expectError(Security.scopes(anything, "items:read"))

const items = HttpBearer.make({ scopes: of<Record<`items:${string}`, string>>() }).pipe(
  Security.authenticate(verify)
)
expectError(items.pipe(Security.scopes("items:read")))
expectError(Security.scopes(items, "items:read"))

const itemsAndAdmin = HttpBearer.make({
  scopes: of<Record<`items:${string}`, string> & { readonly admin: string }>()
}).pipe(Security.authenticate(verify))
expectError(itemsAndAdmin.pipe(Security.scopes("items:read")))
expectType<readonly [{ readonly HTTPBearer: readonly ["admin"] }]>(
  itemsAndAdmin.pipe(Security.scopes("admin")).requirement
)

// one of two records, or a record that may lack a scope
expectError(
  OAuth2.passwordBearer({ tokenUrl: "token", scopes: condition ? { a: "A" } : { b: "B" } })
)
expectError(HttpBasic.make({ scopes: of<{ readonly a: string; readonly b?: string }>() }))

type Token<Scopes> = { readonly tokenUrl: string; readonly scopes: Scopes }
expectError(
  OAuth2.make({ flows: of<{ readonly password: Token<Record<string, string>> }>() }).pipe(
    Security.authenticate(verify),
    Security.scopes("a")
  )
)
expectError(
  OAuth2.make({ flows: of<{ readonly password: Token<{ readonly a?: string }> }>() }).pipe(
    Security.authenticate(verify),
    Security.scopes("a")
  )
)
expectError(
  OAuth2.make({ flows: of<{ readonly password?: Token<{ readonly a: string }> }>() }).pipe(
    Security.authenticate(verify),
    Security.scopes("a")
  )
)
expectError(
  OAuth2.make({
    flows: {
      password: { tokenUrl: "token", scopes: condition ? { a: "A" } : { b: "B" } }
    }
  }).pipe(Security.authenticate(verify), Security.scopes("a"))
)
expectError(
  OAuth2.make({
    flows:
      condition ?
        { password: { tokenUrl: "token", scopes: { a: "A" } } }
      : { password: { tokenUrl: "token", scopes: { b: "B" } } }
  }).pipe(Security.authenticate(verify), Security.scopes("a"))
)
// one flow declares what another does not: the scheme does
expectType<readonly [{ readonly OAuth2: readonly ["a"] }]>(
  OAuth2.make({
    flows: {
      password: { tokenUrl: "token", scopes: { a: "A" } },
      implicit: { authorizationUrl: "auth", scopes: of<Record<string, string>>() }
    }
  }).pipe(Security.authenticate(verify), Security.scopes("a")).requirement
)

// ----------------------------------------------------------------------------
// names that are not single literals
// ----------------------------------------------------------------------------

declare const nameUnion: "a" | "b"
declare const namePattern: `a${string}`

expectError(ApiKey.header("X", { schemeName: nameUnion }))
expectError(ApiKey.header("X", { schemeName: text }))
expectError(ApiKey.header("X", { schemeName: namePattern }))
expectError(ApiKey.header("X", condition ? { schemeName: "a" } : { schemeName: "b" }))
// without options the name would be the default's
expectError(ApiKey.header("X", condition ? { schemeName: "a" } : undefined))
expectError(HttpBasic.make(condition ? { schemeName: "a" } : undefined))
expectError(ApiKey.query("x", { schemeName: nameUnion }))
expectError(ApiKey.cookie("x", { schemeName: text }))
expectError(HttpBasic.make({ schemeName: nameUnion }))
expectError(HttpBearer.make({ schemeName: namePattern }))
expectError(Http.scheme("DPoP", { schemeName: nameUnion }))
expectError(Http.scheme(condition ? "DPoP" : "HOBA"))
expectError(Http.scheme(text))
expectError(OpenIdConnect.make({ openIdConnectUrl: "/oidc", schemeName: nameUnion }))
expectError(OAuth2.passwordBearer({ tokenUrl: "token", schemeName: nameUnion }))
expectError(
  OAuth2.authorizationCode({ authorizationUrl: "auth", tokenUrl: "token", schemeName: text })
)
expectError(OAuth2.clientCredentials({ tokenUrl: "token", schemeName: namePattern }))
expectError(OAuth2.implicit({ authorizationUrl: "auth", schemeName: nameUnion }))
expectError(
  OAuth2.deviceAuthorization({
    deviceAuthorizationUrl: "device",
    tokenUrl: "token",
    schemeName: nameUnion
  })
)
expectError(OAuth2.make({ flows: {}, schemeName: nameUnion }))
expectError(
  Scheme.make({
    schemeName: nameUnion,
    scheme: { type: "apiKey", in: "header", name: "X" },
    extract: () => 1
  })
)
const named = <Name extends "a" | "b">(schemeName: Name) => {
  expectError(ApiKey.header("X", { schemeName }))
}
expectType<void>(named("a"))

// a name that may not be given: the scheme may have the default
expectError(ApiKey.header("X", condition ? { schemeName: "a" } : {}))
expectError(ApiKey.header("X", of<{ readonly schemeName?: "a" }>()))
expectError(HttpBasic.make(of<{ readonly schemeName?: "a" }>()))
expectError(OAuth2.passwordBearer(of<{ tokenUrl: string; schemeName?: "a" }>()))
expectType<readonly [{ readonly APIKeyHeader: readonly [] }]>(
  ApiKey.header("X", of<{ readonly schemeName?: "APIKeyHeader" }>()).requirement
)

// ----------------------------------------------------------------------------
// the type that is expected
// ----------------------------------------------------------------------------

// names, scopes and requirements are inferred from what is given, not from what is wished for
expectError<Security.Scheme<"other", OAuth2.Token>>(ApiKey.header("X"))
expectError<Security.Scheme<"APIKeyHeader", OAuth2.Token, "admin">>(ApiKey.header("X"))
expectError<Security.Scheme<"OAuth2PasswordBearer", OAuth2.Token, "admin">>(
  OAuth2.passwordBearer({ tokenUrl: "token" })
)
expectError<Security.Scheme<"OAuth2", OAuth2.Token, "admin">>(OAuth2.make({ flows: {} }))
expectError<Security.Scheme<"own", number, "admin">>(
  Scheme.make({
    schemeName: "own",
    scheme: { type: "apiKey", in: "header", name: "X" },
    extract: () => 1
  })
)
type Proving<
  Need extends SecurityRequirement.SecurityRequirement,
  Scope extends string
> = Security.Security<
  { readonly name: string },
  unknown,
  HttpServerRequest,
  Need,
  { readonly oauth2: Scope }
>
expectError<Proving<readonly [{ readonly oauth2: readonly [] }], "admin">>(
  oauth2.pipe(Security.authenticate(verify))
)
expectError<Proving<readonly [{ readonly oauth2: readonly [] }], "admin">>(
  Security.authenticate(oauth2, verify)
)
expectError<
  Proving<readonly [{ readonly oauth2: readonly ["items:write"] }], "items:read" | "items:write">
>(user.pipe(Security.scopes("items:read")))
expectError<
  Proving<readonly [{ readonly oauth2: readonly ["items:read"] }], "items:read" | "items:write">
>(Security.anyOf(user))
expectError<Effect.Effect<void, never, Granted.Granted<"a" | "b">>>(Security.granted("a"))
expectError<Effect.Effect<void, unknown, HttpServerRequest>>(Security.guard(readers, write))

// ----------------------------------------------------------------------------
// authenticate
// ----------------------------------------------------------------------------

expectError(user.pipe(Security.authenticate(verify)))
expectError(Security.authenticate(user, verify))
expectError(Security.public.pipe(Security.authenticate(verify)))
expectError(Security.optional(apiKey).pipe(Security.authenticate(verify)))
expectError(Security.allOf(oauth2, apiKey).pipe(Security.authenticate(verify)))
expectError(Security.allOf({ oauth2, apiKey }).pipe(Security.authenticate(verify)))
expectError(Security.anyOf(oauth2, robot).pipe(Security.authenticate(verify)))
expectError(Security.anyOf(user, oauth2).pipe(Security.authenticate(verify)))
expectError(
  Security.anyOf(oauth2, Security.allOf(apiKey, HttpBasic.make())).pipe(
    Security.authenticate(verify)
  )
)
// not of the credential, not a grant
expectError(oauth2.pipe(Security.authenticate((_: number) => verify())))
expectError(oauth2.pipe(Security.authenticate(() => Effect.succeed("johndoe"))))
expectError(oauth2.pipe(Security.authenticate(() => Security.grant("johndoe"))))

// ----------------------------------------------------------------------------
// what is no expression
// ----------------------------------------------------------------------------

expectError(Security.anyOf(user, Effect.void))
expectError(Security.allOf(user, Effect.void))
expectError(Security.allOf({ user, other: Effect.void }))
expectError(Security.allOf([user, robot]))
expectError(Security.optional(Effect.void))
expectError(Security.map(Effect.void, () => 1))
expectError(Security.guard(Effect.void, () => Effect.void))
expectError(Security.scopes(Effect.void, "items:read"))
expectError(Security.guard(of<Security.Top>(), write))
expectError(Security.map(of<Security.Top>(), () => 1))

// ----------------------------------------------------------------------------
// one of several expressions
// ----------------------------------------------------------------------------

expectError(Security.guard(condition ? writers : robot, write))
expectError((condition ? writers : readers).pipe(Security.guard(write)))
expectError(Security.guard(condition ? writers : Security.public, write))

// in anyOf and allOf: nobody can say which, so nothing is guaranteed, and nothing can be proven
const eitherOne = condition ? writers : robot
expectType<SecurityRequirement.SecurityRequirement>(Security.anyOf(eitherOne).requirement)
expectType<SecurityRequirement.SecurityRequirement>(Security.anyOf(readers, eitherOne).requirement)
expectType<SecurityRequirement.SecurityRequirement>(Security.allOf(eitherOne).requirement)
expectType<SecurityRequirement.SecurityRequirement>(Security.allOf({ eitherOne }).requirement)
expectType<Write>(leftOver(Security.guard(Security.anyOf(eitherOne), write)))
expectType<Write>(leftOver(Security.guard(Security.anyOf(writers, eitherOne), write)))
expectType<Write>(leftOver(Security.guard(Security.allOf(eitherOne), write)))
expectType<Write>(leftOver(Security.guard(Security.allOf(readers, eitherOne), write)))
expectType<Write>(leftOver(Security.guard(Security.allOf({ eitherOne }), write)))
expectType<Write>(leftOver(Security.anyOf(eitherOne).pipe(Security.guard(write))))
expectError(Security.anyOf(condition ? user : oauth2).pipe(Security.scopes("items:read")))
expectError(Security.anyOf(condition ? user : reader).pipe(Security.scopes("items:read")))
const oneOfTwo = of<readonly [typeof writers] | readonly [typeof robot]>()
expectType<SecurityRequirement.SecurityRequirement>(Security.anyOf(...oneOfTwo).requirement)
expectType<Write>(leftOver(Security.guard(Security.anyOf(...oneOfTwo), write)))
expectType<Write>(leftOver(Security.guard(Security.allOf(...oneOfTwo), write)))
expectType<Write>(
  leftOver(Security.guard(Security.allOf(condition ? { a: writers } : { a: robot }), write))
)
expectType<Write>(
  leftOver(Security.guard(Security.allOf(condition ? { a: writers } : { b: robot }), write))
)

// of an unknown number, or maybe not there
const many = of<ReadonlyArray<typeof writers>>()
expectType<Write>(leftOver(Security.guard(Security.anyOf(...many), write)))
expectType<Write>(leftOver(Security.guard(Security.anyOf(writers, ...many), write)))
expectType<Write>(leftOver(Security.guard(Security.allOf(...many), write)))
expectType<Write>(leftOver(Security.guard(Security.allOf(writers, ...many), write)))
expectError(Security.anyOf(...of<[typeof robot, typeof writers?]>()))
expectError(Security.allOf(...of<[typeof robot, typeof writers?]>()))
expectType<Write>(
  leftOver(
    Security.guard(
      Security.allOf(of<{ readonly a: typeof robot; readonly b?: typeof writers }>()),
      write
    )
  )
)
expectType<Write>(
  leftOver(Security.guard(Security.allOf(of<Record<string, typeof writers>>()), write))
)
expectType<Write>(
  leftOver(Security.guard(Security.allOf(of<Record<`a${string}`, typeof writers>>()), write))
)

// ----------------------------------------------------------------------------
// evidence
// ----------------------------------------------------------------------------

// it holds in one alternative only
expectType<Write>(
  leftOver(Security.guard(Security.anyOf(writers, Security.allOf(readers, robot)), write))
)
expectType<Write>(leftOver(Security.guard(Security.anyOf(writers, robot), write)))
expectType<Write>(leftOver(Security.guard(Security.anyOf(writers, Security.public), write)))
expectType<Write>(leftOver(Security.guard(Security.optional(writers), write)))
expectType<Write>(
  leftOver(
    Security.guard(
      Security.optional(
        writers.pipe(
          Security.map(({ name }) => name),
          Security.mapEffect(Effect.succeed)
        )
      ),
      write
    )
  )
)
expectType<Write>(
  leftOver(Security.guard(Security.optional(writers).pipe(Security.map(Option.getOrThrow)), write))
)
expectType<Write>(leftOver(Security.guard(Security.public, write)))
expectType<Write>(leftOver(Security.guard(Security.deny, write)))
expectType<Write>(leftOver(Security.guard(oauth2, write)))
expectType<Write>(leftOver(Security.guard(user, write)))

// evidence of one scope is no evidence of another, of two, or of any
expectNotAssignable<Effect.Effect<void, never, Granted.Granted<"a">>>(
  of<Effect.Effect<void, never, Granted.Granted<"a" | "b">>>()
)
expectNotAssignable<Effect.Effect<void, never, Granted.Granted<"a" | "b">>>(
  of<Effect.Effect<void, never, Granted.Granted<"a">>>()
)
expectNotAssignable<Granted.Granted<"a">>({})
expectNotAssignable<Granted.Granted<"a">>(of<Granted.Granted<string>>())
const needs = <S extends string>() => of<Effect.Effect<void, never, Granted.Granted<S>>>()
expectType<Granted.Granted<"items:read" | "items:write">>(
  leftOver(Security.guard(writers, () => needs<"items:read" | "items:write">()))
)
// no scope is known of `never`
expectType<Granted.Granted<"items:write">>(
  leftOver(Security.guard(user.pipe(Security.scopes<typeof user, never>("items:write")), write))
)
expectType<Granted.Granted<"items:write">>(
  leftOver(Security.guard(Security.scopes(user, of<never>()), write))
)
expectType<Granted.Granted<string>>(leftOver(Security.guard(writers, () => needs<string>())))
expectType<Granted.Granted<`items:${string}`>>(
  leftOver(Security.guard(writers, () => needs<`items:${string}`>()))
)
expectType<Granted.Granted<"other">>(
  leftOver(Security.guard(writers, () => Effect.zipRight(write(), Security.granted("other"))))
)

// only single literals are evidence
expectError(Security.granted(condition ? "items:read" : "items:write"))
expectError(Security.granted(union))
expectError(Security.granted(text))
expectError(Security.granted(pattern))
expectError(Security.granted(of<any>()))
expectError(Security.granted<"items:read" | "items:write">("items:read"))

// ----------------------------------------------------------------------------
// any
// ----------------------------------------------------------------------------

// an `R` of `unknown` can't be run: `any` as an expression discharges nothing
type Undischarged = Effect.Effect<void, unknown, unknown>

expectType<Undischarged>(Security.guard(of<any>(), write))
expectType<Undischarged>(Security.guard(Security.anyOf(of<any>()), write))
expectType<Undischarged>(Security.guard(Security.anyOf(writers, of<any>()), write))
expectType<Undischarged>(Security.guard(Security.anyOf(of<any>(), writers), write))
expectType<Undischarged>(Security.guard(Security.allOf(of<any>()), write))
expectType<Undischarged>(Security.guard(Security.allOf(readers, of<any>()), write))
expectType<Undischarged>(Security.guard(Security.allOf({ a: of<any>(), b: readers }), write))
expectType<Undischarged>(Security.guard(Security.anyOf(...of<Array<any>>()), write))
expectType<Undischarged>(Security.guard(Security.optional(of<any>()), write))
expectType<Undischarged>(
  Security.guard(
    Security.map(of<any>(), () => 1),
    write
  )
)
expectType<Undischarged>(Security.guard(Security.authenticate(of<any>(), verify), write))
expectNotAssignable<Effect.Effect<void, unknown, HttpServerRequest>>(
  Security.guard(of<any>(), write)
)
expectError(Security.anyOf(writers, of<any>()).pipe(Security.scopes("items:write")))
expectType<Undischarged>(Security.guard(pipe(of<any>(), Security.scopes("items:write")), write))
expectType<Undischarged>(Security.guard(Security.scopes("items:write")(of<any>()), write))

// a requirement, or what can be proven, of `any`
type With<
  Need extends SecurityRequirement.SecurityRequirement,
  Proves extends SecurityRequirement.Grantable
> = Security.Security<string, never, never, Need, Proves>
type NeedOAuth2 = readonly [{ readonly oauth2: readonly [] }]

expectType<Write>(leftOver(Security.guard(of<With<any, {}>>(), write)))
expectType<Write>(leftOver(Security.guard(of<With<readonly [any], {}>>(), write)))
expectType<Write>(
  leftOver(Security.guard(of<With<readonly [{ readonly oauth2: any }], {}>>(), write))
)
expectError(of<With<NeedOAuth2, any>>().pipe(Security.scopes("items:write")))
expectError(of<With<NeedOAuth2, { readonly oauth2: any }>>().pipe(Security.scopes("items:write")))
expectError(
  of<With<any, { readonly oauth2: "items:write" }>>().pipe(Security.scopes("items:write"))
)

// a wide requirement, or one of several
type Wide = SecurityRequirement.SecurityRequirement
expectType<Write>(leftOver(Security.guard(of<With<Wide, {}>>(), write)))
expectError(
  of<With<Wide, { readonly oauth2: "items:write" }>>().pipe(Security.scopes("items:write"))
)
expectType<Write>(
  leftOver(
    Security.guard(
      of<With<readonly [{ readonly oauth2: readonly ["items:write"] }] | readonly [{}], {}>>(),
      write
    )
  )
)
expectType<Write>(
  leftOver(
    Security.guard(
      of<With<readonly [{ readonly oauth2: readonly ["items:read" | "items:write"] }], {}>>(),
      write
    )
  )
)

/**
 * The algebra of security expressions: verify, ask for scopes, join by AND and OR.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Build from "./Build.ts"
import * as Clause from "./Clause.ts"
import type * as Refusal from "../refusal/Refusal.ts"
import { expressionOf, make } from "./Expression.ts"
import {
  type Failure,
  type Grant,
  type Grantable,
  isSecurity,
  type Security,
  type Services,
  type Success,
  type Top,
  type VerifierContext
} from "./Model.ts"
import type * as Requirement from "../../SecurityRequirement.ts"
import type { Grantable as Grants, SecurityRequirement } from "../../SecurityRequirement.ts"

// ----------------------------------------------------------------------------
// type errors
// ----------------------------------------------------------------------------

/**
 * The scheme and the scope that it can't prove, because it does not declare it or has no verifier.
 *
 * @category type errors
 * @since 0.1.0
 */
export interface ScopeNotProvable<out SchemeAndScope> {
  readonly "scope cannot be proven through": SchemeAndScope
}

export type {
  /**
   * A scope has to be one string literal: of a union, a `string` or a pattern nobody can say which was proven.
   *
   * @category type errors
   * @since 0.1.0
   */
  ScopeNotLiteral
} from "../../SecurityRequirement.ts"

/**
 * `authenticate` applies to one scheme, or to `anyOf` of schemes, before anything has verified them.
 *
 * @category type errors
 * @since 0.1.0
 */
export interface NotBareSchemes<out Expression> {
  readonly "authenticate needs schemes without a verifier, one in each alternative; use mapEffect for what comes after": Expression
}

/**
 * `unknown` when all scopes are single literals, else the error.
 *
 * @category type errors
 * @since 0.1.0
 */
export type CheckLiterals<Scopes extends ReadonlyArray<string>> =
  [Requirement.NotSingleLiterals<Scopes>] extends [never] ? unknown
  : ReadonlyArray<Requirement.ScopeNotLiteral<Requirement.NotSingleLiterals<Scopes>>>

/**
 * `unknown` when every alternative can prove the scopes, else the error.
 *
 * @category type errors
 * @since 0.1.0
 */
export type CheckProvable<
  Req extends SecurityRequirement,
  G extends Grants,
  Scopes extends ReadonlyArray<string>
> =
  [Requirement.Unproven<Req, G, Scopes>] extends [never] ? unknown
  : ScopeNotProvable<Requirement.Unproven<Req, G, Scopes>>

/**
 * `unknown` when each alternative is one scheme that no verifier has seen, else the error: for verifiers that build on
 * {@link authenticate}.
 *
 * @category type errors
 * @since 0.1.0
 */
export type CheckBare<Req extends SecurityRequirement, G extends Grants> =
  [NotOneScheme<Req[number]>, NotBare<G>] extends [never, never] ? unknown : NotBareSchemes<Req>

type NotOneScheme<Alternative> =
  Alternative extends unknown ?
    Requirement.IsSingleLiteral<Extract<keyof Alternative, string>> extends true ?
      never
    : Alternative
  : never

type NotBare<G extends Grants> = {
  [Name in keyof G]: [G[Name]] extends [never] ? Name
  : G[Name] extends Requirement.Bare<string> ? never
  : Name
}[keyof G]

type CheckAnyOf<Members extends ReadonlyArray<Top>> =
  Requirement.TooManyAnyOf<Requirements<Members>> extends true ?
    ReadonlyArray<Requirement.TooManyAlternatives>
  : unknown

type CheckOptional<Req extends SecurityRequirement> =
  Requirement.TooManyAnyOf<readonly [Req, readonly [{}]]> extends true ?
    Requirement.TooManyAlternatives
  : unknown

type CheckAllOf<Members extends ReadonlyArray<Top>, Refused> =
  Requirement.TooManyAllOf<Requirements<Members>> extends true ? Refused : unknown

// ----------------------------------------------------------------------------
// combinators: authentication
// ----------------------------------------------------------------------------

/**
 * Gives a scheme its verifier: the expression then succeeds with the principal, and can prove the scopes that the scheme
 * declares.
 *
 * The verifier gets the credential and `{ scheme, scopes, request }`. It succeeds with a {@link grant}, fails with
 * `Unauthorized` (401: the credential is wrong), with `Forbidden` (403), with `TooManyRequests` (429) or with
 * `ServiceUnavailable` (503: it could not decide); any other error ends the evaluation. It runs at most once for each evaluation. Applied to `anyOf` of
 * schemes, it verifies whichever was presented.
 *
 * @example
 * ```ts
 * import { HttpBasic, Security, SecurityError } from "effect-security"
 * import { Effect } from "effect"
 *
 * const user = HttpBasic.make({ realm: "items" }).pipe(
 *   Security.authenticate(({ username }) =>
 *     username === "johndoe"
 *       ? Effect.succeed(Security.grant({ username }))
 *       : Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))
 *   )
 * )
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const authenticate: {
  <A, Verified extends Effect.Effect<Grant<unknown>, unknown, unknown>>(
    verify: (credential: A, context: VerifierContext) => Verified,
    options?: VerifierOptions
  ): <E, R, Req extends SecurityRequirement, G extends Grants>(
    self: Security<A, E, R, Req, G> & CheckBare<Req, G>
  ) => Security<
    Principal<Success<Verified>>,
    E | Failure<Verified>,
    R | Services<Verified>,
    Req,
    Authenticated<G>
  >
  <
    A,
    E,
    R,
    Req extends SecurityRequirement,
    G extends Grants,
    Verified extends Effect.Effect<Grant<unknown>, unknown, unknown>
  >(
    self: Security<A, E, R, Req, G> & CheckBare<Req, G>,
    verify: (credential: A, context: VerifierContext) => Verified,
    options?: VerifierOptions
  ): Security<
    Principal<Success<Verified>>,
    E | Failure<Verified>,
    R | Services<Verified>,
    Req,
    Authenticated<G>
  >
} = dual(
  (args) => isSecurity(args[0]),
  (
    self: Top,
    verify: Parameters<typeof Clause.authenticate>[1],
    { throttles = false }: VerifierOptions = {}
  ) => make(Clause.authenticate(expressionOf(self), verify, throttles))
)

// A verifier whose branches are different Effects has a union of them: each has its own part in the principal.
type Principal<Granted> =
  unknown extends Granted ? unknown
  : Granted extends Grant<infer A> ? A
  : never

/**
 * What is said of a verifier besides its types.
 *
 * @category models
 * @since 0.1.0
 */
export interface VerifierOptions {
  /** It can fail with `TooManyRequests`: an HttpApi then has 429 in its contract. `false` by default. */
  readonly throttles?: boolean
}

/**
 * What gives schemes of one kind of credential their verifier: what `Introspection.authenticate` returns, for instance.
 *
 * @category models
 * @since 0.1.0
 */
export interface Authenticator<in Credential, out Principal, out E2, out R2> {
  <E, R, Req extends SecurityRequirement, G extends Grants>(
    self: Security<Credential, E, R, Req, G> & CheckBare<Req, G>
  ): Security<Principal, E | E2, R | R2, Req, Authenticated<G>>
}

/**
 * What schemes can prove once they are authenticated: the scopes they declare.
 *
 * @category type functions
 * @since 0.1.0
 */
export type Authenticated<G extends Grants> =
  // behind a condition an editor prints the type by what it comes to, not by its name
  G extends unknown ?
    {
      readonly [Name in keyof G]: G[Name] extends Requirement.Bare<infer Declared> ? Declared
      : never
    }
  : never

// Of one of several expressions nobody can say which: it proves nothing.
type ProvableBy<Self extends Top> =
  true extends Requirement.IsUnion<Self> ? never
  : Requirement.Provable<Self["requirement"], Grantable<Self>>

type DeclaredIn<G extends Grants> = Extract<G[keyof G], string>

// What no scheme declares is told at the scope itself.
type CheckDeclared<
  Req extends SecurityRequirement,
  G extends Grants,
  Scopes extends ReadonlyArray<string>
> = [Scopes[number]] extends [DeclaredIn<G>] ? CheckProvable<Req, G, Scopes> : unknown

// The scope when it is one literal that is declared, else what is declared; `never` for `any`, which nothing else would stop.
type CheckScope<Scope extends string, Req extends SecurityRequirement, G extends Grants> =
  [Scope] extends [never] ? Requirement.Provable<Req, G>
  : unknown extends Scope ? never
  : [Scope] extends [DeclaredIn<G>] ?
    Requirement.IsSingleLiteral<Scope> extends true ?
      Scope
    : Requirement.ScopeNotLiteral<Scope>
  : DeclaredIn<G>

// Any string, but no literal: an editor would offer what has been typed so far.
interface AnyText {
  readonly length: number
}

/**
 * Asks for scopes: in every alternative, each scope is asked of every scheme that declares it.
 *
 * Compiles only if each alternative has an authenticated scheme that declares the scope, so every way in proves it. A
 * credential without the scope is refused with `Forbidden` (403, `insufficient_scope`, RFC 6750, section 3.1). Scopes add
 * up, in order, and asking twice changes nothing.
 *
 * An editor offers the scopes that can be proven: also in a pipe, but not behind a generic function such as `authenticate` in
 * the same pipe, since nothing is known of the expression there.
 *
 * @example
 * ```ts
 * import { OAuth2, Security } from "effect-security"
 * import { Effect } from "effect"
 *
 * const user = OAuth2.passwordBearer({ tokenUrl: "token", scopes: { me: "Read yourself", items: "Read items" } }).pipe(
 *   Security.authenticate(() => Effect.succeed(Security.grant("johndoe", ["me", "items"])))
 * )
 * const readers = user.pipe(Security.scopes("me"), Security.scopes("items"))
 * readers.requirement // => [{ OAuth2PasswordBearer: ["me", "items"] }]
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const scopes: {
  // A call signature for each number of scopes, since an editor completes what is a type parameter of its own: it asks what the
  // parameter were if nothing was inferred. The scope is then `never`, its default, for which the parameter is what can be proven.
  // In a pipe the expression is known, so what it can prove is worked out once, and nothing for a type parameter. That the
  // result is a function only a condition tells: a compiler infers a pipe twice where generic functions return functions.
  // All is written in place, not named: a compiler instantiates the arguments of a name, too.
  <Self extends Top, const First extends ProvableBy<Self> = never>(
    first: [First] extends [never] ? ProvableBy<Self> : First
  ): Requirement.NotSingleLiterals<readonly [First]> extends never ?
    (
      self: Self
    ) => Security<
      Success<Self>,
      Failure<Self> | Refusal.Forbidden,
      Services<Self>,
      Requirement.WithScopes<Self["requirement"], Grantable<Self>, readonly [First]>,
      Grantable<Self>
    >
  : (
      self: Self & Requirement.ScopeNotLiteral<Requirement.NotSingleLiterals<readonly [First]>>
    ) => Top
  <
    Self extends Top,
    const First extends ProvableBy<Self> = never,
    const Second extends ProvableBy<Self> = never
  >(
    first: [First] extends [never] ? ProvableBy<Self> : First,
    second: [Second] extends [never] ? ProvableBy<Self> : Second
  ): Requirement.NotSingleLiterals<readonly [First, Second]> extends never ?
    (
      self: Self
    ) => Security<
      Success<Self>,
      Failure<Self> | Refusal.Forbidden,
      Services<Self>,
      Requirement.WithScopes<Self["requirement"], Grantable<Self>, readonly [First, Second]>,
      Grantable<Self>
    >
  : (
      self: Self &
        Requirement.ScopeNotLiteral<Requirement.NotSingleLiterals<readonly [First, Second]>>
    ) => Top
  <
    Self extends Top,
    const First extends ProvableBy<Self> = never,
    const Second extends ProvableBy<Self> = never,
    const Third extends ProvableBy<Self> = never,
    const More extends ReadonlyArray<ProvableBy<Self>> = readonly []
  >(
    first: [First] extends [never] ? ProvableBy<Self> : First,
    second: [Second] extends [never] ? ProvableBy<Self> : Second,
    third: [Third] extends [never] ? ProvableBy<Self> : Third,
    ...more: More
  ): Requirement.NotSingleLiterals<readonly [First, Second, Third, ...More]> extends never ?
    (
      self: Self
    ) => Security<
      Success<Self>,
      Failure<Self> | Refusal.Forbidden,
      Services<Self>,
      Requirement.WithScopes<
        Self["requirement"],
        Grantable<Self>,
        readonly [First, Second, Third, ...More]
      >,
      Grantable<Self>
    >
  : (
      self: Self &
        Requirement.ScopeNotLiteral<
          Requirement.NotSingleLiterals<readonly [First, Second, Third, ...More]>
        >
    ) => Top
  // The expression is given first.
  <A, E, R, Req extends SecurityRequirement, G extends Grants>(
    self: Security<A, E, R, Req, G> & CheckProvable<Req, G, readonly []>
  ): Security<A, E | Refusal.Forbidden, R, Requirement.WithScopes<Req, G, readonly []>, G>
  <A, E, R, Req extends SecurityRequirement, G extends Grants, const First extends string = never>(
    self: Security<A, E, R, Req, G> & CheckDeclared<Req, G, readonly [First]>,
    first: CheckScope<First, Req, G>
  ): Security<A, E | Refusal.Forbidden, R, Requirement.WithScopes<Req, G, readonly [First]>, G>
  <
    A,
    E,
    R,
    Req extends SecurityRequirement,
    G extends Grants,
    const First extends string = never,
    const Second extends string = never
  >(
    self: Security<A, E, R, Req, G> & CheckDeclared<Req, G, readonly [First, Second]>,
    first: CheckScope<First, Req, G>,
    second: CheckScope<Second, Req, G>
  ): Security<
    A,
    E | Refusal.Forbidden,
    R,
    Requirement.WithScopes<Req, G, readonly [First, Second]>,
    G
  >
  <
    A,
    E,
    R,
    Req extends SecurityRequirement,
    G extends Grants,
    const First extends string = never,
    const Second extends string = never,
    const Third extends string = never,
    const More extends ReadonlyArray<DeclaredIn<G>> = readonly []
  >(
    self: Security<A, E, R, Req, G> &
      CheckDeclared<Req, G, readonly [First, Second, Third, ...More]>,
    first: CheckScope<First, Req, G>,
    second: CheckScope<Second, Req, G>,
    third: CheckScope<Third, Req, G>,
    ...more: More &
      CheckLiterals<More> & { readonly [I in keyof More]: CheckScope<More[I], Req, G> }
  ): Security<
    A,
    E | Refusal.Forbidden,
    R,
    Requirement.WithScopes<Req, G, readonly [First, Second, Third, ...More]>,
    G
  >
  // Elsewhere it is a function of any expression; what can't be proven is told here in a pipe, too.
  <const Scopes extends ReadonlyArray<string>>(
    ...scopes: Scopes & CheckLiterals<Scopes> & { readonly [I in keyof Scopes]: AnyText }
  ): [Scopes] extends [ReadonlyArray<string>] ?
    <A, E, R, Req extends SecurityRequirement, G extends Grants>(
      self: Security<A, E, R, Req, G> & CheckProvable<Req, G, Scopes>
    ) => Security<A, E | Refusal.Forbidden, R, Requirement.WithScopes<Req, G, Scopes>, G>
  : never
} = dual(
  (args) => isSecurity(args[0]),
  (self: Top, ...scopes: ReadonlyArray<string>) =>
    make(Clause.withScopes(expressionOf(self), scopes))
)

// ----------------------------------------------------------------------------
// combinators: and, or
// ----------------------------------------------------------------------------

/**
 * Lets in whoever one of the members lets in: the first that passes, in order.
 *
 * A wrong credential for one member never blocks a right one for another. When none passes, the most telling failure is the
 * answer (503, else 403, else 401), with the challenges of all. `anyOf()` is `deny`. At most 64 alternatives.
 *
 * @example
 * ```ts
 * import { ApiKey, HttpBearer, Security } from "effect-security"
 *
 * const either = Security.anyOf(HttpBearer.make(), ApiKey.header("X-API-Key"))
 * either.requirement // => [{ HTTPBearer: [] }, { APIKeyHeader: [] }]
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const anyOf = <const Members extends ReadonlyArray<Top>>(
  ...members: Members & CheckAnyOf<Members>
): Security<
  Success<Members[number]>,
  Failure<Members[number]> | NoMember<Members>,
  Services<Members[number]>,
  Requirement.AnyOf<Requirements<Members>>,
  Requirement.MergeGrantable<Grantables<Members>>
> => make(Clause.anyOf(members.map(expressionOf)))

// Of a member, or of members, that are a union nobody can say which it is: they are wide, and guarantee nothing.
type Requirements<Members extends ReadonlyArray<Top>> =
  true extends Requirement.IsUnion<Members> ? ReadonlyArray<SecurityRequirement>
  : { readonly [I in keyof Members]: RequirementOf<Members[I]> }

type RequirementOf<Member extends Top> =
  true extends Requirement.IsUnion<Member> ? SecurityRequirement : Member["requirement"]

type Grantables<Members extends ReadonlyArray<Top>> =
  true extends Requirement.IsUnion<Members> ? ReadonlyArray<Grants>
  : { readonly [I in keyof Members]: GrantableOf<Members[I]> }

type GrantableOf<Member extends Top> =
  true extends Requirement.IsUnion<Member> ? Grants : Grantable<Member>

// An expression that may have no member is `deny`.
type NoMember<Members extends ReadonlyArray<Top>> =
  number extends Members["length"] ? Refusal.Forbidden
  : Members["length"] extends 0 ? Refusal.Forbidden
  : never

/**
 * Lets in whoever all of the members let in, and succeeds with a tuple, or with a record when given one.
 *
 * All schemes of an alternative have to be presented before any is verified. The members of a record are taken in the order
 * of their names (by UTF-16 code units), which is the order of the alternatives. `allOf()` is `public`. At most 64
 * alternatives; two auth-schemes of the one `Authorization` field are an error when the value is made.
 *
 * @example
 * ```ts
 * import { ApiKey, HttpBasic, Security } from "effect-security"
 *
 * const both = Security.allOf({ user: HttpBasic.make(), key: ApiKey.header("X-API-Key") })
 * both.requirement // => [{ APIKeyHeader: [], HTTPBasic: [] }]
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const allOf: {
  <
    const Members extends { readonly [name: string]: Top },
    Ordered extends ReadonlyArray<Top> = InOrder<Members>
  >(
    members: Members & CheckAllOf<Ordered, Requirement.TooManyAlternatives>
  ): Security<
    { readonly [Name in keyof Members]: Success<Members[Name]> },
    Failure<Members[keyof Members]>,
    Services<Members[keyof Members]>,
    Requirement.AllOf<Requirements<Ordered>>,
    Requirement.MergeGrantable<Grantables<Ordered>>
  >
  <const Members extends ReadonlyArray<Top>>(
    ...members: Members & CheckAllOf<Members, ReadonlyArray<Requirement.TooManyAlternatives>>
  ): Security<
    { readonly [I in keyof Members]: Success<Members[I]> },
    Failure<Members[number]>,
    Services<Members[number]>,
    Requirement.AllOf<Requirements<Members>>,
    Requirement.MergeGrantable<Grantables<Members>>
  >
} = (...members: ReadonlyArray<Top | { readonly [name: string]: Top }>) => {
  const [first] = members
  if (members.length === 1 && first !== undefined && !isSecurity(first)) {
    const names = Object.keys(first).sort()
    // `never`, because one implementation makes what either signature says
    return make<never>(
      Clause.allOf(
        names.map((name) => expressionOf(first[name])),
        (values) => Object.fromEntries(names.map((name, index) => [name, values[index]]))
      )
    )
  }
  return make<never>(Clause.allOf(members.map(expressionOf), (values) => values))
}

/**
 * Lets a request in that presents nothing, too: `Option.some` of the principal, or `Option.none()`.
 *
 * A request that presents a credential of the expression is not anonymous: if that credential is wrong, it is refused. The
 * requirement gets `{}` as its last alternative.
 *
 * @example
 * ```ts
 * import { HttpBearer, Security } from "effect-security"
 *
 * Security.optional(HttpBearer.make()).requirement // => [{ HTTPBearer: [] }, {}]
 * ```
 * @category combinators
 * @since 0.1.0
 */
export const optional = <A, E, R, Req extends SecurityRequirement, G extends Grants>(
  self: Security<A, E, R, Req, G> & CheckOptional<Req>
): Security<Option.Option<A>, E, R, Requirement.Optional<Req>, G> =>
  make(
    Clause.anyOf([
      Clause.mapBuild(expressionOf(self), Build.map(Option.some)),
      Clause.constant([Clause.open(Option.none())])
    ])
  )

// ----------------------------------------------------------------------------
// the order of a record's members
// ----------------------------------------------------------------------------

// A number is no name here: the type can't tell where it comes in the order of the others.
type InOrder<
  Members extends { readonly [name: string]: Top },
  Names extends string = keyof Members & string,
  Done extends ReadonlyArray<Top> = readonly []
> =
  [keyof Members] extends [string] ?
    [Names] extends [never] ? Done
    : Least<Names> extends infer First extends keyof Members & string ?
      Requirement.IsSingleLiteral<First> extends true ?
        InOrder<Members, Exclude<Names, First>, readonly [...Done, Members[First]]>
      : ReadonlyArray<Members[string]>
    : ReadonlyArray<Members[string]>
  : ReadonlyArray<Top>

// Least :: name union -> the name that is before all others
type Least<Names extends string> = {
  [Name in Names]: true extends IsBefore<Exclude<Names, Name>, Name> ? never : Name
}[Names]

type IsBefore<Left extends string, Right extends string> =
  Left extends `${infer L}${infer LeftRest}` ?
    Right extends `${infer R}${infer RightRest}` ?
      L extends R ? IsBefore<LeftRest, RightRest>
      : CodeUnits extends `${string}${L}${string}${R}${string}` ? true
      : false
    : false
  : true

type CodeUnits =
  " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"

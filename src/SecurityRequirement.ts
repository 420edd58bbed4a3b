/**
 * The security requirement of OpenAPI, as a type and as a value.
 *
 * A requirement is a list of alternatives (OR); an alternative maps each scheme it needs to the scopes
 * it needs there (AND). `[{}]` is public, `[]` lets nobody in. Every function here has a type function
 * of the same name, capitalised, directly beneath it: the same cases, in the same order.
 *
 * The module knows nothing of Effect, of HTTP or of credentials.
 *
 * @see [OpenAPI 3.1, Security Requirement Object](https://spec.openapis.org/oas/v3.1.0#security-requirement-object)
 * @since 0.1.0
 */

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * One way in: every scheme named has to be satisfied, with all of its scopes.
 *
 * @category models
 * @since 0.1.0
 */
export type Alternative = { readonly [scheme: string]: ReadonlyArray<string> }

/**
 * The ways in, in order: what OpenAPI writes as `security`.
 *
 * As a type parameter it is a tuple of literal alternatives; this wide form guarantees nothing.
 *
 * @category models
 * @since 0.1.0
 */
export type SecurityRequirement = ReadonlyArray<Alternative>

/**
 * Which scopes each scheme of an expression can prove; {@link Bare} for a scheme without a verifier.
 *
 * @category models
 * @since 0.1.0
 */
export type Grantable = { readonly [scheme: string]: string | Bare<string> }

/**
 * Marks a scheme that has no verifier yet: it declares scopes, and can prove none of them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Bare<out Declared extends string> {
  readonly declared: Declared
}

/**
 * The most alternatives an expression may have, counted before duplicates are dropped.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxAlternatives = 64

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * Every alternative of every member, in order, each once: `OR`.
 *
 * `anyOf()` is `[]`. Two alternatives are the same when they name the same schemes with the same sets of
 * scopes; the first is kept. Throws when there are more than {@link maxAlternatives}.
 *
 * @example
 * ```ts
 * import { SecurityRequirement } from "effect-security"
 *
 * SecurityRequirement.anyOf([{ key: [] }], [{ user: ["read"] }]) // => [{ key: [] }, { user: ["read"] }]
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const anyOf = <const Members extends ReadonlyArray<SecurityRequirement>>(
  ...members: Members
): AnyOf<Members> =>
  // the loop below is the twin of the type function
  unique(checked(members.flat())) as AnyOf<Members>

/**
 * The type of {@link anyOf}.
 *
 * @category type functions
 * @since 0.1.0
 */
export type AnyOf<
  Members extends ReadonlyArray<SecurityRequirement>,
  Done extends SecurityRequirement = readonly []
> =
  Members extends (
    readonly [
      infer Head extends SecurityRequirement,
      ...infer Tail extends ReadonlyArray<SecurityRequirement>
    ]
  ) ?
    IsWide<Head> extends true ?
      SecurityRequirement
    : AnyOf<Tail, Append<Done, Head>>
  : IsWide<Members> extends true ? SecurityRequirement
  : Done

/**
 * Every choice of one alternative from each member, merged: `AND`. The leftmost member varies slowest.
 *
 * `allOf()` is `[{}]`. A scheme that occurs twice needs the scopes of both, in order, each once. Throws when
 * there are more than {@link maxAlternatives}.
 *
 * @example
 * ```ts
 * import { SecurityRequirement } from "effect-security"
 *
 * SecurityRequirement.allOf([{ key: [] }], [{ user: ["read"] }]) // => [{ key: [], user: ["read"] }]
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const allOf = <const Members extends ReadonlyArray<SecurityRequirement>>(
  ...members: Members
): AllOf<Members> => {
  const product = members.reduce<SecurityRequirement>(
    (done, member) => checked(done.flatMap((left) => member.map((right) => merge(left, right)))),
    [Object.create(null)]
  )
  // the loop above is the twin of the type function
  return unique(product) as AllOf<Members>
}

/**
 * The type of {@link allOf}.
 *
 * @category type functions
 * @since 0.1.0
 */
export type AllOf<
  Members extends ReadonlyArray<SecurityRequirement>,
  Done extends SecurityRequirement = readonly [{}]
> =
  Members extends (
    readonly [
      infer Head extends SecurityRequirement,
      ...infer Tail extends ReadonlyArray<SecurityRequirement>
    ]
  ) ?
    IsWide<Head> extends true ?
      SecurityRequirement
    : AllOf<Tail, Cross<Done, Head>>
  : IsWide<Members> extends true ? SecurityRequirement
  : Done

/**
 * The requirement, or nothing at all: `[...requirement, {}]`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const optional = <const Self extends SecurityRequirement>(self: Self): Optional<Self> =>
  anyOf(self, [{}]) as Optional<Self> // `Optional` is `AnyOf` of the same two members

/**
 * The type of {@link optional}.
 *
 * @category type functions
 * @since 0.1.0
 */
export type Optional<Self extends SecurityRequirement> = AnyOf<readonly [Self, readonly [{}]]>

/**
 * In every alternative, adds each of `scopes` to every scheme that can prove it.
 *
 * Which scheme can prove which scope is told by `grantable`. Nothing is added where no scheme can prove the
 * scope: ask {@link unproven} first.
 *
 * @category constructors
 * @since 0.1.0
 */
export const withScopes = (
  self: SecurityRequirement,
  grantable: (scheme: string, scope: string) => boolean,
  scopes: ReadonlyArray<string>
): SecurityRequirement =>
  unique(self.map((alternative) => addScopes(alternative, grantable, scopes)))

/**
 * The type of {@link withScopes}.
 *
 * @category type functions
 * @since 0.1.0
 */
export type WithScopes<
  Self extends SecurityRequirement,
  G extends Grantable,
  Scopes extends ReadonlyArray<string>
> =
  number extends Self["length"] ? SecurityRequirement
  : // one alternative has no duplicate to drop
  Self["length"] extends 1 ?
    readonly [
      {
        readonly [Name in keyof Self[0]]: AddProvable<Self[0][Name], Scopes, ProvableAt<G, Name>>
      }
    ]
  : Append<
      readonly [],
      {
        readonly [I in keyof Self]: {
          readonly [Name in keyof Self[I]]: AddProvable<Self[I][Name], Scopes, ProvableAt<G, Name>>
        }
      }
    >

/**
 * The scopes that an alternative needs and no scheme of it can prove, each with the alternative's schemes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unproven = (
  self: SecurityRequirement,
  grantable: (scheme: string, scope: string) => boolean,
  scopes: ReadonlyArray<string>
): ReadonlyArray<readonly [schemes: ReadonlyArray<string>, scope: string]> =>
  self.flatMap((alternative) => {
    const names = Object.keys(alternative)
    return scopes
      .filter((scope) => !names.some((name) => grantable(name, scope)))
      .map((scope) => [names, scope] as const)
  })

/**
 * The type of {@link unproven}: a union of `readonly [scheme, scope]`, `never` when all can be proven.
 *
 * @category type functions
 * @since 0.1.0
 */
export type Unproven<
  Self extends SecurityRequirement,
  G extends Grantable,
  Scopes extends ReadonlyArray<string>
> =
  IsWide<Self> extends true ? readonly [string, Scopes[number]]
  : { [I in keyof Self]: UnprovenIn<Self[I], G, Scopes[number]> }[number]

/**
 * The scopes that every alternative has a scheme for, as a union: those for which {@link Unproven} is `never`.
 *
 * It does not depend on the scopes that are asked for, so a compiler works it out once for each expression.
 *
 * @category type functions
 * @since 0.1.0
 */
export type Provable<Self extends SecurityRequirement, G extends Grantable> =
  IsAny<Self> extends true ? never
  : true extends IsUnion<Self> ? never
  : ProvableInAll<Self, G>

// ----------------------------------------------------------------------------
// folds
// ----------------------------------------------------------------------------

/**
 * The scopes that hold whichever alternative let the request in.
 *
 * @example
 * ```ts
 * import { SecurityRequirement } from "effect-security"
 *
 * SecurityRequirement.guaranteed([{ user: ["read", "write"] }, { robot: ["read"] }]) // => ["read"]
 * ```
 * @category folds
 * @since 0.1.0
 */
export const guaranteed = (self: SecurityRequirement): ReadonlyArray<string> => {
  const [head, ...tail] = self.map((alternative) => [...new Set(Object.values(alternative).flat())])
  return (head ?? []).filter((scope) => tail.every((scopes) => scopes.includes(scope)))
}

/**
 * The type of {@link guaranteed}, as a union: `never` for a wide requirement, for `[]` and for `any`.
 *
 * @category type functions
 * @since 0.1.0
 */
export type Guaranteed<Self> =
  IsAny<Self> extends true ? never
  : true extends IsUnion<Self> ? never
  : Self extends (
    readonly [infer Head extends Alternative, ...infer Tail extends SecurityRequirement]
  ) ?
    GuaranteedInAll<Tail, CertainIn<Head>>
  : never

/**
 * Every scope that some alternative asks for, in order, each once; of one scheme when it is named.
 *
 * @category folds
 * @since 0.1.0
 */
export const scopes = (self: SecurityRequirement, scheme?: string): ReadonlyArray<string> => [
  ...new Set(
    self.flatMap((alternative) =>
      scheme === undefined ?
        Object.values(alternative).flat()
      : ((Object.hasOwn(alternative, scheme) ? alternative[scheme] : undefined) ?? [])
    )
  )
]

/**
 * The type of {@link scopes}, as a union.
 *
 * @category type functions
 * @since 0.1.0
 */
export type Scopes<Self extends SecurityRequirement> = ScopesOf<Self[number]>

/**
 * Every scheme that some alternative asks for, in order, each once.
 *
 * @category folds
 * @since 0.1.0
 */
export const schemes = (self: SecurityRequirement): ReadonlyArray<string> => [
  ...new Set(self.flatMap((alternative) => Object.keys(alternative)))
]

/**
 * The type of {@link schemes}, as a union.
 *
 * @category type functions
 * @since 0.1.0
 */
export type SchemeNames<Self> = KeysOf<Self[number & keyof Self]>

/**
 * Whether two alternatives name the same schemes with the same sets of scopes.
 *
 * @category guards
 * @since 0.1.0
 */
export const sameAlternative = (left: Alternative, right: Alternative): boolean =>
  alternativeKey(left) === alternativeKey(right)

/**
 * Merges what each scheme of an expression can prove: by intersection where a scheme occurs twice.
 *
 * A scheme that is bare in one member and authenticated in another proves nothing in the whole.
 *
 * @category type functions
 * @since 0.1.0
 */
export type MergeGrantable<Members extends ReadonlyArray<Grantable>> =
  IsWide<Members> extends true ? Grantable
  : { readonly [Name in KeysOf<Members[number]>]: MergeAt<Members, Name> }

// ----------------------------------------------------------------------------
// the bound on alternatives
// ----------------------------------------------------------------------------

/**
 * What a combinator asks of its members when together they have more than 64 alternatives.
 *
 * @category type errors
 * @since 0.1.0
 */
export interface TooManyAlternatives {
  readonly "more than 64 alternatives: split the expression, or authenticate fewer schemes in one": never
}

/**
 * `true` when {@link anyOf} of the members would have more than 64 alternatives, duplicates counted.
 *
 * @category type functions
 * @since 0.1.0
 */
export type TooManyAnyOf<
  Members extends ReadonlyArray<SecurityRequirement>,
  Counted extends ReadonlyArray<unknown> = readonly []
> =
  Counted extends { readonly 64: unknown } ? true
  : Members extends (
    readonly [
      infer Head extends SecurityRequirement,
      ...infer Tail extends ReadonlyArray<SecurityRequirement>
    ]
  ) ?
    IsWide<Head> extends true ?
      false
    : TooManyAnyOf<Tail, readonly [...Counted, ...Head]>
  : false

/**
 * `true` when {@link allOf} of the members would have more than 64 alternatives, duplicates counted.
 *
 * @category type functions
 * @since 0.1.0
 */
export type TooManyAllOf<
  Members extends ReadonlyArray<SecurityRequirement>,
  Counted extends ReadonlyArray<unknown> = readonly [unknown]
> =
  Counted extends { readonly 64: unknown } ? true
  : Members extends (
    readonly [
      infer Head extends SecurityRequirement,
      ...infer Tail extends ReadonlyArray<SecurityRequirement>
    ]
  ) ?
    IsWide<Head> extends true ?
      false
    : TooManyAllOf<Tail, Times<Counted, Head>>
  : false

// ----------------------------------------------------------------------------
// single literals
// ----------------------------------------------------------------------------

/**
 * `true` for one string literal; `false` for a union, `string`, a template pattern, `never` and `any`.
 *
 * @category type functions
 * @since 0.1.0
 */
export type IsSingleLiteral<Text extends string> =
  IsAny<Text> extends true ? false
  : [Text] extends [never] ? false
  : {} extends Record<Text, unknown> ? false
  : true extends IsUnion<Text> ? false
  : true

/**
 * A scope has to be one string literal: of a union, a `string` or a pattern nobody can say which was proven.
 *
 * @category type errors
 * @since 0.1.0
 */
export interface ScopeNotLiteral<out Scope> {
  readonly "a scope has to be one string literal, not": Scope
}

/**
 * The members of a union that are literals: drops `string` and template patterns.
 *
 * @category type functions
 * @since 0.1.0
 */
export type Literals<Text> =
  Text extends string ?
    {} extends Record<Text, unknown> ?
      never
    : Text
  : never

/**
 * The members of a tuple that are not single literals, as a union: `never` when all are.
 *
 * @category type functions
 * @since 0.1.0
 */
export type NotSingleLiterals<Texts extends ReadonlyArray<string>> =
  Texts["length"] extends 1 ? NotSingleLiteral<Texts[0]>
  : Texts["length"] extends 2 ? NotSingleLiteral<Texts[0]> | NotSingleLiteral<Texts[1]>
  : IsWide<Texts> extends true ? Texts[number]
  : true extends IsUnion<Texts> ? Texts[number]
  : { [I in keyof Texts]: NotSingleLiteral<Texts[I]> }[number]

type NotSingleLiteral<Text> =
  [Text] extends [string] ?
    IsSingleLiteral<Text> extends true ?
      never
    : Text
  : Text

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

type IsAny<Self> = 0 extends 1 & Self ? true : false

type IsWide<Self extends ReadonlyArray<unknown>> = number extends Self["length"] ? true : false

/**
 * Whether a type is a union: `true` or `boolean` if so, which is why one asks whether `true extends` it.
 *
 * @category type functions
 * @since 0.1.0
 */
export type IsUnion<Self, Whole = Self> =
  Self extends unknown ?
    [Whole] extends [Self] ?
      false
    : true
  : never

const alternativeKey = (self: Alternative): string =>
  JSON.stringify(
    Object.keys(self)
      .sort()
      .map((name) => [name, [...new Set(self[name])].sort()])
  )

// Invariant, so that two keys are assignable exactly when their alternatives are the same.
interface AlternativeKey<in out Self> {
  readonly key: (self: Self) => Self
}

type KeyOf<Self extends Alternative> = AlternativeKey<{ [Name in keyof Self]: Self[Name][number] }>

const unique = (self: SecurityRequirement): SecurityRequirement => {
  const seen = new Set<string>()
  return self.filter((alternative) => {
    const key = alternativeKey(alternative)
    return !seen.has(key) && seen.add(key)
  })
}

// Append :: Requirement -> Requirement -> Requirement, without the alternatives that are there already
type Append<Done extends SecurityRequirement, Next extends SecurityRequirement, Seen = Keys<Done>> =
  Next extends (
    readonly [infer Head extends Alternative, ...infer Tail extends SecurityRequirement]
  ) ?
    KeyOf<Head> extends Seen ?
      Append<Done, Tail, Seen>
    : Append<readonly [...Done, Head], Tail, Seen | KeyOf<Head>>
  : Done

type Keys<Self extends SecurityRequirement> = { [I in keyof Self]: KeyOf<Self[I]> }[number]

const checked = (self: SecurityRequirement): SecurityRequirement => {
  if (self.length > maxAlternatives) {
    throw new Error(tooManyAlternatives)
  }
  return self
}

/**
 * The sentence of the error for more than {@link maxAlternatives}.
 *
 * @category constants
 * @since 0.1.0
 */
export const tooManyAlternatives =
  `a security expression has more than ${maxAlternatives} alternatives: split the expression, or authenticate ` +
  "fewer schemes in one"

const merge = (left: Alternative, right: Alternative): Alternative => {
  const merged: Record<string, ReadonlyArray<string>> = Object.assign(Object.create(null), left)
  for (const name of Object.keys(right)) {
    merged[name] = union(merged[name] ?? [], right[name] ?? [])
  }
  return merged
}

type ScopesAt<Self extends Alternative, Name extends PropertyKey> =
  Name extends keyof Self ? Self[Name] : readonly []

type Cross<
  Left extends SecurityRequirement,
  Right extends SecurityRequirement,
  Done extends SecurityRequirement = readonly []
> =
  Left extends (
    readonly [infer Head extends Alternative, ...infer Tail extends SecurityRequirement]
  ) ?
    Cross<Tail, Right, Append<Done, Row<Head, Right>>>
  : Done

// The mapped types below are written in place, not named, so that an editor prints what they come to.
type Row<Left extends Alternative, Right extends SecurityRequirement> = {
  readonly [I in keyof Right]: {
    readonly [Name in keyof Left | keyof Right[I]]: Union<
      ScopesAt<Left, Name>,
      ScopesAt<Right[I], Name>
    >
  }
}

const union = (
  left: ReadonlyArray<string>,
  right: ReadonlyArray<string>
): ReadonlyArray<string> => [...new Set([...left, ...right])]

// Union :: Scopes -> Scopes -> Scopes, in order, each once
type Union<Left extends ReadonlyArray<string>, Right extends ReadonlyArray<string>> =
  Right extends readonly [] ? Left
  : Right extends (
    readonly [infer Head extends string, ...infer Tail extends ReadonlyArray<string>]
  ) ?
    Union<Head extends Left[number] ? Left : readonly [...Left, Head], Tail>
  : ReadonlyArray<string>

const addScopes = (
  self: Alternative,
  grantable: (scheme: string, scope: string) => boolean,
  scopes: ReadonlyArray<string>
): Alternative => {
  const added: Record<string, ReadonlyArray<string>> = Object.create(null)
  for (const name of Object.keys(self)) {
    added[name] = union(
      self[name] ?? [],
      scopes.filter((scope) => grantable(name, scope))
    )
  }
  return added
}

type ProvableAt<G extends Grantable, Name extends PropertyKey> =
  Name extends keyof G ? Literals<G[Name]> : never

// AddProvable :: Scopes -> Scopes -> scope union -> Scopes, those of the second that are in the union, each once
type AddProvable<
  Asked extends ReadonlyArray<string>,
  Scopes extends ReadonlyArray<string>,
  Provable extends string
> =
  Scopes extends readonly [infer Head extends string, ...infer Tail extends ReadonlyArray<string>] ?
    AddProvable<
      Head extends Asked[number] ? Asked
      : Head extends Provable ? readonly [...Asked, Head]
      : Asked,
      Tail,
      Provable
    >
  : Asked

type ProvableInAll<Self extends SecurityRequirement, G extends Grantable, Held = string> =
  Self extends (
    readonly [infer Head extends Alternative, ...infer Tail extends SecurityRequirement]
  ) ?
    ProvableInAll<Tail, G, Held & ProvableAt<G, keyof Head>>
  : IsWide<Self> extends true ? never
  : Held

type UnprovenIn<Self extends Alternative, G extends Grantable, Scope extends string> =
  Scope extends ProvableAt<G, keyof Self> ? never
  : readonly [[keyof Self] extends [never] ? "public" : keyof Self, Scope]

type ScopesOf<Self> =
  Self extends Alternative ? { [Name in keyof Self]: Self[Name][number] }[keyof Self] : never

type KeysOf<Self> = Self extends unknown ? keyof Self : never

type GuaranteedInAll<Self extends SecurityRequirement, Held> =
  Self extends (
    readonly [infer Head extends Alternative, ...infer Tail extends SecurityRequirement]
  ) ?
    GuaranteedInAll<Tail, Extract<Held, CertainIn<Head>>>
  : IsWide<Self> extends true ? never
  : Held

// CertainIn :: Alternative -> scopes, without those that only one of several alternatives or a wide type has
type CertainIn<Self> =
  {} extends Self ? never
  : true extends IsUnion<Self> ? never
  : { [Name in keyof Self]: Certain<Self[Name]> }[keyof Self]

type Certain<Scopes> =
  [Scopes] extends [infer Tuple extends ReadonlyArray<string>] ?
    [NotSingleLiterals<Tuple>] extends [never] ?
      Tuple[number]
    : never
  : never

// Each name goes through the members on its own: merging two and two would nest as deep as there are members.
type MergeAt<
  Members extends ReadonlyArray<Grantable>,
  Name,
  Done extends Grantable[string] = Grantable[string]
> =
  Members extends (
    readonly [infer Head extends Grantable, ...infer Tail extends ReadonlyArray<Grantable>]
  ) ?
    MergeAt<Tail, Name, Name extends keyof Head ? Both<Done, Head[Name]> : Done>
  : Done

type Both<Left extends Grantable[string], Right extends Grantable[string]> =
  [Grantable[string]] extends [Left] ? Right
  : [Left] extends [never] ? never
  : [Right] extends [never] ? never
  : [Left] extends [Bare<infer A>] ?
    [Right] extends [Bare<infer B>] ?
      Bare<A & B>
    : never
  : [Right] extends [Bare<string>] ? never
  : Left & Right

type Times<
  Left extends ReadonlyArray<unknown>,
  Right extends ReadonlyArray<unknown>,
  Done extends ReadonlyArray<unknown> = readonly []
> =
  Done extends { readonly 64: unknown } ? Done
  : Right extends readonly [unknown, ...infer Tail] ? Times<Left, Tail, readonly [...Done, ...Left]>
  : Done

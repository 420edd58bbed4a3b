import { SecurityRequirement } from "effect-security"
import { expectAssignable, expectNotAssignable, expectType } from "tsd"

// ----------------------------------------------------------------------------
// helpers
// ----------------------------------------------------------------------------

/** A value of a type, which is all that `expectType` needs. */
declare const of: <A>() => A

type Wide = SecurityRequirement.SecurityRequirement
type WideGrantable = SecurityRequirement.Grantable
type Bare<Declared extends string> = SecurityRequirement.Bare<Declared>

type A = readonly [{ readonly a: readonly ["r"] }]
type B = readonly [{ readonly b: readonly [] }]
type AB = readonly [{ readonly a: readonly ["r"] }, { readonly b: readonly [] }]

/** The alternatives `{ s0: [] }`, `{ s1: [] }`, … */
type Alternatives<Count extends number, Done extends Wide = readonly []> =
  Done["length"] extends Count ? Done
  : Alternatives<Count, readonly [...Done, { readonly [N in `s${Done["length"]}`]: readonly [] }]>

/** The same, as members of one alternative each. */
type Members<Count extends number, Done extends ReadonlyArray<Wide> = readonly []> =
  Done["length"] extends Count ? Done
  : Members<
      Count,
      readonly [...Done, readonly [{ readonly [N in `s${Done["length"]}`]: readonly [] }]]
    >

/** The same, as what each scheme can prove. */
type Grantables<Count extends number, Done extends ReadonlyArray<WideGrantable> = readonly []> =
  Done["length"] extends Count ? Done
  : Grantables<Count, readonly [...Done, { readonly [N in `s${Done["length"]}`]: "r" | "w" }]>

type Repeat<Count extends number, Member, Done extends ReadonlyArray<Member> = readonly []> =
  Done["length"] extends Count ? Done : Repeat<Count, Member, readonly [...Done, Member]>

type Names<Count extends number, Done extends ReadonlyArray<string> = readonly []> =
  Done["length"] extends Count ? Done : Names<Count, readonly [...Done, `s${Done["length"]}`]>

// ----------------------------------------------------------------------------
// AnyOf
// ----------------------------------------------------------------------------

type AnyOf<Members extends ReadonlyArray<Wide>> = SecurityRequirement.AnyOf<Members>

expectType<readonly []>(of<AnyOf<readonly []>>())
expectType<readonly []>(of<AnyOf<readonly [readonly []]>>())
expectType<A>(of<AnyOf<readonly [A]>>())
expectType<AB>(of<AnyOf<readonly [A, B]>>())
expectType<AB>(of<AnyOf<readonly [A, B, A]>>())
expectType<readonly [{ readonly b: readonly [] }, { readonly a: readonly ["r"] }]>(
  of<AnyOf<readonly [B, A]>>()
)
expectType<A>(of<AnyOf<readonly [readonly [], A, readonly []]>>())
expectType<readonly [{ readonly a: readonly ["r"] }, {}]>(of<AnyOf<readonly [A, readonly [{}]]>>())

// the same set of scopes is the same alternative, in the order that came first; a larger one is another
expectType<readonly [{ readonly a: readonly ["x", "y"] }, { readonly a: readonly ["x"] }]>(
  of<
    AnyOf<
      readonly [
        readonly [{ readonly a: readonly ["x", "y"] }],
        readonly [{ readonly a: readonly ["y", "x"] }, { readonly a: readonly ["x"] }]
      ]
    >
  >()
)

// `AnyOf` is associative
expectType<AnyOf<readonly [A, AnyOf<readonly [B, Alternatives<3>]>]>>(
  of<AnyOf<readonly [AnyOf<readonly [A, B]>, Alternatives<3>]>>()
)

expectType<Wide>(of<AnyOf<any>>())
expectType<never>(of<AnyOf<never>>())
expectType<Wide>(of<AnyOf<readonly [any]>>())
expectType<Wide>(of<AnyOf<readonly [A, any]>>())
expectType<Wide>(of<AnyOf<readonly [any, A]>>())
expectType<Wide>(of<AnyOf<readonly [Wide]>>())
expectType<Wide>(of<AnyOf<readonly [A, Wide]>>())
expectType<Wide>(of<AnyOf<readonly [Wide, A]>>())
expectType<Wide>(of<AnyOf<ReadonlyArray<A>>>())
expectType<Wide>(of<AnyOf<readonly [A, ...ReadonlyArray<B>]>>())
expectType<Wide>(of<AnyOf<readonly [...ReadonlyArray<B>, A]>>())

expectType<Alternatives<50>>(of<AnyOf<Members<50>>>())
expectType<Alternatives<64>>(of<AnyOf<Members<64>>>())
expectType<Alternatives<64>>(of<AnyOf<readonly [Alternatives<64>]>>())
expectType<A>(of<AnyOf<Repeat<50, A>>>())

// ----------------------------------------------------------------------------
// AllOf
// ----------------------------------------------------------------------------

type AllOf<Members extends ReadonlyArray<Wide>> = SecurityRequirement.AllOf<Members>

expectType<readonly [{}]>(of<AllOf<readonly []>>())
expectType<readonly []>(of<AllOf<readonly [readonly []]>>())
expectType<readonly []>(of<AllOf<readonly [A, readonly []]>>())
expectType<readonly []>(of<AllOf<readonly [readonly [], A]>>())
expectType<A>(of<AllOf<readonly [A]>>())
expectType<A>(of<AllOf<readonly [A, readonly [{}]]>>())
expectType<A>(of<AllOf<readonly [readonly [{}], A]>>())
expectType<A>(of<AllOf<readonly [A, A]>>())
expectType<readonly [{ readonly a: readonly ["r"]; readonly b: readonly [] }]>(
  of<AllOf<readonly [A, B]>>()
)

// a scheme of both needs the scopes of both, in order, each once
expectType<readonly [{ readonly a: readonly ["r", "w"] }]>(
  of<AllOf<readonly [A, readonly [{ readonly a: readonly ["w", "r"] }]]>>()
)

// the leftmost member varies slowest
expectType<
  readonly [
    { readonly a: readonly ["r"]; readonly c: readonly [] },
    { readonly a: readonly ["r", "w"] },
    { readonly b: readonly []; readonly c: readonly [] },
    { readonly a: readonly ["w"]; readonly b: readonly [] }
  ]
>(
  of<AllOf<readonly [AB, readonly [{ readonly c: readonly [] }, { readonly a: readonly ["w"] }]]>>()
)

// `AllOf` is associative, and distributes over `AnyOf`
expectType<AllOf<readonly [AB, AllOf<readonly [B, Alternatives<2>]>]>>(
  of<AllOf<readonly [AllOf<readonly [AB, B]>, Alternatives<2>]>>()
)
expectType<
  AnyOf<readonly [AllOf<readonly [A, Alternatives<3>]>, AllOf<readonly [B, Alternatives<3>]>]>
>(of<AllOf<readonly [AnyOf<readonly [A, B]>, Alternatives<3>]>>())

expectType<Wide>(of<AllOf<any>>())
expectType<never>(of<AllOf<never>>())
expectType<Wide>(of<AllOf<readonly [any]>>())
expectType<Wide>(of<AllOf<readonly [A, any]>>())
expectType<Wide>(of<AllOf<readonly [any, A]>>())
expectType<Wide>(of<AllOf<readonly [Wide, A]>>())
expectType<Wide>(of<AllOf<readonly [A, Wide]>>())
expectType<Wide>(of<AllOf<readonly [readonly [], Wide]>>())
expectType<Wide>(of<AllOf<ReadonlyArray<A>>>())
expectType<Wide>(of<AllOf<readonly [A, ...ReadonlyArray<B>]>>())
expectType<readonly [{ readonly a: ReadonlyArray<string> }]>(
  of<AllOf<readonly [A, readonly [{ readonly a: ReadonlyArray<string> }]]>>()
)

type Fifty = { readonly [N in Names<50>[number]]: readonly [] }
expectType<readonly [Fifty]>(of<AllOf<Members<50>>>())
expectType<A>(of<AllOf<Repeat<50, A>>>())

// 2 × 2 × 2 × 2 × 2 × 2 = 64
type Two<Left extends string, Right extends string> = readonly [
  { readonly [N in Left]: readonly [] },
  { readonly [N in Right]: readonly [] }
]
type SixtyFour = AllOf<
  readonly [
    Two<"a", "b">,
    Two<"c", "d">,
    Two<"e", "f">,
    Two<"g", "h">,
    Two<"i", "j">,
    Two<"k", "l">
  ]
>
type Six<Name extends string> = { readonly [N in Name]: readonly [] }
expectType<64>(of<SixtyFour["length"]>())
expectType<Six<"a" | "c" | "e" | "g" | "i" | "k">>(of<SixtyFour[0]>())
expectType<Six<"a" | "c" | "e" | "g" | "i" | "l">>(of<SixtyFour[1]>())
expectType<Six<"a" | "c" | "e" | "g" | "j" | "k">>(of<SixtyFour[2]>())
expectType<Six<"a" | "d" | "f" | "h" | "j" | "l">>(of<SixtyFour[31]>())
expectType<Six<"b" | "c" | "e" | "g" | "i" | "k">>(of<SixtyFour[32]>())
expectType<Six<"b" | "d" | "f" | "h" | "j" | "l">>(of<SixtyFour[63]>())
expectType<64>(of<AllOf<readonly [Alternatives<64>]>["length"]>())
expectType<8>(of<AllOf<readonly [Alternatives<8>, readonly [{}]]>["length"]>())
// 8 × 8 = 64, of which { s0, s1 } and { s1, s0 } are one
expectType<36>(of<AllOf<readonly [Alternatives<8>, Alternatives<8>]>["length"]>())

// ----------------------------------------------------------------------------
// Optional
// ----------------------------------------------------------------------------

type Optional<Self extends Wide> = SecurityRequirement.Optional<Self>

expectType<readonly [{ readonly a: readonly ["r"] }, {}]>(of<Optional<A>>())
expectType<readonly [{}]>(of<Optional<readonly []>>())
expectType<readonly [{}]>(of<Optional<readonly [{}]>>())
expectType<readonly [{}, { readonly a: readonly [] }]>(
  of<Optional<readonly [{}, { readonly a: readonly [] }]>>()
)
expectType<Optional<A>>(of<Optional<Optional<A>>>())
expectType<readonly [...Alternatives<50>, {}]>(of<Optional<Alternatives<50>>>())
expectType<Wide>(of<Optional<any>>())
expectType<never>(of<Optional<never>>())
expectType<Wide>(of<Optional<Wide>>())

// ----------------------------------------------------------------------------
// WithScopes
// ----------------------------------------------------------------------------

type WithScopes<
  Self extends Wide,
  G extends WideGrantable,
  Scopes extends ReadonlyArray<string>
> = SecurityRequirement.WithScopes<Self, G, Scopes>

type G = { readonly a: "r" | "w"; readonly b: never }

expectType<readonly [{ readonly a: readonly ["r", "w"] }, { readonly b: readonly [] }]>(
  of<WithScopes<AB, G, readonly ["w"]>>()
)
expectType<AB>(of<WithScopes<AB, G, readonly []>>())
expectType<AB>(of<WithScopes<AB, G, readonly ["r"]>>())
expectType<AB>(of<WithScopes<AB, G, readonly ["other"]>>())
expectType<readonly []>(of<WithScopes<readonly [], G, readonly ["w"]>>())
expectType<readonly [{}]>(of<WithScopes<readonly [{}], G, readonly ["w"]>>())
// in the order in which they were asked for, each once
expectType<readonly [{ readonly a: readonly ["r", "z", "w"] }]>(
  of<WithScopes<A, { readonly a: "r" | "w" | "z" }, readonly ["z", "w", "r", "z"]>>()
)
// of every scheme that declares it
expectType<readonly [{ readonly a: readonly ["w"]; readonly c: readonly ["w", "v"] }]>(
  of<
    WithScopes<
      readonly [{ readonly a: readonly []; readonly c: readonly [] }],
      { readonly a: "w"; readonly c: "w" | "v" },
      readonly ["w", "v"]
    >
  >()
)
// alternatives that became the same are one
expectType<readonly [{ readonly a: readonly ["w"] }]>(
  of<
    WithScopes<
      readonly [{ readonly a: readonly [] }, { readonly a: readonly ["w"] }],
      G,
      readonly ["w"]
    >
  >()
)
// idempotent
expectType<WithScopes<AB, G, readonly ["w"]>>(
  of<WithScopes<WithScopes<AB, G, readonly ["w"]>, G, readonly ["w"]>>()
)
// a scheme without a verifier, `string`, a pattern and `any` prove nothing
expectType<A>(of<WithScopes<A, { readonly a: Bare<"w"> }, readonly ["w"]>>())
expectType<A>(of<WithScopes<A, { readonly a: string }, readonly ["w"]>>())
expectType<A>(of<WithScopes<A, { readonly a: `w${string}` }, readonly ["w"]>>())
expectType<A>(of<WithScopes<A, { readonly a: any }, readonly ["w"]>>())
expectType<A>(of<WithScopes<A, {}, readonly ["w"]>>())
expectType<A>(of<WithScopes<A, any, readonly ["w"]>>())
expectType<A>(of<WithScopes<A, never, readonly ["w"]>>())
expectType<A>(of<WithScopes<A, WideGrantable, readonly ["w"]>>())
expectType<A>(of<WithScopes<A, G, ReadonlyArray<string>>>())
expectType<A>(of<WithScopes<A, G, any>>())
expectType<Wide>(of<WithScopes<any, G, readonly ["w"]>>())
expectType<Wide>(of<WithScopes<Wide, G, readonly ["w"]>>())
expectType<never>(of<SecurityRequirement.Guaranteed<WithScopes<never, G, readonly ["w"]>>>())
// of one of several requirements nothing is guaranteed
expectType<never>(of<SecurityRequirement.Guaranteed<WithScopes<A | B, G, readonly ["w"]>>>())
expectType<never>(
  of<
    SecurityRequirement.Guaranteed<
      WithScopes<A | readonly [{ readonly a: readonly ["w"] }], G, readonly []>
    >
  >()
)
expectType<never>(of<SecurityRequirement.Guaranteed<WithScopes<A | AB, G, readonly ["r"]>>>())
// 64 alternatives, 50 scopes
type Fold = SecurityRequirement.MergeGrantable<Grantables<64>>
expectType<64>(of<WithScopes<Alternatives<64>, Fold, readonly ["r", "w"]>["length"]>())
expectType<{ readonly s63: readonly ["r", "w"] }>(
  of<WithScopes<Alternatives<64>, Fold, readonly ["r", "w"]>[63]>()
)
expectType<readonly [{ readonly a: Names<50> }]>(
  of<
    WithScopes<readonly [{ readonly a: readonly [] }], { readonly a: Names<50>[number] }, Names<50>>
  >()
)

// ----------------------------------------------------------------------------
// Unproven
// ----------------------------------------------------------------------------

type Unproven<
  Self extends Wide,
  G extends WideGrantable,
  Scopes extends ReadonlyArray<string>
> = SecurityRequirement.Unproven<Self, G, Scopes>

expectType<never>(of<Unproven<A, G, readonly ["w"]>>())
expectType<never>(of<Unproven<A, G, readonly []>>())
expectType<never>(of<Unproven<readonly [], G, readonly ["w"]>>())
expectType<readonly ["b", "w"]>(of<Unproven<AB, G, readonly ["w"]>>())
expectType<readonly ["a", "x"]>(of<Unproven<A, G, readonly ["w", "x"]>>())
expectType<readonly ["a", "x"] | readonly ["b", "x"] | readonly ["b", "w"]>(
  of<Unproven<AB, G, readonly ["w", "x"]>>()
)
expectType<readonly ["public", "w"]>(of<Unproven<readonly [{}], G, readonly ["w"]>>())
expectType<readonly ["c" | "d", "w"]>(
  of<
    Unproven<readonly [{ readonly c: readonly []; readonly d: readonly [] }], {}, readonly ["w"]>
  >()
)
// one scheme of the alternative is enough
expectType<never>(
  of<Unproven<readonly [{ readonly a: readonly []; readonly b: readonly [] }], G, readonly ["w"]>>()
)
expectType<readonly ["a", "w"]>(of<Unproven<A, { readonly a: Bare<"w"> }, readonly ["w"]>>())
expectType<readonly ["a", "w"]>(of<Unproven<A, { readonly a: string }, readonly ["w"]>>())
expectType<readonly ["a", "w"]>(of<Unproven<A, { readonly a: `w${string}` }, readonly ["w"]>>())
expectType<readonly ["a", "w"]>(of<Unproven<A, { readonly a: any }, readonly ["w"]>>())
expectType<readonly ["a", "w"]>(of<Unproven<A, any, readonly ["w"]>>())
expectType<readonly ["a", "w"]>(of<Unproven<A, never, readonly ["w"]>>())
expectType<readonly ["a", "w"]>(of<Unproven<A, WideGrantable, readonly ["w"]>>())
expectType<readonly ["a", string]>(of<Unproven<A, G, ReadonlyArray<string>>>())
expectType<readonly ["a", any]>(of<Unproven<A, G, any>>())
expectType<readonly [string, "w"]>(of<Unproven<Wide, G, readonly ["w"]>>())
expectType<readonly [string, "w"]>(of<Unproven<any, G, readonly ["w"]>>())
expectType<never>(of<Unproven<never, G, readonly ["w"]>>())
// of a union of requirements each has to prove the scope
expectType<readonly ["b", "w"]>(of<Unproven<A | B, G, readonly ["w"]>>())
expectType<never>(of<Unproven<Alternatives<64>, Fold, readonly ["r", "w"]>>())
expectType<readonly ["s63", "w"]>(
  of<Unproven<Alternatives<64>, Omit<Fold, "s63"> & { readonly s63: "r" }, readonly ["r", "w"]>>()
)

// ----------------------------------------------------------------------------
// Guaranteed
// ----------------------------------------------------------------------------

type Guaranteed<Self> = SecurityRequirement.Guaranteed<Self>

expectType<"r">(of<Guaranteed<A>>())
expectType<never>(of<Guaranteed<B>>())
expectType<never>(of<Guaranteed<AB>>())
expectType<never>(of<Guaranteed<readonly []>>())
expectType<never>(of<Guaranteed<readonly [{}]>>())
expectType<never>(of<Guaranteed<Optional<A>>>())
expectType<"r" | "w">(
  of<
    Guaranteed<
      readonly [
        { readonly a: readonly ["r", "w"] },
        { readonly b: readonly ["w"]; readonly c: readonly ["r", "x"] }
      ]
    >
  >()
)
expectType<"r">(
  of<Guaranteed<readonly [{ readonly a: readonly ["r", "w"] }, { readonly a: readonly ["r"] }]>>()
)
expectType<"r" | "w">(of<Guaranteed<WithScopes<Alternatives<64>, Fold, readonly ["r", "w"]>>>())
expectType<Names<50>[number]>(of<Guaranteed<readonly [{ readonly a: Names<50> }]>>())

// what can't be told guarantees nothing
expectType<never>(of<Guaranteed<any>>())
expectType<never>(of<Guaranteed<never>>())
expectType<never>(of<Guaranteed<unknown>>())
expectType<never>(of<Guaranteed<Wide>>())
expectType<never>(of<Guaranteed<ReadonlyArray<A[0]>>>())
expectType<never>(of<Guaranteed<readonly [any]>>())
expectType<never>(of<Guaranteed<readonly [A[0], any]>>())
expectType<never>(of<Guaranteed<readonly [any, A[0]]>>())
expectType<never>(of<Guaranteed<readonly [A[0], ...ReadonlyArray<A[0]>]>>())
expectType<never>(of<Guaranteed<readonly [...ReadonlyArray<A[0]>, A[0]]>>())
expectType<never>(of<Guaranteed<readonly [{ readonly a: any }]>>())
expectType<never>(of<Guaranteed<readonly [A[0], { readonly a: any }]>>())
expectType<never>(of<Guaranteed<readonly [{ readonly a: ReadonlyArray<string> }]>>())
expectType<never>(of<Guaranteed<readonly [A[0], { readonly a: ReadonlyArray<string> }]>>())
expectType<never>(of<Guaranteed<readonly [{ readonly a: ReadonlyArray<"r" | "w"> }]>>())
expectType<never>(
  of<Guaranteed<readonly [{ readonly a: readonly ["r", ...ReadonlyArray<"w">] }]>>()
)
expectType<never>(of<Guaranteed<readonly [{ readonly a: readonly ["r" | "w"] }]>>())
expectType<never>(of<Guaranteed<readonly [{ readonly a: readonly [`r${string}`] }]>>())
expectType<never>(of<Guaranteed<readonly [{ readonly a: readonly [string] }]>>())
expectType<never>(of<Guaranteed<readonly [{ readonly a: readonly ["r"] | readonly ["w"] }]>>())
expectType<never>(of<Guaranteed<readonly [{ readonly a?: readonly ["r"] }]>>())
expectType<never>(of<Guaranteed<readonly [{ readonly [name: string]: readonly ["r"] }]>>())
expectType<never>(of<Guaranteed<readonly [A[0] | { readonly b: readonly ["w"] }]>>())
expectType<never>(of<Guaranteed<readonly [A[0] | { readonly a: readonly ["w"] }]>>())
expectType<never>(of<Guaranteed<readonly [A[0], A[0] | {}]>>())
expectType<never>(of<Guaranteed<A | B>>())
expectType<never>(of<Guaranteed<A | readonly [{ readonly a: readonly ["w"] }]>>())
expectType<never>(of<Guaranteed<A | readonly []>>())
expectType<never>(of<Guaranteed<A | Wide>>())

// ----------------------------------------------------------------------------
// Scopes and SchemeNames
// ----------------------------------------------------------------------------

type Both = readonly [
  { readonly a: readonly ["r"] },
  { readonly b: readonly ["w"]; readonly c: readonly [] }
]

expectType<"r" | "w">(of<SecurityRequirement.Scopes<Both>>())
expectType<never>(of<SecurityRequirement.Scopes<readonly []>>())
expectType<never>(of<SecurityRequirement.Scopes<readonly [{}]>>())
expectType<never>(of<SecurityRequirement.Scopes<Alternatives<50>>>())
expectType<string>(of<SecurityRequirement.Scopes<Wide>>())
expectType<never>(of<SecurityRequirement.Scopes<never>>())
expectType<any>(of<SecurityRequirement.Scopes<any>>())

expectType<"a" | "b" | "c">(of<SecurityRequirement.SchemeNames<Both>>())
expectType<never>(of<SecurityRequirement.SchemeNames<readonly []>>())
expectType<never>(of<SecurityRequirement.SchemeNames<readonly [{}]>>())
expectType<Names<64>[number]>(of<SecurityRequirement.SchemeNames<Alternatives<64>>>())
expectType<string | number>(of<SecurityRequirement.SchemeNames<Wide>>())
expectType<never>(of<SecurityRequirement.SchemeNames<never>>())
expectType<PropertyKey>(of<SecurityRequirement.SchemeNames<any>>())

// ----------------------------------------------------------------------------
// MergeGrantable
// ----------------------------------------------------------------------------

type Merge<Members extends ReadonlyArray<WideGrantable>> =
  SecurityRequirement.MergeGrantable<Members>

expectType<{}>(of<Merge<readonly []>>())
expectType<{ readonly a: "r" }>(of<Merge<readonly [{ readonly a: "r" }]>>())
expectType<{ readonly a: "r"; readonly b: never }>(
  of<Merge<readonly [{ readonly a: "r" }, { readonly b: never }]>>()
)
// intersection where a scheme occurs twice
expectType<{ readonly a: "r" }>(
  of<Merge<readonly [{ readonly a: "r" | "w" }, { readonly a: "r" | "x" }]>>()
)
expectType<{ readonly a: Bare<"r"> }>(
  of<Merge<readonly [{ readonly a: Bare<"r" | "w"> }, { readonly a: Bare<"r" | "x"> }]>>()
)
// bare in one member and authenticated in another: nothing, whichever comes first
expectType<{ readonly a: never }>(
  of<Merge<readonly [{ readonly a: "r" | "w" }, { readonly a: Bare<"r" | "w"> }]>>()
)
expectType<{ readonly a: never }>(
  of<Merge<readonly [{ readonly a: Bare<"r" | "w"> }, { readonly a: "r" | "w" }]>>()
)
expectType<{ readonly a: never }>(
  of<
    Merge<
      readonly [
        { readonly a: "r" },
        { readonly b: "x" },
        { readonly a: Bare<"r"> },
        { readonly a: "r" }
      ]
    > extends infer M ?
      Pick<M, "a" & keyof M>
    : never
  >()
)
expectType<{ readonly a: never }>(
  of<Merge<readonly [{ readonly a: never }, { readonly a: Bare<"r"> }]>>()
)
// of a wide one no scheme's scopes are known
expectNotAssignable<"r">(of<Merge<readonly [{ readonly a: "r" }, WideGrantable]>["a"]>())
expectType<{}>(of<Merge<never>>())
expectType<WideGrantable>(of<Merge<ReadonlyArray<{ readonly a: "r" }>>>())
expectType<never>(
  of<Extract<SecurityRequirement.Literals<Merge<ReadonlyArray<WideGrantable>>[string]>, string>>()
)
expectType<{ readonly [N in Names<50>[number]]: "r" | "w" }>(of<Merge<Grantables<50>>>())
expectType<{ readonly a: "r" }>(of<Merge<Repeat<50, { readonly a: "r" }>>>())

// ----------------------------------------------------------------------------
// TooManyAnyOf and TooManyAllOf
// ----------------------------------------------------------------------------

type TooManyAnyOf<Members extends ReadonlyArray<Wide>> = SecurityRequirement.TooManyAnyOf<Members>
type TooManyAllOf<Members extends ReadonlyArray<Wide>> = SecurityRequirement.TooManyAllOf<Members>

expectType<false>(of<TooManyAnyOf<readonly []>>())
expectType<false>(of<TooManyAnyOf<readonly [A]>>())
expectType<false>(of<TooManyAnyOf<Members<50>>>())
expectType<false>(of<TooManyAnyOf<Members<64>>>())
expectType<true>(of<TooManyAnyOf<Members<65>>>())
expectType<false>(of<TooManyAnyOf<readonly [Alternatives<64>]>>())
expectType<false>(of<TooManyAnyOf<readonly [Alternatives<64>, readonly []]>>())
expectType<true>(of<TooManyAnyOf<readonly [Alternatives<64>, A]>>())
expectType<true>(of<TooManyAnyOf<readonly [A, Alternatives<64>]>>())
expectType<true>(of<TooManyAnyOf<Repeat<65, A>>>())
expectType<true>(of<TooManyAnyOf<Repeat<50, Alternatives<50>>>>())
expectType<false>(of<TooManyAnyOf<any>>())
expectType<never>(of<TooManyAnyOf<never>>())
expectType<false>(of<TooManyAnyOf<readonly [Wide]>>())
expectType<false>(of<TooManyAnyOf<ReadonlyArray<A>>>())

expectType<false>(of<TooManyAllOf<readonly []>>())
expectType<false>(of<TooManyAllOf<readonly [A]>>())
expectType<false>(of<TooManyAllOf<Members<50>>>())
expectType<false>(of<TooManyAllOf<Repeat<6, Alternatives<2>>>>())
expectType<true>(of<TooManyAllOf<Repeat<7, Alternatives<2>>>>())
expectType<false>(of<TooManyAllOf<readonly [Alternatives<8>, Alternatives<8>]>>())
expectType<true>(of<TooManyAllOf<readonly [Alternatives<9>, Alternatives<8>]>>())
expectType<true>(of<TooManyAllOf<readonly [Alternatives<8>, Alternatives<9>]>>())
expectType<false>(of<TooManyAllOf<readonly [Alternatives<64>]>>())
expectType<true>(of<TooManyAllOf<readonly [Alternatives<65>]>>())
expectType<true>(of<TooManyAllOf<Repeat<50, Alternatives<50>>>>())
expectType<false>(of<TooManyAllOf<any>>())
expectType<never>(of<TooManyAllOf<never>>())
expectType<false>(of<TooManyAllOf<readonly [Wide]>>())
expectType<false>(of<TooManyAllOf<ReadonlyArray<A>>>())

// ----------------------------------------------------------------------------
// Provable
// ----------------------------------------------------------------------------

type Provable<Self extends Wide, G extends WideGrantable> = SecurityRequirement.Provable<Self, G>

expectType<"r" | "w">(of<Provable<A, G>>())
expectType<never>(of<Provable<B, G>>())
expectType<never>(of<Provable<AB, G>>())
// in every alternative, by whichever of its schemes
expectType<"w">(of<Provable<AB, { readonly a: "r" | "w"; readonly b: "w" | "x" }>>())
expectType<"r" | "w" | "x">(
  of<
    Provable<
      readonly [{ readonly a: readonly []; readonly b: readonly [] }],
      { readonly a: "r" | "w"; readonly b: "w" | "x" }
    >
  >()
)
// nobody gets in by `[]`, and everybody by `{}`
expectType<string>(of<Provable<readonly [], G>>())
expectType<never>(of<Provable<readonly [{}], G>>())
expectType<never>(of<Provable<readonly [{ readonly a: readonly [] }, {}], G>>())
expectType<"w">(of<Provable<A, { readonly a: "w" | `x${string}` | Bare<"y"> }>>())
expectType<never>(of<Provable<A, { readonly a: Bare<"w"> }>>())
expectType<never>(of<Provable<A, { readonly a: string }>>())
expectType<never>(of<Provable<A, { readonly a: any }>>())
expectType<never>(of<Provable<A, {}>>())
expectType<never>(of<Provable<A, any>>())
expectType<never>(of<Provable<A, never>>())
expectType<never>(of<Provable<A, WideGrantable>>())
expectType<never>(of<Provable<A | B, G>>())
expectType<never>(of<Provable<A | readonly [{ readonly a: readonly ["w"] }], G>>())
expectType<never>(of<Provable<readonly [...A, ...Wide], G>>())
expectType<never>(of<Provable<Wide, G>>())
expectType<never>(of<Provable<any, G>>())
expectType<never>(of<Provable<never, G>>())
expectType<"r" | "w">(of<Provable<Alternatives<64>, Fold>>())

// ----------------------------------------------------------------------------
// IsSingleLiteral, Literals, NotSingleLiterals
// ----------------------------------------------------------------------------

type IsSingleLiteral<Text extends string> = SecurityRequirement.IsSingleLiteral<Text>

expectType<true>(of<IsSingleLiteral<"a">>())
expectType<true>(of<IsSingleLiteral<"">>())
expectType<true>(of<IsSingleLiteral<"items:read">>())
expectType<false>(of<IsSingleLiteral<"a" | "b">>())
expectType<false>(of<IsSingleLiteral<string>>())
expectType<false>(of<IsSingleLiteral<`items:${string}`>>())
expectType<false>(of<IsSingleLiteral<"a" | `items:${string}`>>())
expectType<false>(of<IsSingleLiteral<`${number}`>>())
expectType<false>(of<IsSingleLiteral<Uppercase<string>>>())
expectType<false>(of<IsSingleLiteral<string & { readonly brand: "a" }>>())
expectType<false>(of<IsSingleLiteral<never>>())
expectType<false>(of<IsSingleLiteral<any>>())

expectType<"a" | "b">(of<SecurityRequirement.Literals<"a" | "b">>())
expectType<"a">(of<SecurityRequirement.Literals<"a" | `items:${string}`>>())
expectType<"a">(of<SecurityRequirement.Literals<"a" | Bare<"b">>>())
expectType<never>(of<SecurityRequirement.Literals<string>>())
expectType<never>(of<SecurityRequirement.Literals<`items:${string}`>>())
expectType<never>(of<SecurityRequirement.Literals<never>>())
expectType<never>(of<SecurityRequirement.Literals<any>>())
expectType<never>(of<SecurityRequirement.Literals<unknown>>())
expectType<never>(of<SecurityRequirement.Literals<Bare<"b">>>())

type NotSingleLiterals<Texts extends ReadonlyArray<string>> =
  SecurityRequirement.NotSingleLiterals<Texts>

expectType<never>(of<NotSingleLiterals<readonly []>>())
expectType<never>(of<NotSingleLiterals<readonly ["a"]>>())
expectType<never>(of<NotSingleLiterals<readonly ["a", "b"]>>())
expectType<never>(of<NotSingleLiterals<Names<50>>>())
expectType<"b" | "c">(of<NotSingleLiterals<readonly ["a", "b" | "c"]>>())
expectType<"a" | "b">(of<NotSingleLiterals<readonly ["a" | "b"]>>())
expectType<"a" | "b">(of<NotSingleLiterals<readonly ["a" | "b", "c"]>>())
expectType<"a" | "b">(of<NotSingleLiterals<readonly ["c", "d", "a" | "b"]>>())
expectType<"a" | "b" | "c">(
  of<NotSingleLiterals<readonly ["a", "b"] | readonly ["a", "c"] | readonly ["c", "b"]>>()
)
expectType<string>(of<NotSingleLiterals<readonly ["a", string]>>())
expectType<`items:${string}`>(of<NotSingleLiterals<readonly ["a", `items:${string}`]>>())
expectType<string>(of<NotSingleLiterals<ReadonlyArray<string>>>())
expectType<"a">(of<NotSingleLiterals<ReadonlyArray<"a">>>())
expectType<"a" | "b">(of<NotSingleLiterals<readonly ["a", ...ReadonlyArray<"b">]>>())
expectType<"a" | "b">(of<NotSingleLiterals<readonly ["a"] | readonly ["b"]>>())
expectType<"a" | "b">(of<NotSingleLiterals<readonly ["a"] | readonly ["a", "b"]>>())
expectType<any>(of<NotSingleLiterals<readonly [any]>>())
expectType<any>(of<NotSingleLiterals<any>>())
expectType<never>(of<NotSingleLiterals<never>>())

// ----------------------------------------------------------------------------
// the values have the types
// ----------------------------------------------------------------------------

expectType<AB>(SecurityRequirement.anyOf([{ a: ["r"] }], [{ b: [] }], [{ a: ["r"] }]))
expectType<readonly []>(SecurityRequirement.anyOf())
expectType<readonly [{ readonly a: readonly ["r"]; readonly b: readonly [] }]>(
  SecurityRequirement.allOf([{ a: ["r"] }], [{ b: [] }])
)
expectType<readonly [{}]>(SecurityRequirement.allOf())
expectType<readonly [{ readonly a: readonly ["r"] }, {}]>(
  SecurityRequirement.optional([{ a: ["r"] }])
)
expectAssignable<Wide>(SecurityRequirement.anyOf(of<Wide>(), [{ a: [] }]))

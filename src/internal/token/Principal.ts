/**
 * What a verifier makes of claims: what the user's schema reads from them, or the claims as they are.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { compose } from "effect/Function"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as PlainData from "../pure/PlainData.ts"
import * as Line from "../line/Line.ts"

/**
 * Reads claims by a schema; without one they are what is read.
 *
 * Who calls it says what `A` is without a schema, by the default of its own type parameter: the type of the claims that it gives.
 *
 * @category constructors
 * @since 0.1.0
 */
export const decoder = <A, I>(
  schema: Schema.Schema<A, I> | undefined
): ((claims: unknown) => Effect.Effect<A, ParseResult.ParseError>) =>
  schema === undefined ?
    (claims) => Effect.succeed(asDefault<A>(claims))
  : Schema.decodeUnknown(schema)

/**
 * As {@link decoder}, for what several requests are given: what a schema makes is frozen. Claims without a schema have to be so already.
 *
 * @category constructors
 * @since 0.1.0
 */
export const frozenDecoder = <A, I>(
  schema: Schema.Schema<A, I> | undefined
): ((claims: unknown) => Effect.Effect<A, ParseResult.ParseError>) =>
  schema === undefined ? decoder(schema) : compose(decoder(schema), Effect.map(PlainData.freeze<A>))

/**
 * A schema for claims that pass another one first.
 *
 * @category combinators
 * @since 0.1.0
 */
export const after = <A, I>(
  first: Schema.Schema<unknown>,
  schema: Schema.Schema<A, I> | undefined
): Schema.Schema<A, unknown> =>
  schema === undefined ? asDefault<Schema.Schema<A, unknown>>(first) : Line.compose(first, schema)

// without a schema `A` is the type of the claims: where it is a parameter of a public function, that is its default
const asDefault = <A>(claims: unknown): A => claims as A

/**
 * Why a request is not let in: 401, 403, 429 or 503, as errors.
 *
 * @since 0.1.0
 */
import * as HttpServerRespondable from "@effect/platform/HttpServerRespondable"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Challenge from "../../Challenge.ts"
import * as Line from "../line/Line.ts"
import * as RefusalAnswer from "./RefusalAnswer.ts"

// ----------------------------------------------------------------------------
// errors
// ----------------------------------------------------------------------------

/**
 * No credential, a malformed one or a wrong one: 401 with `WWW-Authenticate` (RFC 9110, section 15.5.2).
 *
 * `reason` is `absent` when no credential of the expression was presented, `malformed` when one could not be read,
 * `invalid` when one was refused. A verifier fails with `new Unauthorized({ reason: "invalid" })`; the challenges are
 * added by the expression.
 *
 * @example
 * ```ts
 * import { SecurityError } from "effect-security"
 *
 * const revoked = new SecurityError.Unauthorized({ reason: "invalid", message: "This key is revoked" })
 * ```
 * @category errors
 * @since 0.1.0
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>("SecurityUnauthorized")(
  "Unauthorized",
  {
    reason: Schema.Literal("absent", "malformed", "invalid"),
    message: withDefault("Not authenticated")
  },
  Line.errorAnnotations({
    status: 401,
    identifier: "SecurityUnauthorized",
    description: "No credential was presented, or it was refused"
  })
) {
  /** The challenges of the expression that refused, for `WWW-Authenticate`. */
  declare readonly challenges: ReadonlyArray<Challenge.Challenge>

  constructor(
    props: { readonly reason: "absent" | "malformed" | "invalid"; readonly message?: string },
    options: Line.MakeOptions = Line.unchecked,
    challenges: ReadonlyArray<Challenge.Challenge> = []
  ) {
    const restore = silence()
    try {
      super({ ...props, message: props.message ?? messages[props.reason] }, options)
    } finally {
      restore()
    }
    this.challenges = challenges
  }

  [HttpServerRespondable.symbol](): Effect.Effect<HttpServerResponse.HttpServerResponse> {
    return RefusalAnswer.respond(this)
  }
}

/**
 * The credential is right and not enough: 403.
 *
 * Where scopes lacked, `WWW-Authenticate` carries `insufficient_scope` with the scopes needed (RFC 6750, section 3.1);
 * where a policy refused, there is no challenge.
 *
 * @example
 * ```ts
 * import { SecurityError } from "effect-security"
 *
 * const disabled = new SecurityError.Forbidden({ message: "The account is disabled" })
 * ```
 * @category errors
 * @since 0.1.0
 */
export class Forbidden extends Schema.TaggedError<Forbidden>("SecurityForbidden")(
  "Forbidden",
  { message: withDefault("Not enough permissions") },
  Line.errorAnnotations({
    status: 403,
    identifier: "SecurityForbidden",
    description: "The credential does not allow this"
  })
) {
  /** One challenge for each alternative whose scopes lacked, for `WWW-Authenticate`. */
  declare readonly challenges: ReadonlyArray<Challenge.Challenge>

  constructor(
    props: { readonly message?: string } = {},
    options: Line.MakeOptions = Line.unchecked,
    challenges: ReadonlyArray<Challenge.Challenge> = []
  ) {
    const restore = silence()
    try {
      super(props, options)
    } finally {
      restore()
    }
    this.challenges = challenges
  }

  [HttpServerRespondable.symbol](): Effect.Effect<HttpServerResponse.HttpServerResponse> {
    return RefusalAnswer.respond(this)
  }
}

/**
 * What verifies the credential can't be reached: 503 with `Retry-After`, never a pass.
 *
 * `retryAfter` is in seconds, 5 by default; a fraction is rounded up.
 *
 * @example
 * ```ts
 * import { SecurityError } from "effect-security"
 *
 * const down = new SecurityError.ServiceUnavailable({ retryAfter: 30 })
 * ```
 * @category errors
 * @since 0.1.0
 */
export class ServiceUnavailable extends Schema.TaggedError<ServiceUnavailable>(
  "SecurityServiceUnavailable"
)(
  "ServiceUnavailable",
  {
    message: withDefault("The credential can't be verified now"),
    retryAfter: Schema.NonNegativeInt.pipe(
      Schema.propertySignature,
      Schema.withConstructorDefault(() => 5)
    )
  },
  Line.errorAnnotations({
    status: 503,
    identifier: "SecurityServiceUnavailable",
    description: "The credential can't be verified now"
  })
) {
  constructor(
    props: { readonly message?: string; readonly retryAfter?: number } = {},
    options?: Line.MakeOptions
  ) {
    const restore = silence()
    try {
      super(wholeSeconds(props), options)
    } finally {
      restore()
    }
  }

  [HttpServerRespondable.symbol](): Effect.Effect<HttpServerResponse.HttpServerResponse> {
    return RefusalAnswer.respond(this)
  }
}

/**
 * Too many wrong credentials: 429 with `Retry-After` (RFC 6585, section 4), whether this one is right or not.
 *
 * Like {@link ServiceUnavailable} it says that nothing was decided: the other alternatives of an expression are tried. A
 * verifier that fails with it is given to `Security.authenticate` with `{ throttles: true }`, so that an HttpApi has it in its
 * contract. `retryAfter` is in seconds, 60 by default; a
 * fraction is rounded up.
 *
 * @example
 * ```ts
 * import { SecurityError } from "effect-security"
 *
 * const slower = new SecurityError.TooManyRequests({ retryAfter: 10 })
 * ```
 * @category errors
 * @since 0.1.0
 */
export class TooManyRequests extends Schema.TaggedError<TooManyRequests>("SecurityTooManyRequests")(
  "TooManyRequests",
  {
    message: withDefault("Too many attempts"),
    retryAfter: Schema.NonNegativeInt.pipe(
      Schema.propertySignature,
      Schema.withConstructorDefault(() => 60)
    )
  },
  Line.errorAnnotations({
    status: 429,
    identifier: "SecurityTooManyRequests",
    description: "Too many credentials were refused"
  })
) {
  constructor(
    props: { readonly message?: string; readonly retryAfter?: number } = {},
    options?: Line.MakeOptions
  ) {
    const restore = silence()
    try {
      super(wholeSeconds(props), options)
    } finally {
      restore()
    }
  }

  [HttpServerRespondable.symbol](): Effect.Effect<HttpServerResponse.HttpServerResponse> {
    return RefusalAnswer.respond(this)
  }
}

/**
 * The four ways to be refused.
 *
 * @category errors
 * @since 0.1.0
 */
export type Refusal = Unauthorized | Forbidden | TooManyRequests | ServiceUnavailable

/**
 * Whether a value is one of the four refusals.
 *
 * @category guards
 * @since 0.1.0
 */
export const isRefusal = (value: unknown): value is Refusal =>
  value instanceof Unauthorized ||
  value instanceof Forbidden ||
  value instanceof ServiceUnavailable ||
  value instanceof TooManyRequests

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * Makes an error that captures no stack: a flood of refusals must not cost more than the passes.
 *
 * The errors of this module need none of it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const withoutStack = <Made>(make: () => Made): Made => {
  const restore = silence()
  try {
    return make()
  } finally {
    restore()
  }
}

/**
 * The same refusal with other challenges.
 *
 * The challenges that a verifier or a policy gives its `Unauthorized` take the place of its scheme's: a Digest nonce that is
 * stale, a step-up (RFC 9470). Those of its `Forbidden` are sent as well.
 *
 * @example
 * ```ts
 * import { Challenge, SecurityError } from "effect-security"
 *
 * const stepUp = SecurityError.withChallenges(new SecurityError.Unauthorized({ reason: "invalid" }), [
 *   Challenge.make("Bearer", { realm: "api", error: "insufficient_user_authentication", max_age: "300" })
 * ])
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const withChallenges = <Self extends Unauthorized | Forbidden>(
  self: Self,
  challenges: ReadonlyArray<Challenge.Challenge>
): Self => {
  const plain: Unauthorized | Forbidden | undefined =
    isPlain(self, Unauthorized.prototype) && self._tag === "Unauthorized" ?
      new Unauthorized({ reason: self.reason, message: self.message }, Line.unchecked, challenges)
    : undefined
  // the class is that of `self`; what its constructor makes is quicker to read and to encode than a copy
  return (plain ?? changed(self, { challenges })) as Self
}

/** Whether it is of the class itself, and nothing has been put on it. */
const isPlain = (self: Refusal, prototype: object): boolean =>
  Object.getPrototypeOf(self) === prototype &&
  Reflect.ownKeys(self).every((key) => plainKeys.has(key))

/**
 * The same refusal, of a credential that was presented: its message stays, unless it is that of an absent one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const asInvalid = <Self extends Unauthorized>(self: Self): Self =>
  changed(self, {
    reason: "invalid",
    message: self.message === messages.absent ? messages.invalid : self.message
  })

/** A copy, of a class of one's own too. */
const changed = <Self extends Refusal>(self: Self, members: object): Self =>
  // the prototype and the members are those of `self`
  Object.create(Object.getPrototypeOf(self), {
    ...Object.getOwnPropertyDescriptors(self),
    ...Object.getOwnPropertyDescriptors(members)
  }) as Self

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

/** Has V8 capture no stack until the function it returns is called; an engine without the knob ignores it. */
const silence = (): (() => void) => {
  const engine: { readonly name: string; stackTraceLimit?: number } = Error
  const { stackTraceLimit } = engine
  engine.stackTraceLimit = 0
  return () => {
    if (stackTraceLimit === undefined) delete engine.stackTraceLimit
    else engine.stackTraceLimit = stackTraceLimit
  }
}

/** What an upstream says is left over may be a fraction, or over. */
const wholeSeconds = <Props extends { readonly retryAfter?: number }>(props: Props): Props =>
  props.retryAfter === undefined || Number.isNaN(props.retryAfter) ?
    props
  : { ...props, retryAfter: Math.min(Math.max(0, Math.ceil(props.retryAfter)), maxRetryAfter) }

const maxRetryAfter = Number.MAX_SAFE_INTEGER

const messages = {
  absent: "Not authenticated",
  malformed: "Malformed credentials",
  invalid: "Invalid credentials"
} as const

function withDefault(message: string) {
  return Schema.String.pipe(
    Schema.propertySignature,
    Schema.withConstructorDefault(() => message)
  )
}

const plainKeys: ReadonlySet<PropertyKey> = new Set(
  Reflect.ownKeys(new Unauthorized({ reason: "invalid" }))
)

// they are answers, and no faults of the server: that the verifier is down is one
for (const answer of [Unauthorized, Forbidden, TooManyRequests]) Line.unreported(answer)

/**
 * Why a request is not let in: 401, 403, 429 or 503.
 *
 * Each error answers by itself in a plain router (`HttpServerRespondable`) and is part of the contract of an
 * HttpApi (a schema with its status). Its challenges travel beside it, never in its body.
 *
 * @since 0.1.0
 */
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRespondable from "@effect/platform/HttpServerRespondable"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as Challenge from "./Challenge.ts"

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
  HttpApiSchema.annotations({
    status: 401,
    identifier: "SecurityUnauthorized",
    description: "No credential was presented, or it was refused"
  })
) {
  /** The challenges of the expression that refused, for `WWW-Authenticate`. */
  declare readonly challenges: ReadonlyArray<Challenge.Challenge>

  constructor(
    props: { readonly reason: "absent" | "malformed" | "invalid"; readonly message?: string },
    options: MakeOptions = true,
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
    return respond(this)
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
  HttpApiSchema.annotations({
    status: 403,
    identifier: "SecurityForbidden",
    description: "The credential does not allow this"
  })
) {
  /** One challenge for each alternative whose scopes lacked, for `WWW-Authenticate`. */
  declare readonly challenges: ReadonlyArray<Challenge.Challenge>

  constructor(
    props: { readonly message?: string } = {},
    options: MakeOptions = true,
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
    return respond(this)
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
  HttpApiSchema.annotations({
    status: 503,
    identifier: "SecurityServiceUnavailable",
    description: "The credential can't be verified now"
  })
) {
  constructor(
    props: { readonly message?: string; readonly retryAfter?: number } = {},
    options?: MakeOptions
  ) {
    const restore = silence()
    try {
      super(wholeSeconds(props), options)
    } finally {
      restore()
    }
  }

  [HttpServerRespondable.symbol](): Effect.Effect<HttpServerResponse.HttpServerResponse> {
    return respond(this)
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
  HttpApiSchema.annotations({
    status: 429,
    identifier: "SecurityTooManyRequests",
    description: "Too many credentials were refused"
  })
) {
  constructor(
    props: { readonly message?: string; readonly retryAfter?: number } = {},
    options?: MakeOptions
  ) {
    const restore = silence()
    try {
      super(wholeSeconds(props), options)
    } finally {
      restore()
    }
  }

  [HttpServerRespondable.symbol](): Effect.Effect<HttpServerResponse.HttpServerResponse> {
    return respond(this)
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

/** What a refusal that is made once, and answers many requests, needs to be printed only once. */
interface Prepared {
  readonly headers: Readonly<Record<string, string>>
  append: { readonly change: ResponseChange; readonly effect: Effect.Effect<void> } | undefined
  body: string | undefined
  response: Effect.Effect<HttpServerResponse.HttpServerResponse> | undefined
}

const preparations = new WeakMap<Refusal, Prepared>()

/**
 * The same refusal, which answers many requests: its headers and its response are made once.
 *
 * @category constructors
 * @since 0.1.0
 */
export const prepared = <Self extends Refusal>(self: Self): Self => {
  if (!preparations.has(self)) {
    const added = Object.freeze(makeHeaders(self))
    preparations.set(self, {
      headers: added,
      append: undefined,
      body: undefined,
      response: undefined
    })
  }
  return self
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
      new Unauthorized({ reason: self.reason, message: self.message }, true, challenges)
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
// headers
// ----------------------------------------------------------------------------

/**
 * The headers a refusal has to be answered with: `WWW-Authenticate`, or `Retry-After`.
 *
 * @category headers
 * @since 0.1.0
 */
export const headers = (self: Refusal): Readonly<Record<string, string>> =>
  preparations.get(self)?.headers ?? makeHeaders(self)

const makeHeaders = (self: Refusal): Record<string, string> =>
  "retryAfter" in self ? { "retry-after": String(self.retryAfter) }
  : self.challenges.length === 0 ? {}
  : { "www-authenticate": Challenge.printAll(self.challenges) }

/**
 * Sets the headers of a refusal on whatever response answers it, if that keeps the refusal's status.
 *
 * This is how an error of one's own, and an error that an HttpApi encodes by its schema, gets its challenges. `change` is what is to be
 * done to the response whatever its status.
 *
 * @category headers
 * @since 0.1.0
 */
export const appendHeaders = (
  self: Refusal,
  change: ResponseChange = identity
): Effect.Effect<void> => {
  const preparation = preparations.get(self)
  if (preparation === undefined) return makeAppend(self, change)
  if (preparation.append?.change !== change) {
    preparation.append = { change, effect: makeAppend(self, change) }
  }
  return preparation.append.effect
}

/**
 * What is done to a response besides.
 *
 * @category models
 * @since 0.1.0
 */
export type ResponseChange = (
  response: HttpServerResponse.HttpServerResponse
) => HttpServerResponse.HttpServerResponse

const makeAppend = (self: Refusal, change: ResponseChange): Effect.Effect<void> => {
  const added = fieldLines(self)
  const status = statuses[self._tag]
  const handler: HttpApp.PreResponseHandler = (_request, response) => {
    const changed = change(response)
    return Exit.succeed(changed.status === status ? withLines(changed, added) : changed)
  }
  const alone = appended(self, handler)
  return FiberRef.update(HttpApp.currentPreResponseHandlers, (before) =>
    Option.isNone(before) ? alone : (
      appended(self, (request, response) =>
        Effect.flatMap(before.value(request, response), (handled) => handler(request, handled))
      )
    )
  )
}

/** Which refusal's headers are the last thing that is to be done to the response. */
const lastAppended = new WeakMap<Option.Option<HttpApp.PreResponseHandler>, Refusal>()

const appended = (
  self: Refusal,
  handler: HttpApp.PreResponseHandler
): Option.Option<HttpApp.PreResponseHandler> => {
  const some = Option.some(handler)
  lastAppended.set(some, self)
  return some
}

/** Whether the fiber that asks has appended the refusal's headers, and nothing since. */
const isLastAppended = (self: Refusal): boolean => {
  const fiber = Option.getOrUndefined(Fiber.getCurrentFiber())
  return (
    fiber !== undefined &&
    lastAppended.get(fiber.getFiberRef(HttpApp.currentPreResponseHandlers)) === self
  )
}

/**
 * The status of each refusal.
 *
 * @category constants
 * @since 0.1.0
 */
export const statuses = {
  Unauthorized: 401,
  Forbidden: 403,
  TooManyRequests: 429,
  ServiceUnavailable: 503
} as const

/**
 * The status of a refusal.
 *
 * @category models
 * @since 0.1.0
 */
export type Status = (typeof statuses)[keyof typeof statuses]

// ----------------------------------------------------------------------------
// the contract of an HttpApi
// ----------------------------------------------------------------------------

/**
 * The schemas of the refusals as an HttpApi answers them: encoding one sets its headers as well.
 *
 * What they encode to is the JSON of the body as text, so that a refusal that answers many requests is printed once. They are for the
 * contract of an HttpApi, alone or as members of a union; inside of another schema, and for JSON that is data, use the classes.
 * The headers are set by the fiber that encodes, so they also reach the client when the refusal crossed a fiber
 * (`Effect.timeout` around the whole app).
 *
 * @category schemas
 * @since 0.1.0
 */
export const contract = {
  401: answering(Unauthorized),
  403: answering(Forbidden),
  429: answering(TooManyRequests),
  503: answering(ServiceUnavailable)
}

function answering<Self extends Refusal, Encoded>(
  schema: Schema.Schema<Self, Encoded> & (abstract new (...args: never) => Self)
): Schema.Schema<Self, string> {
  const isOfAnyCopy = Schema.is(schema)
  const isSelf = (input: unknown): input is Self => input instanceof schema || isOfAnyCopy(input)
  // a declaration, not a transformation: of those the platform merges the annotations for each response
  return Schema.declare(
    [Schema.parseJson(schema)],
    {
      decode: (body) => ParseResult.decodeUnknown(body),
      encode: () => (input, _options, ast) =>
        !isSelf(input) ? ParseResult.fail(new ParseResult.Type(ast, input))
        : isLastAppended(input) ? ParseResult.succeed(print(input))
        : Effect.map(appendHeaders(input), () => print(input))
    },
    {
      ...SchemaAST.typeAST(schema.ast).annotations,
      pretty: (self) => self,
      arbitrary: (self) => self,
      equivalence: (self) => self,
      // a document describes the JSON, not that it is text
      [SchemaAST.SurrogateAnnotationId]: schema.ast,
      [HttpApiSchema.AnnotationEncoding]: { kind: "Text", contentType: "application/json" }
    }
  )
}

// ----------------------------------------------------------------------------
// field lines
// ----------------------------------------------------------------------------

/**
 * The headers of a refusal as a response gets them: each challenge in a field line of its own, where the server writes several.
 *
 * Many clients read a list of challenges wrongly, though RFC 9110, section 11.6.1 allows it: curl takes the parameters of the last
 * Digest for those of the first.
 */
const fieldLines = (self: Refusal): ReadonlyArray<readonly [name: string, value: string]> =>
  "challenges" in self && self.challenges.length > 1 ?
    // node:http writes a line for each element; to whatever takes it for a text it is the list
    [["www-authenticate", new Lines(...new Set(self.challenges.map(Challenge.print))) as never]]
  : Object.entries(headers(self))

/** One line at a time: `setHeaders` costs ten times as much. */
const withLines = (
  response: HttpServerResponse.HttpServerResponse,
  lines: ReadonlyArray<readonly [name: string, value: string]>
): HttpServerResponse.HttpServerResponse => {
  let answer = response
  for (const [name, value] of lines) answer = HttpServerResponse.setHeader(answer, name, value)
  return answer
}

class Lines extends Array<string> {
  override toString(): string {
    return this.join(", ")
  }
}

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

type MakeOptions = boolean | { readonly disableValidation?: boolean }

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

/** The JSON of a refusal's body. */
const print = (self: Refusal): string => {
  const preparation = preparations.get(self)
  if (preparation === undefined) return JSON.stringify(bodyOf(self))
  preparation.body ??= JSON.stringify(bodyOf(self))
  return preparation.body
}

const bodyOf = (self: Refusal): object =>
  self._tag === "Unauthorized" ? { _tag: self._tag, reason: self.reason, message: self.message }
  : self._tag === "Forbidden" ? { _tag: self._tag, message: self.message }
  : { _tag: self._tag, message: self.message, retryAfter: self.retryAfter }

const respond = (self: Refusal): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  const preparation = preparations.get(self)
  if (preparation?.response !== undefined) return preparation.response
  const response = Effect.succeed(
    withLines(
      HttpServerResponse.text(print(self), {
        status: statuses[self._tag],
        contentType: "application/json"
      }),
      fieldLines(self)
    )
  )
  if (preparation !== undefined) preparation.response = response
  return response
}

const plainKeys: ReadonlySet<PropertyKey> = new Set(
  Reflect.ownKeys(new Unauthorized({ reason: "invalid" }))
)

/**
 * How a refusal is answered: its status, its headers and its body, in a plain router and in an HttpApi alike.
 *
 * @since 0.1.0
 */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Challenge from "../../Challenge.ts"
import * as Answer from "../request/Answer.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * A refusal, as what answers it sees it.
 *
 * @category models
 * @since 0.1.0
 */
export type Refused =
  | {
      readonly _tag: "Unauthorized"
      readonly reason: string
      readonly message: string
      readonly challenges: ReadonlyArray<Challenge.Challenge>
    }
  | {
      readonly _tag: "Forbidden"
      readonly message: string
      readonly challenges: ReadonlyArray<Challenge.Challenge>
    }
  | {
      readonly _tag: "TooManyRequests" | "ServiceUnavailable"
      readonly message: string
      readonly retryAfter: number
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

/**
 * What is done to a response besides.
 *
 * @category models
 * @since 0.1.0
 */
export type ResponseChange = Answer.Change

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/** What a refusal that is made once, and answers many requests, needs to be printed only once. */
interface Prepared {
  readonly headers: Readonly<Record<string, string>>
  append:
    | { readonly change: ResponseChange | undefined; readonly effect: Effect.Effect<void> }
    | undefined
  body: string | undefined
  response: Effect.Effect<HttpServerResponse.HttpServerResponse> | undefined
}

const preparations = new WeakMap<Refused, Prepared>()

/**
 * The same refusal, which answers many requests: its headers and its response are made once.
 *
 * @category constructors
 * @since 0.1.0
 */
export const prepared = <Self extends Refused>(self: Self): Self => {
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

// ----------------------------------------------------------------------------
// headers
// ----------------------------------------------------------------------------

/**
 * The headers a refusal has to be answered with: `WWW-Authenticate`, or `Retry-After`.
 *
 * @category headers
 * @since 0.1.0
 */
export const headers = (self: Refused): Readonly<Record<string, string>> =>
  preparations.get(self)?.headers ?? makeHeaders(self)

const makeHeaders = (self: Refused): Record<string, string> =>
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
export const appendHeaders = (self: Refused, change?: ResponseChange): Effect.Effect<void> => {
  const preparation = preparations.get(self)
  if (preparation === undefined) return makeAppend(self, change)
  if (preparation.append === undefined || preparation.append.change !== change) {
    preparation.append = { change, effect: makeAppend(self, change) }
  }
  return preparation.append.effect
}

const makeAppend = (self: Refused, change: ResponseChange | undefined): Effect.Effect<void> => {
  const whole = Answer.withFields(fieldLines(self), statuses[self._tag], change)
  refusedBy.set(whole, self)
  return Answer.change(whole)
}

/** Whose headers a change sets. */
const refusedBy = new WeakMap<ResponseChange, Refused>()

/**
 * Whether the headers of the refusal are what the fiber that asks has appended last.
 *
 * @category headers
 * @since 0.1.0
 */
export const isLastAppended = (self: Refused): boolean => {
  const last = Answer.lastChange()
  return last !== undefined && refusedBy.get(last) === self
}

// ----------------------------------------------------------------------------
// answers
// ----------------------------------------------------------------------------

/**
 * The JSON of a refusal's body.
 *
 * @category answers
 * @since 0.1.0
 */
export const print = (self: Refused): string => {
  const preparation = preparations.get(self)
  if (preparation === undefined) return JSON.stringify(bodyOf(self))
  preparation.body ??= JSON.stringify(bodyOf(self))
  return preparation.body
}

const bodyOf = (self: Refused): object =>
  self._tag === "Unauthorized" ? { _tag: self._tag, reason: self.reason, message: self.message }
  : self._tag === "Forbidden" ? { _tag: self._tag, message: self.message }
  : { _tag: self._tag, message: self.message, retryAfter: self.retryAfter }

/**
 * The response that answers a refusal.
 *
 * @category answers
 * @since 0.1.0
 */
export const respond = (self: Refused): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  const preparation = preparations.get(self)
  if (preparation?.response !== undefined) return preparation.response
  const response = Effect.succeed(
    Answer.setFields(
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

// ----------------------------------------------------------------------------
// field lines
// ----------------------------------------------------------------------------

/**
 * The headers of a refusal as a response gets them: each challenge in a field line of its own, where the server writes several.
 *
 * Many clients read a list of challenges wrongly, though RFC 9110, section 11.6.1 allows it: curl takes the parameters of the last
 * Digest for those of the first.
 */
const fieldLines = (self: Refused): Answer.Fields =>
  "challenges" in self && self.challenges.length > 1 ?
    // node:http writes a line for each element; to whatever takes it for a text it is the list
    [["www-authenticate", new Lines(...new Set(self.challenges.map(Challenge.print))) as never]]
  : Object.entries(headers(self))

class Lines extends Array<string> {
  override toString(): string {
    return this.join(", ")
  }
}

/**
 * Requests to the servers that a verifier asks: a provider's configuration, its keys, an introspection endpoint.
 *
 * Whatever they answer costs bounded time and memory, no redirect is followed, and no failure is taken for an answer.
 *
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Setting from "../setting/Setting.ts"
import * as Line from "../line/Line.ts"
import * as Bytes from "../request/Bytes.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * How long, and how large, an answer may be.
 *
 * @category models
 * @since 0.1.0
 */
export interface Limits {
  /** For the whole of the answer; 5 seconds by default. It has to end. */
  readonly timeout?: Duration.DurationInput | undefined
  /** Of the body, in bytes; a whole number. */
  readonly maxBytes: number
}

/**
 * What a server answered.
 *
 * @category models
 * @since 0.1.0
 */
export interface Answer {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: Uint8Array<ArrayBuffer>
  /** Where it was asked: without user, query and fragment. */
  readonly url: string
}

/**
 * Why there is no answer that can be used: its message names the server and nothing of the request, so it can be logged.
 *
 * @category errors
 * @since 0.1.0
 */
export class UpstreamError extends Schema.TaggedError<UpstreamError>(
  "effect-security/UpstreamError"
)("UpstreamError", { url: Schema.String, description: Schema.String }) {
  override get message(): string {
    return `${this.url}: ${this.description}`
  }
}

// ----------------------------------------------------------------------------
// configuration
// ----------------------------------------------------------------------------

/**
 * Checks the URL of a server when it is configured, and returns it.
 *
 * Throws unless it is an absolute `https` URL without user, password and fragment; `http` only where `allowHttp` is set. The error
 * shows it without user, password, query and fragment.
 *
 * @category constructors
 * @since 0.1.0
 */
export const checkUrl = (what: string, url: string, allowHttp = false): URL => {
  const problem = problemOf(url, allowHttp)
  if (problem !== undefined)
    throw new Error(`${what} ${problem}: got ${JSON.stringify(shown(url))}`)
  return new URL(url)
}

/**
 * Checks limits when they are configured, and returns them; the `timeout` in milliseconds.
 *
 * Throws for a `timeout` that is not positive or does not end, and for `maxBytes` that are no whole number of at least 1: what is no
 * number would be no limit.
 *
 * @category constructors
 * @since 0.1.0
 */
export const checkLimits = ({
  maxBytes,
  timeout = "5 seconds"
}: Limits): { readonly timeout: number; readonly maxBytes: number } => ({
  timeout: Setting.finite("timeout", timeout),
  maxBytes: Setting.whole("maxBytes", maxBytes)
})

/**
 * What is wrong with the URL of a server, if something is.
 *
 * @category guards
 * @since 0.1.0
 */
export const problemOf = (url: string, allowHttp = false): string | undefined => {
  if (!URL.canParse(url)) return "has to be an absolute URL"
  const { hash, password, protocol, username } = new URL(url)
  return (
    protocol !== "https:" && protocol !== "http:" ? "has to be an https URL"
    : protocol === "http:" && !allowHttp ? "has to be an https URL (allowHttp lets it be http)"
    : username !== "" || password !== "" ? "can't hold a user or a password"
    : hash !== "" || url.includes("#") ? "can't have a fragment"
    : undefined
  )
}

/**
 * A URL as logs and messages may show it: without user, password, query and fragment, which may be secrets.
 *
 * @category folds
 * @since 0.1.0
 */
export const shown = (url: string): string => {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  // a parser finds users where others do not: `https:user:secret@id.example`
  if (parsed?.host) {
    if (parsed.username !== "" || parsed.password !== "") {
      return `${parsed.protocol}//${parsed.host}${parsed.pathname}`
    }
    return withoutQuery(url)
  }
  // what is no such URL may hold them anywhere before its last `@`
  const at = url.lastIndexOf("@")
  return withoutQuery(at < 0 ? url : `…${url.slice(at)}`)
}

const withoutQuery = (url: string): string => url.replace(/[?#].*$/s, "")

// ----------------------------------------------------------------------------
// requests
// ----------------------------------------------------------------------------

/**
 * Sends a request through the `HttpClient` in the context, and reads the whole answer, whatever its status.
 *
 * Redirects are not followed: with `FetchHttpClient` its `RequestInit` is set to say so (one that stands in the context is
 * kept besides), Node's clients follow none. A client that follows them by itself (`HttpClient.followRedirects`) must not be in the
 * context: what it sends can't be stopped, secrets in a header or a body included, but its answer is refused.
 *
 * Fails with {@link UpstreamError} when the server can't be reached, takes longer than `timeout` or sends more than `maxBytes`, for an
 * answer of another host or path than the request's, and for a body that can't be read: of a tracer that prints the response, too, which
 * reads it.
 *
 * @category requests
 * @since 0.1.0
 */
export const send = (
  request: HttpClientRequest.HttpClientRequest,
  limits: Limits
): Effect.Effect<Answer, UpstreamError, HttpClient.HttpClient> => {
  const url = shown(request.url)
  const timeout = Duration.decode(limits.timeout ?? "5 seconds")
  return HttpClient.execute(request).pipe(
    Effect.catchAll((error) => failed(url, transportMessage(error))),
    Effect.flatMap((response) =>
      placeOf(response.request) === placeOf(request) ?
        read(response, url, limits.maxBytes)
      : failed(url, "was left for another URL: the HttpClient can't follow redirects here")
    ),
    // a server that answers in a region that can't be interrupted would wait for the loser of the race
    Effect.interruptible,
    Effect.timeoutFail({
      duration: timeout,
      onTimeout: () =>
        new UpstreamError({ url, description: `no answer within ${Duration.format(timeout)}` })
    }),
    withoutRedirects
  )
}

/**
 * The JSON object of an answer of status 200; `GET` and nothing else.
 *
 * Fails with {@link UpstreamError} for another status, for a body that is not UTF-8, not JSON or no object.
 *
 * @category requests
 * @since 0.1.0
 */
export const getJson = (
  url: string,
  limits: Limits
): Effect.Effect<{ readonly [member: string]: unknown }, UpstreamError, HttpClient.HttpClient> =>
  Effect.flatMap(
    send(HttpClientRequest.get(url, { headers: { accept: "application/json" } }), limits),
    toJson
  )

/**
 * The JSON object of an answer, whose status has to be 200. Nobody can change it: it may be kept, and serve many requests.
 *
 * @category requests
 * @since 0.1.0
 */
export const toJson = (
  answer: Answer
): Effect.Effect<{ readonly [member: string]: unknown }, UpstreamError> => {
  if (answer.status !== 200) return failed(answer.url, `answered with status ${answer.status}`)
  try {
    const value: unknown = JSON.parse(utf8.decode(answer.body), frozen)
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      // an object of JSON has such members
      return Effect.succeed(value as { readonly [member: string]: unknown })
    }
  } catch {
    // told below: what was parsed is not repeated
  }
  return failed(answer.url, "answered with something that is no JSON object")
}

/**
 * Whether an answer says that it is `application/json`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isJson = ({ headers }: Answer): boolean => {
  const [type = ""] = (headers["content-type"] ?? "").split(";", 1)
  return type.trim().toLowerCase() === "application/json"
}

/**
 * The answer as a `Response` of Fetch, for libraries that process one.
 *
 * @category requests
 * @since 0.1.0
 */
export const toResponse = (answer: Answer): Response =>
  new Response(isBodiless(answer.status) ? null : answer.body, {
    status: answer.status,
    headers: { ...answer.headers }
  })

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const utf8 = new TextDecoder("utf-8", { fatal: true })

// it comes after the members of what it freezes
const frozen = (_: string, value: unknown): unknown => Object.freeze(value)

const isBodiless = (status: number): boolean => status === 204 || status === 205 || status === 304

/** Where a request goes: what a client adds to its query is no other place. */
const placeOf = (request: HttpClientRequest.HttpClientRequest): string | undefined => {
  const url = Option.getOrUndefined(HttpClientRequest.toUrl(request))
  return url && url.origin + url.pathname
}

const failed = (url: string, description: string): Effect.Effect<never, UpstreamError> =>
  Effect.fail(new UpstreamError({ url, description }))

// the cause may quote what was sent
const transportMessage = (error: HttpClientError.HttpClientError): string =>
  Line.isTransport(error) ? "can't be reached" : "answered with something that can't be read"

const withoutRedirects = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.mapInputContext(effect, (context: Context.Context<R>) =>
    Context.add(context, FetchHttpClient.RequestInit, {
      ...Option.getOrUndefined(
        Context.getOption(context as Context.Context<never>, FetchHttpClient.RequestInit)
      ),
      redirect: "manual",
      credentials: "omit"
    })
  )

const read = (
  response: HttpClientResponse.HttpClientResponse,
  url: string,
  maxBytes: number
): Effect.Effect<Answer, UpstreamError> =>
  // what breaks while it is read is the answer's fault, or that of who looked at it before; a defect is not shown: nobody knows what it holds
  Effect.catchAllDefect(
    Effect.suspend(() => readStream(response, url, maxBytes)),
    () => failed(url, "sent a body that can't be read, perhaps because a tracer has read it")
  )

const readStream = (
  response: HttpClientResponse.HttpClientResponse,
  url: string,
  maxBytes: number
): Effect.Effect<Answer, UpstreamError> => {
  const tooLarge = new UpstreamError({ url, description: `sent more than ${maxBytes} bytes` })
  const announced = Number(response.headers["content-length"] ?? 0)
  // not `>` below: a limit that is no number lets nothing through
  if (announced > maxBytes) return Effect.fail(tooLarge)
  return response.stream.pipe(
    (stream) => Bytes.collect(stream, maxBytes),
    Effect.catchAll((error) =>
      Line.isEmptyBody(error) ?
        Effect.succeed(new Uint8Array())
      : failed(url, transportMessage(error))
    ),
    Effect.flatMap((body) =>
      body === undefined ?
        Effect.fail(tooLarge)
      : Effect.succeed({ status: response.status, headers: response.headers, body, url })
    )
  )
}

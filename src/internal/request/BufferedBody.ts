/**
 * A request's body, read before its handler reads it.
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Multipart from "@effect/platform/Multipart"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import * as Stream from "effect/Stream"
import * as Line from "../line/Line.ts"
import * as Bytes from "./Bytes.ts"

/**
 * Reads a body of at most `maxBytes` (and of at most the platform's `MaxBodySize`), and leaves it to be read again.
 *
 * Afterwards `text`, `json`, `urlParamsBody`, `arrayBuffer`, `stream` and the multipart readers of this request object answer from
 * memory, as often as they are asked, and so do those of what is made of it by `modify`; its `source` has been read. `undefined`
 * for a body that is too large, that breaks off, or that something else has read before.
 *
 * @category readers
 * @since 0.1.0
 */
export const read = (
  request: HttpServerRequest.HttpServerRequest,
  maxBytes: number
): Effect.Effect<Uint8Array | undefined> =>
  Effect.suspend(() => {
    const { source } = request
    const known = bodies.get(sourceOf(request))
    if (known !== undefined) {
      // another object over the same source, made before that was read
      leave(request, known)
      return Effect.succeed(known.length <= maxBytes ? known : undefined)
    }
    // a Fetch request without a body has no stream to read
    if (hasProperty(source, "body") && source.body === null) {
      return Effect.succeed(new Uint8Array())
    }
    return wasRead(source) ? Effect.succeed(undefined) : readStream(request, maxBytes)
  })

/**
 * What stays the same of a request, whatever it is modified to: its `source`, or itself where that is no object.
 *
 * @category readers
 * @since 0.1.0
 */
export const sourceOf = (request: HttpServerRequest.HttpServerRequest): object =>
  typeof request.source === "object" && request.source !== null ? request.source : request

/**
 * How much of a body that is too large is thrown away, so that its client gets to read why it was refused.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxDrained = 1_048_576

/** By {@link sourceOf}: whatever modifies a request makes another object over the same source. */
const bodies = new WeakMap<object, Uint8Array>()

const left = new WeakSet<HttpServerRequest.HttpServerRequest>()

/**
 * Whether something has read the body before: `bodyUsed` tells it of a Fetch request, `readableDidRead` of node:http.
 *
 * @category guards
 * @since 0.1.0
 */
export const wasRead = (source: unknown): boolean =>
  (hasProperty(source, "bodyUsed") && source.bodyUsed === true) ||
  (hasProperty(source, "readableDidRead") && source.readableDidRead === true)

const readStream = (
  request: HttpServerRequest.HttpServerRequest,
  maxBytes: number
): Effect.Effect<Uint8Array | undefined> =>
  Effect.flatMap(Line.maxBodySize, (configured = maxBytes) => {
    const limit = Math.min(maxBytes, configured)
    if (Number(request.headers["content-length"]) > limit) return Effect.succeed(undefined)
    return Bytes.collect(request.stream, limit, maxDrained).pipe(
      Effect.map((body) => {
        if (body === undefined) return undefined
        bodies.set(sourceOf(request), body)
        leave(request, body)
        return body
      }),
      // a Fetch body that fails is a failure and, when it is closed, a defect
      Effect.catchAllCause((cause) =>
        Cause.isInterrupted(cause) ? Effect.interrupt : Effect.succeed(undefined)
      )
    )
  })

/** What the platform makes of a body's bytes, put before the readers of the request's class. */
const leave = (request: HttpServerRequest.HttpServerRequest, body: Uint8Array): void => {
  if (left.has(request)) return
  left.add(request)
  const text = Effect.sync(() => new TextDecoder().decode(body))
  const stream = Stream.suspend(() => Stream.make(body.slice()))
  const multipartStream = Stream.pipeThroughChannel(stream, Multipart.makeChannel(request.headers))
  const multipart = Effect.runSync(Effect.cached(Multipart.toPersisted(multipartStream)))
  const modify = request.modify.bind(request)
  const readers = {
    text,
    arrayBuffer: Effect.sync(() => body.slice().buffer),
    stream,
    multipartStream,
    multipart,
    modify: (options: Parameters<typeof modify>[0]) => {
      const modified = modify(options)
      leave(modified, body)
      return modified
    }
  }
  for (const [name, value] of Object.entries(readers)) {
    // again where another object stands for this one
    Object.defineProperty(request, name, { value, configurable: true, writable: true })
  }
}

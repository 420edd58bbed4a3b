/**
 * A request's body, read before its handler reads it.
 *
 * @since 0.1.0
 */
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Multipart from "@effect/platform/Multipart"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Stream from "effect/Stream"

/**
 * Reads a body of at most `maxBytes` (and of at most the platform's `MaxBodySize`), and leaves it to be read again.
 *
 * Afterwards `text`, `json`, `urlParamsBody`, `arrayBuffer`, `stream` and the multipart readers of this request object answer from
 * memory, as often as they are asked; its `source` has been read. `undefined` for a body that is too large, that breaks off, or
 * that something has read before.
 *
 * @category readers
 * @since 0.1.0
 */
export const read = (
  request: HttpServerRequest.HttpServerRequest,
  maxBytes: number
): Effect.Effect<Uint8Array | undefined> =>
  Effect.suspend(() => {
    const known = bodies.get(request)
    if (known !== undefined) return Effect.succeed(known.length <= maxBytes ? known : undefined)
    const { source } = request
    // a Fetch request without a body has no stream to read
    if (hasProperty(source, "body") && source.body === null) {
      return Effect.succeed(new Uint8Array())
    }
    return wasRead(source) ? Effect.succeed(undefined) : readStream(request, maxBytes)
  })

/** How much of a body that is too large is thrown away, so that its client gets to read why it was refused. */
const maxDrained = 1_048_576

const bodies = new WeakMap<object, Uint8Array>()

const wasRead = (source: unknown): boolean =>
  (hasProperty(source, "bodyUsed") && source.bodyUsed === true) ||
  (hasProperty(source, "readableDidRead") && source.readableDidRead === true)

const readStream = (
  request: HttpServerRequest.HttpServerRequest,
  maxBytes: number
): Effect.Effect<Uint8Array | undefined> =>
  Effect.flatMap(HttpIncomingMessage.MaxBodySize, (configured) => {
    const limit = Math.min(maxBytes, Number(Option.getOrElse(configured, () => maxBytes)))
    if (Number(request.headers["content-length"]) > limit) return Effect.succeed(undefined)
    const chunks: Array<Uint8Array> = []
    return Stream.runFoldWhile(
      request.stream,
      0,
      (size) => size <= limit + maxDrained,
      (size, chunk) => {
        if (size + chunk.length <= limit) chunks.push(chunk)
        return size + chunk.length
      }
    ).pipe(
      Effect.map((size) => {
        if (size > limit) return undefined
        const body = joined(chunks, size)
        bodies.set(request, body)
        leave(request, body)
        return body
      }),
      // a Fetch body that fails is a failure and, when it is closed, a defect
      Effect.catchAllCause((cause) =>
        Cause.isInterrupted(cause) ? Effect.interrupt : Effect.succeed(undefined)
      )
    )
  })

const joined = (chunks: ReadonlyArray<Uint8Array>, size: number): Uint8Array => {
  const bytes = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}

/** What the platform makes of a body's bytes, put before the readers of the request's class. */
const leave = (request: HttpServerRequest.HttpServerRequest, body: Uint8Array): void => {
  const text = Effect.sync(() => new TextDecoder().decode(body))
  const stream = Stream.suspend(() => Stream.make(body.slice()))
  const multipartStream = Stream.pipeThroughChannel(stream, Multipart.makeChannel(request.headers))
  const multipart = Effect.runSync(Effect.cached(Multipart.toPersisted(multipartStream)))
  Object.defineProperties(request, {
    text: { value: text },
    arrayBuffer: { value: Effect.sync(() => body.slice().buffer) },
    stream: { value: stream },
    multipartStream: { value: multipartStream },
    multipart: { value: multipart }
  })
}

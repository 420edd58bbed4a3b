/**
 * Bodies as bytes, of a length that is bounded while they are read.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/**
 * The bytes of a stream that has at most `maxBytes` of them, `undefined` for a longer one.
 *
 * Of a longer one at most `maxDrained` more are read and thrown away: a client that may send them gets to read why it was refused. A
 * limit that is no number lets nothing through.
 *
 * @category readers
 * @since 0.1.0
 */
export const collect = <E, R>(
  stream: Stream.Stream<Uint8Array, E, R>,
  maxBytes: number,
  maxDrained = 0
): Effect.Effect<Uint8Array<ArrayBuffer> | undefined, E, R> =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array> = []
    let size = 0
    return Effect.map(
      Stream.runForEachWhile(stream, (chunk) =>
        Effect.sync(() => {
          size += chunk.length
          if (size <= maxBytes) chunks.push(chunk)
          return size <= maxBytes + maxDrained
        })
      ),
      () => (size <= maxBytes ? joined(chunks, size) : undefined)
    )
  })

const joined = (chunks: ReadonlyArray<Uint8Array>, size: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}

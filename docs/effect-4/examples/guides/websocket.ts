/** A conversation over a WebSocket. */
import { Effect } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { Socket } from "effect/socket"

/** Says again what it hears, and who said it. */
export const talk = (name: string) =>
  Effect.gen(function* () {
    const { upgrade } = yield* HttpServerRequest.HttpServerRequest
    const socket = yield* upgrade
    const { write } = yield* socket.writer
    const hear = yield* Socket.readerString(socket)
    const answer = Effect.flatMap(hear, (messages) =>
      Effect.forEach(messages, (message) => write(`${name}: ${message}`))
    )
    // every end is an error there
    yield* Effect.ignore(Effect.forever(answer))
    return HttpServerResponse.empty()
  }).pipe(Effect.scoped)

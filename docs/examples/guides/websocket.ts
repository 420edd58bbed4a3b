/** A conversation over a WebSocket. */
import { HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { Effect } from "effect"

/** Says again what it hears, and who said it. */
export const talk = (name: string) =>
  Effect.gen(function* () {
    const socket = yield* HttpServerRequest.upgrade
    const write = yield* socket.writer
    yield* socket.runRaw((message) => write(`${name}: ${String(message)}`))
    return HttpServerResponse.empty()
  }).pipe(Effect.scoped)

/** What the platform does on this line of Effect, where the two differ and a test has to know. */
import { Clock, Effect, type Layer, type Scope } from "effect"
import type { SecurityRouter } from "effect-security"
import { HttpRouter, type HttpServerRequest, type HttpServerResponse } from "effect/http"
import type { HttpApi } from "effect/http-api"
import type { Socket } from "effect/socket"
import { fromIterable } from "./effect-3/HttpRouter.ts"

/** Whether printing a client's response reads its body. */
export const printingReads: boolean = false

/** Whether the platform's log of a request has its query. */
export const logsQuery: boolean = false

/** What a program exits with that a signal has ended. */
export const interruptedExit: number = 130

/** A clock that says what it is told to. */
export const clockAt = (now: () => number): Clock.Clock =>
  Object.assign(Object.create(Clock.Clock.defaultValue()), {
    currentTimeMillisUnsafe: now,
    currentTimeMillis: Effect.sync(now)
  })

/** What a page of documentation in an HttpApi has to be told. */
export const documented = <Api extends HttpApi.Constraint>(api: Api): { readonly api: Api } => ({
  api
})

/** An app of routes. */
export const appOf = <E, R>(
  routes: ReadonlyArray<SecurityRouter.SecuredRoute<E, R>>
): Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  E,
  R | HttpServerRequest.HttpServerRequest
> =>
  fromIterable(
    routes.map(({ handler, method, path }) => HttpRouter.route(method as "GET", path, handler))
  )

/** What else an HttpApi is served with. */
export const routing: Layer.Layer<HttpRouter.HttpRouter> = HttpRouter.layer

/** Answers each message of a socket until it closes. */
export const echo = (
  socket: Socket.Socket,
  answer: (data: string) => string
): Effect.Effect<void, Socket.SocketError, Scope.Scope> =>
  Effect.gen(function* () {
    const { write } = yield* socket.writer
    const { pull } = yield* socket.reader
    while (true) {
      for (const data of yield* pull) yield* write(answer(String(data)))
    }
  }).pipe(Effect.ignore)

/** What the platform does on this line of Effect, where the two differ and a test has to know. */
import type { HttpApi, HttpRouter, Socket } from "@effect/platform"
import { Clock, Effect, Layer, type Scope } from "effect"
import { SecurityRouter } from "effect-security"

/** Whether printing a client's response reads its body. */
export const printingReads: boolean = true

/** Whether the platform's log of a request has its query. */
export const logsQuery: boolean = true

/** What a program exits with that a signal has ended. */
export const interruptedExit: number = 0

/** A clock that says what it is told to. */
export const clockAt = (now: () => number): Clock.Clock =>
  Object.assign(Clock.make(), {
    unsafeCurrentTimeMillis: now,
    currentTimeMillis: Effect.sync(now)
  })

/** What a page of documentation in an HttpApi has to be told: here it finds the API by itself. */
export const documented = (_api: HttpApi.HttpApi.Any): object => ({})

/** An app of routes. */
export const appOf: <E, R>(
  routes: ReadonlyArray<SecurityRouter.SecuredRoute<E, R>>
) => HttpRouter.HttpRouter<E, R> = SecurityRouter.toHttpRouter

/** What else an HttpApi is served with: here its builder has a router of its own. */
export const routing: Layer.Layer<never> = Layer.empty

/** Answers each message of a socket until it closes. */
export const echo = (
  socket: Socket.Socket,
  answer: (data: string) => string
): Effect.Effect<void, Socket.SocketError, Scope.Scope> =>
  Effect.flatMap(socket.writer, (write) => socket.runRaw((data) => write(answer(String(data)))))

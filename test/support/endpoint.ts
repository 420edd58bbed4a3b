/** Servers that a verifier asks: a fake `HttpClient`, and real ones on loopback. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Http from "node:http"

/** A request as it was sent. */
export interface Call {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type Handler = (call: Call) => Response | Effect.Effect<Response, "unreachable">

/** An `HttpClient` that asks a function, and what it was asked. */
export const fake = (
  handler: Handler
): { readonly calls: Array<Call>; readonly layer: Layer.Layer<HttpClient.HttpClient> } => {
  const calls: Array<Call> = []
  const client = HttpClient.make((request, url) =>
    Effect.suspend(() => {
      const { body } = request
      const call = {
        method: request.method,
        url: url.href,
        headers: { ...request.headers },
        body: body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : ""
      }
      calls.push(call)
      const answer = handler(call)
      return answer instanceof Response ? Effect.succeed(answer) : answer
    }).pipe(
      Effect.map((response) => HttpClientResponse.fromWeb(request, response)),
      Effect.mapError(
        () =>
          new HttpClientError.RequestError({
            request,
            reason: "Transport",
            description: `can't reach ${url.href} with ${request.headers["authorization"]}`
          })
      )
    )
  )
  return { calls, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

export const json = (
  body: unknown,
  init: { readonly status?: number; readonly type?: string } = {}
): Response =>
  new Response(typeof body === "string" ? body : JSON.stringify(body), {
    status: init.status ?? 200,
    headers: { "content-type": init.type ?? "application/json" }
  })

/** A request with a bearer token. */
export const bearing = (token: string): HttpServerRequest.HttpServerRequest =>
  HttpServerRequest.fromWeb(
    new Request("http://localhost/items", { headers: { authorization: `Bearer ${token}` } })
  )

/** Serves by node:http on a port of the system's choice, until the scope closes. */
export const listen = (listener: Http.RequestListener) =>
  Effect.acquireRelease(
    Effect.promise(
      () =>
        new Promise<{ readonly server: Http.Server; readonly origin: string }>((resolve) => {
          const server = Http.createServer(listener).listen(0, "127.0.0.1", () => {
            const address = server.address()
            assert(typeof address === "object" && address !== null)
            resolve({ server, origin: `http://127.0.0.1:${address.port}` })
          })
        })
    ),
    ({ server }) =>
      Effect.promise(
        () =>
          new Promise((resolve) => {
            server.close(resolve)
            server.closeAllConnections()
          })
      )
  )

/** Everything that is logged, at whatever level. */
export const logged = (): { readonly lines: Array<string>; readonly layer: Layer.Layer<never> } => {
  const lines: Array<string> = []
  const logger = Logger.make(({ annotations, cause, logLevel, message, spans }) => {
    lines.push(
      JSON.stringify([logLevel.label, message, cause, [...annotations], [...spans]]) +
        String(message)
    )
  })
  return {
    lines,
    layer: Layer.merge(
      Logger.replace(Logger.defaultLogger, logger),
      Logger.minimumLogLevel(LogLevel.All)
    )
  }
}

/** A server that a test scripts, behind an `HttpClient`. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export interface Server {
  /** The URLs that were asked, in order. */
  readonly asked: Array<string>
  /** What it answers from now on. */
  answer: (url: string) => Effect.Effect<Response>
  readonly layer: Layer.Layer<HttpClient.HttpClient>
}

export const unreachable = Symbol("unreachable")

export const json = (body: unknown, init?: ResponseInit): Effect.Effect<Response> =>
  Effect.sync(() => new Response(JSON.stringify(body), init))

export const text = (body: string, init?: ResponseInit): Effect.Effect<Response> =>
  Effect.sync(() => new Response(body, init))

/** `Effect.die(unreachable)` as an answer is a connection that is refused. */
export const server = (answer: (url: string) => Effect.Effect<Response>): Server => {
  const made: Server = {
    asked: [],
    answer,
    layer: Layer.sync(HttpClient.HttpClient, () =>
      HttpClient.make((request, url) => {
        made.asked.push(url.href)
        return Effect.suspend(() => made.answer(url.href)).pipe(
          Effect.map((response) => HttpClientResponse.fromWeb(request, response)),
          Effect.catchAllDefect((defect) =>
            defect === unreachable ?
              Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport" }))
            : Effect.die(defect)
          )
        )
      })
    )
  }
  return made
}

/** Lets every fiber that can go on do so. */
export const settle = Effect.yieldNow().pipe(Effect.repeatN(100))

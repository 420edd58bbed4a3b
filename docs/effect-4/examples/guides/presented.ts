/** What an expression says to a token of an issuer that runs in the test. */
import type { HttpClient, HttpServerRequest } from "effect/http"
import { SecurityTest } from "effect-security"
import { Effect } from "effect"

/** Runs an expression on a request that presents a token with these claims. */
export const presented = <A, E>(
  expression: Effect.Effect<A, E, HttpServerRequest.HttpServerRequest | HttpClient.HttpClient>,
  issuer: SecurityTest.Issuer,
  claims: SecurityTest.Claims,
  options?: SecurityTest.TokenOptions
) =>
  issuer.token(claims, options).pipe(
    Effect.flatMap((token) =>
      SecurityTest.provideRequest(
        expression,
        SecurityTest.request("https://api.example/items", SecurityTest.bearer(token))
      )
    ),
    Effect.provide(issuer.layer)
  )

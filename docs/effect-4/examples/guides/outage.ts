/** What happens to an API while its provider is down, and when it changes its keys. */
import { Jwks, Jwt, HttpBearer, SecurityTest } from "effect-security"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as assert from "node:assert"

const user = (issuer: SecurityTest.Issuer) =>
  HttpBearer.make().pipe(
    Jwt.authenticate({
      issuer: issuer.url,
      keys: Jwks.fromUrl(`${issuer.url}/jwks`),
      audience: "items"
    })
  )

export const main = Effect.gen(function* () {
  const issuer = yield* SecurityTest.issuer()
  const users = user(issuer)
  const ask = issuer.token({ sub: "john", aud: "items" }).pipe(
    Effect.flatMap((token) =>
      SecurityTest.provideRequest(
        users,
        SecurityTest.request("http://localhost/", SecurityTest.bearer(token))
      )
    ),
    Effect.provide(issuer.layer)
  )
  // never reached: 503, and no 401
  yield* issuer.setReachable(false)
  assert.strictEqual((yield* Effect.flip(ask))._tag, "ServiceUnavailable")
  // reached once: its keys are good for hours
  yield* issuer.setReachable(true)
  yield* TestClock.adjust("1 minute")
  yield* ask
  yield* issuer.setReachable(false)
  yield* TestClock.adjust("3 hours")
  yield* ask
  // a new key is fetched when the first token of it comes
  yield* issuer.setReachable(true)
  yield* TestClock.adjust("1 minute")
  yield* issuer.rotate
  yield* ask
}).pipe(Effect.provide(TestClock.layer()))

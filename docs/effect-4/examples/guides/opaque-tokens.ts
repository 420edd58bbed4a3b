import { HttpRouter, HttpServerResponse } from "effect/http"
import { HttpBearer, Security, SecurityError, SecurityTest } from "effect-security"
import { Effect, Option, Redacted } from "effect"
import assert from "node:assert"
import { createHash } from "node:crypto"

const digest = (token: Redacted.Redacted<string>) =>
  createHash("sha256").update(Redacted.value(token)).digest("hex")

/** Yours: a table of sessions, by the hash of their token. */
const sessions = new Map([[digest(Redacted.make("johns-token")), { username: "johndoe" }]])

const findSession = (hash: string) => Effect.succeed(Option.fromNullishOr(sessions.get(hash)))

export const user = HttpBearer.make({ scopes: { admin: "Everything" } }).pipe(
  Security.authenticate(({ credentials }) =>
    Effect.flatMap(
      findSession(digest(credentials)),
      Option.match({
        onNone: () => Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" })),
        onSome: (session) => Effect.succeed(Security.grant(session, ["admin"]))
      })
    )
  )
)

const Routes = HttpRouter.add(
  "GET",
  "/me",
  Security.guard(user, (session) => HttpServerResponse.json(session))
)

export const { handler } = HttpRouter.toWebHandler(Routes, { disableLogger: true })

export const main = Effect.gen(function* () {
  const status = (token: string) =>
    Effect.promise(() =>
      handler(SecurityTest.request("http://localhost/me", SecurityTest.bearer(token))).then(
        (response) => response.status
      )
    )
  assert.strictEqual(yield* status("johns-token"), 200)
  assert.strictEqual(yield* status("other"), 401)
})

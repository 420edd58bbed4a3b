import { HttpRouter, HttpServerResponse } from "effect/http"
import { Jwt, OAuth2, PasswordHash, Security, SecurityTest, TokenEndpoint } from "effect-security"
import { Effect, Redacted } from "effect"
import { SignJWT } from "jose"
import assert from "node:assert"

// 1. the scheme, and the verifier of its tokens
const secret = Redacted.make("a-secret-that-is-at-least-32-bytes-long") // yours: from the configuration
const scopes = { "items:read": "Read items", "items:write": "Create items" }
const name = { issuer: "https://api.example", audience: "https://api.example" }

const user = OAuth2.passwordBearer({ tokenUrl: "token", scopes }).pipe(
  Jwt.authenticate({ ...name, secret, requiredClaims: ["exp", "sub"] })
)

// 2. the token endpoint
const passwords = PasswordHash.scrypt()
const johns = await Effect.runPromise(passwords.hash(Redacted.make("secret")))
const table = new Map([["johndoe", johns]]) // yours: a table of users
const decoy = PasswordHash.decoy(passwords)

const token = Effect.gen(function* () {
  const { password, scopes: wanted, username } = yield* OAuth2.passwordForm
  const nobody = yield* decoy
  const stored = table.get(username)
  // an unknown user takes as long as a wrong password
  const isRight = yield* passwords.verify(password, stored ?? nobody)
  if (!isRight || stored === undefined) return yield* TokenEndpoint.invalidGrant()
  if (!wanted.every((scope) => Object.hasOwn(scopes, scope)))
    return yield* TokenEndpoint.invalidScope()
  const accessToken = yield* Effect.promise(() =>
    new SignJWT({ scope: wanted.join(" ") })
      .setProtectedHeader({ alg: "HS256", typ: "at+jwt" })
      .setIssuer(name.issuer)
      .setAudience(name.audience)
      .setSubject(username)
      .setExpirationTime("30m")
      .sign(new TextEncoder().encode(Redacted.value(secret)))
  )
  return TokenEndpoint.tokenResponse({ accessToken, expiresIn: 1800, scope: wanted })
})

// 3. the routes
const Routes = HttpRouter.addAll([
  HttpRouter.route("POST", "/token", token),
  HttpRouter.route(
    "GET",
    "/items",
    Security.guard(user.pipe(Security.scopes("items:read")), ({ sub }) =>
      HttpServerResponse.json([{ item: "Foo", for: sub }])
    )
  )
])

export const { handler } = HttpRouter.toWebHandler(Routes, { disableLogger: true })

export const main = Effect.gen(function* () {
  const login = (form: Record<string, string>) =>
    Effect.promise(async () => {
      const response = await handler(
        new Request("http://localhost/token", { method: "POST", body: new URLSearchParams(form) })
      )
      return (await response.json()) as Record<string, string>
    })
  const john = { username: "johndoe", password: "secret" }
  const answer = yield* login({ ...john, scope: "items:read" })
  assert.deepStrictEqual(Object.keys(answer), ["access_token", "token_type", "expires_in", "scope"])
  assert.deepStrictEqual(yield* login({ ...john, password: "wrong" }), {
    error: "invalid_grant",
    error_description: "The user name or the password is wrong"
  })
  assert.strictEqual((yield* login({ ...john, scope: "toString" }))["error"], "invalid_scope")
  const status = (text: string) =>
    Effect.promise(() =>
      handler(SecurityTest.request("http://localhost/items", SecurityTest.bearer(text))).then(
        (response) => response.status
      )
    )
  assert.strictEqual(yield* status(answer["access_token"] ?? ""), 200)
  const { access_token: bare = "" } = yield* login(john)
  assert.strictEqual(yield* status(bare), 403)
})

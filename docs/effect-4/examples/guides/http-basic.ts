import { HttpRouter, HttpServerResponse } from "effect/http"
import { HttpBasic, PasswordHash, Security, SecurityTest } from "effect-security"
import * as Throttle from "effect-security/Throttle"
import { Effect, Layer, Option, Redacted } from "effect"
import assert from "node:assert"

const passwords = PasswordHash.scrypt()

/** Yours: a table of users. What is stored of a password is one text. */
const table = new Map<string, string>()

export const register = (username: string, password: Redacted.Redacted<string>) =>
  Effect.map(passwords.hash(password), (passwordHash) => {
    table.set(username, passwordHash)
  })

const user = HttpBasic.make({ realm: "items" }).pipe(
  HttpBasic.authenticate({
    passwordHash: passwords,
    findUser: (username) =>
      Effect.succeed(
        Option.map(Option.fromNullishOr(table.get(username)), (passwordHash) => ({
          principal: { username },
          passwordHash
        }))
      ),
    throttle: Throttle.make({ account: { limit: 5, window: "10 minutes" } })
  })
)

const Routes = HttpRouter.add(
  "GET",
  "/me",
  Security.guard(user, ({ username }) => HttpServerResponse.json({ username }))
)

// a Layer is built once here; the counters are in the memory of this process
export const { handler } = HttpRouter.toWebHandler(Layer.merge(Routes, Throttle.layerMemory()), {
  disableLogger: true
})

export const main = Effect.gen(function* () {
  yield* register("johndoe", Redacted.make("secret"))
  const get = (username: string, password: string) =>
    Effect.promise(() =>
      handler(
        SecurityTest.request("http://localhost/me", SecurityTest.basic(username, password))
      ).then((response) => response.status)
    )
  assert.strictEqual(yield* get("johndoe", "secret"), 200)
  assert.strictEqual(yield* get("johndoe", "wrong"), 401)
  assert.strictEqual(yield* get("nobody", "secret"), 401)
  // one that is right is remembered, and not counted
  for (let attempt = 2; attempt < 5; attempt++) yield* get("johndoe", `wrong${attempt}`)
  assert.strictEqual(yield* get("johndoe", "wrong"), 429)
  assert.strictEqual(yield* get("johndoe", "secret"), 200)
})

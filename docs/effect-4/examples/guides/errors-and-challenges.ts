import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import { HttpRouter, HttpServer } from "effect/http"
import {
  ApiKey,
  Challenge,
  HttpBearer,
  Security,
  SecurityError,
  SecurityMiddleware,
  SecurityTest
} from "effect-security"
import { Effect, Layer, Redacted, Schema } from "effect"
import assert from "node:assert"

// 1. a verifier says what was wrong
const verify = (token: Redacted.Redacted<string>) =>
  Effect.gen(function* () {
    const text = Redacted.value(token)
    if (text === "revoked") {
      return yield* new SecurityError.Unauthorized({
        reason: "invalid",
        message: "This token was revoked"
      })
    }
    // what could tell is not there
    if (text === "unlucky") return yield* new SecurityError.ServiceUnavailable({ retryAfter: 30 })
    if (text !== "johns-token") return yield* new SecurityError.Unauthorized({ reason: "invalid" })
    return Security.grant({ name: "johndoe", loggedInAt: 0 })
  })

export const user = HttpBearer.make().pipe(
  Security.authenticate(({ credentials }) => verify(credentials))
)

export const robot = ApiKey.header("X-API-Key").pipe(
  ApiKey.authenticate({
    keys: [{ principal: { name: "R2-D2" }, hash: ApiKey.hash(Redacted.make("robots-key")) }]
  })
)

export const either = Security.anyOf(user, robot)

// 2. a policy with a challenge of its own: log in again (RFC 9470)
export const recentUser = user.pipe(
  Security.filterOrFail(
    ({ loggedInAt }) => loggedInAt > 300,
    () =>
      SecurityError.withChallenges(
        new SecurityError.Unauthorized({ reason: "invalid", message: "Log in again" }),
        [
          Challenge.make("Bearer", {
            realm: "api",
            error: "insufficient_user_authentication",
            max_age: "300"
          })
        ]
      )
  )
)

// 3. an error of one's own
class Problem extends Schema.TaggedError<Problem>()(
  "Problem",
  { title: Schema.String },
  { httpApiStatus: 401 }
) {}

export const withProblem = either.pipe(
  Security.mapError((error) =>
    error._tag === "Unauthorized" ? new Problem({ title: error.message }) : error
  )
)

// 4. in an HttpApi
class UserOrRobot extends SecurityMiddleware.Tag<UserOrRobot>()("app/UserOrRobot", {
  security: either
}) {}
class Recent extends SecurityMiddleware.Tag<Recent>()("app/Recent", { security: recentUser }) {}
class WithProblem extends SecurityMiddleware.Tag<WithProblem>()("app/WithProblem", {
  security: withProblem,
  failure: Schema.Union([Problem, SecurityError.contract[503]])
}) {}

class Api extends HttpApi.make("api").add(
  HttpApiGroup.make("all")
    .add(HttpApiEndpoint.get("either", "/items").middleware(UserOrRobot))
    .add(HttpApiEndpoint.get("recent", "/recent").middleware(Recent))
    .add(HttpApiEndpoint.get("problem", "/problem").middleware(WithProblem))
) {}

const All = HttpApiBuilder.group(Api, "all", (handlers) =>
  handlers
    .handle("either", () => Effect.void)
    .handle("recent", () => Effect.void)
    .handle("problem", () => Effect.void)
)

export const { handler } = HttpRouter.toWebHandler(
  HttpApiBuilder.layer(Api).pipe(
    Layer.provide(All),
    Layer.provide([
      SecurityMiddleware.layer(UserOrRobot),
      SecurityMiddleware.layer(Recent),
      SecurityMiddleware.layer(WithProblem)
    ]),
    Layer.provide(HttpServer.layerServices)
  ),
  { disableLogger: true }
)

export const main = Effect.gen(function* () {
  const answer = (path: string, ...credentials: ReadonlyArray<SecurityTest.Credential>) =>
    Effect.promise(() => handler(SecurityTest.request(`http://localhost${path}`, ...credentials)))
  const { bearer, header } = SecurityTest
  assert.strictEqual((yield* answer("/items", bearer("johns-token"))).status, 204)
  assert.strictEqual((yield* answer("/items", header("X-API-Key", "robots-key"))).status, 204)
  const down = yield* answer("/items", bearer("unlucky"))
  assert.deepStrictEqual([down.status, down.headers.get("retry-after")], [503, "30"])
  // what can't decide does not keep another from it
  const both = yield* answer("/items", bearer("unlucky"), header("X-API-Key", "robots-key"))
  assert.strictEqual(both.status, 204)
})

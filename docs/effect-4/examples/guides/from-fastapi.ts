/** FastAPI's security tutorial, in this library. */
import { HttpRouter, HttpServerRespondable, HttpServerResponse } from "effect/http"
import {
  ApiKey,
  HttpBearer,
  OAuth2,
  Security,
  SecurityDocument,
  SecurityError,
  SecurityRouter,
  SecurityTest
} from "effect-security"
import { Effect, Layer, Option, Redacted, Schema } from "effect"
import * as assert from "node:assert"

interface User {
  readonly username: string
  readonly disabled: boolean
}

const users = new Map([
  ["johns-token", Security.grant<User>({ username: "johndoe", disabled: false }, ["me", "items"])],
  ["alices-token", Security.grant<User>({ username: "alice", disabled: true }, ["me"])]
])

// ----------------------------------------------------------------------------
// the tutorial
// ----------------------------------------------------------------------------

const oauth2Scheme = OAuth2.passwordBearer({
  tokenUrl: "token",
  scopes: { me: "Read your own account", items: "Read items" }
})

const currentUser = oauth2Scheme.pipe(
  Security.authenticate((token) =>
    Effect.mapError(
      Effect.fromNullishOr(users.get(Redacted.value(token))),
      () => new SecurityError.Unauthorized({ reason: "invalid" })
    )
  )
)

const currentActiveUser = currentUser.pipe(
  Security.filterOrFail(
    ({ disabled }) => !disabled,
    () => new SecurityError.Forbidden({ message: "Inactive user" })
  )
)

// ----------------------------------------------------------------------------
// and, or, optional
// ----------------------------------------------------------------------------

const key = ApiKey.header("X-API-Key").pipe(
  ApiKey.authenticate({
    keys: [{ principal: "robot", hash: ApiKey.hash(Redacted.make("robots-key")) }]
  })
)

/** Both: `[{ OAuth2PasswordBearer: [], APIKeyHeader: [] }]`. */
export const userWithKey = Security.allOf({ user: currentUser, key })

/** One of them: `[{ OAuth2PasswordBearer: [] }, { APIKeyHeader: [] }]`. */
export const userOrRobot = Security.anyOf(currentUser, key)

/** `auto_error=False`, said in the document: `[{ OAuth2PasswordBearer: [] }, {}]`. */
export const visitor = Security.optional(currentUser)

// ----------------------------------------------------------------------------
// errors of one's own
// ----------------------------------------------------------------------------

/** `{"detail": …}`, as FastAPI's clients expect it. */
class Detail extends Schema.TaggedError<Detail>()("Detail", {
  status: Schema.Number,
  detail: Schema.String
}) {
  [HttpServerRespondable.symbol]() {
    return Effect.orDie(HttpServerResponse.json({ detail: this.detail }, { status: this.status }))
  }
}

/** `make_not_authenticated_error`: another body; the challenges are set whatever it is. */
const withDetail = HttpBearer.make().pipe(
  Security.mapError(({ message }) => new Detail({ status: 401, detail: message }))
)

// ----------------------------------------------------------------------------
// routes
// ----------------------------------------------------------------------------

export const routes = [
  SecurityRouter.route("GET", "/users/me", currentActiveUser.pipe(Security.scopes("me")), (user) =>
    HttpServerResponse.json(user)
  ),
  SecurityRouter.route("GET", "/status", visitor, (user) =>
    HttpServerResponse.json({
      hello: Option.match(user, { onNone: () => "you", onSome: ({ username }) => username })
    })
  ),
  SecurityRouter.route("GET", "/both", userWithKey, ({ key, user }) =>
    HttpServerResponse.json([key, user.username])
  ),
  SecurityRouter.route("GET", "/health", Security.public, () => HttpServerResponse.empty())
]

const Routes = Layer.merge(
  SecurityRouter.toLayer(routes),
  HttpRouter.add(
    "GET",
    "/token",
    Security.guard(withDetail, ({ scheme }) => HttpServerResponse.json({ scheme }))
  )
)

export const { handler } = HttpRouter.toWebHandler(Routes, { disableLogger: true })

const { document } = SecurityDocument.fromRoutes(routes)

export const security = {
  "/users/me": document.paths["/users/me"]?.["get"]?.security,
  "/status": document.paths["/status"]?.["get"]?.security,
  "/both": document.paths["/both"]?.["get"]?.security,
  "/health": document.paths["/health"]?.["get"]?.security
}

export const main = Effect.gen(function* () {
  const statusOf = (path: string, ...credentials: ReadonlyArray<SecurityTest.Credential>) =>
    Effect.promise(async () => {
      const { status } = await handler(
        SecurityTest.request(`http://localhost${path}`, ...credentials)
      )
      return status
    })
  const johns = SecurityTest.bearer("johns-token")
  const robots = SecurityTest.header("X-API-Key", "robots-key")
  assert.deepStrictEqual(
    yield* Effect.all([
      statusOf("/users/me", johns),
      statusOf("/users/me", SecurityTest.bearer("alices-token")),
      statusOf("/users/me", robots),
      statusOf("/both", johns),
      statusOf("/both", johns, robots),
      statusOf("/status"),
      statusOf("/status", SecurityTest.bearer("wrong"))
    ]),
    [200, 403, 401, 401, 200, 200, 401]
  )
})

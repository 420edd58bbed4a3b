import { HttpRouter, HttpServerResponse } from "effect/http"
import {
  ApiKey,
  HttpBasic,
  HttpBearer,
  Security,
  SecurityError,
  SecurityTest
} from "effect-security"
import { Effect, Option, Redacted } from "effect"
import assert from "node:assert"

interface User {
  readonly name: string
  readonly disabled: boolean
}

/** Yours: see the page of each scheme. */
const users = new Map<string, User>([
  ["johns-token", { name: "johndoe", disabled: false }],
  ["alices-token", { name: "alice", disabled: true }]
])

const invalid = new SecurityError.Unauthorized({ reason: "invalid" })

export const user = HttpBearer.make({
  schemeName: "token",
  scopes: { "items:read": "Read items" }
}).pipe(
  Security.authenticate(({ credentials }) =>
    Effect.fromNullishOr(users.get(Redacted.value(credentials))).pipe(
      Effect.map((user) => Security.grant(user, ["items:read"])),
      Effect.mapError(() => invalid)
    )
  )
)

const hash = ApiKey.hash(Redacted.make("robots-key"))

export const robot = ApiKey.header("X-API-Key", { schemeName: "key" }).pipe(
  ApiKey.authenticate({ keys: [{ principal: { name: "R2-D2" }, hash }] })
)

// or
export const either = Security.anyOf(user.pipe(Security.scopes("items:read")), robot)
export const eitherRequirement = either.requirement

// and: a tuple, or a record
export const both = Security.allOf({ user, robot })
export const bothRequirement = both.requirement

// or nothing at all
export const visitor = Security.optional(user)
export const visitorRequirement = visitor.requirement

// one credential in several places, one verifier
export const anywhere = Security.anyOf(
  ApiKey.header("X-API-Key", { schemeName: "key" }),
  ApiKey.query("api_key"),
  ApiKey.cookie("session")
).pipe(ApiKey.authenticate({ keys: [{ principal: { name: "R2-D2" }, hash }] }))

// a policy: what comes after the proof
export const activeUser = user.pipe(
  Security.filterOrFail(
    ({ disabled }) => !disabled,
    () => new SecurityError.Forbidden({ message: "Inactive user" })
  )
)

const Routes = HttpRouter.addAll([
  HttpRouter.route(
    "GET",
    "/either",
    Security.guard(either, ({ name }) => HttpServerResponse.text(name))
  ),
  HttpRouter.route(
    "GET",
    "/both",
    Security.guard(both, ({ robot, user }) =>
      HttpServerResponse.text(`${user.name} by ${robot.name}`)
    )
  ),
  HttpRouter.route(
    "GET",
    "/visitor",
    Security.guard(visitor, (who) =>
      HttpServerResponse.text(Option.match(who, { onNone: () => "nobody", onSome: (u) => u.name }))
    )
  ),
  HttpRouter.route(
    "GET",
    "/anywhere",
    Security.guard(anywhere, () => HttpServerResponse.text("ok"))
  ),
  HttpRouter.route(
    "GET",
    "/active",
    Security.guard(activeUser, () => HttpServerResponse.text("ok"))
  ),
  HttpRouter.route(
    "GET",
    "/public",
    Security.guard(Security.public, () => HttpServerResponse.text("ok"))
  ),
  HttpRouter.route(
    "GET",
    "/closed",
    Security.guard(Security.deny, () => HttpServerResponse.text("ok"))
  )
])

export const { handler } = HttpRouter.toWebHandler(Routes, { disableLogger: true })

export const main = Effect.gen(function* () {
  const token = SecurityTest.bearer
  const key = (text: string) => SecurityTest.header("X-API-Key", text)
  const cases: ReadonlyArray<
    readonly [string, ReadonlyArray<SecurityTest.Credential>, number, string?]
  > = [
    ["/either", [token("johns-token")], 200, "johndoe"],
    ["/either", [token("wrong"), key("robots-key")], 200, "R2-D2"],
    ["/either", [token("johns-token"), key("robots-key")], 200, "johndoe"],
    ["/either", [key("wrong")], 401],
    ["/both", [token("johns-token"), key("robots-key")], 200, "johndoe by R2-D2"],
    ["/both", [token("johns-token")], 401],
    ["/visitor", [token("johns-token")], 200, "johndoe"],
    ["/visitor", [], 200, "nobody"],
    ["/visitor", [token("wrong")], 401],
    ["/visitor", [SecurityTest.basic("johndoe", "secret")], 401],
    ["/anywhere", [SecurityTest.query("api_key", "robots-key")], 200],
    ["/anywhere", [SecurityTest.cookie("session", "robots-key")], 200],
    ["/active", [token("alices-token")], 403],
    ["/public", [], 200],
    ["/closed", [token("johns-token")], 403]
  ]
  for (const [path, credentials, status, body] of cases) {
    const response = yield* Effect.promise(() =>
      handler(SecurityTest.request(`http://localhost${path}`, ...credentials))
    )
    assert.strictEqual(response.status, status, path)
    if (body !== undefined) {
      assert.strictEqual(yield* Effect.promise(() => response.text()), body)
    }
  }
  // two auth-schemes of the one Authorization header can't both be sent
  assert.throws(() => Security.allOf(user, HttpBasic.make()), /Authorization/)
})

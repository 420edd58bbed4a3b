/** Yours: ask your token library, your database. */
import { Security, SecurityError } from "effect-security"
import { Effect, Redacted } from "effect"

interface Principal {
  readonly name: string
}

const invalid = new SecurityError.Unauthorized({ reason: "invalid" })

const tokens = new Map([
  ["johns-token", Security.grant<Principal>({ name: "johndoe" }, ["items:read"])],
  ["jills-token", Security.grant<Principal>({ name: "jill" }, ["items:read", "items:write"])]
])

export const verifyToken = (token: Redacted.Redacted<string>) =>
  Effect.mapError(Effect.fromNullishOr(tokens.get(Redacted.value(token))), () => invalid)

export const findRobot = (key: Redacted.Redacted<string>) =>
  Redacted.value(key) === "robots-key" ?
    Effect.succeed(Security.grant<Principal>({ name: "R2-D2" }))
  : Effect.fail(invalid)

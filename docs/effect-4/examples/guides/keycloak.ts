/** Access tokens of Keycloak. */
import { OpenIdConnect, Security, SecurityError, SecurityTest } from "effect-security"
import { Effect, Schema } from "effect"
import * as assert from "node:assert"
import { presented } from "./presented.ts"

const Roles = Schema.Struct({ roles: Schema.Array(Schema.String) })

const Claims = Schema.Struct({
  sub: Schema.String,
  preferred_username: Schema.optional(Schema.String),
  realm_access: Schema.optional(Roles),
  resource_access: Schema.optional(Schema.Record(Schema.String, Roles))
})

const user = OpenIdConnect.make({
  openIdConnectUrl: "https://id.example/realms/acme/.well-known/openid-configuration",
  scopes: { "items:read": "Read items", "items:write": "Create items" }
}).pipe(
  OpenIdConnect.authenticate({
    audience: "items", // what the audience mapper writes
    typ: "JWT",
    claims: Claims
  })
)

export const readers = user.pipe(Security.scopes("items:read"))

/** Roles are a policy: the document does not name them. */
export const editors = user.pipe(
  Security.filterOrFail(
    ({ realm_access }) => realm_access?.roles.includes("editor") ?? false,
    () => new SecurityError.Forbidden({ message: "Editors only" })
  )
)

// a token as Keycloak writes it
const claims = {
  typ: "Bearer",
  azp: "web",
  aud: ["items", "account"],
  sub: "f1b2c3",
  scope: "openid profile items:read",
  preferred_username: "johndoe",
  realm_access: { roles: ["editor", "offline_access"] },
  resource_access: { account: { roles: ["view-profile"] } },
  client_id: undefined
}

export const main = Effect.gen(function* () {
  const issuer = yield* SecurityTest.issuer({
    url: "https://id.example/realms/acme",
    algorithm: "RS256"
  })
  const asked = (changes: SecurityTest.Claims) =>
    presented(Security.allOf(readers, editors), issuer, { ...claims, ...changes }, { typ: "JWT" })
  const [reader] = yield* asked({})
  assert.strictEqual(reader.preferred_username, "johndoe")
  // an ID token, a token of another API, a lesser scope, another role
  const refused = yield* Effect.forEach(
    [{ typ: "ID" }, { aud: "account" }, { scope: "openid" }, { realm_access: { roles: [] } }],
    (changes) => Effect.map(Effect.flip(asked(changes)), ({ _tag }) => _tag)
  )
  assert.deepStrictEqual(refused, ["Unauthorized", "Unauthorized", "Forbidden", "Forbidden"])
})

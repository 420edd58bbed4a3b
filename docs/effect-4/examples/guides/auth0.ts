/** Access tokens of Auth0. */
import { OpenIdConnect, Security, SecurityTest } from "effect-security"
import { Effect } from "effect"
import * as assert from "node:assert"
import { presented } from "./presented.ts"

const user = OpenIdConnect.make({
  openIdConnectUrl: "https://acme.eu.auth0.com/.well-known/openid-configuration",
  scopes: { "items:read": "Read items", "items:write": "Create items" }
}).pipe(
  OpenIdConnect.authenticate({
    issuer: "https://acme.eu.auth0.com/", // with the slash
    audience: "https://api.example", // the API's identifier
    typ: ["JWT", "at+jwt"] // the profiles "Auth0" and "RFC 9068"
  })
)

export const readers = user.pipe(Security.scopes("items:read"))

/** With RBAC and "Add Permissions in the Access Token", what the user may do is in `permissions`. */
export const withPermissions = OpenIdConnect.authenticate({
  issuer: "https://acme.eu.auth0.com/",
  audience: "https://api.example",
  typ: ["JWT", "at+jwt"],
  scopes: ({ permissions }) => (Array.isArray(permissions) ? permissions.map(String) : [])
})

// a token as Auth0 writes it
const claims = {
  aud: ["https://api.example", "https://acme.eu.auth0.com/userinfo"],
  azp: "web",
  sub: "auth0|1234",
  scope: "openid profile items:read",
  permissions: ["items:write"],
  client_id: undefined,
  jti: undefined
}

export const main = Effect.gen(function* () {
  const issuer = yield* SecurityTest.issuer({
    url: "https://acme.eu.auth0.com/",
    algorithm: "RS256"
  })
  const typ = "JWT"
  const { sub } = yield* presented(readers, issuer, claims, { typ })
  assert.strictEqual(sub, "auth0|1234")
  const idToken = { ...claims, aud: "web", scope: undefined, permissions: undefined }
  const refused = yield* Effect.flip(presented(readers, issuer, idToken, { typ }))
  assert.strictEqual(refused._tag, "Unauthorized")

  const writers = OpenIdConnect.make({
    openIdConnectUrl: issuer.openIdConnectUrl,
    scopes: { "items:write": "Create items" }
  }).pipe(withPermissions, Security.scopes("items:write"))
  yield* presented(writers, issuer, claims, { typ })
  const lesser = yield* Effect.flip(
    presented(writers, issuer, { ...claims, permissions: [] }, { typ })
  )
  assert.strictEqual(lesser._tag, "Forbidden")

  // without the slash the tokens are another issuer's
  const withoutSlash = OpenIdConnect.make({ openIdConnectUrl: issuer.openIdConnectUrl }).pipe(
    OpenIdConnect.authenticate({ audience: "https://api.example", typ })
  )
  const ofAnother = yield* Effect.flip(presented(withoutSlash, issuer, claims, { typ }))
  assert.strictEqual(ofAnother._tag, "Unauthorized")
})

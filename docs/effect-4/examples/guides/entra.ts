/** Access tokens of Microsoft Entra ID. */
import { HttpClient, HttpClientResponse } from "effect/http"
import { HttpBearer, Jwks, Jwt, OpenIdConnect, Security, SecurityTest } from "effect-security"
import { Effect, Layer, Schema } from "effect"
import * as assert from "node:assert"
import { presented } from "./presented.ts"

const tenant = "6f0c3a52-7d4e-4b61-9d5e-2f1a8c7b9e10"
const api = "0d9f7e24-1c3b-4a86-8f52-b7e6d5c4a3f1"
const read = `api://${api}/Items.Read` as const

/** Clients ask for the long name, tokens hold the short one: of delegated permissions, or of app roles. */
const scopesOf = ({ roles, scp }: Jwt.Claims) => {
  const delegated = typeof scp === "string" ? scp.split(" ") : []
  const ofApp = Array.isArray(roles) ? roles.map(String) : []
  return [...delegated, ...ofApp].map((name) => `api://${api}/${name}`)
}

const Claims = Schema.Struct({ sub: Schema.String, oid: Schema.String, tid: Schema.String })

const user = OpenIdConnect.make({
  openIdConnectUrl: `https://login.microsoftonline.com/${tenant}/v2.0/.well-known/openid-configuration`,
  scopes: { [read]: "Read items" }
}).pipe(
  OpenIdConnect.authenticate({
    audience: api, // of version 2: the application's ID
    typ: "JWT",
    scopes: scopesOf,
    claims: Claims
  })
)

export const readers = user.pipe(Security.scopes(read))

/** Of several tenants: each is an issuer, with the keys that are published for it. */
export const ofTenants = (tenants: ReadonlyArray<string>) =>
  Jwt.authenticate({
    issuers: tenants.map((id) => ({
      issuer: `https://login.microsoftonline.com/${id}/v2.0`,
      keys: Jwks.fromUrl(`https://login.microsoftonline.com/${id}/discovery/v2.0/keys`)
    })),
    audience: api,
    typ: "JWT",
    requiredClaims: ["exp", "azpacr"], // which ID tokens have not
    scopes: scopesOf,
    claims: Claims
  })

// a token of version 2.0 as Entra ID writes it
const claims = {
  aud: api,
  azp: "web",
  azpacr: "0",
  oid: "a1",
  sub: "pairwise",
  tid: tenant,
  scp: "Items.Read",
  ver: "2.0",
  client_id: undefined,
  jti: undefined
}

export const main = Effect.gen(function* () {
  const issuer = yield* SecurityTest.issuer({
    url: `https://login.microsoftonline.com/${tenant}/v2.0`,
    algorithm: "RS256"
  })
  const typ = "JWT"
  const { oid } = yield* presented(readers, issuer, claims, { typ })
  assert.strictEqual(oid, "a1")
  // an application of its own has roles
  const ofApp = { ...claims, scp: undefined, roles: ["Items.Read"] }
  yield* presented(readers, issuer, ofApp, { typ })
  const refused = yield* Effect.flip(presented(readers, issuer, { ...claims, scp: "" }, { typ }))
  assert.strictEqual(refused._tag, "Forbidden")
  const ofVersion1 = { ...claims, iss: `https://sts.windows.net/${tenant}/` }
  const other = yield* Effect.flip(presented(readers, issuer, ofVersion1, { typ }))
  assert.strictEqual(other._tag, "Unauthorized")

  // several tenants: keys are where Entra ID has them
  const keys = HttpClient.make((request, { pathname }) =>
    Effect.map(issuer.keys, (set) =>
      HttpClientResponse.fromWeb(
        request,
        pathname === `/${tenant}/discovery/v2.0/keys` ?
          Response.json(set)
        : new Response(null, { status: 404 })
      )
    )
  )
  const anyTenant = HttpBearer.make().pipe(ofTenants([tenant, "another"]))
  const reached = { ...issuer, layer: Layer.succeed(HttpClient.HttpClient, keys) }
  assert.strictEqual((yield* presented(anyTenant, reached, claims, { typ })).tid, tenant)
  const idToken = { ...claims, azpacr: undefined, scp: undefined, nonce: "n" }
  const notAccess = yield* Effect.flip(presented(anyTenant, reached, idToken, { typ }))
  assert.strictEqual(notAccess._tag, "Unauthorized")
})

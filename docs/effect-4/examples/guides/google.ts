/** ID tokens of Google: its access tokens are opaque, and for Google's own APIs. */
import { OpenIdConnect, SecurityTest } from "effect-security"
import { Effect, Schema } from "effect"
import * as assert from "node:assert"
import { presented } from "./presented.ts"

const clientId = "1234-web.apps.googleusercontent.com"

export const user = OpenIdConnect.make({
  openIdConnectUrl: "https://accounts.google.com/.well-known/openid-configuration"
}).pipe(
  OpenIdConnect.authenticate({
    token: "id",
    clientId,
    claims: Schema.Struct({
      sub: Schema.String,
      hd: Schema.Literal("acme.example"), // the Workspace domain; leave it out to take anyone
      email: Schema.String,
      email_verified: Schema.Literal(true)
    })
  })
)

// a token as Google writes it
const claims = {
  aud: clientId,
  azp: clientId,
  sub: "110169484474386276334",
  hd: "acme.example",
  email: "jane@acme.example",
  email_verified: true,
  at_hash: "HK6E_P6Dh8Y93mRNtsDB1Q",
  client_id: undefined,
  jti: undefined
}

export const main = Effect.gen(function* () {
  const issuer = yield* SecurityTest.issuer({
    url: "https://accounts.google.com",
    algorithm: "RS256"
  })
  const typ = "JWT"
  const { email } = yield* presented(user, issuer, claims, { typ })
  assert.strictEqual(email, "jane@acme.example")
  const refused = yield* Effect.forEach(
    [{ hd: "other.example" }, { aud: "another client" }, { email_verified: false }],
    (changes) =>
      Effect.map(
        Effect.flip(presented(user, issuer, { ...claims, ...changes }, { typ })),
        ({ _tag }) => _tag
      )
  )
  assert.deepStrictEqual(refused, ["Unauthorized", "Unauthorized", "Unauthorized"])
})

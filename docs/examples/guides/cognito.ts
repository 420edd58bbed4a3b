/** Access tokens of Amazon Cognito. */
import { OpenIdConnect, Security, SecurityTest } from "effect-security"
import { Effect, Schema } from "effect"
import * as assert from "node:assert"
import { presented } from "./presented.ts"

const pool = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123"

const user = OpenIdConnect.make({
  openIdConnectUrl: `${pool}/.well-known/openid-configuration`,
  scopes: { "https://api.example/items.read": "Read items" }
}).pipe(
  OpenIdConnect.authenticate({
    audience: false, // there is no aud: the client is asked for instead
    clientId: ["web", "mobile"],
    typ: false, // there is no typ: token_use says what it is
    claims: Schema.Struct({
      sub: Schema.String,
      username: Schema.String,
      "cognito:groups": Schema.optional(Schema.Array(Schema.String))
    })
  }),
  Security.map(({ "cognito:groups": groups = [], sub, username }) => ({ sub, username, groups }))
)

export const readers = user.pipe(Security.scopes("https://api.example/items.read"))

// a token as Cognito writes it
const claims = {
  sub: "f1b2",
  username: "johndoe",
  token_use: "access",
  client_id: "web",
  scope: "openid https://api.example/items.read",
  "cognito:groups": ["staff"],
  version: 2
}
const options = { header: { typ: undefined } }

export const main = Effect.gen(function* () {
  const issuer = yield* SecurityTest.issuer({ url: pool, algorithm: "RS256" })
  const { groups, username } = yield* presented(readers, issuer, claims, options)
  assert.deepStrictEqual([username, groups], ["johndoe", ["staff"]])
  const refused = yield* Effect.forEach(
    [
      { ...claims, client_id: "another" },
      { ...claims, token_use: "id", aud: "web" }
    ],
    (each) => Effect.map(Effect.flip(presented(readers, issuer, each, options)), ({ _tag }) => _tag)
  )
  assert.deepStrictEqual(refused, ["Unauthorized", "Unauthorized"])
})

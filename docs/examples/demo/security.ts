/** Who may ask: the schemes, and the expressions made of them. */
import {
  ApiKey,
  HttpBasic,
  Jwks,
  Jwt,
  OAuth2,
  OpenIdConnect,
  Security,
  SecurityError
} from "effect-security"
import { Effect, Option, Redacted, Schema } from "effect"
import { audience, issuer, jwks } from "./tokens.ts"
import { passwords, Users } from "./users.ts"

// ----------------------------------------------------------------------------
// OAuth 2 with scopes
// ----------------------------------------------------------------------------

const scopes = { me: "Read your own account", items: "Read items" }
const claims = Schema.Struct({ sub: Schema.String })

const oauth2 = OAuth2.passwordBearer({ schemeName: "oauth2", tokenUrl: "token", scopes })

/** The user of a token, which is verified with the key that signed it. */
export const user = oauth2.pipe(
  Jwt.authenticate({ issuer, audience, keys: Jwks.fromJson(jwks), claims }),
  Security.mapEffect(({ sub }) =>
    Effect.gen(function* () {
      const found = yield* Effect.flatMap(Users, (users) => users.find(sub))
      if (Option.isNone(found)) return yield* new SecurityError.Unauthorized({ reason: "invalid" })
      return found.value.principal
    })
  )
)

/** The user of a token, unless the account is disabled. */
export const activeUser = user.pipe(
  Security.filterOrFail(
    ({ disabled }) => !disabled,
    () => new SecurityError.Forbidden({ message: "Inactive user" })
  )
)

// ----------------------------------------------------------------------------
// OpenID Connect
// ----------------------------------------------------------------------------

/** The name in a token of the provider, which is this server: its keys are found by what it publishes. */
export const oidcUser = OpenIdConnect.make({
  openIdConnectUrl: ".well-known/openid-configuration",
  scopes
}).pipe(
  OpenIdConnect.authenticate({ issuer, audience, claims, allowHttp: true }),
  Security.map(({ sub }) => sub)
)

// ----------------------------------------------------------------------------
// API keys and HTTP Basic
// ----------------------------------------------------------------------------

const demoKey = ApiKey.authenticate({
  keys: [{ principal: true, hash: ApiKey.hash(Redacted.make("demo-key")) }]
})

const keyInHeader = ApiKey.header("X-API-Key")

/** The demo's key, wherever it is sent. */
export const key = Security.anyOf(
  keyInHeader,
  ApiKey.query("api_key"),
  ApiKey.cookie("session_id")
).pipe(demoKey)

/** A user by name and password. */
export const basicUser = HttpBasic.make({ realm: "demo" }).pipe(
  HttpBasic.authenticate({
    passwordHash: passwords,
    findUser: (username) => Effect.flatMap(Users, (users) => users.find(username))
  }),
  Security.filterOrFail(
    ({ disabled }) => !disabled,
    () => new SecurityError.Forbidden({ message: "Inactive user" })
  )
)

// ----------------------------------------------------------------------------
// and, or, optional
// ----------------------------------------------------------------------------

/** A user who may read items, or whoever has the key. */
export const reader = Security.anyOf(activeUser.pipe(Security.scopes("items")), key)

/** Name and password, and the key in the header. */
export const userWithKey = Security.allOf({
  user: basicUser,
  key: keyInHeader.pipe(demoKey)
})

/** The user's name, if there is a token. */
export const visitor = Security.optional(user).pipe(
  Security.map(Option.map(({ username }) => username))
)

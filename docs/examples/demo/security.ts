/** Who may ask: the schemes, and the expressions made of them. */
import { ApiKey, HttpBasic, OAuth2, Security, SecurityError } from "effect-security"
import { Effect, Option, Redacted } from "effect"
import { Tokens } from "./tokens.ts"
import { passwords, Users } from "./users.ts"

const invalid = new SecurityError.Unauthorized({ reason: "invalid" })

// ----------------------------------------------------------------------------
// OAuth 2 with scopes
// ----------------------------------------------------------------------------

const oauth2 = OAuth2.passwordBearer({
  schemeName: "oauth2",
  tokenUrl: "token",
  scopes: { me: "Read your own account", items: "Read items" }
})

/** The user of a token. */
export const user = oauth2.pipe(
  Security.authenticate((token) =>
    Effect.gen(function* () {
      const { scopes, username } = yield* Effect.flatMap(Tokens, (tokens) => tokens.verify(token))
      const found = yield* Effect.flatMap(Users, (users) => users.find(username))
      const { principal } = yield* Effect.mapError(found, () => invalid)
      return Security.grant(principal, scopes)
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

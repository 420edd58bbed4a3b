/** Who may ask: the schemes, and the expressions made of them. */
import { ApiKey, HttpBasic, OAuth2, Security, SecurityError } from "effect-security"
import { Effect, Option, type Redacted } from "effect"
import { Tokens } from "./tokens.ts"
import { Users } from "./users.ts"

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
      return Security.grant(yield* Effect.mapError(found, () => invalid), scopes)
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

const checkKey = (key: Redacted.Redacted<string>) =>
  Effect.flatMap(Users, (users) => users.checkKey(key)).pipe(
    Effect.filterOrFail(
      (isKnown) => isKnown,
      () => invalid
    ),
    Effect.map(Security.grant)
  )

const keyInHeader = ApiKey.header("X-API-Key")

/** The demo's key, wherever it is sent. */
export const key = Security.anyOf(
  keyInHeader,
  ApiKey.query("api_key"),
  ApiKey.cookie("session_id")
).pipe(Security.authenticate(checkKey))

/** A user by name and password. */
export const basicUser = HttpBasic.make({ realm: "demo" }).pipe(
  Security.authenticate(({ password, username }) =>
    Effect.gen(function* () {
      const users = yield* Users
      const found = yield* users.checkPassword(username, password)
      return Security.grant(yield* Effect.mapError(found, () => invalid))
    })
  ),
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
  key: keyInHeader.pipe(Security.authenticate(checkKey))
})

/** The user's name, if there is a token. */
export const visitor = Security.optional(user).pipe(
  Security.map(Option.map(({ username }) => username))
)

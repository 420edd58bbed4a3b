/** HTTP Digest: a user is stored as H(A1), which no other scheme can check a password against. */
import { HttpDigest } from "effect-security"
import { Effect, Option, Redacted } from "effect"
import type { User } from "./users.ts"

// curl and browsers take the first they know; MD5 is for old clients
const digest = HttpDigest.make({ realm: "demo", algorithms: ["SHA-256", "MD5"] })

/** What a database would hold. */
const users: ReadonlyMap<string, HttpDigest.User<User>> = new Map([
  [
    "johndoe",
    {
      principal: { username: "johndoe", disabled: false },
      ...HttpDigest.hashUser(digest, { username: "johndoe", password: Redacted.make("secret") })
    }
  ]
])

/** A user by name and digest. */
export const digestUser = digest.pipe(
  HttpDigest.authenticate({
    findUser: (username) => Effect.succeed(Option.fromNullishOr(users.get(username)))
  })
)

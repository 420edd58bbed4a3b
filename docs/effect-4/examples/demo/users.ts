/** Two users, their passwords kept as scrypt hashes. */
import { PasswordHash, type SecurityError } from "effect-security"
import { Context, Effect, Layer, Option, Redacted } from "effect"

export interface User {
  readonly username: string
  readonly disabled: boolean
}

/** A user as they are stored. */
interface Stored {
  readonly principal: User
  readonly passwordHash: string
}

/** Cheaper than the default, so that a laptop answers at once. */
export const passwords = PasswordHash.scrypt({ ln: 14, waiting: 1000 })

export class Users extends Context.Service<
  Users,
  {
    readonly find: (username: string) => Effect.Effect<Option.Option<Stored>>
    readonly checkPassword: (
      username: string,
      password: Redacted.Redacted<string>
    ) => Effect.Effect<Option.Option<User>, SecurityError.ServiceUnavailable>
  }
>()("demo/Users") {}

const store = (username: string, password: string, disabled: boolean) =>
  Effect.map(passwords.hash(Redacted.make(password)), (passwordHash): Stored => ({
    principal: { username, disabled },
    passwordHash
  }))

export const UsersLive = Layer.effect(
  Users,
  Effect.gen(function* () {
    const johndoe = yield* store("johndoe", "secret", false)
    const alice = yield* store("alice", "secret2", true)
    // an unknown user costs as much as a wrong password
    const nobody = yield* PasswordHash.decoy(passwords)
    const users = new Map([johndoe, alice].map((user) => [user.principal.username, user]))
    const find = (username: string) => Option.fromNullishOr(users.get(username))
    return {
      find: (username) => Effect.succeed(find(username)),
      checkPassword: (username, password) => {
        const user = find(username)
        const stored = Option.match(user, {
          onNone: () => nobody,
          onSome: ({ passwordHash }) => passwordHash
        })
        return Effect.map(passwords.verify(password, stored), (isRight) =>
          isRight ? Option.map(user, ({ principal }) => principal) : Option.none()
        )
      }
    }
  })
)

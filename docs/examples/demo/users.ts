/** Two users, their passwords kept as scrypt hashes, and one API key. */
import { Context, Effect, Layer, Option, Redacted } from "effect"
import { createHash, randomBytes, scrypt, timingSafeEqual } from "node:crypto"

export interface User {
  readonly username: string
  readonly disabled: boolean
}

export class Users extends Context.Tag("demo/Users")<
  Users,
  {
    readonly find: (username: string) => Effect.Effect<Option.Option<User>>
    readonly checkPassword: (
      username: string,
      password: Redacted.Redacted<string>
    ) => Effect.Effect<Option.Option<User>>
    readonly checkKey: (key: Redacted.Redacted<string>) => Effect.Effect<boolean>
  }
>() {}

interface Stored extends User {
  readonly salt: Buffer
  readonly hash: Buffer
}

const hashPassword = (password: string, salt: Buffer): Effect.Effect<Buffer> =>
  Effect.async((resume) => {
    scrypt(password.normalize("NFC"), salt, 32, (error, hash) =>
      resume(error ? Effect.die(error) : Effect.succeed(hash))
    )
  })

const store = (username: string, password: string, disabled: boolean): Effect.Effect<Stored> => {
  const salt = randomBytes(16)
  return Effect.map(hashPassword(password, salt), (hash) => ({ username, disabled, salt, hash }))
}

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest()

export const UsersLive = Layer.effect(
  Users,
  Effect.gen(function* () {
    const johndoe = yield* store("johndoe", "secret", false)
    const alice = yield* store("alice", "secret2", true)
    // an unknown user costs as much as a wrong password
    const nobody = yield* store("", randomBytes(16).toString("hex"), true)
    const users = new Map([johndoe, alice].map((user) => [user.username, user]))
    const demoKey = sha256("demo-key")
    const toUser = ({ disabled, username }: Stored): User => ({ disabled, username })
    return {
      find: (username) =>
        Effect.succeed(Option.map(Option.fromNullable(users.get(username)), toUser)),
      checkPassword: (username, password) =>
        Effect.gen(function* () {
          const stored = users.get(username) ?? nobody
          const hash = yield* hashPassword(Redacted.value(password), stored.salt)
          return timingSafeEqual(hash, stored.hash) && stored !== nobody ?
              Option.some(toUser(stored))
            : Option.none()
        }),
      checkKey: (key) => Effect.sync(() => timingSafeEqual(sha256(Redacted.value(key)), demoKey))
    }
  })
)

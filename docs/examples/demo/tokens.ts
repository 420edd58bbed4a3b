/** Access tokens: JWTs that this server signs, and verifies. */
import { SecurityError } from "effect-security"
import { Context, Effect, Layer, Redacted, Schema } from "effect"
import * as jose from "jose"

export const expiresIn = 1800

/** What a token says: whose it is, and which scopes it was granted. */
const Claims = Schema.Struct({ sub: Schema.String, scope: Schema.String })

export class Tokens extends Context.Tag("demo/Tokens")<
  Tokens,
  {
    readonly sign: (
      username: string,
      scopes: ReadonlyArray<string>
    ) => Effect.Effect<Redacted.Redacted<string>>
    readonly verify: (
      token: Redacted.Redacted<string>
    ) => Effect.Effect<
      { readonly username: string; readonly scopes: ReadonlyArray<string> },
      SecurityError.Unauthorized
    >
  }
>() {}

const issuer = "effect-security-demo"
const audience = "items"

export const TokensLive = Layer.effect(
  Tokens,
  Effect.gen(function* () {
    // a key for each start: restarting the demo revokes its tokens
    const { privateKey, publicKey } = yield* Effect.promise(() => jose.generateKeyPair("ES256"))
    return {
      sign: (username, scopes) =>
        Effect.promise(() =>
          new jose.SignJWT({ scope: scopes.join(" ") })
            .setProtectedHeader({ alg: "ES256", typ: "at+jwt" })
            .setIssuer(issuer)
            .setAudience(audience)
            .setSubject(username)
            .setIssuedAt()
            .setExpirationTime(`${expiresIn}s`)
            .sign(privateKey)
        ).pipe(Effect.map(Redacted.make)),
      verify: (token) =>
        Effect.tryPromise(() =>
          jose.jwtVerify(Redacted.value(token), publicKey, {
            issuer,
            audience,
            algorithms: ["ES256"],
            typ: "at+jwt",
            requiredClaims: ["exp"]
          })
        ).pipe(
          Effect.flatMap(({ payload }) => Schema.decodeUnknown(Claims)(payload)),
          Effect.map(({ scope, sub }) => ({
            username: sub,
            scopes: scope.split(" ").filter((name) => name !== "")
          })),
          Effect.mapError(() => new SecurityError.Unauthorized({ reason: "invalid" }))
        )
    }
  })
)

/** Access tokens: JWTs that this server signs, and what it publishes so that everyone can verify them. */
import { Effect, Redacted } from "effect"
import * as jose from "jose"
import { url } from "./address.ts"

export const issuer = url
export const audience = "items"
export const expiresIn = 1800

// a key for each start: restarting the demo revokes its tokens
const { privateKey, publicKey } = await jose.generateKeyPair("ES256")
const kid = crypto.randomUUID()
const jwk = await jose.exportJWK(publicKey)

/** The keys that tokens are verified with (RFC 7517). */
export const jwks = { keys: [{ ...jwk, kid, alg: "ES256", use: "sig" }] }

/** What the issuer says of itself (OpenID Connect Discovery 1.0). */
export const configuration = {
  issuer,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
  grant_types_supported: ["password"],
  scopes_supported: ["me", "items"],
  response_types_supported: [],
  subject_types_supported: ["public"],
  id_token_signing_alg_values_supported: ["ES256"]
}

/** A token for a user, and the scopes that they asked for (RFC 9068). */
export const sign = (
  username: string,
  scopes: ReadonlyArray<string>
): Effect.Effect<Redacted.Redacted<string>> =>
  Effect.promise(() =>
    new jose.SignJWT({ client_id: "demo", scope: scopes.join(" ") })
      .setProtectedHeader({ alg: "ES256", kid, typ: "at+jwt" })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(username)
      .setJti(crypto.randomUUID())
      .setIssuedAt()
      .setExpirationTime(`${expiresIn}s`)
      .sign(privateKey)
  ).pipe(Effect.map(Redacted.make))

/** An OpenID Connect provider behind a fake `HttpClient`: its configuration, its keys, its UserInfo. */
import * as Effect from "effect/Effect"
import { exportJWK, generateKeyPair, SignJWT } from "jose"
import * as Endpoint from "./endpoint.ts"

export const issuer = "https://id.example"

export const openIdConnectUrl = `${issuer}/.well-known/openid-configuration`

/** A key of a provider: what it publishes, and how it signs. */
export interface SigningKey {
  readonly jwk: object
  readonly sign: (claims: object, header?: object) => Promise<string>
}

export const signingKey = async (kid: string): Promise<SigningKey> => {
  const { privateKey, publicKey } = await generateKeyPair("ES256")
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, use: "sig", alg: "ES256" },
    sign: (claims, header = { typ: "at+jwt" }) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: "ES256", kid, ...header })
        .sign(privateKey)
  }
}

/** The claims of an access token (RFC 9068), and of an ID token. */
export const accessClaims = {
  iss: issuer,
  aud: "items",
  sub: "johndoe",
  client_id: "app",
  iat: 0,
  exp: 1_000_000,
  jti: "1",
  scope: "read"
}

export const idClaims = {
  iss: issuer,
  aud: "app",
  sub: "johndoe",
  iat: 0,
  exp: 1_000_000,
  nonce: "n",
  at_hash: "h"
}

type Answering = Endpoint.Handler

/** A provider; what it answers can be changed while it runs. */
export const provider = (keys: ReadonlyArray<SigningKey>) => {
  const answers: Record<string, Answering> = {
    "/.well-known/openid-configuration": () =>
      Endpoint.json({
        issuer,
        jwks_uri: `${issuer}/jwks`,
        userinfo_endpoint: `${issuer}/me`,
        id_token_signing_alg_values_supported: ["HS256", "none", "ES256"]
      }),
    "/jwks": () => Endpoint.json({ keys: keys.map(({ jwk }) => jwk) })
  }
  const server = Endpoint.fake((call) => {
    const answer = answers[call.url.replace(issuer, "")]
    return answer === undefined ? Effect.fail("unreachable" as const) : answer(call)
  })
  return { ...server, answers }
}

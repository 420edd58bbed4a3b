/** What the provider is: its clients, its resources, its features. */
import type { JWK } from "jose"

/** The APIs that tokens are made for: one gets JWTs, the other opaque ones. */
export const resources = {
  jwt: "https://items.example/jwt",
  opaque: "https://items.example/opaque"
} as const

export type Resource = keyof typeof resources

export const secrets = {
  app: "app:secret",
  machine: "machine+secret/%",
  api: "api secret"
} as const

export type ClientId = keyof typeof secrets

export const secretOf = (client: ClientId): string => secrets[client]

export const redirectUri = "http://127.0.0.1/callback"

const clients = [
  {
    client_id: "app",
    client_secret: secrets.app,
    application_type: "native",
    redirect_uris: [redirectUri],
    grant_types: ["authorization_code"]
  },
  {
    client_id: "machine",
    client_secret: secrets.machine,
    redirect_uris: [],
    response_types: [],
    grant_types: ["client_credentials"]
  },
  {
    client_id: "api",
    client_secret: secrets.api,
    redirect_uris: [],
    response_types: [],
    grant_types: []
  }
]

export const configuration = (keys: ReadonlyArray<JWK>) => ({
  clients,
  clientDefaults: { id_token_signed_response_alg: "ES256" },
  cookies: { keys: ["cookie-secret"] },
  jwks: { keys },
  scopes: ["openid", "email"],
  claims: { openid: ["sub"], email: ["email"] },
  conformIdTokenClaims: false,
  findAccount: (_: unknown, id: string) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@id.example` })
  }),
  ttl: {
    AccessToken: 600,
    AuthorizationCode: 60,
    ClientCredentials: 600,
    Grant: 600,
    IdToken: 600,
    Interaction: 600,
    Session: 600
  },
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo: (_: unknown, resource: string) => ({
        scope: "read write",
        audience: resource,
        accessTokenFormat: resource === resources.jwt ? "jwt" : "opaque",
        jwt: { sign: { alg: "ES256" } }
      })
    }
  }
})

/** A real OpenID Connect provider (`oidc-provider`) on loopback, and a user agent that signs in there. */
import { assert } from "@effect/vitest"
import { exportJWK, generateKeyPair, type JWK } from "jose"
import { createHash, randomBytes } from "node:crypto"
import * as Http from "node:http"
import OidcProvider from "oidc-provider"

// ----------------------------------------------------------------------------
// the provider
// ----------------------------------------------------------------------------

/** The APIs that tokens are made for: one gets JWTs, the other opaque ones. */
export const resources = {
  jwt: "https://items.example/jwt",
  opaque: "https://items.example/opaque"
} as const

export type Resource = keyof typeof resources

const secrets = { app: "app:secret", machine: "machine+secret/%", api: "api secret" } as const

export type ClientId = keyof typeof secrets

export const secretOf = (client: ClientId): string => secrets[client]

const redirectUri = "http://127.0.0.1/callback"

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

const configuration = (keys: ReadonlyArray<JWK>) => ({
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

export const privateKey = async (kid: string): Promise<JWK> => {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true })
  return { ...(await exportJWK(privateKey)), kid, use: "sig", alg: "ES256" }
}

const listen = (server: Http.Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, "127.0.0.1", () => {
      const address = server.address()
      assert(typeof address === "object" && address !== null)
      resolve(address.port)
    })
  })

/** A provider that can be given other keys, killed, and started again on its port. */
export const start = async (keys: ReadonlyArray<JWK>) => {
  let listener: Http.RequestListener = (_, response) => response.writeHead(503).end()
  const asked: Array<string> = []
  const make = () =>
    Http.createServer((request, response) => {
      asked.push(request.url ?? "")
      listener(request, response)
    })
  let server = make()
  const port = await listen(server, 0)
  const issuer = `http://127.0.0.1:${port}`
  const useKeys = (next: ReadonlyArray<JWK>): void => {
    listener = new OidcProvider(issuer, configuration(next)).callback()
  }
  useKeys(keys)
  return {
    issuer,
    /** The paths that were asked for, in order. */
    asked,
    useKeys,
    kill: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
    restart: async () => {
      server = make()
      await listen(server, port)
    }
  }
}

// ----------------------------------------------------------------------------
// clients
// ----------------------------------------------------------------------------

const encode = (text: string): string => new URLSearchParams({ "": text }).toString().slice(1)

const basic = (client: ClientId): string =>
  `Basic ${Buffer.from(`${client}:${encode(secrets[client])}`).toString("base64")}`

const requestToken = async (
  issuer: string,
  client: ClientId,
  parameters: Record<string, string>
): Promise<Record<string, unknown>> => {
  const response = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: { authorization: basic(client) },
    body: new URLSearchParams(parameters)
  })
  const body: Record<string, unknown> = await response.json()
  assert.strictEqual(response.status, 200, JSON.stringify(body))
  return body
}

const text = (value: unknown): string => {
  assert(typeof value === "string")
  return value
}

/** The access token of a machine, by its credentials and a resource indicator (RFC 8707). */
export const machineToken = async (
  issuer: string,
  resource: Resource,
  scope = "read"
): Promise<string> => {
  const { access_token: token } = await requestToken(issuer, "machine", {
    grant_type: "client_credentials",
    resource: resources[resource],
    scope
  })
  return text(token)
}

/** The tokens of a user: authorization code with PKCE, the forms of login and consent filled in. */
export const userTokens = async (
  issuer: string,
  resource: Resource | undefined
): Promise<{ readonly access: string; readonly id: string }> => {
  const verifier = randomBytes(32).toString("base64url")
  const target = resource && { resource: resources[resource] }
  const query = new URLSearchParams({
    client_id: "app",
    response_type: "code",
    redirect_uri: redirectUri,
    scope: resource === undefined ? "openid email" : "openid email read",
    state: "s",
    nonce: "n",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...target
  })
  const code = await signIn(`${issuer}/auth?${query}`)
  const { access_token: access, id_token: id } = await requestToken(issuer, "app", {
    grant_type: "authorization_code",
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    ...target
  })
  return { access: text(access), id: text(id) }
}

/** Follows the provider's redirects with its cookies, and submits its forms, until it sends the code. */
const signIn = async (start: string): Promise<string> => {
  const cookies = new Map<string, string>()
  const go = async (url: string, form?: Record<string, string>): Promise<Response> => {
    const response = await fetch(url, {
      redirect: "manual",
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
      ...(form && { method: "POST", body: new URLSearchParams(form) })
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (value === "") cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }
  let url = start
  let response = await go(url)
  for (let step = 0; step < 12; step++) {
    const location = response.headers.get("location")
    if (location !== null) {
      url = new URL(location, url).href
      const code = url.startsWith(redirectUri) && new URL(url).searchParams.get("code")
      if (code) return code
      assert.isFalse(url.startsWith(redirectUri), url)
      response = await go(url)
    } else {
      const page = await response.text()
      assert.strictEqual(response.status, 200, page)
      const [, action = ""] = /<form[^>]* action="([^"]+)"/.exec(page) ?? []
      const [, prompt = ""] = /name="prompt" value="([^"]+)"/.exec(page) ?? []
      const answers = prompt === "login" ? { login: "johndoe", password: "secret" } : {}
      url = new URL(action, url).href
      response = await go(url, { prompt, ...answers })
    }
  }
  throw new Error("the provider sent no code")
}

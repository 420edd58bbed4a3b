/** A real OpenID Connect provider (`oidc-provider`) on loopback, and a user agent that signs in there. */
import { assert } from "@effect/vitest"
import { exportJWK, generateKeyPair, type JWK } from "jose"
import * as ChildProcess from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { once } from "node:events"
import * as Http from "node:http"
import { fileURLToPath } from "node:url"
import OidcProvider from "oidc-provider"
import {
  type ClientId,
  configuration,
  redirectUri,
  type Resource,
  resources,
  secrets
} from "./configuration.ts"

// ----------------------------------------------------------------------------
// the provider
// ----------------------------------------------------------------------------

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

/** A provider in a process of its own: `kill` is SIGKILL. */
export const spawn = async (keys: ReadonlyArray<JWK>) => {
  const run = async (port: number) => {
    const child = ChildProcess.spawn(
      process.execPath,
      ["--import", "tsx", fileURLToPath(new URL("provider.process.ts", import.meta.url))],
      {
        env: { ...process.env, PORT: String(port), KEYS: JSON.stringify(keys) },
        stdio: ["pipe", "pipe", "ignore"]
      }
    )
    let output = ""
    const issuer = await new Promise<string>((resolve, reject) => {
      child.once("exit", () => reject(new Error(`the provider ended: ${output}`)))
      child.stdout.on("data", (chunk: Buffer) => {
        output += chunk.toString()
        const [, printed] = /^issuer (\S+)$/m.exec(output) ?? []
        if (printed !== undefined) resolve(printed)
      })
    })
    return { child, issuer }
  }
  let running = await run(0)
  const { issuer } = running
  return {
    issuer,
    kill: async () => {
      const { child } = running
      if (child.signalCode !== null) return
      const exit = once(child, "exit")
      child.kill("SIGKILL")
      assert.deepStrictEqual(await exit, [null, "SIGKILL"])
    },
    restart: async () => {
      running = await run(Number(new URL(issuer).port))
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

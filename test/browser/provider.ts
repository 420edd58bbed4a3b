/**
 * An authorization server of its own origin (`oidc-provider`), with its pages to log in and consent, and an API whose tokens it
 * signs.
 */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as jose from "jose"
import * as Http from "node:http"
import { Provider } from "oidc-provider"
import type { Page } from "playwright-core"
import {
  OAuth2,
  OpenIdConnect,
  Security,
  SecurityDocument,
  SecurityError,
  SecurityRouter
} from "../../src/index.ts"
import { start } from "./support.ts"

const audience = "https://items.example"

export interface Issuer {
  readonly url: string
  /** The docs are served only when their port is known, and their port asks for the issuer. */
  readonly register: (redirectUri: string) => void
  readonly close: () => void
}

/** Starts with no client: `register` adds the public client `docs`. */
export const makeIssuer = async (): Promise<Issuer> => {
  let callback: Http.RequestListener | undefined
  const server = Http.createServer((request, response) => callback?.(request, response))
  const url = await start(server)
  return {
    url,
    register: (redirectUri) => {
      const provider = new Provider(url, {
        clients: [
          {
            client_id: "docs",
            application_type: "native",
            token_endpoint_auth_method: "none",
            redirect_uris: [redirectUri],
            grant_types: ["authorization_code"],
            response_types: ["code"]
          }
        ],
        clientBasedCORS: () => true,
        scopes: ["openid", "offline_access", "items:read", "items:write"],
        cookies: { keys: ["a key of this test"] },
        pkce: { required: () => true },
        features: {
          resourceIndicators: {
            enabled: true,
            defaultResource: () => audience,
            useGrantedResource: () => true,
            getResourceServerInfo: () => ({
              scope: "items:read items:write",
              audience,
              accessTokenFormat: "jwt"
            })
          }
        }
      })
      callback = provider.callback()
    },
    close: () => {
      server.close()
      server.closeAllConnections()
    }
  }
}

/** What a person does at the provider: anyone may log in, and consents. */
export const logIn = async (page: Page, name: string): Promise<void> => {
  await page.locator("input[name=login]").fill(name)
  await page.locator("input[name=password]").fill("secret")
  await page.locator("button[type=submit]").click()
  await page.getByText("Authorize", { exact: true }).waitFor()
  await page.locator("button[type=submit]").click()
}

const invalid = new SecurityError.Unauthorized({ reason: "invalid" })

/** The routes of an API that takes the issuer's tokens, and the document of them. */
export const makeApi = (issuer: string) => {
  const keys = jose.createRemoteJWKSet(new URL(`${issuer}/jwks`))
  const verify = (token: Redacted.Redacted<string>) =>
    Effect.tryPromise({
      try: () => jose.jwtVerify(Redacted.value(token), keys, { issuer, audience }),
      catch: () => invalid
    }).pipe(
      Effect.map(({ payload }) =>
        Security.grant({ sub: payload.sub }, String(payload["scope"]).split(" "))
      )
    )
  const users = OAuth2.authorizationCode({
    schemeName: "code",
    authorizationUrl: `${issuer}/auth`,
    tokenUrl: `${issuer}/token`,
    scopes: { "items:read": "Read items", "items:write": "Create items" }
  }).pipe(Security.authenticate(verify))
  const discovered = OpenIdConnect.make({
    schemeName: "oidc",
    openIdConnectUrl: `${issuer}/.well-known/openid-configuration`,
    scopes: { "items:read": "Read items" }
  }).pipe(Security.authenticate(verify))
  // another scheme, whose scopes are not to be asked of the first
  const others = OAuth2.passwordBearer({
    schemeName: "password",
    tokenUrl: "token",
    scopes: { admin: "All" }
  }).pipe(Security.authenticate(() => Effect.fail(invalid)))
  const routes = [
    SecurityRouter.route("GET", "/items", users.pipe(Security.scopes("items:read")), ({ sub }) =>
      HttpServerResponse.json({ for: sub })
    ),
    SecurityRouter.route("POST", "/items", users.pipe(Security.scopes("items:write")), () =>
      HttpServerResponse.json({})
    ),
    SecurityRouter.route("GET", "/me", discovered.pipe(Security.scopes("items:read")), ({ sub }) =>
      HttpServerResponse.json({ me: sub })
    ),
    SecurityRouter.route("GET", "/admin", others.pipe(Security.scopes("admin")), () =>
      HttpServerResponse.json({})
    )
  ]
  const { document, omissions } = SecurityDocument.fromRoutes(routes)
  assert.deepStrictEqual(omissions, [])
  return { routes, document: { info: { title: "Items", version: "1" }, ...document } }
}

/** One API with every kind of security, and the server that its verifiers ask: what bad input is sent to. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Crypto from "node:crypto"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import * as Http from "node:http"
import * as ApiKey from "../../src/ApiKey.ts"
import * as DigestNonces from "../../src/DigestNonces.ts"
import * as HttpBasic from "../../src/HttpBasic.ts"
import * as HttpBearer from "../../src/HttpBearer.ts"
import * as HttpDigest from "../../src/HttpDigest.ts"
import * as Introspection from "../../src/Introspection.ts"
import * as Jwks from "../../src/Jwks.ts"
import * as Jwt from "../../src/Jwt.ts"
import * as MutualTls from "../../src/MutualTls.ts"
import * as OAuth2 from "../../src/OAuth2.ts"
import * as OpenIdConnect from "../../src/OpenIdConnect.ts"
import * as PasswordHash from "../../src/PasswordHash.ts"
import * as Security from "../../src/Security.ts"
import * as Throttle from "../../src/Throttle.ts"
import * as TokenEndpoint from "../../src/TokenEndpoint.ts"
import { serve } from "../schemes/support.ts"
import { type Issuer, makeIssuer, without } from "../support/badTokens.ts"
import * as Endpoint from "../support/endpoint.ts"
import { pair } from "../support/tokens.ts"

// ----------------------------------------------------------------------------
// the server that verifiers ask
// ----------------------------------------------------------------------------

export const audience = "https://api.example"

/** What the issuer calls another API, for which a token is good at `/oauth2` as well. */
export const secondAudience = "https://second.example"

export const introspectionSecret = "introspection-secret"

/** Keys that an issuer may publish by mistake, each of which would verify something if it were used. */
export const wrongKeys = {
  rs512: pair("RS512", "rs512"),
  weak: pair("RS256", "weak", 1024),
  encryption: pair("ES256", "encryption"),
  secret: Crypto.randomBytes(32)
}

const published = ({ set }: Issuer): ReadonlyArray<unknown> => [
  ...set.keys,
  { kty: "EC", crv: "P-256", kid: "broken", x: "AA", y: "AA" },
  { kty: "unheard-of", kid: "unknown-type" },
  wrongKeys.rs512.jwk,
  wrongKeys.weak.jwk,
  { ...wrongKeys.encryption.jwk, use: "enc" },
  { kty: "oct", kid: "secret", alg: "HS256", k: wrongKeys.secret.toString("base64url") },
  null,
  "no key"
]

/** What the introspection endpoint answers to a token. */
export interface Introspected {
  readonly status?: number
  readonly type?: string
  readonly body: string
}

/** An issuer over a real socket: its configuration, its keys, its introspection endpoint. */
const startUpstream = async () => {
  const introspected = new Map<string, Introspected>()
  const asked: Array<string> = []
  const strange: Array<string> = []
  const answer = (response: Http.ServerResponse, { body, status, type }: Introspected): void => {
    response.writeHead(status ?? 200, { "content-type": type ?? "application/json" }).end(body)
  }
  const server = Http.createServer((request, response) => {
    const json = (body: unknown) => answer(response, { body: JSON.stringify(body) })
    const { url = "" } = request
    asked.push(url)
    if (url === "/.well-known/openid-configuration") {
      json({
        issuer: issuer.issuer,
        jwks_uri: `${issuer.issuer}/jwks`,
        id_token_signing_alg_values_supported: ["none", "HS256", "ES256"]
      })
    } else if (url === "/jwks") {
      json({ keys: published(issuer) })
    } else if (url === "/jwks/without-alg") {
      json({ keys: issuer.set.keys.map((jwk) => without(jwk, "alg")) })
    } else if (url === "/introspect") {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        const token = new URLSearchParams(Buffer.concat(chunks).toString()).get("token") ?? ""
        answer(response, introspected.get(token) ?? { body: '{"active":false}' })
      })
    } else {
      strange.push(url)
      response.writeHead(404).end()
    }
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  const address = server.address()
  assert(typeof address === "object" && address !== null)
  const issuer = makeIssuer({
    issuer: `http://127.0.0.1:${address.port}`,
    audience,
    now: Math.floor(Date.now() / 1000)
  })
  return {
    issuer,
    introspected,
    /** The paths it was asked for. */
    asked,
    /** Whatever else it was asked for: what a token names (`jku`, `x5u`) is never fetched. */
    strange,
    close: () => {
      server.close()
      server.closeAllConnections()
    }
  }
}

export const upstream = await startUpstream()

export const { issuer } = upstream

// ----------------------------------------------------------------------------
// credentials
// ----------------------------------------------------------------------------

/** The right ones: none of them may be seen in a log or in the answer to a bad request. */
export const right = { key: "right-api-key", username: "johndoe", password: "pass:word" } as const

/** Behind a proxy that ends TLS: it is told by a secret of its own. */
export const proxyHeader = ["X-Proxy", "proxy-secret"] as const

const proxy: MutualTls.Proxy = {
  isTrusted: ({ headers }) => headers["x-proxy"] === proxyHeader[1]
}

export const certificate = (name: string): Buffer =>
  new Crypto.X509Certificate(readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url)))
    .raw

export const thumbprint = (name: string): string =>
  Crypto.createHash("sha256").update(certificate(name)).digest("base64url")

// ----------------------------------------------------------------------------
// security
// ----------------------------------------------------------------------------

const stored = ApiKey.authenticate({
  keys: [{ principal: "robot", hash: ApiKey.hash(Redacted.make(right.key)) }]
})

const passwords = PasswordHash.scrypt({ ln: 4, waiting: 1000 })
const passwordHash = await Effect.runPromise(passwords.hash(Redacted.make(right.password)))
const findUser = (username: string) =>
  Effect.succeed(
    username === right.username || username === "jill" ?
      Option.some({ principal: username, passwordHash })
    : Option.none()
  )

const basic = HttpBasic.make().pipe(HttpBasic.authenticate({ findUser, passwordHash: passwords }))

const throttled = HttpBasic.make().pipe(
  HttpBasic.authenticate({
    findUser,
    passwordHash: passwords,
    throttle: Throttle.make({ account: { limit: 3, window: "1 hour" } })
  })
)

const header = ApiKey.header("X-API-Key").pipe(stored)

const bearer = HttpBearer.make().pipe(
  Jwt.authenticate({
    issuer: issuer.issuer,
    audience,
    keys: Jwks.fromUrl(`${issuer.issuer}/jwks`, { allowHttp: true }),
    cache: false,
    certificate: MutualTls.readerBehind(proxy)
  })
)

const oauth2 = OAuth2.clientCredentials({
  tokenUrl: "token",
  scopes: { "items:read": "Read", "items:write": "Write", admin: "Everything" }
}).pipe(
  Jwt.authenticate({
    issuer: issuer.issuer,
    audience: [audience, secondAudience],
    keys: Jwks.fromUrl(`${issuer.issuer}/jwks/without-alg`, { allowHttp: true })
  })
)

const oidc = OpenIdConnect.make({
  openIdConnectUrl: `${issuer.issuer}/.well-known/openid-configuration`
})
const oidcUser = oidc.pipe(OpenIdConnect.authenticate({ audience, allowHttp: true }))
const signedIn = oidc.pipe(
  OpenIdConnect.authenticate({ token: "id", clientId: "app", allowHttp: true, cache: false })
)

const introspected = OAuth2.clientCredentials({
  tokenUrl: "token",
  scopes: { "items:read": "Read", admin: "Everything" }
}).pipe(
  Introspection.authenticate({
    url: `${issuer.issuer}/introspect`,
    allowHttp: true,
    client: { clientId: "api", clientSecret: Redacted.make(introspectionSecret) },
    audience,
    issuer: issuer.issuer,
    certificate: MutualTls.readerBehind(proxy),
    cache: false
  })
)

const nonces = DigestNonces.make({ lifetime: "1 hour" })

/** A nonce of the API, of now or of another time. */
export const nonceAt = (millis = Date.now()): string => nonces.bind("api", "").issue(millis)

const digestScheme = HttpDigest.make({ nonces, algorithms: ["SHA-256", "SHA-256-sess"] })

const digestUser = {
  principal: right.username,
  ...HttpDigest.hashUser(digestScheme, {
    username: right.username,
    password: Redacted.make(right.password)
  })
}

const digest = digestScheme.pipe(
  HttpDigest.authenticate({
    findUser: (username) =>
      Effect.succeed(username === right.username ? Option.some(digestUser) : Option.none())
  })
)

const mtls = MutualTls.make({ proxy }).pipe(
  Security.authenticate((peer) => Effect.succeed(Security.grant(peer.subject)))
)

// ----------------------------------------------------------------------------
// routes
// ----------------------------------------------------------------------------

const ok = HttpServerResponse.unsafeJson({ ok: true })

const letIn = () => Effect.succeed(ok)

const token = Effect.gen(function* () {
  const { password, scopes, username } = yield* OAuth2.passwordForm
  const user = yield* findUser(username)
  if (Option.isNone(user) || !(yield* passwords.verify(password, passwordHash))) {
    return yield* TokenEndpoint.invalidGrant()
  }
  if (scopes.includes("admin")) return yield* TokenEndpoint.invalidScope()
  return TokenEndpoint.tokenResponse({ accessToken: Redacted.make("access-token"), expiresIn: 60 })
})

const router = HttpRouter.empty.pipe(
  HttpRouter.all("/key/header", Security.guard(header, letIn)),
  HttpRouter.all("/key/query", Security.guard(ApiKey.query("api_key").pipe(stored), letIn)),
  HttpRouter.all("/key/cookie", Security.guard(ApiKey.cookie("session_id").pipe(stored), letIn)),
  HttpRouter.all("/basic", Security.guard(basic, letIn)),
  HttpRouter.all("/throttled", Security.guard(throttled, letIn)),
  HttpRouter.all("/bearer", Security.guard(bearer, letIn)),
  HttpRouter.all("/oauth2", Security.guard(oauth2, letIn)),
  HttpRouter.all(
    "/oauth2/admin",
    Security.guard(oauth2.pipe(Security.scopes("items:read", "admin")), letIn)
  ),
  HttpRouter.all("/oidc", Security.guard(oidcUser, letIn)),
  HttpRouter.all("/oidc/id", Security.guard(signedIn, letIn)),
  HttpRouter.all("/introspected", Security.guard(introspected, letIn)),
  HttpRouter.all(
    "/introspected/admin",
    Security.guard(introspected.pipe(Security.scopes("admin")), letIn)
  ),
  HttpRouter.all("/digest", Security.guard(digest, letIn)),
  HttpRouter.all("/mtls", Security.guard(mtls, letIn)),
  HttpRouter.all("/any", Security.guard(Security.anyOf(bearer, basic, header), letIn)),
  HttpRouter.all("/all", Security.guard(Security.allOf({ user: basic, key: header }), letIn)),
  HttpRouter.all("/optional", Security.guard(Security.optional(bearer), letIn)),
  HttpRouter.all("/optional/key", Security.guard(Security.optional(header), letIn)),
  HttpRouter.all("/token", token)
)

// ----------------------------------------------------------------------------
// doors
// ----------------------------------------------------------------------------

export const logs = Endpoint.logged()

/** The API with services of its own: what one door counts and remembers, the other does not. */
const makeApp = async () => {
  const services = ManagedRuntime.make(
    Layer.mergeAll(
      FetchHttpClient.layer,
      DigestNonces.layerMemory(),
      Throttle.layerMemory(),
      logs.layer
    )
  )
  return Effect.provide(router, await services.runtime())
}

const startDoors = async () => {
  const node = await serve(await makeApp(), () => Http.createServer())
  return {
    port: node.port,
    web: HttpApp.toWebHandler(await makeApp()),
    close: async () => {
      await node.close()
      upstream.close()
    }
  }
}

/** The two servers: node:http as it comes, and a Fetch handler. They are older than any nonce of the table. */
export const doors = await startDoors()

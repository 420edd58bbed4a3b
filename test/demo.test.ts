/** The demo as a person starts it: npm, a port, curl's requests, SIGTERM. */
import { Validator } from "@seriousme/openapi-schema-validator"
import * as jose from "jose"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import * as Client from "./support/digest.ts"
import { interruptedExit, logsQuery } from "./support/line.ts"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"

let server: ChildProcess
let url = ""
let output = ""

beforeAll(async () => {
  // detached: a group of its own, so that no process is left behind, whatever npm does
  server = spawn("npm", ["run", "demo"], {
    detached: true,
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"]
  })
  await new Promise<void>((resolve, reject) => {
    server.once("exit", (code) => reject(new Error(`the demo ended with ${code}: ${output}`)))
    server.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString()
      const printed = /demo on (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1]
      if (printed !== undefined) {
        url = printed
        resolve()
      }
    })
  })
}, 60_000)

afterAll(() => {
  try {
    process.kill(-(server.pid ?? assert.fail()), "SIGKILL")
  } catch {
    // the group has ended
  }
})

interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers: Headers
}

const get = async (path: string, headers: Record<string, string> = {}): Promise<Answer> => {
  const response = await fetch(url + path, { headers })
  const text = await response.text()
  return {
    status: response.status,
    body: text.startsWith("<") || text === "" ? text : JSON.parse(text),
    headers: response.headers
  }
}

const postToken = async (
  form: Record<string, string> | string,
  headers: Record<string, string> = {}
) => {
  const response = await fetch(`${url}/token`, {
    method: "POST",
    headers,
    body: typeof form === "string" ? form : new URLSearchParams(form)
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

const token = async (username: string, password: string, scope: string): Promise<string> => {
  const { body } = await postToken({ username, password, scope })
  return (body as { readonly access_token: string }).access_token
}

const bearer = async (username: string, password: string, scope: string) => ({
  authorization: `Bearer ${await token(username, password, scope)}`
})

const basic = (user: string) => ({ authorization: `Basic ${btoa(user)}` })

const johndoe = (scope: string) => bearer("johndoe", "secret", scope)

const check = (answer: Answer, status: number, body: unknown, challenge: string | null = null) => {
  assert.deepEqual(
    [answer.status, answer.body, answer.headers.get("www-authenticate")],
    [status, body, challenge]
  )
}

const absent = { _tag: "Unauthorized", reason: "absent", message: "Not authenticated" }
const items = [{ item_id: "Foo" }, { item_id: "Bar" }]

describe("POST /token", () => {
  it("answers with a token that has the scopes asked for", async () => {
    const { body, headers, status } = await postToken({
      grant_type: "password",
      username: "johndoe",
      password: "secret",
      scope: "me items"
    })
    assert.strictEqual(status, 200)
    assert.strictEqual(headers.get("cache-control"), "no-store")
    assert.hasAllKeys(body, ["access_token", "token_type", "expires_in", "scope"])
    assert.deepInclude(body, { token_type: "bearer", expires_in: 1800, scope: "me items" })
  })

  it("refuses as RFC 6749 says", async () => {
    const right = { username: "johndoe", password: "secret" }
    const cases: ReadonlyArray<
      readonly [Parameters<typeof postToken>[0], Record<string, string>, number, string]
    > = [
      [{ ...right, password: "wrong" }, {}, 400, "invalid_grant"],
      [{ ...right, username: "nobody" }, {}, 400, "invalid_grant"],
      [{ ...right, scope: "admin" }, {}, 400, "invalid_scope"],
      [{ ...right, grant_type: "client_credentials" }, {}, 400, "unsupported_grant_type"],
      [{ username: "johndoe" }, {}, 400, "invalid_request"],
      ["username=johndoe&username=alice&password=secret", {}, 400, "invalid_request"],
      [JSON.stringify(right), { "content-type": "application/json" }, 400, "invalid_request"]
    ]
    for (const [form, headers, status, error] of cases) {
      const answer = await postToken(form, headers)
      assert.deepEqual([answer.status, (answer.body as { error: string }).error], [status, error])
    }
  })
})

describe("routes", () => {
  it("GET /users/me", async () => {
    check(await get("/users/me", await johndoe("me")), 200, {
      username: "johndoe",
      disabled: false
    })
    check(await get("/users/me"), 401, absent, 'Bearer realm="api"')
    check(await get("/users/me", await bearer("alice", "secret2", "me")), 403, {
      _tag: "Forbidden",
      message: "Inactive user"
    })
    check(
      await get("/users/me", { authorization: "Bearer x.y.z" }),
      401,
      { _tag: "Unauthorized", reason: "invalid", message: "Invalid credentials" },
      'Bearer realm="api", error="invalid_token"'
    )
  })

  it("GET /users/me/items", async () => {
    check(await get("/users/me/items", await johndoe("me items")), 200, [
      { item_id: "Foo", owner: "johndoe" }
    ])
    for (const scope of ["me", "items", ""]) {
      check(
        await get("/users/me/items", await johndoe(scope)),
        403,
        { _tag: "Forbidden", message: "Insufficient scope" },
        'Bearer realm="api", error="insufficient_scope", scope="me items"'
      )
    }
  })

  it("GET /items", async () => {
    const challenge = 'Bearer realm="api", ApiKey realm="api"'
    check(await get("/items", await johndoe("items")), 200, items)
    check(await get("/items", { "X-API-Key": "demo-key" }), 200, items)
    check(await get("/items?api_key=demo-key"), 200, items)
    check(await get("/items", { cookie: "session_id=demo-key" }), 200, items)
    check(await get("/items"), 401, absent, challenge)
    check(
      await get("/items?api_key=wrong"),
      401,
      { _tag: "Unauthorized", reason: "invalid", message: "Invalid credentials" },
      challenge
    )
  })

  it("GET /status", async () => {
    check(await get("/status"), 200, { status: "ok", user: null })
    check(await get("/status", await johndoe("")), 200, { status: "ok", user: "johndoe" })
    assert.strictEqual((await get("/status", { authorization: "Bearer wrong" })).status, 401)
    assert.strictEqual((await get("/status", basic("johndoe:secret"))).status, 401)
  })

  it("GET /digest", async () => {
    const refused = await get("/digest")
    check(refused, 401, absent, refused.headers.get("www-authenticate"))
    const challenges = Client.challengesIn(refused.headers.get("www-authenticate"))
    assert.deepEqual(
      challenges.map(({ algorithm }) => algorithm),
      ["SHA-256", "MD5"]
    )
    const [first, second] = challenges
    const answer = (challenge: Client.Challenge | undefined, password: string, nc: string) =>
      Client.authorization({
        ...(challenge ?? assert.fail("no challenge")),
        username: "johndoe",
        password,
        uri: "/digest",
        method: "GET",
        nc,
        cnonce: "c",
        userhash: false,
        body: ""
      })
    const sha256 = answer(first, "secret", "00000001")
    check(await get("/digest", { authorization: sha256 }), 200, { username: "johndoe" })
    const md5 = answer(second, "secret", "00000002")
    check(await get("/digest", { authorization: md5 }), 200, { username: "johndoe" })
    for (const authorization of [sha256, answer(first, "wrong", "00000003")]) {
      const { headers, status } = await get("/digest", { authorization })
      const [challenge] = Client.challengesIn(headers.get("www-authenticate"))
      const stale = authorization === sha256 ? "true" : undefined
      assert.deepEqual([status, challenge?.stale], [401, stale])
    }
  })

  it("GET /basic", async () => {
    const challenge = 'Basic realm="demo", charset="UTF-8"'
    check(await get("/basic", basic("johndoe:secret")), 200, { username: "johndoe" })
    check(await get("/basic"), 401, absent, challenge)
    const wrong = { _tag: "Unauthorized", reason: "invalid", message: "Invalid credentials" }
    check(await get("/basic", basic("johndoe:wrong")), 401, wrong, challenge)
    check(await get("/basic", basic("__proto__:secret")), 401, wrong, challenge)
  })

  it("GET /oidc", async () => {
    const challenge = 'Bearer realm="api"'
    check(await get("/oidc", await johndoe("")), 200, { username: "johndoe" })
    check(await get("/oidc", await johndoe("me items")), 200, { username: "johndoe" })
    check(await get("/oidc"), 401, absent, challenge)
    const { authorization } = await johndoe("me")
    for (const wrong of ["Bearer x.y.z", `${authorization}x`, authorization.slice(0, -4)]) {
      check(
        await get("/oidc", { authorization: wrong }),
        401,
        { _tag: "Unauthorized", reason: "invalid", message: "Invalid credentials" },
        `${challenge}, error="invalid_token"`
      )
    }
  })

  it("GET /.well-known/openid-configuration, GET /jwks", async () => {
    const { body } = await get("/.well-known/openid-configuration")
    assert.deepInclude(body, {
      issuer: url,
      jwks_uri: `${url}/jwks`,
      token_endpoint: `${url}/token`
    })
    // whoever knows no more than this verifies what `/token` issues, as RFC 9068 says
    const keys = jose.createRemoteJWKSet(new URL(`${url}/jwks`))
    const { payload, protectedHeader } = await jose.jwtVerify(
      await token("johndoe", "secret", "items"),
      keys,
      { issuer: url, audience: "items", typ: "at+jwt", algorithms: ["ES256"] }
    )
    assert.deepInclude(payload, { sub: "johndoe", client_id: "demo", scope: "items" })
    assert.containsAllKeys(payload, ["exp", "iat", "jti"])
    const { body: set } = await get("/jwks")
    const [key, ...others] = (set as jose.JSONWebKeySet).keys
    assert.deepEqual([key?.kid, others], [protectedHeader.kid, []])
    assert.hasAllKeys(key, ["kty", "crv", "x", "y", "kid", "alg", "use"])
  })

  it("GET /both", async () => {
    const key = { "X-API-Key": "demo-key" }
    check(await get("/both", { ...basic("johndoe:secret"), ...key }), 200, {
      username: "johndoe",
      key: true
    })
    assert.strictEqual((await get("/both", key)).status, 401)
    assert.strictEqual((await get("/both", basic("johndoe:secret"))).status, 401)
  })

  it("GET /health", async () => {
    check(await get("/health"), 200, { status: "ok" })
  })

  it("GET /docs", async () => {
    const { body, status } = await get("/docs")
    assert.strictEqual(status, 200)
    assert.include(body, "swagger-ui-bundle.js")
    // what logs in finds the document and the token endpoint beside it
    assert.include(body, '"documentUrl":"./openapi.json"')
    assert.include(body, '"requiredScopes":{"oauth2":["me","items"],"OpenIdConnect":["openid"]}')
    assert.strictEqual((await fetch(`${url}/docs/swagger-ui-bundle.js`)).status, 200)
  })
})

describe("GET /openapi.json", () => {
  it("says what is enforced", async () => {
    const { body } = await get("/openapi.json")
    const { components, paths } = body as {
      readonly paths: Record<string, Record<string, { readonly security: unknown }>>
      readonly components: { readonly securitySchemes: Record<string, unknown> }
    }
    const security = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => [
        `${method} ${path}`,
        operation.security
      ])
    )
    assert.deepEqual(Object.fromEntries(security), {
      "post /token": [],
      "get /.well-known/openid-configuration": [],
      "get /jwks": [],
      "get /users/me": [{ oauth2: ["me"] }],
      "get /users/me/items": [{ oauth2: ["me", "items"] }],
      "get /items": [
        { oauth2: ["items"] },
        { APIKeyHeader: [] },
        { APIKeyQuery: [] },
        { APIKeyCookie: [] }
      ],
      "get /status": [{ oauth2: [] }, {}],
      "get /basic": [{ HTTPBasic: [] }],
      "get /digest": [{ HTTPDigest: [] }],
      "get /oidc": [{ OpenIdConnect: [] }],
      "get /both": [{ APIKeyHeader: [], HTTPBasic: [] }],
      "get /health": []
    })
    assert.deepEqual(components.securitySchemes, {
      oauth2: {
        type: "oauth2",
        flows: {
          password: {
            tokenUrl: "token",
            scopes: { me: "Read your own account", items: "Read items" }
          }
        }
      },
      APIKeyHeader: { type: "apiKey", in: "header", name: "X-API-Key" },
      APIKeyQuery: { type: "apiKey", in: "query", name: "api_key" },
      APIKeyCookie: { type: "apiKey", in: "cookie", name: "session_id" },
      HTTPBasic: { type: "http", scheme: "basic" },
      HTTPDigest: { type: "http", scheme: "digest" },
      OpenIdConnect: {
        type: "openIdConnect",
        openIdConnectUrl: ".well-known/openid-configuration"
      }
    })
  })

  it("is valid", async () => {
    const { body } = await get("/openapi.json")
    const result = await new Validator().validate(body as Record<string, unknown>)
    assert.deepEqual(result, { valid: true })
  })
})

describe("the process", () => {
  it("writes no credential", async () => {
    await get("/nowhere?api_key=demo-key", { "X-API-Key": "demo-key" })
    const logged = logsQuery ? "/nowhere?api_key=REDACTED" : "/nowhere"
    await vi.waitFor(() => assert.include(output, logged))
    assert.notInclude(output.slice(output.indexOf("INFO")), "demo-key")
    assert.notInclude(output, "eyJ")
  })

  it("stops cleanly on SIGTERM to npm, and leaves no server behind", async () => {
    server.removeAllListeners("exit")
    const exit = once(server, "exit")
    const isUp = () =>
      fetch(`${url}/health`).then(
        ({ ok }) => ok,
        () => false
      )
    assert.isTrue(await isUp())
    server.kill("SIGTERM")
    assert.deepEqual(await exit, [interruptedExit, null])
    assert.isFalse(await isUp())
  })
})

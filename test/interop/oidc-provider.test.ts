/** A real provider: its tokens, its introspection, its keys that change, and its absence. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as Introspection from "../../src/Introspection.ts"
import * as OAuth2 from "../../src/OAuth2.ts"
import * as OpenIdConnect from "../../src/OpenIdConnect.ts"
import * as Security from "../../src/Security.ts"
import * as Endpoint from "../support/endpoint.ts"
import { resources, secretOf } from "./configuration.ts"
import * as Real from "./provider.ts"

// ----------------------------------------------------------------------------
// fixtures
// ----------------------------------------------------------------------------

interface Expression<A, E> extends Effect.Effect<
  A,
  E,
  HttpServerRequest.HttpServerRequest | HttpClient.HttpClient
> {}

const run = <A, E>(self: Expression<A, E>, token: string): Promise<A> =>
  Effect.runPromise(
    self.pipe(
      Effect.provideService(HttpServerRequest.HttpServerRequest, Endpoint.bearing(token)),
      Effect.provide(FetchHttpClient.layer),
      Logger.withMinimumLogLevel(LogLevel.None)
    )
  )

const outcome = <A, E extends { readonly _tag: string }>(
  self: Expression<A, E>,
  token: string
): Promise<string> =>
  run(Effect.match(self, { onSuccess: () => "200", onFailure: (error) => error._tag }), token)

const start = Real.start
let provider: Awaited<ReturnType<typeof start>>
let first: Awaited<ReturnType<typeof Real.privateKey>>

beforeAll(async () => {
  first = await Real.privateKey("first")
  provider = await start([first])
})

afterAll(() => provider.kill())

/** The scheme and its verifiers, as if this API had just started. */
const api = (issuer = provider.issuer, times: { readonly freshFor?: "100 millis" } = {}) => {
  const oidc = OpenIdConnect.make({
    openIdConnectUrl: `${issuer}/.well-known/openid-configuration`,
    scopes: { read: "Read", write: "Write" }
  })
  const common = {
    ...times,
    allowHttp: true,
    cache: false,
    coolDown: "10 millis",
    timeout: "1 minute"
  } as const
  const user = oidc.pipe(OpenIdConnect.authenticate({ ...common, audience: resources.jwt }))
  return {
    oidc,
    user,
    readers: user.pipe(Security.scopes("read")),
    writers: user.pipe(Security.scopes("write")),
    signedIn: oidc.pipe(OpenIdConnect.authenticate({ ...common, token: "id", clientId: "app" })),
    introspected: OAuth2.clientCredentials({
      tokenUrl: `${issuer}/token`,
      scopes: { read: "Read", write: "Write" }
    }).pipe(
      Introspection.authenticate({
        url: `${issuer}/token/introspection`,
        allowHttp: true,
        client: { clientId: "api", clientSecret: Redacted.make(secretOf("api")) },
        audience: resources.opaque,
        issuer: issuer,
        cache: false,
        timeout: "1 minute"
      })
    )
  }
}

// ----------------------------------------------------------------------------
// tokens
// ----------------------------------------------------------------------------

describe("a user, by authorization code with PKCE", () => {
  it("is let in with an access token for this API, and with an ID token where those are asked for", async () => {
    const { readers, signedIn, user, writers } = api()
    const { access, id } = await Real.userTokens(provider.issuer, "jwt")
    const claims = await run(user, access)
    assert.strictEqual(claims.sub, "johndoe")
    assert.strictEqual(claims.client_id, "app")
    assert.strictEqual(await outcome(readers, access), "200")
    assert.strictEqual(await outcome(writers, access), "Forbidden")
    assert.strictEqual((await run(signedIn, id)).sub, "johndoe")
    assert.strictEqual(await outcome(signedIn, access), "Unauthorized")
    assert.strictEqual(await outcome(user, id), "Unauthorized")
  })

  it("is not let in by an ID token where the API is called as the client is, whatever typ is accepted", async () => {
    const { oidc } = api()
    const { id } = await Real.userTokens(provider.issuer, "jwt")
    const loose = oidc.pipe(
      OpenIdConnect.authenticate({ audience: "app", typ: false, allowHttp: true })
    )
    assert.strictEqual(await outcome(loose, id), "Unauthorized")
  })

  it("is let in with an opaque token that is introspected", async () => {
    const { introspected } = api()
    const { access } = await Real.userTokens(provider.issuer, "opaque")
    const claims = await run(introspected, access)
    assert.strictEqual(claims.sub, "johndoe")
    assert.strictEqual(claims.client_id, "app")
  })

  it("has a UserInfo", async () => {
    const { oidc, signedIn } = api()
    const { access, id } = await Real.userTokens(provider.issuer, undefined)
    const { sub } = await run(signedIn, id)
    const ask = OpenIdConnect.userInfo(oidc, { allowHttp: true })
    assert.deepEqual(await run(ask({ sub }), access), {
      sub: "johndoe",
      email: "johndoe@id.example"
    })
    assert.strictEqual(await outcome(ask({ sub: "jane" }), access), "ServiceUnavailable")
    assert.strictEqual(await outcome(ask({ sub }), "wrong"), "Unauthorized")
  })
})

describe("a machine, by its credentials and a resource indicator", () => {
  it("is let in with a JWT for this API, and its scopes", async () => {
    const { readers, user, writers } = api()
    const token = await Real.machineToken(provider.issuer, "jwt", "read write")
    assert.strictEqual((await run(user, token)).client_id, "machine")
    assert.strictEqual(await outcome(readers, token), "200")
    assert.strictEqual(await outcome(writers, token), "200")
    const reading = await Real.machineToken(provider.issuer, "jwt", "read")
    assert.strictEqual(await outcome(writers, reading), "Forbidden")
  })

  it("is let in with an opaque token that is introspected, and its scopes", async () => {
    const { introspected, user } = api()
    const token = await Real.machineToken(provider.issuer, "opaque")
    const claims = await run(introspected, token)
    assert.strictEqual(claims.client_id, "machine")
    assert.strictEqual(claims.token_type, "Bearer")
    assert.strictEqual(await outcome(introspected.pipe(Security.scopes("read")), token), "200")
    assert.strictEqual(
      await outcome(introspected.pipe(Security.scopes("write")), token),
      "Forbidden"
    )
    // opaque for the other verifier
    assert.strictEqual(await outcome(user, token), "Unauthorized")
  })

  it("is not let in with a token for another API, one that is none, or a JWT that is introspected", async () => {
    const { introspected } = api()
    const { access } = await Real.userTokens(provider.issuer, undefined)
    const jwt = await Real.machineToken(provider.issuer, "jwt")
    for (const token of [access, jwt, "none", "a+b/c=="]) {
      assert.strictEqual(await outcome(introspected, token), "Unauthorized")
    }
  })

  it("is not let in when this API's own secret is wrong, and is told to come again", async () => {
    const token = await Real.machineToken(provider.issuer, "opaque")
    const wrong = OAuth2.clientCredentials({ tokenUrl: `${provider.issuer}/token` }).pipe(
      Introspection.authenticate({
        url: `${provider.issuer}/token/introspection`,
        allowHttp: true,
        client: { clientId: "api", clientSecret: Redacted.make("wrong") },
        audience: resources.opaque
      })
    )
    assert.strictEqual(await outcome(wrong, token), "ServiceUnavailable")
  })

  it("may identify this API in the body", async () => {
    const token = await Real.machineToken(provider.issuer, "opaque")
    const posted = OAuth2.clientCredentials({ tokenUrl: `${provider.issuer}/token` }).pipe(
      Introspection.authenticate({
        url: `${provider.issuer}/token/introspection`,
        allowHttp: true,
        client: {
          clientId: "api",
          clientSecret: Redacted.make(secretOf("api")),
          method: "client_secret_post"
        },
        audience: resources.opaque
      })
    )
    assert.strictEqual(await outcome(posted, token), "200")
    assert.strictEqual(await outcome(posted, "none"), "Unauthorized")
  })
})

// ----------------------------------------------------------------------------
// changes while requests run
// ----------------------------------------------------------------------------

/** Asks again and again while something happens; says what became of each. */
const during = async (
  asked: ReadonlyArray<() => Promise<string>>,
  happens: () => Promise<void>
): Promise<ReadonlyArray<ReadonlySet<string>>> => {
  const found = asked.map(() => new Set<string>())
  let isOver = false
  const loops = asked.map(async (ask, index) => {
    // once more after it has happened
    for (let last = false; !last;) {
      last = isOver
      found[index]?.add(await ask())
      // an answer that needs nobody else must not keep the others waiting
      await new Promise((resolve) => setImmediate(resolve))
    }
  })
  await happens().finally(() => {
    isOver = true
  })
  await Promise.all(loops)
  return found
}

/** Until something is as often the case as it takes. */
const until = async (isDone: () => Promise<boolean>): Promise<void> => {
  while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 5))
}

const times = (count: number, ask: () => Promise<string>) => async (): Promise<void> => {
  for (let done = 0; done < count; done++) await ask()
}

describe("while requests run", () => {
  it("keys are added and removed, and no right token is refused", async () => {
    const { user } = api()
    const second = await Real.privateKey("second")
    const old = await Real.machineToken(provider.issuer, "jwt")
    const another = await Real.machineToken(provider.issuer, "jwt")
    const stranger = [...old.split(".").slice(0, 2), another.split(".")[2]].join(".")
    assert.strictEqual(await outcome(user, old), "200")
    const results = await during(
      [() => outcome(user, old), () => outcome(user, stranger)],
      async () => {
        provider.useKeys([second, first])
        const fresh = await Real.machineToken(provider.issuer, "jwt")
        const header = JSON.parse(Buffer.from(fresh.split(".")[0] ?? "", "base64url").toString())
        assert.strictEqual(header.kid, "second")
        assert.strictEqual(await outcome(user, fresh), "200")
        await times(10, () => outcome(user, fresh))()
      }
    )
    assert.deepStrictEqual(results, [new Set(["200"]), new Set(["Unauthorized"])])

    // a key that is gone verifies nothing for an API that starts now
    provider.useKeys([second])
    assert.strictEqual(await outcome(api().user, old), "Unauthorized")
    provider.useKeys([first])
  })

  it("the provider is killed and started again: known keys serve, what has to be asked for is 503", async () => {
    const { introspected, user } = api()
    const jwt = await Real.machineToken(provider.issuer, "jwt")
    const opaque = await Real.machineToken(provider.issuer, "opaque")
    const another = await Real.machineToken(provider.issuer, "jwt")
    const wrong = [...jwt.split(".").slice(0, 2), another.split(".")[2]].join(".")
    assert.strictEqual(await outcome(user, jwt), "200")
    assert.strictEqual(await outcome(introspected, opaque), "200")
    const starting = api()
    const results = await during(
      [
        () => outcome(user, jwt),
        () => outcome(user, wrong),
        () => outcome(introspected, opaque),
        () => outcome(introspected, "none"),
        () => outcome(Security.optional(introspected), opaque)
      ],
      async () => {
        await provider.kill()
        assert.strictEqual(await outcome(introspected, opaque), "ServiceUnavailable")
        assert.strictEqual(await outcome(starting.user, jwt), "ServiceUnavailable")
        assert.strictEqual(await outcome(starting.user, "none"), "Unauthorized")
        await times(20, () => outcome(user, jwt))()
        await provider.restart()
        await until(async () => (await outcome(introspected, opaque)) === "200")
        await until(async () => (await outcome(starting.user, jwt)) === "200")
      }
    )
    const [jwts, wrongs, opaques, nones, optional] = results
    assert.deepStrictEqual(jwts, new Set(["200"]))
    assert.deepStrictEqual(wrongs, new Set(["Unauthorized"]))
    assert.deepStrictEqual(opaques, new Set(["200", "ServiceUnavailable"]))
    assert.isFalse(nones?.has("200"))
    assert.isFalse(optional?.has("Unauthorized"))
  })

  it("a provider that is a process is killed by SIGKILL and started again, the keys in memory being stale", async () => {
    const child = await Real.spawn([first])
    try {
      const { introspected, user } = api(child.issuer, { freshFor: "100 millis" })
      const jwt = await Real.machineToken(child.issuer, "jwt")
      const opaque = await Real.machineToken(child.issuer, "opaque")
      const another = await Real.machineToken(child.issuer, "jwt")
      const wrong = [...jwt.split(".").slice(0, 2), another.split(".")[2]].join(".")
      assert.strictEqual(await outcome(user, jwt), "200")
      assert.strictEqual(await outcome(introspected, opaque), "200")
      const starting = api(child.issuer)
      const results = await during(
        [
          () => outcome(user, jwt),
          () => outcome(user, another),
          () => outcome(user, wrong),
          () => outcome(Security.optional(user), wrong),
          () => outcome(introspected, "none")
        ],
        async () => {
          await child.kill()
          assert.strictEqual(await outcome(introspected, opaque), "ServiceUnavailable")
          assert.strictEqual(await outcome(starting.user, jwt), "ServiceUnavailable")
          assert.strictEqual(await outcome(starting.user, "none"), "Unauthorized")
          await times(20, () => outcome(user, jwt))()
          await child.restart()
          await until(async () => (await outcome(starting.user, jwt)) === "200")
          // its keys are the same; its opaque tokens were in its memory
          const fresh = await Real.machineToken(child.issuer, "jwt")
          assert.strictEqual(await outcome(user, fresh), "200")
          await until(async () => (await outcome(introspected, opaque)) === "Unauthorized")
        }
      )
      const [jwts, others, wrongs, optional, nones] = results
      assert.deepStrictEqual(jwts, new Set(["200"]))
      assert.deepStrictEqual(others, new Set(["200"]))
      assert.deepStrictEqual(wrongs, new Set(["Unauthorized"]))
      assert.deepStrictEqual(optional, new Set(["Unauthorized"]))
      assert.isFalse(nones?.has("200"))
    } finally {
      await child.kill()
    }
  })

  it("a provider asked by many is asked little", async () => {
    const { user } = api()
    const token = await Real.machineToken(provider.issuer, "jwt")
    const before = provider.asked.length
    const results = await Promise.all(Array.from({ length: 100 }, () => outcome(user, token)))
    assert.deepStrictEqual(new Set(results), new Set(["200"]))
    assert.deepStrictEqual(provider.asked.slice(before), [
      "/.well-known/openid-configuration",
      "/jwks"
    ])
  })
})

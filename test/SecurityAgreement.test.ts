/** The check finds nothing wrong with an API that tells the truth, and every way to lie. */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import * as HttpApiSecurity from "@effect/platform/HttpApiSecurity"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as OpenApi from "@effect/platform/OpenApi"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import {
  ApiKey,
  HttpBasic,
  OAuth2,
  Security,
  SecurityAgreement,
  SecurityDocument,
  SecurityError,
  SecurityRouter,
  SecurityTest
} from "../src/index.ts"
import { appOf } from "./support/line.ts"

// ----------------------------------------------------------------------------
// an API of every kind of expression
// ----------------------------------------------------------------------------

const scopes = { a: "A", b: "B" }
const invalid = new SecurityError.Unauthorized({ reason: "invalid" })

const verify = (secret: Redacted.Redacted<string>) => {
  const [is, ...granted] = Redacted.value(secret).split(".")
  return is === "right" ? Effect.succeed(Security.grant("who", granted)) : Effect.fail(invalid)
}

const user = OAuth2.passwordBearer({ schemeName: "user", tokenUrl: "token", scopes }).pipe(
  Security.authenticate(verify)
)
const key = ApiKey.header("X-Key", { schemeName: "key", scopes }).pipe(
  Security.authenticate(verify)
)
const crumb = ApiKey.cookie("crumb", { schemeName: "crumb" }).pipe(Security.authenticate(verify))
const inQuery = ApiKey.query("key", { schemeName: "query" }).pipe(Security.authenticate(verify))
const basic = HttpBasic.make({ schemeName: "basic" }).pipe(
  Security.authenticate(({ password, username }) =>
    username === "who" ? verify(password) : Effect.fail(invalid)
  )
)

const right = (granted: ReadonlyArray<string>): string => ["right", ...granted].join(".")

const credentials = {
  user: (granted: ReadonlyArray<string>) => Effect.succeed(SecurityTest.bearer(right(granted))),
  key: (granted: ReadonlyArray<string>) => SecurityTest.header("x-key", right(granted)),
  crumb: () => SecurityTest.cookie("crumb", "right"),
  query: () => SecurityTest.query("key", "right"),
  basic: () => SecurityTest.basic("who", "right")
}

const expressions = [
  Security.public,
  user,
  user.pipe(Security.scopes("a", "b")),
  Security.optional(key),
  Security.optional(user),
  Security.anyOf(user.pipe(Security.scopes("a")), key, crumb),
  Security.allOf(basic, key.pipe(Security.scopes("a"))),
  Security.anyOf(Security.allOf(key, crumb), key.pipe(Security.scopes("b")), inQuery),
  Security.anyOf(basic, user)
] as const

type Document = ReturnType<typeof SecurityDocument.fromRoutes>["document"]

const routes = expressions.map((security: (typeof expressions)[number], index) =>
  SecurityRouter.route("GET", `/r${index}/:id`, security as typeof user, () =>
    HttpServerResponse.empty()
  )
)
const handler = HttpApp.toWebHandler(appOf(routes))
const { document } = SecurityDocument.fromRoutes(routes)

const report = (options: Partial<SecurityAgreement.Options> = {}) =>
  Effect.runPromise(SecurityAgreement.check({ handler, document, credentials, ...options }))

const saying = (index: number, security: SecurityAgreement.SecurityJson): Document => ({
  ...document,
  paths: { ...document.paths, [`/r${index}/{id}`]: { get: { security } } }
})

// ----------------------------------------------------------------------------
// the check
// ----------------------------------------------------------------------------

describe("check", () => {
  it("finds nothing wrong with what this library makes", async () => {
    const { disagreements, tried, untried } = await report()
    assert.deepStrictEqual(disagreements, [])
    assert.deepStrictEqual(untried, [])
    assert.isAbove(tried, 70)
  })

  const lies: ReadonlyArray<
    readonly [what: string, index: number, said: SecurityAgreement.SecurityJson, message: string]
  > = [
    ["public though it is not", 1, [], "the document lets this in, and it was refused"],
    ["secured though it is public", 0, [{ user: [] }], "the document refuses this"],
    ["a scope too few", 2, [{ user: ["a"] }], "the document lets this in"],
    ["a scope too many", 1, [{ user: ["a"] }], "the document refuses this"],
    ["required though it is optional", 3, [{ key: [] }], "the document refuses this"],
    ["optional though it is required", 1, [{ user: [] }, {}], "the document lets this in"],
    ["AND as OR", 6, [{ basic: [] }, { key: ["a"] }], "the document lets this in"],
    ["OR as AND", 8, [{ basic: [], key: [] }], "the document refuses this"],
    ["an alternative too few", 5, [{ user: ["a"] }, { key: [] }], "the document refuses this"],
    ["another scheme", 1, [{ key: [] }], "the document lets this in"]
  ]
  it.each(lies)("finds %s", async (_, index, said, message) => {
    const { disagreements } = await report({ document: saying(index, said) })
    assert.isNotEmpty(disagreements)
    for (const disagreement of disagreements) {
      assert.strictEqual(disagreement.operation, `GET /r${index}/{id}`)
    }
    assert.isTrue(disagreements.some((each) => each.message.startsWith(message)))
  })

  it("finds a verifier that lets every credential in", async () => {
    const careless = ApiKey.header("X-Key", { schemeName: "key" })
    const open = [SecurityRouter.route("GET", "/", careless, () => HttpServerResponse.empty())]
    const { disagreements } = await report({
      handler: HttpApp.toWebHandler(appOf(open)),
      document: SecurityDocument.fromRoutes(open).document
    })
    assert.deepStrictEqual(
      disagreements.map(({ answered, presented }) => [presented, answered]),
      [["a wrong key", 204]]
    )
  })

  it("finds a server that fails, and a 401 without a challenge", async () => {
    const failing = await report({
      handler: () => Promise.resolve(new Response(null, { status: 500 }))
    })
    assert.strictEqual(failing.disagreements.length, failing.tried)
    const silent = await report({
      handler: () => Promise.resolve(new Response(null, { status: 401 }))
    })
    assert.isTrue(silent.disagreements.some(({ message }) => message.includes("WWW-Authenticate")))
  })

  it("finds what the platform's own middlewares get wrong", async () => {
    class Native extends HttpApiMiddleware.Tag<Native>()("test/Native", {
      failure: SecurityError.Unauthorized,
      security: { key: HttpApiSecurity.apiKey({ key: "x-key" }) }
    }) {}
    class Other extends HttpApiMiddleware.Tag<Other>()("test/Other", {
      failure: SecurityError.Unauthorized,
      security: { crumb: HttpApiSecurity.apiKey({ key: "crumb", in: "cookie" }) }
    }) {}
    const api = HttpApi.make("api").add(
      HttpApiGroup.make("g").add(
        HttpApiEndpoint.get("both", "/both").middleware(Native).middleware(Other)
      )
    )
    const check = (secret: Redacted.Redacted<string>) =>
      Effect.asVoid(verify(secret)) as Effect.Effect<void, SecurityError.Unauthorized>
    const live = HttpApiBuilder.api(api).pipe(
      Layer.provide(
        HttpApiBuilder.group(api, "g", (handlers) => handlers.handle("both", () => Effect.void))
      ),
      Layer.provide(Layer.succeed(Native, { key: check })),
      Layer.provide(Layer.succeed(Other, { crumb: check }))
    )
    const web = HttpApiBuilder.toWebHandler(Layer.merge(live, HttpServer.layerContext))
    const asIs = await report({ handler: web.handler, document: OpenApi.fromApi(api) })
    // AND, printed as OR
    assert.isTrue(asIs.disagreements.some(({ presented }) => presented === "key"))
    const annotated = OpenApi.fromApi(api.pipe(SecurityDocument.annotate()))
    const { disagreements } = await report({ handler: web.handler, document: annotated })
    for (const { message } of disagreements) {
      assert.include(message, "WWW-Authenticate")
    }
    await web.dispose()
  })

  describe("shows what a refusal or an error says", () => {
    const bodies = async (respond: (request: Request) => Response | Promise<Response>) => {
      const { disagreements } = await report({
        handler: (request) => Promise.resolve(respond(request)),
        document: { paths: { "/": { get: { security: [{ user: ["a"] }] } } }, components }
      })
      return disagreements.map(({ body, presented }) => [presented, body])
    }

    const { components } = document
    const refusal = { status: 401, headers: { "www-authenticate": "Bearer" } }
    const shownFor = async (body: BodyInit | null, headers = {}) => {
      const [[presented, shown] = []] = await bodies(
        () => new Response(body, { ...refusal, headers: { ...refusal.headers, ...headers } })
      )
      assert.strictEqual(presented, "user (a)")
      return shown
    }

    it("which tells why", async () => {
      const { disagreements } = await report({ document: saying(1, []) })
      assert.include(
        disagreements.find(({ presented }) => presented === "nothing")?.body,
        '"reason":"absent"'
      )
    })

    it("but not what was let in, nothing, and what is no text", async () => {
      const open = await bodies(() => new Response("secret data"))
      assert.isNotEmpty(open)
      for (const [, body] of open) assert.isUndefined(body)
      assert.isUndefined(await shownFor(null))
      assert.isUndefined(await shownFor("", { "content-type": "text/plain" }))
      assert.isUndefined(await shownFor("x", { "content-type": "image/png" }))
      assert.strictEqual(await shownFor("x"), "x")
      for (const type of [
        "application/json",
        "application/problem+json",
        "text/html",
        "text/xml"
      ]) {
        assert.strictEqual(await shownFor("x", { "content-type": type }), "x")
      }
    })

    it("in its first 500 characters, and reads no more than a few", async () => {
      assert.strictEqual(await shownFor("é".repeat(500)), "é".repeat(500))
      assert.strictEqual(await shownFor("é".repeat(501)), `${"é".repeat(500)}…`)
      let pulled = 0
      let isCancelled = false
      const endless = () =>
        new ReadableStream({
          pull: (controller) => {
            pulled++
            controller.enqueue(new TextEncoder().encode("x".repeat(100)))
          },
          cancel: () => {
            isCancelled = true
          }
        })
      const [[, shown] = []] = await bodies(
        () => new Response(endless(), { ...refusal, headers: { "content-type": "text/plain" } })
      )
      assert.strictEqual(shown, `${"x".repeat(500)}…`)
      assert.isBelow(pulled, 1000)
      assert.isTrue(isCancelled)
    })

    it("as far as it came, where it breaks off", async () => {
      const broken = () => {
        let count = 0
        return new ReadableStream({
          pull: (controller) => {
            if (count++ < 20) controller.enqueue(new TextEncoder().encode("why "))
            else controller.error(new Error("broken"))
          }
        })
      }
      const [[, shown] = []] = await bodies(
        () => new Response(broken(), { ...refusal, headers: { "content-type": "text/plain" } })
      )
      assert.match(String(shown), /^(why ){10,}[why ]*…$/)
    })

    it("without what was sent to be let in", async () => {
      const secrets = [
        's3cret.k€y/"+',
        "e",
        "ä:ö",
        "a|b(",
        "p ss",
        "it's ~ *mine*!",
        "half \uD800 of a pair"
      ] as const
      const [inHeader, inCookie, inQuery, ...others] = secrets
      for (const credential of [
        SecurityTest.bearer("s3cret-token"),
        SecurityTest.basic("who", "s3cret:pässword"),
        { headers: { "x-key": 's3cret"k+y' } },
        SecurityTest.cookie("crumb", inHeader),
        SecurityTest.query("key", inHeader),
        ...[inCookie, inQuery, ...others].map((secret) => SecurityTest.query("key", secret))
      ]) {
        const { disagreements } = await report({
          handler: async (request) => {
            const { searchParams } = new URL(request.url)
            const authorization = request.headers.get("authorization") ?? ""
            const cookie = request.headers.get("cookie") ?? ""
            const said = [
              authorization,
              authorization.replace(/^\S+ /, ""),
              decodeURIComponent(escape(atob(authorization.replace(/^(?!Basic).*|Basic /, "")))),
              request.headers.get("x-key"),
              cookie,
              decodeURIComponent(cookie.replace("crumb=", "")),
              searchParams.get("key"),
              encodeURIComponent(searchParams.get("key") ?? ""),
              request.url
            ]
            return Response.json(said, refusal)
          },
          document: { paths: { "/": { get: { security: [{ user: ["a"] }] } } }, components },
          credentials: { user: () => credential }
        })
        const { body = "" } = disagreements.find(({ presented }) => presented === "user (a)") ?? {}
        assert.include(body, "<redacted>")
        const rest = body.replaceAll("<redacted>", "")
        for (const each of ["s3cret", "ssword", "k€y", "k%E2%82%ACy"]) assert.notInclude(rest, each)
        for (const secret of Object.values(credential.query ?? {})) {
          assert.notInclude(rest, secret)
          assert.notInclude(rest, encodeURIComponent(secret.replace("\uD800", "\uFFFD")))
          assert.notInclude(rest, new URLSearchParams({ secret }).toString().slice(7))
        }
      }
    })

    it("without a part of it where it is cut off", async () => {
      const token = "s3cret".repeat(400)
      for (let before = 0; before < 7000; before += 97) {
        const { disagreements } = await report({
          handler: async () => new Response("x".repeat(before) + `${token} `.repeat(10), refusal),
          document: { paths: { "/": { get: { security: [{ user: ["a"] }] } } }, components },
          credentials: { user: () => SecurityTest.bearer(token) }
        })
        for (const { body = "", presented } of disagreements) {
          if (presented === "user (a)") assert.notInclude(body, "s3cret")
        }
      }
    })
  })

  it("lets a policy forbid where that is said", async () => {
    const policed = [
      SecurityRouter.route(
        "GET",
        "/",
        key.pipe(
          Security.filterOrFail(
            () => false,
            () => new SecurityError.Forbidden()
          )
        ),
        () => HttpServerResponse.empty()
      )
    ]
    const options = {
      handler: HttpApp.toWebHandler(appOf(policed)),
      document: SecurityDocument.fromRoutes(policed).document
    }
    assert.isNotEmpty((await report(options)).disagreements)
    assert.isEmpty((await report({ ...options, mayForbid: ["GET /"] })).disagreements)
  })

  it("says what it could not try", async () => {
    const { tried, untried } = await report({
      credentials: { key: credentials.key, basic: credentials.basic },
      document: saying(1, [{ user: [], basic: [] }, { key: [] }])
    })
    assert.isAbove(tried, 0)
    assert.deepInclude(untried, {
      operation: "GET /r1/{id}",
      message: "credentials has nothing for user"
    })
    const both = await report({ document: saying(1, [{ user: [], basic: [] }]) })
    assert.isTrue(both.untried.some(({ message }) => message.includes("both are in Authorization")))
  })

  it("fills in path parameters, and hands back the errors of credentials", async () => {
    const seen: Array<string> = []
    await report({
      handler: (request) => {
        seen.push(new URL(request.url).pathname)
        return handler(request)
      },
      server: "http://api.test/",
      parameters: { id: "a/b" }
    })
    assert.include(seen, "/r1/a%2Fb")
    const failing = SecurityAgreement.check({
      handler,
      document,
      credentials: { user: () => Effect.fail("no token") }
    })
    assert.strictEqual(await Effect.runPromise(Effect.flip(failing)), "no token")
  })
})

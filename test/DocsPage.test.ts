/** What is served of a page that shows the document: to browsers, to strangers, from both routers. */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as OpenApi from "@effect/platform/OpenApi"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { createHash } from "node:crypto"
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import {
  DocsPage,
  HttpBasic,
  OAuth2,
  OpenIdConnect,
  Scalar,
  Security,
  SecurityDocument,
  SecurityError,
  SecurityMiddleware,
  type SecurityRequirement,
  SwaggerUi
} from "../src/index.ts"
import {
  type Answer,
  type Door,
  node,
  type NodeDoor,
  openDoors,
  type Probe,
  silent,
  web
} from "./routers/support.ts"
import { documented, routing } from "./support/line.ts"

// ----------------------------------------------------------------------------
// an API
// ----------------------------------------------------------------------------

const title = 'Items </title></script><script>alert("1")</script>'

const oauth2 = OAuth2.make({
  schemeName: "oauth2",
  flows: {
    password: { tokenUrl: "token", scopes: { read: "Read", write: "Write", never: "Never asked" } },
    authorizationCode: {
      authorizationUrl: "https://login.example.com/auth",
      tokenUrl: "https://id.example.com:8443/token",
      refreshUrl: "https://refresh.example.com/",
      scopes: { read: "Read" }
    }
  }
}).pipe(Security.authenticate(() => Effect.succeed(Security.grant("someone", []))))

const oidc = OpenIdConnect.make({
  schemeName: "oidc",
  openIdConnectUrl: "https://oidc.example.com/.well-known/openid-configuration",
  scopes: { profile: "Profile" }
}).pipe(Security.authenticate(() => Effect.succeed(Security.grant("someone", []))))

class Users extends SecurityMiddleware.Tag<Users>()("test/Users", { security: oauth2 }) {}

class Either extends SecurityMiddleware.Tag<Either>()("test/Either", {
  security: Security.anyOf(
    oauth2.pipe(Security.scopes("write")),
    oidc.pipe(Security.scopes("profile"))
  )
}) {}

class Plain extends HttpApi.make("api")
  .add(
    HttpApiGroup.make("items")
      .add(HttpApiEndpoint.get("list", "/items").middleware(Users.scopes("read")))
      .add(HttpApiEndpoint.post("create", "/items").middleware(Either))
  )
  .annotate(OpenApi.Title, title) {}

class Api extends Plain.pipe(SecurityDocument.annotate()) {}

const live = <Id extends string, Groups extends HttpApiGroup.HttpApiGroup.Any, E, R>(
  api: HttpApi.HttpApi<Id, Groups, E, R>
) =>
  // none of its routes is asked for
  Layer.effect(
    HttpApi.Api,
    Effect.map(Effect.context<never>(), (context) => ({ api: api as never, context }))
  )

class Staff extends Context.Tag("test/Staff")<Staff, { readonly name: string }>() {}

const staff = HttpBasic.make({ realm: "docs" }).pipe(
  Security.authenticate(({ username }) =>
    Effect.flatMap(Staff, ({ name }) =>
      username === name ?
        Effect.succeed(Security.grant(name))
      : Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))
    )
  )
)

const StaffLive = Layer.succeed(Staff, { name: "anna" })

const basic = (name: string) => ({ authorization: `Basic ${btoa(`${name}:secret`)}` })

// ----------------------------------------------------------------------------
// doors
// ----------------------------------------------------------------------------

const apiDoor = (docs: Layer.Layer<never, never, HttpApi.Api>): Door =>
  web(
    HttpApiBuilder.toWebHandler(
      Layer.mergeAll(docs, HttpServer.layerContext).pipe(Layer.provideMerge(live(Api)))
    )
  )

const routerDoor = (
  docs: Layer.Layer<
    never,
    never,
    | HttpLayerRouter.HttpRouter
    | HttpLayerRouter.Request<
        "Error",
        SecurityError.Unauthorized | SecurityError.ServiceUnavailable
      >
  >
): Door =>
  web(
    HttpLayerRouter.toWebHandler(Layer.mergeAll(docs, HttpServer.layerContext, silent), {
      disableLogger: true
    })
  )

type Doors = Readonly<Record<string, Door>>

const each = (doors: () => Doors, test: (door: Door) => Promise<void>) => async () => {
  const opened = Object.entries(doors())
  assert.isNotEmpty(opened)
  for (const [, door] of opened) await test(door)
}

const policy = (answer: Answer): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (answer.headers["content-security-policy"] ?? "").split("; ").map((directive) => {
      const [name = "", ...sources] = directive.split(" ")
      return [name, sources.join(" ")]
    })
  )

interface Configuration {
  readonly ui: Readonly<Record<string, unknown>>
  readonly initOAuth: Readonly<Record<string, unknown>>
  readonly scopes?: ReadonlyArray<string>
  readonly requiredScopes: Readonly<Record<string, ReadonlyArray<string>>>
  readonly documentUrl: string
  readonly redirectUrl: string
  readonly rootUrl: string
  readonly hasServers: boolean
  readonly scalar: {
    readonly persistAuth: boolean
    readonly telemetry: boolean
    readonly theme?: string
    readonly authentication: {
      readonly preferredSecurityScheme?: unknown
      readonly securitySchemes: Readonly<Record<string, unknown>>
    }
  }
}

const configuration = (answer: Answer): Configuration =>
  JSON.parse(/id="configuration">(.*?)<\/script>/.exec(answer.body)?.[1] ?? "")

const references = (answer: Answer): ReadonlyArray<string> =>
  [...answer.body.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, url = ""]) => url)

const get = (door: Door, target: string, rest: Omit<Probe, "target"> = {}): Promise<Answer> =>
  door.send({ target, ...rest })

// ----------------------------------------------------------------------------
// Swagger UI
// ----------------------------------------------------------------------------

describe("Swagger UI", () => {
  let doors: Doors = {}

  beforeAll(async () => {
    doors = await openDoors({
      HttpApi: () => apiDoor(SwaggerUi.layer(documented(Api))),
      HttpLayerRouter: () => routerDoor(SwaggerUi.layerHttpLayerRouter({ api: Api }))
    })
  })
  afterAll(() => Promise.all(Object.values(doors).map((door) => door.close())))

  it(
    "serves a page that lets nothing else in",
    each(
      () => doors,
      async (door) => {
        const answer = await get(door, "/docs")
        assert.strictEqual(answer.status, 200)
        assert.containSubset(answer.headers, {
          "content-type": "text/html; charset=utf-8",
          "cache-control": "no-store",
          "x-content-type-options": "nosniff",
          "referrer-policy": "same-origin",
          "x-frame-options": "DENY"
        })
        const [, nonce = ""] = /'nonce-([^']+)'/.exec(policy(answer)["script-src"] ?? "") ?? []
        assert.lengthOf(atob(nonce), 16)
        assert.deepEqual(policy(answer), {
          "default-src": "'none'",
          "base-uri": "'none'",
          "form-action": "'none'",
          "frame-ancestors": "'none'",
          "script-src": `'nonce-${nonce}'`,
          "style-src": `'nonce-${nonce}'`,
          "img-src": "'self' data:",
          "connect-src":
            "'self' https://id.example.com:8443 https://refresh.example.com https://oidc.example.com"
        })
        assert.notInclude((await get(door, "/docs")).body, nonce)
        const scripts = [...answer.body.matchAll(/<script ([^>]*)>/g)].map(([, text = ""]) => text)
        assert.lengthOf(scripts, 3)
        for (const script of scripts) {
          assert.isTrue(
            script.includes(`nonce="${nonce}"`) || script.startsWith('type="application/json"')
          )
        }
      }
    )
  )

  it(
    "escapes what the document says",
    each(
      () => doors,
      async (door) => {
        const { body } = await get(door, "/docs")
        assert.notInclude(body, "<script>alert")
        assert.include(
          body,
          "<title>Items &lt;/title&gt;&lt;/script&gt;&lt;script&gt;alert(&quot;1"
        )
      }
    )
  )

  it("escapes what the options say", async () => {
    const text = "</script><!--<script>\u2028&'\""
    const door = apiDoor(
      SwaggerUi.layer({
        ...documented(Api),
        title: text,
        initOAuth: { appName: text, clientId: text }
      })
    )
    const answer = await get(door, "/docs")
    assert.lengthOf(answer.body.match(/<\/?script/g) ?? [], 6)
    assert.notInclude(answer.body, "<!--")
    assert.notInclude(answer.body, "\u2028</title>")
    assert.containSubset(configuration(answer).initOAuth, { appName: text, clientId: text })
    await door.close()
  })

  it(
    "serves what the page names, all of it relative",
    each(
      () => doors,
      async (door) => {
        for (const target of ["/docs", "/docs/"]) {
          const answer = await get(door, target)
          const { documentUrl, redirectUrl, rootUrl } = configuration(answer)
          assert.lengthOf(references(answer), 5)
          for (const url of [...references(answer), documentUrl, redirectUrl]) {
            assert.match(url, /^\.\//)
            const { pathname, search } = new URL(url, `http://localhost${target}`)
            assert.match(pathname, /^\/docs\//)
            assert.strictEqual((await get(door, pathname + search)).status, 200, url)
          }
          assert.strictEqual(new URL(rootUrl, `http://localhost${target}`).pathname, "/")
        }
      }
    )
  )

  it(
    "lets files be kept, and asked for again",
    each(
      () => doors,
      async (door) => {
        const urls = references(await get(door, "/docs")).map((url) => url.slice(1))
        const expected = [
          ["/docs/favicon-32x32.png", "image/png"],
          ["/docs/swagger-ui.css", "text/css; charset=utf-8"],
          ["/docs/index.css", "text/css; charset=utf-8"],
          ["/docs/swagger-ui-bundle.js", "text/javascript; charset=utf-8"],
          ["/docs/swagger-initializer.js", "text/javascript; charset=utf-8"]
        ]
        const types = []
        for (const url of urls) {
          const [pathname = "", tag = ""] = url.split("?v=")
          const named = await get(door, url)
          types.push([pathname, named.headers["content-type"]])
          assert.strictEqual(named.headers["x-content-type-options"], "nosniff")
          assert.strictEqual(named.headers["etag"], `"${tag}"`)
          assert.strictEqual(named.headers["cache-control"], "public, max-age=31536000, immutable")
          const other = await get(door, `${pathname}?v=${tag}x`)
          assert.strictEqual(other.headers["cache-control"], "no-cache")
          for (const [ifNoneMatch, status] of [
            [`"${tag}"`, 304],
            [`W/"${tag}"`, 304],
            [`"other", "${tag}"`, 304],
            ["*", 304],
            [`"${tag}x"`, 200],
            [tag, 200],
            ["", 200]
          ] as const) {
            const again = await get(door, pathname, { headers: { "if-none-match": ifNoneMatch } })
            assert.strictEqual(again.status, status, ifNoneMatch)
            assert.strictEqual(again.body === "", status === 304)
            assert.strictEqual(again.headers["etag"], `"${tag}"`)
          }
        }
        assert.deepEqual(types, expected)
      }
    )
  )

  it(
    "answers HEAD as GET, without the body",
    each(
      () => doors,
      async (door) => {
        for (const target of [
          "/docs",
          "/docs/openapi.json",
          "/docs/oauth2-redirect",
          "/docs/swagger-ui-bundle.js"
        ]) {
          const head = await get(door, target, { method: "HEAD" })
          const full = await get(door, target)
          assert.strictEqual(head.status, 200)
          assert.strictEqual(head.body, "")
          for (const name of ["content-type", "cache-control", "etag", "content-length"]) {
            assert.strictEqual(head.headers[name], full.headers[name], `${target} ${name}`)
          }
        }
      }
    )
  )

  it(
    "serves the document that is enforced",
    each(
      () => doors,
      async (door) => {
        const answer = await get(door, "/docs/openapi.json")
        assert.containSubset(answer.headers, {
          "content-type": "application/json",
          "cache-control": "no-cache",
          "x-content-type-options": "nosniff"
        })
        assert.deepEqual(JSON.parse(answer.body), JSON.parse(JSON.stringify(OpenApi.fromApi(Api))))
        assert.deepEqual(JSON.parse(answer.body).paths["/items"].post.security, [
          { oauth2: ["write"] },
          { oidc: ["profile"] }
        ])
        const etag = answer.headers["etag"] ?? ""
        const again = await get(door, "/docs/openapi.json", { headers: { "if-none-match": etag } })
        assert.strictEqual(again.status, 304)
      }
    )
  )

  it(
    "serves no other file",
    each(
      () => doors,
      async (door) => {
        for (const name of [
          "package.json",
          "../package.json",
          "..%2fpackage.json",
          "%2e%2e/%2e%2e/package.json",
          "..%5c..%5cpackage.json",
          "swagger-ui.css/../../package.json",
          "swagger-ui.css%00.json",
          "swagger-ui-bundle.js.map",
          "%2fetc%2fpasswd",
          "/etc/passwd",
          "index.html",
          "__proto__"
        ]) {
          assert.strictEqual((await get(door, `/docs/${name}`)).status, 404, name)
        }
      }
    )
  )

  it(
    "brings the browser back from an authorization server",
    each(
      () => doors,
      async (door) => {
        const answer = await get(door, "/docs/oauth2-redirect?code=secret&state=1")
        assert.strictEqual(answer.headers["referrer-policy"], "no-referrer")
        assert.strictEqual(answer.headers["cache-control"], "no-store")
        assert.notInclude(answer.body, "secret")
        const { "script-src": script, ...rest } = policy(answer)
        assert.match(script ?? "", /^'nonce-[^ ]+'$/)
        assert.deepEqual(rest, {
          "default-src": "'none'",
          "base-uri": "'none'",
          "form-action": "'none'",
          "frame-ancestors": "'none'",
          "img-src": "data:"
        })
        const [, url = ""] = /src="([^"]*)"/.exec(answer.body) ?? []
        const { pathname } = new URL(url, "http://localhost/docs/oauth2-redirect")
        assert.include((await get(door, pathname)).body, "swaggerUIRedirectOauth2")
      }
    )
  )

  it(
    "preselects what the document requires, and PKCE",
    each(
      () => doors,
      async (door) => {
        const { initOAuth, requiredScopes, scopes, ui } = configuration(await get(door, "/docs"))
        assert.deepEqual(requiredScopes, {
          oauth2: ["read", "write"],
          oidc: ["openid", "profile"]
        })
        assert.isUndefined(scopes)
        assert.deepEqual(initOAuth, { usePkceWithAuthorizationCodeGrant: true })
        assert.containSubset(ui, { persistAuthorization: false, validatorUrl: null })
      }
    )
  )
})

describe("options", () => {
  const answerTo = async (
    options: SwaggerUi.Options,
    target: string = options.path ?? "/docs"
  ): Promise<Answer> => {
    const door = apiDoor(SwaggerUi.layer({ ...documented(Api), ...options }))
    const answer = await get(door, target)
    await door.close()
    return answer
  }

  it("of OAuth reach the page by their names", async () => {
    const { initOAuth, scopes } = configuration(
      await answerTo({
        initOAuth: {
          clientId: "docs",
          clientSecret: Redacted.make("known to all"),
          appName: "Docs",
          realm: "here",
          scopeSeparator: ",",
          scopes: ["read"],
          additionalQueryStringParams: { audience: "items" },
          useBasicAuthenticationWithAccessCodeGrant: true,
          usePkceWithAuthorizationCodeGrant: false
        }
      })
    )
    assert.deepEqual(scopes, ["read"])
    assert.deepEqual(initOAuth, {
      clientId: "docs",
      clientSecret: "known to all",
      appName: "Docs",
      realm: "here",
      scopeSeparator: ",",
      additionalQueryStringParams: { audience: "items" },
      useBasicAuthenticationWithAccessCodeGrant: true,
      usePkceWithAuthorizationCodeGrant: false
    })
  })

  it("of Swagger UI reach the page by their names", async () => {
    const ui = {
      deepLinking: false,
      docExpansion: "none",
      filter: true,
      tryItOutEnabled: true,
      displayRequestDuration: true,
      displayOperationId: true,
      defaultModelsExpandDepth: -1,
      operationsSorter: "alpha",
      tagsSorter: "alpha",
      showExtensions: true,
      supportedSubmitMethods: ["get"],
      withCredentials: true,
      persistAuthorization: true
    } as const
    assert.deepEqual(configuration(await answerTo(ui)).ui, { ...ui, validatorUrl: null })
  })

  it("widen the policy, and only by sources", async () => {
    const answer = await answerTo({
      contentSecurityPolicy: {
        "connect-src": ["https://oauth2.googleapis.com"],
        "img-src": ["https://images.example.com"],
        "font-src": ["'self'"]
      }
    }).catch(String)
    assert.include(String(answer), "a source of contentSecurityPolicy")
    const widened = policy(
      await answerTo({
        contentSecurityPolicy: {
          "connect-src": ["https://oauth2.googleapis.com"],
          "img-src": ["https://images.example.com"],
          "font-src": ["https://fonts.example.com"]
        }
      })
    )
    assert.match(widened["connect-src"] ?? "", / https:\/\/oauth2\.googleapis\.com$/)
    assert.strictEqual(widened["img-src"], "'self' data: https://images.example.com")
    assert.strictEqual(widened["font-src"], "https://fonts.example.com")
    for (const source of ["https://a; script-src *", "https://a https://b", "a,b", ""]) {
      const refused = answerTo({ contentSecurityPolicy: { "connect-src": [source] } })
      assert.include(
        await refused.then(String, String),
        "a source of contentSecurityPolicy",
        source
      )
    }
  })

  it("place the page and its document", async () => {
    const cases = [
      ["/", undefined, "./openapi.json", "./", "./oauth2-redirect"],
      ["/a/b/c", undefined, "./c/openapi.json", "./../../", "./c/oauth2-redirect"],
      ["/a/docs", "/openapi.json", "./../openapi.json", "./../", "./docs/oauth2-redirect"],
      ["/a/docs", "/a/openapi.json", "./openapi.json", "./../", "./docs/oauth2-redirect"],
      ["/docs", "/a/b.json", "./a/b.json", "./", "./docs/oauth2-redirect"]
    ] as const
    for (const [path, documentPath, documentUrl, rootUrl, redirectUrl] of cases) {
      const answer = await answerTo({ path, documentPath })
      assert.containSubset(configuration(answer), { documentUrl, rootUrl, redirectUrl })
      const document = new URL(documentUrl, `http://localhost${path}`).pathname
      assert.strictEqual((await answerTo({ path, documentPath }, document)).status, 200)
    }
  })

  it("are refused where a path is none", async () => {
    const paths = [
      "/docs/",
      "/:id",
      "/docs*",
      "/a//b",
      "/../docs",
      "/a/./b",
      "/a?b",
      "/a b"
    ] as const
    for (const path of paths) {
      assert.include(await answerTo({ path }).then(String, String), "path has to be a path", path)
      const refused = answerTo({ documentPath: path })
      assert.include(await refused.then(String, String), "documentPath has to be", path)
    }
  })
})

// ----------------------------------------------------------------------------
// files
// ----------------------------------------------------------------------------

describe("assets", () => {
  const installed = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"))
  const page = async (assets: SwaggerUi.Assets): Promise<Answer> => {
    const door = apiDoor(SwaggerUi.layer({ ...documented(Api), assets }))
    const answer = await get(door, "/docs")
    await door.close()
    return answer
  }

  it("of a CDN are held to their hashes", async () => {
    const answer = await page(SwaggerUi.jsdelivr)
    const base = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5.35.0/"
    const elements = answer.body.match(/<(?:link|script)[^>]*jsdelivr[^>]*>/g) ?? []
    assert.lengthOf(elements, 3)
    for (const element of elements) {
      const [, name = ""] = /@5\.35\.0\/([^"]*)"/.exec(element) ?? []
      const digest = createHash("sha384").update(readFileSync(join(installed, name)))
      assert.include(element, `"${base}${name}"`)
      assert.include(element, `integrity="sha384-${digest.digest("base64")}"`)
      assert.include(element, 'crossorigin="anonymous"')
      assert.include(element, "nonce=")
    }
    assert.match(policy(answer)["script-src"] ?? "", /^'nonce-[^ ]+'$/)
  })

  it("hold the redirect of a CDN to its hash too", () => {
    assert("cdn" in SwaggerUi.jsdelivr)
    for (const [name, integrity] of Object.entries(SwaggerUi.jsdelivr.integrity)) {
      const digest = createHash("sha384").update(readFileSync(join(installed, name)))
      assert.strictEqual(integrity, `sha384-${digest.digest("base64")}`, name)
    }
    const { version } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"))
    assert.include(SwaggerUi.jsdelivr.cdn, `@${version}`)
  })

  it("of another route are named", async () => {
    const answer = await page({ url: "../static/" })
    assert.include(answer.body, 'src="../static/swagger-ui-bundle.js"')
    assert.include(answer.body, 'href="../static/swagger-ui.css"')
  })

  it("of a directory are served", async () => {
    const directory = mkdtempSync(join(tmpdir(), "swagger-ui-"))
    cpSync(installed, directory, { recursive: true, filter: (name) => !name.endsWith(".map") })
    assert.include((await page({ directory })).body, 'src="./docs/swagger-ui-bundle.js?v=')
    rmSync(directory, { recursive: true })
  })

  it("of an older release have the script of the redirect inside its page", async () => {
    const directory = mkdtempSync(join(tmpdir(), "swagger-ui-"))
    cpSync(installed, directory, { recursive: true, filter: (name) => !name.endsWith(".map") })
    rmSync(join(directory, "oauth2-redirect.js"))
    writeFileSync(join(directory, "oauth2-redirect.html"), "<body><script>run()\n</script></body>")
    const door = apiDoor(SwaggerUi.layer({ ...documented(Api), assets: { directory } }))
    assert.strictEqual((await get(door, "/docs/oauth2-redirect.js")).body, "run()\n")
    await door.close()
    rmSync(directory, { recursive: true })
  })

  it("are refused with a sentence", async () => {
    assert("cdn" in SwaggerUi.jsdelivr)
    const { cdn, integrity } = SwaggerUi.jsdelivr
    const cases: ReadonlyArray<readonly [SwaggerUi.Assets, string]> = [
      [{ cdn: "http://cdn.example.com", integrity }, "assets.cdn has to be an https URL"],
      [{ cdn: "//cdn.example.com", integrity }, "assets.cdn has to be an https URL"],
      [{ cdn, integrity: { ...integrity, "index.css": "" } }, "assets.integrity has to hold"],
      [{ url: "https://cdn.example.com" }, "assets.url has to be a path on this server"],
      [{ url: "//cdn.example.com" }, "assets.url has to be a path on this server"],
      [{ url: "/\\cdn.example.com" }, "assets.url has to be a path on this server"],
      [{ directory: "/nowhere" }, "assets.directory has to hold the files of swagger-ui-dist"]
    ]
    for (const [assets, message] of cases) {
      assert.include(await page(assets).then(String, String), message)
    }
  })
})

// ----------------------------------------------------------------------------
// protected
// ----------------------------------------------------------------------------

describe("a page that is protected", () => {
  let doors: Doors = {}
  let server: NodeDoor

  beforeAll(async () => {
    const docs = SwaggerUi.layerHttpLayerRouter({ api: Api, security: staff })
    doors = await openDoors({
      HttpApi: () =>
        apiDoor(
          SwaggerUi.layer({ ...documented(Api), security: staff }).pipe(Layer.provide(StaffLive))
        ),
      HttpLayerRouter: () => routerDoor(docs.pipe(Layer.provide(StaffLive))),
      Scalar: () =>
        apiDoor(
          Scalar.layer({ ...documented(Api), security: staff }).pipe(Layer.provide(StaffLive))
        )
    })
    server = await node(
      HttpApiBuilder.serve().pipe(
        Layer.provide(SwaggerUi.layer({ ...documented(Api), security: staff })),
        Layer.provide([live(Api), StaffLive, routing])
      )
    )
    doors = { ...doors, "node:http": server }
  })
  afterAll(() => Promise.all(Object.values(doors).map((door) => door.close())))

  it(
    "is shown to nobody else, nor is its document",
    each(
      () => doors,
      async (door) => {
        for (const target of ["/docs", "/docs/", "/docs/openapi.json"]) {
          for (const headers of [{}, basic("otto"), { authorization: "Bearer x" }]) {
            for (const method of ["GET", "HEAD"]) {
              const answer = await get(door, target, { method, headers })
              assert.strictEqual(answer.status, 401)
              assert.strictEqual(
                answer.headers["www-authenticate"],
                'Basic realm="docs", charset="UTF-8"'
              )
              assert.notInclude(answer.body, "openapi")
            }
          }
          const answer = await get(door, target, { headers: basic("anna") })
          assert.strictEqual(answer.status, 200)
          assert.match(answer.headers["cache-control"] ?? "", /^(no-store|private, no-cache)$/)
        }
      }
    )
  )

  it(
    "tells who may not see it nothing of what it has",
    each(
      () => doors,
      async (door) => {
        const { headers } = await get(door, "/docs/openapi.json", { headers: basic("anna") })
        const target = "/docs/openapi.json"
        const known = { "if-none-match": headers["etag"] ?? "" }
        assert.strictEqual((await get(door, target, { headers: known })).status, 401)
        const answer = await get(door, target, { headers: { ...known, ...basic("anna") } })
        assert.strictEqual(answer.status, 304)
      }
    )
  )

  it(
    "is kept by no shared cache, whatever its address",
    each(
      () => doors,
      async (door) => {
        const headers = basic("anna")
        const { headers: found } = await get(door, "/docs/openapi.json", { headers })
        const tag = (found["etag"] ?? "").replaceAll('"', "")
        for (const known of [{}, { "if-none-match": `"${tag}"` }]) {
          const target = `/docs/openapi.json?v=${tag}`
          const answer = await get(door, target, { headers: { ...headers, ...known } })
          assert.strictEqual(answer.headers["cache-control"], "private, no-cache")
        }
      }
    )
  )

  it(
    "has files that are public, and tell nothing of the API",
    each(
      () => doors,
      async (door) => {
        const redirect = await get(door, "/docs/oauth2-redirect")
        assert.strictEqual(redirect.status, 200)
        assert.include(redirect.body, "<title>Login</title>")
        const page = await get(door, "/docs", { headers: basic("anna") })
        for (const url of references(page).filter((url) => url.startsWith("./"))) {
          assert.strictEqual((await get(door, url.slice(1))).status, 200)
        }
      }
    )
  )
})

// ----------------------------------------------------------------------------
// documents
// ----------------------------------------------------------------------------

describe("documents", () => {
  const pageOf = async (document: object): Promise<Answer> => {
    const door = routerDoor(SwaggerUi.layerHttpLayerRouter({ document }))
    const answer = await get(door, "/docs")
    await door.close()
    return answer
  }

  it("are true without annotate", async () => {
    const door = routerDoor(SwaggerUi.layerHttpLayerRouter({ api: Plain }))
    const { body } = await get(door, "/docs/openapi.json")
    assert.deepEqual(
      JSON.parse(body),
      JSON.parse(JSON.stringify(SecurityDocument.fromApi(Plain).document))
    )
    assert.deepEqual(JSON.parse(body).paths["/items"].get.security, [{ oauth2: ["read"] }])
    await door.close()
  })

  it("of one's own may say little", async () => {
    const answer = await pageOf({})
    assert.include(answer.body, "<title>API</title>")
    assert.deepEqual(configuration(answer).requiredScopes, {})
    assert.strictEqual(policy(answer)["connect-src"], "'self'")
  })

  it("name the servers that may be called", () => {
    const document = {
      servers: [{ url: "https://api.example.com/v1" }, { url: "/v2" }, { url: "https://{host}/" }],
      paths: {
        "/a": {
          servers: [{ url: "https://a.example.com" }],
          get: { servers: [{ url: "http://b.example.com:81/x" }] },
          parameters: [{ servers: [{ url: "https://no.example.com" }] }]
        }
      },
      components: {
        securitySchemes: {
          evil: { type: "openIdConnect", openIdConnectUrl: "https://a;script-src/" },
          quoted: { type: "openIdConnect", openIdConnectUrl: "https://'self'/" },
          script: { type: "openIdConnect", openIdConnectUrl: "javascript:alert(1)" }
        }
      }
    } as const
    assert.deepEqual(DocsPage.origins(document), [
      "https://api.example.com",
      "https://a.example.com",
      "http://b.example.com:81"
    ])
  })

  it("have a way in that all operations take, or none", () => {
    const common = (...requirements: ReadonlyArray<SecurityRequirement.SecurityRequirement>) =>
      DocsPage.commonAlternative({
        paths: Object.fromEntries(
          requirements.map((security, index) => [`/${index}`, { get: { security } }])
        )
      })
    assert.deepEqual(common([{ a: [] }, { b: [] }], [], [{ b: ["x"] }, {}], [{}]), ["b"])
    assert.deepEqual(common([{ a: [], b: [] }], [{ a: [] }, { b: [], a: ["x"] }]), ["a", "b"])
    assert.deepEqual(common([{ a: [] }], [{ b: [] }]), [])
    assert.deepEqual(common([{ a: [] }], [{ a: [], b: [] }]), [])
    assert.deepEqual(common(), [])
  })

  it("require of the whole what an operation does not say itself", () => {
    const flows = { clientCredentials: { tokenUrl: "token", scopes: {} } }
    assert.deepEqual(
      DocsPage.requiredScopes({
        security: [{ one: ["a"] }],
        paths: {
          "/x": { get: {}, post: { security: [] }, put: { security: [{ one: ["b", "a"] }] } }
        },
        components: { securitySchemes: { one: { type: "oauth2", flows } } }
      }),
      { one: ["a", "b"] }
    )
  })
})

// ----------------------------------------------------------------------------
// Scalar
// ----------------------------------------------------------------------------

describe("Scalar", () => {
  const page = async (options: Scalar.Options = {}): Promise<Answer> => {
    const door = apiDoor(Scalar.layer({ ...documented(Api), ...options }))
    const answer = await get(door, "/docs")
    await door.close()
    return answer
  }

  it("is held to its hash, and kept from its makers", async () => {
    const answer = await page()
    assert.match(
      answer.body,
      /<script nonce="[^"]+" src="https:\/\/cdn\.jsdelivr\.net\/npm\/@scalar\/api-reference@[\d.]+\/dist\/browser\/standalone\.js" integrity="sha384-[^"]{64}" crossorigin="anonymous">/
    )
    const { "script-src": script, ...rest } = policy(answer)
    assert.match(script ?? "", /^'nonce-[^ ]+' 'wasm-unsafe-eval'$/)
    assert.strictEqual(rest["style-src"], "'unsafe-inline'")
    assert.isUndefined(rest["font-src"])
    assert.include(rest["connect-src"], "https://id.example.com:8443")
    const { scalar } = configuration(answer)
    assert.containSubset(scalar, { telemetry: false, persistAuth: false })
    assert.strictEqual(scalar.authentication.preferredSecurityScheme, "oauth2")
  })

  it("has the same preselected, in its own words", async () => {
    const answer = await page({
      initOAuth: {
        clientId: "docs",
        clientSecret: Redacted.make("known to all"),
        additionalQueryStringParams: { audience: "items" }
      },
      preferredSecurityScheme: ["oauth2", ["a", "b"]],
      persistAuthorization: true,
      configuration: { theme: "moon", persistAuth: false, withDefaultFonts: true }
    })
    const { hasServers, scalar } = configuration(answer)
    assert.strictEqual(policy(answer)["font-src"], "https://fonts.scalar.com")
    assert.isFalse(hasServers)
    assert.containSubset(scalar, { theme: "moon", persistAuth: true })
    const shared = {
      "x-scalar-client-id": "docs",
      clientSecret: "known to all",
      "x-scalar-security-query": { audience: "items" }
    }
    assert.deepEqual(scalar.authentication, {
      preferredSecurityScheme: ["oauth2", ["a", "b"]],
      securitySchemes: {
        oauth2: {
          flows: {
            password: { ...shared, tokenUrl: "token", selectedScopes: ["read", "write"] },
            authorizationCode: {
              ...shared,
              authorizationUrl: "https://login.example.com/auth",
              tokenUrl: "https://id.example.com:8443/token",
              refreshUrl: "https://refresh.example.com/",
              selectedScopes: ["read"],
              "x-usePkce": "SHA-256",
              "x-scalar-credentials-location": "body"
            }
          },
          "x-default-scopes": ["read", "write"]
        },
        oidc: { "x-default-scopes": ["openid", "profile"] }
      }
    })
  })

  it("comes from where it is told to", async () => {
    assert.include((await page({ assets: { url: "../scalar.js" } })).body, 'src="../scalar.js"')
    const file = createRequire(import.meta.url).resolve("swagger-ui-dist/oauth2-redirect.js")
    assert.include((await page({ assets: { file } })).body, 'src="./docs/scalar.js?v=')
    const refused = page({ assets: { file: "/nowhere" } })
    assert.include(await refused.then(String, String), "assets.file has to be")
  })
})

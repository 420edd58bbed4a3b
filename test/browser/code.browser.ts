/** Authorization code with PKCE against a provider of another origin: Swagger UI and Scalar. */
import * as HttpApiScalar from "@effect/platform/HttpApiScalar"
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Layer from "effect/Layer"
import { readFileSync } from "node:fs"
import type { Browser, Locator, Page } from "playwright-core"
import { Scalar, SwaggerUi } from "../../src/index.ts"
import * as SecurityRouter from "../../src/SecurityRouter.ts"
import { node, type NodeDoor } from "../routers/support.ts"
import { type Issuer, logIn, makeApi, makeIssuer } from "./provider.ts"
import { authorized, closeAuthorize, launch, openAuthorize, tryOut, visit } from "./support.ts"

let browser: Browser
let issuer: Issuer
let door: NodeDoor

beforeAll(async () => {
  issuer = await makeIssuer()
  const { document, routes } = makeApi(issuer.url)
  const options = { document, initOAuth: { clientId: "docs", appName: "The docs" } }
  door = await node(
    HttpLayerRouter.serve(
      Layer.mergeAll(
        SecurityRouter.toLayer(routes),
        SwaggerUi.layerHttpLayerRouter({ ...options, path: "/deep/docs" }),
        Scalar.layerHttpLayerRouter({
          ...options,
          path: "/scalar",
          preferredSecurityScheme: "code",
          assets: { url: "static/scalar.js" }
        }),
        HttpLayerRouter.add(
          "GET",
          "/static/scalar.js",
          HttpServerResponse.text(await scalarScript(), { contentType: "text/javascript" })
        )
      ),
      { disableLogger: true, disableListenLog: true }
    )
  )
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  await door?.close()
  issuer?.close()
})

describe("authorization code with PKCE", () => {
  it("in Swagger UI", async () => {
    const url = `http://127.0.0.1:${door.port}/deep/docs`
    issuer.register(`${url}/oauth2-redirect`)
    const { close, complaints, page, shoot } = await visit(browser, url)
    const form = await openAuthorize(page, "code")
    assert.include(await form.innerText(), "authorizationCode with PKCE")
    assert.strictEqual(await form.locator(".scopes input:checked").count(), 2)
    await form.getByText("items:write", { exact: true }).click()
    await shoot("code")
    assertRequest(
      await logInBy(form.locator(".auth-btn-wrapper .authorize")),
      `${url}/oauth2-redirect`,
      "items:read"
    )
    await authorized(form)
    await closeAuthorize(page)
    const { body, status } = await tryOut(page, "/items")
    assert.strictEqual(status, "200")
    assert.deepEqual(JSON.parse(body), { for: "johndoe" })
    await shoot("code-200")
    assert.deepStrictEqual(complaints, [])
    await close()
  })

  it("in Swagger UI, by what the provider publishes", async () => {
    const url = `http://127.0.0.1:${door.port}/deep/docs`
    issuer.register(`${url}/oauth2-redirect`)
    const { close, complaints, page, shoot } = await visit(browser, url)
    const form = await openDiscovered(page)
    await shoot("oidc")
    assertRequest(
      await logInBy(form.locator(".auth-btn-wrapper .authorize")),
      `${url}/oauth2-redirect`,
      "openid items:read"
    )
    await authorized(form)
    await closeAuthorize(page)
    const { body, status } = await tryOut(page, "/me")
    await shoot("oidc-200")
    assert.strictEqual(status, "200")
    assert.deepEqual(JSON.parse(body), { me: "johndoe" })
    assert.deepStrictEqual(complaints, [])
    await close()
  })

  it("in Scalar", async () => {
    const url = `http://127.0.0.1:${door.port}/scalar`
    issuer.register(`${url}/oauth2-redirect`)
    const { close, complaints, page, shoot } = await visit(browser, url)
    const authorize = page.getByRole("button", { name: "Authorize", exact: true }).first()
    await authorize.waitFor()
    await shoot("scalar")
    assertRequest(await logInBy(authorize), `${url}/oauth2-redirect`, "items:read items:write")
    await authorize.waitFor({ state: "detached" })
    await page
      .getByRole("button", { name: /Test Request/ })
      .first()
      .click()
    const response = page.waitForResponse(`http://127.0.0.1:${door.port}/items`)
    await page.getByRole("button", { name: /Send/ }).first().click()
    assert.strictEqual((await response).status(), 200)
    await page.getByText("200 OK").waitFor()
    await shoot("scalar-200")
    // one of its libraries tries whether it may `eval`, and goes without
    const others = complaints.filter((text) => !text.startsWith("policy: script-src eval "))
    assert.deepStrictEqual(others, [])
    await close()
  })
})

/** Clicks, logs in in the window that opens, and reads what was asked of the provider. */
const logInBy = async (button: Locator): Promise<string> => {
  const page = button.page()
  const [popup, request] = await Promise.all([
    page.waitForEvent("popup"),
    page
      .context()
      .waitForEvent("request", (asked) => asked.url().startsWith(`${issuer.url}/auth?`)),
    button.click()
  ])
  await Promise.all([popup.waitForEvent("close"), logIn(popup, "johndoe")])
  return request.url()
}

/** The dialog shows what was known when it was opened: it is opened again until the provider has answered. */
const openDiscovered = async (page: Page): Promise<Locator> => {
  const forms = await openAuthorize(page, "oidc")
  const form = forms.filter({ hasText: "authorization_code" })
  if ((await form.count()) > 0) return form
  await closeAuthorize(page)
  return openDiscovered(page)
}

const assertRequest = (url: string, redirectUri: string, scope: string): void => {
  const query = Object.fromEntries(new URL(url).searchParams)
  assert.containSubset(query, {
    response_type: "code",
    client_id: "docs",
    redirect_uri: redirectUri,
    scope,
    code_challenge_method: "S256"
  })
  assert.lengthOf(query["code_challenge"] ?? "", 43)
}

/** The script of Scalar that the platform brings, out of its page; `SCALAR_SCRIPT` names the file of another. */
const scalarScript = async (): Promise<string> => {
  const path = process.env["SCALAR_SCRIPT"]
  if (path) return readFileSync(path, "utf8")
  const { dispose, handler } = HttpLayerRouter.toWebHandler(
    HttpApiScalar.layerHttpLayerRouter({ api: HttpApi.make("none"), path: "/" }).pipe(
      Layer.provideMerge(HttpServer.layerContext)
    ),
    { disableLogger: true }
  )
  const html = await (await handler(new Request("http://localhost/"))).text()
  await dispose()
  const start = html.lastIndexOf("<script>/**")
  assert.isAbove(start, 0)
  return html.slice(start + "<script>".length, html.lastIndexOf("</script>"))
}

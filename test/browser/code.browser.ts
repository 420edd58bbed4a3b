/** Authorization code with PKCE against a provider of another origin: Swagger UI and Scalar. */
import * as HttpApiScalar from "@effect/platform/HttpApiScalar"
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Layer from "effect/Layer"
import { readFileSync } from "node:fs"
import type { Browser } from "playwright-core"
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
    const opened = page.waitForEvent("popup")
    const asked = page
      .context()
      .waitForEvent("request", (request) => request.url().startsWith(`${issuer.url}/auth?`))
    await form.locator(".auth-btn-wrapper .authorize").click()
    const popup = await opened
    assertRequest((await asked).url(), `${url}/oauth2-redirect`, "items:read")
    const closed = popup.waitForEvent("close")
    await logIn(popup, "johndoe")
    await closed
    await authorized(form)
    await closeAuthorize(page)
    const { body, status } = await tryOut(page, "/items")
    assert.strictEqual(status, "200")
    assert.deepEqual(JSON.parse(body), { for: "johndoe" })
    await shoot("code-200")
    assert.deepStrictEqual(complaints, [])
    await close()
  })

  it("in Scalar", async () => {
    const url = `http://127.0.0.1:${door.port}/scalar`
    issuer.register(`${url}/oauth2-redirect`)
    const { close, complaints, page, shoot } = await visit(browser, url)
    const opened = page.waitForEvent("popup")
    const asked = page
      .context()
      .waitForEvent("request", (request) => request.url().startsWith(`${issuer.url}/auth?`))
    const authorize = page.getByRole("button", { name: "Authorize", exact: true }).first()
    await authorize.waitFor()
    await shoot("scalar")
    await authorize.click()
    const popup = await opened
    assertRequest((await asked).url(), `${url}/oauth2-redirect`, "items:read items:write")
    const closed = popup.waitForEvent("close")
    await logIn(popup, "johndoe")
    await closed
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

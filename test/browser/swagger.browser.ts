/** Swagger UI of the demo, behind a proxy that cuts off a prefix: the schemes that need no other server. */
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Layer from "effect/Layer"
import type { Browser } from "playwright-core"
import { Api } from "../../docs/examples/demo/api.ts"
import { ApiLive } from "../../docs/examples/demo/handlers.ts"
import { basicUser } from "../../docs/examples/demo/security.ts"
import { UsersLive } from "../../docs/examples/demo/users.ts"
import { SwaggerUi } from "../../src/index.ts"
import { node, type NodeDoor } from "../routers/support.ts"
import {
  closeAuthorize,
  launch,
  logout,
  openAuthorize,
  proxy,
  submit,
  tryOut,
  visit,
  type Visit
} from "./support.ts"

let browser: Browser
let door: NodeDoor
let front: { readonly url: string; readonly close: () => void }

beforeAll(async () => {
  door = await node(
    HttpLayerRouter.serve(
      Layer.mergeAll(
        ApiLive,
        SwaggerUi.layerHttpLayerRouter({ api: Api }),
        SwaggerUi.layerHttpLayerRouter({ api: Api, path: "/kept", persistAuthorization: true }),
        SwaggerUi.layerHttpLayerRouter({ api: Api, path: "/staff", security: basicUser })
      ).pipe(Layer.provide(UsersLive)),
      { disableListenLog: true }
    )
  )
  front = await proxy("/some/prefix", door.port)
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  front?.close()
  await door?.close()
})

const open = (): Promise<Visit> => visit(browser, `${front.url}/docs`)

describe("Swagger UI", () => {
  it("logs in by password, and out", async () => {
    const { close, complaints, page, shoot } = await open()
    const form = await openAuthorize(page, "oauth2")
    assert.strictEqual(await form.locator(".scopes input:checked").count(), 2)
    await form.locator("#oauth_username").fill("johndoe")
    await form.locator("#oauth_password").fill("secret")
    await shoot("password")
    await submit(form)
    await closeAuthorize(page)
    assert.deepStrictEqual(await tryOut(page, "/users/me/items"), {
      status: "200",
      body: '[\n  {\n    "item_id": "Foo",\n    "owner": "johndoe"\n  }\n]',
      url: `${front.url}/users/me/items`
    })
    await shoot("password-200")
    await logout(await openAuthorize(page, "oauth2"))
    await closeAuthorize(page)
    assert.deepStrictEqual(complaints, [])
    assert.strictEqual((await tryOut(page, "/users/me/items")).status, "401")
    await shoot("logout-401")
    await close()
  })

  it("shows that a scope is missing", async () => {
    const { close, complaints, page, shoot } = await open()
    const form = await openAuthorize(page, "oauth2")
    await form.locator("#oauth_username").fill("johndoe")
    await form.locator("#oauth_password").fill("secret")
    await form.getByText("items", { exact: true }).click()
    assert.strictEqual(await form.locator(".scopes input:checked").count(), 1)
    await submit(form)
    await closeAuthorize(page)
    assert.strictEqual((await tryOut(page, "/users/me")).status, "200")
    assert.deepStrictEqual(complaints, [])
    const { body, status } = await tryOut(page, "/users/me/items")
    assert.strictEqual(status, "403")
    assert.include(body, "Insufficient scope")
    await shoot("scope-403")
    await close()
  })

  it("shows that a password is wrong", async () => {
    const { close, page, shoot } = await open()
    const form = await openAuthorize(page, "oauth2")
    await form.locator("#oauth_username").fill("johndoe")
    await form.locator("#oauth_password").fill("wrong")
    await form.locator(".auth-btn-wrapper .authorize").click()
    await form.locator(".errors", { hasText: "invalid_grant" }).waitFor()
    await shoot("password-wrong")
    await close()
  })

  it("sends an API key", async () => {
    const { close, complaints, page, shoot } = await open()
    const form = await openAuthorize(page, "APIKeyHeader")
    await form.locator("input[type=text]").fill("demo-key")
    await submit(form)
    await closeAuthorize(page)
    assert.strictEqual((await tryOut(page, "/items")).status, "200")
    await shoot("key-200")
    assert.deepStrictEqual(complaints, [])
    await close()
  })

  it("sends HTTP Basic, alone and with a key", async () => {
    const { close, complaints, page, shoot } = await open()
    const form = await openAuthorize(page, "HTTPBasic")
    await form.locator("input[name=username]").fill("johndoe")
    await form.locator("input[name=password]").fill("secret")
    await submit(form)
    await closeAuthorize(page)
    assert.strictEqual((await tryOut(page, "/basic")).status, "200")
    await shoot("basic-200")
    const key = await openAuthorize(page, "APIKeyHeader")
    await key.locator("input[type=text]").fill("demo-key")
    await submit(key)
    await closeAuthorize(page)
    assert.strictEqual((await tryOut(page, "/both")).status, "200")
    assert.deepStrictEqual(complaints, [])
    await close()
  })

  it("is shown to who is let in", async () => {
    const stranger = await visit(browser, `${front.url}/staff`, {
      httpCredentials: { username: "johndoe", password: "wrong" }
    })
    assert.strictEqual(await stranger.page.locator("#docs").count(), 0)
    await stranger.close()
    const { close, complaints, page } = await visit(browser, `${front.url}/staff`, {
      httpCredentials: { username: "johndoe", password: "secret" }
    })
    await page.locator(".opblock").first().waitFor()
    assert.deepStrictEqual(complaints, [])
    await close()
  })

  it("keeps a login only where it is told to", async () => {
    for (const [path, isKept] of [
      ["docs", false],
      ["kept", true]
    ] as const) {
      const { close, page } = await visit(browser, `${front.url}/${path}`)
      const form = await openAuthorize(page, "APIKeyHeader")
      await form.locator("input[type=text]").fill("demo-key")
      await submit(form)
      await page.reload()
      await openAuthorize(page, "APIKeyHeader")
      await form.waitFor()
      assert.strictEqual(await form.locator("h6", { hasText: "Authorized" }).isVisible(), isKept)
      await close()
    }
  })
})

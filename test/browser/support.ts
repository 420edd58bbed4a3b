/**
 * A browser, what it complains of, and the motions of a person before Swagger UI.
 */
import { assert } from "@effect/vitest"
import { existsSync, mkdirSync } from "node:fs"
import * as Http from "node:http"
import { fileURLToPath } from "node:url"
import {
  type Browser,
  type BrowserContext,
  chromium,
  type Locator,
  type Page
} from "playwright-core"

// ----------------------------------------------------------------------------
// the browser
// ----------------------------------------------------------------------------

const executables = [
  process.env["CHROMIUM_PATH"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome"
]

export const launch = (): Promise<Browser> => {
  const executablePath = executables.find((path) => path !== undefined && existsSync(path))
  assert(executablePath, "install Chromium, or say where it is by CHROMIUM_PATH")
  return chromium.launch({ executablePath, args: ["--no-sandbox"], timeout: 180_000 })
}

const artifacts = fileURLToPath(new URL("../../.artifacts/browser/", import.meta.url))

/** A page, and everything that went wrong in it or in the windows it opened. */
export interface Visit {
  readonly page: Page
  readonly complaints: Array<string>
  readonly shoot: (name: string) => Promise<void>
  readonly close: () => Promise<void>
}

export const visit = async (
  browser: Browser,
  url: string,
  options: Parameters<Browser["newContext"]>[0] = {}
): Promise<Visit> => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  context.setDefaultTimeout(120_000)
  const complaints: Array<string> = []
  await listen(context, new URL(url).origin, complaints)
  const page = await context.newPage()
  await page.goto(url)
  return {
    page,
    complaints,
    shoot: async (name) => {
      mkdirSync(artifacts, { recursive: true })
      await page.screenshot({ path: `${artifacts}${name}.png` })
    },
    close: () => context.close()
  }
}

/** Errors and violations of the policy, of pages of one origin: an authorization server has its own. */
const listen = async (
  context: BrowserContext,
  origin: string,
  complaints: Array<string>
): Promise<void> => {
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(
        `policy: ${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`
      )
    })
  })
  context.on("console", (message) => {
    const isOurs = message.page()?.url().startsWith(origin) ?? true
    if (isOurs && message.type() === "error") complaints.push(message.text())
  })
  context.on("weberror", (error) => {
    if (error.page()?.url().startsWith(origin) ?? true) complaints.push(String(error.error()))
  })
}

// ----------------------------------------------------------------------------
// Swagger UI
// ----------------------------------------------------------------------------

/** Opens the dialog of Authorize and finds the form of a scheme in it. */
export const openAuthorize = async (page: Page, scheme: string): Promise<Locator> => {
  await page.locator(".auth-wrapper > .btn.authorize").click()
  return page.locator(".auth-container").filter({
    has: page.locator("h4", { hasText: new RegExp(`^${scheme}\\b`) })
  })
}

export const submit = async (form: Locator): Promise<void> => {
  await form.locator(".auth-btn-wrapper .authorize").click()
  await authorized(form)
}

export const authorized = (form: Locator): Promise<void> =>
  form.locator("h6", { hasText: "Authorized" }).waitFor()

export const closeAuthorize = (page: Page): Promise<void> => page.locator(".close-modal").click()

export const logout = async (form: Locator): Promise<void> => {
  await form.getByRole("button", { name: "Remove authorization" }).click()
  await form.locator("h6", { hasText: "Authorized" }).waitFor({ state: "detached" })
}

/** Tries a GET out, and reads the status that the page then shows, the body and the URL that was asked. */
export const tryOut = async (
  page: Page,
  path: string
): Promise<{ readonly status: string; readonly body: string; readonly url: string }> => {
  const operation = page.locator(".opblock-get").filter({
    has: page.locator(`.opblock-summary-path[data-path="${path}"]`)
  })
  const execute = operation.locator(".btn.execute")
  if (!(await operation.locator(".opblock-body").isVisible())) {
    await operation.locator(".opblock-summary-control").click()
    await operation.locator(".try-out__btn").click()
  } else {
    await operation.locator(".btn-clear").click()
  }
  await execute.click()
  const response = operation.locator(".live-responses-table .response").first()
  await response.waitFor()
  return {
    status:
      (await response.locator(".response-col_status").innerText()).trim().split(/\s/)[0] ?? "",
    body: await response.locator(".response-col_description pre").first().innerText(),
    url: (await operation.locator(".request-url pre").innerText()).trim()
  }
}

// ----------------------------------------------------------------------------
// a proxy
// ----------------------------------------------------------------------------

/** A proxy that serves a server under a prefix, of which the server knows nothing. */
export const proxy = async (
  prefix: string,
  port: number
): Promise<{ readonly url: string; readonly close: () => void }> => {
  const server = Http.createServer((request, response) => {
    const url = request.url ?? ""
    if (!url.startsWith(`${prefix}/`)) {
      response.writeHead(404).end()
      return
    }
    request.pipe(
      Http.request(
        {
          host: "127.0.0.1",
          port,
          method: request.method,
          path: url.slice(prefix.length),
          headers: request.headers
        },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers)
          answer.pipe(response)
        }
      )
    )
  })
  return { url: `${await start(server)}${prefix}`, close: () => server.closeAllConnections() }
}

/** Listens on a port of the system's choice. */
export const start = (server: Http.Server): Promise<string> =>
  new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      assert(typeof address === "object" && address !== null)
      resolve(`http://127.0.0.1:${address.port}`)
    })
  })

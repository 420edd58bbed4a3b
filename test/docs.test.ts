/** The guides show nothing that was not compiled and run. */
import { existsSync } from "node:fs"
import * as Effect from "effect/Effect"
import { assert, describe, it } from "vitest"
import * as Library from "../src/index.ts"
import { diagnostics } from "./support/compiler.ts"
import { excerptOf, exchange, fences, holds, list, read } from "./support/markdown.ts"

const folder = "docs/examples/guides"
const pages = list("docs").filter((path) => path.endsWith(".md"))
const blocks = pages.flatMap((page) => fences(read(page)).map((fence) => ({ page, ...fence })))
const examples =
  existsSync(new URL(`../${folder}`, import.meta.url)) ?
    list(folder).filter((path) => path.endsWith(".ts"))
  : []

type Module = { readonly [name: string]: unknown }

const load = (path: string): Promise<Module> => import(new URL(`../${path}`, import.meta.url).href)

const ofKind = (kind: RegExp) => blocks.filter(({ info }) => kind.test(info))

describe("guides", () => {
  it("have blocks of kinds that are checked", () => {
    const kinds = /^(?:ts|ts error docs\/\S+|http docs\/\S+|json docs\/\S+ \w+|sh|text|yaml|js|)$/
    assert.deepStrictEqual(
      blocks.filter(({ info }) => !kinds.test(info)).map(({ info, page }) => `${page}: ${info}`),
      []
    )
  })

  it.each(pages)("%s links to what is there", (page) => {
    const targets = [...read(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, to = ""]) => to)
    const broken = targets
      .filter((to) => !/^[a-z]+:/.test(to))
      .filter((to) => !existsSync(new URL(to, new URL(`../${page}`, import.meta.url))))
    assert.deepStrictEqual(broken, [])
  })

  for (const { page, text } of ofKind(/^ts$/)) {
    const { path, shown } = excerptOf(text)
    it(`${page} shows ${path} as it is`, () => {
      assert.match(path, /^docs\/(?:effect-4\/)?examples\/[\w/-]+\.ts$/)
      assert.isTrue(holds(read(path), shown), shown)
    })
  }

  for (const { info, page, text } of ofKind(/^http /)) {
    const [, path = ""] = info.split(" ")
    it(`${page} shows what ${path} answers to ${text.split("\n", 1)[0]}`, async () => {
      const { handler } = await load(path)
      assert(typeof handler === "function", `${path} has to export a handler`)
      const [answered, shown] = await exchange(
        handler as (request: Request) => Promise<Response>,
        text
      )
      assert.strictEqual(answered, shown)
    })
  }

  for (const { info, page, text } of ofKind(/^json /)) {
    const [, path = "", name = ""] = info.split(" ")
    it(`${page} shows ${name} of ${path}`, async () => {
      const module = await load(path)
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(module[name])))
    })
  }

  it("show what the compiler says", () => {
    const errors = ofKind(/^ts error /).map(({ info, page, text }) => {
      const path = info.replace("ts error ", "")
      const lines = text.split("\n")
      const said = lines.filter((line) => line.startsWith("// "))
      const code = lines.filter((line) => !line.startsWith("// ")).join("\n")
      const names = [...read(path).matchAll(/^export (?:const|class|type) (\w+)/gm)].map(
        ([, name = ""]) => name
      )
      const namespaces = Object.keys(Library).filter((name) => code.includes(`${name}.`))
      const snippet = [
        `import { ${namespaces.join(", ")} } from "effect-security"`,
        `import { ${names.join(", ")} } from "./${path.replace("docs/examples/", "")}"`,
        code
      ].join("\n")
      return { page, snippet, said: said.map((line) => line.slice(3)).join(" ") }
    })
    const found = diagnostics(errors.map(({ snippet }) => snippet))
    for (const [index, { page, said, snippet }] of errors.entries()) {
      const flat = (found[index] ?? "").replaceAll(/\s+/g, " ")
      const parts = said.split("…").map((part) => part.trim())
      let at = 0
      for (const part of parts) {
        const next = flat.indexOf(part, at)
        assert.isAtLeast(next, 0, `${page}\n${snippet}\nsays: ${flat}`)
        at = next + part.length
      }
    }
  })
})

describe.runIf(examples.length > 0)("the examples of the guides", () => {
  it.each(examples)("%s runs", async (path) => {
    const { main } = await load(path)
    if (Effect.isEffect(main)) await Effect.runPromise(main as Effect.Effect<unknown>)
    else assert.isUndefined(main, "main has to be an Effect")
  })
})

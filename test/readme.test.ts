/** The README and the docstrings show nothing that was not run. */
import { HttpLayerRouter } from "@effect/platform"
import { assert, describe, it } from "vitest"
import { readers, Routes } from "../docs/examples/items.ts"
import { diagnostics, hover } from "./support/compiler.ts"
import { excerptOf, exchange, fences, holds, read, tree } from "./support/markdown.ts"

const { handler } = HttpLayerRouter.toWebHandler(Routes, { disableLogger: true })

const readme = fences(read("README.md"))
const withInfo = (info: RegExp) => readme.filter((fence) => info.test(fence.info))

describe("README", () => {
  it("shows the examples as they are", () => {
    const shown = withInfo(/^ts$/).map(({ text }) => excerptOf(text))
    assert.deepStrictEqual(
      shown.map(({ path }) => path),
      [
        "docs/examples/items.ts",
        "docs/examples/guides/openid-connect.ts",
        "docs/examples/httpapi.ts"
      ]
    )
    for (const { path, shown: text } of shown) {
      if (path.includes("/guides/")) assert.isTrue(holds(read(path), text), text)
      else assert.strictEqual(text, read(path).trim())
    }
  })

  it("shows what an editor shows", () => {
    const [fence] = withInfo(/^ts hover/)
    const [, , file = "", name = ""] = fence?.info.split(" ") ?? []
    assert.strictEqual(fence?.text, hover(file, name))
  })

  it("shows what the compiler says", () => {
    const [fence] = withInfo(/^ts error$/)
    const [code = "", ...said] = fence?.text.split("\n") ?? []
    const [diagnostic = ""] = diagnostics([
      `import { Security } from "effect-security"\nimport { readers } from "./items.ts"\n${code}`
    ])
    const sentence = said.map((line) => line.replace("// ", "")).join(" ")
    const pattern = sentence.replace(/[()[\].]/g, "\\$&").replace("<…>'", "<.*>'")
    assert.match(diagnostic, new RegExp(pattern.replace(/\\\.$/, "")))
  })

  it("shows what is answered", async () => {
    const exchanges = withInfo(/^http$/)
    assert.isNotEmpty(exchanges)
    for (const { text } of exchanges) {
      const [answered, shown] = await exchange(handler, text)
      assert.strictEqual(answered, shown)
    }
  })

  it("shows the requirement", () => {
    const [fence] = withInfo(/^json requirement readers$/)
    assert.deepEqual(JSON.parse(fence?.text ?? ""), JSON.parse(JSON.stringify(readers.requirement)))
  })

  it("lets in who may read", async () => {
    const get = async (headers: Record<string, string>) => {
      const response = await handler(new Request("http://localhost/items", { headers }))
      return [response.status, await response.json()]
    }
    assert.deepEqual(await get({ authorization: "Bearer johns-token" }), [
      200,
      [{ item: "Foo", for: "johndoe" }]
    ])
    assert.deepEqual(await get({ "x-api-key": "robots-key" }), [
      200,
      [{ item: "Foo", for: "R2-D2" }]
    ])
  })
})

describe("docstrings", () => {
  const examples = tree("src").flatMap((file) =>
    [...read(file).matchAll(/^ \* ```ts\n([\s\S]*?)^ \* ```$/gm)].map(
      ([, text = ""]) => [file, text.replaceAll(/^ \* ?/gm, "")] as const
    )
  )

  it("has examples", () => {
    assert.isAbove(examples.length, 60)
  })

  it("has examples that compile", { timeout: 120_000 }, () => {
    const said = diagnostics(examples.map(([, text]) => text))
    const wrong = examples.flatMap(([file, text], index) =>
      said[index] === "" ? [] : [`${file}\n${text}\n${said[index]}`]
    )
    assert.strictEqual(wrong.join("\n\n"), "")
  })
})

/** The HTML of a page: what is in it stays text, and its URLs lead where they say. */
import { assert, describe, it } from "vitest"
import * as FastCheck from "effect/FastCheck"
import * as DocsHtml from "../../../src/internal/docs/DocsHtml.ts"

const content: DocsHtml.Content = {
  styles: [{ file: "a.css" }],
  scripts: [{ file: "a.js" }, { url: "https://cdn.example/b.js?x&y", integrity: "sha384-abc=" }],
  redirectScripts: [{ file: "a.js" }],
  configuration: {}
}

const headAt = (page: string): DocsHtml.Head => ({
  title: "API",
  files: new Map(
    ["a.css", "a.js"].map((name) => [name, { path: `${page}/${name}`, tag: `tag-of-${name}` }])
  ),
  documentPath: `${page}/openapi.json`,
  redirectPath: `${page}/oauth2-redirect`
})

const segment = FastCheck.stringMatching(/^[a-z0-9_-]{1,4}$/)
const path = FastCheck.array(segment, { maxLength: 4 }).map((names) => `/${names.join("/")}`)

const configurationIn = (html: string): Readonly<Record<string, string>> => {
  const [, json = ""] = /id="configuration">([^]*?)<\/script>/.exec(html) ?? []
  return JSON.parse(json)
}

describe("a page", () => {
  it("leads to where things are, behind any prefix, from wherever it is asked for", () => {
    FastCheck.assert(
      FastCheck.property(path, path, path, (prefix, from, to) => {
        const head = { ...headAt("/docs"), documentPath: to, redirectPath: from }
        const { documentUrl, redirectUrl, rootUrl } = configurationIn(
          DocsHtml.main(content, head, from, "n")
        )
        const base = `https://api.example${prefix === "/" ? "" : prefix}`
        const resolved = (url = "") => new URL(url, base + from).href
        assert.strictEqual(resolved(documentUrl), base + to)
        assert.strictEqual(resolved(redirectUrl), base + from)
        assert.strictEqual(resolved(rootUrl), `${base}/`)
      })
    )
  })

  it("asks for its own files by what is in them, and for others by their hash", () => {
    const html = DocsHtml.main(content, headAt("/docs"), "/docs", "n0nce")
    for (const element of [
      '<link rel="stylesheet" nonce="n0nce" href="./docs/a.css?v=tag-of-a.css">',
      '<script nonce="n0nce" src="./docs/a.js?v=tag-of-a.js"></script>',
      '<script nonce="n0nce" src="https://cdn.example/b.js?x&amp;y" integrity="sha384-abc=" crossorigin="anonymous"></script>'
    ]) {
      assert.include(html, element)
    }
    assert.include(
      DocsHtml.redirect(content, headAt("/docs"), "/docs/oauth2-redirect", "n0nce"),
      '<script nonce="n0nce" src="./a.js?v=tag-of-a.js"></script>'
    )
  })

  it("has of any text no more elements, and the same configuration", () => {
    const count = (html: string): number => html.match(/<[a-z!/]/gi)?.length ?? 0
    const text = FastCheck.oneof(
      FastCheck.string(),
      FastCheck.constantFrom(
        "</title>",
        "</script><script>",
        "<!--",
        "\u2028",
        '" x="',
        "'",
        "&lt;"
      )
    )
    const plain = count(DocsHtml.main(content, headAt("/docs"), "/docs", "n"))
    FastCheck.assert(
      FastCheck.property(text, (value) => {
        const page = { ...content, configuration: { value } }
        const html = DocsHtml.main(page, { ...headAt("/docs"), title: value }, "/docs", "n")
        assert.strictEqual(count(html), plain)
        assert.strictEqual(configurationIn(html)["value"], value)
      })
    )
  })
})

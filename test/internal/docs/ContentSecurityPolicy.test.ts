/** What a page may load: what is said, and nothing besides. */
import { assert, describe, it } from "vitest"
import * as ContentSecurityPolicy from "../../../src/internal/docs/ContentSecurityPolicy.ts"

describe("originOf", () => {
  it.each([
    ["https://id.example/token?a=1", ["https://id.example"]],
    ["https://id.example:8443", ["https://id.example:8443"]],
    ["http://[::1]:80/", ["http://[::1]"]],
    ["https://ID.example", ["https://id.example"]],
    [undefined, []],
    ["", []],
    ["/token", []],
    ["token", []],
    ["ftp://id.example", []],
    ["data:text/html,x", []],
    ["https://{tenant}.example", []],
    ["https://a;script-src *", []],
    ["https://a'b.example", []],
    ["https://*.example", []]
  ])("of %s is %j", (url, origin) => {
    assert.deepStrictEqual(ContentSecurityPolicy.originOf(url), origin)
  })
})

describe("a policy", () => {
  it("allows nothing but what is needed, called and added, each once", () => {
    const policy = ContentSecurityPolicy.make(
      { "script-src": ["'wasm-unsafe-eval'"], "img-src": ["https://a.example"] },
      ["https://id.example"],
      { "connect-src": ["https://id.example", "wss://b.example"], "img-src": ["data:"] }
    )
    assert.strictEqual(
      ContentSecurityPolicy.print(policy, "n0nce"),
      [
        "default-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "script-src 'nonce-n0nce' 'wasm-unsafe-eval'",
        "style-src 'nonce-n0nce'",
        "img-src 'self' data: https://a.example",
        "connect-src 'self' https://id.example wss://b.example"
      ].join("; ")
    )
  })

  it("has no nonce for styles that are inline, which it would switch off", () => {
    const policy = ContentSecurityPolicy.make({ "style-src": ["'unsafe-inline'"] }, [])
    assert.include(ContentSecurityPolicy.print(policy, "n"), "style-src 'unsafe-inline';")
  })

  it.each(["", "a b", "a;b", "a,b", "'self'", '"', "https://a.example\n"])(
    "can't be added to by %j",
    (source) => {
      assert.throws(
        () => ContentSecurityPolicy.make({}, [], { "img-src": [source] }),
        /a source of contentSecurityPolicy/
      )
    }
  )
})

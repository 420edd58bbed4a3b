/** The table of docs/architecture.md, held to. */
import { readdirSync, readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8")

const table = read("docs/architecture.md")
const rows = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = ""]) => name)
const pure = [...(table.split("**model**")[0] ?? "").matchAll(/^\| `(\w+)` \|/gm)].map(
  ([, name = ""]) => name
)

const imports = (name: string): ReadonlyArray<string> =>
  [...read(`src/${name}.ts`).matchAll(/^(?:import|export) [^"'=(/]*?from "([^"]+)"$/gm)].map(
    ([, path = ""]) => path
  )

describe("architecture", () => {
  it("has a row for each module", () => {
    const modules = readdirSync(new URL("../src", import.meta.url)).map((file) =>
      file.replace(".ts", "")
    )
    assert.sameMembers(rows, modules)
  })

  it("imports one way", () => {
    const wrong = rows.flatMap((name, row) =>
      imports(name)
        .filter((path) => path.startsWith("./"))
        .map((path) => path.slice(2).replace(".ts", ""))
        .filter((imported) => rows.indexOf(imported) >= row)
        .map((imported) => `${name} imports ${imported}`)
    )
    assert.deepStrictEqual(wrong, [])
  })

  it("has a part that is pure", () => {
    assert.isNotEmpty(pure)
    for (const name of pure) {
      const foreign = imports(name).filter((path) => !path.startsWith("./"))
      assert.deepStrictEqual(foreign, [], name)
    }
  })

  it("depends on nothing but its peers", () => {
    const { peerDependencies, dependencies = {} } = JSON.parse(read("package.json"))
    assert.deepStrictEqual(dependencies, {})
    const packages = rows.flatMap((name) => imports(name).filter((path) => !path.startsWith("./")))
    for (const path of packages) {
      assert.match(path, /^(effect|@effect\/platform)\//)
    }
    assert.hasAllKeys(peerDependencies, ["effect", "@effect/platform"])
  })
})

/** The table of docs/architecture.md, held to. */
import { readdirSync, readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8")

const table = read("docs/architecture.md")
const rows = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = ""]) => name)
const pure = [...(table.split("**model**")[0] ?? "").matchAll(/^\| `(\w+)` \|/gm)].map(
  ([, name = ""]) => name
)

const layers = [
  ...table.matchAll(/^\| \*\*(\w+)\*\* \| may import ([^|]*) \|\n((?:\| `\w+` \|.*\n?)*)/gm)
]

const packageOf = (path: string): string =>
  path.startsWith("node:") ? path : (
    path
      .split("/")
      .slice(0, path.startsWith("@") ? 2 : 1)
      .join("/")
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

  it("imports the packages that its layer may", () => {
    for (const [, layer, allowed = "", names = ""] of layers) {
      for (const name of [...names.matchAll(/^\| `(\w+)` \|/gm)].map(([, row = ""]) => row)) {
        const packages = imports(name).filter((path) => !path.startsWith("./"))
        const foreign = packages.filter((path) => !allowed.split(", ").includes(packageOf(path)))
        assert.deepStrictEqual(foreign, [], `${name} of ${layer}`)
      }
    }
  })

  it("depends on what it imports, and on nothing else", () => {
    const { dependencies, peerDependencies, peerDependenciesMeta } = JSON.parse(
      read("package.json")
    )
    const imported = new Set(
      rows
        .flatMap(imports)
        .filter((path) => !path.startsWith("./"))
        .map(packageOf)
        .filter((name) => !name.startsWith("node:"))
    )
    const known = Object.keys({ ...dependencies, ...peerDependencies })
    assert.deepStrictEqual(
      [...imported].filter((name) => !known.includes(name)),
      []
    )
    const reached = new Set<string>()
    const reach = (name: string): void => {
      if (reached.has(name)) return
      reached.add(name)
      for (const path of imports(name)) {
        if (path.startsWith("./")) reach(path.slice(2).replace(".ts", ""))
      }
    }
    reach("index")
    const optional = Object.keys(peerDependenciesMeta)
    const bound = [...reached].filter((name) =>
      imports(name).some((path) => optional.includes(packageOf(path)))
    )
    assert.deepStrictEqual(bound, [], "the root needs no optional peer")
  })
})

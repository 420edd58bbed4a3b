/** The table of docs/architecture.md, held to. */
import { readdirSync, readFileSync } from "node:fs"
import { posix } from "node:path"
import { assert, describe, it } from "vitest"

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8")

const table = read("docs/architecture.md")
const rowsOf = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/^\| `([\w/-]+)` \|/gm)].map(([, name = ""]) => name)
const rows = rowsOf(table)
const pure = rowsOf(table.split("**model**")[0] ?? "")

const layers = [
  ...table.matchAll(/^\| \*\*(\w+)\*\* \| may import ([^|]*) \|\n((?:\| `[\w/-]+` \|.*\n?)*)/gm)
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

/** The modules of this library that one imports, as rows. */
const ours = (name: string): ReadonlyArray<string> =>
  imports(name)
    .filter((path) => path.startsWith("."))
    .map((path) => posix.join(posix.dirname(name), path).replace(".ts", ""))

const foreign = (name: string): ReadonlyArray<string> =>
  imports(name)
    .filter((path) => !path.startsWith("."))
    .map(packageOf)

describe("architecture", () => {
  it("has a row for each module", () => {
    const modules = readdirSync(new URL("../src", import.meta.url), { recursive: true })
      .map(String)
      .filter((file) => file.endsWith(".ts"))
      .map((file) => file.replace(".ts", "").replaceAll("\\", "/"))
    assert.sameMembers([...rows], modules)
  })

  it("exports what is public, and nothing else", () => {
    const modules = rows.filter((name) => !name.startsWith("internal/") && name !== "index")
    const { exports } = JSON.parse(read("package.json"))
    assert.sameMembers(Object.keys(exports), [
      ".",
      "./package.json",
      ...modules.map((name) => `./${name}`)
    ])
  })

  it("imports one way", () => {
    const wrong = rows.flatMap((name, row) =>
      ours(name)
        .filter((imported) => rows.indexOf(imported) >= row)
        .map((imported) => `${name} imports ${imported}`)
    )
    assert.deepStrictEqual(wrong, [])
  })

  it("has a part that is pure", () => {
    assert.isNotEmpty(pure)
    for (const name of pure) {
      assert.deepStrictEqual(foreign(name), [], name)
    }
  })

  it("imports the packages that its layer may", () => {
    for (const [, layer, allowed = "", names = ""] of layers) {
      for (const name of rowsOf(names)) {
        const wrong = foreign(name).filter((path) => !allowed.split(", ").includes(path))
        assert.deepStrictEqual(wrong, [], `${name} of ${layer}`)
      }
    }
  })

  it("depends on what it imports, and on nothing else", () => {
    const { dependencies, peerDependencies, peerDependenciesMeta } = JSON.parse(
      read("package.json")
    )
    const imported = new Set(rows.flatMap(foreign).filter((name) => !name.startsWith("node:")))
    const known = Object.keys({ ...dependencies, ...peerDependencies })
    assert.deepStrictEqual(
      [...imported].filter((name) => !known.includes(name)),
      []
    )
    const reached = new Set<string>()
    const reach = (name: string): void => {
      if (reached.has(name)) return
      reached.add(name)
      ours(name).forEach(reach)
    }
    reach("index")
    const optional = Object.keys(peerDependenciesMeta)
    const bound = [...reached].filter((name) =>
      foreign(name).some((path) => optional.includes(path))
    )
    assert.deepStrictEqual(bound, [], "the root needs no optional peer")
  })
})

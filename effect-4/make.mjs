/**
 * Makes the line of Effect 4 of that of Effect 3: `node effect-4/make.mjs`.
 *
 * Every file goes through the codemod; what lies in `effect-4` under the same path takes its place, and what lies there alone is
 * added. The result is a project of its own in `effect-4/.made`, which finds its packages in `effect-4/node_modules` and, of those
 * that know nothing of Effect, in those of the root.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { basename, dirname, join, posix } from "node:path"
import { fileURLToPath } from "node:url"
import { inMarkdown, toEffect4 } from "./codemod/codemod.mjs"
import { documents, isShared } from "./docs.mjs"

const here = fileURLToPath(new URL(".", import.meta.url))
const root = join(here, "..")
const made = join(here, ".made")

const folders = ["src", "test", "type-tests", "docs"]
const files = readdirSync(root).filter((name) =>
  /^(?:tsconfig.*\.json|vitest.*\.ts|README\.md|SECURITY\.md|CHANGELOG\.md|LICENSE)$/.test(name)
)
/** Nothing of the other line may be reached: its packages lie in the root's node_modules. */
const foreign =
  /from "(?:@effect\/(?:platform|experimental)|effect\/(?:FiberRef|Either|ParseResult|Runtime))(?:\/|")/

const walk = (base, folder) =>
  existsSync(join(base, folder)) ?
    readdirSync(join(base, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`
      return entry.isDirectory() ? walk(base, path) : [path]
    })
  : []

/** The paths of the line, with where each comes from. */
const sources = new Map([
  ...[...files, ...folders.flatMap((folder) => walk(root, folder))]
    .filter(isShared)
    .map((path) => [path, root]),
  ...folders.flatMap((folder) => walk(here, folder)).map((path) => [path, here]),
  ["vitest.config.ts", here]
])

const manifest = () => {
  const base = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  const own = JSON.parse(readFileSync(join(here, "package.json"), "utf8"))
  const { engines, peerDependencies, peerDependenciesMeta, version } = own
  return { ...base, version, engines, peerDependencies, peerDependenciesMeta }
}

const write = (path, content) => {
  const target = join(made, path)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, content)
}

/** What plays the part of modules of Effect 3 in tests, where only the vocabulary of a test needs them. */
const vocabulary = walk(here, "test/support/effect-3").map((path) => basename(path, ".ts"))

const keptOf = (path) =>
  new Map(
    path.startsWith("test/") && !path.startsWith("test/package/") ?
      vocabulary.map((name) => [
        name,
        posix
          .relative(posix.dirname(path), `test/support/effect-3/${name}.ts`)
          .replace(/^(?!\.)/, "./")
      ])
    : []
  )

const docs = await documents()

rmSync(made, { recursive: true, force: true })
const problems = []
for (const [path, base] of sources) {
  const isOwn = base === here
  if (docs.has(path)) {
    write(path, docs.get(path))
  } else if (!isOwn && /\.(?:ts|mjs)$/.test(path)) {
    write(path, toEffect4(readFileSync(join(base, path), "utf8"), path, keptOf(path)))
  } else if (!isOwn && path.endsWith(".md") && path !== "docs/from-effect-3.md") {
    write(path, inMarkdown(readFileSync(join(base, path), "utf8")))
  } else {
    mkdirSync(dirname(join(made, path)), { recursive: true })
    copyFileSync(join(base, path), join(made, path))
  }
  if (path.endsWith(".ts")) {
    const found = foreign.exec(readFileSync(join(made, path), "utf8"))
    if (found !== null) problems.push(`${path}: ${found[0]}`)
  }
}
write("package.json", `${JSON.stringify(manifest(), null, 2)}\n`)
const own = [...sources.values()].filter((base) => base === here).length
console.log(`${sources.size} files, ${own} of them own`)
if (problems.length > 0) {
  console.error(`what is of the other line is left in\n${problems.join("\n")}`)
  if (!process.argv.includes("--lenient")) process.exitCode = 1
}

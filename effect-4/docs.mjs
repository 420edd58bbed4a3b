/**
 * The guides and the README in the words of Effect 4: `npm run docs:effect-4` writes them to `docs/effect-4` and `effect-4/README.md`,
 * `node effect-4/docs.mjs --check` says which of them are not what would be written.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, posix } from "node:path"
import { fileURLToPath } from "node:url"
import { format } from "prettier"
import ts from "typescript"
import { inMarkdown, toEffect4 } from "./codemod/codemod.mjs"

const here = fileURLToPath(new URL(".", import.meta.url))
const root = join(here, "..")
const written = "docs/effect-4"

const { prettier } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

const read = (path) => readFileSync(path, "utf8")

/** Pages that tell of both lines. */
const ofBoth = new Set([
  "docs/architecture.md",
  "docs/from-effect-3.md",
  "docs/performance.md",
  "SECURITY.md"
])

/** What the other line has no use for. */
const absent = new Set(["docs/examples/guides/router-value.ts", "test/guides-effect-4.test.ts"])

/** Whether a file of the repository has a part in the other line. */
export const isShared = (path) => !absent.has(path) && !path.startsWith(`${written}/`)

const walk = (base, folder) =>
  existsSync(join(base, folder)) ?
    readdirSync(join(base, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`
      return entry.isDirectory() ? walk(base, path) : [path]
    })
  : []

// ----------------------------------------------------------------------------
// examples
// ----------------------------------------------------------------------------

const exampleOf = async (path) => {
  const own = join(here, path)
  if (existsSync(own)) return read(own)
  return format(toEffect4(read(join(root, path)), path), { ...prettier, parser: "typescript" })
}

/** The statements of a file, but for its imports. */
const statementsOf = (text) => {
  const file = ts.createSourceFile("file.ts", text, ts.ScriptTarget.Latest, true)
  return file.statements.filter((statement) => !ts.isImportDeclaration(statement))
}

/**
 * The part of an example that is shown of it, in what has become of that: the same statements, counted from the last, with the
 * comments before them.
 */
const counterpart = (shown, before, after) => {
  const start = before.indexOf(shown)
  if (start < 0) return undefined
  const end = start + shown.length
  const all = statementsOf(before)
  const from = all.findIndex((statement) => statement.end > start)
  const to = all.findLastIndex((statement) => statement.getStart() < end)
  const [first, last] = [all[from], all[to]]
  if (first === undefined || last === undefined || to < from) return undefined
  if (first.getStart() < start || last.end > end) return undefined
  if (before.slice(0, start).trim() === "") return after.trim()
  const now = statementsOf(after)
  const [nowFirst, nowLast] = [
    now[now.length - all.length + from],
    now[now.length - all.length + to]
  ]
  const comments = before.slice(start, first.getStart())
  const begins = after.lastIndexOf(comments, nowFirst.getStart())
  return after.slice(comments === "" ? nowFirst.getStart() : begins, nowLast.end)
}

/** A part of a statement by itself, which is read with the imports of its file. */
const converted = async (shown, before) => {
  const imports = before.slice(0, statementsOf(before)[0].getFullStart())
  const text = toEffect4(`${imports}\nfunction* part() {\n// begins\n${shown}\n// ends\n}\n`)
  // members of an array are no program
  const formatted = await format(text, { ...prettier, parser: "typescript" }).catch(() => text)
  const lines = formatted
    .split(/\n *\/\/ (?:begins|ends)\n/)[1]
    .replace(/^ *;/, "")
    .split("\n")
  const indent = Math.min(...lines.filter((line) => line !== "").map((line) => line.search(/\S/)))
  return lines.map((line) => line.slice(indent)).join("\n")
}

// ----------------------------------------------------------------------------
// pages
// ----------------------------------------------------------------------------

const excerpt = /^```ts\n\/\/ (docs\/\S+)\n([\s\S]*?)\n```$/gm

const pageOf = async (path, examples) => {
  const text = read(join(root, path))
  // where the line is made, its own pages are the only ones
  if (ofBoth.has(path)) return text.replace(/\beffect-4\/(?=examples|README)/g, "")
  const excerpts = await Promise.all(
    [...text.matchAll(excerpt)].map(async ([all, file, shown]) => {
      if (!examples.has(file)) return all
      const before = read(join(root, file))
      const now = counterpart(shown, before, examples.get(file)) ?? (await converted(shown, before))
      return `\`\`\`ts\n// ${file}\n${now}\n\`\`\``
    })
  )
  let at = 0
  const held = text.replace(excerpt, () => `<!-- excerpt ${at++} -->`)
  return inMarkdown(held).replace(
    /<!-- excerpt (\d+) -->/g,
    (_all, index) => excerpts[Number(index)]
  )
}

/** The guides, their examples and the README of the line, each by its path. */
export const documents = async () => {
  const paths = walk(root, "docs").filter(isShared)
  const files = [...new Set([...paths, ...walk(here, "docs")])].filter((path) =>
    path.endsWith(".ts")
  )
  const examples = new Map(
    await Promise.all(files.map(async (path) => [path, await exampleOf(path)]))
  )
  const pages = [...paths.filter((path) => path.endsWith(".md")), "README.md", "SECURITY.md"]
  const texts = await Promise.all(pages.map(async (path) => [path, await pageOf(path, examples)]))
  return new Map([...examples, ...texts])
}

// ----------------------------------------------------------------------------
// where they are shown in the repository
// ----------------------------------------------------------------------------

const placeOf = (path) =>
  path === "README.md" ? "effect-4/README.md"
  : ofBoth.has(path) ? path
  : path.replace(/^docs\//, `${written}/`)

const relocated = (path, text, isThere) => {
  const place = placeOf(path)
  const link = (to) => {
    const [file, hash] = to.split(/(?=#)/)
    const target = posix.normalize(posix.join(posix.dirname(path), file))
    const now = isThere(target) ? placeOf(target) : target
    return posix.relative(posix.dirname(place), now) + (hash ?? "")
  }
  return text
    .replace(/^(```[^\n]*)\bdocs\/examples\//gm, `$1${written}/examples/`)
    .replace(/^\/\/ docs\/examples\//gm, `// ${written}/examples/`)
    .replace(/(\]\()([^)\s]+)(?=[)\s])/g, (all, before, to) =>
      /^(?:[a-z]+:|#)/.test(to) ? all : `${before}${link(to)}`
    )
}

/** What the repository shows of the line, each by its path. */
export const shown = async () => {
  const all = await documents()
  const isThere = (path) =>
    all.has(path) || [...all.keys()].some((each) => each.startsWith(`${path}/`))
  return new Map(
    [...all]
      .filter(([path]) => !ofBoth.has(path))
      .map(([path, text]) => [
        placeOf(path),
        path.endsWith(".md") ? relocated(path, text, isThere) : text
      ])
  )
}

const there = () =>
  [...walk(root, written), "effect-4/README.md"].filter((path) => existsSync(join(root, path)))

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = await shown()
  if (process.argv.includes("--check")) {
    const stale = [...new Set([...wanted.keys(), ...there()])].filter(
      (path) => !existsSync(join(root, path)) || read(join(root, path)) !== wanted.get(path)
    )
    for (const path of stale) console.log(path)
    process.exitCode = stale.length === 0 ? 0 : 1
  } else {
    for (const path of there()) rmSync(join(root, path))
    for (const [path, text] of wanted) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    console.log(`${wanted.size} files`)
  }
}

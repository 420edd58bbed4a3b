/**
 * Makes the line of Effect 4 of that of Effect 3: `node effect-4/make.mjs`.
 *
 * Every file goes through the codemod; what lies here under the same path takes its place. The result is a project of its own in
 * `effect-4/.made`, which finds its packages in `effect-4/node_modules` and in those of the root.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { toEffect4 } from "./codemod/codemod.mjs"

const here = fileURLToPath(new URL(".", import.meta.url))
const root = join(here, "..")
const out = join(here, ".made")

const walk = (base, folder) =>
  readdirSync(join(base, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`
    return entry.isDirectory() ? walk(base, path) : [path]
  })

const folders = ["src"]
rmSync(out, { recursive: true, force: true })
const own = new Set(
  folders.flatMap((folder) => (existsSync(join(here, folder)) ? walk(here, folder) : []))
)
const all = new Set([...folders.flatMap((folder) => walk(root, folder)), ...own])
for (const path of all) {
  const target = join(out, path)
  mkdirSync(dirname(target), { recursive: true })
  const isOwn = own.has(path)
  const content = readFileSync(join(isOwn ? here : root, path))
  writeFileSync(
    target,
    isOwn || !path.endsWith(".ts") ? content : toEffect4(content.toString(), path)
  )
}
console.log(`${all.size} files, ${own.size} of them own`)

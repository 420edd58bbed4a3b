/** Packs both lines: `npm run pack:all` writes `.artifacts/packages/effect-security-3.tgz` and `effect-security-4.tgz`. */
import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync, renameSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const here = fileURLToPath(new URL(".", import.meta.url))
const packages = join(here, "../.artifacts/packages")
mkdirSync(packages, { recursive: true })

const lines = [
  { line: 3, folder: join(here, "..") },
  { line: 4, folder: join(here, ".made") }
]
for (const { folder, line } of lines) {
  // it builds what it packs
  const args = ["pack", "--json", "--silent", "--pack-destination", packages]
  const told = execFileSync("npm", args, { cwd: folder, encoding: "utf8" })
  const [{ filename }] = JSON.parse(told.slice(told.indexOf("[")))
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
  if (!version.startsWith(`${line}.`))
    throw new Error(`the major of ${version} is to be that of Effect ${line}`)
  renameSync(join(packages, filename), join(packages, `effect-security-${line}.tgz`))
  console.log(`effect-security-${line}.tgz: ${version}`)
}

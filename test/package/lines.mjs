/**
 * Both lines as others install them: `npm run test:package:lines`, after `npm run pack:all`.
 *
 * Each is refused beside the other line's Effect. The line of Effect 4 is compiled and run in a new project; that of Effect 3 is looked at
 * closely by `run.mjs`.
 */
import { execFileSync, spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))
const tarball = (line) => join(root, `.artifacts/packages/effect-security-${line}.tgz`)
const folder = mkdtempSync(join(tmpdir(), "effect-security-lines-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))

let failures = 0
const check = (what, run) => {
  try {
    const told = run()
    console.log(`ok      ${what}${told === undefined ? "" : `: ${told}`}`)
  } catch (error) {
    failures++
    console.log(`failed  ${what}: ${error.stdout ?? ""}${error.stderr ?? ""}${error.message}`)
  }
}

const project = (name) => {
  const path = join(folder, name)
  mkdirSync(path)
  writeFileSync(join(path, "package.json"), JSON.stringify({ private: true, type: "module" }))
  return path
}
const install = (cwd, ...packages) =>
  spawnSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", ...packages], {
    cwd,
    encoding: "utf8"
  })

for (const [line, other] of [
  [3, 4],
  [4, 3]
]) {
  check(`npm refuses the line of Effect ${line} beside Effect ${other}`, () => {
    const { status, stderr } = install(project(`wrong-${line}`), tarball(line), `effect@${other}`)
    if (status === 0 || !stderr.includes("ERESOLVE")) throw new Error(`status ${status}: ${stderr}`)
  })
}

const user = project("user")
check("the line of Effect 4 is installed with effect alone", () => {
  const { status, stderr } = install(user, tarball(4), "effect@4", "@types/node@22")
  if (status !== 0) throw new Error(stderr)
})
for (const path of [
  "type-tests/consumer/main.ts",
  "test/package/consumer/library.ts",
  "test/package/consumer/program.mjs",
  "test/package/consumer/program.cjs"
]) {
  copyFileSync(join(root, "effect-4/.made", path), join(user, path.split("/").at(-1)))
}
writeFileSync(
  join(user, "tsconfig.json"),
  JSON.stringify({
    compilerOptions: {
      module: "NodeNext",
      moduleResolution: "NodeNext",
      target: "ES2022",
      lib: ["ES2022", "DOM", "DOM.Iterable"],
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
      declaration: true,
      emitDeclarationOnly: true,
      outDir: "out"
    },
    files: ["main.ts", "library.ts"]
  })
)
for (const typescript of ["typescript", "typescript-7"]) {
  check(`${typescript} compiles a program`, () => {
    const tsc = join(root, "node_modules", typescript, "bin/tsc")
    execFileSync(process.execPath, [tsc, "-p", "."], { cwd: user, encoding: "utf8" })
  })
}
for (const program of ["program.mjs", "program.cjs"]) {
  check(`Node ${process.version} runs ${program}`, () =>
    execFileSync(process.execPath, [program], { cwd: user, encoding: "utf8" }).trim()
  )
}

process.exitCode = failures === 0 ? 0 : 1

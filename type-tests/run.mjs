// Runs tsd over type-tests/*.test-d.ts: `node type-tests/run.mjs source|built`.
// tsd takes its compiler options from the tsconfig.json of its working directory:
// the root's resolves `effect-security` to src, the one in type-tests/built to dist.
import { readdirSync } from "node:fs"
import { relative } from "node:path"
import { fileURLToPath } from "node:url"
import tsd from "tsd"

const modes = {
  source: { cwd: "../", tests: "type-tests/", typingsFile: "src/index.ts" },
  built: { cwd: "./built/", tests: "../", typingsFile: "../../dist/index.d.ts" }
}

const mode = process.argv[2] ?? "source"
const { cwd, tests, typingsFile } = modes[mode]
const names = readdirSync(new URL("./", import.meta.url)).filter((n) => n.endsWith(".test-d.ts"))
const diagnostics = await tsd.default({
  cwd: fileURLToPath(new URL(cwd, import.meta.url)),
  testFiles: names.map((name) => tests + name),
  typingsFile
})
for (const { fileName, line, column, message } of diagnostics) {
  console.error(`${relative(".", fileName)}:${line}:${column} ${message}`)
}
const failed = new Set(diagnostics.map(({ fileName }) => fileName)).size
console.log(`tsd (${mode}): ${names.length} files, ${failed} failed`)
process.exitCode = names.length === 0 || failed > 0 ? 1 : 0

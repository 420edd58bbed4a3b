/**
 * The package as others install it: `npm run test:package`.
 *
 * Packs it, installs it in a new folder with each TypeScript and each Node that the README names, and looks at what is in it.
 */
import { execFileSync } from "node:child_process"
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core"
import { build } from "esbuild"
import { publint } from "publint"
import { formatMessage } from "publint/utils"
import typescript from "typescript"

const root = fileURLToPath(new URL("../../", import.meta.url))
const { budgets, nodes, typescripts } = JSON.parse(
  readFileSync(new URL("./supported.json", import.meta.url), "utf8")
)
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

let failures = 0
const check = async (what, run) => {
  try {
    const told = await run()
    console.log(`ok      ${what}${told === undefined ? "" : `: ${told}`}`)
  } catch (error) {
    failures++
    console.log(`failed  ${what}: ${error.stdout ?? ""}${error.stderr ?? ""}${error.message}`)
  }
}
const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })

const folder = mkdtempSync(join(tmpdir(), "effect-security-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))

// ----------------------------------------------------------------------------
// the tarball
// ----------------------------------------------------------------------------

const [{ filename, files }] = JSON.parse(
  run("npm", ["pack", "--json", "--silent", "--pack-destination", folder], root)
)
const tarball = join(folder, filename)

await check("nothing but source, build and what people read is packed", () => {
  const wrong = files
    .map(({ path }) => path)
    .filter(
      (path) => !/^(?:dist|src)\/|^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(path)
    )
  if (wrong.length > 0) throw new Error(wrong.join(", "))
  return `${files.length} files`
})

await check("publint finds nothing", async () => {
  const { messages, pkg } = await publint({ pkgDir: root, strict: true })
  if (messages.length > 0) {
    throw new Error(messages.map((message) => formatMessage(message, pkg)).join("\n"))
  }
})

await check("the types are right for every resolver that knows ESM", async () => {
  const { problems } = await checkPackage(
    createPackageFromTarballData(new Uint8Array(readFileSync(tarball))),
    { entrypoints: [".", "./Security", "./ApiKey"] }
  )
  // the package is ESM only: `require` of it is left to Node, and resolvers of before `exports` find nothing
  const wrong = problems.filter(
    ({ kind, resolutionKind }) => kind !== "CJSResolvesToESM" && resolutionKind !== "node10"
  )
  if (wrong.length > 0) throw new Error(JSON.stringify(wrong))
})

// ----------------------------------------------------------------------------
// a project that installs it
// ----------------------------------------------------------------------------

const consumer = join(folder, "consumer")
mkdirSync(consumer)
const aliases = (name, versions) =>
  Object.fromEntries(
    versions.map((version) => [`${name}-${version}`, `npm:${name}@${version.replace(/^v/, "")}`])
  )
const nodePackage = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`
const peers = Object.fromEntries(
  Object.entries(manifest.devDependencies).filter(([name]) => name in manifest.peerDependencies)
)
writeFileSync(
  join(consumer, "package.json"),
  JSON.stringify({
    type: "module",
    private: true,
    scarfSettings: { enabled: false },
    dependencies: { ...peers, "effect-security": `file:${tarball}` },
    devDependencies: {
      "@types/node": manifest.devDependencies["@types/node"],
      ...aliases("typescript", typescripts),
      ...aliases(nodePackage, nodes)
    }
  })
)
run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts"], consumer)

for (const name of readdirSync(new URL("./consumer", import.meta.url))) {
  copyFileSync(new URL(`./consumer/${name}`, import.meta.url), join(consumer, name))
}
copyFileSync(join(root, "type-tests/consumer/main.ts"), join(consumer, "main.ts"))

const configurations = {
  nodenext: { module: "NodeNext", moduleResolution: "NodeNext" },
  bundler: { module: "ESNext", moduleResolution: "Bundler" }
}
for (const version of typescripts) {
  for (const [name, options] of Object.entries(configurations)) {
    await check(`TypeScript ${version} compiles a program (${name})`, () => {
      const file = join(consumer, `tsconfig.${name}.json`)
      writeFileSync(
        file,
        JSON.stringify({
          compilerOptions: {
            ...options,
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
      run(process.execPath, [`node_modules/typescript-${version}/bin/tsc`, "-p", file], consumer)
    })
  }
}

for (const version of nodes) {
  const binary = join(consumer, "node_modules", `${nodePackage}-${version}`, "bin/node")
  for (const program of ["program.mjs", "program.cjs"]) {
    await check(`Node ${version} runs ${program}`, () => run(binary, [program], consumer).trim())
  }
}

// without the optional peers
const bare = join(folder, "bare")
mkdirSync(bare)
const required = Object.fromEntries(
  Object.entries(peers).filter(([name]) => !manifest.peerDependenciesMeta[name]?.optional)
)
writeFileSync(
  join(bare, "package.json"),
  JSON.stringify({
    type: "module",
    private: true,
    dependencies: { ...required, "effect-security": `file:${tarball}` }
  })
)
run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts"], bare)
copyFileSync(new URL("./consumer/program.mjs", import.meta.url), join(bare, "program.mjs"))
await check("runs without the optional peers", () => {
  for (const name of Object.keys(manifest.peerDependenciesMeta)) {
    if (existsSync(join(bare, "node_modules", name))) throw new Error(`${name} was installed`)
  }
  return run(process.execPath, ["program.mjs"], bare).trim()
})

// ----------------------------------------------------------------------------
// what a bundler keeps
// ----------------------------------------------------------------------------

for (const { forbidden, kilobytes, program } of budgets) {
  await check(`a bundle of ${program} keeps nothing unused`, async () => {
    const { metafile, outputFiles } = await build({
      stdin: { contents: program, resolveDir: consumer },
      bundle: true,
      minify: true,
      format: "esm",
      platform: "node",
      external: ["effect", "effect/*", "@effect/platform", "@effect/platform/*"],
      metafile: true,
      write: false
    })
    const size = outputFiles[0].contents.length / 1000
    const kept = Object.entries(
      metafile.outputs["stdin.js"]?.inputs ?? Object.values(metafile.outputs)[0].inputs
    )
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => path)
    const wrong = kept.filter((path) => forbidden.some((name) => path.includes(name)))
    if (wrong.length > 0) throw new Error(`it holds ${wrong.join(", ")}`)
    if (size > kilobytes)
      throw new Error(`${size.toFixed(1)} kB, and the budget is ${kilobytes} kB`)
    return `${size.toFixed(1)} kB of ${kilobytes} kB`
  })
}

// ----------------------------------------------------------------------------
// the declarations
// ----------------------------------------------------------------------------

await check("no public type is or holds any", () => {
  const declarations = readdirSync(join(root, "dist"), { recursive: true })
    .filter((name) => name.endsWith(".d.ts"))
    .map((name) => join(root, "dist", name))
  const program = typescript.createProgram(declarations, {
    module: typescript.ModuleKind.NodeNext,
    moduleResolution: typescript.ModuleResolutionKind.NodeNext,
    target: typescript.ScriptTarget.ES2022,
    lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true
  })
  const found = typescript
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => file === undefined || declarations.includes(file.fileName))
    .map(
      ({ file, messageText }) =>
        `${file?.fileName}: ${typescript.flattenDiagnosticMessageText(messageText, " ")}`
    )
  const checker = program.getTypeChecker()
  let symbols = 0
  for (const name of declarations) {
    const file = program.getSourceFile(name)
    const visit = (node) => {
      // written as such, or what a name that resolves to nothing comes to
      if (node.kind === typescript.SyntaxKind.AnyKeyword) {
        found.push(`${name}: ${node.parent.getText().slice(0, 120)}`)
      }
      if (typescript.isTypeReferenceNode(node) || typescript.isExpressionWithTypeArguments(node)) {
        symbols++
        if (checker.getTypeAtLocation(node).flags & typescript.TypeFlags.Any) {
          found.push(`${name}: ${node.getText().slice(0, 120)} resolves to any`)
        }
      }
      typescript.forEachChild(node, visit)
    }
    visit(file)
  }
  if (found.length > 0) throw new Error(found.join("\n"))
  return `${declarations.length} modules, ${symbols} names`
})

console.log(failures === 0 ? "the package is fit" : `${failures} failed`)
process.exitCode = failures === 0 ? 0 : 1

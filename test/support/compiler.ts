/** The compiler as an editor runs it, on files of this repository. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import ts from "typescript"

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "")

const options = (): ts.CompilerOptions => {
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, (path) =>
    readFileSync(path, "utf8")
  )
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options
}

/** The text an editor shows when the pointer rests on a name of a file. */
export const hover = (file: string, name: string): string => {
  const path = `${root}/${file}`
  const settings = { ...options(), noErrorTruncation: true }
  const service = ts.createLanguageService({
    getCompilationSettings: () => settings,
    getScriptFileNames: () => [path],
    getScriptVersion: () => "1",
    getScriptSnapshot: (script) =>
      ts.sys.fileExists(script) ?
        ts.ScriptSnapshot.fromString(readFileSync(script, "utf8"))
      : undefined,
    getCurrentDirectory: () => root,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories
  })
  const position = readFileSync(path, "utf8").indexOf(` ${name} `) + 1
  return ts.displayPartsToString(service.getQuickInfoAtPosition(path, position)?.displayParts)
}

/** What the compiler says of some snippets, compiled together, each as a module beside the examples. */
export const diagnostics = (snippets: ReadonlyArray<string>): ReadonlyArray<string> => {
  const settings = { ...options(), noUnusedLocals: false }
  const paths = snippets.map((_, index) => `${root}/docs/examples/snippet-${index}.ts`)
  const texts = new Map(paths.map((path, index) => [path, snippets[index]]))
  const host = ts.createCompilerHost(settings)
  const program = ts.createProgram(paths, settings, {
    ...host,
    fileExists: (path) => texts.has(path) || host.fileExists(path),
    readFile: (path) => texts.get(path) ?? host.readFile(path),
    getSourceFile: (path, target) => {
      const text = texts.get(path)
      return text === undefined ?
          host.getSourceFile(path, target)
        : ts.createSourceFile(path, text, target)
    }
  })
  return snippets.map((_, index) => {
    const source = program.getSourceFile(paths[index] ?? "")
    if (source === undefined) throw new Error("the snippet is not in the program")
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))
      .join("\n")
  })
}

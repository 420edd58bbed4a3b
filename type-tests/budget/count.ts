/** Counts what TypeScript instantiates to check a generated API, in memory. */
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { fixture, type Kind } from "./fixtures.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))

const options = (): ts.CompilerOptions => {
  const path = `${root}tsconfig.json`
  const { config } = ts.readConfigFile(path, ts.sys.readFile)
  return ts.parseJsonConfigFileContent(config, ts.sys, dirname(path)).options
}

export interface Counted {
  readonly instantiations: number
  readonly types: number
  readonly errors: ReadonlyArray<string>
}

/** Programs share what they parse; each has a checker of its own. */
export const makeCounter = (): ((kind: Kind, size: number) => Counted) => {
  const compilerOptions = options()
  const host = ts.createCompilerHost(compilerOptions)
  const parsed = new Map<string, ts.SourceFile | undefined>()
  const cache = ts.createModuleResolutionCache(root, (name) => name, compilerOptions)
  return (kind, size) => {
    // inside of the package, so that it finds itself by name
    const name = `${root}type-tests/budget/generated.ts`
    const text = fixture(kind, size)
    const program = ts.createProgram({
      rootNames: [name],
      options: compilerOptions,
      host: {
        ...host,
        fileExists: (path) => path === name || host.fileExists(path),
        readFile: (path) => (path === name ? text : host.readFile(path)),
        getModuleResolutionCache: () => cache,
        getSourceFile: (path, languageVersion) => {
          if (path === name) return ts.createSourceFile(path, text, languageVersion)
          if (!parsed.has(path)) parsed.set(path, host.getSourceFile(path, languageVersion))
          return parsed.get(path)
        }
      }
    })
    // of the fixture alone: not of the sources that it imports
    const file = program.getSourceFile(name)
    const diagnostics = [
      ...program.getOptionsDiagnostics(),
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file)
    ]
    return {
      instantiations: program.getInstantiationCount(),
      types: program.getTypeCount(),
      errors: diagnostics.map(({ messageText }) =>
        ts.flattenDiagnosticMessageText(messageText, "\n")
      )
    }
  }
}

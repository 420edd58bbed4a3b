import { assert, describe, it } from "vitest"
import { fileURLToPath } from "node:url"
import ts from "typescript"

// ----------------------------------------------------------------------------
// an editor
// ----------------------------------------------------------------------------

const root = fileURLToPath(new URL("../", import.meta.url))

/** In the package, so that it can import itself by its name. */
const path = `${root}test/completion.snippet.ts`

const prelude = `
import { ApiKey, OAuth2, Security, SecurityMiddleware } from "effect-security"
import { HttpApiEndpoint } from "@effect/platform"
import { Effect, pipe } from "effect"

const verify = () => Effect.succeed(Security.grant({ name: "johndoe" }))
const oauth2 = OAuth2.authorizationCode({
  schemeName: "oauth2",
  authorizationUrl: "https://example.com/auth",
  tokenUrl: "https://example.com/token",
  scopes: { "items:read": "Read items", "items:write": "Create items", "users:read": "Read users" }
})
const user = oauth2.pipe(Security.authenticate(verify))
const robot = ApiKey.header("X-API-Key", { schemeName: "apiKey", scopes: { "items:read": "Read items" } }).pipe(
  Security.authenticate(verify)
)
const mute = ApiKey.query("key", { schemeName: "mute" }).pipe(Security.authenticate(verify))
class Users extends SecurityMiddleware.Tag<Users>()("app/Users", { security: user }) {}
class Either extends SecurityMiddleware.Tag<Either>()("app/Either", { security: Security.anyOf(user, robot) }) {}
`

/** One language service for all snippets: the caret stands where a snippet has a `|`. */
const openEditor = () => {
  const { config, error } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
  assert(error === undefined)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  let version = 0
  let text = prelude
  const service = ts.createLanguageService({
    getCompilationSettings: () => options,
    getScriptFileNames: () => [path],
    getScriptVersion: (name) => (name === path ? String(version) : "0"),
    getScriptSnapshot: (name) => {
      const content = name === path ? text : ts.sys.readFile(name)
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content)
    },
    getCurrentDirectory: () => root,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
    fileExists: (name) => name === path || ts.sys.fileExists(name),
    readFile: (name) => (name === path ? text : ts.sys.readFile(name)),
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
    realpath: (name) => ts.sys.realpath?.(name) ?? name
  })
  const open = (snippet: string): number => {
    const caret = snippet.indexOf("|")
    assert(caret >= 0, "the snippet has no caret")
    text = `${prelude}${snippet.replace("|", "")}\n`
    version++
    return prelude.length + caret
  }
  return {
    offered: (snippet: string): ReadonlyArray<string> =>
      (service.getCompletionsAtPosition(path, open(snippet), {})?.entries ?? [])
        .map(({ name }) => name)
        .sort(),
    hover: (snippet: string): string =>
      ts
        .displayPartsToString(service.getQuickInfoAtPosition(path, open(snippet))?.displayParts)
        .replaceAll(/\s+/g, " "),
    errors: (): ReadonlyArray<string> => {
      text = prelude
      version++
      return service
        .getSemanticDiagnostics(path)
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))
    }
  }
}

const editor = openEditor()

// ----------------------------------------------------------------------------
// completion
// ----------------------------------------------------------------------------

const declared = ["items:read", "items:write", "users:read"]

const completions: Readonly<Record<string, ReadonlyArray<string>>> = {
  // the expression first
  'Security.scopes(user, "|")': declared,
  'Security.scopes(user, "it|")': declared,
  'Security.scopes(user, "items:read", "|")': declared,
  'Security.scopes(user, "|", "items:read")': declared,
  'Security.scopes(user, "items:read", "items:write", "|")': declared,
  'Security.scopes(Security.anyOf(user, robot), "|")': ["items:read"],
  'Security.scopes(oauth2, "|")': [],
  // in a pipe
  'user.pipe(Security.scopes("|"))': declared,
  'user.pipe(Security.scopes("it|"))': declared,
  'user.pipe(Security.scopes("items:read", "|"))': declared,
  'user.pipe(Security.scopes("|", "items:read"))': declared,
  'user.pipe(Security.scopes("items:read", "items:write", "|"))': declared,
  'user.pipe(Security.scopes("items:read"), Security.scopes("|"))': declared,
  'user.pipe(Security.map(({ name }) => name), Security.scopes("|"))': [],
  'pipe(user, Security.scopes("|"))': declared,
  'Security.guard(user.pipe(Security.scopes("|")), verify)': declared,
  'Security.anyOf(user, robot).pipe(Security.scopes("|"))': ["items:read"],
  'Security.anyOf(user, mute).pipe(Security.scopes("|"))': [],
  // nothing is known of the expression: not even what has been typed is offered
  'const asking = Security.scopes("it|")': [],
  'oauth2.pipe(Security.authenticate(verify), Security.scopes("it|"))': [],
  // of a middleware
  'Users.scopes("|")': declared,
  'Users.scopes("it|")': declared,
  'Users.scopes("items:read", "|")': declared,
  'Users.scopes("items:read", "items:write", "|")': declared,
  'Users.scopes("items:read", "items:write", "users:read", "|")': declared,
  'Either.scopes("|")': ["items:read"],
  'Users.derive("|")': declared,
  'Users.derive("items:read", "|")': declared,
  'Users.derive("items:read", "items:write", "|")': declared,
  'Users.derive("items:read", "items:write", "users:read", "|")': declared,
  'Users.derive("items:read").scopes("|")': declared,
  'Either.derive("|")': ["items:read"],
  'HttpApiEndpoint.get("list", "/items").middleware(Users.scopes("|"))': declared
}

describe("an editor offers the scopes that can be proven", () => {
  it("of what compiles", () => {
    assert.deepStrictEqual(editor.errors(), [])
  })
  for (const [snippet, names] of Object.entries(completions)) {
    it(`${snippet} offers ${names.length === 0 ? "none" : names.join(", ")}`, () => {
      assert.deepStrictEqual(editor.offered(snippet), names)
    })
  }
})

// ----------------------------------------------------------------------------
// quick info
// ----------------------------------------------------------------------------

const requirement = 'readonly [{ readonly oauth2: readonly ["items:read"]; }]'
const proves = '{ readonly oauth2: "items:read" | "items:write" | "users:read"; }'

const hovers: Readonly<Record<string, ReadonlyArray<string>>> = {
  'const read|ers = Security.scopes(user, "items:read")': [requirement, proves],
  'const read|ers = user.pipe(Security.scopes("items:read"))': [requirement, proves],
  'Security.sco|pes(user, "items:read")': ['first: "items:read"', proves],
  'user.pipe(Security.sco|pes("items:read"))': ['(first: "items:read") => (self: Security', proves],
  'user.pipe(Security.sco|pes("items:read", "items:write"))': [
    '(first: "items:read", second: "items:write") => (self: Security',
    proves
  ],
  'Users.sco|pes("items:read")': ['(first: "items:read") => Tag<', 'Granted<"items:read">'],
  'Users.der|ive("items:read")': ['(first: "items:read") => ', "DerivedTag<"]
}

describe("an editor shows what a scope is asked of", () => {
  for (const [snippet, parts] of Object.entries(hovers)) {
    it(snippet, () => {
      const shown = editor.hover(snippet)
      for (const part of parts) assert.include(shown, part)
    })
  }
})

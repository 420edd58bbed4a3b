import { assert, describe, it } from "vitest"
import { fileURLToPath } from "node:url"
import ts from "typescript"

// ----------------------------------------------------------------------------
// compiling
// ----------------------------------------------------------------------------

const root = fileURLToPath(new URL("../", import.meta.url))

/** What every snippet can use. */
const prelude = `
import { ApiKey, OAuth2, Security, SecurityMiddleware } from "effect-security"
import { Effect } from "effect"

export declare const of: <A>() => A
export const verify = () => Effect.succeed(Security.grant({ name: "johndoe" }))
export const oauth2 = OAuth2.authorizationCode({
  schemeName: "oauth2",
  authorizationUrl: "https://example.com/auth",
  tokenUrl: "https://example.com/token",
  scopes: { "items:read": "Read items", "items:write": "Create items" }
})
export const apiKey = ApiKey.header("X-API-Key", { schemeName: "apiKey" })
export const user = oauth2.pipe(Security.authenticate(verify))
export const robot = apiKey.pipe(Security.authenticate(verify))
export const readers = user.pipe(Security.scopes("items:read"))
export const writers = user.pipe(Security.scopes("items:read", "items:write"))
export const write = () => Security.granted("items:write")
export class Users extends SecurityMiddleware.Tag<Users>()("app/Users", { security: user }) {}
export class Either extends SecurityMiddleware.Tag<Either>()("app/Either", {
  security: Security.anyOf(user, robot)
}) {}
export const eight = Security.anyOf(${schemes("a", 8)})
export const nine = Security.anyOf(${schemes("b", 9)})
export const run = <A, E>(_: Effect.Effect<A, E, Effect.Effect.Context<typeof user>>) => {}
`

const imports = `
import { ApiKey, Granted, Http, HttpBasic, OAuth2, Security } from "effect-security"
import { Effect } from "effect"
import {
  apiKey, eight, Either, nine, oauth2, of, readers, robot, run, user, Users, verify, write, writers
} from "./type-errors.prelude.ts"
`

function schemes(prefix: string, count: number): string {
  return Array.from(
    { length: count },
    (_, index) => `ApiKey.header("X", { schemeName: "${prefix}${index}" })`
  ).join(", ")
}

/** One Program for all snippets: it tells the diagnostics of each, their texts flattened. */
const compile = (
  snippets: Readonly<Record<string, string>>
): ((name: string) => ReadonlyArray<string>) => {
  const { config, error } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
  assert(error === undefined)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const names = Object.keys(snippets)
  // the files are in the package, so that it can import itself by its name
  const pathOf = (name: string) => `${root}test/type-errors.${name}.ts`
  const files = new Map([
    [pathOf("prelude"), prelude],
    ...names.map(
      (name, index) => [pathOf(String(index)), `${imports}\n${snippets[name]}\n`] as const
    )
  ])
  const host = ts.createCompilerHost(options)
  const { fileExists, getSourceFile, readFile } = host
  host.fileExists = (path) => files.has(path) || fileExists(path)
  host.readFile = (path) => files.get(path) ?? readFile(path)
  host.getSourceFile = (path, languageVersion, ...rest) => {
    const text = files.get(path)
    return text === undefined ?
        getSourceFile(path, languageVersion, ...rest)
      : ts.createSourceFile(path, text, languageVersion)
  }
  const program = ts.createProgram([...files.keys()], options, host)
  return (name) => {
    const source = program.getSourceFile(
      pathOf(name === "prelude" ? name : String(names.indexOf(name)))
    )
    assert(source !== undefined)
    return [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source)
    ].map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))
  }
}

// ----------------------------------------------------------------------------
// snippets
// ----------------------------------------------------------------------------

const cannotProve = "Property '\"scope cannot be proven through\"' is missing"
const notOneScope = "ScopeNotLiteral<"
const useMapEffect =
  "Property '\"authenticate needs schemes without a verifier, one in each alternative; use mapEffect for what comes after\"' is missing"
const mustBeTuple = "A spread argument must either have a tuple type"
const tooMany =
  "more than 64 alternatives: split the expression, or authenticate fewer schemes in one"

/** What does not compile, and the sentences of its error. */
const wrong: Readonly<Record<string, readonly [snippet: string, ...sentences: Array<string>]>> = {
  "an undeclared scope": [
    `user.pipe(Security.scopes("items:delete"))`,
    cannotProve,
    `ScopeNotProvable<readonly ["oauth2", "items:delete"]>`
  ],
  "an undeclared scope among declared ones": [
    `user.pipe(Security.scopes("items:read", "items:delete"))`,
    cannotProve,
    `ScopeNotProvable<readonly ["oauth2", "items:delete"]>`
  ],
  "an undeclared scope, data-first": [
    `Security.scopes(user, "items:delete")`,
    `"items:delete"' is not assignable to `,
    `'"items:read" | "items:write"'`
  ],
  "a scope that one alternative can't prove": [
    `Security.anyOf(user, robot).pipe(Security.scopes("items:read"))`,
    cannotProve,
    `ScopeNotProvable<readonly ["apiKey", "items:read"]>`
  ],
  "a scope that one alternative can't prove, data-first": [
    `Security.scopes(Security.anyOf(user, robot), "items:read")`,
    cannotProve,
    `ScopeNotProvable<readonly ["apiKey", "items:read"]>`
  ],
  "a scope that no scheme of an alternative can prove": [
    `Security.allOf(robot, HttpBasic.make()).pipe(Security.scopes("items:read"))`,
    cannotProve,
    `ScopeNotProvable<readonly ["apiKey" | "HTTPBasic", "items:read"]>`
  ],
  "scopes before authenticate": [
    `oauth2.pipe(Security.scopes("items:read"), Security.authenticate(verify))`,
    cannotProve,
    `ScopeNotProvable<readonly ["oauth2", "items:read"]>`
  ],
  "scopes of a scheme that is bare in one member": [
    `Security.anyOf(user, oauth2).pipe(Security.scopes("items:read"))`,
    cannotProve,
    `ScopeNotProvable<readonly ["oauth2", "items:read"]>`
  ],
  "a scope on an optional": [
    `Security.optional(user).pipe(Security.scopes("items:read"))`,
    cannotProve,
    `ScopeNotProvable<readonly ["public", "items:read"]>`
  ],
  "a scope on public": [
    `Security.public.pipe(Security.scopes("items:read"))`,
    cannotProve,
    `ScopeNotProvable<readonly ["public", "items:read"]>`
  ],
  "a scope on members of unknown number": [
    `Security.anyOf(...of<Array<typeof user>>()).pipe(Security.scopes("items:read"))`,
    cannotProve,
    `ScopeNotProvable<readonly [string, "items:read"]>`
  ],
  "a scope on one of two expressions": [
    `Security.anyOf(of<typeof user | typeof robot>()).pipe(Security.scopes("items:read"))`,
    cannotProve,
    `ScopeNotProvable<readonly [string, "items:read"]>`
  ],
  "a scope of records that declare any": [
    `ApiKey.header("X", { scopes: of<Record<string, string>>() })
      .pipe(Security.authenticate(verify), Security.scopes("items:read"))`,
    cannotProve,
    `ScopeNotProvable<readonly ["APIKeyHeader", "items:read"]>`
  ],

  "a union as a scope": [
    `user.pipe(Security.scopes(of<"items:read" | "items:write">()))`,
    `${notOneScope}"items:read" | "items:write">`
  ],
  "a union as a scope, data-first": [
    `Security.scopes(user, of<"items:read" | "items:write">())`,
    `${notOneScope}"items:read" | "items:write">`
  ],
  "a string as a scope": [`user.pipe(Security.scopes(of<string>()))`, `${notOneScope}string>`],
  "a pattern as a scope": [
    "user.pipe(Security.scopes(of<`items:${string}`>()))",
    `${notOneScope}\`items:\${string}\`>`
  ],
  "an array of scopes": [
    `user.pipe(Security.scopes(...of<Array<"items:read">>()))`,
    `${notOneScope}"items:read">`
  ],
  "one of two tuples of scopes": [
    `user.pipe(Security.scopes(...of<["items:read"] | ["items:write"]>()))`,
    `${notOneScope}"items:read" | "items:write">`
  ],

  "authenticate twice": [`user.pipe(Security.authenticate(verify))`, useMapEffect],
  "authenticate twice, data-first": [`Security.authenticate(user, verify)`, useMapEffect],
  "authenticate public": [
    `Security.public.pipe(Security.authenticate(verify))`,
    useMapEffect,
    `NotBareSchemes<readonly [{}]>`
  ],
  "authenticate an optional scheme": [
    `Security.optional(apiKey).pipe(Security.authenticate(verify))`,
    useMapEffect,
    `NotBareSchemes<readonly [{ readonly apiKey: readonly []; }, {}]>`
  ],
  "authenticate two schemes at once": [
    `Security.allOf(oauth2, apiKey).pipe(Security.authenticate(verify))`,
    useMapEffect
  ],
  "authenticate one verified scheme of two": [
    `Security.anyOf(oauth2, robot).pipe(Security.authenticate(verify))`,
    useMapEffect
  ],

  "more than 64 alternatives of anyOf": [`Security.anyOf(${schemes("s", 65)})`, tooMany],
  "more than 64 alternatives of anyOf, duplicates counted": [
    `Security.anyOf(${Array.from({ length: 65 }, () => "apiKey").join(", ")})`,
    tooMany
  ],
  "more than 64 alternatives of allOf": [`Security.allOf(nine, eight)`, tooMany],
  "more than 64 alternatives of allOf, of a record": [`Security.allOf({ nine, eight })`, tooMany],
  "more than 64 alternatives of nested expressions": [
    `Security.anyOf(Security.allOf(eight, Security.anyOf(${schemes("s", 8)})), apiKey)`,
    tooMany
  ],

  "a union as a scheme's name": [
    `ApiKey.header("X", { schemeName: of<"a" | "b">() })`,
    `NameNotLiteral<"a" | "b">`
  ],
  "a string as a scheme's name": [
    `OAuth2.passwordBearer({ tokenUrl: "token", schemeName: of<string>() })`,
    `NameNotLiteral<string>`
  ],
  "a pattern as a scheme's name": [
    "HttpBasic.make({ schemeName: of<`a${string}`>() })",
    "NameNotLiteral<`a${string}`>"
  ],
  "a union as an auth-scheme": [
    `Http.scheme(of<"DPoP" | "HOBA">())`,
    `NameNotLiteral<"DPoP" | "HOBA">`
  ],
  "a name that may not be given": [
    `ApiKey.header("X", of<{ schemeName?: "a" }>())`,
    `Property 'schemeName' is optional in type`
  ],

  "evidence that the route does not guarantee": [
    `run(Security.guard(readers, write))`,
    `Granted<"items:write">`
  ],
  "evidence that one alternative does not guarantee": [
    `run(Security.guard(Security.anyOf(writers, Security.allOf(readers, user)), write))`,
    `Granted<"items:write">`
  ],
  "evidence on an optional": [
    `run(Security.guard(Security.optional(writers), write))`,
    `Granted<"items:write">`
  ],
  "evidence that nothing guards": [`Effect.runSync(write())`, `Granted<"items:write">`],
  "a union as evidence": [
    `Security.granted(of<"items:read" | "items:write">())`,
    `${notOneScope}"items:read" | "items:write">`
  ],

  "an undeclared scope of a middleware": [
    `Users.scopes("items:delete")`,
    `"scope cannot be proven through": readonly ["oauth2", "items:delete"]`,
    `"every alternative can prove": "items:read" | "items:write"`
  ],
  "an undeclared scope of a middleware among declared ones": [
    `Users.scopes("items:read", "items:delete")`,
    `"scope cannot be proven through": readonly ["oauth2", "items:delete"]`
  ],
  "an undeclared scope of a middleware, derived": [
    `Users.derive("items:read", "items:delete")`,
    `"scope cannot be proven through": readonly ["oauth2", "items:delete"]`,
    `"every alternative can prove": "items:read" | "items:write"`
  ],
  "a scope that one alternative of a middleware can't prove": [
    `Either.scopes("items:read")`,
    `"scope cannot be proven through": readonly ["apiKey", "items:read"]`,
    `"every alternative can prove": never`
  ],
  "a union as a scope of a middleware": [
    `Users.scopes(of<"items:read" | "items:write">())`,
    `${notOneScope}"items:read" | "items:write">`
  ],
  "any as a scope of a middleware": [
    `Users.scopes(of<any>())`,
    `'any' is not assignable to parameter of type 'never'`
  ],
  "a tuple of one length or another as a middleware's scopes": [
    `Users.scopes(...of<["items:read"] | ["items:write"]>())`,
    mustBeTuple
  ],
  "an array as a middleware's scopes": [`Users.scopes(...of<Array<"items:read">>())`, mustBeTuple],
  "a tuple of one length or another as a middleware's scopes, derived": [
    `Users.derive(...of<["items:read"] | ["items:write"]>())`,
    mustBeTuple
  ],
  "an array as a middleware's scopes, derived": [
    `Users.derive(...of<Array<"items:read">>())`,
    mustBeTuple
  ],
  "an array beside a middleware's scopes": [
    `Users.scopes(...of<["items:read", ...Array<"items:write">]>())`,
    mustBeTuple
  ],

  "more proven by annotation": [
    `const wider: Security.Security<
      Effect.Effect.Success<typeof user>, Effect.Effect.Error<typeof user>, Effect.Effect.Context<typeof user>,
      Security.Requirement<typeof user>, { readonly oauth2: "items:read" | "items:write" | "admin" }
    > = user
    wider`,
    `"admin"`
  ],
  "an Effect that is no expression": [
    `Security.anyOf(user, Effect.void)`,
    "is missing the following properties from type 'Top'"
  ]
}

/** The same things done right. */
const right: Readonly<Record<string, string>> = {
  "declared scopes": `
    user.pipe(Security.scopes("items:read", "items:write"))
    Security.scopes(user, "items:read")
    Security.scopes(user, "items:write", "items:read", "items:write", "items:read")
    user.pipe(Security.scopes("items:write", "items:read", "items:write", "items:read"))
    user.pipe(Security.scopes(...of<["items:read", "items:write"]>()))
    user.pipe(Security.scopes())
    Security.scopes(user)
  `,
  "a scope that each alternative proves": `
    const key = ApiKey.header("X", { scopes: { "items:read": "Read items" } }).pipe(Security.authenticate(verify))
    Security.anyOf(user, key).pipe(Security.scopes("items:read"))
    Security.allOf(user, robot).pipe(Security.scopes("items:read"))
    Security.optional(user.pipe(Security.scopes("items:read")))
  `,
  authenticate: `
    Security.anyOf(oauth2, apiKey).pipe(Security.authenticate(verify))
    user.pipe(Security.mapEffect(({ name }) => Effect.succeed(name)))
  `,
  "64 alternatives": `
    Security.anyOf(${schemes("s", 64)})
    Security.allOf(eight, eight)
    Security.allOf({ left: eight, right: eight })
    const two = Security.anyOf(oauth2, apiKey)
    Security.allOf(two, two, two, two, two, two)
  `,
  "50 schemes": `
    const schemes = [${schemes("s", 50)}] as const
    const any = Security.anyOf(...schemes).pipe(Security.authenticate(verify))
    const all = Security.allOf(...schemes)
    const proven = ApiKey.query("x", { scopes: { a: "A" } }).pipe(Security.authenticate(verify))
    Security.allOf(any, proven).pipe(Security.scopes("a"), Security.guard(() => Security.granted("a")))
    Security.allOf(all, proven).pipe(Security.scopes("a"), Security.guard(() => Security.granted("a")))
  `,
  names: `
    ApiKey.header("X", { schemeName: "a" })
    ApiKey.header("X", of<{ schemeName?: "APIKeyHeader" }>())
    Http.scheme("DPoP")
  `,
  "scopes of a middleware": `
    Users.scopes("items:read")
    Users.scopes("items:write", "items:read")
    Users.scopes(...of<["items:read", "items:write"]>())
    Users.derive("items:read").scopes("items:write")
    Users.derive(...of<["items:read", "items:write"]>())
    Users.derive()
  `,
  evidence: `
    run(Security.guard(writers, write))
    run(writers.pipe(Security.guard(write)))
    run(Security.guard(Security.anyOf(writers, Security.allOf(writers, user)), write))
    const asked: Effect.Effect<void, never, Granted.Granted<"items:write">> = write()
    asked
  `
}

// ----------------------------------------------------------------------------
// texts
// ----------------------------------------------------------------------------

const diagnosticsOf = compile({
  ...Object.fromEntries(Object.entries(wrong).map(([name, [snippet]]) => [name, snippet])),
  ...right
})

describe("the compiler refuses, and says why", () => {
  for (const [name, [, ...sentences]] of Object.entries(wrong)) {
    it(name, () => {
      const said = diagnosticsOf(name).join("\n")
      assert.isNotEmpty(said, "it compiles")
      for (const sentence of sentences) assert.include(said, sentence)
    })
  }
})

describe("the compiler accepts", () => {
  for (const name of ["prelude", ...Object.keys(right)]) {
    it(name, () => {
      assert.deepStrictEqual(diagnosticsOf(name), [])
    })
  }
})

/**
 * Generates the type test of law 2: the requirement in the type of a random expression is, literal for literal and in
 * order, the value of its `.requirement`. Writes generated.test-d.ts: `npx tsx type-tests/generate.ts`.
 */
import * as FastCheck from "effect/FastCheck"
import { realpathSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as prettier from "prettier"
import {
  expressions,
  type Expression,
  isMakeable,
  leaves,
  provableBy,
  toValue
} from "../test/laws/expressions.ts"

export const file = fileURLToPath(new URL("generated.test-d.ts", import.meta.url))

const seed = 20_260_401

// ----------------------------------------------------------------------------
// the expressions
// ----------------------------------------------------------------------------

const verified = (name: "header" | "cookie" | "basic" | "oauth" | "token" | "signature") =>
  ({ tag: "scheme", name, isVerified: true }) as const
const anyOf = (...members: ReadonlyArray<Expression>): Expression => ({ tag: "anyOf", members })
const allOf = (...members: ReadonlyArray<Expression>): Expression => ({ tag: "allOf", members })
const scopes = (
  self: Expression,
  ...scopes: ReadonlyArray<"read" | "write" | "admin">
): Expression => ({ tag: "scopes", scopes, self })

const oauth = verified("oauth")
const signature = verified("signature")
const two = anyOf(scopes(oauth, "read"), scopes(oauth, "write"))

/** Cases that a random one may miss. */
const chosen: ReadonlyArray<Expression> = [
  // the scopes of a duplicate are those of the first
  anyOf(scopes(oauth, "read", "write"), scopes(oauth, "write", "read")),
  anyOf(scopes(oauth, "write", "read"), scopes(oauth, "read", "write")),
  allOf(scopes(oauth, "write"), scopes(oauth, "read")),
  // alternatives become equal by what is added
  scopes(anyOf(two, oauth), "read", "write"),
  scopes(anyOf(oauth, scopes(oauth, "read"), verified("token")), "read"),
  // duplicates that a cross product makes
  allOf(two, two),
  allOf({ tag: "optional", self: two }, two),
  anyOf(allOf(signature, oauth), allOf(oauth, signature)),
  // the most there can be
  allOf(...Array.from({ length: 6 }, () => ({ tag: "optional", self: signature }) as const)),
  allOf(
    { tag: "optional", self: verified("header") },
    { tag: "optional", self: verified("cookie") },
    { tag: "optional", self: verified("signature") },
    { tag: "optional", self: verified("oauth") },
    { tag: "optional", self: verified("token") },
    { tag: "optional", self: { tag: "scheme", name: "query", isVerified: false } }
  ),
  anyOf(...Array.from({ length: 64 }, () => verified("basic"))),
  // the order of names by code units
  {
    tag: "record",
    members: ["b", "a", "B", "_", "a2", "a10", "x-1", "aB", "10", "9"].map((name, index) => [
      name,
      index % 2 === 0 ? signature : scopes(oauth, index % 3 === 0 ? "read" : "write")
    ])
  },
  {
    tag: "record",
    members: [
      ["a10", two],
      ["a2", anyOf(signature, { tag: "public" })],
      ["Z", anyOf(verified("cookie"), { tag: "deny" }, verified("header"))]
    ]
  }
]

const random = (count: number): ReadonlyArray<Expression> => {
  const all = FastCheck.sample(
    FastCheck.tuple(
      expressions({ maxDepth: 2 }),
      expressions({ maxDepth: 3 }),
      expressions({ maxDepth: 4 })
    ),
    { seed, numRuns: count * 3 }
  ).flat()
  const bySource = new Map(all.map((expression) => [sourceOf(expression), expression]))
  return [...bySource.values()]
    .filter((expression) => expression.tag !== "scheme" && isMakeable(expression))
    .slice(0, count)
}

// ----------------------------------------------------------------------------
// as TypeScript
// ----------------------------------------------------------------------------

const sourceOf = (self: Expression): string => {
  switch (self.tag) {
    case "scheme":
      return self.isVerified ? `verified.${self.name}` : `bare.${self.name}`
    case "verifiedAny":
      return `${call(
        "anyOf",
        self.names.map((name) => `bare.${name}`)
      )}.pipe(Security.authenticate(verify))`
    case "public":
    case "deny":
      return `Security.${self.tag}`
    case "anyOf":
    case "allOf":
      return call(self.tag, self.members.map(sourceOf))
    case "record":
      return call("allOf", [
        `{ ${self.members
          .map(([name, member]) => `${JSON.stringify(name)}: ${sourceOf(member)}`)
          .join(", ")} }`
      ])
    case "optional":
      return call("optional", [sourceOf(self.self)])
    case "map":
      return `${sourceOf(self.self)}.pipe(Security.map(() => 1))`
    case "scopes": {
      const scopes = self.scopes.map((scope) => JSON.stringify(scope))
      // the data-first form, which takes the scopes that some scheme declares, has to say the same
      const provable = provableBy(self.self)
      const isDeclared = self.scopes.every((scope) =>
        leaves(self.self).some(({ name }) => provable(name, scope))
      )
      return self.scopes.length % 2 === 0 && isDeclared ?
          call("scopes", [sourceOf(self.self), ...scopes])
        : `${sourceOf(self.self)}.pipe(${call("scopes", scopes)})`
    }
    case "policy":
      throw new Error("a policy does not change the requirement")
  }
}

const call = (name: string, members: ReadonlyArray<string>): string =>
  `Security.${name}(${members.join(", ")})`

const typeOf = (self: Expression): string => {
  const alternatives = toValue(self).requirement.map((alternative) => {
    const needs = Object.entries(alternative).map(
      ([name, scopes]) => `readonly ${name}: readonly [${scopes.map(quoted).join(", ")}]`
    )
    return `{ ${needs.join("; ")} }`
  })
  return `readonly [${alternatives.join(", ")}]`
}

const quoted = (text: string): string => JSON.stringify(text)

const header = `// Generated by type-tests/generate.ts: do not edit.
import {
  ApiKey,
  Credential,
  HttpBasic,
  HttpBearer,
  OAuth2,
  Scheme,
  Security
} from "effect-security"
import { Effect } from "effect"
import { expectType } from "tsd"

const bare = {
  header: ApiKey.header("X-Key", { schemeName: "header" }),
  query: ApiKey.query("key", { schemeName: "query" }),
  cookie: ApiKey.cookie("session", { schemeName: "cookie", scopes: { read: "", admin: "" } }),
  basic: HttpBasic.make({ schemeName: "basic", scopes: { write: "" } }),
  oauth: OAuth2.authorizationCode({
    schemeName: "oauth",
    authorizationUrl: "https://id.example/auth",
    tokenUrl: "https://id.example/token",
    scopes: { read: "", write: "" }
  }),
  token: HttpBearer.make({ schemeName: "token", scopes: { read: "", admin: "" } }),
  signature: Scheme.make({
    schemeName: "signature",
    scheme: { type: "apiKey", in: "header", name: "X-Signature" },
    scopes: { write: "", admin: "" },
    extract: (request) => Credential.header(request, "x-signature")
  })
}

const verify = () => Effect.succeed(Security.grant("who"))

const verified = {
  header: bare.header.pipe(Security.authenticate(verify)),
  query: bare.query.pipe(Security.authenticate(verify)),
  cookie: bare.cookie.pipe(Security.authenticate(verify)),
  basic: bare.basic.pipe(Security.authenticate(verify)),
  oauth: bare.oauth.pipe(Security.authenticate(verify)),
  token: bare.token.pipe(Security.authenticate(verify)),
  signature: bare.signature.pipe(Security.authenticate(verify))
}
`

/** The text of the test file. */
export const generate = async (): Promise<string> => {
  const tests = [...chosen, ...random(240)].map(
    (expression) => `expectType<${typeOf(expression)}>(${sourceOf(expression)}.requirement)`
  )
  const options = await prettier.resolveConfig(file)
  return prettier.format([header, ...tests, ""].join("\n"), {
    ...options,
    parser: "typescript"
  })
}

if (
  process.argv[1] !== undefined &&
  realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)
) {
  writeFileSync(file, await generate())
}

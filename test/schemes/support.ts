/**
 * Runs tables of requests through the servers that requests come from: node:http over a socket, strict and lenient, and a
 * Fetch handler.
 */
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Http from "node:http"
import * as Net from "node:net"
import type * as SecurityError from "../../src/SecurityError.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/** One request, and what has to become of it. All text is bytes: one character each. */
export interface Case {
  readonly name: string
  readonly method?: string
  /** Path and query behind the scheme's own path: `?key=k`. */
  readonly target?: string
  /** Field lines as they are sent, duplicates included. */
  readonly headers?: ReadonlyArray<readonly [name: string, value: string]>
  readonly expect: Outcome
  /** `refused`: node's own parser answers 400, unless it is told to be lenient. */
  readonly node?: Outcome | "refused"
  /** `unsendable`: no Fetch `Request` can be made of it. */
  readonly web?: Outcome | "unsendable"
}

/** The value a scheme yields (secrets shown), or why it refuses. */
export type Outcome = { readonly value: unknown } | SecurityError.Unauthorized["reason"]

/** What was answered. */
export interface Answer {
  readonly status: number
  readonly challenges: ReadonlyArray<string>
  readonly headers: ReadonlyArray<readonly [string, string]>
  readonly body: string
}

export const ok = (value: unknown): Outcome => ({ value })

/** Bytes of a text in UTF-8, one character each. */
export const utf8 = (text: string): string => Buffer.from(text, "utf8").toString("latin1")

/** Base64 of a text's UTF-8. */
export const base64 = (text: string): string => Buffer.from(text, "utf8").toString("base64")

export const authorization = (...values: ReadonlyArray<string>): Pick<Case, "headers"> => ({
  headers: values.map((value) => ["Authorization", value])
})

// ----------------------------------------------------------------------------
// servers
// ----------------------------------------------------------------------------

type Scheme = Effect.Effect<unknown, SecurityError.Refusal, HttpServerRequest.HttpServerRequest>

/** Answers what the scheme yields, with its secrets shown. */
export const reveal = <E>(
  scheme: Effect.Effect<unknown, E, HttpServerRequest.HttpServerRequest>
): Effect.Effect<HttpServerResponse.HttpServerResponse, E, HttpServerRequest.HttpServerRequest> =>
  Effect.map(scheme, (credential) =>
    HttpServerResponse.unsafeJson({ value: revealed(credential) ?? null })
  )

const revealed = (credential: unknown): unknown =>
  Redacted.isRedacted(credential) ? Redacted.value(credential)
  : typeof credential === "object" && credential !== null ?
    Object.fromEntries(Object.entries(credential).map(([name, value]) => [name, revealed(value)]))
  : credential

/** Serves an app by node:http on a port of the system's choice. */
export const serve = async <E>(
  app: HttpApp.Default<E>,
  evaluate: () => Http.Server
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> => {
  const layer = Layer.provideMerge(
    HttpServer.serve(app),
    NodeHttpServer.layer(evaluate, { port: 0, host: "127.0.0.1" })
  )
  const runtime = ManagedRuntime.make(layer)
  const { address } = await runtime.runPromise(HttpServer.HttpServer)
  assert(address._tag === "TcpAddress")
  return { port: address.port, close: () => runtime.dispose() }
}

/** Writes bytes to a port of this machine and reads the answer until the server closes. */
export const exchange = (port: number, bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const chunks: Array<Buffer> = []
    const socket = Net.connect(port, "127.0.0.1", () => socket.write(Buffer.from(bytes, "latin1")))
    socket.on("data", (chunk) => chunks.push(chunk))
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("latin1")))
    socket.on("error", reject)
  })

export const parseAnswer = (text: string): Answer => {
  const [head = "", ...rest] = text.split("\r\n\r\n")
  const [statusLine = "", ...lines] = head.split("\r\n")
  const headers = lines.map((line): readonly [string, string] => {
    const colon = line.indexOf(":")
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  })
  return {
    status: Number(statusLine.split(" ")[1]),
    headers,
    challenges: valuesOf(headers, "www-authenticate"),
    body: Buffer.from(rest.join("\r\n\r\n"), "latin1").toString("utf8")
  }
}

export const valuesOf = (
  headers: ReadonlyArray<readonly [string, string]>,
  name: string
): ReadonlyArray<string> => headers.filter((field) => field[0] === name).map((field) => field[1])

// ----------------------------------------------------------------------------
// tables
// ----------------------------------------------------------------------------

/** What a table is about: its scheme, and the challenges it sends. */
export interface Table {
  readonly scheme: Scheme
  readonly cases: ReadonlyArray<Case>
  /** For a request without a credential; a pattern where there is a nonce in it. */
  readonly challenge: string | RegExp
  /** For a refused credential, if it differs. */
  readonly refusal?: string | RegExp
}

const messages = {
  absent: "Not authenticated",
  malformed: "Malformed credentials",
  invalid: "Invalid credentials"
}

/** Each case of each table, through each server. */
export const runTables = (tables: Readonly<Record<string, Table>>): void => {
  const names = Object.keys(tables)
  const app = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    const { pathname } = new URL(request.originalUrl, "http://localhost")
    const table = tables[names[Number(pathname.slice(1))] ?? ""]
    return table === undefined ? HttpServerResponse.empty({ status: 404 }) : reveal(table.scheme)
  })
  const options = { maxHeaderSize: 262_144 }
  const servers: Record<string, Awaited<ReturnType<typeof serve>>> = {}
  beforeAll(async () => {
    servers["node"] = await serve(app, () => Http.createServer(options))
    servers["node, lenient"] = await serve(app, () =>
      Http.createServer({ ...options, insecureHTTPParser: true })
    )
  })
  afterAll(async () => {
    await Promise.all(Object.values(servers).map((server) => server.close()))
  })

  const overSocket = async (server: string, bytes: string): Promise<Answer> =>
    parseAnswer(await exchange(servers[server]?.port ?? 0, bytes))
  const handler = HttpApp.toWebHandler(app)
  const overFetch = async (request: Request): Promise<Answer> => {
    const response = await handler(request)
    const headers = [...response.headers]
    return {
      status: response.status,
      headers,
      challenges: valuesOf(headers, "www-authenticate"),
      body: await response.text()
    }
  }

  const check = (table: Table, { method }: Case, expected: Outcome, answer: Answer): void => {
    const content: unknown = method === "HEAD" ? undefined : JSON.parse(answer.body)
    if (typeof expected === "object") {
      assert.strictEqual(answer.status, 200, answer.body)
      if (method !== "HEAD") assert.deepStrictEqual(content, expected)
      return
    }
    assert.strictEqual(answer.status, 401, answer.body)
    const challenge = expected === "absent" ? table.challenge : (table.refusal ?? table.challenge)
    // several field lines are one list
    const sent = answer.challenges.join(", ")
    if (typeof challenge === "string") assert.strictEqual(sent, challenge)
    else assert.match(sent, challenge)
    if (method !== "HEAD") {
      const message = messages[expected]
      assert.deepStrictEqual(content, { _tag: "Unauthorized", reason: expected, message })
    }
  }

  const toBytes = (target: string, { headers = [], method = "GET" }: Case): string =>
    [
      `${method} ${target} HTTP/1.1`,
      "Host: localhost",
      "Connection: close",
      ...headers.map(([name, value]) => `${name}: ${value}`),
      "\r\n"
    ].join("\r\n")
  const toRequest = (target: string, { headers = [], method = "GET" }: Case): Request =>
    new Request(`http://localhost${target}`, {
      method,
      headers: headers.map(([name, value]): [string, string] => [name, value])
    })

  for (const [number, name] of names.entries()) {
    const table = tables[name]
    if (table === undefined) continue
    for (const server of ["node", "node, lenient"]) {
      describe(`${name}, ${server}`, () => {
        it.for([...table.cases])("$name", async (each) => {
          const answer = await overSocket(server, toBytes(`/${number}${each.target ?? ""}`, each))
          const expected = each.node ?? each.expect
          if (expected !== "refused") check(table, each, expected, answer)
          else if (server === "node") assert.strictEqual(answer.status, 400)
          else if (answer.status !== 400) check(table, each, each.expect, answer)
        })
      })
    }
    describe(`${name}, fetch`, () => {
      it.for([...table.cases])("$name", async (each) => {
        const expected = each.web ?? each.expect
        const target = `/${number}${each.target ?? ""}`
        if (expected === "unsendable") {
          assert.throws(() => toRequest(target, each))
        } else {
          check(table, each, expected, await overFetch(toRequest(target, each)))
        }
      })
    })
  }
}

// ----------------------------------------------------------------------------
// cases that several schemes share
// ----------------------------------------------------------------------------

/** Methods: the decision is the same for each. */
export const methods = (
  accepted: Pick<Case, "headers" | "target"> & { readonly value: unknown },
  refused: Pick<Case, "headers" | "target">
): ReadonlyArray<Case> =>
  ["HEAD", "OPTIONS", "POST", "DELETE", "PROPFIND", "TRACE", "FOO"].flatMap((method) => {
    const sent = {
      method,
      ...(method === "FOO" && { node: "refused" as const }),
      ...(method === "TRACE" && { web: "unsendable" as const })
    }
    const { headers, target, value } = accepted
    return [
      { ...sent, name: `${method} without a credential`, expect: "absent" as const },
      { ...sent, ...refused, name: `${method} with a broken one`, expect: "malformed" as const },
      {
        ...sent,
        ...(headers && { headers }),
        ...(target !== undefined && { target }),
        name: `${method} with a credential`,
        expect: ok(value)
      }
    ]
  })

/**
 * What every scheme that reads `Authorization` has to withstand: `good` is a credential that it takes, `other` one that it would
 * take as well if it chose one of two.
 */
export const authorizationCases = (
  authScheme: string,
  good: string,
  other: string,
  value: unknown
): ReadonlyArray<Case> => {
  const lower = authScheme.toLowerCase()
  const mixed = [...lower].map((c, i) => (i % 2 === 0 ? c : c.toUpperCase())).join("")
  const length = authScheme.length
  const firstSeen = (first: string) => ({ web: first === lower ? "malformed" : "absent" }) as const
  return [
    { name: "nothing", expect: "absent" },
    { name: "a credential", ...authorization(`${authScheme} ${good}`), expect: ok(value) },
    { name: "lower case", ...authorization(`${lower} ${good}`), expect: ok(value) },
    {
      name: "upper case",
      ...authorization(`${authScheme.toUpperCase()} ${good}`),
      expect: ok(value)
    },
    { name: "mixed case", ...authorization(`${mixed} ${good}`), expect: ok(value) },
    { name: "two spaces", ...authorization(`${authScheme}  ${good}`), expect: ok(value) },
    { name: "many spaces", ...authorization(`${authScheme}        ${good}`), expect: ok(value) },
    {
      name: "white space around the field's value",
      ...authorization(` \t ${authScheme} ${good} \t `),
      expect: ok(value)
    },
    {
      name: "a field name in capitals",
      headers: [["AUTHORIZATION", `${authScheme} ${good}`]],
      expect: ok(value)
    },
    { name: "a TAB", ...authorization(`${authScheme}\t${good}`), expect: "malformed" },
    {
      name: "a space and a TAB",
      ...authorization(`${authScheme} \t${good}`),
      expect: "malformed"
    },
    {
      name: "a no-break space",
      ...authorization(`${authScheme}\u00A0${good}`),
      expect: "malformed"
    },
    {
      name: "a no-break space in UTF-8",
      ...authorization(utf8(`${authScheme}\u00A0${good}`)),
      expect: "malformed"
    },
    { name: "a comma", ...authorization(`${authScheme},${good}`), expect: "malformed" },
    { name: "a colon", ...authorization(`${authScheme}: ${good}`), expect: "malformed" },
    { name: "an equals sign", ...authorization(`${authScheme}=${good}`), expect: "malformed" },
    { name: "no space", ...authorization(`${authScheme}${good}`), expect: "absent" },
    { name: "the scheme alone", ...authorization(authScheme), expect: "malformed" },
    {
      name: "the scheme and spaces",
      ...authorization(`${authScheme}   `),
      expect: "malformed"
    },
    { name: "an empty field", ...authorization(""), expect: "absent" },
    { name: "only the credential", ...authorization(good), expect: "absent" },
    {
      name: "a longer scheme",
      ...authorization(`${authScheme}X ${good}`),
      expect: "absent"
    },
    {
      name: "a longer scheme with a hyphen",
      ...authorization(`${authScheme}-2 ${good}`),
      expect: "absent"
    },
    {
      name: "a shorter scheme",
      ...authorization(`${authScheme.slice(0, -1)} ${good}`),
      expect: "absent"
    },
    {
      name: "other text as long as the scheme",
      ...authorization(`${"1234567890".repeat(3).slice(0, length + 1)}${good}`),
      expect: "absent"
    },
    {
      name: "another scheme as long",
      ...authorization(`${"x".repeat(length)} ${good}`),
      expect: "absent"
    },
    {
      name: "the scheme after a comma",
      ...authorization(`, ${authScheme} ${good}`),
      expect: "absent"
    },
    {
      name: "the scheme after another",
      ...authorization(`Other ${authScheme} ${good}`),
      expect: "absent"
    },
    { name: "quoted", ...authorization(`"${authScheme}" ${good}`), expect: "absent" },
    {
      name: "a prototype's member as the scheme",
      ...authorization(`__proto__ ${good}`),
      expect: "absent"
    },
    {
      name: "a letter beyond ASCII in the scheme",
      ...authorization(`${authScheme.slice(0, -1)}\u00E9 ${good}`),
      expect: "absent"
    },
    {
      name: "two fields, the same",
      ...authorization(`${authScheme} ${good}`, `${authScheme} ${good}`),
      expect: "malformed"
    },
    {
      name: "two fields, both right",
      ...authorization(`${authScheme} ${good}`, `${authScheme} ${other}`),
      expect: "malformed"
    },
    {
      name: "two fields, another scheme second",
      ...authorization(`${authScheme} ${good}`, "Other abc"),
      expect: "malformed"
    },
    {
      name: "two fields, another scheme first",
      ...authorization("Other abc", `${authScheme} ${good}`),
      expect: "malformed",
      ...firstSeen("other")
    },
    {
      name: "two fields, an empty one first",
      ...authorization("", `${authScheme} ${good}`),
      expect: "malformed",
      ...firstSeen("")
    },
    {
      name: "two fields of different case",
      headers: [
        ["authorization", `${authScheme} ${good}`],
        ["AUTHORIZATION", `${authScheme} ${other}`]
      ],
      expect: "malformed"
    },
    {
      name: "two credentials joined by a comma",
      ...authorization(`${authScheme} ${good}, ${authScheme} ${other}`),
      expect: "malformed"
    },
    {
      name: "two credentials joined by a comma without space",
      ...authorization(`${authScheme} ${good},${authScheme} ${other}`),
      expect: "malformed"
    },
    {
      name: "a NUL in the credential",
      ...authorization(`${authScheme} ${good.slice(0, 3)}\0${good.slice(3)}`),
      expect: "malformed",
      node: "refused",
      web: "unsendable"
    },
    {
      name: "a control character in the credential",
      ...authorization(`${authScheme} ${good.slice(0, 3)}\x01${good.slice(3)}`),
      expect: "malformed",
      node: "refused"
    },
    {
      name: "a line break in the credential",
      ...authorization(`${authScheme} ${good.slice(0, 3)}\r\n ${good.slice(3)}`),
      expect: "malformed",
      node: "refused",
      web: "unsendable"
    },
    {
      name: "a folded line before the credential",
      ...authorization(`${authScheme}\r\n ${good}`),
      // what a lenient parser joins by a space is one credential
      expect: ok(value),
      node: "refused",
      web: "unsendable"
    },
    {
      name: "a bare line feed in the credential",
      ...authorization(`${authScheme} ${good}\nX: y`),
      expect: ok(value),
      node: "refused",
      web: "unsendable"
    },
    {
      name: "64 kB of credential",
      ...authorization(`${authScheme} ${"a".repeat(65_536)}`),
      expect: "malformed"
    },
    {
      name: "64 kB of spaces",
      ...authorization(`${authScheme}${" ".repeat(65_536)}${good}`),
      expect: "malformed"
    },
    {
      name: "64 kB of scheme",
      ...authorization(`${authScheme.repeat(Math.floor(65_536 / length))} ${good}`),
      expect: "absent"
    },
    {
      name: "64 kB of commas",
      ...authorization(`${authScheme} ${",".repeat(65_536)}`),
      expect: "malformed"
    },
    {
      name: "100 fields",
      ...authorization(...Array.from({ length: 100 }, () => `${authScheme} ${good}`)),
      expect: "malformed"
    },
    {
      name: "a credential in Proxy-Authorization",
      headers: [["Proxy-Authorization", `${authScheme} ${good}`]],
      expect: "absent"
    },
    {
      name: "a credential in X-Forwarded-Authorization",
      headers: [["X-Forwarded-Authorization", `${authScheme} ${good}`]],
      expect: "absent"
    },
    {
      name: "a credential in the query",
      target: `?access_token=${encodeURIComponent(good)}&authorization=${encodeURIComponent(good)}`,
      expect: "absent"
    },
    {
      name: "a credential in a cookie",
      headers: [["Cookie", `authorization=${encodeURIComponent(good)}`]],
      expect: "absent"
    },
    ...methods(
      { ...authorization(`${authScheme} ${good}`), value },
      authorization(`${authScheme}\t${good}`)
    )
  ]
}

/** A bad request as data: what is sent, and what has to be answered. */
import { assert } from "@effect/vitest"
import { exchange, parseAnswer } from "../routers/support.ts"
import type * as Scheme from "../schemes/support.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

export type Fields = ReadonlyArray<readonly [name: string, value: string]>

/** One request. All text is bytes: one character each. */
export interface Case {
  /** The class (the RFC's section, the CVE), and what is wrong. */
  readonly title: string
  readonly method?: string
  readonly target: string
  /** Field lines as they are sent, duplicates included. */
  readonly headers?: Fields
  readonly body?: string
  readonly expect: Expected
  /** Node's own parser answers, before any of the API runs: 400 for what is no HTTP, 431 for more than 16 kB of header. */
  readonly node?: 400 | 431 | Expected
  /** `unsendable`: no Fetch `Request` can be made of it. */
  readonly web?: "unsendable" | Expected
  /** How often it is sent: the last answer is judged. */
  readonly times?: number
}

export interface Expected {
  readonly status: number
  /** `WWW-Authenticate`, several lines as one list; a pattern where there is a nonce in it. */
  readonly challenge?: string | RegExp
  /** The body's `reason`, or `error`. */
  readonly says?: string
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

// ----------------------------------------------------------------------------
// making
// ----------------------------------------------------------------------------

/** Cases of one class, by what is wrong in each. */
export const group = (
  title: string,
  common: Omit<Case, "title">,
  cases: Readonly<Record<string, Partial<Omit<Case, "title">>>>
): ReadonlyArray<Case> =>
  Object.entries(cases).map(([name, each]) => ({ ...common, ...each, title: `${title}: ${name}` }))

/** What a scheme answers, by what became of the credential. */
export const unauthorized = (absent: string | RegExp, refused = absent) => ({
  absent: { status: 401, challenge: absent, says: "absent" },
  malformed: { status: 401, challenge: refused, says: "malformed" },
  invalid: { status: 401, challenge: refused, says: "invalid" }
})

/** The cases of a scheme's own table that it refuses, sent to a route. */
export const fromScheme = (
  title: string,
  target: string,
  answers: ReturnType<typeof unauthorized>,
  cases: ReadonlyArray<Scheme.Case>
): ReadonlyArray<Case> =>
  cases.flatMap(({ name, ...each }) => {
    if (typeof each.expect === "object" || typeof each.node === "object") return []
    if (typeof each.web === "object") return []
    return [
      {
        title: `${title}: ${name}`,
        target: target + (each.target ?? ""),
        ...(each.method !== undefined && { method: each.method }),
        ...(each.headers && { headers: each.headers }),
        expect: answers[each.expect],
        ...(each.node === "refused" ? { node: 400 as const }
        : isLong(each.headers) ? { node: 431 as const }
        : each.node !== undefined && { node: answers[each.node] }),
        ...(each.method === "FOO" ?
          { web: { status: 404 } }
        : each.web !== undefined && {
            web: each.web === "unsendable" ? each.web : answers[each.web]
          })
      }
    ]
  })

const isLong = (headers: Fields = []): boolean =>
  headers.reduce((length, [name, value]) => length + name.length + value.length, 0) > 16_000

export const authorization = (...values: ReadonlyArray<string>): { readonly headers: Fields } => ({
  headers: values.map((value) => ["Authorization", value])
})

// ----------------------------------------------------------------------------
// sending
// ----------------------------------------------------------------------------

/** Sends a request as bytes over a socket. */
export const overSocket = async (port: number, each: Case): Promise<Answer> =>
  parseAnswer(await exchange(port, bytesOf(each)))

const bytesOf = ({ body, headers = [], method = "GET", target }: Case): string =>
  [
    `${method} ${target} HTTP/1.1`,
    "Host: localhost",
    "Connection: close",
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined ? [] : [`Content-Length: ${body.length}`]),
    "",
    body ?? ""
  ].join("\r\n")

export const requestOf = ({ body, headers = [], method = "GET", target }: Case): Request =>
  new Request(`http://localhost${target}`, {
    method,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
    ...(body !== undefined && { body: Buffer.from(body, "latin1") })
  })

export const overFetch = async (
  handler: (request: Request) => Promise<Response>,
  each: Case
): Promise<Answer> => {
  const response = await handler(requestOf(each))
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text()
  }
}

// ----------------------------------------------------------------------------
// judging
// ----------------------------------------------------------------------------

export const check = ({ method, target }: Case, expected: Expected, answer: Answer): void => {
  const { headers, status } = answer
  const challenge = headers["www-authenticate"]
  assert.strictEqual(status, expected.status, answer.body)
  if (expected.challenge instanceof RegExp) assert.match(challenge ?? "", expected.challenge)
  else assert.strictEqual(challenge, expected.challenge)
  if (target.startsWith("/token")) assert.strictEqual(headers["cache-control"], "no-store")
  if (status === 503 || status === 429) assert.match(headers["retry-after"] ?? "", /^[1-9]\d*$/)
  if (method === "HEAD" || status === 404 || status === 200) return
  const body: Record<string, unknown> = JSON.parse(answer.body)
  if (body["error"] !== undefined) assert.strictEqual(body["error"], expected.says)
  // of the credential, of the key, of what was wrong with it: nothing
  else assert.deepStrictEqual(body, bodyOf(expected))
}

const bodyOf = ({ says, status }: Expected): unknown => {
  switch (status) {
    case 401:
      return { _tag: "Unauthorized", reason: says, message: messages[says ?? ""] }
    case 403:
      return { _tag: "Forbidden", message: "Insufficient scope" }
    case 429:
      return { _tag: "TooManyRequests", message: "Too many attempts", retryAfter: 3600 }
    default: {
      const message = "The credential can't be verified now"
      return { _tag: "ServiceUnavailable", message, retryAfter: 5 }
    }
  }
}

const messages: Readonly<Record<string, string>> = {
  absent: "Not authenticated",
  malformed: "Malformed credentials",
  invalid: "Invalid credentials"
}

/** Node's own answer: nothing of the API has run. */
export const checkNode = (status: number, answer: Answer): void => {
  assert.deepStrictEqual(
    [answer.status, answer.body, answer.headers["www-authenticate"]],
    [status, "", undefined]
  )
}

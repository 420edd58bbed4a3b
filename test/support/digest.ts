/** A Digest client of the tests' own, written from RFC 7616: it shares no code with the library. */
import { createHash } from "node:crypto"

export interface Challenge {
  readonly realm: string
  readonly nonce: string
  readonly algorithm: string
  readonly qop: string
  readonly opaque: string | undefined
  readonly stale: string | undefined
  readonly userhash: string | undefined
}

/** The challenges of a `WWW-Authenticate` whose values hold no escapes. */
export const challengesIn = (field: string | null): ReadonlyArray<Challenge> =>
  (field ?? "")
    .split(/(?:^|, )Digest /)
    .slice(1)
    .map((text) => {
      const value = (name: string) => {
        const [, quoted, bare] = new RegExp(`\\b${name}=(?:"([^"]*)"|([^,]+))`).exec(text) ?? []
        return quoted ?? bare
      }
      return {
        realm: value("realm") ?? "",
        nonce: value("nonce") ?? "",
        algorithm: value("algorithm") ?? "",
        qop: value("qop") ?? "",
        opaque: value("opaque"),
        stale: value("stale"),
        userhash: value("userhash")
      }
    })

export const hash = (algorithm: string, data: string | Uint8Array): string =>
  createHash(
    algorithm.startsWith("MD5") ? "md5"
    : algorithm.startsWith("SHA-512-256") ? "sha512-256"
    : "sha256"
  )
    .update(data)
    .digest("hex")

/** What a client answers with; every field can be another than it should. */
export interface Answer {
  readonly username: string
  readonly password: string
  readonly realm: string
  readonly nonce: string
  readonly uri: string
  readonly method: string
  readonly algorithm: string
  readonly qop: string
  readonly nc: string
  readonly cnonce: string
  readonly opaque: string | undefined
  readonly userhash: boolean
  readonly body: string
}

const key = ({ algorithm, cnonce, nonce, password, realm, username }: Answer): string => {
  const ha1 = hash(algorithm, `${username}:${realm}:${password}`)
  return algorithm.endsWith("-sess") ? hash(algorithm, `${ha1}:${nonce}:${cnonce}`) : ha1
}

const sum = (answer: Answer, method: string, body: string): string => {
  const { algorithm, cnonce, nc, nonce, qop, uri } = answer
  const a2 = qop === "auth-int" ? `${method}:${uri}:${hash(algorithm, body)}` : `${method}:${uri}`
  return hash(algorithm, [key(answer), nonce, nc, cnonce, qop, hash(algorithm, a2)].join(":"))
}

export const response = (answer: Answer): string => sum(answer, answer.method, answer.body)

export const rspauth = (answer: Answer, body: string): string => sum(answer, "", body)

const quote = (text: string): string =>
  `"${Buffer.from(text, "utf8").toString("latin1").replace(/["\\]/g, "\\$&")}"`

/** The parameters as they are sent, by name; bytes are one character each. */
export const parameters = (answer: Answer): Record<string, string> => ({
  username: quote(
    answer.userhash ? hash(answer.algorithm, `${answer.username}:${answer.realm}`) : answer.username
  ),
  realm: quote(answer.realm),
  nonce: quote(answer.nonce),
  uri: quote(answer.uri),
  algorithm: answer.algorithm,
  qop: answer.qop,
  nc: answer.nc,
  cnonce: quote(answer.cnonce),
  response: quote(response(answer)),
  ...(answer.opaque !== undefined && { opaque: quote(answer.opaque) }),
  ...(answer.userhash && { userhash: "true" })
})

export const print = (parameters: Readonly<Record<string, string | undefined>>): string =>
  `Digest ${Object.entries(parameters)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
    .join(", ")}`

export const authorization = (answer: Answer): string => print(parameters(answer))

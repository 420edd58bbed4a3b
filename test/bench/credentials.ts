/** Credentials that are right, and those that everyone has to refuse. */
import * as Jose from "jose"
import * as Crypto from "node:crypto"
import { base64url, pair, type Pair, sign } from "../support/tokens.ts"

export const issuer = "https://id.example"
export const audience = "https://api.example"

export const secret = "3f9c1e7a5d2b48609b7e4c1d8a6f0352"
export const password = "correct horse battery staple"

const expected = Buffer.from(secret)
const expectedPassword = Buffer.from(password)

const isSame = (text: string, right: Buffer): boolean => {
  const bytes = Buffer.from(text)
  return bytes.length === right.length && Crypto.timingSafeEqual(bytes, right)
}

/** The check that every contender without one of its own makes. */
export const isSecret = (text: string): boolean => isSame(text, expected)

export const isPassword = (username: string, text: string): boolean =>
  username === "johndoe" && isSame(text, expectedPassword)

export type Headers = Readonly<Record<string, string>>

const basic = (username: string, text: string): string =>
  `Basic ${Buffer.from(`${username}:${text}`).toString("base64")}`

/** The headers of requests of one scheme: right, and wrong in one way each. */
export interface Case {
  readonly scheme: string
  /** Right; distinct where there are several. */
  readonly right: ReadonlyArray<Headers>
  readonly wrong: Readonly<Record<string, Headers>>
}

export const simple: Readonly<Record<"API key" | "Basic" | "Bearer", Case>> = {
  "API key": {
    scheme: "API key",
    right: [{ "x-api-key": secret }],
    wrong: {
      absent: {},
      malformed: { "x-api-key": "" },
      wrong: { "x-api-key": `${secret.slice(1)}0` }
    }
  },
  Basic: {
    scheme: "Basic",
    right: [{ authorization: basic("johndoe", password) }],
    wrong: {
      absent: {},
      malformed: { authorization: "Basic *" },
      wrong: { authorization: basic("johndoe", `${password.slice(1)}x`) }
    }
  },
  Bearer: {
    scheme: "Bearer",
    right: [{ authorization: `Bearer ${secret}` }],
    wrong: {
      absent: {},
      malformed: { authorization: "Bearer " },
      wrong: { authorization: `Bearer ${secret.slice(1)}0` }
    }
  }
}

// ----------------------------------------------------------------------------
// tokens
// ----------------------------------------------------------------------------

export type Algorithm = "HS256" | "RS256" | "ES256" | "EdDSA"

export const algorithms: ReadonlyArray<Algorithm> = ["HS256", "RS256", "ES256", "EdDSA"]

const hmacSecret = Crypto.createHash("sha256").update("benchmarks").digest()

export interface Keys {
  readonly alg: Algorithm
  /** For `Jwt.authenticate`: a key set, or the secret. */
  readonly jwk: { readonly [member: string]: unknown }
  readonly secret: Uint8Array
  readonly keyObject: Crypto.KeyObject
  readonly cryptoKey: CryptoKey
  /** The public key as PEM; the secret as it is. */
  readonly pem: string | Buffer
  readonly sign: (
    claims: object,
    options?: { readonly alg?: string; readonly header?: object }
  ) => string
}

export const makeKeys = async (alg: Algorithm): Promise<Keys> => {
  const kid = `bench-${alg}`
  if (alg === "HS256") {
    const jwk = { kty: "oct", k: base64url(hmacSecret), kid, alg }
    return {
      alg,
      jwk,
      secret: hmacSecret,
      keyObject: Crypto.createSecretKey(hmacSecret),
      cryptoKey: await imported(jwk, alg),
      pem: hmacSecret,
      sign: (claims, { alg: other = alg, header } = {}) =>
        sign({ alg: other, kid, typ: "at+jwt", ...header }, claims, hmacSecret, other)
    }
  }
  const made: Pair = pair(alg, kid)
  return {
    alg,
    jwk: made.jwk,
    secret: hmacSecret,
    keyObject: made.publicKey,
    cryptoKey: await imported(made.jwk, alg),
    pem: made.publicKey.export({ type: "spki", format: "pem" }),
    // the classic: the public key taken for a secret
    sign: (claims, { alg: other = alg, header } = {}) =>
      sign(
        { alg: other, kid, typ: "at+jwt", ...header },
        claims,
        other.startsWith("HS") ?
          made.publicKey.export({ type: "spki", format: "pem" })
        : made.privateKey,
        other
      )
  }
}

const imported = async (jwk: object, alg: string): Promise<CryptoKey> => {
  const key = await Jose.importJWK(jwk as Jose.JWK, alg)
  return key instanceof Uint8Array ?
      crypto.subtle.importKey(
        "raw",
        new Uint8Array(key),
        { name: "HMAC", hash: "SHA-256" },
        false,
        ["verify"]
      )
    : key
}

const claims = (number: number): object => {
  const now = Math.floor(Date.now() / 1000)
  return {
    iss: issuer,
    aud: audience,
    sub: "johndoe",
    client_id: "bench",
    iat: now,
    exp: now + 86_400,
    jti: `token-${number}`,
    scope: "items:read items:write"
  }
}

export const token = (keys: Keys, number: number): string => keys.sign(claims(number))

/** The right tokens of a key, and one of each kind that everyone has to refuse. */
export const tokens = (
  keys: Keys,
  count: number
): { readonly right: ReadonlyArray<string>; readonly wrong: Readonly<Record<string, string>> } => {
  const right = Array.from({ length: count }, (_, number) => token(keys, number))
  const signed = token(keys, 0)
  const at = signed.lastIndexOf(".") + 10
  return {
    right,
    wrong: {
      malformed: "not.a.token",
      "bad signature": `${signed.slice(0, at)}${signed[at] === "A" ? "B" : "A"}${signed.slice(at + 1)}`,
      expired: keys.sign({ ...claims(0), exp: Math.floor(Date.now() / 1000) - 3600 }),
      "other algorithm": keys.sign(claims(0), { alg: keys.alg === "HS256" ? "HS512" : "HS256" })
    }
  }
}

export const tokenCase = (keys: Keys, count: number): Case => {
  const { right, wrong } = tokens(keys, count)
  return {
    scheme: keys.alg,
    right: right.map(bearer),
    wrong: {
      absent: {},
      ...Object.fromEntries(Object.entries(wrong).map(([name, each]) => [name, bearer(each)]))
    }
  }
}

export const bearer = (text: string): Headers => ({ authorization: `Bearer ${text}` })

/** Tokens as an attacker or a careless issuer would make them: every byte of them is the caller's. */
import * as Crypto from "node:crypto"

export interface Pair {
  readonly alg: string
  readonly kid: string
  readonly privateKey: Crypto.KeyObject
  readonly publicKey: Crypto.KeyObject
  /** The public JWK, with `kid` and `alg`. */
  readonly jwk: { readonly [member: string]: unknown }
}

export const pair = (alg: string, kid: string, bits = 2048): Pair => {
  const { privateKey, publicKey } = keyPair(alg, bits)
  return {
    alg,
    kid,
    privateKey,
    publicKey,
    jwk: { ...publicKey.export({ format: "jwk" }), kid, alg }
  }
}

const keyPair = (alg: string, bits: number): Crypto.KeyPairKeyObjectResult =>
  /^[RP]S/.test(alg) ? Crypto.generateKeyPairSync("rsa", { modulusLength: bits })
  : alg === "ES256" ? Crypto.generateKeyPairSync("ec", { namedCurve: "P-256" })
  : alg === "ES384" ? Crypto.generateKeyPairSync("ec", { namedCurve: "P-384" })
  : alg === "ES512" ? Crypto.generateKeyPairSync("ec", { namedCurve: "P-521" })
  : Crypto.generateKeyPairSync("ed25519")

export const base64url = (data: string | Uint8Array): string =>
  Buffer.from(data).toString("base64url")

const textOf = (part: object | string | Uint8Array): string | Uint8Array =>
  typeof part === "string" || part instanceof Uint8Array ? part : JSON.stringify(part)

/** The signature of `input` by an algorithm, whatever the header says. */
export const signature = (
  input: string,
  key: Crypto.KeyObject | string | Uint8Array,
  alg: string
): Uint8Array => {
  const hash = `sha${alg.slice(2)}`
  if (alg.startsWith("HS")) {
    return Crypto.createHmac(hash, key).update(input).digest()
  }
  const privateKey = key as Crypto.KeyObject
  const data = Buffer.from(input)
  return (
    alg.startsWith("RS") ? Crypto.sign(hash, data, privateKey)
    : alg.startsWith("PS") ?
      Crypto.sign(hash, data, {
        key: privateKey,
        padding: Crypto.constants.RSA_PKCS1_PSS_PADDING,
        saltLength: Number(alg.slice(2)) / 8
      })
    : alg.startsWith("ES") ? Crypto.sign(hash, data, { key: privateKey, dsaEncoding: "ieee-p1363" })
    : Crypto.sign(null, data, privateKey)
  )
}

/** A compact JWS of a header and a payload, each an object, or its exact text or bytes. */
export const sign = (
  header: object | string | Uint8Array,
  payload: object | string | Uint8Array,
  key: Crypto.KeyObject | string | Uint8Array,
  alg: string
): string => {
  const input = `${base64url(textOf(header))}.${base64url(textOf(payload))}`
  return `${input}.${base64url(signature(input, key, alg))}`
}

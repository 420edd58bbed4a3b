/**
 * One key: read strictly, bound to one algorithm, and able to do nothing but verify.
 *
 * @see [RFC 7517](https://www.rfc-editor.org/rfc/rfc7517.html)
 * @see [RFC 7518](https://www.rfc-editor.org/rfc/rfc7518.html)
 * @since 0.1.0
 */
import { importJWK } from "jose"
import { createHmac, createPublicKey, createSecretKey, timingSafeEqual } from "node:crypto"
import * as Base64Url from "../pure/Base64Url.ts"

// ----------------------------------------------------------------------------
// algorithms
// ----------------------------------------------------------------------------

/**
 * The algorithms whose keys are public (RFC 7518, section 3.1; RFC 8037; RFC 9864).
 *
 * @category models
 * @since 0.1.0
 */
export type AsymmetricAlgorithm =
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "ES512"
  | "EdDSA"
  | "Ed25519"

/**
 * The algorithms whose key is a secret that issuer and API share (RFC 7518, section 3.2).
 *
 * @category models
 * @since 0.1.0
 */
export type SymmetricAlgorithm = "HS256" | "HS384" | "HS512"

/**
 * The algorithms of RSA keys.
 *
 * @category models
 * @since 0.1.0
 */
export type RsaAlgorithm = Extract<AsymmetricAlgorithm, `RS${string}` | `PS${string}`>

/**
 * Every algorithm that a key can be bound to. There is no `none`.
 *
 * @category models
 * @since 0.1.0
 */
export type Algorithm = AsymmetricAlgorithm | SymmetricAlgorithm

/**
 * All asymmetric algorithms.
 *
 * @category constants
 * @since 0.1.0
 */
export const asymmetric: ReadonlyArray<AsymmetricAlgorithm> = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519"
]

/**
 * All symmetric algorithms.
 *
 * @category constants
 * @since 0.1.0
 */
export const symmetric: ReadonlyArray<SymmetricAlgorithm> = ["HS256", "HS384", "HS512"]

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * A key, bound to one algorithm.
 *
 * @category models
 * @since 0.1.0
 */
export interface Key {
  readonly kid: string | undefined
  readonly alg: Algorithm
  /** Whether a JWS in compact serialization, which has been found well-formed, was signed with the key. It never throws. */
  readonly verifies: (token: string) => boolean | Promise<boolean>
}

/**
 * A JWK that was found good: its members are those that the key consists of, and no other.
 *
 * @category models
 * @since 0.1.0
 */
export interface Material {
  readonly kid: string | undefined
  readonly alg: Algorithm
  readonly jwk: { readonly [member: string]: string }
}

/**
 * Whether a JWK was found good.
 *
 * @category guards
 * @since 0.1.0
 */
export const isMaterial = (read: Material | string): read is Material => typeof read !== "string"

/**
 * Whether a key is a secret.
 *
 * @category guards
 * @since 0.1.0
 */
export const isSecret = ({ jwk }: Material): boolean => jwk["kty"] === "oct"

// ----------------------------------------------------------------------------
// reading
// ----------------------------------------------------------------------------

/**
 * What a JWK is made into, or why it can't be used. The reasons name its `kid`, and nothing of the key.
 *
 * An RSA key that does not say its algorithm by `alg` is bound to `rsaAlgorithm`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const read = (input: unknown, rsaAlgorithm: RsaAlgorithm = "RS256"): Material | string => {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return "no object"
  const jwk: { readonly [member: string]: unknown } = Object.assign(Object.create(null), input)
  const { alg, key_ops: operations, kid, kty, use } = jwk
  if (kid !== undefined && typeof kid !== "string") return "a kid that is no string"
  const refused = (reason: string): string =>
    kid === undefined ? reason : `${JSON.stringify(kid.slice(0, 100))} has ${reason}`
  if (use !== undefined && use !== "sig") return refused("another use than sig")
  if (operations !== undefined && !isForVerifying(operations)) {
    return refused("key_ops without verify")
  }
  if (alg !== undefined && typeof alg !== "string") return refused("an alg that is no string")
  const kind = typeof kty === "string" ? kinds.get(kty) : undefined
  if (kind === undefined) return refused("an unknown kty")
  const found = kind(jwk, rsaAlgorithm)
  if (typeof found === "string") return refused(found)
  const bound = found.algs.find((each) => each === (alg ?? found.algs[0]))
  if (bound === undefined) return refused("an alg that is not its kty's")
  const problem = found.problem?.(bound)
  if (problem !== undefined) return refused(problem)
  return isImportable(found.jwk) ?
      { kid, alg: bound, jwk: found.jwk }
    : refused("a value that is no key")
}

const isForVerifying = (operations: unknown): boolean =>
  Array.isArray(operations) &&
  operations.every((operation) => typeof operation === "string") &&
  new Set(operations).size === operations.length &&
  operations.includes("verify")

interface Read {
  readonly jwk: Material["jwk"]
  /** The algorithms that the key can be bound to, first the one of a key that does not say. */
  readonly algs: ReadonlyArray<Algorithm>
  readonly problem?: (alg: Algorithm) => string | undefined
}

type Kind = (
  jwk: { readonly [member: string]: unknown },
  rsaAlgorithm: RsaAlgorithm
) => Read | string

const bytesOf = (value: unknown): Uint8Array | undefined =>
  typeof value === "string" && value !== "" ? Base64Url.decode(value) : undefined

const rsa: Kind = ({ e, n }, rsaAlgorithm) => {
  const modulus = bytesOf(n)
  const exponent = bytesOf(e)
  if (modulus === undefined || exponent === undefined) return "a broken n or e"
  const bits = bitsOf(modulus)
  if (bits < 2048) return "less than 2048 bits"
  if (bits > 16_384) return "more than 16384 bits"
  if (bitsOf(exponent) < 2 || bitsOf(exponent) > 64 || ((exponent.at(-1) ?? 0) & 1) === 0) {
    return "an e that is not odd, is 1 or too large"
  }
  if (isRoca(modulus)) return "a modulus of a generator that is known to be weak (CVE-2017-15361)"
  return {
    jwk: { kty: "RSA", n: String(n), e: String(e) },
    algs: [rsaAlgorithm, ...asymmetric.filter((alg) => /^[RP]S/.test(alg))]
  }
}

const curves = new Map<unknown, readonly [alg: Algorithm, length: number]>([
  ["P-256", ["ES256", 32]],
  ["P-384", ["ES384", 48]],
  ["P-521", ["ES512", 66]]
])

const ec: Kind = ({ crv, x, y }) => {
  const curve = curves.get(crv)
  if (curve === undefined) return "an unknown crv"
  const [alg, length] = curve
  if (bytesOf(x)?.length !== length || bytesOf(y)?.length !== length) return "a broken x or y"
  return { jwk: { kty: "EC", crv: String(crv), x: String(x), y: String(y) }, algs: [alg] }
}

const okp: Kind = ({ crv, x }) => {
  if (crv !== "Ed25519") return "an unknown crv"
  if (bytesOf(x)?.length !== 32) return "a broken x"
  return { jwk: { kty: "OKP", crv, x: String(x) }, algs: ["EdDSA", "Ed25519"] }
}

const oct: Kind = ({ k }) => {
  const secret = bytesOf(k)
  if (secret === undefined) return "a broken k"
  return {
    jwk: { kty: "oct", k: String(k) },
    algs: symmetric,
    problem: (alg) => {
      const least = Number(alg.slice(2)) / 8
      return secret.length < least ?
          `${secret.length} bytes, and ${alg} needs at least ${least}`
        : undefined
    }
  }
}

const kinds = new Map([
  ["RSA", rsa],
  ["EC", ec],
  ["OKP", okp],
  ["oct", oct]
])

const isImportable = (jwk: Material["jwk"]): boolean => {
  if (jwk["kty"] === "oct") return true
  try {
    createPublicKey({ key: { ...jwk }, format: "jwk" })
    return true
  } catch {
    // a point that is not on its curve
    return false
  }
}

const bitsOf = (bytes: Uint8Array): number => {
  const first = bytes.findIndex((byte) => byte !== 0)
  return first < 0 ? 0 : (bytes.length - first) * 8 - (Math.clz32(bytes[first] ?? 0) - 24)
}

// A prime of that generator is a power of 65537 modulo many small primes, and so is the product of two.
const isRoca = (modulus: Uint8Array): boolean =>
  rocaPrimes.every((prime) => {
    const rest = modulus.reduce((done, byte) => (done * 256 + byte) % prime, 0)
    for (let power = 65_537 % prime, count = 0; count < prime; count++) {
      if (power === rest) return true
      power = (power * 65_537) % prime
    }
    return false
  })

const rocaPrimes = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157]

// ----------------------------------------------------------------------------
// PEM
// ----------------------------------------------------------------------------

const pemSyntax = /^\s*-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*$/

/**
 * The JWK of a public key in PEM. Throws for anything else than one such PEM, a private key included.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromPem = (pem: string): object => {
  if (!pemSyntax.test(pem)) {
    throw new Error("a public key in PEM begins with -----BEGIN PUBLIC KEY----- and is only one")
  }
  try {
    return createPublicKey(pem).export({ format: "jwk" })
  } catch {
    // told below: what OpenSSL says helps nobody
  }
  throw new Error("the PEM holds no public key of RSA, EC or Ed25519")
}

// ----------------------------------------------------------------------------
// verifying
// ----------------------------------------------------------------------------

/**
 * Imports a key for its algorithm. Rejects for one that a JavaScript engine can't import, though it is a key.
 *
 * @category constructors
 * @since 0.1.0
 */
export const importKey = async ({ alg, jwk, kid }: Material): Promise<Key> => {
  if (jwk["kty"] === "oct") return { kid, alg, verifies: hmac(alg, jwk["k"] ?? "") }
  const key = await importJWK({ ...jwk }, alg)
  // of a key that is no secret it makes a CryptoKey
  if (key instanceof Uint8Array) throw new TypeError("a secret")
  return { kid, alg, verifies: webCrypto(alg, key) }
}

// The key is imported for one algorithm, which is what Web Crypto holds it to.
const webCrypto = (alg: Algorithm, key: CryptoKey): Key["verifies"] => {
  const parameters = parametersOf(alg)
  return (token) => {
    const end = token.lastIndexOf(".")
    return crypto.subtle
      .verify(
        parameters,
        key,
        Buffer.from(token.slice(end + 1), "base64url"),
        Buffer.from(token.slice(0, end), "latin1")
      )
      .catch(() => false)
  }
}

const parametersOf = (alg: Algorithm): AlgorithmIdentifier | RsaPssParams | EcdsaParams => {
  const bits = Number(alg.slice(2))
  return (
    alg.startsWith("RS") ? { name: "RSASSA-PKCS1-v1_5" }
    : alg.startsWith("PS") ? { name: "RSA-PSS", saltLength: bits / 8 }
    : alg.startsWith("ES") ? { name: "ECDSA", hash: `SHA-${bits}` }
    : { name: "Ed25519" }
  )
}

// Web Crypto takes another thread for what is done here in two microseconds.
const hmac = (alg: Algorithm, k: string): Key["verifies"] => {
  const key = createSecretKey(Base64Url.decodeCanonical(k))
  const hash = `sha${alg.slice(2)}`
  return (token) => {
    const end = token.lastIndexOf(".")
    const signature = Base64Url.decodeCanonical(token.slice(end + 1))
    const expected = createHmac(hash, key).update(token.slice(0, end)).digest()
    return signature.length === expected.length && timingSafeEqual(signature, expected)
  }
}

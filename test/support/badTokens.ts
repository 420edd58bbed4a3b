/** Tokens of an issuer, and every kind of token that is none of its own, by the class of defect that would take it. */
import * as Crypto from "node:crypto"
import { base64url, type Pair, pair, sign, signature } from "./tokens.ts"

// ----------------------------------------------------------------------------
// an issuer
// ----------------------------------------------------------------------------

/** The keys of an issuer, and its tokens. */
export const makeIssuer = ({
  audience,
  issuer,
  now
}: {
  readonly issuer: string
  readonly audience: string
  /** In seconds since 1970. */
  readonly now: number
}) => {
  const rsa = pair("RS256", "rsa")
  const ec = pair("ES256", "ec")
  const ed = pair("EdDSA", "ed")
  const p384 = pair("ES384", "p384")
  const pss = pair("PS256", "pss")
  const published = [rsa, ec, ed, p384, pss]
  const set = { keys: published.map(({ jwk }) => jwk) }

  const good = {
    iss: issuer,
    aud: audience,
    sub: "johndoe",
    client_id: "app",
    jti: "1",
    iat: now,
    exp: now + 600,
    scope: "items:read items:write"
  }

  /** A token of the issuer, its header and claims changed. */
  const token = (claims: object = {}, header: object = {}, by: Pair = ec): string =>
    sign({ ...headerOf(by), ...header }, { ...good, ...claims }, by.privateKey, by.alg)

  const tokenOf = (payload: object | string | Uint8Array, header: object = {}, by: Pair = ec) =>
    sign({ ...headerOf(by), ...header }, payload, by.privateKey, by.alg)

  return { audience, ec, ed, good, issuer, now, p384, pss, published, rsa, set, token, tokenOf }
}

export type Issuer = ReturnType<typeof makeIssuer>

export const headerOf = ({ alg, kid }: Pair) => ({ alg, kid, typ: "at+jwt" })

export const without = (claims: object, ...names: ReadonlyArray<string>): object =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name)))

// ----------------------------------------------------------------------------
// bad tokens
// ----------------------------------------------------------------------------

/** Access tokens that have to be refused: name and token, by the class of what is wrong. */
export const badTokens = ({
  audience,
  ec,
  ed,
  good,
  issuer,
  now,
  pss,
  rsa,
  set,
  token,
  tokenOf
}: Issuer): Readonly<Record<string, ReadonlyArray<readonly [name: string, token: string]>>> => {
  const right = token()
  const [header = "", payload = "", proof = ""] = right.split(".")
  const pem = rsa.publicKey.export({ format: "pem", type: "spki" }).toString()
  const der = rsa.publicKey.export({ format: "der", type: "spki" })
  const stranger = pair("ES256", "ec")
  const hs = (key: string | Uint8Array, kid = "rsa") =>
    sign({ alg: "HS256", kid, typ: "at+jwt" }, good, key, "HS256")
  const none = (alg: string, signed = "") =>
    `${base64url(JSON.stringify({ alg, kid: "ec", typ: "at+jwt" }))}.${payload}.${signed}`
  const derSignature = Crypto.sign("sha256", Buffer.from(`${header}.${payload}`), ec.privateKey)
  const signedBy = (input: string, by: Pair = ec) =>
    `${input}.${base64url(signature(input, by.privateKey, by.alg))}`
  const numeric = (claim: string): ReadonlyArray<readonly [string, string]> =>
    [
      '"1800000000"',
      "null",
      "true",
      "false",
      "1e999",
      "-1e999",
      "[1800000000]",
      "{}",
      '""',
      '"NaN"'
    ].map((value) => [
      `of ${claim} ${value}`,
      tokenOf(JSON.stringify(without(good, claim)).replace("{", `{"${claim}":${value},`))
    ])

  return {
    "RFC 7515, section 7.1, three segments of base64url (CVE-2024-33531, CVE-2025-30204, CVE-2026-29000)":
      [
        ["that is empty", ""],
        ["of a point", "."],
        ["of two points", ".."],
        ["of one segment", header],
        ["of two segments", `${header}.${payload}`],
        ["without a signature", `${header}.${payload}.`],
        ["without a payload", `${header}..${proof}`],
        ["without a header", `.${payload}.${proof}`],
        ["of four segments", `${right}.`],
        ["of four segments, the last full", `${right}.AAAA`],
        ["of five segments (JWE)", `${header}.AAAA.AAAA.AAAA.AAAA`],
        ["of JSON serialization", JSON.stringify({ protected: header, payload, signature: proof })],
        ["with a space before", ` ${right}`],
        ["with a space behind", `${right} `],
        ["with a line feed behind", `${right}\n`],
        [
          "with a space in the signature",
          `${header}.${payload}.${proof.slice(0, 5)} ${proof.slice(5)}`
        ],
        [
          "with a space in the header",
          signedBy(`${header.slice(0, 5)} ${header.slice(5)}.${payload}`)
        ],
        [
          "with a space in the payload",
          signedBy(`${header}.${payload.slice(0, 4)} ${payload.slice(4)}`)
        ],
        ["with padding", `${header}.${payload}.${proof}==`],
        ["with a padded payload", signedBy(`${header}.${payload}=`)],
        ["in base64, not base64url", `${header}.${payload}.${proof.slice(0, -1)}+`],
        ["with a slash", `${header}.${payload}.${proof.slice(0, -1)}/`],
        ["with a letter of another script", `${header}.${payload}.${proof.slice(0, -1)}а`],
        ["with a NUL", `${header}.${payload}.${proof.slice(0, -1)}\0`],
        ["with bits left over in the signature", loosened(right)],
        [
          "with bits left over in the payload",
          signedBy(
            `${header}.${loosened(`.${base64url(`${JSON.stringify(good)} `.padEnd(400))}`).slice(1)}`
          )
        ],
        ["with a segment of one letter too many", `${header}.${payload}.${proof}AAA`],
        ["that is quoted", `"${right}"`],
        ["that says Bearer", `Bearer ${right}`],
        ["that is too long", token({ long: "x".repeat(13_000) })],
        ["that is far too long", `${header}.${"A".repeat(1_000_000)}.${proof}`]
      ],
    "RFC 7515, section 5.2, the signature (CVE-2020-28042, CVE-2022-21449)": [
      ["signed by a stranger of the same kid", token({}, {}, stranger)],
      ["signed by another key of the issuer", sign(headerOf(ec), good, ed.privateKey, "EdDSA")],
      ["that says another kid", token({}, { kid: "p384" })],
      ["of which a letter of the payload was changed", `${header}.${changed(payload)}.${proof}`],
      ["of which a letter of the header was changed", `${changed(header)}.${payload}.${proof}`],
      ["of which a letter of the signature was changed", `${header}.${payload}.${changed(proof)}`],
      [
        "with the signature of another token",
        `${header}.${payload}.${token({ jti: "2" }).split(".")[2]}`
      ],
      [
        "with half a signature",
        `${header}.${payload}.${base64url(Buffer.from(proof, "base64url").subarray(0, 32))}`
      ],
      ["with a signature in DER", `${header}.${payload}.${base64url(derSignature)}`],
      ["with zeros for a signature", `${header}.${payload}.${base64url(new Uint8Array(64))}`],
      [
        "with ones for a signature",
        `${header}.${payload}.${base64url(new Uint8Array(64).fill(255))}`
      ],
      [
        "with zeros for a signature of RSA",
        `${base64url(JSON.stringify(headerOf(rsa)))}.${payload}.${base64url(new Uint8Array(256))}`
      ],
      [
        "with a short signature of Ed25519",
        `${base64url(JSON.stringify(headerOf(ed)))}.${payload}.AAAA`
      ],
      [
        "with zeros for a signature of Ed25519",
        `${base64url(JSON.stringify(headerOf(ed)))}.${payload}.${base64url(new Uint8Array(64))}`
      ]
    ],
    "RFC 8725, section 3.1, one algorithm a key (CVE-2015-9235, CVE-2016-10555, CVE-2022-29217, CVE-2023-48223, CVE-2024-33663, CVE-2026-22817)":
      [
        ...["none", "None", "NONE", "nOnE", "none ", ""].flatMap((alg) => [
          [`of alg ${JSON.stringify(alg)}`, none(alg)] as const,
          [`of alg ${JSON.stringify(alg)}, its signature kept`, none(alg, proof)] as const
        ]),
        ["of HS256 with the key in PEM", hs(pem)],
        ["of HS256 with the key in PEM, trimmed", hs(pem.trim())],
        ["of HS256 with the key in PEM, of CRLF", hs(pem.replaceAll("\n", "\r\n"))],
        [
          "of HS256 with the key in PEM of PKCS#1",
          hs(rsa.publicKey.export({ format: "pem", type: "pkcs1" }).toString())
        ],
        ["of HS256 with the key in DER", hs(der)],
        ["of HS256 with the key as JWK", hs(JSON.stringify(rsa.jwk))],
        ["of HS256 with the set", hs(JSON.stringify(set))],
        ["of HS256 with n", hs(String(rsa.jwk["n"]))],
        ["of HS256 with the bytes of n", hs(Buffer.from(String(rsa.jwk["n"]), "base64url"))],
        ["of HS256 with x", hs(String(ec.jwk["x"]), "ec")],
        ["of HS256 with the kid", hs("rsa")],
        ["of HS256 with nothing", hs("")],
        ["of HS256 with nothing and an unknown kid", hs("", "unknown")],
        ["of HS256 with undefined", hs("undefined")],
        ["of RS384 by a key of RS256", token({}, { alg: "RS384" }, { ...rsa, alg: "RS384" })],
        ["of PS256 by a key of RS256", token({}, { alg: "PS256" }, { ...rsa, alg: "PS256" })],
        ["of RS256 by a key of PS256", token({}, { alg: "RS256" }, { ...pss, alg: "RS256" })],
        [
          "of ES256 by a key of RSA",
          sign({ ...headerOf(rsa), alg: "ES256" }, good, ec.privateKey, "ES256")
        ],
        [
          "of RS256 by a key of EC",
          sign({ ...headerOf(ec), alg: "RS256" }, good, rsa.privateKey, "RS256")
        ],
        [
          "of ES384 by a key of P-256",
          sign({ ...headerOf(ec), alg: "ES384" }, good, ec.privateKey, "ES384")
        ],
        ["of es256", token({}, { alg: "es256" })],
        ["of an alg with a space", token({}, { alg: "ES256 " })],
        ["of an alg that is an array", token({}, { alg: ["ES256"] })],
        ["of an alg that is null", token({}, { alg: null })],
        ["of an alg that is a number", token({}, { alg: 256 })],
        ["without an alg", token({}, { alg: undefined })],
        ["of an alg called __proto__", token({}, { alg: "__proto__" })],
        ["of an alg called constructor", token({}, { alg: "constructor" })],
        ["of an alg of encryption", token({}, { alg: "RSA-OAEP" })],
        ["of dir", token({}, { alg: "dir", enc: "A128GCM" })],
        ["of ES256K", token({}, { alg: "ES256K" })]
      ],
    "RFC 7515, section 4, the header (crit: CVE-2025-59420; jwk: CVE-2018-0114; kid: CVE-2025-65945)":
      [
        ["of a header that is no JSON", sign("no JSON", good, ec.privateKey, "ES256")],
        ["of a header that is null", sign("null", good, ec.privateKey, "ES256")],
        [
          "of a header that is an array",
          sign(`[${JSON.stringify(headerOf(ec))}]`, good, ec.privateKey, "ES256")
        ],
        ["of a header that is a text", sign('"ES256"', good, ec.privateKey, "ES256")],
        [
          "of a header with text behind",
          sign(`${JSON.stringify(headerOf(ec))}x`, good, ec.privateKey, "ES256")
        ],
        [
          "of a header with a BOM",
          sign(`\uFEFF${JSON.stringify(headerOf(ec))}`, good, ec.privateKey, "ES256")
        ],
        [
          "of a header with a comma too many",
          sign('{"alg":"ES256","kid":"ec","typ":"at+jwt",}', good, ec.privateKey, "ES256")
        ],
        [
          "of a header that is no UTF-8",
          sign(
            Buffer.from('{"alg":"ES256","kid":"ec","typ":"at+jwt","x":"\xff"}', "latin1"),
            good,
            ec.privateKey,
            "ES256"
          )
        ],
        [
          "of a header whose last alg is none",
          sign(
            '{"alg":"ES256","kid":"ec","typ":"at+jwt","alg":"none"}',
            good,
            ec.privateKey,
            "ES256"
          )
        ],
        [
          "of a header whose first kid is right",
          sign(
            '{"alg":"ES256","kid":"ec","typ":"at+jwt","kid":"rsa"}',
            good,
            ec.privateKey,
            "ES256"
          )
        ],
        ["of crit with a name", token({}, { crit: ["exp"], exp: now + 600 })],
        ["of crit with an unknown name", token({}, { crit: ["x"], x: 1 })],
        ["of crit that is empty", token({}, { crit: [] })],
        ["of crit that is a text", token({}, { crit: "b64" })],
        ["of crit that is null", token({}, { crit: null })],
        ["of crit that names alg", token({}, { crit: ["alg"] })],
        ["of crit that repeats", token({}, { crit: ["b64", "b64"], b64: true })],
        ["of b64 false", token({}, { b64: false, crit: ["b64"] })],
        ["of b64 false without crit", token({}, { b64: false })],
        [
          "of b64 false, the payload as it is",
          `${base64url('{"alg":"ES256","kid":"ec","typ":"at+jwt","b64":false,"crit":["b64"]}')}.{}.${proof}`
        ],
        ["of an unknown kid", token({}, { kid: "unknown" })],
        ["of an empty kid", token({}, { kid: "" })],
        ["of a kid with a space", token({}, { kid: "ec " })],
        ["of a kid in capitals", token({}, { kid: "EC" })],
        ["of a kid that is a number", token({}, { kid: 1 })],
        ["of a kid that is null", token({}, { kid: null })],
        ["of a kid that is an array", token({}, { kid: ["ec"] })],
        ["of a kid that is an object", token({}, { kid: { toString: "ec" } })],
        ["of a kid called __proto__", token({}, { kid: "__proto__" })],
        ["of a kid called constructor", token({}, { kid: "constructor" })],
        ["of a kid that is a path", token({}, { kid: "../../../../dev/null" })],
        ["of a kid that is SQL", token({}, { kid: "ec' OR '1'='1" })],
        ["of a kid that is a URL", token({}, { kid: "https://evil.example/jwks" })],
        [
          "with its own key",
          sign({ ...headerOf(stranger), jwk: stranger.jwk }, good, stranger.privateKey, "ES256")
        ],
        [
          "with its own key and no kid",
          sign(
            { alg: "ES256", typ: "at+jwt", jwk: stranger.jwk },
            good,
            stranger.privateKey,
            "ES256"
          )
        ],
        [
          "with its own jku",
          sign(
            { ...headerOf(stranger), jku: "https://evil.example/jwks" },
            good,
            stranger.privateKey,
            "ES256"
          )
        ],
        [
          "with its own x5u",
          sign(
            { ...headerOf(stranger), x5u: "https://evil.example/crt" },
            good,
            stranger.privateKey,
            "ES256"
          )
        ],
        [
          "with its own x5c",
          sign({ ...headerOf(stranger), x5c: ["MIIB"] }, good, stranger.privateKey, "ES256")
        ],
        ["that is nested", token({}, { cty: "JWT" })],
        ["that is nested, whose payload is a token", tokenOf(right, { cty: "application/jwt" })],
        ["of a cty that is no text", token({}, { cty: ["JWT"] })]
      ],
    "RFC 9068, section 4, the kind of token": [
      ["of typ JWT (an ID token)", token({}, { typ: "JWT" })],
      ["without typ", token({}, { typ: undefined })],
      ["of an empty typ", token({}, { typ: "" })],
      ["of typ dpop+jwt", token({}, { typ: "dpop+jwt" })],
      ["of typ logout+jwt", token({}, { typ: "logout+jwt" })],
      ["of typ token-introspection+jwt", token({}, { typ: "token-introspection+jwt" })],
      ["of typ x/at+jwt", token({}, { typ: "x/at+jwt" })],
      [
        "of typ application/application/at+jwt",
        token({}, { typ: "application/application/at+jwt" })
      ],
      ["of a typ with a space", token({}, { typ: "at+jwt " })],
      ["of a typ that is an array", token({}, { typ: ["at+jwt"] })],
      ["of a typ that is null", token({}, { typ: null })]
    ],
    "RFC 7519, section 7.2, the payload (CVE-2025-53864)": [
      ["of a payload that is no JSON", tokenOf("no JSON")],
      ["of a payload that is empty", tokenOf("")],
      ["of a payload that is null", tokenOf("null")],
      ["of a payload that is a number", tokenOf("1")],
      ["of a payload that is a text", tokenOf(JSON.stringify(JSON.stringify(good)))],
      ["of a payload that is an array", tokenOf(JSON.stringify([good]))],
      ["of a payload that is true", tokenOf("true")],
      ["of a payload with a BOM", tokenOf(`\uFEFF${JSON.stringify(good)}`)],
      ["of a payload with text behind", tokenOf(`${JSON.stringify(good)}{}`)],
      [
        "of a payload that is no UTF-8",
        tokenOf(Buffer.from(JSON.stringify({ ...good, x: "\xff" }), "latin1"))
      ],
      ["of a payload in UTF-16", tokenOf(Buffer.from(JSON.stringify(good), "utf16le"))],
      ["of a payload that is a token", tokenOf(right)],
      ["of claims inside __proto__", tokenOf(`{"__proto__":${JSON.stringify(good)}}`)],
      ["of claims nested too deep", token({ deep: nested(40) })],
      [
        "of claims nested far too deep",
        tokenOf(JSON.stringify(good).replace("{", `{"x":${"[".repeat(5000)}${"]".repeat(5000)},`))
      ],
      [
        "of claims nested in objects",
        tokenOf(
          JSON.stringify(good).replace("{", `{"x":${'{"a":'.repeat(1000)}1${"}".repeat(1000)},`)
        )
      ]
    ],
    "RFC 7519, section 4.1, the claims (aud: CVE-2020-26160; iss: CVE-2024-53861; exp: CVE-2026-44459)":
      [
        ...["iss", "aud", "exp", "sub", "client_id", "iat", "jti"].flatMap((claim) => [
          [`without ${claim}`, tokenOf(without(good, claim))] as const,
          [`whose ${claim} is null`, token({ [claim]: null })] as const,
          [`whose ${claim} is empty`, token({ [claim]: "" })] as const
        ]),
        ...numeric("exp"),
        ...numeric("nbf"),
        ...numeric("iat"),
        ["that has expired", token({ exp: now - 1 })],
        ["that expires now", token({ exp: now })],
        ["that expired in 1970", token({ exp: 0 })],
        ["that expired before 1970", token({ exp: -1 })],
        ["that expired a fraction of a second ago", token({ exp: now - 0.001 })],
        ["that is valid in a second", token({ nbf: now + 1 })],
        ["that is valid in a century", token({ nbf: now + 3e9 })],
        ["whose dates are in milliseconds, of a past", token({ exp: 1_000 })],
        ["that has expired and is signed by a stranger", token({ exp: 1 }, {}, stranger)],
        ["of another issuer", token({ iss: "https://id.example/realms/two" })],
        ["of an issuer with a slash more", token({ iss: `${issuer}/` })],
        ["of an issuer in capitals", token({ iss: issuer.toUpperCase() })],
        ["of an issuer that is a part", token({ iss: "https://id.example" })],
        ["of an issuer that is longer", token({ iss: `${issuer}.evil.example` })],
        ["of an issuer with a port", token({ iss: "https://id.example:443/realms/one" })],
        ["of an issuer by another protocol", token({ iss: issuer.replace(/^https?/, "ftp") })],
        ["of an issuer with a space", token({ iss: ` ${issuer}` })],
        ["of an issuer that is an array", token({ iss: [issuer] })],
        ["of an issuer that is an object", token({ iss: { [issuer]: true } })],
        ["of an issuer called __proto__", token({ iss: "__proto__" })],
        ["for another", token({ aud: "https://other.example" })],
        ["for several others", token({ aud: ["a", "b"] })],
        ["for nobody", token({ aud: [] })],
        ["for a nested array", token({ aud: [[audience]] })],
        ["for an object", token({ aud: { [audience]: true } })],
        ["for an array of an object", token({ aud: [audience, {}] })],
        ["for an array with null", token({ aud: [null, audience] })],
        ["for a longer name", token({ aud: `${audience}/` })],
        ["for a part of the name", token({ aud: "https://api" })],
        ["for several names in one text", token({ aud: `${audience} other` })],
        ["for true", token({ aud: true })],
        ["for a number", token({ aud: 1 })],
        ["of a sub that is a number", token({ sub: 1 })],
        ["of a sub that is an object", token({ sub: { sub: "johndoe" } })],
        ["of a jti that is a number", token({ jti: 1 })],
        ["of a client_id that is an array", token({ client_id: ["app"] })]
      ],
    "RFC 7800, section 3.1, tokens that are bound": [
      [
        "that is bound to a key of DPoP",
        token({ cnf: { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } })
      ],
      [
        "that is bound to a certificate, of no connection",
        token({ cnf: { "x5t#S256": base64url(new Uint8Array(32)) } })
      ],
      ["that is bound to a JWK", token({ cnf: { jwk: ec.jwk } })],
      ["that is bound to a kid", token({ cnf: { kid: "ec" } })],
      ["that is bound to a thing unheard of", token({ cnf: { magic: 1 } })],
      ["that is bound to nothing", token({ cnf: {} })],
      ["that is bound to null", token({ cnf: null })],
      ["that is bound to a text", token({ cnf: "x5t#S256" })],
      ["that is bound to an array", token({ cnf: [] })],
      ["that is bound to false", token({ cnf: false })]
    ]
  }
}

// ----------------------------------------------------------------------------
// changes
// ----------------------------------------------------------------------------

/** An array in an array, so many times. */
export function nested(depth: number): unknown {
  let value: unknown = 1
  for (let count = 0; count < depth; count++) value = [value]
  return value
}

/** The same text but for its first letter. */
export function changed(text: string): string {
  return (text.startsWith("A") ? "B" : "A") + text.slice(1)
}

/** The same bytes in other letters: bits that nobody needs are set in the last. */
export function loosened(text: string): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  const last = letters.indexOf(text.slice(-1))
  return text.slice(0, -1) + (letters[last | 1] ?? "")
}

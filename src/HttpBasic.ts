/**
 * HTTP Basic (RFC 7617), in UTF-8.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import * as Credential from "./Credential.ts"
import * as Scheme from "./Scheme.ts"
import type { Scheme as SchemeOf } from "./SecurityModel.ts"

/**
 * A user-id and a password.
 *
 * @category models
 * @since 0.1.0
 */
export interface BasicCredentials {
  readonly username: string
  readonly password: Redacted.Redacted<string>
}

/**
 * A user-id and a password in `Authorization: Basic` (RFC 7617, section 2).
 *
 * Decodes strict base64 (RFC 4648, section 4) and UTF-8, and splits at the first colon, so a password may hold colons; both may
 * be empty. Yields `{ username, password }`, the password `Redacted`. No `Authorization`, or another auth-scheme:
 * `Unauthorized` (401, `absent`). Two fields, foreign characters, missing padding, invalid UTF-8, no colon, a control
 * character: `Unauthorized` (401, `malformed`). The challenge is `Basic realm="api", charset="UTF-8"`.
 *
 * @example
 * ```ts
 * import { HttpBasic } from "effect-security"
 *
 * HttpBasic.make({ realm: "items" }).requirement // => [{ HTTPBasic: [] }]
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const make = <const Name extends string = "HTTPBasic", Declared extends string = never>(
  options?: Scheme.Options<Name, Declared> & Scheme.CheckName<Name, "HTTPBasic">
): SchemeOf<NoInfer<Name>, BasicCredentials, NoInfer<Declared>> => {
  const realm = options?.realm ?? "api"
  const scheme = {
    type: "http",
    scheme: "basic",
    description: options?.description,
    deprecated: options?.deprecated
  } as const
  return Scheme.makeNamed(options, "HTTPBasic", {
    scheme,
    extract: (request): Credential.Extraction<BasicCredentials> => {
      const credentials = Credential.authorization(request, "basic")
      return typeof credentials === "string" ? decode(credentials) : credentials
    },
    challenge: Scheme.challenge("Basic", { realm, charset: "UTF-8" }),
    isChallengeFixed: true,
    identity: Scheme.identity("HttpBasic", scheme, realm, options?.scopes)
  })
}

/**
 * Decodes what follows `Basic`: the user-id and the password, or `Credential.Malformed`.
 *
 * @category decoding
 * @since 0.1.0
 */
export const decode = (encoded: string): BasicCredentials | typeof Credential.Malformed => {
  const text = decodeUtf8(encoded)
  if (text === undefined || Credential.hasControls(text)) return Credential.Malformed
  const colon = text.indexOf(":")
  return colon < 0 ?
      Credential.Malformed
    : { username: text.slice(0, colon), password: Redacted.make(text.slice(colon + 1)) }
}

// A byte order mark is part of the text (RFC 7617 knows none); invalid bytes are refused, not replaced.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const decodeUtf8 = (encoded: string): string | undefined => {
  // RFC 4648, section 4: base64 = *4base64-character, the last with padding
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(encoded) || encoded.length % 4 !== 0) return undefined
  try {
    const bytes = atob(encoded)
    // section 3.5: pad bits that are not zero decode to the same octets, and are another text
    if (btoa(bytes) !== encoded) return undefined
    return utf8.decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)))
  } catch {
    return undefined
  }
}

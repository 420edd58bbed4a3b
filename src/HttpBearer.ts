/**
 * Bearer tokens in `Authorization` (RFC 6750).
 *
 * @since 0.1.0
 */
import * as Credential from "./Credential.ts"
import * as Http from "./Http.ts"
import type * as Scheme from "./Scheme.ts"
import type { Scheme as SchemeOf } from "./internal/security/Model.ts"

/**
 * A bearer token (RFC 6750, section 2.1).
 *
 * Reads `Authorization: Bearer`, the scheme compared without regard to case; yields `{ scheme: "Bearer", credentials }`, the
 * token `Redacted`. No `Authorization`, or another auth-scheme: `Unauthorized` (401, `absent`), challenge
 * `Bearer realm="api"`. Two fields, an empty token, a token that is no `b64token`, more than 16,384 characters:
 * `Unauthorized` (401, `malformed`) with `error="invalid_token"`.
 *
 * @example
 * ```ts
 * import { HttpBearer } from "effect-security"
 *
 * HttpBearer.make({ bearerFormat: "JWT" }).requirement // => [{ HTTPBearer: [] }]
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const make = <const Name extends string = "HTTPBearer", Declared extends string = never>(
  ...[options]:
    | []
    | [
        options: Scheme.Options<Name, Declared> & {
          /** A hint for readers of the document, for instance `JWT`. */
          readonly bearerFormat?: string
        } & Scheme.CheckName<Name, "HTTPBearer">
      ]
): SchemeOf<NoInfer<Name>, Http.HttpCredentials, NoInfer<Declared>> =>
  Http.makeHttp({
    authScheme: "Bearer",
    defaultName: "HTTPBearer",
    options,
    bearerFormat: options?.bearerFormat,
    isWellFormed: Credential.isToken68
  })

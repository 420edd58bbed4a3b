/**
 * Any auth-scheme of the `Authorization` header, by its registered name.
 *
 * @see [IANA, HTTP Authentication Schemes](https://www.iana.org/assignments/http-authschemes)
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import * as Challenge from "./Challenge.ts"
import * as Credential from "./Credential.ts"
import * as Scheme from "./Scheme.ts"
import type { Scheme as SchemeOf } from "./internal/security/Model.ts"
import type { IsSingleLiteral } from "./SecurityRequirement.ts"

/**
 * The credentials of an auth-scheme: its name as it was configured, and what follows it in the header.
 *
 * @category models
 * @since 0.1.0
 */
export interface HttpCredentials {
  readonly scheme: string
  readonly credentials: Redacted.Redacted<string>
}

/**
 * An auth-scheme such as `DPoP`, `HOBA` or `Negotiate` (RFC 9110, section 11.4).
 *
 * Reads `Authorization`, the scheme compared without regard to case; yields the scheme and what follows it, a `token68` or
 * parameters, `Redacted` and unparsed. No `Authorization`, or another auth-scheme: `Unauthorized` (401, `absent`). Two
 * fields, nothing after the scheme, neither a `token68` nor parameters: `Unauthorized` (401, `malformed`). The challenge is the
 * auth-scheme with its `realm`. The scheme's name is the auth-scheme unless `schemeName` says otherwise.
 *
 * @example
 * ```ts
 * import { Http } from "effect-security"
 *
 * Http.scheme("DPoP").requirement // => [{ DPoP: [] }]
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const scheme = <
  const AuthScheme extends string,
  const Name extends string = AuthScheme,
  Declared extends string = never
>(
  authScheme: AuthScheme &
    (IsSingleLiteral<AuthScheme> extends true ? unknown : Scheme.NameNotLiteral<AuthScheme>),
  ...[options]: [] | [options: Scheme.Options<Name, Declared> & Scheme.CheckName<Name, AuthScheme>]
): SchemeOf<NoInfer<Name>, HttpCredentials, NoInfer<Declared>> =>
  makeHttp({
    authScheme,
    defaultName: authScheme,
    options,
    bearerFormat: undefined,
    isWellFormed: (credentials) => {
      const parsed = Challenge.parseCredentials(`${authScheme} ${credentials}`)
      // a list of nothing but commas is legal, and no credential
      return parsed !== undefined && (parsed.token68 !== undefined || parsed.parameters.length > 0)
    }
  })

/**
 * Makes the scheme of an auth-scheme whose credentials are one text.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeHttp = <Name extends string, Declared extends string>({
  authScheme,
  bearerFormat,
  defaultName,
  isWellFormed,
  options
}: {
  readonly authScheme: string
  readonly defaultName: string
  readonly options: Scheme.Options<Name, Declared> | undefined
  readonly bearerFormat: string | undefined
  readonly isWellFormed: (credentials: string) => boolean
}): SchemeOf<NoInfer<Name>, HttpCredentials, NoInfer<Declared>> => {
  const realm = options?.realm ?? "api"
  const lower = authScheme.toLowerCase()
  const object = {
    type: "http",
    scheme: lower,
    bearerFormat,
    description: options?.description,
    deprecated: options?.deprecated
  } as const
  return Scheme.makeNamed(options, defaultName, {
    scheme: object,
    extract: (request): Credential.Extraction<HttpCredentials> => {
      const credentials = Credential.authorization(request, lower)
      if (typeof credentials !== "string") return credentials
      return isWellFormed(credentials) ?
          { scheme: authScheme, credentials: Redacted.make(credentials) }
        : Credential.Malformed
    },
    challenge: Scheme.challenge(authScheme, { realm }, { saysError: lower === "bearer" }),
    isChallengeFixed: true,
    identity: Scheme.identity(defaultName, object, realm, options?.scopes)
  })
}

/**
 * Tokens of an OpenID Connect provider.
 *
 * The scheme extracts and documents; what is in the token is decided by the verifier given to `Security.authenticate`.
 *
 * @since 0.1.0
 */
import type * as Redacted from "effect/Redacted"
import * as OAuth2 from "./OAuth2.ts"
import type * as Scheme from "./Scheme.ts"
import type { Scheme as SchemeOf } from "./SecurityModel.ts"

/**
 * A token of the provider whose configuration is at `openIdConnectUrl`.
 *
 * Reads `Authorization: Bearer`; yields the token `Redacted`. Fails as `HttpBearer.make` does. The URL may be relative to the
 * API's server.
 *
 * @example
 * ```ts
 * import { OpenIdConnect } from "effect-security"
 *
 * const oidc = OpenIdConnect.make({
 *   openIdConnectUrl: "https://id.example/.well-known/openid-configuration",
 *   scopes: { "items:read": "Read items" }
 * })
 * oidc.requirement // => [{ OpenIdConnect: [] }]
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const make = <const Name extends string = "OpenIdConnect", Declared extends string = never>(
  options: Scheme.Options<Name, Declared> & {
    /** Where the provider publishes its configuration (OpenID Connect Discovery 1.0, section 4). */
    readonly openIdConnectUrl: string
  } & Scheme.CheckName<Name, "OpenIdConnect">
): SchemeOf<NoInfer<Name>, Redacted.Redacted<string>, NoInfer<Declared>> =>
  OAuth2.makeToken(options, "OpenIdConnect", {
    type: "openIdConnect",
    openIdConnectUrl: options.openIdConnectUrl,
    description: options.description,
    deprecated: options.deprecated
  })

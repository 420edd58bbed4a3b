/**
 * The provider of a scheme of OpenID Connect: the one that its `openIdConnectUrl` names.
 *
 * @see [OpenID Connect Discovery 1.0](https://openid.net/specs/openid-connect-discovery-1_0.html)
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as RemoteDocument from "../upstream/RemoteDocument.ts"
import * as Security from "../../Security.ts"
import * as ServerMetadata from "../../ServerMetadata.ts"
import * as Upstream from "../upstream/Upstream.ts"

/**
 * How the provider of a scheme is reached. Its configuration is at the scheme's `openIdConnectUrl`: one value is documented and fetched.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProviderOptions extends RemoteDocument.Times {
  /**
   * What the configuration, and each token, has to say as its issuer, exactly.
   *
   * By default it is `openIdConnectUrl` without `/.well-known/openid-configuration`. Providers that write a `/` at its end (Auth0), or
   * another text (Azure AD B2C), need it here. Of the first token that differs by a `/` at its end there is a warning.
   */
  readonly issuer?: string | undefined
  /** What a relative `openIdConnectUrl` is relative to; `issuer` by default. */
  readonly baseUrl?: string | undefined
  /** Allows `http` for the configuration and the URLs in it; `false` by default. */
  readonly allowHttp?: boolean | undefined
  /** How long a fetch from the provider may take; 5 seconds by default. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * The one `openIdConnectUrl` of a scheme, or of schemes. Throws where there is none, and where they are several.
 *
 * @category folds
 * @since 0.1.0
 */
export const urlOf = (schemes: Security.Top): string => {
  const urls = new Set(
    Security.definitions(schemes).flatMap(({ scheme }) =>
      scheme.type === "openIdConnect" ? [scheme.openIdConnectUrl] : []
    )
  )
  const [url, ...others] = urls
  if (url === undefined) {
    throw new Error(
      "OpenIdConnect verifies the tokens of a scheme of OpenIdConnect.make, whose openIdConnectUrl it reads: use Jwt.authenticate for others"
    )
  }
  if (others.length > 0) {
    throw new Error("schemes of several providers need an OpenIdConnect.authenticate each")
  }
  return url
}

/**
 * What the provider at a URL publishes of itself. Throws for a relative URL without `issuer` or `baseUrl`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const at = (url: string, options: ProviderOptions): ServerMetadata.ServerMetadata => {
  const { allowHttp, coolDown, freshFor, issuer, staleFor, timeout } = options
  const settings = { allowHttp, coolDown, freshFor, issuer, staleFor, timeout }
  if (URL.canParse(url)) return ServerMetadata.fromUrl(url, settings)
  const base = options.baseUrl ?? issuer
  if (base === undefined) {
    throw new Error(
      `the openIdConnectUrl ${JSON.stringify(Upstream.shown(url))} is relative: give issuer or baseUrl as an option, or make it absolute`
    )
  }
  Upstream.checkUrl(options.baseUrl === undefined ? "the issuer" : "the baseUrl", base, allowHttp)
  return ServerMetadata.fromUrl(new URL(url, base).href, settings)
}

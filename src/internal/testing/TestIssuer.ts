/**
 * An issuer of tokens that runs in a test: no network, no provider.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Jose from "jose"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * An issuer of tokens that runs in the test: no network, no provider.
 *
 * @category models
 * @since 0.1.0
 */
export interface Issuer {
  /** Its identifier: the `iss` of its tokens. */
  readonly url: string
  /** Where `OpenIdConnect.make` finds its configuration. */
  readonly openIdConnectUrl: string
  /** The public keys it publishes. */
  readonly keys: Effect.Effect<{ readonly keys: ReadonlyArray<Jose.JWK> }>
  /**
   * A signed token: `iss`, `iat`, `jti`, an `exp` in an hour and `client_id` are there unless the claims say otherwise (a claim that is
   * `undefined` is left out). Time is that of the `Clock`.
   */
  readonly token: (
    claims: Claims,
    options?: TokenOptions
  ) => Effect.Effect<Redacted.Redacted<string>>
  /** Signs with a new key from now on; tokens of the old ones are still good, until {@link forget}. */
  readonly rotate: Effect.Effect<void>
  /** Publishes the newest key only. */
  readonly forget: Effect.Effect<void>
  /** Answers nothing but 503 until it is called with `true`. */
  readonly setReachable: (isReachable: boolean) => Effect.Effect<void>
  /** How often it was asked for its configuration or its keys. */
  readonly requests: Effect.Effect<number>
  /** An `HttpClient` that reaches this issuer and nobody else: give it to what is tested. */
  readonly layer: Layer.Layer<HttpClient.HttpClient>
}

/**
 * The claims of a token.
 *
 * @category models
 * @since 0.1.0
 */
export interface Claims {
  readonly sub?: string | undefined
  readonly aud?: string | ReadonlyArray<string> | undefined
  readonly scope?: string | undefined
  readonly [claim: string]: unknown
}

/**
 * How a token is signed.
 *
 * @category models
 * @since 0.1.0
 */
export interface TokenOptions {
  /** `"at+jwt"` by default (RFC 9068); `false` leaves it out. */
  readonly typ?: string | false
  /** Members of the header besides `alg`, `kid` and `typ`, which they replace. */
  readonly header?: { readonly [member: string]: unknown }
}

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * Makes an issuer.
 *
 * It answers `/.well-known/openid-configuration`, `/.well-known/oauth-authorization-server` and `/jwks` behind its identifier,
 * `https://issuer.test` by default, and signs with `ES256` unless `algorithm` says otherwise.
 *
 * @example
 * ```ts
 * import { OpenIdConnect, SecurityTest } from "effect-security"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const issuer = yield* SecurityTest.issuer()
 *   const oidc = OpenIdConnect.make({ openIdConnectUrl: issuer.openIdConnectUrl })
 *   const token = yield* issuer.token({ sub: "johndoe", aud: "items", scope: "items:read" })
 *   const request = SecurityTest.request("http://localhost/items", SecurityTest.bearer(token))
 *   return yield* SecurityTest.provideRequest(oidc, request).pipe(Effect.provide(issuer.layer))
 * })
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const issuer = (
  options: { readonly url?: string; readonly algorithm?: string } = {}
): Effect.Effect<Issuer> =>
  Effect.gen(function* () {
    const { algorithm = "ES256", url = "https://issuer.test" } = options
    const base = url.replace(/\/$/, "")
    let signing = yield* makeKey(algorithm, 1)
    let published: ReadonlyArray<Jose.JWK> = [signing.jwk]
    let made = 1
    let isReachable = true
    let requests = 0
    const configuration = {
      issuer: url,
      jwks_uri: `${base}/jwks`,
      authorization_endpoint: `${base}/authorize`,
      token_endpoint: `${base}/token`,
      response_types_supported: ["code"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: [algorithm]
    }
    const path = new URL(base).pathname.replace(/\/$/, "")
    const answers = new Map<string, () => unknown>([
      [`${base}/.well-known/openid-configuration`, () => configuration],
      [
        `${new URL(base).origin}/.well-known/oauth-authorization-server${path}`,
        () => configuration
      ],
      [`${base}/jwks`, () => ({ keys: published })]
    ])
    return {
      url,
      openIdConnectUrl: `${base}/.well-known/openid-configuration`,
      keys: Effect.sync(() => ({ keys: published })),
      token: (claims, { header, typ = "at+jwt" } = {}) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const seconds = Math.floor(now / 1000)
          const payload = {
            iss: url,
            iat: seconds,
            exp: seconds + 3600,
            jti: crypto.randomUUID(),
            client_id: "test",
            ...claims
          }
          const token = new Jose.SignJWT(definedOf(payload)).setProtectedHeader({
            alg: algorithm,
            kid: signing.kid,
            ...(typ !== false && { typ }),
            ...header
          })
          return Effect.map(
            Effect.promise(() => token.sign(signing.key)),
            Redacted.make
          )
        }),
      rotate: Effect.gen(function* () {
        signing = yield* makeKey(algorithm, ++made)
        published = [signing.jwk, ...published]
      }),
      forget: Effect.sync(() => {
        published = [signing.jwk]
      }),
      setReachable: (is) =>
        Effect.sync(() => {
          isReachable = is
        }),
      requests: Effect.sync(() => requests),
      layer: Layer.succeed(
        HttpClient.HttpClient,
        HttpClient.make((request, target) =>
          Effect.sync(() => {
            const answer = answers.get(target.href)
            requests++
            return HttpClientResponse.fromWeb(
              request,
              !isReachable ? new Response(null, { status: 503 })
              : answer === undefined ? new Response(null, { status: 404 })
              : Response.json(answer())
            )
          })
        )
      )
    }
  })

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

interface SigningKey {
  readonly kid: string
  readonly key: Jose.CryptoKey
  readonly jwk: Jose.JWK
}

const makeKey = (algorithm: string, number: number): Effect.Effect<SigningKey> =>
  Effect.promise(async () => {
    const { privateKey, publicKey } = await Jose.generateKeyPair(algorithm, { extractable: true })
    const kid = `test-${number}-${crypto.randomUUID().slice(0, 8)}`
    const jwk = await Jose.exportJWK(publicKey)
    return { kid, key: privateKey, jwk: { ...jwk, kid, alg: algorithm, use: "sig" } }
  })

const definedOf = (claims: { readonly [claim: string]: unknown }): Jose.JWTPayload =>
  Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))

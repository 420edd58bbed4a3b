/**
 * The endpoint that is asked about tokens: what is sent to it, and what counts as an answer.
 *
 * @see [RFC 7662, section 2](https://www.rfc-editor.org/rfc/rfc7662.html#section-2)
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as OAuth from "oauth4webapi"
import * as IntrospectionAnswer from "./IntrospectionAnswer.ts"
import * as Setting from "../setting/Setting.ts"
import * as Upstream from "../upstream/Upstream.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * How this server proves to the authorization server who it is (RFC 6749, section 2.3.1).
 *
 * @category models
 * @since 0.1.0
 */
export interface Client {
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
  /**
   * `client_secret_basic` in `Authorization`, identifier and secret form-encoded; `client_secret_post` in the body.
   * `client_secret_basic` by default.
   */
  readonly method?: "client_secret_basic" | "client_secret_post" | undefined
}

/**
 * Where the server is, and who asks it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Endpoint {
  /** The `introspection_endpoint` of the authorization server. */
  readonly url: string
  /** This server's credentials there: an endpoint that needs none would tell anybody which tokens are right. */
  readonly client: Client
}

/**
 * How the endpoint is asked.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends Omit<Endpoint, "url"> {
  /**
   * The `introspection_endpoint` of the authorization server, or how to find out: `ServerMetadata.member(metadata,
   * "introspection_endpoint")`.
   */
  readonly url: string | Effect.Effect<string, Upstream.UpstreamError, HttpClient.HttpClient>
  /** Allows an `http` URL; `false` by default. */
  readonly allowHttp?: boolean | undefined
  /** How long a request waits, for its turn and for the answer; 3 seconds by default. */
  readonly timeout?: Duration.DurationInput | undefined
  /** How large an answer may be, in bytes; 65,536 by default. */
  readonly maxBytes?: number | undefined
  /** How many questions are on their way at one time; others wait for their turn. 64 by default. */
  readonly concurrency?: number | undefined
}

// ----------------------------------------------------------------------------
// configuration
// ----------------------------------------------------------------------------

/**
 * Where the server is and who asks it, from `URL`, `CLIENT_ID` and `CLIENT_SECRET` under a prefix: `INTROSPECTION_URL`, …
 *
 * @example
 * ```ts
 * import { Introspection, OAuth2 } from "effect-security"
 * import { Effect } from "effect"
 *
 * const user = Effect.map(Introspection.config(), (endpoint) =>
 *   OAuth2.clientCredentials({ tokenUrl: "https://id.example/token" }).pipe(
 *     Introspection.authenticate({ ...endpoint, audience: "https://api.example" })
 *   )
 * )
 * ```
 * @category constructors
 * @since 0.1.0
 */
export const config = (prefix = "INTROSPECTION"): Config.Config<Endpoint> =>
  Config.all({
    url: Config.string(`${prefix}_URL`),
    client: Config.all({
      clientId: Config.string(`${prefix}_CLIENT_ID`),
      clientSecret: Config.redacted(`${prefix}_CLIENT_SECRET`)
    })
  })

// ----------------------------------------------------------------------------
// questions
// ----------------------------------------------------------------------------

/**
 * Makes what asks about a token. Throws when the URL is not `https`, and without a client identifier and secret.
 *
 * @category questions
 * @since 0.1.0
 */
export const makeQuestion = (
  options: Options
): ((
  token: string
) => Effect.Effect<IntrospectionAnswer.Answer, Upstream.UpstreamError, HttpClient.HttpClient>) => {
  const found = toFound(options.url, options.allowHttp)
  const limits = Upstream.checkLimits({
    timeout: options.timeout ?? "3 seconds",
    maxBytes: options.maxBytes ?? 65_536
  })
  const turns = Effect.unsafeMakeSemaphore(
    Setting.whole("concurrency of introspection", options.concurrency ?? 64)
  )
  const identify = makeClient(options.client)
  return (token) =>
    Effect.flatMap(found, (url) => Upstream.send(toRequest(url, identify, token), limits)).pipe(
      turns.withPermits(1),
      Effect.timeoutFail({
        duration: limits.timeout,
        onTimeout: () =>
          new Upstream.UpstreamError({
            url: shown(options.url),
            description: `no answer within ${Duration.format(Duration.decode(limits.timeout))}`
          })
      }),
      Effect.flatMap(toAnswer)
    )
}

const toFound = (
  url: Options["url"],
  allowHttp: boolean | undefined
): Effect.Effect<string, Upstream.UpstreamError, HttpClient.HttpClient> => {
  if (typeof url === "string") {
    Upstream.checkUrl("the URL of introspection", url, allowHttp)
    return Effect.succeed(url)
  }
  return Effect.filterOrFail(
    url,
    (each) => Upstream.problemOf(each, allowHttp) === undefined,
    (each) =>
      new Upstream.UpstreamError({
        url: shown(each),
        description: `${Upstream.problemOf(each, allowHttp)}`
      })
  )
}

/**
 * The URL as logs may show it.
 *
 * @category folds
 * @since 0.1.0
 */
export const shown = (url: Options["url"]): string =>
  typeof url === "string" ? Upstream.shown(url) : "the introspection endpoint"

type Identify = (body: URLSearchParams, headers: Headers) => void

const makeClient = (client: Client | undefined): Identify => {
  const clientId: unknown = client?.clientId
  const secret: unknown =
    Redacted.isRedacted(client?.clientSecret) && Redacted.value(client.clientSecret)
  if (!isFilled(clientId) || !isFilled(secret)) {
    throw new Error("introspection needs a client identifier and a client secret that is Redacted")
  }
  const authentication = clientAuthentications[client?.method ?? "client_secret_basic"]
  if (authentication === undefined) {
    throw new Error("the method of introspection is client_secret_basic or client_secret_post")
  }
  const apply = authentication(secret)
  // neither of the two methods reads anything of the server
  const server = { issuer: "" }
  return (body, headers) => void apply(server, { client_id: clientId }, body, headers)
}

/** Text that can be form-encoded: half a surrogate pair can't. */
const isFilled = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && !/\p{Surrogate}/u.test(value)

const clientAuthentications = {
  client_secret_basic: OAuth.ClientSecretBasic,
  client_secret_post: OAuth.ClientSecretPost
}

const toRequest = (
  url: string,
  identify: Identify,
  token: string
): HttpClientRequest.HttpClientRequest => {
  const headers = new Headers({ accept: "application/json" })
  const body = new URLSearchParams({ token, token_type_hint: "access_token" })
  identify(body, headers)
  return HttpClientRequest.post(url, { headers: Object.fromEntries(headers) }).pipe(
    HttpClientRequest.bodyText(body.toString(), "application/x-www-form-urlencoded")
  )
}

const toAnswer = (
  answer: Upstream.Answer
): Effect.Effect<IntrospectionAnswer.Answer, Upstream.UpstreamError> => {
  if (answer.status !== 200 && answer.status !== 400) return Upstream.toJson(answer)
  if (!Upstream.isJson(answer)) {
    return Effect.fail(
      new Upstream.UpstreamError({
        url: answer.url,
        description: "answered with something that is no application/json"
      })
    )
  }
  if (answer.status === 200) return Upstream.toJson(answer)
  return Effect.flatMap(Upstream.toJson({ ...answer, status: 200 }), (body) =>
    IntrospectionAnswer.own(body, "error") === "unsupported_token_type" ?
      Effect.succeed<IntrospectionAnswer.Answer>({ active: false })
    : Upstream.toJson(answer)
  )
}

/**
 * The token request of OAuth 2's password grant: what a login form posts, read from the request as an Effect.
 *
 * It reads and checks the form; whose the password is, and what token it is worth, is the application's. The grant is
 * deprecated (RFC 9700, section 2.4): use it for first-party clients that cannot do better.
 *
 * @see [RFC 6749, section 4.3.2](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.3.2)
 * @since 0.1.0
 */
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Challenge from "../../Challenge.ts"
import * as Credential from "../../Credential.ts"
import * as TokenEndpoint from "../../TokenEndpoint.ts"
import * as Line from "../line/Line.ts"
import * as Bytes from "../request/Bytes.ts"
import * as BufferedBody from "../request/BufferedBody.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * A login: who, with what password, for which scopes, by which client.
 *
 * `scopes` are in the order of the request, each once. `client` is none when the request names none.
 *
 * @example
 * ```ts
 * import { OAuth2 } from "effect-security"
 *
 * const whoAndWhat = (form: OAuth2.PasswordForm) => `${form.username}: ${form.scopes.join(" ")}`
 * ```
 * @see [RFC 6749, section 4.3.2](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.3.2)
 * @category models
 * @since 0.1.0
 */
export interface PasswordForm {
  readonly grantType: "password" | undefined
  readonly username: string
  readonly password: Redacted.Redacted
  readonly scopes: ReadonlyArray<string>
  readonly client: Option.Option<Client>
}

/**
 * The client that sends a login: not authenticated yet, `secret` is for the application to check.
 *
 * `method` is `basic` when it came in `Authorization`, `post` when in the form.
 *
 * @example
 * ```ts
 * import { OAuth2 } from "effect-security"
 * import * as Option from "effect/Option"
 *
 * const isPublic = (client: OAuth2.Client) => Option.isNone(client.secret)
 * ```
 * @see [RFC 6749, section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749.html#section-2.3.1)
 * @category models
 * @since 0.1.0
 */
export interface Client {
  readonly id: string
  readonly secret: Option.Option<Redacted.Redacted>
  readonly method: "basic" | "post"
}

// ----------------------------------------------------------------------------
// readers
// ----------------------------------------------------------------------------

/**
 * Reads a login from the request; `grant_type` may be missing, as FastAPI allows.
 *
 * Reads a POST of `application/x-www-form-urlencoded`, at most 64 kB, and `Authorization: Basic` for the client. A
 * field without a value is missing; unknown fields are ignored. Fails with a `TokenError` that names fields and never
 * shows values:
 *
 * - `invalid_request`, 400: another method or media type, a body that is too large, can't be read or is not
 *   percent-encoded UTF-8; `username` or `password` missing; a field repeated or with control characters; `Authorization`
 *   repeated; a client by `Authorization` and by the form
 * - `unsupported_grant_type`, 400: a `grant_type` other than `password`
 * - `invalid_scope`, 400: `scope` is not scopes parted by single spaces
 * - `invalid_client`, 401: an `Authorization` of another auth-scheme, or one that can't be read
 *
 * A client in `Authorization` is form-decoded after base64, as the RFC has it. `Basic Og==` (an empty id and an empty
 * secret, which Swagger UI sends when both are left blank) is no client. Beside `Authorization`, `client_id` may repeat the
 * same id.
 *
 * In an HttpApi use it in `handleRaw`, which leaves the body to it.
 *
 * @example
 * ```ts
 * import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
 * import { OAuth2, TokenEndpoint } from "effect-security"
 * import * as Effect from "effect/Effect"
 * import * as Redacted from "effect/Redacted"
 *
 * const Token = HttpLayerRouter.add("POST", "/token", Effect.gen(function* () {
 *   const { password, username } = yield* OAuth2.passwordForm
 *   if (username !== "alice" || Redacted.value(password) !== "wonderland") {
 *     return yield* TokenEndpoint.invalidGrant()
 *   }
 *   return TokenEndpoint.tokenResponse({ accessToken: "2YotnFZFEjr1zCsicMWpAA", expiresIn: 3600 })
 * }))
 * ```
 * @see [RFC 6749, section 4.3.2](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.3.2)
 * @category readers
 * @since 0.1.0
 */
export const passwordForm: Effect.Effect<
  PasswordForm,
  TokenEndpoint.TokenError,
  HttpServerRequest.HttpServerRequest
> = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => read(request))

/**
 * Reads a login as {@link passwordForm} does, but `grant_type=password` is required, as by the RFC.
 *
 * @example
 * ```ts
 * import { OAuth2 } from "effect-security"
 * import * as Effect from "effect/Effect"
 *
 * const username = Effect.map(OAuth2.passwordFormStrict, (form) => form.username)
 * ```
 * @see [RFC 6749, section 4.3.2](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.3.2)
 * @category readers
 * @since 0.1.0
 */
export const passwordFormStrict: Effect.Effect<
  PasswordForm & { readonly grantType: "password" },
  TokenEndpoint.TokenError,
  HttpServerRequest.HttpServerRequest
> = Effect.flatMap(passwordForm, ({ grantType, ...form }) =>
  grantType === undefined ? missing("grant_type") : Effect.succeed({ grantType, ...form })
)

// ----------------------------------------------------------------------------
// schemas
// ----------------------------------------------------------------------------

const secret = Schema.Redacted(
  Schema.String.annotations({ jsonSchema: { type: "string", format: "password" } })
)

const fields = {
  username: Schema.NonEmptyString,
  password: secret,
  scope: optional(Schema.String.annotations({ description: "Scopes, parted by one space" })),
  client_id: optional(Schema.String),
  client_secret: optional(secret)
}

/**
 * The form of {@link passwordForm}, for `setPayload` of an HttpApi endpoint: documents
 * `application/x-www-form-urlencoded`, and types the platform's client.
 *
 * @example
 * ```ts
 * import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
 * import { OAuth2, TokenEndpoint } from "effect-security"
 *
 * const token = HttpApiEndpoint.post("token", "/token")
 *   .setPayload(OAuth2.PasswordFormPayload)
 *   .addSuccess(TokenEndpoint.TokenResponse)
 *   .addError(TokenEndpoint.TokenError)
 * // handlers.handleRaw("token", () => Effect.gen(function* () { yield* OAuth2.passwordForm … }))
 * ```
 * @see [RFC 6749, section 4.3.2](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.3.2)
 * @category schemas
 * @since 0.1.0
 */
export const PasswordFormPayload = Schema.Struct({
  grant_type: optional(Schema.Literal("password")),
  ...fields
}).pipe(
  HttpApiSchema.withEncoding({ kind: "UrlParams" }),
  Schema.annotations({ identifier: "SecurityPasswordForm" })
)

/**
 * The form of {@link passwordFormStrict}: {@link PasswordFormPayload} with `grant_type` required.
 *
 * @example
 * ```ts
 * import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
 * import { OAuth2 } from "effect-security"
 *
 * const token = HttpApiEndpoint.post("token", "/token")
 *   .setPayload(OAuth2.PasswordFormStrictPayload)
 * ```
 * @see [RFC 6749, section 4.3.2](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.3.2)
 * @category schemas
 * @since 0.1.0
 */
export const PasswordFormStrictPayload = Schema.Struct({
  grant_type: Schema.Literal("password"),
  ...fields
}).pipe(
  HttpApiSchema.withEncoding({ kind: "UrlParams" }),
  Schema.annotations({ identifier: "SecurityPasswordFormStrict" })
)

function optional<A, I, R>(schema: Schema.Schema<A, I, R>) {
  return Schema.optionalWith(schema, { exact: true })
}

// ----------------------------------------------------------------------------
// the request
// ----------------------------------------------------------------------------

type Refused = Effect.Effect<never, TokenEndpoint.TokenError>

const refuse = (description: string): Refused =>
  Effect.suspend(() => Effect.fail(TokenEndpoint.invalidRequest(description)))

const missing = (field: string): Refused => refuse(`The field ${field} is missing`)

const invalidClient: Refused = Effect.suspend(() => Effect.fail(TokenEndpoint.invalidClient()))

const read = (
  request: HttpServerRequest.HttpServerRequest
): Effect.Effect<PasswordForm, TokenEndpoint.TokenError> =>
  Effect.gen(function* () {
    yield* checkHead(request)
    const basic = yield* readAuthorization(request)
    const form = yield* readForm(yield* readBody(request))
    const client = yield* readClient(basic, form)
    const grantType = form.get("grant_type")
    if (grantType !== undefined && grantType !== "password") {
      return yield* TokenEndpoint.unsupportedGrantType()
    }
    const username = form.get("username")
    if (username === undefined) return yield* missing("username")
    const password = form.get("password")
    if (password === undefined) return yield* missing("password")
    const scopes = form.get("scope")?.split(" ") ?? []
    if (!scopes.every(TokenEndpoint.isScopeToken)) return yield* TokenEndpoint.invalidScope()
    return {
      grantType,
      username,
      password: Redacted.make(password),
      scopes: Array.from(new Set(scopes)),
      client
    }
  })

const checkHead = (
  request: HttpServerRequest.HttpServerRequest
): Effect.Effect<void, TokenEndpoint.TokenError> => {
  // RFC 6749 3.2: the client MUST use the HTTP "POST" method
  if (request.method !== "POST") return refuse("The token request has to be a POST")
  const [mediaType = ""] = (request.headers["content-type"] ?? "").split(";")
  return (
      mediaType.trim().toLowerCase() !== "application/x-www-form-urlencoded" ||
        Credential.isRepeated(request, "content-type")
    ) ?
      refuse("The content-type has to be application/x-www-form-urlencoded")
    : Effect.void
}

// ----------------------------------------------------------------------------
// the body
// ----------------------------------------------------------------------------

/** The longest form that is read. */
const maxBodySize = 65_536

const tooLarge = refuse("The form is too large")

const unreadable = refuse("The form could not be read")

/** A request's body can be read once, but the same request may be asked for its form twice. */
const bodies = new WeakMap<object, string>()

const readBody = (
  request: HttpServerRequest.HttpServerRequest
): Effect.Effect<string, TokenEndpoint.TokenError> =>
  Effect.suspend(() => {
    const source = BufferedBody.sourceOf(request)
    const known = bodies.get(source)
    if (known !== undefined) return Effect.succeed(known)
    // a Fetch request without a body
    if (hasProperty(source, "body") && source.body === null) return Effect.succeed("")
    if (!BufferedBody.wasRead(source)) {
      return Effect.tap(readStream(request), (body) => Effect.sync(() => bodies.set(source, body)))
    }
    // what read the body before, for instance an HttpApi's own decoding, has left its text with the request
    const text = Effect.runSyncExit(request.text)
    return Exit.isSuccess(text) ? Effect.succeed(text.value) : unreadable
  })

/**
 * Reads a bounded body, and not by `request.text`: that decodes invalid UTF-8 as U+FFFD, knows no bound for a Fetch request,
 * resets the connection of a node:http request that is too large, and leaves the password where printing the request
 * shows it.
 */
const readStream = (
  request: HttpServerRequest.HttpServerRequest
): Effect.Effect<string, TokenEndpoint.TokenError> =>
  Effect.gen(function* () {
    const limit = Math.min(maxBodySize, (yield* Line.maxBodySize) ?? maxBodySize)
    if (Number(request.headers["content-length"]) > limit) return yield* tooLarge
    const bytes = yield* Bytes.collect(request.stream, limit, BufferedBody.maxDrained).pipe(
      // a Fetch body that fails is a failure and, when it is closed, a defect
      Effect.catchAllCause((cause) => (Cause.isInterrupted(cause) ? Effect.interrupt : unreadable))
    )
    if (bytes === undefined) return yield* tooLarge
    return yield* Option.match(utf8(bytes), {
      onNone: () => refuse("The form is not UTF-8"),
      onSome: Effect.succeed
    })
  })

// ----------------------------------------------------------------------------
// the form
// ----------------------------------------------------------------------------

const fieldNames = [
  "grant_type",
  "username",
  "password",
  "scope",
  "client_id",
  "client_secret"
] as const
type FieldName = (typeof fieldNames)[number]

/** The known fields that have a value: RFC 6749, section 3.2 treats an empty one as omitted. */
type Form = ReadonlyMap<FieldName, string>

const readForm = (body: string): Effect.Effect<Form, TokenEndpoint.TokenError> =>
  Effect.gen(function* () {
    const form = new Map<FieldName, string>()
    for (const pair of body.split("&")) {
      const equals = pair.indexOf("=")
      const name = formDecode(equals < 0 ? pair : pair.slice(0, equals))
      const value = formDecode(equals < 0 ? "" : pair.slice(equals + 1))
      if (Option.isNone(name) || Option.isNone(value)) {
        return yield* refuse("The form is not percent-encoded UTF-8")
      }
      const field = fieldNames.find((each) => each === name.value)
      if (field === undefined) continue
      // RFC 6749 3.2: parameters MUST NOT be included more than once
      if (form.has(field)) return yield* refuse(`The field ${field} is repeated`)
      if (characters[field]?.test(value.value) === false) {
        return yield* refuse(`The field ${field} has a character that is not allowed`)
      }
      form.set(field, value.value)
    }
    return new Map(Array.from(form).filter(([, value]) => value !== ""))
  })

// UNICODECHARNOCRLF = %x09 / %x20-7E / %x80-D7FF / %xE000-FFFD / %x10000-10FFFF (RFC 6749, appendix A)
const unicode = /^[\t -~\u{80}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]*$/u
// VSCHAR = %x20-7E
const visible = /^[ -~]*$/

// grant_type and scope are told by errors of their own
const characters: Readonly<Partial<Record<FieldName, RegExp>>> = {
  username: unicode,
  password: unicode,
  client_id: visible,
  client_secret: visible
}

const formDecode = (text: string): Option.Option<string> => percentDecode(text.replaceAll("+", " "))

const percentDecode = Option.liftThrowable(decodeURIComponent)

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const utf8 = Option.liftThrowable((bytes: Uint8Array) => decoder.decode(bytes))

// ----------------------------------------------------------------------------
// the client
// ----------------------------------------------------------------------------

const makeClient = (method: Client["method"], id: string, secret: string): Client => ({
  id,
  secret: secret === "" ? Option.none() : Option.some(Redacted.make(secret)),
  method
})

const readClient = (
  basic: Option.Option<Client>,
  form: Form
): Effect.Effect<Option.Option<Client>, TokenEndpoint.TokenError> => {
  const id = form.get("client_id")
  const secret = form.get("client_secret")
  if (Option.isSome(basic)) {
    // RFC 6749 2.3: the client MUST NOT use more than one authentication method; 3.2.1: it may still name itself
    return secret !== undefined || (id !== undefined && id !== basic.value.id) ?
        refuse("The client has to be either in Authorization or in the form, not in both")
      : Effect.succeed(basic)
  }
  if (id !== undefined) return Effect.succeed(Option.some(makeClient("post", id, secret ?? "")))
  return secret === undefined ? Effect.succeed(Option.none()) : missing("client_id")
}

const readAuthorization = (
  request: HttpServerRequest.HttpServerRequest
): Effect.Effect<Option.Option<Client>, TokenEndpoint.TokenError> => {
  const value = request.headers["authorization"]
  if (value === undefined) return Effect.succeed(Option.none())
  const credentials = Challenge.parseCredentials(value)
  // a Fetch request has joined repeated fields by commas, which makes them malformed
  if (
    Credential.isRepeated(request, "authorization") ||
    (credentials === undefined && value.includes(","))
  ) {
    return refuse("The request has more than one Authorization")
  }
  if (credentials?.token68 === undefined || !Challenge.isScheme(credentials, "Basic")) {
    return invalidClient
  }
  return Option.match(Option.flatMap(base64Decode(credentials.token68), decodeBasic), {
    onNone: () => invalidClient,
    onSome: Effect.succeed
  })
}

// user-pass = user-id ":" password (RFC 7617, section 2), each form-encoded (RFC 6749, section 2.3.1)
const decodeBasic = (userPass: string): Option.Option<Option.Option<Client>> => {
  const colon = userPass.indexOf(":")
  if (colon < 0) return Option.none()
  return Option.zipWith(
    formDecode(userPass.slice(0, colon)),
    formDecode(userPass.slice(colon + 1)),
    (id, secret) => ({ id, secret })
  ).pipe(
    Option.filter(({ id, secret }) => visible.test(id) && visible.test(secret)),
    Option.filter(({ id, secret }) => id !== "" || secret === ""),
    // RFC 6749 3.2: what is sent without a value is omitted
    Option.map(({ id, secret }) =>
      id === "" ? Option.none() : Option.some(makeClient("basic", id, secret))
    )
  )
}

const fromBase64 = Option.liftThrowable(atob)

const base64Decode = (text: string): Option.Option<string> =>
  fromBase64(text).pipe(
    // atob forgives missing padding and trailing bits
    Option.filter((binary) => btoa(binary) === text),
    Option.map((binary) => Uint8Array.from(binary, (char) => char.charCodeAt(0))),
    Option.flatMap(utf8)
  )

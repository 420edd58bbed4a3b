/**
 * The Digest scheme (RFC 7616, section 3.3): what it offers, and its challenges.
 *
 * @since 0.1.0
 */
import * as Challenge from "../../Challenge.ts"
import * as Credential from "../../Credential.ts"
import type { Definition, Problem } from "../security/Definition.ts"
import { type DigestCredentials, parse } from "./DigestCredentials.ts"
import * as DigestHash from "./DigestHash.ts"
import * as DigestNonces from "../../DigestNonces.ts"
import * as Scheme from "../../Scheme.ts"
import { definitions } from "../security/Expression.ts"
import type { Scheme as SchemeOf, Top } from "../security/Model.ts"
import * as Line from "../line/Line.ts"

// ----------------------------------------------------------------------------
// models
// ----------------------------------------------------------------------------

/**
 * What a Digest scheme can be told.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<Name extends string, Declared extends string> extends Scheme.Options<
  Name,
  Declared
> {
  /**
   * One challenge for each, the most preferred first; `["SHA-256"]` by default. Clients take the first they know, so `"MD5"`, for
   * old ones only, is last. curl before 8.7 answers `"SHA-512-256"` with sums of SHA-256: never offer it first or alone.
   */
  readonly algorithms?: ReadonlyArray<DigestHash.Algorithm>
  /** What the digest covers: `["auth"]` by default, the method and the target; `"auth-int"` is the body as well. */
  readonly qop?: ReadonlyArray<DigestHash.Qop>
  /** Whether the client may send a hash of the user name (RFC 7616, section 3.4.4); left out by default, which means no. */
  readonly userhash?: boolean
  /** What the client has to send back as it is; printable ASCII. None by default. */
  readonly opaque?: string
  /** `DigestNonces.make({ secret, lifetime })`; by default those of this process, for 5 minutes. */
  readonly nonces?: DigestNonces.Nonces
}

/**
 * What a Digest scheme offers, as its verifier needs it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Offer {
  readonly realm: string
  readonly algorithms: ReadonlyArray<DigestHash.Algorithm>
  readonly qop: ReadonlyArray<DigestHash.Qop>
  readonly userhash: boolean
  readonly opaque: string | undefined
  /** In milliseconds. */
  readonly lifetime: number
  readonly issuer: DigestNonces.Issuer
  /** The challenges for a right digest whose nonce is of no use any more. */
  readonly stale: (now: number) => ReadonlyArray<Challenge.Challenge>
}

// ----------------------------------------------------------------------------
// constructors
// ----------------------------------------------------------------------------

/**
 * The fields of a digest in `Authorization: Digest` (RFC 7616, section 3.4).
 *
 * **A bare Digest scheme proves nothing**: it knows no passwords and remembers no nonces. {@link authenticate} verifies what it
 * finds.
 *
 * Reads `Authorization`, the scheme compared without regard to case; yields {@link DigestCredentials}, the response `Redacted`. No
 * `Authorization`, or another auth-scheme: `Unauthorized` (401, `absent`). Two fields, a `token68`, and what {@link parse}
 * refuses: `Unauthorized` (401, `malformed`). There is one challenge (section 3.3) for each algorithm, all with one nonce that is
 * made anew each time: `Digest realm="api", nonce="…", qop="auth", algorithm=SHA-256, charset=UTF-8`; RFC 7616 defines no
 * `error` for it.
 *
 * @example
 * ```ts
 * import { HttpDigest } from "effect-security"
 *
 * HttpDigest.make({ realm: "items", algorithms: ["SHA-256", "MD5"] }).requirement // => [{ HTTPDigest: [] }]
 * ```
 * @see [RFC 7616, section 3.3](https://www.rfc-editor.org/rfc/rfc7616.html#section-3.3)
 * @category constructors
 * @since 0.1.0
 */
export const make = <const Name extends string = "HTTPDigest", Declared extends string = never>(
  ...[options]: [] | [options: Options<Name, Declared> & Scheme.CheckName<Name, "HTTPDigest">]
): SchemeOf<NoInfer<Name>, DigestCredentials, NoInfer<Declared>> => {
  const {
    algorithms = ["SHA-256"],
    opaque,
    qop = ["auth"],
    realm = "api",
    userhash
  } = options ?? {}
  checkAlgorithms(algorithms)
  checkQop(qop)
  const nonces = options?.nonces ?? DigestNonces.ofProcess()
  const issuer = nonces.bind(realm, opaque ?? "")
  const challenges = (
    now: number,
    extra: Readonly<Record<string, string | Challenge.Token>> = {}
  ): ReadonlyArray<Challenge.Challenge> => {
    const nonce = issuer.issue(now)
    return algorithms.map((algorithm) =>
      Challenge.make("Digest", {
        realm,
        nonce,
        qop: qop.join(", "),
        algorithm: Challenge.token(algorithm),
        ...(opaque !== undefined && { opaque }),
        charset: Challenge.token("UTF-8"),
        ...(userhash !== undefined && { userhash: Challenge.token(String(userhash)) }),
        ...extra
      })
    )
  }
  // what can't be sent is refused now
  challenges(0)
  const scheme = {
    type: "http",
    scheme: "digest",
    description: options?.description,
    deprecated: options?.deprecated
  } as const
  const made = Scheme.makeNamed(options, "HTTPDigest", {
    scheme,
    extract: (request): Credential.Extraction<DigestCredentials> => {
      const credentials = Credential.authorization(request, "digest")
      return typeof credentials === "string" ? parse(credentials) : credentials
    },
    // RFC 7616 has no parameter that says what was wrong with a digest
    challenge: (problem) =>
      challenges(currentTime(), isInsufficient(problem) ? problem : undefined),
    identity: Scheme.identity(
      "HttpDigest",
      scheme,
      realm,
      options?.scopes,
      algorithms,
      qop,
      opaque,
      userhash,
      nonces.id
    )
  })
  const offer: Offer = {
    realm,
    algorithms,
    qop,
    userhash: userhash ?? false,
    opaque,
    lifetime: nonces.lifetime,
    issuer,
    stale: (now) => challenges(now, { stale: Challenge.token("true") })
  }
  for (const definition of definitions(made)) offers.set(definition, offer)
  return made
}

const offers = new WeakMap<Definition<unknown>, Offer>()

/**
 * What the Digest schemes of an expression offer, by their names.
 *
 * Throws when the expression has another scheme.
 *
 * @category reflection
 * @since 0.1.0
 */
export const offersOf = (self: Top): ReadonlyMap<string, Offer> =>
  new Map(
    definitions(self).map((definition) => {
      const offer = offers.get(definition)
      if (offer === undefined) {
        throw new Error(
          `the scheme ${JSON.stringify(definition.name)} was not made by HttpDigest.make: verify it with Security.authenticate`
        )
      }
      return [definition.name, offer]
    })
  )

// ----------------------------------------------------------------------------
// steps
// ----------------------------------------------------------------------------

const checkAlgorithms = (algorithms: ReadonlyArray<DigestHash.Algorithm>): void => {
  if (algorithms.length === 0) {
    throw new Error('algorithms has to name at least one: leave it out for ["SHA-256"]')
  }
  checkDistinct("algorithms", algorithms)
  for (const algorithm of algorithms) {
    if (DigestHash.algorithmOf(algorithm) !== algorithm) {
      throw new Error(
        `${JSON.stringify(algorithm)} is no algorithm of RFC 7616: use SHA-256, SHA-512-256 or MD5, with -sess or without`
      )
    }
    // throws where this build of Node has no such function
    DigestHash.hash(DigestHash.hashOf(algorithm), "")
  }
  const isWeak = algorithms.map((algorithm) => DigestHash.hashOf(algorithm) === "MD5")
  if (isWeak.indexOf(true) !== -1 && isWeak.lastIndexOf(false) > isWeak.indexOf(true)) {
    throw new Error("MD5 has to come last: clients take the first algorithm they know")
  }
}

const checkQop = (qop: ReadonlyArray<DigestHash.Qop>): void => {
  checkDistinct("qop", qop)
  if (qop.length === 0 || !qop.every((each) => each === "auth" || each === "auth-int")) {
    throw new Error(`qop has to be a list of "auth" and "auth-int": got ${JSON.stringify(qop)}`)
  }
}

const checkDistinct = (what: string, list: ReadonlyArray<string>): void => {
  if (new Set(list).size !== list.length) {
    throw new Error(`${what} has to name each once: got ${list.join(", ")}`)
  }
}

const isInsufficient = (
  problem: Problem | undefined
): problem is Extract<Problem, { readonly error: "insufficient_scope" }> =>
  problem?.error === "insufficient_scope"

/** A challenge is made in the midst of a fiber, whose clock it is. */
const currentTime = (): number => Line.currentClock()?.unsafeCurrentTimeMillis() ?? Date.now()

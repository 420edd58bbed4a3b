import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerRespondable from "@effect/platform/HttpServerRespondable"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Tracer from "effect/Tracer"
import {
  ApiKey,
  Challenge,
  Credential,
  HttpBasic,
  OAuth2,
  Scheme,
  Security,
  SecurityError
} from "../src/index.ts"
import { observing } from "./support/tracer.ts"

// ----------------------------------------------------------------------------
// a key and a token, and ways to run what they guard
// ----------------------------------------------------------------------------

const key = ApiKey.header("X-Key", { schemeName: "key", scopes: { read: "Read", write: "Write" } })
const oauth = OAuth2.passwordBearer({
  schemeName: "oauth",
  tokenUrl: "token",
  scopes: { read: "Read", write: "Write" }
})

const invalid = new SecurityError.Unauthorized({ reason: "invalid" })
const forbidden = new SecurityError.Forbidden({ message: "Suspended" })
const unavailable = new SecurityError.ServiceUnavailable({ retryAfter: 30 })
const tooMany = new SecurityError.TooManyRequests({ retryAfter: 20 })

/** `right-read-write` is right, and granted both scopes. */
const verify = (secret: Redacted.Redacted<string>, { scheme }: Security.VerifierContext) => {
  const [is, ...scopes] = Redacted.value(secret).split("-")
  return is === "right" ? Effect.succeed(Security.grant(scheme, scopes)) : Effect.fail(invalid)
}

const robot = key.pipe(Security.authenticate(verify))
const user = oauth.pipe(Security.authenticate(verify))

type Headers = Readonly<Record<string, string>>

const right: Headers = { "x-key": "right-read-write" }
const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` })

const requestOf = (headers: Headers) => new Request("http://api.example/", { headers })

const run = <A, E>(
  self: Effect.Effect<A, E, HttpServerRequest.HttpServerRequest>,
  headers: Headers = right
): Exit.Exit<A, E> =>
  Effect.runSyncExit(
    Effect.provideService(
      self,
      HttpServerRequest.HttpServerRequest,
      HttpServerRequest.fromWeb(requestOf(headers))
    )
  )

const errorOf = <A, E>(exit: Exit.Exit<A, E>): E | undefined =>
  Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined

const isDefect = <A, E>(exit: Exit.Exit<A, E>): boolean =>
  Exit.isFailure(exit) && Cause.isDie(exit.cause)

/** What a router answers. */
const answer = async <A, E>(
  self: Effect.Effect<A, E, HttpServerRequest.HttpServerRequest>,
  headers: Headers = right
) => {
  const app = HttpRouter.empty.pipe(
    HttpRouter.get(
      "/",
      Effect.map(self, (who) => HttpServerResponse.unsafeJson({ who }))
    )
  )
  const response = await HttpApp.toWebHandler(app)(requestOf(headers))
  return {
    status: response.status,
    challenge: response.headers.get("www-authenticate"),
    retryAfter: response.headers.get("retry-after"),
    body: await response.text()
  }
}

const refusals = [
  ["Unauthorized", 401, invalid],
  ["Forbidden", 403, forbidden],
  ["TooManyRequests", 429, tooMany],
  ["ServiceUnavailable", 503, unavailable]
] as const

class Broken extends Data.TaggedError("Broken")<{ readonly why: string }> {}
const broken = new Broken({ why: "the database is on fire" })

/** An error of one's own, with a body of one's own. */
class Problem extends Schema.TaggedError<Problem>()("Problem", {
  status: Schema.Number,
  title: Schema.String
}) {
  [HttpServerRespondable.symbol](): Effect.Effect<HttpServerResponse.HttpServerResponse> {
    return Effect.succeed(
      HttpServerResponse.unsafeJson({ title: this.title }, { status: this.status })
    )
  }
}

const problem = (error: SecurityError.Refusal): Problem =>
  new Problem({ status: SecurityError.statuses[error._tag], title: error._tag })

// ----------------------------------------------------------------------------
// policies
// ----------------------------------------------------------------------------

describe("mapEffect", () => {
  it("changes what the expression succeeds with", () => {
    const shouted = robot.pipe(Security.mapEffect((name) => Effect.succeed(name.toUpperCase())))
    expect(run(shouted)).toEqual(Exit.succeed("KEY"))
    expect(shouted.requirement).toEqual([{ key: [] }])
  })

  for (const [tag, status, error] of refusals) {
    const refused = robot.pipe(Security.mapEffect(() => Effect.fail(error)))

    it(`answers ${status} when it fails with ${tag}`, async () => {
      const { challenge, retryAfter, status: answered } = await answer(refused)
      expect(answered).toBe(status)
      // a policy that forbids asks for no other credential
      expect(challenge).toBe(status === 401 ? 'ApiKey realm="api"' : null)
      expect(retryAfter).toBe(
        status === 503 ? "30"
        : status === 429 ? "20"
        : null
      )
    })

    it(`lets the next alternative try when it fails with ${tag}`, () => {
      const either = Security.anyOf(refused, user)
      expect(run(either, { ...right, ...bearer("right") })).toEqual(Exit.succeed("oauth"))
      expect(errorOf(run(either, { ...right, ...bearer("wrong") }))).toMatchObject({ _tag: tag })
      expect(errorOf(run(either))).toMatchObject({ _tag: tag })
    })

    it(`lets nobody in as anonymous when it fails with ${tag}`, () => {
      expect(errorOf(run(Security.optional(refused)))).toMatchObject({ _tag: tag })
      expect(run(Security.optional(refused), {})).toEqual(Exit.succeed(Option.none()))
    })
  }

  it("ends the evaluation with any other error, and with a defect", async () => {
    const failing = robot.pipe(Security.mapEffect(() => Effect.fail(broken)))
    const dying = robot.pipe(Security.mapEffect(() => Effect.die(broken)))
    const both = { ...right, ...bearer("right") }
    expect(errorOf(run(Security.anyOf(failing, user), both))).toBe(broken)
    assert(isDefect(run(Security.anyOf(dying, user), both)))
    assert(isDefect(run(Security.optional(dying))))
    expect((await answer(Security.anyOf(failing, user), both)).status).toBe(500)
    expect((await answer(Security.anyOf(dying, user), both)).status).toBe(500)
    // an earlier alternative that passes is not asked what a later one does
    expect(run(Security.anyOf(user, failing), both)).toEqual(Exit.succeed("oauth"))
  })

  it("says no as 'invalid', whatever reason its error gives", () => {
    const refused = robot.pipe(
      Security.mapEffect(() => Effect.fail(new SecurityError.Unauthorized({ reason: "absent" })))
    )
    expect(errorOf(run(Security.optional(refused)))).toMatchObject({ reason: "invalid" })
    // and stronger than what was not there
    expect(errorOf(run(Security.anyOf(user, refused)))).toMatchObject({ reason: "invalid" })
  })

  it("runs after the scopes were checked, and not when they lack", () => {
    let ran = 0
    const counted = robot.pipe(
      Security.mapEffect(() => Effect.sync(() => ++ran)),
      Security.scopes("write")
    )
    expect(errorOf(run(counted, { "x-key": "right-read" }))).toMatchObject({ _tag: "Forbidden" })
    expect(ran).toBe(0)
    expect(run(counted)).toEqual(Exit.succeed(1))
  })

  it("runs one after the other in allOf, the first refusal decides", () => {
    const order: Array<string> = []
    const noting = (name: string, error?: SecurityError.Refusal) =>
      Security.tap(() =>
        Effect.zipRight(
          Effect.sync(() => order.push(name)),
          error === undefined ? Effect.void : Effect.fail(error)
        )
      )
    const both = Security.allOf({
      b: robot.pipe(noting("b", forbidden)),
      a: user.pipe(noting("a")),
      c: Security.public.pipe(noting("c", unavailable))
    })
    expect(errorOf(run(both, { ...right, ...bearer("right") }))).toMatchObject({
      _tag: "Forbidden"
    })
    expect(order).toEqual(["a", "b"])
  })

  it("marks as refused what its clause needed, and nothing else", async () => {
    const refused = user.pipe(Security.mapEffect(() => Effect.fail(invalid)))
    const either = Security.anyOf(refused, HttpBasic.make({ realm: "people" }))
    expect((await answer(either, bearer("right"))).challenge).toBe(
      'Bearer realm="api", error="invalid_token", Basic realm="people", charset="UTF-8"'
    )
    expect((await answer(either, {})).challenge).toBe(
      'Bearer realm="api", Basic realm="people", charset="UTF-8"'
    )
  })

  it("adds no challenge to a 403, and keeps those of alternatives that lacked scopes", async () => {
    const either = Security.anyOf(
      robot.pipe(Security.mapEffect(() => Effect.fail(forbidden))),
      user.pipe(Security.scopes("write", "read"))
    )
    const answered = await answer(either, { ...right, ...bearer("right-read") })
    expect(answered.status).toBe(403)
    expect(answered.challenge).toBe(
      'Bearer realm="api", error="insufficient_scope", scope="write read"'
    )
    expect(answered.body).toContain("Suspended")
  })
})

describe("filterOrFail", () => {
  const only = (name: string, error: SecurityError.Refusal | Broken) =>
    robot.pipe(
      Security.filterOrFail(
        (who) => who === name,
        () => error
      )
    )

  it("keeps what the predicate accepts", () => {
    expect(run(only("key", forbidden))).toEqual(Exit.succeed("key"))
  })

  it("fails with its error, which is told and tried as a policy's", async () => {
    for (const [, status, error] of refusals) {
      expect((await answer(only("other", error))).status).toBe(status)
      expect(
        run(Security.anyOf(only("other", error), user), { ...right, ...bearer("right") })
      ).toEqual(Exit.succeed("oauth"))
    }
    expect(errorOf(run(Security.anyOf(only("other", broken), only("key", broken))))).toBe(broken)
  })

  it("dies of a predicate that throws", () => {
    const throwing = robot.pipe(
      Security.filterOrFail(
        (): boolean => {
          throw new Error("the predicate is broken")
        },
        () => forbidden
      )
    )
    assert(isDefect(run(Security.optional(throwing))))
  })
})

describe("tap", () => {
  it("keeps the principal, and fails as its Effect does", async () => {
    expect(run(robot.pipe(Security.tap((who) => Effect.succeed(who.length))))).toEqual(
      Exit.succeed("key")
    )
    for (const [, status, error] of refusals) {
      expect((await answer(robot.pipe(Security.tap(() => Effect.fail(error))))).status).toBe(status)
    }
    expect(
      errorOf(run(Security.optional(robot.pipe(Security.tap(() => Effect.fail(broken))))))
    ).toBe(broken)
    assert(isDefect(run(Security.optional(robot.pipe(Security.tap(() => Effect.die(broken)))))))
  })
})

describe("map", () => {
  it("that throws is a defect, and not a pass", () => {
    const throwing = robot.pipe(
      Security.map((): string => {
        throw new Error("the map is broken")
      })
    )
    assert(isDefect(run(Security.optional(throwing))))
    assert(isDefect(run(Security.anyOf(throwing, robot))))
  })
})

describe("a policy of a public expression", () => {
  it("is asked of whoever presents nothing", async () => {
    for (const [, status, error] of refusals) {
      const open = Security.public.pipe(Security.mapEffect(() => Effect.fail(error)))
      expect((await answer(open, {})).status).toBe(status)
      expect((await answer(Security.anyOf(robot, open), {})).status).toBe(status)
      expect((await answer(Security.anyOf(robot, open), { "x-key": "wrong" })).status).toBe(401)
    }
  })
})

// ----------------------------------------------------------------------------
// verifiers
// ----------------------------------------------------------------------------

describe("a verifier", () => {
  const both = { ...right, ...bearer("right") }
  const failing = <E>(error: E) => key.pipe(Security.authenticate(() => Effect.fail(error)))

  for (const [tag, status, error] of refusals) {
    it(`answers ${status} when it fails with ${tag}, and lets the next alternative try`, async () => {
      const answered = await answer(failing(error))
      expect(answered).toMatchObject({
        status,
        challenge: status === 401 ? 'ApiKey realm="api"' : null,
        retryAfter:
          status === 503 ? "30"
          : status === 429 ? "20"
          : null
      })
      expect(answered.body).toContain(error.message)
      expect(run(Security.anyOf(failing(error), user), both)).toEqual(Exit.succeed("oauth"))
      expect((await answer(Security.optional(failing(error)))).status).toBe(status)
      expect((await answer(Security.optional(failing(error)), {})).status).toBe(200)
    })
  }

  it("that yields an error is refused, whatever the error is called", () => {
    class Success extends Data.TaggedError("Success")<{ readonly value: unknown }> {}
    class Failure extends Data.TaggedError("Failure")<{ readonly cause: unknown }> {}
    for (const error of [
      new Success({ value: Security.grant("eve") }),
      new Failure({ cause: Cause.fail(forbidden) })
    ]) {
      const yielding = key.pipe(Security.authenticate(() => error))
      expect(errorOf(run(yielding, both))).toBe(error)
      expect(errorOf(run(Security.anyOf(yielding, user), both))).toBe(error)
    }
  })

  it("that fails with another error, dies or throws ends the evaluation", async () => {
    const dying = key.pipe(Security.authenticate(() => Effect.die(broken)))
    const throwing = key.pipe(
      Security.authenticate((): Effect.Effect<Security.Grant<string>> => {
        throw new Error("the verifier is broken")
      })
    )
    expect(errorOf(run(Security.anyOf(failing(broken), user), both))).toBe(broken)
    expect(errorOf(run(Security.optional(failing(broken))))).toBe(broken)
    for (const crashing of [dying, throwing]) {
      assert(isDefect(run(Security.anyOf(crashing, user), both)))
      assert(isDefect(run(Security.optional(crashing))))
    }
    expect((await answer(Security.anyOf(failing(broken), user), both)).status).toBe(500)
    expect((await answer(Security.anyOf(dying, user), both)).status).toBe(500)
  })

  it("is given to bare schemes only, one in each alternative", () => {
    const untyped: any = Security
    for (const make of [
      () => untyped.authenticate(robot, verify),
      () => untyped.authenticate(Security.anyOf(oauth, robot), verify),
      () => untyped.authenticate(Security.allOf(key, oauth), verify),
      () => untyped.authenticate(Security.optional(key), verify),
      () => untyped.authenticate(Security.public, verify)
    ]) {
      expect(make).toThrow("authenticate applies to a scheme")
    }
    const either = Security.anyOf(key, oauth).pipe(Security.authenticate(verify))
    expect(run(either)).toEqual(Exit.succeed("key"))
    expect(run(either, bearer("right"))).toEqual(Exit.succeed("oauth"))
    expect(run(either, { "x-key": "wrong", ...bearer("right") })).toEqual(Exit.succeed("oauth"))
  })

  it("sees what its scheme was mapped to", () => {
    const length = key.pipe(
      Security.map((secret) => Redacted.value(secret).length),
      Security.authenticate((length) => Effect.succeed(Security.grant(length)))
    )
    expect(run(length, { "x-key": "12345" })).toEqual(Exit.succeed(5))
  })

  it("replaces its scheme's challenges by those of its refusal, and no other's", async () => {
    const stale = SecurityError.withChallenges(invalid, [
      Challenge.make("Key", { realm: "api", stale: Challenge.token("true") })
    ])
    for (const refusing of [
      key.pipe(Security.authenticate(() => Effect.fail(stale))),
      robot.pipe(Security.mapEffect(() => Effect.fail(stale)))
    ]) {
      const either = Security.anyOf(refusing, user)
      for (const _ of [1, 2]) {
        const { challenge, status } = await answer(either)
        assert.deepStrictEqual(
          [status, challenge],
          [401, 'Key realm="api", stale=true, Bearer realm="api"']
        )
      }
      // what was absent is challenged as ever
      const { challenge } = await answer(either, bearer("wrong"))
      assert.strictEqual(challenge, 'ApiKey realm="api", Bearer realm="api", error="invalid_token"')
    }
  })

  it("adds the challenges of its Forbidden to those of alternatives that lacked scopes", async () => {
    const stepUp = SecurityError.withChallenges(forbidden, [
      Challenge.make("Key", { realm: "api", error: "insufficient_user_authentication" })
    ])
    const refusing = key.pipe(Security.authenticate(() => Effect.fail(stepUp)))
    const either = Security.anyOf(refusing, user.pipe(Security.scopes("write")))
    const { challenge, status } = await answer(either, { ...right, ...bearer("right-read") })
    assert.deepStrictEqual(
      [status, challenge],
      [
        403,
        'Key realm="api", error="insufficient_user_authentication", Bearer realm="api", error="insufficient_scope", scope="write"'
      ]
    )
  })

  it("that throttles says so, with Retry-After", async () => {
    const throttled = key.pipe(
      Security.authenticate(() => Effect.fail(tooMany), { throttles: true })
    )
    assert.deepStrictEqual(Security.statuses(throttled), [401, 429, 503])
    const { retryAfter, status } = await answer(throttled)
    assert.deepStrictEqual([status, retryAfter], [429, "20"])
    assert.strictEqual(
      (await answer(Security.optional(throttled).pipe(Security.map(String)))).status,
      429
    )
  })

  it("says no as 'invalid', whatever reason its error gives", () => {
    const absent = new SecurityError.Unauthorized({ reason: "absent" })
    const refusing = key.pipe(Security.authenticate(() => Effect.fail(absent)))
    for (const exit of [run(refusing), run(Security.optional(refusing))]) {
      assert(Exit.isFailure(exit))
      expect(Option.getOrUndefined(Cause.failureOption(exit.cause))).toMatchObject({
        reason: "invalid"
      })
    }
  })

  it("that succeeds with something else than a grant is a defect, and not a pass", () => {
    for (const made of [{}, null, { principal: "p" }, { principal: "p", scopes: "read" }]) {
      const verifying = key.pipe(
        Security.authenticate((() => Effect.succeed(made)) as () => Effect.Effect<
          Security.Grant<never>
        >)
      )
      assert(isDefect(run(verifying)), JSON.stringify(made))
    }
  })

  it("that can't be reached says more than one that forbids, in whichever order", () => {
    const both = { ...right, ...bearer("right") }
    const first = (error: SecurityError.Refusal) =>
      key.pipe(Security.authenticate(() => Effect.fail(error)))
    const second = (error: SecurityError.Refusal) =>
      oauth.pipe(Security.authenticate(() => Effect.fail(error)))
    for (const [a, b] of [
      [forbidden, unavailable],
      [unavailable, forbidden]
    ] as const) {
      expect(errorOf(run(Security.allOf(first(a), second(b)), both))).toMatchObject({
        _tag: "ServiceUnavailable"
      })
    }
  })

  it("is one with what its scheme was mapped to before: another one is another verifier", () => {
    const text = key.pipe(Security.map(Redacted.value))
    const known = text.pipe(Security.authenticate((_) => Effect.succeed(Security.grant(1))))
    const admin = text.pipe(Security.authenticate((_) => Effect.fail(invalid)))
    const twice = /has two verifiers in one expression/
    expect(() => Security.allOf(known, admin)).toThrow(twice)
    expect(() => Security.anyOf(known, admin)).toThrow(twice)
    const either = Security.anyOf(key, oauth).pipe(Security.mapEffect(Effect.succeed))
    expect(() =>
      Security.allOf(
        either.pipe(Security.authenticate(() => Effect.succeed(Security.grant(1)))),
        either.pipe(Security.authenticate(() => Effect.fail(invalid)))
      )
    ).toThrow(/two verifiers|Authorization/)
    // one value is one verifier
    expect(run(Security.allOf(known, known.pipe(Security.map(String))))).toEqual(
      Exit.succeed([1, "1"])
    )
  })

  it("keeps the class and the message of its refusal", async () => {
    class Suspended extends SecurityError.Forbidden {
      readonly until = "tomorrow"
    }
    const suspended = new Suspended({ message: "Until tomorrow" })
    for (const refusing of [
      key.pipe(Security.authenticate(() => Effect.fail(suspended))),
      robot.pipe(Security.tap(() => Effect.fail(suspended)))
    ]) {
      const error = errorOf(run(refusing))
      assert(error instanceof Suspended)
      assert.deepStrictEqual([error.until, error.message], ["tomorrow", "Until tomorrow"])
    }
    const again = new SecurityError.Unauthorized({ reason: "absent", message: "Log in again" })
    expect(errorOf(run(robot.pipe(Security.tap(() => Effect.fail(again)))))).toMatchObject({
      reason: "invalid",
      message: "Log in again"
    })
    const absent = new SecurityError.Unauthorized({ reason: "absent" })
    expect(errorOf(run(robot.pipe(Security.tap(() => Effect.fail(absent)))))).toMatchObject({
      reason: "invalid",
      message: "Invalid credentials"
    })
  })

  it("may say to come back in a fraction of a second, or in the past", async () => {
    for (const [retryAfter, said] of [
      [0.2, "1"],
      [-3, "0"],
      [Infinity, String(Number.MAX_SAFE_INTEGER)]
    ] as const) {
      const down = new SecurityError.ServiceUnavailable({ retryAfter })
      const answered = await answer(key.pipe(Security.authenticate(() => Effect.fail(down))))
      assert.deepStrictEqual([answered.status, answered.retryAfter], [503, said])
    }
  })

  it("keeps the message of its refusal", async () => {
    const revoked = new SecurityError.Unauthorized({ reason: "invalid", message: "Revoked" })
    expect((await answer(Security.anyOf(user, failing(revoked)))).body).toContain("Revoked")
  })
})

// ----------------------------------------------------------------------------
// scopes
// ----------------------------------------------------------------------------

describe("scopes", () => {
  it("that were granted and are not declared count for nothing", async () => {
    const readers = robot.pipe(Security.scopes("read"))
    expect((await answer(readers, { "x-key": "right-read" })).status).toBe(200)
    expect((await answer(readers, { "x-key": "right-admin" })).status).toBe(403)
  })

  it("are refused with the full scope of the alternative", async () => {
    const both = Security.allOf(
      robot.pipe(Security.scopes("read")),
      user.pipe(Security.scopes("write"))
    )
    const answered = await answer(both, { ...right, ...bearer("right-read") })
    expect(answered.status).toBe(403)
    expect(answered.challenge).toBe(
      'Bearer realm="api", error="insufficient_scope", scope="read write"'
    )
  })
})

describe("an answer", () => {
  it("does not depend on what was answered before", async () => {
    const readers = Security.anyOf(robot, user).pipe(Security.scopes("read"))
    const refused = async (headers: Headers) => (await answer(readers, headers)).challenge
    const lacks = 'error="insufficient_scope", scope="read"'
    expect(await refused({ "x-key": "right" })).toBe(`ApiKey realm="api", ${lacks}`)
    expect(await refused(bearer("right"))).toBe(`Bearer realm="api", ${lacks}`)
    expect(await refused({ "x-key": "right", ...bearer("right") })).toBe(
      `ApiKey realm="api", ${lacks}, Bearer realm="api", ${lacks}`
    )
    expect(await refused({})).toBe('ApiKey realm="api", Bearer realm="api"')
    expect(await refused(bearer("wrong"))).toBe(
      'ApiKey realm="api", Bearer realm="api", error="invalid_token"'
    )
    expect(await refused({ "x-key": "wrong" })).toBe('ApiKey realm="api", Bearer realm="api"')
    const larger = Security.anyOf(
      robot.pipe(Security.scopes("read")),
      Security.allOf(robot.pipe(Security.scopes("write")), user)
    )
    expect((await answer(larger, { "x-key": "right" })).challenge).toContain('scope="read"')
    expect((await answer(larger, { "x-key": "right", ...bearer("right") })).challenge).toContain(
      'scope="write"'
    )
    const both = Security.allOf(user, robot)
    const reason = (headers: Headers) => errorOf(run(both, headers))
    const malformed = bearer("not a token")
    expect(reason({})).toMatchObject({ reason: "absent" })
    expect(reason(malformed)).toMatchObject({ reason: "absent" })
    expect(reason({ ...right, ...malformed })).toMatchObject({ reason: "malformed" })
    expect(reason(malformed)).toMatchObject({ reason: "absent" })
    expect(reason({ ...right, ...bearer("wrong") })).toMatchObject({ reason: "invalid" })
  })
})

// ----------------------------------------------------------------------------
// anonymous
// ----------------------------------------------------------------------------

describe("a scheme of one's own that reads Authorization", () => {
  const make = (schemeName: "sigV4" | "other", authScheme?: string) =>
    Scheme.make({
      schemeName: schemeName as "sigV4",
      scheme: { type: "apiKey", in: "header", name: "Authorization" },
      ...(authScheme !== undefined && { authScheme }),
      extract: (request) => Credential.authorization(request, "aws4-hmac-sha256")
    })
  const sigV4 = make("sigV4")

  it("leaves whoever sends another auth-scheme no way in as anonymous", () => {
    expect(run(Security.optional(sigV4), {})).toEqual(Exit.succeed(Option.none()))
    expect(errorOf(run(Security.optional(sigV4), bearer("x")))).toMatchObject({ reason: "absent" })
  })

  it("can't be asked for beside another", () => {
    const none = /no request can satisfy both/
    expect(() => Security.allOf(sigV4, user)).toThrow(none)
    expect(() => Security.allOf(user, sigV4)).toThrow(none)
    expect(() => Security.allOf(sigV4, make("other"))).toThrow(none)
    expect(() => Security.allOf(make("sigV4", "AWS4"), make("other", "aws4"))).not.toThrow()
  })
})

describe("anyOf(optional(k), u)", () => {
  const either = Security.anyOf(Security.optional(robot), user)

  it("lets a request in that presents nothing", () => {
    expect(run(either, {})).toEqual(Exit.succeed(Option.none()))
  })

  it("refuses a wrong u", async () => {
    const answered = await answer(either, bearer("wrong"))
    expect(answered.status).toBe(401)
    expect(answered.challenge).toBe('ApiKey realm="api", Bearer realm="api", error="invalid_token"')
  })

  it("refuses another auth-scheme, and one that can't be read", async () => {
    expect((await answer(either, { authorization: "Basic dTpw" })).status).toBe(401)
    expect((await answer(either, { authorization: "nonsense" })).status).toBe(401)
    expect((await answer(either, { authorization: "" })).status).toBe(401)
    // also where the expression reads something else
    expect((await answer(Security.optional(robot), { authorization: "new" })).status).toBe(401)
  })

  it("lets a right u in beside a wrong k", () => {
    expect(run(either, { "x-key": "wrong", ...bearer("right") })).toEqual(Exit.succeed("oauth"))
  })
})

describe("anyOf(k, allOf(k, u))", () => {
  const either = Security.anyOf(robot, Security.allOf(robot, user))

  it("does not let k in where a wrong u is presented", async () => {
    expect((await answer(either)).status).toBe(200)
    expect((await answer(either, { ...right, ...bearer("wrong") })).status).toBe(401)
    expect(run(either, { ...right, ...bearer("right") })).toEqual(Exit.succeed(["key", "oauth"]))
  })
})

// ----------------------------------------------------------------------------
// once per evaluation
// ----------------------------------------------------------------------------

describe("an evaluation", () => {
  const counting = () => {
    const ran: Array<ReadonlyArray<string>> = []
    const counted = key.pipe(
      Security.authenticate((secret, context) => {
        ran.push(context.scopes)
        return verify(secret, context)
      })
    )
    return { counted, ran }
  }

  it("verifies once, told every scope that some alternative asks", () => {
    const { counted, ran } = counting()
    const many = Security.anyOf(
      Security.allOf(counted.pipe(Security.scopes("write")), user),
      counted.pipe(Security.scopes("read")),
      counted
    )
    expect(run(many, { "x-key": "right" })).toEqual(Exit.succeed("key"))
    expect(ran).toEqual([["write", "read"]])
  })

  it("is another one at each yield*", () => {
    const { counted, ran } = counting()
    run(
      Effect.gen(function* () {
        yield* counted
        yield* counted
      })
    )
    expect(ran).toEqual([[], []])
  })

  it("verifies nothing of a clause of which a scheme is absent", () => {
    const { counted, ran } = counting()
    expect(errorOf(run(Security.allOf(counted, user)))).toMatchObject({ reason: "absent" })
    expect(ran).toEqual([])
  })

  it("reads a scheme once, whatever it reads", () => {
    let read = 0
    const own = Scheme.make({
      schemeName: "own",
      scheme: { type: "apiKey", in: "header", name: "X-Own" },
      extract: (request) => {
        read++
        return Credential.header(request, "x-own")
      }
    })
    for (const headers of [{}, { "x-own": "a" }, { "x-own": "a,b" }]) {
      read = 0
      run(Security.anyOf(Security.optional(own), Security.allOf(own, user), own), headers)
      expect(read).toBe(1)
    }
  })

  it("dies of a scheme that throws", () => {
    const throwing = Scheme.make({
      schemeName: "own",
      scheme: { type: "mutualTLS" },
      extract: (): string => {
        throw new Error("the proxy sent no certificate")
      }
    })
    assert(isDefect(run(Security.optional(throwing))))
    assert(isDefect(run(Security.anyOf(throwing, Security.public))))
  })
})

// ----------------------------------------------------------------------------
// errors
// ----------------------------------------------------------------------------

describe("mapError", () => {
  it("gives the refusals a body of one's own, which keeps their headers", async () => {
    const own = robot.pipe(Security.scopes("write"), Security.mapError(problem))
    expect(await answer(own, {})).toEqual({
      status: 401,
      challenge: 'ApiKey realm="api"',
      retryAfter: null,
      body: '{"title":"Unauthorized"}'
    })
    expect(await answer(own, { "x-key": "right-read" })).toEqual({
      status: 403,
      challenge: 'ApiKey realm="api", error="insufficient_scope", scope="write"',
      retryAfter: null,
      body: '{"title":"Forbidden"}'
    })
    const down = robot.pipe(
      Security.mapEffect(() => Effect.fail(unavailable)),
      Security.mapError(problem)
    )
    expect(await answer(down)).toEqual({
      status: 503,
      challenge: null,
      retryAfter: "30",
      body: '{"title":"ServiceUnavailable"}'
    })
  })

  it("inside anyOf still lets the other alternatives try, and all challenges are sent", async () => {
    const inside = Security.anyOf(robot.pipe(Security.mapError(problem)), user)
    expect(run(inside, { "x-key": "wrong", ...bearer("right") })).toEqual(Exit.succeed("oauth"))
    const answered = await answer(inside, { "x-key": "wrong" })
    expect(answered).toMatchObject({
      status: 401,
      challenge: 'ApiKey realm="api", Bearer realm="api"',
      body: '{"title":"Unauthorized"}'
    })
    // the first of the most telling failures answers: here it is the other's
    expect((await answer(inside, bearer("wrong"))).body).toContain('"reason":"invalid"')
  })

  it("outside anyOf changes what the whole has decided, once", async () => {
    const changes: Array<string> = []
    const outside = Security.anyOf(
      robot.pipe(Security.mapEffect(() => Effect.fail(forbidden))),
      user.pipe(Security.mapEffect(() => Effect.fail(unavailable)))
    ).pipe(
      Security.mapError((error) => {
        changes.push(error._tag)
        return problem(error)
      })
    )
    const answered = await answer(outside, { ...right, ...bearer("right") })
    expect(answered).toMatchObject({ status: 503, retryAfter: "30" })
    expect(changes).toEqual(["ServiceUnavailable"])
  })

  it("changes the policies' and the verifiers' own errors, which still end the evaluation", () => {
    const said = Security.mapError((error: { readonly _tag: string }) => `was ${error._tag}`)
    const both = { ...right, ...bearer("right") }
    const policy = robot.pipe(
      Security.mapEffect(() => Effect.fail(broken)),
      said
    )
    const verifier = key.pipe(
      Security.authenticate(() => Effect.fail(broken)),
      said
    )
    expect(errorOf(run(Security.anyOf(policy, user), both))).toBe("was Broken")
    expect(errorOf(run(Security.anyOf(verifier, user), both))).toBe("was Broken")
  })

  it("is applied in order, each to what the one before made", () => {
    const twice = robot.pipe(
      Security.mapEffect(() => Effect.fail(forbidden)),
      Security.mapError((error) => [error._tag]),
      Security.mapError((tags) => [...tags, "again"])
    )
    expect(errorOf(run(twice))).toEqual(["Forbidden", "again"])
    expect(errorOf(run(twice, {}))).toEqual(["Unauthorized", "again"])
  })

  it("does not touch what comes after it", () => {
    const after = robot.pipe(
      Security.mapError(() => "before"),
      Security.mapEffect(() => Effect.fail(forbidden))
    )
    expect(errorOf(run(after))).toMatchObject({ _tag: "Forbidden" })
    expect(errorOf(run(after, {}))).toBe("before")
  })

  it("changes the refusal of deny", () => {
    const own = Security.deny.pipe(Security.mapError((error) => error._tag))
    expect(errorOf(run(own))).toBe("Forbidden")
    expect(errorOf(run(Security.anyOf(own)))).toBe("Forbidden")
    expect(errorOf(run(Security.allOf(key, own)))).toBe("Forbidden")
  })

  it("of a scheme that occurs twice in one alternative is that of its first occurrence", () => {
    const own = key.pipe(Security.mapError(({ reason }) => reason))
    expect(errorOf(run(Security.allOf(key, own), {}))).toMatchObject({ _tag: "Unauthorized" })
    expect(errorOf(run(Security.allOf(own, key), {}))).toBe("absent")
  })

  it("dies of a function that throws, and lets nobody in", () => {
    const throwing = robot.pipe(
      Security.mapError((): string => {
        throw new Error("the function is broken")
      })
    )
    assert(isDefect(run(throwing, {})))
    assert(isDefect(run(Security.optional(throwing), { "x-key": "wrong" })))
    expect(run(throwing)).toEqual(Exit.succeed("key"))
  })

  it("does not touch the errors of a verifier that is given later", () => {
    const later = key.pipe(
      Security.mapError((error) => `key ${error.reason}`),
      Security.authenticate(() => Effect.fail(broken))
    )
    expect(errorOf(run(later, {}))).toBe("key absent")
    expect(errorOf(run(later))).toBe(broken)
  })

  it("does not touch the refusal of scopes that are asked for later", () => {
    const later = robot.pipe(
      Security.mapError((error) => `key ${error.reason}`),
      Security.scopes("write")
    )
    expect(errorOf(run(later, {}))).toBe("key absent")
    expect(errorOf(run(later, { "x-key": "right-read" }))).toMatchObject({ _tag: "Forbidden" })
  })

  it("is applied once to what a policy fails with before the verifier", () => {
    const early = key.pipe(
      Security.mapEffect(() => Effect.fail(broken)),
      Security.mapError((error) => [error]),
      Security.authenticate(() => Effect.succeed(Security.grant("robot")))
    )
    expect(errorOf(run(early))).toEqual([broken])
  })

  it("that makes a refusal of a verifier's error lets the other alternatives try", () => {
    const down = key.pipe(
      Security.authenticate(() => Effect.fail(broken)),
      Security.mapError(() => unavailable)
    )
    expect(run(Security.anyOf(down, user), { ...right, ...bearer("right") })).toEqual(
      Exit.succeed("oauth")
    )
  })

  it("that makes a refusal of a policy's error lets the other alternatives try", () => {
    const down = robot.pipe(
      Security.mapEffect(() => Effect.fail(broken)),
      Security.mapError(() => unavailable)
    )
    expect(run(Security.anyOf(down, user), { ...right, ...bearer("right") })).toEqual(
      Exit.succeed("oauth")
    )
    expect(errorOf(run(Security.anyOf(down, user)))).toMatchObject({ _tag: "ServiceUnavailable" })
  })
})

describe("a refusal", () => {
  const together = (error: SecurityError.Refusal) =>
    Effect.all([Effect.never, Effect.fail(error)], { concurrency: "unbounded" })
  const both = { ...right, ...bearer("right") }
  const runAsync = <A, E>(self: Effect.Effect<A, E, HttpServerRequest.HttpServerRequest>) =>
    Effect.runPromiseExit(
      Effect.provideService(
        self,
        HttpServerRequest.HttpServerRequest,
        HttpServerRequest.fromWeb(requestOf(both))
      )
    )

  for (const [tag, , error] of refusals) {
    it(`${tag} of one of several fibers of a verifier is one`, async () => {
      const verifier = key.pipe(
        Security.authenticate(() => Effect.as(together(error), Security.grant("robot")))
      )
      expect(await runAsync(Security.anyOf(verifier, user))).toEqual(Exit.succeed("oauth"))
    })

    it(`${tag} of one of several fibers of a policy is one`, async () => {
      const policy = robot.pipe(Security.tap(() => together(error)))
      expect(await runAsync(Security.anyOf(policy, user))).toEqual(Exit.succeed("oauth"))
    })
  }

  it("beside a defect is none", async () => {
    for (const effect of [
      Effect.ensuring(Effect.fail(forbidden), Effect.die(broken)),
      Effect.failCause(Cause.parallel(Cause.fail(forbidden), Cause.die(broken)))
    ]) {
      assert(isDefect(await runAsync(Security.anyOf(robot.pipe(Security.tap(() => effect)), user))))
    }
  })

  it("is not what an interruption is", async () => {
    const interrupted = robot.pipe(Security.tap(() => Effect.interrupt))
    const exit = await runAsync(Security.anyOf(interrupted, user))
    assert(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause))
  })
})

describe("orDie", () => {
  it("makes a defect of every error but the refusals", async () => {
    const dying = robot.pipe(
      Security.mapEffect(() => Effect.fail(broken)),
      Security.orDie
    )
    assert(isDefect(run(dying)))
    expect((await answer(dying)).status).toBe(500)
    expect(await answer(dying, {})).toMatchObject({ status: 401, challenge: 'ApiKey realm="api"' })
    const verifier = key.pipe(
      Security.authenticate(() => Effect.fail(broken)),
      Security.orDie
    )
    assert(isDefect(run(verifier)))
    assert(isDefect(run(Security.optional(verifier))))
  })

  it("keeps the refusals of policies", async () => {
    for (const [, status, error] of refusals) {
      const refusing = robot.pipe(
        Security.mapEffect(() => Effect.fail(error)),
        Security.orDie
      )
      expect((await answer(refusing)).status).toBe(status)
      expect(run(Security.anyOf(refusing, user), { ...right, ...bearer("right") })).toEqual(
        Exit.succeed("oauth")
      )
    }
  })
})

// ----------------------------------------------------------------------------
// services
// ----------------------------------------------------------------------------

describe("provide and provideService", () => {
  class Names extends Context.Tag("Names")<Names, ReadonlyArray<string>>() {}

  const named = key.pipe(
    Security.authenticate((secret) =>
      Effect.flatMap(Names, (names) =>
        names.includes(Redacted.value(secret)) ?
          Effect.succeed(Security.grant(Redacted.value(secret)))
        : Effect.fail(invalid)
      )
    ),
    Security.mapEffect((name) => Effect.map(Names, (names) => names.indexOf(name)))
  )

  it("give verifiers and policies what they need", () => {
    const headers = { "x-key": "b" }
    expect(run(named.pipe(Security.provideService(Names, ["a", "b"])), headers)).toEqual(
      Exit.succeed(1)
    )
    expect(run(named.pipe(Security.provide(Context.make(Names, ["b"]))), headers)).toEqual(
      Exit.succeed(0)
    )
    expect(run(named.pipe(Security.provide(Layer.succeed(Names, ["b"]))), headers)).toEqual(
      Exit.succeed(0)
    )
    expect(errorOf(run(named.pipe(Security.provideService(Names, ["a"])), headers))).toMatchObject({
      _tag: "Unauthorized"
    })
    expect(named.pipe(Security.provideService(Names, [])).requirement).toEqual([{ key: [] }])
  })

  it("leave the rest of a larger expression alone", () => {
    const inner = named.pipe(Security.provideService(Names, ["b"]))
    const outer = Security.allOf(inner, Security.public.pipe(Security.mapEffect(() => Names))).pipe(
      Security.provideService(Names, ["z"])
    )
    expect(run(outer, { "x-key": "b" })).toEqual(Exit.succeed([0, ["z"]]))
  })

  it("leave the request alone", () => {
    const other = HttpServerRequest.fromWeb(new Request("http://other.example/"))
    const url = Effect.map(HttpServerRequest.HttpServerRequest, ({ originalUrl }) => originalUrl)
    const seeing = key.pipe(
      Security.authenticate(() => Effect.map(url, (seen) => Security.grant(seen))),
      Security.mapEffect((verified) => Effect.map(url, (seen) => [verified, seen]))
    )
    const own = requestOf({}).url
    for (const provided of [
      seeing.pipe(Security.provide(Context.make(HttpServerRequest.HttpServerRequest, other))),
      seeing.pipe(Security.provideService(HttpServerRequest.HttpServerRequest, other))
    ]) {
      expect(run(provided)).toEqual(Exit.succeed([own, own]))
    }
  })

  it("count as one verifier for one provided value", () => {
    const provided = named.pipe(Security.provideService(Names, ["b"]))
    const both = Security.anyOf(Security.allOf(provided, user), provided)
    expect(run(both, { "x-key": "b" })).toEqual(Exit.succeed(0))
  })
})

// ----------------------------------------------------------------------------
// spans
// ----------------------------------------------------------------------------

describe("withSpan", () => {
  const recorded = <A, E>(
    self: Effect.Effect<A, E, HttpServerRequest.HttpServerRequest>,
    headers: Headers
  ) => {
    const spans: Array<Tracer.Span> = []
    run(
      Effect.withTracer(
        self,
        observing((span) => spans.push(span))
      ),
      headers
    )
    return spans
  }

  /** Everything a tracer could export of the spans. */
  const written = (spans: ReadonlyArray<Tracer.Span>): string =>
    spans
      .map((span) =>
        [
          span.name,
          JSON.stringify([...span.attributes]),
          span.status._tag === "Ended" && Exit.isFailure(span.status.exit) ?
            Cause.pretty(span.status.exit.cause) + JSON.stringify(span.status.exit)
          : JSON.stringify(span.status, (_, value) => (typeof value === "bigint" ? 0 : value))
        ].join(" ")
      )
      .join("\n")

  const traced = robot.pipe(Security.withSpan("robots"))

  it("covers the evaluation of the expression", () => {
    expect(recorded(traced, right).map(({ name }) => name)).toEqual(["robots"])
    expect(recorded(traced, {}).map(({ name }) => name)).toEqual(["robots"])
    expect(run(traced)).toEqual(Exit.succeed("key"))
    expect(errorOf(run(traced, {}))).toMatchObject({ _tag: "Unauthorized" })
    expect(traced.requirement).toEqual([{ key: [] }])
  })

  it("covers the verifier and the policies", () => {
    const names: Array<string> = []
    const noting = Effect.map(Effect.currentSpan, (span) => {
      names.push(span.name)
    })
    const noted = key.pipe(
      Security.authenticate((secret, context) => Effect.zipLeft(verify(secret, context), noting)),
      Security.tap(() => noting),
      Security.withSpan("outer")
    )
    recorded(noted, right)
    expect(names).toEqual(["outer", "outer"])
  })

  it("inside a larger expression ends with the refusal, whatever mapError makes of it later", () => {
    const policed = robot.pipe(
      Security.tap(() => Effect.fail(forbidden)),
      Security.mapError(problem),
      Security.withSpan("policed")
    )
    const [span] = recorded(Security.anyOf(policed, user), right)
    assert(span?.status._tag === "Ended")
    assert.strictEqual(String(errorOf(span.status.exit)), String(forbidden))
  })

  it("inside a larger expression covers the policies only", () => {
    const policy = robot.pipe(
      Security.tap(() => Effect.void),
      Security.withSpan("policy")
    )
    expect(
      recorded(Security.anyOf(policy, user).pipe(Security.withSpan("all")), right).map(
        ({ name, parent }) => [name, Option.isSome(parent)]
      )
    ).toEqual([
      ["all", false],
      ["policy", true]
    ])
    expect(recorded(Security.anyOf(traced, user), right)).toEqual([])
    expect(recorded(Security.allOf(policy, user), { ...right, ...bearer("right") })).toHaveLength(1)
  })

  it("nests", () => {
    expect(
      recorded(traced.pipe(Security.withSpan("outer")), right).map(({ name }) => name)
    ).toEqual(["outer", "robots"])
  })

  it("writes no credential", () => {
    const all = Security.anyOf(
      traced,
      user.pipe(Security.withSpan("users")),
      HttpBasic.make()
    ).pipe(Security.withSpan("all"))
    for (const headers of [
      right,
      { "x-key": "wrong-s3cret" },
      { "x-key": "s3cret,s3cret" },
      bearer("wrong-s3cret"),
      bearer("s3cret s3cret"),
      { authorization: `Basic ${btoa("user:s3cret")}` },
      { authorization: "Basic s3cret" }
    ]) {
      const spans = recorded(all, headers)
      expect(spans.length).toBeGreaterThan(0)
      expect(written(spans)).not.toMatch(/s3cret|right|user:|czNjcmV0/)
    }
  })
})

describe("a callback that returns no Effect", () => {
  const wrong: any = () => "no Effect"
  const slow = key.pipe(
    Security.authenticate(() => Effect.as(Effect.yieldNow(), Security.grant("")))
  )

  it.each([
    ["the verifier of key", key.pipe(Security.authenticate(wrong))],
    ["the verifier of key", key.pipe(Security.map(String), Security.authenticate(wrong))],
    [
      "the verifier of key",
      key.pipe(Security.mapEffect(Effect.succeed), Security.authenticate(wrong))
    ],
    ["the verifier of key", Security.anyOf(user, key.pipe(Security.authenticate(wrong)))],
    [
      "the verifier of key",
      key.pipe(Security.authenticate(wrong), Security.provide(Context.empty()))
    ],
    ["the function of mapEffect", robot.pipe(Security.mapEffect(wrong))],
    ["the function of mapEffect", slow.pipe(Security.mapEffect(wrong))],
    ["the function of mapEffect", Security.optional(robot.pipe(Security.mapEffect(wrong)))],
    ["the function of tap", robot.pipe(Security.tap(wrong))],
    ["the function of tap", robot.pipe(Security.mapEffect(Effect.succeed), Security.tap(wrong))],
    ["the handler of guard", Security.guard(robot, wrong)],
    ["the handler of guard", Security.guard(slow, wrong)]
  ])("is a 500 that says whichever callback it was: %s", async (callback, self) => {
    const untyped = self as Effect.Effect<unknown, unknown, HttpServerRequest.HttpServerRequest>
    const exit = await Effect.runPromiseExit(
      Effect.provideService(
        untyped,
        HttpServerRequest.HttpServerRequest,
        HttpServerRequest.fromWeb(requestOf(right))
      )
    )
    assert(Exit.isFailure(exit) && isDefect(exit))
    expect(Cause.pretty(exit.cause)).toContain(`${callback} has to return an Effect`)
    expect((await answer(untyped)).status).toBe(500)
  })
})

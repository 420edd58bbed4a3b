/**
 * The contenders that serve requests: the same route, `GET /me`, unguarded and guarded in every way that is compared.
 */
import fastifyAuth from "@fastify/auth"
import fastifyBasic from "@fastify/basic-auth"
import fastifyBearer from "@fastify/bearer-auth"
import fastifyJwt from "@fastify/jwt"
import {
  HttpApi,
  HttpApiBuilder,
  HttpApiEndpoint,
  HttpApiError,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSecurity,
  HttpApp,
  HttpRouter,
  HttpServerError,
  HttpServerRequest,
  HttpServerResponse,
  Headers as PlatformHeaders
} from "@effect/platform"
import {
  Context,
  Effect,
  type FiberRef,
  Layer,
  ManagedRuntime,
  Option,
  Redacted,
  Schema,
  Scope
} from "effect"
import {
  ApiKey,
  HttpBasic,
  HttpBearer,
  Jwks,
  Jwt,
  Security,
  SecurityError,
  SecurityMiddleware
} from "effect-security"
import Fastify, { type FastifyInstance } from "fastify"
import { type Context as HonoContext, Hono, type MiddlewareHandler } from "hono"
import { basicAuth } from "hono/basic-auth"
import { bearerAuth } from "hono/bearer-auth"
import { jwk } from "hono/jwk"
import { jwt } from "hono/jwt"
import * as Jose from "jose"
import * as Crypto from "node:crypto"
import {
  type Algorithm,
  audience,
  type Headers,
  isPassword,
  isSecret,
  issuer,
  type Keys,
  password,
  secret
} from "./credentials.ts"

export const url = "http://localhost/me"

export interface Server {
  readonly name: string
  /** What a request with these headers is answered with. */
  readonly status: (headers: Headers) => Promise<number>
  /** Serves `count` requests with the headers of `pool` in turn, so many at a time. */
  readonly run: (
    pool: ReadonlyArray<Headers>,
    inFlight?: number
  ) => (count: number) => Promise<void>
  readonly close?: () => Promise<void>
}

// ----------------------------------------------------------------------------
// ways to serve
// ----------------------------------------------------------------------------

export type App = HttpApp.Default<unknown, HttpServerRequest.HttpServerRequest | Scope.Scope>

const requestOf = (headers: Headers): HttpServerRequest.HttpServerRequest =>
  HttpServerRequest.fromWeb(new Request(url)).modify({
    headers: PlatformHeaders.fromInput(headers)
  })

interface FiberWithRefs {
  readonly setFiberRef: <A>(ref: FiberRef.FiberRef<A>, value: A) => void
}

/** Answers as a server of the platform does, in the fiber that asks. */
const answered = (
  app: App
): HttpApp.Default<unknown, HttpServerRequest.HttpServerRequest | Scope.Scope> =>
  Effect.withFiberRuntime((fiber) => {
    // each request has a fiber of its own elsewhere: the runtime's own method sets the reference back
    ;(fiber as object as FiberWithRefs).setFiberRef(
      HttpApp.currentPreResponseHandlers,
      Option.none()
    )
    return Effect.flatMap(
      Effect.catchAllCause(app, (cause) =>
        Effect.map(HttpServerError.causeResponse(cause), ([response]) => response)
      ),
      (response) => {
        const handler = fiber.getFiberRef(HttpApp.currentPreResponseHandlers)
        return handler._tag === "None" ?
            Effect.succeed(response)
          : Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
              handler.value(request, response)
            )
      }
    )
  })

/** Runs a step so often, in one fiber or in so many at a time. */
export const inLoops = <E, R>(step: Effect.Effect<unknown, E, R>, inFlight: number) => {
  const loop = (count: number): Effect.Effect<void, E, R> =>
    Effect.suspend(() => {
      let done = 0
      return Effect.whileLoop({
        while: () => done < count,
        body: () => step,
        step: () => {
          done++
        }
      })
    })
  return (count: number): Effect.Effect<void, E, R> =>
    inFlight === 1 ?
      loop(count)
    : Effect.all(
        Array.from({ length: inFlight }, () => loop(Math.ceil(count / inFlight))),
        { concurrency: "unbounded", discard: true }
      )
}

/** All requests in one fiber: what the guard costs, without what starting a fiber costs. */
export const inFiber = (name: string, app: App): Server => {
  const handled = answered(app)
  return {
    name,
    status: (headers) =>
      Effect.runPromise(
        Effect.scoped(
          Effect.provideService(
            Effect.map(handled, ({ status }) => status),
            HttpServerRequest.HttpServerRequest,
            requestOf(headers)
          )
        )
      ),
    run: (pool, inFlight = 1) => {
      const requests = pool.map(requestOf)
      let next = 0
      const step = Effect.suspend(() =>
        Effect.provideService(
          handled,
          HttpServerRequest.HttpServerRequest,
          requests[next++ % requests.length] as HttpServerRequest.HttpServerRequest
        )
      )
      const repeated = inLoops(step, inFlight)
      return (count) => Effect.runPromise(Effect.scoped(repeated(count)))
    }
  }
}

/** A Request in, a Response out, whose body is read. */
export const overFetch = (
  name: string,
  handle: (request: Request) => Response | Promise<Response>
): Server => ({
  name,
  status: async (headers) => (await handle(new Request(url, { headers }))).status,
  run: (pool, inFlight = 1) => {
    let next = 0
    const loop = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done++) {
        const headers = pool[next++ % pool.length] as Headers
        await (await handle(new Request(url, { headers }))).text()
      }
    }
    return inTurn(loop, inFlight)
  }
})

export const injected = (name: string, app: FastifyInstance): Server => ({
  name,
  status: async (headers) => (await app.inject({ url: "/me", headers })).statusCode,
  run: (pool, inFlight = 1) => {
    let next = 0
    const loop = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done++) {
        await app.inject({ url: "/me", headers: pool[next++ % pool.length] as Headers })
      }
    }
    return inTurn(loop, inFlight)
  },
  close: () => app.close()
})

export const inTurn =
  (loop: (count: number) => Promise<void>, inFlight: number) =>
  async (count: number): Promise<void> => {
    if (inFlight === 1) return loop(count)
    await Promise.all(Array.from({ length: inFlight }, () => loop(Math.ceil(count / inFlight))))
  }

export const toWeb = (name: string, app: App): Server =>
  // a handler that leaves errors to the platform
  overFetch(name, HttpApp.toWebHandler(app as HttpApp.Default<unknown, Scope.Scope>))

// ----------------------------------------------------------------------------
// HttpRouter
// ----------------------------------------------------------------------------

export interface User {
  readonly name: string
}

const john: User = { name: "johndoe" }

const respond = ({ name }: User): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.unsafeJson({ name })

const router = (
  handler: Effect.Effect<
    HttpServerResponse.HttpServerResponse,
    unknown,
    HttpServerRequest.HttpServerRequest
  >
): Promise<App> =>
  Effect.runPromise(HttpRouter.toHttpApp(HttpRouter.empty.pipe(HttpRouter.get("/me", handler))))

const refused = Effect.sync(() =>
  HttpServerResponse.unsafeJson(
    { message: "Not authenticated" },
    { status: 401, headers: { "www-authenticate": 'Bearer realm="api"' } }
  )
)

/** A check as somebody writes it who needs no library: from the headers to the user. */
const byHand = (check: (headers: PlatformHeaders.Headers) => User | undefined): Promise<App> =>
  router(
    Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) => {
      const user = check(headers)
      return user === undefined ? refused : Effect.succeed(respond(user))
    })
  )

const afterScheme = (header: string | undefined, scheme: string): string | undefined =>
  header !== undefined && header.slice(0, scheme.length + 1).toLowerCase() === `${scheme} ` ?
    header.slice(scheme.length + 1)
  : undefined

const basicOf = (header: string | undefined): readonly [string, string] | undefined => {
  const encoded = afterScheme(header, "basic")
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, "base64").toString("utf8")
  const colon = text.indexOf(":")
  return colon < 0 ? undefined : [text.slice(0, colon), text.slice(colon + 1)]
}

export type Simple = "API key" | "Basic" | "Bearer"

const checks: Readonly<
  Record<Simple, (header: (name: string) => string | undefined) => User | undefined>
> = {
  "API key": (header) => (isSecret(header("x-api-key") ?? "") ? john : undefined),
  Basic: (header) => {
    const credentials = basicOf(header("authorization"))
    return credentials !== undefined && isPassword(...credentials) ? john : undefined
  },
  Bearer: (header) => {
    const token = afterScheme(header("authorization"), "bearer")
    return token !== undefined && isSecret(token) ? john : undefined
  }
}

const wrong = Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))
const right = Effect.succeed(Security.grant(john))

const apiKey = ApiKey.header("X-API-Key").pipe(
  Security.authenticate((key) => (isSecret(Redacted.value(key)) ? right : wrong))
)
const basic = HttpBasic.make({ realm: "api" }).pipe(
  Security.authenticate(({ password, username }) =>
    isPassword(username, Redacted.value(password)) ? right : wrong
  )
)
const bearer = HttpBearer.make().pipe(
  Security.authenticate(({ credentials }) =>
    isSecret(Redacted.value(credentials)) ? right : wrong
  )
)

export const expressions = { "API key": apiKey, Basic: basic, Bearer: bearer }

export type CacheOptions = Jwt.Requirements["cache"]

/** Forgets a token before it comes again, and does all else that remembering costs. */
export const forgetting: CacheOptions = { capacity: 2 }

/** The verifier of a token: RFC 9068's claims, one issuer, one audience, one algorithm. */
export const jwtOptions = (keys: Keys, cache?: CacheOptions) => ({
  audience,
  algorithms: [keys.alg],
  cache,
  ...(keys.alg === "HS256" ?
    { issuer, secret: Redacted.make(keys.secret) }
  : { issuer, keys: Jwks.fromJson({ keys: [keys.jwk] }) })
})

export const jwtExpression = (keys: Keys, cache?: CacheOptions) =>
  HttpBearer.make().pipe(
    Jwt.authenticate(jwtOptions(keys, cache)),
    Security.map(({ sub }): User => ({ name: sub ?? "" }))
  )

export const joseOptions = (alg: Algorithm): Jose.JWTVerifyOptions => ({
  issuer,
  audience,
  algorithms: [alg],
  typ: "at+jwt",
  requiredClaims: ["exp", "sub", "client_id", "iat", "jti"]
})

class Invalid {
  readonly _tag = "Invalid"
}

const joseUser = (keys: Keys): ((token: string) => Effect.Effect<User, Invalid>) => {
  const options = joseOptions(keys.alg)
  return (token) =>
    Effect.tryPromise({
      try: async () => {
        const { payload } = await Jose.jwtVerify(token, keys.cryptoKey, options)
        return { name: payload.sub ?? "" }
      },
      catch: () => new Invalid()
    })
}

const guarded = <E, R extends HttpServerRequest.HttpServerRequest>(
  expression: Security.Security<User, E, R, any, any>
): Promise<App> => router(Security.guard(expression, (user) => Effect.succeed(respond(user))))

export const routers = {
  unguarded: () => router(Effect.sync(() => respond(john))),
  byHand: (scheme: Simple) => byHand((headers) => checks[scheme]((name) => headers[name])),
  ours: (scheme: Simple) =>
    scheme === "API key" ? guarded(apiKey)
    : scheme === "Basic" ? guarded(basic)
    : guarded(bearer),
  jose: (keys: Keys) => {
    const verify = joseUser(keys)
    return router(
      Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) => {
        const token = afterScheme(headers["authorization"], "bearer")
        return token === undefined ? refused : (
            Effect.matchEffect(verify(token), {
              onFailure: () => refused,
              onSuccess: (user) => Effect.succeed(respond(user))
            })
          )
      })
    )
  },
  jwt: (keys: Keys, cache?: CacheOptions) => guarded(jwtExpression(keys, cache)),
  expression: guarded
}

// ----------------------------------------------------------------------------
// HttpApi
// ----------------------------------------------------------------------------

export class CurrentUser extends Context.Tag("bench/CurrentUser")<CurrentUser, User>() {}

const success = Schema.Struct({ name: Schema.String })

const me = HttpApiEndpoint.get("me", "/me").addSuccess(success)

const serve = (layer: Layer.Layer<never>): Promise<App> => {
  const runtime = ManagedRuntime.make(
    Layer.mergeAll(
      layer as Layer.Layer<HttpApi.Api>,
      HttpApiBuilder.Router.Live,
      HttpApiBuilder.Middleware.layer
    )
  )
  return runtime.runPromise(HttpApiBuilder.httpApp) as Promise<
    HttpApp.Default<unknown>
  > as Promise<App>
}

const unguardedApi = (): Promise<App> => {
  const api = HttpApi.make("unguarded").add(HttpApiGroup.make("items").add(me))
  return serve(
    HttpApiBuilder.api(api).pipe(
      Layer.provide(
        HttpApiBuilder.group(api, "items", (handlers) =>
          handlers.handle("me", () => Effect.succeed(john))
        )
      )
    ) as Layer.Layer<never>
  )
}

/** The API with a middleware that provides the user, whatever makes it. */
const guardedApi = (tag: object, live: Layer.Layer<never>): Promise<App> => {
  // each provides the user, as the constant does
  const api = HttpApi.make("guarded").add(
    HttpApiGroup.make("items").add(me.middleware(tag as typeof Constant))
  )
  return serve(
    HttpApiBuilder.api(api).pipe(
      Layer.provide(
        HttpApiBuilder.group(api, "items", (handlers) => handlers.handle("me", () => CurrentUser))
      ),
      Layer.provide(live)
    ) as object as Layer.Layer<never>
  )
}

class Constant extends HttpApiMiddleware.Tag<Constant>()("bench/Constant", {
  provides: CurrentUser,
  failure: HttpApiError.Unauthorized
}) {}

const platformUnauthorized = Effect.suspend(() => Effect.fail(new HttpApiError.Unauthorized()))

const nativeApi = (
  name: string,
  security: HttpApiSecurity.HttpApiSecurity,
  check: (credential: never) => Effect.Effect<User, HttpApiError.Unauthorized>
): Promise<App> => {
  class Native extends HttpApiMiddleware.Tag<Native>()(`bench/Native/${name}`, {
    provides: CurrentUser,
    failure: HttpApiError.Unauthorized,
    security: { scheme: security }
  }) {}
  return guardedApi(Native, Layer.succeed(Native, { scheme: check as never }) as Layer.Layer<never>)
}

const oursApi = (
  name: string,
  security: Security.Security<
    User,
    SecurityError.Refusal,
    HttpServerRequest.HttpServerRequest,
    any,
    any
  >
): Promise<App> => {
  class Ours extends SecurityMiddleware.Tag<Ours>()(`bench/Ours/${name}`, {
    security,
    provides: CurrentUser
  }) {}
  return guardedApi(Ours, SecurityMiddleware.layer(Ours) as Layer.Layer<any> as Layer.Layer<never>)
}

const decided = (isRight: boolean): Effect.Effect<User, HttpApiError.Unauthorized> =>
  isRight ? Effect.succeed(john) : platformUnauthorized

export const apis = {
  unguarded: unguardedApi,
  /** What `provideServiceEffect` of a constant costs: less no middleware can. */
  constant: () =>
    guardedApi(Constant, Layer.succeed(Constant, Effect.succeed(john)) as Layer.Layer<never>),
  /** A middleware with the check of the router by hand: what a constant costs and the check. */
  byHand: (scheme: Simple) => {
    class ByHand extends HttpApiMiddleware.Tag<ByHand>()(`bench/ByHand/${scheme}`, {
      provides: CurrentUser,
      failure: HttpApiError.Unauthorized
    }) {}
    const check = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) => {
      const user = checks[scheme]((name) => headers[name])
      return user === undefined ? platformUnauthorized : Effect.succeed(user)
    })
    return guardedApi(ByHand, Layer.succeed(ByHand, check) as Layer.Layer<never>)
  },
  native: (scheme: Simple) =>
    scheme === "API key" ?
      nativeApi(scheme, HttpApiSecurity.apiKey({ key: "x-api-key" }), (key: Redacted.Redacted) =>
        decided(isSecret(Redacted.value(key)))
      )
    : scheme === "Basic" ?
      nativeApi(
        scheme,
        HttpApiSecurity.basic,
        ({ password, username }: { username: string; password: Redacted.Redacted }) =>
          decided(isPassword(username, Redacted.value(password)))
      )
    : nativeApi(scheme, HttpApiSecurity.bearer, (token: Redacted.Redacted) =>
        decided(isSecret(Redacted.value(token)))
      ),
  ours: (scheme: Simple) => oursApi(scheme, expressions[scheme]),
  jose: (keys: Keys) => {
    const verify = joseUser(keys)
    return nativeApi(keys.alg, HttpApiSecurity.bearer, (token: Redacted.Redacted) =>
      Effect.mapError(verify(Redacted.value(token)), () => new HttpApiError.Unauthorized())
    )
  },
  jwt: (keys: Keys, cache?: CacheOptions) =>
    oursApi(`${keys.alg} ${JSON.stringify(cache)}`, jwtExpression(keys, cache))
}

// ----------------------------------------------------------------------------
// others
// ----------------------------------------------------------------------------

const hono = (
  middleware?: MiddlewareHandler
): ((request: Request) => Response | Promise<Response>) => {
  const app = new Hono()
  const handler = (context: HonoContext) => context.json(john)
  if (middleware === undefined) app.get("/me", handler)
  else app.get("/me", middleware, handler)
  return (request) => app.fetch(request)
}

const honoVerification = { iss: issuer, aud: audience, typ: "at+jwt" }

type HonoKey = Exclude<Parameters<typeof jwk>[0]["keys"], Function | undefined>[number]

export const honos = {
  unguarded: () => hono(),
  simple: (scheme: Simple) =>
    hono(
      scheme === "API key" ?
        async (context, next) =>
          isSecret(context.req.header("x-api-key") ?? "") ? next() : context.json({}, 401)
      : scheme === "Basic" ? basicAuth({ username: "johndoe", password })
      : bearerAuth({ token: secret })
    ),
  jwt: (keys: Keys) =>
    hono(
      jwt({
        secret: keys.cryptoKey,
        alg: keys.alg,
        verification: honoVerification
      })
    ),
  /** Of the keys as they are in a JWK set; `undefined` for algorithms that it does not take. */
  jwk: ({ alg, jwk: key }: Keys) =>
    alg === "HS256" ? undefined : (
      hono(jwk({ keys: [key as object as HonoKey], alg: [alg], verification: honoVerification }))
    )
}

const fastify = async (
  setUp?: (app: FastifyInstance) => Promise<((app: FastifyInstance) => unknown) | undefined>
): Promise<FastifyInstance> => {
  const app = Fastify()
  const hook = await setUp?.(app)
  app.after(() => {
    app.get("/me", hook === undefined ? {} : { onRequest: hook(app) as never }, async () => john)
  })
  await app.ready()
  return app
}

export const fastifies = {
  unguarded: () => fastify(),
  simple: (scheme: Simple) =>
    fastify(async (app) => {
      if (scheme === "Basic") {
        await app.register(fastifyBasic, {
          authenticate: { realm: "api" },
          validate: (username, password, _request, _reply, done) =>
            done(isPassword(username, password) ? undefined : new Error("Unauthorized"))
        })
        return (ready) => ready.basicAuth
      }
      if (scheme === "Bearer") {
        await app.register(fastifyBearer, { keys: new Set([secret]) })
        return undefined
      }
      await app.register(fastifyAuth)
      return (ready) =>
        ready.auth([
          (request, _reply, done) => {
            const key = request.headers["x-api-key"]
            done(
              typeof key === "string" && isSecret(key) ?
                undefined
              : Object.assign(new Error("Unauthorized"), { statusCode: 401 })
            )
          }
        ])
    }),
  jwt: (keys: Keys, cache: boolean) =>
    fastify(async (app) => {
      await app.register(fastifyJwt, {
        secret: keys.alg === "HS256" ? keys.pem : { public: keys.pem },
        verify: { algorithms: [keys.alg], allowedIss: issuer, allowedAud: audience, cache }
      } as never)
      // the plugin lets errors of its verifier through that have no status, which Fastify answers with 500
      app.setErrorHandler((error: { readonly code?: string; statusCode?: number }) => {
        if (error.code?.startsWith("FAST_JWT_")) error.statusCode ??= 401
        throw error
      })
      return () => (request: { readonly jwtVerify: () => Promise<unknown> }) => request.jwtVerify()
    })
}

const floor =
  (check: (header: (name: string) => string | undefined) => User | undefined) =>
  (request: Request): Response => {
    const user = check((name) => request.headers.get(name) ?? undefined)
    return user === undefined ?
        new Response('{"message":"Not authenticated"}', { status: 401 })
      : new Response(JSON.stringify(user), { headers: { "content-type": "application/json" } })
  }

/** Without a framework. */
export const floors = {
  unguarded: () => floor(() => john),
  simple: (scheme: Simple) => floor(checks[scheme]),
  /** Of headers as node:http has them. */
  headers:
    (scheme: Simple) =>
    (headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>): boolean =>
      checks[scheme]((name) => headers[name]?.toString()) !== undefined,
  jwt: (keys: Keys) => {
    const verify = cryptoVerifier(keys)
    return floor((header) => {
      const token = afterScheme(header("authorization"), "bearer")
      const claims = token === undefined ? undefined : verify(token)
      return claims === undefined ? undefined : { name: String(claims["sub"]) }
    })
  }
}

type Claims = { readonly [claim: string]: unknown }

/** The least that is right: node:crypto in the same tick, and the claims. */
export const cryptoVerifier = (keys: Keys): ((token: string) => Claims | undefined) => {
  const { alg, keyObject } = keys
  const isSigned = (input: string, signature: Buffer): boolean => {
    switch (alg) {
      case "HS256": {
        const right = Crypto.createHmac("sha256", keyObject).update(input).digest()
        return signature.length === right.length && Crypto.timingSafeEqual(signature, right)
      }
      case "RS256":
        return Crypto.verify("sha256", Buffer.from(input), keyObject, signature)
      case "ES256":
        return Crypto.verify(
          "sha256",
          Buffer.from(input),
          { key: keyObject, dsaEncoding: "ieee-p1363" },
          signature
        )
      case "EdDSA":
        return Crypto.verify(null, Buffer.from(input), keyObject, signature)
    }
  }
  return (token) => {
    const end = token.lastIndexOf(".")
    const middle = token.indexOf(".")
    if (end <= middle) return undefined
    try {
      const header = parsed(token.slice(0, middle))
      if (header["alg"] !== alg || header["typ"] !== "at+jwt") return undefined
      if (!isSigned(token.slice(0, end), Buffer.from(token.slice(end + 1), "base64url"))) {
        return undefined
      }
      const claims = parsed(token.slice(middle + 1, end))
      const { aud, exp, iss } = claims
      return (
          iss === issuer && aud === audience && typeof exp === "number" && exp * 1000 > Date.now()
        ) ?
          claims
        : undefined
    } catch {
      return undefined
    }
  }
}

const parsed = (segment: string): Claims =>
  JSON.parse(Buffer.from(segment, "base64url").toString("utf8")) as Claims

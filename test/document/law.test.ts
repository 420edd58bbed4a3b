/**
 * What the document says of a request without credentials is what becomes of it.
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import {
  ApiKey,
  OAuth2,
  Security,
  SecurityDocument,
  SecurityError,
  SecurityMiddleware,
  SecurityRouter
} from "../../src/index.ts"
import { assertValid, toJson } from "./support.ts"
import { appOf } from "../support/line.ts"

// ----------------------------------------------------------------------------
// expressions
// ----------------------------------------------------------------------------

/** The types of a random expression nobody knows. */
type Value = Security.Security<
  unknown,
  SecurityError.Refusal,
  never,
  readonly [],
  Record<string, never>
>
const untyped = (security: Security.Top): Value => security as Value

const verify = (key: Redacted.Redacted<string>) =>
  Redacted.value(key) === "wrong" ?
    Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))
  : Effect.succeed(Security.grant(Redacted.value(key), Redacted.value(key).split("-")))

const members: ReadonlyArray<Value> = [
  ApiKey.header("X-One", { schemeName: "one" }).pipe(Security.authenticate(verify)),
  ApiKey.query("two", { schemeName: "two" }).pipe(Security.authenticate(verify)),
  ApiKey.cookie("three", { schemeName: "three" }),
  OAuth2.passwordBearer({
    schemeName: "four",
    tokenUrl: "token",
    scopes: { read: "Read", write: "Write" }
  }).pipe(Security.authenticate(verify), Security.scopes("read")),
  Security.public,
  Security.deny
].map(untyped)

const { expression } = FastCheck.letrec<{ expression: Value; list: ReadonlyArray<Value> }>(
  (tie) => ({
    expression: FastCheck.oneof(
      { maxDepth: 3, withCrossShrink: true },
      FastCheck.constantFrom(...members),
      tie("list").map((list) => untyped(Security.anyOf(...list))),
      tie("list").map((list) => untyped(Security.allOf(...list))),
      tie("expression").map((value) => untyped(Security.optional(value)))
    ),
    list: FastCheck.array(tie("expression"), { maxLength: 3 }).filter(
      (list) => list.reduce((count, { requirement }) => count * (requirement.length + 1), 1) < 32
    )
  })
)
const dozen = FastCheck.array(
  FastCheck.tuple(expression, FastCheck.option(FastCheck.constantFrom(...members))),
  { minLength: 12, maxLength: 12 }
)

const run = (holds: (values: Dozen) => Promise<void>): Promise<void> =>
  FastCheck.assert(FastCheck.asyncProperty(dozen, holds), { numRuns: 25 })

type Dozen = ReadonlyArray<readonly [own: Value, group: Value | null]>

// ----------------------------------------------------------------------------
// documents
// ----------------------------------------------------------------------------

const isOpen = (security: unknown): boolean =>
  Array.isArray(security) &&
  (security.length === 0 ||
    security.some((alternative: object) => Object.keys(alternative).length === 0))

/** One path is answered 200 without credentials if and only if the document lets it; a path that is left out never is. */
const check = async (
  document: unknown,
  count: number,
  handler: (request: Request) => Promise<Response>
): Promise<ReadonlyArray<number>> => {
  const written = toJson(document)
  await assertValid(written)
  const statuses: Array<number> = []
  for (let index = 0; index < count; index++) {
    const operation = written.paths[`/e${index}`]?.["get"]
    const { status } = await handler(new Request(`http://localhost/e${index}`))
    statuses.push(status)
    assert.strictEqual(
      status === 200,
      operation !== undefined && isOpen(operation.security),
      `/e${index}: ${status} ${JSON.stringify(operation?.security)}`
    )
    if (status !== 200) assert.include([401, 403], status)
    // a refusal that is answered is documented
    if (operation !== undefined && status !== 200) {
      assert.property(operation.responses, String(status))
    }
  }
  return statuses
}

// ----------------------------------------------------------------------------
// laws
// ----------------------------------------------------------------------------

let made = 0
const tagOf = (security: Value) =>
  SecurityMiddleware.Tag<never>()(`test/law/${made++}`, { security: security as never })

describe("a request without credentials", () => {
  it("routes", () =>
    run(async (values) => {
      const routes = values.map(([security], index) =>
        SecurityRouter.route("GET", `/e${index}`, security, () => HttpServerResponse.json({}))
      )
      const { document } = SecurityDocument.fromRoutes(routes)
      const whole = { info: { title: "Law", version: "1" }, ...document }
      const statuses = await check(whole, values.length, HttpApp.toWebHandler(appOf(routes)))
      const layered = HttpLayerRouter.toWebHandler(SecurityRouter.toLayer(routes), {
        disableLogger: true
      })
      assert.deepStrictEqual(await check(whole, values.length, layered.handler), statuses)
    }))

  it("an HttpApi, with the tags of groups", () =>
    run(async (values) => {
      const tags = values.map(
        ([own, group]) => [tagOf(own), group === null ? undefined : tagOf(group)] as const
      )
      // one group for each endpoint; their types nobody knows
      const api = tags.reduce((api: any, [own, group], index) => {
        const secured: any = HttpApiGroup.make(`g${index}`).add(
          HttpApiEndpoint.get("e", `/e${index}`).middleware(own)
        )
        return api.add(group === undefined ? secured : secured.middleware(group))
      }, HttpApi.make("law"))
      const groups = tags.map((_tags, index) =>
        HttpApiBuilder.group(api, `g${index}` as never, (handlers: any) =>
          handlers.handleRaw("e", () => HttpServerResponse.json({}))
        )
      )
      const layers = tags
        .flat()
        .flatMap((tag) => (tag === undefined ? [] : [SecurityMiddleware.layer(tag)]))
      const live: Layer.Layer<HttpApi.Api> = HttpApiBuilder.api(api).pipe(
        Layer.provide(groups as never),
        Layer.provide(layers as never)
      ) as never
      const { document } = SecurityDocument.fromApi(api)
      const { dispose, handler } = HttpApiBuilder.toWebHandler(
        Layer.mergeAll(live, HttpServer.layerContext)
      )
      await check(document, values.length, handler)
      await dispose()
    }))

  it("an HttpApi, with defaults", () =>
    run(async (values) => {
      const fallback = tagOf(values[0]?.[0] ?? untyped(Security.deny))
      const tags = values.map(([own, group]) => (group === null ? undefined : tagOf(own)))
      const group: any = tags.reduce((group: any, tag, index) => {
        const endpoint: any = HttpApiEndpoint.get(`e${index}`, `/e${index}`)
        return group.add(
          tag !== undefined ? endpoint.middleware(tag)
          : index % 2 === 0 ? endpoint
          : endpoint.pipe(SecurityMiddleware.public)
        )
      }, HttpApiGroup.make("g"))
      const api: any = HttpApi.make("law")
        .add(group)
        .pipe((api: any) => SecurityMiddleware.secureApi(api, fallback as never))
      const live: Layer.Layer<HttpApi.Api> = HttpApiBuilder.api(api).pipe(
        Layer.provide(
          HttpApiBuilder.group(api, "g" as never, (handlers: any) =>
            tags.reduce(
              (handlers, _tag, index) =>
                handlers.handleRaw(`e${index}`, () => HttpServerResponse.json({})),
              handlers
            )
          ) as never
        ),
        Layer.provide(
          [fallback, ...tags].flatMap((tag) =>
            tag === undefined ? [] : [SecurityMiddleware.layer(tag)]
          ) as never
        )
      ) as never
      const { document } = SecurityDocument.fromApi(api)
      const { dispose, handler } = HttpApiBuilder.toWebHandler(
        Layer.mergeAll(live, HttpServer.layerContext)
      )
      const statuses = await check(document, values.length, handler)
      tags.forEach((tag, index) => {
        if (tag === undefined && index % 2 === 1) assert.strictEqual(statuses[index], 200)
      })
      await dispose()
    }))
})

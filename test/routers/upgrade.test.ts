/**
 * WebSockets on Node's server: who is refused is refused before the upgrade, with a response.
 */
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Socket from "@effect/platform/Socket"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { EventEmitter } from "node:events"
import type { IncomingMessage } from "node:http"
import { createRequire } from "node:module"
import { ApiKey, HttpBearer, Security, SecurityError } from "../../src/index.ts"
import * as Doors from "./support.ts"
import type { NodeDoor } from "./support.ts"
import { echo } from "../support/line.ts"

/** What is used of the client, which comes without types. */
type Client = EventEmitter & {
  readonly send: (data: string) => void
  readonly close: () => void
}
const WebSocket: new (url: string, options?: object) => Client = createRequire(import.meta.url)(
  "ws"
)

let upgrades = 0

const greet = (who: string) => (socket: Socket.Socket) =>
  echo(socket, (data) => `${who} said ${data}`)

const upgrade = (who: string) =>
  Effect.suspend(() => {
    upgrades++
    return Effect.flatMap(HttpServerRequest.upgrade, greet(who))
  }).pipe(Effect.scoped, Effect.orDie, Effect.as(HttpServerResponse.empty()))

const robots = Security.anyOf(
  ApiKey.header("X-Key").pipe(
    Security.authenticate((key) =>
      Redacted.value(key) === "robot" ?
        Effect.succeed(Security.grant("R2-D2"))
      : Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))
    )
  ),
  ApiKey.query("key").pipe(
    Security.authenticate((key) =>
      Redacted.value(key) === "robot" ?
        Effect.succeed(Security.grant("C-3PO"))
      : Effect.fail(new SecurityError.Unauthorized({ reason: "invalid" }))
    )
  )
)
const scoped = HttpBearer.make({ scopes: { chat: "Chat" } }).pipe(
  Security.authenticate(({ credentials }) =>
    Effect.succeed(Security.grant("user", Redacted.value(credentials) === "chatty" ? ["chat"] : []))
  ),
  Security.scopes("chat")
)

const router = HttpRouter.empty.pipe(
  HttpRouter.get("/v1/chat", Security.guard(robots, upgrade)),
  HttpRouter.get("/v1/scoped", Security.guard(scoped, upgrade))
)
const Routes = HttpLayerRouter.addAll([
  HttpLayerRouter.route("GET", "/v1/chat", Security.guard(robots, upgrade)),
  HttpLayerRouter.route("GET", "/v1/scoped", Security.guard(scoped, upgrade))
])

type Outcome =
  | { readonly echo: string }
  | { readonly status: number | undefined; readonly challenge: string | undefined }

const talk = (url: string, headers: Readonly<Record<string, string>> = {}): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const client = new WebSocket(url, { headers })
    client.on("open", () => client.send("hello"))
    client.on("message", (data: Buffer) => {
      client.close()
      resolve({ echo: String(data) })
    })
    client.on("unexpected-response", (_request: unknown, response: IncomingMessage) => {
      response.resume()
      resolve({
        status: response.statusCode,
        challenge: response.headers["www-authenticate"]
      })
    })
    client.on("error", reject)
  })

const opening = {
  HttpRouter: () => Doors.nodeApp(router),
  HttpLayerRouter: () =>
    Doors.node(HttpLayerRouter.serve(Routes, { disableLogger: true, disableListenLog: true }))
}

describe.each(Object.keys(opening) as ReadonlyArray<keyof typeof opening>)("%s", (name) => {
  let door: NodeDoor | undefined
  beforeAll(async () => {
    door = await opening[name]()
  })
  afterAll(() => door?.close())

  const key = 'ApiKey realm="api"'
  const cases: ReadonlyArray<
    readonly [
      name: string,
      target: string,
      headers: Readonly<Record<string, string>>,
      expected: Outcome
    ]
  > = [
    ["without a key", "/v1/chat", {}, { status: 401, challenge: key }],
    ["with a wrong key", "/v1/chat", { "X-Key": "wrong" }, { status: 401, challenge: key }],
    ["with a key", "/v1/chat", { "X-Key": "robot" }, { echo: "R2-D2 said hello" }],
    ["with a key in the query", "/v1/chat?key=robot", {}, { echo: "C-3PO said hello" }],
    [
      "without a scope",
      "/v1/scoped",
      { Authorization: "Bearer mute" },
      {
        status: 403,
        challenge: 'Bearer realm="api", error="insufficient_scope", scope="chat"'
      }
    ],
    ["with a scope", "/v1/scoped", { Authorization: "Bearer chatty" }, { echo: "user said hello" }],
    ["no such path", "/v1/nothing", { "X-Key": "robot" }, { status: 404, challenge: undefined }]
  ]
  it.each(cases)("%s", async (_name, target, headers, expected) => {
    const before = upgrades
    const outcome = await talk(`ws://127.0.0.1:${door?.port}${target}`, headers)
    assert.deepStrictEqual(outcome, expected)
    assert.strictEqual(upgrades - before, "echo" in expected ? 1 : 0)
  })
})

/** A server in a process of its own, for the load: it says its port, and how much CPU it took when asked. */
import { type HttpApp, HttpServer } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { createServer, type IncomingHttpHeaders, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { makeKeys } from "./credentials.ts"
import { apis, type App, fastifies, floors, forgetting, honos, routers } from "./servers.ts"

const [, , name = ""] = process.argv

// the secret is the same in every process
const keys = await makeKeys("HS256")

const serve = (app: App): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer()
    const live = HttpServer.serve()(app as HttpApp.Default).pipe(
      Layer.provide(NodeHttpServer.layer(() => server, { port: 0, host: "127.0.0.1" }))
    )
    Effect.runFork(Layer.launch(live))
    server.on("listening", () => resolve((server.address() as AddressInfo).port))
  })

const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port))
  })

/** The floor: nothing between node:http and the check. */
const bare = (isRight: (headers: IncomingHttpHeaders) => boolean): Promise<number> =>
  listening(
    createServer(({ headers }, outgoing) => {
      const status = isRight(headers) ? 200 : 401
      const text = status === 200 ? '{"name":"johndoe"}' : '{"message":"Not authenticated"}'
      outgoing
        .writeHead(status, {
          "content-type": "application/json",
          "content-length": Buffer.byteLength(text)
        })
        .end(text)
    })
  )

/** A Fetch handler on node:http, as plainly as it can be. */
const fetching = (handle: (request: Request) => Response | Promise<Response>): Promise<number> =>
  listening(
    createServer(async ({ headers, url }, outgoing) => {
      const response = await handle(
        new Request(`http://localhost${url}`, { headers: headers as Record<string, string> })
      )
      const text = await response.text()
      outgoing
        .writeHead(response.status, {
          ...Object.fromEntries(response.headers),
          "content-length": Buffer.byteLength(text)
        })
        .end(text)
    })
  )

const bearerIs = floors.headers("Bearer")

const unguarded: Readonly<Record<string, () => Promise<number>>> = {
  "node:http": () => bare(() => true),
  Hono: () => fetching(honos.unguarded()),
  Fastify: async () => fastifyPort(await fastifies.unguarded()),
  HttpRouter: async () => serve(await routers.unguarded()),
  HttpApi: async () => serve(await apis.unguarded())
}

const servers: Readonly<Record<string, () => Promise<number>>> = {
  ...unguarded,
  "node:http, by hand": () => bare(bearerIs),
  "Hono, its own": () => fetching(honos.simple("Bearer")),
  "Hono, jwt": () => fetching(honos.jwt(keys)),
  "Fastify, its plugin": async () => fastifyPort(await fastifies.simple("Bearer")),
  "Fastify, jwt": async () => fastifyPort(await fastifies.jwt(keys, false)),
  "HttpRouter, by hand": async () => serve(await routers.byHand("Bearer")),
  "HttpRouter, ours": async () => serve(await routers.ours("Bearer")),
  "HttpRouter, by hand, jose": async () => serve(await routers.jose(keys)),
  "HttpRouter, ours, JWT": async () => serve(await routers.jwt(keys, forgetting)),
  "HttpApi, HttpApiSecurity": async () => serve(await apis.native("Bearer")),
  "HttpApi, ours": async () => serve(await apis.ours("Bearer")),
  "HttpApi, HttpApiSecurity, jose": async () => serve(await apis.jose(keys)),
  "HttpApi, ours, JWT": async () => serve(await apis.jwt(keys, forgetting))
}

const fastifyPort = async (
  app: Awaited<ReturnType<typeof fastifies.unguarded>>
): Promise<number> => {
  await app.listen({ port: 0, host: "127.0.0.1" })
  return (app.server.address() as AddressInfo).port
}

// one that is there twice tells what a server differs by from itself
const start = servers[name.replace(/ again$/, "")]
if (start === undefined) throw new Error(`no server ${name}`)
const port = await start()
process.on("message", () => {
  const { system, user } = process.cpuUsage()
  process.send?.({ cpu: user + system })
})
process.on("disconnect", () => process.exit(0))
process.send?.({ port })

/** A server in a process of its own, for the load: it says its port, and how much CPU it took when asked. */
import { type HttpApp, HttpServer } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { makeKeys } from "./credentials.ts"
import { apis, type App, fastifies, floors, routers } from "./servers.ts"

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

const bare = (handle: (request: Request) => Response): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer(async (incoming, outgoing) => {
      const response = handle(
        new Request(`http://localhost${incoming.url}`, {
          headers: incoming.headers as Record<string, string>
        })
      )
      const text = await response.text()
      outgoing.writeHead(response.status, { "content-type": "application/json" }).end(text)
    })
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port))
  })

const servers: Readonly<Record<string, () => Promise<number>>> = {
  "node:http": () => bare(floors.unguarded()),
  "node:http, by hand": () => bare(floors.simple("Bearer")),
  Fastify: async () => fastifyPort(await fastifies.unguarded()),
  "Fastify, its plugin": async () => fastifyPort(await fastifies.simple("Bearer")),
  HttpRouter: async () => serve(await routers.unguarded()),
  "HttpRouter, by hand": async () => serve(await routers.byHand("Bearer")),
  "HttpRouter, ours": async () => serve(await routers.ours("Bearer")),
  "HttpRouter, ours, JWT": async () => serve(await routers.jwt(keys)),
  HttpApi: async () => serve(await apis.unguarded()),
  "HttpApi, HttpApiSecurity": async () => serve(await apis.native("Bearer")),
  "HttpApi, ours": async () => serve(await apis.ours("Bearer"))
}

const fastifyPort = async (
  app: Awaited<ReturnType<typeof fastifies.unguarded>>
): Promise<number> => {
  await app.listen({ port: 0, host: "127.0.0.1" })
  return (app.server.address() as AddressInfo).port
}

const start = servers[name]
if (start === undefined) throw new Error(`no server ${name}`)
const port = await start()
process.on("message", () => {
  const { system, user } = process.cpuUsage()
  process.send?.({ cpu: user + system })
})
process.on("disconnect", () => process.exit(0))
process.send?.({ port })

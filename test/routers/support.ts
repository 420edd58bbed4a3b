/**
 * The doors that a request can come through: Fetch handlers and node:http over a socket, in front of every router.
 */
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServer from "@effect/platform/HttpServer"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as Net from "node:net"

// ----------------------------------------------------------------------------
// requests and answers
// ----------------------------------------------------------------------------

export interface Probe {
  readonly method?: string
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type Send = (probe: Probe) => Promise<Answer>

/** A way to reach an app, and how to close it. */
export interface Door {
  readonly send: Send
  readonly close: () => Promise<void>
}

export const challengeOf = (answer: Answer): string | undefined =>
  answer.headers["www-authenticate"]

// ----------------------------------------------------------------------------
// Fetch
// ----------------------------------------------------------------------------

export const overFetch = async (
  handler: (request: Request) => Promise<Response>,
  { body, headers = {}, method = "GET", target }: Probe
): Promise<Answer> => {
  const response = await handler(
    new Request(`http://localhost${target}`, {
      method,
      headers: { ...headers },
      ...(body !== undefined && { body })
    })
  )
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text()
  }
}

export const web = (web: {
  readonly handler: (request: Request) => Promise<Response>
  readonly dispose?: () => Promise<void>
}): Door => ({
  send: (probe) => overFetch(web.handler, probe),
  close: web.dispose ?? (() => Promise.resolve())
})

export const webApp = <E>(app: HttpApp.Default<E, Scope.Scope>): Door =>
  web({ handler: HttpApp.toWebHandler(app) })

// ----------------------------------------------------------------------------
// node:http
// ----------------------------------------------------------------------------

/** Writes bytes to a port of this machine and reads the answer until the server closes. */
export const exchange = (port: number, bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const chunks: Array<Buffer> = []
    const socket = Net.connect(port, "127.0.0.1", () => socket.write(Buffer.from(bytes, "latin1")))
    socket.on("data", (chunk) => chunks.push(chunk))
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("latin1")))
    // a server that refuses early resets the connection: what it has answered counts
    socket.on("error", (error) => {
      if (chunks.length === 0) reject(error)
    })
  })

export const parseAnswer = (text: string): Answer => {
  const [head = "", ...rest] = text.split("\r\n\r\n")
  const [statusLine = "", ...lines] = head.split("\r\n")
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(":")
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    // RFC 9110, section 5.3: several lines are one list
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
  }
  const body = rest.join("\r\n\r\n")
  return {
    status: Number(statusLine.split(" ")[1]),
    headers,
    body: headers["transfer-encoding"] === "chunked" ? unchunked(body) : body
  }
}

const unchunked = (body: string): string => {
  const end = body.indexOf("\r\n")
  const size = end < 0 ? 0 : Number.parseInt(body.slice(0, end), 16)
  return size === 0 ? "" : (
      body.slice(end + 2, end + 2 + size) + unchunked(body.slice(end + 2 + size + 2))
    )
}

export const overSocket = async (
  port: number,
  { body, headers = {}, method = "GET", target }: Probe
): Promise<Answer> =>
  parseAnswer(
    await exchange(
      port,
      [
        `${method} ${target} HTTP/1.1`,
        "Host: localhost",
        "Connection: close",
        ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
        ...(body === undefined ? [] : [`Content-Length: ${body.length}`]),
        "",
        body ?? ""
      ].join("\r\n")
    )
  )

export interface NodeDoor extends Door {
  readonly port: number
}

/** Serves what a Layer serves by node:http, on a port of the system's choice. */
export const node = async <E>(
  layer: Layer.Layer<
    never,
    E,
    HttpServer.HttpServer | Layer.Layer.Success<typeof NodeHttpServer.layerContext>
  >
): Promise<NodeDoor> => {
  const runtime = ManagedRuntime.make(
    Layer.provideMerge(
      layer,
      NodeHttpServer.layer(() => Http.createServer(), { port: 0, host: "127.0.0.1" })
    ).pipe(Layer.provide(silent))
  )
  const { address } = await runtime.runPromise(HttpServer.HttpServer)
  assert(address._tag === "TcpAddress")
  const { port } = address
  return { port, send: (probe) => overSocket(port, probe), close: () => runtime.dispose() }
}

export const nodeApp = <E>(app: HttpApp.Default<E>): Promise<NodeDoor> =>
  node(HttpServer.serve(app))

/** Tests of defects log them. */
export const silent = Logger.replace(Logger.defaultLogger, Logger.none)

/** Opens all doors before the tests, and closes them afterwards. */
export const openDoors = async (
  doors: Readonly<Record<string, () => Door | Promise<Door>>>
): Promise<Record<string, Door>> =>
  Object.fromEntries(
    await Promise.all(
      Object.entries(doors).map(async ([name, open]) => [name, await open()] as const)
    )
  )

export const runSync = <A, E>(effect: Effect.Effect<A, E>): A => Effect.runSync(effect)

/** Programs of the system that the tests of this folder run. */
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import * as Net from "node:net"
import { assert } from "vitest"

// ----------------------------------------------------------------------------
// servers
// ----------------------------------------------------------------------------

export interface Server {
  readonly url: string
  readonly close: () => Promise<void>
}

/** Serves who is let in by node:http, on a port of the system's choice; `/redirect/3` redirects three times. */
export const serve = async <E, R, E2>(
  expression: Effect.Effect<string, E, HttpServerRequest.HttpServerRequest | R>,
  services: Layer.Layer<R, E2>
): Promise<Server> => {
  const app = Effect.zipWith(
    expression,
    HttpServerRequest.HttpServerRequest,
    (username, { originalUrl }) => {
      const [, count] = /^\/redirect\/([1-9])/.exec(originalUrl) ?? []
      return count === undefined ?
          HttpServerResponse.unsafeJson({ username })
        : HttpServerResponse.redirect(`/redirect/${Number(count) - 1}`)
    }
  )
  const runtime = ManagedRuntime.make(
    HttpServer.serve(app).pipe(
      Layer.provide(services),
      Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
    )
  )
  const { address } = await runtime.runPromise(HttpServer.HttpServer)
  assert(address._tag === "TcpAddress")
  return { url: `http://127.0.0.1:${address.port}`, close: () => runtime.dispose() }
}

// ----------------------------------------------------------------------------
// curl
// ----------------------------------------------------------------------------

export interface Curled {
  /** Of the last response. */
  readonly status: number
  /** Of all responses. */
  readonly statuses: ReadonlyArray<number>
  readonly body: string
  /** What was sent in `Authorization`, a character a byte. */
  readonly sent: ReadonlyArray<string>
}

/** Runs curl. */
export const curl = (...args: ReadonlyArray<string>): Promise<Curled> =>
  new Promise((resolve, reject) => {
    const options = { encoding: "latin1", timeout: 60_000 } as const
    execFile("curl", ["-s", "-v", ...args], options, (error, stdout, stderr) => {
      if (error !== null) return reject(new Error(`curl failed: ${error.message}`))
      const statuses = [...stderr.matchAll(/^< HTTP\/1\.1 (\d+)/gm)].map(([, code]) => Number(code))
      resolve({
        status: statuses.at(-1) ?? 0,
        statuses,
        body: Buffer.from(stdout, "latin1").toString("utf8"),
        sent: [...stderr.matchAll(/^> Authorization: ([^\r\n]*)/gm)].map(([, value = ""]) => value)
      })
    })
  })

export const curlVersion = (): Promise<readonly [major: number, minor: number]> =>
  new Promise((resolve, reject) => {
    execFile("curl", ["--version"], (error, stdout) => {
      const [, major, minor] = /^curl (\d+)\.(\d+)/.exec(stdout) ?? []
      if (error !== null) reject(error)
      else resolve([Number(major), Number(minor)])
    })
  })

// ----------------------------------------------------------------------------
// processes
// ----------------------------------------------------------------------------

/** Starts a process and waits until it has written what the pattern matches. */
const start = (
  command: string,
  args: ReadonlyArray<string>,
  ready: RegExp,
  env: NodeJS.ProcessEnv = process.env
): Promise<readonly [ChildProcess, RegExpExecArray]> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "inherit"] })
    let output = ""
    child.once("error", reject)
    child.once("exit", (code) => reject(new Error(`${command} ended with ${code}: ${output}`)))
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString()
      const match = ready.exec(output)
      if (match !== null) resolve([child, match])
    })
  })

export const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, "exit")
  child.kill("SIGKILL")
  await exit
}

/** The demo, as `npm run demo` starts it. */
export const startDemo = async (): Promise<Server> => {
  const [child, [, url = ""]] = await start(
    process.execPath,
    ["--conditions=@effect-security/source", "--import", "tsx", "docs/examples/demo.ts"],
    /demo on (http:\/\/127\.0\.0\.1:\d+)/,
    { ...process.env, PORT: "0" }
  )
  return { url, close: () => stop(child) }
}

/** A port that nothing listens on. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = Net.createServer().once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() =>
        typeof address === "object" && address !== null ?
          resolve(address.port)
        : reject(new Error("no port"))
      )
    })
  })

/** A Redis of the test's own, which begins with what a directory has, and keeps nothing on disk by itself. */
export const startRedis = async (port: number, directory?: string): Promise<ChildProcess> => {
  const [child] = await start(
    "redis-server",
    [
      ["--port", String(port)],
      ["--bind", "127.0.0.1"],
      ["--save", ""],
      ["--appendonly", "no"],
      directory === undefined ? ["--dbfilename", "none.rdb"] : ["--dir", directory]
    ].flat(),
    /Ready to accept connections/
  )
  return child
}

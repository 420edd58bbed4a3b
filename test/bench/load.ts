/** Requests over sockets of the loopback: how many a second, how long the slowest take, with and without the guard. */
import { type ChildProcess, fork } from "node:child_process"
import { connect } from "node:net"
import { fileURLToPath } from "node:url"
import { bearer, type Headers, makeKeys, simple, token } from "./credentials.ts"
import { estimate, type Options } from "./harness.ts"
import { number, type Report } from "./report.ts"

const connections = 16

interface Loaded {
  readonly name: string
  readonly process: ChildProcess
  readonly port: number
  readonly pool: ReadonlyArray<Headers>
}

interface Round {
  readonly perSecond: number
  readonly p99: number
  /** CPU of the whole server process, in microseconds a request. */
  readonly cpu: number
}

const names = [
  "node:http",
  "node:http, by hand",
  "Fastify",
  "Fastify, its plugin",
  "HttpRouter",
  "HttpRouter, by hand",
  "HttpRouter, ours",
  "HttpRouter, ours, JWT",
  "HttpApi",
  "HttpApi, HttpApiSecurity",
  "HttpApi, ours"
]

export const run = async ({ batch, rounds }: Options): Promise<Report> => {
  const keys = await makeKeys("HS256")
  const tokens = Array.from({ length: 1000 }, (_, number) => bearer(token(keys, number)))
  const servers = new Array<Loaded>()
  for (const name of names)
    servers.push(await start(name, name.endsWith("JWT") ? tokens : simple.Bearer.right))
  // bounded, whatever a server does with them
  const count = Math.min(20_000, batch * 50)
  const samples = new Map(names.map((name) => [name, new Array<Round>()]))
  for (let round = -1; round < Math.min(rounds, 11); round++) {
    for (const server of servers) {
      const measured = await load(server, count)
      if (round >= 0) samples.get(server.name)?.push(measured)
    }
  }
  for (const { process } of servers) process.disconnect()
  return {
    section: "load",
    tables: [
      {
        title: `load over ${connections} connections, ${count.toLocaleString("en-US")} requests a round, each server a process of its own`,
        columns: [
          "server",
          "requests a second",
          "p25 – p75",
          "p99, ms",
          "CPU of the process, µs a request"
        ],
        rows: names.map((name) => {
          const of = samples.get(name) ?? []
          const perSecond = estimate(of.map((round) => round.perSecond))
          return [
            name,
            number(perSecond.median, 0),
            `${number(perSecond.p25, 0)} – ${number(perSecond.p75, 0)}`,
            number(estimate(of.map(({ p99 }) => p99)).median),
            number(estimate(of.map(({ cpu }) => cpu)).median, 1)
          ]
        }),
        notes: [
          "Credentials: one bearer token; for JWT a thousand tokens of HS256 in turn. The generator is on the same machine."
        ]
      }
    ],
    marks: []
  }
}

const start = (name: string, pool: ReadonlyArray<Headers>): Promise<Loaded> =>
  new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL("./server.ts", import.meta.url)), [name], {
      execArgv: ["--import", "tsx"],
      stdio: ["ignore", "ignore", "inherit", "ipc"]
    })
    child.once("exit", (code) => reject(new Error(`${name} exited with ${code}`)))
    child.once("message", ({ port }: { readonly port: number }) => {
      resolve({ name, process: child, port, pool })
    })
  })

const cpuOf = ({ process }: Loaded): Promise<number> =>
  new Promise((resolve) => {
    process.once("message", ({ cpu }: { readonly cpu: number }) => resolve(cpu))
    process.send("cpu")
  })

const load = async (server: Loaded, count: number): Promise<Round> => {
  const requests = server.pool.map((headers) => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    return `GET /me HTTP/1.1\r\nhost: localhost\r\n${lines.join("")}\r\n`
  })
  const latencies = new Array<number>()
  const before = await cpuOf(server)
  const started = performance.now()
  await Promise.all(
    Array.from({ length: connections }, (_, number) =>
      converse(server, requests, number, Math.floor(count / connections), latencies)
    )
  )
  const took = performance.now() - started
  const cpu = (await cpuOf(server)) - before
  latencies.sort((left, right) => left - right)
  return {
    perSecond: (latencies.length / took) * 1000,
    p99: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
    cpu: cpu / latencies.length
  }
}

/** One connection: the next request goes out when the answer to the last is in. */
const converse = (
  { name, port }: Loaded,
  requests: ReadonlyArray<string>,
  first: number,
  count: number,
  latencies: Array<number>
): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1")
    let next = first
    let done = 0
    let sent = 0
    let text = ""
    const ask = (): void => {
      sent = performance.now()
      socket.write(requests[next % requests.length] ?? "")
      next += connections
    }
    socket.setNoDelay(true)
    socket.setEncoding("latin1")
    socket.on("connect", ask)
    socket.on("error", reject)
    socket.on("data", (chunk: string) => {
      text += chunk
      if (!isWhole(text)) return
      if (!text.startsWith("HTTP/1.1 200")) {
        socket.destroy()
        reject(new Error(`${name} answers ${text.slice(0, 40)}`))
        return
      }
      text = ""
      latencies.push(performance.now() - sent)
      done++
      if (done < count) ask()
      else {
        socket.destroy()
        resolve()
      }
    })
  })

const isWhole = (text: string): boolean => {
  const end = text.indexOf("\r\n\r\n")
  if (end < 0) return false
  const [, length] = /content-length: (\d+)/i.exec(text) ?? []
  return length === undefined ? text.endsWith("0\r\n\r\n") : text.length >= end + 4 + Number(length)
}

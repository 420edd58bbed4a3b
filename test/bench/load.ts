/** Requests over sockets of the loopback: how many a second, how long the slowest take, with and without the guard. */
import { type ChildProcess, fork } from "node:child_process"
import { connect } from "node:net"
import { fileURLToPath } from "node:url"
import { atOnce } from "./children.ts"
import { type Case, type Headers, makeKeys, simple, tokenCase } from "./credentials.ts"
import * as Gate from "./gate.ts"
import { type Estimate, estimate, type Options, partOf, shuffled } from "./harness.ts"
import * as Progress from "./progress.ts"
import { number, type Report, type Table } from "./report.ts"

const connections = 16

/** In a round, of each server. */
const requests = 4000

/** In a full run. */
const fullRounds = 11

/** Rounds that are not kept. */
const warmUp = 2

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

type Rounds = ReadonlyMap<string, ReadonlyArray<Round>>

type Presented = "nothing" | "Bearer" | "JWT"

/** Every server, what its requests present, and the unguarded one that it is compared with. */
const servers: ReadonlyArray<
  readonly [name: string, presented: Presented, unguarded: string | undefined]
> = [
  ["node:http", "nothing", undefined],
  ["node:http, by hand", "Bearer", "node:http"],
  ["Hono", "nothing", undefined],
  ["Hono, its own", "Bearer", "Hono"],
  ["Hono, jwt", "JWT", "Hono"],
  ["Fastify", "nothing", undefined],
  ["Fastify, its plugin", "Bearer", "Fastify"],
  ["Fastify, jwt", "JWT", "Fastify"],
  ["HttpRouter", "nothing", undefined],
  ["HttpRouter again", "nothing", "HttpRouter"],
  ["HttpRouter, by hand", "Bearer", "HttpRouter"],
  ["HttpRouter, ours", "Bearer", "HttpRouter"],
  ["HttpRouter, by hand, jose", "JWT", "HttpRouter"],
  ["HttpRouter, ours, JWT", "JWT", "HttpRouter"],
  ["HttpApi", "nothing", undefined],
  ["HttpApi, HttpApiSecurity", "Bearer", "HttpApi"],
  ["HttpApi, ours", "Bearer", "HttpApi"],
  ["HttpApi, HttpApiSecurity, jose", "JWT", "HttpApi"],
  ["HttpApi, ours, JWT", "JWT", "HttpApi"]
]

export const run = async (options: Options): Promise<Report> => {
  const rounds = Math.max(3, Math.round(fullRounds * partOf(options)))
  const tokens = tokenCase(await makeKeys("HS256"), 1000)
  const cases: Readonly<Record<Presented, Case | undefined>> = {
    nothing: undefined,
    Bearer: simple.Bearer,
    JWT: tokens
  }
  const started = new Array<Loaded>()
  const starting = Progress.counter("load, servers started", servers.length)
  await atOnce(2, servers, async ([name, presented]) => {
    const credentials = cases[presented]
    // the unguarded ones are sent the header as well: they do not read it
    const server = await start(name, (credentials ?? simple.Bearer).right)
    if (credentials !== undefined) await Gate.check(asked(server), credentials)
    started.push(server)
    starting(started.length)
  })
  const samples = new Map(servers.map(([name]) => [name, new Array<Round>()]))
  const progress = Progress.counter("load, rounds", rounds + warmUp)
  for (let round = -warmUp; round < rounds; round++) {
    for (const server of shuffled(started)) {
      const measured = await load(server, requests)
      if (round >= 0) samples.get(server.name)?.push(measured)
    }
    progress(round + warmUp + 1)
  }
  for (const { process } of started) process.disconnect()
  return { section: "load", tables: [serversTable(samples), guardsTable(samples)], marks: [] }
}

const asked = ({ name, port }: Loaded): Gate.Asked => ({
  name,
  status: async (headers) => (await fetch(`http://127.0.0.1:${port}/me`, { headers })).status
})

// ----------------------------------------------------------------------------
// tables
// ----------------------------------------------------------------------------

const spread = ({ p25, p75 }: Estimate, digits?: number): string =>
  `${number(p25, digits)} – ${number(p75, digits)}`

const serversTable = (samples: Rounds): Table => ({
  title: `load over ${connections} connections, ${requests.toLocaleString("en-US")} requests a round, each server a process of its own`,
  columns: [
    "server",
    "requests a second",
    "p25 – p75",
    "p99, ms",
    "p25 – p75",
    "CPU of the process, µs a request"
  ],
  rows: servers.map(([name]) => {
    const of = samples.get(name) ?? []
    const perSecond = estimate(of.map((round) => round.perSecond))
    const p99 = estimate(of.map((round) => round.p99))
    return [
      name,
      number(perSecond.median, 0),
      spread(perSecond, 0),
      number(p99.median),
      spread(p99),
      number(estimate(of.map(({ cpu }) => cpu)).median, 1)
    ]
  }),
  notes: [
    "Every request bears a credential: one bearer token, or a thousand tokens of HS256 in turn, each of which is a new one to our cache. The load comes from the same machine. Hono is served by a plain adapter of ours on node:http, which makes a Request of every request: its own, @hono/node-server, makes it only when it is asked for. Compare Hono with itself."
  ]
})

const guardsTable = (samples: Rounds): Table => ({
  title: "what a guard costs under load: guarded to unguarded, paired by round",
  columns: [
    "server",
    "requests a second, ×",
    "p25 – p75",
    "p99, ×",
    "p25 – p75",
    "CPU it adds, µs a request"
  ],
  rows: servers.flatMap(([name, , unguarded]) => {
    if (unguarded === undefined) return []
    const paired = (
      of: (round: Round) => number,
      f: (a: number, b: number) => number
    ): Estimate => {
      const bases = samples.get(unguarded) ?? []
      return estimate(
        (samples.get(name) ?? []).flatMap((round, at) => {
          const base = bases[at]
          return base === undefined ? [] : [f(of(round), of(base))]
        })
      )
    }
    const perSecond = paired((round) => round.perSecond, ratioOf)
    const p99 = paired((round) => round.p99, ratioOf)
    const cpu = paired(
      (round) => round.cpu,
      (guarded, base) => guarded - base
    )
    return [
      [
        name,
        number(perSecond.median),
        spread(perSecond),
        number(p99.median),
        spread(p99),
        number(cpu.median, 1)
      ]
    ]
  }),
  notes: ["HttpRouter again is unguarded as well: what it differs by is what the run can't tell."]
})

const ratioOf = (guarded: number, unguarded: number): number => guarded / unguarded

// ----------------------------------------------------------------------------
// servers
// ----------------------------------------------------------------------------

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

// ----------------------------------------------------------------------------
// requests
// ----------------------------------------------------------------------------

const load = async (server: Loaded, count: number): Promise<Round> => {
  const texts = server.pool.map((headers) => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    return `GET /me HTTP/1.1\r\nhost: localhost\r\n${lines.join("")}\r\n`
  })
  const latencies = new Array<number>()
  const before = await cpuOf(server)
  const started = performance.now()
  await Promise.all(
    Array.from({ length: connections }, (_, number) =>
      converse(server, texts, number, Math.floor(count / connections), latencies)
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

/** What the types cost: APIs of 50, 200 and 800 routes, unsecured and secured, checked by TypeScript 5.9 and 7. */
import { spawnSync } from "node:child_process"
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import {
  fixture,
  type Kind,
  kinds as allKinds,
  unsecured
} from "../../type-tests/budget/fixtures.ts"
import { atOnce, runNode } from "./children.ts"
import type { Waited } from "./editor.ts"
import { type Estimate, estimate, type Options, partOf } from "./harness.ts"
import * as Progress from "./progress.ts"
import { atMost, type Mark, number, type Report, type Table } from "./report.ts"

/** What of all there is: parts of the names of kinds, sizes, versions. */
export interface Selection {
  readonly kinds?: ReadonlyArray<string> | undefined
  readonly sizes?: ReadonlyArray<string> | undefined
  readonly versions?: ReadonlyArray<string> | undefined
}

const root = fileURLToPath(new URL("../../", import.meta.url))
const folder = `${root}.artifacts/bench/types/`

/** Each compilation and each editor as soon as it has ended, one JSON object a line. */
const partial = `${root}.artifacts/bench/types-partial.jsonl`

const compilers = {
  "5.9": `${root}node_modules/typescript/bin/tsc`,
  "7": `${root}node_modules/typescript-7/bin/tsc`
} as const

type Version = keyof typeof compilers

const isVersion = (text: string): text is Version => text in compilers

const versionOf = (version: Version): string => {
  const path = compilers[version].replace(/bin\/tsc$/, "package.json")
  return (JSON.parse(readFileSync(path, "utf8")) as { readonly version: string }).version
}

/** In seconds: what takes longer is ended, and the table says so. */
const limit = 120

/** Of the large ones whose times a mark compares, in a full run; the others have one. */
const fullRounds = 3

interface Setting {
  readonly kinds: ReadonlyArray<Kind>
  readonly sizes: ReadonlyArray<number>
  readonly versions: ReadonlyArray<Version>
}

const settingOf = ({ kinds, sizes = ["50,200,800"], versions = ["5.9,7"] }: Selection): Setting => {
  const wanted = kinds?.map((text) => text.toLowerCase())
  const found = allKinds.filter(
    (kind) => wanted === undefined || wanted.some((text) => kind.toLowerCase().includes(text))
  )
  const setting = {
    // what they are compared with is there as well
    kinds: allKinds.filter(
      (kind) => found.includes(kind) || found.some((each) => unsecured(each) === kind)
    ),
    sizes: [...new Set(sizes.flatMap((text) => text.split(",")).map(Number))].sort(
      (left, right) => left - right
    ),
    versions: versions.flatMap((text) => text.split(",")).filter(isVersion)
  }
  if (setting.kinds.length === 0) throw new Error(`no such kind: there are ${allKinds.join("; ")}`)
  if (setting.versions.length === 0) throw new Error("--versions are 5.9 and 7")
  if (!setting.sizes.every((size) => Number.isSafeInteger(size) && size >= 1)) {
    throw new Error("--sizes are whole numbers of routes, such as 50,200,800")
  }
  return setting
}

// ----------------------------------------------------------------------------
// compiling
// ----------------------------------------------------------------------------

/** In seconds and MiB. */
interface Checked {
  readonly instantiations: number
  readonly check: number
  readonly total: number
  readonly memory: number
}

type Outcome = Checked | { readonly problem: string }

interface Job {
  readonly version: Version
  readonly kind: Kind
  readonly size: number
}

const keyOf = ({ kind, size, version }: Job): string => `${version} ${kind} ${size}`

/** The declarations as they are published: a consumer checks no source of ours. */
const build = (): void => {
  const args = [compilers["5.9"], "-p", `${root}tsconfig.build.json`, "--outDir", `${folder}dist`]
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" })
  if (status !== 0) throw new Error(`the library does not build:\n${stdout}`)
}

const compilerOptions = {
  target: "ES2022",
  lib: ["ES2022", "DOM", "DOM.Iterable"],
  module: "NodeNext",
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  noEmit: true,
  paths: { "effect-security": [`${folder}dist/index.d.ts`] }
}

const folderOf = (kind: Kind, size: number): string =>
  `${folder}${kind.replaceAll(/\W+/g, "-")}-${size}/`

const write = (kind: Kind, size: number): void => {
  const at = folderOf(kind, size)
  mkdirSync(at, { recursive: true })
  writeFileSync(`${at}main.ts`, fixture(kind, size))
  writeFileSync(`${at}tsconfig.json`, JSON.stringify({ compilerOptions, files: ["main.ts"] }))
}

const check = async ({ kind, size, version }: Job): Promise<Outcome> => {
  const args = [compilers[version], "-p", folderOf(kind, size), "--extendedDiagnostics"]
  // the checkers of TypeScript 7 would count what they have in common several times
  if (version === "7") args.push("--singleThreaded")
  const { isLate, status, stderr, stdout } = await runNode(args, limit, {
    NODE_OPTIONS: "--max-old-space-size=8192"
  })
  if (isLate) return { problem: `not done after ${limit} s` }
  if (status !== 0) {
    const line = `${stdout}\n${stderr}`.split("\n").find((text) => /error/i.test(text))
    return { problem: `does not compile: ${line?.slice(0, 200) ?? `exit ${status}`}` }
  }
  const read = (name: string): number => {
    const [, value] = new RegExp(`^${name}:\\s+([\\d.]+)`, "m").exec(stdout) ?? []
    return Number(value)
  }
  return {
    instantiations: read("Instantiations"),
    check: read("Check time"),
    total: read("Total time"),
    memory: read("Memory used") / 1024
  }
}

const note = (entry: object): void => appendFileSync(partial, `${JSON.stringify(entry)}\n`)

// ----------------------------------------------------------------------------
// the section
// ----------------------------------------------------------------------------

export const run = async (options: Options & Selection): Promise<Report> => {
  const setting = settingOf(options)
  const { kinds, sizes, versions } = setting
  mkdirSync(folder, { recursive: true })
  writeFileSync(partial, "")
  Progress.say("types, the library is built")
  build()
  for (const kind of kinds) for (const size of sizes) write(kind, size)
  const results = new Results(setting)
  const jobs = versions.flatMap((version) =>
    kinds.flatMap((kind) => sizes.map((size): Job => ({ version, kind, size })))
  )
  const large = sizes.at(-1) ?? 0
  const rounds = Math.max(1, Math.round(fullRounds * partOf(options)))
  const small = jobs.filter(({ size }) => size !== large)
  const timed = jobs.filter(({ size }) => size === large)
  const again = timed.filter(isMarked)
  const total = small.length + timed.length + (rounds - 1) * again.length
  let done = 0
  const compile = async (job: Job, round: number): Promise<void> => {
    const outcome = results.isHopeless(job) ? results.outcome(job) : await check(job)
    results.add(job, outcome)
    note({ ...job, round, ...outcome })
    Progress.say(
      `types, ${++done} of ${total}: ${job.kind}, ${job.size} routes, TypeScript ${job.version}: ${told(outcome)}`
    )
  }
  // what is only counted may be disturbed
  await atOnce(2, small, (job) => compile(job, 0))
  for (let round = 0; round < rounds; round++) {
    await atOnce(1, round === 0 ? timed : again, (job) => compile(job, round))
  }
  return {
    section: "types",
    tables: [table(results), await editorTable(setting)],
    marks: marksOf(results)
  }
}

const told = (outcome: Outcome): string =>
  "problem" in outcome ?
    outcome.problem
  : `${number(outcome.instantiations, 0)} instantiations, check ${number(outcome.check)} s`

/** What the compilations gave. Where there is a problem all numbers are none. */
class Results {
  readonly setting: Setting
  readonly problems = new Map<string, string>()
  private readonly checked = new Map<string, Array<Checked>>()

  constructor(setting: Setting) {
    this.setting = setting
  }

  add(job: Job, outcome: Outcome): void {
    const key = keyOf(job)
    if ("problem" in outcome) this.problems.set(key, outcome.problem)
    else this.checked.set(key, [...(this.checked.get(key) ?? []), outcome])
  }

  /** It is not tried again. */
  isHopeless(job: Job): boolean {
    return this.problems.has(keyOf(job))
  }

  outcome(job: Job): Outcome {
    return { problem: this.problems.get(keyOf(job)) ?? "not measured" }
  }

  values(job: Job, of: (checked: Checked) => number): ReadonlyArray<number> {
    return this.isHopeless(job) ? [] : (this.checked.get(keyOf(job)) ?? []).map(of)
  }

  median(job: Job, of: (checked: Checked) => number): number {
    return estimate(this.values(job, of)).median
  }

  /** To the same API unsecured, paired by round. */
  ratio(job: Job, of: (checked: Checked) => number): Estimate {
    const bases = this.values({ ...job, kind: unsecured(job.kind) }, of)
    return estimate(
      this.values(job, of).flatMap((value, round) => {
        const base = bases[round]
        return base === undefined ? [] : [value / base]
      })
    )
  }

  /** What a route adds in instantiations over the same API unsecured. */
  perRoute(version: Version, kind: Kind, from: number, to: number): number {
    const added = (size: number): number =>
      this.median({ version, kind, size }, instantiations) -
      this.median({ version, kind: unsecured(kind), size }, instantiations)
    return (added(to) - added(from)) / (to - from)
  }
}

const instantiations = (checked: Checked): number => checked.instantiations

const table = (results: Results): Table => {
  const { kinds, sizes, versions } = results.setting
  const large = sizes.at(-1) ?? 0
  const steps = sizes.slice(1).map((to, at) => [sizes[at] ?? 0, to] as const)
  return {
    title: `types of ${sizes.join(", ")} routes`,
    columns: [
      "API",
      "TypeScript",
      ...steps.map(([from, to]) => `per route (${from}–${to})`),
      `instantiations, ${large}`,
      "check, s",
      "to unsecured",
      "total, s",
      "to unsecured",
      "memory, MiB",
      "to unsecured"
    ],
    rows: versions.flatMap((version) =>
      kinds.map((kind) => {
        const job = { version, kind, size: large }
        const both = (of: (checked: Checked) => number, digits?: number): ReadonlyArray<string> => [
          number(results.median(job, of), digits),
          number(results.ratio(job, of).median)
        ]
        return [
          kind,
          version,
          ...steps.map(([from, to]) => number(results.perRoute(version, kind, from, to), 0)),
          number(results.median(job, instantiations), 0),
          ...both(({ check }) => check),
          ...both(({ total }) => total),
          ...both(({ memory }) => memory, 0)
        ]
      })
    ),
    notes: [
      `TypeScript ${versions.map(versionOf).join(" and ")}; 7 with one checker. \`per route\` counts instantiations over the same API unsecured. Times and memory are of ${large} routes; those of the unsecured API are of the same run.`,
      ...[...results.problems].map(([key, problem]) => `Not measured: ${key} routes, ${problem}.`)
    ]
  }
}

// ----------------------------------------------------------------------------
// marks
// ----------------------------------------------------------------------------

/** Instantiations that a route may add. */
const limits: ReadonlyArray<readonly [kind: string, limit: number]> = [
  ["routes, own scopes", 60],
  ["routes, four combinators", 2500],
  ["HttpApi, derived tags", 180]
]

/** Those whose check time is compared: APIs that do what APIs do. */
const timedKinds: ReadonlySet<string> = new Set([
  "routes with schemas, own scopes",
  "routes with schemas, four combinators",
  "HttpApi, derived tags"
])

const markedVersion: Version = "5.9"

/** Whether its time decides a mark: it is of a timed kind, or what one is compared with. */
const isMarked = ({ kind, version }: Job): boolean =>
  version === markedVersion &&
  allKinds.some((each) => timedKinds.has(each) && (each === kind || unsecured(each) === kind))

const [few, some, many] = [50, 200, 800]

const marksOf = (results: Results): ReadonlyArray<Mark> => {
  const { kinds, versions } = results.setting
  if (!versions.includes(markedVersion)) return []
  return [
    ...limits.flatMap(([name, limit]) => {
      const kind = kinds.find((each) => each === name)
      return kind === undefined ?
          []
        : [perRouteMark(results, kind, limit), linearMark(results, kind)]
    }),
    ...kinds.filter((kind) => timedKinds.has(kind)).map((kind) => timeMark(results, kind))
  ]
}

const decided = (value: number, limit: number): Mark["verdict"] =>
  // counted, not timed: it is known exactly
  atMost(value, limit, { resolution: 0 })

const perRouteMark = (results: Results, kind: Kind, limit: number): Mark => {
  const measured = results.perRoute(markedVersion, kind, some, many)
  return {
    mark: "5 types",
    case: kind,
    measured: `${number(measured, 0)} instantiations a route`,
    limit: String(limit),
    verdict: decided(measured, limit)
  }
}

const linearMark = (results: Results, kind: Kind): Mark => {
  const first = results.perRoute(markedVersion, kind, few, some)
  const second = results.perRoute(markedVersion, kind, some, many)
  return {
    mark: "5 types, linear",
    case: kind,
    measured: `${number(first, 0)} a route up to ${some}, ${number(second, 0)} up to ${many}`,
    limit: "1.1 ×",
    verdict: decided(second, 1.1 * first)
  }
}

const timeMark = (results: Results, kind: Kind): Mark => {
  const job = { version: markedVersion, kind, size: many }
  const { median, p25, p75 } = results.ratio(job, ({ check }) => check)
  const rounds = results.values(job, ({ check }) => check).length
  return {
    mark: "5 types, check time",
    case: kind,
    measured: `${number(median)} × unsecured`,
    limit: "1.1",
    verdict: atMost(median, 1.1, { resolution: rounds < 3 ? Number.NaN : p75 - p25 })
  }
}

// ----------------------------------------------------------------------------
// the editor
// ----------------------------------------------------------------------------

const editorTable = async ({ kinds, sizes, versions }: Setting): Promise<Table> => {
  const large = sizes.at(-1) ?? 0
  const rows = new Array<ReadonlyArray<string>>()
  const problems = new Array<string>()
  for (const version of versions) {
    for (const kind of kinds) {
      const waited = await waitedFor(version, kind, large)
      note({ editor: version, kind, size: large, ...waited })
      if ("problem" in waited) problems.push(`${kind}, TypeScript ${version}: ${waited.problem}.`)
      const { firstHover, hover, member, scope }: Partial<Waited> =
        "problem" in waited ? {} : waited
      Progress.say(
        `types, editor, ${kind}, TypeScript ${version}: hover ${number(hover ?? Number.NaN, 0)} ms`
      )
      rows.push([
        kind,
        version,
        ...[firstHover, hover, member, scope].map((time = Number.NaN) => number(time, 0))
      ])
    }
  }
  return {
    title: `an editor in an API of ${large} routes (ms)`,
    columns: ["API", "TypeScript", "first hover", "hover", "completion of a member", "of a scope"],
    rows,
    notes: [
      "TypeScript 5.9 by its language service in process, TypeScript 7 by its language server over stdio. The first hover is the file's opening; the others are medians of 3, each after a change at the end of the file. Hovered is the last route, or the last `handle`; a member is one of HttpRouter, or the last endpoint's name in `handle`; the scope is the last one. An answer has to name what is asked for.",
      ...problems
    ]
  }
}

const waitedFor = async (
  version: Version,
  kind: Kind,
  size: number
): Promise<Waited | { readonly problem: string }> => {
  const script = fileURLToPath(new URL("./editor.ts", import.meta.url))
  const { isLate, status, stderr, stdout } = await runNode(
    ["--import", "tsx", script, version, `${folderOf(kind, size)}main.ts`],
    limit
  )
  return (
    isLate ? { problem: `not done after ${limit} s` }
    : status !== 0 ?
      { problem: stderr.split("\n").find((line) => line.includes("Error")) ?? `exit ${status}` }
    : (JSON.parse(stdout) as Waited)
  )
}

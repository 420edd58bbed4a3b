/** What the types cost: APIs of 50, 200 and 800 routes, unsecured and secured, checked by TypeScript 5.9 and 7. */
import { spawnSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { fixture, type Kind, kinds, unsecured } from "../../type-tests/budget/fixtures.ts"
import { estimate, type Options } from "./harness.ts"
import { atMost, type Mark, number, type Report, type Table } from "./report.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))
const folder = `${root}.artifacts/bench/types/`

const compilers = {
  "5.9": `${root}node_modules/typescript/bin/tsc`,
  "7": `${root}node_modules/typescript-7/bin/tsc`
} as const

type Version = keyof typeof compilers

const versions: ReadonlyArray<Version> = ["5.9", "7"]

const [small, middle, large] = [50, 200, 800]

/** In seconds and MiB. */
interface Checked {
  readonly instantiations: number
  readonly check: number
  readonly total: number
  readonly memory: number
}

// ----------------------------------------------------------------------------
// compiling
// ----------------------------------------------------------------------------

/** The declarations as they are published: a consumer checks no source of ours. */
const build = (): void => {
  const args = [compilers["5.9"], "-p", `${root}tsconfig.build.json`, "--outDir", `${folder}dist`]
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" })
  if (status !== 0) throw new Error(`the library does not build:\n${stdout}`)
}

const write = (kind: Kind, size: number): string => {
  const at = `${folder}${kind.replaceAll(/\W+/g, "-")}-${size}/`
  mkdirSync(at, { recursive: true })
  writeFileSync(`${at}main.ts`, fixture(kind, size))
  writeFileSync(`${at}tsconfig.json`, JSON.stringify({ compilerOptions, files: ["main.ts"] }))
  return at
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

const check = (version: Version, at: string): Checked => {
  const args = [compilers[version], "-p", at, "--extendedDiagnostics"]
  // the checkers of TypeScript 7 would count what they have in common several times
  if (version === "7") args.push("--singleThreaded")
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "--max-old-space-size=8192" }
  })
  if (status !== 0)
    throw new Error(`${at} does not compile with TypeScript ${version}:\n${stdout.slice(0, 2000)}`)
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

// ----------------------------------------------------------------------------
// the section
// ----------------------------------------------------------------------------

export const run = async ({ rounds }: Options): Promise<Report> => {
  build()
  // one compilation is long enough: a few tell how far times are apart
  const times = Math.min(3, Math.max(1, Math.floor(rounds / 7)))
  const all = new Map<string, Checked>()
  const timesOf = new Map<string, ReadonlyArray<number>>()
  for (const version of versions) {
    const runs = kinds.flatMap((kind) =>
      [small, middle, large].map((size) => ({ kind, size, at: write(kind, size) }))
    )
    const samples = new Map<string, Array<Checked>>()
    for (let round = 0; round < times; round++) {
      for (const { at, kind, size } of runs) {
        const key = keyOf(version, kind, size)
        samples.set(key, [...(samples.get(key) ?? []), check(version, at)])
      }
    }
    for (const [key, checked] of samples) {
      const median = (of: (each: Checked) => number): number => estimate(checked.map(of)).median
      all.set(key, {
        instantiations: median((each) => each.instantiations),
        check: median((each) => each.check),
        total: median((each) => each.total),
        memory: median((each) => each.memory)
      })
      timesOf.set(
        key,
        checked.map((each) => each.check)
      )
    }
  }
  const at = (version: Version, kind: Kind, size: number): Checked => {
    const found = all.get(keyOf(version, kind, size))
    if (found === undefined) throw new Error(`${kind} was not checked`)
    return found
  }
  const perRoute = (
    version: Version,
    kind: Kind,
    from: number = middle,
    to: number = large
  ): number => {
    const added = (size: number): number =>
      at(version, kind, size).instantiations - at(version, unsecured(kind), size).instantiations
    return (added(to) - added(from)) / (to - from)
  }
  const table: Table = {
    title: `types of ${small}, ${middle} and ${large} routes`,
    columns: [
      "API",
      "TypeScript",
      `per route (${small}–${middle})`,
      `per route (${middle}–${large})`,
      `instantiations, ${large}`,
      "check, s",
      "check, to unsecured",
      "memory, MiB"
    ],
    rows: versions.flatMap((version) =>
      kinds.map((kind) => {
        const whole = at(version, kind, large)
        const base = at(version, unsecured(kind), large)
        return [
          kind,
          version,
          number(perRoute(version, kind, small, middle), 0),
          number(perRoute(version, kind), 0),
          number(whole.instantiations, 0),
          number(whole.check),
          number(whole.check / base.check),
          number(whole.memory, 0)
        ]
      })
    ),
    notes: [
      "`per route` counts instantiations over the same API unsecured; TypeScript 7 with one checker."
    ]
  }
  return {
    section: "types",
    tables: [table, editorTable()],
    marks: [
      perRouteMark("routes, own scopes", 60, perRoute),
      perRouteMark("routes, four combinators", 2500, perRoute),
      perRouteMark("HttpApi, derived tags", 180, perRoute),
      ...(
        ["routes, own scopes", "routes, four combinators", "HttpApi, derived tags"] as const
      ).flatMap((kind) => [linearMark(kind, perRoute), timeMark(kind, timesOf)])
    ]
  }
}

const keyOf = (version: Version, kind: Kind, size: number): string => `${version} ${kind} ${size}`

type PerRoute = (version: Version, kind: Kind, from?: number, to?: number) => number

const perRouteMark = (kind: Kind, limit: number, perRoute: PerRoute): Mark => {
  const measured = perRoute("5.9", kind)
  return {
    mark: "5 types",
    case: kind,
    measured: `${number(measured, 0)} instantiations a route`,
    limit: String(limit),
    verdict: measured <= limit ? "pass" : "miss"
  }
}

const linearMark = (kind: Kind, perRoute: PerRoute): Mark => {
  const [few, many] = [perRoute("5.9", kind, small, middle), perRoute("5.9", kind)]
  return {
    mark: "5 types, linear",
    case: kind,
    measured: `${number(few, 0)} a route up to ${middle}, ${number(many, 0)} up to ${large}`,
    limit: "1.1 ×",
    verdict: many <= 1.1 * few ? "pass" : "miss"
  }
}

const timeMark = (kind: Kind, timesOf: ReadonlyMap<string, ReadonlyArray<number>>): Mark => {
  const bases = timesOf.get(keyOf("5.9", unsecured(kind), large)) ?? []
  const ratios = (timesOf.get(keyOf("5.9", kind, large)) ?? []).map(
    (time, round) => time / (bases[round] ?? Number.NaN)
  )
  const { median, p25, p75 } = estimate(ratios)
  return {
    mark: "5 types, check time",
    case: kind,
    measured: `${number(median)} × unsecured`,
    limit: "1.1",
    verdict: atMost(median, 1.1, { resolution: ratios.length < 3 ? Number.NaN : p75 - p25 })
  }
}

// ----------------------------------------------------------------------------
// the editor
// ----------------------------------------------------------------------------

const editorKinds: ReadonlyArray<Kind> = kinds.filter((kind) => !kind.endsWith("each scope set"))

const editorTable = (): Table => ({
  title: `hover and completion in an API of ${large} routes (TypeScript 5.9's language server, ms)`,
  columns: ["API", "first hover", "hover after a change", "completion after a change"],
  rows: editorKinds.map((kind) => {
    const { change, complete, hover } = editor(kind)
    const first = milliseconds(hover)
    const later = Array.from({ length: 5 }, () => {
      change()
      return milliseconds(hover)
    })
    const completed = Array.from({ length: 5 }, () => {
      change()
      return milliseconds(complete)
    })
    return [kind, first, estimate(later).median, estimate(completed).median].map((cell) =>
      typeof cell === "number" ? number(cell, 0) : cell
    )
  })
})

const milliseconds = (of: () => void): number => {
  const started = performance.now()
  of()
  return performance.now() - started
}

/** The file in an editor: the last route is hovered, and the text of its first string completed. */
const editor = (kind: Kind) => {
  const name = `${write(kind, large)}main.ts`
  const text = fixture(kind, large)
  let version = 0
  const { options } = ts.convertCompilerOptionsFromJson(compilerOptions, root)
  const service = ts.createLanguageService({
    getCompilationSettings: () => options,
    getScriptFileNames: () => [name],
    getScriptVersion: (path) => (path === name ? String(version) : "0"),
    getScriptSnapshot: (path) => {
      const content = path === name ? `${text}\n// ${version}\n` : ts.sys.readFile(path)
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content)
    },
    getCurrentDirectory: () => root,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    directoryExists: ts.sys.directoryExists
  })
  const isRoutes = kind.startsWith("routes")
  const hovered = text.indexOf(isRoutes ? `route${large - 1}` : `"get${large - 1}", () =>`)
  const string = text.indexOf('"s', isRoutes ? hovered : text.indexOf(`"get${large - 1}", "/`))
  const completed = string < 0 ? hovered + 1 : string + 1
  return {
    change: () => {
      version++
    },
    hover: () => void service.getQuickInfoAtPosition(name, hovered + 1),
    complete: () => void service.getCompletionsAtPosition(name, completed, {})
  }
}

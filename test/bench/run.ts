/**
 * Runs the benchmarks: `npm run bench`, or some of them by name: `npm run bench -- guard refusal --rounds 301`.
 *
 * `npm run bench:types -- --kinds "own scopes" --sizes 50,200 --versions 5.9` does a part of the types; `--kinds` are parts of their
 * names, and may be given several times.
 *
 * `gate` measures nothing: it sees to it that the contenders refuse what they have to. `marks` prints the marks of the runs before,
 * `page` writes their tables into docs/performance.md.
 */
import { parseArgs } from "node:util"
import { full, type Options } from "./harness.ts"
import * as Progress from "./progress.ts"
import * as Report from "./report.ts"
import type { Selection } from "./types.ts"

const sections: Readonly<
  Record<
    string,
    () => Promise<{ readonly run: (options: Options & Selection) => Promise<Report.Report> }>
  >
> = {
  guard: () => import("./guard.ts"),
  verifier: () => import("./verifier.ts"),
  expression: () => import("./expression.ts"),
  refusal: () => import("./refusal.ts"),
  load: () => import("./load.ts"),
  memory: () => import("./memory.ts"),
  types: () => import("./types.ts")
}

const names = Object.keys(sections)

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: String(full.rounds) },
    batch: { type: "string", default: String(full.batch) },
    kinds: { type: "string", multiple: true },
    sizes: { type: "string", multiple: true },
    versions: { type: "string", multiple: true }
  }
})
const { kinds, sizes, versions } = values
const options = {
  rounds: Number(values.rounds),
  batch: Number(values.batch),
  kinds,
  sizes,
  versions
}
const asked = positionals.length === 0 ? [...names, "marks"] : positionals
const unknown = asked.filter(
  (name) => !(name in sections) && !["gate", "marks", "page"].includes(name)
)
if (unknown.length > 0) {
  throw new Error(
    `no benchmark ${unknown.join(", ")}: there are ${names.join(", ")}, gate, marks and page`
  )
}
if (!(options.rounds >= 3 && options.batch >= 1))
  throw new Error("at least 3 rounds, and batches of at least 1 ms")

console.log(`${Report.machine()}; ${options.rounds} rounds of ${options.batch} ms`)
const minutesSince = (moment: number): number => (performance.now() - moment) / 60_000

// what was started besides ends with this process
process.once("SIGINT", () => process.exit(130))

const started = performance.now()
for (const name of asked) {
  if (name === "marks") {
    const marks = Report.kept(names).flatMap((report) => report.marks)
    console.log(`\n${Report.markdown(Report.marksTable(marks))}`)
  } else if (name === "page") Report.writePage(names)
  else if (name === "gate") {
    const { checkAll } = await import("./guard.ts")
    console.log(`${await checkAll()} contenders refuse what they have to`)
  } else {
    Progress.say(`${name} begins`)
    const section = await sections[name]?.()
    const began = performance.now()
    const report = await section?.run(options)
    if (report === undefined) continue
    Report.print(report)
    // a part of the types does not take the place of all of them
    if (name !== "types" || (kinds ?? sizes ?? versions) === undefined) {
      Report.keep(report, options.rounds, minutesSince(began))
    }
  }
}
console.log(`\n${minutesSince(started).toFixed(1)} minutes`)
// some contenders keep timers
process.exit(0)

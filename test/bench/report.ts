/** What a run prints and keeps. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { cpus, loadavg, totalmem } from "node:os"
import { fileURLToPath } from "node:url"
import { clock } from "./harness.ts"

export type Verdict = "pass" | "miss" | "unresolved"

/** One mark of the project, and what was measured of it. */
export interface Mark {
  readonly mark: string
  readonly case: string
  readonly measured: string
  readonly limit: string
  readonly verdict: Verdict
}

export interface Table {
  readonly title: string
  readonly columns: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
  readonly notes?: ReadonlyArray<string>
}

export interface Report {
  readonly section: string
  readonly tables: ReadonlyArray<Table>
  readonly marks: ReadonlyArray<Mark>
}

interface Kept extends Report {
  readonly date: string
  readonly machine: string
  readonly load: string
  readonly rounds: number
  readonly minutes: number
}

// ----------------------------------------------------------------------------
// verdicts
// ----------------------------------------------------------------------------

/** How far a value is known: it is within `resolution` of what was measured. */
interface Uncertainty {
  readonly resolution: number
  /** With a coarser one the mark tells nothing, whatever the value. */
  readonly neededResolution?: number
  /**
   * A value that is not told apart from the limit passes, if the resolution is at least this fine: for marks that ask for no
   * more "within the resolution of the run".
   */
  readonly passesWithin?: number
}

/** Whether `value` is at most `limit`, as far as the run tells. */
export const atMost = (
  value: number,
  limit: number,
  {
    neededResolution = Number.POSITIVE_INFINITY,
    passesWithin = Number.NEGATIVE_INFINITY,
    resolution
  }: Uncertainty
): Verdict => {
  // not `>`: what is no number tells nothing
  if (!(resolution <= neededResolution) || !Number.isFinite(value)) return "unresolved"
  if (value + resolution <= limit) return "pass"
  if (value - resolution > limit) return "miss"
  return resolution <= passesWithin ? "pass" : "unresolved"
}

// ----------------------------------------------------------------------------
// texts
// ----------------------------------------------------------------------------

export const number = (value: number, digits = 2): string =>
  !Number.isFinite(value) ? "–"
  : Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en-US")
  : Math.abs(value) >= 100 ? value.toFixed(Math.min(1, digits))
  : value.toFixed(digits)

export const machine = (): string => {
  const [cpu] = cpus()
  return `${cpu?.model ?? "unknown CPU"}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, ${process.platform}`
}

export const markdown = (table: Table): string => {
  const widths = table.columns.map((column, index) =>
    Math.max(column.length, ...table.rows.map((row) => row[index]?.length ?? 0))
  )
  const line = (cells: ReadonlyArray<string>): string =>
    `| ${cells.map((cell, index) => (index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0))).join(" | ")} |`
  const rule = `|${widths.map((width, index) => (index === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`
  return [
    line(table.columns),
    rule,
    ...table.rows.map(line),
    ...(table.notes ?? []).map((note) => `\n${note}`)
  ].join("\n")
}

export const marksTable = (marks: ReadonlyArray<Mark>): Table => ({
  title: "Marks",
  columns: ["mark", "case", "measured", "limit", "verdict"],
  rows: [...marks]
    .sort((left, right) => Number.parseInt(left.mark, 10) - Number.parseInt(right.mark, 10))
    .map((mark) => [mark.mark, mark.case, mark.measured, mark.limit, mark.verdict])
})

// ----------------------------------------------------------------------------
// what is kept
// ----------------------------------------------------------------------------

const folder = fileURLToPath(new URL("../../.artifacts/bench/", import.meta.url))

export const print = (report: Report): void => {
  for (const table of report.tables) console.log(`\n## ${table.title}\n\n${markdown(table)}`)
  if (report.marks.length > 0)
    console.log(`\n## Marks of ${report.section}\n\n${markdown(marksTable(report.marks))}`)
}

export const keep = (report: Report, rounds: number, minutes: number): void => {
  mkdirSync(folder, { recursive: true })
  const kept: Kept = {
    ...report,
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
    load: loadavg()
      .map((load) => load.toFixed(1))
      .join(" "),
    rounds,
    minutes
  }
  writeFileSync(`${folder}${report.section}.json`, `${JSON.stringify(kept, null, 2)}\n`)
}

/** The reports of the runs before, in the order of `sections`. */
export const kept = (sections: ReadonlyArray<string>): ReadonlyArray<Kept> => {
  let names: ReadonlyArray<string>
  try {
    names = readdirSync(folder)
  } catch {
    return []
  }
  return sections
    .filter((section) => names.includes(`${section}.json`))
    .map((section) => JSON.parse(readFileSync(`${folder}${section}.json`, "utf8")) as Kept)
}

/** Writes the tables of what was kept into docs/performance.md, between its two marks. */
export const writePage = (sections: ReadonlyArray<string>): void => {
  const page = fileURLToPath(new URL("../../docs/performance.md", import.meta.url))
  const [begin, end] = ["<!-- begin: written by npm run bench -- page -->", "<!-- end -->"]
  const text = readFileSync(page, "utf8")
  const [head, tail] = [text.indexOf(begin), text.indexOf(end)]
  if (head < 0 || tail < head) throw new Error(`docs/performance.md has no ${begin} before ${end}`)
  const reports = kept(sections)
  const body = [
    marksTable(reports.flatMap(({ marks }) => marks)),
    ...reports.flatMap(({ tables }) => tables)
  ].map((table) => `### ${table.title}\n\n${markdown(table)}`)
  const runs = reports.map(
    ({ date, load, machine, minutes, rounds, section }) =>
      `- ${section}: ${date}, ${machine}; load ${load}; ${rounds} rounds in ${number(minutes, 1)} minutes; ${clock}`
  )
  writeFileSync(
    page,
    [
      text.slice(0, head) + begin,
      ...(runs.length > 0 ? [runs.join("\n")] : []),
      ...body,
      text.slice(tail)
    ].join("\n\n")
  )
}

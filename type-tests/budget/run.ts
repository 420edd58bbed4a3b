/**
 * Holds the types to their budgets: `npm run test:budget`; `npm run test:budget -- --write` writes them down anew.
 *
 * What TypeScript instantiates is a number, not a time: it is the same on every machine, for one version of TypeScript and of
 * the platform. A budget is what a route adds over the same API unsecured. It may be exceeded by a twentieth, which is what another
 * minor version of the platform may do; what has become cheaper by a tenth has to be written down.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { makeCounter } from "./count.ts"
import { type Kind, kinds, unsecured } from "./fixtures.ts"

interface Budgets {
  readonly typescript: string
  /** Instantiations that a route adds over the same API unsecured. */
  readonly perRoute: Readonly<Record<string, number>>
}

const [small, large] = [60, 160]
const [above, below] = [1.05, 0.9]

const path = fileURLToPath(new URL("./budgets.json", import.meta.url))
const budgets = JSON.parse(readFileSync(path, "utf8")) as Budgets
const count = makeCounter()
const errors = new Array<string>()

const instantiations = (kind: Kind, size: number): number => {
  const counted = count(kind, size)
  for (const error of counted.errors) errors.push(`${kind}, ${size} routes: ${error}`)
  return counted.instantiations
}

const slope = (kind: Kind): number =>
  (instantiations(kind, large) - instantiations(kind, small)) / (large - small)

const secured = kinds.filter((kind) => kind !== unsecured(kind))
const bases = new Map(secured.map((kind) => [unsecured(kind), 0]))
for (const kind of bases.keys()) bases.set(kind, slope(kind))
const measured = secured.map(
  (kind) => [kind, Math.round(slope(kind) - (bases.get(unsecured(kind)) ?? 0))] as const
)

for (const [kind, perRoute] of measured) {
  const budget = budgets.perRoute[kind] ?? 0
  console.log(`${kind}: ${perRoute} instantiations a route, ${budget} budgeted`)
  if (perRoute > budget * above)
    errors.push(`${kind} costs ${perRoute} instantiations a route: ${budget} are budgeted`)
  if (perRoute < budget * below)
    errors.push(
      `${kind} costs ${perRoute} instantiations a route, no longer ${budget}: write it down`
    )
}
if (process.argv.includes("--write")) {
  const written: Budgets = { typescript: ts.version, perRoute: Object.fromEntries(measured) }
  writeFileSync(path, `${JSON.stringify(written, null, 2)}\n`)
} else {
  if (ts.version !== budgets.typescript)
    errors.push(`the budgets are those of TypeScript ${budgets.typescript}, this is ${ts.version}`)
  for (const error of errors) console.error(error)
  process.exitCode = errors.length > 0 ? 1 : 0
}

/** What a guard allocates for a request, counted in bytes: no time is measured. */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { assert, it } from "vitest"

/**
 * In bytes a request, over the route unguarded (HttpRouter) or over a constant's middleware (HttpApi). Without an optimizing compiler,
 * so more than in a server; the same each time but for a few bytes. A quarter more is allowed: what another version of Node or of the
 * platform may need.
 */
const budgets: Readonly<Record<string, number>> = {
  "API key, HttpRouter": 3140,
  "API key, HttpApi": 7340,
  "Basic, HttpRouter": 2530,
  "Basic, HttpApi": 2780,
  "Bearer, HttpRouter": 2060,
  "Bearer, HttpApi": 2300
}

const flags = [
  "--expose-gc",
  "--no-opt",
  "--no-sparkplug",
  "--min-semi-space-size=128",
  "--max-semi-space-size=128",
  "--conditions=@effect-security/source",
  "--import=tsx"
]

it("allocates no more than its budget", async () => {
  const script = fileURLToPath(new URL("./support/allocation.ts", import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script])
  const counted: Readonly<Record<string, number>> = JSON.parse(stdout)
  for (const [guard, budget] of Object.entries(budgets)) {
    const bytes = counted[guard] ?? Number.NaN
    assert.isBelow(bytes, budget * 1.25, guard)
  }
})

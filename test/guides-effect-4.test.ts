/** The guides of the other line, which are made of these, are those that are committed. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { assert, it } from "vitest"

it("the guides for Effect 4 are up to date", async () => {
  const script = fileURLToPath(new URL("../effect-4/docs.mjs", import.meta.url))
  const check = spawn(process.execPath, [script, "--check"], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  let stale = ""
  check.stdout.on("data", (chunk: Buffer) => (stale += chunk.toString()))
  const [code] = await once(check, "close")
  assert.deepEqual([code, stale], [0, ""], "npm run docs:effect-4 writes them")
})

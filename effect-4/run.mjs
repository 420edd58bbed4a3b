/** Runs a command in what has been made of the line, by its own Node: `node effect-4/run.mjs vitest run`. */
import { spawnSync } from "node:child_process"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"

const here = fileURLToPath(new URL(".", import.meta.url))
const [command, ...args] = process.argv.slice(2)
const { status } = spawnSync(command, args, {
  cwd: join(here, ".made"),
  env: {
    ...process.env,
    PATH: [join(here, "node_modules/.bin"), process.env.PATH].join(delimiter)
  },
  stdio: "inherit"
})
process.exitCode = status ?? 1

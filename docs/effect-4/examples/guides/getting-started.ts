/** What the reader of the guide does: starts the server, sends requests, opens the page, tests. */
import { Effect } from "effect"
import assert from "node:assert"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { robots } from "./getting-started/api.ts"
import { handler, test } from "./getting-started/test.ts"

export { handler, robots }

/** The server as it is started in a terminal, and its address. */
const server = Effect.acquireRelease(
  Effect.sync(() =>
    spawn(
      process.execPath,
      [
        "--conditions=@effect-security/source",
        "--import",
        "tsx",
        fileURLToPath(new URL("getting-started/server.ts", import.meta.url))
      ],
      { env: { ...process.env, PORT: "0" }, stdio: ["ignore", "pipe", "inherit"] }
    )
  ),
  (child) => Effect.sync(() => child.kill("SIGKILL"))
).pipe(
  Effect.flatMap((child) =>
    Effect.callback<string, Error>((resume) => {
      let output = ""
      child.once("exit", () => resume(Effect.fail(new Error(`the server ended: ${output}`))))
      child.stdout.on("data", (chunk: Buffer) => {
        output += chunk.toString()
        const [, port] = /Listening on http:\/\/[^ ]*:(\d+)/.exec(output) ?? []
        if (port !== undefined) resume(Effect.succeed(`http://127.0.0.1:${port}`))
      })
    })
  )
)

export const main = Effect.gen(function* () {
  const url = yield* server
  const status = (path: string, headers: Record<string, string> = {}) =>
    Effect.promise(() => fetch(url + path, { headers }).then((response) => response.status))
  assert.strictEqual(yield* status("/items"), 401)
  assert.strictEqual(yield* status("/items", { "x-api-key": "r2d2-key" }), 200)
  assert.strictEqual(yield* status("/docs"), 200)
  assert.strictEqual(yield* status("/docs/openapi.json"), 200)
  yield* test
}).pipe(Effect.scoped)

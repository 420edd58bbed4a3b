import { fileURLToPath } from "node:url"

const src = fileURLToPath(new URL("./src", import.meta.url))
// .ci/run reads the counts from this file
const json = process.env["VITEST_JSON_FILE"]

/** What every run of vitest has: the library by its name, from its source. */
export const resolve = {
  alias: [
    { find: /^effect-security$/, replacement: `${src}/index.ts` },
    { find: /^effect-security\/(.+)$/, replacement: `${src}/$1.ts` }
  ]
}

// the compiler runs in some of them: no test depends on time
export const patience = { testTimeout: 120_000, hookTimeout: 120_000 }

export const reporters: Array<"default" | ["json", { outputFile: string }]> =
  json === undefined ? ["default"] : ["default", ["json", { outputFile: json }]]

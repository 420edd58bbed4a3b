import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const src = fileURLToPath(new URL("./src", import.meta.url))
// .ci/run reads the counts from this file
const json = process.env["VITEST_JSON_FILE"]

export default defineConfig({
  resolve: {
    alias: [
      { find: /^effect-security$/, replacement: `${src}/index.ts` },
      { find: /^effect-security\/(.+)$/, replacement: `${src}/$1.ts` }
    ]
  },
  test: {
    include: ["test/**/*.test.ts"],
    // the compiler runs in some of them: no test depends on time
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: json === undefined ? ["default"] : ["default", ["json", { outputFile: json }]]
  }
})

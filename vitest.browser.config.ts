import { defineConfig } from "vitest/config"
import { reporters, resolve } from "./vitest.base.ts"

/** What a person sees, in a real browser: `npm run test:browser`. */
export default defineConfig({
  resolve,
  test: {
    reporters,
    include: ["test/browser/**/*.browser.ts"],
    // a slow machine may take minutes to start a browser: no test depends on time
    testTimeout: 300_000,
    hookTimeout: 300_000,
    fileParallelism: false
  }
})
